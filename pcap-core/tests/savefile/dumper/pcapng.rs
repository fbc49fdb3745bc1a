//! Savefiles written as pcapng: each byte as the format requires, and each packet as tshark, tcpdump and libpcap read
//! it. What cannot be written is an error, and nothing is lost.
#![cfg_attr(windows, allow(unused))] // some tests are for other systems only

use crate::support;
use crate::support::files;

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use crate::support::files::{Order, Pcap, Pcapng, Random, read_all, run};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use pcap_core::pcapng::{Interface, InterfaceId, PcapngDumper, Record, Section};
use pcap_core::{
    Capture, Direction, Dlt, ErrorKind, Linktype, Packet, PacketOwned, Precision, SavefileFormat,
    Stats, Timestamp,
};

fn dumper() -> PcapngDumper {
    PcapngDumper::new(Vec::new())
}

fn ethernet() -> Interface {
    Interface::new(Linktype::ETHERNET)
}

fn bytes(dumper: PcapngDumper) -> Vec<u8> {
    dumper.into_writer().unwrap()
}

fn stats(received: u64, dropped: u64, if_dropped: u64) -> Stats {
    let mut stats = Stats::default();
    (stats.received, stats.dropped, stats.if_dropped) = (received, dropped, if_dropped);
    stats
}

/// Returns packets of all lengths, some truncated, at times within 32 bits of seconds.
fn packets(random: &mut Random, count: usize, precision: Precision) -> Vec<PacketOwned> {
    (0..count)
        .map(|n| {
            let nanos = random.below(1_000_000_000) as i64;
            let nanos = match precision {
                Precision::Micro => nanos / 1000 * 1000,
                Precision::Nano => nanos,
            };
            let length = if n < 9 { n } else { random.below(1600) };
            let data = random.bytes(length);
            let wire_len = (length + random.below(2) * random.below(9000)) as u32;
            let secs = i64::from(random.next() as u32 >> 1);
            Packet::new(Timestamp::new(secs, nanos), wire_len, &data).into_owned()
        })
        .collect()
}

// --- The format, byte by byte.

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

fn numbers(numbers: &[u32]) -> Vec<u8> {
    numbers.iter().flat_map(|n| n.to_ne_bytes()).collect()
}

#[test]
fn each_byte_is_as_the_format_says() {
    let section = Section::new()
        .hardware("a")
        .os("bc")
        .application("def")
        .comment("ghij");
    let mut dumper = section.to_writer(Vec::new()).unwrap();
    let full = Interface::new(Linktype::RAW)
        .name("eth0")
        .description("the ü port")
        .snaplen(9000)
        .filter("tcp")
        .os("Linux")
        .hardware("wire")
        .comment("");
    let nano = dumper.add_interface(&full).unwrap();
    let micro = ethernet().precision(Precision::Micro).snaplen(0);
    let micro = dumper.add_interface(&micro).unwrap();
    assert_eq!((nano.number(), micro.number()), (0, 1));
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
                    (2, b"eth0"),
                    (3, "the ü port".as_bytes()),
                    (9, &[9]),
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

// --- Other programs.

/// Returns these fields of each packet as tshark prints them, and each packet's bytes in hexadecimal.
#[cfg(unix)]
fn tshark(path: &Path, fields: &[&str]) -> Vec<(Vec<String>, String)> {
    let mut command = Command::new("tshark");
    command.args([
        "-n",
        "-T",
        "fields",
        "-E",
        "separator=/t",
        "-E",
        "occurrence=a",
    ]);
    for field in fields {
        command.args(["-e", field]);
    }
    let told = run(command.arg("-r").arg(path));
    let json = run(Command::new("tshark")
        .args(["-n", "-T", "json", "-x", "-j", "frame", "-r"])
        .arg(path));
    let data = json.split("\"_index\"").skip(1).map(|packet| {
        // "frame_raw": [ "digits", …
        let raw = packet
            .split_once("\"frame_raw\"")
            .map_or("", |(_, raw)| raw);
        raw.split('"').nth(1).unwrap_or_default().to_owned()
    });
    let lines: Vec<_> = told.lines().collect();
    let data: Vec<_> = data.collect();
    assert_eq!(lines.len(), data.len());
    let fields = |line: &str| line.split('\t').map(str::to_owned).collect();
    lines.into_iter().map(fields).zip(data).collect()
}

fn hex(data: &[u8]) -> String {
    data.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Returns a classic savefile with nanoseconds and the same packets.
fn classic(packets: &[&PacketOwned], snaplen: u32) -> Vec<u8> {
    let file = Pcap::new(Order::NATIVE, files::NANO).snaplen(snaplen);
    let record = |file: Pcap, packet: &&PacketOwned| {
        let time = packet.timestamp();
        let header = [
            time.secs() as u32,
            time.subsec_nanos(),
            packet.caplen(),
            packet.wire_len(),
        ];
        file.record(header, packet.data())
    };
    packets.iter().fold(file, record).bytes()
}

/// Returns the classic savefile that tcpdump makes of a file.
#[cfg(unix)]
fn tcpdump(path: &Path) -> Vec<u8> {
    let copy = Command::new("tcpdump")
        .args(["--time-stamp-precision=nano", "-w", "-", "-r"])
        .arg(path)
        .stderr(Stdio::null())
        .output()
        .unwrap();
    assert!(copy.status.success());
    files::by_tool(copy.stdout)
}

#[test]
#[cfg(unix)]
fn each_reader_reads_two_interfaces() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.pcapng");
    let mut random = Random::new(7);
    let nanos = packets(&mut random, 150, Precision::Nano);
    let micros = packets(&mut random, 150, Precision::Micro);
    let mut dumper = PcapngDumper::create(&path).unwrap();
    let left = ethernet().name("left").description("the left one");
    let left = dumper.add_interface(&left).unwrap();
    let mut written = Vec::new();
    for (n, packet) in nanos.iter().enumerate() {
        // The second interface is added after packets of the first.
        if n == 20 {
            break;
        }
        dumper.write(left, packet).unwrap();
        written.push((left, packet, String::new()));
    }
    let right = ethernet().name("right").precision(Precision::Micro);
    let right = dumper.add_interface(&right).unwrap();
    for (n, (nano, micro)) in nanos[20..].iter().zip(&micros).enumerate() {
        let comment = "ä comment "[..random.below(2) * 11].repeat(n % 5);
        let record = Record::new(nano).comment(&comment);
        dumper.write_record(left, &record).unwrap();
        written.push((left, nano, comment));
        dumper
            .write(
                right,
                Packet::new(micro.timestamp(), micro.wire_len(), micro.data()),
            )
            .unwrap();
        written.push((right, micro, String::new()));
    }
    dumper.close().unwrap();

    let fields = [
        "frame.time_epoch",
        "frame.len",
        "frame.cap_len",
        "frame.interface_id",
        "frame.interface_name",
        "frame.interface_description",
        "frame.comment",
    ];
    let told = tshark(&path, &fields);
    assert_eq!(told.len(), written.len());
    for ((fields, data), (interface, packet, comment)) in told.iter().zip(&written) {
        let left = interface.number() == 0;
        let expected = [
            packet.timestamp().to_string(),
            packet.wire_len().to_string(),
            packet.caplen().to_string(),
            interface.number().to_string(),
            if left { "left" } else { "right" }.to_owned(),
            if left { "the left one" } else { "" }.to_owned(),
            comment.clone(),
        ];
        assert_eq!(fields[..], expected);
        assert_eq!(*data, hex(packet.data()));
    }

    let written: Vec<_> = written.into_iter().map(|(_, packet, _)| packet).collect();
    let mut capture = Capture::from_file(&path).unwrap();
    assert_eq!(capture.savefile_format(), SavefileFormat::Pcapng);
    assert_eq!(capture.snaplen(), 262_144);
    assert!(!capture.is_swapped());
    assert!(
        read_all(&mut capture)
            .unwrap()
            .iter()
            .eq(written.iter().copied())
    );
    assert!(tcpdump(&path) == classic(&written, 262_144));
}

#[test]
#[cfg(unix)]
fn tshark_reads_every_comment_and_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.pcapng");
    let section = Section::new()
        .hardware("an abacus")
        .os("none")
        .application("pcap-core's test")
        .comment("of the file");
    let mut dumper = section.create(&path).unwrap();
    let interface = ethernet()
        .name("eth7")
        .description("seventh")
        .filter("tcp port 80")
        .os("Plan 9")
        .hardware("coax")
        .comment("of the interface");
    let eth = dumper.add_interface(&interface).unwrap();
    let packet = Packet::new(Timestamp::new(1_700_000_000, 5), 60, &[0xff; 60]);
    for direction in [Direction::In, Direction::Out, Direction::InOut] {
        let record = Record::new(packet).direction(direction).dropped(77);
        dumper.write_record(eth, &record).unwrap();
    }
    dumper
        .write_statistics(eth, None, &stats(1000, 20, 3))
        .unwrap();
    dumper.close().unwrap();

    let fields = ["frame.packet_flags_direction", "frame.drop_count"];
    let told = tshark(&path, &fields);
    let told: Vec<_> = told.iter().map(|(fields, _)| fields.clone()).collect();
    let number = |text: &str| {
        let digits = text.trim_start_matches("0x");
        u32::from_str_radix(digits, 16).unwrap()
    };
    let directions: Vec<_> = told.iter().map(|fields| number(&fields[0])).collect();
    assert_eq!(directions, [1, 2, 0]);
    if told.iter().any(|fields| !fields[1].is_empty()) {
        // Not in every tshark.
        assert!(told.iter().all(|fields| fields[1] == "77"));
    }
    let info = run(Command::new("capinfos").arg(&path));
    for line in [
        "Capture hardware:    an abacus",
        "Capture oper-sys:    none",
        "Capture application: pcap-core's test",
        "Capture comment:     of the file",
        "Number of interfaces in file: 1",
        "Name = eth7",
        "Description = seventh",
        "Hardware = coax",
        "Operating system = Plan 9",
        "Time precision = nanoseconds (9)",
        "Capture length = 262144",
        "Filter string = tcp port 80",
        "Comment = of the interface",
        "Number of stat entries = 1",
        "Number of packets = 3",
    ] {
        assert!(info.contains(line), "no `{line}` in {info}");
    }
}

/// libpcap does not support two link types, and reports that after the packets before; Wireshark supports them.
#[test]
#[cfg(unix)]
fn mixed_link_types_are_read_by_tshark() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.pcapng");
    let others = [
        Interface::new(Dlt::LINUX_SLL),
        Interface::new(Linktype::new(147)),
        ethernet().snaplen(1000),
    ];
    for other in others {
        let mut dumper = PcapngDumper::create(&path).unwrap();
        let first = dumper.add_interface(&ethernet()).unwrap();
        let data = [0xab; 40];
        let time = Timestamp::new(1, 2);
        dumper.write(first, Packet::whole(time, &data)).unwrap();
        let second = dumper.add_interface(&other).unwrap();
        dumper
            .write(second, Packet::whole(time, &data[1..]))
            .unwrap();
        dumper.close().unwrap();

        let told = tshark(&path, &["frame.interface_id", "frame.time_epoch"]);
        let expected = [("0", &data[..]), ("1", &data[1..])]
            .map(|(id, data)| (vec![id.to_owned(), "1.000000002".to_owned()], hex(data)));
        assert_eq!(told, expected);
        let (read, error) = files::until_error(&mut Capture::from_file(&path).unwrap());
        assert_eq!(read.len(), 1);
        assert_eq!(error.kind(), ErrorKind::SavefileBad, "{error}");
    }
}

#[test]
#[cfg(unix)]
fn random_packets_go_there_and_back() {
    for seed in 1..40 {
        let mut random = Random::new(seed);
        let mut dumper = dumper();
        let snaplen = 2000 + random.below(5000) as u32;
        let mut interfaces: Vec<(InterfaceId, Precision)> = Vec::new();
        let mut expected = Vec::new();
        for _ in 0..random.below(400) {
            if interfaces.is_empty() || random.below(50) == 0 {
                let precision = [Precision::Micro, Precision::Nano][random.below(2)];
                let text = "x".repeat(random.below(70));
                let interface = ethernet()
                    .snaplen(snaplen)
                    .precision(precision)
                    .filter(&text)
                    .comment(text);
                interfaces.push((dumper.add_interface(&interface).unwrap(), precision));
            }
            let (interface, precision) = interfaces[random.below(interfaces.len())];
            let packet = packets(&mut random, 10, precision).pop().unwrap();
            let comment = "é".repeat(random.below(40));
            let mut record = Record::new(&packet).comment(&comment);
            if random.below(2) == 0 {
                record = record.dropped(random.next());
            }
            if random.below(20) == 0 {
                let stats = stats(random.next(), random.next(), random.next());
                dumper.write_statistics(interface, None, &stats).unwrap();
            }
            dumper.write_record(interface, &record).unwrap();
            expected.push(packet);
        }
        if expected.is_empty() {
            continue;
        }
        let bytes = bytes(dumper);
        for mut capture in files::both(&bytes) {
            assert_eq!(capture.snaplen(), snaplen);
            assert!(read_all(&mut capture).unwrap() == expected, "seed {seed}");
        }
        if seed % 8 == 1 {
            let folder = tempfile::tempdir().unwrap();
            let path = files::file(folder.path(), "a.pcapng", &bytes);
            let expected: Vec<_> = expected.iter().collect();
            assert!(tcpdump(&path) == classic(&expected, snaplen), "seed {seed}");
            let told = tshark(&path, &["frame.time_epoch"]);
            assert_eq!(told.len(), expected.len());
            for ((fields, data), packet) in told.iter().zip(expected) {
                assert_eq!(fields[0], packet.timestamp().to_string());
                assert_eq!(*data, hex(packet.data()));
            }
        }
    }
}

// --- What cannot be written.

#[test]
fn what_cannot_be_held_leaves_the_file_whole() {
    let mut dumper = dumper();
    let nano = dumper.add_interface(&ethernet().snaplen(100)).unwrap();
    let micro = ethernet().snaplen(100).precision(Precision::Micro);
    let micro = dumper.add_interface(&micro).unwrap();
    let position = dumper.position();
    let now = Timestamp::now();
    let long = "x".repeat(65_536);
    let last_nano = Timestamp::new(18_446_744_073, 709_551_615);
    let last_micro = Timestamp::new(18_446_744_073_709, 551_615_999);
    let after = |time: Timestamp, nanos| {
        Timestamp::new(time.secs(), i64::from(time.subsec_nanos()) + nanos)
    };
    let damaged = Pcap::native().record([1, 1, 10, 9], &[0; 10]).bytes();
    let damaged = read_all(&mut files::open(damaged)).unwrap().remove(0);
    assert_eq!((damaged.caplen(), damaged.wire_len()), (10, 9));
    let errors = [
        (dumper.write(nano, Packet::whole(now, &[0; 101])), "snaplen"),
        // Only a damaged savefile has such a packet.
        (dumper.write(nano, &damaged), "a wire length"),
        (
            dumper.write(nano, Packet::whole(Timestamp::new(-1, 999_999_999), b"")),
            "before 1970",
        ),
        (
            dumper.write(nano, Packet::whole(after(last_nano, 1), b"")),
            "beyond the interface",
        ),
        (
            dumper.write(micro, Packet::whole(after(last_micro, 1), b"")),
            "beyond the interface",
        ),
        (
            dumper.write(nano, Packet::whole(Timestamp::new(i64::MAX, 0), b"")),
            "beyond the interface",
        ),
        (
            dumper.write_record(nano, &Record::new(Packet::new(now, 0, b"")).comment(&long)),
            "comment has 65536 bytes",
        ),
        (
            dumper.write_statistics(nano, Timestamp::new(-1, 0), &Stats::default()),
            "before 1970",
        ),
    ];
    for (result, text) in errors {
        let error = result.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        assert_eq!(error.operation(), Some("write"));
        assert!(error.text().contains(text), "{error}");
    }
    assert_eq!(dumper.position(), position);
    // And the limits of the format.
    let edges = [
        Packet::new(Timestamp::EPOCH, 0, b""),
        Packet::new(last_nano, u32::MAX, &[1; 100]),
    ];
    for packet in edges {
        dumper.write(nano, packet).unwrap();
    }
    dumper.write(micro, Packet::whole(last_micro, b"")).unwrap();
    let record = Record::new(edges[0]).comment(&long[1..]);
    dumper.write_record(nano, &record).unwrap();
    let read = read_all(&mut files::open(bytes(dumper))).unwrap();
    assert_eq!(read.len(), 4);
    assert_eq!(read[0].as_packet(), edges[0]);
    // If C's `time_t` has 32 bits, libpcap returns no more of the seconds.
    let short = size_of::<pcap_sys::timeval>() == 8;
    let delivered = |secs: i64, nanos| match short {
        true => Timestamp::new((secs as u32).into(), nanos),
        false => Timestamp::new(secs, nanos),
    };
    let last = delivered(last_nano.secs(), 709_551_615);
    let packet = Packet::new(last, u32::MAX, &[1; 100]);
    assert_eq!(read[1].as_packet(), packet);
    let last = delivered(last_micro.secs(), 551_615_000);
    assert_eq!(read[2].timestamp(), last);
}

#[test]
#[cfg(unix)]
fn a_refused_interface_takes_no_number() {
    let mut dumper = dumper();
    for linktype in [Linktype::new(65_536), Linktype::from(Dlt::new(-1))] {
        let error = dumper.add_interface(&Interface::new(linktype)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
    }
    let (most, long) = ("x".repeat(65_535), "x".repeat(65_536));
    let too_long = [
        ethernet().name(&long),
        ethernet().description(&long),
        ethernet().filter(&most),
        ethernet().os(&long),
        ethernet().hardware(&long),
        ethernet().comment(&long),
    ];
    for interface in too_long {
        let error = dumper.add_interface(&interface).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        assert!(
            error.text().contains("bytes, more than the limit of 6553"),
            "{error}"
        );
    }
    let all = ethernet()
        .name(&most)
        .description(&most)
        .filter(&most[1..])
        .os(&most)
        .hardware(&most)
        .comment(&most);
    assert_eq!(dumper.add_interface(&all).unwrap().number(), 0);
    let last = dumper.add_interface(&ethernet()).unwrap();
    assert_eq!(last.number(), 1);
    dumper
        .write(last, Packet::whole(Timestamp::now(), b"x"))
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = files::file(folder.path(), "a.pcapng", &bytes(dumper));
    let told = tshark(&path, &["frame.interface_id"]);
    assert_eq!(told, [(vec!["1".to_owned()], "78".to_owned())]);

    // Every valid number round-trips.
    for number in (0..300).chain([147, 9999, 65_535]) {
        let mut dumper = self::dumper();
        dumper
            .add_interface(&Interface::new(Linktype::new(number)))
            .unwrap();
        let bytes = bytes(dumper);
        assert_eq!(
            bytes[28 + 8..28 + 12],
            [number as u16, 0].map(u16::to_ne_bytes).concat()
        );
    }
}

#[test]
#[cfg(unix)]
fn tshark_reads_the_checksum_length() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.pcapng");
    // UDP in IPv4 with the four bytes at the end.
    let mut frame = vec![2; 12];
    frame.extend([
        8, 0, 0x45, 0, 0, 30, 0, 0, 0, 0, 64, 17, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2,
    ]);
    frame.extend([0, 1, 0, 2, 0, 10, 0, 0, 9, 9, 0x12, 0x34, 0x56, 0x78]);
    let dead = Capture::dead(Linktype::ETHERNET).unwrap();
    let with = Interface::for_capture(&dead.with_fcs_len(Some(4)).unwrap());
    for (interface, fcs) in [
        (with, "0x12345678"),
        (ethernet().fcs_len(0), ""),
        (ethernet(), ""),
    ] {
        let mut dumper = PcapngDumper::create(&path).unwrap();
        let id = dumper.add_interface(&interface).unwrap();
        dumper
            .write(id, Packet::whole(Timestamp::new(1, 0), &frame))
            .unwrap();
        dumper.close().unwrap();
        let (fields, _) = tshark(&path, &["eth.fcs"]).remove(0);
        assert_eq!(fields[0], fcs, "{interface:?}");
        assert_eq!(Capture::from_file(&path).unwrap().packets().count(), 1);
    }
}

// Shows: libpcap/packets-link-type-written
#[test]
#[cfg(unix)]
fn packets_of_another_link_type_are_rejected() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.pcap");
    let of = |linktype: Linktype| {
        let mut one = Capture::dead(linktype).unwrap().dump(&path).unwrap();
        one.write(Packet::whole(Timestamp::new(1, 2), b"a packet"))
            .unwrap();
        one.close().unwrap();
        Capture::from_file(&path).unwrap()
    };
    let mut dumper = dumper();
    let eth = dumper.add_interface(&ethernet()).unwrap();
    let sll = Interface::new(Linktype::LINUX_SLL);
    let sll = dumper.add_interface(&sll).unwrap();
    for (linktype, own, other) in [
        (Linktype::ETHERNET, eth, sll),
        (Linktype::LINUX_SLL, sll, eth),
    ] {
        let mut capture = of(linktype);
        // Nothing has been read yet.
        let failed = dumper.write_from(own, &capture).unwrap_err();
        assert_eq!(failed.kind(), ErrorKind::InvalidArgument);
        assert!(capture.advance().unwrap());
        let before = dumper.position();
        let record = Record::from_capture(&capture).unwrap();
        let packet = capture.packet().unwrap();
        for failed in [
            dumper.write_from(other, &capture),
            dumper.write_record(other, &record),
            dumper.write_record(other, &Record::new(packet).linktype(linktype)),
        ] {
            let failed = failed.unwrap_err();
            assert_eq!(failed.kind(), ErrorKind::LinktypeMismatch);
            let text = failed.to_string();
            assert!(text.contains(&format!("found {linktype}")), "{text}");
        }
        assert_eq!(dumper.position(), before);
        dumper.write_from(own, &capture).unwrap();
        dumper.write_record(own, &record.comment("again")).unwrap();
    }
    // libpcap's number for this one differs from the number in files.
    let mut raw = of(Linktype::RAW);
    raw.advance().unwrap();
    let interface = dumper.add_interface(&Interface::for_capture(&raw)).unwrap();
    dumper.write_from(interface, &raw).unwrap();
    let file = folder.path().join("a.pcapng");
    fs::write(&file, bytes(dumper)).unwrap();
    let told = tshark(&file, &["frame.interface_id"]);
    let interfaces: Vec<&str> = told.iter().map(|(fields, _)| fields[0].as_str()).collect();
    assert_eq!(interfaces, ["0", "0", "1", "1", "2"]);
}

#[test]
fn the_interface_of_another_dumper_is_refused() {
    let mut first = dumper();
    let mut second = dumper();
    let other = first.add_interface(&ethernet()).unwrap();
    for _ in 0..2 {
        let error = second
            .write(other, Packet::whole(Timestamp::now(), b"x"))
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        assert!(
            second
                .write_statistics(other, None, &Stats::default())
                .is_err()
        );
        // Nor if it has an interface of that number itself.
        second.add_interface(&ethernet()).unwrap();
    }
}

#[test]
fn a_refused_section_leaves_the_file() {
    let long = "x".repeat(65_536);
    let sections = [
        Section::new().hardware(&long),
        Section::new().os(&long),
        Section::new().application(&long),
        Section::new().comment(&long),
    ];
    let folder = tempfile::tempdir().unwrap();
    let path = files::file(folder.path(), "a", b"precious");
    for section in sections {
        let error = section.create(&path).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        assert_eq!(error.object(), path.to_str());
        assert_eq!(fs::read(&path).unwrap(), b"precious");
        let failed = section.to_writer(b"mine".to_vec()).unwrap_err();
        assert_eq!(failed.kind(), ErrorKind::InvalidArgument);
        assert_eq!(failed.take::<Vec<u8>>().unwrap(), b"mine");
        let file = File::open(&path).unwrap();
        let fd = files::descriptor(&file);
        let failed = section.to_open_file(file).unwrap_err();
        assert_eq!(files::descriptor(&failed.take::<File>().unwrap()), fd);
    }
}

#[test]
fn a_text_with_a_nul_is_refused() {
    let mut dumper = dumper();
    let eth = dumper.add_interface(&ethernet()).unwrap();
    let position = dumper.position();
    let text = "a\0b";
    let record = Record::new(Packet::new(Timestamp::EPOCH, 0, b"")).comment(text);
    let mut errors = vec![dumper.write_record(eth, &record).unwrap_err()];
    for interface in [
        ethernet().name(text),
        ethernet().description(text),
        ethernet().filter(text),
        ethernet().os(text),
        ethernet().hardware(text),
        ethernet().comment(text),
    ] {
        errors.push(dumper.add_interface(&interface).unwrap_err());
    }
    for section in [
        Section::new().hardware(text),
        Section::new().os(text),
        Section::new().application(text),
        Section::new().comment(text),
    ] {
        errors.push(section.to_writer(Vec::new()).unwrap_err());
    }
    for error in errors {
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        assert!(error.text().ends_with(" contains a NUL"), "{error}");
    }
    assert_eq!(dumper.position(), position);
}

/// As the documentation warns.
#[test]
#[cfg(unix)]
fn tshark_reads_packets_up_to_262144_bytes() {
    let folder = tempfile::tempdir().unwrap();
    for (length, read) in [(262_144, true), (262_145, false)] {
        let path = folder.path().join(format!("{length}.pcapng"));
        let mut dumper = PcapngDumper::create(&path).unwrap();
        let eth = dumper.add_interface(&ethernet().snaplen(0)).unwrap();
        dumper
            .write(eth, Packet::whole(Timestamp::now(), &vec![0; length]))
            .unwrap();
        dumper.close().unwrap();
        let mut command = Command::new("tshark");
        command.args(["-n", "-T", "fields", "-e", "frame.len", "-r"]);
        let output = command.arg(&path).output().unwrap();
        let told = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.success(), read, "{length}: {output:?}");
        assert_eq!(told.trim() == length.to_string(), read, "{length}: {told}");
    }
}

// --- Writers.

fn numbered(dumper: &mut PcapngDumper, eth: InterfaceId, number: u16) -> pcap_core::Result<()> {
    let time = Timestamp::new(i64::from(number), 0);
    dumper.write(eth, Packet::whole(time, &files::ping(number)))
}

fn check_numbered(bytes: &[u8], count: u16) {
    let read = read_all(&mut files::open(bytes)).unwrap();
    let numbers = read.iter().map(|packet| files::number(packet.data()));
    assert!(numbers.eq(0..count));
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_an_error_until_it_has_room() {
    files::with_small_disk(|disk| {
        let ballast = disk.join("ballast");
        fs::write(&ballast, vec![0; 512 << 10]).unwrap();
        let path = disk.join("a.pcapng");
        let full = ErrorKind::Io(io::ErrorKind::StorageFull);
        let mut dumper = PcapngDumper::create(&path).unwrap();
        let eth = dumper.add_interface(&ethernet()).unwrap();
        let (mut refused, mut number) = (0, 0);
        while number < 6000 {
            match numbered(&mut dumper, eth, number) {
                Ok(()) => number += 1,
                Err(error) => {
                    assert_eq!(error.kind(), full, "{error}");
                    // An interface that cannot be written is not added either.
                    let huge = ethernet().comment("x".repeat(60_000));
                    let taken = (0..20).filter(|_| dumper.add_interface(&huge).is_ok());
                    assert!(taken.count() < 20);
                    assert_eq!(dumper.flush().unwrap_err().kind(), full);
                    fs::remove_file(&ballast).unwrap();
                    refused += 1;
                }
            }
        }
        assert_eq!(refused, 1, "the disk did not become full");
        dumper.close().unwrap();
        check_numbered(&fs::read(&path).unwrap(), 6000);
    });
}

#[test]
#[cfg(target_os = "linux")]
fn an_always_full_device_is_told() {
    let full = ErrorKind::Io(io::ErrorKind::StorageFull);
    let mut dumper = PcapngDumper::create("/dev/full").unwrap();
    let eth = dumper.add_interface(&ethernet()).unwrap();
    let written = (0..6000).filter(|n| numbered(&mut dumper, eth, *n).is_ok());
    assert!(written.count() < 3000);
    assert!(dumper.position() <= 256 * 1024);
    assert_eq!(dumper.flush().unwrap_err().kind(), full);
    let failed = dumper.into_writer::<File>().unwrap_err();
    assert_eq!(failed.kind(), full);
    let dumper: PcapngDumper = failed.take().unwrap();
    assert_eq!(dumper.close().unwrap_err().kind(), full);
}

#[test]
fn a_failing_writer_gives_the_dumper_back() {
    /// A writer that fails every other time, and otherwise accepts a few bytes.
    struct Moody(Vec<u8>, u32);
    impl Write for Moody {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.1 += 1;
            if self.1 % 2 == 0 {
                return Err(io::ErrorKind::TimedOut.into());
            }
            let length = bytes.len().min(99_999);
            self.0.extend(&bytes[..length]);
            Ok(length)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut dumper = PcapngDumper::new(Moody(Vec::new(), 0));
    let eth = dumper.add_interface(&ethernet()).unwrap();
    for number in 0..6000 {
        while numbered(&mut dumper, eth, number).is_err() {}
    }
    let mut failures = 0;
    let writer = loop {
        match dumper.into_writer::<Moody>() {
            Ok(writer) => break writer,
            Err(failed) => {
                failures += 1;
                dumper = failed.take().unwrap();
            }
        }
    };
    assert!(failures > 0);
    check_numbered(&writer.0, 6000);
}

#[test]
fn a_dropped_dumper_writes_what_it_has() {
    #[derive(Clone, Default)]
    struct Shared(Arc<Mutex<Vec<u8>>>);
    impl Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let shared = Shared::default();
    let mut dumper = PcapngDumper::new(shared.clone());
    let eth = dumper.add_interface(&ethernet()).unwrap();
    (0..10).for_each(|n| numbered(&mut dumper, eth, n).unwrap());
    drop(dumper);
    check_numbered(&shared.0.lock().unwrap(), 10);
}

#[test]
fn a_compressor_is_given_back_to_finish() {
    let gzip = GzEncoder::new(Vec::new(), Compression::fast());
    let mut dumper = PcapngDumper::new(gzip);
    let eth = dumper.add_interface(&ethernet()).unwrap();
    (0..5000).for_each(|n| numbered(&mut dumper, eth, n).unwrap());
    // For another type the dumper is returned.
    let failed = dumper.into_writer::<Vec<u8>>().unwrap_err();
    assert_eq!(failed.kind(), ErrorKind::InvalidArgument);
    let mut dumper: PcapngDumper = failed.take().unwrap();
    numbered(&mut dumper, eth, 5000).unwrap();
    let gzip: GzEncoder<Vec<u8>> = dumper.into_writer().unwrap();
    let decoder = GzDecoder::new(io::Cursor::new(gzip.finish().unwrap()));
    let read = read_all(&mut Capture::from_reader(decoder).unwrap()).unwrap();
    assert!(read.iter().map(|p| files::number(p.data())).eq(0..5001));
}

#[test]
fn an_open_file_is_written_from_where_it_stands() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    let mut file = File::create(&path).unwrap();
    file.write_all(b"before").unwrap();
    let mut dumper = PcapngDumper::from_open_file(file);
    let eth = dumper.add_interface(&ethernet()).unwrap();
    (0..10).for_each(|n| numbered(&mut dumper, eth, n).unwrap());
    dumper.into_writer::<File>().unwrap().sync_all().unwrap();
    let bytes = fs::read(&path).unwrap();
    check_numbered(bytes.strip_prefix(b"before").unwrap(), 10);
}

#[test]
fn a_dash_is_standard_output_which_stays_open() {
    if files::in_child() {
        let mut dumper = PcapngDumper::create("-").unwrap();
        let eth = dumper.add_interface(&ethernet()).unwrap();
        (0..10).for_each(|n| numbered(&mut dumper, eth, n).unwrap());
        dumper.close().unwrap();
        io::stdout().write_all(b"still open").unwrap();
        io::stdout().flush().unwrap();
        std::process::exit(0);
    }
    let mut child = files::child(a_dash_is_standard_output_which_stays_open);
    let output = child.stderr(Stdio::piped()).output().unwrap();
    assert!(output.status.success());
    let bytes = output.stdout.strip_suffix(b"still open").unwrap();
    // The test program's own output comes first.
    let start = bytes.windows(4).position(|b| b == b"\n\r\r\n").unwrap();
    check_numbered(&bytes[start..], 10);
}

#[test]
fn all_of_it_can_move_to_another_thread() {
    fn send<T: Send>() {}
    send::<PcapngDumper>();
    send::<Interface>();
    send::<Record<'_>>();
}

// --- With captures.

#[test]
fn an_interface_is_like_its_capture() {
    let capture = Capture::dead_with(Dlt::RAW, 1234, Precision::Micro).unwrap();
    let expected = Interface::new(Linktype::RAW)
        .snaplen(1234)
        .precision(Precision::Micro);
    assert_eq!(Interface::for_capture(&capture), expected);
    let capture = files::open(files::pings(1));
    let expected = ethernet().precision(Precision::Micro);
    assert_eq!(Interface::for_capture(&capture), expected);
}

#[test]
#[cfg_attr(emulated, ignore = "qemu-user has no packet sockets")]
#[cfg(target_os = "linux")]
fn what_two_devices_capture_goes_into_one_file() {
    let Some(net) = support::Netns::new() else {
        return;
    };
    net.veth("left", "right");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.pcapng");
    let mut dumper = PcapngDumper::create(&path).unwrap();
    let mut captures: Vec<_> = ["left", "right"]
        .into_iter()
        .map(|name| {
            Capture::from_device(name)
                .immediate_mode(true)
                .activate()
                .unwrap()
        })
        .collect();
    let interfaces: Vec<_> = captures
        .iter()
        .map(|c| {
            dumper
                .add_interface(&Interface::for_capture(c).name(c.name()))
                .unwrap()
        })
        .collect();
    // A capture does not see its own packets.
    let sender = Capture::from_device("left").activate().unwrap();
    for n in 0..5 {
        sender.inject(&files::ping(n)).unwrap();
    }
    for (capture, interface) in captures.iter_mut().zip(interfaces) {
        for _ in 0..5 {
            let packet = capture.next_packet().unwrap().unwrap();
            dumper.write(interface, packet).unwrap();
        }
        let stats = capture.stats().unwrap();
        assert_eq!(stats.received, 5);
        dumper.write_statistics(interface, None, &stats).unwrap();
    }
    dumper.close().unwrap();
    let told = tshark(&path, &["frame.interface_name"]);
    assert_eq!(told.len(), 10);
    for (n, (fields, data)) in told.iter().enumerate() {
        assert_eq!(fields[0], if n < 5 { "left" } else { "right" });
        assert_eq!(*data, hex(&files::ping(n as u16 % 5)));
    }
    assert_eq!(Capture::from_file(&path).unwrap().packets().count(), 10);
}

#[test]
fn append_adds_a_section_to_whole_files() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.pcapng");
    let time = Timestamp::new(1_700_000_000, 5);
    let mut lengths = Vec::new();
    for n in 0..3u8 {
        let mut dumper = PcapngDumper::append(&path).unwrap();
        let id = dumper.add_interface(&ethernet()).unwrap();
        dumper.write(id, Packet::whole(time, &[n; 60])).unwrap();
        let position = dumper.position();
        dumper.close().unwrap();
        lengths.push(fs::metadata(&path).unwrap().len());
        assert_eq!(position, lengths[usize::from(n)]);
    }
    let packets = Capture::from_file(&path).unwrap().into_packets();
    let first: Vec<u8> = packets.map(|packet| packet.unwrap().data()[0]).collect();
    assert_eq!(first, [0, 1, 2]);

    // Incomplete files stay unchanged.
    let whole = fs::read(&path).unwrap();
    let second = lengths[0] as usize;
    let refused = |bytes: &[u8], kind: ErrorKind| {
        fs::write(&path, bytes).unwrap();
        for error in [
            PcapngDumper::append(&path).unwrap_err(),
            Section::new().comment("x").append(&path).unwrap_err(),
        ] {
            assert_eq!(error.kind(), kind, "{error}");
            assert_eq!(error.operation(), Some("append to"));
        }
        assert_eq!(fs::read(&path).unwrap(), bytes);
    };
    for cut in 1..second {
        if lengths.contains(&(cut as u64)) || is_end_of_block(&whole, cut) {
            continue;
        }
        refused(&whole[..cut], ErrorKind::SavefileTruncated);
    }
    let bad = ErrorKind::SavefileBad;
    refused(&[0; 100], bad);
    let with = |at: usize, number: u32| {
        let mut bytes = whole.clone();
        bytes[at..at + 4].copy_from_slice(&number.to_ne_bytes());
        bytes
    };
    refused(&with(8, 7), bad); // the byte order
    refused(&with(second + 4, 13), bad); // a length
    refused(&with(second - 4, 8), bad); // the length at the end of a block
    let error = Section::new().comment("\0").append(&path).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
}

/// A file in the other byte order, and blocks of the shortest length.
#[test]
fn append_walks_both_byte_orders() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.pcapng");
    let block = |words: &[u32]| -> Vec<u8> {
        let swapped = words.iter().map(|word| word.swap_bytes());
        swapped.flat_map(u32::to_ne_bytes).collect()
    };
    let mut bytes = block(&[0x0a0d_0d0a, 28, 0x1a2b_3c4d, 0x0001_0000, !0, !0, 28]);
    bytes.extend(block(&[1, 20, 0x0001_0000, 0, 20]));
    bytes.extend(block(&[0x0bad, 12, 12]));
    fs::write(&path, &bytes).unwrap();
    PcapngDumper::append(&path).unwrap().close().unwrap();
    let appended = fs::read(&path).unwrap();
    assert_eq!(appended[..bytes.len()], bytes);
    assert_eq!(appended[bytes.len()..][..4], [0x0a, 0x0d, 0x0d, 0x0a]);
}

/// Returns whether a native file's block ends there.
fn is_end_of_block(bytes: &[u8], end: usize) -> bool {
    let mut at = 0;
    while at < end {
        at += u32::from_ne_bytes(bytes[at + 4..at + 8].try_into().unwrap()) as usize;
    }
    at == end
}
