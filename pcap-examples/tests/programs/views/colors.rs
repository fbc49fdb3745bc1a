//! Colors, which are only for terminals.

use super::{datagram, file};
use crate::common::{path_arg, run_program};

/// Removes the colors.
fn plain(text: &str) -> String {
    let mut parts = text.split("\x1b[");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| {
        let (codes, rest) = part.split_once('m').expect("the end of a color");
        assert!(
            codes
                .bytes()
                .all(|byte| byte.is_ascii_digit() || byte == b';')
        );
        text + rest
    })
}

#[test]
fn colors_change_no_text() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path(), 1, &[datagram(b"a"), vec![4; 20]]);
    let lines = |color: &str| {
        run_program("read", &["-v", "-X", "--color", color, path_arg(&path)]).success_output()
    };
    let (never, always) = (lines("never"), lines("always"));
    assert_eq!(lines("auto"), never);
    assert!(
        !never.contains('\x1b') && always.contains("\x1b[34mUDP\x1b[0m"),
        "{always}"
    );
    assert_eq!(plain(&always), never);
}

#[cfg(all(target_os = "linux", not(emulated)))]
#[test]
fn a_terminal_shows_colors_unless_they_are_unwanted() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path(), 1, &[datagram(b"\x1b]0;title\x07")]);
    let read = crate::common::program("read");
    let read = read.get_program().to_str().expect("a path in UTF-8");
    let on_terminal = |options: &str, no_color: &str| {
        let command = format!("{read} {options} {}", path_arg(&path));
        let mut script = std::process::Command::new("script");
        let script = script.args(["-q", "-e", "-c", &command, "/dev/null"]);
        script.env("TERM", "xterm").env("NO_COLOR", no_color);
        crate::common::run(script)
            .success_output()
            .replace("\r\n", "\n")
    };
    assert!(on_terminal("", "").contains("\x1b[34mUDP\x1b[0m"));
    for (options, no_color) in [("", "1"), ("--color never", "")] {
        assert!(!on_terminal(options, no_color).contains('\x1b'));
    }
    // Tabs and line feeds are not escaped. No byte of the packet reaches the terminal as a control character.
    for option in ["-A", "-X"] {
        let piped = run_program("read", &[option, path_arg(&path)]).success_output();
        assert_eq!(plain(&on_terminal(option, "")), piped);
        assert!(!piped.contains(['\x1b', '\x07']), "{piped:?}");
    }
}
