//! Traffic that is always the same: connections, names, pings and other packets in a realistic mixture.

use super::frames::{self, Host, Timed, Way};

/// A generator of numbers that look random (xorshift).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// Returns a number below the limit.
    fn below(&mut self, limit: u64) -> u64 {
        (self.next() >> 11) % limit
    }

    /// Returns bytes of this length: text, so that they can be compressed like real packets.
    fn text(&mut self, length: usize) -> Vec<u8> {
        const WORDS: [&str; 8] = [
            "packet ", "the ", "capture ", "filter ", "of ", "network ", "and ", "header ",
        ];
        let mut text = Vec::with_capacity(length + 8);
        while text.len() < length {
            text.extend(WORDS[self.below(8) as usize].bytes());
            if self.below(4) == 0 {
                text.push(self.below(256) as u8);
            }
        }
        text.truncate(length);
        text
    }
}

/// The packets of a mixture, in the order of their times.
pub(crate) struct Traffic {
    numbers: Numbers,
    /// The time of the next packet.
    time: u64,
    /// The mean time between packets in nanoseconds.
    pace: u64,
    /// The first host of the clients.
    clients: u8,
    /// Packets of the current exchange, the last one first.
    pending: Vec<Vec<u8>>,
    id: u16,
}

impl Traffic {
    /// Creates the traffic that a seed determines, at a mean pace.
    pub(crate) fn new(seed: u64, start: u64, pace: u64, clients: u8) -> Traffic {
        Traffic {
            numbers: Numbers(seed),
            time: start,
            pace,
            clients,
            pending: Vec::new(),
            id: 0,
        }
    }

    fn way(&mut self, server: u8, port: u16) -> Way {
        self.id = self.id.wrapping_add(1);
        Way {
            from: Host(self.clients + self.numbers.below(8) as u8),
            to: Host(server),
            ports: [32_768 + self.numbers.below(28_000) as u16, port],
            id: self.id,
        }
    }

    /// Returns the packets of an exchange.
    fn exchange(&mut self) -> Vec<Vec<u8>> {
        match self.numbers.below(20) {
            0 => vec![frames::arp(Host(self.clients), Host(1))],
            1 | 2 => {
                let way = self.way(1, 0);
                let number = self.numbers.below(1000) as u16;
                let length = 8 + self.numbers.below(1000) as usize;
                vec![
                    way.echo(8, number, length),
                    way.back().echo(0, number, length),
                ]
            }
            3..=7 => {
                let way = self.way(53, 53);
                let names = ["www.example.com", "mail.example.org", "a.example"];
                let name = names[self.numbers.below(3) as usize];
                let id = self.numbers.below(65_536) as u16;
                vec![
                    way.udp(&frames::dns(id, name, None)),
                    way.back().udp(&frames::dns(id, name, Some(Host(80)))),
                ]
            }
            8 => {
                let way = self.way(200, 5000);
                let length = 64 + self.numbers.below(400) as usize;
                vec![way.udp6(&self.numbers.text(length))]
            }
            9 => {
                let way = self.way(201, 5001);
                let length = 64 + self.numbers.below(400) as usize;
                let frame = way.udp(&self.numbers.text(length));
                vec![frames::in_vlan(100 + (length % 4) as u16, &frame)]
            }
            10 => {
                let way = self.way(202, 5002);
                let data = self.numbers.text(2000);
                way.fragments(&data).to_vec()
            }
            11 | 12 => {
                let way = self.way(203, 5003);
                let length = self.numbers.below(1400) as usize;
                vec![way.udp(&self.numbers.text(length))]
            }
            _ => self.connection(),
        }
    }

    /// Returns a connection: a request, and an answer of some segments.
    fn connection(&mut self) -> Vec<Vec<u8>> {
        const FIN_ACK: u8 = 0x11;
        const SYN: u8 = 0x02;
        const PUSH_ACK: u8 = 0x18;
        const ACK: u8 = 0x10;
        let port = [80, 443, 22][self.numbers.below(3) as usize];
        let way = self.way(80, port);
        let back = way.back();
        let mut mine = self.numbers.next() as u32;
        let mut other = self.numbers.next() as u32;
        let mut packets = vec![way.tcp(SYN, [mine, 0], b"")];
        mine = mine.wrapping_add(1);
        packets.push(back.tcp(SYN | ACK, [other, mine], b""));
        other = other.wrapping_add(1);
        packets.push(way.tcp(ACK, [mine, other], b""));
        let length = 60 + self.numbers.below(300) as usize;
        packets.push(way.tcp(PUSH_ACK, [mine, other], &self.numbers.text(length)));
        mine = mine.wrapping_add(length as u32);
        for _ in 0..1 + self.numbers.below(12) {
            let length = 200 + self.numbers.below(1260) as usize;
            packets.push(back.tcp(PUSH_ACK, [other, mine], &self.numbers.text(length)));
            other = other.wrapping_add(length as u32);
            packets.push(way.tcp(ACK, [mine, other], b""));
        }
        packets.push(way.tcp(FIN_ACK, [mine, other], b""));
        packets.push(back.tcp(FIN_ACK, [other, mine.wrapping_add(1)], b""));
        packets
    }
}

impl Iterator for Traffic {
    type Item = Timed;

    fn next(&mut self) -> Option<Timed> {
        while self.pending.is_empty() {
            self.pending = self.exchange();
            self.pending.reverse();
        }
        let frame = self.pending.pop()?;
        let time = self.time;
        // Whole microseconds, so that both precisions can express them.
        self.time += 1000 * (1 + self.numbers.below(2 * self.pace / 1000));
        Some((time, frame))
    }
}
