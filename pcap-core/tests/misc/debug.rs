//! What `{:?}` prints of types that own a handle, a file or many bytes: a few words, not their insides.

use std::fmt::Debug;

use pcap_core::pcapng::{
    Block, BlockBuf, Interface, PacketFlags, PcapngDumper, Reader, Resolution, Section,
};
use pcap_core::{
    Capture, Dlt, Filter, Linktype, Packet, PacketBatch, PacketHeader, Timestamp, TstampType,
};

use crate::support::files::{open, pings, pings_ng};

#[track_caller]
fn shows(value: &impl Debug, text: &str) {
    assert_eq!(format!("{value:?}"), text);
}

#[test]
fn packets_show_their_first_bytes() {
    let header = PacketHeader::new(Timestamp::new(1, 5), 3, 1514);
    shows(
        &header,
        "PacketHeader { timestamp: 1.000000005, caplen: 3, wire_len: 1514 }",
    );
    let packet = Packet::new(Timestamp::new(1, 0), 60, &[0xab, 1]);
    let text = "{ timestamp: 1.000000000, caplen: 2, wire_len: 60, data: ab01 }";
    shows(&packet, &format!("Packet {text}"));
    shows(&packet.into_owned(), &format!("PacketOwned {text}"));
    let long = format!("{:?}", Packet::whole(Timestamp::new(1, 0), &[0xff; 33]));
    assert!(
        long.ends_with(&format!("data: {}… }}", "ff".repeat(32))),
        "{long}"
    );
    let mut batch = PacketBatch::new();
    batch.push(packet);
    shows(&batch, "PacketBatch { packets: 1, bytes: 2, .. }");
    shows(&batch.iter(), &format!("[Packet {text}]"));
}

#[test]
fn filters_show_their_expression() {
    let filter = Filter::compile(Dlt::EN10MB, "ip").unwrap();
    shows(
        &filter,
        "Filter { dlt: Dlt(1 = EN10MB), expression: Some(\"ip\"), instructions: 4, kernel_extensions: false }",
    );
}

#[test]
fn captures_show_their_state() {
    let dead = Capture::dead_with(Linktype::ETHERNET, 96, pcap_core::Precision::Nano).unwrap();
    let text = format!("{dead:?}");
    for part in ["snaplen: 96", "precision: Nano"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let capture = open(pings(1));
    shows(
        &capture.break_handle(),
        "BreakHandle { pending: false, .. }",
    );
    capture.break_handle().breakloop();
    shows(&capture.break_handle(), "BreakHandle { pending: true, .. }");
    let mut capture = open(pings(1));
    shows(&capture.packets(), "Packets { over: false, .. }");
    let mut packets = capture.into_packets();
    shows(&packets, "IntoPackets { over: false, .. }");
    assert_eq!(packets.by_ref().map(Result::unwrap).count(), 1);
    shows(&packets, "IntoPackets { over: true, .. }");
}

#[test]
fn types_of_timestamps_show_their_name() {
    shows(&TstampType::new(0), "TstampType(0 = host)");
    shows(&TstampType::new(99), "TstampType(99)");
}

#[test]
fn parts_of_pcapng_show_their_values() {
    let section = Section::new()
        .with_hardware("a machine")
        .with_os("a system");
    let text = format!("{section:?}");
    for part in [
        "version: (1, 0)",
        "hardware: Some(\"a machine\")",
        "os: Some(\"a system\")",
        "application: None",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let interface = Interface::new(Linktype::ETHERNET).with_name("left");
    let text = format!("{interface:?}");
    assert!(text.contains("name: Some(\"left\")"), "{text}");
    assert_eq!(Resolution::decimal(9).to_string(), "10^-9 s");
    assert_eq!(Resolution::binary(10).to_string(), "2^-10 s");
    assert_eq!(format!("{:>5}|", Resolution::decimal(0)), "  1 s|");

    let mut dumper = section.dump_to(Vec::new()).unwrap();
    dumper.add_interface(&interface).unwrap();
    let text = format!("{dumper:?}");
    assert!(text.starts_with("PcapngDumper { name: "), "{text}");
    let position = format!("position: {}", dumper.position());
    assert!(text.contains(&position), "{text}");
    drop::<PcapngDumper>(dumper);

    let mut reader = Reader::from_reader_named(std::io::Cursor::new(pings_ng(1)), "two").unwrap();
    assert_eq!(reader.name(), "two");
    let text = format!("{reader:?}");
    assert!(
        text.starts_with("Reader { name: \"two\", position: "),
        "{text}"
    );
    let mut kinds = 0;
    while let Some(block) = reader.next_block().unwrap() {
        let raw = format!("{:?}", block.as_raw());
        let length = block.as_raw().bytes().len();
        assert!(raw.starts_with("RawBlock { block_type: 0x"), "{raw}");
        assert!(raw.contains(&format!("length: {length}")), "{raw}");
        let copy = format!("{:?}", BlockBuf::from(block.as_raw()));
        assert!(copy.starts_with("BlockBuf { block_type: 0x"), "{copy}");
        if let Block::Packet(packet) = block {
            kinds += 1;
            let text = format!("{packet:?}");
            let start = format!(
                "PacketBlock {{ packet: {:?}, interface_id: 0",
                packet.packet()
            );
            assert!(text.starts_with(&start), "{text}");
        }
    }
    assert_eq!(kinds, 1);
}

#[test]
fn receptions_have_names() {
    let names = ["unicast", "multicast", "broadcast", "promiscuous"];
    for (number, name) in (1..).zip(names) {
        let reception = PacketFlags::from_bits(number << 2).reception().unwrap();
        assert_eq!(reception.name(), name);
        assert_eq!(format!("{reception:>12}"), format!("{name:>12}"));
    }
    assert_eq!(PacketFlags::from_bits(0).reception(), None);
}
