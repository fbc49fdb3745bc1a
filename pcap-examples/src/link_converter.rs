//! Converts packets to another link type by replacing the link header.

use std::fmt;

use pcap_core::{Dlt, Linktype, Packet};

const ETHERNET: usize = 14;
const IPV4: u16 = 0x0800;
const IPV6: u16 = 0x86dd;
/// The Ethernet types of VLAN tags.
const VLAN_TYPES: [u16; 3] = [0x8100, 0x88a8, 0x9100];
/// The first valid Ethernet type. Smaller values are the length of an IEEE 802.3 frame.
const FIRST_ETHER_TYPE: u16 = 0x600;
/// The maximum length in an IEEE 802.3 header.
const MAX_802_3_LENGTH: u32 = 1500;

/// The link types that packets can be converted from.
pub(crate) const SOURCES: [Dlt; 8] = [
    Dlt::EN10MB,
    Dlt::RAW,
    Dlt::IPV4,
    Dlt::IPV6,
    Dlt::NULL,
    Dlt::LOOP,
    Dlt::LINUX_SLL,
    Dlt::LINUX_SLL2,
];
/// The link types that packets can be converted to.
const TARGETS: [Dlt; 4] = [Dlt::EN10MB, Dlt::RAW, Dlt::IPV4, Dlt::IPV6];

/// Why a packet cannot be converted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Inconvertible {
    /// The packet is truncated before its protocol is known.
    Truncated,
    /// The Ethernet type is not that of IPv4 or IPv6.
    Type(u16),
    /// The packet is an IEEE 802.3 frame, which does not contain IP.
    Ieee802,
    /// The version in the IP header is not the expected one.
    Version(u8),
    /// The address family is not that of IPv4 or IPv6.
    Family(u32),
    /// On this type of hardware, the protocol number is not an Ethernet type.
    Hardware(u16),
}

/// Converts packets to another link type.
#[derive(Debug)]
pub struct LinkConverter {
    from: Dlt,
    to: Dlt,
    /// The last packet converted to Ethernet.
    buffer: Vec<u8>,
    /// The number of packets that lost their VLAN tags.
    untagged: u64,
}

/// The fields of a link header.
struct Link {
    /// The length of the link header, in bytes.
    header: usize,
    /// The Ethernet type of the payload.
    kind: u16,
    /// The source address, or zeros if the header has none.
    source: [u8; 6],
}

impl LinkConverter {
    /// Creates a converter, or returns `None` if it does not support these link types.
    #[must_use]
    pub fn new(from: impl Into<Dlt>, to: Linktype) -> Option<LinkConverter> {
        let (from, to) = (from.into(), to.into());
        (SOURCES.contains(&from) && TARGETS.contains(&to)).then(|| LinkConverter {
            from,
            to,
            buffer: Vec::new(),
            untagged: 0,
        })
    }

    /// Returns the maximum number of bytes by which a packet can grow.
    #[must_use]
    pub fn growth(&self) -> u32 {
        if self.to == Dlt::EN10MB && self.from != Dlt::EN10MB {
            ETHERNET as u32
        } else {
            0
        }
    }

    /// Returns the number of packets that have lost their VLAN tags.
    #[must_use]
    pub fn untagged(&self) -> u64 {
        self.untagged
    }

    /// Returns the packet with the new link header. Its length on the wire changes by the difference of the headers.
    ///
    /// # Errors
    ///
    /// Returns the reason if the packet cannot be converted.
    pub fn convert<'a>(&'a mut self, packet: Packet<'a>) -> Result<Packet<'a>, Inconvertible> {
        if self.from == self.to {
            return Ok(packet);
        }
        let data = packet.data();
        let link = self.link(data)?;
        let wire_len = packet.wire_len().saturating_sub(link.header as u32);
        if self.to == Dlt::EN10MB {
            let kind = match link.kind {
                // Linux uses these numbers for IEEE 802.3 frames without and with LLC.
                1 | 4 if wire_len <= MAX_802_3_LENGTH => wire_len as u16,
                0..FIRST_ETHER_TYPE => return Err(Inconvertible::Type(link.kind)),
                kind => kind,
            };
            self.buffer.clear();
            self.buffer.extend([0; 6]);
            self.buffer.extend(link.source);
            self.buffer.extend(kind.to_be_bytes());
            self.buffer.extend(&data[link.header..]);
            let wire_len = wire_len.saturating_add(ETHERNET as u32);
            return Ok(Packet::new(packet.timestamp(), wire_len, &self.buffer));
        }
        let (header, tagged) = match link.kind {
            kind if VLAN_TYPES.contains(&kind) => (self.inside_tags(data, link)?, 1),
            kind => (ip_at(data, link.header, kind)?, 0),
        };
        let version = data[header] >> 4;
        match (self.to, version) {
            (Dlt::RAW, _) | (Dlt::IPV4, 4) | (Dlt::IPV6, 6) => {}
            _ => return Err(Inconvertible::Version(version)),
        }
        self.untagged += tagged;
        let wire_len = packet.wire_len().saturating_sub(header as u32);
        Ok(Packet::new(packet.timestamp(), wire_len, &data[header..]))
    }

    /// Reads the link header.
    fn link(&self, data: &[u8]) -> Result<Link, Inconvertible> {
        let link = |header, kind, source| Link {
            header,
            kind,
            source,
        };
        match self.from {
            Dlt::EN10MB => Ok(link(ETHERNET, u16_at(data, 12)?, [0; 6])),
            Dlt::LINUX_SLL => cooked(data, u16_at(data, 2)?, u16_at(data, 4)?, 6, 14, 16),
            Dlt::LINUX_SLL2 => {
                let length = *data.get(11).ok_or(Inconvertible::Truncated)?;
                cooked(data, u16_at(data, 8)?, length.into(), 12, 0, 20)
            }
            Dlt::NULL | Dlt::LOOP => {
                let bytes = *data.first_chunk().ok_or(Inconvertible::Truncated)?;
                // The family is in the byte order of the capturing system. Families are small numbers.
                let family = u32::from_be_bytes(bytes).min(u32::from_le_bytes(bytes));
                let kind = match family {
                    2 => IPV4,
                    // IPv6 on Linux, NetBSD, FreeBSD and macOS.
                    10 | 24 | 28 | 30 => IPV6,
                    _ => return Err(Inconvertible::Family(family)),
                };
                Ok(link(4, kind, [0; 6]))
            }
            // The IP header contains the version.
            _ => match data.first().ok_or(Inconvertible::Truncated)? >> 4 {
                4 => Ok(link(0, IPV4, [0; 6])),
                6 => Ok(link(0, IPV6, [0; 6])),
                version => Err(Inconvertible::Version(version)),
            },
        }
    }

    /// Skips VLAN tags, and returns the offset of the IP header after them.
    fn inside_tags(&self, data: &[u8], link: Link) -> Result<usize, Inconvertible> {
        let Link {
            mut header,
            mut kind,
            ..
        } = link;
        while VLAN_TYPES.contains(&kind) {
            kind = u16_at(data, header + 2)?;
            header += 4;
        }
        ip_at(data, header, kind)
    }
}

/// Reads Linux's cooked header. `address`, `protocol` and `header` are the offsets of the address, of the protocol and
/// of the end of the header.
fn cooked(
    data: &[u8],
    hardware: u16,
    length: u16,
    address: usize,
    protocol: usize,
    header: usize,
) -> Result<Link, Inconvertible> {
    // Frame Relay, GRE over IPv4 and IPv6, IEEE 802.11 in three forms, netlink and CAN have their own protocol
    // numbers.
    if matches!(hardware, 770 | 778 | 801..=803 | 823 | 824 | 280) {
        return Err(Inconvertible::Hardware(hardware));
    }
    let mut source = [0; 6];
    if length == 6 {
        source.copy_from_slice(
            data.get(address..address + 6)
                .ok_or(Inconvertible::Truncated)?,
        );
    }
    let kind = u16_at(data, protocol)?;
    if data.len() < header {
        return Err(Inconvertible::Truncated);
    }
    Ok(Link {
        header,
        kind,
        source,
    })
}

/// Returns the offset `at`, if an IP header of the expected version begins there.
fn ip_at(data: &[u8], at: usize, kind: u16) -> Result<usize, Inconvertible> {
    let expected_version = match kind {
        IPV4 => 4,
        IPV6 => 6,
        0..FIRST_ETHER_TYPE => return Err(Inconvertible::Ieee802),
        _ => return Err(Inconvertible::Type(kind)),
    };
    match data.get(at).ok_or(Inconvertible::Truncated)? >> 4 {
        version if version == expected_version => Ok(at),
        version => Err(Inconvertible::Version(version)),
    }
}

/// Reads a number in network byte order.
fn u16_at(data: &[u8], at: usize) -> Result<u16, Inconvertible> {
    match data.get(at..at + 2) {
        Some(&[high, low]) => Ok(u16::from_be_bytes([high, low])),
        _ => Err(Inconvertible::Truncated),
    }
}

/// Describes the packet: `ARP`, `type 0x88cc`.
impl fmt::Display for Inconvertible {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Inconvertible::Truncated => f.write_str("truncated in its link header"),
            Inconvertible::Type(0x0806) => f.write_str("ARP"),
            Inconvertible::Type(number) => write!(f, "type {number:#06x}"),
            Inconvertible::Ieee802 => f.write_str("IEEE 802.3"),
            Inconvertible::Version(number) => write!(f, "IP version {number}"),
            Inconvertible::Family(number) => write!(f, "address family {number}"),
            Inconvertible::Hardware(number) => write!(f, "hardware type {number}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pcap_core::Timestamp;

    /// Returns the bytes of the converted packet, and its length on the wire.
    fn convert(
        from: Dlt,
        to: Linktype,
        data: &[u8],
        len: u32,
    ) -> Result<(Vec<u8>, u32), Inconvertible> {
        let mut link_converter = LinkConverter::new(from, to).unwrap();
        let packet = link_converter.convert(Packet::new(Timestamp::EPOCH, len, data))?;
        Ok((packet.data().to_vec(), packet.wire_len()))
    }

    fn ethernet(source: [u8; 6], kind: u16, rest: &[u8]) -> Vec<u8> {
        [&[0; 6], &source[..], &kind.to_be_bytes(), rest].concat()
    }

    const V4: [u8; 3] = [0x45, 1, 2];
    const V6: [u8; 3] = [0x60, 1, 2];
    const MAC: [u8; 6] = [2, 0, 0, 0, 0, 9];

    #[test]
    fn headers_are_replaced_and_wire_lengths_adjusted() {
        for (packet, kind) in [(V4, IPV4), (V6, IPV6)] {
            let framed = ethernet([0; 6], kind, &packet);
            let kept = Ok((framed.clone(), 114));
            assert_eq!(convert(Dlt::RAW, Linktype::ETHERNET, &packet, 100), kept);
            let bare = Ok((packet.to_vec(), 100));
            assert_eq!(convert(Dlt::EN10MB, Linktype::RAW, &framed, 114), bare);
            for family in [2_u32, 10, 24, 28, 30] {
                let null = [&family.to_le_bytes()[..], &packet].concat();
                let right = (family == 2) == (kind == IPV4);
                let expected = if right {
                    bare.clone()
                } else {
                    Err(Inconvertible::Version(packet[0] >> 4))
                };
                assert_eq!(convert(Dlt::NULL, Linktype::RAW, &null, 104), expected);
            }
        }
    }

    #[test]
    fn cooked_packets_keep_their_source_tags_and_lengths() {
        let sll = |hardware: u16, kind: u16, rest: &[u8]| {
            let mut data = [&[0, 0], &hardware.to_be_bytes()[..], &[0, 6], &MAC, &[0; 2]].concat();
            data.extend(kind.to_be_bytes());
            data.extend(rest);
            data
        };
        let sll2 = |kind: u16, rest: &[u8]| {
            let mut data = [
                &kind.to_be_bytes()[..],
                &[0; 6],
                &[0, 1, 0, 6],
                &MAC,
                &[0; 2],
            ]
            .concat();
            data.extend(rest);
            data
        };
        let tagged = [0, 5, 8, 0, 0x45, 1, 2];
        for (kind, rest) in [(IPV4, &V4[..]), (0x0806, &[1, 2]), (0x8100, &tagged)] {
            let expected = Ok((ethernet(MAC, kind, rest), 64));
            let data = sll(1, kind, rest);
            assert_eq!(
                convert(Dlt::LINUX_SLL, Linktype::ETHERNET, &data, 66),
                expected
            );
            let data = sll2(kind, rest);
            assert_eq!(
                convert(Dlt::LINUX_SLL2, Linktype::ETHERNET, &data, 70),
                expected
            );
        }
        let data = sll2(0x8100, &tagged);
        assert_eq!(
            convert(Dlt::LINUX_SLL2, Linktype::RAW, &data, 27),
            Ok((V4.to_vec(), 3))
        );
        // An IEEE 802.3 frame has its length where others have the type.
        let data = sll(1, 4, &[0xaa, 0xaa, 3]);
        let expected = Ok((ethernet(MAC, 3, &[0xaa, 0xaa, 3]), 17));
        assert_eq!(
            convert(Dlt::LINUX_SLL, Linktype::ETHERNET, &data, 19),
            expected
        );
        for (data, inconvertible) in [
            (sll(824, IPV4, &V4), Inconvertible::Hardware(824)),
            (sll(823, IPV4, &V4), Inconvertible::Hardware(823)),
            (sll(1, 12, &V4), Inconvertible::Type(12)),
        ] {
            assert_eq!(
                convert(Dlt::LINUX_SLL, Linktype::ETHERNET, &data, 19),
                Err(inconvertible)
            );
        }
    }

    #[test]
    fn tags_are_removed_with_the_header_and_counted() {
        let inner = [&[0, 7, 0x81, 0, 0, 5, 8, 0][..], &V4].concat();
        let frame = ethernet(MAC, 0x88a8, &inner);
        let mut link_converter = LinkConverter::new(Dlt::EN10MB, Linktype::IPV4).unwrap();
        let packet = Packet::new(Timestamp::new(1, 2), 25, &frame);
        let bare = link_converter.convert(packet).unwrap();
        assert_eq!(
            (bare.data(), bare.wire_len(), bare.timestamp()),
            (&V4[..], 3, packet.timestamp())
        );
        assert_eq!(link_converter.untagged(), 1);
    }

    #[test]
    fn packets_without_ip_are_rejected_with_a_reason() {
        for (frame, inconvertible) in [
            (ethernet(MAC, 0x0806, &[0; 28]), Inconvertible::Type(0x0806)),
            (ethernet(MAC, 60, &[0; 60]), Inconvertible::Ieee802),
            (ethernet(MAC, IPV4, &V6), Inconvertible::Version(6)),
            (ethernet(MAC, IPV4, &[]), Inconvertible::Truncated),
            (ethernet(MAC, 0x8100, &[0, 5]), Inconvertible::Truncated),
            (vec![0; 13], Inconvertible::Truncated),
        ] {
            assert_eq!(
                convert(Dlt::EN10MB, Linktype::RAW, &frame, 100),
                Err(inconvertible)
            );
        }
        let frame = ethernet(MAC, IPV6, &V6);
        assert_eq!(
            convert(Dlt::EN10MB, Linktype::IPV4, &frame, 17),
            Err(Inconvertible::Version(6))
        );
        assert_eq!(
            convert(Dlt::RAW, Linktype::ETHERNET, &[0x50], 1),
            Err(Inconvertible::Version(5))
        );
        assert_eq!(
            convert(Dlt::LOOP, Linktype::ETHERNET, &[0, 0, 0, 7, 0], 5),
            Err(Inconvertible::Family(7))
        );
        assert_eq!(Inconvertible::Type(0x88cc).to_string(), "type 0x88cc");
    }

    #[test]
    fn arbitrary_data_of_any_length_causes_no_panic() {
        let bytes: Vec<u8> = [0x81, 0, 0x45, 8, 0, 0x81, 0, 6].repeat(5);
        for from in SOURCES {
            for to in TARGETS.map(Linktype::from) {
                for start in 0..8 {
                    for end in start..bytes.len() {
                        for len in [0, 3, 40, u32::MAX] {
                            let _ = convert(from, to, &bytes[start..end], len);
                        }
                    }
                }
            }
        }
        assert!(LinkConverter::new(Dlt::USBPCAP, Linktype::RAW).is_none());
        assert!(LinkConverter::new(Dlt::RAW, Linktype::LINUX_SLL).is_none());
    }
}
