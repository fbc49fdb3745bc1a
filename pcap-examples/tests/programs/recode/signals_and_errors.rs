//! Errors and signals of `pcap-recode`.

use std::fs;

use super::{recode, records};
use crate::common::{
    self, gunzip, not_written, path_arg, program, record, run_into_broken_pipe, run_program,
    run_tool, sample_packets, savefile, write_file, written_and_error,
};

#[test]
fn early_errors_leave_the_output_unchanged() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = savefile(false, false, 1, &sample_packets());
    let input = write_file(folder.path(), "in.pcap", &bytes);
    let output = write_file(folder.path(), "out.pcap", b"precious");
    let (i, o) = (path_arg(&input), path_arg(&output));
    for (arguments, status, text) in [
        (
            &["/no/such/file", o][..],
            1,
            "pcap-recode: cannot open `/no/such/file`: ",
        ),
        (&[i], 2, "OUT"),
        (&["--skip", i, o], 2, "--linktype"),
        (&["--relabel", i, o], 2, "--linktype"),
        (
            &["-y", "RAW", "--skip", "--relabel", i, o],
            2,
            "cannot be used with",
        ),
        (&["-y", "pigeon", i, o], 2, "pigeon"),
        (&["-s", "0", i, o], 2, "0"),
        (&["--shift", "soon", i, o], 2, "a number of seconds"),
        (&["--time-stamp-precision", "pico", i, o], 2, "micro, nano"),
        (&["--format", "text", i, o], 2, "pcap, pcapng"),
        (&["-y", "USB_LINUX", i, o], 1, "cannot convert"),
    ] {
        let ran = run_program("recode", arguments);
        assert_eq!(ran.status, Some(status), "{arguments:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(text), "{arguments:?}: {}", ran.stderr);
        assert_eq!(fs::read(&output).unwrap(), b"precious");
    }
    let ran = run_program("recode", &[i, i]);
    assert_eq!(ran.status, Some(1));
    assert!(
        ran.stderr.contains("it is also the input"),
        "{}",
        ran.stderr
    );
    assert_eq!(fs::read(&input).unwrap(), bytes);
    for name in ["/no/such/folder/a.pcap", "/no/such/folder/a.pcap.gz"] {
        let ran = run_program("recode", &[i, name]);
        let start = format!("pcap-recode: cannot create `{name}`: ");
        assert!(
            ran.status == Some(1) && ran.stderr.starts_with(&start),
            "{}",
            ran.stderr
        );
    }
}

#[test]
fn packets_before_the_damage_are_copied() {
    let folder = tempfile::tempdir().unwrap();
    let whole = savefile(false, false, 1, &sample_packets());
    let input = write_file(folder.path(), "in.pcap", &whole[..whole.len() - 1]);
    let output = folder.path().join("out.pcap.gz");
    let ran = recode(&[], &input, &output);
    assert_eq!(ran.status, Some(1));
    let (summary, error) = ran.stderr.split_once('\n').unwrap();
    assert_eq!(summary, "7 of 7 packets");
    assert!(
        error.starts_with("pcap-recode: cannot read ") && error.contains("truncated"),
        "{error}"
    );
    assert_eq!(
        gunzip(&fs::read(&output).unwrap()),
        savefile(false, false, 1, &sample_packets()[..7])
    );
}

#[test]
fn a_savefile_whose_reader_closed_the_pipe_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let many: Vec<_> = (0..40_000_u32)
        .map(|n| record(n, 0, n.wrapping_mul(2_654_435_761).to_le_bytes().repeat(25)))
        .collect();
    let input = write_file(folder.path(), "in.pcap", &savefile(false, false, 1, &many));
    for options in [&[][..], &["--compress", "gzip"], &["--format", "pcapng"]] {
        let ran = run_into_broken_pipe(
            program("recode")
                .args(options)
                .args([path_arg(&input), "-"]),
        );
        assert_eq!(ran.status, Some(1), "{}", ran.stderr);
        let (written, error) = written_and_error(&ran.stderr);
        assert!(written < 40_000, "{}", ran.stderr);
        assert!(not_written(&ran.stderr) > 0, "{}", ran.stderr);
        assert!(
            error.starts_with("pcap-recode: cannot write `-`: Broken pipe"),
            "{error}"
        );
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error_that_names_the_file() {
    if !common::live::is_root() {
        return;
    }
    let many: Vec<_> = (0..200_000_u32)
        .map(|n| {
            record(
                n,
                n % 1_000_000_000,
                n.wrapping_mul(2_654_435_761).to_le_bytes().repeat(5),
            )
        })
        .collect();
    let pcapng = ["--format", "pcapng"];
    for options in [&[][..], &["--compress", "gzip"], &pcapng] {
        let folder = tempfile::tempdir().unwrap();
        let input = write_file(folder.path(), "in.pcap", &savefile(false, true, 1, &many));
        let (status, error, _) = common::live::on_small_disk(folder.path(), |output| {
            let mut command = program("recode");
            command.args(options).args([path_arg(&input), output]);
            command
        });
        assert_eq!(status, 1, "{error}");
        let (written, error) = written_and_error(&error);
        assert!(written < 200_000, "{written}");
        assert!(error.starts_with("pcap-recode: cannot write `"), "{error}");
        assert!(
            error.contains("/out.pcap`: No space left on device"),
            "{error}"
        );
    }
}

#[cfg(target_os = "linux")]
#[test]
fn ctrl_c_leaves_a_complete_savefile() {
    use std::io::Write;
    use std::process::Stdio;
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("out.pcap.gz");
    let bytes = savefile(false, false, 1, &sample_packets());
    let mut command = program("recode");
    command
        .args(["-", path_arg(&output)])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(&bytes).unwrap();
    // Once the output exists, the program handles Ctrl-C.
    let start = std::time::Instant::now();
    while !output.exists() {
        assert!(start.elapsed().as_secs() < 10, "it does not begin");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    // SAFETY: the child was not waited for yet, so its process ID is still valid.
    assert_eq!(unsafe { libc::kill(child.id() as i32, libc::SIGINT) }, 0);
    std::thread::sleep(std::time::Duration::from_millis(100));
    // The program may not have noticed the signal yet, so send more packets.
    let rest = records(&bytes).repeat(20_000);
    let _ = stdin.write_all(&rest);
    drop(stdin);
    let ran = child.wait_with_output().unwrap();
    let error = String::from_utf8(ran.stderr).unwrap();
    assert_eq!(ran.status.code(), Some(1), "{error}");
    assert!(
        error.ends_with("pcap-recode: stopped before the end of `-`\n"),
        "{error}"
    );
    let copied = gunzip(&fs::read(&output).unwrap());
    // The savefile contains the packets read before the signal, and is complete.
    assert!([bytes, rest.clone()].concat().starts_with(&copied));
    run_tool(
        "tcpdump",
        &[
            "-r",
            path_arg(&write_file(folder.path(), "copy.pcap", &copied)),
        ],
    );
    assert!(copied.len() < rest.len());
}
