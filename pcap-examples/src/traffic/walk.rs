//! Finds the layers of any packet, as tshark counts them.

use pcap_core::Dlt;

use super::Layer;
use super::layers::{Layers, Pair, Segment, padded};

/// The maximum depth of nested headers. The limit keeps a packet from exhausting the stack.
const MAX_DEPTH: u32 = 32;

/// Finds the layers of a packet of this link type, whose length on the wire is given.
pub(super) fn walk(linktype: Dlt, data: &[u8]) -> Layers<'_> {
    let mut walk = Walk {
        found: Layers::default(),
        depth: 0,
        is_quoted: false,
        ends: None,
    };
    match linktype {
        Dlt::EN10MB => walk.ethernet(data),
        Dlt::RAW | Dlt::IPV4 | Dlt::IPV6 => {
            walk.protocol("raw");
            walk.ip(data);
        }
        Dlt::NULL | Dlt::LOOP => walk.null(data),
        Dlt::LINUX_SLL => walk.cooked(data, 14, 16),
        Dlt::LINUX_SLL2 => walk.cooked(data, 0, 20),
        Dlt::PPP => walk.ppp(data),
        Dlt::MPLS => walk.mpls(data),
        _ => {}
    }
    walk.found
}

fn array_at<const N: usize>(data: &[u8], at: usize) -> Option<[u8; N]> {
    data.get(at..at + N)?.try_into().ok()
}

fn u16_at(data: &[u8], at: usize) -> Option<u16> {
    array_at(data, at).map(u16::from_be_bytes)
}

fn u32_at(data: &[u8], at: usize) -> Option<u32> {
    array_at(data, at).map(u32::from_be_bytes)
}

fn skip(data: &[u8], length: usize) -> &[u8] {
    data.get(length..).unwrap_or_default()
}

fn prefix(data: &[u8], length: usize) -> &[u8] {
    data.get(..length).unwrap_or(data)
}

/// Walks from the outermost header to the innermost.
struct Walk<'a> {
    found: Layers<'a>,
    depth: u32,
    /// Whether the header is quoted in an ICMP error.
    is_quoted: bool,
    /// The innermost IP addresses, and the length of the payload of that packet.
    ends: Option<(bool, [[u8; 16]; 2])>,
}

impl<'a> Walk<'a> {
    fn protocol(&mut self, name: &'static str) {
        if !self.is_quoted {
            self.found.protocols.push(name);
        }
    }

    fn pair(&mut self, layer: Layer, is_v6: bool, addresses: [[u8; 16]; 2], ports: [u16; 2]) {
        self.found.segment = None;
        self.found.pairs.push(Pair {
            layer,
            is_v6,
            addresses,
            ports,
        });
    }

    /// Counts a header that can be nested. Returns `false` if it is nested too deeply.
    fn descend(&mut self) -> bool {
        self.depth += 1;
        self.depth <= MAX_DEPTH
    }

    fn ethernet(&mut self, data: &'a [u8]) {
        let (Some(to), Some(from), Some(kind)) = (
            array_at::<6>(data, 0),
            array_at::<6>(data, 6),
            u16_at(data, 12),
        ) else {
            return;
        };
        self.protocol("eth");
        self.pair(Layer::Ethernet, false, [padded(from), padded(to)], [0; 2]);
        self.ether_type(kind, skip(data, 14));
    }

    fn ether_type(&mut self, kind: u16, data: &'a [u8]) {
        if !self.descend() {
            return;
        }
        match kind {
            0x0800 => self.ip(data),
            0x0806 | 0x8035 => self.protocol("arp"),
            0x86dd => self.ip(data),
            0x8100 | 0x88a8 | 0x9100 => {
                self.protocol(if kind == 0x88a8 { "ieee8021ad" } else { "vlan" });
                if let Some(kind) = u16_at(data, 2) {
                    self.ether_type(kind, skip(data, 4));
                }
            }
            0x8847 | 0x8848 => self.mpls(data),
            0x8863 => self.protocol("pppoed"),
            0x8864 => {
                self.protocol("pppoes");
                self.ppp(skip(data, 6));
            }
            0x88cc => self.protocol("lldp"),
            0x6558 => self.ethernet(data),
            0x880b => self.ppp(data),
            0..=1500 => self.llc(prefix(data, kind.into())),
            _ => {}
        }
    }

    fn llc(&mut self, data: &'a [u8]) {
        self.protocol("llc");
        match *data {
            [0xaa, 0xaa, 3, 0, 0, 0 | 0xf8, ..] => {
                if let Some(kind @ 0x600..) = u16_at(data, 6) {
                    self.ether_type(kind, skip(data, 8));
                }
            }
            [0x42, 0x42, 3, ..] => self.protocol("stp"),
            _ => {}
        }
    }

    fn mpls(&mut self, mut data: &'a [u8]) {
        loop {
            let Some(entry) = u32_at(data, 0) else {
                return;
            };
            self.protocol("mpls");
            data = skip(data, 4);
            if entry & 0x100 != 0 {
                return self.ip(data);
            }
        }
    }

    fn ppp(&mut self, data: &'a [u8]) {
        self.protocol("ppp");
        let data = data.strip_prefix(&[0xff, 3]).unwrap_or(data);
        let (kind, rest) = match *data {
            [low, ref rest @ ..] if low & 1 == 1 => (low.into(), rest),
            [high, low, ref rest @ ..] => (u16::from_be_bytes([high, low]), rest),
            _ => return,
        };
        match kind {
            0x0021 | 0x0057 => self.ip(rest),
            0x0281 | 0x0283 => self.mpls(rest),
            _ => {}
        }
    }

    fn null(&mut self, data: &'a [u8]) {
        self.protocol("null");
        let Some(bytes) = array_at(data, 0) else {
            return;
        };
        if let 2 | 10 | 24 | 28 | 30 = u32::from_be_bytes(bytes).min(u32::from_le_bytes(bytes)) {
            self.ip(skip(data, 4));
        }
    }

    fn cooked(&mut self, data: &'a [u8], kind_at: usize, length: usize) {
        if data.len() < length {
            return;
        }
        self.protocol("sll");
        match u16_at(data, kind_at) {
            Some(4) => self.llc(skip(data, length)),
            Some(kind @ 0x600..) => self.ether_type(kind, skip(data, length)),
            _ => {}
        }
    }

    fn ip(&mut self, data: &'a [u8]) {
        if !self.descend() {
            return;
        }
        match data.first().map(|byte| byte >> 4) {
            Some(4) => self.ipv4(data),
            Some(6) => self.ipv6(data),
            _ => {}
        }
    }

    fn ipv4(&mut self, data: &'a [u8]) {
        let header = usize::from(data[0] & 15) * 4;
        let (Some(from), Some(to)) = (array_at::<4>(data, 12), array_at::<4>(data, 16)) else {
            return;
        };
        self.protocol("ip");
        let ends = [padded(from), padded(to)];
        self.pair(Layer::Ipv4, false, ends, [0; 2]);
        self.ends = Some((false, ends));
        let total = usize::from(u16::from_be_bytes([data[2], data[3]]));
        let place = u16::from_be_bytes([data[6], data[7]]);
        if header < 20 || place & 0x1fff != 0 {
            return;
        }
        let total = if total < header { data.len() } else { total };
        self.transport(data[9], skip(prefix(data, total), header), total - header);
    }

    fn ipv6(&mut self, data: &'a [u8]) {
        let (Some(from), Some(to)) = (array_at(data, 8), array_at(data, 24)) else {
            return;
        };
        self.protocol("ipv6");
        let ends = [from, to];
        self.pair(Layer::Ipv6, true, ends, [0; 2]);
        self.ends = Some((true, ends));
        let rest = skip(data, 40);
        let length = match usize::from(u16::from_be_bytes([data[4], data[5]])) {
            0 => rest.len(),
            length => length,
        };
        self.extensions(data[6], prefix(rest, length), length);
    }

    /// Skips extension headers. `length` is that of the payload on the wire.
    fn extensions(&mut self, mut number: u8, mut data: &'a [u8], mut length: usize) {
        loop {
            let units = usize::from(data.get(1).copied().unwrap_or_default());
            let header = match number {
                0 | 43 | 60 | 140 => 8 * (units + 1),
                44 => 8,
                _ => break,
            };
            if number == 44 && u16_at(data, 2).is_none_or(|place| place & !7 != 0) {
                return;
            }
            let Some(&next) = data.first().filter(|_| data.len() >= header) else {
                return;
            };
            (number, data) = (next, skip(data, header));
            length = length.saturating_sub(header);
        }
        self.transport(number, data, length);
    }

    fn transport(&mut self, number: u8, data: &'a [u8], length: usize) {
        match number {
            1 => self.icmp("icmp", data, |kind| matches!(kind, 3 | 4 | 5 | 11 | 12)),
            2 => self.protocol("igmp"),
            4 | 41 => self.ip(data),
            6 => self.tcp(data, length),
            17 => self.udp(data),
            47 => self.gre(data),
            50 => self.protocol("esp"),
            51 => {
                self.protocol("ah");
                let units = usize::from(data.get(1).copied().unwrap_or_default());
                let header = 4 * (units + 2);
                if let Some(&next) = data.first().filter(|_| data.len() >= header) {
                    self.transport(next, skip(data, header), length.saturating_sub(header));
                }
            }
            58 => self.icmp("icmpv6", data, |kind| matches!(kind, 1..=4)),
            132 => {
                self.ports("sctp", Layer::Sctp, data);
            }
            _ => {}
        }
    }

    fn ports(&mut self, name: &'static str, layer: Layer, data: &'a [u8]) -> Option<[u16; 2]> {
        let ports = [u16_at(data, 0)?, u16_at(data, 2)?];
        let (is_v6, ends) = self.ends?;
        self.protocol(name);
        self.pair(layer, is_v6, ends, ports);
        Some(ports)
    }

    fn tcp(&mut self, data: &'a [u8], length: usize) {
        if self.ports("tcp", Layer::Tcp, data).is_none() || self.is_quoted {
            return;
        }
        let (Some(sequence), Some(acknowledged), Some([offset, flags]), Some(window)) = (
            u32_at(data, 4),
            u32_at(data, 8),
            array_at(data, 12),
            u16_at(data, 14),
        ) else {
            return;
        };
        let header = 4 * usize::from(offset >> 4);
        self.found.segment = Some(Segment {
            sequence,
            acknowledged,
            flags,
            window,
            length: length.saturating_sub(header.max(20)) as u32,
        });
    }

    fn udp(&mut self, data: &'a [u8]) {
        let Some(ports) = self.ports("udp", Layer::Udp, data) else {
            return;
        };
        let rest = skip(data, 8);
        if self.is_quoted || rest.is_empty() {
            return;
        }
        let is = |port| ports.contains(&port);
        if is(53) || is(5353) {
            self.protocol(if is(53) { "dns" } else { "mdns" });
            self.found.dns = Some(rest);
        } else if is(4789) {
            self.protocol("vxlan");
            if self.descend() {
                self.ethernet(skip(rest, 8));
            }
        } else if is(6081) {
            self.geneve(rest);
        }
    }

    fn geneve(&mut self, data: &'a [u8]) {
        let (Some(&first), Some(kind)) = (data.first(), u16_at(data, 2)) else {
            return;
        };
        self.protocol("geneve");
        self.ether_type(kind, skip(data, 8 + 4 * usize::from(first & 0x3f)));
    }

    fn gre(&mut self, data: &'a [u8]) {
        let (Some(flags), Some(kind)) = (u16_at(data, 0), u16_at(data, 2)) else {
            return;
        };
        self.protocol("gre");
        let has = |flag: u16| usize::from(flags & flag != 0);
        if flags & 0x4007 > 1 {
            return;
        }
        let mut header = 4 + 4 * (has(0x8000) + has(0x2000) + has(0x1000));
        if flags & 7 == 1 {
            header += 4 * has(0x80);
        }
        self.ether_type(kind, skip(data, header));
    }

    fn icmp(&mut self, name: &'static str, data: &'a [u8], is_error: fn(u8) -> bool) {
        self.protocol(name);
        if data.first().is_some_and(|&kind| is_error(kind)) {
            self.is_quoted = true;
            self.ip(skip(data, 8));
        }
    }
}
