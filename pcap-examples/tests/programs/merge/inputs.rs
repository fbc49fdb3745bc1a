//! The inputs of `pcap-merge`: headers, errors, filters and names.

use std::fs;
use std::path::{Path, PathBuf};

use super::{files, merge, mergecap};
use crate::common;
use crate::common::{
    Record, path_arg, program, read_tool_savefile, record, run, run_program, run_tool,
    run_with_stdin, sample_packets, sample_packets_nano, savefile, write_file,
};

/// Returns a classic savefile with this snaplen.
fn with_snaplen(folder: &Path, name: &str, nano: bool, snaplen: u32) -> PathBuf {
    let mut bytes = savefile(false, nano, 1, &sample_packets_nano()[..3]);
    bytes[16..20].copy_from_slice(&snaplen.to_ne_bytes());
    write_file(folder, name, &bytes)
}

#[test]
fn precision_is_that_of_the_finest_input() {
    let folder = tempfile::tempdir().unwrap();
    let with_snaplen = |name: &str, nano: bool| self::with_snaplen(folder.path(), name, nano, 2000);
    let micro = with_snaplen("a.pcap", false);
    let other = with_snaplen("b.pcap", false);
    let nano = with_snaplen("c.pcap", true);
    let ng = folder.path().join("d.pcapng");
    run_tool(
        "editcap",
        &["-F", "pcapng", path_arg(&micro), path_arg(&ng)],
    );
    for (inputs, magic) in [
        (vec![&micro], 0xa1b2_c3d4_u32),
        (vec![&micro, &other], 0xa1b2_c3d4),
        (vec![&other, &nano, &micro], 0xa1b2_3c4d),
        (vec![&nano, &micro], 0xa1b2_3c4d),
        (vec![&micro, &ng], 0xa1b2_3c4d),
    ] {
        let inputs: Vec<PathBuf> = inputs.into_iter().cloned().collect();
        for options in [&[][..], &["--append"], &["--max-open", "2"]] {
            let merged = merge(folder.path(), options, &inputs);
            assert_eq!(merged[..4], magic.to_ne_bytes());
            assert_eq!(merged[16..20], 2000_u32.to_ne_bytes(), "{inputs:?}");
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
fn the_longest_snaplen_is_kept_in_classic_pcap() {
    let folder = tempfile::tempdir().unwrap();
    let inputs = [("a.pcap", 2000), ("b.pcap", 70_000), ("c.pcap", 65_535)]
        .map(|(name, snaplen)| with_snaplen(folder.path(), name, false, snaplen));
    let tool = folder.path().join("mergecap.pcap");
    let paths = inputs.each_ref().map(|path| path_arg(path));
    run_tool(
        "mergecap",
        &[&["-aFpcap", "-w", path_arg(&tool)], &paths[..]].concat(),
    );
    // The headers differ only in the snaplen.
    let tool = read_tool_savefile(&tool);
    for options in [
        &["--append"][..],
        &["--append", "--max-open", "2"],
        &[],
        &["--max-open", "2"],
    ] {
        let merged = merge(folder.path(), options, &inputs);
        assert_eq!(merged[16..20], 70_000_u32.to_ne_bytes(), "{options:?}");
        assert_eq!(merged.len(), tool.len());
        assert!(!options.contains(&"--append") || merged[24..] == tool[24..]);
    }
}

#[test]
fn classic_pcap_holds_one_link_type() {
    let folder = tempfile::tempdir().unwrap();
    let [a, b, c] = [("a.pcap", 1), ("b.pcap", 1), ("c.pcap", 101)].map(|(name, linktype)| {
        let bytes = savefile(false, false, linktype, &sample_packets());
        write_file(folder.path(), name, &bytes)
    });
    let output = write_file(folder.path(), "out.pcap", b"precious");
    let any = write_file(folder.path(), "out", b"precious");
    for options in [&[][..], &["--append"], &["--max-open", "2"]] {
        for (output, format) in [(&output, &[][..]), (&any, &["--format", "pcap"])] {
            let ran = run(program("merge")
                .args(options)
                .args(format)
                .args([&a, &b, &c])
                .args(["-w", path_arg(output)]));
            let (a, c) = (path_arg(&a), path_arg(&c));
            let text = format!(
                "pcap-merge: cannot merge `{c}` with `{a}`: expected the link type EN10MB, found RAW; a classic \
                 savefile has one of each: name the output `.pcapng`, or use --format pcapng\n"
            );
            assert_eq!((ran.status, ran.stderr), (Some(1), text));
            assert_eq!(fs::read(output).unwrap(), b"precious");
        }
    }
}

#[test]
fn unreadable_inputs_are_reported_and_skipped() {
    let folder = tempfile::tempdir().unwrap();
    let inputs = files(
        folder.path(),
        false,
        &[&[1000, 4000], &[2000, 5000, 7000], &[3000, 6000]],
    );
    let whole = fs::read(&inputs[1]).unwrap();
    let cut = write_file(folder.path(), "cut.pcap", &whole[..whole.len() - 57]);
    let text = write_file(folder.path(), "text", b"This is no savefile, as one sees.");
    let none = folder.path().join("none.pcap");
    let empty = write_file(folder.path(), "empty.pcap", b"");
    let all = [&inputs[0], &none, &cut, &text, &inputs[2], &empty];
    let output = folder.path().join("out.pcap");
    let good = write_file(
        folder.path(),
        "good.pcap",
        &[&whole[..24], &whole[24..80]].concat(),
    );
    let good = [&inputs[0], &good, &inputs[2]].map(Clone::clone);
    for options in [&[][..], &["--append"], &["--max-open", "2"]] {
        let expected = merge(folder.path(), options, &good);
        let mut command = program("merge");
        command
            .args(options)
            .args(["--json", "-w", path_arg(&output)]);
        let ran = run(command.args(all));
        assert_eq!(ran.status, Some(1));
        let errors: Vec<&str> = ran.stderr.lines().collect();
        assert_eq!(errors.len(), 5, "{}", ran.stderr);
        // Inputs that cannot be opened are reported first.
        for (error, path) in errors.iter().zip([&none, &text, &empty, &cut]) {
            assert!(error.starts_with("pcap-merge: cannot "), "{error}");
            assert!(error.contains(&format!("`{}`", path.display())), "{error}");
        }
        assert_eq!(errors[4], "5 packets of 6 savefiles");
        let line: serde_json::Value = serde_json::from_str(ran.text()).unwrap();
        let expected_line = serde_json::json!({
            "schema": 1, "type": "file", "path": path_arg(&output), "packets": 5, "bytes": expected.len(),
            "first": line["first"], "last": "6.000000000", "inputs": 6, "unread": 4,
            "error": errors[0].strip_prefix("pcap-merge: "),
        });
        assert_eq!(line, expected_line);
        assert_eq!(line["first"], "1.000000000");
        assert_eq!(fs::read(&output).unwrap(), expected, "{options:?}");
    }
    fs::write(&output, b"precious").unwrap();
    let ran = run(program("merge")
        .args([&none, &text])
        .args(["-w", path_arg(&output)]));
    assert_eq!((ran.status, ran.stderr.lines().count()), (Some(1), 2));
    assert_eq!(fs::read(&output).unwrap(), b"precious");
}

#[test]
fn filters_are_compiled_for_each_byte_order() {
    let folder = tempfile::tempdir().unwrap();
    // A packet of IPv4, and packets of IPv6 with the address families of other systems, in both byte orders.
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
        write_file(folder.path(), name, &savefile(swapped, true, 0, &packets))
    });
    for (expression, count) in [("ip", 2), ("ip6", 6), ("not ip", 6)] {
        for options in [&["-f", expression][..], &["-f", expression, "--append"]] {
            let merged = merge(folder.path(), options, &[a.clone(), b.clone()]);
            assert_eq!(merged.len(), 24 + count * (16 + 64), "{options:?}");
        }
    }
    let out = folder.path().join("out");
    let ran = run_program(
        "merge",
        &["-f", "inbound", "-w", path_arg(&out), path_arg(&a)],
    );
    assert_eq!(ran.status, Some(1));
    assert!(ran.stderr.contains("not supported"), "{}", ran.stderr);
    assert!(!out.exists());
}

#[test]
fn filters_pipes_and_identical_files_are_handled() {
    let folder = tempfile::tempdir().unwrap();
    let whole = savefile(false, true, 1, &sample_packets_nano());
    let [a, b] = [(0, "a.pcap"), (1, "b.pcap")].map(|(which, name)| {
        let all = sample_packets_nano();
        let odd = (0..).zip(all).filter(|(n, _)| n % 2 == which);
        let packets: Vec<Record> = odd.map(|(_, packet)| packet).collect();
        write_file(folder.path(), name, &savefile(false, true, 1, &packets))
    });
    let inputs = [a.clone(), b.clone()];
    assert_eq!(merge(folder.path(), &[], &inputs), whole);
    let merged = merge(folder.path(), &["-f", "udp"], &inputs);
    let of_all = write_file(folder.path(), "all.pcap", &whole);
    let filtered = folder.path().join("filtered.pcap");
    let options = [
        "--time-stamp-precision=nano",
        "-r",
        path_arg(&of_all),
        "-w",
        path_arg(&filtered),
    ];
    run_tool("tcpdump", &[&options[..], &["udp"]].concat());
    assert_eq!(merged, read_tool_savefile(&filtered));

    let mut command = program("merge");
    let ran = run_with_stdin(
        command.args(["--json", "-w", "-", "-", path_arg(&b)]),
        &fs::read(&a).unwrap(),
    );
    assert_eq!((ran.status, ran.stdout), (Some(0), whole));
    assert!(
        ran.stderr
            .starts_with("8 packets of 2 savefiles\n{\"schema\":1,\"type\":\"file\"")
    );
    assert_eq!(run_program("merge", &["-w", "-", "-", "-"]).status, Some(2));
    assert_eq!(run_program("merge", &["-w", "-"]).status, Some(2));
    assert_eq!(
        run_program("merge", &["--max-open", "1", "-w", "-", path_arg(&a)]).status,
        Some(2)
    );
    let ran = run_program(
        "merge",
        &["-f", "tcp prot", "-w", path_arg(&filtered), path_arg(&a)],
    );
    assert_eq!(ran.status, Some(1));
    assert_eq!(merged, read_tool_savefile(&filtered));

    let before = fs::read(&b).unwrap();
    let ran = run_program("merge", &["-w", path_arg(&b), path_arg(&a), path_arg(&b)]);
    assert_eq!(ran.status, Some(1));
    assert!(
        ran.stderr.contains("it is also the input"),
        "{}",
        ran.stderr
    );
    assert_eq!(fs::read(&b).unwrap(), before);
}

/// On Unix, file names need not be text, and find(1) prints them unchanged.
#[test]
#[cfg(unix)]
fn names_in_a_list_may_contain_any_bytes() {
    use std::os::unix::ffi::OsStrExt;
    let folder = tempfile::tempdir().unwrap();
    let bytes = savefile(false, false, 1, &sample_packets());
    let mut text = Vec::new();
    for name in [&b"\xff 100%.pcap"[..], b"b.pcap"] {
        let path = folder.path().join(std::ffi::OsStr::from_bytes(name));
        fs::write(&path, &bytes).unwrap();
        text.extend(path.as_os_str().as_bytes());
        text.extend(b"\n\n");
    }
    let list = write_file(folder.path(), "names", &text);
    let output = folder.path().join("out.pcap");
    for from in [path_arg(&list), "-"] {
        let arguments = ["--append", "-w", path_arg(&output), "--files-from", from];
        let ran = common::run_with_stdin(program("merge").args(arguments), &text);
        let said = "16 packets of 2 savefiles\n";
        assert_eq!((ran.status, ran.stderr.as_str()), (Some(0), said), "{from}");
        let written = fs::read(&output).unwrap();
        assert_eq!(written[24..], [&bytes[24..], &bytes[24..]].concat());
    }
    let ran = run_program(
        "merge",
        &["-w", path_arg(&output), "--files-from", "-", "-"],
    );
    assert_eq!(ran.status, Some(2), "{}", ran.stderr);
}
