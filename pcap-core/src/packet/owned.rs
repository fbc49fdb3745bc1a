//! Packets that own their bytes.

use std::fmt;
use std::hash::{Hash, Hasher};

use crate::linktype::Linktype;
use crate::packet::origin::Origin;
use crate::packet::{Packet, PacketHeader, debug};
use crate::timestamp::Timestamp;

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
#[derive(Clone)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(try_from = "Parts")
)]
pub struct PacketOwned {
    pub(super) header: PacketHeader,
    #[cfg_attr(feature = "serde", serde(skip))]
    pub(super) origin: Origin,
    #[cfg_attr(feature = "serde", serde(with = "crate::serialize::bytes"))]
    pub(super) data: Box<[u8]>,
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
        Ok(PacketOwned {
            header,
            origin: Origin::UNKNOWN,
            data,
        })
    }
}

/// Compares the headers and the data, not where the packets come from.
impl PartialEq for PacketOwned {
    fn eq(&self, other: &Self) -> bool {
        self.as_packet() == other.as_packet()
    }
}

impl Eq for PacketOwned {}

impl Hash for PacketOwned {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_packet().hash(state);
    }
}

impl PacketOwned {
    /// Returns the number of the interface on which the packet was captured, as [`Packet::interface`] does.
    #[must_use]
    pub const fn interface(&self) -> Option<u32> {
        self.origin.interface()
    }

    /// Returns the link type of that interface, as [`Packet::linktype`] does.
    #[must_use]
    pub fn linktype(&self) -> Option<Linktype> {
        self.origin.linktype()
    }

    /// Borrows the packet.
    #[must_use]
    pub fn as_packet(&self) -> Packet<'_> {
        Packet {
            header: self.header,
            origin: self.origin,
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
