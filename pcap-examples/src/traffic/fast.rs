//! Reads the headers of the most frequent packets: TCP or UDP in IP in Ethernet, raw IP or Linux's cooked headers.
//!
//! The result is the same as that of `walk`, which reads all other packets.

use pcap_core::Dlt;

use super::key::{self, Key, Kind};
use super::layers::Segment;
use super::walk::fields::{array_at, prefix, u16_at, u32_at};

/// The headers of a packet.
#[derive(Clone, Copy, Debug)]
pub(super) struct Headers {
    /// The index into `Paths`.
    pub(super) path: usize,
    /// The destination and source address of Ethernet.
    pub(super) macs: Option<[u8; 12]>,
    pub(super) key: Key,
    pub(super) is_reversed: bool,
    pub(super) segment: Option<Segment>,
}

/// The protocols of a link layer.
#[derive(Clone, Copy)]
enum Link {
    Ethernet,
    Vlan,
    Raw,
    Cooked,
}

/// The names of the protocols of each link layer.
const LINKS: [&[&str]; 4] = [&["eth"], &["eth", "vlan"], &["raw"], &["sll"]];

/// The number of paths.
pub(super) const PATHS: usize = 4 * LINKS.len();

/// Returns the names of the protocols of a path.
pub(super) fn protocols(path: usize) -> impl Iterator<Item = &'static str> {
    let network = if path & 2 == 0 { "ip" } else { "ipv6" };
    let transport = if path & 1 == 0 { "tcp" } else { "udp" };
    let link = LINKS[path / 4].iter().copied();
    link.chain([network, transport])
}

/// Reads the headers of a packet, if it is one of the frequent ones.
#[inline]
pub(super) fn headers(linktype: Dlt, data: &[u8]) -> Option<Headers> {
    const NETLINK: u16 = 824;
    let (link, kind, at) = match linktype {
        Dlt::EN10MB => match u16_at(data, 12)? {
            0x8100 => (Link::Vlan, u16_at(data, 16)?, 18),
            kind => (Link::Ethernet, kind, 14),
        },
        Dlt::RAW => {
            let kind = if data.first()? >> 4 == 6 {
                0x86dd
            } else {
                0x0800
            };
            (Link::Raw, kind, 0)
        }
        Dlt::LINUX_SLL if u16_at(data, 2)? != NETLINK => (Link::Cooked, u16_at(data, 14)?, 16),
        Dlt::LINUX_SLL2 if u16_at(data, 8)? != NETLINK => (Link::Cooked, u16_at(data, 0)?, 20),
        _ => return None,
    };
    let packet = data.get(at..)?;
    let mut headers = match kind {
        0x0800 => ipv4(packet)?,
        0x86dd => ipv6(packet)?,
        _ => return None,
    };
    headers.path += 4 * link as usize;
    headers.macs = match link {
        Link::Ethernet | Link::Vlan => data.first_chunk().copied(),
        Link::Raw | Link::Cooked => None,
    };
    Some(headers)
}

#[inline]
fn ipv4(data: &[u8]) -> Option<Headers> {
    let fixed: &[u8; 20] = data.first_chunk()?;
    let header = 4 * usize::from(fixed[0] & 15);
    let total = usize::from(u16::from_be_bytes([fixed[2], fixed[3]]));
    let is_later_fragment = u16::from_be_bytes([fixed[6], fixed[7]]) & 0x1fff != 0;
    if fixed[0] >> 4 != 4 || header < 20 || total < header || is_later_fragment {
        return None;
    }
    let from = key::ipv4(array_at(fixed, 12)?);
    let to = key::ipv4(array_at(fixed, 16)?);
    let payload = prefix(data, total).get(header..)?;
    let length = total - header;
    match fixed[9] {
        6 => tcp(payload, length, Kind::Tcp4, from, to),
        17 => udp(payload, Kind::Udp4, from, to),
        _ => None,
    }
}

#[inline]
fn ipv6(data: &[u8]) -> Option<Headers> {
    let fixed: &[u8; 40] = data.first_chunk()?;
    let length = usize::from(u16::from_be_bytes([fixed[4], fixed[5]]));
    if fixed[0] >> 4 != 6 || length == 0 {
        return None;
    }
    let from = key::ipv6(array_at(fixed, 8)?);
    let to = key::ipv6(array_at(fixed, 24)?);
    let payload = prefix(&data[40..], length);
    let mut headers = match fixed[6] {
        6 => tcp(payload, length, Kind::Tcp6, from, to),
        17 => udp(payload, Kind::Udp6, from, to),
        _ => None,
    }?;
    headers.path += 2;
    Some(headers)
}

#[inline]
fn tcp(
    data: &[u8],
    length: usize,
    kind: Kind,
    from: key::Address,
    to: key::Address,
) -> Option<Headers> {
    let fixed: &[u8; 20] = data.first_chunk()?;
    let header = 4 * usize::from(fixed[12] >> 4);
    let ports = [u16_at(fixed, 0)?, u16_at(fixed, 2)?];
    if header < 20 || data.len() < header || ports.contains(&53) {
        return None;
    }
    let (key, is_reversed) = Key::new(kind, from, to, ports);
    Some(Headers {
        path: 0,
        macs: None,
        key,
        is_reversed,
        segment: Some(Segment {
            sequence: u32_at(fixed, 4)?,
            acknowledged: u32_at(fixed, 8)?,
            flags: fixed[13],
            window: u16_at(fixed, 14)?,
            length: length.saturating_sub(header) as u32,
        }),
    })
}

#[inline]
fn udp(data: &[u8], kind: Kind, from: key::Address, to: key::Address) -> Option<Headers> {
    let fixed: &[u8; 8] = data.first_chunk()?;
    let ports = [u16_at(fixed, 0)?, u16_at(fixed, 2)?];
    if u16_at(fixed, 4)? < 8 || ports.into_iter().any(is_walked) {
        return None;
    }
    let (key, is_reversed) = Key::new(kind, from, to, ports);
    Some(Headers {
        path: 1,
        macs: None,
        key,
        is_reversed,
        segment: None,
    })
}

/// Returns whether `walk` recognizes the payload of UDP with this port.
#[inline]
fn is_walked(port: u16) -> bool {
    matches!(
        port,
        53 | 67 | 68 | 123 | 546 | 547 | 2152 | 4789 | 4790 | 5353 | 5355 | 6081
    )
}
