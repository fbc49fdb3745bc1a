//! Compares what the block reader returns with what the generator put into a file.

#![allow(dead_code)] // the fuzz targets take it in, too, and do not use all of it

mod blocks;
mod interfaces;
mod packets;

use std::io::Cursor;

use pcap_core::pcapng::{Block, Options, Reader};
use pcap_core::{Error, Timestamp};

use super::ng::{Case, Expected, Opt, Order, Seen, code, kind};

pub(crate) fn open(bytes: &[u8]) -> Reader {
    Reader::from_reader_named(Cursor::new(bytes.to_vec()), "f").unwrap()
}

/// Returns nanoseconds since 1970 as a timestamp, if its seconds fit in 64 bits.
fn time(nanos: Option<i128>) -> Option<Timestamp> {
    let nanos = nanos?;
    let seconds = i64::try_from(nanos.div_euclid(1_000_000_000)).ok()?;
    let fraction = nanos.rem_euclid(1_000_000_000) as i64;
    Some(Timestamp::new(seconds, fraction))
}

/// Returns the options before the end of them.
fn before_end(options: &[Opt]) -> impl Iterator<Item = &Opt> {
    options.iter().take_while(|option| option.code != code::END)
}

/// Checks the codes and the values of options.
fn check_options(found: Options<'_>, expected: &[Opt], order: Order, place: &str) {
    let found: Vec<_> = found.map(|o| (o.code(), o.value().to_vec())).collect();
    let expected = before_end(expected).map(|option| (option.code, option.value.bytes(order)));
    assert_eq!(found, expected.collect::<Vec<_>>(), "{place}");
}

/// Checks a block of a file.
fn check_block(block: &Block<'_>, expected: &Expected, seen: &Seen, place: &str) {
    let section = &expected.sections[seen.section];
    let raw = block.as_raw();
    assert_eq!(raw.block_type(), seen.kind, "{place}");
    let big = raw.endian() == pcap_core::pcapng::Endian::Big;
    assert_eq!(big, section.order == Order::Big, "{place}");
    if seen.is_skipped {
        assert!(matches!(block, Block::Other(_)), "{place}: {block:?}");
        return;
    }
    let has_options = match block {
        Block::Section(found) => {
            blocks::check_section(found, section, place);
            true
        }
        Block::Interface(found) => {
            let number = expected.blocks.iter().filter(|before| {
                let is_before = before.offset < seen.offset && before.section == seen.section;
                is_before && before.kind == kind::IDB
            });
            let description = &section.interfaces[number.count()];
            interfaces::check_interface(found, description, section.order, place);
            true
        }
        Block::Packet(found) => {
            let mut packets = expected.packets.iter();
            let packet = packets.find(|packet| packet.offset == seen.offset);
            packets::check_packet(found, packet.expect("a packet"), section, place);
            seen.kind != kind::SPB
        }
        Block::Statistics(found) => {
            blocks::check_statistics(found, seen, section, place);
            true
        }
        Block::Names(found) => {
            blocks::check_names(found, seen, section.order, place);
            true
        }
        Block::Secrets(found) => {
            blocks::check_secrets(found, seen, section.order, place);
            true
        }
        Block::Journal(found) => {
            let end = seen.body.iter().rposition(|&byte| byte != 0);
            let entry = &seen.body[..end.map_or(0, |end| end + 1)];
            assert_eq!(found.entry(), entry, "{place}");
            false
        }
        Block::Custom(found) => {
            let (enterprise, data) = seen.body.split_first_chunk::<4>().unwrap_or((&[0; 4], &[]));
            assert_eq!(
                section.order.u32(found.enterprise()),
                *enterprise,
                "{place}"
            );
            assert!(found.data().starts_with(data), "{place}");
            assert!(
                found.data().len() < data.len() + 4 || !seen.options.is_empty(),
                "{place}"
            );
            assert_eq!(found.is_copyable(), seen.kind == kind::CUSTOM, "{place}");
            false
        }
        Block::Other(found) => {
            assert!(found.body().starts_with(&seen.body), "{place}");
            false
        }
        _ => panic!("{place}: {block:?}"),
    };
    match block.options() {
        Some(found) if has_options => check_options(found, &seen.options, section.order, place),
        found => assert_eq!(found.is_some(), has_options, "{place}"),
    }
    if has_options {
        let comments: Vec<_> = block.comments().map(|text| text.into_owned()).collect();
        let expected = before_end(&seen.options).filter(|option| option.code == code::COMMENT);
        let expected: Vec<_> = expected
            .map(|o| text(&o.value.bytes(section.order)))
            .collect();
        assert_eq!(comments, expected, "{place}");
    }
}

/// Returns the text that a value shows: up to a NUL, and without what is not UTF-8.
fn text(bytes: &[u8]) -> String {
    let bytes = bytes.split(|&byte| byte == 0).next().unwrap_or(&[]);
    String::from_utf8_lossy(bytes).into_owned()
}

/// Reads a file, and checks each of its blocks up to an offset. Returns the error after them.
pub(crate) fn check(case: &Case, reader: &mut Reader, until: u64) -> Option<Error> {
    let mut at = 0;
    let mut blocks = case.expected.blocks.iter();
    loop {
        assert_eq!(reader.position(), at, "{}", case.name);
        match reader.next_block() {
            Ok(Some(block)) => {
                let place = format!("{} at {at}", case.name);
                let seen = blocks
                    .next()
                    .unwrap_or_else(|| panic!("{place}: {block:?}"));
                assert_eq!(seen.offset, at, "{place}");
                at += seen.length;
                let bytes = &case.bytes[seen.offset as usize..at as usize];
                assert!(block.as_raw().bytes() == bytes, "{place}: {block:?}");
                check_block(&block, &case.expected, seen, &place);
                check_state(reader, &case.expected, seen, &place);
            }
            end => {
                assert_eq!(at, until, "{}: {end:?}", case.name);
                return end.err();
            }
        }
    }
}

/// Checks the section and the interfaces that the reader has after a block.
fn check_state(reader: &Reader, expected: &Expected, seen: &Seen, place: &str) {
    let section = &expected.sections[seen.section];
    let found = reader.section().expect("a section");
    assert_eq!(found.version(), section.header.version, "{place}");
    let described = expected.blocks.iter().filter(|block| {
        let is_up_to = block.offset <= seen.offset && block.section == seen.section;
        is_up_to && block.kind == kind::IDB && !block.is_skipped
    });
    assert_eq!(reader.interfaces().len(), described.count(), "{place}");
}
