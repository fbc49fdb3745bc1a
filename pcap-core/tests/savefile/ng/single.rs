//! Single blocks: what they say of themselves, and the limits of their lengths.

use std::io::Cursor;

use pcap_core::pcapng::{
    Block, BlockBuf, Endian, Interface, InterfaceFilter, RawBlock, Reader, Reception, Resolution,
};
use pcap_core::{ErrorKind, Linktype};

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
fn the_debug_form_of_an_interface_has_what_it_is_known_by() {
    let interface = Interface::new(Linktype::ETHERNET)
        .with_snaplen(99)
        .with_name("eth0")
        .with_resolution(Resolution::MICRO);
    assert_eq!(
        format!("{interface:?}"),
        "Interface { linktype: Linktype(1 = LINKTYPE_ETHERNET), snaplen: 99, name: Some(\"eth0\"), \
         resolution: Resolution(6), .. }"
    );
}

#[test]
fn the_reception_of_a_packet_has_a_name() {
    for (reception, name) in [
        (Reception::Unicast, "unicast"),
        (Reception::Multicast, "multicast"),
        (Reception::Broadcast, "broadcast"),
        (Reception::Promiscuous, "promiscuous"),
    ] {
        assert_eq!(reception.name(), name);
        assert_eq!(format!("{reception:>12}"), format!("{name:>12}"));
    }
}

/// A program has eight bytes per instruction; what has not is none.
#[test]
fn the_filter_of_an_interface_is_text_or_a_program() {
    for order in Order::BOTH {
        let instruction = |code: u16, k: u32| {
            let mut bytes = order.u16(code).to_vec();
            bytes.extend([3, 4]);
            bytes.extend(order.u32(k));
            bytes
        };
        let two = [instruction(0x28, 12), instruction(6, 0x0004_0000)].concat();
        let cases: [(&[u8], InterfaceFilter<'_>); 7] = [
            (
                b"\0tcp port 80",
                InterfaceFilter::Expression("tcp port 80".into()),
            ),
            (b"\0tcp\0rest", InterfaceFilter::Expression("tcp".into())),
            (
                &[&[1], &two[..]].concat(),
                InterfaceFilter::Program(vec![(0x28, 3, 4, 12), (6, 3, 4, 0x0004_0000)]),
            ),
            (&[1], InterfaceFilter::Program(Vec::new())),
            (
                &[&[1], &two[..15]].concat(),
                InterfaceFilter::Other(1, &two[..15]),
            ),
            (&[1, 7], InterfaceFilter::Other(1, &[7])),
            (&[2, 7], InterfaceFilter::Other(2, &[7])),
        ];
        for (value, expected) in cases {
            let file = Pcapng::new(order).interface(1, 0, &[(11, value.to_vec())]);
            let mut reader = Reader::from_reader(Cursor::new(file.bytes())).unwrap();
            reader.next_block().unwrap();
            let Some(Block::Interface(interface)) = reader.next_block().unwrap() else {
                panic!("expected an interface");
            };
            assert_eq!(interface.filter(), Some(expected));
        }
    }
}

#[test]
fn an_unknown_resolution_is_named() {
    for (value, text) in [
        (
            20,
            "expected a resolution of at most 10^-19 s, found 10^-20",
        ),
        (
            127,
            "expected a resolution of at most 10^-19 s, found 10^-127",
        ),
        (192, "expected a resolution of at most 2^-63 s, found 2^-64"),
        (
            255,
            "expected a resolution of at most 2^-63 s, found 2^-127",
        ),
    ] {
        let file = Pcapng::new(Order::NATIVE).interface(1, 0, &[(files::IF_TSRESOL, vec![value])]);
        let error = files::try_open(file.bytes()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::SavefileBad);
        assert!(error.text().ends_with(text), "{error}");
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

/// Returns an option with its padding.
fn option(order: Order, code: u16, value: &[u8]) -> Vec<u8> {
    let mut bytes = [order.u16(code), order.u16(value.len() as u16)].concat();
    bytes.extend(value);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

#[test]
fn name_blocks_name_their_server() {
    for order in Order::BOTH {
        // After the end of the records.
        let mut body = vec![0; 4];
        body.extend(option(order, 2, b"ns.example"));
        body.extend(option(order, 3, &[192, 0, 2, 1]));
        body.extend(option(
            order,
            4,
            &[0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9],
        ));
        let wrong = [option(order, 3, b"abc"), option(order, 4, b"abc")].concat();
        let file = Pcapng::new(order)
            .block(4, &body)
            .block(4, &[&[0; 4][..], &wrong[..]].concat());
        let mut reader = Reader::from_reader(Cursor::new(file.bytes())).unwrap();
        reader.next_block().unwrap();
        let Some(Block::Names(names)) = reader.next_block().unwrap() else {
            panic!("expected names");
        };
        assert_eq!(names.dns_name().as_deref(), Some("ns.example"));
        assert_eq!(names.dns_ipv4(), Some([192, 0, 2, 1].into()));
        assert_eq!(names.dns_ipv6(), Some("2001:db8::9".parse().unwrap()));
        let Some(Block::Names(names)) = reader.next_block().unwrap() else {
            panic!("expected names");
        };
        assert_eq!((names.dns_ipv4(), names.dns_ipv6()), (None, None));
    }
}

/// Also of one that is not the first.
#[test]
fn an_option_that_reaches_beyond_its_block_is_damage() {
    let order = Order::NATIVE;
    let good = option(order, 1, b"comment");
    let bad = [order.u16(1), order.u16(9), *b"co", *b"mm"].concat();
    for options in [
        bad.clone(),
        [good.clone(), bad.clone()].concat(),
        [&good[..], &good, &bad].concat(),
    ] {
        let numbers = [0, 0, 1, 4, 4].map(|number| order.u32(number)).concat();
        let packet = [&numbers[..], b"data", &options].concat();
        let file = Pcapng::new(order).interface(1, 0, &[]).block(6, &packet);
        let mut reader = Reader::from_reader(Cursor::new(file.bytes())).unwrap();
        reader.next_block().unwrap();
        reader.next_block().unwrap();
        let error = reader.next_block().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::SavefileBad);
        assert!(
            error
                .text()
                .ends_with("option 1 of 9 bytes reaches beyond the block"),
            "{error}"
        );
    }
}
