//! Everything in pcapng inputs that still applies is in the merged savefile.

use std::fs;
use std::path::{Path, PathBuf};

use super::blocks::{Builder, Opt, Parsed, kind, parse};
use crate::common::{path_arg, program, run, run_program, run_tool, write_file};

const BASE: u64 = 1_700_000_000_000_000_000;
const LEFT_OUT: &str =
    "pcap-merge: left out 2 custom blocks that must not be copied, 2 blocks for local use, ";

fn text(text: &str) -> Vec<u8> {
    text.as_bytes().to_vec()
}

/// Returns a file with blocks and options of all kinds. Its packets have the times 0, 2, none and 4 in units of 2^-6 s,
/// and `shift` nanoseconds.
fn full(folder: &Path, name: &str, is_big: bool, shift: u64) -> PathBuf {
    let file = Builder::new(
        is_big,
        &[
            (1, text(&format!("comment of {name}"))),
            (2, text(&format!("hardware {name}"))),
            (3, text("Linux")),
            (4, text("made by hand")),
        ],
    );
    let (u32, u64) = (|n| file.u32(n), |n| file.u64(n));
    let pair = |a, b| [u32(a), u32(b)].concat();
    let ethernet: [Opt; 7] = [
        (2, text(&format!("eth-{name}"))),
        (4, vec![10, 0, 0, 1, 255, 255, 0, 0]),
        (6, vec![2; 6]),
        (8, u64(1_000_000_000)),
        (9, vec![9]),
        (11, text("\0udp")),
        (12, text("Linux 6")),
    ];
    let raw: [Opt; 3] = [(2, text("raw")), (9, vec![0x86]), (14, u64(1_700_000_000))];
    let options: [Opt; 10] = [
        (1, text("look")),
        (2, u32(1)),
        (3, text("\x02hash")),
        (4, u64(7)),
        (5, u64(99)),
        (6, u32(3)),
        (7, [&[1][..], &u64(2)].concat()),
        (8, pair(10, 11)),
        (19_372, [u32(32_473), text("secret")].concat()),
        (0x8001, u32(0)),
    ];
    let uncopied: Opt = (19_373, [u32(32_473), vec![1]].concat());
    let counts: [Opt; 3] = [(2, pair(0, 1)), (4, u64(123)), (5, u64(4))];
    let file = file
        .clone()
        .interface(1, 262_144, &ethernet)
        .interface(101, 96, &raw)
        .secrets(b"CLIENT_RANDOM")
        .name([127, 0, 0, 1], "localhost")
        .packet(0, BASE + shift, &[0xaa; 60], &options)
        .obsolete(1, 5, 2, &[0x45; 40])
        .custom(true, b"keep")
        .custom(false, b"drop")
        .block(0x8000_0001, &[0; 8])
        .block(0x4242, b"unknown!")
        .block(kind::JOURNAL, b"__REALTIME_TIMESTAMP=1700000000000000\n")
        .simple(&[0xbb; 50])
        .packet(1, 4, &[0x45; 30], &[(77, text("unknown")), uncopied])
        .statistics(0, BASE, &counts)
        .statistics(1, 5, &[(4, file.u64(5))]);
    write_file(folder, name, &file.bytes)
}

/// Merges two files with everything in them.
fn merge_full(folder: &Path, orders: [bool; 2], options: &[&str]) -> (Vec<Parsed>, String) {
    let a = full(folder, "a", orders[0], 0);
    let b = full(folder, "b", orders[1], 500);
    let out = folder.join("out.pcapng");
    let mut command = program("merge");
    let ran = run(command
        .args(options)
        .args(["-w", path_arg(&out)])
        .args([a, b]));
    assert_eq!(ran.status, Some(0), "{}", ran.stderr);
    (parse(&fs::read(out).unwrap()), ran.stderr)
}

fn of_kind(blocks: &[Parsed], kinds: &[u32]) -> Vec<Parsed> {
    let blocks = blocks.iter().filter(|block| kinds.contains(&block.kind));
    blocks.cloned().collect()
}

const ORDERS: [[bool; 2]; 4] = [[false, false], [false, true], [true, false], [true, true]];

#[test]
fn sections_become_one_in_the_order_of_the_first() {
    let folder = tempfile::tempdir().unwrap();
    for orders in ORDERS {
        let options = ["--capture-comment", "third"];
        let (blocks, _) = merge_full(folder.path(), orders, &options);
        assert!(blocks.iter().all(|block| block.is_big == orders[0]));
        let [section] = &of_kind(&blocks, &[kind::SECTION])[..] else {
            panic!("several sections");
        };
        let [hardware, os, application] = [2, 3, 4].map(|code| section.text(code));
        assert_eq!(
            (hardware, os, application),
            ("hardware a", "Linux", "made by hand")
        );
        let comments = section.values(1).into_iter().map(<[u8]>::to_vec);
        let comments: Vec<_> = comments
            .map(|text| String::from_utf8(text).unwrap())
            .collect();
        let described = format!(
            "{}: hardware hardware b, operating system Linux, application made by hand",
            folder.path().join("b").display()
        );
        assert_eq!(
            comments,
            ["comment of a", "comment of b", &described, "third"]
        );
    }
}

#[test]
fn interfaces_and_statistics_get_new_numbers() {
    let folder = tempfile::tempdir().unwrap();
    for orders in ORDERS {
        let (blocks, _) = merge_full(folder.path(), orders, &[]);
        let interfaces = of_kind(&blocks, &[kind::INTERFACE]);
        let names: Vec<&str> = interfaces.iter().map(|block| block.text(2)).collect();
        assert_eq!(names, ["eth-a", "raw", "eth-b", "raw"]);
        let wanted = parse(&fs::read(full(folder.path(), "b", orders[0], 500)).unwrap());
        assert_eq!(
            interfaces[2..],
            of_kind(&wanted, &[kind::INTERFACE]),
            "{orders:?}"
        );
        let statistics = of_kind(&blocks, &[kind::STATISTICS]);
        let numbers: Vec<_> = statistics.iter().map(|block| block.interface).collect();
        assert_eq!(numbers, [0, 1, 2, 3].map(Some));
        let wanted = of_kind(&wanted, &[kind::STATISTICS]);
        assert_eq!(statistics[2].options, wanted[0].options, "{orders:?}");
        assert_eq!(statistics[2].ticks, wanted[0].ticks);
    }
}

#[test]
fn packets_keep_their_options_and_their_order() {
    let folder = tempfile::tempdir().unwrap();
    for orders in ORDERS {
        let (blocks, _) = merge_full(folder.path(), orders, &[]);
        let kinds = [kind::ENHANCED, kind::OBSOLETE, kind::SIMPLE];
        let packets = of_kind(&blocks, &kinds);
        let places: Vec<_> = packets
            .iter()
            .map(|packet| (packet.interface.unwrap_or(0), packet.ticks, packet.data[0]))
            .collect();
        // A packet without a time follows the packet before it. Only that of interface 0 stays without one.
        let wanted = [
            (0, Some(BASE), 0xaa),
            (2, Some(BASE + 500), 0xaa),
            (1, Some(2), 0x45),
            (0, None, 0xbb),
            (3, Some(2), 0x45),
            (2, Some(0), 0xbb),
            (1, Some(4), 0x45),
            (3, Some(4), 0x45),
        ];
        assert_eq!(places, wanted, "{orders:?}");
        for (number, is_same_order) in [(0, true), (1, orders[0] == orders[1])] {
            let packet = &packets[number];
            let file = Builder::new(orders[0], &[]);
            let wanted: [Opt; 8] = [
                (1, text("look")),
                (2, file.u32(1)),
                (3, text("\x02hash")),
                (4, file.u64(7)),
                (5, file.u64(99)),
                (6, file.u32(3)),
                (7, [&[1][..], &file.u64(2)].concat()),
                (8, [file.u32(10), file.u32(11)].concat()),
            ];
            assert_eq!(packet.options, wanted, "{orders:?}");
            let last = &packets[6 + number];
            assert_eq!(last.values(77).len(), usize::from(is_same_order));
            // The number of lost packets stays, also if the block changes its type.
            let obsolete = &packets[2 + 2 * number];
            match obsolete.kind {
                kind::OBSOLETE => assert_eq!(obsolete.body[2..4], file.u16(5)),
                _ => assert_eq!(obsolete.values(4), [file.u64(5)]),
            }
        }
    }
}

#[test]
fn other_blocks_stay_where_they_apply() {
    let folder = tempfile::tempdir().unwrap();
    for orders in ORDERS {
        let (blocks, stderr) = merge_full(folder.path(), orders, &[]);
        let unknown = u64::from(orders[0] == orders[1]);
        let lost = match unknown {
            1 => "6 options that must not be copied",
            _ => {
                "1 block that cannot change its byte order, 6 options that must not be copied, \
                 1 option that cannot change its byte order"
            }
        };
        assert_eq!(
            stderr,
            format!("{LEFT_OUT}{lost}\n8 packets of 2 savefiles\n")
        );
        let kinds: Vec<u32> = blocks.iter().map(|block| block.kind).collect();
        let count = |kind: u32| kinds.iter().filter(|&&other| other == kind).count();
        let wanted = [
            (kind::SECRETS, 2),
            (kind::NAMES, 2),
            (kind::CUSTOM, 2),
            (kind::UNCOPIED, 0),
            (kind::JOURNAL, 2),
            (0x8000_0001, 0),
            (0x4242, 1 + unknown as usize),
        ];
        for (kind, number) in wanted {
            assert_eq!(count(kind), number, "{kind:#x} {orders:?}");
        }
        // Secrets and names precede all packets, as in the inputs. The custom block follows the second packet.
        let first = kinds
            .iter()
            .position(|&kind| kind == kind::ENHANCED)
            .unwrap();
        let head = [kind::SECRETS, kind::NAMES, kind::SECRETS, kind::NAMES];
        assert_eq!(kinds[5..first], head);
        let custom = kinds.iter().position(|&kind| kind == kind::CUSTOM).unwrap();
        assert_eq!(
            (blocks[custom - 1].interface, blocks[custom - 1].ticks),
            (Some(1), Some(2))
        );
        assert_eq!(blocks[custom].u32(0), 32_473);
        assert_eq!(kinds[custom + 1..custom + 3], [0x4242, kind::JOURNAL]);
    }
}

#[test]
fn what_is_left_out_is_counted_in_json() {
    let folder = tempfile::tempdir().unwrap();
    let input = full(folder.path(), "a", false, 0);
    let out = folder.path().join("out.pcapng");
    let words = ["--json", "-q", "-w", path_arg(&out), path_arg(&input)];
    let ran = run_program("merge", &words);
    assert_eq!((ran.status, ran.stderr.as_str()), (Some(0), ""));
    let line: serde_json::Value = serde_json::from_str(ran.text()).unwrap();
    assert_eq!(
        (&line["packets"], &line["left_out"]),
        (&4.into(), &5.into())
    );
    assert_eq!(line["bytes"], fs::metadata(&out).unwrap().len());
    // What is left is merged without a loss.
    let again = folder.path().join("again.pcapng");
    let ran = run_program("merge", &["-w", path_arg(&again), path_arg(&out)]);
    assert_eq!(
        (ran.status, ran.stderr.as_str()),
        (Some(0), "4 packets of 1 savefile\n")
    );
    assert_eq!(fs::read(again).unwrap(), fs::read(out).unwrap());
}

#[test]
fn wireshark_sees_the_merged_interfaces() {
    let folder = tempfile::tempdir().unwrap();
    for orders in ORDERS {
        merge_full(folder.path(), orders, &["--comment", "2:second"]);
        let out = folder.path().join("out.pcapng");
        let fields =
            "-Tfields -eframe.interface_id -eframe.interface_name -eframe.len -eframe.comment";
        let fields: Vec<&str> = fields.split(' ').collect();
        let words = [&["-r", path_arg(&out), "-Yframe.interface_id"], &fields[..]].concat();
        // tshark 4.0 reads a verdict as option 6 with a wrong length, and so ignores the file's options.
        let lines = run_tool("tshark", &words);
        let wanted = [
            "0\teth-a\t60\tlook",
            "2\teth-b\t60\tlook,second",
            "1\traw\t40\t",
            "0\teth-a\t50\t",
            "3\traw\t40\t",
            "2\teth-b\t50\t",
            "1\traw\t30\t",
            "3\traw\t30\t",
        ];
        assert_eq!(lines.lines().collect::<Vec<_>>(), wanted, "{orders:?}");
        let info = run_tool("capinfos", &["-A", "-M", path_arg(&out)]);
        assert!(info.contains("Number of interfaces in file: 4"), "{info}");
        assert!(
            info.contains("Number of decryption secrets in file: 2"),
            "{info}"
        );
        assert_eq!(
            info.matches("Number of stat entries = 1").count(),
            4,
            "{info}"
        );
    }
}

#[test]
fn rounds_give_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut inputs: Vec<PathBuf> = (0..5)
        .map(|n| full(folder, &format!("in{n}"), n % 2 == 1, n * 100))
        .collect();
    let classic = super::files(folder, true, &[&[1, 2, 1_700_000_000], &[3], &[4, 5]]);
    inputs.extend(classic);
    let out = folder.join("out.pcapng");
    let merged = |options: &[&str]| {
        let mut command = program("merge");
        let ran = run(command
            .args(options)
            .args(["-w", path_arg(&out)])
            .args(&inputs));
        assert_eq!(ran.status, Some(0), "{}", ran.stderr);
        (fs::read(&out).unwrap(), ran.stderr)
    };
    let once = merged(&[]);
    let blocks = parse(&once.0);
    assert_eq!(of_kind(&blocks, &[kind::INTERFACE]).len(), 2 * 5 + 1);
    assert!(
        once.1.ends_with("26 packets of 8 savefiles\n"),
        "{}",
        once.1
    );
    for most in ["2", "3", "4"] {
        assert!(merged(&["--max-open", most]) == once, "{most} open");
    }
    let joined = merged(&["--join-interfaces"]);
    for most in ["2", "3", "4"] {
        assert!(merged(&["--join-interfaces", "--max-open", most]) == joined);
    }
}

#[test]
fn packets_without_a_time_keep_their_place_in_rounds() {
    let folder = tempfile::tempdir().unwrap();
    // The times are 1000, none and 1002 seconds. As a time of its interface, 0 is 1000 seconds.
    let offset: [Opt; 2] = [(9, vec![0]), (14, 1000_u64.to_le_bytes().to_vec())];
    let late = Builder::new(false, &[])
        .interface(1, 0, &offset)
        .simple(&[1; 20])
        .packet(0, 0, &[2; 20], &[])
        .simple(&[3; 20])
        .packet(0, 2, &[4; 20], &[]);
    let early = Builder::new(false, &[])
        .interface(1, 0, &[(9, vec![0])])
        .packet(0, 10, &[5; 20], &[])
        .packet(0, 1001, &[6; 20], &[]);
    let empty = Builder::new(false, &[]).interface(1, 0, &[]);
    let inputs = [
        ("a", early),
        ("b", late),
        ("c", empty.clone()),
        ("d", empty),
    ];
    let inputs = inputs.map(|(name, file)| write_file(folder.path(), name, &file.bytes));
    let out = folder.path().join("out.pcapng");
    for most in ["100", "3", "2"] {
        for inputs in [inputs.to_vec(), inputs.iter().rev().cloned().collect()] {
            let mut command = program("merge");
            command.args(["--json", "-q", "--max-open", most]);
            let ran = run(command.args(["-w", path_arg(&out)]).args(&inputs));
            assert_eq!(ran.status, Some(0), "{}", ran.stderr);
            let line: serde_json::Value = serde_json::from_str(ran.text()).unwrap();
            assert_eq!(
                (&line["packets"], &line["first"]),
                (&6.into(), &"10.000000000".into())
            );
            let blocks = parse(&fs::read(&out).unwrap());
            let packets = of_kind(&blocks, &[kind::ENHANCED, kind::SIMPLE]);
            let data: Vec<u8> = packets.iter().map(|packet| packet.data[0]).collect();
            assert_eq!(data, [1, 5, 2, 3, 6, 4], "{most}");
            assert_eq!(blocks.len(), 1 + 4 + 6);
        }
    }
}
