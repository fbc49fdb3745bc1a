//! Runs the command lines of an exhibit on a terminal, which script(1) provides.

use std::fs::File;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::exhibits::Exhibit;
use super::terminal::{Cell, Terminal};
use crate::Result;
use crate::command;
use crate::programs::run::wait_for_captures;

/// How long a command line may take.
const LIMIT: Duration = Duration::from_secs(60);

/// Runs the command lines in a folder, and returns what is on the screen then.
pub(super) fn run(exhibit: &Exhibit, folder: &Path) -> Result<Vec<Vec<Cell>>> {
    // Text on a page does not wrap.
    let width = if exhibit.is_picture {
        exhibit.columns
    } else {
        usize::MAX
    };
    let mut terminal = Terminal::new(width);
    let last = exhibit.commands.len() - 1;
    for (index, line) in exhibit.commands.iter().enumerate() {
        let meanwhile = exhibit.meanwhile.as_ref().filter(|_| index == 0);
        if let Some(meanwhile) = meanwhile {
            terminal.print(&format!(
                "\x1b[90m# in another terminal: {meanwhile}\x1b[0m\r\n"
            ));
        }
        let shown = line.replace('\n', "\r\n");
        terminal.print(&format!("\x1b[90m$\x1b[0m \x1b[1m{shown}\x1b[0m\r\n"));
        let mut running = Running::start(line, exhibit.columns, folder)?;
        if let Some(meanwhile) = meanwhile {
            wait_for_captures(1, || running.has_ended())?;
            command::quiet_output(shell(meanwhile, folder).stdin(Stdio::null()))?;
        }
        let status = running.end()?;
        let output = command::read(&folder.join(".screen"))?;
        terminal.print(&output);
        let expected = if index == last { exhibit.status } else { 0 };
        if status != expected {
            return Err(format!(
                "expected the exit status {expected}, found {status}: {line}\n{output}"
            ));
        }
    }
    Ok(terminal.into_rows())
}

/// Returns a shell that runs a command line.
fn shell(line: &str, folder: &Path) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", line]).current_dir(folder);
    set_environment(&mut shell);
    shell
}

/// Sets the environment of a command line, which does not depend on that of the caller.
pub(super) fn set_environment(command: &mut Command) {
    let path = std::env::var_os("PATH").unwrap_or_default();
    command
        .env_clear()
        .env("PATH", path)
        .env("TZ", "UTC")
        .env("LC_ALL", "C.UTF-8")
        .env("TERM", "xterm-256color");
}

/// A command line on a terminal.
struct Running {
    child: Child,
    /// Stays open: at its end, script(1) would type Ctrl-D, which the terminal shows.
    _keyboard: Option<ChildStdin>,
    began: Instant,
}

impl Running {
    fn start(line: &str, columns: usize, folder: &Path) -> Result<Running> {
        let path = folder.join(".screen");
        let screen = File::create(&path);
        let screen = screen.map_err(|error| format!("cannot write {}: {error}", path.display()))?;
        // One program reads its size from the terminal, another one from the variable.
        let line = format!("stty cols {columns} rows 50; {line}");
        let mut script = Command::new("script");
        script
            .args(["-q", "-e", "-c", &line, "/dev/null"])
            .current_dir(folder);
        set_environment(&mut script);
        let child = script
            .env("SHELL", "/bin/sh")
            .stdin(Stdio::piped())
            .stdout(screen)
            .stderr(Stdio::inherit())
            .spawn();
        let mut child = child.map_err(|error| format!("cannot run script: {error}"))?;
        Ok(Running {
            _keyboard: child.stdin.take(),
            child,
            began: Instant::now(),
        })
    }

    fn has_ended(&mut self) -> Result<bool> {
        let status = self.child.try_wait().map_err(|error| error.to_string())?;
        Ok(status.is_some())
    }

    /// Waits for the end, and returns the exit status. Kills script(1) if the command takes too long; the terminal, and
    /// with it the command, ends then.
    fn end(mut self) -> Result<i32> {
        while !self.has_ended()? {
            if self.began.elapsed() > LIMIT {
                let _ = self.child.kill();
            }
            thread::sleep(Duration::from_millis(5));
        }
        let status = self.child.wait().map_err(|error| error.to_string())?;
        Ok(status.code().unwrap_or(-1))
    }
}
