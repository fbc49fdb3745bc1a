//! Whatever ends or stops the program, the terminal is as it was.

use std::path::Path;
use std::process::Command;

use super::tmux::Tmux;
use crate::{Result, command};

/// What ends the program.
enum Cause {
    Keys(&'static [&'static str]),
    Signal(&'static str),
    /// It ends by itself: it panics because of its environment.
    Itself,
}

/// The name of a case, what precedes the program on the command line, the cause, the exit status, and a text on the final screen.
type Case = (&'static str, &'static str, Cause, u32, &'static str);

const CASES: [Case; 12] = [
    ("q", "", Cause::Keys(&["q"]), 0, "captured"),
    ("Ctrl-C", "", Cause::Keys(&["C-c"]), 0, "captured"),
    ("SIGTERM", "", Cause::Signal("TERM"), 0, "captured"),
    ("SIGINT", "", Cause::Signal("INT"), 0, "captured"),
    ("SIGHUP", "", Cause::Signal("HUP"), 0, "captured"),
    // These kill the program, as they do without a handler.
    ("SIGQUIT", "ulimit -c 0; ", Cause::Signal("QUIT"), 131, ""),
    ("SIGALRM", "", Cause::Signal("ALRM"), 142, ""),
    ("SIGXCPU", "ulimit -c 0; ", Cause::Signal("XCPU"), 152, ""),
    ("SIGPOLL", "", Cause::Signal("POLL"), 157, ""),
    (
        "a panic of the screen",
        "PCAP_TOP_PANIC=screen ",
        Cause::Itself,
        101,
        "panicked at",
    ),
    (
        "a panic of the reader",
        "PCAP_TOP_PANIC=reader ",
        Cause::Itself,
        101,
        "panicked at",
    ),
    ("--duration", "", Cause::Itself, 0, "captured"),
];

pub(super) fn check(folder: &Path) -> Result<()> {
    let tmux = Tmux::start(folder, (80, 24), "TZ=UTC LC_ALL=C.UTF-8")?;
    let before = tmux.modes()?;
    let unchanged = |what: &str| {
        let after = tmux.modes()?;
        match after == before {
            true => {
                println!("the terminal is as before after {what}");
                Ok(())
            }
            false => Err(format!(
                "after {what}: expected {before:?}, found {after:?}"
            )),
        }
    };
    for (name, prefix, cause, status, text) in CASES {
        let duration = if name.starts_with('-') {
            " --duration 1"
        } else {
            ""
        };
        let line = format!("{prefix}pcap-top -i lo{duration}; echo status $?");
        match cause {
            Cause::Itself => tmux.run(&line)?,
            _ => tmux.start_program(&line)?,
        }
        match cause {
            Cause::Keys(keys) => tmux.press(keys)?,
            Cause::Signal(signal) => kill(signal, tmux.program()?)?,
            Cause::Itself => {}
        }
        let expected = format!("\nstatus {status}\n");
        tmux.wait_for(&format!("end by {name}"), |screen| {
            screen.contains(&expected)
        })?;
        let screen = tmux.screen()?;
        if !screen.contains(text) || screen.contains("?help") {
            return Err(format!("expected `{text}` after {name}, found:\n{screen}"));
        }
        unchanged(name)?;
    }

    tmux.start_program("pcap-top -i left; echo status $?")?;
    command::run(Command::new("ip").args(["link", "delete", "left"]))?;
    tmux.wait_for("error", |screen| {
        screen
            .lines()
            .next()
            .is_some_and(|line| !line.contains("running"))
    })?;
    tmux.press(&["q"])?;
    tmux.wait_for("status 1", |screen| screen.contains("\nstatus 1\n"))?;
    unchanged("a device that went away")?;

    for (name, is_key) in [("Ctrl-Z", true), ("SIGTSTP", false)] {
        tmux.start_program("pcap-top -i lo")?;
        match is_key {
            true => tmux.press(&["C-z"])?,
            false => kill("TSTP", tmux.program()?)?,
        }
        tmux.wait_for_shell()?;
        unchanged(name)?;
        tmux.run("fg")?;
        tmux.wait_for("screen after fg", |screen| {
            screen.contains("?help") && screen.contains("running") && !screen.contains("fg")
        })?;
        tmux.press(&["q"])?;
        tmux.wait_for("end", |screen| screen.contains("captured"))?;
        unchanged("fg")?;
    }
    Ok(())
}

fn kill(signal: &str, process: u32) -> Result<()> {
    command::signal(signal, process)
}
