//! Walks through the protocols above IP.

use super::Walk;
use super::fields::{array_at, skip, u16_at, u32_at};
use crate::traffic::key::Kind;
use crate::traffic::layers::Segment;

impl<'a> Walk<'a, '_> {
    pub(super) fn transport(&mut self, number: u8, data: &'a [u8], length: usize) {
        match number {
            1 => drop(self.at_least(6, "icmp", data)),
            2 => drop(self.at_least(1, "igmp", data)),
            4 => self.ip_version_4(data),
            41 => self.ipv6(data),
            6 => self.tcp(data, length),
            17 => self.udp(data, length),
            47 => self.gre(data),
            50 => self.protocol("esp"),
            51 => {
                self.at_least(2, "ah", data);
                let units = usize::from(data.get(1).copied().unwrap_or_default());
                let header = 4 * (units + 2);
                if let Some(&next) = data
                    .first()
                    .filter(|_| data.len() >= header && self.descend())
                {
                    self.transport(next, skip(data, header), length.saturating_sub(header));
                }
            }
            58 => self.protocol("icmpv6"),
            97 => {
                self.at_least(2, "etherip", data);
                self.ethernet(skip(data, 2));
            }
            132 => self.sctp(data, length),
            137 => self.mpls(data),
            _ => {}
        }
    }

    /// Adds the ports of a transport protocol, whose header begins with them.
    pub(super) fn ports(&mut self, [v4, v6]: [Kind; 2], data: &'a [u8]) -> Option<[u16; 2]> {
        let ports = [u16_at(data, 0)?, u16_at(data, 2)?];
        let (is_v6, ends) = self.ends?;
        self.pair(if is_v6 { v6 } else { v4 }, ends, ports);
        Some(ports)
    }

    pub(super) fn sctp(&mut self, data: &'a [u8], length: usize) {
        const HEADER: usize = 12;
        if !self.at_least(HEADER, "sctp", data) || data.len() < length {
            return;
        }
        // tshark counts only packets with chunks, which must be complete.
        let mut rest = skip(data, HEADER);
        while let Some(length @ 4..) = u16_at(rest, 2).map(usize::from) {
            if length > rest.len() {
                return;
            }
            rest = skip(rest, length.next_multiple_of(4));
            if rest.is_empty() {
                self.ports([Kind::Sctp4, Kind::Sctp6], data);
            }
        }
    }

    pub(super) fn tcp(&mut self, data: &'a [u8], length: usize) {
        self.at_least(4, "tcp", data);
        let (Some(sequence), Some(acknowledged), Some([offset, flags]), Some(window)) = (
            u32_at(data, 4),
            u32_at(data, 8),
            array_at(data, 12),
            u16_at(data, 14),
        ) else {
            return;
        };
        let header = 4 * usize::from(offset >> 4);
        if header < 20 || data.len() < header {
            return;
        }
        let ports = self.ports([Kind::Tcp4, Kind::Tcp6], data);
        let content = skip(data, header);
        if ports.is_some_and(|ports| ports.contains(&53)) {
            self.dns_over_tcp(content);
        }
        self.found.segment = Some(Segment {
            sequence,
            acknowledged,
            flags,
            window,
            length: length.saturating_sub(header.max(20)) as u32,
        });
    }

    /// Adds DNS, if its message is complete in one segment.
    pub(super) fn dns_over_tcp(&mut self, data: &'a [u8]) {
        let length = u16_at(data, 0).map_or(0, usize::from);
        let message = data
            .get(2..2 + length)
            .filter(|message| message.len() >= 12);
        if message.is_some() {
            self.protocol("dns");
            self.dns = message;
        }
    }

    pub(super) fn udp(&mut self, data: &'a [u8], length: usize) {
        self.at_least(4, "udp", data);
        // Only a jumbogram has the length 0.
        if u16_at(data, 4).is_none_or(|length| length < 8) || data.len() < 8 {
            return;
        }
        let Some(ports) = self.ports([Kind::Udp4, Kind::Udp6], data) else {
            return;
        };
        let rest = skip(data, 8);
        if rest.is_empty() {
            return;
        }
        let is = |port| ports.contains(&port);
        if is(53) || is(5353) {
            self.at_least(4, if is(53) { "dns" } else { "mdns" }, rest);
            self.dns = Some(rest);
        } else if is(4789) {
            self.protocol("vxlan");
            if self.descend() {
                self.ethernet(skip(rest, 8));
            }
        } else if is(4790) {
            self.vxlan_gpe(rest);
        } else if is(6081) {
            self.geneve(rest);
        } else if is(2152) {
            self.gtp(rest);
        } else if is(67) || is(68) {
            self.at_least(34.min(length.saturating_sub(8)), "dhcp", rest);
        } else if is(123) {
            self.protocol("ntp");
        } else if is(546) || is(547) {
            self.protocol("dhcpv6");
        } else if is(5355) {
            self.at_least(4, "llmnr", rest);
        }
    }
}
