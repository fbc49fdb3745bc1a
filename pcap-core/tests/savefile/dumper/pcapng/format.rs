//! The format, byte by byte.

use pcap_core::pcapng::{Endian, Interface, Record, Section};
use pcap_core::{Direction, Linktype, Packet, Precision, Timestamp};

use super::{bytes, ethernet, numbers, stats};
use crate::support::files::{Order, Pcapng};

/// Returns the options of a block, with the end of options.
fn options(options: &[(u16, &[u8])]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (code, value) in options.iter().chain([&(0, &[][..])]) {
        bytes.extend(code.to_ne_bytes());
        bytes.extend((value.len() as u16).to_ne_bytes());
        bytes.extend(*value);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
    }
    bytes
}

#[test]
fn each_byte_is_as_the_format_says() {
    let section = Section::new()
        .with_hardware("a")
        .with_os("bc")
        .with_application("def")
        .with_comment("ghij");
    let mut dumper = section.dump_to(Vec::new()).unwrap();
    let full = Interface::new(Linktype::RAW)
        .with_name("eth0")
        .with_description("the ü port")
        .with_snaplen(9000)
        .with_filter("tcp")
        .with_os("Linux")
        .with_hardware("wire")
        .with_comment("");
    let nano = dumper.add_interface(&full).unwrap();
    let micro = ethernet().with_precision(Precision::Micro).with_snaplen(0);
    let micro = dumper.add_interface(&micro).unwrap();
    assert_eq!((nano.index(), micro.index()), (0, 1));
    let time = Timestamp::new(1_700_000_000, 123_456_789);
    dumper
        .write(nano, Packet::new(time, 1514, b"abcde"))
        .unwrap();
    dumper.write(micro, Packet::whole(time, b"")).unwrap();
    let record = Record::new(Packet::new(time, 4, b"abcd"))
        .comment("two\nlines")
        .direction(Direction::Out)
        .dropped(1 << 40);
    dumper.write_record(micro, &record).unwrap();
    let record = Record::new(Packet::new(time, 1, b"a")).direction(Direction::In);
    dumper.write_record(nano, &record).unwrap();
    let record = record.direction(Direction::InOut);
    dumper.write_record(nano, &record).unwrap();
    dumper
        .write_statistics(micro, time, &stats(1 << 33, 2, 3))
        .unwrap();
    let position = dumper.position();
    let written = bytes(dumper);
    assert_eq!(position, written.len() as u64);

    let mut header = numbers(&[0x1a2b_3c4d]);
    header.extend([1_u16, 0].map(u16::to_ne_bytes).concat());
    header.extend(u64::MAX.to_ne_bytes());
    header.extend(options(&[(2, b"a"), (3, b"bc"), (4, b"def"), (1, b"ghij")]));
    let interface = |linktype: u16, snaplen: u32, with: &[(u16, &[u8])]| {
        let mut body = [linktype, 0].map(u16::to_ne_bytes).concat();
        body.extend(numbers(&[snaplen]));
        body.extend(options(with));
        body
    };
    let packet = |interface: u32, ticks: u64, len: u32, data: &[u8], with: &[(u16, &[u8])]| {
        let time = [(ticks >> 32) as u32, ticks as u32];
        let mut body = numbers(&[interface, time[0], time[1], data.len() as u32, len]);
        body.extend(data);
        body.resize(body.len().next_multiple_of(4), 0);
        if !with.is_empty() {
            body.extend(options(with));
        }
        body
    };
    let (ns, us) = (1_700_000_000_123_456_789_u64, 1_700_000_000_123_456_u64);
    let flags = |flags: u32| flags.to_ne_bytes();
    let us_halves = numbers(&[(us >> 32) as u32, us as u32]);
    let mut statistics = numbers(&[1]);
    statistics.extend(&us_halves);
    statistics.extend(options(&[
        (3, &us_halves),
        (4, &(1_u64 << 33).to_ne_bytes()),
        (5, &3_u64.to_ne_bytes()),
        (7, &2_u64.to_ne_bytes()),
    ]));
    let mut expected = Pcapng::new(Order::NATIVE);
    let empty = expected.bytes().len();
    expected = expected
        .block(0x0a0d_0d0a, &header)
        .block(
            1,
            &interface(
                101,
                9000,
                &[
                    (9, &[9]),
                    (2, b"eth0"),
                    (3, "the ü port".as_bytes()),
                    (11, b"\0tcp"),
                    (12, b"Linux"),
                    (15, b"wire"),
                    (1, b""),
                ],
            ),
        )
        .block(1, &interface(1, 0, &[(9, &[6])]))
        .block(6, &packet(0, ns, 1514, b"abcde", &[]))
        .block(6, &packet(1, us, 0, b"", &[]))
        .block(
            6,
            &packet(
                1,
                us,
                4,
                b"abcd",
                &[
                    (1, b"two\nlines"),
                    (2, &flags(2)),
                    (4, &(1_u64 << 40).to_ne_bytes()),
                ],
            ),
        )
        .block(6, &packet(0, ns, 1, b"a", &[(2, &flags(1))]))
        .block(6, &packet(0, ns, 1, b"a", &[(2, &flags(0))]))
        .block(5, &statistics);
    assert_eq!(written, expected.bytes()[empty..]);
}

/// The buffer is used again after it was written, so the bytes of earlier packets are in it.
#[test]
fn padding_is_zero_wherever_a_packet_lies() {
    for endian in [Endian::Little, Endian::Big] {
        let number = |number: u32| match endian {
            Endian::Little => number.to_le_bytes(),
            Endian::Big => number.to_be_bytes(),
        };
        let section = Section::new().with_endian(endian);
        let mut dumper = section.dump_to(Vec::new()).unwrap();
        let id = dumper.add_interface(&ethernet()).unwrap();
        let start = dumper.position() as usize;
        let data = [0xff; 1000];
        let mut expected = Vec::new();
        // Three times the buffer and more.
        for n in 0..3000 {
            let data = &data[..n % 617];
            let time = Timestamp::new(1, n as i64);
            dumper.write(id, Packet::whole(time, data)).unwrap();
            let padded = data.len().next_multiple_of(4);
            let (caplen, length) = (data.len() as u32, 32 + padded as u32);
            let head = [6, length, 0, 0, 1_000_000_000 + n as u32, caplen, caplen];
            expected.extend(head.map(number).as_flattened());
            expected.extend(data);
            expected.resize(expected.len() + padded - data.len(), 0);
            expected.extend(number(length));
        }
        assert!(expected.len() > 3 << 18);
        assert!(bytes(dumper)[start..] == expected, "{endian:?}");
    }
}
