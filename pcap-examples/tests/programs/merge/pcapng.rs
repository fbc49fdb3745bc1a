//! Merges files of different link types, snaplens and formats into pcapng.

use std::fs;
use std::path::{Path, PathBuf};

use super::blocks::{Builder, Parsed, kind, parse};
use super::files;
use crate::common::{
    Record, gzip, path_arg, program, run, run_program, run_tool, run_with_stdin, sample_packets,
    savefile, write_file,
};

/// Merges inputs into a pcapng file, and returns its blocks.
fn merged(folder: &Path, options: &[&str], inputs: &[&PathBuf]) -> Vec<Parsed> {
    let out = folder.join("ours.pcapng");
    let mut command = program("merge");
    command.args(options).args(["-q", "-w", path_arg(&out)]);
    assert_eq!(run(command.args(inputs)).success_output(), "");
    parse(&fs::read(out).unwrap())
}

fn count(blocks: &[Parsed], kind: u32) -> usize {
    blocks.iter().filter(|block| block.kind == kind).count()
}

/// Returns what tshark shows of each packet.
fn shown(path: &Path) -> Vec<String> {
    let fields = "-Tfields -eframe.time_epoch -eframe.len -eframe.cap_len -eframe.encap_type -eframe.protocols";
    let fields: Vec<&str> = fields.split(' ').collect();
    let text = run_tool("tshark", &[&["-r", path_arg(path)], &fields[..]].concat());
    text.lines().map(str::to_owned).collect()
}

/// Returns savefiles of two link types and two snaplens, each with packets at even or odd seconds.
fn mixed(folder: &Path) -> [PathBuf; 3] {
    let ip: Vec<Record> = sample_packets()
        .into_iter()
        .map(|(secs, nanos, data, length)| (secs, nanos, data[14..].to_vec(), length - 14))
        .collect();
    let mut short = savefile(false, false, 1, &sample_packets()[..2]);
    short[16..20].copy_from_slice(&2000_u32.to_ne_bytes());
    [
        ("eth.pcap", savefile(false, true, 1, &sample_packets())),
        ("ip.pcap", savefile(true, false, 101, &ip)),
        ("short.pcap", short),
    ]
    .map(|(name, bytes)| write_file(folder, name, &bytes))
}

#[test]
fn different_link_types_give_pcapng() {
    let folder = tempfile::tempdir().unwrap();
    let [ethernet, ip, short] = mixed(folder.path());
    let [out, any] = ["out.pcapng", "out"].map(|name| folder.path().join(name));
    for (inputs, packets) in [
        (vec![&ethernet, &ip], 16),
        (vec![&ethernet, &short], 10),
        (vec![&short, &ip, &ethernet], 18),
    ] {
        for options in [&[][..], &["--append"], &["--max-open", "2"]] {
            let run_to = |out: &str| {
                let mut command = program("merge");
                run(command.args(options).args(["-q", "-w", out]).args(&inputs))
            };
            for path in [&out, &any] {
                assert_eq!(run_to(path_arg(path)).success_output(), "");
            }
            let bytes = fs::read(&out).unwrap();
            let by_default = fs::read(&any).unwrap();
            assert_eq!(run_to("-").stdout, by_default);
            // Different snaplens do not require pcapng.
            assert_eq!(by_default == bytes, inputs.contains(&&ip));
            let blocks = parse(&bytes);
            assert_eq!(count(&blocks, kind::INTERFACE), inputs.len());
            assert_eq!(count(&blocks, kind::ENHANCED), packets);
            let tool = folder.path().join("mergecap.pcapng");
            let append = if options == ["--append"] { "-a" } else { "-v" };
            let mut words = vec!["-q", append, "-Fpcapng", "-w", path_arg(&tool)];
            words.retain(|word| !["-q", "-v"].contains(word));
            let paths = inputs.iter().map(|path| path_arg(path));
            // Among equal times, mergecap puts packets of the last input first.
            let paths: Vec<&str> = match append {
                "-a" => paths.collect(),
                _ => paths.rev().collect(),
            };
            run_tool("mergecap", &[words, paths].concat());
            assert_eq!(shown(&out), shown(&tool), "{inputs:?} {options:?}");
        }
    }
}

#[test]
fn outputs_of_mergecap_are_merged_again() {
    let folder = tempfile::tempdir().unwrap();
    let [ethernet, ip, short] = mixed(folder.path());
    let tool = folder.path().join("mergecap.pcapng");
    let out = folder.path().join("ours.pcapng");
    for (inputs, is_classic) in [([&ethernet, &ip], false), ([&ethernet, &short], true)] {
        let paths = inputs.map(|path| path_arg(path));
        run_tool("mergecap", &[&["-w", path_arg(&tool)], &paths[..]].concat());
        let before = shown(&tool);
        let blocks = merged(folder.path(), &[], &[&tool]);
        assert_eq!(shown(&out), before);
        assert_eq!(blocks.len(), parse(&fs::read(&tool).unwrap()).len());
        // The output can be read and merged again, also with another file.
        for path in [&tool, &out] {
            let ran = run_program("read", &[path_arg(path)]);
            assert_eq!(ran.lines().len(), before.len(), "{}", ran.stderr);
            assert_eq!(ran.status, Some(0), "{}", ran.stderr);
        }
        let again = folder.path().join("again.pcapng");
        fs::copy(&out, &again).unwrap();
        assert_eq!(merged(folder.path(), &[], &[&again]), blocks);
        let both = merged(folder.path(), &[], &[&again, &ip]);
        assert_eq!(count(&both, kind::ENHANCED), before.len() + 8);
        let words = ["-w", "x.pcap", path_arg(&tool)];
        let ran = run(program("merge").args(words).current_dir(folder.path()));
        assert_eq!(ran.status, Some(i32::from(!is_classic)), "{}", ran.stderr);
        assert_ne!(ran.stderr.contains("`.pcapng`"), is_classic);
        assert_eq!(folder.path().join("x.pcap").exists(), is_classic);
    }
}

#[test]
fn outputs_of_other_tools_are_merged_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let dump = write_file(
        folder.path(),
        "dump.txt",
        b"000000 02 02 02 02 02 02 04 04 04 04 04 04 08 00\n",
    );
    let keys = write_file(folder.path(), "keys.txt", b"CLIENT_RANDOM 00 00\n");
    let [text, secrets, twice, micro, ours, tool] =
        ["text", "secrets", "twice", "micro", "ours", "tool"]
            .map(|name| path(&format!("{name}.pcapng")));
    run_tool("text2pcap", &["-q", path_arg(&dump), path_arg(&text)]);
    let inject = format!("tls,{}", path_arg(&keys));
    let words = [
        "--inject-secrets",
        &inject,
        "--capture-comment",
        "with keys",
    ];
    run_tool(
        "editcap",
        &[&words[..], &[path_arg(&text), path_arg(&secrets)]].concat(),
    );
    let sections = [fs::read(&secrets).unwrap(), fs::read(&text).unwrap()].concat();
    fs::write(&twice, sections).unwrap();
    let [classic, ..] = mixed(folder.path());
    run_tool(
        "editcap",
        &["-F", "pcapng", path_arg(&classic), path_arg(&micro)],
    );
    let inputs = [&text, &secrets, &twice, &micro];
    let blocks = merged(folder.path(), &[], &inputs);
    assert_eq!(count(&blocks, kind::INTERFACE), 5);
    assert_eq!(count(&blocks, kind::SECRETS), 2);
    assert_eq!(
        blocks[0]
            .values(1)
            .iter()
            .filter(|text| **text == b"with keys")
            .count(),
        1
    );
    let paths = inputs.iter().rev().map(|path| path_arg(path));
    run_tool(
        "mergecap",
        &["-w", path_arg(&tool)]
            .into_iter()
            .chain(paths)
            .collect::<Vec<_>>(),
    );
    assert_eq!(shown(&ours), shown(&tool));
    let ran = run_program("read", &[path_arg(&ours)]);
    assert_eq!(
        (ran.status, ran.lines().len()),
        (Some(0), 4 + 8),
        "{}",
        ran.stderr
    );
    // With one link type and snaplen, libpcap reads it, too.
    merged(folder.path(), &[], &inputs[..3]);
    assert_eq!(
        run_tool("tcpdump", &["-r", path_arg(&ours)])
            .lines()
            .count(),
        4
    );
}

#[test]
fn equal_interfaces_join_on_request() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, ticks: u64| {
        let file = Builder::new(false, &[])
            .interface(1, 0, &[(2, b"left".to_vec())])
            .interface(1, 0, &[(2, b"left".to_vec())])
            .packet(1, ticks, &[1; 60], &[])
            .statistics(1, ticks, &[]);
        write_file(folder.path(), name, &file.bytes)
    };
    let (a, b) = (file("a.pcapng", 1), file("b.pcapng", 2));
    for (options, interfaces, numbers) in [
        (&[][..], 4, [1, 1, 3, 3]),
        (&["--join-interfaces"], 2, [1, 1, 1, 1]),
    ] {
        let blocks = merged(folder.path(), options, &[&a, &b]);
        assert_eq!(count(&blocks, kind::INTERFACE), interfaces);
        let found: Vec<u32> = blocks.iter().filter_map(|block| block.interface).collect();
        assert_eq!(found, numbers);
    }
    // Classic inputs have no statistics.
    let [c, d] = &files(folder.path(), false, &[&[1], &[2]])[..] else {
        panic!("two files");
    };
    let blocks = merged(folder.path(), &[], &[c, d, &a]);
    assert_eq!(count(&blocks, kind::INTERFACE), 3);
}

#[test]
fn later_sections_and_interfaces_are_added() {
    let folder = tempfile::tempdir().unwrap();
    let first = Builder::new(false, &[(1, b"one".to_vec())])
        .interface(1, 0, &[(2, b"a0".to_vec())])
        .packet(0, 10, &[1; 20], &[])
        .interface(101, 0, &[(2, b"a1".to_vec())])
        .packet(1, 30, &[2; 20], &[]);
    let second = Builder::new(true, &[(1, b"two".to_vec()), (4, b"other".to_vec())])
        .interface(147, 0, &[(2, b"a2".to_vec())])
        .simple(&[3; 20])
        .packet(0, 5, &[4; 20], &[])
        .statistics(0, 6, &[])
        .statistics(7, 6, &[]);
    let a = write_file(
        folder.path(),
        "a.pcapng",
        &[first.bytes, second.bytes].concat(),
    );
    let b = Builder::new(false, &[])
        .interface(1, 0, &[(2, b"b0".to_vec())])
        .packet(0, 20, &[5; 20], &[]);
    let b = write_file(folder.path(), "b.pcapng", &b.bytes);
    let out = folder.path().join("out.pcapng");
    let c = write_file(folder.path(), "c.pcapng", &fs::read(&b).unwrap());
    for options in [&[][..], &["--max-open", "2"]] {
        let mut command = program("merge");
        command.args(options).args(["-w", path_arg(&out)]);
        let ran = run(command.args([&a, &b, &c]));
        let told = "pcap-merge: left out 1 block of statistics without an interface, \
                    1 text of a section header\n6 packets of 3 savefiles\n";
        assert_eq!((ran.status, ran.stderr.as_str()), (Some(0), told));
        let blocks = parse(&fs::read(&out).unwrap());
        let interfaces = blocks.iter().filter(|block| block.kind == kind::INTERFACE);
        let interfaces: Vec<_> = interfaces
            .map(|block| (block.text(2), block.text(1)))
            .collect();
        let wanted = [
            ("a0", ""),
            ("b0", ""),
            ("b0", ""),
            ("a1", ""),
            ("a2", "two"),
        ];
        assert_eq!(interfaces, wanted, "{options:?}");
        let packets = blocks.iter().filter(|block| block.kind == kind::ENHANCED);
        let packets: Vec<_> = packets.map(|p| (p.interface.unwrap(), p.data[0])).collect();
        assert_eq!(packets, [(0, 1), (1, 5), (2, 5), (3, 2), (4, 3), (4, 4)]);
        let statistics = blocks.iter().find(|block| block.kind == kind::STATISTICS);
        assert_eq!(statistics.and_then(|block| block.interface), Some(4));
    }
    // A classic output has the packets before the second link type.
    let classic = folder.path().join("out.pcap");
    let ran = run_program(
        "merge",
        &["-w", path_arg(&classic), path_arg(&b), path_arg(&a)],
    );
    assert_eq!(ran.status, Some(1));
    assert!(
        ran.stderr.contains("name the output `.pcapng`"),
        "{}",
        ran.stderr
    );
    let info = run_tool("capinfos", &["-cM", path_arg(&classic)]);
    assert!(info.contains("Number of packets:   2"), "{info}");
}

#[test]
fn a_pipe_may_bring_a_second_link_type_later() {
    let folder = tempfile::tempdir().unwrap();
    let file = Builder::new(false, &[])
        .interface(1, 65_535, &[])
        .interface(101, 65_535, &[])
        .packet(0, 10_000_000, &[1; 20], &[])
        .packet(1, 20_000_000, &[2; 20], &[]);
    let ethernet = super::files(folder.path(), false, &[&[5000, 15_000]]).remove(0);
    let out = folder.path().join("out.pcap");
    let mut command = program("merge");
    command.args(["-w", path_arg(&out), "-", path_arg(&ethernet)]);
    let ran = run_with_stdin(&mut command, &file.bytes);
    assert_eq!(ran.status, Some(1));
    assert!(
        ran.stderr.contains("cannot merge all of `-`: "),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("`.pcapng`"), "{}", ran.stderr);
    let info = run_tool("capinfos", &["-cM", path_arg(&out)]);
    assert!(info.contains("Number of packets:   2"), "{info}");
    // Without a name that tells the format, it is that of the inputs.
    let mut command = program("merge");
    let zipped = write_file(folder.path(), "in.pcapng.gz", &gzip(&file.bytes));
    command.args(["-q", "-w", "-", "-", path_arg(&zipped), path_arg(&ethernet)]);
    let ran = run_with_stdin(&mut command, &file.bytes);
    assert_eq!((ran.status, ran.stderr.as_str()), (Some(0), ""));
    assert_eq!(count(&parse(&ran.stdout), kind::ENHANCED), 6);
}

#[test]
fn classic_pcap_reports_what_it_cannot_hold() {
    let folder = tempfile::tempdir().unwrap();
    let file = Builder::new(false, &[(1, b"one".to_vec())])
        .interface(1, 65_535, &[(2, b"left".to_vec())])
        .secrets(b"none")
        .packet(0, 1, &[1; 60], &[(1, b"look".to_vec())])
        .statistics(0, 1, &[]);
    let a = write_file(folder.path(), "a.pcapng", &file.bytes);
    let b = files(folder.path(), false, &[&[1]]).remove(0);
    let out = folder.path().join("out.pcap");
    for options in [&[][..], &["--append"]] {
        let mut command = program("merge");
        let ran = run(command
            .args(options)
            .args(["-w", path_arg(&out)])
            .args([&a, &b]));
        let told = "pcap-merge: classic pcap cannot hold 1 interface name, 2 comments, 1 block of statistics, \
                    1 block of secrets; write pcapng to keep them\n2 packets of 2 savefiles\n";
        assert_eq!((ran.status, ran.stderr.as_str()), (Some(0), told));
    }
    let words = ["-w", path_arg(&out), path_arg(&a), "--comment", "1:text"];
    let ran = run_program("merge", &words);
    assert_eq!(ran.status, Some(1));
    assert!(
        ran.stderr.contains("cannot write comments"),
        "{}",
        ran.stderr
    );
}

#[test]
fn comments_are_added_by_the_number_in_the_output() {
    let folder = tempfile::tempdir().unwrap();
    let inputs = files(folder.path(), false, &[&[1000, 3000], &[2000]]);
    let inputs: Vec<&PathBuf> = inputs.iter().collect();
    for options in [&[][..], &["--max-open", "2"]] {
        let comments = [
            "--format",
            "pcapng",
            "--comment",
            "2:b",
            "--comment",
            "3:c",
            "--comment",
            "2:d",
        ];
        let blocks = merged(folder.path(), &[options, &comments].concat(), &inputs);
        let packets = blocks.iter().filter(|block| block.kind == kind::ENHANCED);
        let found: Vec<_> = packets.map(|packet| packet.values(1)).collect();
        assert_eq!(found, [&[][..], &[b"b", b"d"], &[b"c"]]);
    }
    let out = folder.path().join("out.pcapng");
    let mut command = program("merge");
    command.args(["-w", path_arg(&out), "--comment", "4:none"]);
    let ran = run(command.args(inputs));
    assert_eq!(ran.status, Some(1));
    assert!(ran.stderr.contains("comment to packet 4"), "{}", ran.stderr);
}

#[test]
fn filters_keep_drop_counts_and_other_blocks() {
    let folder = tempfile::tempdir().unwrap();
    let drops = |count: u64| [(4, count.to_le_bytes().to_vec())];
    let ip = [&[2; 12][..], &[8, 0, 0x45], &[0; 40]].concat();
    let file = Builder::new(false, &[])
        .interface(1, 0, &[])
        .interface(1, 0, &[])
        .packet(0, 1, &[2; 60], &drops(3))
        .packet(1, 2, &ip, &drops(10))
        .packet(0, 3, &ip, &drops(4))
        .secrets(b"text")
        .packet(0, 4, &ip, &[]);
    let input = write_file(folder.path(), "in.pcapng", &file.bytes);
    let blocks = merged(folder.path(), &["-f", "ip"], &[&input]);
    let packets = blocks.iter().filter(|block| block.kind == kind::ENHANCED);
    let found: Vec<_> = packets.map(|packet| packet.values(4)).collect();
    assert_eq!(
        found,
        [&[10_u64.to_le_bytes()][..], &[7_u64.to_le_bytes()], &[]]
    );
    assert_eq!(count(&blocks, kind::SECRETS), 1);
}

#[test]
fn damaged_and_truncated_pcapng_is_merged_as_far_as_it_goes() {
    let folder = tempfile::tempdir().unwrap();
    let whole = Builder::new(false, &[])
        .interface(1, 65_535, &[])
        .packet(0, 1, &[1; 60], &[])
        .packet(0, 3, &[1; 60], &[]);
    let cut = write_file(
        folder.path(),
        "cut.pcapng",
        &whole.bytes[..whole.bytes.len() - 8],
    );
    let missing = whole
        .clone()
        .packet(7, 5, &[1; 60], &[])
        .packet(0, 6, &[1; 60], &[]);
    let missing = write_file(folder.path(), "missing.pcapng", &missing.bytes);
    let none = Builder::new(false, &[]).packet(0, 1, &[1; 60], &[]);
    let none = write_file(folder.path(), "none.pcapng", &none.bytes);
    let header = write_file(folder.path(), "header.pcapng", &whole.bytes[..20]);
    let out = folder.path().join("out.pcapng");
    for options in [&[][..], &["--append"], &["--max-open", "2"]] {
        let mut command = program("merge");
        command.args(options).args(["--json", "-w", path_arg(&out)]);
        let ran = run(command.args([&cut, &missing, &none, &header]));
        assert_eq!(ran.status, Some(1));
        for path in [&cut, &missing, &none, &header] {
            let path = format!("`{}`", path.display());
            assert_eq!(ran.stderr.matches(&path).count(), 1, "{}", ran.stderr);
        }
        assert!(
            ran.stderr.ends_with("3 packets of 4 savefiles\n"),
            "{}",
            ran.stderr
        );
        let line: serde_json::Value = serde_json::from_str(ran.text()).unwrap();
        assert_eq!(line["unread"], 4, "{line}");
        let blocks = parse(&fs::read(&out).unwrap());
        assert_eq!(count(&blocks, kind::ENHANCED), 3);
    }
}

#[test]
fn packets_with_fields_in_another_byte_order_are_rejected() {
    let folder = tempfile::tempdir().unwrap();
    let usb = |name: &str, is_big: bool| {
        let file = Builder::new(is_big, &[])
            .interface(220, 0, &[])
            .packet(0, 1, &[0; 64], &[]);
        write_file(folder.path(), name, &file.bytes)
    };
    let (little, big) = (usb("little.pcapng", false), usb("big.pcapng", true));
    let out = folder.path().join("out.pcapng");
    let ran = run_program(
        "merge",
        &["-w", path_arg(&out), path_arg(&little), path_arg(&big)],
    );
    assert_eq!(ran.status, Some(1));
    assert!(ran.stderr.contains("byte order"), "{}", ran.stderr);
    assert!(!out.exists());
    for input in [&little, &big] {
        let blocks = merged(folder.path(), &[], &[input, input]);
        assert_eq!(count(&blocks, kind::ENHANCED), 2);
    }
}
