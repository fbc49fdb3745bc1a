//! Errors and signals of `pcap-merge`.

use std::fs;

use crate::common;
use crate::common::{
    Record, not_written, path_arg, program, record, run_into_broken_pipe, savefile, write_file,
    written_and_error,
};

#[test]
fn a_savefile_whose_reader_closed_the_pipe_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let many: Vec<Record> = (0..20_000).map(|n| record(n, 0, vec![0; 100])).collect();
    let input = write_file(folder.path(), "in.pcap", &savefile(false, false, 1, &many));
    let ran = run_into_broken_pipe(program("merge").args([path_arg(&input), "-w", "-"]));
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
    // The JSON line agrees with the messages.
    let ran = run_into_broken_pipe(program("merge").args(["--json", path_arg(&input), "-w", "-"]));
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
fn ctrl_c_keeps_all_packets_read() {
    for options in [&[][..], &["--append"]] {
        let folder = tempfile::tempdir().unwrap();
        let output = folder.path().join("out.pcap");
        let mut command = program("merge");
        command.args(options).args(["-w", path_arg(&output), "-"]);
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
    let input = write_file(folder.path(), "in.pcap", &savefile(false, false, 1, &many));
    let (status, error, rest) = common::live::on_small_disk(folder.path(), |output| {
        let mut command = program("merge");
        command.args([path_arg(&input), "-w", output]);
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

/// A pipe that is idle in the middle of a block, and one without packets.
#[cfg(target_os = "linux")]
#[test]
fn ctrl_c_completes_a_pcapng_output() {
    use super::blocks::{Builder, kind, parse};
    use common::process::{Process, wait_until};
    use std::io::Write;
    let file = Builder::new(false, &[]).interface(1, 0, &[]);
    let empty = file.clone();
    let file = file
        .packet(0, 1, &[1; 60], &[])
        .packet(0, 2, &[2; 60], &[])
        .secrets(b"the last block");
    let cut = file.clone().packet(0, 3, &[3; 60], &[]).bytes;
    let cut = cut[..cut.len() - 30].to_vec();
    for (bytes, complete) in [(&empty.bytes, &empty.bytes), (&cut, &file.bytes)] {
        for options in [&[][..], &["--append"]] {
            let folder = tempfile::tempdir().unwrap();
            let output = folder.path().join("out.pcapng");
            let mut command = program("merge");
            command.args(options).args(["-w", path_arg(&output), "-"]);
            let mut process = Process::piped(&mut command);
            let mut stdin = process.child().stdin.take().unwrap();
            stdin.write_all(bytes).unwrap();
            stdin.flush().unwrap();
            wait_until("all blocks are written", || {
                fs::read(&output).is_ok_and(|written| written.len() == complete.len())
            });
            process.signal(libc::SIGINT);
            let ran = process.end();
            assert_eq!(ran.status, Some(1), "{}", ran.stderr);
            assert!(ran.stderr.contains("stopped: "), "{}", ran.stderr);
            let written = fs::read(&output).unwrap();
            assert_eq!(&written, complete);
            let blocks = parse(&written);
            assert_eq!(
                blocks.last().map(|block| block.kind),
                match bytes == complete {
                    true => Some(kind::INTERFACE),
                    false => Some(kind::SECRETS),
                }
            );
            drop(stdin);
        }
    }
}
