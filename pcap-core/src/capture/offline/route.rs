//! The ways to read a savefile, and the transitions between them.

use std::io;
use std::panic::resume_unwind;

use crate::capture::offline::Offline;
use crate::error::{Error, ErrorKind, Result};
use crate::savefile::{Feed, Records};
use crate::sys::{self, Failure};

/// How a savefile is read from now on.
pub(super) enum Route {
    /// With this crate's record reader, which is the fast way.
    Records(Records),
    /// With libpcap, for one record that only libpcap understands. Then the record reader resumes.
    Detour(Records),
    /// With libpcap, which this crate feeds with complete records from a pipe.
    Fed(Feed),
    /// With libpcap, directly from the stream.
    Libpcap,
    /// The savefile is at its end. A capture that [follows](crate::Capture::follow) it resumes.
    Ended(Option<Records>),
    /// The savefile is damaged, and each call returns the same error, because the bytes after the damage have no
    /// meaning.
    Failed(Error),
}

impl Route {
    /// Returns this crate's record reader, even if it is not in use at the moment.
    pub(super) fn any_records(&self) -> Option<&Records> {
        match self {
            Route::Records(records) | Route::Detour(records) | Route::Ended(Some(records)) => {
                Some(records)
            }
            _ => None,
        }
    }

    /// Takes the record reader for another route.
    pub(super) fn take_records(&mut self) -> Option<Records> {
        match std::mem::replace(self, Route::Libpcap) {
            Route::Records(records) | Route::Detour(records) => Some(records),
            Route::Ended(records) => records,
            other => {
                *self = other;
                None
            }
        }
    }
}

impl Offline {
    /// Makes libpcap read one record, from the same position as the record reader.
    pub(super) fn leave(&mut self) {
        if let Route::Records(_) = self.route {
            if let Some(records) = self.route.take_records() {
                self.route = Route::Detour(records);
            }
        }
    }

    /// Switches back to the record reader, once the packets that libpcap read are delivered. Returns whether it did.
    pub(super) fn resume(&mut self) -> bool {
        let is_detour = matches!(self.route, Route::Detour(_));
        let records = is_detour.then(|| self.route.take_records()).flatten();
        if let Some(records) = records {
            self.route = Route::Records(records);
        }
        is_detour
    }

    /// Ends the capture at the end of the savefile.
    pub(super) fn end(&mut self) -> Result<()> {
        self.check_length()?;
        self.route = Route::Ended(self.route.take_records());
        Ok(())
    }

    /// Ends the capture: each later call returns this error.
    pub(super) fn fail_with(&mut self, error: Error) -> Error {
        self.route = Route::Failed(error.clone());
        error
    }

    /// Ends the capture with an error of the reader or of the operating system.
    pub(super) fn fail(&mut self, error: io::Error) -> Error {
        let name = self.handle.name.clone();
        // First set an error without the user's text, because formatting the reader's error may panic.
        let silent = io::Error::new(
            error.kind(),
            "the reader failed, and formatting its error panicked",
        );
        self.fail_with(Error::io("read", name.clone(), silent));
        self.fail_with(Error::io("read", name, error))
    }

    /// Ends the capture with the error of the user's reader, if there is one.
    ///
    /// # Panics
    ///
    /// Panics if the reader panicked: the call resumes that panic.
    pub(super) fn reader_failed(&mut self) -> Option<Error> {
        match self.stream.as_mut()?.failure()? {
            Failure::Error(error) => Some(self.fail(error)),
            Failure::Panic(panic) => {
                self.fail(io::Error::other(sys::PANICKED));
                resume_unwind(panic)
            }
        }
    }

    /// Ends the capture with the error for a regular file that has shrunk.
    pub(super) fn shorter(&mut self, detail: String) -> Error {
        let text = format!("the file shrank while it was read{detail}");
        let name = self.handle.name.clone();
        let kind = ErrorKind::SavefileTruncated;
        self.fail_with(Error::cannot(kind, "read", name, text))
    }

    /// Fails if a regular file has shrunk. Packets are lost then, even if its last record is complete.
    pub(super) fn check_length(&mut self) -> Result<()> {
        let (Some(mut length), Some(stream)) = (self.length, &self.stream) else {
            return Ok(());
        };
        let read = match self.route.any_records().map(Records::end) {
            Some(end) => Ok(end),
            None => stream.position(),
        };
        let shrunk = read.and_then(|read| {
            let shrunk = stream.with_file(|file| length.shrunk(file, read));
            shrunk.unwrap_or(Ok(None))
        });
        self.length = Some(length);
        match shrunk {
            Ok(None) => Ok(()),
            Ok(Some((was, is))) => {
                Err(self.shorter(format!(": expected at least {was} bytes, found {is}")))
            }
            Err(e) => Err(self.fail(e)),
        }
    }
}
