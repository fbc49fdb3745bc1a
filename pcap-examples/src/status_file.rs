//! Writes the status of a program to a file for monitoring. The file is replaced as a whole, so its readers never see a
//! part of it.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use crate::exit::{Failure, Outcome};
use crate::{files, safe_files, stderr};

/// A status file. A thread writes it, because a slow disk must not delay the program.
#[derive(Debug)]
pub struct StatusFile {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    program: &'static str,
    path: PathBuf,
    state: Mutex<State>,
    wakeup: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// The newest status, unless it is written already.
    next: Option<Vec<u8>>,
    is_ending: bool,
    has_failed: bool,
}

impl StatusFile {
    /// Checks whether a status file can be written, without writing it.
    ///
    /// # Errors
    ///
    /// Returns an error if the path is not a regular file, or if its folder is missing or not writable.
    pub fn check(path: &Path) -> Outcome {
        safe_files::check_replaceable(path).map_err(|error| failure(path, &error))
    }

    /// Writes the first status, and starts the thread for later ones.
    ///
    /// # Errors
    ///
    /// Returns an error if the file cannot be written.
    pub fn create(program: &'static str, path: &Path, first: &[u8]) -> Outcome<StatusFile> {
        replace(path, first).map_err(|error| failure(path, &error))?;
        let shared = Arc::new(Shared {
            program,
            path: path.to_owned(),
            state: Mutex::default(),
            wakeup: Condvar::new(),
        });
        let thread = thread::Builder::new().name("status".to_owned());
        let ours = Arc::clone(&shared);
        let thread = thread.spawn(move || ours.write_all());
        Ok(StatusFile {
            shared,
            thread: Some(thread.map_err(|error| failure(path, &error))?),
        })
    }

    /// Sets the newest status, which the thread writes soon.
    pub fn set(&self, status: Vec<u8>) {
        self.shared.lock().next = Some(status);
        self.shared.wakeup.notify_one();
    }
}

impl Drop for StatusFile {
    /// Waits until the newest status is written.
    fn drop(&mut self) {
        self.shared.lock().is_ending = true;
        self.shared.wakeup.notify_one();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write_all(&self) {
        let mut state = self.lock();
        loop {
            if let Some(status) = state.next.take() {
                drop(state);
                let written = replace(&self.path, &status);
                state = self.lock();
                match written {
                    Ok(()) => state.has_failed = false,
                    // The same failure is reported once, until the file can be written again.
                    Err(error) if !state.has_failed => {
                        state.has_failed = true;
                        let text = format!("warning: {}", failure(&self.path, &error));
                        stderr::print_message(self.program, text);
                    }
                    Err(_) => {}
                }
            } else if state.is_ending {
                return;
            } else {
                let waited = self.wakeup.wait(state);
                state = waited.unwrap_or_else(PoisonError::into_inner);
            }
        }
    }
}

/// Writes a new file, and gives it the name of the old one.
fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    safe_files::check_replaceable(path)?;
    let Some(name) = path.file_name() else {
        return Err(io::ErrorKind::IsADirectory.into());
    };
    let mut temporary_name = std::ffi::OsString::from(".");
    temporary_name.push(name);
    temporary_name.push(format!(".{}", std::process::id()));
    let temporary = path.with_file_name(temporary_name);
    let _ = fs::remove_file(&temporary);
    let file = safe_files::create_new(&temporary, &mut OpenOptions::new());
    let written = file
        .and_then(|mut file| file.write_all(content))
        .and_then(|()| fs::rename(&temporary, path));
    if written.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    written
}

fn failure(path: &Path, error: &io::Error) -> Failure {
    let why = files::creation_error(path, error);
    Failure::Text(format!(
        "cannot write the status to `{}`: {why}",
        path.display()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_status_replaces_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("status.json");
        let file = StatusFile::create("program", &path, b"first").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"first");
        for number in 0..100 {
            file.set(format!("status {number}").into_bytes());
        }
        drop(file);
        assert_eq!(fs::read(&path).unwrap(), b"status 99");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        let missing = folder.path().join("missing/status.json");
        let failed = StatusFile::create("program", &missing, b"").unwrap_err();
        assert!(
            failed
                .to_string()
                .starts_with("cannot write the status to `"),
            "{failed}"
        );
    }
}
