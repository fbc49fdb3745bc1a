//! The block reader, compared with what the generator put into its files.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use pcap_core::pcapng::{self, Interface};
use pcap_core::{ErrorKind, Next};

use super::random_files;
use crate::support::contents::{check, open};
use crate::support::files;
use crate::support::ng::{Block, Case, Ng, Odd, Opt, Order, Shb, epb, idb, kind, large, valid};

fn check_undamaged(case: &Case) {
    let mut reader = open(&case.bytes);
    let error = check(case, &mut reader, case.bytes.len() as u64);
    assert!(error.is_none(), "{}: {error:?}", case.name);
    assert!(matches!(reader.next_block(), Ok(None)), "{}", case.name);
    assert_eq!(reader.skipped(), 0);
}

#[test]
fn each_block_has_what_was_put_in() {
    valid().iter().for_each(check_undamaged);
}

#[test]
fn blocks_of_random_files_have_what_was_put_in() {
    random_files().for_each(|case| check_undamaged(&case));
}

#[test]
fn large_blocks_have_what_was_put_in() {
    large().iter().for_each(|make| check_undamaged(&make()));
}

#[test]
fn interfaces_return_what_was_set() {
    let (address, mask) = (Ipv4Addr::new(192, 0, 2, 1), Ipv4Addr::new(255, 255, 0, 0));
    let interface = Interface::new(pcap_core::Linktype::ETHERNET)
        .with_ipv4(address, mask)
        .with_ipv4(Ipv4Addr::LOCALHOST, mask)
        .with_ipv6(Ipv6Addr::LOCALHOST, 128)
        .with_mac_addr(pcap_core::MacAddr::new([1, 2, 3, 4, 5, 6]))
        .with_eui_addr([8; 8])
        .with_speed(1)
        .with_tx_speed(2)
        .with_rx_speed(u64::MAX)
        .with_time_offset(-5)
        .with_iana_time_zone("Europe/Berlin")
        .with_comment("one")
        .with_comment("two");
    let ipv4: Vec<_> = interface.ipv4().collect();
    assert_eq!(ipv4, [(address, mask), (Ipv4Addr::LOCALHOST, mask)]);
    let ipv6: Vec<_> = interface.ipv6().collect();
    assert_eq!(ipv6, [(Ipv6Addr::LOCALHOST, 128)]);
    assert_eq!(interface.mac_addr().unwrap().octets(), [1, 2, 3, 4, 5, 6]);
    assert_eq!(interface.eui_addr(), Some([8; 8]));
    assert_eq!(interface.speed(), Some(1));
    assert_eq!(interface.tx_speed(), Some(2));
    assert_eq!(interface.rx_speed(), Some(u64::MAX));
    assert_eq!(interface.time_offset(), -5);
    assert_eq!(interface.iana_time_zone().as_deref(), Some("Europe/Berlin"));
    let comments: Vec<_> = interface.comments().collect();
    assert_eq!(comments, ["one", "two"]);
}

/// The getters return nothing for values of a wrong length, and the raw options are kept.
#[test]
fn values_of_a_wrong_length_are_none() {
    let lengths = [0, 1, 3, 5, 7, 9, 12, 16, 17];
    let lengths = Order::BOTH.map(|order| lengths.map(|length| (order, length)));
    for (order, length) in lengths.into_iter().flatten() {
        let value = |code: u16| Opt::bytes(code, vec![1; length]);
        let file = Ng::new(order).idb(idb(1).opts([4, 5, 6, 7, 8, 10, 13, 16, 17].map(value)));
        let file = file.packet(epb(b"data").opts([2, 4, 5, 6, 8].map(value)));
        let file = file.block(Block::isb(order, 0, 1).opts((2..9).map(value)));
        let case = Case::new("", file);
        let mut reader = open(&case.bytes);
        assert!(reader.next_block().unwrap().is_some());
        let Some(pcapng::Block::Interface(interface)) = reader.next_block().unwrap() else {
            panic!("no interface");
        };
        assert!(interface.ipv4().next().is_none());
        assert_eq!(interface.ipv6().next().is_some(), length == 17);
        assert!((interface.mac_addr(), interface.eui_addr()) == (None, None));
        let speeds = (
            interface.speed(),
            interface.tx_speed(),
            interface.rx_speed(),
        );
        assert_eq!(speeds, (None, None, None));
        assert_eq!(interface.time_zone(), None);
        assert_eq!(interface.fcs_len().is_some(), length == 1);
        assert_eq!(interface.options().count(), 9);
        let Some(pcapng::Block::Packet(packet)) = reader.next_block().unwrap() else {
            panic!("no packet");
        };
        assert_eq!((packet.flags(), packet.queue()), (None, None));
        assert_eq!((packet.dropped(), packet.packet_id()), (None, None));
        assert_eq!(packet.process_thread(), None);
        assert_eq!(packet.options().count(), 5);
        let Some(pcapng::Block::Statistics(statistics)) = reader.next_block().unwrap() else {
            panic!("no statistics");
        };
        assert_eq!(
            (statistics.start_time(), statistics.end_time()),
            (None, None)
        );
        assert_eq!(
            (statistics.received(), statistics.if_dropped()),
            (None, None)
        );
        let others = (
            statistics.accepted(),
            statistics.dropped(),
            statistics.delivered(),
        );
        assert_eq!(others, (None, None, None));
        assert_eq!(statistics.options().count(), 7);
    }
}

/// Each type of block has its view.
#[test]
fn blocks_are_told_apart() {
    for order in Order::BOTH {
        let file = Ng::new(order)
            .idb(idb(1))
            .packet(epb(b"data"))
            .block(Block::isb(order, 0, 1))
            .block(Block::nrb(order, &[]))
            .block(Block::dsb(order, 1, b"secret"))
            .block(Block::journal("MESSAGE=hello\n"))
            .block(Block::custom(order, true, 7, b"one!"))
            .block(Block::custom(order, false, 8, b"two!"))
            .block(Block::new(77, b"what".to_vec()));
        let case = Case::new("", file);
        let mut reader = open(&case.bytes);
        let mut seen = Vec::new();
        while let Some(block) = reader.next_block().unwrap() {
            let number = block.as_raw().block_type();
            seen.push(match block {
                pcapng::Block::Section(_) => ("section", number),
                pcapng::Block::Interface(_) => ("interface", number),
                pcapng::Block::Packet(_) => ("packet", number),
                pcapng::Block::Statistics(_) => ("statistics", number),
                pcapng::Block::Names(_) => ("names", number),
                pcapng::Block::Secrets(secrets) => {
                    assert_eq!(secrets.secrets(), b"secret");
                    ("secrets", number)
                }
                pcapng::Block::Journal(journal) => {
                    assert_eq!(journal.entry(), b"MESSAGE=hello\n");
                    ("journal", number)
                }
                pcapng::Block::Custom(custom) => {
                    let data = (custom.enterprise(), custom.data(), custom.is_copyable());
                    assert!([(7, &b"one!"[..], true), (8, b"two!", false)].contains(&data));
                    ("custom", number)
                }
                _ => ("other", number),
            });
        }
        let expected = [
            ("section", kind::SHB),
            ("interface", kind::IDB),
            ("packet", kind::EPB),
            ("statistics", kind::ISB),
            ("names", kind::NRB),
            ("secrets", kind::DSB),
            ("journal", kind::JOURNAL),
            ("custom", kind::CUSTOM),
            ("custom", kind::CUSTOM_NO_COPY),
            ("other", 77),
        ];
        assert_eq!(seen, expected);
    }
}

/// A length at the limit is only that of a truncated block; a longer one is damage.
#[test]
fn a_length_has_a_limit() {
    for order in Order::BOTH {
        for (length, kind) in [
            (134_348_832, ErrorKind::SavefileTruncated),
            (134_348_836, ErrorKind::SavefileBad),
        ] {
            let (mut bytes, ..) = Ng::new(order).finish();
            bytes.extend([order.u32(77), order.u32(length)].concat());
            let mut reader = open(&bytes);
            assert!(reader.next_block().unwrap().is_some());
            assert_eq!(reader.next_block().unwrap_err().kind(), kind, "{length}");
        }
    }
}

/// The value of a record of names begins with the address and ends with a NUL byte, as Wireshark requires it.
#[test]
fn records_of_names_are_checked() {
    for order in Order::BOTH {
        for (number, value, is_whole) in [
            (1, &b"\x7f\0\0\x01one\0"[..], true),
            (1, b"\x7f\0\0\x01", true),
            (1, b"\x7f\0\0", false),
            (1, b"\x7f\0\0\x01one", false),
            (2, b"0123456789abcdeftwo\0", true),
            (2, b"0123456789abcdef", true),
            (2, b"0123456789abcde", false),
            (2, b"0123456789abcdeftwo", false),
            (3, b"any", true),
        ] {
            let block = Block::nrb(order, &[(number, value.to_vec())]);
            let (bytes, ..) = Ng::new(order).block(block).finish();
            let mut reader = open(&bytes);
            assert!(reader.next_block().unwrap().is_some());
            assert_eq!(reader.next_block().is_ok(), is_whole, "{number} {value:?}");
        }
    }
}

/// Only the options of a version that is known are checked.
#[test]
fn sections_of_unknown_versions_are_not_checked() {
    let header = |version| Shb {
        version,
        options: vec![Opt::comment("text").stating(100)],
        odd: Odd::without_end(),
        ..Shb::default()
    };
    for order in Order::BOTH {
        let known = || Ng::new(order);
        let unknown = || Ng::empty(order).shb(header((2, 0)));
        for (file, versions) in [
            (unknown(), vec![(2, 0)]),
            (known().shb(header((1, 7))), vec![(1, 0), (1, 7)]),
            (unknown().shb(header((1, 0))), vec![(2, 0)]),
            (unknown().shb(header((1, 2))), vec![(2, 0)]),
            (unknown().shb(Shb::default()), vec![(2, 0), (1, 0)]),
        ] {
            let (bytes, ..) = file.finish();
            let mut reader = open(&bytes);
            let mut seen = Vec::new();
            while let Ok(Some(pcapng::Block::Section(section))) = reader.next_block() {
                seen.push(section.version());
            }
            assert_eq!(seen, versions);
        }
        // A header that is too short has no version.
        for length in [0, 4, 8, 12] {
            let body = [&order.u32(0x1a2b_3c4d)[..], &[0; 12]].concat();
            let bytes = Block::new(kind::SHB, &body[..length]).bytes(order);
            let error = open(&bytes).next_block().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::SavefileBad, "{length}");
            let is_short = error.text().contains("expected at least 28 bytes");
            assert_eq!(is_short, length >= 4, "{error}");
        }
    }
}

/// The caller still owns standard input.
#[test]
fn a_dash_is_standard_input() {
    if files::in_child() {
        let mut reader = pcapng::Reader::open("-").unwrap();
        let mut packets = 0;
        // A wait without an end.
        while let Next::Packet(block) = reader.next_block_timeout(Duration::MAX).unwrap() {
            packets += u32::from(matches!(block, pcapng::Block::Packet(_)));
        }
        println!("child read {packets} packets");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = files::file(folder.path(), "in.pcapng", &files::pings_ng(5));
    let mut child = files::child(a_dash_is_standard_input);
    let output = files::run(child.stdin(std::fs::File::open(&path).unwrap()));
    assert!(output.contains("child read 5 packets"), "{output}");
}

#[test]
fn statistics_have_comments() {
    let mut ng = pcapng::PcapngDumper::new(Vec::new());
    let interface = Interface::new(pcap_core::Linktype::ETHERNET);
    ng.add_interface(&interface).unwrap();
    let mut statistics = pcapng::BlockBuf::new(5, &[0; 12]);
    statistics.add_comment("one").unwrap();
    statistics.add_comment("two").unwrap();
    ng.write_block(&statistics).unwrap();
    let bytes: Vec<u8> = ng.into_writer().unwrap();
    let mut reader = open(&bytes);
    let mut comments = Vec::new();
    while let Some(block) = reader.next_block().unwrap() {
        if let pcapng::Block::Statistics(statistics) = block {
            comments.extend(statistics.comments().map(|text| text.into_owned()));
        }
    }
    assert_eq!(comments, ["one", "two"]);
}

/// Each of them would take memory until the section ends.
#[test]
fn the_interfaces_of_a_section_are_limited() {
    let file = files::Pcapng::new(files::Order::NATIVE);
    let header = file.bytes().len();
    let one = file.interface(1, 0, &[]).bytes();
    let limit = 1 << 20;
    let mut bytes = one[..header].to_vec();
    bytes.extend(one[header..].repeat(limit + 1));
    let mut reader = open(&bytes);
    let mut interfaces = 0;
    let error = loop {
        match reader.next_block() {
            Ok(Some(block)) => {
                interfaces += usize::from(matches!(block, pcapng::Block::Interface(_)))
            }
            Ok(None) => panic!("the end"),
            Err(error) => break error,
        }
    };
    assert_eq!(interfaces, limit);
    let why = format!("found more interfaces in a section, {limit}, or more bytes");
    assert!(error.to_string().contains(&why), "{error}");
}
