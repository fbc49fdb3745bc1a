//! Dumpers that begin with a section.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use crate::dumper::{Output, THE_SAVEFILE, THE_WRITER};
use crate::error::{Error, ErrorKind, Result};
use crate::pcapng::{PcapngDumper, Section};

impl Section {
    /// Creates a savefile at a path, with this section. See [`PcapngDumper::create`].
    ///
    /// # Errors
    ///
    /// - [`Io`](ErrorKind::Io) if the file cannot be created.
    /// - [`InvalidArgument`](ErrorKind::InvalidArgument) if a string is too long or contains a NUL byte. An existing
    ///   file is then unchanged.
    pub fn dump(&self, path: impl AsRef<Path>) -> Result<PcapngDumper> {
        let path = path.as_ref();
        self.check(&path.display().to_string())?;
        Ok(PcapngDumper::with_section(Output::create(path)?, self))
    }

    /// Opens a savefile for appending, and appends this section to it. See [`PcapngDumper::append`].
    ///
    /// # Errors
    ///
    /// - The errors of [`PcapngDumper::append`].
    /// - [`InvalidArgument`](ErrorKind::InvalidArgument) if a string is too long or contains a NUL byte. The file is
    ///   then unchanged.
    pub fn dump_append(&self, path: impl AsRef<Path>) -> Result<PcapngDumper> {
        let path = path.as_ref();
        if path.as_os_str() == "-" {
            return self.dump(path);
        }
        self.check(&path.display().to_string())?;
        PcapngDumper::append_section(path, Some(self), false)
    }

    /// Creates a dumper that writes a savefile with this section to an open file. See [`PcapngDumper::from_open_file`].
    ///
    /// # Errors
    ///
    /// - [`InvalidArgument`](ErrorKind::InvalidArgument) if a string is too long or contains a NUL byte.
    ///   [`take`](crate::Error::take) returns the [`File`].
    #[inline]
    pub fn dump_open_file(&self, file: File) -> Result<PcapngDumper> {
        match self.check(THE_SAVEFILE) {
            Ok(()) => {
                let output = Output::file(file, THE_SAVEFILE.to_owned(), 0);
                Ok(PcapngDumper::with_section(output, self))
            }
            Err(error) => Err(error.handing_back(file)),
        }
    }

    /// Creates a dumper that writes a savefile with this section to any writer. See [`PcapngDumper::new`].
    ///
    /// # Errors
    ///
    /// - [`InvalidArgument`](ErrorKind::InvalidArgument) if a string is too long or contains a NUL byte.
    ///   [`take`](crate::Error::take) returns the writer.
    pub fn dump_to<W>(&self, writer: W) -> Result<PcapngDumper>
    where
        W: Write + Send + 'static,
    {
        match self.check(THE_WRITER) {
            Ok(()) => {
                let output = Output::writer(writer, THE_WRITER.to_owned());
                Ok(PcapngDumper::with_section(output, self))
            }
            Err(error) => Err(error.handing_back(writer)),
        }
    }

    /// Returns the first error of a setter. Errors call the file `name`.
    #[inline]
    pub(super) fn check(&self, name: &str) -> Result<()> {
        match self.refusal() {
            None => Ok(()),
            Some(text) => {
                let kind = ErrorKind::InvalidArgument;
                Err(Error::cannot(kind, "write", name.to_owned(), text))
            }
        }
    }
}
