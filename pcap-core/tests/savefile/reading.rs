//! The reading calls on savefiles: what each returns, how they count, and that each continues after the others without
//! losing or repeating a packet.
use std::net::IpAddr;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use crate::support::files::{
    MICRO, Order, Pcap, both, number, open, open_file, ping, pings, read_all, ways,
};
use pcap_core::{
    AnyCapture, Capture, CompileOptions, Dlt, Done, End, ErrorKind, Filter, Next, Offline, Packet,
    PacketOwned, Readable, Stop,
};

/// More than libpcap reads in one dispatch of this crate, and no multiple of it.
const MANY: u16 = 2500;

fn done(packets: u64, stop: impl Into<Stop>) -> Done {
    Done::new(packets, stop)
}

// Shows: libpcap/savefile-cannot-made-non, parity/packet-bytes-time-length
#[test]
fn each_packet_comes_once_and_then_the_end() {
    for mut capture in ways(MANY) {
        for n in 0..MANY {
            let packet = capture.next_packet().unwrap().expect("a packet");
            assert_eq!(packet.data(), ping(n));
        }
        assert!(capture.next_packet().unwrap().is_none());
        assert_eq!(capture.ended(), Some(End::Eof));
    }
    for mut capture in ways(3) {
        for n in 0..3 {
            let next = capture.try_next_packet().unwrap();
            assert_eq!(number(next.packet().unwrap().data()), n);
            assert_eq!(capture.ended(), None);
        }
        assert_eq!(capture.try_next_packet().unwrap(), Next::End(End::Eof));
        assert_eq!(capture.ended(), Some(End::Eof));
    }
}

/// The end of a file and a timeout are different. libpcap has no non-blocking mode for savefiles; non-blocking reads
/// work nevertheless.
// Shows: libpcap/0-timeout-device-end
#[test]
fn a_deadline_does_not_end_a_savefile() {
    for timeout in [Duration::ZERO, Duration::from_nanos(1), Duration::MAX] {
        for mut capture in ways(3) {
            for n in 0..3 {
                let next = capture.next_packet_timeout(timeout).unwrap();
                assert_eq!(number(next.packet().unwrap().data()), n);
            }
            let end = capture.next_packet_timeout(timeout).unwrap();
            assert_eq!(
                end,
                Next::End(End::Eof),
                "lost meaning: the end is no timeout"
            );
        }
    }
}

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

/// libpcap has one header and one buffer for all packets of a capture.
// Shows: libpcap/header-bytes-nextex-overwritten
#[test]
fn advance_and_packet_lend_the_same() {
    for mut capture in ways(4) {
        assert_eq!(capture.packet(), None, "before the first read");
        assert!(capture.advance().unwrap());
        let (first, again) = (capture.packet().unwrap(), capture.packet().unwrap());
        assert_eq!(first, again);
        assert_eq!(first.data(), ping(0));
        assert_eq!(capture.next_packet().unwrap().unwrap().data(), ping(1));
        assert_eq!(capture.packet().unwrap().data(), ping(1));
        assert_eq!(capture.for_each_up_to(1, |_| {}).unwrap().packets(), 1);
        assert_eq!(capture.packet(), None, "after a call with a closure");
        assert!(capture.advance().unwrap());
        assert_eq!(capture.packet().unwrap().data(), ping(3));
        assert!(!capture.advance().unwrap());
        assert_eq!(capture.packet(), None, "after the end");
    }
}

// Shows: libpcap/count-0-less-means, parity/hand-packets-closure-number
#[test]
fn dispatch_takes_none_some_or_all() {
    for mut capture in ways(MANY) {
        let none = capture.dispatch_up_to(0, |_| panic!("a packet")).unwrap();
        assert_eq!(none, done(0, Stop::Count));
        assert_eq!(capture.ended(), None);
        let mut seen = Vec::new();
        let mut keep = |packet: Packet<'_>| seen.push(number(packet.data()));
        assert_eq!(
            capture.dispatch_up_to(1, &mut keep).unwrap(),
            done(1, Stop::Count)
        );
        assert_eq!(
            capture.dispatch_up_to(1500, &mut keep).unwrap(),
            done(1500, Stop::Count)
        );
        let all = capture.dispatch(&mut keep).unwrap();
        assert_eq!(all, done(u64::from(MANY) - 1501, End::Eof));
        assert_eq!(capture.ended(), Some(End::Eof));
        assert_eq!(seen, (0..MANY).collect::<Vec<_>>());
        let after = capture.dispatch(|_| {}).unwrap();
        assert_eq!(after, done(0, End::Eof));
        assert_eq!(
            capture.dispatch_up_to(0, |_| {}).unwrap(),
            done(0, Stop::Count)
        );
    }
}

/// A limit above `c_int::MAX` causes no panic, and does not mean "forever" as in libpcap below 1.
// Shows: libpcap/loop-cannot-stop-count, parity/loop-count-ever-over
// Shows: parity/loop-cannot-stop-count
#[test]
fn a_count_above_c_int_is_a_large_count() {
    const LARGE: u64 = 1 << 31;
    for count in [LARGE - 1, LARGE, LARGE + 1, 1 << 32, 1 << 63, u64::MAX] {
        for mut capture in ways(3) {
            let all = capture.for_each_up_to(count, |_| {}).unwrap();
            assert_eq!(all, done(3, End::Eof), "{count}");
        }
        for mut capture in ways(3) {
            let all = capture.dispatch_up_to(count, |_| {}).unwrap();
            assert_eq!(all, done(3, End::Eof), "{count}");
        }
    }
}

/// A loop counts what it delivered.
// Shows: libpcap/loop-cannot-stop-count, parity/loop-count-ever-over
// Shows: parity/loop-cannot-stop-count
#[test]
fn for_each_up_to_counts_exactly() {
    for count in [0, 1, 1023, 1024, 1025, 2048, 2499, 2500] {
        for mut capture in ways(MANY) {
            let mut seen = 0;
            let counted = capture.for_each_up_to(count, |_| seen += 1).unwrap();
            assert_eq!(counted, done(count, Stop::Count));
            assert_eq!(seen, count);
            let rest = capture.for_each(|_| {}).unwrap();
            assert_eq!(rest, done(u64::from(MANY) - count, End::Eof));
        }
    }
}

/// A loop can be stopped from inside.
// Shows: libpcap/loop-cannot-stop-count, parity/error-panic-closure-reaches
// Shows: parity/loop-cannot-stop-count
#[test]
fn for_each_can_stop_with_a_value() {
    for stop_at in [0u16, 1, 1023, 1024, 2499] {
        for mut capture in ways(MANY) {
            let flow = capture.try_for_each(|packet| match number(packet.data()) {
                n if n == stop_at => ControlFlow::Break(packet.into_owned()),
                _ => ControlFlow::Continue(()),
            });
            let ControlFlow::Break(packet) = flow.unwrap() else {
                panic!("not stopped");
            };
            assert_eq!(packet.data(), ping(stop_at));
            // The next call, of either kind, sees no stale break.
            if stop_at % 2 == 0 {
                if let Some(packet) = capture.next_packet().unwrap() {
                    assert_eq!(number(packet.data()), stop_at + 1);
                }
            } else {
                let rest = u64::from(MANY - stop_at - 1);
                assert_eq!(capture.for_each(|_| {}).unwrap(), done(rest, End::Eof));
            }
        }
    }
    for mut capture in ways(MANY) {
        let flow = capture.try_for_each(|_| ControlFlow::<()>::Continue(()));
        let all = done(MANY.into(), End::Eof);
        assert_eq!(flow.unwrap(), ControlFlow::Continue(all));
    }
}

/// Reads to the end with a different call each time.
fn by_all_calls<S: Readable>(capture: &mut Capture<S>) -> Vec<u16> {
    let mut seen = Vec::new();
    for turn in 0.. {
        let mut keep = |packet: Packet<'_>| seen.push(number(packet.data()));
        match turn % 7 {
            0 => capture.next_packet().unwrap().into_iter().for_each(keep),
            1 => {
                let next = capture.try_next_packet().unwrap();
                next.packet().into_iter().for_each(keep);
            }
            2 => assert!(
                capture
                    .dispatch_up_to(turn as u64 % 40, keep)
                    .unwrap()
                    .packets()
                    <= 39
            ),
            3 => assert!(capture.for_each_up_to(turn as u64 % 30, keep).is_ok()),
            4 => {
                let flow = capture.try_for_each(|packet| {
                    keep(packet);
                    ControlFlow::Break(())
                });
                let _ = flow.unwrap();
            }
            5 => capture.packets().take(turn % 5).for_each(|packet| {
                keep(packet.unwrap().as_packet());
            }),
            _ => {
                if capture.advance().unwrap() {
                    keep(capture.packet().unwrap());
                }
            }
        }
        if capture.ended() == Some(End::Eof) {
            return seen;
        }
    }
    seen
}

/// In C, a callback registered for one type may get a pointer to another: here closures of any type and size read
/// captures within each other.
// Shows: libpcap/callback-registered-type-gets, parity/callback-type-gets-pointer
#[test]
fn closures_of_any_type_nest() {
    fn look(packet: Packet<'_>) {
        assert_eq!(packet.data(), ping(number(packet.data())));
    }
    for mut outer in ways(3) {
        let large = [7_u64; 100];
        let mut seen = Vec::new();
        let all = outer.for_each(move |packet| {
            let mut inner = open_file(&pings(2));
            let text = format!("{}", number(packet.data()));
            let mut keep = |packet: Packet<'_>| seen.push((text.clone(), number(packet.data())));
            let closure: &mut dyn FnMut(Packet<'_>) = &mut keep;
            assert_eq!(inner.for_each(closure).unwrap(), done(2, End::Eof));
            let mut inner = open_file(&pings(1));
            assert_eq!(inner.dispatch_up_to(9, look).unwrap(), done(1, End::Eof));
            assert_eq!(large, [7; 100]);
            look(packet);
            let last = number(packet.data()).to_string();
            assert_eq!(seen[seen.len() - 2..], [(last.clone(), 0), (last, 1)]);
        });
        assert_eq!(all.unwrap(), done(3, End::Eof));
    }
}

#[test]
fn all_calls_in_turn_lose_nothing() {
    for mut capture in ways(MANY) {
        assert_eq!(by_all_calls(&mut capture), (0..MANY).collect::<Vec<_>>());
    }
    for capture in ways(MANY) {
        let mut any = AnyCapture::from(capture);
        assert_eq!(by_all_calls(&mut any), (0..MANY).collect::<Vec<_>>());
    }
}

/// Other bindings transmute between the states of a capture: here each state keeps its own type.
// Shows: libpcap/callback-registered-type-gets, parity/callback-type-gets-pointer
#[test]
fn any_capture_is_the_savefile_it_was_made_from() {
    let mut any = AnyCapture::from(open_file(&pings(2)));
    assert!(any.as_active().is_none() && any.as_active_mut().is_none());
    assert!(!any.is_live());
    assert_eq!(any.stats().unwrap(), None);
    assert_eq!(any.as_savefile().unwrap().format_version(), (2, 4));
    any.as_savefile_mut().unwrap().follow(true).unwrap();
    assert!(any.as_savefile().unwrap().is_followed());
    any.as_savefile_mut().unwrap().follow(false).unwrap();
    assert_eq!(any.snaplen(), 262_144);
    any.set_filter("icmp[6:2] = 1").unwrap();
    assert_eq!(any.next_packet().unwrap().unwrap().data(), ping(1));
    any.break_handle().breakloop();
    assert!(any.next_packet().unwrap().is_none());
    assert_eq!(any.ended(), Some(End::Break));
    assert!(any.next_packet().unwrap().is_none());
    assert_eq!(any.ended(), Some(End::Eof));
    assert!(format!("{any:?}").contains("Offline"));
}

#[test]
fn a_capture_moves_to_another_thread() {
    for mut capture in ways(MANY) {
        for n in 0..5 {
            assert!(capture.advance().unwrap());
            capture = std::thread::spawn(move || {
                // The packet that was read there is lent here.
                assert_eq!(capture.packet().unwrap().data(), ping(2 * n));
                assert!(capture.advance().unwrap());
                assert_eq!(capture.packet().unwrap().data(), ping(2 * n + 1));
                capture
            })
            .join()
            .unwrap();
        }
        let rest = capture.for_each(|_| {}).unwrap();
        assert_eq!(rest, done(u64::from(MANY) - 10, End::Eof));
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

#[test]
fn empty_and_largest_packets_are_packets() {
    let large: Vec<u8> = (0..262_144u32).map(|n| (n % 251) as u8).collect();
    let file = Pcap::native()
        .packet(1, 1, b"")
        .packet(2, 2, &large)
        .packet(3, 3, b"");
    for mut capture in both(file.bytes()) {
        let packets: Vec<PacketOwned> = capture.packets().map(Result::unwrap).collect();
        assert_eq!(packets.len(), 3);
        assert_eq!(packets[0].data(), b"");
        assert_eq!(packets[1].data(), large);
        assert_eq!(packets[2].data(), b"");
    }
}

/// A callback's data lies in libpcap's buffer, so kept packets are copies.
// Shows: libpcap/callback-gets-lies-kernels
#[test]
fn owned_packets_outlive_the_capture() {
    let mut capture = open(pings(5));
    let packets: Vec<PacketOwned> = capture.packets().map(Result::unwrap).collect();
    drop(capture);
    let thread = std::thread::spawn(move || packets.iter().map(|p| number(p.data())).sum::<u16>());
    assert_eq!(thread.join().unwrap(), 10);
}

// Shows: parity/iterate-language-channel-packets
#[test]
fn the_iterator_gives_the_capture_back() {
    for capture in ways(3) {
        let mut packets = capture.into_packets();
        assert_eq!(packets.by_ref().count(), 3);
        assert!(packets.next().is_none());
        let capture: Capture<Offline> = packets.into_inner();
        assert_eq!(capture.ended(), Some(End::Eof));
    }
}

#[test]
#[cfg_attr(emulated, ignore = "measures time")]
fn a_large_file_is_read_in_bounded_time() {
    // Not a benchmark: a call that looked at all of it again for each packet would take minutes.
    let start = Instant::now();
    for mut capture in ways(60_000) {
        assert_eq!(capture.for_each(|_| {}).unwrap().packets(), 60_000);
    }
    for mut capture in ways(60_000) {
        assert_eq!(capture.packets().count(), 60_000);
    }
    assert!(start.elapsed() < Duration::from_secs(30));
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

#[test]
fn captures_are_iterated_over() {
    let numbers = |packets: Vec<PacketOwned>| -> Vec<u16> {
        packets.iter().map(|packet| number(packet.data())).collect()
    };
    for mut capture in ways(20) {
        let mut first = Vec::new();
        for packet in &mut capture {
            first.push(packet.unwrap());
            if first.len() == 5 {
                break;
            }
        }
        assert_eq!(numbers(first), [0, 1, 2, 3, 4]);
        let mut packets = capture.packets();
        packets.next().unwrap().unwrap();
        assert_eq!(packets.get_ref().datalink(), Dlt::EN10MB);
        let mut rest = capture.into_packets_with(|packet| number(packet.data()));
        assert_eq!(rest.next().unwrap().unwrap(), 6);
        assert_eq!(rest.get_ref().ended(), None);
        assert_eq!(rest.by_ref().count(), 13);
        assert_eq!(rest.into_inner().ended(), Some(End::Eof));
    }
    for capture in ways(3) {
        let all: Result<Vec<_>, _> = capture.into_iter().collect();
        assert_eq!(numbers(all.unwrap()), [0, 1, 2]);
    }
}
