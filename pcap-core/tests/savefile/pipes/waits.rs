//! What ends a wait for more.

use std::io::Write;
use std::ops::ControlFlow;
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use pcap_core::{Capture, CompileOptions, End, Next, Offline, PacketBatch, Stop};

use super::{files_start, kinds, not_plain, opened, other_order, pipe, rest};
use crate::support::cpu::cpu_time;
use crate::support::files::{Order, Pcap, Pcapng, number, ping, pings, pings_ng};
use crate::support::random::Random;

/// A reader that waits in `read` only notices a break when data arrives, possibly never.
// Shows: libpcap/savefile-pipe-waited-inside
#[test]
fn a_break_ends_a_wait_within_a_record() {
    type Reads = fn(&mut Capture<Offline>) -> Option<Stop>;
    let reads: [Reads; 6] = [
        |c| {
            assert!(!c.read_batch(&mut PacketBatch::new()).unwrap());
            c.ended().map(Stop::End)
        },
        |c| {
            assert!(c.next_packet().unwrap().is_none());
            c.ended().map(Stop::End)
        },
        |c| match c.next_packet_timeout(Duration::MAX).unwrap() {
            Next::End(End::Break) => c.ended().map(Stop::End),
            other => panic!("{other:?}"),
        },
        |c| Some(c.for_each(|_| panic!("a packet")).unwrap().stop()),
        |c| Some(c.dispatch_up_to(5, |_| panic!("a packet")).unwrap().stop()),
        |c| {
            assert!(c.packets().next().is_none());
            c.ended().map(Stop::End)
        },
    ];
    for (kind, bytes) in kinds() {
        let (start, end) = (files_start(&bytes), bytes.len());
        // Before the first packet, in its header, in its data, and in the last packet.
        for first in [start, start + 7, start + 40, end - 90, end - 1] {
            let (mut capture, mut writer) = opened(&bytes, first);
            let mut seen = 0;
            while let Next::Packet(packet) = capture.try_next_packet().unwrap() {
                assert_eq!(number(packet.data()), seen, "{kind}");
                seen += 1;
            }
            for read in reads {
                let handle = capture.break_handle();
                let asked = thread::spawn(move || {
                    thread::sleep(Duration::from_millis(10));
                    let now = Instant::now();
                    handle.breakloop();
                    now
                });
                assert_eq!(
                    read(&mut capture),
                    Some(Stop::End(End::Break)),
                    "{kind} {first}"
                );
                let took = asked.join().unwrap().elapsed();
                // Without the break, it would never end.
                assert!(took < Duration::from_secs(10), "{kind}: {took:?}");
            }
            writer.write_all(&bytes[first..]).unwrap();
            drop(writer);
            rest(&mut capture, seen, 3);
        }
    }
}

// Shows: libpcap/savefile-pipe-waited-inside
#[test]
fn a_deadline_holds_and_a_look_is_prompt() {
    for (kind, bytes) in kinds() {
        let first = files_start(&bytes) + 30;
        let (mut capture, mut writer) = opened(&bytes, first);
        for millis in [0, 1, 30] {
            let wanted = Duration::from_millis(millis);
            let start = Instant::now();
            let next = capture.next_packet_timeout(wanted).unwrap();
            assert_eq!(next, Next::Timeout, "{kind}");
            let took = start.elapsed();
            let most = wanted + Duration::from_millis(100);
            assert!(took >= wanted && took < most, "{kind}: {took:?}");
        }
        assert_eq!(capture.try_next_packet().unwrap(), Next::Timeout);
        assert_eq!(capture.ended(), None, "a wait is not the end");
        // All but the last byte: two packets.
        writer.write_all(&bytes[first..bytes.len() - 1]).unwrap();
        let cut = u16::from(!kind.contains("with more"));
        for n in 0..3 - cut {
            let next = capture.next_packet_timeout(Duration::from_secs(10));
            assert_eq!(number(next.unwrap().packet().unwrap().data()), n, "{kind}");
        }
        let next = capture.next_packet_timeout(Duration::from_millis(5));
        assert_eq!(next.unwrap(), Next::Timeout, "{kind}");
        writer.write_all(&bytes[bytes.len() - 1..]).unwrap();
        drop(writer);
        rest(&mut capture, 3 - cut, 3);
        assert_eq!(capture.try_next_packet().unwrap(), Next::End(End::Eof));
    }
}

/// A poll that always returns at once would be a busy loop.
#[test]
fn waiting_for_a_pipe_takes_no_processor_time() {
    for (kind, bytes) in kinds() {
        let (mut capture, _writer) = opened(&bytes, files_start(&bytes) + 30);
        let before = cpu_time();
        let next = capture.next_packet_timeout(Duration::from_millis(500));
        assert_eq!(next.unwrap(), Next::Timeout);
        let used = cpu_time() - before;
        assert!(used < Duration::from_millis(50), "{kind}: {used:?}");
    }
}

#[test]
fn breaks_all_the_time_lose_nothing() {
    for bytes in [pings(5000), pings_ng(5000), not_plain(5000)] {
        let (reader, mut writer) = pipe();
        let broken = Arc::new(AtomicU32::new(0));
        let seen_by_writer = broken.clone();
        let slowly = thread::spawn(move || {
            let mut random = Random::new(5);
            let mut rest = &bytes[..];
            while !rest.is_empty() {
                let length = (1 + random.below(3000)).min(rest.len());
                // The last bytes come after enough breaks.
                while length == rest.len() && seen_by_writer.load(SeqCst) <= 10 {
                    thread::sleep(Duration::from_micros(100));
                }
                writer.write_all(&rest[..length]).unwrap();
                rest = &rest[length..];
                thread::sleep(Duration::from_micros(100));
            }
        });
        let mut capture = Capture::from_open_file(reader).unwrap();
        let handle = capture.break_handle();
        let breaks = thread::spawn(move || {
            while !slowly.is_finished() {
                handle.breakloop();
                thread::sleep(Duration::from_micros(150));
            }
            slowly.join().unwrap();
        });
        let mut seen = Vec::new();
        for turn in 0.. {
            let end = match turn % 4 {
                0 => capture
                    .for_each(|p| seen.push(number(p.data())))
                    .unwrap()
                    .stop(),
                1 => {
                    let done = capture.dispatch_up_to(7, |p| seen.push(number(p.data())));
                    done.unwrap().stop()
                }
                2 => match capture
                    .next_packet_timeout(Duration::from_micros(50))
                    .unwrap()
                {
                    Next::Packet(packet) => {
                        seen.push(number(packet.data()));
                        Stop::Count
                    }
                    Next::Timeout => Stop::Empty,
                    Next::End(end) => Stop::End(end),
                },
                _ => {
                    let flow = capture.try_for_each(|p| ControlFlow::Break(number(p.data())));
                    match flow.unwrap() {
                        ControlFlow::Break(n) => {
                            seen.push(n);
                            Stop::Count
                        }
                        ControlFlow::Continue(done) => done.stop(),
                    }
                }
            };
            broken.fetch_add(u32::from(end == Stop::End(End::Break)), SeqCst);
            if end == Stop::End(End::Eof) {
                break;
            }
        }
        breaks.join().unwrap();
        assert_eq!(seen, (0..5000).collect::<Vec<_>>());
    }
}

/// With a filter that rejects everything, the reader waits without returning a packet.
#[test]
fn a_filtered_pipe_keeps_to_deadlines() {
    for bytes in [pings(50), pings_ng(50), not_plain(50)] {
        let (mut capture, writer) = opened(&bytes, bytes.len());
        capture
            .set_filter(("less 20", CompileOptions::new()))
            .unwrap();
        let next = capture.next_packet_timeout(Duration::from_millis(20));
        assert_eq!(next.unwrap(), Next::Timeout);
        let handle = capture.break_handle();
        handle.breakloop();
        assert_eq!(
            capture.for_each(|_| ()).unwrap().stop(),
            Stop::End(End::Break)
        );
        drop(writer);
        assert_eq!(
            capture.for_each(|_| ()).unwrap().stop(),
            Stop::End(End::Eof)
        );
    }
}

/// With a writer that is always ahead of the reader, and a slow filter that rejects everything, deadlines and
/// non-blocking reads once waited until the writer paused.
#[test]
fn an_endless_pipe_keeps_to_deadlines() {
    let slow: Vec<_> = (0..100).map(|n| format!("len = {}", 1000 + n)).collect();
    let slow = slow.join(" or ");
    let small = |file: Pcap| {
        let file = (0..30_000).fold(file, |file, n| file.packet(n, 0, &[0; 64][..1]));
        file.bytes()
    };
    let blocks = Pcapng::new(Order::NATIVE).interface(1, 0, &[]);
    let blocks = (0..30_000).fold(blocks, |file, n| file.packet(0, n, 1, &[0]));
    for (kind, bytes) in [
        ("classic", small(Pcap::native())),
        ("read by libpcap", small(Pcap::native().linktype(189))),
        ("pcapng", blocks.bytes()),
    ] {
        let (reader, mut writer) = pipe();
        // So that the reader does not catch up with a writer that waits for a CPU.
        #[cfg(target_os = "linux")]
        // SAFETY: takes numbers; the pipe is open.
        unsafe {
            libc::fcntl(writer.as_raw_fd(), libc::F_SETPIPE_SZ, 1 << 20)
        };
        let start = files_start(&bytes);
        let writer = thread::spawn(move || {
            writer.write_all(&bytes[..start]).unwrap();
            let end = Instant::now() + Duration::from_secs(20);
            while Instant::now() < end && writer.write_all(&bytes[start..]).is_ok() {}
        });
        let mut capture = Capture::from_open_file(reader).unwrap();
        capture.set_filter(slow.as_str()).unwrap();
        for millis in [0, 50] {
            let wanted = Duration::from_millis(millis);
            let start = Instant::now();
            let next = capture.next_packet_timeout(wanted).unwrap();
            assert_eq!(next, Next::Timeout, "{kind}");
            let took = start.elapsed();
            assert!(took >= wanted && took < Duration::from_secs(15), "{took:?}");
        }
        let start = Instant::now();
        assert_eq!(capture.try_next_packet().unwrap(), Next::Timeout, "{kind}");
        assert!(start.elapsed() < Duration::from_secs(15), "{kind}");
        // Rejected packets do not delay an accepted one.
        capture.set_filter("len = 1").unwrap();
        assert_eq!(capture.next_packet().unwrap().unwrap().data(), [0]);
        drop(capture);
        writer.join().unwrap();
    }
}

/// However many packets were read before, the next one is there as soon as it has arrived.
#[test]
fn a_look_finds_each_packet_that_has_arrived() {
    for bytes in [pings(100), pings_ng(100), not_plain(100)] {
        let (start, mut seen) = (files_start(&bytes), 0);
        let (mut capture, mut writer) = opened(&bytes, start);
        for piece in bytes[start..].chunks(60) {
            writer.write_all(piece).unwrap();
            while let Next::Packet(packet) = capture.try_next_packet().unwrap() {
                assert_eq!(number(packet.data()), seen);
                seen += 1;
            }
            // Nothing is lost while nothing is there.
            assert_eq!(capture.try_next_packet().unwrap(), Next::Timeout);
        }
        assert_eq!(seen, 100);
    }
}

/// Packets of D-Bus may be longer than others; libpcap once waited for them, and for all after them.
#[test]
fn a_very_long_packet_is_waited_for() {
    let long = vec![7; 20 << 20];
    let record = Pcap::native().linktype(231).snaplen(1 << 27);
    let block = Pcapng::new(other_order()).interface(231, 0, &[]);
    let length = long.len() as u32;
    for (bytes, until) in [
        (
            record.packet(1, 0, &long).packet(2, 0, &ping(1)).bytes(),
            24,
        ),
        (
            block
                .packet(0, 1, length, &long)
                .packet(0, 2, 98, &ping(1))
                .bytes(),
            48,
        ),
    ] {
        let (mut capture, mut writer) = opened(&bytes, until + 300);
        let next = capture.next_packet_timeout(Duration::from_millis(5));
        assert_eq!(next.unwrap(), Next::Timeout);
        capture.break_handle().breakloop();
        assert!(capture.next_packet().unwrap().is_none());
        let (part, last) = bytes.split_at(bytes.len() - 1);
        let (part, last) = (part[until + 300..].to_vec(), last.to_vec());
        let writing = thread::spawn(move || {
            writer.write_all(&part).unwrap();
            writer
        });
        assert!(capture.next_packet().unwrap().unwrap().data() == long);
        let mut writer = writing.join().unwrap();
        let next = capture.next_packet_timeout(Duration::from_millis(5));
        assert_eq!(next.unwrap(), Next::Timeout);
        writer.write_all(&last).unwrap();
        assert_eq!(capture.next_packet().unwrap().unwrap().data(), ping(1));
    }
}

/// libpcap once had the packets while the call waited for the pipe.
#[test]
fn a_batch_contains_at_once_what_the_pipe_holds() {
    for (kind, bytes) in kinds() {
        let (mut capture, _writer) = opened(&bytes, bytes.len());
        let (mut batch, mut seen) = (PacketBatch::new(), 0);
        while seen < 3 {
            let next = capture.try_read_batch(&mut batch).unwrap();
            assert_eq!(next, Next::Packet(()), "{kind}, {seen}");
            for packet in &batch {
                assert_eq!(number(packet.data()), seen, "{kind}");
                seen += 1;
            }
        }
    }
}

/// A batch does not wait for more packets than there are, and not for the rest of a record.
#[test]
fn a_batch_contains_what_the_pipe_holds() {
    for (kind, bytes) in kinds() {
        let (start, end) = (files_start(&bytes), bytes.len());
        let (mut capture, mut writer) = opened(&bytes, start);
        let mut batch = PacketBatch::new();
        assert_eq!(capture.try_read_batch(&mut batch).unwrap(), Next::Timeout);
        let mut seen = 0;
        for piece in bytes[start..end].chunks(130) {
            writer.write_all(piece).unwrap();
            let next = capture.read_batch_timeout(&mut batch, Duration::from_millis(20));
            assert_eq!(
                next.unwrap() == Next::Packet(()),
                !batch.is_empty(),
                "{kind}"
            );
            for packet in &batch {
                assert_eq!(number(packet.data()), seen, "{kind}");
                seen += 1;
            }
        }
        drop(writer);
        rest(&mut capture, seen, 3);
    }
}

/// A record may be as long as libpcap permits for its link type. For a longer one there is nothing to wait.
#[test]
fn the_longest_record_of_a_link_type_is_waited_for() {
    let mib = 1 << 20;
    for (linktype, longest) in [
        (1, 262_144),
        (189, 262_144),
        (249, mib),
        (279, 8 * mib),
        (231, 128 * mib),
    ] {
        for (length, fits) in [(longest, true), (longest + 1, false)] {
            let file = Pcap::native().linktype(linktype);
            let bytes = file
                .record([1, 2, length, length], b"the beginning")
                .bytes();
            let (mut capture, writer) = opened(&bytes, bytes.len());
            // A read that waits for the rest must not last for ever.
            let (checked, is_checked) = mpsc::channel();
            let closing = thread::spawn(move || {
                let _ = is_checked.recv_timeout(Duration::from_secs(10));
                drop(writer);
            });
            let next = capture.next_packet_timeout(Duration::from_millis(5));
            match next {
                Ok(next) => assert!(fits && next == Next::Timeout, "{linktype}: {next:?}"),
                Err(error) => {
                    assert!(!fits, "{linktype}: {error}");
                    assert!(error.text().contains(&length.to_string()), "{error}");
                }
            }
            checked.send(()).unwrap();
            closing.join().unwrap();
        }
    }
}

/// A look does not wait for the rest of a record that is damaged: the packet before it is there.
#[test]
fn a_packet_before_damage_is_there_at_once() {
    for (kind, mut bytes) in kinds() {
        if kind.starts_with("pcapng") {
            continue;
        }
        // The time and a length that no packet has, but not the rest of the header.
        bytes.extend([0xff; 12]);
        let (mut capture, writer) = opened(&bytes, bytes.len());
        // A read that waits for the rest must not last for ever.
        let (checked, is_checked) = mpsc::channel();
        let closing = thread::spawn(move || {
            let in_time = is_checked.recv_timeout(Duration::from_secs(20)).is_ok();
            drop(writer);
            in_time
        });
        for n in 0..3 {
            let next = capture.try_next_packet().unwrap();
            let packet = next.packet().unwrap_or_else(|| panic!("{kind}: {n}"));
            assert_eq!(number(packet.data()), n, "{kind}");
        }
        checked.send(()).unwrap();
        assert!(closing.join().unwrap(), "{kind}");
        assert!(capture.next_packet().is_err(), "{kind}");
    }
}
