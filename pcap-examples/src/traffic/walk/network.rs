//! Walks through IPv4, IPv6 and its extension headers.

use super::Walk;
use super::fields::{array_at, prefix, skip, u16_at};
use crate::traffic::key::{self, Kind};

/// The number of the extension header with options for every router.
const HOP_BY_HOP: u8 = 0;

impl<'a> Walk<'a, '_> {
    /// Walks through IP whose version is only known from its header.
    pub(super) fn any_ip(&mut self, data: &'a [u8]) {
        match data.first().map(|byte| byte >> 4) {
            Some(4) => self.ipv4(data),
            Some(6) => self.ipv6(data),
            _ => {}
        }
    }

    /// Walks through what the outer header calls IPv4. As in tshark, it may contain IPv6.
    pub(super) fn ip_version_4(&mut self, data: &'a [u8]) {
        match data.first().map(|byte| byte >> 4) {
            Some(6) => {
                self.protocol("ip");
                self.ipv6(data);
            }
            Some(4) => self.ipv4(data),
            _ => drop(self.at_least(1, "ip", data)),
        }
    }

    pub(super) fn ipv4(&mut self, data: &'a [u8]) {
        if !self.descend() {
            return;
        }
        self.at_least(1, "ip", data);
        let header = data.first().map_or(0, |byte| usize::from(byte & 15) * 4);
        let (Some(from), Some(to)) = (array_at::<4>(data, 12), array_at::<4>(data, 16)) else {
            return;
        };
        let total = usize::from(u16::from_be_bytes([data[2], data[3]]));
        // A total length of 0 was not filled in.
        if header < 20 || data.len() < header || (1..header).contains(&total) {
            return;
        }
        let ends = [key::ipv4(from), key::ipv4(to)];
        self.pair(Kind::Ipv4, ends, [0; 2]);
        self.ends = Some((false, ends));
        let place = u16::from_be_bytes([data[6], data[7]]);
        if place & 0x1fff != 0 {
            return;
        }
        let total = if total == 0 { data.len() } else { total };
        self.transport(data[9], skip(prefix(data, total), header), total - header);
    }

    pub(super) fn ipv6(&mut self, data: &'a [u8]) {
        self.protocol("ipv6");
        if data.first().is_some_and(|byte| byte >> 4 != 6) || !self.descend() {
            return;
        }
        let (Some(from), Some(to)) = (array_at(data, 8), array_at(data, 24)) else {
            return;
        };
        self.ends = Some((true, [key::ipv6(from), key::ipv6(to)]));
        let rest = skip(data, 40);
        // Only a jumbogram, whose real length is in an option, has the length 0.
        let (rest, length) = match usize::from(u16::from_be_bytes([data[4], data[5]])) {
            0 if data[6] == HOP_BY_HOP => (rest, rest.len()),
            length => (prefix(rest, length), length),
        };
        self.extensions(data[6], rest, length);
    }

    /// Skips extension headers. `length` is that of the payload on the wire. As in tshark, a packet whose extension
    /// headers are truncated belongs to no conversation.
    pub(super) fn extensions(&mut self, mut number: u8, mut data: &'a [u8], mut length: usize) {
        let mut is_later_fragment = false;
        while !is_later_fragment {
            let units = usize::from(data.get(1).copied().unwrap_or_default());
            let header = match number {
                HOP_BY_HOP | 43 | 60 | 140 => 8 * (units + 1),
                44 => 8,
                51 => 4 * (units + 2),
                // tshark counts no packets about mobility.
                135 => return,
                _ => break,
            };
            let Some(&next) = data.first().filter(|_| data.len() >= header) else {
                return;
            };
            is_later_fragment =
                number == 44 && u16_at(data, 2).is_some_and(|place| place & !7 != 0);
            (number, data) = (next, skip(data, header));
            length = length.saturating_sub(header);
        }
        // tshark counts only the first fragment of a packet.
        if is_later_fragment {
            return;
        }
        if let Some((true, ends)) = self.ends {
            self.pair(Kind::Ipv6, ends, [0; 2]);
        }
        self.transport(number, data, length);
    }
}
