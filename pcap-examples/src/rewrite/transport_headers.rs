//! Changes the headers of the protocols above IP, and the tunnels through UDP.

use std::ops::Range;

use super::ip_headers::Outer;
use super::side::Side;
use super::walk::Walk;

/// The length of the UDP header.
const UDP: usize = 8;
/// The ports of VXLAN, VXLAN on older Linux systems, and Geneve.
const VXLAN: [u16; 2] = [4789, 8472];
const GENEVE: u16 = 6081;

impl Walk<'_> {
    /// Changes the payload of IP by its protocol number.
    pub(super) fn above_ip(&mut self, number: u8, at: usize, end: usize, outer: Outer) {
        match (number, outer.is_v6) {
            (1, false) => self.icmp(at, end, outer),
            (2, false) => self.igmp(at, end, outer),
            (4 | 41, _) => self.ip(at, end),
            (6, _) => self.tcp(at, end, outer),
            (17, _) => self.udp(at, end, outer),
            (33, _) => self.dccp(at, end, outer),
            (47, _) => self.gre(at, end, outer),
            // The authentication header, which over IPv6 is one of the extension headers.
            (51, false) => self.extension_headers(number, at, end, outer),
            (58, true) => self.icmpv6(at, end, outer),
            (132, _) => self.sctp(at, end, outer),
            (136, _) => self.udp_lite(at, end, outer),
            (137, _) => self.mpls(at, end),
            (135, true) => self.mobility(at, end, outer),
            // OSPF and PIM over IPv6, and the third version of VRRP.
            (89, true) => self.opaque(at, at + 12, outer),
            (103, true) => self.opaque(at, at + 2, outer),
            (112, _) if self.editor.u8(at).is_some_and(|byte| byte >> 4 == 3) => {
                self.opaque(at, at + 6, outer);
            }
            _ => self.payload(at),
        }
    }

    /// Begins the range of a checksum that also covers the addresses of IP.
    pub(super) fn open_pseudo(&mut self, at: usize, end: usize, outer: Outer) {
        self.editor.open(at, end, outer.source.difference);
        self.editor.add_difference(outer.destination.difference);
    }

    /// Returns the sum of the bytes and the addresses of IP that a checksum covers, if it is to be computed anew.
    pub(super) fn pseudo_sum(
        &self,
        number: u8,
        at: usize,
        end: usize,
        outer: Outer,
    ) -> Option<u64> {
        let length = end.saturating_sub(at) as u64;
        // The length is a 32-bit number, of which each half is added.
        let header = outer.source.sum + outer.destination.sum + u64::from(number) + length;
        Some(self.sum(at, end, outer.is_whole)? + header)
    }

    /// Ends the range of a checksum that also covers the addresses of IP.
    fn close_pseudo(&mut self, field: usize, number: u8, at: usize, end: usize, outer: Outer) {
        let difference = self.editor.close();
        let sum = self.pseudo_sum(number, at, end, outer);
        self.set_checksum(field, difference, sum);
    }

    fn tcp(&mut self, at: usize, end: usize, outer: Outer) {
        self.open_pseudo(at, end, outer);
        self.ports(at);
        let length = self
            .editor
            .u8(at + 12)
            .map_or(0, |byte| usize::from(byte >> 4) * 4);
        let body = (at + length.max(20)).min(end);
        self.tcp_options(at + 20, body);
        self.payload(body);
        self.close_pseudo(at + 16, 6, at, end, outer);
    }

    /// Changes the addresses that Multipath TCP adds to a connection.
    fn tcp_options(&mut self, mut at: usize, end: usize) {
        while at + 1 < end {
            let (kind, length) = match (self.editor.u8(at), self.editor.u8(at + 1)) {
                (Some(0), _) | (_, Some(0 | 1) | None) => return,
                (Some(1), _) => {
                    at += 1;
                    continue;
                }
                (kind, Some(length)) => (kind, length),
            };
            let subtype = self.editor.u8(at + 2).map(|byte| byte >> 4);
            if let (Some(30), Some(3)) = (kind, subtype) {
                // The port and the authentication are optional.
                let address = match length {
                    8 | 10 | 16 | 18 => 4,
                    _ => 16,
                };
                self.ip_addresses(
                    Side::Other,
                    (
                        at + 4,
                        end.min(at + usize::from(length)).min(at + 4 + address),
                    ),
                    (address, 16),
                );
            }
            at += usize::from(length);
        }
    }

    fn udp(&mut self, at: usize, end: usize, mut outer: Outer) {
        // Of a fragmented packet, the length is that of all fragments.
        if let Some(room) = self.room(at, end).filter(|_| outer.is_whole) {
            self.repair_length(at + 4, UDP, room);
        }
        let end = match self.editor.u16(at + 4).map(usize::from) {
            Some(length @ UDP..) => {
                outer.is_whole &= at + length <= end;
                end.min(at + length)
            }
            _ => end,
        };
        self.open_pseudo(at, end, outer);
        let ports = [self.editor.u16(at), self.editor.u16(at + 2)];
        self.ports(at);
        let body = (at + UDP).min(end);
        let is_any = |of: &[u16]| ports.iter().flatten().any(|port| of.contains(port));
        let is_tunnel = is_any(&VXLAN) || is_any(&[GENEVE]);
        if is_any(&VXLAN) {
            self.vxlan(body, end);
        } else if is_any(&[GENEVE]) {
            self.geneve(body, end);
        } else {
            self.payload(body);
        }
        let field = at + 6;
        // Zero means that there is no checksum, which is allowed over IPv4, and over IPv6 for tunnels. Elsewhere, it can
        // only be computed.
        let is_missing = self.editor.u16(field) == Some(0);
        let is_computed = outer.is_v6 && !is_tunnel && self.sum(at, end, outer.is_whole).is_some();
        if is_missing && !is_computed {
            self.editor.close();
            return;
        }
        self.close_pseudo(field, 17, at, end, outer);
        if self.editor.u16(field) == Some(0) {
            self.editor.put(field, &[0xff; 2]);
        }
    }

    fn vxlan(&mut self, at: usize, end: usize) {
        const HAS_NETWORK: u8 = 0x08;
        match self.editor.u8(at) {
            Some(flags) if flags & HAS_NETWORK != 0 && at + 8 < end => {
                if self.descend(at) {
                    self.ethernet(at + 8, end);
                }
            }
            _ => self.payload(at),
        }
    }

    fn geneve(&mut self, at: usize, end: usize) {
        let options = match self.editor.u8(at) {
            Some(first) if first >> 6 == 0 => 4 * usize::from(first & 0x3f),
            _ => return self.payload(at),
        };
        let body = at + 8 + options;
        // Each network has its own options.
        self.hide(at + 8, body.min(end));
        self.ether_type(at + 2, body, end);
    }

    fn udp_lite(&mut self, at: usize, end: usize, outer: Outer) {
        // The length of what the checksum covers; 0 means all.
        let covered = match self.editor.u16(at + 4) {
            Some(length @ 8..) => end.min(at + usize::from(length)),
            _ => end,
        };
        self.open_pseudo(at, covered, outer);
        self.ports(at);
        self.payload((at + UDP).min(end));
        // Zero is no checksum, which is wrong: it can only be computed.
        let field = at + 6;
        let is_missing = self.editor.u16(field) == Some(0);
        if is_missing && self.sum(at, covered, outer.is_whole).is_none() {
            self.editor.close();
            return;
        }
        self.close_partial(field, 136, at..covered, end, outer);
        if self.editor.u16(field) == Some(0) {
            self.editor.put(field, &[0xff; 2]);
        }
    }

    /// Ends the range of a checksum that covers the addresses of IP and the first bytes of a packet.
    fn close_partial(
        &mut self,
        field: usize,
        number: u8,
        covered: Range<usize>,
        end: usize,
        outer: Outer,
    ) {
        let difference = self.editor.close();
        // The length of the packet is covered even if the packet is not.
        let missing = (end - covered.end) as u64;
        let sum = self.pseudo_sum(number, covered.start, covered.end, outer);
        self.set_checksum(field, difference, sum.map(|sum| sum + missing));
    }

    fn dccp(&mut self, at: usize, end: usize, outer: Outer) {
        let header = self
            .editor
            .u8(at + 4)
            .map_or(0, |words| usize::from(words) * 4);
        let body = at + header.max(12);
        // How much of the payload the checksum covers: all, or 4 bytes less than this number of words.
        let covered = match self
            .editor
            .u8(at + 5)
            .map_or(0, |byte| usize::from(byte & 15))
        {
            0 => end,
            words => body + 4 * (words - 1),
        };
        let covered = covered.min(end);
        self.open_pseudo(at, covered, outer);
        self.ports(at);
        self.payload(body.min(end));
        self.close_partial(at + 6, 33, at..covered, end, outer);
    }

    /// Changes only the checksum of a protocol, because it covers the addresses of IP.
    fn opaque(&mut self, at: usize, field: usize, outer: Outer) {
        self.open_pseudo(at, usize::MAX, outer);
        self.payload(at);
        let difference = self.editor.close();
        self.set_checksum(field, difference, None);
    }
}
