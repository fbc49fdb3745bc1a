//! Decodes the protocols above IP: TCP, UDP, ICMP and others, and the tunnels VXLAN and Geneve.

use std::net::SocketAddr;

use super::fields::{array_at, skip, u8_at, u16_at, u32_at};
use super::link::FIRST_ETHER_TYPE;
use super::{Decoder, Detail, Echo, Endpoint, Protocol};

/// The length of the UDP header, in bytes.
const UDP: usize = 8;
/// The port of VXLAN.
const VXLAN: u16 = 4789;
/// The port of Geneve.
const GENEVE: u16 = 6081;

impl<'a> Decoder<'a> {
    /// Decodes a payload by its IP protocol number.
    pub(super) fn transport(&mut self, number: u8, data: &'a [u8]) {
        match number {
            1 => self.icmp(data, false),
            4 => self.ip_in_ip(4, data),
            6 => self.tcp(data),
            17 => self.udp(data),
            // DCCP, SCTP, UDP-Lite.
            33 | 132 | 136 => {
                self.ports(data);
            }
            41 => self.ip_in_ip(6, data),
            47 => self.gre(data),
            58 => self.icmp(data, true),
            137 if self.descend() && !data.is_empty() => {
                self.enter_tunnel(None);
                self.set_protocol(Protocol::Ether(0x8847), data);
                self.mpls(data);
            }
            _ => {}
        }
    }

    /// Reads the source and destination port. All protocols with ports begin with them.
    fn ports(&mut self, data: &[u8]) -> (Option<u16>, Option<u16>) {
        let ports = (u16_at(data, 0), u16_at(data, 2));
        let known = &mut self.known;
        for (end, port) in [
            (&mut known.source, ports.0),
            (&mut known.destination, ports.1),
        ] {
            if let (Some(Endpoint::Ip(address)), Some(port)) = (*end, port) {
                *end = Some(Endpoint::Socket(SocketAddr::new(address, port)));
            }
        }
        ports
    }

    fn tcp(&mut self, data: &'a [u8]) {
        const ACK: u16 = 0x10;
        self.ports(data);
        // The field contains the header length, then the flags.
        let field = u16_at(data, 12);
        let flags = field.map(|field| field & 0x1ff);
        let is_acknowledged = flags.is_none_or(|flags| flags & ACK != 0);
        self.known.detail = Detail::Tcp {
            flags,
            sequence: u32_at(data, 4),
            acknowledged: u32_at(data, 8).filter(|_| is_acknowledged),
            window: u16_at(data, 14),
        };
        let length = field.map_or(0, |field| 4 * usize::from(field >> 12));
        self.known.rest = skip(data, length.max(20));
    }

    fn udp(&mut self, data: &'a [u8]) {
        let ports = self.ports(data);
        let rest = skip(data, UDP);
        self.known.rest = rest;
        let is = |port| ports.0 == Some(port) || ports.1 == Some(port);
        if is(VXLAN) {
            self.vxlan(rest);
        } else if is(GENEVE) {
            self.geneve(rest);
        }
    }

    fn vxlan(&mut self, data: &'a [u8]) {
        const HAS_NETWORK: u8 = 0x08;
        let frame = skip(data, 8);
        let has_network = u8_at(data, 0).is_some_and(|flags| flags & HAS_NETWORK != 0);
        if !has_network || frame.is_empty() || !self.descend() {
            return;
        }
        self.known.protocol = Protocol::Named("VXLAN");
        self.enter_tunnel(u32_at(data, 4).map(|field| field >> 8));
        self.set_protocol(Protocol::Named("Ethernet"), frame);
        self.ethernet(frame);
    }

    fn geneve(&mut self, data: &'a [u8]) {
        let (Some(first), Some(kind)) = (u8_at(data, 0), u16_at(data, 2)) else {
            return;
        };
        let rest = skip(data, 8 + 4 * usize::from(first & 0x3f));
        if first >> 6 != 0 || kind < FIRST_ETHER_TYPE || rest.is_empty() || !self.descend() {
            return;
        }
        self.known.protocol = Protocol::Named("Geneve");
        self.enter_tunnel(u32_at(data, 4).map(|field| field >> 8));
        self.ether_type(kind, rest);
    }

    fn icmp(&mut self, data: &'a [u8], v6: bool) {
        let Some([kind]) = array_at(data, 0) else {
            return;
        };
        let request = if v6 { 128 } else { 8 };
        let reply = if v6 { 129 } else { 0 };
        let echo = (kind == request || kind == reply).then(|| Echo {
            request: kind == request,
            id: u16_at(data, 4),
            sequence: u16_at(data, 6),
        });
        self.known.detail = Detail::Icmp {
            is_v6: v6,
            kind,
            code: u8_at(data, 1),
            echo,
        };
        self.known.rest = skip(data, 8);
    }
}
