//! What ends the program or a save, and what is left afterwards.

use super::screen::Screen;
use crate::common::frames::{B, ETHERNET, ethernet, ipv4};
use crate::common::{path_arg, record, savefile, write_file};
use crate::json::sample_file;

/// The control sequence that leaves the full screen.
const LEAVE: &str = "\x1b[?1049l";

#[test]
fn a_save_that_fails_leaves_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let hosts = (1..=40).map(|last| {
        let packet = ipv4(([192, 0, 2, last], B), 253, 0, 0, &[]);
        let packet = ethernet(0x0800, &packet);
        record(1, 0, packet)
    });
    let bytes = savefile(false, false, ETHERNET, &hosts.collect::<Vec<_>>());
    let path = write_file(folder.path(), "a.pcap", &bytes);
    // The table is longer than the block that a file may have.
    let command = format!("cd {}; ulimit -f 1", path_arg(folder.path()));
    let mut screen =
        Screen::start_after(&command, folder.path(), &format!("-r {}", path_arg(&path)));
    // Of "end of file", in place of "running", or of nothing.
    screen.wait_for("\x1b[1;74Hof");
    for name in ["saved.txt", "saved.json"] {
        screen.press(&format!("w\x15{name}\r"));
        // "File too large"
        screen.wait_for("large");
        assert!(!folder.path().join(name).exists(), "{name}");
        screen.press("\x1b");
        screen.wait_for("?help");
    }
    screen.press("q");
    assert_eq!(screen.end().0, 0);
}

#[test]
fn signals_that_kill_leave_the_screen() {
    let folder = tempfile::tempdir().unwrap();
    let path = sample_file(folder.path());
    for signal in [
        libc::SIGQUIT,
        libc::SIGABRT,
        libc::SIGALRM,
        libc::SIGXCPU,
        libc::SIGIO,
        libc::SIGRTMAX(),
    ] {
        let mut screen = Screen::start(folder.path(), &format!("-r {}", path_arg(&path)));
        screen.wait_for("?help");
        screen.signal(signal);
        let (status, shown) = screen.end();
        assert_eq!(status, 128 + signal, "{shown}");
        assert!(shown.contains(LEAVE), "signal {signal}: {shown}");
    }
}

/// The terminal of script(1) does not say where its cursor is.
#[test]
fn a_silent_terminal_is_drawn_anew() {
    let folder = tempfile::tempdir().unwrap();
    let path = sample_file(folder.path());
    let mut screen = Screen::start(folder.path(), &format!("-r {}", path_arg(&path)));
    screen.wait_for("?help");
    screen.press("\x0c");
    screen.wait_for("?help");
    screen.press("q");
    let (status, shown) = screen.end();
    assert_eq!(status, 0, "{shown}");
}
