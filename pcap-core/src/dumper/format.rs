//! The header of a classic savefile.

use crate::error::{Error, ErrorKind, Result};
use crate::linktype::{Dlt, Linktype};
use crate::savefile::{self, ByteOrder, FILE_HEADER};
use crate::timestamp::Precision;

/// The largest link type: it occupies 16 bits of its header field. The other bits describe the frame check sequence.
const LARGEST_LINKTYPE: u32 = 0xffff;

/// The content of a savefile's header.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Format {
    pub(crate) datalink: Dlt,
    /// The bits of the header above the link type.
    pub(crate) datalink_ext: u32,
    pub(crate) snaplen: u32,
    pub(crate) precision: Precision,
}

impl Format {
    /// Returns the length of the longest packet that libpcap and Wireshark accept. They report a longer one as damage
    /// and read nothing after it. For link types with other limits, returns `u32::MAX`.
    pub(super) fn readable(self) -> u32 {
        match savefile::is_plain(self.datalink, ByteOrder::Native) {
            true => savefile::LONGEST as u32,
            false => u32::MAX,
        }
    }

    /// Returns the file header. Unlike libpcap, this crate also writes link types for which libpcap has no number.
    pub(super) fn header(self, name: &str) -> Result<[u8; FILE_HEADER]> {
        let linktype = Linktype::from(self.datalink).value();
        if linktype > LARGEST_LINKTYPE {
            let text =
                format!("expected a link type of at most {LARGEST_LINKTYPE}, found {linktype}");
            let kind = ErrorKind::Unsupported;
            return Err(Error::cannot(kind, "write", name.to_owned(), text));
        }
        let magic = match self.precision {
            Precision::Micro => savefile::MAGIC_MICRO,
            Precision::Nano => savefile::MAGIC_NANO,
        };
        let [major, minor] = savefile::VERSION;
        let mut header = [0; FILE_HEADER];
        header[..4].copy_from_slice(&magic.to_ne_bytes());
        header[4..6].copy_from_slice(&major.to_ne_bytes());
        header[6..8].copy_from_slice(&minor.to_ne_bytes());
        // Bytes 8 to 15 are the time zone and the accuracy of the timestamps, which are always 0.
        header[16..20].copy_from_slice(&self.snaplen.to_ne_bytes());
        header[20..].copy_from_slice(&(linktype | self.datalink_ext).to_ne_bytes());
        Ok(header)
    }
}
