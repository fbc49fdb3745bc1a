//! When a capture begins to accept several link types.

use std::fs::File;
use std::io::{Seek, Write};
use std::ptr::NonNull;
use std::time::Duration;

use pcap_core::pcapng::{Interface, PcapngDumper};
use pcap_core::{Capture, Dlt, End, ErrorKind, Filter, Next, Offline};

use super::{ETHERNET, RAW, USB, WLAN, mixed, origins, other_order, two_linktypes};
use crate::support::files::{
    Order, Pcapng, open, open_file, ping, pings, read_all, udp, until_error,
};

#[test]
fn the_error_names_the_way() {
    let null = |order| Pcapng::new(order).interface(0, 0, &[]).bytes();
    let orders = Order::BOTH.map(null).concat();
    for (bytes, why) in [
        (two_linktypes(), "expected link type 1,"),
        (orders, "byte order"),
    ] {
        let mut capture = open(bytes);
        let error = capture.next_packet().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::SavefileBad);
        for part in [why, "`Capture::mix_linktypes`", "`pcapng::Reader`"] {
            assert!(error.text().contains(part), "{error}");
        }
        // It is too late then.
        let late = capture.mix_linktypes().unwrap_err();
        assert_eq!(late.text(), error.text());
        assert_eq!(capture.next_packet().unwrap_err().text(), error.text());
    }
}

#[test]
fn a_classic_file_has_one_link_type() {
    for mut capture in [open(pings(3)), open_file(&pings(3))] {
        capture.mix_linktypes().unwrap();
        let raw = Filter::compile(Dlt::RAW, "ip").unwrap();
        let error = capture.set_filter(&raw).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::LinktypeMismatch);
        assert!(capture.next_packet().unwrap().is_some());
        capture.mix_linktypes().unwrap();
        assert_eq!(read_all(&mut capture).unwrap().len(), 2);
    }
}

#[test]
fn the_switch_may_come_late() {
    let bytes = Pcapng::new(Order::NATIVE)
        .interface(ETHERNET, 0, &[])
        .packet(0, 1, 98, &ping(0))
        .packet(0, 2, 42, &udp())
        .packet(0, 3, 98, &ping(1))
        .interface(RAW, 0, &[])
        .packet(1, 4, 84, &ping(2)[14..])
        .packet(1, 5, 28, &udp()[14..])
        .bytes();
    for mut capture in [open(&bytes[..]), open_file(&bytes)] {
        capture.set_filter("icmp").unwrap();
        assert!(capture.advance().unwrap());
        capture.mix_linktypes().unwrap();
        // Neither the packet nor the filter is lost.
        assert_eq!(capture.packet().unwrap().data(), ping(0));
        assert_eq!(capture.interfaces().len(), 1);
        let packets = read_all(&mut capture).unwrap();
        assert_eq!(origins(&packets), [(0, ETHERNET), (1, RAW)]);
        assert_eq!(packets[1].data(), &ping(2)[14..]);
        capture.mix_linktypes().unwrap();
        assert_eq!(capture.ended(), Some(End::Eof));
    }
}

/// Returns a packet of USB with a header of 48 bytes in a byte order; libpcap converts it to that of this machine.
fn usb(order: Order, number: u64) -> Vec<u8> {
    let mut packet = order.u64(number).to_vec();
    packet.extend([b'C', 3, 0, 1]);
    packet.extend(order.u16(7));
    packet.extend([0, 0]);
    packet.extend(order.u64(1_700_000_000));
    for number in [5, 0, 4, 4] {
        packet.extend(order.u32(number));
    }
    packet.extend([0; 8]);
    packet.extend([1, 2, 3, 4]);
    packet
}

/// Returns a file in the other byte order with USB, and then another link type.
fn usb_file() -> Vec<u8> {
    let order = other_order();
    Pcapng::new(order)
        .interface(USB, 0, &[])
        .packet(0, 1, 52, &usb(order, 1))
        .packet(0, 2, 52, &usb(order, 2))
        .interface(ETHERNET, 0, &[])
        .packet(1, 3, 98, &ping(3))
        .bytes()
}

#[test]
fn packets_that_libpcap_converts_are_those_of_the_file() {
    let order = other_order();
    // Without the switch, libpcap converts them.
    let (packets, error) = until_error(&mut open_file(&usb_file()));
    assert_eq!(packets[0].data()[..8], Order::NATIVE.u64(1));
    assert_eq!((packets.len(), error.kind()), (2, ErrorKind::SavefileBad));

    let mut capture = open_file(&usb_file());
    assert!(capture.follow(true).is_err());
    capture.mix_linktypes().unwrap();
    assert_eq!(capture.datalink(), Dlt::USB_LINUX);
    let packets = read_all(&mut capture).unwrap();
    assert_eq!(origins(&packets), [(0, USB), (0, USB), (1, ETHERNET)]);
    assert_eq!(packets[0].data(), usb(order, 1));
    assert_eq!(capture.interfaces().len(), 2);
    assert!(capture.is_swapped());

    // The file begins where it was opened, and a filter remains.
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(b"before").unwrap();
    file.write_all(&usb_file()).unwrap();
    file.seek(std::io::SeekFrom::Start(6)).unwrap();
    let mut capture = Capture::from_open_file(file).unwrap();
    capture.set_filter("len > 90").unwrap();
    capture.mix_linktypes().unwrap();
    let packets = read_all(&mut capture).unwrap();
    assert_eq!(origins(&packets), [(1, ETHERNET)]);
}

#[test]
fn what_libpcap_has_begun_to_read_stays_so() {
    let refused = |capture: &mut Capture<Offline>| {
        let error = capture.mix_linktypes().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        for part in ["USB_LINUX", "`pcapng::Reader`"] {
            assert!(error.text().contains(part), "{error}");
        }
    };
    // A reader and a pipe.
    let mut capture = open(usb_file());
    refused(&mut capture);
    assert_eq!(until_error(&mut capture).0.len(), 2);
    // A file from which a packet was read, or rejected.
    let order = other_order();
    let only = Pcapng::new(order)
        .interface(USB, 0, &[])
        .packet(0, 1, 52, &usb(order, 1));
    let mut capture = open_file(&only.bytes());
    assert!(capture.next_packet().unwrap().is_some());
    refused(&mut capture);
    assert!(capture.next_packet().unwrap().is_none());
    let mut capture = open_file(&only.bytes());
    capture.set_filter("len > 90").unwrap();
    assert!(capture.next_packet().unwrap().is_none());
    refused(&mut capture);
    // Or one that has failed.
    let mut capture = open_file(&usb_file());
    let error = until_error(&mut capture).1;
    assert_eq!(capture.mix_linktypes().unwrap_err().text(), error.text());
    // A handle of other code.
    let path = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&path, two_linktypes()).unwrap();
    let name = std::ffi::CString::new(path.path().to_str().unwrap()).unwrap();
    let mut errbuf = [0; 256];
    // SAFETY: the name is a C string, and the buffer has the size that libpcap requires.
    let pcap = unsafe { pcap_sys::pcap_open_offline(name.as_ptr(), errbuf.as_mut_ptr()) };
    let pcap = NonNull::new(pcap).expect("a savefile");
    // SAFETY: just opened, and without another owner.
    let mut capture = unsafe { Capture::<Offline>::from_raw(pcap) };
    let error = capture.mix_linktypes().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
}

#[test]
fn a_followed_file_may_mix() {
    let folder = tempfile::tempdir().unwrap();
    for (name, first, rest) in [("a", ETHERNET, RAW), ("b", USB, WLAN)] {
        let path = folder.path().join(name);
        let begun = Pcapng::new(Order::NATIVE).interface(first, 0, &[]);
        std::fs::write(&path, begun.bytes()).unwrap();
        let mut file = File::options().append(true).open(&path).unwrap();
        let mut capture = Capture::from_file(&path).unwrap();
        capture.mix_linktypes().unwrap();
        capture.set_filter("len > 4").unwrap();
        capture.follow(true).unwrap();
        let moment = Duration::from_millis(1);
        assert_eq!(capture.next_packet_timeout(moment).unwrap(), Next::Timeout);
        let whole = begun.clone().interface(rest, 0, &[]);
        let whole = whole.packet(1, 1, 5, b"12345").packet(0, 1, 4, b"1234");
        let added = &whole.bytes()[begun.bytes().len()..];
        let mut seen = 0;
        for byte in added {
            seen += usize::from(capture.try_next_packet().unwrap() != Next::Timeout);
            file.write_all(&[*byte]).unwrap();
        }
        let last = capture.try_next_packet().unwrap() != Next::Timeout;
        assert_eq!(seen + usize::from(last), 1);
        capture.follow(false).unwrap();
        assert!(capture.next_packet().unwrap().is_none());
    }
    // At the end, and only then.
    let path = folder.path().join("c");
    let begun = Pcapng::new(Order::NATIVE).interface(ETHERNET, 0, &[]);
    std::fs::write(&path, begun.bytes()).unwrap();
    let mut capture = Capture::from_file(&path).unwrap();
    capture.set_filter("len > 4").unwrap();
    assert!(capture.next_packet().unwrap().is_none());
    capture.mix_linktypes().unwrap();
    capture.follow(true).unwrap();
    let whole = begun.packet(0, 1, 5, b"first").interface(RAW, 0, &[]);
    let whole = whole.packet(1, 1, 4, b"1234").packet(1, 1, 5, b"other");
    std::fs::write(&path, whole.bytes()).unwrap();
    for data in [b"first", b"other"] {
        assert_eq!(capture.next_packet().unwrap().unwrap().data(), data);
    }
}

/// A dumper checks the link type of the packet, not that of the capture.
#[test]
fn packets_are_written_to_interfaces_of_their_type() {
    for mut capture in mixed(&two_linktypes()) {
        let mut dumper = PcapngDumper::new(Vec::new());
        let [ethernet, raw] = [ETHERNET, RAW].map(|linktype| {
            let linktype = pcap_core::Linktype::new(linktype.into());
            dumper.add_interface(&Interface::new(linktype)).unwrap()
        });
        while capture.advance().unwrap() {
            let is_raw = capture.packet().unwrap().interface() == Some(1);
            let (right, wrong) = if is_raw {
                (raw, ethernet)
            } else {
                (ethernet, raw)
            };
            let error = dumper.write_from(wrong, &capture).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::LinktypeMismatch);
            dumper.write_from(right, &capture).unwrap();
        }
        let copy: Vec<u8> = dumper.into_writer().unwrap();
        let [mut ours, _] = mixed(&copy);
        let [mut theirs, _] = mixed(&two_linktypes());
        let [ours, theirs] = [&mut ours, &mut theirs].map(|c| read_all(c).unwrap());
        assert_eq!(origins(&ours), origins(&theirs));
        assert_eq!(ours, theirs);
    }
}

/// Nothing is left of the file when this crate takes over from libpcap.
#[cfg(unix)]
#[test]
fn a_file_that_was_emptied_is_an_error() {
    let bytes = Pcapng::new(Order::NATIVE).interface(USB, 0, &[]).bytes();
    for length in [0, 20, 28, 40] {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&bytes).unwrap();
        file.rewind().unwrap();
        let mut capture = Capture::from_open_file(file.try_clone().unwrap()).unwrap();
        file.set_len(length).unwrap();
        let error = capture.mix_linktypes().unwrap_err();
        let (kind, why) = match length {
            0 => (ErrorKind::SavefileTruncated, "the file is empty"),
            28 => (ErrorKind::SavefileBad, "no interface"),
            20 => (ErrorKind::SavefileTruncated, "byte 0"),
            _ => (ErrorKind::SavefileTruncated, "byte 28"),
        };
        assert!(error.text().contains(why), "{error}");
        assert_eq!(error.kind(), kind, "{error}");
    }
}
