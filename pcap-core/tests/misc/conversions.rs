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
    assert_eq!(Linktype::from(Dlt::HDLC), Linktype::NETBSD_HDLC);
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

#[cfg(not(emulated))] // qemu-user cannot list devices
#[test]
fn devices_are_names() {
    for device in pcap_core::Device::list().unwrap() {
        let name = pcap_core::DeviceName::from(device.clone());
        assert_eq!(name.display().to_string(), device.name());
    }
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

/// No block is longer than 134 348 832 bytes, and nothing is written of one that would be.
#[test]
fn blocks_have_a_greatest_length() {
    let long = vec![0; 134_348_833];
    let mut dumper = Section::new().dump_to(Vec::new()).unwrap();
    let interface = pcap_core::pcapng::Interface::new(Linktype::ETHERNET).with_snaplen(0);
    let interface = dumper.add_interface(&interface).unwrap();
    let position = dumper.position();
    let packet = Packet::whole(Timestamp::new(1, 0), &long);
    let error = dumper.write(interface, packet).unwrap_err();
    assert!(
        error.to_string().contains("is too large for a block"),
        "{error}"
    );
    let record = Record::new(Packet::whole(Timestamp::new(1, 0), b"")).options(&[(0, b"end")]);
    let error = dumper.write_record(interface, &record).unwrap_err();
    let text = "expected an option other than 0 of at most 65535 bytes, found option 0 of 3 bytes";
    assert!(error.to_string().ends_with(text), "{error}");
    assert_eq!(dumper.position(), position);

    let mut block = BlockBuf::new(6, &[0; 20]);
    let error = block.set_data(&long, 1).unwrap_err();
    let text = "the block would have more than 134348832 bytes";
    assert!(error.to_string().ends_with(text), "{error}");
    assert_eq!(
        block.as_raw().bytes(),
        BlockBuf::new(6, &[0; 20]).as_raw().bytes()
    );
    let mut body = long;
    body.truncate(134_348_832 - 12);
    let caplen = body.len() as u32 - 20;
    body[12..16].copy_from_slice(&caplen.to_ne_bytes());
    let mut block = BlockBuf::new(6, &body);
    let error = block.add_option(1, b"text").unwrap_err();
    assert!(error.to_string().ends_with(text), "{error}");
}

/// Readers may be interrupted, and fail.
#[test]
fn failed_reads_of_blocks_are_errors() {
    struct Failing(u8, std::io::Cursor<Vec<u8>>);
    impl std::io::Read for Failing {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            match (self.1.read(buffer)?, self.0) {
                (0, 0) => Err(std::io::ErrorKind::ConnectionReset.into()),
                (0, _) => {
                    self.0 -= 1;
                    Err(std::io::ErrorKind::Interrupted.into())
                }
                (length, _) => Ok(length),
            }
        }
    }
    let bytes = crate::support::files::pings_ng(2);
    let reader = Failing(3, std::io::Cursor::new(bytes));
    let mut reader = Reader::from_reader_named(reader, "a peer").unwrap();
    let mut blocks = 0;
    let error = loop {
        match reader.next_block() {
            Ok(block) => blocks += usize::from(block.is_some()),
            Err(error) => break error,
        }
    };
    // The section, the interface and two packets.
    assert_eq!(blocks, 4);
    let kind = pcap_core::ErrorKind::Io(std::io::ErrorKind::ConnectionReset);
    assert_eq!(error.kind(), kind);
    assert!(
        error.to_string().starts_with("cannot read `a peer`: "),
        "{error}"
    );
}
