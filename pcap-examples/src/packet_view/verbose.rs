//! Prints further fields of headers below a packet line.

use std::fmt::Display;
use std::io::Write;

use etherparse::IpNumber;
use etherparse::checksum::Sum16BitWords;

use super::{Style, tcp_options};
use crate::decode::{Fragment, IpPacket};

/// How to print further fields.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Details {
    /// Whether to verify checksums.
    pub(crate) verify: bool,
    /// Whether to print wrong checksums in color.
    pub(crate) is_colored: bool,
    /// What to subtract from the sequence numbers in selective acknowledgments.
    pub(crate) first_acknowledged: u32,
}

impl Details {
    /// Appends lines with the fields of the IP header and of the protocol in it.
    pub(crate) fn push(&self, out: &mut Vec<u8>, ip: &IpPacket<'_>, fragment: Option<Fragment>) {
        self.push_ip(out, ip);
        let Some(payload) = ip.data.get(ip.payload_at..) else {
            return;
        };
        // The fragments of a packet share a checksum, which the first one contains.
        if fragment.is_some_and(|part| part.offset > 0) {
            return;
        }
        let is_whole = fragment.is_none() && ip.length == u32::try_from(ip.data.len()).ok();
        let (name, at) = match ip.protocol {
            1 => ("ICMP", 2),
            2 => ("IGMP", 2),
            6 => ("TCP", 16),
            17 => ("UDP", 6),
            58 => ("ICMPv6", 2),
            _ => return,
        };
        let Some(&[high, low]) = payload.get(at..at + 2) else {
            return;
        };
        let stated = u16::from_be_bytes([high, low]);
        let _ = write!(out, "    {name} ");
        match (ip.protocol, stated) {
            (17, 0) => out.extend_from_slice(b"no cksum"),
            _ if !self.verify => {
                let _ = write!(out, "cksum {stated:#06x}");
            }
            _ if !is_whole => {
                let _ = write!(out, "cksum {stated:#06x} (not verified)");
            }
            _ => self.push_checksum(out, stated, computed(ip, payload, at)),
        }
        if ip.protocol == 6 {
            self.push_tcp(out, payload);
        }
        out.push(b'\n');
    }

    fn push_ip(&self, out: &mut Vec<u8>, ip: &IpPacket<'_>) {
        // Writing to memory cannot fail.
        let data = ip.data;
        if data.first().is_some_and(|byte| byte >> 4 == 6) {
            let Some(header) = data.first_chunk::<40>() else {
                return;
            };
            let [a, b, c, d] = header[..4] else { return };
            let class = (a & 15) << 4 | b >> 4;
            let label = u32::from_be_bytes([0, b & 15, c, d]);
            let length = u16::from_be_bytes([header[4], header[5]]);
            let _ = writeln!(
                out,
                "    IPv6 class {class:#04x}, flowlabel {label:#07x}, hlim {}, next-header {}, payload length {length}",
                header[7],
                protocol(header[6])
            );
            return;
        }
        let Some(header) = data.first_chunk::<20>() else {
            return;
        };
        let short = |at: usize| u16::from_be_bytes([header[at], header[at + 1]]);
        let place = short(6);
        let _ = write!(
            out,
            "    IPv4 tos {:#x}, ttl {}, id {}, offset {}, flags [{}], proto {}, length {}",
            header[1],
            header[8],
            short(4),
            u32::from(place & 0x1fff) * 8,
            match place >> 13 {
                0 => "none",
                1 => "+",
                2 => "DF",
                3 => "+, DF",
                4 => "rsvd",
                _ => "+/DF, rsvd",
            },
            protocol(header[9]),
            short(2)
        );
        let end = usize::from(header[0] & 15) * 4;
        if let Some(options) = data.get(20..end).filter(|options| !options.is_empty()) {
            out.extend_from_slice(b", options 0x");
            crate::hex::push(out, options);
        }
        let whole = data.get(..end).filter(|header| header.len() >= 20);
        if let (true, Some(all)) = (self.verify, whole) {
            let stated = short(10);
            let computed = checksum(Sum16BitWords::new(), all, 10);
            if computed != stated {
                out.extend_from_slice(b", ");
                self.push_checksum(out, stated, computed);
            }
        }
        out.push(b'\n');
    }

    fn push_checksum(&self, out: &mut Vec<u8>, stated: u16, computed: u16) {
        let _ = write!(out, "cksum {stated:#06x} ");
        if stated == computed {
            out.extend_from_slice(b"(correct)");
            return;
        }
        Style::Wrong.paint(self.is_colored, out, |out| {
            let _ = write!(out, "(incorrect -> {computed:#06x})");
        });
    }

    fn push_tcp(&self, out: &mut Vec<u8>, header: &[u8]) {
        let Some(fixed) = header.first_chunk::<20>() else {
            return;
        };
        let end = usize::from(fixed[12] >> 4) * 4;
        if end < 20 {
            let _ = write!(out, ", bad header length {end}");
        } else if end > 20 {
            let captured = &header[20..end.min(header.len())];
            tcp_options::push(out, captured, end - 20, self.first_acknowledged);
        }
    }
}

/// Returns a protocol number with its name, such as `TCP (6)`.
fn protocol(number: u8) -> impl Display {
    let name = IpNumber(number).keyword_str().unwrap_or("unknown");
    format!("{name} ({number})")
}

/// Returns the checksum of a protocol in an IP packet, whose place in the payload is `at`.
fn computed(ip: &IpPacket<'_>, payload: &[u8], at: usize) -> u16 {
    let is_v6 = ip.data.first().is_some_and(|byte| byte >> 4 == 6);
    let addresses = match (ip.protocol, is_v6) {
        (1 | 2, _) | (58, false) => &[],
        (_, true) => ip.data.get(8..40).unwrap_or_default(),
        (_, false) => ip.data.get(12..20).unwrap_or_default(),
    };
    let mut sum = Sum16BitWords::new().add_slice(addresses);
    // The length in the header of UDP may be smaller than the payload.
    let payload = match (ip.protocol, payload.get(4..6)) {
        (17, Some(length)) => {
            let length = u16::from_be_bytes([length[0], length[1]]);
            payload
                .get(..length.into())
                .filter(|data| data.len() >= 8)
                .unwrap_or(payload)
        }
        _ => payload,
    };
    if !addresses.is_empty() {
        let length = payload.len() as u32;
        sum = sum
            .add_4bytes(length.to_be_bytes())
            .add_2bytes([0, ip.protocol]);
    }
    match checksum(sum, payload, at) {
        // UDP uses 0 for a missing checksum.
        0 if ip.protocol == 17 => 0xffff,
        sum => sum,
    }
}

/// Returns the checksum of the bytes, in which that at an offset counts as 0.
fn checksum(sum: Sum16BitWords, data: &[u8], at: usize) -> u16 {
    let sum = sum.add_slice(&data[..at]).add_slice(&data[at + 2..]);
    u16::from_be(sum.ones_complement())
}

#[cfg(test)]
mod tests {
    use pcap_core::Dlt;

    use super::*;
    use crate::decode::decode;

    #[test]
    fn an_ip_header_may_be_truncated_anywhere() {
        let details = Details {
            verify: true,
            is_colored: false,
            first_acknowledged: 0,
        };
        // Each first byte, and so each version and header length of IPv4, and each class of IPv6.
        for first in 0..=255 {
            let mut packet = [0; 60];
            packet[0] = first;
            for length in 0..=packet.len() {
                let known = decode(Dlt::RAW, &packet[..length]);
                let mut out = Vec::new();
                if let Some(ip) = &known.ip {
                    details.push(&mut out, ip, known.fragment);
                }
                let is_ipv4 = out.starts_with(b"    IPv4");
                assert!(!is_ipv4 || first >> 4 == 4, "{first:#x} {length}");
                assert!(first >> 4 != 6 || out.is_empty() == (length < 40));
            }
        }
    }
}
