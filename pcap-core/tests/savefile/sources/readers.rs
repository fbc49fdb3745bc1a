//! Readers, including those that misbehave.

use std::io::{self, Cursor, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, mpsc};

use pcap_core::pcapng::Reader;
use pcap_core::{BreakHandle, Capture, End, ErrorKind};

use crate::support::files;
use crate::support::files::{Order, Pcapng, number, ping, pings, pings_ng, read_all};

/// A reader that calls a closure.
struct Reads<F>(F);

impl<F: FnMut(&mut [u8]) -> io::Result<usize>> Read for Reads<F> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        (self.0)(buffer)
    }
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

/// A read that a signal interrupts is repeated, also within the blocks before the first packet.
#[test]
fn interrupted_reads_are_repeated() {
    /// Each second read is interrupted, and the others return a few bytes.
    struct Interrupted(Cursor<Vec<u8>>, bool);
    impl Read for Interrupted {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.1 = !self.1;
            if self.1 {
                return Err(io::ErrorKind::Interrupted.into());
            }
            let most = buffer.len().min(7);
            self.0.read(&mut buffer[..most])
        }
    }
    // libpcap reads the second one.
    let usb = Pcapng::new(Order::NATIVE).interface(189, 0, &[]);
    let usb = usb.packet(0, 1, 98, &ping(0)).packet(0, 2, 98, &ping(1));
    for bytes in [pings_ng(2), usb.bytes(), pings(2)] {
        let reader = Interrupted(Cursor::new(bytes), false);
        let mut capture = Capture::from_reader(reader).unwrap();
        let packets = read_all(&mut capture).unwrap();
        let numbers: Vec<u16> = packets.iter().map(|packet| number(packet.data())).collect();
        assert_eq!(numbers, [0, 1]);
    }
}

/// The next call continues where a break has interrupted the read.
#[test]
fn a_break_interrupts_a_reader_of_blocks() {
    type Handle = Arc<Mutex<Option<BreakHandle>>>;
    struct Interrupted(Cursor<Vec<u8>>, Handle);
    impl Read for Interrupted {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            if let Some(handle) = self.1.lock().unwrap().take() {
                handle.breakloop();
                return Err(io::ErrorKind::Interrupted.into());
            }
            self.0.read(buffer)
        }
    }
    let handle = Handle::default();
    let file = Interrupted(Cursor::new(files::pings_ng(2)), Arc::clone(&handle));
    let mut reader = Reader::from_reader(file).unwrap();
    *handle.lock().unwrap() = Some(reader.break_handle());
    assert!(reader.next_block().unwrap().is_none());
    let mut blocks = 0;
    while reader.next_block().unwrap().is_some() {
        blocks += 1;
    }
    assert_eq!(blocks, 4);
}
