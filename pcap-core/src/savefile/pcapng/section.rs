//! The header of a section.

use std::borrow::Cow;
use std::fmt;

use crate::savefile::ByteOrder;
use crate::savefile::pcapng::code::section as code;
use crate::savefile::pcapng::{BlockBuf, Endian, Kind, Options, RawBlock, layout, text::Texts};

/// The number that shows the byte order of a section.
pub(crate) const ORDER: u32 = 0x1a2b_3c4d;

/// The description in a section header of a pcapng file: the hardware, operating system and application that wrote the
/// file, and comments. All of them are optional. It also determines the byte order of the section.
///
/// The `dump` methods create a [`PcapngDumper`](crate::pcapng::PcapngDumper) that writes this description. Each
/// string may be at most 65 535 bytes long and must not contain a NUL byte; these methods check this. A section from a
/// file keeps its bytes, including options that this crate does not know, so that it is written unchanged.
///
/// # Examples
///
/// ```
/// use pcap_core::pcapng::Section;
///
/// let section = Section::new().with_application("probe 1.0").with_comment("the third floor");
/// let dumper = section.dump_to(Vec::new())?;
/// # dumper.close()?;
/// # Ok::<(), pcap_core::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Section {
    block: BlockBuf,
    texts: Texts,
}

impl Default for Section {
    #[inline]
    fn default() -> Section {
        Section::new()
    }
}

impl Section {
    /// Creates an empty description in this machine's byte order.
    #[must_use]
    #[inline]
    pub fn new() -> Section {
        Section {
            block: header(ByteOrder::Native, &[]),
            texts: Texts::default(),
        }
    }

    /// Takes over a section header from a file.
    #[inline]
    pub(crate) fn from_block(block: RawBlock<'_>) -> Section {
        Section {
            block: block.into(),
            texts: Texts::default(),
        }
    }

    /// Borrows the block of the header.
    #[must_use]
    #[inline]
    pub fn as_raw(&self) -> RawBlock<'_> {
        self.block.as_raw()
    }

    /// Returns the first error of a setter.
    #[inline]
    pub(crate) fn refusal(&self) -> Option<&str> {
        self.texts.refusal()
    }

    /// Returns the byte order of the section.
    #[must_use]
    #[inline]
    pub fn endian(&self) -> Endian {
        self.as_raw().endian()
    }

    /// Returns the major and minor version of the format: 1.0, or 1.2, which means the same.
    #[must_use]
    #[inline]
    pub fn version(&self) -> (u16, u16) {
        let body = self.as_raw().content();
        (body.u16(4).unwrap_or(0), body.u16(6).unwrap_or(0))
    }

    /// Returns whether this crate knows the version. If not, the blocks of the section are
    /// [unknown](super::Block::Other).
    #[must_use]
    #[inline]
    pub fn is_known(&self) -> bool {
        matches!(self.version(), (1, 0 | 2))
    }

    /// Returns the length of the section's blocks in bytes as the file states it, if it does. Readers do not use it.
    #[must_use]
    #[inline]
    pub fn length(&self) -> Option<u64> {
        let length = self.as_raw().content().u64(8);
        length.filter(|&length| length != u64::MAX)
    }

    /// Returns all options.
    #[must_use]
    #[inline]
    pub fn options(&self) -> Options<'_> {
        self.as_raw().options_after(layout::SECTION)
    }

    /// Returns the description of the hardware on which the file was created (`shb_hardware`).
    #[must_use]
    #[inline]
    pub fn hardware(&self) -> Option<Cow<'_, str>> {
        self.options().text(code::HARDWARE)
    }

    /// Returns the operating system on which the file was created (`shb_os`).
    #[must_use]
    #[inline]
    pub fn os(&self) -> Option<Cow<'_, str>> {
        self.options().text(code::OS)
    }

    /// Returns the application that created the file (`shb_userappl`).
    #[must_use]
    #[inline]
    pub fn application(&self) -> Option<Cow<'_, str>> {
        self.options().text(code::APPLICATION)
    }

    /// Returns the comments about the section (`opt_comment`).
    #[inline]
    pub fn comments(&self) -> impl Iterator<Item = Cow<'_, str>> {
        self.as_raw().comments()
    }

    /// Sets the byte order of the section's numbers. Default: this machine's. Options whose meaning this crate does not
    /// know cannot be converted; the call that writes the section returns an error for them.
    #[must_use]
    #[inline]
    pub fn with_endian(mut self, endian: Endian) -> Section {
        match self.block.to_whole_order(endian.into()) {
            Ok(block) => self.block = block,
            Err(error) => self.texts.note(Err(error)),
        }
        self
    }

    /// Sets the length of the section to "unknown". The length in a header from a file is wrong once the section's
    /// blocks have changed.
    #[must_use]
    #[inline]
    pub fn without_length(mut self) -> Section {
        self.block.set_section_length(u64::MAX);
        self
    }

    /// Sets the description of the hardware on which the file was created (`shb_hardware`), such as `AMD EPYC 7543`.
    #[must_use]
    pub fn with_hardware(self, text: impl AsRef<str>) -> Section {
        self.with_text(code::HARDWARE, "hardware", text.as_ref())
    }

    /// Sets the operating system on which the file was created (`shb_os`), such as `Linux 6.12`.
    #[must_use]
    pub fn with_os(self, text: impl AsRef<str>) -> Section {
        self.with_text(code::OS, "operating system", text.as_ref())
    }

    /// Sets the application that created the file (`shb_userappl`).
    #[must_use]
    pub fn with_application(self, text: impl AsRef<str>) -> Section {
        self.with_text(code::APPLICATION, "application", text.as_ref())
    }

    /// Adds a comment about the section (`opt_comment`).
    #[must_use]
    pub fn with_comment(mut self, text: impl AsRef<str>) -> Section {
        if self.texts.check("comment", text.as_ref(), 0) {
            self.texts.note(self.block.add_comment(text.as_ref()));
        }
        self
    }

    /// Sets any option: replaces the options with this code, or adds one. Numbers in the value must have the
    /// [byte order](Self::endian) of the section.
    #[must_use]
    #[inline]
    pub fn with_option(mut self, code: u16, value: &[u8]) -> Section {
        self.texts.note(self.block.set_option(code, value));
        self
    }

    #[inline]
    fn with_text(mut self, code: u16, what: &'static str, text: &str) -> Section {
        if self.texts.check(what, text, 0) {
            self.texts
                .note(self.block.set_option(code, text.as_bytes()));
        }
        self
    }
}

/// Creates the block of a section header in a byte order.
#[inline]
pub(crate) fn header(order: ByteOrder, options: &[u8]) -> BlockBuf {
    let mut body = order.of_u32(ORDER).to_ne_bytes().to_vec();
    body.extend_from_slice(&order.of_u16(1).to_ne_bytes());
    body.extend_from_slice(&order.of_u16(0).to_ne_bytes());
    body.extend_from_slice(&u64::MAX.to_ne_bytes());
    body.extend(options);
    BlockBuf::of_kind(Kind::SECTION, &body, order)
}

impl fmt::Debug for Section {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Section")
            .field("endian", &self.endian())
            .field("version", &self.version())
            .field("hardware", &self.hardware())
            .field("os", &self.os())
            .field("application", &self.application())
            .finish_non_exhaustive()
    }
}
