//! Packets: a header and its bytes, borrowed or owned.

use std::fmt;

use crate::timestamp::Timestamp;

/// What libpcap says about a packet: when it was captured, how many bytes of it there are, and how
/// many there were on the wire.
///
/// # Examples
///
/// ```
/// use pcap_core::{PacketHeader, Timestamp};
///
/// let header = PacketHeader::new(Timestamp::new(1, 5), 60, 1514);
/// assert_eq!((header.caplen(), header.len()), (60, 1514));
/// assert!(header.is_cut());
/// ```
#[doc(alias = "pcap_pkthdr")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct PacketHeader {
    secs: i64,
    /// As read: a damaged savefile may say more than a second, or less than none.
    nanos: i64,
    caplen: u32,
    len: u32,
}

impl PacketHeader {
    /// A header from a time, the number of bytes captured and the number of bytes on the wire.
    #[must_use]
    pub const fn new(timestamp: Timestamp, caplen: u32, len: u32) -> PacketHeader {
        PacketHeader {
            secs: timestamp.secs(),
            nanos: timestamp.subsec_nanos() as i64,
            caplen,
            len,
        }
    }

    /// A header as libpcap delivers it, with the fraction already in nanoseconds.
    #[inline]
    pub(crate) const fn from_raw(secs: i64, nanos: i64, caplen: u32, len: u32) -> PacketHeader {
        PacketHeader {
            secs,
            nanos,
            caplen,
            len,
        }
    }

    /// When the packet was captured.
    #[inline]
    #[must_use]
    pub const fn timestamp(&self) -> Timestamp {
        Timestamp::new(self.secs, self.nanos)
    }

    /// Seconds and nanoseconds exactly as libpcap delivered them: in damaged savefiles the
    /// nanoseconds may be more than a second, or negative, which [`timestamp`](Self::timestamp)
    /// carries into the seconds.
    #[must_use]
    pub const fn raw_timestamp(&self) -> (i64, i64) {
        (self.secs, self.nanos)
    }

    /// How many bytes were captured: the length of the packet's data.
    #[inline]
    #[must_use]
    pub const fn caplen(&self) -> u32 {
        self.caplen
    }

    /// How many bytes the packet had on the wire. More than [`caplen`](Self::caplen) if the
    /// snaplen cut it; less only in damaged savefiles.
    #[inline]
    #[must_use]
    #[allow(clippy::len_without_is_empty)] // libpcap's word for the wire length, not a collection's
    pub const fn len(&self) -> u32 {
        self.len
    }

    /// Whether the snaplen cut the packet.
    #[must_use]
    pub const fn is_cut(&self) -> bool {
        self.caplen < self.len
    }

    /// The header of the packet cut to this many bytes.
    pub(crate) const fn cut(mut self, caplen: u32) -> PacketHeader {
        if caplen < self.caplen {
            self.caplen = caplen;
        }
        self
    }
}

/// A packet whose bytes are borrowed from where they were captured or read.
///
/// It cannot be kept beyond the next read: that does not compile. [`to_owned`](Packet::to_owned)
/// makes a [`PacketOwned`] that can.
///
/// # Examples
///
/// Keeping a packet over the next read is a compile error:
///
/// ```compile_fail,E0499
/// # fn main() -> pcap_core::Result<()> {
/// let mut capture = pcap_core::Capture::from_file("a.pcap")?;
/// let first = capture.next_packet()?;
/// let second = capture.next_packet()?;
/// drop(first);
/// # Ok(()) }
/// ```
///
/// So is carrying it out of a closure:
///
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

impl<'a> Packet<'a> {
    /// A packet from a time, its length on the wire and its bytes.
    ///
    /// # Examples
    ///
    /// ```
    /// use pcap_core::{Packet, Timestamp};
    ///
    /// let packet = Packet::new(Timestamp::EPOCH, 1514, &[0; 60]);
    /// assert_eq!((packet.caplen(), packet.len()), (60, 1514));
    /// ```
    ///
    /// Bytes beyond 4 GiB, which the format of a packet cannot count, are left out.
    #[must_use]
    pub fn new(timestamp: Timestamp, wire_len: u32, data: &'a [u8]) -> Packet<'a> {
        let caplen = u32::try_from(data.len()).unwrap_or(u32::MAX);
        Packet {
            header: PacketHeader::new(timestamp, caplen, wire_len),
            data: &data[..caplen as usize],
        }
    }

    /// The packet cut to this many bytes.
    #[inline]
    pub(crate) fn cut(self, caplen: u32) -> Packet<'a> {
        let header = self.header.cut(caplen);
        let data = &self.data[..header.caplen as usize];
        Packet { header, data }
    }

    /// A packet from a header and the bytes it counts.
    #[inline]
    pub(crate) fn from_parts(header: PacketHeader, data: &'a [u8]) -> Packet<'a> {
        debug_assert_eq!(header.caplen as usize, data.len());
        Packet { header, data }
    }

    /// The header.
    #[inline]
    #[must_use]
    pub const fn header(&self) -> &PacketHeader {
        &self.header
    }

    /// The captured bytes: [`caplen`](Self::caplen) of them.
    #[inline]
    #[must_use]
    pub const fn data(&self) -> &'a [u8] {
        self.data
    }

    /// When the packet was captured.
    #[inline]
    #[must_use]
    pub const fn timestamp(&self) -> Timestamp {
        self.header.timestamp()
    }

    /// How many bytes were captured.
    #[inline]
    #[must_use]
    pub const fn caplen(&self) -> u32 {
        self.header.caplen
    }

    /// How many bytes the packet had on the wire.
    #[inline]
    #[must_use]
    #[allow(clippy::len_without_is_empty)] // as above
    pub const fn len(&self) -> u32 {
        self.header.len
    }

    /// A copy that owns its bytes.
    #[must_use]
    #[allow(clippy::should_implement_trait)] // ToOwned cannot borrow a struct
    pub fn to_owned(&self) -> PacketOwned {
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

/// A packet that owns its bytes: it can be kept, sent to another thread, collected.
///
/// # Examples
///
/// ```
/// use pcap_core::{Packet, Timestamp};
///
/// let packet = Packet::new(Timestamp::EPOCH, 3, b"abc").to_owned();
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

/// A packet as it is read, whose header may count other bytes than there are.
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
            return Err("the header says that another number of bytes was captured than there is");
        }
        Ok(PacketOwned { header, data })
    }
}

impl PacketOwned {
    /// The packet as a borrowed one.
    #[must_use]
    pub fn as_packet(&self) -> Packet<'_> {
        Packet {
            header: self.header,
            data: &self.data,
        }
    }

    /// The header.
    #[must_use]
    pub const fn header(&self) -> &PacketHeader {
        &self.header
    }

    /// The captured bytes.
    #[must_use]
    pub const fn data(&self) -> &[u8] {
        &self.data
    }

    /// The captured bytes, given away.
    #[must_use]
    pub fn into_data(self) -> Box<[u8]> {
        self.data
    }

    /// When the packet was captured.
    #[must_use]
    pub const fn timestamp(&self) -> Timestamp {
        self.header.timestamp()
    }

    /// How many bytes were captured.
    #[must_use]
    pub const fn caplen(&self) -> u32 {
        self.header.caplen
    }

    /// How many bytes the packet had on the wire.
    #[must_use]
    #[allow(clippy::len_without_is_empty)] // as above
    pub const fn len(&self) -> u32 {
        self.header.len
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
        packet.to_owned()
    }
}

/// The header and the first bytes: a packet can have 64 KiB and more.
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
        .field("len", &header.len)
        .field("data", &Start(data))
        .finish()
}
