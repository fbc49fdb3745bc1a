//! The programs on a terminal, which script(1) emulates.

use std::io::{Read, Write};
use std::process::{Command, Stdio};

use crate::common::live::in_netns;
use crate::common::{path_arg, program, record, reset_signals, run, savefile, write_file};

/// Returns what a program shows on a terminal, and its status.
fn on_terminal(name: &str, arguments: &[&str]) -> (Option<i32>, String) {
    let program = program(name);
    let path = program.get_program().to_str().expect("a path in UTF-8");
    let command = [&[path], arguments].concat().join(" ");
    let mut script = std::process::Command::new("script");
    let ran = run(script
        .args(["-q", "-e", "-c", &command, "/dev/null"])
        .env("TERM", "xterm"));
    // The program prints its errors on the terminal. These are errors of `script`, which found no terminal.
    assert_eq!(ran.stderr, "", "is /dev/pts mounted?");
    (
        ran.status,
        String::from_utf8_lossy(&ran.stdout).into_owned(),
    )
}

#[test]
fn a_capture_to_a_file_shows_a_status_line() {
    in_netns(|| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.pcap");
        let status = "0 packets, 0 B, 0 dropped, 0 packets/s";
        let options = ["-i", "lo", "--duration", "0.4"];
        let write = ["-w", path_arg(&path)];
        for (more, shown) in [
            (&write[..], true),
            (&["-q", "-w", path_arg(&path)], false),
            (&[], false),
        ] {
            let (code, text) = on_terminal("capture", &[&options, more].concat());
            assert_eq!((code, text.contains(status)), (Some(0), shown), "{text}");
        }
    });
}

#[test]
fn a_replay_shows_a_status_line() {
    in_netns(|| {
        let folder = tempfile::tempdir().unwrap();
        let frames: Vec<_> = (0..5).map(|n| record(n, 0, vec![0; 60])).collect();
        let input = write_file(
            folder.path(),
            "in.pcap",
            &savefile(false, false, 1, &frames),
        );
        let options = ["-i", "lo", "--speed", "10", path_arg(&input)];
        for (more, shown) in [(&[][..], true), (&["-q"], false)] {
            let (code, text) = on_terminal("replay", &[&options, more].concat());
            assert_eq!(code, Some(0), "{text}");
            assert_eq!(text.contains(" B, 0 not sent, "), shown, "{text}");
            assert_eq!(text.contains(" left, "), shown, "{text}");
        }
    });
}

#[test]
fn a_long_copy_shows_a_progress_bar() {
    let folder = tempfile::tempdir().unwrap();
    let many: Vec<_> = (0..20_000).map(|n| record(n, 0, vec![0; 100])).collect();
    let input = write_file(folder.path(), "in.pcap", &savefile(false, false, 1, &many));
    let output = folder.path().join("out.pcap");
    for name in ["filter", "recode"] {
        let (code, text) = on_terminal(name, &[path_arg(&input), path_arg(&output)]);
        assert_eq!(code, Some(0));
        assert!(text.contains("/2.21 MiB"), "{text}");
        assert!(text.ends_with("20000 of 20000 packets\r\n"), "{text}");
    }
    let (code, text) = on_terminal("recode", &["-q", path_arg(&input), path_arg(&output)]);
    assert_eq!((code, text.as_str()), (Some(0), ""));
}

#[test]
fn split_and_merge_show_progress_bars() {
    let folder = tempfile::tempdir().unwrap();
    let many: Vec<_> = (0..20_000).map(|n| record(n, 0, vec![0; 100])).collect();
    let input = write_file(folder.path(), "in.pcap", &savefile(false, false, 1, &many));
    let parts = ["0", "1"].map(|n| folder.path().join(format!("part-0000{n}.pcap")));
    let prefix = folder.path().join("part");
    let options = [
        "--packets",
        "10000",
        "-o",
        path_arg(&prefix),
        path_arg(&input),
    ];
    let (code, text) = on_terminal("split", &options);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("/2.21 MiB"), "{text}");
    for part in &parts {
        let line = format!("{}: 10000 packets, 1160024 bytes\r\n", part.display());
        assert!(text.contains(&line), "{text}");
    }
    let output = folder.path().join("out.pcap");
    let [first, second] = parts.each_ref().map(|part| path_arg(part));
    let (code, text) = on_terminal("merge", &[first, second, "-w", path_arg(&output)]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("/2.21 MiB"), "{text}");
    assert!(text.ends_with("20000 packets of 2 savefiles\r\n"), "{text}");
}

#[test]
fn a_savefile_is_not_written_to_a_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let input = write_file(folder.path(), "in.pcap", &savefile(false, false, 1, &[]));
    for (name, arguments) in [
        ("capture", &["-w", "-"][..]),
        ("filter", &[path_arg(&input), "-"]),
        ("merge", &[path_arg(&input), "-w", "-"]),
        ("recode", &[path_arg(&input), "-"]),
    ] {
        let (code, text) = on_terminal(name, arguments);
        assert_eq!(code, Some(2), "{text}");
        assert!(
            text.contains("cannot write a savefile to a terminal"),
            "{text}"
        );
    }
}

/// A shell's `*` may expand to file names that contain control characters.
#[test]
fn control_characters_in_arguments_are_escaped() {
    let words = [
        ("read", "'--\u{1b}]0;title\u{7}'"),
        ("read", "'-\u{9b}31m'"),
        ("split", "--every '\u{1b}[31m\u{202e}'"),
    ];
    for (name, word) in words {
        let (code, text) = on_terminal(name, &[word]);
        assert_eq!(code, Some(2), "{text:?}");
        let shown = text.replace("\r\n", "");
        assert!(
            !shown.contains(|c: char| c.is_control() || c == '\u{202e}'),
            "{text:?}"
        );
        assert!(shown.contains("error: "), "{text:?}");
    }
}

#[test]
fn listings_keep_their_tabs() {
    in_netns(|| {
        for (name, arguments) in [
            ("bpf", &["ip"][..]),
            ("capture", &["-i", "lo", "-y", "EN10MB", "-d", "ip"]),
        ] {
            let (code, text) = on_terminal(name, arguments);
            assert_eq!(code, Some(0), "{text:?}");
            assert!(text.contains("jt 2\tjf 3\r\n"), "{text:?}");
        }
    });
}

#[test]
fn tables_are_colored() {
    let folder = tempfile::tempdir().unwrap();
    let frames = [record(0, 0, vec![0; 60])];
    let input = write_file(
        folder.path(),
        "in.pcap",
        &savefile(false, false, 1, &frames),
    );
    let (code, text) = on_terminal("stats", &["--table", "protocols", path_arg(&input)]);
    assert_eq!(code, Some(0), "{text:?}");
    assert!(text.contains("\u{1b}[1mProtocols\u{1b}[0m\r\n"), "{text:?}");
}

#[test]
fn the_statistics_overwrite_the_caret_of_ctrl_c() {
    in_netns(|| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.pcap");
        for write in [&[][..], &["--print", "-w", path_arg(&path)]] {
            let shown = capture_until_sigint(write);
            assert!(shown.contains("^C\r0 packets captured"), "{shown:?}");
            assert_eq!(shown.matches("\r0 packets").count(), 1, "{shown:?}");
        }
    });
}

/// Captures on a terminal until SIGINT, which follows the caret of Ctrl-C. Returns what the terminal shows.
///
/// With `isig`, Linux sends the signal first: what the program prints may precede the caret, surround it or be
/// discarded. Without it, Ctrl-C only shows the caret, and the signal is sent when the caret is on the screen.
fn capture_until_sigint(write: &[&str]) -> String {
    let program = program("capture");
    let path = program.get_program().to_str().expect("a path in UTF-8");
    let capture = [&[path, "-i", "lo"], write].concat().join(" ");
    let command = format!("stty -isig; echo process $$; exec {capture}");
    let mut script = Command::new("script");
    reset_signals(&mut script);
    let mut script = script
        .args(["-q", "-e", "-c", &command, "/dev/null"])
        .envs([("TERM", "xterm"), ("SHELL", "/bin/sh")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut keyboard = script.stdin.take().unwrap();
    let mut screen = script.stdout.take().unwrap();
    let mut shown = read_until(&mut screen, " bytes\r\n");
    let process = shown.split_once("process ").expect("the process").1;
    let process: i32 = process.split_once('\r').expect("a line").0.parse().unwrap();
    keyboard.write_all(b"\x03").unwrap();
    shown += &read_until(&mut screen, "^C");
    // SAFETY: the call takes two numbers.
    assert_eq!(unsafe { libc::kill(process, libc::SIGINT) }, 0);
    screen.read_to_string(&mut shown).unwrap();
    assert!(script.wait().unwrap().success());
    shown
}

/// Reads what a terminal shows until it ends with `end`.
fn read_until(screen: &mut impl Read, end: &str) -> String {
    let mut shown = Vec::new();
    let mut byte = [0];
    while !shown.ends_with(end.as_bytes()) {
        let count = screen.read(&mut byte).unwrap();
        assert_eq!(count, 1, "{:?}", String::from_utf8_lossy(&shown));
        shown.push(byte[0]);
    }
    String::from_utf8(shown).unwrap()
}
