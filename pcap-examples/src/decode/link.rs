//! Decodes link layers, and the headers between the link layer and IP.

use pcap_core::{Dlt, MacAddr};

use super::fields::{array_at, prefix, skip, u8_at, u16_at, u32_at};
use super::{Decoder, Detail, Endpoint, OuterHeader, Protocol};

/// The first valid Ethernet type. Smaller values are the length of an IEEE 802.3 frame.
pub(super) const FIRST_ETHER_TYPE: u16 = 0x600;
/// The type of an Ethernet frame inside another packet, as in GRE and Geneve.
const BRIDGED: u16 = 0x6558;
/// The organization of Cisco's protocols in SNAP headers.
pub(super) const CISCO: u32 = 0x0c;
/// The type of PPP inside another packet, as in GRE.
const PPP: u16 = 0x880b;

impl<'a> Decoder<'a> {
    /// Decodes an Ethernet frame.
    pub(super) fn ethernet(&mut self, data: &'a [u8]) {
        self.known.destination = mac(data, 0);
        self.known.source = mac(data, 6);
        match u16_at(data, 12) {
            Some(kind) => self.ether_type(kind, skip(data, 14)),
            None => self.known.rest = skip(data, data.len() / 6 * 6),
        }
    }

    /// Decodes a payload by its Ethernet type. In IEEE 802.3, `kind` is the length of the payload instead.
    pub(super) fn ether_type(&mut self, mut kind: u16, mut data: &'a [u8]) {
        self.set_protocol(Protocol::Ether(kind), data);
        if !self.descend() {
            return;
        }
        while matches!(kind, 0x8100 | 0x88a8 | 0x9100) {
            let Some(tag) = u16_at(data, 0) else {
                return;
            };
            self.known
                .outer_headers
                .push(OuterHeader::Vlan(tag & 0xfff));
            let Some(inner) = u16_at(data, 2) else {
                self.known.rest = skip(data, 2);
                return;
            };
            (kind, data) = (inner, skip(data, 4));
            self.set_protocol(Protocol::Ether(kind), data);
        }
        match kind {
            0x0800 => self.ip(data),
            0x0806 | 0x8035 => self.arp(kind, data),
            0x86dd => self.ipv6(data),
            0x8847 | 0x8848 => self.mpls(data),
            0x8863 => self.pppoe_discovery(data),
            0x8864 => self.pppoe_session(data),
            0x88cc => self.set_protocol(Protocol::Named("LLDP"), data),
            0x88e5 => self.macsec(data),
            BRIDGED => self.ethernet(data),
            PPP => self.ppp(data),
            0..=1500 => self.llc(prefix(data, kind.into())),
            _ => {}
        }
    }

    /// Decodes IEEE 802.2, with or without SNAP.
    pub(super) fn llc(&mut self, data: &'a [u8]) {
        let Some(service) = u8_at(data, 0) else {
            return;
        };
        // Novell's raw 802.3 has IPX instead of this header. IPX begins with an unused checksum.
        if data.starts_with(&[0xff, 0xff]) {
            return self.set_protocol(Protocol::Named("IPX"), data);
        }
        self.set_protocol(Protocol::Llc(service), data);
        match *data {
            [0xaa, 0xaa, 3, ..] => {
                let (Some([a, b, c]), Some(kind)) = (array_at(data, 3), u16_at(data, 6)) else {
                    return;
                };
                let organization = u32::from_be_bytes([0, a, b, c]);
                let rest = skip(data, 8);
                match (organization, kind) {
                    (0 | 0xf8, FIRST_ETHER_TYPE..) => self.ether_type(kind, rest),
                    (CISCO, 0x2000) => self.set_protocol(Protocol::Named("CDP"), rest),
                    _ => self.set_protocol(Protocol::Snap(organization, kind), rest),
                }
            }
            [0x06, 0x06, 3, ..] => self.ip(skip(data, 3)),
            [0x42, 0x42, 3, ..] => self.set_protocol(Protocol::Named("STP"), skip(data, 3)),
            _ => {}
        }
    }

    /// Decodes an MPLS label stack and its payload.
    pub(super) fn mpls(&mut self, mut data: &'a [u8]) {
        let label = loop {
            let Some(entry) = u32_at(data, 0) else {
                self.known.rest = data;
                return;
            };
            let label = entry >> 12;
            self.known.outer_headers.push(OuterHeader::Mpls(label));
            data = skip(data, 4);
            if entry & 0x100 != 0 {
                break label;
            }
        };
        self.known.rest = data;
        // The payload has no type field. In practice, only IP begins with these version numbers.
        match (label, data.first().map(|byte| byte >> 4)) {
            (2, _) | (_, Some(6)) => self.ipv6(data),
            (_, Some(4)) => self.ip(data),
            _ => {}
        }
    }

    /// Decodes PPPoE before a session begins.
    fn pppoe_discovery(&mut self, data: &'a [u8]) {
        if let Some(code) = u8_at(data, 1) {
            // The session number is 0 before the session begins.
            let session = u16_at(data, 2).filter(|&session| session != 0);
            self.known
                .outer_headers
                .extend(session.map(OuterHeader::Pppoe));
            self.set_protocol(Protocol::Named("PPPoE"), skip(data, 6));
            self.known.detail = Detail::Pppoe(code);
        }
    }

    /// Decodes PPPoE in a session.
    pub(super) fn pppoe_session(&mut self, data: &'a [u8]) {
        let Some(session) = u16_at(data, 2) else {
            return;
        };
        self.known.outer_headers.push(OuterHeader::Pppoe(session));
        let rest = match u16_at(data, 4) {
            Some(length) => prefix(skip(data, 6), length.into()),
            None => skip(data, 4),
        };
        self.set_protocol(Protocol::Named("PPPoE"), rest);
        if data.len() > 6 {
            self.ppp(rest);
        }
    }

    /// Decodes PPP, with or without HDLC framing.
    pub(super) fn ppp(&mut self, data: &'a [u8]) {
        // HDLC's address and control fields are optional.
        let data = match *data {
            [0xff, _, ref data @ ..] => data,
            _ => data,
        };
        let (kind, rest) = match *data {
            // The high byte of the protocol may be omitted if it is 0.
            [low, ref rest @ ..] if low & 1 == 1 => (low.into(), rest),
            [high, low, ref rest @ ..] => (u16::from_be_bytes([high, low]), rest),
            _ => return,
        };
        self.set_protocol(Protocol::Ppp(kind), rest);
        match kind {
            0x0021 => self.ip(rest),
            0x0057 => self.ipv6(rest),
            0x0281 | 0x0283 => self.mpls(rest),
            _ => {}
        }
    }

    /// Decodes Cisco HDLC.
    pub(super) fn cisco_hdlc(&mut self, data: &'a [u8]) {
        match u16_at(data, 2) {
            // Cisco uses the number of RARP for its own protocol.
            Some(0x8035) => self.set_protocol(Protocol::Named("SLARP"), skip(data, 4)),
            Some(kind @ FIRST_ETHER_TYPE..) => self.ether_type(kind, skip(data, 4)),
            Some(kind) => self.set_protocol(Protocol::Ether(kind), skip(data, 4)),
            None => {}
        }
    }

    /// Decodes the header of BSD loopback devices: an address family in the byte order of the capturing system.
    pub(super) fn null(&mut self, data: &'a [u8]) {
        let Some(bytes) = array_at(data, 0) else {
            return;
        };
        // Families are small numbers.
        let family = u32::from_be_bytes(bytes).min(u32::from_le_bytes(bytes));
        let rest = skip(data, 4);
        match family {
            2 => self.ip(rest),
            // IPv6 on Linux, NetBSD and OpenBSD, FreeBSD, and macOS.
            10 | 24 | 28 | 30 => self.ipv6(rest),
            _ => {}
        }
    }

    /// Decodes MACsec. The payload is only decoded if it is authenticated but not encrypted.
    fn macsec(&mut self, data: &'a [u8]) {
        const HAS_CHANNEL: u8 = 0x20;
        const IS_CHANGED: u8 = 0x0c;
        let Some(control) = u8_at(data, 0) else {
            return;
        };
        let length = if control & HAS_CHANNEL != 0 { 14 } else { 6 };
        self.set_protocol(Protocol::Named("MACsec"), skip(data, length));
        if control & IS_CHANGED == 0
            && let Some(kind) = u16_at(data, length)
        {
            self.ether_type(kind, skip(data, length + 2));
        }
    }

    /// Decodes ARP and RARP.
    fn arp(&mut self, kind: u16, data: &'a [u8]) {
        let name = if kind == 0x0806 { "ARP" } else { "RARP" };
        self.set_protocol(Protocol::Named(name), skip(data, 8));
        if let Some(operation) = u16_at(data, 6) {
            self.known.detail = Detail::Arp(operation);
        }
        let (hardware_len, protocol_len) = match (u16_at(data, 2), u8_at(data, 4), u8_at(data, 5)) {
            (Some(0x0800), Some(hardware_len), Some(4)) => (usize::from(hardware_len), 4),
            _ => return,
        };
        // RARP asks for IP addresses, so its endpoints are the hardware addresses.
        if kind == 0x0806 {
            let address = |at| Some(Endpoint::Ip(array_at::<4>(data, at)?.into()));
            if let Some(sender) = address(8 + hardware_len) {
                self.known.source = Some(sender);
                self.known.destination = address(8 + hardware_len + protocol_len + hardware_len);
            }
        }
    }
}

/// Returns the MAC address at an offset.
pub(super) fn mac(data: &[u8], at: usize) -> Option<Endpoint> {
    Some(Endpoint::Mac(MacAddr::new(array_at(data, at)?)))
}

/// Returns the source and destination in the header of the link layer, as far as it has them.
#[must_use]
pub fn link_addresses(linktype: Dlt, data: &[u8]) -> (Option<MacAddr>, Option<MacAddr>) {
    let mac = |at| array_at(data, at).map(MacAddr::new);
    match linktype {
        Dlt::EN10MB => (mac(6), mac(0)),
        Dlt::LINUX_SLL if u16_at(data, 4) == Some(6) => (mac(6), None),
        Dlt::LINUX_SLL2 if u8_at(data, 11) == Some(6) => (mac(12), None),
        _ => (None, None),
    }
}
