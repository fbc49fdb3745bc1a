//! Runs a command for each finished savefile.

use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use super::ring::Ring;
use crate::counted::counted;
use crate::exit::{Failure, Outcome};
use crate::{signals, stderr};

/// The number of commands that run at the same time. Further savefiles wait.
const MAX_RUNNING: usize = 4;
/// How long a program that was asked to end waits for its commands.
const MAX_WAIT: Duration = Duration::from_secs(60);
/// How often a program that waits for its commands checks for a request to end.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// Runs a command for each finished savefile, with the lowest priority. The clones share the limit.
#[derive(Clone, Debug)]
pub struct Hooks(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    program: &'static str,
    command: OsString,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Job>,
    running: usize,
    is_abandoned: bool,
    is_failed: bool,
}

/// A savefile to run the command for.
#[derive(Debug)]
struct Job {
    path: PathBuf,
    /// The ring of the savefile, which does not remove it meanwhile.
    ring: Arc<Mutex<Ring>>,
}

impl Hooks {
    /// Sets the command. `program` is the name of this program, for messages.
    ///
    /// # Errors
    ///
    /// Returns an error if the command does not exist.
    pub fn new(program: &'static str, command: OsString) -> Outcome<Hooks> {
        if !exists(&command) {
            let command = command.to_string_lossy();
            let text = format!(
                "cannot run `{command}`: expected the name of a program, without arguments"
            );
            return Err(Failure::Text(text));
        }
        Ok(Hooks(Arc::new(Shared {
            program,
            command,
            state: Mutex::default(),
            changed: Condvar::new(),
        })))
    }

    /// Runs the command for a savefile, without waiting for it. Releases the savefile in its ring after that.
    pub(super) fn run(&self, path: PathBuf, ring: Arc<Mutex<Ring>>) {
        let mut state = self.0.lock();
        state.waiting.push_back(Job { path, ring });
        if state.running >= MAX_RUNNING {
            return;
        }
        state.running += 1;
        drop(state);
        let shared = Arc::clone(&self.0);
        let started = thread::Builder::new().spawn(move || shared.run_waiting());
        if let Err(error) = started {
            let mut state = self.0.lock();
            state.running -= 1;
            state.is_failed = true;
            drop(state);
            let text = format!("cannot start a thread for `-z`: {error}");
            stderr::print_message(self.0.program, text);
        }
    }

    /// Waits until all commands have ended. Abandons them on a further request to end, and a minute after the first.
    /// Returns whether all of them were successful.
    #[must_use]
    pub fn wait(&self) -> bool {
        let was_requested = signals::end_requested().is_some();
        let mut state = self.0.lock();
        while state.running > 0 {
            let waited = self.0.changed.wait_timeout(state, POLL_INTERVAL);
            (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
            let is_late = signals::end_requested()
                .is_some_and(|first| !was_requested || first.elapsed() > MAX_WAIT);
            if state.running > 0 && (is_late || signals::immediate_end_requested().is_some()) {
                state.is_abandoned = true;
                let waiting = counted(state.waiting.len() as u64, "file");
                let running = state.running;
                drop(state);
                let command = self.0.command.to_string_lossy();
                let text = format!(
                    "`{command}` was not started for {waiting}, and is still running for {running}"
                );
                stderr::print_message(self.0.program, text);
                return false;
            }
        }
        !state.is_failed
    }
}

impl Shared {
    /// Runs the command for the savefiles that wait, one after the other.
    fn run_waiting(&self) {
        loop {
            let mut state = self.lock();
            let next = match state.is_abandoned {
                true => None,
                false => state.waiting.pop_front(),
            };
            let Some(Job { path, ring }) = next else {
                state.running -= 1;
                drop(state);
                self.changed.notify_all();
                return;
            };
            drop(state);
            if let Err(why) = self.run(&path) {
                self.lock().is_failed = true;
                let (command, path) = (self.command.to_string_lossy(), path.display());
                stderr::print_message(
                    self.program,
                    format!("cannot run `{command} {path}`: {why}"),
                );
            }
            let mut ring = ring.lock().unwrap_or_else(PoisonError::into_inner);
            ring.release(&path);
        }
    }

    /// Runs the command for a savefile, and waits for it.
    fn run(&self, path: &PathBuf) -> Result<(), String> {
        let mut command = Command::new(&self.command);
        // Standard output is for packets and the names of files.
        let command = command.arg(path).stdin(Stdio::null()).stdout(io::stderr());
        #[cfg(unix)]
        // Ctrl-C on the terminal is for this program, which waits for the command.
        std::os::unix::process::CommandExt::process_group(command, 0);
        let mut child = command.spawn().map_err(|e| e.to_string())?;
        lower_priority(&child);
        match child.wait() {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(status.to_string()),
            Err(error) => Err(error.to_string()),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns whether a command exists: as a path, or in a folder of `PATH`.
fn exists(command: &OsStr) -> bool {
    let path = Path::new(command);
    // Windows adds extensions to names.
    if cfg!(windows) || path.components().count() != 1 {
        return cfg!(windows) || path.exists();
    }
    let folders = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&folders).any(|folder| folder.join(path).is_file())
}

/// Gives a command the lowest priority, so that it takes no time from the capture.
#[cfg(unix)]
fn lower_priority(child: &Child) {
    const LOWEST: libc::c_int = 19;
    // SAFETY: the function only takes numbers. If the child has ended, its number is not reused before it is waited for.
    unsafe { libc::setpriority(libc::PRIO_PROCESS as _, child.id(), LOWEST) };
}

#[cfg(not(unix))]
fn lower_priority(_: &Child) {}
