//! Packets: a header and its bytes, borrowed or owned.

mod header;
mod origin;
mod owned;

use std::fmt;
use std::hash::{Hash, Hasher};

pub use header::PacketHeader;
use origin::Origin;
pub use owned::PacketOwned;

use crate::linktype::Linktype;
use crate::timestamp::Timestamp;

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
#[derive(Clone, Copy)]
pub struct Packet<'a> {
    header: PacketHeader,
    origin: Origin,
    data: &'a [u8],
}

/// Compares the headers and the data, not where the packets come from.
impl PartialEq for Packet<'_> {
    fn eq(&self, other: &Self) -> bool {
        (self.header, self.data) == (other.header, other.data)
    }
}

impl Eq for Packet<'_> {}

impl Hash for Packet<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.header, self.data).hash(state);
    }
}

/// A packet without the loan of its data, which are in a buffer.
#[derive(Clone, Copy, Debug)]
#[allow(unreachable_pub)] // the sealed traits name it, and they are public in name
pub struct Placed {
    header: PacketHeader,
    origin: Origin,
    /// The index of the data in the buffer.
    start: usize,
}

impl Placed {
    /// Creates a packet whose data are at this index of a buffer.
    #[inline]
    pub(crate) fn new(header: PacketHeader, start: usize) -> Placed {
        Placed {
            header,
            origin: Origin::UNKNOWN,
            start,
        }
    }

    /// Lends the packet from the buffer, which must be unchanged.
    #[inline]
    pub(crate) fn lend(self, buffer: &[u8]) -> Packet<'_> {
        let data = &buffer[self.start..][..self.header.caplen() as usize];
        Packet {
            header: self.header,
            origin: self.origin,
            data,
        }
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
            origin: Origin::UNKNOWN,
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
        Packet {
            header,
            data,
            ..self
        }
    }

    /// Creates a packet from a header and the bytes that it counts.
    #[inline]
    pub(crate) fn from_parts(header: PacketHeader, data: &'a [u8]) -> Packet<'a> {
        debug_assert_eq!(header.caplen as usize, data.len());
        Packet {
            header,
            origin: Origin::UNKNOWN,
            data,
        }
    }

    /// Notes the interface of a pcapng savefile to which the packet belongs.
    #[inline]
    pub(crate) fn of_interface(mut self, interface: u32, linktype: u16) -> Packet<'a> {
        self.origin = Origin {
            interface,
            linktype,
        };
        self
    }

    /// Returns the packet without its loan, if its data are at this index of a buffer.
    #[inline]
    pub(crate) fn placed_at(self, start: usize) -> Placed {
        Placed {
            header: self.header,
            origin: self.origin,
            start,
        }
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

    /// Returns the number of the interface on which the packet was captured, starting at 0 in each section, if the
    /// packet was read from a pcapng savefile. Returns `None` for all other packets.
    ///
    /// [`Capture::interfaces`](crate::Capture::interfaces) returns the descriptions of the interfaces.
    #[must_use]
    pub const fn interface(&self) -> Option<u32> {
        self.origin.interface()
    }

    /// Returns the link type of that [`interface`](Self::interface), if the packet was read from a pcapng savefile.
    ///
    /// All other captures have one [link type](crate::Capture::linktype) for all packets, and this call returns `None`.
    /// In a pcapng savefile, it may differ between packets only after
    /// [`mix_linktypes`](crate::Capture::mix_linktypes).
    #[must_use]
    pub fn linktype(&self) -> Option<Linktype> {
        self.origin.linktype()
    }

    /// Returns whether the packet is known to have another link type than this one.
    #[inline]
    pub(crate) fn contradicts(&self, linktype: Linktype) -> bool {
        self.origin.contradicts(linktype)
    }

    /// Copies the packet into a packet that owns its bytes.
    #[must_use]
    pub fn into_owned(self) -> PacketOwned {
        PacketOwned {
            header: self.header,
            origin: self.origin,
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

#[allow(unreachable_pub)] // public in name, so that nobody else can implement it
pub(crate) mod sealed {
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
