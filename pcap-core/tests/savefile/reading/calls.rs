//! What each call returns and how it counts.

use std::ops::ControlFlow;
use std::sync::mpsc;
use std::time::Duration;

use pcap_core::{
    AnyCapture, Capture, Dlt, Done, End, Error, ErrorKind, Next, Offline, Packet, PacketBatch,
    PacketOwned, Readable, Stop,
};

use super::{MANY, done};
use crate::support::files::{self, number, open_file, ping, pings, ways};

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

/// A call that a break or a count of 0 ends before it reads lends no packet either.
#[test]
fn a_call_without_a_read_ends_the_loan() {
    type Call = fn(&mut Capture<Offline>);
    let broken: [Call; 4] = [
        |capture| assert!(!capture.advance().unwrap()),
        |capture| assert_eq!(capture.try_next_packet().unwrap(), Next::End(End::Break)),
        |capture| assert_eq!(capture.for_each(|_| {}).unwrap(), done(0, End::Break)),
        |capture| assert!(!capture.read_batch(&mut PacketBatch::new()).unwrap()),
    ];
    for mut capture in ways(9) {
        for call in broken {
            assert!(capture.advance().unwrap());
            capture.break_handle().breakloop();
            call(&mut capture);
            assert_eq!(capture.packet(), None);
        }
        assert!(capture.advance().unwrap());
        capture.for_each_up_to(0, |_| {}).unwrap();
        assert_eq!(capture.packet(), None);
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

// Shows: parity/error-panic-closure-reaches
#[test]
fn try_dispatch_stops_with_a_value() {
    for stop_at in [0u16, 1, 1023, 1024, 2499] {
        for mut capture in ways(MANY) {
            let flow = capture.try_dispatch(|packet| match number(packet.data()) {
                n if n == stop_at => ControlFlow::Break(packet.into_owned()),
                _ => ControlFlow::Continue(()),
            });
            let ControlFlow::Break(packet) = flow.unwrap() else {
                panic!("not stopped");
            };
            assert_eq!(packet.data(), ping(stop_at));
            let rest = capture.try_dispatch(|_| ControlFlow::<()>::Continue(()));
            let all = done(u64::from(MANY - stop_at - 1), End::Eof);
            assert_eq!(rest.unwrap(), ControlFlow::Continue(all));
        }
    }
}

/// The call returns the closure's type of error, also for its own errors.
// Shows: parity/error-panic-closure-reaches
#[test]
fn an_error_of_the_closure_ends_the_call() {
    #[derive(Debug, PartialEq)]
    enum Failed {
        Full(u16),
        Read(ErrorKind),
    }
    impl From<Error> for Failed {
        fn from(error: Error) -> Failed {
            Failed::Read(error.kind())
        }
    }
    fn full_at(last: u16) -> impl Fn(Packet<'_>) -> Result<(), Failed> {
        move |packet| match number(packet.data()) {
            n if n == last => Err(Failed::Full(n)),
            _ => Ok(()),
        }
    }
    for mut capture in ways(20) {
        assert_eq!(capture.try_for_each(full_at(3)), Err(Failed::Full(3)));
        assert_eq!(capture.try_dispatch(full_at(7)), Err(Failed::Full(7)));
        let next = capture.next_packet().unwrap().expect("a packet");
        assert_eq!(number(next.data()), 8);
        assert_eq!(capture.try_dispatch(full_at(99)), Ok(done(11, End::Eof)));
        assert_eq!(capture.try_for_each(full_at(99)), Ok(done(0, End::Eof)));
    }
    let mut bytes = pings(10);
    bytes.truncate(bytes.len() - 1);
    for mut capture in files::both(&bytes) {
        let truncated = || Err(Failed::Read(ErrorKind::SavefileTruncated));
        assert_eq!(capture.try_for_each(full_at(99)), truncated());
        assert_eq!(capture.try_dispatch(full_at(99)), truncated());
    }
}

/// Without `_` arms, so this does not compile if an outcome gets another variant.
#[test]
fn outcomes_match_without_a_wildcard() {
    fn of_end(end: End) -> &'static str {
        match end {
            End::Eof => "eof",
            End::Break => "break",
        }
    }
    fn of_stop(stop: Stop) -> &'static str {
        match stop {
            Stop::Count => "count",
            Stop::Empty => "empty",
            Stop::End(end) => of_end(end),
        }
    }
    fn of_next<T>(next: Next<T>) -> &'static str {
        match next {
            Next::Packet(_) => "packet",
            Next::Timeout => "timeout",
            Next::End(end) => of_end(end),
        }
    }
    for (next, text, doubled) in [
        (Next::Packet(7), "packet", Some(14)),
        (Next::Timeout, "timeout", None),
        (Next::End(End::Eof), "eof", None),
        (Next::End(End::Break), "break", None),
    ] {
        assert_eq!(of_next(next), text);
        let mapped = next.map(|number| 2 * number);
        assert_eq!((of_next(mapped), mapped.packet()), (text, doubled));
    }
    assert_eq!(of_stop(Stop::Count), "count");
    assert_eq!(of_stop(Stop::Empty), "empty");
    assert_eq!(of_stop(End::Break.into()), "break");
}

#[test]
fn outcomes_go_through_channels() {
    let (sender, receiver) = mpsc::channel::<Next<PacketOwned>>();
    let reader = std::thread::spawn(move || {
        let mut capture = open_file(&pings(2));
        for _ in 0..3 {
            let next = capture.try_next_packet().unwrap();
            sender.send(next.map(Packet::into_owned)).unwrap();
        }
    });
    let all: Vec<_> = receiver.iter().collect();
    reader.join().unwrap();
    let [Next::Packet(first), Next::Packet(second), last] = &all[..] else {
        panic!("{all:?}");
    };
    assert_eq!((number(first.data()), number(second.data())), (0, 1));
    assert_eq!(*last, Next::End(End::Eof));
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

// Shows: parity/hand-packets-closure-number, parity/capture-1-takes-returns
#[test]
fn dispatch_takes_all_that_is_there() {
    for mut capture in ways(1500) {
        let mut seen = Vec::new();
        assert_eq!(
            capture.dispatch_up_to(0, |_| panic!("none")).unwrap(),
            Done::new(0, Stop::Count)
        );
        let all = capture
            .dispatch(|packet| seen.push(number(packet.data())))
            .unwrap();
        assert_eq!(all, Done::new(1500, End::Eof));
        assert_eq!(seen, (0..1500).collect::<Vec<_>>());
        for _ in 0..10 {
            let nothing = capture.dispatch(|_| panic!("none")).unwrap();
            assert_eq!(nothing, Done::new(0, End::Eof));
        }
    }
    // Also for a file without packets.
    for mut capture in ways(0) {
        let nothing = capture.dispatch(|_| panic!("none")).unwrap();
        assert_eq!(nothing, Done::new(0, End::Eof));
    }
}

// Shows: parity/loop-runs-count-error
#[test]
fn a_loop_runs_to_the_count_or_an_error() {
    let mut bytes = pings(10);
    bytes.truncate(bytes.len() - 1);
    for mut capture in files::both(&bytes) {
        let mut seen = Vec::new();
        let done = capture
            .for_each_up_to(4, |packet| seen.push(number(packet.data())))
            .unwrap();
        assert_eq!((done.packets(), done.stop()), (4, Stop::Count));
        let error = capture
            .for_each_up_to(100, |packet| seen.push(number(packet.data())))
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::SavefileTruncated, "{error}");
        assert_eq!(seen, (0..9).collect::<Vec<_>>());
    }
}

// Shows: parity/end-file-error
#[test]
fn the_end_of_a_file_is_not_an_error() {
    for capture in [0, 3].into_iter().flat_map(ways) {
        let mut capture = capture;
        for packet in capture.packets() {
            packet.unwrap();
        }
        for _ in 0..3 {
            assert!(capture.next_packet().unwrap().is_none());
            assert_eq!(capture.ended(), Some(End::Eof));
            assert_eq!(capture.try_next_packet().unwrap(), Next::End(End::Eof));
            let next = capture.next_packet_timeout(Duration::from_secs(60));
            assert_eq!(next.unwrap(), Next::End(End::Eof));
            let done = capture.for_each_up_to(1, |_| ()).unwrap();
            assert_eq!(done.stop(), Stop::End(End::Eof));
            assert!(capture.packets().next().is_none());
        }
        // A break at the end is a break, and then it is the end again.
        capture.break_handle().breakloop();
        assert_eq!(capture.try_next_packet().unwrap(), Next::End(End::Break));
        assert_eq!(capture.try_next_packet().unwrap(), Next::End(End::Eof));
    }
}
