//! Ctrl-C ends a program that waits for data in a pipe.

use std::fs;
use std::io::Write;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use crate::common::{path_arg, program, run_tool, sample_packets, savefile};

#[test]
fn ctrl_c_ends_a_wait_for_a_pipe() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("out-00000.pcap");
    let prefix = folder.path().join("out");
    let mut bytes = savefile(false, false, 1, &sample_packets());
    // Add the beginning of another packet.
    bytes.extend([0; 9]);
    for words in [
        &["filter", "-", path_arg(&output)][..],
        &["recode", "-", path_arg(&output)],
        &["merge", "-", "-w", path_arg(&output)],
        &["merge", "--append", "-", "-w", path_arg(&output)],
        &["split", "-", "--packets", "100", "-o", path_arg(&prefix)],
    ] {
        let mut child = program(words[0])
            .args(&words[1..])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(&bytes).unwrap();
        let start = Instant::now();
        let wait = |end: &mut dyn FnMut() -> bool| {
            while !end() {
                assert!(start.elapsed() < Duration::from_secs(20), "{words:?}");
                thread::sleep(Duration::from_millis(5));
            }
        };
        wait(&mut || output.exists());
        // SAFETY: the child was not waited for yet, so its process ID is still valid.
        assert_eq!(unsafe { libc::kill(child.id() as i32, libc::SIGINT) }, 0);
        let mut status = None;
        wait(&mut || {
            status = child.try_wait().unwrap();
            status.is_some()
        });
        // Keep the pipe open until the program has ended.
        drop(stdin);
        let ran = child.wait_with_output().unwrap();
        let error = String::from_utf8(ran.stderr).unwrap();
        assert_eq!(ran.status.code(), Some(1), "{words:?}: {error}");
        assert!(error.contains(": stopped"), "{words:?}: {error}");
        assert!(!error.contains("truncated"), "{words:?}: {error}");
        run_tool("tcpdump", &["-r", path_arg(&output)]);
        fs::remove_file(&output).unwrap();
    }
}

/// The FIFO is open, but contains no data or only the header of a savefile.
#[test]
fn ctrl_c_ends_a_wait_for_a_fifo() {
    let folder = tempfile::tempdir().unwrap();
    let (fifo, output) = (folder.path().join("fifo"), folder.path().join("out.pcap"));
    run_tool("mkfifo", &[path_arg(&fifo)]);
    let header = savefile(false, false, 1, &[]);
    for (words, bytes) in [
        (&["read", path_arg(&fifo)][..], &header[..]),
        (&["read", path_arg(&fifo)], &[]),
        (&["filter", path_arg(&fifo), path_arg(&output)], &header),
        (&["filter", path_arg(&fifo), path_arg(&output)], &[]),
    ] {
        let mut child = program(words[0])
            .args(&words[1..])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // Opening the FIFO waits until the program has opened it, too.
        let mut writer = fs::File::options().write(true).open(&fifo).unwrap();
        writer.write_all(bytes).unwrap();
        // Give the program time to read the header and to wait for more data.
        thread::sleep(Duration::from_millis(200));
        // SAFETY: the child was not waited for yet, so its process ID is still valid.
        assert_eq!(unsafe { libc::kill(child.id() as i32, libc::SIGINT) }, 0);
        let asked = Instant::now();
        while child.try_wait().unwrap().is_none() {
            assert!(asked.elapsed() < Duration::from_secs(1), "{words:?}");
            thread::sleep(Duration::from_millis(1));
        }
        assert!(!child.wait().unwrap().success(), "{words:?}");
        drop(writer);
    }
}
