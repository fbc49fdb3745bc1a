//! Decodes IPv4, IPv6, their extension headers, and the tunnels IP in IP and GRE.

use std::net::IpAddr;

use super::fields::{array_at, prefix, skip, u8_at, u16_at, u32_at};
use super::link::FIRST_ETHER_TYPE;
use super::{Decoder, Endpoint, Fragment, IpPacket, Protocol};

/// The length of the IPv4 header without options.
const IPV4: usize = 20;
/// The length of the IPv6 header without extension headers.
const IPV6: usize = 40;

impl<'a> Decoder<'a> {
    /// Decodes IP by the version in its own header, even if the previous header names the other version. Other programs
    /// do the same.
    pub(super) fn ip(&mut self, data: &'a [u8]) {
        match data.first().map(|byte| byte >> 4) {
            Some(4) => self.ipv4(data),
            Some(6) => self.ipv6(data),
            _ => {}
        }
    }

    fn ipv4(&mut self, data: &'a [u8]) {
        let Some(4) = data.first().map(|byte| byte >> 4) else {
            return;
        };
        let length = usize::from(data[0] & 15) * 4;
        self.endpoints(array_at::<4>(data, 12), array_at::<4>(data, 16));
        let (Some(id), Some(place), Some(number)) =
            (u16_at(data, 4), u16_at(data, 6), u8_at(data, 9))
        else {
            return;
        };
        let offset = u32::from(place & 0x1fff) * 8;
        self.fragment(id.into(), offset, place & 0x2000 != 0, number);
        self.set_protocol(by_number(number), skip(data, IPV4));
        // If the header length is invalid, the start of the payload is unknown.
        if length < IPV4 {
            return;
        }
        // A total length of 0, or less than that of the header, was not filled in by the system or the network card.
        // In this case, the packet is all bytes.
        let total = u16_at(data, 2).filter(|&total| usize::from(total) >= length);
        let data = total.map_or(data, |total| prefix(data, total.into()));
        self.ip_packet(data, total.map(u32::from));
        self.ip_payload(number, skip(data, length));
    }

    pub(super) fn ipv6(&mut self, data: &'a [u8]) {
        let Some(6) = data.first().map(|byte| byte >> 4) else {
            return;
        };
        self.endpoints(array_at::<16>(data, 8), array_at::<16>(data, 24));
        let Some(number) = u8_at(data, 6) else {
            return;
        };
        let rest = skip(data, IPV6);
        self.set_protocol(by_number(number), rest);
        // A length of 0 means a jumbogram, or was not filled in.
        let length = u16_at(data, 4)
            .map(usize::from)
            .filter(|&length| length > 0);
        let rest = length.map_or(rest, |length| prefix(rest, length));
        let total = length.map(|length| (IPV6 + length) as u32);
        self.ip_packet(prefix(data, IPV6 + rest.len()), total);
        self.ip_payload(number, rest);
    }

    /// Records the addresses, unless the source address is truncated.
    fn endpoints<A: Into<IpAddr>>(&mut self, source: Option<A>, destination: Option<A>) {
        if source.is_some() {
            let end = |address: A| Endpoint::Ip(address.into());
            self.known.source = source.map(end);
            self.known.destination = destination.map(end);
        }
    }

    /// Records the bytes of an IP packet.
    fn ip_packet(&mut self, data: &'a [u8], length: Option<u32>) {
        self.known.ip = Some(IpPacket {
            data,
            length,
            payload_at: data.len(),
            protocol: 0,
        });
    }

    /// Records the position of the packet, if it is a fragment.
    fn fragment(&mut self, id: u32, offset: u32, more: bool, protocol: u8) {
        if more || offset > 0 {
            self.known.fragment = Some(Fragment {
                id,
                offset,
                protocol,
            });
        }
    }

    /// Decodes extension headers, then the payload. `number` is the protocol of the first one.
    fn ip_payload(&mut self, mut number: u8, mut data: &'a [u8]) {
        loop {
            self.set_protocol(by_number(number), data);
            if let Some(ip) = &mut self.known.ip {
                ip.payload_at = ip.data.len() - data.len();
                ip.protocol = number;
            }
            // Only the first fragment contains the header of the payload.
            if self.known.fragment.is_some_and(|part| part.offset > 0) {
                return;
            }
            let units = usize::from(u8_at(data, 1).unwrap_or_default());
            let length = match number {
                // Hop-by-hop options, routing, destination options and Shim6.
                0 | 43 | 60 | 140 => 8 * (units + 1),
                44 => {
                    if let (Some(place), Some(id)) = (u16_at(data, 2), u32_at(data, 4)) {
                        self.fragment(id, u32::from(place & !7), place & 1 != 0, data[0]);
                    }
                    8
                }
                // Authentication header.
                51 => 4 * (units + 2),
                _ => break,
            };
            let Some(next) = u8_at(data, 0) else {
                return;
            };
            let is_whole = data.len() >= length;
            (number, data) = (next, skip(data, length));
            if !is_whole {
                return self.set_protocol(by_number(number), data);
            }
        }
        self.transport(number, data);
    }

    /// Decodes an IP packet of this version inside another IP packet.
    pub(super) fn ip_in_ip(&mut self, version: u8, data: &'a [u8]) {
        if data.first().is_none_or(|byte| byte >> 4 != version) || !self.descend() {
            return;
        }
        self.enter_tunnel(None);
        self.set_protocol(
            Protocol::Ether(if version == 4 { 0x0800 } else { 0x86dd }),
            data,
        );
        self.ip(data);
    }

    /// Decodes GRE and the packet inside it.
    pub(super) fn gre(&mut self, data: &'a [u8]) {
        const CHECKSUM: u16 = 0x8000;
        const ROUTING: u16 = 0x4000;
        const KEY: u16 = 0x2000;
        const SEQUENCE: u16 = 0x1000;
        const ACKNOWLEDGED: u16 = 0x0080;
        let (Some(flags), Some(kind)) = (u16_at(data, 0), u16_at(data, 2)) else {
            return;
        };
        let version = flags & 7;
        // Nobody uses source routes, and other versions are unknown.
        if flags & ROUTING != 0 || version > 1 || !self.descend() {
            return;
        }
        let has = |flag: u16| usize::from(flags & flag != 0);
        let key_at = 4 + 4 * has(CHECKSUM);
        let mut length = key_at + 4 * (has(KEY) + has(SEQUENCE));
        if version == 1 {
            length += 4 * has(ACKNOWLEDGED);
        }
        let rest = skip(data, length);
        self.known.rest = rest;
        // Smaller numbers are GRE's own protocols.
        if rest.is_empty() || kind < FIRST_ETHER_TYPE {
            return;
        }
        let id = match version {
            _ if flags & KEY == 0 => None,
            0 => u32_at(data, key_at),
            // In PPTP, the key field consists of the payload length and the call number.
            _ => u16_at(data, key_at + 2).map(u32::from),
        };
        self.enter_tunnel(id);
        self.ether_type(kind, rest);
    }
}

/// Returns the protocol with this number in the IP header.
fn by_number(number: u8) -> Protocol {
    match number {
        1 => Protocol::Named("ICMP"),
        2 => Protocol::Named("IGMP"),
        6 => Protocol::Named("TCP"),
        17 => Protocol::Named("UDP"),
        58 => Protocol::Named("ICMPv6"),
        other => Protocol::Ip(other),
    }
}
