//! Savefiles for libpcap and this crate to read: valid ones of every kind, and damage to them.

#![allow(dead_code)] // `pcap-core/fuzz` takes it in, too, and does not use all of it

use super::files::{IF_TSOFFSET, IF_TSRESOL, MICRO, NANO, Order, PATCHED, Pcap, Pcapng, ping};
use super::random::Random;

/// Returns valid files of every kind.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for order in Order::BOTH {
        for (magic, version, linktype) in [
            (MICRO, (2, 4), 1),
            (NANO, (2, 4), 1),
            (NANO, (2, 4), 101),
            (MICRO, (2, 2), 1),
            (MICRO, (2, 3), 1),
            (PATCHED, (2, 4), 101),
            // Link types whose packets libpcap changes, or that may be longer.
            (MICRO, (2, 4), 117),
            (NANO, (2, 0), 1),
            (NANO, (2, 4), 127),
            (MICRO, (2, 4), 147),
            (MICRO, (2, 4), 189),
            (MICRO, (2, 4), 201),
            (MICRO, (2, 4), 220),
            (MICRO, (2, 4), 231),
            (MICRO, (2, 4), 239),
            (MICRO, (2, 4), 249),
            (MICRO, (2, 4), 258),
            (MICRO, (2, 4), 276),
            (MICRO, (2, 4), 279),
        ] {
            let mut file = Pcap::new(order, magic).linktype(linktype).snaplen(200);
            (file.version.0, file.version.1) = version;
            for n in 0..6u16 {
                let data = &ping(n)[..98 - 13 * usize::from(n)];
                let mut header = [5, u32::from(n), data.len() as u32, 98];
                if version < (2, 3) {
                    header.swap(2, 3);
                }
                file = file.record(header, data);
                if magic == PATCHED {
                    file = file.raw(&[1; 8]);
                }
            }
            seeds.push(file.bytes());
        }
        for (resolution, offset) in [(6, 0), (9, -3), (0x80 | 20, 1), (0, 1 << 40)] {
            let offset: i64 = offset;
            let options = [
                (IF_TSRESOL, vec![resolution]),
                (IF_TSOFFSET, order.u64(offset as u64).to_vec()),
            ];
            let mut file = Pcapng::new(order).interface(1, 200, &options);
            for n in 0..4u16 {
                file = file.packet(
                    0,
                    (5 << 30) | u64::from(n),
                    98,
                    &ping(n)[..98 - 9 * usize::from(n)],
                );
            }
            // A simple packet, statistics and a custom block.
            let simple = [&order.u32(60)[..], &ping(0)[..60]].concat();
            file = file
                .block(3, &simple)
                .block(5, &[0; 12])
                .block(0xbad, b"abc");
            seeds.push(
                file.section()
                    .interface(1, 200, &options)
                    .packet(0, 1, 4, b"last")
                    .bytes(),
            );
        }
    }
    seeds
}

/// Damages a file in one to four places.
pub(crate) fn damage(random: &mut Random, bytes: &mut Vec<u8>) {
    const NUMBERS: [u32; 17] = [
        0,
        1,
        15,
        199,
        200,
        201,
        262_144,
        262_145,
        1000,
        65_536,
        300_000,
        1 << 20,
        (1 << 20) + 1,
        0x7fff_ffff,
        0x8000_0000,
        u32::MAX - 11,
        u32::MAX,
    ];
    for _ in 0..=random.below(4) {
        let length = bytes.len();
        if length < 8 {
            return;
        }
        let at = random.below(length - 4);
        match random.below(8) {
            0 => bytes[at] ^= 1 << random.below(8),
            1 => bytes[at] = random.next() as u8,
            2 | 3 => {
                // The positions of the fields.
                let number = NUMBERS[random.below(NUMBERS.len())];
                let order = Order::BOTH[random.below(2)];
                bytes[at / 4 * 4..][..4].copy_from_slice(&order.u32(number));
            }
            4 => bytes.truncate(at),
            5 => drop(bytes.drain(at..at + random.below(length - at))),
            6 => {
                let copy = bytes[at..at + random.below(length - at)].to_vec();
                let to = random.below(length);
                bytes.splice(to..to, copy);
            }
            _ => {
                let (to, count) = (random.below(length), random.below(40));
                let inserted = random.bytes(count);
                bytes.splice(to..to, inserted);
            }
        }
    }
}

/// The longest data that is filled up.
const LONG: usize = 1_200_000;
/// The bytes of a long packet in the input.
const SHORT: usize = 64;

/// Fills up the long packets of a classic savefile: a packet that states more than 1000 bytes gets those after the
/// first 64.
pub(crate) fn inflate(bytes: &[u8]) -> Vec<u8> {
    let is = |order: &Order, magic| bytes.starts_with(&order.u32(magic));
    let order = Order::BOTH.into_iter().find(|order| {
        let classic = [MICRO, NANO, PATCHED];
        classic.into_iter().any(|magic| is(order, magic))
    });
    let (Some(order), Some(start)) = (order, bytes.get(..24)) else {
        return bytes.to_vec();
    };
    let header = if is(&order, PATCHED) { 24 } else { 16 };
    let mut out = start.to_vec();
    let mut at = out.len();
    while let Some(record) = bytes.get(at..at + header) {
        let caplen = [record[8], record[9], record[10], record[11]];
        let caplen = match order {
            Order::Little => u32::from_le_bytes(caplen),
            Order::Big => u32::from_be_bytes(caplen),
        } as usize;
        let start = at + header;
        let here = if caplen > 1000 { SHORT } else { caplen };
        if out.len().saturating_add(caplen) > LONG || bytes.len() - start < here {
            break;
        }
        out.extend(&bytes[at..start + here]);
        out.extend((here..caplen).map(|n| n as u8));
        at = start + here;
    }
    out.extend(&bytes[at..]);
    out
}
