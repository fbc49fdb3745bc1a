//! What tshark, tcpdump and libpcap read.

use std::path::Path;
use std::process::{Command, Stdio};

use pcap_core::pcapng::{Interface, InterfaceId, PcapngDumper, Record, Section};
use pcap_core::{
    Capture, Direction, Dlt, ErrorKind, Linktype, Packet, PacketOwned, Precision, SavefileFormat,
    Timestamp,
};

use super::{bytes, dumper, ethernet, hex, packets, stats, tshark};
use crate::support::files;
use crate::support::files::{Order, Pcap, read_all, run};
use crate::support::random::Random;

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
    let left = ethernet()
        .with_name("left")
        .with_description("the left one");
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
    let right = ethernet()
        .with_name("right")
        .with_precision(Precision::Micro);
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
        let left = interface.index() == 0;
        let expected = [
            packet.timestamp().to_string(),
            packet.wire_len().to_string(),
            packet.caplen().to_string(),
            interface.index().to_string(),
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
        .with_hardware("an abacus")
        .with_os("none")
        .with_application("pcap-core's test")
        .with_comment("of the file");
    let mut dumper = section.dump(&path).unwrap();
    let interface = ethernet()
        .with_name("eth7")
        .with_description("seventh")
        .with_filter("tcp port 80")
        .with_os("Plan 9")
        .with_hardware("coax")
        .with_comment("of the interface");
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
        (Interface::new(Dlt::LINUX_SLL), false),
        (Interface::new(Linktype::new(147)), false),
        (ethernet().with_snaplen(1000), true),
    ];
    for (other, is_ethernet) in others {
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
        let mut capture = Capture::from_file(&path).unwrap();
        if is_ethernet {
            assert_eq!(files::read_all(&mut capture).unwrap().len(), 2);
        } else {
            let (read, error) = files::until_error(&mut capture);
            assert_eq!(read.len(), 1);
            assert_eq!(error.kind(), ErrorKind::SavefileBad, "{error}");
        }
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
                    .with_snaplen(snaplen)
                    .with_precision(precision)
                    .with_filter(&text)
                    .with_comment(text);
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
        (ethernet().with_fcs_len(0), ""),
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

/// As the documentation warns.
#[test]
#[cfg(unix)]
fn tshark_reads_packets_up_to_262144_bytes() {
    let folder = tempfile::tempdir().unwrap();
    for (length, read) in [(262_144, true), (262_145, false)] {
        let path = folder.path().join(format!("{length}.pcapng"));
        let mut dumper = PcapngDumper::create(&path).unwrap();
        let eth = dumper.add_interface(&ethernet().with_snaplen(0)).unwrap();
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
