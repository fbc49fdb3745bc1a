//! List filters decide every packet as libpcap's own program does, including damaged and truncated ones, and are
//! compiled quickly.

mod answers;
mod lists;
mod terms;

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use pcap_core::{Dlt, Endpoint, Filter, FilterTerm};

use crate::support::random::Random;
use crate::support::terms::{libpcap, same};

impl Random {
    /// Returns an address from a small set, so that lists and packets often match.
    fn v4(&mut self) -> Ipv4Addr {
        let small = (self.below(4) as u32) << 24 | self.below(3) as u32;
        let special = [0, u32::MAX, 0x7fff_ffff, 0x8000_0000];
        let bits = if self.one_in(8) {
            self.pick(&special)
        } else {
            small
        };
        bits.into()
    }

    fn v6(&mut self) -> Ipv6Addr {
        let words: [u32; 4] = std::array::from_fn(|_| {
            if self.one_in(6) {
                u32::MAX
            } else {
                self.below(3) as u32
            }
        });
        words
            .iter()
            .fold(0_u128, |bits, word| bits << 32 | u128::from(*word))
            .into()
    }

    fn port(&mut self) -> u16 {
        let small = self.below(6) as u16;
        self.pick(&[small, small, 80, 443, u16::MAX])
    }

    fn endpoint(&mut self) -> Endpoint {
        match self.below(8) {
            0 => self.v4().into(),
            1 => {
                let prefix = self.below(33) as u8;
                let mask = u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0);
                (Ipv4Addr::from(u32::from(self.v4()) & mask), prefix).into()
            }
            2 => self.v6().into(),
            3 => {
                let prefix = self.below(129) as u8;
                let mask = u128::MAX.checked_shl(128 - u32::from(prefix)).unwrap_or(0);
                (Ipv6Addr::from(u128::from(self.v6()) & mask), prefix).into()
            }
            4 => self.port().into(),
            5 => SocketAddr::from((self.v4(), self.port())).into(),
            6 => SocketAddr::from((self.v6(), self.port())).into(),
            _ => {
                let (a, b) = (self.port(), self.port());
                (a.min(b)..=a.max(b)).into()
            }
        }
    }

    fn terms(&mut self, most: usize) -> Vec<FilterTerm> {
        let count = 1 + self.below(most);
        (0..count)
            .map(|_| {
                let endpoint = self.endpoint();
                match self.below(4) {
                    0 => FilterTerm::source(endpoint),
                    1 => FilterTerm::destination(endpoint),
                    _ => endpoint.into(),
                }
            })
            .collect()
    }
}

fn any_of(dlt: Dlt, terms: &[FilterTerm]) -> Filter {
    Filter::any_of(dlt, terms).unwrap_or_else(|e| panic!("{dlt} {e}"))
}

/// Returns a packet with this EtherType and payload, in a random encapsulation of the link type.
fn framed(dlt: Dlt, ethertype: u16, payload: &[u8], random: &mut Random) -> Vec<u8> {
    let kind = ethertype.to_be_bytes();
    let v6 = ethertype == 0x86dd;
    #[cfg(unix)]
    let (inet, inet6) = (libc::AF_INET, libc::AF_INET6);
    #[cfg(windows)]
    let (inet, inet6) = (2, 23);
    let family = if v6 { inet6 } else { inet } as u32;
    let mut frame = match dlt {
        Dlt::EN10MB => [&[2; 12][..], &kind].concat(),
        Dlt::LINUX_SLL => [&[0; 14][..], &kind].concat(),
        Dlt::LINUX_SLL2 => [&kind[..], &[0; 18]].concat(),
        Dlt::NULL => family.to_ne_bytes().to_vec(),
        Dlt::LOOP => family.to_be_bytes().to_vec(),
        Dlt::PPP => vec![0xff, 3, 0, if v6 { 0x57 } else { 0x21 }],
        Dlt::IEEE802_11_RADIO => {
            // A radiotap header, a data frame's (of two lengths, one with padding), LLC and SNAP.
            let mut frame = vec![0, 0, 12, 0, 2, 0, 0, 0, 0, 0, 0, 0];
            let quality = random.one_in(2);
            if random.one_in(3) {
                frame[8] = 0x20;
            }
            frame.push(if quality { 0x88 } else { 0x08 });
            frame.extend(vec![0; if quality { 25 } else { 23 }]);
            if quality && frame[8] == 0x20 {
                frame.extend([0; 2]);
            }
            frame.extend([0xaa, 0xaa, 3, 0, 0, 0]);
            frame.extend(kind);
            frame
        }
        _ => Vec::new(),
    };
    frame.extend(payload);
    frame
}

/// Returns a plausible packet, sometimes damaged, and mostly truncated.
fn packet(dlt: Dlt, random: &mut Random) -> Vec<u8> {
    let ports = [random.port(), random.port()]
        .map(u16::to_be_bytes)
        .concat();
    let protocol = random.pick(&[6, 17, 132, 6, 17, 1, 58, 44]);
    let (ethertype, payload) = match random.below(10) {
        0..4 => {
            let options = random.pick(&[0, 0, 4, 40]);
            let fragment = random.pick(&[0, 0, 0, 0x40, 0x20, 1]);
            let mut packet = vec![0x45 + options / 4, 0, 0, 0, 0, 0, fragment, 0, 64, protocol];
            if fragment == 1 {
                packet[6..8].copy_from_slice(&[0, 7]);
            }
            packet.extend([0, 0]);
            packet.extend(random.v4().octets());
            packet.extend(random.v4().octets());
            packet.extend(vec![1; options.into()]);
            packet.extend(&ports);
            packet.extend([0; 16]);
            (0x0800, packet)
        }
        4..8 => {
            let mut packet = vec![0x60, 0, 0, 0, 0, 0, protocol, 64];
            packet.extend(random.v6().octets());
            packet.extend(random.v6().octets());
            packet.extend(&ports);
            packet.extend([0; 16]);
            (0x86dd, packet)
        }
        _ => {
            let mut packet = vec![0, 1, 8, 0, 6, 4, 0, 1, 2, 2, 2, 2, 2, 2];
            packet.extend(random.v4().octets());
            packet.extend([2; 6]);
            packet.extend(random.v4().octets());
            (random.pick(&[0x0806, 0x8035]), packet)
        }
    };
    let mut frame = framed(dlt, ethertype, &payload, random);
    if dlt == Dlt::EN10MB && random.one_in(8) {
        frame.splice(12..12, [0x81, 0, 0, 5]);
    }
    for _ in 0..random.pick(&[0, 0, 0, 1, 3]) {
        let at = random.below(frame.len());
        frame[at] = random.next() as u8;
    }
    if random.one_in(2) {
        frame.truncate(random.below(frame.len() + 1));
    }
    frame
}

fn ipv4(source: Ipv4Addr, destination: Ipv4Addr) -> Vec<u8> {
    let mut frame = vec![2; 12];
    frame.extend([8, 0, 0x45, 0, 0, 0, 0, 0, 0, 0, 64, 17, 0, 0]);
    frame.extend(source.octets());
    frame.extend(destination.octets());
    frame.extend([0; 20]);
    frame
}
