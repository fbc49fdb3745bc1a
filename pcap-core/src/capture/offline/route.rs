//! The ways to read a savefile, and the transitions between them.

use std::fs::File;
use std::io;
use std::panic::resume_unwind;

use crate::capture::offline::Offline;
use crate::error::{Error, ErrorKind, Result};
use crate::savefile::pcapng::Blocks;
use crate::savefile::{Feed, Records, Walk};
use crate::sys::{self, Failure, platform};

/// How a savefile is read from now on.
pub(super) enum Route {
    /// With this crate's record reader, which is the fast way.
    Records(Records),
    /// With this crate's block reader.
    Blocks(Blocks),
    /// With libpcap, for one record that only libpcap understands. Then the record reader resumes.
    Detour(Records),
    /// With libpcap, which this crate feeds with complete records from a pipe.
    Fed(Feed),
    /// With libpcap, directly from the stream.
    Libpcap,
    /// The savefile is at its end. A capture that [follows](crate::Capture::follow) it resumes.
    Ended(Before),
    /// The savefile is damaged, and each call returns the same error, because the bytes after the damage have no
    /// meaning.
    Failed(Error),
}

/// How a savefile was read before its end.
pub(super) enum Before {
    Records(Records),
    Blocks(Blocks),
    Libpcap,
}

impl Route {
    /// Returns the offset in the file up to which this crate has read it; `None` if libpcap reads it.
    fn end(&self) -> Option<u64> {
        let records = self.records().map(|records| records.end());
        records.or_else(|| self.blocks().map(|blocks| blocks.end()))
    }

    /// Returns this crate's record reader, also at its end, and while libpcap reads a record.
    fn records(&self) -> Option<&Records> {
        match self {
            Route::Records(it) | Route::Detour(it) | Route::Ended(Before::Records(it)) => Some(it),
            _ => None,
        }
    }

    /// Returns this crate's block reader, also at its end.
    pub(super) fn blocks(&self) -> Option<&Blocks> {
        match self {
            Route::Blocks(blocks) | Route::Ended(Before::Blocks(blocks)) => Some(blocks),
            _ => None,
        }
    }

    /// Returns this crate's block reader for changes, also at its end.
    pub(super) fn blocks_mut(&mut self) -> Option<&mut Blocks> {
        match self {
            Route::Blocks(blocks) | Route::Ended(Before::Blocks(blocks)) => Some(blocks),
            _ => None,
        }
    }

    /// Returns whether this crate reads the next packet.
    #[inline]
    pub(super) fn is_ours(&self) -> bool {
        matches!(self, Route::Records(_) | Route::Blocks(_))
    }

    /// Returns the file that this crate reads.
    fn file(&self) -> Option<&File> {
        let file = self.records().and_then(|records| records.file());
        file.or_else(|| self.blocks().and_then(|blocks| blocks.file()))
    }

    /// Returns whether libpcap may read packets, now or later.
    pub(super) fn may_be_libpcaps(&self) -> bool {
        match self {
            Route::Blocks(_) | Route::Ended(Before::Blocks(_)) => false,
            route => !route.is_of_file(),
        }
    }

    /// Returns whether this crate reads a file, and can resume at its end.
    pub(super) fn is_of_file(&self) -> bool {
        self.file().is_some()
    }

    /// Returns to the way before the end, if the savefile is at its end.
    pub(super) fn reopen(&mut self) {
        *self = match self.take() {
            Route::Ended(Before::Records(records)) => Route::Records(records),
            Route::Ended(Before::Blocks(blocks)) => Route::Blocks(blocks),
            other => other,
        };
    }

    /// Takes the route, and leaves libpcap's.
    fn take(&mut self) -> Route {
        std::mem::replace(self, Route::Libpcap)
    }
}

impl Offline {
    /// Makes libpcap read one record, from the same position as the record reader.
    pub(super) fn leave(&mut self) {
        if let Route::Records(records) = self.route.take() {
            self.route = Route::Detour(records);
        }
    }

    /// Switches back to the record reader, once the packets that libpcap read are delivered. Returns whether it did.
    pub(super) fn resume(&mut self) -> bool {
        let is_detour = matches!(self.route, Route::Detour(_));
        self.route = match self.route.take() {
            Route::Detour(records) => Route::Records(records),
            other => other,
        };
        is_detour
    }

    /// Ends the capture at the end of the savefile.
    pub(super) fn end(&mut self) -> Result<()> {
        self.check_length()?;
        self.route = Route::Ended(match self.route.take() {
            Route::Records(it) | Route::Detour(it) | Route::Ended(Before::Records(it)) => {
                Before::Records(it)
            }
            Route::Blocks(blocks) | Route::Ended(Before::Blocks(blocks)) => Before::Blocks(blocks),
            Route::Fed(_) | Route::Libpcap | Route::Ended(Before::Libpcap) | Route::Failed(_) => {
                Before::Libpcap
            }
        });
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
        let Some(mut length) = self.length else {
            return Ok(());
        };
        let stream = self.stream.as_ref();
        let read = match self.route.end() {
            Some(end) => Ok(end),
            None => stream.map_or(Ok(0), platform::Stream::position),
        };
        let shrunk = read.and_then(|read| {
            let shrunk = match self.route.file() {
                Some(file) => Some(length.shrunk(file, read)),
                None => stream.and_then(|it| it.with_file(|file| length.shrunk(file, read))),
            };
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
