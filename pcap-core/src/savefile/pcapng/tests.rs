//! What the short ways through a savefile take: ordinary packets need no other way, and nothing else passes.

use std::io::Write;
use std::ops::ControlFlow;

use super::block::{HEAD, TRAILER};
use super::layout::PACKET;
use super::state::State;
use super::{
    BlockBuf, Blocks, Damage, Found, Kind, LONGEST_BLOCK, RawBlock, Rules, section_header,
};
use crate::savefile::{ByteOrder, Walk};
use crate::timestamp::Timestamp;

const ORDERS: [ByteOrder; 2] = [ByteOrder::Native, ByteOrder::Swapped];

/// Returns numbers in a byte order.
fn numbers(order: ByteOrder, numbers: &[u32]) -> Vec<u8> {
    let number = |number: &u32| order.of_u32(*number).to_ne_bytes();
    numbers.iter().flat_map(number).collect()
}

/// Returns an enhanced packet block.
fn packet(order: ByteOrder, interface: u32, data: &[u8], options: &[u8]) -> Vec<u8> {
    let length = data.len() as u32;
    let mut body = numbers(order, &[interface, 1, 2, length, length + 1]);
    body.extend(data);
    body.resize(body.len().next_multiple_of(4), 0);
    body.extend(options);
    let block = BlockBuf::of_kind(Kind::ENHANCED_PACKET, &body, order);
    block.as_raw().bytes().to_vec()
}

/// Returns an interface with a snaplen.
fn interface(order: ByteOrder, snaplen: u32) -> BlockBuf {
    let mut body = order.of_u16(1).to_ne_bytes().to_vec();
    body.extend([0; 2]);
    body.extend(numbers(order, &[snaplen]));
    BlockBuf::of_kind(Kind::INTERFACE, &body, order)
}

/// Returns the state after an interface with a snaplen.
fn state(order: ByteOrder, rules: Rules, snaplen: u32) -> State {
    let mut state = State::new(rules);
    let header = section_header(order, &[]);
    state.apply(header.as_raw()).unwrap();
    let interface = interface(order, snaplen);
    state.apply(interface.as_raw()).unwrap();
    state
}

#[test]
fn complete_packets_are_ordinary() {
    for order in ORDERS {
        let state = state(order, Rules::Libpcap, 100);
        for length in [0, 1, 2, 3, 4, 99, 100] {
            let data = vec![0xab; length];
            for options in [&[][..], &[0; 4], &[0; 8]] {
                let mut bytes = packet(order, 0, &data, options);
                let whole = bytes.len();
                // What follows does not matter.
                bytes.extend([0xff; 7]);
                let parsed = state.ordinary(&bytes).expect("an ordinary packet");
                assert_eq!(parsed.length, whole);
                assert_eq!(parsed.has_options, !options.is_empty(), "{length}");
                assert_eq!(parsed.packet.data(), data);
                assert_eq!(parsed.packet.wire_len() as usize, length + 1);
                let time = Timestamp::from_micros(0, (1 << 32) + 2);
                assert_eq!(parsed.packet.timestamp(), time);
                for cut in 0..whole {
                    assert!(state.ordinary(&bytes[..cut]).is_none(), "{length}, {cut}");
                }
            }
        }
    }
}

#[test]
fn other_packets_are_not_ordinary() {
    for order in ORDERS {
        let state = state(order, Rules::Libpcap, 100);
        let fits = packet(order, 0, &[1; 20], &[]);
        assert!(state.ordinary(&fits).is_some());
        let end = fits.len() - TRAILER;
        for (at, number) in [
            (0, Kind::PACKET.0),
            (0, 7),
            (4, 0),
            (4, 28),
            (4, fits.len() as u32 + 4),
            (HEAD, 1),
            (HEAD, u32::MAX),
            (HEAD + 12, 21),
            (HEAD + 12, u32::MAX),
            (end, 0),
            (end, fits.len() as u32 + 1),
            (end, fits.len() as u32 ^ 1 << 31),
        ] {
            let mut bytes = fits.clone();
            bytes[at..at + 4].copy_from_slice(&numbers(order, &[number]));
            bytes.extend([0; 40]);
            assert!(state.ordinary(&bytes).is_none(), "{at}, {number}");
        }
        // Longer than the snaplen.
        let long = packet(order, 0, &[1; 101], &[]);
        assert!(state.ordinary(&long).is_none());
        // A length that is no multiple of 4, at both ends.
        for more in 1..4 {
            let mut bytes = fits[..end].to_vec();
            bytes.resize(end + more, 0);
            let length = numbers(order, &[(fits.len() + more) as u32]);
            bytes[4..8].copy_from_slice(&length);
            for trailer in [length, numbers(order, &[fits.len() as u32])] {
                let bytes = [&bytes[..], &trailer].concat();
                assert!(state.ordinary(&bytes).is_none(), "{more}");
            }
        }
    }
}

/// A longer block is too long, even if the buffer contains it.
#[test]
fn an_ordinary_packet_may_have_the_longest_block() {
    if usize::BITS < 64 {
        return;
    }
    let order = ByteOrder::Native;
    let state = state(order, Rules::Lenient, 0);
    for (length, is_ordinary) in [(LONGEST_BLOCK, true), (LONGEST_BLOCK + 4, false)] {
        // The pages of the data are never touched.
        let mut bytes = vec![0; length as usize];
        let caplen = length - (HEAD + PACKET + TRAILER) as u32;
        let head = numbers(order, &[6, length, 0, 0, 0, caplen, caplen]);
        bytes[..head.len()].copy_from_slice(&head);
        bytes[length as usize - TRAILER..].copy_from_slice(&numbers(order, &[length]));
        assert_eq!(state.ordinary(&bytes).is_some(), is_ordinary, "{length}");
    }
}

/// Returns a reader with some blocks in its buffer.
fn filled(order: ByteOrder, blocks: &[Vec<u8>]) -> Blocks {
    let mut file = tempfile::tempfile().unwrap();
    let header = section_header(order, &[]);
    file.write_all(header.as_raw().bytes()).unwrap();
    file.write_all(interface(order, 0).as_raw().bytes())
        .unwrap();
    blocks
        .iter()
        .for_each(|block| file.write_all(block).unwrap());
    let mut reader = Blocks::new(Some(file), 0, Rules::Lenient);
    for _ in 0..2 {
        assert_eq!(reader.advance(&mut None).unwrap(), Found::Other);
    }
    reader
}

/// Returns an option of a comment, with its padding.
fn comment(order: ByteOrder, text: &[u8]) -> Vec<u8> {
    let head = [1, text.len() as u16].map(|number| order.of_u16(number).to_ne_bytes());
    let mut option = [head.as_flattened(), text].concat();
    option.resize(option.len().next_multiple_of(4), 0);
    option
}

/// Ordinary packets in the buffer need no search, whatever options they have.
#[test]
fn ordinary_packets_are_ready() {
    for order in ORDERS {
        let long = comment(order, &[b'x'; 600]);
        let options = [
            Vec::new(),
            vec![0; 4],
            comment(order, b"text"),
            [comment(order, b"long"), long.clone()].concat(),
            [comment(order, b"longer"), vec![0; 4]].concat(),
            // Nobody reads what follows the end.
            [vec![0; 4], vec![0xff; 8]].concat(),
        ];
        let blocks: Vec<_> = options
            .iter()
            .enumerate()
            .map(|(n, options)| packet(order, 0, &vec![n as u8; n], options))
            .collect();
        let mut reader = filled(order, &blocks);
        let mut position = reader.position();
        for (n, block) in blocks.iter().enumerate() {
            let ready = reader.ready_block().expect("a block that is ready");
            assert_eq!(ready.as_raw().bytes(), block);
            position += block.len() as u64;
            assert_eq!(reader.position(), position);
            assert_eq!(reader.block().unwrap().as_raw().bytes(), block);
            assert_eq!(reader.current().unwrap().data(), vec![n as u8; n]);
        }
        assert!(reader.ready_block().is_none());

        let mut reader = filled(order, &blocks);
        for (n, _) in blocks.iter().enumerate() {
            assert_eq!(reader.ready().unwrap().data().len(), n);
        }
        let mut reader = filled(order, &blocks);
        let mut passed = 0;
        reader.pass_ready(|_| {
            passed += 1;
            ControlFlow::Continue(())
        });
        assert_eq!(passed, blocks.len());
    }
}

/// The slow way reports an option that reaches beyond its block.
#[test]
fn packets_with_damaged_options_are_not_ready() {
    for order in ORDERS {
        for stated in [5, 100, u16::MAX] {
            let head = [1, stated].map(|number| order.of_u16(number).to_ne_bytes());
            let options = [head.as_flattened(), b"text"].concat();
            for before in [Vec::new(), comment(order, b"before")] {
                let options = [before, options.clone()].concat();
                let mut reader = filled(order, &[packet(order, 0, b"data", &options)]);
                let position = reader.position();
                assert!(reader.ready_block().is_none(), "{stated}");
                assert_eq!(reader.position(), position);
                assert!(matches!(
                    reader.advance(&mut None).unwrap(),
                    Found::Damaged(_)
                ));
            }
        }
    }
}

/// The interfaces of a section may not take all memory.
#[test]
fn descriptions_have_a_limit_together() {
    if usize::BITS < 64 {
        return;
    }
    let order = ByteOrder::Native;
    let mut state = State::new(Rules::Lenient);
    state.apply(section_header(order, &[]).as_raw()).unwrap();
    // Two of them have exactly as many bytes as are allowed.
    let body = vec![0; (128 << 20) - HEAD - TRAILER];
    let long = BlockBuf::of_kind(Kind::INTERFACE, &body, order);
    for _ in 0..2 {
        state.apply(long.as_raw()).unwrap();
    }
    let damage = state.apply(interface(order, 0).as_raw()).unwrap_err();
    assert_eq!(damage, Damage::Interfaces(2));
    // They are those of a section.
    state.apply(section_header(order, &[]).as_raw()).unwrap();
    state.apply(long.as_raw()).unwrap();
}

/// A time that no number holds is damage for libpcap, and none for Wireshark.
#[test]
fn times_may_be_too_far() {
    for order in ORDERS {
        for (rules, is_damage) in [
            (Rules::Libpcap, true),
            (Rules::Mixed, true),
            (Rules::Lenient, false),
        ] {
            let mut state = State::new(rules);
            state.apply(section_header(order, &[]).as_raw()).unwrap();
            let mut description = interface(order, 0);
            description.add_option(9, &[0]).unwrap();
            let offset = order.of_u64(i64::MAX as u64).to_ne_bytes();
            description.add_option(14, &offset).unwrap();
            state.apply(description.as_raw()).unwrap();
            let bytes = packet(order, 0, b"data", &[]);
            assert!(state.ordinary(&bytes).is_none());
            match state.unusual(RawBlock::new(&bytes, order)) {
                Ok(parsed) => {
                    assert!(!is_damage && !parsed.has_time);
                    assert_eq!(parsed.packet.timestamp(), Timestamp::EPOCH);
                }
                Err(damage) => {
                    let ticks = (1 << 32) + 2;
                    assert!(is_damage && damage == Damage::Time { ticks });
                }
            }
        }
    }
}

/// libpcap checks the minor version of the first section only, and nothing of others before the first interface.
#[test]
fn versions_are_checked_as_by_libpcap() {
    for order in ORDERS {
        let header = |major: u16, minor: u16| {
            let mut body = section_header(order, &[]).as_raw().body().to_vec();
            body[4..6].copy_from_slice(&order.of_u16(major).to_ne_bytes());
            body[6..8].copy_from_slice(&order.of_u16(minor).to_ne_bytes());
            BlockBuf::of_kind(Kind::SECTION, &body, order)
        };
        for rules in [Rules::Libpcap, Rules::Mixed, Rules::Lenient] {
            for (version, first, later) in [
                ((1, 0), true, true),
                ((1, 2), true, true),
                ((1, 1), false, true),
                ((2, 0), false, false),
                ((0, 0), false, false),
            ] {
                let other = header(version.0, version.1);
                let expected = |is_known| match is_known || rules == Rules::Lenient {
                    true => Ok(()),
                    false => Err(Damage::Version(version.0, version.1)),
                };
                let mut state = State::new(rules);
                assert_eq!(state.apply(other.as_raw()), expected(first));
                let mut state = State::new(rules);
                state.apply(header(1, 0).as_raw()).unwrap();
                assert_eq!(state.apply(other.as_raw()), Ok(()));
                assert_eq!(state.version, (1, 0));
                let mut state = State::new(rules);
                state.apply(header(1, 2).as_raw()).unwrap();
                state.apply(interface(order, 0).as_raw()).unwrap();
                assert_eq!(state.apply(other.as_raw()), expected(later));
                assert_eq!(state.version, (1, 2));
            }
        }
    }
}

/// The snaplen that a file states counts for Wireshark, however large it is.
#[test]
fn simple_packets_end_at_the_stated_snaplen() {
    let data = vec![7; 300_000];
    let block = BlockBuf::simple_packet(300_000, &data);
    for (rules, snaplen, caplen) in [
        (Rules::Lenient, 0, 300_000),
        (Rules::Lenient, u32::MAX, 300_000),
        (Rules::Lenient, 1 << 31, 300_000),
        (Rules::Lenient, 299_999, 299_999),
        (Rules::Libpcap, 0, 262_144),
        (Rules::Libpcap, 1 << 31, 262_144),
        (Rules::Libpcap, 5, 5),
    ] {
        let state = state(ByteOrder::Native, rules, snaplen);
        let parsed = state.unusual(block.as_raw()).unwrap();
        assert_eq!(parsed.packet.data().len(), caplen, "{rules:?} {snaplen}");
    }
}
