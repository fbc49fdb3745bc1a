//! Changes the headers of IPv4 and IPv6, and the tunnels IP in IP and GRE.

use std::mem;
use std::net::IpAddr;

use super::side::Side;
use super::walk::{Address, Walk};

/// The length of the IPv4 header without options.
const IPV4: usize = 20;
/// The length of the IPv6 header without extension headers.
const IPV6: usize = 40;

/// What the protocols above IP need to know of the packet.
#[derive(Clone, Copy)]
pub(super) struct Outer {
    pub(super) is_v6: bool,
    /// The addresses that the checksum of the protocol covers.
    pub(super) source: Address,
    pub(super) destination: Address,
    /// Whether the payload is complete and in one piece.
    pub(super) is_whole: bool,
}

impl Walk<'_> {
    /// Changes an IP packet by the version in its own header, as other programs do.
    pub(super) fn ip(&mut self, at: usize, end: usize) {
        let version = self
            .editor
            .u8(at)
            .filter(|_| at < end)
            .map(|byte| byte >> 4);
        match version {
            Some(4 | 6) if !self.descend(at) => {}
            Some(4) => self.ipv4(at, end),
            Some(6) => self.ipv6(at, end),
            _ => self.payload(at.min(end)),
        }
    }

    fn ipv4(&mut self, at: usize, end: usize) {
        let header = usize::from(self.editor.u8(at).unwrap_or(0) & 15) * 4;
        let body = at + header.max(IPV4);
        self.editor.open(at, body, 0);
        if let Some(room) = self.room(at, end) {
            self.repair_length(at + 2, header, room);
        }
        self.time_to_live(at + 8);
        let source = self.ipv4_address(Side::Source, at + 12);
        let destination = self.ipv4_address(Side::Destination, at + 16);
        let last_hop = self.ipv4_options(at + IPV4, body.min(end));
        let difference = self.editor.close();
        let sum = self.sum(at, body, body <= end);
        self.set_checksum(at + 10, difference, sum);

        let (Some(total), Some(place), Some(number)) = (
            self.editor.u16(at + 2).map(usize::from),
            self.editor.u16(at + 6),
            self.editor.u8(at + 9),
        ) else {
            return self.payload(end);
        };
        // If the header length is invalid, the start of the payload is unknown.
        if header < IPV4 || place & 0x1fff != 0 {
            return self.payload(body.min(end));
        }
        let is_fragment = place & 0x2000 != 0;
        // A total length of 0, or less than that of the header, was not filled in by the system or the network card.
        // In this case, the packet is all bytes.
        let (is_whole, end) = match total >= header {
            true => (at + total <= end, end.min(at + total)),
            false => (self.is_whole, end),
        };
        let outer = Outer {
            is_v6: false,
            source,
            destination: last_hop.unwrap_or(destination),
            is_whole: is_whole && !is_fragment,
        };
        self.above_ip(number, body.min(end), end, outer);
    }

    /// Changes the time to live, or the hop limit.
    fn time_to_live(&mut self, at: usize) {
        let is_first = mem::take(&mut self.is_first_ip) && !self.is_quoted;
        if let (Some(rule), Some(old), true) = (self.rules.ttl, self.editor.u8(at), is_first) {
            self.editor.put(at, &[rule.apply(old)]);
        }
    }

    /// Changes the addresses in the options of IPv4. Returns the destination if it is the end of a source route.
    fn ipv4_options(&mut self, mut at: usize, end: usize) -> Option<Address> {
        let mut last_hop = None;
        while at < end {
            let (kind, length, pointer) = match self.editor.array::<3>(at) {
                None => break,
                Some([1, ..]) => {
                    at += 1;
                    continue;
                }
                // The end of the options, or an option whose end is unknown.
                Some([0, ..] | [_, 0 | 1, _]) => {
                    self.hide(at + 1, end);
                    break;
                }
                Some([kind, length, pointer]) => (kind, length, pointer),
            };
            let next = at + usize::from(length);
            let until = next.min(end);
            match (kind, self.editor.u8(at + 3).map(|flags| flags & 15)) {
                // The record of a route, and source routes.
                (7 | 131 | 137, _) => {
                    let hops = self.ip_addresses(Side::Other, (at + 3, until), (4, 4));
                    if let (131 | 137, true, Some((_, last))) = (kind, pointer <= length, hops) {
                        last_hop = Some(last);
                    }
                }
                (68, Some(0)) => {}
                (68, Some(1 | 3)) => {
                    self.ip_addresses(Side::Other, (at + 4, until), (4, 8));
                }
                // Quick start, labels of security, the number of a stream, and the alert for routers.
                (25 | 130 | 134 | 136 | 148, _) => {}
                _ => self.hide(at + 2, until),
            }
            at = next;
        }
        last_hop
    }

    fn ipv6(&mut self, at: usize, end: usize) {
        let body = at + IPV6;
        if let (Some(room), Some(number)) = (self.room(body, end), self.editor.u8(at + 6)) {
            // Without a next header, the bytes after the header may be padding. A jumbogram has a length of 0.
            let minimum = usize::from(number != 59 && number != 0);
            self.repair_length(at + 4, minimum, room);
        }
        self.time_to_live(at + 7);
        let source = self.ipv6_address(Side::Source, at + 8);
        let destination = self.ipv6_address(Side::Destination, at + 24);
        let (Some(length), Some(number)) = (
            self.editor.u16(at + 4).map(usize::from),
            self.editor.u8(at + 6),
        ) else {
            return self.payload(end);
        };
        // A length of 0 means a jumbogram, or was not filled in.
        let (is_whole, end) = match length {
            0 => (self.is_whole, end),
            _ => (body + length <= end, end.min(body + length)),
        };
        let outer = Outer {
            is_v6: true,
            source,
            destination,
            is_whole,
        };
        self.extension_headers(number, body.min(end), end, outer);
    }

    /// Changes extension headers of IPv6, then the payload.
    pub(super) fn extension_headers(
        &mut self,
        mut number: u8,
        mut at: usize,
        end: usize,
        mut outer: Outer,
    ) {
        loop {
            let units = usize::from(self.editor.u8(at + 1).unwrap_or(0));
            let length = match number {
                0 | 43 | 60 | 140 => 8 * (units + 1),
                44 => 8,
                // The authentication header.
                51 => 4 * (units + 2),
                _ => return self.above_ip(number, at, end, outer),
            };
            if at + length > end {
                outer.is_whole = false;
            }
            let next = (at + length).min(end);
            match number {
                43 => self.routing_header(at, next, &mut outer),
                0 | 60 => self.ipv6_options(at + 2, next, &mut outer),
                44 => match self.editor.u16(at + 2) {
                    // Only the first fragment has the next header.
                    Some(place) if place & 0xfff8 == 0 => outer.is_whole &= place & 1 == 0,
                    _ => return self.payload(next),
                },
                _ => {}
            }
            match self.editor.u8(at).filter(|_| at < end) {
                Some(following) => (number, at) = (following, next),
                None => return self.payload(next),
            }
        }
    }

    /// Changes the addresses of a route. Checksums cover the last one instead of the destination.
    fn routing_header(&mut self, at: usize, end: usize, outer: &mut Outer) {
        let (Some(kind), Some(left)) = (self.editor.u8(at + 2), self.editor.u8(at + 3)) else {
            return;
        };
        if !matches!(kind, 0 | 2 | 4) {
            // The destination that checksums cover is unknown, so they cannot be computed.
            outer.is_whole &= left == 0;
            return self.hide(at + 4, end);
        }
        let start = at + 8;
        let until = match (kind, self.editor.u8(at + 4)) {
            // Segment routing: the index of the last entry. Options follow.
            (4, Some(last)) => end.min(start + 16 * (usize::from(last) + 1)),
            _ => end,
        };
        let hops = self.ip_addresses(Side::Destination, (start, until), (16, 16));
        self.hide(until, end);
        match (kind, hops) {
            (_, Some(_)) if left == 0 => {}
            // In segment routing, the first entry is the last hop.
            (4, Some((first, _))) => outer.destination = first,
            (_, Some((_, last))) => outer.destination = last,
            _ => {}
        }
    }

    /// Changes the options for all hops or the destination: the home address of a mobile node, which checksums cover
    /// instead of the source.
    fn ipv6_options(&mut self, mut at: usize, end: usize, outer: &mut Outer) {
        while at + 1 < end {
            let (kind, length) = match (self.editor.u8(at), self.editor.u8(at + 1)) {
                (Some(0), _) => {
                    at += 1;
                    continue;
                }
                (Some(kind), Some(length)) => (kind, length),
                _ => return,
            };
            let next = at + 2 + usize::from(length);
            match (kind, length) {
                (201, 16) => outer.source = self.ipv6_address(Side::Source, at + 2),
                // Limits of tunnels, the alert for routers, measurements, quick start, routes of RPL, and jumbograms.
                (4 | 5 | 15 | 35 | 38 | 99 | 194, _) => {}
                _ => self.hide(at + 2, next.min(end)),
            }
            at = next;
        }
    }

    /// Changes the first half of an IPv6 address. The second half is missing.
    pub(super) fn half_address(&mut self, at: usize) {
        let mut whole = [0; 16];
        let found = self.editor.data().get(at..).unwrap_or_default();
        let half = &found[..found.len().min(8)];
        if half.len() == 8 || self.rules.anonymizer.is_some() {
            whole[..half.len()].copy_from_slice(half);
            if let IpAddr::V6(new) = self.rules.ip(Side::Source, whole.into()) {
                self.editor.put(at, &new.octets()[..8]);
            }
        }
    }

    /// Changes GRE and the packet inside it.
    pub(super) fn gre(&mut self, at: usize, end: usize, outer: Outer) {
        const CHECKSUM: u16 = 0x8000;
        const ROUTING: u16 = 0x4000;
        const KEY: u16 = 0x2000;
        const SEQUENCE: u16 = 0x1000;
        const ACKNOWLEDGED: u16 = 0x0080;
        let flags = self.editor.u16(at).unwrap_or(0);
        let (version, has) = (flags & 7, |flag: u16| usize::from(flags & flag != 0));
        if flags & ROUTING != 0 || version > 1 {
            // Routes have no end that is known without walking through them.
            self.hide(at + 4, end);
            return self.payload(at);
        }
        let body = at + 4 + 4 * (has(CHECKSUM) + has(KEY) + has(SEQUENCE));
        let body = match version {
            0 => body,
            _ => body + 4 * has(ACKNOWLEDGED),
        };
        self.editor.open(at, end, 0);
        match self.editor.u16(at + 2) {
            // ERSPAN, whose second version has a header of its own.
            Some(0x88be) => self.ethernet(body + 8 * has(SEQUENCE), end),
            // Its third version, with the part for the platform if the last bit says so.
            Some(0x22eb) => match self.editor.u8(body + 11) {
                Some(flags) => self.ethernet(body + 12 + 8 * usize::from(flags & 1), end),
                None => self.payload(body.min(end)),
            },
            _ => self.ether_type(at + 2, body, end),
        }
        let difference = self.editor.close();
        if flags & CHECKSUM != 0 && version == 0 {
            let sum = self.sum(at, end, outer.is_whole);
            self.set_checksum(at + 4, difference, sum);
        }
    }
}
