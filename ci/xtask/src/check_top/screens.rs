//! Presses keys, and compares the screens with those in `ci/screens`.

use std::path::Path;

use super::tmux::Tmux;
use crate::Result;
use crate::command;

/// The terminal sizes to check.
const SIZES: [(u32, u32); 2] = [(80, 24), (200, 50)];

/// A screen: its name, the keys that lead to it, and text that it has, unlike the screen before it. Words that begin
/// with `=` are typed as they are.
type Step = (&'static str, &'static [&'static str], &'static str);

// Escape and a key that arrive together would be that key with Alt.
const STEPS: [Step; 18] = [
    ("conversations", &[], "end of file"),
    ("endpoints", &["Tab"], "Endpoint  "),
    ("protocols", &["Tab"], "Protocol  "),
    ("tcp", &["1", "l", "l"], "layer tcp  1/"),
    ("sorted", &[">"], "A>B▼"),
    ("reversed", &["r"], "A>B▲"),
    ("by-name", &["<", "<", "<", "<"], "A▲"),
    ("last-row", &["End"], "layer tcp"),
    ("searched", &["Home", "s", "=:53", "Enter"], "layer tcp"),
    ("udp", &["l"], "layer udp"),
    ("packets", &["Enter"], " 2 lines"),
    ("shorter-time", &["BSpace", "-"], "1 min"),
    (
        "wrong-filter",
        &["/", "=tcp port", "Enter"],
        "cannot compile",
    ),
    (
        "filter",
        &["f", "C-u", "=tcp port 443", "Enter"],
        "the filter is set",
    ),
    ("help", &["?"], "Help"),
    ("paused", &["?", "L", "Space"], "PAUSED"),
    ("connection", &["Space", "Home", "Enter"], " out of order, "),
    ("retransmissions", &["BSpace", "<"], "Retr▼"),
];

pub(super) fn check(root: &Path, folder: &Path, is_update: bool) -> Result<()> {
    let known = root.join("ci/screens");
    if is_update {
        command::empty_folder(&known)?;
    }
    let mut different = Vec::new();
    for size in SIZES {
        let tmux = Tmux::start(folder, size, "TZ=UTC LC_ALL=C.UTF-8")?;
        tmux.start_program("pcap-top -r office.pcap")?;
        for (number, (name, keys, text)) in (1..).zip(STEPS) {
            for key in keys {
                match key.strip_prefix('=') {
                    Some(text) => tmux.type_text(text)?,
                    None => tmux.press(&[key])?,
                }
            }
            tmux.wait_for(name, |screen| screen.contains(text))?;
            let file = format!("{number:02}-{name}-{}x{}.txt", size.0, size.1);
            let path = known.join(&file);
            let screen = settled(&tmux)?;
            if is_update {
                command::write(&path, &screen)?;
            } else if command::read(&path)? != screen {
                eprintln!("expected ci/screens/{file}, found:\n{screen}");
                different.push(file);
            }
        }
        save(&tmux, folder)?;
        tmux.press(&["q"])?;
        tmux.wait_for_shell()?;
    }
    match different.is_empty() {
        true => {
            println!("{} screens are as expected", SIZES.len() * STEPS.len());
            Ok(())
        }
        false => Err(format!(
            "other screens than expected: {}",
            different.join(", ")
        )),
    }
}

/// Returns the screen once it stays the same, without spaces at the ends of lines.
fn settled(tmux: &Tmux) -> Result<String> {
    let mut before = String::new();
    for _ in 0..200 {
        let screen = tmux.screen()?;
        if screen == before {
            let lines: Vec<&str> = screen.lines().map(str::trim_end).collect();
            return Ok(lines.join("\n") + "\n");
        }
        before = screen;
        std::thread::sleep(std::time::Duration::from_millis(300));
    }
    Err(format!("the screen changes all the time:\n{before}"))
}

/// Saves the table as text and as JSON. An existing file stays.
fn save(tmux: &Tmux, folder: &Path) -> Result<()> {
    for (name, start) in [
        ("saved", "time: "),
        ("saved.json", "{\"schema\":1,\"type\":\"top\","),
    ] {
        let path = folder.join(name);
        let ask = || {
            // A name to which saving has failed is offered again.
            tmux.press(&["w", "C-u"])?;
            tmux.type_text(name)?;
            tmux.press(&["Enter"])
        };
        ask()?;
        tmux.wait_for("saved file", |screen| screen.contains(" bytes to `"))?;
        let saved = command::read(&path)?;
        if !saved.starts_with(start) || !saved.contains(":443") {
            return Err(format!(
                "expected `{start}` and the table in {name}, found {saved}"
            ));
        }
        command::write(&path, "kept")?;
        ask()?;
        tmux.wait_for("error", |screen| screen.contains("it exists already"))?;
        if command::read(&path)? != "kept" {
            return Err(format!("{name} was overwritten"));
        }
        std::fs::remove_file(&path).map_err(|error| error.to_string())?;
    }
    Ok(())
}
