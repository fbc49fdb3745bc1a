//! `pcap-filter` against tcpdump: the same savefiles.

use std::fs;
use std::path::Path;

use crate::common;
use crate::common::{
    arg, by_tool, feed, file, nano_packets, not_written, ours, packets, program, record, run,
    run_into_broken_pipe, savefile, tool, written_and_error,
};

/// Returns what tcpdump writes for the same savefile and filter.
fn by_tcpdump(folder: &Path, input: &Path, nano: bool, expression: &str) -> Vec<u8> {
    let path = folder.join("tcpdump.pcap");
    let precision = if nano { "nano" } else { "micro" };
    let precision = format!("--time-stamp-precision={precision}");
    tool(
        "tcpdump",
        &[&precision, "-r", arg(input), "-w", arg(&path), expression],
    );
    by_tool(&path)
}

// Shows: parity/programs-dump-split-recode
#[test]
fn savefiles_are_those_of_tcpdump_byte_by_byte() {
    let folder = tempfile::tempdir().unwrap();
    for (swapped, nano) in [(false, false), (false, true), (true, false), (true, true)] {
        let bytes = savefile(swapped, nano, 1, &nano_packets());
        let input = file(folder.path(), "in.pcap", &bytes);
        let output = folder.path().join("out.pcap");
        for (expression, passed) in [("udp", 3), ("tcp and greater 100", 2), ("", 8), ("ip6", 1)] {
            let mut command = program("filter");
            let ran = run(command.args([&input, &output]).args(expression.split(' ')));
            let expected = by_tcpdump(folder.path(), &input, nano, expression);
            assert_eq!(
                ran.stderr,
                format!("{passed} of 8 packets\n"),
                "{expression}"
            );
            assert_eq!((ran.status, ran.stdout.as_slice()), (Some(0), &b""[..]));
            assert_eq!(fs::read(&output).unwrap(), expected, "{expression}");
            let piped = feed(program("filter").args(["-", "-", expression]), &bytes);
            assert_eq!((piped.status, piped.stdout), (Some(0), expected));
        }
    }
}

#[test]
fn link_type_and_precision_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let bare: Vec<_> = nano_packets()
        .into_iter()
        .map(|(s, n, data, _)| record(s, n, data[14..].to_vec()))
        .collect();
    let input = file(folder.path(), "in.pcap", &savefile(true, true, 101, &bare));
    let [ng, output] = ["in.pcapng", "out.pcap"].map(|name| folder.path().join(name));
    tool("editcap", &["-F", "pcapng", arg(&input), arg(&ng)]);
    for input in [&input, &ng] {
        let ran = ours("filter", &[arg(input), arg(&output), "udp"]);
        assert_eq!(
            (ran.status, ran.stderr.as_str()),
            (Some(0), "3 of 8 packets\n")
        );
        let bytes = fs::read(&output).unwrap();
        assert_eq!(bytes[..4], 0xa1b2_3c4d_u32.to_ne_bytes());
        assert_eq!(bytes[20..24], 101_u32.to_ne_bytes());
        let expected = ours("read", &["--raw", "-f", "udp", arg(input)]).good();
        assert_eq!(ours("read", &["--raw", arg(&output)]).good(), expected);
    }
}

#[cfg(unix)]
#[test]
fn a_savefile_is_not_written_over_itself() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = savefile(false, false, 1, &packets());
    let input = file(folder.path(), "in.pcap", &bytes);
    let [link, hard] = ["symbolic", "hard"].map(|name| folder.path().join(name));
    std::os::unix::fs::symlink(&input, &link).unwrap();
    fs::hard_link(&input, &hard).unwrap();
    for output in [&input, &link, &hard] {
        let ran = ours("filter", &[arg(&input), arg(output), "udp"]);
        assert_eq!(ran.status, Some(1));
        assert!(
            ran.stderr.contains("it is also the input"),
            "{}",
            ran.stderr
        );
        assert_eq!(fs::read(&input).unwrap(), bytes);
    }
}

#[test]
fn an_error_leaves_what_was_there_before() {
    let folder = tempfile::tempdir().unwrap();
    let input = file(
        folder.path(),
        "in.pcap",
        &savefile(false, false, 1, &packets()),
    );
    let output = file(folder.path(), "out.pcap", b"precious");
    for (arguments, status) in [
        (&[arg(&input), arg(&output), "tcp", "prot"][..], 1),
        (&["/no/such/file", arg(&output), "tcp"], 1),
        (&[arg(&input)], 2),
        (&["--fast", arg(&input), arg(&output)], 2),
    ] {
        let ran = ours("filter", arguments);
        assert_eq!(ran.status, Some(status), "{arguments:?}: {}", ran.stderr);
        assert!(!ran.stderr.is_empty());
        assert_eq!(fs::read(&output).unwrap(), b"precious");
    }
    let ran = ours("filter", &[arg(&input), "/no/such/folder/out.pcap", "tcp"]);
    assert_eq!(ran.status, Some(1));
    assert!(
        ran.stderr
            .starts_with("pcap-filter: cannot create `/no/such/folder/out.pcap`: ")
    );
}

#[test]
fn a_damaged_file_is_copied_to_the_damage() {
    let folder = tempfile::tempdir().unwrap();
    let whole = savefile(false, false, 1, &packets());
    let input = file(folder.path(), "in.pcap", &whole[..whole.len() - 1]);
    let output = folder.path().join("out.pcap");
    let ran = ours("filter", &[arg(&input), arg(&output), "udp"]);
    assert_eq!(ran.status, Some(1));
    let (summary, error) = ran.stderr.split_once('\n').unwrap();
    assert_eq!(summary, "2 of 7 packets");
    assert!(error.starts_with("pcap-filter: cannot read "), "{error}");
    assert!(error.contains("truncated"), "{error}");
    assert_eq!(ours("read", &["--count", arg(&output)]).good(), "2\n");
}

#[test]
fn a_savefile_without_a_reader_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let many: Vec<_> = (0..20_000).map(|n| record(n, 0, vec![0; 100])).collect();
    let input = file(folder.path(), "in.pcap", &savefile(false, false, 1, &many));
    let ran = run_into_broken_pipe(program("filter").args([arg(&input), "-"]));
    assert_eq!(ran.status, Some(1), "{}", ran.stderr);
    let (written, error) = written_and_error(&ran.stderr);
    let missing = not_written(&ran.stderr);
    assert!(written < 20_000 && missing > 0, "{}", ran.stderr);
    assert!(
        error.starts_with("pcap-filter: cannot write `-`: Broken pipe"),
        "{error}"
    );
    let read = written as u64 + missing;
    let summary = format!("{written} of {read} packets\n");
    assert!(ran.stderr.starts_with(&summary), "{}", ran.stderr);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error_that_names_the_file() {
    if !common::live::is_root() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let many: Vec<_> = (0..2000).map(|n| record(n, 0, vec![0; 1000])).collect();
    let input = file(folder.path(), "in.pcap", &savefile(false, false, 1, &many));
    let (status, error, rest) = common::live::on_small_disk(folder.path(), |output| {
        let mut command = program("filter");
        command.args([arg(&input), output]);
        command
    });
    assert_eq!(status, 1, "{error}");
    let (written, error) = written_and_error(&error);
    assert!(error.starts_with("pcap-filter: cannot write `"), "{error}");
    assert!(
        error.contains("/out.pcap`: No space left on device"),
        "{error}"
    );
    assert_eq!(written, rest);
    assert!(rest > 900, "{rest} packets of a megabyte");
}

#[cfg(target_os = "linux")]
#[test]
fn ctrl_c_leaves_a_whole_savefile() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("out.pcap");
    let mut command = program("filter");
    command.args(["-", arg(&output)]);
    let (status, error) = common::live::interrupt(&mut command, &output);
    assert_eq!(status, Some(1), "{error}");
    let (summary, text) = error.split_once('\n').unwrap();
    assert_eq!(text, "pcap-filter: stopped before the end of `-`\n");
    let read: usize = summary.split(' ').next().unwrap().parse().unwrap();
    let written = fs::read(&output).unwrap();
    assert_eq!(written[24..], common::live::endless(read)[24..]);
}
