//! Packets that know their link type are not written to a savefile of another one.

use pcap_core::pcapng::{Interface, PcapngDumper, Record};
use pcap_core::{Capture, Error, ErrorKind, Linktype, Packet, PacketOwned, Timestamp};

/// Returns a packet of raw IP that was read from a pcapng savefile.
fn raw_ip() -> PacketOwned {
    let mut dumper = PcapngDumper::new(Vec::new());
    let raw = dumper
        .add_interface(&Interface::new(Linktype::RAW))
        .unwrap();
    let packet = Packet::whole(Timestamp::new(1, 2), &[0x45; 20]);
    dumper.write(raw, packet).unwrap();
    let bytes: Vec<u8> = dumper.into_writer().unwrap();
    let mut capture = Capture::from_reader(std::io::Cursor::new(bytes)).unwrap();
    let packet = capture.next_packet().unwrap().unwrap();
    packet.into_owned()
}

fn refused(written: Result<(), Error>) {
    let error = written.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LinktypeMismatch);
    assert!(error.text().contains("found LINKTYPE_RAW"), "{error}");
}

#[test]
fn dumpers_refuse_other_link_types() {
    let packet = raw_ip();
    assert_eq!(packet.linktype(), Some(Linktype::RAW));
    let ethernet = Capture::dead(Linktype::ETHERNET).unwrap();
    let mut dumper = ethernet.dump_to(Vec::new()).unwrap();
    let position = dumper.position();
    refused(dumper.write(&packet));
    assert_eq!(dumper.position(), position);

    let mut dumper = PcapngDumper::new(Vec::new());
    let ethernet = Interface::new(Linktype::ETHERNET);
    let ethernet = dumper.add_interface(&ethernet).unwrap();
    let position = dumper.position();
    refused(dumper.write(ethernet, &packet));
    refused(dumper.write_record(ethernet, &Record::new(&packet).comment("no")));
    assert_eq!(dumper.position(), position);
    // A program that converted the data says so.
    let converted = Packet::whole(packet.timestamp(), packet.data());
    dumper.write(ethernet, converted).unwrap();
    let record = Record::new(&packet).linktype(Linktype::ETHERNET);
    dumper.write_record(ethernet, &record).unwrap();
}

/// Raw IP has the number 101 in savefiles, and on some systems 12.
#[test]
fn numbers_of_one_link_type_are_the_same() {
    let packet = raw_ip();
    for linktype in [101, 12] {
        let mut dumper = PcapngDumper::new(Vec::new());
        let raw = Interface::new(Linktype::new(linktype));
        let raw = dumper.add_interface(&raw).unwrap();
        dumper.write(raw, &packet).unwrap();
    }
}
