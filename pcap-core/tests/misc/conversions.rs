//! Values that `into` and `as_ref` convert, and accessors that only pass on: the value stays the same.

use std::collections::HashSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use pcap_core::pcapng::{Block, BlockBuf, RawBlock, Reader, Record, Section};
use pcap_core::{
    Address, DeviceAddress, Dlt, Endpoint, FilterTerm, Linktype, MacAddr, Packet, PacketOwned,
    Timestamp, TstampType,
};

#[test]
fn numbers_are_those_of_c() {
    assert_eq!(std::ffi::c_int::from(Dlt::EN10MB), 1);
    assert_eq!(u32::from(Linktype::RAW), 101);
    assert_eq!(std::ffi::c_int::from(TstampType::new(3)), 3);
    let mac = MacAddr::new([2, 0, 0x5e, 0, 0, 255]);
    assert_eq!(<[u8; 6]>::from(mac), [2, 0, 0x5e, 0, 0, 255]);
}

/// Packets with equal headers and data are one key, borrowed or not.
#[test]
fn packets_are_keys() {
    let packet = Packet::new(Timestamp::new(1, 2), 60, b"abc");
    let other = Packet::new(Timestamp::new(1, 2), 61, b"abc");
    let set: HashSet<Packet<'_>> = [packet, packet, other].into_iter().collect();
    assert_eq!(set.len(), 2);
    let owned = [packet, packet, other].map(PacketOwned::from);
    let set: HashSet<PacketOwned> = owned.into_iter().collect();
    assert_eq!(set.len(), 2);
    assert!(set.contains(&packet.into_owned()));
    assert_eq!(AsRef::<[u8]>::as_ref(&packet), b"abc");
    assert_eq!(Packet::from(&packet), packet);
}

#[test]
fn terms_are_made_from_references() {
    let endpoint = Endpoint::from(53);
    assert_eq!(FilterTerm::from(&endpoint), FilterTerm::from(endpoint));
    let address = IpAddr::from([10, 0, 0, 1]);
    assert_eq!(FilterTerm::from(&address), FilterTerm::from(address));
}

#[test]
fn addresses_of_devices_are_ip_addresses() {
    let [v4, v6] = [
        IpAddr::from(Ipv4Addr::LOCALHOST),
        IpAddr::from(Ipv6Addr::LOCALHOST),
    ];
    assert_eq!(Address::from(v6).ip(), Some(v6));
    let mut address = DeviceAddress::new(v4);
    address.netmask = Some(Ipv4Addr::new(255, 0, 0, 0).into());
    address.broadcast = Some(Ipv4Addr::new(127, 255, 255, 255).into());
    assert_eq!(address.ip(), Some(v4));
    assert_eq!(address.ip_netmask(), Some([255, 0, 0, 0].into()));
    assert_eq!(address.ip_broadcast(), Some([127, 255, 255, 255].into()));
    assert_eq!(DeviceAddress::new(v6).ip_netmask(), None);
    let mac = DeviceAddress::new(MacAddr::new([2; 6]));
    assert_eq!((mac.ip(), mac.ip_broadcast()), (None, None));
}

#[test]
fn blocks_keep_comments_and_packets() {
    let section = Section::default()
        .with_comment("of the section")
        .without_length();
    assert_eq!(section.length(), None);
    assert_eq!(section.comments().collect::<Vec<_>>(), ["of the section"]);
    let mut dumper = section.dump_to(Vec::new()).unwrap();
    let interface = pcap_core::pcapng::Interface::new(Linktype::ETHERNET);
    let interface = dumper.add_interface(&interface).unwrap();
    let packet = Packet::new(Timestamp::new(1, 0), 60, b"abcd");
    dumper
        .write_record(interface, &Record::from(packet))
        .unwrap();
    let mut journal = BlockBuf::journal(b"MESSAGE=hello\n");
    assert!(journal.add_option(1, b"never").is_err());
    dumper.write_block(&journal).unwrap();
    dumper
        .write_block(&BlockBuf::simple_packet(4, b"abcd"))
        .unwrap();
    let bytes: Vec<u8> = dumper.into_writer().unwrap();

    let mut reader = Reader::from_reader_named(std::io::Cursor::new(bytes), "copy").unwrap();
    let mut packets = Vec::new();
    while let Some(block) = reader.next_block().unwrap() {
        match block {
            Block::Packet(block) => {
                assert_eq!(Packet::from(&block), block.packet());
                assert_eq!(RawBlock::from(&block).bytes(), block.as_raw().bytes());
                packets.push(Packet::from(block).into_owned());
            }
            Block::Journal(block) => {
                assert_eq!(block.comments().count(), 0);
                assert_eq!(RawBlock::from(&block).bytes(), journal.as_raw().bytes());
            }
            _ => {}
        }
    }
    let [enhanced, simple] = &packets[..] else {
        panic!("{packets:?}")
    };
    assert_eq!((enhanced.data(), enhanced.wire_len()), (&b"abcd"[..], 60));
    assert_eq!((simple.data(), simple.wire_len()), (&b"abcd"[..], 4));
}
