//! Savefiles that arrive slowly through a pipe: breaks, deadlines and non-blocking reads end a wait at once, at any
//! position within a record, and lose nothing.

use std::fs::File;
use std::io::{self, Read, Write};
use std::ops::ControlFlow;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use crate::support::cpu::cpu_time;
use crate::support::files::{Order, Pcap, Pcapng, Random, number, ping, pings, pings_in, pings_ng};
use pcap_core::{
    Capture, CompileOptions, Done, End, Error, ErrorKind, Next, Offline, PacketOwned, Stop,
};

/// Returns both ends of a pipe.
fn pipe() -> (File, File) {
    let mut fds = [0; 2];
    // SAFETY: the array has room for the two numbers.
    assert_eq!(unsafe { libc::pipe(fds.as_mut_ptr()) }, 0);
    fds.iter().for_each(|&fd| {
        // SAFETY: takes numbers.
        unsafe { libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC) };
    });
    // SAFETY: just opened, and without another owner.
    fds.map(|fd| unsafe { std::os::fd::FromRawFd::from_raw_fd(fd) })
        .into()
}

fn other_order() -> Order {
    match Order::NATIVE {
        Order::Little => Order::Big,
        Order::Big => Order::Little,
    }
}

/// Returns the pings as USB packets, whose content libpcap reads itself.
fn not_plain(count: u16) -> Vec<u8> {
    let file = Pcap::native().linktype(189);
    (0..count)
        .fold(file, |file, n| file.packet(n.into(), 0, &ping(n)))
        .bytes()
}

/// Returns records of which one has a fraction that only libpcap interprets.
fn odd_one_in(count: u16) -> Vec<u8> {
    let file = Pcap::native();
    let odd = |n| u32::from(n == 1) * 0x8000_0000;
    (0..count)
        .fold(file, |file, n| file.packet(n.into(), odd(n), &ping(n)))
        .bytes()
}

/// Returns a block without a packet after each packet, and a second section.
fn blocks_between(count: u16) -> Vec<u8> {
    let file = Pcapng::new(other_order()).interface(1, 0, &[]);
    let file = (0..count).fold(file, |file, n| {
        let file = file.packet(0, n.into(), 98, &ping(n));
        file.block(4, &[0; 4]).block(0xbad, &[7; 300])
    });
    file.bytes()
}

/// Returns what libpcap and the fast path read, with the start of the first packet and the end of the second.
fn kinds() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("classic", pings(3)),
        ("swapped", pings_in(other_order(), 3)),
        ("read by libpcap", not_plain(3)),
        ("odd", odd_one_in(3)),
        ("pcapng", pings_ng(3)),
        ("pcapng with more", blocks_between(3)),
    ]
}

/// Opens a capture of the first bytes, and returns the writing end for the others.
fn opened(bytes: &[u8], first: usize) -> (Capture<Offline>, File) {
    let (reader, mut writer) = pipe();
    writer.write_all(&bytes[..first]).unwrap();
    (Capture::from_open_file(reader).unwrap(), writer)
}

fn rest(capture: &mut Capture<Offline>, from: u16, to: u16) {
    let mut seen = Vec::new();
    let all = capture.for_each(|packet| seen.push(number(packet.data())));
    let packets = (to - from).into();
    let end = End::Eof;
    assert_eq!(all.unwrap(), Done::new(packets, end));
    assert_eq!(seen, (from..to).collect::<Vec<_>>());
}

/// A reader that waits in `read` only notices a break when data arrives, possibly never.
// Shows: libpcap/savefile-pipe-waited-inside
#[test]
fn a_break_ends_a_wait_within_a_record() {
    type Reads = fn(&mut Capture<Offline>) -> Option<Stop>;
    let reads: [Reads; 5] = [
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
                assert!(took < Duration::from_millis(200), "{kind}: {took:?}");
            }
            writer.write_all(&bytes[first..]).unwrap();
            drop(writer);
            rest(&mut capture, seen, 3);
        }
    }
}

/// Returns the start of the first packet.
fn files_start(bytes: &[u8]) -> usize {
    match bytes[0] {
        0x0a => 28 + 20,
        _ => 24,
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
    let slow: Vec<_> = (0..400).map(|n| format!("len = {}", 1000 + n)).collect();
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
            assert!(took >= wanted && took < Duration::from_secs(5), "{took:?}");
        }
        let start = Instant::now();
        assert_eq!(capture.try_next_packet().unwrap(), Next::Timeout, "{kind}");
        assert!(start.elapsed() < Duration::from_secs(5), "{kind}");
        // Rejected packets do not delay an accepted one.
        capture.set_filter("len = 1").unwrap();
        assert_eq!(capture.next_packet().unwrap().unwrap().data(), [0]);
        drop(capture);
        writer.join().unwrap();
    }
}

#[test]
fn sockets_and_terminals_wait_like_pipes() {
    for (kind, bytes) in kinds() {
        let (reader, mut writer) = UnixStream::pair().unwrap();
        writer.write_all(&bytes[..bytes.len() - 1]).unwrap();
        let mut capture = Capture::from_open_file(OwnedFd::from(reader).into()).unwrap();
        let handle = capture.break_handle();
        let mut seen = 0;
        while let Next::Packet(_) = capture.try_next_packet().unwrap() {
            seen += 1;
        }
        assert!(seen >= 2, "{kind}");
        let asked = thread::spawn(move || {
            thread::sleep(Duration::from_millis(10));
            handle.breakloop();
        });
        assert_eq!(
            capture.for_each(|_| ()).unwrap().stop(),
            Stop::End(End::Break),
            "{kind}"
        );
        asked.join().unwrap();
        writer.write_all(&bytes[bytes.len() - 1..]).unwrap();
        drop(writer);
        rest(&mut capture, seen, 3);
    }

    let (mut terminal, bytes) = (terminal(), pings(2));
    let (controller, device) = (&mut terminal.0, terminal.1.try_clone().unwrap());
    controller.write_all(&bytes[..bytes.len() - 5]).unwrap();
    let mut capture = Capture::from_open_file(device).unwrap();
    assert!(capture.next_packet().unwrap().is_some());
    let next = capture.next_packet_timeout(Duration::from_millis(20));
    assert_eq!(next.unwrap(), Next::Timeout);
    capture.break_handle().breakloop();
    assert!(capture.next_packet().unwrap().is_none());
    controller.write_all(&bytes[bytes.len() - 5..]).unwrap();
    assert_eq!(number(capture.next_packet().unwrap().unwrap().data()), 1);
}

/// Returns a terminal in raw mode.
fn terminal() -> (File, File) {
    let (mut controller, mut device) = (0, 0);
    let (name, settings, size) = (
        std::ptr::null_mut(),
        std::ptr::null_mut(),
        std::ptr::null_mut(),
    );
    // SAFETY: the numbers are local variables for the result; the other pointers may be null.
    let status = unsafe { libc::openpty(&mut controller, &mut device, name, settings, size) };
    assert_eq!(status, 0, "{}", io::Error::last_os_error());
    // SAFETY: a structure of plain numbers.
    let mut raw: libc::termios = unsafe { std::mem::zeroed() };
    // SAFETY: the descriptor is open, and the structure a local variable.
    unsafe { libc::tcgetattr(device, &mut raw) };
    // SAFETY: as above.
    unsafe { libc::cfmakeraw(&mut raw) };
    // SAFETY: as above.
    unsafe { libc::tcsetattr(device, libc::TCSANOW, &raw) };
    // SAFETY: both were just opened, and have no other owner.
    [controller, device]
        .map(|fd| unsafe { std::os::fd::FromRawFd::from_raw_fd(fd) })
        .into()
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

/// A pipe that the other end set to non-blocking mode once caused an error, also when it was opened.
#[test]
fn a_pipe_in_non_blocking_mode_is_waited_for() {
    for (kind, bytes) in kinds() {
        let start = files_start(&bytes);
        for first in [0, 2, 10, start - 1, start + 3] {
            let (reader, mut writer) = pipe();
            writer.write_all(&bytes[..first]).unwrap();
            // SAFETY: takes numbers; the pipe is open.
            let status =
                unsafe { libc::fcntl(reader.as_raw_fd(), libc::F_SETFL, libc::O_NONBLOCK) };
            assert_eq!(status, 0);
            let (head, late) = bytes[first..].split_at((start + 3).saturating_sub(first));
            let (head, late) = (head.to_vec(), late.to_vec());
            let (go_on, wait) = std::sync::mpsc::channel();
            let writer = thread::spawn(move || {
                thread::sleep(Duration::from_millis(10));
                writer.write_all(&head).unwrap();
                wait.recv().unwrap();
                thread::sleep(Duration::from_millis(10));
                writer.write_all(&late).unwrap();
            });
            let mut capture = Capture::from_open_file(reader).unwrap();
            let next = capture.next_packet_timeout(Duration::from_millis(5));
            assert_eq!(next.unwrap(), Next::Timeout, "{kind}");
            go_on.send(()).unwrap();
            rest(&mut capture, 0, 3);
            writer.join().unwrap();
        }
    }
}

/// Whatever a savefile contains, and in whatever pieces it arrives: packets, errors and their texts are those of the
/// same bytes in a file.
#[test]
fn damaged_pipes_are_read_as_files() {
    fn all(capture: Result<Capture<Offline>, Error>) -> (Vec<PacketOwned>, String) {
        let mut capture = match capture {
            Ok(capture) => capture,
            Err(error) => return (Vec::new(), error.to_string()),
        };
        let mut packets = Vec::new();
        loop {
            match capture.next_packet() {
                Ok(Some(packet)) => packets.push(packet.into_owned()),
                Ok(None) => return (packets, format!("{:?}", capture.ended())),
                Err(error) => return (packets, error.to_string()),
            }
        }
    }
    let mut random = Random::new(20);
    let mut failed = 0;
    let seeds: Vec<_> = kinds().into_iter().map(|(_, bytes)| bytes).collect();
    for turn in 0..600 {
        let mut bytes = seeds[turn % seeds.len()].clone();
        for _ in 0..random.below(4) {
            let at = random.below(bytes.len());
            bytes[at] = match random.below(4) {
                0 => 0,
                1 => 0xff,
                _ => random.below(256) as u8,
            };
        }
        if random.below(3) == 0 {
            bytes.truncate(random.below(bytes.len()));
        }
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&bytes).unwrap();
        io::Seek::rewind(&mut file).unwrap();
        let by_file = all(Capture::from_open_file(file));
        failed += u32::from(by_file.1.starts_with("cannot"));

        let (reader, mut writer) = pipe();
        let parts = random.below(4);
        let writer = thread::spawn({
            let (mut random, bytes) = (Random::new(turn as u64), bytes.clone());
            move || {
                let mut rest = &bytes[..];
                while !rest.is_empty() {
                    let most = [rest.len(), 200, 40, 9][parts];
                    let length = (1 + random.below(most)).min(rest.len());
                    // The capture may have ended already.
                    if writer.write_all(&rest[..length]).is_err() {
                        break;
                    }
                    rest = &rest[length..];
                    // Rarely: on a busy machine each takes long.
                    if random.below(20) == 0 {
                        thread::yield_now();
                    }
                }
            }
        });
        let by_pipe = all(Capture::from_open_file(reader));
        assert_eq!(by_pipe, by_file, "turn {turn}: {bytes:x?}");
        writer.join().unwrap();
    }
    assert!(failed > 100, "{failed}");
}

/// A reader that cannot be polled is unchanged: the break is noticed after its read returns.
#[test]
fn a_foreign_reader_sees_a_break_after_it() {
    type Slot = Arc<Mutex<Option<pcap_core::BreakHandle>>>;
    struct Slow(io::Cursor<Vec<u8>>, Slot);
    impl Read for Slow {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            if let Some(handle) = self.1.lock().unwrap().as_ref() {
                handle.breakloop();
            }
            let most = buffer.len().min(120);
            self.0.read(&mut buffer[..most])
        }
    }
    let slot = Slot::default();
    let reader = Slow(io::Cursor::new(pings(3)), slot.clone());
    let mut capture = Capture::from_reader(reader).unwrap();
    *slot.lock().unwrap() = Some(capture.break_handle());
    let (mut seen, mut broken) = (0, 0);
    loop {
        match capture.try_next_packet().unwrap() {
            Next::Packet(_) => seen += 1,
            Next::End(End::Break) => broken += 1,
            Next::End(End::Eof) => break,
            Next::Timeout => panic!("expected a wait"),
        }
    }
    assert_eq!(seen, 3);
    assert!(broken > 0);
}

/// The other end is closed with unread data: the connection is reset after what it wrote.
#[test]
fn a_connection_that_is_reset_is_an_error() {
    for (kind, bytes) in kinds() {
        let start = files_start(&bytes);
        for (length, packets) in [(start, 0), (start + 7, 0), (bytes.len(), 3)] {
            let (ours, mut theirs) = UnixStream::pair().unwrap();
            theirs.write_all(&bytes[..length]).unwrap();
            (&ours).write_all(b"not read").unwrap();
            let mut capture = Capture::from_open_file(File::from(OwnedFd::from(ours))).unwrap();
            drop(theirs);
            let mut seen = 0;
            let error = capture.for_each(|_| seen += 1).unwrap_err();
            assert_eq!(seen, packets, "{kind}, {length}");
            let reset = ErrorKind::Io(io::ErrorKind::ConnectionReset);
            assert_eq!(error.kind(), reset, "{kind}, {length}: {error}");
            for _ in 0..3 {
                let again = capture.next_packet().unwrap_err();
                assert_eq!(again.to_string(), error.to_string(), "{kind}, {length}");
            }
        }
    }
}
