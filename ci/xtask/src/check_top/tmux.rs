//! A terminal of tmux with a shell.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::Result;
use crate::command;

/// How long to wait for an expected screen. A busy machine needs a while.
const LIMIT: Duration = Duration::from_secs(60);

/// The prompt of the shell.
const PROMPT: &str = "shell$";

/// A server of tmux of its own with one terminal, which ends with this value.
pub(super) struct Tmux {
    socket: PathBuf,
    size: (u32, u32),
}

/// The state of a terminal besides its text.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Modes {
    /// Whether the cursor is visible, the alternate screen is shown, and the mouse is reported.
    flags: String,
    /// The settings of the line, as stty(1) prints them.
    line: String,
}

impl Tmux {
    /// Starts a shell in a terminal of this size.
    pub(super) fn start(folder: &Path, size: (u32, u32), environment: &str) -> Result<Tmux> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        // Paths of sockets are limited to about 100 bytes.
        let name = format!("check-top-{}-{number}", std::process::id());
        let tmux = Tmux {
            socket: std::env::temp_dir().join(name),
            size,
        };
        let (columns, rows) = (size.0.to_string(), size.1.to_string());
        let shell = format!("exec env {environment} PS1='{PROMPT} ' sh -i");
        let size = ["-x", &columns, "-y", &rows];
        let mut start = tmux.tmux();
        start
            .current_dir(folder)
            .args(["-f", "/dev/null", "new-session", "-d"]);
        start.args(size).arg(shell);
        start.args([";", "set-option", "status", "off"]);
        start.args([";", "resize-window"]).args(size);
        command::quiet_output(&mut start)?;
        tmux.wait_for("the shell", |screen| screen.contains(PROMPT))?;
        Ok(tmux)
    }

    fn tmux(&self) -> Command {
        let mut tmux = Command::new("tmux");
        let path = std::env::var_os("PATH").unwrap_or_default();
        tmux.env_clear()
            .env("PATH", path)
            .env("TERM", "xterm-256color");
        tmux.env("LC_ALL", "C.UTF-8");
        tmux.arg("-S").arg(&self.socket);
        tmux
    }

    fn command(&self, words: &[&str]) -> Result<String> {
        command::quiet_output(self.tmux().args(words))
    }

    /// Presses keys, by their names in tmux.
    pub(super) fn press(&self, keys: &[&str]) -> Result<()> {
        self.command(&[&["send-keys"], keys].concat()).map(drop)
    }

    /// Types text as it is.
    pub(super) fn type_text(&self, text: &str) -> Result<()> {
        self.command(&["send-keys", "-l", text]).map(drop)
    }

    /// Types a command line into the shell.
    pub(super) fn run(&self, line: &str) -> Result<()> {
        self.type_text("clear; ")?;
        self.type_text(line)?;
        self.press(&["Enter"])
    }

    /// Starts `pcap-top`, and waits for its screen.
    pub(super) fn start_program(&self, line: &str) -> Result<()> {
        self.run(line)?;
        self.wait_for("pcap-top", |screen| screen.contains("?help"))
    }

    /// Returns the text of the screen.
    pub(super) fn screen(&self) -> Result<String> {
        self.command(&["capture-pane", "-p"])
    }

    /// Returns the text of the screen with its control sequences.
    pub(super) fn styled_screen(&self) -> Result<String> {
        self.command(&["capture-pane", "-p", "-e"])
    }

    /// Changes the size.
    pub(super) fn resize(&mut self, columns: u32, rows: u32) -> Result<()> {
        self.size = (columns, rows);
        let (columns, rows) = (columns.to_string(), rows.to_string());
        self.command(&["resize-window", "-x", &columns, "-y", &rows])
            .map(drop)
    }

    /// Copies all that is sent to the terminal into a file.
    pub(super) fn record(&self, file: &Path) -> Result<()> {
        let cat = format!("cat > {}", file.display());
        self.command(&["pipe-pane", "-o", &cat]).map(drop)
    }

    /// Waits until the screen fulfills a condition.
    pub(super) fn wait_for(&self, what: &str, holds: impl Fn(&str) -> bool) -> Result<()> {
        let began = Instant::now();
        loop {
            let screen = self.screen()?;
            if holds(&screen) {
                return Ok(());
            }
            if began.elapsed() > LIMIT {
                let (columns, rows) = self.size;
                return Err(format!("no {what} at {columns}x{rows}:\n{screen}"));
            }
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits until the shell prints its prompt below the output of a program.
    pub(super) fn wait_for_shell(&self) -> Result<()> {
        self.wait_for("prompt of the shell", |screen| {
            let mut lines = screen.lines().filter(|line| !line.trim().is_empty());
            lines
                .next_back()
                .is_some_and(|line| line.trim_end() == PROMPT)
        })
    }

    /// Returns the process of the program in this terminal.
    pub(super) fn program(&self) -> Result<u32> {
        let shell = self.command(&["display-message", "-p", "#{pane_pid}"])?;
        let children = format!("/proc/{0}/task/{0}/children", shell.trim());
        let text = command::read(Path::new(&children))?;
        let first = text
            .split_whitespace()
            .next()
            .and_then(|word| word.parse().ok());
        first.ok_or_else(|| "the shell runs no program".to_owned())
    }

    /// Returns the modes of the terminal while the shell waits for a command.
    pub(super) fn modes(&self) -> Result<Modes> {
        self.run("stty -a | tr '\\n' ' '; echo; echo end-of-modes")?;
        self.wait_for("end of the modes", |screen| {
            screen.contains("\nend-of-modes")
        })?;
        self.wait_for_shell()?;
        let screen = self.screen()?;
        let flags = "#{cursor_flag} #{alternate_on} #{mouse_any_flag} #{keypad_cursor_flag}";
        Ok(Modes {
            flags: self
                .command(&["display-message", "-p", flags])?
                .trim()
                .to_owned(),
            line: screen.lines().skip(1).collect::<Vec<_>>().join("\n"),
        })
    }
}

impl Drop for Tmux {
    fn drop(&mut self) {
        // Ends the shell and the program, too.
        let _ = self.tmux().arg("kill-server").status();
        let _ = std::fs::remove_file(&self.socket);
    }
}
