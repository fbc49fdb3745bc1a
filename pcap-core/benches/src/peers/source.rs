//! What a reader reads.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// A savefile.
pub(crate) enum Source<'a> {
    /// A file of this name.
    Path(&'a Path),
    /// A pipe or a socket.
    Open(File),
    /// Anything, of which readers know only `Read`.
    Reader(Box<dyn Read + Send>),
}

impl Source<'_> {
    /// Returns a reader of its bytes.
    pub(crate) fn reader(self) -> io::Result<Box<dyn Read + Send>> {
        Ok(match self {
            Source::Path(path) => Box::new(File::open(path)?),
            Source::Open(file) => Box::new(file),
            Source::Reader(reader) => reader,
        })
    }
}
