//! List filters: they decide each packet as libpcap's program for the terms, connected by `or`. Terms are printed and
//! parsed back. An input is decisions of a link type, terms and packets.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use pcap_core::{Dlt, Endpoint, ErrorKind, Filter, FilterTerm};

use crate::support::choices::Choices;
use crate::support::persuade::persuaded;
use crate::support::random::Random;
use crate::support::terms::{libpcap, same};

/// Common link types.
const DLTS: [Dlt; 8] = [
    Dlt::EN10MB,
    Dlt::RAW,
    Dlt::LINUX_SLL,
    Dlt::LINUX_SLL2,
    Dlt::NULL,
    Dlt::PPP,
    Dlt::IEEE802_11_RADIO,
    Dlt::IPV6,
];

/// Checks an input.
pub fn check(input: &[u8]) {
    let mut choices = Choices(input);
    let dlt = match choices.below(10) {
        8 => Dlt::new(choices.byte().into()),
        9 => Dlt::new(100 + i32::from(choices.byte())),
        common => DLTS[common],
    };
    let most = if choices.one_in(8) { 60 } else { 8 };
    let count = 1 + choices.below(most);
    let terms: Vec<FilterTerm> = (0..count).map(|_| term(&mut choices)).collect();
    let valid = terms.iter().all(|term| {
        let text = term.to_string();
        let parsed = text.parse::<FilterTerm>();
        parsed
            .map(|parsed| assert_eq!(parsed, *term, "{text}"))
            .is_ok()
    });
    let ours = match Filter::any_of(dlt, &terms) {
        Ok(filter) => filter,
        Err(error) => {
            let expected = if valid {
                ErrorKind::Unsupported
            } else {
                ErrorKind::InvalidArgument
            };
            assert_eq!(error.kind(), expected, "{error}: {terms:?}");
            return;
        }
    };
    assert!(valid, "{terms:?}");
    let theirs = libpcap(dlt, &terms);
    let mut random = Random::new(choices.u64());
    for turn in 0..12 {
        let from = if turn % 2 == 0 { &ours } else { &theirs };
        let mut packet = persuaded(from.instructions(), &mut random);
        same(&ours, &theirs, &packet);
        for neighbor in neighbors(&packet, &terms) {
            same(&ours, &theirs, &neighbor);
        }
        packet.truncate(random.below(packet.len() + 1));
        same(&ours, &theirs, &packet);
    }
    // The bytes that are left, after what leads to the addresses.
    let mut packet = persuaded(theirs.instructions(), &mut random);
    let start = choices.below(64);
    for (byte, choice) in packet[start..].iter_mut().zip(choices.0) {
        *byte = *choice;
    }
    same(&ours, &theirs, &packet);
}

/// Returns the packet with the number before or after that of a term, wherever it contains that.
fn neighbors(packet: &[u8], terms: &[FilterTerm]) -> Vec<Vec<u8>> {
    let mut neighbors = Vec::new();
    for term in terms {
        let number = match term.endpoint() {
            Endpoint::Host(IpAddr::V4(v4)) | Endpoint::Net(IpAddr::V4(v4), _) => {
                v4.octets().to_vec()
            }
            Endpoint::Host(IpAddr::V6(v6)) | Endpoint::Net(IpAddr::V6(v6), _) => {
                v6.octets()[12..].to_vec()
            }
            Endpoint::Port(port) | Endpoint::Ports(port, _) | Endpoint::HostPort(_, port) => {
                port.to_be_bytes().to_vec()
            }
            _ => continue,
        };
        let Some(at) = packet
            .windows(number.len())
            .position(|bytes| bytes == number)
        else {
            continue;
        };
        let last = at + number.len() - 1;
        for step in [1, u8::MAX] {
            let mut neighbor = packet.to_vec();
            neighbor[last] = neighbor[last].wrapping_add(step);
            neighbors.push(neighbor);
        }
    }
    neighbors
}

fn term(choices: &mut Choices<'_>) -> FilterTerm {
    let endpoint = endpoint(choices);
    match choices.below(4) {
        0 => FilterTerm::source(endpoint),
        1 => FilterTerm::destination(endpoint),
        _ => endpoint.into(),
    }
}

fn endpoint(choices: &mut Choices<'_>) -> Endpoint {
    match choices.below(6) {
        0 => Endpoint::Host(address(choices)),
        1 => {
            let (address, prefix) = (address(choices), choices.below(140) as u8);
            // Mostly without bits after the prefix.
            let masked = |bits: u128, size: u8| {
                let mask = u128::MAX
                    .checked_shl((size - prefix.min(size)).into())
                    .unwrap_or(0);
                bits & mask
            };
            let address = match address {
                _ if choices.one_in(16) => address,
                IpAddr::V4(v4) => Ipv4Addr::from(masked(u32::from(v4).into(), 32) as u32).into(),
                IpAddr::V6(v6) => Ipv6Addr::from(masked(v6.into(), 128)).into(),
            };
            Endpoint::Net(address, prefix)
        }
        2 => Endpoint::Port(choices.u32() as u16),
        3 => Endpoint::HostPort(address(choices), choices.byte().into()),
        _ => {
            let first = choices.u32() as u16;
            // Rarely before the first.
            let last = first.wrapping_add(choices.byte().into());
            Endpoint::Ports(first, last)
        }
    }
}

/// Returns an address, often one of a few.
fn address(choices: &mut Choices<'_>) -> IpAddr {
    let bits = match choices.below(4) {
        0 => u128::from(choices.byte() % 4),
        1 => !u128::from(choices.byte() % 4),
        2 => 1 << (choices.byte() % 128),
        _ => u128::from(choices.u64()) << 64 | u128::from(choices.u64()),
    };
    match choices.is_so() {
        true => Ipv4Addr::from((bits >> 96) as u32 ^ bits as u32).into(),
        false => Ipv6Addr::from(bits).into(),
    }
}
