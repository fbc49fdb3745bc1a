//! Savefile formats and headers written by `pcap-recode`.

use std::fs;

use super::{fields, recode, recoded, records};
use crate::common::{
    gunzip, gzip, path_arg, program, read_tool_savefile, run_program, run_tool, run_with_stdin,
    sample_packets, sample_packets_nano, savefile, write_file,
};

// Shows: parity/programs-dump-split-recode
#[test]
fn savefiles_match_editcap_byte_by_byte() {
    let folder = tempfile::tempdir().unwrap();
    let [ng, gz] = ["in.pcapng", "in.gz"].map(|name| folder.path().join(name));
    let [ours, theirs] = ["ours.pcap", "theirs.pcap"].map(|name| folder.path().join(name));
    for (swapped, nano) in [(false, false), (false, true), (true, false), (true, true)] {
        let bytes = savefile(swapped, nano, 1, &sample_packets_nano());
        let input = write_file(folder.path(), "in.pcap", &bytes);
        run_tool(
            "editcap",
            &["-F", "pcapng", path_arg(&input), path_arg(&ng)],
        );
        fs::write(&gz, gzip(&bytes)).unwrap();
        let same = if nano { "nsecpcap" } else { "pcap" };
        // The options of `pcap-recode` and of editcap. Without `-F`, editcap gets that of the input format.
        let mut tried = vec![
            ("", ""),
            ("--snapshot-length 60", "-s 60"),
            ("-s 1", "-s 1"),
            ("--time-stamp-precision micro", "-F pcap"),
            ("--time-stamp-precision nano", "-F nsecpcap"),
            ("--linktype RAW --relabel", "-T rawip"),
            ("--shift 3600", "-t 3600"),
            ("--shift -1.999999", "-t -1.999999"),
            (
                "-s70 --shift=0.5 --time-stamp-precision=micro -y 147 --relabel",
                "-F pcap -s 70 -t 0.5 -T user0",
            ),
        ];
        if nano {
            tried.push(("--shift -0.000000001", "-t -0.000000001"));
        }
        for (options, expected) in tried {
            let options: Vec<_> = options.split_whitespace().collect();
            let options = options.as_slice();
            let mut editcap = vec!["-F", same];
            editcap.extend(expected.split_whitespace());
            editcap.extend([path_arg(&input), path_arg(&theirs)]);
            run_tool("editcap", &editcap);
            let expected = read_tool_savefile(&theirs);
            for input in [&input, &gz] {
                let (_, bytes) = recoded(options, input, &ours);
                assert_eq!(
                    bytes, expected,
                    "{options:?} of {input:?}, {swapped} {nano}"
                );
            }
            // Also try the pcapng file, whose snaplen and precision editcap chose.
            if options.is_empty() {
                let (_, bytes) = recoded(
                    &[
                        "--time-stamp-precision",
                        if nano { "nano" } else { "micro" },
                    ],
                    &ng,
                    &ours,
                );
                assert_eq!(records(&bytes), records(&expected));
            }
            let piped = run_with_stdin(
                program("recode").args(options).args(["-", "-"]),
                &fs::read(&input).unwrap(),
            );
            assert_eq!(
                (piped.status, piped.stdout),
                (Some(0), expected),
                "{options:?}"
            );
        }
    }
}

#[test]
fn the_summary_counts_changed_packets() {
    let folder = tempfile::tempdir().unwrap();
    let input = write_file(
        folder.path(),
        "in.pcap",
        &savefile(false, false, 1, &sample_packets()),
    );
    let output = folder.path().join("out.pcap");
    let (said, _) = recoded(&["-s", "60"], &input, &output);
    let cut = sample_packets().iter().filter(|p| p.2.len() > 60).count();
    assert_eq!(said, format!("8 of 8 packets\n{cut} truncated\n"));
    let ran = run_program(
        "recode",
        &[
            "-q",
            "--json",
            "-s",
            "60",
            path_arg(&input),
            path_arg(&output),
        ],
    );
    let summary: serde_json::Value = serde_json::from_str(&ran.success_output()).unwrap();
    assert_eq!(
        summary,
        serde_json::json!({"schema": 1, "type": "summary", "read": 8, "written": 8, "skipped": 0,
            "reasons": {}, "cut": cut, "untagged": 0})
    );
    let ran = run_program("recode", &["-q", "--json", path_arg(&input), "-"]);
    assert_eq!(ran.stdout, fs::read(&input).unwrap());
    assert!(
        ran.stderr
            .starts_with("{\"schema\":1,\"type\":\"summary\",\"read\":8"),
        "{}",
        ran.stderr
    );
}

#[test]
fn pcapng_keeps_the_packets() {
    let folder = tempfile::tempdir().unwrap();
    let [ng, gz, back] = ["out.pcapng", "ng.gz", "back.pcap"].map(|name| folder.path().join(name));
    for (swapped, nano) in [(false, false), (false, true), (true, true)] {
        let whole = savefile(swapped, nano, 1, &sample_packets_nano());
        let input = write_file(folder.path(), "in.pcap", &whole);
        let expected = savefile(false, nano, 1, &sample_packets_nano());
        let (said, bytes) = recoded(&["--format", "pcapng"], &input, &ng);
        assert_eq!(said, "8 of 8 packets\n");
        assert_eq!(bytes[..4], [0x0a, 0x0d, 0x0d, 0x0a]);
        // Compare the packets after conversion back to pcap by editcap and by this program, and as tshark reads them.
        let format = if nano { "nsecpcap" } else { "pcap" };
        run_tool("editcap", &["-F", format, path_arg(&ng), path_arg(&back)]);
        // Compare only records: editcap does not keep the snaplen in the header.
        let theirs = read_tool_savefile(&back);
        assert!(records(&theirs) == records(&expected), "{swapped} {nano}");
        let precision = [
            "--time-stamp-precision",
            if nano { "nano" } else { "micro" },
        ];
        assert!(recoded(&precision, &ng, &back).1 == expected);
        let names = ["frame.time_epoch", "frame.cap_len", "frame.len", "ip.src"];
        assert_eq!(fields(&ng, &names), fields(&input, &names));
        let (_, packed) = recoded(&["--format", "pcapng"], &input, &gz);
        assert_eq!(gunzip(&packed), bytes);
        let piped = run_with_stdin(
            program("recode").args(["--format=pcapng", "-", "-"]),
            &whole,
        );
        assert_eq!((piped.status, piped.stdout), (Some(0), bytes));
    }
    // pcapng can be combined with all other options.
    let input = write_file(
        folder.path(),
        "in.pcap",
        &savefile(false, false, 1, &sample_packets()),
    );
    let options = ["-y", "RAW", "-s", "40", "--shift", "0.000000001"];
    let options = [&options[..], &["--time-stamp-precision", "nano"]].concat();
    let (_, expected) = recoded(&options, &input, &back);
    recoded(
        &[&options[..], &["--format", "pcapng"]].concat(),
        &input,
        &ng,
    );
    assert_eq!(recoded(&[], &ng, &back).1, expected);
}

#[test]
fn unchanged_header_fields_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    // The header declares a frame check sequence of four bytes.
    let bytes = savefile(false, true, 0x2400_0001, &sample_packets_nano());
    let input = write_file(folder.path(), "in.pcap", &bytes);
    let output = folder.path().join("out.pcap");
    assert_eq!(recoded(&[], &input, &output).1, bytes);
    let (_, shifted) = recoded(&["--shift", "1"], &input, &output);
    assert_eq!(shifted[..24], bytes[..24]);
    for (options, linktype) in [
        (&["-s", "40"][..], 0x2400_0001_u32),
        (&["--time-stamp-precision", "micro"], 0x2400_0001),
        (&["-y", "RAW"], 101),
    ] {
        let (_, changed) = recoded(options, &input, &output);
        assert_eq!(changed[20..24], linktype.to_ne_bytes(), "{options:?}");
    }
}

#[test]
fn unrepresentable_times_are_reported() {
    let folder = tempfile::tempdir().unwrap();
    let input = write_file(
        folder.path(),
        "in.pcap",
        &savefile(false, false, 1, &sample_packets()),
    );
    let output = folder.path().join("out.pcap");
    let ran = recode(&["--shift", "-1700000004"], &input, &output);
    assert_eq!(ran.status, Some(1));
    assert!(
        ran.stderr.contains("pcap-recode: packet 1: cannot write `") && ran.stderr.contains("1970"),
        "{}",
        ran.stderr
    );
    let ran = recode(&["--shift", "0.0000001"], &input, &output);
    assert_eq!(ran.status, Some(1));
    assert!(
        ran.stderr.contains("--time-stamp-precision nano"),
        "{}",
        ran.stderr
    );
}

#[test]
fn the_length_of_the_frame_check_sequence_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    // The upper bits declare four bytes, in units of two.
    let linktype: u32 = 0x2400_0001;
    let bytes = savefile(false, false, linktype, &sample_packets());
    let classic = write_file(folder.path(), "a.pcap", &bytes);
    let [ng, output] = ["a.pcapng", "b.pcap"].map(|name| folder.path().join(name));
    let [classic, ng, output] = [&classic, &ng, &output].map(|path| path_arg(path));
    run_program("recode", &["-q", classic, ng]).success_output();
    for (name, arguments) in [
        ("recode", &["-q", ng, output][..]),
        ("filter", &["-q", ng, output]),
        ("merge", &["-q", "-w", output, ng]),
        ("merge", &["-q", "-w", output, ng, classic]),
    ] {
        let ran = run_program(name, arguments);
        assert_eq!(ran.status, Some(0), "{name}: {}", ran.stderr);
        let copied = fs::read(output).unwrap();
        assert_eq!(copied[20..24], linktype.to_ne_bytes(), "{name}");
    }
    let prefix = folder.path().join("part.pcap");
    let options = ["-q", "--packets", "99", "-o", path_arg(&prefix), ng];
    run_program("split", &options).success_output();
    let part = fs::read(folder.path().join("part-00000.pcap")).unwrap();
    assert_eq!(part[20..24], linktype.to_ne_bytes());
}
