//! Panics in the user's code: while reading, in the text of an error, in a drop. They never cause a packet that is not
//! in the savefile, and the error after them repeats.

use crate::support::files;

use std::any::Any;
use std::fmt;
use std::io::{self, Read, Write};
use std::ops::{ControlFlow, Range};
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Once};
use std::time::Duration;

use crate::support::differential::{Plan, Raw, Way};
use crate::support::files::{MICRO, NANO, Order, PATCHED, Pcap, Pcapng};
use pcap_core::{
    Capture, Dlt, Dumper, End, Error, ErrorKind, Next, Offline, Packet, Result, Stop, Timestamp,
};

/// The payload of each panic here. No hook prints it, because there are thousands.
struct Injected;

fn quiet() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let hook = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !info.payload().is::<Injected>() && !info.payload().is::<Bomb>() {
                hook(info);
            }
        }));
    });
}

fn inject() -> ! {
    panic_any(Injected)
}

fn assert_injected(panic: Box<dyn Any + Send>) {
    if !panic.is::<Injected>() {
        std::panic::resume_unwind(panic);
    }
}

/// What panics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// The reader.
    Read,
    /// The reader, with a payload whose drop panics.
    Payload,
    /// The text of its error.
    Display,
    /// The drop of its error.
    Drop,
    /// The drop of an error that asks for another read.
    Interrupted,
    /// Nothing: an ordinary error.
    None,
}

const FAULTS: [Fault; 6] = [
    Fault::Read,
    Fault::Payload,
    Fault::Display,
    Fault::Drop,
    Fault::Interrupted,
    Fault::None,
];

/// A reader's own error.
#[derive(Debug)]
struct Torn(Fault);

impl fmt::Display for Torn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == Fault::Display {
            inject();
        }
        f.write_str("the tape is torn")
    }
}

impl std::error::Error for Torn {}

impl Drop for Torn {
    fn drop(&mut self) {
        if [Fault::Drop, Fault::Interrupted].contains(&self.0) && !std::thread::panicking() {
            inject();
        }
    }
}

/// Panics when it is dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            inject();
        }
    }
}

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

const USB_LINUX_MMAPPED: u32 = 220;
const LINUX_SLL: u32 = 113;

/// Returns savefiles whose packets contain what looks like a packet, which is found after a wrong position.
fn savefiles() -> Vec<(&'static str, Vec<u8>)> {
    let [little, big] = Order::BOTH;
    let other = if Order::NATIVE == big { little } else { big };
    let classic = |order, magic, linktype| {
        let empty = Pcap::new(order, magic).linktype(linktype);
        let more = if magic == PATCHED { 8 } else { 0 };
        let record = |file: Pcap, n: u32, data: &[u8]| {
            let length = data.len() as u32;
            let file = file.record([n, n, length, length], &[0; 8][..more]);
            file.raw(data)
        };
        let forged = record(empty.clone(), 7, b"FORGED").bytes()[24..].to_vec();
        let data = [forged.repeat(2), vec![0; 64]].concat();
        (0..3).fold(empty, |file, n| record(file, n, &data)).bytes()
    };
    let pcapng = |order| {
        let empty = || Pcapng::new(order);
        let start = empty().bytes().len();
        let forged = empty().packet(0, 7, 6, b"FORGED").bytes()[start..].to_vec();
        let data = [forged.repeat(2), vec![0; 64]].concat();
        let file = empty().interface(1, 0, &[]);
        (0..3)
            .fold(file, |file, n| file.packet(0, n, data.len() as u32, &data))
            .bytes()
    };
    vec![
        ("classic", classic(Order::NATIVE, MICRO, 1)),
        ("classic, swapped", classic(other, NANO, 1)),
        // libpcap reads these.
        ("USB", classic(Order::NATIVE, MICRO, USB_LINUX_MMAPPED)),
        ("cooked, swapped", classic(other, MICRO, LINUX_SLL)),
        ("patched", classic(Order::NATIVE, PATCHED, 1)),
        ("pcapng", pcapng(Order::NATIVE)),
        ("pcapng, swapped", pcapng(other)),
    ]
}

/// The number of reading calls.
const CALLS: usize = 8;

/// Repeats a reading call until the end.
fn read(
    capture: &mut Capture<Offline>,
    call: usize,
    keep: &mut dyn FnMut(Packet<'_>),
) -> Result<()> {
    loop {
        match call {
            0 => match capture.next_packet()? {
                Some(packet) => keep(packet),
                None => return Ok(()),
            },
            1 => match capture.try_next_packet()? {
                Next::Packet(packet) => keep(packet),
                other => {
                    assert_eq!(other, Next::End(End::Eof));
                    return Ok(());
                }
            },
            2 => match capture.next_packet_timeout(Duration::from_secs(10))? {
                Next::Packet(packet) => keep(packet),
                other => {
                    assert_eq!(other, Next::End(End::Eof));
                    return Ok(());
                }
            },
            3 => return capture.for_each(keep).map(drop),
            4 => return capture.dispatch(keep).map(drop),
            5 => {
                let each = |packet: Packet<'_>| {
                    keep(packet);
                    ControlFlow::<()>::Continue(())
                };
                return capture.try_for_each(each).map(drop);
            }
            6 => {
                for packet in capture.packets() {
                    keep(packet?.as_packet());
                }
                return Ok(());
            }
            _ => {
                if capture.for_each_up_to(1, &mut *keep)?.stop() == Stop::End(End::Eof) {
                    return Ok(());
                }
            }
        }
    }
}

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
        other => {
            std::mem::forget(other);
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

/// A closure that panics at one packet neither loses nor repeats one.
#[test]
fn a_closure_that_panics_loses_no_packet() {
    quiet();
    for (name, bytes) in savefiles() {
        let whole = Plan::new(Way::File(0), 0).libpcap(&mut bytes.clone());
        for [mut capture, mut other] in [files::both(&bytes), files::both(&bytes)] {
            for call in 3..6 {
                let mut packets = Vec::new();
                for panics in 0..3 {
                    let mut keep = |packet: Packet<'_>| {
                        let time = (packet.header().raw_secs(), packet.header().raw_nanos());
                        packets.push((
                            time,
                            packet.caplen(),
                            packet.wire_len(),
                            packet.data().to_vec(),
                        ));
                        if packets.len() > panics {
                            inject();
                        }
                    };
                    let read =
                        catch_unwind(AssertUnwindSafe(|| read(&mut capture, call, &mut keep)));
                    assert_injected(read.unwrap_err());
                }
                assert!(packets == whole.packets, "{name}, {call}");
                assert!(capture.next_packet().unwrap().is_none(), "{name}, {call}");
                capture = files::open(bytes.clone());
            }
            // A closure that maps.
            let mut numbers = Vec::new();
            for n in 0..3_u8 {
                let map = |packet: Packet<'_>| {
                    numbers.push(packet.timestamp().secs());
                    if n < 3 {
                        inject();
                    }
                };
                let next = catch_unwind(AssertUnwindSafe(|| {
                    other.packets_with(map).next().is_some()
                }));
                assert_injected(next.unwrap_err());
            }
            assert_eq!(numbers.len(), 3, "{name}");
            assert!(other.next_packet().unwrap().is_none(), "{name}");
        }
    }
}

/// A queue and a filter are filled from an iterator: if that panics, they are unchanged.
#[test]
fn a_panicking_iterator_keeps_the_packets() {
    use pcap_core::{Filter, FilterTerm, SendQueue};

    quiet();
    let packets = |until: usize| {
        (0..).map(move |n| match n {
            n if n == until => inject(),
            n => vec![n as u8; 60],
        })
    };
    for until in 0..5 {
        let mut queue = SendQueue::with_capacity(10, 1000);
        queue.push(&[9; 60]).unwrap();
        let pushed = catch_unwind(AssertUnwindSafe(|| {
            queue.push_all(packets(until)).map(drop)
        }));
        assert_injected(pushed.unwrap_err());
        assert_eq!(queue.len(), until + 1);
        assert_eq!(queue.bytes(), 60 * (until + 1));
        queue.push(&[8; 60]).unwrap();
        assert_eq!(queue.get(until + 1), Some(&[8; 60][..]));
    }
    let asked = AtomicBool::new(false);
    let terms = std::iter::from_fn(|| -> Option<FilterTerm> {
        match asked.swap(true, Ordering::Relaxed) {
            true => inject(),
            false => Some("192.0.2.1".parse().unwrap()),
        }
    });
    let made = catch_unwind(AssertUnwindSafe(|| {
        Filter::any_of(Dlt::EN10MB, terms).map(drop)
    }));
    assert_injected(made.unwrap_err());
}

/// A writer that has its fault at a number of calls from one on.
struct FaultyWriter {
    taken: Arc<Mutex<Vec<u8>>>,
    calls: usize,
    faults: Range<usize>,
    /// The fault of the first of them, and of the others.
    fault: Fault,
    later: Fault,
}

impl Write for FaultyWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.calls += 1;
        if self.faults.contains(&self.calls) {
            let fault = match self.calls == self.faults.start {
                true => self.fault,
                false => self.later,
            };
            return match fault {
                Fault::Read => inject(),
                Fault::Payload => panic_any(Bomb),
                Fault::Interrupted => Err(io::Error::new(io::ErrorKind::Interrupted, Torn(fault))),
                fault => Err(io::Error::new(io::ErrorKind::TimedOut, Torn(fault))),
            };
        }
        let length = bytes.len().min(30);
        self.taken.lock().unwrap().extend(&bytes[..length]);
        Ok(length)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Ends one call, whatever happens; returns whether it succeeded.
fn survive(call: impl FnOnce() -> Result<()>) -> bool {
    match catch_unwind(AssertUnwindSafe(|| call().is_ok())) {
        Ok(done) => done,
        Err(panic) => {
            std::mem::forget(panic);
            false
        }
    }
}

#[test]
fn a_writer_that_panics_gets_each_byte_once() {
    quiet();
    let expected = savefile_of_two(|_| {}, FaultyWriter::new(0..0, Fault::None));
    for fault in FAULTS {
        // The first call writes the header.
        for first in 2..20 {
            for faults in [first..first + 1, first..first + 3] {
                let writer = FaultyWriter::new(faults.clone(), fault);
                let flush = |dumper: &mut Dumper| while !survive(|| dumper.flush()) {};
                let taken = savefile_of_two(flush, writer);
                assert!(taken == expected, "{fault:?}, {faults:?}");
            }
        }
    }
}

impl FaultyWriter {
    fn new(faults: Range<usize>, fault: Fault) -> FaultyWriter {
        FaultyWriter {
            taken: Arc::default(),
            calls: 0,
            faults,
            fault,
            later: fault,
        }
    }
}

/// Writes two packets, with a flush after each, and returns what the writer accepted.
fn savefile_of_two(flush: impl Fn(&mut Dumper), writer: FaultyWriter) -> Vec<u8> {
    let taken = Arc::clone(&writer.taken);
    let dead = Capture::dead(Dlt::EN10MB).unwrap();
    let mut dumper = dead.dump_to(writer).unwrap();
    for n in 0..2 {
        dumper
            .write(Packet::whole(Timestamp::new(n, 0), &[n as u8; 200]))
            .unwrap();
        flush(&mut dumper);
    }
    let _ = survive(|| dumper.close());
    taken.lock().unwrap().clone()
}

/// The text of its error panics each time: the drop that follows must not format it again, which would abort the
/// process.
#[test]
fn a_failing_close_panics_at_most_once() {
    if !files::in_child() {
        let output = files::child(a_failing_close_panics_at_most_once)
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{}: {text}", output.status);
        return;
    }
    quiet();
    let faults = FAULTS
        .into_iter()
        .filter(|&fault| fault != Fault::Interrupted);
    for (fault, later) in faults
        .clone()
        .flat_map(|f| faults.clone().map(move |l| (f, l)))
    {
        for way in 0..3 {
            let mut writer = FaultyWriter::new(2..usize::MAX, fault);
            writer.later = later;
            let dead = Capture::dead(Dlt::EN10MB).unwrap();
            let mut dumper = dead.dump_to(writer).unwrap();
            let _ = survive(|| dumper.write_now(&[1; 60]));
            let ended = survive(|| match way {
                0 => dumper.close(),
                1 => {
                    drop(dumper);
                    Ok(())
                }
                _ => dumper.into_writer::<FaultyWriter>().map(drop),
            });
            // The text of an error would be visible nowhere.
            let quiet = way == 1 && [Fault::Display, Fault::None].contains(&fault);
            assert_eq!(ended, quiet, "{fault:?}, {later:?}, {way}");
        }
    }
}
