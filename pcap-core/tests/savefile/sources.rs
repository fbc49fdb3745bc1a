//! Sources of savefiles: paths of all kinds, standard input, pipes, open files, readers that misbehave.
#![cfg_attr(windows, allow(unused))] // some tests are for other systems only

use crate::support::files;

use std::ffi::CString;
#[cfg(unix)]
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Cursor, Read, Seek, SeekFrom, Write};
#[cfg(unix)]
use std::os::unix::{ffi::OsStrExt, net::UnixStream};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::Stdio;
use std::ptr::NonNull;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::support::files::{MICRO, Order, Pcap, number, ping, pings, read_all};
use pcap_core::{Capture, End, ErrorKind, Offline, SavefileFormat, Stop, Timestamp};

/// A reader that calls a closure.
struct Reads<F>(F);

impl<F: FnMut(&mut [u8]) -> io::Result<usize>> Read for Reads<F> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        (self.0)(buffer)
    }
}

/// Such a path once caused a panic when writing, and "null pointer" when reading.
// Shows: libpcap/path-utf-8-panic, parity/path-utf-8-panic
#[test]
#[cfg(unix)]
fn a_path_that_is_not_utf_8_works() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(OsStr::from_bytes(b"a\xff\xfe.pcap"));
    let missing = Capture::from_file(&path).unwrap_err();
    assert_eq!(missing.kind(), ErrorKind::Io(io::ErrorKind::NotFound));
    assert!(
        missing.to_string().contains("a\u{fffd}\u{fffd}.pcap"),
        "{missing}"
    );
    let dead = Capture::dead(pcap_core::Dlt::EN10MB).unwrap();
    for times in 1..3 {
        let mut dumper = match times {
            1 => dead.dump(&path).unwrap(),
            _ => dead.dump_append(&path).unwrap(),
        };
        dumper.write_now(b"packet").unwrap();
        dumper.close().unwrap();
        let mut capture = Capture::from_file(&path).unwrap();
        assert_eq!(read_all(&mut capture).unwrap().len(), times);
    }
}

#[test]
fn a_nul_in_a_path_touches_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a\0b");
    let dead = Capture::dead(pcap_core::Dlt::EN10MB).unwrap();
    for error in [
        Capture::from_file(&path).unwrap_err(),
        dead.dump(&path).unwrap_err(),
        dead.dump_append(&path).unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::Io(io::ErrorKind::InvalidInput));
        assert!(error.to_string().contains("a\\0b"), "{error}");
    }
    assert_eq!(folder.path().read_dir().unwrap().count(), 0);
}

/// `-` is standard input, which libpcap leaves open and the caller still owns.
// Shows: libpcap/closing-dumper-closes-descriptor, parity/read-savefile-path-open
#[test]
fn a_dash_is_standard_input() {
    if files::in_child() {
        let mut capture = Capture::from_file("-").unwrap();
        let packets = read_all(&mut capture).unwrap();
        assert_eq!(capture.ended(), Some(End::Eof));
        assert_eq!(packets[4].data(), ping(4));
        drop(capture);
        // Descriptor 0 is still open, and the same.
        let again = io::stdin().lock().read(&mut [0; 1]).unwrap();
        assert_eq!(again, 0);
        // A directory of that name is not standard input either.
        assert!(Capture::from_file("-/").is_err());
        let mut capture = Capture::from_file("./-").unwrap();
        assert_eq!(read_all(&mut capture).unwrap().len(), 2);
        println!("child read {} packets", packets.len());
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    files::file(folder.path(), "-", &pings(2));
    let path = files::file(folder.path(), "in.pcap", &pings(5));
    let child = || {
        let mut child = files::child(a_dash_is_standard_input);
        child.current_dir(folder.path());
        child
    };
    // A file.
    let output = files::run(child().stdin(File::open(&path).unwrap()));
    assert!(output.contains("child read 5 packets"), "{output}");
    // A pipe, written byte by byte.
    let mut child = child()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    for byte in pings(5) {
        stdin.write_all(&[byte]).unwrap();
    }
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
    assert!(text.contains("child read 5 packets"), "{text}");
}

/// Writes packet by packet, each only after the previous one was received.
fn delivered_at_once(capture: Capture<pcap_core::Offline>, mut writer: impl Write) {
    let (sender, receiver) = mpsc::channel();
    let reader = thread::spawn(move || {
        let mut capture = capture;
        for turn in 0.. {
            // With single reads, and with a closure.
            let number = if turn % 2 == 0 {
                capture.next_packet().unwrap().map(|p| number(p.data()))
            } else {
                let mut seen = None;
                let one = |packet: pcap_core::Packet<'_>| seen = Some(number(packet.data()));
                capture.for_each_up_to(1, one).unwrap();
                seen
            };
            sender.send(number).unwrap();
            if number.is_none() {
                return;
            }
        }
    });
    let bytes = pings(6);
    for n in 0..6 {
        let start = 24 + usize::from(n) * 114;
        writer.write_all(&bytes[start..start + 114]).unwrap();
        writer.flush().unwrap();
        let received = receiver.recv_timeout(Duration::from_secs(20));
        assert_eq!(
            received,
            Ok(Some(n)),
            "not delivered while the other end is open"
        );
    }
    drop(writer);
    assert_eq!(receiver.recv_timeout(Duration::from_secs(20)), Ok(None));
    reader.join().unwrap();
}

#[test]
#[cfg(unix)]
fn a_fifo_delivers_each_packet_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("fifo");
    files::run(std::process::Command::new("mkfifo").arg(&path));
    let (sender, receiver) = mpsc::channel();
    let other = path.clone();
    let opener = thread::spawn(move || {
        let mut writer = File::create(other).unwrap();
        writer.write_all(&pings(0)).unwrap();
        sender.send(writer).unwrap();
    });
    let capture = Capture::from_file(&path).unwrap();
    opener.join().unwrap();
    delivered_at_once(capture, receiver.recv().unwrap());
}

#[test]
#[cfg(unix)]
fn a_socket_delivers_each_packet_at_once() {
    for as_file in [true, false] {
        let (reader, mut writer) = UnixStream::pair().unwrap();
        writer.write_all(&pings(0)).unwrap();
        let capture = if as_file {
            Capture::from_open_file(File::from(std::os::fd::OwnedFd::from(reader))).unwrap()
        } else {
            Capture::from_reader(reader).unwrap()
        };
        delivered_at_once(capture, writer);
    }
}

// Shows: parity/read-savefile-path-open
#[test]
fn an_open_file_is_read_where_it_stands() {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(b"something else first").unwrap();
    let start = file.stream_position().unwrap();
    file.write_all(&pings(1000)).unwrap();
    for by_reader in [false, true] {
        file.seek(SeekFrom::Start(start)).unwrap();
        let copy = file.try_clone().unwrap();
        let mut capture = if by_reader {
            Capture::from_reader(copy).unwrap()
        } else {
            Capture::from_open_file(copy).unwrap()
        };
        let packets = read_all(&mut capture).unwrap();
        assert_eq!(packets.len(), 1000);
        assert_eq!(packets[999].data(), ping(999));
    }
    file.seek(SeekFrom::Start(3)).unwrap();
    let error = Capture::from_open_file(file.try_clone().unwrap()).unwrap_err();
    assert_eq!(error.text(), "unknown file format");
    file.seek(SeekFrom::End(100)).unwrap();
    let error = Capture::from_open_file(file).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SavefileTruncated);
}

#[test]
fn single_bytes_and_interrupts_are_read() {
    let mut bytes = Cursor::new(pings(20));
    let mut calls = 0;
    let reader = Reads(move |buffer: &mut [u8]| {
        calls += 1;
        if calls % 3 == 0 {
            return Err(io::ErrorKind::Interrupted.into());
        }
        bytes.read(&mut buffer[..1])
    });
    let mut capture = Capture::from_reader(reader).unwrap();
    let packets = read_all(&mut capture).unwrap();
    assert_eq!(packets.len(), 20);
    assert_eq!(packets[19].data(), ping(19));
}

/// As with a terminal: reading further would wait for more.
#[test]
fn a_reader_is_not_read_beyond_its_end() {
    let whole = pings(3);
    let record = 16 + ping(0).len();
    // In the magic number, in the header, after it, between two records, in a record's header, in its packet.
    for place in [2, 4, 10, 24, 24 + record, 34 + record, 60 + 2 * record] {
        for chunk in [1, 1000] {
            let mut bytes = Cursor::new(whole.clone()).take(place as u64);
            let mut ended = false;
            let reader = Reads(move |buffer: &mut [u8]| {
                assert!(!ended, "the reader was read after its end");
                let room = buffer.len().min(chunk);
                let read = bytes.read(&mut buffer[..room])?;
                ended = read == 0;
                Ok(read)
            });
            let mut capture = match Capture::from_reader(reader) {
                Ok(capture) => capture,
                Err(error) => {
                    assert!(place < 24, "{error}");
                    assert_eq!(error.kind(), ErrorKind::SavefileTruncated);
                    continue;
                }
            };
            if (place - 24) % record == 0 {
                assert_eq!(read_all(&mut capture).unwrap().len(), (place - 24) / record);
                assert_eq!(capture.ended(), Some(End::Eof));
            } else {
                let (packets, error) = files::until_error(&mut capture);
                assert_eq!(packets.len(), (place - 24) / record);
                assert_eq!(error.kind(), ErrorKind::SavefileTruncated);
            }
        }
    }
}

#[test]
fn a_reader_that_lies_is_an_error() {
    for lie in [usize::MAX, usize::MAX - 1, usize::MAX / 3, 300_000] {
        // At once, and after correct results: before the magic number is complete, in the file header, in the packets.
        for honest in [0, 1, 3, 4, 10, 24, 30, 500] {
            let mut bytes = Cursor::new(pings(10));
            let mut given = 0;
            let mut lies = 0;
            let own = [pings(10), vec![0]].concat();
            let reader = Reads(move |buffer: &mut [u8]| {
                // It may see its own earlier bytes again, and nothing else.
                let others = buffer.iter().find(|byte| !own.contains(byte));
                assert_eq!(others, None, "the buffer contained foreign bytes");
                assert!(given > 0 || lies > 0 || buffer.iter().all(|&byte| byte == 0));
                if given < honest {
                    let want = buffer.len().min(honest - given);
                    let read = bytes.read(&mut buffer[..want])?;
                    given += read;
                    return Ok(read);
                }
                lies += 1;
                Ok(if lies < 10 { lie } else { 0 })
            });
            let mut seen = 0;
            let read = Capture::from_reader(reader).and_then(|mut capture| {
                let read = capture.for_each(|packet| {
                    assert_eq!(packet.data(), ping(seen));
                    seen += 1;
                });
                assert!(capture.next_packet().is_err(), "the error was not repeated");
                read
            });
            let error = read.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Io(io::ErrorKind::Other));
            assert!(error.text().contains("bytes for a buffer of"), "{error}");
            let whole = honest.saturating_sub(24) / (16 + ping(0).len());
            assert_eq!(usize::from(seen), whole, "{honest}");
        }
    }
}

/// Returns a reader of this many bytes of a savefile, which then calls a closure.
fn then(length: usize, mut other: impl FnMut() -> io::Result<usize>) -> impl Read {
    let mut start = Cursor::new(pings(10)).take(length as u64);
    Reads(move |buffer: &mut [u8]| match start.read(buffer)? {
        0 => other(),
        n => Ok(n),
    })
}

#[derive(Debug)]
struct Custom(u32);

impl std::fmt::Display for Custom {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the tape is torn at {}", self.0)
    }
}

impl std::error::Error for Custom {}

#[test]
fn a_readers_error_is_the_source() {
    // In the magic number, in the file header, in a record's header, in its data, between two records.
    for (length, packets) in [
        (0, 0),
        (2, 0),
        (10, 0),
        (30, 0),
        (60, 0),
        (24 + 114, 1),
        (400, 3),
    ] {
        let fail = || Err(io::Error::new(io::ErrorKind::TimedOut, Custom(7)));
        let opened = Capture::from_reader(then(length, fail));
        let (read, error) = match opened {
            Ok(mut capture) => {
                let (read, error) = files::until_error(&mut capture);
                // The same with each call.
                for _ in 0..3 {
                    let again = capture.next_packet().unwrap_err();
                    assert_eq!(again.to_string(), error.to_string());
                    assert!(capture.for_each(|_| {}).is_err());
                }
                (read, error)
            }
            Err(error) => (Vec::new(), error),
        };
        assert_eq!(read.len(), packets, "{length}");
        assert_eq!(error.kind(), ErrorKind::Io(io::ErrorKind::TimedOut));
        assert!(
            error.to_string().ends_with("the tape is torn at 7"),
            "{error}"
        );
        let custom = error
            .io_error()
            .unwrap()
            .get_ref()
            .unwrap()
            .downcast_ref::<Custom>()
            .unwrap();
        assert_eq!(custom.0, 7);
    }
}

#[test]
fn a_reader_that_panicked_is_not_read() {
    for (length, packets) in [
        (0, 0),
        (2, 0),
        (10, 0),
        (30, 0),
        (60, 0),
        (24 + 114, 1),
        (400, 3),
    ] {
        let mut calls = 0;
        let fail = move || {
            calls += 1;
            // With another call it would return what looks like bytes.
            if calls == 1 {
                panic!("panic {calls}")
            } else {
                Ok(1)
            }
        };
        let mut capture = match catch_unwind(AssertUnwindSafe(|| {
            Capture::from_reader(then(length, fail))
        })) {
            Ok(capture) => capture.unwrap(),
            Err(panic) => {
                assert!(length < 24);
                assert_eq!(panic.downcast_ref::<String>().unwrap(), "panic 1");
                continue;
            }
        };
        for _ in 0..packets {
            assert!(capture.next_packet().unwrap().is_some());
        }
        let read = |capture: &mut Capture<_>| capture.for_each(|_| panic!("a packet")).is_err();
        let panic = catch_unwind(AssertUnwindSafe(|| read(&mut capture))).unwrap_err();
        assert_eq!(panic.downcast_ref::<String>().unwrap(), "panic 1");
        for _ in 0..3 {
            let error = capture.next_packet().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Io(io::ErrorKind::Other), "{error}");
        }
    }
}

#[test]
fn the_first_of_two_panics_wins() {
    let mut capture = Capture::from_reader(then(24 + 2 * 114, || panic!("the reader's"))).unwrap();
    let panic = catch_unwind(AssertUnwindSafe(|| {
        capture.for_each(|_| std::panic::panic_any("the closure's"))
    }));
    assert_eq!(
        *panic.unwrap_err().downcast_ref::<&str>().unwrap(),
        "the closure's"
    );
    assert_eq!(number(capture.next_packet().unwrap().unwrap().data()), 1);
    let panic = catch_unwind(AssertUnwindSafe(|| capture.next_packet().map(|_| ())));
    assert_eq!(
        *panic.unwrap_err().downcast_ref::<&str>().unwrap(),
        "the reader's"
    );
}

/// libpcap owns a stream once it is open and not before: its owner closes it, once.
// Shows: parity/read-savefile-path-open
#[test]
fn the_reader_is_dropped_once_or_returned() {
    struct Counted(Cursor<Vec<u8>>, mpsc::Sender<()>);
    impl Read for Counted {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.0.read(buffer)
        }
    }
    impl Drop for Counted {
        fn drop(&mut self) {
            self.1.send(()).unwrap();
        }
    }
    for bytes in [pings(3), b"no savefile".to_vec(), Vec::new()] {
        let (sender, receiver) = mpsc::channel();
        let length = bytes.len() as u64;
        let capture = Capture::from_reader(Counted(Cursor::new(bytes), sender));
        assert_eq!(receiver.try_iter().count(), 0);
        match capture {
            Ok(capture) => drop(capture),
            Err(failed) => {
                let reader: Counted = failed.take().unwrap();
                // libpcap on Windows gets all that there is.
                let read = if cfg!(windows) { length } else { length.min(4) };
                assert_eq!(reader.0.position(), read);
                assert_eq!(receiver.try_iter().count(), 0);
            }
        }
        assert_eq!(receiver.iter().count(), 1);
    }
}

/// A safe conversion from a raw `pcap_t` would be a double free: it takes unsafe code, or this does not compile.
// Shows: libpcap/safe-conversion-raw-t
#[test]
#[deny(unused_unsafe)]
fn a_foreign_raw_handle_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let late = files::Pcap::native().packet(4_026_531_840, 999_999, b"x");
    let ng = files::pings_ng(3);
    for (bytes, format, packets, first) in [
        (
            pings(3),
            SavefileFormat::Pcap,
            3,
            Timestamp::new(1_700_000_000, 0),
        ),
        (
            late.bytes(),
            SavefileFormat::Pcap,
            1,
            Timestamp::new(4_026_531_840, 999_999_000),
        ),
        (
            ng,
            SavefileFormat::Pcapng,
            3,
            Timestamp::new(1_700_000_000, 0),
        ),
    ] {
        let path = files::file(folder.path(), "a.pcap", &bytes);
        let path = CString::new(path.to_str().unwrap()).unwrap();
        for number in [
            pcap_sys::PCAP_TSTAMP_PRECISION_MICRO,
            pcap_sys::PCAP_TSTAMP_PRECISION_NANO,
        ] {
            let mut errbuf = [0; pcap_sys::PCAP_ERRBUF_SIZE as usize];
            // SAFETY: the path is a C string, and the buffer has the required size.
            let pcap = unsafe {
                pcap_sys::pcap_open_offline_with_tstamp_precision(
                    path.as_ptr(),
                    number as _,
                    errbuf.as_mut_ptr(),
                )
            };
            let pcap = NonNull::new(pcap).unwrap();
            // SAFETY: just opened, and given away.
            let mut capture = unsafe { Capture::<Offline>::from_raw(pcap.cast()) };
            assert_eq!(capture.savefile_format(), format);
            let read = read_all(&mut capture).unwrap();
            assert_eq!((read.len(), read[0].timestamp()), (packets, first));
            assert_eq!(capture.ended(), Some(End::Eof));
        }
    }
}

#[test]
fn a_file_that_changes_length_is_no_panic() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = pings(20_000);
    // Longer, and truncated within a record that was not read yet.
    for (length, packets) in [(bytes.len(), 20_000), (24 + 114 * 9000 + 50, 9000)] {
        let path = files::file(folder.path(), "a.pcap", &bytes[..24 + 114 * 10_000]);
        let mut capture = Capture::from_file(&path).unwrap();
        assert!(capture.advance().unwrap());
        let mut file = File::options().write(true).open(&path).unwrap();
        file.seek(SeekFrom::End(0)).unwrap();
        if let Some(more) = bytes[..length].get(24 + 114 * 10_000..) {
            file.write_all(more).unwrap();
        }
        file.set_len(length as u64).unwrap();
        let mut number = 1;
        let result = capture.for_each(|packet| {
            assert_eq!(packet.data(), ping(number));
            number += 1;
        });
        assert_eq!(number, packets);
        match result {
            Ok(done) => assert_eq!(done.stop(), Stop::End(End::Eof)),
            Err(error) => assert_eq!(error.kind(), ErrorKind::SavefileTruncated),
        }
    }
}

/// From an odd record on, libpcap reads the rest of a stream, and must not see other packets.
#[test]
fn a_filter_outlasts_an_odd_record() {
    let mut file = Pcap::new(Order::Little, MICRO);
    for n in 0..10u8 {
        // Some versions of libpcap treat the fourth one's microseconds as negative.
        let fraction = if n == 3 { 0x8000_0000 } else { n.into() };
        file = file.record([5, fraction, 60, 60], &[n % 2; 60]);
    }
    for set_after in [0, 2, 5] {
        for call in 0..3 {
            let mut capture = files::try_open(file.clone().bytes()).unwrap();
            let mut seen = Vec::new();
            for _ in 0..set_after {
                seen.push(capture.next_packet().unwrap().unwrap().data()[0]);
            }
            capture.set_filter("ether[0] = 1").unwrap();
            match call {
                0 => drop(capture.for_each(|packet| seen.push(packet.data()[0]))),
                1 => drop(capture.dispatch_up_to(100, |packet| seen.push(packet.data()[0]))),
                _ => {
                    while let Some(packet) = capture.next_packet().unwrap() {
                        seen.push(packet.data()[0]);
                    }
                }
            }
            let (before, after) = seen.split_at(set_after);
            assert!(
                before
                    .iter()
                    .enumerate()
                    .all(|(n, kind)| n % 2 == usize::from(*kind))
            );
            assert_eq!(after, vec![1; 5 - set_after / 2], "{set_after} {call}");
        }
    }
}

#[test]
fn a_capture_is_named_after_what_it_reads() {
    let folder = tempfile::tempdir().unwrap();
    let path = files::file(folder.path(), "a.pcap", &pings(1));
    let by_path = Capture::from_file(&path).unwrap();
    assert_eq!(by_path.name(), path.to_str().unwrap());
    let by_file = Capture::from_open_file(File::open(&path).unwrap()).unwrap();
    assert_eq!(by_file.name(), "the savefile");
    let by_reader = files::open(pings(1));
    assert_eq!(by_reader.name(), "the reader");
    assert_eq!(
        pcap_core::AnyCapture::from(by_path).name(),
        path.to_str().unwrap()
    );
}

#[test]
fn errors_have_the_name_that_was_given() {
    let name = "trace.pcap.gz";
    let bytes = b"no savefile";
    let failed = Capture::from_reader_named(&bytes[..], name).unwrap_err();
    assert_eq!(failed.object(), Some(name));
    let file = || {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        file.rewind().unwrap();
        file
    };
    let failed = Capture::from_open_file_named(file(), name).unwrap_err();
    assert_eq!(failed.object(), Some(name));
    let capture = Capture::from_reader_named(io::Cursor::new(pings(1)), name).unwrap();
    assert_eq!(capture.name(), name);
    let dumper = capture.dump_to_named(Vec::new(), name).unwrap();
    assert_eq!(dumper.name(), name);
    let dumper = capture.dump_open_file_named(file(), name).unwrap();
    assert_eq!(dumper.name(), name);
    let failed = dumper.into_writer::<Vec<u8>>().unwrap_err();
    assert_eq!(failed.object(), Some(name));
}

#[cfg(unix)]
#[test]
fn what_can_be_waited_for_has_a_descriptor() {
    let (reader, mut writer) = std::os::unix::net::UnixStream::pair().unwrap();
    writer.write_all(&pings(1)).unwrap();
    let file = std::fs::File::from(std::os::fd::OwnedFd::from(reader));
    let mut capture = Capture::from_open_file(file).unwrap();
    assert!(capture.next_packet().unwrap().is_some());
    assert_eq!(capture.try_next_packet().unwrap(), pcap_core::Next::Timeout);
    let readable = |capture: &Capture<Offline>| {
        use std::os::fd::AsRawFd;
        let fd = capture.selectable_fd().unwrap().as_raw_fd();
        let events = libc::POLLIN;
        let mut poll = libc::pollfd {
            fd,
            events,
            revents: 0,
        };
        // SAFETY: passes one local structure.
        unsafe { libc::poll(&mut poll, 1, 0) == 1 }
    };
    assert!(!readable(&capture));
    writer.write_all(&pings(1)[24..]).unwrap();
    assert!(readable(&capture));
    assert!(capture.try_next_packet().unwrap().packet().is_some());

    let mut file = tempfile::tempfile().unwrap();
    file.write_all(&pings(1)).unwrap();
    file.rewind().unwrap();
    let capture = Capture::from_open_file(file).unwrap();
    assert!(capture.selectable_fd().is_none());
    let capture = Capture::from_reader(io::Cursor::new(pings(1))).unwrap();
    assert!(capture.selectable_fd().is_none());
}
