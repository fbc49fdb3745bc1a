//! Packets: a header and its bytes, borrowed or owned.

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
    secs: i64,
    /// As read: in a damaged savefile it may be negative or at least one second.
    nanos: i64,
    caplen: u32,
    wire_len: u32,
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

/// A packet whose bytes are borrowed, usually from the buffer of a capture.
///
/// The compiler rejects programs that keep such a packet beyond the next read of the capture. To keep a packet, copy it
/// into a [`PacketOwned`] with [`into_owned`](Packet::into_owned).
///
/// # Examples
///
/// Keeping a packet across the next read is a compile error:
///
// Shows: libpcap/header-bytes-nextex-overwritten, parity/reads-copy-reads
// Shows: parity/copied-packets-stay-valid
/// ```compile_fail,E0499
/// # fn main() -> pcap_core::Result<()> {
/// let mut capture = pcap_core::Capture::from_file("a.pcap")?;
/// let first = capture.next_packet()?;
/// let second = capture.next_packet()?;
/// drop(first);
/// # Ok(()) }
/// ```
///
/// So is moving it out of a closure:
///
// Shows: libpcap/callback-gets-lies-kernels
/// ```compile_fail,E0521
/// # fn main() -> pcap_core::Result<()> {
/// let mut capture = pcap_core::Capture::from_file("a.pcap")?;
/// let mut kept = Vec::new();
/// capture.for_each(|packet| kept.push(packet))?;
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Packet<'a> {
    header: PacketHeader,
    data: &'a [u8],
}

/// A packet without the loan of its data, which are in a buffer.
#[derive(Clone, Copy, Debug)]
#[allow(unreachable_pub)] // the sealed traits name it, and they are public in name
pub struct Placed {
    header: PacketHeader,
    /// The index of the data in the buffer.
    start: usize,
}

impl Placed {
    /// Lends the packet from the buffer, which must be unchanged.
    #[inline]
    pub(crate) fn lend(self, buffer: &[u8]) -> Packet<'_> {
        let data = &buffer[self.start..][..self.header.caplen() as usize];
        Packet::from_parts(self.header, data)
    }
}

impl<'a> Packet<'a> {
    /// Creates a packet from the time of capture, the number of bytes on the wire and the captured bytes.
    ///
    /// If `wire_len` is less than the length of `data`, it is raised to that length. `data` is truncated to `u32::MAX`
    /// bytes, the greatest length that a packet header can represent.
    ///
    /// # Examples
    ///
    /// ```
    /// use pcap_core::{Packet, Timestamp};
    ///
    /// let packet = Packet::new(Timestamp::EPOCH, 1514, &[0; 60]);
    /// assert_eq!((packet.caplen(), packet.wire_len()), (60, 1514));
    /// ```
    #[must_use]
    pub fn new(timestamp: impl Into<Timestamp>, wire_len: u32, data: &'a [u8]) -> Packet<'a> {
        let caplen = u32::try_from(data.len()).unwrap_or(u32::MAX);
        Packet {
            header: PacketHeader::new(timestamp.into(), caplen, wire_len.max(caplen)),
            data: &data[..caplen as usize],
        }
    }

    /// Creates an untruncated packet: its length on the wire is the length of `data`.
    ///
    /// # Examples
    ///
    /// ```
    /// use pcap_core::Packet;
    /// use std::time::SystemTime;
    ///
    /// let packet = Packet::whole(SystemTime::now(), &[0; 60]);
    /// assert_eq!((packet.caplen(), packet.wire_len()), (60, 60));
    /// ```
    #[must_use]
    pub fn whole(timestamp: impl Into<Timestamp>, data: &'a [u8]) -> Packet<'a> {
        Packet::new(timestamp, 0, data)
    }

    /// Truncates the packet to at most `caplen` bytes.
    #[inline]
    pub(crate) fn cut(self, caplen: u32) -> Packet<'a> {
        let header = self.header.cut(caplen);
        let data = &self.data[..header.caplen as usize];
        Packet { header, data }
    }

    /// Creates a packet from a header and the bytes that it counts.
    #[inline]
    pub(crate) fn from_parts(header: PacketHeader, data: &'a [u8]) -> Packet<'a> {
        debug_assert_eq!(header.caplen as usize, data.len());
        Packet { header, data }
    }

    /// Returns the packet without its loan, if its data are at this index of a buffer.
    #[inline]
    pub(crate) fn placed_at(self, start: usize) -> Placed {
        let header = self.header;
        Placed { header, start }
    }

    /// Returns the header.
    #[inline]
    #[must_use]
    pub const fn header(&self) -> &PacketHeader {
        &self.header
    }

    /// Returns the captured bytes. Their number is [`caplen`](Self::caplen).
    #[inline]
    #[must_use]
    pub const fn data(&self) -> &'a [u8] {
        self.data
    }

    /// Returns the time of capture.
    #[inline]
    #[must_use]
    pub const fn timestamp(&self) -> Timestamp {
        self.header.timestamp()
    }

    /// Returns the number of captured bytes.
    #[inline]
    #[must_use]
    pub const fn caplen(&self) -> u32 {
        self.header.caplen
    }

    /// Returns the number of bytes that the packet had on the wire.
    #[doc(alias = "len")]
    #[inline]
    #[must_use]
    pub const fn wire_len(&self) -> u32 {
        self.header.wire_len
    }

    /// Copies the packet into a packet that owns its bytes.
    #[must_use]
    pub fn into_owned(self) -> PacketOwned {
        PacketOwned {
            header: self.header,
            data: self.data.into(),
        }
    }
}

impl fmt::Debug for Packet<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        debug(f, "Packet", &self.header, self.data)
    }
}

impl AsRef<[u8]> for Packet<'_> {
    fn as_ref(&self) -> &[u8] {
        self.data
    }
}

impl<'a> From<&'a PacketOwned> for Packet<'a> {
    fn from(packet: &'a PacketOwned) -> Packet<'a> {
        packet.as_packet()
    }
}

impl<'a> From<&Packet<'a>> for Packet<'a> {
    fn from(packet: &Packet<'a>) -> Packet<'a> {
        *packet
    }
}

/// A packet in any form: [`Packet`], [`PacketOwned`], or a reference to either.
///
/// Functions that accept packets are generic over this trait. It is sealed: no other type can implement it.
pub trait AsPacket: sealed::Sealed {
    /// Borrows the packet.
    fn as_packet(&self) -> Packet<'_>;
}

mod sealed {
    pub trait Sealed {}

    impl Sealed for super::Packet<'_> {}
    impl Sealed for super::PacketOwned {}
    impl<P: Sealed + ?Sized> Sealed for &P {}
}

impl AsPacket for Packet<'_> {
    #[inline]
    fn as_packet(&self) -> Packet<'_> {
        *self
    }
}

impl AsPacket for PacketOwned {
    #[inline]
    fn as_packet(&self) -> Packet<'_> {
        PacketOwned::as_packet(self)
    }
}

impl<P: AsPacket + ?Sized> AsPacket for &P {
    #[inline]
    fn as_packet(&self) -> Packet<'_> {
        (**self).as_packet()
    }
}

/// A packet that owns its bytes, so that it can be stored in a collection or sent to another thread.
///
/// # Examples
///
/// ```
/// use pcap_core::{Packet, Timestamp};
///
/// let packet = Packet::new(Timestamp::EPOCH, 3, b"abc").into_owned();
/// let handle = std::thread::spawn(move || packet.data().len());
/// assert_eq!(handle.join().unwrap(), 3);
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(try_from = "Parts")
)]
pub struct PacketOwned {
    header: PacketHeader,
    #[cfg_attr(feature = "serde", serde(with = "crate::serialize::bytes"))]
    data: Box<[u8]>,
}

/// A deserialized packet whose caplen has not been compared with the length of its data yet.
#[cfg(feature = "serde")]
#[derive(serde::Deserialize)]
#[serde(rename = "PacketOwned")]
struct Parts {
    header: PacketHeader,
    #[serde(with = "crate::serialize::bytes")]
    data: Box<[u8]>,
}

#[cfg(feature = "serde")]
impl TryFrom<Parts> for PacketOwned {
    type Error = &'static str;

    fn try_from(Parts { header, data }: Parts) -> Result<PacketOwned, &'static str> {
        if u32::try_from(data.len()) != Ok(header.caplen) {
            return Err("caplen does not match the length of the data");
        }
        Ok(PacketOwned { header, data })
    }
}

impl PacketOwned {
    /// Borrows the packet.
    #[must_use]
    pub fn as_packet(&self) -> Packet<'_> {
        Packet {
            header: self.header,
            data: &self.data,
        }
    }

    /// Returns the header.
    #[must_use]
    pub const fn header(&self) -> &PacketHeader {
        &self.header
    }

    /// Returns the captured bytes.
    #[must_use]
    pub const fn data(&self) -> &[u8] {
        &self.data
    }

    /// Converts the packet into its captured bytes.
    #[must_use]
    pub fn into_data(self) -> Box<[u8]> {
        self.data
    }

    /// Returns the time of capture.
    #[must_use]
    pub const fn timestamp(&self) -> Timestamp {
        self.header.timestamp()
    }

    /// Returns the number of captured bytes.
    #[must_use]
    pub const fn caplen(&self) -> u32 {
        self.header.caplen
    }

    /// Returns the number of bytes that the packet had on the wire.
    #[doc(alias = "len")]
    #[must_use]
    pub const fn wire_len(&self) -> u32 {
        self.header.wire_len
    }
}

impl fmt::Debug for PacketOwned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        debug(f, "PacketOwned", &self.header, &self.data)
    }
}

impl AsRef<[u8]> for PacketOwned {
    fn as_ref(&self) -> &[u8] {
        &self.data
    }
}

impl From<Packet<'_>> for PacketOwned {
    fn from(packet: Packet<'_>) -> PacketOwned {
        packet.into_owned()
    }
}

/// Formats the header and the first bytes, because a packet can have 64 KiB and more.
fn debug(
    f: &mut fmt::Formatter<'_>,
    name: &str,
    header: &PacketHeader,
    data: &[u8],
) -> fmt::Result {
    struct Start<'a>(&'a [u8]);
    impl fmt::Debug for Start<'_> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            let shown = &self.0[..self.0.len().min(32)];
            shown.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
            f.write_str(if shown.len() < self.0.len() {
                "…"
            } else {
                ""
            })
        }
    }
    f.debug_struct(name)
        .field("timestamp", &format_args!("{}", header.timestamp()))
        .field("caplen", &header.caplen)
        .field("wire_len", &header.wire_len)
        .field("data", &Start(data))
        .finish()
}
