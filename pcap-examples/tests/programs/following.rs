//! `pcap-read --follow` on files that are shorter than a header when it starts.

use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::Stdio;

use crate::common::process::wait_until;
use crate::common::{path_arg, program, run_program, sample_packets_nano, savefile, write_file};
use crate::pcapng::bytes::Order;
use crate::pcapng::section;

/// Waits until a process has looked at its file: it then sleeps, and is not only stopped for a moment by a lock.
fn wait_until_asleep(process: u32) {
    let stat = format!("/proc/{process}/stat");
    let mut times = 0;
    wait_until("it sleeps", || {
        let stat = fs::read_to_string(&stat).expect("it has not ended");
        times = if stat.contains(") S ") { times + 1 } else { 0 };
        times == 3
    });
}

/// Follows a file while its bytes from `length` on are written. Returns the first lines.
fn follow(path: &Path, is_stdin: bool, rest: &[u8], lines: usize) -> Vec<String> {
    let mut command = program("read");
    match is_stdin {
        true => command
            .args(["--follow", "-"])
            .stdin(File::open(path).unwrap()),
        false => command.args(["--follow", path_arg(path)]),
    };
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    wait_until_asleep(child.id());
    let mut growing = OpenOptions::new().append(true).open(path).unwrap();
    for piece in rest.chunks(50) {
        growing.write_all(piece).unwrap();
    }
    let output = BufReader::new(child.stdout.take().unwrap());
    let lines = output.lines().take(lines).map(Result::unwrap).collect();
    assert!(child.try_wait().unwrap().is_none());
    // SAFETY: the child was not waited for yet, so its process ID is still valid.
    assert_eq!(unsafe { libc::kill(child.id() as i32, libc::SIGINT) }, 0);
    assert!(child.wait().unwrap().success());
    lines
}

#[test]
fn a_file_may_grow_from_any_length() {
    let folder = tempfile::tempdir().unwrap();
    let classic = savefile(false, true, 1, &sample_packets_nano());
    for whole in [classic, section(Order::Big).bytes] {
        let path = write_file(folder.path(), "whole", &whole);
        let expected = run_program("read", &[path_arg(&path)]).success_output();
        let expected: Vec<_> = expected.lines().collect();
        for length in [0, 1, 3, 4, 10, 23, 24, 27] {
            for is_stdin in [false, true] {
                let path = write_file(folder.path(), "growing", &whole[..length]);
                let lines = follow(&path, is_stdin, &whole[length..], expected.len());
                assert_eq!(lines, expected, "from {length} of {} bytes", whole.len());
            }
        }
    }
}
