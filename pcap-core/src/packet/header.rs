//! The header of a packet.

use std::fmt;

use crate::timestamp::Timestamp;

/// The header that libpcap delivers with a packet: the time of capture, the number of captured bytes, and the number of
/// bytes on the wire.
///
/// # Examples
///
/// ```
/// use pcap_core::{PacketHeader, Timestamp};
///
/// let header = PacketHeader::new(Timestamp::new(1, 5), 60, 1514);
/// assert_eq!((header.caplen(), header.wire_len()), (60, 1514));
/// assert!(header.is_truncated());
/// ```
#[doc(alias = "pcap_pkthdr")]
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct PacketHeader {
    pub(super) secs: i64,
    /// As read: in a damaged savefile it may be negative or at least one second.
    pub(super) nanos: i64,
    pub(super) caplen: u32,
    pub(super) wire_len: u32,
}

impl PacketHeader {
    /// Creates a header from a time, the number of bytes captured and the number of bytes on the wire.
    #[must_use]
    pub const fn new(timestamp: Timestamp, caplen: u32, wire_len: u32) -> PacketHeader {
        PacketHeader {
            secs: timestamp.secs(),
            nanos: timestamp.subsec_nanos() as i64,
            caplen,
            wire_len,
        }
    }

    /// Creates a header from libpcap's values, with the fraction already in nanoseconds.
    #[inline]
    pub(crate) const fn from_raw(
        secs: i64,
        nanos: i64,
        caplen: u32,
        wire_len: u32,
    ) -> PacketHeader {
        PacketHeader {
            secs,
            nanos,
            caplen,
            wire_len,
        }
    }

    /// Returns the time of capture. A fraction that is out of range is carried into the seconds.
    #[inline]
    #[must_use]
    pub const fn timestamp(&self) -> Timestamp {
        Timestamp::new(self.secs, self.nanos)
    }

    /// Returns the seconds of the timestamp, exactly as libpcap delivered them.
    #[must_use]
    pub const fn raw_secs(&self) -> i64 {
        self.secs
    }

    /// Returns the fraction of the timestamp in nanoseconds, exactly as libpcap delivered it.
    ///
    /// In a damaged savefile it may be negative or at least one second. [`timestamp`](Self::timestamp) carries it into
    /// the seconds.
    #[must_use]
    pub const fn raw_nanos(&self) -> i64 {
        self.nanos
    }

    /// Returns the number of captured bytes, which is the length of the packet's data.
    #[inline]
    #[must_use]
    pub const fn caplen(&self) -> u32 {
        self.caplen
    }

    /// Returns the number of bytes that the packet had on the wire.
    ///
    /// It is greater than [`caplen`](Self::caplen) if the packet was truncated to the snaplen. It is less only in
    /// damaged savefiles.
    #[doc(alias = "len")]
    #[inline]
    #[must_use]
    pub const fn wire_len(&self) -> u32 {
        self.wire_len
    }

    /// Returns whether the packet is truncated, that is, whether fewer bytes were captured than it had on the wire.
    #[must_use]
    pub const fn is_truncated(&self) -> bool {
        self.caplen < self.wire_len
    }

    /// Truncates the packet to at most `caplen` bytes.
    pub(crate) const fn cut(mut self, caplen: u32) -> PacketHeader {
        if caplen < self.caplen {
            self.caplen = caplen;
        }
        self
    }
}

impl fmt::Debug for PacketHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PacketHeader")
            .field("timestamp", &format_args!("{}", self.timestamp()))
            .field("caplen", &self.caplen)
            .field("wire_len", &self.wire_len)
            .finish()
    }
}
