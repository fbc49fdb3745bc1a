//! Link layers, and the headers between them and IP.

use pcap_core::MacAddr;

use super::fields::{after, array, byte, first, long, short};
use super::{Decoder, Detail, Endpoint, Outside, Protocol};

/// Smaller Ethernet types are the length of an IEEE 802.3 frame.
pub(super) const FIRST_TYPE: u16 = 0x600;
/// A whole Ethernet frame, as in GRE and Geneve.
const BRIDGED: u16 = 0x6558;
/// PPP, as in GRE.
const PPP: u16 = 0x880b;

impl<'a> Decoder<'a> {
    pub(super) fn ethernet(&mut self, data: &'a [u8]) {
        self.known.destination = mac(data, 0);
        self.known.source = mac(data, 6);
        match short(data, 12) {
            Some(kind) => self.ether_type(kind, after(data, 14)),
            None => self.known.rest = after(data, data.len() / 6 * 6),
        }
    }

    /// Decodes the payload of an Ethernet type, or of the length that IEEE 802.3 has in its place.
    pub(super) fn ether_type(&mut self, mut kind: u16, mut data: &'a [u8]) {
        self.found(Protocol::Ether(kind), data);
        if !self.descend() {
            return;
        }
        while matches!(kind, 0x8100 | 0x88a8 | 0x9100) {
            let Some(tag) = short(data, 0) else {
                return;
            };
            self.known.outside.push(Outside::Vlan(tag & 0xfff));
            let Some(inner) = short(data, 2) else {
                self.known.rest = after(data, 2);
                return;
            };
            (kind, data) = (inner, after(data, 4));
            self.found(Protocol::Ether(kind), data);
        }
        match kind {
            0x0800 => self.ip(data),
            0x0806 | 0x8035 => self.arp(kind, data),
            0x86dd => self.ipv6(data),
            0x8847 | 0x8848 => self.mpls(data),
            0x8863 => self.pppoe_discovery(data),
            0x8864 => self.pppoe_session(data),
            0x88e5 => self.macsec(data),
            BRIDGED => self.ethernet(data),
            PPP => self.ppp(data),
            0..=1500 => self.llc(first(data, kind.into())),
            _ => {}
        }
    }

    /// Decodes IEEE 802.2, with or without SNAP.
    pub(super) fn llc(&mut self, data: &'a [u8]) {
        let Some(service) = byte(data, 0) else {
            return;
        };
        // Novell put IPX in the place of this header. It begins with an unused checksum.
        if data.starts_with(&[0xff, 0xff]) {
            return self.found(Protocol::Named("IPX"), data);
        }
        self.found(Protocol::Llc(service), data);
        match *data {
            [0xaa, 0xaa, 3, ..] => {
                let (Some([a, b, c]), Some(kind)) = (array(data, 3), short(data, 6)) else {
                    return;
                };
                let organization = u32::from_be_bytes([0, a, b, c]);
                let rest = after(data, 8);
                match (organization, kind) {
                    (0 | 0xf8, FIRST_TYPE..) => self.ether_type(kind, rest),
                    _ => self.found(Protocol::Snap(organization, kind), rest),
                }
            }
            [0x06, 0x06, 3, ..] => self.ip(after(data, 3)),
            _ => {}
        }
    }

    pub(super) fn mpls(&mut self, mut data: &'a [u8]) {
        let label = loop {
            let Some(entry) = long(data, 0) else {
                self.known.rest = data;
                return;
            };
            let label = entry >> 12;
            self.known.outside.push(Outside::Mpls(label));
            data = after(data, 4);
            if entry & 0x100 != 0 {
                break label;
            }
        };
        self.known.rest = data;
        // The payload has no type. Usually only IP begins with these numbers.
        match (label, data.first().map(|byte| byte >> 4)) {
            (2, _) | (_, Some(6)) => self.ipv6(data),
            (_, Some(4)) => self.ip(data),
            _ => {}
        }
    }

    fn pppoe_discovery(&mut self, data: &'a [u8]) {
        if let Some(code) = byte(data, 1) {
            // The number is 0 before the session begins.
            let session = short(data, 2).filter(|&session| session != 0);
            self.known.outside.extend(session.map(Outside::Pppoe));
            self.found(Protocol::Named("PPPoE"), after(data, 6));
            self.known.detail = Detail::Pppoe(code);
        }
    }

    pub(super) fn pppoe_session(&mut self, data: &'a [u8]) {
        let Some(session) = short(data, 2) else {
            return;
        };
        self.known.outside.push(Outside::Pppoe(session));
        let rest = match short(data, 4) {
            Some(length) => first(after(data, 6), length.into()),
            None => after(data, 4),
        };
        self.found(Protocol::Named("PPPoE"), rest);
        if data.len() > 6 {
            self.ppp(rest);
        }
    }

    pub(super) fn ppp(&mut self, data: &'a [u8]) {
        // The address and control fields of HDLC are optional.
        let data = match *data {
            [0xff, _, ref data @ ..] => data,
            _ => data,
        };
        let (kind, rest) = match *data {
            // The high byte may be missing if it is 0.
            [low, ref rest @ ..] if low & 1 == 1 => (low.into(), rest),
            [high, low, ref rest @ ..] => (u16::from_be_bytes([high, low]), rest),
            _ => return,
        };
        self.found(Protocol::Ppp(kind), rest);
        match kind {
            0x0021 => self.ip(rest),
            0x0057 => self.ipv6(rest),
            0x0281 | 0x0283 => self.mpls(rest),
            _ => {}
        }
    }

    pub(super) fn cisco_hdlc(&mut self, data: &'a [u8]) {
        match short(data, 2) {
            // Cisco uses the number of RARP for a protocol of its own.
            Some(0x8035) => self.found(Protocol::Named("SLARP"), after(data, 4)),
            Some(kind @ FIRST_TYPE..) => self.ether_type(kind, after(data, 4)),
            Some(kind) => self.found(Protocol::Ether(kind), after(data, 4)),
            None => {}
        }
    }

    /// Decodes the header of the BSDs' loopback devices: an address family in the byte order of the capturing system.
    pub(super) fn null(&mut self, data: &'a [u8]) {
        let Some(bytes) = array(data, 0) else {
            return;
        };
        // Families are small numbers.
        let family = u32::from_be_bytes(bytes).min(u32::from_le_bytes(bytes));
        let rest = after(data, 4);
        match family {
            2 => self.ip(rest),
            // Linux, NetBSD and OpenBSD, FreeBSD, macOS.
            10 | 24 | 28 | 30 => self.ipv6(rest),
            _ => {}
        }
    }

    /// Decodes MACsec, if the payload is signed but not encrypted.
    fn macsec(&mut self, data: &'a [u8]) {
        const HAS_CHANNEL: u8 = 0x20;
        const IS_CHANGED: u8 = 0x0c;
        let Some(control) = byte(data, 0) else {
            return;
        };
        let length = if control & HAS_CHANNEL != 0 { 14 } else { 6 };
        self.found(Protocol::Named("MACsec"), after(data, length));
        if control & IS_CHANGED == 0 {
            if let Some(kind) = short(data, length) {
                self.ether_type(kind, after(data, length + 2));
            }
        }
    }

    fn arp(&mut self, kind: u16, data: &'a [u8]) {
        let name = if kind == 0x0806 { "ARP" } else { "RARP" };
        self.found(Protocol::Named(name), after(data, 8));
        if let Some(operation) = short(data, 6) {
            self.known.detail = Detail::Arp(operation);
        }
        let (hardware, protocol) = match (short(data, 2), byte(data, 4), byte(data, 5)) {
            (Some(0x0800), Some(hardware), Some(4)) => (usize::from(hardware), 4),
            _ => return,
        };
        // RARP asks for these addresses, so its ends are the hardware addresses.
        if kind == 0x0806 {
            let address = |at| Some(Endpoint::Ip(array::<4>(data, at)?.into()));
            if let Some(sender) = address(8 + hardware) {
                self.known.source = Some(sender);
                self.known.destination = address(8 + hardware + protocol + hardware);
            }
        }
    }
}

/// Returns the hardware address at an offset.
pub(super) fn mac(data: &[u8], at: usize) -> Option<Endpoint> {
    Some(Endpoint::Mac(MacAddr::new(array(data, at)?)))
}
