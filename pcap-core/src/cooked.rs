//! The cooked headers of Linux, which replace the link-layer header.

use crate::direction::Direction;
use crate::linktype::Dlt;

/// A parsed header of a Linux cooked capture, version 1 or 2.
///
/// Captures on the `any` device, and on devices without a usable link-layer header, deliver packets with a cooked
/// header instead: [`LINUX_SLL`](Dlt::LINUX_SLL), or [`LINUX_SLL2`](Dlt::LINUX_SLL2) if that is
/// [set](crate::Capture::set_datalink). Such headers can be parsed on every platform, for example to analyze a savefile
/// from Linux.
///
/// # Examples
///
/// Printing the interface, direction and protocol of every packet that the host receives or sends:
///
/// ```no_run
/// use pcap_core::{Capture, CookedHeader, Device, Dlt};
///
/// # fn main() -> pcap_core::Result<()> {
/// let devices = Device::list()?;
/// let mut capture = Capture::from_device("any").datalink(Dlt::LINUX_SLL2).activate()?;
/// while let Some(packet) = capture.next_packet()? {
///     let Some(header) = CookedHeader::new(Dlt::LINUX_SLL2, packet.data()) else {
///         continue; // truncated
///     };
///     let index = header.interface_index();
///     let device = devices.iter().find(|device| device.index() == index);
///     let name = device.map_or("?", |device| device.name());
///     println!("{name} {:?} {:#06x}", header.direction(), header.protocol());
/// }
/// # Ok(()) }
/// ```
///
/// See [`LINKTYPE_LINUX_SLL2`](https://www.tcpdump.org/linktypes/LINKTYPE_LINUX_SLL2.html).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CookedHeader<'a> {
    protocol: u16,
    interface_index: Option<u32>,
    hardware_type: u16,
    packet_type: u16,
    address: &'a [u8],
    payload: &'a [u8],
}

/// The `PACKET_OUTGOING` of Linux; smaller numbers are received packets.
const OUTGOING: u16 = 4;

impl<'a> CookedHeader<'a> {
    /// Parses the cooked header at the start of a packet's bytes. Returns `None` if there are too few bytes, or if the
    /// link type is neither [`LINUX_SLL`](Dlt::LINUX_SLL) nor [`LINUX_SLL2`](Dlt::LINUX_SLL2).
    #[must_use]
    pub fn new(dlt: impl Into<Dlt>, data: &'a [u8]) -> Option<CookedHeader<'a>> {
        let short = |at: usize| Some(u16::from_be_bytes(*data.get(at..)?.first_chunk()?));
        let (header, length) = match dlt.into() {
            Dlt::LINUX_SLL => {
                let header = CookedHeader {
                    packet_type: short(0)?,
                    hardware_type: short(2)?,
                    protocol: short(14)?,
                    interface_index: None,
                    address: address(data, 6, short(4)?)?,
                    payload: &[],
                };
                (header, 16)
            }
            Dlt::LINUX_SLL2 => {
                let header = CookedHeader {
                    protocol: short(0)?,
                    interface_index: Some(u32::from_be_bytes(*data.get(4..)?.first_chunk()?)),
                    hardware_type: short(8)?,
                    packet_type: u16::from(*data.get(10)?),
                    address: address(data, 12, u16::from(*data.get(11)?))?,
                    payload: &[],
                };
                (header, 20)
            }
            _ => return None,
        };
        let payload = data.get(length..)?;
        Some(CookedHeader { payload, ..header })
    }

    /// Returns the index of the interface, which [`Device::from_index`](crate::Device::from_index) converts into a
    /// device. Returns `None` for [`LINUX_SLL`](Dlt::LINUX_SLL), whose header does not contain the index.
    #[must_use]
    pub fn interface_index(&self) -> Option<u32> {
        self.interface_index
    }

    /// Returns [`In`](Direction::In) if the host received the packet, or [`Out`](Direction::Out) if it sent the packet.
    /// Returns `None` for a [packet type](Self::packet_type) above 4.
    #[must_use]
    pub fn direction(&self) -> Option<Direction> {
        match self.packet_type {
            0..OUTGOING => Some(Direction::In),
            OUTGOING => Some(Direction::Out),
            _ => None,
        }
    }

    /// Returns the packet type, a `PACKET_` constant of Linux: 0 for a packet to this host, 1 for a broadcast, 2 for a
    /// multicast, 3 for a packet to another host, and 4 for a packet that this host sent.
    #[must_use]
    pub fn packet_type(&self) -> u16 {
        self.packet_type
    }

    /// Returns the protocol of the payload. For most [hardware types](Self::hardware_type), this is an EtherType, such
    /// as 0x0800 for IPv4.
    #[must_use]
    pub fn protocol(&self) -> u16 {
        self.protocol
    }

    /// Returns the hardware type of the interface, an `ARPHRD_` constant of Linux, such as 1 for Ethernet or 772 for
    /// the loopback device.
    #[must_use]
    pub fn hardware_type(&self) -> u16 {
        self.hardware_type
    }

    /// Returns the hardware address of the sender, or its first 8 bytes if it is longer. The slice is empty if the
    /// device has no hardware addresses.
    #[must_use]
    pub fn address(&self) -> &'a [u8] {
        self.address
    }

    /// Returns the bytes after the cooked header.
    #[must_use]
    pub fn payload(&self) -> &'a [u8] {
        self.payload
    }
}

/// Returns the address in the field of 8 bytes at an offset.
fn address(data: &[u8], at: usize, length: u16) -> Option<&[u8]> {
    let field = data.get(at..at + 8)?;
    Some(&field[..usize::from(length).min(8)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linktype::Linktype;

    const SLL: [u8; 18] = [
        0, 4, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0xaa, 0xbb, 0x08, 0x00, 0x45, 0x00,
    ];
    const SLL2: [u8; 21] = [
        0x86, 0xdd, 0, 0, 0, 1, 0, 2, 3, 4, 2, 20, 1, 2, 3, 4, 5, 6, 7, 8, 0x60,
    ];

    #[test]
    fn both_forms_are_read() {
        let header = CookedHeader::new(Dlt::LINUX_SLL, &SLL).unwrap();
        assert_eq!(header.direction(), Some(Direction::Out));
        assert_eq!((header.hardware_type(), header.protocol()), (1, 0x0800));
        assert_eq!(header.address(), [2, 0, 0, 0, 0, 1]);
        assert_eq!(header.interface_index(), None);
        assert_eq!(header.payload(), [0x45, 0x00]);

        let header = CookedHeader::new(Linktype::LINUX_SLL2, &SLL2).unwrap();
        assert_eq!(header.interface_index(), Some(0x0001_0002));
        assert_eq!(header.direction(), Some(Direction::In));
        assert_eq!((header.packet_type(), header.protocol()), (2, 0x86dd));
        assert_eq!(header.hardware_type(), 0x0304);
        assert_eq!(header.address(), [1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(header.payload(), [0x60]);
    }

    #[test]
    fn a_packet_type_above_four_has_no_direction() {
        for (packet_type, direction) in [(3, Some(Direction::In)), (5, None), (0x0104, None)] {
            let mut data = SLL;
            data[..2].copy_from_slice(&u16::to_be_bytes(packet_type));
            let header = CookedHeader::new(Dlt::LINUX_SLL, &data).unwrap();
            assert_eq!(header.packet_type(), packet_type);
            assert_eq!(header.direction(), direction);
        }
    }

    #[test]
    fn short_data_and_other_link_types_have_none() {
        for length in 0..16 {
            assert_eq!(CookedHeader::new(Dlt::LINUX_SLL, &SLL[..length]), None);
        }
        for length in 0..20 {
            assert_eq!(CookedHeader::new(Dlt::LINUX_SLL2, &SLL2[..length]), None);
        }
        assert!(CookedHeader::new(Dlt::LINUX_SLL2, &SLL2[..20]).is_some());
        assert_eq!(CookedHeader::new(Dlt::EN10MB, &SLL2), None);
    }
}
