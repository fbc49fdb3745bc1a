//! The outputs of the programs: data appears promptly, and failures are reported.

use std::fs::{self, OpenOptions};
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use crate::common::live::{Running, Sender, in_netns};
use crate::common::process::{Lines, Process, wait_until, whole_packets};
use crate::common::{
    RunResult, path_arg, program, run, run_program, run_tool, run_with_stdin, sample_packets,
    savefile, write_file, written_and_error,
};

pub(crate) fn command(words: &[&str]) -> Command {
    let mut command = program(words[0]);
    command.args(&words[1..]);
    command
}

fn packets_in(path: &Path) -> u64 {
    whole_packets(&fs::read(path).unwrap_or_default()).0
}

/// Returns the number of packets that can be decompressed from an incomplete file.
fn packets_in_gzip(path: &Path) -> u64 {
    let mut bytes = Vec::new();
    let compressed = fs::read(path).unwrap_or_default();
    // Ignore the error: the end of the file is missing.
    let _ = flate2::read::GzDecoder::new(&compressed[..]).read_to_end(&mut bytes);
    whole_packets(&bytes).0
}

#[test]
#[cfg_attr(emulated, ignore = "qemu-user has no packet sockets")]
fn few_captured_packets_are_written_promptly() {
    in_netns(|| {
        let folder = tempfile::tempdir().unwrap();
        let sender = Sender::new();
        let gz = folder.path().join("a.pcap.gz");
        let plain = folder.path().join("a.pcap");
        for (path, count) in [
            (&plain, packets_in as fn(&Path) -> u64),
            (&gz, packets_in_gzip),
        ] {
            let words = ["capture", "-i", "lo", "-w", path_arg(path), "udp"];
            let mut running = Running::start(&mut command(&words));
            sender.send(50, 64);
            wait_until("they are in the file", || count(path) == 50);
            sender.send(1, 64);
            wait_until("one more is in the file", || count(path) == 51);
            // All packets are already written, so even SIGKILL loses none.
            running.signal(libc::SIGKILL);
            running.child().wait().unwrap();
            assert_eq!(count(path), 51);
        }
        let words = ["capture", "-i", "lo", "-w", "-", "udp"];
        let mut running = Running::start(&mut command(&words));
        sender.send(50, 64);
        let mut bytes = vec![0; 24 + 50 * (16 + 42 + 64)];
        let stdout = running.child().stdout.as_mut().unwrap();
        stdout.read_exact(&mut bytes).unwrap();
        assert_eq!(whole_packets(&bytes).0, 50);
        running.signal(libc::SIGTERM);
        assert_eq!(running.end().0.code(), Some(0));
    });
}

/// The input stays open, but has no more data.
#[test]
fn packets_from_a_pipe_are_written_promptly() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let bytes = savefile(false, false, 1, &sample_packets());
    let all = sample_packets().len() as u64;
    let (out, gz) = (path("out.pcap"), path("out.pcap.gz"));
    let (prefix, part) = (path("part"), path("part-00000.pcap"));
    let plain = packets_in as fn(&Path) -> u64;
    for (words, out, count) in [
        (&["filter", "-", path_arg(&out)][..], &out, plain),
        (&["recode", "-", path_arg(&out)], &out, plain),
        (&["recode", "-", path_arg(&gz)], &gz, packets_in_gzip),
        (&["merge", "-", "-w", path_arg(&out)], &out, plain),
        (
            &["split", "-", "--packets", "100", "-o", path_arg(&prefix)],
            &part,
            plain,
        ),
        (
            &[
                "split",
                "-",
                "--flow",
                "-f",
                "tcp",
                "--force",
                "-o",
                path_arg(&prefix),
            ],
            &part,
            plain,
        ),
    ] {
        let expected = if words.contains(&"--flow") { 4 } else { all };
        let mut process = Process::piped(&mut command(words));
        let mut stdin = process.child().stdin.take().unwrap();
        stdin.write_all(&bytes).unwrap();
        wait_until("they are in the file", || count(out) == expected);
        process.signal(libc::SIGKILL);
        process.child().wait().unwrap();
        assert_eq!(count(out), expected, "{words:?}");
        fs::remove_file(out).unwrap();
    }
    for words in [
        &["read", "-"][..],
        &["filter", "-", "-"],
        &["recode", "-", "-"],
    ] {
        let mut process = Process::piped(&mut command(words));
        let mut stdin = process.child().stdin.take().unwrap();
        stdin.write_all(&bytes).unwrap();
        let mut stdout = process.child().stdout.take().unwrap();
        let mut printed = Vec::new();
        let lines = |bytes: &[u8]| bytes.iter().filter(|&&b| b == b'\n').count() as u64;
        let count = |bytes: &[u8]| match words[0] {
            "read" => lines(bytes),
            _ => whole_packets(bytes).0,
        };
        // If the program kept its output in a buffer, this would wait forever.
        while count(&printed) < all {
            let mut some = [0; 4096];
            let length = stdout.read(&mut some).unwrap();
            assert!(length > 0, "{words:?}");
            printed.extend(&some[..length]);
        }
        drop(stdin);
        assert_eq!(process.end().status, Some(0), "{words:?}");
    }
}

#[test]
fn split_lists_savefiles_as_they_are_completed() {
    let folder = tempfile::tempdir().unwrap();
    let prefix = folder.path().join("part");
    let words = ["split", "-", "--packets", "3", "-o", path_arg(&prefix)];
    let mut process = Process::piped(&mut command(&words));
    let mut stdin = process.child().stdin.take().unwrap();
    stdin
        .write_all(&savefile(false, false, 1, &sample_packets()))
        .unwrap();
    let mut stdout = process.child().stdout.take().unwrap();
    let mut list = String::new();
    // Two of three savefiles are complete.
    while list.lines().count() < 2 || !list.ends_with('\n') {
        let mut some = [0; 4096];
        let length = stdout.read(&mut some).unwrap();
        list += std::str::from_utf8(&some[..length]).unwrap();
    }
    assert!(list.contains("part-00001.pcap: 3 packets, "), "{list}");
    drop(stdin);
    assert_eq!(process.end().status, Some(0));
}

/// Runs a program in a shell, with a redirection.
fn shell(words: &[&str], redirection: &str) -> RunResult {
    let mut shell = Command::new("sh");
    shell
        .arg("-c")
        .arg(format!("exec \"$0\" \"$@\" {redirection}"));
    shell.arg(program(words[0]).get_program());
    run(shell.args(&words[1..]))
}

#[test]
#[cfg_attr(emulated, ignore = "qemu-user cannot list devices")]
fn an_output_that_cannot_be_written_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let input = write_file(
        folder.path(),
        "in.pcap",
        &savefile(false, false, 1, &sample_packets()),
    );
    let input = path_arg(&input);
    let prefix = folder.path().join("part");
    for (redirection, why) in [
        (">&-", "Bad file descriptor"),
        (">/dev/full", "No space left on device"),
    ] {
        for words in [
            &["read", input][..],
            &["read", "--count", input],
            &["devices"],
            &["bpf", "tcp"],
            &["bpf", "--match", input],
            &[
                "split",
                input,
                "--force",
                "--packets",
                "3",
                "-o",
                path_arg(&prefix),
            ],
            &["merge", "--json", input, "-w", "/dev/null"],
            &["recode", "--json", input, "/dev/null"],
            &["capture", "--help"],
            &["read", "--version"],
            &["devices", "--help"],
        ] {
            let ran = shell(words, redirection);
            let error = ran.stderr.lines().last().unwrap_or_default();
            assert_eq!(ran.status, Some(1), "{words:?} {redirection}: {error}");
            let text = format!("pcap-{}: cannot write to standard output: {why}", words[0]);
            assert!(error.starts_with(&text), "{words:?} {redirection}: {error}");
        }
        for words in [
            &["filter", input, "-"][..],
            &["recode", input, "-"],
            &["recode", "--compress", "gzip", input, "-"],
            &["recode", "--format", "pcapng", input, "-"],
            &["merge", input, "-w", "-"],
        ] {
            let ran = shell(words, redirection);
            assert_eq!(ran.status, Some(1), "{words:?} {redirection}");
            let (written, error) = written_and_error(&ran.stderr);
            assert_eq!(written, 0, "{words:?} {redirection}: {}", ran.stderr);
            let text = format!("pcap-{}: cannot write `-`: {why}", words[0]);
            assert!(error.starts_with(&text), "{words:?} {redirection}: {error}");
        }
    }
    // Programs that print nothing need no standard output.
    let out = folder.path().join("out.pcap");
    let ran = shell(&["filter", input, path_arg(&out)], ">&-");
    assert_eq!(
        (ran.status, ran.stderr.as_str()),
        (Some(0), "8 of 8 packets\n")
    );
    // A standard output that accepts the data is never an error.
    let mut null = program("read");
    let ran = run_with_stdin(null.arg(input).stdout(Stdio::null()), b"");
    assert_eq!(ran.status, Some(0), "{}", ran.stderr);
}

/// After the packets that cannot be printed, no more packets arrive.
#[test]
#[cfg_attr(emulated, ignore = "qemu-user has no packet sockets")]
fn a_failed_output_ends_waiting_programs() {
    in_netns(|| {
        let folder = tempfile::tempdir().unwrap();
        let input = write_file(
            folder.path(),
            "in.pcap",
            &savefile(false, false, 1, &sample_packets()),
        );
        let full = || fs::File::create("/dev/full").unwrap();
        let mut read = command(&["read", "--follow", path_arg(&input)]);
        let mut read = Process::start(read.stdout(full()));
        wait_until("it ends", || !read.is_running());
        let mut capture = command(&["capture", "-i", "lo"]);
        let mut capture = Process::start(capture.stdout(full()));
        Lines::of(&mut capture).next();
        Sender::new().send(1, 64);
        wait_until("it ends", || !capture.is_running());
        for process in [read, capture] {
            assert_eq!(process.end().status, Some(1));
        }
    });
}

#[test]
#[cfg_attr(emulated, ignore = "qemu-user has no packet sockets")]
fn a_captured_savefile_whose_reader_closed_the_pipe_is_an_error() {
    in_netns(|| {
        let mut command = command(&["capture", "-i", "lo", "-U", "-w", "-", "udp"]);
        let mut running = Running::start(&mut command);
        let sender = Sender::new();
        sender.send(1, 64);
        let stdout = running.child().stdout.as_mut().unwrap();
        stdout.read_exact(&mut [0; 24 + 16 + 42 + 64]).unwrap();
        drop(running.child().stdout.take());
        // A process that another test starts has a copy of the pipe's end until it executes its program.
        let pipe = format!("/proc/{}/fd/1", running.child().id());
        let pipe = OpenOptions::new().write(true).open(pipe).unwrap();
        wait_until("the pipe has no reader", || {
            let mut pipe = [PollFd::new(pipe.as_fd(), PollFlags::empty())];
            poll(&mut pipe, PollTimeout::ZERO).unwrap() == 1
        });
        sender.send(5, 64);
        let (status, _, stderr) = running.end();
        assert_eq!(status.code(), Some(1), "{stderr}");
        let lines: Vec<&str> = stderr.lines().collect();
        assert_eq!(
            lines[..2],
            ["1 packet captured, 106 bytes", "5 packets not written"]
        );
        assert!(
            lines[2].contains(" packets received, 0 dropped, "),
            "{stderr}"
        );
        assert!(
            lines[3].starts_with("pcap-capture: cannot write `-`: Broken pipe"),
            "{stderr}"
        );
    });
}

/// Returns what a program shows on a terminal, which `script` emulates.
fn on_terminal(words: &[&str]) -> String {
    let path = PathBuf::from(program(words[0]).get_program());
    let mut script = Command::new("script");
    script.env("PROGRAM", path).env("TERM", "xterm");
    for (n, word) in words[1..].iter().enumerate() {
        script.env(format!("WORD{n}"), word);
    }
    let words: String = (0..words.len() - 1)
        .map(|n| format!(" \"$WORD{n}\""))
        .collect();
    let shell = format!("exec \"$PROGRAM\"{words}");
    let ran = run(script.args(["-q", "-e", "-c", &shell, "/dev/null"]));
    String::from_utf8_lossy(&ran.stdout).into_owned()
}

/// Makes the following text red, then sets the title of the window.
const NAME: &str = "\u{1b}[31mred\u{1b}]0;t\u{7}";

#[test]
fn names_of_files_are_escaped_on_a_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = savefile(false, false, 1, &sample_packets());
    let input = write_file(folder.path(), &format!("{NAME}.pcap"), &bytes);
    let prefix = folder.path().join(format!("{NAME}\n"));
    for words in [
        &[
            "split",
            path_arg(&input),
            "--packets",
            "3",
            "-o",
            path_arg(&prefix),
        ][..],
        &["filter", path_arg(&input), path_arg(&input)],
        &["read", path_arg(&prefix)],
        &["merge", "--json", path_arg(&input), "-w", path_arg(&prefix)],
        &["replay", "-i", "nosuch", path_arg(&input)],
    ] {
        let shown = on_terminal(words);
        assert!(!shown.contains("\u{1b}[31m"), "{words:?}: {shown:?}");
        assert!(!shown.contains("\u{1b}]0"), "{words:?}: {shown:?}");
    }
    let shown = on_terminal(&[
        "split",
        path_arg(&input),
        "--force",
        "--packets",
        "3",
        "-o",
        path_arg(&prefix),
    ]);
    assert!(
        shown.contains(r"\u{1b}[31mred\u{1b}]0;t\u{7}\n-00002.pcap: 2 packets"),
        "{shown:?}"
    );
    // If the output is not a terminal, the names are unchanged, so that other programs can use them.
    let ran = run_program(
        "split",
        &[
            path_arg(&input),
            "--force",
            "--packets",
            "3",
            "-o",
            path_arg(&prefix),
        ],
    );
    assert!(
        ran.text()
            .contains(&format!("{NAME}\n-00000.pcap: 3 packets"))
    );
}

#[test]
#[cfg_attr(emulated, ignore = "qemu-user has no packet sockets")]
fn names_of_devices_are_escaped_on_a_terminal() {
    in_netns(|| {
        let name = "\u{1b}[31mred";
        run_tool(
            "ip",
            &["link", "add", name, "type", "veth", "peer", "name", "other"],
        );
        run_tool("ip", &["link", "set", name, "up"]);
        let shown = on_terminal(&["devices"]);
        assert!(shown.contains(r"\u{1b}[31mred: "), "{shown:?}");
        assert!(!shown.contains(name), "{shown:?}");
        let shown = on_terminal(&["capture", "-i", name, "--duration", "0.3"]);
        assert!(shown.contains(r"listening on \u{1b}[31mred, "), "{shown:?}");
        assert!(!shown.contains(name), "{shown:?}");
    });
}

/// Messages that cannot be written change the exit status, but a closed standard error does not.
#[test]
fn a_full_standard_error_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let input = write_file(
        folder.path(),
        "in.pcap",
        &savefile(false, false, 1, &sample_packets()),
    );
    let out = folder.path().join("out.pcap");
    let ran = shell(&["filter", path_arg(&input), path_arg(&out)], "2>/dev/full");
    assert_eq!(ran.status, Some(1));
    let ran = shell(&["filter", path_arg(&input), path_arg(&out)], "2>&-");
    assert_eq!(ran.status, Some(0));
}
