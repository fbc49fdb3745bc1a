//! Frames with correct lengths and checksums, and classic savefiles.

/// An IPv4 host with its Ethernet address.
#[derive(Clone, Copy)]
pub(crate) struct Host(pub(crate) u8);

impl Host {
    fn mac(self) -> [u8; 6] {
        [2, 0, 0, 0, 0, self.0]
    }

    fn ipv4(self) -> [u8; 4] {
        [192, 0, 2, self.0]
    }

    fn ipv6(self) -> [u8; 16] {
        [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, self.0]
    }
}

/// Returns the Internet checksum of some bytes.
pub(crate) fn checksum(parts: &[&[u8]]) -> u16 {
    let mut sum = 0;
    for part in parts {
        for pair in part.chunks(2) {
            let low = pair.get(1).copied().unwrap_or(0);
            sum += u32::from(u16::from_be_bytes([pair[0], low]));
        }
    }
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}

/// Returns an Ethernet frame, padded to 60 bytes.
pub(crate) fn ethernet(from: Host, to: Host, kind: u16, payload: &[u8]) -> Vec<u8> {
    let mut frame = [&to.mac()[..], &from.mac(), &kind.to_be_bytes(), payload].concat();
    frame.resize(frame.len().max(60), 0);
    frame
}

/// Returns an ARP request.
pub(crate) fn arp(from: Host, to: Host) -> Vec<u8> {
    let mut request = vec![0, 1, 8, 0, 6, 4, 0, 1];
    request.extend([&from.mac()[..], &from.ipv4(), &[0; 6], &to.ipv4()].concat());
    let mut frame = ethernet(from, to, 0x0806, &request);
    frame[..6].fill(0xff);
    frame
}

/// Returns an IPv4 packet. `part` is the field with the fragment flags and offset.
fn ipv4(from: Host, to: Host, protocol: u8, id: u16, part: u16, payload: &[u8]) -> Vec<u8> {
    let length = 20 + payload.len() as u16;
    let mut header = vec![0x45, 0];
    header.extend([length, id, part].map(u16::to_be_bytes).concat());
    header.extend([64, protocol, 0, 0]);
    header.extend([from.ipv4(), to.ipv4()].concat());
    let sum = checksum(&[&header]);
    header[10..12].copy_from_slice(&sum.to_be_bytes());
    header.extend(payload);
    header
}

/// Sets the checksum of a UDP, TCP or ICMPv6 packet.
fn set_checksum(at: usize, addresses: &[u8], protocol: u8, payload: &mut [u8]) {
    let length = (payload.len() as u32).to_be_bytes();
    let sum = checksum(&[addresses, &length, &[0, protocol], payload]);
    let sum = if sum == 0 { 0xffff } else { sum };
    payload[at..at + 2].copy_from_slice(&sum.to_be_bytes());
}

/// The way between two hosts.
#[derive(Clone, Copy)]
pub(crate) struct Way {
    /// Who sends.
    pub(crate) from: Host,
    /// Who receives.
    pub(crate) to: Host,
    /// The source and destination port.
    pub(crate) ports: [u16; 2],
    /// The identification of the IPv4 packet.
    pub(crate) id: u16,
}

impl Way {
    /// Returns the way back.
    pub(crate) fn back(self) -> Way {
        Way {
            from: self.to,
            to: self.from,
            ports: [self.ports[1], self.ports[0]],
            id: self.id,
        }
    }

    /// Returns a frame with an IPv4 packet.
    fn frame(self, protocol: u8, payload: &[u8]) -> Vec<u8> {
        // Do not fragment.
        let packet = ipv4(self.from, self.to, protocol, self.id, 0x4000, payload);
        ethernet(self.from, self.to, 0x0800, &packet)
    }

    fn udp_payload(self, addresses: &[u8], data: &[u8]) -> Vec<u8> {
        let mut payload = [self.ports[0], self.ports[1], 8 + data.len() as u16, 0]
            .map(u16::to_be_bytes)
            .concat();
        payload.extend(data);
        set_checksum(6, addresses, 17, &mut payload);
        payload
    }

    /// Returns a UDP datagram.
    pub(crate) fn udp(self, data: &[u8]) -> Vec<u8> {
        let addresses = [self.from.ipv4(), self.to.ipv4()].concat();
        self.frame(17, &self.udp_payload(&addresses, data))
    }

    /// Returns a UDP datagram in IPv6.
    pub(crate) fn udp6(self, data: &[u8]) -> Vec<u8> {
        let addresses = [self.from.ipv6(), self.to.ipv6()].concat();
        let payload = self.udp_payload(&addresses, data);
        let mut packet = vec![0x60, 0, 0, 0];
        packet.extend((payload.len() as u16).to_be_bytes());
        packet.extend([17, 64]);
        packet.extend(addresses);
        packet.extend(payload);
        ethernet(self.from, self.to, 0x86dd, &packet)
    }

    /// Returns a UDP datagram as two fragments.
    pub(crate) fn fragments(self, data: &[u8]) -> [Vec<u8>; 2] {
        let addresses = [self.from.ipv4(), self.to.ipv4()].concat();
        let payload = self.udp_payload(&addresses, data);
        let (first, second) = payload.split_at(payload.len() / 16 * 8);
        let offset = (first.len() / 8) as u16;
        [(0x2000, first), (offset, second)].map(|(part, payload)| {
            let packet = ipv4(self.from, self.to, 17, self.id, part, payload);
            ethernet(self.from, self.to, 0x0800, &packet)
        })
    }

    /// Returns a TCP segment.
    pub(crate) fn tcp(self, flags: u8, numbers: [u32; 2], data: &[u8]) -> Vec<u8> {
        let mut payload = self.ports.map(u16::to_be_bytes).concat();
        payload.extend(numbers.map(u32::to_be_bytes).concat());
        payload.extend([0x50, flags, 0xfa, 0xf0, 0, 0, 0, 0]);
        payload.extend(data);
        let addresses = [self.from.ipv4(), self.to.ipv4()].concat();
        set_checksum(16, &addresses, 6, &mut payload);
        self.frame(6, &payload)
    }

    /// Returns an ICMP echo message: 8 is a request, 0 a reply.
    pub(crate) fn echo(self, kind: u8, sequence: u16, length: usize) -> Vec<u8> {
        let mut payload = vec![kind, 0, 0, 0, 0x12, 0x34];
        payload.extend(sequence.to_be_bytes());
        payload.extend((0..length).map(|n| n as u8));
        let sum = checksum(&[&payload]);
        payload[2..4].copy_from_slice(&sum.to_be_bytes());
        self.frame(1, &payload)
    }
}

/// Returns a frame with a VLAN tag.
pub(crate) fn in_vlan(number: u16, frame: &[u8]) -> Vec<u8> {
    let tag = [&[0x81, 0][..], &number.to_be_bytes()].concat();
    [&frame[..12], &tag, &frame[12..]].concat()
}

/// Returns a DNS query for the IPv4 address of a name, or the answer.
pub(crate) fn dns(id: u16, name: &str, answer: Option<Host>) -> Vec<u8> {
    let (flags, answers) = match answer {
        None => (0x0100, 0),
        Some(_) => (0x8180, 1),
    };
    let mut message = [id, flags, 1, answers, 0, 0].map(u16::to_be_bytes).concat();
    for label in name.split('.') {
        message.push(label.len() as u8);
        message.extend(label.bytes());
    }
    message.extend([0, 0, 1, 0, 1]);
    if let Some(host) = answer {
        message.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 1, 44, 0, 4]);
        message.extend(host.ipv4());
    }
    message
}

/// A packet with its time in nanoseconds since 1970.
pub(crate) type Timed = (u64, Vec<u8>);

/// The precision of the times of a classic savefile.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Precision {
    /// Microseconds.
    Micro,
    /// Nanoseconds.
    Nano,
}

/// Returns the header of a classic savefile with Ethernet frames.
pub(crate) fn savefile_header(precision: Precision) -> Vec<u8> {
    let magic: u32 = match precision {
        Precision::Micro => 0xa1b2_c3d4,
        Precision::Nano => 0xa1b2_3c4d,
    };
    let mut bytes = magic.to_le_bytes().to_vec();
    bytes.extend([2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    bytes.extend([262_144_u32, 1].map(u32::to_le_bytes).concat());
    bytes
}

/// Appends a packet to a classic savefile.
pub(crate) fn append(bytes: &mut Vec<u8>, precision: Precision, (time, frame): &Timed) {
    let fraction = match precision {
        Precision::Micro => time % 1_000_000_000 / 1000,
        Precision::Nano => time % 1_000_000_000,
    };
    let length = frame.len() as u32;
    let header = [
        (time / 1_000_000_000) as u32,
        fraction as u32,
        length,
        length,
    ];
    bytes.extend(header.map(u32::to_le_bytes).concat());
    bytes.extend(frame);
}
