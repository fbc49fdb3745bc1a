//! Random sequences of calls on a capture of a savefile, with filters, breaks, and closures that panic: each packet that
//! the filter of the moment accepts comes out once and in order, and each call ends as a simple model says. An input is
//! decisions.

use std::fs::File;
use std::io::{self, Read, Write};
use std::ops::ControlFlow;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use pcap_core::{BreakHandle, Capture, End, Next, Offline, Packet, PacketBatch, Stop};

use crate::support::choices::Choices;
use crate::support::files::{MICRO, NANO, Order, Pcap, Pcapng};

/// Returns whether a filter accepts the packet with a number.
type Accepts = fn(u16) -> bool;

/// Filters, and which packets they accept, by their numbers.
const FILTERS: [(&str, Accepts); 6] = [
    ("", |_| true),
    ("ether[15] & 1 = 0", |n| n % 2 == 0),
    ("ether[15] & 7 = 3", |n| n % 8 == 3),
    ("ether[14:2] >= 20", |n| n >= 20),
    ("less 250", |n| n <= 50),
    ("less 1", |_| false),
];

/// Returns the packet with this number, whose length follows from it.
fn packet(number: u16) -> Vec<u8> {
    let mut data = vec![0; 60 + usize::from(number) % 50];
    data[14..16].copy_from_slice(&number.to_be_bytes());
    data
}

/// Returns the number of a packet, which must be whole.
fn number(read: Packet<'_>) -> u16 {
    let number = u16::from_be_bytes([read.data()[14], read.data()[15]]);
    assert_eq!(read.data(), packet(number));
    assert_eq!(read.timestamp().secs(), 7);
    assert_eq!(read.wire_len(), u32::from(number) + 200);
    number
}

/// Returns a savefile with this many packets.
fn savefile(choices: &mut Choices<'_>, count: u16) -> Vec<u8> {
    let order = choices.pick(&Order::BOTH);
    let format = choices.below(3);
    if format == 2 {
        let mut file = Pcapng::new(order).interface(1, 0, &[]);
        for n in 0..count {
            file = file.packet(0, 7_000_000, u32::from(n) + 200, &packet(n));
        }
        return file.bytes();
    }
    let mut file = Pcap::new(order, [MICRO, NANO][format]);
    for n in 0..count {
        let data = packet(n);
        let header = [7, 0, data.len() as u32, u32::from(n) + 200];
        file = file.record(header, &data);
    }
    file.bytes()
}

/// Opens a savefile in a file, through a reader, or through a socket.
fn open(choices: &mut Choices<'_>, bytes: Vec<u8>) -> Capture<Offline> {
    match choices.below(3) {
        0 => crate::support::files::open_file(&bytes),
        1 if bytes.len() < 60_000 => {
            // They fit into the buffer of a socket.
            let (reader, mut writer) = UnixStream::pair().unwrap();
            writer.write_all(&bytes).unwrap();
            drop(writer);
            Capture::from_open_file(File::from(OwnedFd::from(reader))).unwrap()
        }
        _ => {
            let chunk = [1, 7, 100, 4096, usize::MAX][choices.below(5)];
            Capture::from_reader(Chunks(io::Cursor::new(bytes), chunk)).unwrap()
        }
    }
}

/// A reader that returns at most this many bytes at a time.
struct Chunks(io::Cursor<Vec<u8>>, usize);

impl Read for Chunks {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = buffer.len().min(self.1);
        self.0.read(&mut buffer[..most])
    }
}

/// What a closure does at one of its packets, counted from 1.
#[derive(Clone, Copy, Debug)]
struct Act {
    at: u64,
    breaks: bool,
    panics: bool,
    /// Returns `ControlFlow::Break`, if the call permits it.
    stops: bool,
}

impl Act {
    fn of(choices: &mut Choices<'_>) -> Act {
        let deed = choices.byte();
        Act {
            at: 1 + u64::from(choices.byte() % 40),
            breaks: deed & 1 == 1,
            panics: deed & 6 == 6,
            stops: deed & 24 == 24,
        }
    }
}

/// A panic on purpose.
struct Planned;

/// What must come next.
struct Model {
    count: u16,
    /// The next packet in the file.
    next: u16,
    accepts: Accepts,
    /// A break is requested, and no call has reported it.
    pending: bool,
}

/// How a call must end.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    Done(u64, Stop),
    Panic,
    Stopped,
}

impl Model {
    /// Returns the next packet that the filter accepts.
    fn take(&mut self) -> Option<u16> {
        while self.next < self.count {
            self.next += 1;
            if (self.accepts)(self.next - 1) {
                return Some(self.next - 1);
            }
        }
        None
    }

    /// Returns how a single read must end.
    fn single(&mut self) -> Result<u16, End> {
        if std::mem::take(&mut self.pending) {
            return Err(End::Break);
        }
        self.take().ok_or(End::Eof)
    }

    /// Returns how a call with a closure must end, and the packets that the closure must get.
    fn with_closure(&mut self, most: u64, act: Act) -> (Outcome, Vec<u16>) {
        let mut packets = Vec::new();
        let outcome = loop {
            let count = packets.len() as u64;
            if std::mem::take(&mut self.pending) {
                break Outcome::Done(count, Stop::End(End::Break));
            }
            if count == most {
                break Outcome::Done(count, Stop::Count);
            }
            let Some(number) = self.take() else {
                break Outcome::Done(count, Stop::End(End::Eof));
            };
            packets.push(number);
            if packets.len() as u64 == act.at {
                self.pending |= act.breaks;
                if act.panics {
                    break Outcome::Panic;
                }
                if act.stops {
                    break Outcome::Stopped;
                }
            }
        };
        (outcome, packets)
    }
}

/// Checks an input.
pub fn check(input: &[u8]) {
    let mut choices = Choices(input);
    let count = match choices.byte() {
        // More than are read ahead at once.
        0xf0.. => 1000 + u16::from(choices.byte()),
        count => u16::from(count) % 60,
    };
    let bytes = savefile(&mut choices, count);
    let mut capture = open(&mut choices, bytes);
    let handle = capture.break_handle();
    let mut model = Model {
        count,
        next: 0,
        accepts: |_| true,
        pending: false,
    };
    for _ in 0..100 {
        if choices.is_empty() {
            break;
        }
        step(&mut choices, &mut capture, &handle, &mut model);
    }
    // Nothing was lost.
    if model.pending {
        assert!(capture.next_packet().unwrap().is_none());
        assert_eq!(capture.ended(), Some(End::Break));
        model.pending = false;
    }
    let mut rest = Vec::new();
    let done = capture
        .for_each(|packet| rest.push(number(packet)))
        .unwrap();
    let none = Act {
        at: u64::MAX,
        breaks: false,
        panics: false,
        stops: false,
    };
    let (outcome, expected) = model.with_closure(u64::MAX, none);
    assert_eq!(rest, expected);
    assert_eq!(Outcome::Done(done.packets(), done.stop()), outcome);
    assert!(capture.next_packet().unwrap().is_none());
    assert_eq!(capture.ended(), Some(End::Eof));
}

/// Does one thing.
fn step(
    choices: &mut Choices<'_>,
    capture: &mut Capture<Offline>,
    handle: &BreakHandle,
    model: &mut Model,
) {
    let call = choices.below(14);
    match call {
        0 => {
            let (filter, accepts) = choices.pick(&FILTERS);
            capture.set_filter(filter).unwrap();
            model.accepts = accepts;
        }
        1 => {
            handle.breakloop();
            model.pending = true;
        }
        2..=5 => single(call, capture, model),
        6 => {
            let most = choices.below(5);
            let mut packets = capture.packets();
            for _ in 0..most {
                match (packets.next(), model.single()) {
                    (Some(packet), Ok(expected)) => {
                        assert_eq!(number(packet.unwrap().as_packet()), expected);
                    }
                    (None, Err(end)) => {
                        assert_eq!(capture.ended(), Some(end));
                        break;
                    }
                    (packet, expected) => panic!("{packet:?}, not {expected:?}"),
                }
            }
        }
        7 => {
            let mut batch = PacketBatch::new();
            if capture.read_batch(&mut batch).unwrap() {
                assert!(!batch.is_empty());
                for packet in &batch {
                    assert_eq!(Ok(number(packet)), model.single());
                }
                // The call may have skipped packets after these, which the filter rejects. Where it ended is known
                // after the next one.
                single(2, capture, model);
            } else {
                assert_eq!(capture.ended(), Some(model.single().unwrap_err()));
            }
        }
        _ => {
            let most = u64::from(choices.byte() % 70);
            let act = Act::of(choices);
            with_closure(call, most, act, capture, handle, model);
        }
    }
}

/// Reads one packet.
fn single(call: usize, capture: &mut Capture<Offline>, model: &mut Model) {
    let expected = model.single();
    let read = match call {
        2 => capture.next_packet().unwrap().map(number),
        3 => match capture.advance().unwrap() {
            true => capture.packet().map(number),
            false => None,
        },
        _ => {
            let next = match call {
                4 => capture.try_next_packet(),
                _ => capture.next_packet_timeout(std::time::Duration::from_secs(60)),
            };
            let next = next.unwrap().map(number);
            assert_eq!(next, expected.map_or_else(Next::End, Next::Packet));
            next.packet()
        }
    };
    assert_eq!(read, expected.ok(), "call {call}");
    assert_eq!(capture.ended(), expected.err(), "call {call}");
}

/// Makes a call with a closure, which does something at one of the packets.
fn with_closure(
    call: usize,
    most: u64,
    mut act: Act,
    capture: &mut Capture<Offline>,
    handle: &BreakHandle,
    model: &mut Model,
) {
    act.stops &= matches!(call, 10 | 11);
    let most = if matches!(call, 12 | 13) {
        most
    } else {
        u64::MAX
    };
    let mut packets = Vec::new();
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        let mut each = |packet: Packet<'_>| {
            packets.push(number(packet));
            if packets.len() as u64 == act.at {
                if act.breaks {
                    handle.breakloop();
                }
                if act.panics {
                    resume_unwind(Box::new(Planned));
                }
                if act.stops {
                    return ControlFlow::Break(());
                }
            }
            ControlFlow::Continue(())
        };
        let mut plain = |packet: Packet<'_>| {
            let _ = each(packet);
        };
        let done = match call {
            8 => capture.for_each(plain).unwrap(),
            9 => capture.dispatch(plain).unwrap(),
            12 => capture.for_each_up_to(most, plain).unwrap(),
            13 => capture.dispatch_up_to(most, &mut plain).unwrap(),
            _ => {
                let flow = match call {
                    10 => capture.try_for_each(each),
                    _ => capture.try_dispatch(each),
                };
                match flow.unwrap() {
                    ControlFlow::Break(()) => return Outcome::Stopped,
                    ControlFlow::Continue(done) => done,
                }
            }
        };
        Outcome::Done(done.packets(), done.stop())
    }));
    let outcome = outcome.unwrap_or_else(|payload| match payload.downcast::<Planned>() {
        Ok(_) => Outcome::Panic,
        Err(other) => resume_unwind(other),
    });
    let (expected, numbers) = model.with_closure(most, act);
    assert_eq!(
        (outcome, packets),
        (expected, numbers),
        "call {call}, {act:?}"
    );
}
