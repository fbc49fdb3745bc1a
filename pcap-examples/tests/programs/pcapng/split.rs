//! `pcap-split` on pcapng savefiles.

use std::fs;
use std::path::{Path, PathBuf};

use super::bytes::{Ng, Order, blocks};
use super::{SECOND, UDP, capinfos, ethernet, fields, section, two_sections};
use crate::common::{path_arg, run_program, run_tool, write_file};

/// Splits a savefile, and returns the parts.
fn split(folder: &Path, input: &Path, options: &[&str]) -> Vec<PathBuf> {
    let prefix = folder.join("part");
    let words = [
        options,
        &["--force", "-o", path_arg(&prefix), path_arg(input)],
    ]
    .concat();
    let ran = run_program("split", &words);
    assert_eq!(ran.status, Some(0), "{options:?}: {}", ran.stderr);
    let lines = ran.lines();
    let paths = lines.iter().map(|line| line.split(": ").next().unwrap());
    paths.map(PathBuf::from).collect()
}

fn kinds(path: &Path) -> Vec<u32> {
    let bytes = fs::read(path).unwrap();
    blocks(&bytes).iter().map(|block| block.kind).collect()
}

const HEADER: u32 = 0x0a0d_0d0a;
const LOCAL: u32 = 0x8000_4000;
const CUSTOM: u32 = 0xbad;

#[test]
fn a_single_part_is_identical() {
    let folder = tempfile::tempdir().unwrap();
    let (path, bytes) = two_sections(folder.path());
    for options in [
        &["--packets", "99"][..],
        &["--size", "1M"],
        &["--every", "1h"],
    ] {
        let parts = split(folder.path(), &path, options);
        assert_eq!(parts, [folder.path().join("part-00000.pcapng")]);
        assert_eq!(fs::read(&parts[0]).unwrap(), bytes, "{options:?}");
    }
}

#[test]
fn the_first_part_has_all_blocks_before_its_packets() {
    let folder = tempfile::tempdir().unwrap();
    // A section of an unknown version, an empty one, and one whose first blocks describe no interface.
    let mut ng = Ng::new(Order::Big);
    ng.section(-1, &[]);
    ng.bytes[12..14].copy_from_slice(&[0, 9]);
    ng.interface(1, 0, &[]);
    ng.packet(0, SECOND, &ethernet(UDP), &[]);
    ng.section(-1, &[(4, b"empty")]);
    ng.interface(101, 0, &[]);
    ng.section(-1, &[]);
    ng.custom(true, b"first");
    ng.statistics(0, SECOND, &[]);
    ng.interface(1, 0, &[]);
    ng.packet(0, SECOND, &ethernet(UDP), &[]);
    ng.packet(0, SECOND, &ethernet(UDP), &[]);
    let input = write_file(folder.path(), "in.pcapng", &ng.bytes);
    for options in [&["--packets", "9"][..], &["--flow"]] {
        let parts = split(folder.path(), &input, options);
        assert_eq!(fs::read(&parts[0]).unwrap(), ng.bytes, "{options:?}");
    }
    let parts = split(folder.path(), &input, &["--packets", "1"]);
    assert_eq!(kinds(&parts[1]), [HEADER, 1, 6]);
}

#[test]
fn each_part_is_complete() {
    let folder = tempfile::tempdir().unwrap();
    for order in [Order::Little, Order::Big] {
        let input = write_file(folder.path(), "in.pcapng", &section(order).bytes);
        let parts = split(folder.path(), &input, &["--packets", "2"]);
        let found: Vec<_> = parts.iter().map(|part| kinds(part)).collect();
        let begin = [HEADER, 1, 10, 1, 4];
        let begin_later = [HEADER, 1, 10, 1, 4, 4];
        let expected = [
            [&begin[..], &[6, 6, CUSTOM]].concat(),
            [&begin[..], &[6, 6]].concat(),
            [&begin[..], &[6, LOCAL, 4, 6]].concat(),
            [&begin_later[..], &[6, 5, 5]].concat(),
        ];
        assert_eq!(found, expected, "{order:?}");
        let names = [
            "frame.time_epoch",
            "frame.interface_id",
            "frame.encap_type",
            "frame.comment",
        ];
        let lines: Vec<_> = parts.iter().flat_map(|part| fields(part, &names)).collect();
        assert_eq!(lines, fields(&input, &names), "{order:?}");
    }
}

#[test]
fn a_part_has_the_sections_of_its_packets() {
    let folder = tempfile::tempdir().unwrap();
    let (path, bytes) = two_sections(folder.path());
    let parts = split(folder.path(), &path, &["--packets", "7"]);
    let written: Vec<_> = parts.iter().map(|part| fs::read(part).unwrap()).collect();
    assert_eq!(written.concat(), bytes);
    let parts = split(folder.path(), &path, &["--packets", "4"]);
    let sections = |part: &Path| kinds(part).iter().filter(|kind| **kind == HEADER).count();
    let sections: Vec<_> = parts.iter().map(|part| sections(part)).collect();
    assert_eq!(sections, [1, 2, 1, 1]);
    let names = [
        "frame.time_epoch",
        "frame.interface_id",
        "frame.encap_type",
        "frame.comment",
    ];
    // tshark numbers the interfaces of later sections differently.
    let lines = |path: &Path| -> Vec<String> {
        let lines = run_program("read", &[path_arg(path)]).success_output();
        lines.lines().map(str::to_owned).collect()
    };
    let all: Vec<_> = parts.iter().flat_map(|part| lines(part)).collect();
    assert_eq!(all, lines(&path));
    assert_eq!(fields(&parts[0], &names).len(), 4);
}

/// Each part repeats the secrets, which must not fill the disk.
#[test]
fn secrets_that_fill_each_part_are_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let mut ng = Ng::new(Order::Little);
    ng.section(-1, &[]);
    ng.interface(1, 0, &[]);
    for number in 0..100 {
        ng.secrets(&[b'x'; 100]);
        ng.packet(0, SECOND + number, &ethernet(UDP), &[]);
    }
    let input = write_file(folder.path(), "in.pcapng", &ng.bytes);
    let prefix = folder.path().join("part.pcapng");
    let words = ["--size", "4K", "-o", path_arg(&prefix), path_arg(&input)];
    let ran = run_program("split", &words);
    assert_eq!(ran.status, Some(1));
    let text = "into savefiles of 4096 bytes: each of them needs the secrets and names";
    assert!(ran.stderr.contains(text), "{}", ran.stderr);
    let parts = fs::read_dir(folder.path()).unwrap().count() - 1;
    assert!((1..4).contains(&parts), "{parts}");
}

#[test]
fn parts_by_size_and_by_time_are_read_by_tools() {
    let folder = tempfile::tempdir().unwrap();
    let mut ng = Ng::new(Order::Little);
    ng.section(-1, &[(4, b"tests")]);
    ng.interface(1, 0, &[(2, b"eth0")]);
    for number in 0..100 {
        ng.packet(0, SECOND + number * 500_000, &ethernet(UDP), &[]);
    }
    let input = write_file(folder.path(), "in.pcapng", &ng.bytes);
    let parts = split(folder.path(), &input, &["--size", "1K"]);
    let lengths: Vec<_> = parts
        .iter()
        .map(|part| fs::metadata(part).unwrap().len())
        .collect();
    // The header and the interface have 76 bytes, and each packet has 76.
    assert_eq!(lengths[..8], [76 + 12 * 76; 8]);
    assert_eq!(lengths.len(), 9);
    let parts = split(folder.path(), &input, &["--every", "10s"]);
    let counts: Vec<_> = parts.iter().map(|part| capinfos(part, "-c")).collect();
    assert!(
        counts.iter().all(|line| line.ends_with(",20")),
        "{counts:?}"
    );
    assert_eq!(counts.len(), 5);
}

#[test]
fn the_parts_of_flows_keep_their_interfaces() {
    let folder = tempfile::tempdir().unwrap();
    for order in [Order::Little, Order::Big] {
        let bytes = [section(order).bytes, section(Order::Little).bytes].concat();
        let input = write_file(folder.path(), "in.pcapng", &bytes);
        // With one open file, each packet closes a part and opens another one again.
        for options in [&["--flow"][..], &["--flow", "--max-open", "1"]] {
            let parts = split(folder.path(), &input, options);
            assert_eq!(parts.len(), 2, "{options:?}");
            for (part, expression) in parts.iter().zip(["udp", "tcp"]) {
                let filter = ["--raw", "-f", expression, path_arg(&input)];
                let expected = run_program("read", &filter).success_output();
                let raw = run_program("read", &["--raw", path_arg(part)]).success_output();
                assert_eq!(raw, expected, "{options:?}");
                let filter = ["-f", expression, path_arg(&input)];
                let expected = run_program("read", &filter).success_output();
                let lines = run_program("read", &[path_arg(part)]).success_output();
                assert_eq!(lines, expected, "{options:?}");
                assert!(capinfos(part, "-c").ends_with(if expression == "udp" {
                    "8"
                } else {
                    "6"
                }));
            }
            // Each other block is in one part.
            let all: Vec<u32> = parts.iter().flat_map(|part| kinds(part)).collect();
            let count = |kind| all.iter().filter(|found| **found == kind).count();
            assert_eq!((count(CUSTOM), count(LOCAL), count(5)), (2, 2, 4));
            assert_eq!((count(HEADER), count(1), count(10)), (4, 8, 4));
        }
    }
}

#[test]
fn the_filter_adds_drop_counts_and_classic_parts_have_one_link_type() {
    let folder = tempfile::tempdir().unwrap();
    let input = write_file(folder.path(), "in.pcapng", &section(Order::Big).bytes);
    let parts = split(folder.path(), &input, &["--packets", "2", "-f", "udp"]);
    let drops: Vec<_> = parts
        .iter()
        .flat_map(|part| fields(part, &["frame.drop_count"]))
        .collect();
    assert_eq!(drops, ["", "", "5", "10"]);
    let words = ["--packets", "9", "--format", "pcap"];
    let parts = split(
        folder.path(),
        &input,
        &[&words[..], &["-f", "ether[0] == 4"]].concat(),
    );
    assert_eq!(parts, [folder.path().join("part-00000.pcap")]);
    let text = run_tool("tcpdump", &["-n", "-r", path_arg(&parts[0])]);
    assert_eq!(text.lines().count(), 3);
    let prefix = folder.path().join("part");
    let words = [
        &words[..],
        &["--force", "-o", path_arg(&prefix), path_arg(&input)],
    ]
    .concat();
    let ran = run_program("split", &words);
    assert_eq!(ran.status, Some(1));
    let refused = "it has link type LINKTYPE_RAW, and a classic savefile has only one, here LINKTYPE_ETHERNET; \
                   use --format pcapng";
    assert!(ran.stderr.contains(refused), "{}", ran.stderr);
    assert!(
        ran.stderr
            .contains("pcap-split: classic pcap cannot hold 2 interfaces"),
        "{}",
        ran.stderr
    );
}

#[test]
fn classic_savefiles_are_split_into_pcapng() {
    let folder = tempfile::tempdir().unwrap();
    let packets = crate::common::sample_packets_nano();
    let bytes = crate::common::savefile(true, true, 1, &packets);
    let input = write_file(folder.path(), "in.pcap", &bytes);
    for options in [&["--packets", "3"][..], &["--flow", "--max-open", "1"]] {
        let options = [options, &["--format", "pcapng"]].concat();
        let parts = split(folder.path(), &input, &options);
        let mut lines: Vec<_> = parts
            .iter()
            .flat_map(|part| fields(part, &["frame.time_epoch", "frame.len"]))
            .collect();
        let mut expected = fields(&input, &["frame.time_epoch", "frame.len"]);
        lines.sort();
        expected.sort();
        assert_eq!(lines, expected);
        assert!(parts[0].ends_with("part-00000.pcapng"));
    }
}

#[test]
fn a_truncated_file_is_split_up_to_its_last_block() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = section(Order::Big).bytes;
    let input = write_file(folder.path(), "in.pcapng", &bytes[..bytes.len() - 70]);
    let prefix = folder.path().join("part");
    let words = ["--packets", "3", "-o", path_arg(&prefix), path_arg(&input)];
    let ran = run_program("split", &words);
    assert_eq!((ran.status, ran.lines().len()), (Some(1), 3));
    assert!(ran.stderr.contains("truncated"), "{}", ran.stderr);
    let count = run_program(
        "read",
        &[
            "--count",
            path_arg(&folder.path().join("part-00002.pcapng")),
        ],
    );
    assert_eq!(count.success_output(), "1\n");
}

#[test]
fn packets_without_a_time_stay_in_the_current_part() {
    let folder = tempfile::tempdir().unwrap();
    let mut ng = Ng::new(Order::Little);
    ng.section(-1, &[]);
    ng.interface(1, 0, &[]);
    ng.simple_packet(42, &ethernet(UDP));
    ng.packet(0, SECOND, &ethernet(UDP), &[]);
    ng.simple_packet(42, &ethernet(UDP));
    ng.packet(0, SECOND + 5_000_000, &ethernet(UDP), &[]);
    ng.simple_packet(42, &ethernet(UDP));
    let input = write_file(folder.path(), "in.pcapng", &ng.bytes);
    let prefix = folder.path().join("part");
    let words = ["--every", "1s", "--json", "-o"];
    let words = [&words[..], &[path_arg(&prefix), path_arg(&input)]].concat();
    let ran = run_program("split", &words);
    assert_eq!(ran.status, Some(0), "{}", ran.stderr);
    let parts: Vec<serde_json::Value> = ran
        .lines()
        .iter()
        .map(|line| serde_json::from_str(line).unwrap())
        .filter(|line: &serde_json::Value| line["type"] == "file")
        .collect();
    let found: Vec<_> = parts
        .iter()
        .map(|part| serde_json::json!([part["packets"], part["first"], part["last"]]))
        .collect();
    let (first, second) = ("1700000000.000000000", "1700000005.000000000");
    let expected = [
        serde_json::json!([3, first, first]),
        serde_json::json!([2, second, second]),
    ];
    assert_eq!(found, expected);
}
