//! Breaks and panics while a savefile is read: what a call returns, and that later reads neither lose nor repeat a
//! packet.
use crate::support::files;

use std::io::{Cursor, Read};
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Barrier, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use crate::support::files::{Order, Pcapng, number, ping, pings, ways};
use pcap_core::{
    BreakHandle, Capture, CompileOptions, Dlt, Done, End, Next, Offline, Packet, PacketBatch, Stop,
};

const MANY: u16 = 2500;

fn done(packets: u64, stop: impl Into<Stop>) -> Done {
    Done::new(packets, stop)
}

/// Reads the rest, which must be these numbers.
fn rest(capture: &mut Capture<Offline>, from: u16, to: u16) {
    let mut seen = Vec::new();
    let all = capture.for_each(|packet| seen.push(number(packet.data())));
    assert_eq!(all.unwrap(), done((to - from).into(), End::Eof));
    assert_eq!(seen, (from..to).collect::<Vec<_>>());
}

/// `pcap_next_ex` returns -2 both for the end of a savefile and for a break; a flag that stays set also ends the read
/// after it.
// Shows: libpcap/nextex-answers-2-end
#[test]
fn a_break_before_a_read_ends_that_read() {
    for mut capture in ways(3) {
        let handle = capture.break_handle();
        handle.breakloop();
        handle.clone().breakloop(); // several count as one
        assert!(capture.next_packet().unwrap().is_none());
        assert_eq!(capture.ended(), Some(End::Break), "a break is not the end");
        assert_eq!(number(capture.next_packet().unwrap().unwrap().data()), 0);
        assert_eq!(capture.ended(), None);
        rest(&mut capture, 1, 3);
    }
}

/// A break is reported neither as the end, nor as an error with an empty text.
// Shows: libpcap/nextex-answers-2-end, parity/break-more-packets-error
#[test]
fn each_reading_call_says_that_it_was_a_break() {
    for mut capture in ways(MANY) {
        let handle = capture.break_handle();
        let broken = || handle.breakloop();

        broken();
        assert_eq!(capture.try_next_packet().unwrap(), Next::End(End::Break));
        broken();
        let next = capture
            .next_packet_timeout(Duration::from_secs(60))
            .unwrap();
        assert_eq!(next, Next::End(End::Break));
        broken();
        assert!(!capture.advance().unwrap());
        assert_eq!(capture.ended(), Some(End::Break));
        broken();
        assert_eq!(
            capture.dispatch_up_to(5, |_| {}).unwrap(),
            done(0, End::Break)
        );
        broken();
        assert_eq!(capture.for_each(|_| {}).unwrap(), done(0, End::Break));
        broken();
        assert_eq!(
            capture.for_each_up_to(5, |_| {}).unwrap(),
            done(0, End::Break)
        );
        broken();
        let flow = capture.try_for_each(|_| ControlFlow::Break(()));
        assert_eq!(flow.unwrap(), ControlFlow::Continue(done(0, End::Break)));
        broken();
        assert!(capture.packets().next().is_none());
        assert_eq!(capture.ended(), Some(End::Break));
        rest(&mut capture, 0, MANY);
    }
}

#[test]
fn a_break_between_reads_ends_the_second() {
    for mut capture in ways(MANY) {
        let handle = capture.break_handle();
        for n in 0..300 {
            assert_eq!(number(capture.next_packet().unwrap().unwrap().data()), n);
            handle.breakloop();
            assert!(capture.next_packet().unwrap().is_none());
            assert_eq!(capture.ended(), Some(End::Break));
        }
        rest(&mut capture, 300, MANY);
    }
}

/// In a closure only the break handle is accessible, and it works there.
// Shows: libpcap/callback-closes-reads-reconfigures
#[test]
fn a_break_in_the_closure_ends_the_loop() {
    // Before the end of the first slice, at it, after it; with and without packets read ahead by single reads.
    for stop_at in [0, 1, 126, 127, 128, 1022, 1023, 1024, 1025, MANY - 2] {
        for single in [0, 1, 5] {
            for mut capture in ways(MANY) {
                for _ in 0..single.min(stop_at) {
                    assert!(capture.advance().unwrap());
                }
                let before = single.min(stop_at);
                let handle = capture.break_handle();
                let mut seen = Vec::new();
                let broken = capture.for_each(|packet| {
                    seen.push(number(packet.data()));
                    if seen.last() == Some(&stop_at) {
                        handle.breakloop();
                    }
                });
                assert_eq!(seen, (before..=stop_at).collect::<Vec<_>>());
                let packets = (stop_at - before + 1).into();
                assert_eq!(broken.unwrap(), done(packets, End::Break));
                assert_eq!(capture.ended(), Some(End::Break));
                // libpcap still reports that break afterwards; it is stale.
                rest(&mut capture, stop_at + 1, MANY);
            }
        }
    }
}

#[test]
fn a_break_at_the_last_packet_then_the_end() {
    for mut capture in ways(3) {
        let handle = capture.break_handle();
        let broken = capture.for_each(|packet| {
            if number(packet.data()) == 2 {
                handle.breakloop();
            }
        });
        assert_eq!(broken.unwrap(), done(3, End::Break));
        assert_eq!(capture.for_each(|_| {}).unwrap(), done(0, End::Eof));
    }
}

/// After a break in a savefile, libpcap's loop first returns the count, and then -2 from the next read.
// Shows: libpcap/loop-over-savefile-answers, parity/break-more-packets-error
#[test]
fn no_stale_break_reaches_a_later_read() {
    for mut capture in ways(MANY) {
        let mut expected = 0;
        while expected < MANY - 1 {
            let flow = capture.try_for_each(|packet| ControlFlow::Break(number(packet.data())));
            assert_eq!(flow.unwrap(), ControlFlow::Break(expected));
            let packet = capture.next_packet().unwrap().expect("not a break");
            assert_eq!(number(packet.data()), expected + 1);
            expected += 2;
        }
    }
}

// Shows: libpcap/break-handle-being-closed
#[test]
fn a_late_break_does_no_harm() {
    for mut capture in ways(1) {
        let handle = capture.break_handle();
        assert_eq!(capture.for_each(|_| {}).unwrap().packets(), 1);
        handle.breakloop();
        assert_eq!(capture.try_next_packet().unwrap(), Next::End(End::Break));
        assert_eq!(capture.try_next_packet().unwrap(), Next::End(End::Eof));
        drop(capture);
        for _ in 0..1000 {
            handle.breakloop();
        }
    }
}

#[test]
fn a_broken_iterator_is_over() {
    for mut capture in ways(10) {
        let handle = capture.break_handle();
        let mut packets = capture.packets();
        assert!(packets.next().is_some());
        handle.breakloop();
        assert!(packets.next().is_none());
        assert!(packets.next().is_none());
        assert_eq!(capture.ended(), Some(End::Break));
        assert_eq!(capture.packets().count(), 9);
    }
}

#[test]
fn a_break_ends_a_read_that_finds_nothing() {
    // An endless reader, so that only the break can end the read.
    struct Endless {
        bytes: Vec<u8>,
        position: usize,
    }
    impl std::io::Read for Endless {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            if self.position == self.bytes.len() {
                self.position = 24;
            }
            let rest = &self.bytes[self.position..];
            let length = rest.len().min(buffer.len());
            buffer[..length].copy_from_slice(&rest[..length]);
            self.position += length;
            Ok(length)
        }
    }
    let reads: [fn(&mut Capture<Offline>) -> Stop; 4] = [
        |capture| {
            assert!(!capture.read_batch(&mut PacketBatch::new()).unwrap());
            Stop::End(capture.ended().unwrap())
        },
        |capture| {
            assert!(capture.next_packet().unwrap().is_none());
            Stop::End(capture.ended().unwrap())
        },
        |capture| capture.for_each(|_| panic!("a packet")).unwrap().stop(),
        |capture| {
            capture
                .dispatch_up_to(1, |_| panic!("a packet"))
                .unwrap()
                .stop()
        },
    ];
    let bytes = pings(1000);
    let endless = Endless { bytes, position: 0 };
    let mut capture = Capture::from_reader(endless).unwrap();
    capture.set_filter("udp").unwrap();
    for read in reads {
        let handle = capture.break_handle();
        let breaker = thread::spawn(move || {
            thread::sleep(Duration::from_millis(100));
            handle.breakloop();
            Instant::now()
        });
        assert_eq!(read(&mut capture), Stop::End(End::Break));
        let late = breaker.join().unwrap().elapsed();
        assert!(late < Duration::from_secs(5), "{late:?}");
    }
    capture.set_filter("").unwrap();
    assert!(capture.next_packet().unwrap().is_some());
}

#[test]
fn a_break_ends_a_read_of_a_file_by_path() {
    // Half a million records, and a slow filter: reading to the end takes seconds.
    let record = files::Pcap::native().packet(1, 1, &[0; 20]);
    let header = record.header();
    let bytes = [&header[..], &record.bytes()[24..].repeat(500_000)].concat();
    let folder = tempfile::tempdir().unwrap();
    let path = files::file(folder.path(), "a.pcap", &bytes);
    let tests: Vec<_> = (1..=250)
        .map(|n| format!("ether[{}] = {n}", n % 20))
        .collect();
    let options = CompileOptions::new().optimize(false);
    let filter = options.compile(Dlt::EN10MB, &tests.join(" or ")).unwrap();
    // Breaks once, and returns whether that was in the middle. On a busy machine the break may come before the read,
    // or after its end.
    let is_broken_midway = |by_closure: bool| {
        let mut capture = Capture::from_file(&path).unwrap();
        capture.set_filter(&filter).unwrap();
        let handle = capture.break_handle();
        let begun = Barrier::new(2);
        let end = thread::scope(|scope| {
            scope.spawn(|| {
                begun.wait();
                thread::sleep(Duration::from_millis(20));
                handle.breakloop();
            });
            begun.wait();
            if by_closure {
                let read = capture.for_each(|_| {}).unwrap();
                assert_eq!(read.packets(), 0);
                read.stop()
            } else {
                assert!(capture.next_packet().unwrap().is_none());
                Stop::End(capture.ended().unwrap())
            }
        });
        if end == Stop::End(End::Eof) {
            return false;
        }
        assert_eq!(end, Stop::End(End::Break));
        capture.set_filter("").unwrap();
        let rest = capture.for_each(|_| {}).unwrap();
        assert_eq!(rest.stop(), Stop::End(End::Eof));
        (1..500_000).contains(&rest.packets())
    };
    for by_closure in [true, false] {
        assert!(
            (0..20).any(|_| is_broken_midway(by_closure)),
            "{by_closure}"
        );
    }
}

#[test]
fn breaks_of_another_thread_lose_nothing() {
    for mut capture in ways(20_000) {
        let handle = capture.break_handle();
        let stop = AtomicBool::new(false);
        let begun = Barrier::new(2);
        let mut seen = Vec::new();
        let mut breaks = 0;
        thread::scope(|scope| {
            scope.spawn(|| {
                handle.breakloop();
                begun.wait();
                while !stop.load(Ordering::Relaxed) {
                    handle.breakloop();
                    thread::yield_now();
                }
            });
            begun.wait();
            for turn in 0.. {
                let mut keep = |packet: Packet<'_>| seen.push(number(packet.data()));
                let end = match turn % 3 {
                    0 => capture.for_each(keep).unwrap().stop(),
                    1 => capture.dispatch_up_to(100, keep).unwrap().stop(),
                    _ => {
                        let _ = capture.next_packet().unwrap().map(&mut keep);
                        capture.ended().map_or(Stop::Count, Stop::End)
                    }
                };
                breaks += u32::from(end == Stop::End(End::Break));
                if end == Stop::End(End::Eof) {
                    break;
                }
            }
            stop.store(true, Ordering::Relaxed);
        });
        assert_eq!(seen, (0..20_000).collect::<Vec<_>>());
        assert!(breaks > 0);
    }
}

/// In other bindings, a panic in a C callback aborts, or skips what libpcap does after the callback.
// Shows: libpcap/panic-callback-aborts-passes, parity/error-panic-closure-reaches
#[test]
fn a_panic_of_the_closure_loses_nothing() {
    type Read = fn(&mut Capture<Offline>, &mut dyn FnMut(Packet<'_>));
    let reads: [Read; 4] = [
        |capture, f| drop(capture.for_each(f)),
        |capture, f| drop(capture.dispatch(f)),
        |capture, f| drop(capture.for_each_up_to(2000, f)),
        |capture, f| {
            drop(capture.try_for_each(|packet| {
                f(packet);
                ControlFlow::<()>::Continue(())
            }))
        },
    ];
    for panic_at in [0u16, 1, 500, 1023, 1024] {
        for read in reads {
            for single in [false, true] {
                for mut capture in ways(MANY) {
                    let first = u16::from(single && panic_at > 0);
                    if first == 1 {
                        assert!(capture.advance().unwrap());
                    }
                    let mut seen = Vec::new();
                    let panic = catch_unwind(AssertUnwindSafe(|| {
                        read(&mut capture, &mut |packet| {
                            seen.push(number(packet.data()));
                            if seen.last() == Some(&panic_at) {
                                resume_unwind(Box::new(format!("at {panic_at}")));
                            }
                        });
                    }));
                    let payload = panic.expect_err("the panic").downcast::<String>();
                    assert_eq!(*payload.unwrap(), format!("at {panic_at}"));
                    assert_eq!(seen, (first..=panic_at).collect::<Vec<_>>());
                    rest(&mut capture, panic_at + 1, MANY);
                }
            }
        }
    }
}

#[test]
fn a_panic_leaves_a_break_for_the_next() {
    for mut capture in ways(5) {
        let handle = capture.break_handle();
        let panic = catch_unwind(AssertUnwindSafe(|| {
            capture.for_each(|_| {
                handle.breakloop();
                panic!("on purpose");
            })
        }));
        assert!(panic.is_err());
        assert_eq!(capture.try_next_packet().unwrap(), Next::End(End::Break));
        rest(&mut capture, 1, 5);
    }
}

/// libpcap itself looks for a break at packets only, however many blocks come before the next one. The next read
/// continues where the break was.
#[test]
fn a_break_among_blocks_that_libpcap_reads_loses_nothing() {
    type Slot = Arc<Mutex<Option<BreakHandle>>>;
    /// Breaks the capture once, at the second read.
    struct Breaking(Cursor<Vec<u8>>, Slot, Arc<AtomicU32>);
    impl Read for Breaking {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            if let Some(handle) = &*self.1.lock().unwrap() {
                if self.2.fetch_add(1, Ordering::SeqCst) == 1 {
                    handle.breakloop();
                }
            }
            let most = buffer.len().min(1000);
            self.0.read(&mut buffer[..most])
        }
    }
    // Packets of this link type are libpcap's.
    let file = Pcapng::new(Order::NATIVE).interface(189, 0, &[]);
    let file = file.packet(0, 1, 98, &ping(0));
    let file = (0..1000).fold(file, |file, _| file.block(0xbad, &[7; 300]));
    let bytes = file.packet(0, 2, 98, &ping(1)).bytes();
    let slot = Slot::default();
    let reads = Arc::new(AtomicU32::new(0));
    let reader = Breaking(Cursor::new(bytes), slot.clone(), reads.clone());
    let mut capture = Capture::from_reader(reader).unwrap();
    assert_eq!(number(capture.next_packet().unwrap().unwrap().data()), 0);
    *slot.lock().unwrap() = Some(capture.break_handle());
    assert!(capture.next_packet().unwrap().is_none());
    assert_eq!(capture.ended(), Some(End::Break));
    assert!(reads.load(Ordering::SeqCst) < 10);
    rest(&mut capture, 1, 2);
}

/// libpcap has read all packets of an old file with the first.
#[test]
fn a_break_ends_a_read_of_packets_that_libpcap_has_read() {
    let mut file = files::Pcap::native().version(2, 3);
    for n in 0..5 {
        file = file.packet(1, 2, &ping(n));
    }
    let folder = tempfile::tempdir().unwrap();
    let path = files::file(folder.path(), "a", &file.bytes());
    let mut capture = Capture::from_file(path).unwrap();
    let handle = capture.break_handle();
    assert_eq!(number(capture.next_packet().unwrap().unwrap().data()), 0);
    let mut seen = Vec::new();
    let read = capture.for_each(|packet| {
        seen.push(number(packet.data()));
        if seen.len() == 2 {
            handle.breakloop();
        }
    });
    assert_eq!((read.unwrap(), seen), (done(2, End::Break), vec![1, 2]));
    rest(&mut capture, 3, 5);
}
