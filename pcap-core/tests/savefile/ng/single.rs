//! Single blocks: what they say of themselves, and the limits of their lengths.

use std::io::Cursor;

use pcap_core::ErrorKind;
use pcap_core::pcapng::{Block, BlockBuf, Endian, RawBlock, Reader};

use crate::support::files::{self, Order, Pcapng};

/// The longest block, as libpcap limits it.
const LONGEST: usize = 134_348_832;

/// The bytes of an enhanced packet block besides its data and options.
const AROUND: usize = 12 + 20;

#[test]
fn the_debug_form_names_type_order_and_content() {
    for (endian, name) in [(Endian::Little, "Little"), (Endian::Big, "Big")] {
        let block = BlockBuf::with_endian(0x4000, b"four", endian);
        assert_eq!(
            format!("{block:?}"),
            format!(
                "BlockBuf {{ block_type: 0x4000, endian: {name}, body: [102, 111, 117, 114] }}"
            )
        );
        assert_eq!(
            format!("{:?}", RawBlock::from(&block)),
            format!("RawBlock {{ block_type: 0x4000, endian: {name}, length: 16, .. }}")
        );
    }
}

#[test]
fn the_length_of_a_section_can_be_made_unknown() {
    for order in Order::BOTH {
        let unknown = Pcapng::new(order).bytes();
        let mut known = unknown.clone();
        known[16..24].copy_from_slice(&order.u64(0x0102_0304_0506_0708));
        let mut reader = Reader::from_reader(Cursor::new(known)).unwrap();
        let Some(Block::Section(section)) = reader.next_block().unwrap() else {
            panic!("expected a section");
        };
        assert_eq!(section.length(), Some(0x0102_0304_0506_0708));
        let section = section.clone().without_length();
        assert_eq!(section.length(), None);
        assert_eq!(section.as_raw().bytes(), unknown);
    }
}

/// libpcap reads both versions alike.
#[test]
fn the_version_is_that_of_the_first_section() {
    for order in Order::BOTH {
        let packet = Pcapng::new(order)
            .interface(1, 0, &[])
            .packet(0, 1, 1, b"x");
        for minor in [0, 2] {
            let mut bytes = packet.bytes();
            bytes[14..16].copy_from_slice(&order.u16(minor));
            // A later section may have another.
            bytes.extend(packet.bytes());
            for mut capture in files::both(&bytes) {
                assert_eq!(capture.format_version(), (1, minor.into()));
                assert_eq!(files::read_all(&mut capture).unwrap().len(), 2);
                assert_eq!(capture.format_version(), (1, minor.into()));
            }
        }
    }
}

#[test]
fn an_option_may_fill_the_longest_block() {
    // The option needs 8 bytes, and the end of the options 4.
    for (missing, fits) in [(16, true), (12, true), (8, false), (4, false), (0, false)] {
        let mut body = vec![0; LONGEST - 12 - missing];
        let data = body.len() - 20;
        body[12..16].copy_from_slice(&(data as u32).to_ne_bytes());
        let mut block = BlockBuf::new(6, &body);
        let added = block.add_option(0x7000, b"four");
        let length = block.as_raw().bytes().len();
        if fits {
            added.unwrap();
            assert_eq!(length, LONGEST - missing + 12);
        } else {
            assert_eq!(added.unwrap_err().kind(), ErrorKind::InvalidArgument);
            assert_eq!(
                length,
                LONGEST - missing,
                "a refused option changes nothing"
            );
        }
    }
}

#[test]
fn data_may_fill_the_longest_block() {
    // The bytes after the data are the end of the options, and what comes after it.
    for (missing, data, fits) in [(8, 4, true), (4, 4, true), (4, 5, false), (0, 1, false)] {
        let mut block = BlockBuf::new(6, &vec![0; LONGEST - 12 - missing]);
        let set = block.set_data(&vec![7; data], 9);
        let length = block.as_raw().bytes().len();
        if fits {
            set.unwrap();
            assert_eq!(length, LONGEST - missing + data);
        } else {
            assert_eq!(set.unwrap_err().kind(), ErrorKind::InvalidArgument);
            assert_eq!(length, LONGEST - missing, "refused data change nothing");
        }
    }
    // The old data make room.
    for new in [1, 6 << 20] {
        let mut body = vec![0; LONGEST - 12];
        body[12..16].copy_from_slice(&((LONGEST - AROUND) as u32).to_ne_bytes());
        let mut block = BlockBuf::new(6, &body);
        block.set_data(&vec![7; new], new as u32).unwrap();
        let length = AROUND + new.next_multiple_of(4);
        assert_eq!(block.as_raw().bytes().len(), length);
    }
}

/// libpcap has a limit for packets of each link type, which holds if the interface states none.
#[test]
fn the_longest_packet_is_that_of_the_link_type() {
    let mib = 1 << 20;
    for (linktype, longest) in [(1, 262_144), (189, 262_144), (249, mib), (279, 8 * mib)] {
        for (length, fits) in [(longest, true), (longest + 1, false)] {
            let data = vec![0; length];
            let file = Pcapng::new(Order::NATIVE)
                .interface(linktype, 0, &[])
                .packet(0, 1, length as u32, &data);
            let read = files::read_all(&mut files::open(file.bytes()));
            match read {
                Ok(packets) => assert!(fits && packets[0].data().len() == length, "{linktype}"),
                Err(error) => {
                    assert!(!fits, "{linktype}: {error}");
                    assert_eq!(error.kind(), ErrorKind::SavefileBad);
                    assert!(error.text().contains(&length.to_string()), "{error}");
                }
            }
        }
    }
}
