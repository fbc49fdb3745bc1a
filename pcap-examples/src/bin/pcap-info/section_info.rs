//! The description of a section.

use pcap_core::pcapng::{Endian, Section};

/// The description of a section. A classic savefile has one.
pub(crate) struct SectionInfo {
    pub(crate) number: u64,
    pub(crate) endian: Endian,
    pub(crate) version: (u16, u16),
    pub(crate) hardware: Option<String>,
    pub(crate) os: Option<String>,
    pub(crate) application: Option<String>,
    pub(crate) comments: Vec<String>,
}

impl SectionInfo {
    /// Creates the description of a section with this number, of which nothing is known.
    pub(crate) fn new(number: u64) -> SectionInfo {
        SectionInfo {
            number,
            endian: Endian::NATIVE,
            version: (0, 0),
            hardware: None,
            os: None,
            application: None,
            comments: Vec::new(),
        }
    }

    /// Creates the description of a section of pcapng.
    pub(crate) fn of_section(number: u64, section: &Section) -> SectionInfo {
        SectionInfo {
            number,
            endian: section.endian(),
            version: section.version(),
            hardware: section.hardware().map(Into::into),
            os: section.os().map(Into::into),
            application: section.application().map(Into::into),
            comments: section.comments().map(Into::into).collect(),
        }
    }

    /// Returns the name of the byte order.
    pub(crate) fn byte_order(&self) -> &'static str {
        match self.endian {
            Endian::Little => "little-endian",
            Endian::Big => "big-endian",
        }
    }
}
