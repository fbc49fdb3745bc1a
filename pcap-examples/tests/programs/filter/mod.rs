//! Tests of `pcap-filter`, compared with tcpdump: both write the same savefiles.

mod duplicates;
mod ranges;
mod sorting;

use std::fs;
use std::path::Path;

use crate::common;
use crate::common::{
    not_written, path_arg, program, read_tool_savefile, record, run, run_into_broken_pipe,
    run_program, run_tool, run_with_stdin, sample_packets, sample_packets_nano, savefile,
    write_file, written_and_error,
};

/// Runs `pcap-filter` with these options, and returns what it wrote beside the input.
fn filtered(input: &Path, name: &str, options: &[&str]) -> Vec<u8> {
    let output = input.with_file_name(name);
    let files = [path_arg(input), path_arg(&output)];
    let ran = run_program("filter", &[&files, options].concat());
    assert_eq!(ran.status, Some(0), "{options:?}: {}", ran.stderr);
    fs::read(&output).unwrap()
}

/// Returns what tcpdump writes for the same savefile and filter.
fn by_tcpdump(folder: &Path, input: &Path, nano: bool, expression: &str) -> Vec<u8> {
    let path = folder.join("tcpdump.pcap");
    let precision = if nano { "nano" } else { "micro" };
    let precision = format!("--time-stamp-precision={precision}");
    run_tool(
        "tcpdump",
        &[
            &precision,
            "-r",
            path_arg(input),
            "-w",
            path_arg(&path),
            expression,
        ],
    );
    read_tool_savefile(&path)
}

#[test]
fn quiet_copies_print_only_errors() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = savefile(false, false, 1, &sample_packets());
    let input = write_file(folder.path(), "in.pcap", &bytes);
    let output = folder.path().join("out.pcap");
    let paths = [path_arg(&input), path_arg(&output)];
    for options in [&["-q"][..], &["--quiet", "--dedup"]] {
        let copied = run_program("filter", &[&paths, options].concat());
        assert_eq!(copied.success_output(), "");
    }
    let json = run_program("filter", &[&paths[..], &["-q", "--json"]].concat());
    assert!(json.success_output().contains("\"written\":8"));
    let cut = write_file(folder.path(), "cut.pcap", &bytes[..bytes.len() - 3]);
    let damaged = run_program("filter", &["-q", path_arg(&cut), path_arg(&output)]);
    assert_eq!(damaged.status, Some(1));
    assert!(damaged.stderr.starts_with("pcap-filter: "), "{damaged:?}");
}

// Shows: parity/programs-dump-split-recode
#[test]
fn savefiles_match_tcpdump_byte_by_byte() {
    let folder = tempfile::tempdir().unwrap();
    for (swapped, nano) in [(false, false), (false, true), (true, false), (true, true)] {
        let bytes = savefile(swapped, nano, 1, &sample_packets_nano());
        let input = write_file(folder.path(), "in.pcap", &bytes);
        let output = folder.path().join("out.pcap");
        for (expression, passed) in [("udp", 3), ("tcp and greater 100", 2), ("", 8), ("ip6", 1)] {
            let mut command = program("filter");
            let ran = run(command.args([&input, &output]).args(["-f", expression]));
            let expected = by_tcpdump(folder.path(), &input, nano, expression);
            assert_eq!(
                ran.stderr,
                format!("{passed} of 8 packets\n"),
                "{expression}"
            );
            assert_eq!((ran.status, ran.stdout.as_slice()), (Some(0), &b""[..]));
            assert_eq!(fs::read(&output).unwrap(), expected, "{expression}");
            let piped =
                run_with_stdin(program("filter").args(["-", "-", "-f", expression]), &bytes);
            assert_eq!((piped.status, piped.stdout), (Some(0), expected));
        }
    }
}

#[test]
fn link_type_and_precision_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let bare: Vec<_> = sample_packets_nano()
        .into_iter()
        .map(|(s, n, data, _)| record(s, n, data[14..].to_vec()))
        .collect();
    let input = write_file(folder.path(), "in.pcap", &savefile(true, true, 101, &bare));
    let [ng, output] = ["in.pcapng", "out.pcap"].map(|name| folder.path().join(name));
    run_tool(
        "editcap",
        &["-F", "pcapng", path_arg(&input), path_arg(&ng)],
    );
    for input in [&input, &ng] {
        let ran = run_program("filter", &[path_arg(input), path_arg(&output), "-f", "udp"]);
        assert_eq!(
            (ran.status, ran.stderr.as_str()),
            (Some(0), "3 of 8 packets\n")
        );
        let bytes = fs::read(&output).unwrap();
        assert_eq!(bytes[..4], 0xa1b2_3c4d_u32.to_ne_bytes());
        assert_eq!(bytes[20..24], 101_u32.to_ne_bytes());
        let expected =
            run_program("read", &["--raw", "-f", "udp", path_arg(input)]).success_output();
        assert_eq!(
            run_program("read", &["--raw", path_arg(&output)]).success_output(),
            expected
        );
    }
}

#[cfg(unix)]
#[test]
fn the_input_is_not_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = savefile(false, false, 1, &sample_packets());
    let input = write_file(folder.path(), "in.pcap", &bytes);
    let [link, hard] = ["symbolic", "hard"].map(|name| folder.path().join(name));
    std::os::unix::fs::symlink(&input, &link).unwrap();
    fs::hard_link(&input, &hard).unwrap();
    for output in [&input, &link, &hard] {
        let ran = run_program("filter", &[path_arg(&input), path_arg(output), "-f", "udp"]);
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
fn an_early_error_leaves_the_output_unchanged() {
    let folder = tempfile::tempdir().unwrap();
    let input = write_file(
        folder.path(),
        "in.pcap",
        &savefile(false, false, 1, &sample_packets()),
    );
    let output = write_file(folder.path(), "out.pcap", b"precious");
    for (arguments, status) in [
        (
            &[path_arg(&input), path_arg(&output), "-f", "tcp prot"][..],
            1,
        ),
        (&["/no/such/file", path_arg(&output), "-f", "tcp"], 1),
        (&[path_arg(&input)], 2),
        (&["--fast", path_arg(&input), path_arg(&output)], 2),
    ] {
        let ran = run_program("filter", arguments);
        assert_eq!(ran.status, Some(status), "{arguments:?}: {}", ran.stderr);
        assert!(!ran.stderr.is_empty());
        assert_eq!(fs::read(&output).unwrap(), b"precious");
    }
    let ran = run_program(
        "filter",
        &[path_arg(&input), "/no/such/folder/out.pcap", "-f", "tcp"],
    );
    assert_eq!(ran.status, Some(1));
    assert!(
        ran.stderr
            .starts_with("pcap-filter: cannot create `/no/such/folder/out.pcap`: ")
    );
}

#[test]
fn packets_before_the_damage_are_copied() {
    let folder = tempfile::tempdir().unwrap();
    let whole = savefile(false, false, 1, &sample_packets());
    let input = write_file(folder.path(), "in.pcap", &whole[..whole.len() - 1]);
    let output = folder.path().join("out.pcap");
    let ran = run_program(
        "filter",
        &[path_arg(&input), path_arg(&output), "-f", "udp"],
    );
    assert_eq!(ran.status, Some(1));
    let (summary, error) = ran.stderr.split_once('\n').unwrap();
    assert_eq!(summary, "2 of 7 packets");
    assert!(error.starts_with("pcap-filter: cannot read "), "{error}");
    assert!(error.contains("truncated"), "{error}");
    assert_eq!(
        run_program("read", &["--count", path_arg(&output)]).success_output(),
        "2\n"
    );
}

#[test]
fn a_savefile_whose_reader_closed_the_pipe_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let many: Vec<_> = (0..20_000).map(|n| record(n, 0, vec![0; 100])).collect();
    let input = write_file(folder.path(), "in.pcap", &savefile(false, false, 1, &many));
    let ran = run_into_broken_pipe(program("filter").args([path_arg(&input), "-"]));
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
    let input = write_file(folder.path(), "in.pcap", &savefile(false, false, 1, &many));
    let (status, error, rest) = common::live::on_small_disk(folder.path(), |output| {
        let mut command = program("filter");
        command.args([path_arg(&input), output]);
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
fn ctrl_c_leaves_a_complete_savefile() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("out.pcap");
    let mut command = program("filter");
    command.args(["-", path_arg(&output)]);
    let (status, error) = common::live::interrupt(&mut command, &output);
    assert_eq!(status, Some(1), "{error}");
    let (summary, text) = error.split_once('\n').unwrap();
    assert_eq!(text, "pcap-filter: stopped before the end of `-`\n");
    let read: usize = summary.split(' ').next().unwrap().parse().unwrap();
    let written = fs::read(&output).unwrap();
    assert_eq!(written[24..], common::live::endless(read)[24..]);
}
