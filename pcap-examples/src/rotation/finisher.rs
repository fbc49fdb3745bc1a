//! Closes savefiles in a thread, so that a slow disk or command does not delay the capture.

use std::fs::File;
use std::path::PathBuf;
use std::sync::mpsc::{self, Receiver, SyncSender, TrySendError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use super::compression_ratio::CompressionRatio;
use super::file_lines::FileLines;
use super::hook::Hooks;
use super::ring::Ring;
use crate::background_writer::Waiting;
use crate::exit::{Failure, Outcome};
use crate::savefile_summary::SavefileSummary;
use crate::savefile_writer::SavefileWriter;

/// The capture waits while this many savefiles are not closed.
const MAX_WAITING: usize = 16;

/// A savefile that has all its packets, but is not closed.
#[derive(Debug)]
pub(super) struct Finished {
    pub(super) path: PathBuf,
    pub(super) savefile: SavefileWriter,
    pub(super) summary: SavefileSummary,
    /// Whether the savefile has failed, and the failure was returned to the program.
    pub(super) is_failed: bool,
}

/// What happens to each finished savefile.
#[derive(Clone, Debug)]
pub(super) struct Steps {
    pub(super) program: &'static str,
    pub(super) ring: Arc<Mutex<Ring>>,
    pub(super) ratio: CompressionRatio,
    pub(super) lines: Vec<FileLines>,
    pub(super) hooks: Option<Hooks>,
}

impl Steps {
    /// Closes a savefile, prints its line and runs the command for it.
    ///
    /// # Errors
    ///
    /// Returns an error if the savefile is not complete or its line cannot be printed. Without a complete savefile, the
    /// other steps are left out.
    pub(super) fn finish(&self, mut finished: Finished) -> Outcome {
        let path = finished.path;
        if let Err(failure) = finished.savefile.close() {
            let is_empty = finished.savefile.background_writer().is_without_packets();
            self.ring().fail(&path, is_empty);
            return Err(match finished.is_failed {
                true => Failure::Reported,
                false => failure,
            });
        }
        let background_writer = finished.savefile.background_writer();
        finished.summary.bytes = background_writer.output_bytes();
        let before_compression = background_writer.written_bytes();
        self.ratio.add(before_compression, finished.summary.bytes);
        let has_command = self.hooks.is_some();
        self.ring()
            .finish(&path, finished.summary.bytes, has_command);
        let mut outcome = Ok(());
        for lines in &self.lines {
            outcome = outcome.and(lines.print(&path, &finished.summary));
        }
        if let Some(hooks) = &self.hooks {
            hooks.run(path, Arc::clone(&self.ring));
        }
        outcome
    }

    fn ring(&self) -> std::sync::MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The thread that closes savefiles.
#[derive(Debug)]
pub(super) struct Finisher {
    jobs: Option<SyncSender<Job>>,
    /// Returns whether everything has succeeded.
    thread: Option<JoinHandle<bool>>,
}

#[derive(Debug)]
enum Job {
    Finish(Box<Finished>),
    /// Closes a file that was removed.
    Release(File),
}

impl Finisher {
    pub(super) fn start(steps: Steps) -> Outcome<Finisher> {
        let (jobs, received) = mpsc::sync_channel(MAX_WAITING);
        let thread = thread::Builder::new().name("finisher".to_owned());
        let thread = thread
            .spawn(move || run(&steps, &received))
            .map_err(|e| Failure::Text(format!("cannot start a thread for savefiles: {e}")))?;
        Ok(Finisher {
            jobs: Some(jobs),
            thread: Some(thread),
        })
    }

    /// Closes a savefile in the thread.
    pub(super) fn finish(&self, finished: Finished) {
        self.send(Job::Finish(Box::new(finished)));
    }

    /// Closes a removed file in the thread.
    pub(super) fn release(&self, file: File) {
        self.send(Job::Release(file));
    }

    fn send(&self, job: Job) {
        let Some(jobs) = &self.jobs else {
            return;
        };
        // The thread ends only after the last job.
        if let Err(TrySendError::Full(job)) = jobs.try_send(job) {
            let _waiting = Waiting::begin();
            let _ = jobs.send(job);
        }
    }

    /// Waits until all savefiles are closed.
    ///
    /// # Errors
    ///
    /// Returns an error if something has failed, which was reported then.
    pub(super) fn wait(&mut self) -> Outcome {
        self.jobs = None;
        match self.thread.take().map(JoinHandle::join) {
            None | Some(Ok(true)) => Ok(()),
            Some(_) => Err(Failure::Reported),
        }
    }
}

impl Drop for Finisher {
    /// Completes the savefiles if the program ends because of another error, which it reports.
    fn drop(&mut self) {
        let _ = self.wait();
    }
}

fn run(steps: &Steps, jobs: &Receiver<Job>) -> bool {
    let mut is_successful = true;
    for job in jobs {
        match job {
            Job::Finish(finished) => {
                if let Err(failure) = steps.finish(*finished) {
                    is_successful = false;
                    failure.report(steps.program);
                }
            }
            Job::Release(file) => drop(file),
        }
    }
    is_successful
}
