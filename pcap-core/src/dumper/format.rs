//! The header of a savefile, as libpcap writes it.

use crate::error::{Error, ErrorKind, Result};
use crate::linktype::Dlt;
use crate::savefile::{self, ByteOrder, FILE_HEADER};
use crate::sys::{self, platform};
use crate::timestamp::Precision;

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
    /// Returns the longest record that libpcap and Wireshark accept. They treat a longer one as damage, and read
    /// nothing after it. `u32::MAX` for link types with limits of their own.
    pub(super) fn readable(self) -> u32 {
        match savefile::is_plain(self.datalink, ByteOrder::Native) {
            true => savefile::LONGEST as u32,
            false => u32::MAX,
        }
    }

    /// Returns the file header as libpcap writes it.
    pub(super) fn header(self, name: &str) -> Result<[u8; FILE_HEADER]> {
        Error::library("write", name.to_owned())?;
        let fail =
            |text: String| Error::cannot(ErrorKind::Unsupported, "write", name.to_owned(), text);
        let precision = match self.precision {
            Precision::Micro => sys::PCAP_TSTAMP_PRECISION_MICRO,
            Precision::Nano => sys::PCAP_TSTAMP_PRECISION_NANO,
        };
        let snaplen = i32::try_from(self.snaplen).unwrap_or(i32::MAX);
        // SAFETY: takes numbers only.
        let pcap = unsafe {
            sys::pcap_open_dead_with_tstamp_precision(
                self.datalink.value(),
                snaplen,
                precision as _,
            )
        };
        if pcap.is_null() {
            return Err(fail("libpcap is out of memory".into()));
        }
        let mut bytes = [0; 2 * FILE_HEADER];
        // SAFETY: the handle is open and ours.
        let written = unsafe { platform::savefile_header(pcap, &mut bytes) };
        // SAFETY: the handle is open and ours.
        unsafe { sys::pcap_close(pcap) };
        written.map_err(fail)?;
        let mut header = [0; FILE_HEADER];
        header.copy_from_slice(&bytes[..FILE_HEADER]);
        let ext = self.datalink_ext.to_ne_bytes();
        header[20..].iter_mut().zip(ext).for_each(|(a, b)| *a |= b);
        Ok(header)
    }
}
