//! Savefiles that are followed while they are written.
#![cfg_attr(windows, allow(unused))] // some tests are for other systems only

use crate::support;
use crate::support::files;
use crate::support::random::Random;

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use crate::support::files::{MICRO, NANO, Order, Pcap, Pcapng, number, ping, pings};
use pcap_core::{Capture, Dlt, End, ErrorKind, Next, Offline, PacketOwned, Stop};

const MOMENT: Duration = Duration::from_millis(60);

/// Creates a file with a header, open for writing.
fn begun(folder: &Path, header: &Pcap) -> (PathBuf, File) {
    let path = files::file(folder, "a.pcap", &header.header());
    let file = OpenOptions::new().append(true).open(&path).unwrap();
    (path, file)
}

fn follow(path: &Path) -> Capture<Offline> {
    let mut capture = Capture::from_file(path).unwrap();
    assert!(!capture.is_followed());
    capture.follow(true).unwrap();
    assert!(capture.is_followed());
    capture
}

/// Returns the bytes of one record, without the file's header.
fn record(order: Order, magic: u32, number: u16) -> Vec<u8> {
    let whole = Pcap::new(order, magic).packet(7, 9, &ping(number));
    whole.bytes()[24..].to_vec()
}

#[test]
fn a_record_written_bytewise_is_read_once() {
    for order in [Order::Little, Order::Big] {
        for magic in [MICRO, NANO] {
            let folder = tempfile::tempdir().unwrap();
            let (path, mut file) = begun(folder.path(), &Pcap::new(order, magic));
            let mut capture = follow(&path);
            for n in 0..3 {
                let record = record(order, magic, n);
                for (at, byte) in record.iter().enumerate() {
                    assert_eq!(capture.try_next_packet().unwrap(), Next::Timeout, "{at}");
                    file.write_all(&[*byte]).unwrap();
                }
                let packet = capture.try_next_packet().unwrap().packet().unwrap();
                assert_eq!(packet.data(), ping(n));
                let nanos = if magic == NANO { 9 } else { 9000 };
                assert_eq!(packet.timestamp().secs(), 7);
                assert_eq!(packet.timestamp().subsec_nanos(), nanos);
            }
            assert_eq!(capture.try_next_packet().unwrap(), Next::Timeout);
        }
    }
}

// Shows: parity/read-savefile-path-open
#[test]
fn a_writing_thread_is_followed() {
    const COUNT: u32 = 20_000;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.pcap");
    let mut dumper = Capture::dead(Dlt::EN10MB).unwrap().dump(&path).unwrap();
    dumper.flush().unwrap();
    let mut capture = follow(&path);
    let handle = capture.break_handle();
    let writer = thread::spawn(move || {
        let mut random = Random::new(1);
        for n in 0..COUNT {
            let mut data = n.to_be_bytes().to_vec();
            data.resize(4 + random.below(1500), 7);
            dumper.write_now(&data).unwrap();
            if n % 1000 == 999 {
                dumper.flush().unwrap();
                thread::sleep(Duration::from_millis(5));
            }
        }
        dumper.close().unwrap();
    });
    let mut next = 0_u32;
    let done = capture.for_each(|packet| {
        assert_eq!(packet.data()[..4], next.to_be_bytes());
        next += 1;
        if next == COUNT {
            handle.breakloop();
        }
    });
    let done = done.unwrap();
    assert_eq!(
        (done.packets(), done.stop()),
        (COUNT.into(), Stop::End(End::Break))
    );
    writer.join().unwrap();
    // When it is no longer followed, the end is the end.
    capture.follow(false).unwrap();
    assert!(capture.next_packet().unwrap().is_none());
    assert_eq!(capture.ended(), Some(End::Eof));
}

#[test]
fn a_break_wakes_a_reader_at_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let (path, mut file) = begun(folder.path(), &Pcap::native());
    let mut capture = follow(&path);
    let handle = capture.break_handle();
    let start = Instant::now();
    let breaker = thread::spawn(move || {
        thread::sleep(MOMENT);
        handle.breakloop();
    });
    assert!(capture.next_packet().unwrap().is_none());
    assert_eq!(capture.ended(), Some(End::Break));
    let waited = start.elapsed();
    assert!(waited >= MOMENT && waited < 20 * MOMENT, "{waited:?}");
    breaker.join().unwrap();
    file.write_all(&record(Order::NATIVE, MICRO, 5)).unwrap();
    assert_eq!(number(capture.next_packet().unwrap().unwrap().data()), 5);
}

#[test]
fn a_deadline_is_kept_at_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let (path, mut file) = begun(folder.path(), &Pcap::native());
    let mut capture = follow(&path);
    let start = Instant::now();
    assert_eq!(capture.next_packet_timeout(MOMENT).unwrap(), Next::Timeout);
    let waited = start.elapsed();
    assert!(waited >= MOMENT && waited < 20 * MOMENT, "{waited:?}");
    for n in 0..10 {
        file.write_all(&record(Order::NATIVE, MICRO, n)).unwrap();
    }
    let mut seen = Vec::new();
    let done = capture.dispatch(|packet| seen.push(number(packet.data())));
    let done = done.unwrap();
    assert_eq!((done.packets(), done.stop()), (10, Stop::Empty));
    assert_eq!(seen, Vec::from_iter(0..10));
    let done = capture.dispatch(|_| {}).unwrap();
    assert_eq!((done.packets(), done.stop()), (0, Stop::Empty));
}

#[test]
fn an_end_reached_before_is_waited_at() {
    let folder = tempfile::tempdir().unwrap();
    let (path, mut file) = begun(folder.path(), &Pcap::native());
    let mut capture = Capture::from_file(&path).unwrap();
    capture.set_filter("icmp").unwrap();
    assert!(capture.next_packet().unwrap().is_none());
    file.write_all(&record(Order::NATIVE, MICRO, 1)).unwrap();
    // As always, the end stays the end.
    assert!(capture.next_packet().unwrap().is_none());
    capture.set_filter("ip").unwrap();
    capture.follow(true).unwrap();
    assert_eq!(number(capture.next_packet().unwrap().unwrap().data()), 1);
    capture.set_filter("udp").unwrap();
    file.write_all(&record(Order::NATIVE, MICRO, 2)).unwrap();
    assert_eq!(capture.next_packet_timeout(MOMENT).unwrap(), Next::Timeout);
}

/// libpcap reads a record whose fraction of the second is above 2^31.
#[test]
fn an_odd_record_is_followed_on() {
    let folder = tempfile::tempdir().unwrap();
    let (path, mut file) = begun(folder.path(), &Pcap::native());
    let mut capture = follow(&path);
    let data = ping(3);
    let length = data.len() as u32;
    let odd = Pcap::native().record([1, u32::MAX, length, length], &data);
    let odd = odd.bytes()[24..].to_vec();
    capture.set_filter("udp").unwrap();
    for (filter, expected) in [("icmp", Some(3)), ("udp", None), ("", Some(3))] {
        capture.set_filter(filter).unwrap();
        file.write_all(&odd[..20]).unwrap();
        assert_eq!(capture.next_packet_timeout(MOMENT).unwrap(), Next::Timeout);
        file.write_all(&odd[20..]).unwrap();
        let next = capture.next_packet_timeout(MOMENT).unwrap();
        assert_eq!(next.packet().map(|p| number(p.data())), expected);
        assert_eq!(capture.try_next_packet().unwrap(), Next::Timeout);
    }
    file.write_all(&record(Order::NATIVE, MICRO, 8)).unwrap();
    assert_eq!(number(capture.next_packet().unwrap().unwrap().data()), 8);
}

#[test]
fn damage_and_a_shorter_file_are_errors() {
    let folder = tempfile::tempdir().unwrap();
    let (path, mut file) = begun(folder.path(), &Pcap::native());
    let mut capture = follow(&path);
    file.write_all(&record(Order::NATIVE, MICRO, 0)).unwrap();
    assert!(capture.next_packet().unwrap().is_some());
    file.set_len(30).unwrap();
    for _ in 0..2 {
        let error = capture.next_packet().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::SavefileTruncated);
    }

    let (path, mut file) = begun(folder.path(), &Pcap::native());
    let mut capture = follow(&path);
    let long = Pcap::native().record([1, 1, 300_000, 300_000], b"");
    file.write_all(&long.bytes()[24..]).unwrap();
    for _ in 0..2 {
        let error = capture.next_packet().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::SavefileBad);
    }
    assert_eq!(
        capture.follow(true).unwrap_err().kind(),
        ErrorKind::SavefileBad
    );
}

/// The record is read ahead; when libpcap is to read it, it is gone.
#[test]
fn shorter_before_an_odd_record_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let (path, mut file) = begun(folder.path(), &Pcap::native());
    let mut capture = follow(&path);
    file.write_all(&record(Order::NATIVE, MICRO, 0)).unwrap();
    let odd = Pcap::native().record([1, u32::MAX, 4, 4], b"odd!");
    file.write_all(&odd.bytes()[24..]).unwrap();
    assert!(capture.next_packet().unwrap().is_some());
    file.set_len(24).unwrap();
    for _ in 0..2 {
        let error = capture.next_packet_timeout(MOMENT).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::SavefileTruncated);
    }
}

/// At the end that the fast path found, libpcap may find a record that was written since.
#[test]
fn a_growing_file_doubles_no_packet() {
    const COUNT: u64 = 2000;
    let folder = tempfile::tempdir().unwrap();
    for _ in 0..200 {
        let (path, mut file) = begun(folder.path(), &Pcap::native());
        let mut capture = Capture::from_file(&path).unwrap();
        let writer = thread::spawn(move || {
            for n in 0..COUNT {
                let record = Pcap::native().record([0, 0, 8, 8], &n.to_be_bytes());
                file.write_all(&record.bytes()[24..]).unwrap();
            }
        });
        let mut next = 0;
        // A record that is being written may be truncated.
        while let Ok(Some(packet)) = capture.next_packet() {
            assert_eq!(packet.data(), u64::to_be_bytes(next));
            next += 1;
        }
        assert!(next <= COUNT);
        writer.join().unwrap();
    }
}

/// A block that is cut anywhere is still being written, also that of a section.
#[test]
fn pcapng_is_followed_byte_by_byte() {
    let folder = tempfile::tempdir().unwrap();
    let start = Pcapng::new(Order::NATIVE).interface(1, 0, &[]);
    let before = start.bytes().len();
    let [other] = [Order::BOTH
        .into_iter()
        .find(|order| *order != Order::NATIVE)
        .unwrap()];
    let second = Pcapng::new(other)
        .interface(1, 0, &[])
        .packet(0, 2, 3, b"two");
    let bytes = start.packet(0, 1, 3, b"one").raw(&second.bytes()).bytes();
    let path = files::file(folder.path(), "a.pcapng", &bytes[..before]);
    let mut file = File::options().append(true).open(&path).unwrap();
    let mut capture = Capture::from_file(&path).unwrap();
    capture.follow(true).unwrap();
    let mut packets = Vec::new();
    for byte in &bytes[before..] {
        assert_eq!(capture.try_next_packet().unwrap(), Next::Timeout);
        file.write_all(&[*byte]).unwrap();
        if let Next::Packet(packet) = capture.try_next_packet().unwrap() {
            packets.push(packet.data().to_vec());
        }
    }
    assert_eq!(packets, [b"one".to_vec(), b"two".to_vec()]);
    capture.follow(false).unwrap();
    assert!(capture.next_packet().unwrap().is_none());
}

#[test]
fn what_cannot_be_followed_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let unsupported = |mut capture: Capture<Offline>| {
        let error = capture.follow(true).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert!(error.to_string().contains("can be followed"), "{error}");
        assert!(!capture.is_followed());
        // And it is read as before.
        capture.packets().collect::<Result<Vec<_>, _>>().unwrap()
    };
    let bytes = pings(3);
    assert_eq!(unsupported(files::open(bytes.clone())).len(), 3);
    let ng = Pcapng::new(Order::NATIVE)
        .section()
        .interface(189, 0, &[]) // USB, which libpcap converts
        .bytes();
    let path = files::file(folder.path(), "a.pcapng", &ng);
    assert_eq!(unsupported(Capture::from_file(path).unwrap()).len(), 0);
    #[cfg(unix)]
    {
        let (reader, mut writer) = std::os::unix::net::UnixStream::pair().unwrap();
        writer.write_all(&bytes).unwrap();
        drop(writer);
        let reader = File::from(std::os::fd::OwnedFd::from(reader));
        assert_eq!(
            unsupported(Capture::from_open_file(reader).unwrap()).len(),
            3
        );
    }
}

#[test]
#[cfg(unix)]
fn waiting_costs_no_processor_time() {
    let folder = tempfile::tempdir().unwrap();
    let (path, _file) = begun(folder.path(), &Pcap::native());
    let mut capture = follow(&path);
    let mut before = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    let mut after = before;
    let clock = libc::CLOCK_THREAD_CPUTIME_ID;
    // SAFETY: the structure is a local variable for the result.
    assert_eq!(unsafe { libc::clock_gettime(clock, &mut before) }, 0);
    let next = capture.next_packet_timeout(Duration::from_secs(1)).unwrap();
    assert_eq!(next, Next::Timeout);
    // SAFETY: as above.
    assert_eq!(unsafe { libc::clock_gettime(clock, &mut after) }, 0);
    let used = (after.tv_sec - before.tv_sec) * 1_000_000_000 + after.tv_nsec - before.tv_nsec;
    assert!(used < 50_000_000, "{used} ns of a second");
}

#[test]
fn iterators_wait_too_and_end_with_a_break() {
    let folder = tempfile::tempdir().unwrap();
    let (path, mut file) = begun(folder.path(), &Pcap::native());
    let capture = follow(&path);
    let handle = capture.break_handle();
    let (came, comes) = mpsc::channel();
    let reader = thread::spawn(move || {
        capture
            .into_packets()
            .inspect(|_| came.send(()).unwrap())
            .collect::<Result<Vec<PacketOwned>, _>>()
    });
    for n in 0..4 {
        file.write_all(&record(Order::NATIVE, MICRO, n)).unwrap();
        comes.recv_timeout(Duration::from_secs(10)).unwrap();
    }
    thread::sleep(MOMENT);
    handle.breakloop();
    assert_eq!(reader.join().unwrap().unwrap().len(), 4);
}

/// Following needs a second descriptor, opened together with the savefile.
#[test]
#[cfg(target_os = "linux")]
fn without_descriptors_following_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = files::file(folder.path(), "a.pcap", &pings(3));
    if !files::in_child() {
        files::run(&mut files::child(without_descriptors_following_says_so));
        return;
    }
    // Room for one more descriptor: the lowest free one.
    let free = File::open(&path).unwrap();
    let limit = files::descriptor(&free) as libc::rlim_t + 1;
    drop(free);
    let limit = libc::rlimit {
        rlim_cur: limit,
        rlim_max: limit,
    };
    // SAFETY: the structure is only read.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &limit) }, 0);
    let mut capture = Capture::from_file(&path).unwrap();
    for _ in 0..2 {
        let error = capture.follow(true).unwrap_err();
        assert_eq!(error.operation(), Some("follow"));
        assert!(matches!(error.kind(), ErrorKind::Io(_)), "{error}");
        let expected = support::error_text(libc::EMFILE);
        assert!(error.to_string().contains(&expected), "{error}");
    }
    // It is read without following.
    assert_eq!(capture.packets().count(), 3);
}
