//! Prints headers of the link layer, and finds their end.

use std::io::Write;

use pcap_core::{Dlt, MacAddr};

use crate::decode::Protocol;

/// Values below this are the length of an IEEE 802.3 frame, not an Ethernet type.
const FIRST_ETHER_TYPE: u16 = 0x600;

/// Returns the length of the header of the link layer. If the header is truncated or unknown, returns 0.
#[must_use]
pub fn length(linktype: Dlt, data: &[u8]) -> usize {
    known_length(linktype, data)
        .filter(|&length| length <= data.len())
        .unwrap_or(0)
}

fn known_length(linktype: Dlt, data: &[u8]) -> Option<usize> {
    match linktype {
        Dlt::EN10MB => after_type(data, 12),
        Dlt::LINUX_SLL => after_type(data, 14),
        Dlt::LINUX_SLL2 => match u16_at(data, 0)? {
            kind @ (4 | 0x8100 | 0x88a8 | 0x9100) => after(data, kind, 20),
            _ => Some(20),
        },
        Dlt::NULL | Dlt::LOOP | Dlt::C_HDLC => Some(4),
        Dlt::PPP | Dlt::PPP_SERIAL => Some(match data.first()? {
            // With address and control.
            0xff | 0x0f | 0x8f => 4,
            _ => 2,
        }),
        Dlt::IEEE802_11 => wireless(data, 0),
        Dlt::IEEE802_11_RADIO => {
            let length = data.get(2..4)?.try_into().ok()?;
            wireless(data, u16::from_le_bytes(length).into())
        }
        _ => None,
    }
}

/// Returns the end of the headers after the type at this offset.
fn after_type(data: &[u8], at: usize) -> Option<usize> {
    after(data, u16_at(data, at)?, at + 2)
}

/// Returns the end of VLAN tags and of IEEE 802.2 from an offset on.
fn after(data: &[u8], mut kind: u16, mut at: usize) -> Option<usize> {
    while is_vlan(kind) {
        kind = u16_at(data, at + 2)?;
        at += 4;
    }
    match kind {
        // 1 is a frame of Novell's raw IEEE 802.3 behind a cooked header; it has no further header.
        0..FIRST_ETHER_TYPE if kind != 1 => llc(data, at),
        _ => Some(at),
    }
}

/// Returns the end of the header of IEEE 802.2.
fn llc(data: &[u8], at: usize) -> Option<usize> {
    Some(match *data.get(at..)? {
        // Novell's raw IEEE 802.3, or no payload.
        [0xff, 0xff, ..] | [] => at,
        [0xaa, 0xaa, 3, ..] => at + 8,
        [_, _, control, ..] if control & 3 == 3 => at + 3,
        _ => at + 4,
    })
}

/// Returns the end of the header of IEEE 802.11 from an offset on, and of IEEE 802.2 in data frames.
fn wireless(data: &[u8], at: usize) -> Option<usize> {
    let [control, flags] = data.get(at..at + 2)?.try_into().ok()?;
    let is_data = control & 0x0c == 0x08;
    let mut end = at + 24;
    if is_data && flags & 3 == 3 {
        end += 6;
    }
    if is_data && control & 0x80 != 0 {
        end += 2;
    }
    let has_body = is_data && control & 0x40 == 0 && flags & 0x40 == 0;
    match has_body {
        true => llc(data, end),
        false => Some(end),
    }
}

/// Appends the header of the link layer and the length of the packet on the wire, such as
/// `02:00:00:00:00:01 > 02:00:00:00:00:02, ethertype IPv4 (0x0800), length 98: `. Returns the number of VLAN tags.
pub(crate) fn push(out: &mut Vec<u8>, linktype: Dlt, data: &[u8], wire_len: u32) -> usize {
    // Writing to memory cannot fail.
    match linktype {
        Dlt::EN10MB => push_ethernet(out, data, wire_len),
        Dlt::LINUX_SLL => push_cooked(out, data, 6, u16_at(data, 14), wire_len),
        Dlt::LINUX_SLL2 => {
            if let Some(index) = data.get(4..8) {
                let index = u32::from_be_bytes([index[0], index[1], index[2], index[3]]);
                let _ = write!(out, "ifindex {index} ");
            }
            push_cooked(out, data, 12, u16_at(data, 0), wire_len)
        }
        _ => {
            if !push_short(out, linktype, data) {
                let _ = write!(out, "{linktype}");
            }
            let _ = write!(out, ", length {wire_len}: ");
            0
        }
    }
}

/// Appends the header of a link type without VLAN tags. Returns `false` if it is unknown or truncated.
fn push_short(out: &mut Vec<u8>, linktype: Dlt, data: &[u8]) -> bool {
    let end = length(linktype, data);
    match (linktype, &data[..end]) {
        (_, []) => return false,
        (Dlt::NULL | Dlt::LOOP, &[a, b, c, d]) => {
            // The byte order is that of the capturing system. Families are small numbers.
            let family = u32::from_be_bytes([a, b, c, d]).min(u32::from_le_bytes([a, b, c, d]));
            let name = match family {
                2 => "IPv4",
                10 | 24 | 28 | 30 => "IPv6",
                _ => "unknown",
            };
            let _ = write!(out, "AF {name} ({family})");
        }
        (Dlt::C_HDLC, &[address, _, high, low])
        | (Dlt::PPP_SERIAL, &[address @ (0x0f | 0x8f), _, high, low]) => {
            let _ = match address {
                0x0f => write!(out, "unicast, "),
                0x8f => write!(out, "bcast, "),
                other => write!(out, "address {other:#04x}, "),
            };
            push_type(out, u16::from_be_bytes([high, low]));
        }
        (Dlt::PPP | Dlt::PPP_SERIAL, &[.., high, low]) => {
            let kind = u16::from_be_bytes([high, low]);
            let _ = write!(out, "{} ({kind:#06x})", Protocol::Ppp(kind));
        }
        (Dlt::IEEE802_11 | Dlt::IEEE802_11_RADIO, _) => {
            let at = match linktype {
                Dlt::IEEE802_11 => 0,
                _ => usize::from(u16::from_le_bytes([data[2], data[3]])),
            };
            let _ = write!(out, "802.11");
            for (name, at) in [("RA", at + 4), ("TA", at + 10), ("A3", at + 16)] {
                if let Some(mac) = mac_at(data, at) {
                    let _ = write!(out, " {name}:{mac}");
                }
            }
        }
        _ => return false,
    }
    true
}

fn push_ethernet(out: &mut Vec<u8>, data: &[u8], wire_len: u32) -> usize {
    let (Some(destination), Some(source)) = (mac_at(data, 0), mac_at(data, 6)) else {
        let _ = write!(out, "length {wire_len}: ");
        return 0;
    };
    let _ = write!(out, "{source} > {destination}, ");
    let Some(kind) = u16_at(data, 12) else {
        let _ = write!(out, "length {wire_len}: ");
        return 0;
    };
    push_type(out, kind);
    let _ = write!(out, ", length {wire_len}: ");
    push_tags(out, data, kind, 14)
}

fn push_cooked(
    out: &mut Vec<u8>,
    data: &[u8],
    mac: usize,
    kind: Option<u16>,
    wire_len: u32,
) -> usize {
    if let Some(mac) = mac_at(data, mac) {
        let _ = write!(out, "{mac} ");
    }
    if let Some(kind) = kind {
        match kind {
            4 => out.extend_from_slice(b"802.2"),
            _ => push_type(out, kind),
        }
        out.extend_from_slice(b", ");
    }
    let _ = write!(out, "length {wire_len}: ");
    let end = if mac == 6 { 16 } else { 20 };
    kind.map_or(0, |kind| push_tags(out, data, kind, end))
}

/// Appends VLAN tags and the header of IEEE 802.2. Returns the number of VLAN tags.
fn push_tags(out: &mut Vec<u8>, data: &[u8], mut kind: u16, mut at: usize) -> usize {
    let mut tags = 0;
    while is_vlan(kind) {
        let (Some(tag), Some(inner)) = (u16_at(data, at), u16_at(data, at + 2)) else {
            return tags;
        };
        let (vlan, priority) = (tag & 0xfff, tag >> 13);
        let _ = write!(out, "vlan {vlan}, p {priority}, ");
        if tag & 0x1000 != 0 {
            out.extend_from_slice(b"DEI, ");
        }
        push_type(out, inner);
        out.extend_from_slice(b", ");
        (kind, at) = (inner, at + 4);
        tags += 1;
    }
    if kind < FIRST_ETHER_TYPE && kind != 1 {
        if let Some(&[dsap, ssap, control]) = data.get(at..at + 3)
            && (dsap, ssap) != (0xff, 0xff)
        {
            let _ = write!(
                out,
                "LLC, dsap {dsap:#04x}, ssap {ssap:#04x}, ctrl {control:#04x}: "
            );
        }
        if let Some(&[0xaa, 0xaa, 3, a, b, c, high, low]) = data.get(at..at + 8) {
            let pid = u16::from_be_bytes([high, low]);
            let _ = write!(
                out,
                "oui {:#08x}, pid {pid:#06x}: ",
                u32::from_be_bytes([0, a, b, c])
            );
        }
    }
    tags
}

/// Appends an Ethernet type, or `802.3` for a length.
fn push_type(out: &mut Vec<u8>, kind: u16) {
    if kind < FIRST_ETHER_TYPE {
        out.extend_from_slice(b"802.3");
        return;
    }
    let name = Protocol::Ether(kind).to_string();
    let _ = match name.starts_with("type ") {
        true => write!(out, "ethertype {kind:#06x}"),
        false => write!(out, "ethertype {name} ({kind:#06x})"),
    };
}

fn is_vlan(kind: u16) -> bool {
    matches!(kind, 0x8100 | 0x88a8 | 0x9100)
}

fn u16_at(data: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(data.get(at..at + 2)?.try_into().ok()?))
}

fn mac_at(data: &[u8], at: usize) -> Option<MacAddr> {
    Some(MacAddr::new(data.get(at..at + 6)?.try_into().ok()?))
}
