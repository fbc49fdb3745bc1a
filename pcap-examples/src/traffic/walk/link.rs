//! Walks through link layers, and the headers between the link layer and IP.

use super::Walk;
use super::fields::{array_at, prefix, skip, u16_at, u32_at};
use crate::traffic::key::{self, Kind};

impl<'a> Walk<'a, '_> {
    pub(super) fn ethernet(&mut self, data: &'a [u8]) {
        let (Some(to), Some(from), Some(kind)) = (
            array_at::<6>(data, 0),
            array_at::<6>(data, 6),
            u16_at(data, 12),
        ) else {
            return;
        };
        self.protocol("eth");
        self.pair(Kind::Ethernet, [key::mac(from), key::mac(to)], [0; 2]);
        self.ether_type(kind, skip(data, 14));
    }

    pub(super) fn ether_type(&mut self, kind: u16, data: &'a [u8]) {
        if !self.descend() {
            return;
        }
        match kind {
            0x0800 => self.ip_version_4(data),
            0x0806 | 0x8035 => drop(self.at_least(2, "arp", data)),
            0x86dd => self.ipv6(data),
            0x8100 | 0x88a8 | 0x9100 => {
                let name = if kind == 0x88a8 { "ieee8021ad" } else { "vlan" };
                self.at_least(2, name, data);
                if let Some(kind) = u16_at(data, 2) {
                    self.ether_type(kind, skip(data, 4));
                }
            }
            0x8847 | 0x8848 => self.mpls(data),
            0x8863 => drop(self.at_least(6, "pppoed", data)),
            0x8864 => self.pppoe_session(data),
            0x888e => self.protocol("eapol"),
            0x88cc => self.protocol("lldp"),
            0x88e5 => self.macsec(data),
            0x893f => {
                self.at_least(6, "etag", data);
                if let Some(kind) = u16_at(data, 6) {
                    self.ether_type(kind, skip(data, 8));
                }
            }
            0x6558 => self.ethernet(data),
            0x880b => self.ppp(data),
            1..=1500 => self.llc(prefix(data, kind.into())),
            _ => {}
        }
    }

    /// Walks through MACsec, unless the content is encrypted.
    pub(super) fn macsec(&mut self, data: &'a [u8]) {
        const HAS_CHANNEL: u8 = 0x20;
        const IS_CHANGED: u8 = 0x0c;
        const CHECKSUM: usize = 16;
        let control = data.first().copied().unwrap_or_default();
        let header = if control & HAS_CHANNEL != 0 { 14 } else { 6 };
        if !self.at_least(header + CHECKSUM + 1, "macsec", data) || control & IS_CHANGED != 0 {
            return;
        }
        if let Some(kind) = u16_at(data, header) {
            self.ether_type(kind, skip(data, header + 2));
        }
    }

    pub(super) fn llc(&mut self, data: &'a [u8]) {
        // Novell's raw 802.3 has IPX instead of this header. IPX begins with an unused checksum.
        if data.starts_with(&[0xff, 0xff]) {
            return;
        }
        self.at_least(1, "llc", data);
        match *data {
            [0xaa, 0xaa, 3, 0, 0, 0 | 0xf8, ..] => {
                if let Some(kind @ 0x600..) = u16_at(data, 6) {
                    self.ether_type(kind, skip(data, 8));
                }
            }
            [0x42, 0x42, 3, ..] => self.stp(skip(data, 3)),
            [0x06, 0x06, 3, ..] => self.ip_version_4(skip(data, 3)),
            _ => {}
        }
    }

    pub(super) fn stp(&mut self, data: &'a [u8]) {
        const TOPOLOGY_CHANGE: u8 = 0x80;
        let length = match data.get(3) {
            Some(&TOPOLOGY_CHANGE) => 4,
            _ => 27,
        };
        self.at_least(length, "stp", data);
    }

    pub(super) fn mpls(&mut self, mut data: &'a [u8]) {
        loop {
            let Some(entry) = u32_at(data, 0) else {
                return;
            };
            self.protocol("mpls");
            data = skip(data, 4);
            if entry & 0x100 != 0 {
                return self.any_ip(data);
            }
        }
    }

    pub(super) fn pppoe_session(&mut self, data: &'a [u8]) {
        if self.at_least(6, "pppoes", data) && data.len() >= 8 {
            self.ppp(skip(data, 6));
        }
    }

    pub(super) fn ppp(&mut self, data: &'a [u8]) {
        self.at_least(1, "ppp", data);
        let data = data.strip_prefix(&[0xff, 3]).unwrap_or(data);
        let (kind, rest) = match *data {
            [low, ref rest @ ..] if low & 1 == 1 => (low.into(), rest),
            [high, low, ref rest @ ..] => (u16::from_be_bytes([high, low]), rest),
            _ => return,
        };
        match kind {
            0x0021 => self.ip_version_4(rest),
            0x0057 => self.ipv6(rest),
            0x0281 | 0x0283 => self.mpls(rest),
            _ => {}
        }
    }

    pub(super) fn cisco_hdlc(&mut self, data: &'a [u8]) {
        let rest = skip(data, 4);
        match u16_at(data, 2) {
            Some(kind @ (0x0800 | 0x86dd | 0x8847 | 0x8848)) if self.at_least(5, "chdlc", data) => {
                self.ether_type(kind, rest);
            }
            _ => drop(self.at_least(4, "chdlc", data)),
        }
    }

    /// Reads an address family, or an Ethernet type, in the byte order of the capturing system.
    pub(super) fn null(&mut self, data: &'a [u8]) {
        if data.starts_with(&[0xff, 3]) {
            return self.ppp(data);
        }
        let Some(family) = u32_at(data, 0) else {
            return;
        };
        self.protocol("null");
        let rest = skip(data, 4);
        let family = match family >> 16 {
            0 => family,
            _ => family.swap_bytes(),
        };
        match family {
            2 => self.ip_version_4(rest),
            24 | 28 | 30 => self.ipv6(rest),
            kind @ 0x600..=0xffff => self.ether_type(kind as u16, rest),
            _ => {}
        }
    }

    pub(super) fn cooked(
        &mut self,
        data: &'a [u8],
        kind_at: usize,
        hardware_at: usize,
        length: usize,
    ) {
        const NETLINK: u16 = 824;
        let is_netlink = u16_at(data, hardware_at) == Some(NETLINK);
        // tshark needs the fields up to the length of the address.
        let needed = if length == 16 { 4 } else { 12 };
        if is_netlink || !self.at_least(needed, "sll", data) || data.len() < length {
            return;
        }
        let rest = skip(data, length);
        match u16_at(data, kind_at) {
            Some(3) => self.ethernet(rest),
            Some(4) => self.llc(rest),
            Some(kind @ 0x600..) => self.ether_type(kind, rest),
            _ => {}
        }
    }

    pub(super) fn raw(&mut self, data: &'a [u8]) {
        self.protocol("raw");
        if data.len() >= 8 {
            self.any_ip(data);
        }
    }
}
