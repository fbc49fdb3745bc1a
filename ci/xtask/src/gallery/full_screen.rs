//! Runs a program that fills the screen, in a terminal of tmux.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use super::exhibits::{Exhibit, Step};
use super::screen::set_environment;
use super::terminal::{Cell, Terminal};
use crate::Result;
use crate::command;

/// How long a text may take to appear.
const LIMIT: Duration = Duration::from_secs(60);

/// How long the screen stays the same at the end.
const QUIET: Duration = Duration::from_millis(1200);

/// A server of tmux of its own, which ends with this value.
struct Tmux {
    socket: PathBuf,
}

/// Runs the only command line of an exhibit in a folder, takes its steps, and returns what is on the screen then.
pub(super) fn run(exhibit: &Exhibit, rows: usize, folder: &Path) -> Result<Vec<Vec<Cell>>> {
    let [line] = &exhibit.commands[..] else {
        return Err("expected one command that fills the screen".to_owned());
    };
    let tmux = Tmux::start(line, [exhibit.columns, rows], folder)?;
    for step in &exhibit.steps {
        match step {
            Step::Press(keys) => {
                tmux.command(&["send-keys"], keys)?;
            }
            Step::Type(text) => {
                tmux.command(&["send-keys", "-l"], std::slice::from_ref(text))?;
            }
            Step::Await(text) => tmux.wait_for(text)?,
        }
    }
    let screen = tmux.settled_screen()?;
    let mut terminal = Terminal::new(exhibit.columns);
    terminal.print(&screen.replace('\n', "\r\n"));
    Ok(terminal.into_rows())
}

impl Tmux {
    fn start(line: &str, [columns, rows]: [usize; 2], folder: &Path) -> Result<Tmux> {
        let tmux = Tmux {
            // Paths of sockets are limited to about 100 bytes.
            socket: std::env::temp_dir().join(format!("gallery-{}", std::process::id())),
        };
        let size = [columns.to_string(), rows.to_string()];
        let mut command = tmux.tmux();
        command
            .current_dir(folder)
            .args([
                "-f",
                "/dev/null",
                "new-session",
                "-d",
                "-x",
                &size[0],
                "-y",
                &size[1],
            ])
            // The last screen of a program that ends stays readable.
            .arg(format!("exec {line}"))
            .args([";", "set-option", "remain-on-exit", "on"])
            .args([";", "set-option", "status", "off"])
            .args([";", "resize-window", "-x", &size[0], "-y", &size[1]]);
        command::quiet_output(&mut command)?;
        Ok(tmux)
    }

    fn tmux(&self) -> Command {
        let mut tmux = Command::new("tmux");
        set_environment(&mut tmux);
        tmux.arg("-S").arg(&self.socket);
        tmux
    }

    fn command(&self, words: &[&str], more: &[String]) -> Result<String> {
        command::quiet_output(self.tmux().args(words).args(more))
    }

    /// Returns what is on the screen, with control sequences for colors if they are wanted.
    fn screen(&self, with_colors: bool) -> Result<String> {
        let colors: &[&str] = if with_colors { &["-e", "-N"] } else { &[] };
        self.command(&[&["capture-pane", "-p"], colors].concat(), &[])
    }

    fn wait_for(&self, text: &str) -> Result<()> {
        let began = Instant::now();
        loop {
            let screen = self.screen(false)?;
            if screen.contains(text) {
                return Ok(());
            }
            if began.elapsed() > LIMIT {
                return Err(format!("`{text}` did not appear:\n{screen}"));
            }
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Returns the screen once it stays the same.
    fn settled_screen(&self) -> Result<String> {
        let began = Instant::now();
        let mut screen = self.screen(true)?;
        let mut since = Instant::now();
        while since.elapsed() < QUIET {
            if began.elapsed() > LIMIT {
                return Err(format!("the screen changes all the time:\n{screen}"));
            }
            thread::sleep(Duration::from_millis(50));
            let now = self.screen(true)?;
            if now != screen {
                screen = now;
                since = Instant::now();
            }
        }
        Ok(screen)
    }
}

impl Drop for Tmux {
    fn drop(&mut self) {
        // Ends the program, too.
        let _ = self.tmux().arg("kill-server").status();
        let _ = std::fs::remove_file(&self.socket);
    }
}
