//! The description in a section header of a pcapng file.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use super::append;
use super::blocks::Blocks;
use super::dumper::PcapngDumper;
use super::text::{LONGEST, check_text, refuse};
use crate::dumper::{Output, THE_SAVEFILE, THE_WRITER};
#[allow(unused_imports)] // of the documentation
use crate::error::ErrorKind;
use crate::error::Result;

/// The description in the header of a pcapng file: the hardware, operating system and application that wrote the file,
/// and a comment. All of them are optional.
///
/// A `Section` creates a [`PcapngDumper`](super::PcapngDumper) that writes this description. Each text may have at most
/// 65 535 bytes, and must not contain a NUL byte; the calls that create the dumper check this.
///
/// # Examples
///
/// ```
/// use pcap_core::pcapng::Section;
///
/// let section = Section::new().application("probe 1.0").comment("the third floor");
/// let dumper = section.dump_to(Vec::new())?;
/// # dumper.close()?;
/// # Ok::<(), pcap_core::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Section {
    pub(super) hardware: Option<String>,
    pub(super) os: Option<String>,
    pub(super) application: Option<String>,
    pub(super) comment: Option<String>,
}

impl Section {
    /// Creates an empty description.
    #[must_use]
    pub fn new() -> Section {
        Section::default()
    }

    /// Sets the description of the hardware on which the file was created (`shb_hardware`), such as `AMD EPYC 7543`.
    #[must_use]
    pub fn hardware(mut self, text: impl Into<String>) -> Section {
        self.hardware = Some(text.into());
        self
    }

    /// Sets the operating system on which the file was created (`shb_os`), such as `Linux 6.12`.
    #[must_use]
    pub fn os(mut self, text: impl Into<String>) -> Section {
        self.os = Some(text.into());
        self
    }

    /// Sets the application that created the file (`shb_userappl`).
    #[must_use]
    pub fn application(mut self, text: impl Into<String>) -> Section {
        self.application = Some(text.into());
        self
    }

    /// Sets the comment (`opt_comment`).
    #[must_use]
    pub fn comment(mut self, text: impl Into<String>) -> Section {
        self.comment = Some(text.into());
        self
    }

    /// Returns the strings that are set, each with its name in errors.
    pub(super) fn texts(&self) -> impl Iterator<Item = (&'static str, &str)> {
        [
            ("hardware", &self.hardware),
            ("operating system", &self.os),
            ("application", &self.application),
            ("comment", &self.comment),
        ]
        .into_iter()
        .filter_map(|(what, text)| Some((what, text.as_deref()?)))
    }
}

impl Section {
    /// Creates a savefile at a path, with this section. See [`PcapngDumper::create`].
    ///
    /// # Errors
    ///
    /// - [`Io`](ErrorKind::Io) if the file cannot be created.
    /// - [`InvalidArgument`](ErrorKind::InvalidArgument) if a text is too long or contains a NUL byte. An existing file
    ///   is then unchanged.
    pub fn dump(&self, path: impl AsRef<Path>) -> Result<PcapngDumper> {
        let path = path.as_ref();
        let blocks = begin(&path.display().to_string(), self)?;
        Ok(PcapngDumper::with(Output::create(path)?, blocks))
    }

    /// Opens a savefile for appending, and appends this section to it. See [`PcapngDumper::append`].
    ///
    /// # Errors
    ///
    /// - Those of [`PcapngDumper::append`].
    /// - [`InvalidArgument`](ErrorKind::InvalidArgument) if a text is too long or contains a NUL byte. The file is then
    ///   unchanged.
    pub fn dump_append(&self, path: impl AsRef<Path>) -> Result<PcapngDumper> {
        let path = path.as_ref();
        if path.as_os_str() == "-" {
            return self.dump(path);
        }
        let name = path.display().to_string();
        let blocks = begin(&name, self)?;
        let (file, length) = append::open(path, &name)?;
        Ok(PcapngDumper::with(Output::file(file, name, length), blocks))
    }

    /// Creates a dumper that writes a savefile with this section to an open file. See [`PcapngDumper::from_open_file`].
    ///
    /// # Errors
    ///
    /// - [`InvalidArgument`](ErrorKind::InvalidArgument) if a text is too long or contains a NUL byte.
    ///   [`take`](crate::Error::take) returns the [`File`].
    pub fn dump_open_file(&self, file: File) -> Result<PcapngDumper> {
        match begin(THE_SAVEFILE, self) {
            Ok(blocks) => {
                let output = Output::file(file, THE_SAVEFILE.to_owned(), 0);
                Ok(PcapngDumper::with(output, blocks))
            }
            Err(error) => Err(error.handing_back(file)),
        }
    }

    /// Creates a dumper that writes a savefile with this section to any writer. See [`PcapngDumper::new`].
    ///
    /// # Errors
    ///
    /// - [`InvalidArgument`](ErrorKind::InvalidArgument) if a text is too long or contains a NUL byte.
    ///   [`take`](crate::Error::take) returns the writer.
    pub fn dump_to<W>(&self, writer: W) -> Result<PcapngDumper>
    where
        W: Write + Send + 'static,
    {
        match begin(THE_WRITER, self) {
            Ok(blocks) => Ok(PcapngDumper::with(
                Output::writer(writer, THE_WRITER.to_owned()),
                blocks,
            )),
            Err(error) => Err(error.handing_back(writer)),
        }
    }
}

/// Encodes the section header. Errors call the file `name`.
fn begin(name: &str, section: &Section) -> Result<Blocks> {
    for (what, text) in section.texts() {
        check_text(name, what, text, LONGEST)?;
    }
    Blocks::new(section).map_err(|e| refuse(name, e))
}
