//! The units of a savefile that is fed to libpcap.

use std::io::Write;

use super::pipe::{Unit, Units};
use super::{ByteOrder, Records, Step, Walk};
use crate::timestamp::Precision;

/// Returns numbers in a byte order.
fn numbers(order: ByteOrder, numbers: &[u32]) -> Vec<u8> {
    let number = |number: &u32| order.of_u32(*number).to_ne_bytes();
    numbers.iter().flat_map(number).collect()
}

/// Returns a record with a packet of a length.
fn record(order: ByteOrder, secs: u32, caplen: u32) -> Vec<u8> {
    let mut bytes = numbers(order, &[secs, 0, caplen, caplen]);
    bytes.resize(16 + caplen as usize, 7);
    bytes
}

/// Returns a block that states a length, with the bytes of one of that length.
fn block(order: ByteOrder, kind: u32, length: u32) -> Vec<u8> {
    let mut bytes = numbers(order, &[kind, length]);
    bytes.resize((length as usize).saturating_sub(4), 7);
    bytes.extend(numbers(order, &[length]));
    bytes
}

const ORDERS: [ByteOrder; 2] = [ByteOrder::Native, ByteOrder::Swapped];

/// Everything that is complete is passed at once, and nothing else.
#[test]
fn a_hop_ends_after_the_last_whole_unit() {
    for order in ORDERS {
        let records = [(1, 0), (0x0a0d_0d0a, 5), (3, 300), (4, 0)]
            .map(|(secs, caplen)| record(order, secs, caplen));
        let blocks =
            [(6, 12), (1, 16), (5, 400), (77, 12)].map(|(kind, length)| block(order, kind, length));
        for (units, all) in [
            (Units::Records(order), records),
            (Units::Blocks(order), blocks),
        ] {
            let bytes = all.concat();
            for length in 0..=bytes.len() {
                let ends = all.iter().scan(0, |end, one| {
                    *end += one.len();
                    Some(*end)
                });
                let whole = ends.take_while(|end| *end <= length).last().unwrap_or(0);
                assert_eq!(units.hop(&bytes[..length]), whole, "{units:?}, {length}");
            }
        }
    }
}

/// A section may have another byte order, and damage is for libpcap to report.
#[test]
fn a_hop_ends_before_sections_and_damage() {
    for order in ORDERS {
        let before = block(order, 6, 32);
        for (kind, length) in [(0x0a0d_0d0a, 28), (6, 0), (6, 8), (6, 11), (6, u32::MAX)] {
            let mut bytes = [before.clone(), numbers(order, &[kind, length])].concat();
            bytes.extend(block(order, 6, 100));
            let hopped = Units::Blocks(order).hop(&bytes);
            assert_eq!(hopped, before.len(), "{kind:#x}, {length}");
        }
        let before = record(order, 1, 5);
        let bytes = [before.clone(), numbers(order, &[2, 0, u32::MAX, 0, 0])].concat();
        assert_eq!(Units::Records(order).hop(&bytes), before.len());
    }
}

/// The length of a unit is known as soon as the field that states it is there.
#[test]
fn a_unit_is_whole_partial_or_unknown() {
    for order in ORDERS {
        let bytes = record(order, 1, 60);
        for length in 0..bytes.len() {
            match Units::Records(order).first(&bytes[..length], 100) {
                Unit::Partial(None) if length < 12 => {}
                Unit::Partial(Some(76)) if length >= 12 => {}
                _ => panic!("{length}"),
            }
        }
        let is_whole = |longest| match Units::Records(order).first(&bytes, longest) {
            Unit::Whole(76, _) => true,
            Unit::Unknown => false,
            _ => panic!("{longest}"),
        };
        assert!(is_whole(60) && is_whole(usize::MAX) && !is_whole(59));

        let longest = 100 << 20;
        for (length, is_known) in [
            (11, false),
            (12, true),
            (longest + 256 * 1024, true),
            (longest + 256 * 1024 + 1, false),
        ] {
            let head = numbers(order, &[6, length]);
            let first = Units::Blocks(order).first(&head, longest as usize);
            match first {
                Unit::Partial(Some(known)) => assert!(is_known && known == length as usize),
                Unit::Unknown => assert!(!is_known, "{length}"),
                _ => panic!("{length}"),
            }
        }
        let mut units = Units::Blocks(order);
        let bytes = block(order, 5, 400);
        assert!(matches!(units.first(&bytes, 0), Unit::Whole(400, 5)));
    }
}

/// A section header changes the byte order, whatever the one before.
#[test]
fn a_section_determines_the_order_of_blocks() {
    for before in ORDERS {
        for after in ORDERS {
            let mut units = Units::Blocks(before);
            let mut header = numbers(after, &[0x0a0d_0d0a, 28, 0x1a2b_3c4d]);
            header.resize(28, 0);
            assert!(matches!(units.first(&header[..8], 0), Unit::Partial(None)));
            assert!(matches!(
                units.first(&header, 0),
                Unit::Whole(28, 0x0a0d_0d0a)
            ));
            assert!(matches!(
                units.first(&block(after, 6, 32), 0),
                Unit::Whole(32, 6)
            ));
            header[8] = 0;
            assert!(matches!(units.first(&header, 0), Unit::Unknown));
        }
    }
}

/// A buffer is walked if it has neither an ordinary record nor one that libpcap must read.
#[test]
fn a_buffer_is_walked_after_its_last_record() {
    for order in ORDERS {
        let mut odd = record(order, 4, 5);
        odd[4..8].copy_from_slice(&numbers(order, &[1 << 31]));
        for (last, is_walked) in [(vec![], true), (odd[..20].to_vec(), true), (odd, false)] {
            let mut file = tempfile::tempfile().unwrap();
            for secs in 1..4 {
                file.write_all(&record(order, secs, 100 * secs)).unwrap();
            }
            file.write_all(&last).unwrap();
            let mut records = Records::new(Some(file), 0, 262_144, Precision::Micro, order);
            assert!(records.is_walked());
            for left in [2, 1, 0] {
                assert!(matches!(records.step(&mut None).unwrap(), Step::Packet));
                assert_eq!(records.is_walked(), left == 0 && is_walked, "{left}");
            }
        }
    }
}
