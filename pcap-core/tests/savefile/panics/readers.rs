//! Readers and their errors.

use std::io::{self, Read};
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::sync::atomic::{AtomicUsize, Ordering};

use pcap_core::{Capture, Error, ErrorKind, Offline, Packet};

use super::{Bomb, FAULTS, Fault, Torn, assert_injected, inject, quiet, read, savefiles};
use crate::support::differential::{Plan, Raw, Way};
use crate::support::keep;

/// A reader that returns bytes in pieces, has its fault once after this many, and then continues.
struct Faulty {
    bytes: Vec<u8>,
    given: usize,
    chunk: usize,
    fault_at: Option<usize>,
    fault: Fault,
}

impl Read for Faulty {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.fault_at.take_if(|at| *at == self.given).is_some() {
            return match self.fault {
                Fault::Read => inject(),
                Fault::Payload => panic_any(Bomb),
                Fault::Interrupted => {
                    Err(io::Error::new(io::ErrorKind::Interrupted, Torn(self.fault)))
                }
                fault => Err(io::Error::new(io::ErrorKind::TimedOut, Torn(fault))),
            };
        }
        let until = self.fault_at.unwrap_or(self.bytes.len());
        let length = (until - self.given).min(buffer.len()).min(self.chunk);
        buffer[..length].copy_from_slice(&self.bytes[self.given..self.given + length]);
        self.given += length;
        Ok(length)
    }
}

/// The number of reading calls.
const CALLS: usize = 8;

/// Reads to the end, however often it panics; returns the packets and the last result.
fn read_through(capture: &mut Capture<Offline>, call: usize) -> (Vec<Raw>, usize, Option<Error>) {
    let mut packets = Vec::new();
    let mut panics = 0;
    loop {
        let mut keep = |packet: Packet<'_>| {
            let time = (packet.header().raw_secs(), packet.header().raw_nanos());
            packets.push((
                time,
                packet.caplen(),
                packet.wire_len(),
                packet.data().to_vec(),
            ));
        };
        let result = catch_unwind(AssertUnwindSafe(|| read(capture, call, &mut keep)));
        match result {
            Ok(result) => return (packets, panics, result.err()),
            Err(panic) if panic.is::<Bomb>() => {
                let dropped = catch_unwind(AssertUnwindSafe(|| drop(panic)));
                assert_injected(dropped.unwrap_err());
            }
            Err(panic) => assert_injected(panic),
        }
        panics += 1;
        assert!(panics < 10, "it panics too often");
    }
}

/// Whatever the fault, and after any byte, the packets are those before it, and the error repeats.
// Shows: libpcap/reader-panics-unwinds-through
#[test]
fn a_reader_that_panics_leaves_an_error() {
    quiet();
    for (name, bytes) in savefiles() {
        let whole = Plan::new(Way::File(0), 0).libpcap(&mut bytes.clone());
        assert_eq!((whole.packets.len(), whole.error), (3, None), "{name}");
        for fault_at in 0..=bytes.len() {
            let before = Plan::new(Way::File(0), 0).libpcap(&mut bytes[..fault_at].to_vec());
            for fault in FAULTS {
                for chunk in [usize::MAX, 50] {
                    let reader = Faulty {
                        bytes: bytes.clone(),
                        given: 0,
                        chunk,
                        fault_at: Some(fault_at),
                        fault,
                    };
                    let call = (fault_at + fault as usize) % CALLS;
                    let case =
                        format!("{name}, {fault:?} at {fault_at}, chunks {chunk}, call {call}");
                    one_fault(&case, reader, call, &before.packets);
                }
            }
        }
    }
}

fn one_fault(case: &str, reader: Faulty, call: usize, before: &[Raw]) {
    let fault = reader.fault;
    // If opening fails there is no capture. The error is not looked at: its drop may panic.
    let opened = catch_unwind(AssertUnwindSafe(|| Capture::from_reader(reader).ok()));
    let mut capture = match opened {
        Ok(Some(capture)) => capture,
        Ok(None) => return assert!(before.is_empty(), "{case}"),
        Err(panic) => {
            keep(panic);
            return assert!(before.is_empty(), "{case}");
        }
    };
    let (packets, panics, error) = read_through(&mut capture, call);
    assert!(packets == before, "{case}: {} packets", packets.len());
    let error = error.unwrap_or_else(|| panic!("{case}: no error"));
    let (panicked, kind) = match fault {
        Fault::Read | Fault::Payload | Fault::Interrupted => (1, io::ErrorKind::Other),
        Fault::Display => (1, io::ErrorKind::TimedOut),
        Fault::Drop | Fault::None => (0, io::ErrorKind::TimedOut),
    };
    assert_eq!(panics, panicked, "{case}");
    assert_eq!(error.kind(), ErrorKind::Io(kind), "{case}: {error}");
    for call in 0..CALLS {
        let again = catch_unwind(AssertUnwindSafe(|| {
            let mut none = |packet: Packet<'_>| panic!("{case}: {packet:?} after the error");
            read(&mut capture, call, &mut none).unwrap_err()
        }));
        let again = again.unwrap_or_else(|_| panic!("{case}: call {call} panicked again"));
        assert_eq!(again.to_string(), error.to_string(), "{case}");
    }
    // The error is the reader's own, and its drop may panic.
    drop(error);
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| drop(capture))) {
        assert_eq!(fault, Fault::Drop, "{case}");
        assert_injected(panic);
    }
}

/// Counts its instances, and panics when it is dropped.
struct Dropped<'a>(io::Cursor<Vec<u8>>, &'a AtomicUsize);

impl Read for Dropped<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Drop for Dropped<'_> {
    fn drop(&mut self) {
        self.1.fetch_add(1, Ordering::Relaxed);
        inject();
    }
}

#[test]
fn a_reader_whose_drop_panics_is_dropped_once() {
    static DROPPED: AtomicUsize = AtomicUsize::new(0);
    quiet();
    let mut expected = 0;
    for (name, bytes) in savefiles() {
        for packets in 0..=3 {
            let reader = Dropped(io::Cursor::new(bytes.clone()), &DROPPED);
            let mut capture = Capture::from_reader(reader).unwrap();
            for _ in 0..packets {
                assert!(capture.advance().unwrap());
            }
            let dropped = catch_unwind(AssertUnwindSafe(|| drop(capture)));
            assert_injected(dropped.unwrap_err());
            expected += 1;
            assert_eq!(DROPPED.load(Ordering::Relaxed), expected, "{name}");
        }
    }
}
