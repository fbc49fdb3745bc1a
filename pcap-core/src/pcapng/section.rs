//! The description in the header of a pcapng file.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use super::append;
use super::blocks::Blocks;
use super::dumper::{LONGEST, PcapngDumper, check_text, refuse};
use crate::dumper::{Output, THE_SAVEFILE, THE_WRITER};
#[allow(unused_imports)] // of the documentation
use crate::error::ErrorKind;
use crate::error::Result;

/// The description in the header of a pcapng file, for [`PcapngDumper`](super::PcapngDumper): its hardware, operating
/// system and program, and a comment. All of them are optional.
///
/// Each text has at most 65 535 bytes and no NUL. The call that uses the section rejects others.
///
/// # Examples
///
/// ```
/// use pcap_core::pcapng::Section;
///
/// let section = Section::new().application("probe 1.0").comment("the third floor");
/// let dumper = section.to_writer(Vec::new())?;
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

    /// Sets the hardware that created the file (`shb_hardware`): `AMD EPYC 7543`.
    #[must_use]
    pub fn hardware(mut self, text: impl Into<String>) -> Section {
        self.hardware = Some(text.into());
        self
    }

    /// Sets the operating system that created the file (`shb_os`): `Linux 6.12`.
    #[must_use]
    pub fn os(mut self, text: impl Into<String>) -> Section {
        self.os = Some(text.into());
        self
    }

    /// Sets the program that created the file (`shb_userappl`).
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

    /// Returns its texts with their names in errors.
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
    /// - [`InvalidArgument`](ErrorKind::InvalidArgument) if a text is too long or contains a NUL. An existing file is
    ///   unchanged.
    pub fn create(&self, path: impl AsRef<Path>) -> Result<PcapngDumper> {
        let path = path.as_ref();
        let blocks = begin(&path.display().to_string(), self)?;
        Ok(PcapngDumper::with(Output::create(path)?, blocks))
    }

    /// Appends this section to a savefile. See [`PcapngDumper::append`].
    ///
    /// # Errors
    ///
    /// - Those of `append`.
    /// - [`InvalidArgument`](ErrorKind::InvalidArgument) if a text is too long or contains a NUL. The file is
    ///   unchanged.
    pub fn append(&self, path: impl AsRef<Path>) -> Result<PcapngDumper> {
        let path = path.as_ref();
        if path.as_os_str() == "-" {
            return self.create(path);
        }
        let name = path.display().to_string();
        let blocks = begin(&name, self)?;
        let (file, length) = append::open(path, &name)?;
        Ok(PcapngDumper::with(Output::file(file, name, length), blocks))
    }

    /// Writes a savefile with this section to an open file. See [`PcapngDumper::from_open_file`].
    ///
    /// # Errors
    ///
    /// - [`InvalidArgument`](ErrorKind::InvalidArgument) if a text is too long or contains a NUL.
    ///   [`take`](crate::Error::take) returns the [`File`].
    pub fn to_open_file(&self, file: File) -> Result<PcapngDumper> {
        match begin(THE_SAVEFILE, self) {
            Ok(blocks) => {
                let output = Output::file(file, THE_SAVEFILE.to_owned(), 0);
                Ok(PcapngDumper::with(output, blocks))
            }
            Err(error) => Err(error.handing_back(file)),
        }
    }

    /// Writes a savefile with this section to any writer. See [`PcapngDumper::new`].
    ///
    /// # Errors
    ///
    /// - [`InvalidArgument`](ErrorKind::InvalidArgument) if a text is too long or contains a NUL.
    ///   [`take`](crate::Error::take) returns the writer.
    pub fn to_writer<W>(&self, writer: W) -> Result<PcapngDumper>
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

/// Creates the header of a file that errors call `name`.
fn begin(name: &str, section: &Section) -> Result<Blocks> {
    for (what, text) in section.texts() {
        check_text(name, what, text, LONGEST)?;
    }
    Blocks::new(section).map_err(|e| refuse(name, e))
}
