//! Other sizes and terminals, and how much an update sends.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::Duration;

use super::tmux::Tmux;
use crate::Result;

/// The maximum average size of an update with one conversation, in bytes.
const MAX_BYTES: u64 = 1500;

pub(super) fn check(folder: &Path) -> Result<()> {
    sizes(folder)?;
    characters(folder)?;
    colors(folder)?;
    bytes(folder)
}

/// Checks that the screen adapts to the size of the terminal.
fn sizes(folder: &Path) -> Result<()> {
    let mut tmux = Tmux::start(folder, (80, 24), "LC_ALL=C.UTF-8")?;
    tmux.start_program("pcap-top -r office.pcap")?;
    for (columns, rows) in [(40, 10), (300, 100), (41, 12), (120, 16), (80, 24)] {
        tmux.resize(columns, rows)?;
        tmux.wait_for("table", |screen| {
            let lines: Vec<&str> = screen.lines().collect();
            let has_keys = lines.last().is_some_and(|line| line.contains("?help"));
            lines.len() == rows as usize && has_keys && screen.contains("Bytes▼")
        })?;
        tmux.resize(30, 8)?;
        tmux.wait_for("sentence", |screen| {
            screen.contains("too small") && screen.contains("30x8") && !screen.contains("Bytes")
        })?;
        tmux.resize(5, 2)?;
        tmux.wait_for("first word", |screen| screen.contains("The"))?;
    }
    tmux.press(&["q"])?;
    tmux.resize(80, 24)?;
    tmux.wait_for_shell()?;
    println!("the screen follows the size of the terminal");
    Ok(())
}

fn characters(folder: &Path) -> Result<()> {
    for environment in ["LC_ALL=C", "LANG=C", "LC_ALL=POSIX LANG=C.UTF-8"] {
        let tmux = Tmux::start(folder, (80, 24), &format!("-u LC_ALL {environment}"))?;
        tmux.start_program("pcap-top -r office.pcap")?;
        tmux.wait_for("graph", |screen| {
            screen.contains("Bytesv") && screen.contains("||")
        })?;
        let screen = tmux.screen()?;
        if !screen.is_ascii() || !screen.contains("||") {
            return Err(format!(
                "expected ASCII with {environment}, found:\n{screen}"
            ));
        }
    }
    println!("without Unicode, the screen is ASCII");
    Ok(())
}

fn colors(folder: &Path) -> Result<()> {
    for (environment, option, is_colored) in [
        ("X=1", "", true),
        ("NO_COLOR=1", "", false),
        ("X=1", "--color never", false),
        ("NO_COLOR=1", "--color always", true),
    ] {
        let tmux = Tmux::start(folder, (80, 24), environment)?;
        tmux.start_program(&format!("pcap-top {option} -r office.pcap"))?;
        tmux.wait_for("end of the file", |screen| screen.contains("end of file"))?;
        let screen = tmux.styled_screen()?;
        let has_color = screen.split("\u{1b}[").skip(1).any(|sequence| {
            let numbers = sequence.split('m').next().unwrap_or_default();
            // 39 and 49 are the colors of the terminal itself.
            let mut numbers = numbers.split(';').filter(|number| !number.ends_with('9'));
            numbers.any(|number| number.len() == 2 && number.starts_with(['3', '4', '9']))
        });
        if has_color != is_colored {
            return Err(format!(
                "with {environment} {option}: colors: {has_color}\n{screen}"
            ));
        }
    }
    println!("colors can be switched off and on");
    Ok(())
}

/// Checks that an update sends only what has changed.
fn bytes(folder: &Path) -> Result<()> {
    let tmux = Tmux::start(folder, (80, 24), "LC_ALL=C.UTF-8")?;
    tmux.run("ping -q -i 0.2 127.0.0.1 >ping.log 2>&1 &")?;
    tmux.start_program("pcap-top -i lo")?;
    tmux.wait_for("conversation", |screen| screen.contains("127.0.0.1"))?;
    let file = folder.join("recorded");
    tmux.record(&file)?;
    let seconds = 6;
    thread::sleep(Duration::from_secs(seconds));
    let sent = fs::metadata(&file)
        .map_err(|error| error.to_string())?
        .len();
    let per_update = sent / seconds;
    println!("an update sends {per_update} bytes");
    match (1..=MAX_BYTES).contains(&per_update) {
        true => Ok(()),
        false => Err(format!(
            "expected at most {MAX_BYTES} bytes, found {per_update}"
        )),
    }
}
