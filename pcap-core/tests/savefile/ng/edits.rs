//! Edits of blocks, as the generator and tshark read them.

use pcap_core::ErrorKind;
use pcap_core::pcapng::{Block, BlockBuf, Endian, PacketBlock, PcapngDumper};

use crate::support::blocks::check_edits;
use crate::support::contents::open;
use crate::support::ng::{Case, Form, Frame, Ng, Opt, Order, epb, idb, pb, spb, valid};

#[test]
fn edits_keep_everything_else() {
    for (at, case) in valid().iter().enumerate() {
        check_edits(&case.bytes, at);
    }
}

/// Returns a copy in which each packet is an enhanced one with one more comment.
fn commented(bytes: &[u8]) -> Vec<u8> {
    let mut reader = open(bytes);
    let mut dumper = PcapngDumper::for_blocks_named(Vec::new(), "copy");
    while let Some(block) = reader.next_block().unwrap() {
        match block {
            Block::Packet(packet) => {
                let mut block = packet.to_enhanced();
                block.add_comment("added \u{e4}").unwrap();
                dumper.write_block(&block).unwrap();
            }
            block => dumper.write_block(block).unwrap(),
        }
    }
    dumper.into_writer().unwrap()
}

#[cfg(unix)]
#[test]
fn tshark_reads_added_comments() {
    let mut cases = Vec::new();
    for mut case in valid().into_iter().skip(1).step_by(3) {
        if case.tshark_refuses.is_some() {
            continue;
        }
        case.bytes = commented(&case.bytes);
        for packet in &mut case.expected.packets {
            packet.comments.push("added \u{e4}".as_bytes().to_vec());
            if packet.form == Form::Simple {
                let section = &case.expected.sections[packet.section];
                let offset = section.interfaces[0].tsoffset();
                packet.ticks = Some(0);
                packet.nanos = Some(i128::from(offset) * 1_000_000_000);
            }
        }
        cases.push(case);
    }
    assert!(cases.len() > 60, "{}", cases.len());
    super::tools::check_in_parts(&cases);
}

/// Passes the packet of a frame to a closure.
fn with_packet(order: Order, frame: &Frame, check: impl Fn(PacketBlock<'_>)) {
    let file = Ng::new(order).idb(idb(1)).idb(idb(1).snaplen(5));
    let case = Case::new("", file.packet(frame.clone()));
    let mut reader = open(&case.bytes);
    for _ in 0..3 {
        reader.next_block().unwrap();
    }
    match reader.next_block().unwrap() {
        Some(Block::Packet(packet)) => check(packet),
        other => panic!("{other:?}"),
    }
}

#[test]
fn other_packets_become_enhanced_ones() {
    let text = || Opt::comment("text");
    for order in Order::BOTH {
        for (frame, expected) in [
            (spb(b"12345"), epb(b"12345").at(0)),
            (spb(b""), epb(b"")),
            (
                pb(0xffff, b"123").on(1).at(1 << 40),
                epb(b"123").on(1).at(1 << 40),
            ),
            (
                pb(7, b"123").on(1).len(2),
                epb(b"123").on(1).len(2).opt(Opt::dropcount(7)),
            ),
            (
                pb(0, b"").opt(text()),
                epb(b"").opt(text()).opt(Opt::dropcount(0)),
            ),
            (epb(b"1").opt(Opt::flags(1)), epb(b"1").opt(Opt::flags(1))),
        ] {
            with_packet(order, &frame, |packet| {
                let enhanced = packet.to_enhanced();
                assert_eq!(
                    enhanced.as_raw().bytes(),
                    expected.block(order).bytes(order)
                );
            });
        }
    }
}

#[test]
fn options_that_are_there_twice_are_replaced() {
    for order in Order::BOTH {
        let frame = epb(b"data").opts([Opt::comment("one"), Opt::flags(3), Opt::comment("two")]);
        with_packet(order, &frame, |packet| {
            let mut block = packet.to_enhanced();
            block.set_option(1, b"new").unwrap();
            let expected = epb(b"data").opts([Opt::comment("new"), Opt::flags(3)]);
            assert_eq!(block.as_raw().bytes(), expected.block(order).bytes(order));
            block.set_option(1, b"longer").unwrap();
            let expected = epb(b"data").opts([Opt::flags(3), Opt::comment("longer")]);
            assert_eq!(block.as_raw().bytes(), expected.block(order).bytes(order));
        });
    }
}

/// Also options that follow one another directly.
#[test]
fn options_are_removed_and_counted() {
    for order in Order::BOTH {
        let texts = ["one", "two", "three"].map(Opt::comment);
        let frame = epb(b"data").opts(texts).opt(Opt::flags(3));
        with_packet(order, &frame, |packet| {
            let flags = epb(b"data").opt(Opt::flags(3));
            let mut block = packet.to_enhanced();
            assert_eq!(block.remove_options(1), 3);
            assert_eq!(block.remove_options(1), 0);
            assert_eq!(block.as_raw().bytes(), flags.block(order).bytes(order));

            let mut block = packet.to_enhanced();
            block.set_option(1, b"new").unwrap();
            let expected = epb(b"data").opts([Opt::comment("new"), Opt::flags(3)]);
            assert_eq!(block.as_raw().bytes(), expected.block(order).bytes(order));
        });
    }
}

/// Data that reaches beyond its block is replaced up to the end of the block.
#[test]
fn damaged_data_is_replaced() {
    let block = |caplen: u32, data: &[u8]| {
        let numbers = [1, 2, 3, caplen, 4].map(u32::to_ne_bytes);
        BlockBuf::new(6, &[numbers.as_flattened(), data].concat())
    };
    for caplen in [9, 13, 100, u32::MAX - 3, u32::MAX] {
        let mut damaged = block(caplen, b"12345678");
        damaged.set_data(b"data", 4).unwrap();
        assert_eq!(damaged, block(4, b"data"), "{caplen}");
    }
}

/// The data of a simple packet has no length of its own.
#[test]
fn simple_packets_keep_their_lengths() {
    let simple = BlockBuf::simple_packet;
    for (wire_len, old, new, fits) in [
        (5, &b"12345"[..], &b"abcde"[..], true),
        (5, b"12345", b"abcdef", false),
        (5, b"12345", b"abcd", false),
        (5, b"12345", b"", false),
        (100, b"1234567", b"abcdefgh", true),
        (100, b"1234567", b"abcdefghi", false),
        (0, b"", b"", true),
    ] {
        let mut block = simple(wire_len, old);
        let set = block.set_data(new, wire_len);
        let expected = if fits { new } else { old };
        assert_eq!(set.is_ok(), fits, "{new:?}");
        assert_eq!(block, simple(wire_len, expected));
        let error = block.set_data(expected, wire_len + 1).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        assert_eq!(block, simple(wire_len, expected));
    }
}

#[test]
fn new_data_changes_what_depends_on_it() {
    let options = |flags| [Opt::flags(flags), Opt::packetid(5)];
    for order in Order::BOTH {
        let frame = epb(b"data")
            .opt(Opt::hash(2, b"crc!"))
            .opts(options(0xff00_0fff));
        with_packet(order, &frame, |packet| {
            let mut block = packet.to_enhanced();
            block.set_data(b"other data", 99).unwrap();
            let expected = epb(b"other data").len(99).opts(options(0xff00_081f));
            assert_eq!(block.as_raw().bytes(), expected.block(order).bytes(order));
        });
    }
    // Flags of a wrong length are left alone, and so is what follows them.
    let odd = || [Opt::bytes(2, []), Opt::bytes(0x7e0, [7; 0x7e0])];
    for order in Order::BOTH {
        with_packet(order, &epb(b"data").opts(odd()), |packet| {
            let mut block = packet.to_enhanced();
            block.set_data(b"", 0).unwrap();
            let expected = epb(b"").opts(odd()).block(order);
            assert_eq!(block.as_raw().bytes(), expected.bytes(order));
        });
    }
}

#[test]
fn blocks_that_are_too_short_are_not_edited() {
    for length in (0..20).step_by(4) {
        for kind in [5, 6] {
            let block = BlockBuf::new(kind, &vec![0; length]);
            let mut edited = block.clone();
            let fits = kind == 5 && length >= 12;
            assert_eq!(edited.set_interface(0).is_ok(), fits);
            assert_eq!(edited.set_ticks(0).is_ok(), fits);
            let error = edited.set_data(b"data", 4).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Unsupported);
            assert_eq!(edited, block);
        }
    }
}

#[test]
fn names_get_an_end_before_options() {
    for endian in [Endian::Little, Endian::Big] {
        let mut block = BlockBuf::with_endian(4, &[], endian);
        block.add_comment("four").unwrap();
        let comments: Vec<_> = block.comments().collect();
        assert_eq!(comments, ["four"]);
        assert_eq!(block.as_raw().body()[..4], [0; 4]);
    }
}

#[test]
fn options_have_limits() {
    let mut block = BlockBuf::secrets(1, b"secret");
    let most = vec![b'x'; 65_535];
    block.add_option(1, &most).unwrap();
    let before = block.clone();
    for (code, value) in [(1, &[0; 65_536][..]), (0, b"end")] {
        let error = block.add_option(code, value).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        let error = block.set_option(code, value).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    }
    let error = block.add_comment("a\0b").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    assert_eq!(block, before);
    assert_eq!(block.comments().next().unwrap().len(), 65_535);
    let mut custom = BlockBuf::custom(1, b"data", true);
    assert_eq!(
        custom.add_comment("text").unwrap_err().kind(),
        ErrorKind::Unsupported
    );
}

/// Wireshark and the reader find the names that a program makes.
#[test]
fn made_names_are_read() {
    use pcap_core::pcapng::{Block, NamedAddress};
    use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

    let addresses = [
        IpAddr::from(Ipv4Addr::new(192, 0, 2, 1)),
        IpAddr::from(Ipv6Addr::LOCALHOST),
    ];
    let names = ["one.example", "ü"];
    let block = BlockBuf::names(addresses.into_iter().zip(names)).unwrap();
    let mut dumper = PcapngDumper::new(Vec::new());
    dumper.write_block(&block).unwrap();
    let bytes: Vec<u8> = dumper.into_writer().unwrap();
    let mut reader = pcap_core::pcapng::Reader::from_reader(std::io::Cursor::new(bytes)).unwrap();
    let mut found = Vec::new();
    while let Some(block) = reader.next_block().unwrap() {
        if let Block::Names(names) = block {
            for record in names.records() {
                let NamedAddress::Ip(address) = record.address else {
                    panic!("{record:?}");
                };
                found.push((address, record.names.concat()));
            }
        }
    }
    let expected = addresses.into_iter().zip(names.map(str::to_owned));
    assert_eq!(found, expected.collect::<Vec<_>>());
    for wrong in ["", "a\0b", &"x".repeat(65_519)] {
        let error = BlockBuf::names([(addresses[0], wrong)]).unwrap_err();
        assert_eq!(error.kind(), pcap_core::ErrorKind::InvalidArgument);
    }
    assert!(BlockBuf::names([(addresses[1], "x".repeat(65_518).as_str())]).is_ok());
}
