//! `pcap-merge` against mergecap, against files that the tests merge, and against `pcap-split`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::common;
use crate::common::{
    Record, arg, by_tool, feed, file, nano_packets, not_written, ours, packets, program, record,
    run, run_into_broken_pipe, savefile, tool, written_and_error,
};
use etherparse::PacketBuilder;

/// Creates savefiles whose packets have these times, in milliseconds, and distinct bytes.
fn files(folder: &Path, nano: bool, times: &[&[u32]]) -> Vec<PathBuf> {
    let packet = |file: usize, n: usize, time: u32| {
        let data = [[file as u8; 20], [n as u8; 20]].concat();
        record(time / 1000, time % 1000 * 1_000_000, data)
    };
    let each = times.iter().enumerate().map(|(index, times)| {
        let packets = times
            .iter()
            .enumerate()
            .map(|(n, &time)| packet(index, n, time));
        let bytes = savefile(false, nano, 1, &packets.collect::<Vec<_>>());
        file(folder, &format!("in{index:04}.pcap"), &bytes)
    });
    each.collect()
}

/// Merges, and returns the savefile.
fn merge(folder: &Path, options: &[&str], inputs: &[PathBuf]) -> Vec<u8> {
    let output = folder.join("ours.pcap");
    let mut command = program("merge");
    command.args(options).args(["-q", "-w", arg(&output)]);
    assert_eq!(run(command.args(inputs)).good(), "");
    fs::read(output).unwrap()
}

/// Returns what mergecap makes of the same files. At equal times, the last file's packets come first.
fn mergecap(folder: &Path, options: &[&str], inputs: &[PathBuf]) -> Vec<u8> {
    let output = folder.join("mergecap.pcap");
    let inputs = inputs.iter().map(|path| arg(path));
    let options = [options, &["-w", arg(&output)]].concat();
    tool(
        "mergecap",
        &options.into_iter().chain(inputs).collect::<Vec<_>>(),
    );
    by_tool(&output)
}

/// Files in order, with equal times, out of order, empty, and long before the others.
const TIMES: [&[u32]; 7] = [
    &[1000, 2000, 3000, 4000, 4000],
    &[1000, 1500, 1500, 4000, 9000],
    &[5000, 100, 2000, 6000, 50],
    &[],
    &[1, 2, 3],
    &[4000],
    &[3000, 1000, 3000, 2999, 3001, 9000, 1],
];

// Shows: parity/programs-dump-split-recode
#[test]
fn packets_are_in_the_order_of_mergecap() {
    let folder = tempfile::tempdir().unwrap();
    for (nano, format) in [(false, "pcap"), (true, "nsecpcap")] {
        let inputs = files(folder.path(), nano, &TIMES);
        let reversed: Vec<PathBuf> = inputs.iter().rev().cloned().collect();
        let expected = mergecap(folder.path(), &["-F", format], &reversed);
        assert_eq!(expected.len(), 24 + 26 * 56);
        for most in ["2", "3", "4", "7", "100"] {
            let merged = merge(folder.path(), &["--max-open", most], &inputs);
            assert_eq!(merged[24..], expected[24..], "{most} open");
        }
        let expected = mergecap(folder.path(), &["-a", "-F", format], &inputs);
        let merged = merge(folder.path(), &["--append", "--max-open", "2"], &inputs);
        assert_eq!(merged[24..], expected[24..]);
        assert_eq!(merged[..24], fs::read(&inputs[0]).unwrap()[..24]);
    }
}

#[test]
fn more_files_than_descriptors_are_merged() {
    let folder = tempfile::tempdir().unwrap();
    // Every time is in three files.
    let times: Vec<[u32; 3]> = (0..1500).map(|n| [n % 500, 1000 + n % 500, 2000]).collect();
    let slices: Vec<&[u32]> = times.iter().map(|times| &times[..]).collect();
    let inputs = files(folder.path(), false, &slices);
    let mut expected: Vec<(u32, usize, Vec<u8>)> = Vec::new();
    for (number, path) in inputs.iter().enumerate() {
        let bytes = fs::read(path).unwrap();
        let records = bytes[24..].chunks(56).zip(slices[number]);
        expected.extend(records.map(|(record, &time)| (time, number, record.to_vec())));
    }
    expected.sort();
    let expected: Vec<u8> = expected
        .into_iter()
        .flat_map(|(_, _, record)| record)
        .collect();
    let temporary = folder.path().join("temporary");
    fs::create_dir(&temporary).unwrap();
    let output = folder.path().join("ours.pcap");
    for options in [&[][..], &["--max-open", "10"], &["--files-from"]] {
        let mut command = Command::new("sh");
        command.env("TMPDIR", &temporary);
        command.args(["-c", "ulimit -n 256; exec \"$@\"", "sh"]);
        command.arg(program("merge").get_program()).args(options);
        if options == ["--files-from"] {
            let names: String = inputs
                .iter()
                .map(|path| format!("{}\n", arg(path)))
                .collect();
            command.arg(file(folder.path(), "names", names.as_bytes()));
        } else {
            command.args(&inputs);
        }
        let ran = run(command.args(["-w", arg(&output)]));
        let summary = "4500 packets of 1500 savefiles\n";
        assert_eq!((ran.status, ran.stderr.as_str()), (Some(0), summary));
        assert!(fs::read(&output).unwrap()[24..] == expected, "{options:?}");
        assert_eq!(fs::read_dir(&temporary).unwrap().count(), 0);
    }
    // The error states what is possible.
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -n 50; exec \"$@\"", "sh"]);
    command
        .arg(program("merge").get_program())
        .args(&inputs[..90]);
    let ran = run(command.args(["-w", arg(&output)]));
    assert_eq!(ran.status, Some(1));
    assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
    assert!(ran.stderr.contains("lower --max-open"), "{}", ran.stderr);
}

#[test]
fn a_million_packets_come_together_again() {
    let folder = tempfile::tempdir().unwrap();
    // Bursts of 300 flows. Each packet has its number in it.
    let flow = |n: u16| {
        let mut data = Vec::new();
        let ip = PacketBuilder::ipv4([10, 0, 0, 1], [10, 0, 0, 2], 64);
        let payload = &[0; 64][..4 + usize::from(n % 60)];
        ip.udp(1000 + n, 53)
            .write(&mut data, payload)
            .expect("memory");
        data
    };
    let flows: Vec<Vec<u8>> = (0..300).map(flow).collect();
    let packet = |n: u32| {
        let mut data = flows[n as usize / 100 % 300].clone();
        data[28..32].copy_from_slice(&n.to_be_bytes());
        record(1_700_000_000 + n / 10_000, n % 10_000 * 100_000, data)
    };
    let packets: Vec<Record> = (0..1_000_000).map(packet).collect();
    let bytes = savefile(false, false, 101, &packets);
    let input = file(folder.path(), "million.pcap", &bytes);
    for (options, count) in [
        (&["--packets", "9999"][..], 101),
        (&["--every", "1.5s"], 67),
        (&["--flow"], 300),
    ] {
        let parts = folder.path().join("parts");
        fs::create_dir(&parts).unwrap();
        let ran = ours(
            "split",
            &[options, &["-o", arg(&parts), arg(&input)]].concat(),
        );
        let summary = format!("1000000 of 1000000 packets in {count} savefiles\n");
        assert_eq!((ran.status, &ran.stderr), (Some(0), &summary));
        let mut paths: Vec<PathBuf> = ran
            .lines()
            .iter()
            .map(|line| line.split(": ").next().unwrap().into())
            .collect();
        paths.reverse();
        assert!(merge(folder.path(), &[], &paths) == bytes, "{options:?}");
        fs::remove_dir_all(parts).unwrap();
    }
}

#[test]
fn snaplen_and_precision_are_the_largest() {
    let folder = tempfile::tempdir().unwrap();
    let with_snaplen = |name: &str, nano: bool, snaplen: u32| {
        let mut bytes = savefile(false, nano, 1, &nano_packets()[..3]);
        bytes[16..20].copy_from_slice(&snaplen.to_ne_bytes());
        file(folder.path(), name, &bytes)
    };
    let micro = with_snaplen("a.pcap", false, 2000);
    let large = with_snaplen("b.pcap", false, 100_000);
    let nano = with_snaplen("c.pcap", true, 1000);
    let ng = folder.path().join("d.pcapng");
    tool("editcap", &["-F", "pcapng", arg(&micro), arg(&ng)]);
    for (inputs, magic, snaplen) in [
        (vec![&micro], 0xa1b2_c3d4_u32, 2000_u32),
        (vec![&micro, &large], 0xa1b2_c3d4, 100_000),
        (vec![&large, &nano, &micro], 0xa1b2_3c4d, 100_000),
        (vec![&nano, &micro], 0xa1b2_3c4d, 2000),
        (vec![&micro, &ng], 0xa1b2_3c4d, 2000),
    ] {
        let inputs: Vec<PathBuf> = inputs.into_iter().cloned().collect();
        for options in [&[][..], &["--append"], &["--max-open", "2"]] {
            let merged = merge(folder.path(), options, &inputs);
            assert_eq!(merged[..4], magic.to_ne_bytes());
            assert_eq!(merged[16..20], snaplen.to_ne_bytes(), "{inputs:?}");
            let format = if magic == 0xa1b2_c3d4 {
                "pcap"
            } else {
                "nsecpcap"
            };
            let append = if options == ["--append"] {
                &["-a"][..]
            } else {
                &[]
            };
            let mut order = inputs.clone();
            if append.is_empty() {
                order.reverse();
            }
            let expected = mergecap(folder.path(), &[append, &["-F", format]].concat(), &order);
            assert_eq!(merged[24..], expected[24..], "{inputs:?} {options:?}");
        }
    }
}

#[test]
fn different_link_types_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let paths = [("a.pcap", 1), ("b.pcap", 1), ("c.pcap", 101)].map(|(name, linktype)| {
        let bytes = savefile(false, false, linktype, &packets());
        file(folder.path(), name, &bytes)
    });
    let output = file(folder.path(), "out.pcap", b"precious");
    for options in [&[][..], &["--append"], &["--max-open", "2"]] {
        let ran = run(program("merge")
            .args(options)
            .args(&paths)
            .args(["-w", arg(&output)]));
        let (a, c) = (arg(&paths[0]), arg(&paths[2]));
        let text = format!(
            "pcap-merge: cannot merge `{c}` with `{a}`: expected the link type EN10MB, found RAW\n"
        );
        assert_eq!((ran.status, ran.stderr), (Some(1), text));
        assert_eq!(fs::read(&output).unwrap(), b"precious");
    }
}

#[test]
fn bad_files_are_told_and_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let inputs = files(
        folder.path(),
        false,
        &[&[1000, 4000], &[2000, 5000, 7000], &[3000, 6000]],
    );
    let whole = fs::read(&inputs[1]).unwrap();
    let cut = file(folder.path(), "cut.pcap", &whole[..whole.len() - 57]);
    let text = file(folder.path(), "text", b"This is no savefile, as one sees.");
    let none = folder.path().join("none.pcap");
    let empty = file(folder.path(), "empty.pcap", b"");
    let all = [&inputs[0], &none, &cut, &text, &inputs[2], &empty];
    let output = folder.path().join("out.pcap");
    let good = file(
        folder.path(),
        "good.pcap",
        &[&whole[..24], &whole[24..80]].concat(),
    );
    let good = [&inputs[0], &good, &inputs[2]].map(Clone::clone);
    for options in [&[][..], &["--append"], &["--max-open", "2"]] {
        let expected = merge(folder.path(), options, &good);
        let mut command = program("merge");
        command.args(options).args(["--json", "-w", arg(&output)]);
        let ran = run(command.args(all));
        assert_eq!(ran.status, Some(1));
        let errors: Vec<&str> = ran.stderr.lines().collect();
        assert_eq!(errors.len(), 5, "{}", ran.stderr);
        // Those that cannot be opened are reported first.
        for (error, path) in errors.iter().zip([&none, &text, &empty, &cut]) {
            assert!(error.starts_with("pcap-merge: cannot "), "{error}");
            assert!(error.contains(&format!("`{}`", path.display())), "{error}");
        }
        assert_eq!(errors[4], "5 packets of 6 savefiles");
        let line: serde_json::Value = serde_json::from_str(ran.text()).unwrap();
        let expected_line = serde_json::json!({
            "type": "file", "path": arg(&output), "packets": 5, "bytes": expected.len(),
            "first": line["first"], "last": "6.000000000", "inputs": 6, "unread": 4,
        });
        assert_eq!(line, expected_line);
        assert_eq!(line["first"], "1.000000000");
        assert_eq!(fs::read(&output).unwrap(), expected, "{options:?}");
    }
    fs::write(&output, b"precious").unwrap();
    let ran = run(program("merge")
        .args([&none, &text])
        .args(["-w", arg(&output)]));
    assert_eq!((ran.status, ran.stderr.lines().count()), (Some(1), 2));
    assert_eq!(fs::read(&output).unwrap(), b"precious");
}

#[test]
fn filters_are_compiled_for_each_savefile() {
    let folder = tempfile::tempdir().unwrap();
    // Of IPv4, and of IPv6 as other systems number it; in native byte order, and in the other.
    let [a, b] = [false, true].map(|swapped| {
        let packets: Vec<Record> = (0_u32..)
            .zip([2_u32, 24, 28, 30])
            .map(|(time, family)| {
                let family = if swapped { family.swap_bytes() } else { family };
                let bytes = [&family.to_ne_bytes()[..], &[0x60; 60]].concat();
                record(time, swapped.into(), bytes)
            })
            .collect();
        let name = if swapped { "other" } else { "this" };
        file(folder.path(), name, &savefile(swapped, true, 0, &packets))
    });
    for (expression, count) in [("ip", 2), ("ip6", 6), ("not ip", 6)] {
        for options in [&["-f", expression][..], &["-f", expression, "--append"]] {
            let merged = merge(folder.path(), options, &[a.clone(), b.clone()]);
            assert_eq!(merged.len(), 24 + count * (16 + 64), "{options:?}");
        }
    }
    let out = folder.path().join("out");
    let ran = ours("merge", &["-f", "inbound", "-w", arg(&out), arg(&a)]);
    assert_eq!(ran.status, Some(1));
    assert!(ran.stderr.contains("not supported"), "{}", ran.stderr);
    assert!(!out.exists());
}

#[test]
fn filters_pipes_and_a_savefile_that_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let whole = savefile(false, true, 1, &nano_packets());
    let [a, b] = [(0, "a.pcap"), (1, "b.pcap")].map(|(which, name)| {
        let all = nano_packets();
        let odd = (0..).zip(all).filter(|(n, _)| n % 2 == which);
        let packets: Vec<Record> = odd.map(|(_, packet)| packet).collect();
        file(folder.path(), name, &savefile(false, true, 1, &packets))
    });
    let inputs = [a.clone(), b.clone()];
    assert_eq!(merge(folder.path(), &[], &inputs), whole);
    let merged = merge(folder.path(), &["-f", "udp"], &inputs);
    let of_all = file(folder.path(), "all.pcap", &whole);
    let filtered = folder.path().join("filtered.pcap");
    let options = [
        "--time-stamp-precision=nano",
        "-r",
        arg(&of_all),
        "-w",
        arg(&filtered),
    ];
    tool("tcpdump", &[&options[..], &["udp"]].concat());
    assert_eq!(merged, by_tool(&filtered));

    let mut command = program("merge");
    let ran = feed(
        command.args(["--json", "-w", "-", "-", arg(&b)]),
        &fs::read(&a).unwrap(),
    );
    assert_eq!((ran.status, ran.stdout), (Some(0), whole));
    assert!(
        ran.stderr
            .starts_with("8 packets of 2 savefiles\n{\"type\":\"file\"")
    );
    assert_eq!(ours("merge", &["-w", "-", "-", "-"]).status, Some(2));
    assert_eq!(ours("merge", &["-w", "-"]).status, Some(2));
    assert_eq!(
        ours("merge", &["--max-open", "1", "-w", "-", arg(&a)]).status,
        Some(2)
    );
    let ran = ours("merge", &["-f", "tcp prot", "-w", arg(&filtered), arg(&a)]);
    assert_eq!(ran.status, Some(1));
    assert_eq!(merged, by_tool(&filtered));

    let before = fs::read(&b).unwrap();
    let ran = ours("merge", &["-w", arg(&b), arg(&a), arg(&b)]);
    assert_eq!(ran.status, Some(1));
    assert!(
        ran.stderr.contains("it is also the input"),
        "{}",
        ran.stderr
    );
    assert_eq!(fs::read(&b).unwrap(), before);
}

#[test]
fn a_savefile_without_a_reader_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let many: Vec<Record> = (0..20_000).map(|n| record(n, 0, vec![0; 100])).collect();
    let input = file(folder.path(), "in.pcap", &savefile(false, false, 1, &many));
    let ran = run_into_broken_pipe(program("merge").args([arg(&input), "-w", "-"]));
    assert_eq!(ran.status, Some(1), "{}", ran.stderr);
    let (written, error) = written_and_error(&ran.stderr);
    assert!(
        written < 20_000 && not_written(&ran.stderr) > 0,
        "{}",
        ran.stderr
    );
    assert!(
        error.starts_with("pcap-merge: cannot write `-`: Broken pipe"),
        "{error}"
    );
    // The machine-readable line contains nothing else.
    let ran = run_into_broken_pipe(program("merge").args(["--json", arg(&input), "-w", "-"]));
    let line = ran.stderr.lines().find(|line| line.starts_with('{'));
    let line: serde_json::Value = serde_json::from_str(line.unwrap()).unwrap();
    let (written, _) = written_and_error(&ran.stderr);
    assert_eq!(line["packets"], written, "{line}");
    assert_eq!(line["not_written"], not_written(&ran.stderr), "{line}");
    let bytes = line["bytes"].as_u64().unwrap();
    assert_eq!(
        bytes.saturating_sub(24) / (16 + 100),
        written as u64,
        "{line}"
    );
    assert_eq!(line.get("last"), None, "{line}");
}

#[cfg(target_os = "linux")]
#[test]
fn ctrl_c_ends_it_with_all_that_was_read() {
    for options in [&[][..], &["--append"]] {
        let folder = tempfile::tempdir().unwrap();
        let output = folder.path().join("out.pcap");
        let mut command = program("merge");
        command.args(options).args(["-w", arg(&output), "-"]);
        let (status, error) = common::live::interrupt(&mut command, &output);
        assert_eq!(status, Some(1), "{error}");
        let (summary, text) = error.split_once('\n').unwrap();
        let read: usize = summary.split(' ').next().unwrap().parse().unwrap();
        assert!(text.starts_with("pcap-merge: stopped: "), "{text}");
        assert!(
            fs::read(&output).unwrap() == common::live::endless(read),
            "{read}"
        );
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error_that_names_the_file() {
    if !common::live::is_root() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let many: Vec<Record> = (0..2000).map(|n| record(n, 0, vec![0; 1000])).collect();
    let input = file(folder.path(), "in.pcap", &savefile(false, false, 1, &many));
    let (status, error, rest) = common::live::on_small_disk(folder.path(), |output| {
        let mut command = program("merge");
        command.args([arg(&input), "-w", output]);
        command
    });
    assert_eq!(status, 1, "{error}");
    let text = "/out.pcap`: No space left on device";
    let (written, error) = written_and_error(&error);
    assert_eq!(written, rest);
    assert!(
        error.starts_with("pcap-merge: cannot write `") && error.contains(text),
        "{error}"
    );
    assert!(rest > 900, "{rest} packets of a megabyte");
}

/// Unix has names that are not text, and `find` lists them unchanged.
#[test]
#[cfg(unix)]
fn names_in_a_list_may_be_any_bytes() {
    use std::os::unix::ffi::OsStrExt;
    let folder = tempfile::tempdir().unwrap();
    let bytes = savefile(false, false, 1, &packets());
    let mut text = Vec::new();
    for name in [&b"\xff 100%.pcap"[..], b"b.pcap"] {
        let path = folder.path().join(std::ffi::OsStr::from_bytes(name));
        fs::write(&path, &bytes).unwrap();
        text.extend(path.as_os_str().as_bytes());
        text.extend(b"\n\n");
    }
    let list = file(folder.path(), "names", &text);
    let output = folder.path().join("out.pcap");
    for from in [arg(&list), "-"] {
        let arguments = ["--append", "-w", arg(&output), "--files-from", from];
        let ran = common::feed(program("merge").args(arguments), &text);
        let said = "16 packets of 2 savefiles\n";
        assert_eq!((ran.status, ran.stderr.as_str()), (Some(0), said), "{from}");
        let written = fs::read(&output).unwrap();
        assert_eq!(written[24..], [&bytes[24..], &bytes[24..]].concat());
    }
    let ran = ours("merge", &["-w", arg(&output), "--files-from", "-", "-"]);
    assert_eq!(ran.status, Some(2), "{}", ran.stderr);
}

/// Returns a pcapng file whose packets have these times, in microseconds, relative to an offset in seconds.
fn pcapng(offset: i64, times: &[u64]) -> Vec<u8> {
    let block = |kind: u32, body: &[u8]| {
        let length = (body.len() as u32 + 12).to_le_bytes();
        [&kind.to_le_bytes()[..], &length, body, &length].concat()
    };
    let section = [0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 0, 0];
    let mut bytes = block(0x0a0d_0d0a, &[&section[..], &[0xff; 8]].concat());
    let options = [&[14, 0, 8, 0][..], &offset.to_le_bytes(), &[0; 4]].concat();
    bytes.extend(block(
        1,
        &[&[1, 0, 0, 0, 0, 0, 0, 0], &options[..]].concat(),
    ));
    for time in times {
        let (high, low) = ((time >> 32) as u32, *time as u32);
        let fields = [0, high, low, 60, 60].map(u32::to_le_bytes).concat();
        bytes.extend(block(6, &[&fields[..], &[2; 60]].concat()));
    }
    bytes
}

#[test]
#[cfg_attr(target_pointer_width = "32", ignore = "libpcap's times have 32 bits")]
fn impossible_times_are_told_once() {
    let folder = tempfile::tempdir().unwrap();
    let good = file(
        folder.path(),
        "good.pcap",
        &savefile(false, true, 1, &packets()),
    );
    let early = file(
        folder.path(),
        "early.pcapng",
        &pcapng(-100, &[5, 1_000_005, 200_000_000]),
    );
    let late = file(folder.path(), "late.pcapng", &pcapng(1 << 33, &[1, 2]));
    let output = folder.path().join("out.pcap");
    let inputs = [arg(&late), arg(&good), arg(&early)];
    for options in [&[][..], &["--append"], &["--max-open", "2"]] {
        let mut command = program("merge");
        command.args(["--json", "-w", arg(&output)]).args(options);
        let ran = run(command.args(inputs));
        assert_eq!(ran.status, Some(1), "{}", ran.stderr);
        for path in [&early, &late] {
            let told = format!("cannot merge all of `{}`: the time ", path.display());
            assert_eq!(ran.stderr.matches(&told).count(), 1, "{}", ran.stderr);
        }
        assert!(
            ran.stderr.ends_with("9 packets of 3 savefiles\n"),
            "{}",
            ran.stderr
        );
        assert!(ran.text().contains("\"packets\":9,"), "{}", ran.text());
        assert!(ran.text().contains("\"unread\":2}"), "{}", ran.text());
        let mut expected = vec![record(100, 0, vec![2; 60])];
        expected.extend(packets());
        if options == ["--append"] {
            expected.rotate_left(1);
        }
        let bytes = fs::read(&output).unwrap();
        assert!(bytes[24..] == savefile(false, true, 1, &expected)[24..]);
    }
}
