//! Filters on savefiles.

use std::net::IpAddr;
use std::process::Command;

use pcap_core::{CompileOptions, Dlt, End, ErrorKind, Filter, Insn, Next, Packet};

use super::{MANY, done, truncated_pings};
use crate::support::files::{
    self, MICRO, Order, Pcap, both, number, open, ping, read_all, tcp, udp, ways,
};

/// The end of a file and a timeout are different: libpcap's dispatch returns 0 for both.
// Shows: libpcap/0-timeout-device-end, parity/end-file-timeout-same
#[test]
fn an_empty_filter_ends_at_the_end() {
    for mut capture in ways(MANY) {
        capture.set_filter("udp").unwrap();
        assert_eq!(capture.try_next_packet().unwrap(), Next::End(End::Eof));
        assert_eq!(
            capture.dispatch_up_to(5, |_| {}).unwrap(),
            done(0, End::Eof)
        );
    }
    for mut capture in ways(MANY) {
        // Only one of the last pings.
        capture.set_filter("icmp[6:2] = 2490").unwrap();
        assert_eq!(
            capture.dispatch_up_to(5, |_| {}).unwrap(),
            done(1, End::Eof)
        );
    }
}

#[test]
fn a_changed_filter_holds_at_once() {
    let even = "icmp[6:2] & 1 = 0";
    let odd = "icmp[6:2] & 1 = 1";
    for mut capture in ways(400) {
        assert_eq!(number(capture.next_packet().unwrap().unwrap().data()), 0);
        for n in (1..399).step_by(4) {
            // Each filter rejects a packet that the next filter would accept, unless the earlier one was applied to
            // it.
            capture.set_filter(odd).unwrap();
            assert_eq!(number(capture.next_packet().unwrap().unwrap().data()), n);
            capture.set_filter(even).unwrap();
            assert_eq!(
                number(capture.next_packet().unwrap().unwrap().data()),
                n + 1
            );
            // No filter.
            capture.set_filter("").unwrap();
            assert_eq!(
                number(capture.next_packet().unwrap().unwrap().data()),
                n + 2
            );
            capture.set_filter("icmp").unwrap();
            let mut seen = Vec::new();
            let keep = |packet: Packet<'_>| seen.push(number(packet.data()));
            capture.for_each_up_to(1, keep).unwrap();
            if n + 3 < 400 {
                assert_eq!(seen, [n + 3]);
            }
        }
    }
}

/// libpcap's filters use the header's lengths, which may differ from the data's.
// Shows: libpcap/offlinefilter-believes-headers
#[test]
fn a_filter_sees_the_wire_length() {
    let file = Pcap::native()
        .record([1, 1, 60, 1514], &ping(0)[..60])
        .record([2, 2, 60, 60], &ping(1)[..60])
        .record([3, 3, 60, 10], &ping(2)[..60]);
    for mut capture in both(file.bytes()) {
        capture.set_filter("greater 1000").unwrap();
        let packets: Vec<_> = capture.packets().map(Result::unwrap).collect();
        assert_eq!(packets.len(), 1);
        assert_eq!(packets[0].wire_len(), 1514);
    }
    // Beyond the caplen there is nothing to match.
    for mut capture in both(file.bytes()) {
        capture
            .set_filter("ether[59] != 255 and ether[60] != 255")
            .unwrap();
        assert_eq!(capture.packets().count(), 0);
    }
}

/// A failed compilation leaves the C program unchanged: there is nothing to install or free.
// Shows: libpcap/failed-compilation-leaves-program, parity/go-without-filter-fails
#[test]
fn a_bad_filter_leaves_the_one_before() {
    for mut capture in ways(10) {
        capture.set_filter("icmp[6:2] > 7").unwrap();
        assert!(capture.set_filter("foobar and (").is_err());
        let numbers: Vec<_> = capture
            .packets_with(|packet| number(packet.data()))
            .collect();
        assert_eq!(numbers.len(), 2);
    }
}

/// The header of loopback packets depends on the system that wrote the file, which only the file reveals.
#[test]
fn a_filter_fits_the_files_system() {
    let options = CompileOptions::new();
    // Of IPv4, and of IPv6 on NetBSD, FreeBSD and macOS.
    let families = [2_u32, 24, 28, 30];
    // DLT_NULL, DLT_LOOP and DLT_ENC as savefiles number them.
    for (linktype, dlt) in [(0, Dlt::NULL), (108, Dlt::LOOP), (109, Dlt::ENC)] {
        for order in Order::BOTH {
            let mut savefile = Pcap::new(order, MICRO).linktype(linktype);
            for family in families {
                // Always in network byte order on OpenBSD.
                let family = match dlt {
                    Dlt::LOOP => family.to_be_bytes(),
                    _ => order.u32(family),
                };
                savefile = savefile.packet(1, 0, &[&family[..], &[0x60; 60]].concat());
            }
            for (expression, count) in [("ip", 1), ("ip6", 3), ("not ip", 3)] {
                let mut capture = open(savefile.bytes());
                capture.set_filter(expression).unwrap();
                let expected = read_all(&mut capture).unwrap().len();
                assert_eq!(expected, count, "{dlt} {order:?} {expression}");
                let filter = options.compile(dlt, expression).unwrap();
                for filter in [filter.clone(), filter.and(&filter).unwrap()] {
                    let mut capture = open(savefile.bytes());
                    capture.set_filter(&filter).unwrap();
                    let seen = read_all(&mut capture).unwrap().len();
                    assert_eq!(seen, expected, "{dlt} {order:?} {expression}");
                }
            }
            // All of them have these addresses.
            let v4: [u8; 4] = [0x60; 4];
            let v6: [u8; 16] = [0x60; 16];
            let list = Filter::any_of(dlt, [IpAddr::from(v4), v6.into()]).unwrap();
            for (filter, count) in [(list.clone(), 4), (!&list, 0)] {
                let mut capture = open(savefile.bytes());
                capture.set_filter(&filter).unwrap();
                assert_eq!(
                    read_all(&mut capture).unwrap().len(),
                    count,
                    "{dlt} {order:?}"
                );
            }
        }
    }
}

/// As `pcap_compile` does with the savefile's handle.
#[test]
fn a_savefile_compiles_filters_for_itself() {
    let options = CompileOptions::new();
    for snaplen in [96, 262_144] {
        let savefile = Pcap::native().snaplen(snaplen).packet(1, 0, &ping(1));
        let capture = open(savefile.bytes());
        let filter = options.snaplen(7).compile_for(&capture, "icmp").unwrap();
        assert_eq!(filter.run(&ping(1), 98), snaplen);
    }
    let savefile = Pcap::native().packet(1, 0, &ping(1));
    let mut capture = open(savefile.bytes());
    for (expression, text) in [
        ("ip and arp", "rejects all packets"),
        ("inbound", "not supported"),
        ("ifindex 1", "not supported"),
        ("port 80 and", "syntax error"),
    ] {
        let errors = [
            options.compile_for(&capture, expression).unwrap_err(),
            capture.set_filter(expression).unwrap_err(),
        ];
        for error in errors {
            assert_eq!(error.kind(), ErrorKind::FilterSyntax, "{error}");
            assert!(error.text().contains(text), "{error}");
        }
    }
    let usb = Pcap::native().linktype(189).packet(1, 0, &[0; 64]);
    let mut capture = open(usb.bytes());
    assert_eq!(
        options.compile_for(&capture, "tcp").unwrap_err().kind(),
        ErrorKind::FilterSyntax
    );
    assert!(capture.set_filter("tcp").is_err());
    assert_eq!(read_all(&mut capture).unwrap().len(), 1);
}

// Shows: parity/2-them-matches-ip
#[test]
fn every_ping_matches_ip_dst_host() {
    let mut capture = open(truncated_pings());
    let options = CompileOptions::new();
    let to = options
        .compile_for(&capture, "ip dst host 192.0.2.2")
        .unwrap();
    let from = options
        .compile_for(&capture, "ip dst host 192.0.2.1")
        .unwrap();
    let packets = read_all(&mut capture).unwrap();
    assert_eq!(packets.len(), 96);
    assert!(packets.iter().all(|packet| to.matches(packet.data())));
    assert!(!packets.iter().any(|packet| from.matches(packet.data())));

    let mut capture = open(truncated_pings());
    capture
        .set_filter("ip dst host 192.0.2.2 and icmp")
        .unwrap();
    assert_eq!(capture.for_each(|_| {}).unwrap().packets(), 96);
    let mut capture = open(truncated_pings());
    capture.set_filter("ip dst host 192.0.2.1").unwrap();
    assert_eq!(capture.next_packet().unwrap(), None);
    assert_eq!(capture.ended(), Some(End::Eof));
}

// Shows: parity/compile-without-device-match, parity/2-them-matches-ip
#[test]
#[cfg(unix)]
fn icmp_is_six_instructions() {
    let icmp = Filter::compile(Dlt::EN10MB, "icmp").unwrap();
    let expected = [
        Insn::new(0x28, 0, 0, 12),      // load the type of the frame
        Insn::new(0x15, 0, 3, 0x0800),  // IPv4, or else the last
        Insn::new(0x30, 0, 0, 23),      // load the protocol of the packet
        Insn::new(0x15, 0, 1, 1),       // ICMP, or else the last
        Insn::new(0x06, 0, 0, 262_144), // accept
        Insn::new(0x06, 0, 0, 0),       // leave it
    ];
    assert_eq!(icmp.instructions(), expected);
    let mut theirs = Command::new("tcpdump");
    let theirs = files::run(theirs.args(["-d", "-y", "EN10MB", "icmp"]));
    assert_eq!(theirs.lines().count(), 6);
    assert_eq!(icmp.to_string().trim_end(), theirs.trim_end());
    assert_eq!(
        [ping(0), tcp(0), udp()].map(|frame| icmp.matches(&frame)),
        [true, false, false]
    );
}

// Shows: parity/filter-instructions-instructions, parity/2-them-matches-ip
#[test]
fn no_and_4097_instructions_are_refused() {
    let program = |length: usize| vec![Insn::new(0x06, 0, 0, 96); length];
    let make = |length| Filter::from_instructions(Dlt::EN10MB, &program(length));
    for length in [0, 4097] {
        let error = make(length).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::FilterInvalid, "{length}: {error}");
        // No capture accepts one either, and its filter stays.
        let mut capture = open(truncated_pings());
        capture.set_filter("icmp").unwrap();
        let set = make(length).and_then(|filter| capture.set_filter(&filter));
        assert!(set.is_err());
        assert_eq!(capture.for_each(|_| {}).unwrap().packets(), 96);
    }
    for length in [1, 4096] {
        let filter = make(length).unwrap();
        assert_eq!(filter.instructions().len(), length);
        assert_eq!(filter.run(b"x", 1), 96);
    }
}

// Shows: parity/2-them-matches-ip
#[test]
fn foobar_is_an_error() {
    let error = Filter::compile(Dlt::EN10MB, "foobar").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::FilterSyntax);
    assert_eq!(error.object(), Some("foobar"));
    assert!(error.to_string().contains("foobar"), "{error}");
    let mut capture = open(truncated_pings());
    let error = capture.set_filter("foobar").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::FilterSyntax);
    assert_eq!(capture.for_each(|_| {}).unwrap().packets(), 96);
}

// Shows: parity/2-them-matches-ip
#[test]
fn syn_ack_ack_and_udp_are_told_apart() {
    const SYN_ACK: u8 = 0x12;
    const ACK: u8 = 0x10;
    let frames = [tcp(SYN_ACK), tcp(ACK), udp()];
    let files = Order::BOTH.map(|order| {
        let file = Pcap::new(order, MICRO);
        let packet = |file: Pcap, frame: &Vec<u8>| file.packet(1, 1, frame);
        frames.iter().fold(file, packet).bytes()
    });
    let ways = || files.iter().flat_map(both);
    let filters = [
        "tcp[tcpflags] & (tcp-syn|tcp-ack) == (tcp-syn|tcp-ack)",
        "tcp[tcpflags] & (tcp-syn|tcp-ack) == tcp-ack",
        "udp",
    ];
    // A filter that is changed between packets applies from the next one on: what the earlier one would have rejected
    // is not lost.
    for mut capture in ways() {
        for (filter, frame) in filters.iter().zip(&frames) {
            capture.set_filter(*filter).unwrap();
            let packet = capture.next_packet().unwrap();
            assert_eq!(packet.expect(filter).data(), frame);
        }
        assert!(capture.next_packet().unwrap().is_none());
    }
    // Each accepts only its own packet.
    for (filter, frame) in filters.iter().zip(&frames) {
        for mut capture in ways() {
            capture.set_filter(*filter).unwrap();
            let packets = read_all(&mut capture).unwrap();
            assert_eq!(packets.len(), 1, "{filter}");
            assert_eq!(packets[0].data(), frame);
        }
    }
}

/// A packet whose authentication header follows itself makes the loop of `ip protochain` endless in libpcap before
/// 1.10.7 (CVE-2026-6554). In the other byte order, libpcap reads cooked packets.
// Shows: libpcap/loop-protochain-endless
#[test]
fn a_packet_cannot_make_a_filter_endless() {
    const AUTHENTICATION: u8 = 51;
    const COOKED: u32 = 113;
    let packet = |protocol: u8| {
        let mut packet = [0; 64];
        packet[14] = 8;
        packet[16] = 0x45;
        packet[25] = protocol;
        packet[36..38].copy_from_slice(&[AUTHENTICATION, 3]);
        packet
    };
    for order in Order::BOTH {
        let file = Pcap::new(order, MICRO).linktype(COOKED);
        let file = file
            .packet(1, 0, &packet(6))
            .packet(2, 0, &packet(AUTHENTICATION))
            .packet(3, 0, &packet(6));
        for mut capture in both(file.bytes()) {
            capture.set_filter("ip protochain 6").unwrap();
            let mut seen = Vec::new();
            let keep = |packet: Packet<'_>| seen.push(packet.timestamp().secs());
            assert_eq!(capture.for_each_up_to(1, keep).unwrap().packets(), 1);
            let keep = |packet: Packet<'_>| seen.push(packet.timestamp().secs());
            assert_eq!(capture.dispatch(keep).unwrap(), done(1, End::Eof));
            assert_eq!(seen, [1, 3], "{order:?}");
        }
        for mut capture in both(file.bytes()) {
            capture.set_filter("ip protochain 6").unwrap();
            assert_eq!(read_all(&mut capture).unwrap().len(), 2);
        }
    }
}
