//! What a reader reads.

use std::fs::File;
use std::io::{self, Cursor, Read};
use std::path::Path;

/// A savefile.
pub(crate) enum Source<'a> {
    /// A file of this name.
    Path(&'a Path),
    /// A pipe or a socket.
    Open(File),
    /// Bytes in memory, of which readers know only `Read`.
    Bytes(Vec<u8>),
}

impl Source<'_> {
    /// Returns a reader of its bytes.
    pub(crate) fn reader(self) -> io::Result<Box<dyn Read + Send>> {
        Ok(match self {
            Source::Path(path) => Box::new(File::open(path)?),
            Source::Open(file) => Box::new(file),
            Source::Bytes(bytes) => Box::new(Cursor::new(bytes)),
        })
    }
}
