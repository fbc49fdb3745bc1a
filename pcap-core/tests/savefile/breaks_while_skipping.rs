//! Breaks while a savefile only contains blocks without packets, or records that a filter rejects, from files and from
//! readers: the call ends, and the next read continues at the same position.

use crate::support::files;

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::support::files::{ETHERNET, MICRO, Order, Pcap, Pcapng, number, ping};
use pcap_core::{Capture, End, Offline, PacketBatch, Stop};

/// Much longer than a break takes, and much shorter than reading everything takes.
const SOON: Duration = Duration::from_secs(10);

/// A link type whose packets libpcap changes while reading, so that libpcap reads them.
const USB_LINUX: u32 = 189;

/// A function that reads until a break.
type Call = fn(&mut Capture<Offline>) -> Option<Stop>;

const CALLS: [Call; 5] = [
    |capture| match capture.read_batch(&mut PacketBatch::new()).unwrap() {
        true => None,
        false => capture.ended().map(Stop::End),
    },
    |capture| match capture.next_packet().unwrap() {
        Some(_) => None,
        None => capture.ended().map(Stop::End),
    },
    |capture| Some(capture.for_each(|_| ()).unwrap().stop()),
    |capture| Some(capture.dispatch_up_to(10, |_| ()).unwrap().stop()),
    |capture| match capture.packets().next() {
        Some(_) => None,
        None => capture.ended().map(Stop::End),
    },
];

/// Breaks a call after a while, and checks that it ended soon.
fn is_broken(capture: &mut Capture<Offline>, call: Call) {
    let handle = capture.break_handle();
    let breaking = thread::spawn(move || {
        thread::sleep(Duration::from_millis(50));
        handle.breakloop();
        Instant::now()
    });
    assert_eq!(call(capture), Some(Stop::End(End::Break)));
    let late = breaking.join().unwrap().elapsed();
    assert!(late < SOON, "{late:?}");
}

/// Returns a block without a packet, of any length that is a multiple of 4.
fn custom(length: u32) -> Vec<u8> {
    let mut bytes = [0xbad_u32, length].map(u32::to_ne_bytes).concat();
    bytes.resize(length as usize - 4, 0x55);
    bytes.extend(length.to_ne_bytes());
    bytes
}

fn start_ng() -> Vec<u8> {
    Pcapng::new(Order::NATIVE)
        .interface(ETHERNET as u16, 0, &[])
        .bytes()
}

fn packet_ng(number: u16) -> Vec<u8> {
    let data = ping(number);
    let packet = Pcapng::new(Order::NATIVE).packet(0, 7, data.len() as u32, &data);
    // Without the section header.
    packet.bytes()[28..].to_vec()
}

/// Returns a start, then repeats a part until `enough` is set, then an end.
struct Endless {
    again: Vec<u8>,
    end: Vec<u8>,
    enough: Arc<AtomicBool>,
    /// The rest of the current part.
    rest: Vec<u8>,
    /// The index of the current part: 0, 1, 2.
    part: u32,
    /// The maximum number of bytes per read.
    most: usize,
}

impl Endless {
    fn new(
        start: Vec<u8>,
        again: Vec<u8>,
        end: Vec<u8>,
        most: usize,
    ) -> (Endless, Arc<AtomicBool>) {
        let enough = Arc::new(AtomicBool::new(false));
        let endless = Endless {
            rest: start,
            again,
            end,
            enough: Arc::clone(&enough),
            part: 0,
            most,
        };
        (endless, enough)
    }
}

impl Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.rest.is_empty() {
            (self.part, self.rest) = match (self.part, self.enough.load(Ordering::Relaxed)) {
                (0 | 1, false) => (1, self.again.clone()),
                (0 | 1, true) => (2, self.end.clone()),
                _ => return Ok(0),
            };
        }
        let length = self.rest.len().min(buffer.len()).min(self.most);
        buffer[..length].copy_from_slice(&self.rest[..length]);
        self.rest.drain(..length);
        Ok(length)
    }
}

/// Returns endless data without a packet for the capture, each with its start, part and end, and a filter.
fn kinds() -> Vec<(&'static str, [Vec<u8>; 3], &'static str)> {
    let classic = |linktype: u32| {
        let start = Pcap::new(Order::NATIVE, MICRO).linktype(linktype);
        let record = |fraction: u32, data: &[u8]| {
            let length = data.len() as u32;
            let record =
                Pcap::new(Order::NATIVE, MICRO).record([1, fraction, length, length], data);
            record.bytes()[24..].to_vec()
        };
        (start.bytes(), record)
    };
    let (plain, record) = classic(ETHERNET);
    let (usb, usb_record) = classic(USB_LINUX);
    let usb_data = |number: u16| {
        let mut data = vec![0; 48];
        data.extend(ping(number));
        data
    };
    // libpcap continues after a record with an invalid fraction.
    let odd = [plain.clone(), record(u32::MAX, &[9; 20])].concat();
    let small = custom(12);
    let mut kinds = vec![
        ("blocks", [start_ng(), custom(1000), packet_ng(7)], ""),
        (
            "least blocks",
            [start_ng(), small.repeat(5000), packet_ng(7)],
            "",
        ),
        (
            "large blocks",
            [start_ng(), custom(1 << 20), packet_ng(7)],
            "",
        ),
        (
            "largest blocks",
            [start_ng(), custom(16 << 20), packet_ng(7)],
            "",
        ),
        (
            "refused blocks",
            [start_ng(), packet_ng(1), custom(2000)],
            "udp",
        ),
        (
            "records",
            [plain, record(0, &ping(1)), record(0, &ping(7))],
            "udp",
        ),
        (
            "behind an odd record",
            [odd, record(0, &ping(1)), record(0, &ping(7))],
            "udp",
        ),
        (
            "of libpcap's own",
            [
                usb,
                usb_record(0, &usb_data(1)),
                usb_record(0, &usb_data(7)),
            ],
            "len < 10",
        ),
    ];
    // On Windows, libpcap reads a copy of these, which a break does not interrupt.
    kinds.retain(|(kind, ..)| {
        !cfg!(windows) || !["behind an odd record", "of libpcap's own"].contains(kind)
    });
    kinds
}

// Shows: libpcap/break-looked-between-packets
#[test]
fn a_break_ends_an_endless_reader() {
    for (kind, [start, again, end], filter) in kinds() {
        for most in [usize::MAX, 4099, 1] {
            if most == 1 && again.len() > 1 << 19 {
                continue; // too slow for a debug build
            }
            let parts = (start.clone(), again.clone(), end.clone());
            let (reader, enough) = Endless::new(parts.0, parts.1, parts.2, most);
            let mut capture = Capture::from_reader(reader).unwrap();
            capture.set_filter(filter).unwrap();
            for call in CALLS {
                println!("{kind}, {most}");
                is_broken(&mut capture, call);
                // Also a break before the call.
                capture.break_handle().breakloop();
                assert_eq!(call(&mut capture), Some(Stop::End(End::Break)), "{kind}");
            }
            // The position is unchanged: the end comes completely.
            enough.store(true, Ordering::Relaxed);
            if filter.is_empty() {
                let packet = capture.next_packet().unwrap().expect("a packet");
                assert_eq!(packet.data(), ping(7), "{kind}");
            }
            assert!(capture.next_packet().unwrap().is_none());
            assert_eq!(capture.ended(), Some(End::Eof), "{kind}");
        }
    }
}

/// Creates a sparse savefile of 16 MiB blocks without packets, with a packet after each of these numbers of blocks.
fn sparse(folder: &Path, between: &[u64]) -> PathBuf {
    const LENGTH: u32 = 16 << 20;
    let path = folder.join("sparse.pcapng");
    let mut file = File::create(&path).unwrap();
    let block = [0xbad_u32, LENGTH].map(u32::to_ne_bytes).concat();
    file.write_all(&start_ng()).unwrap();
    for (number, &count) in between.iter().enumerate() {
        for _ in 0..count {
            file.write_all(&block).unwrap();
            file.seek(SeekFrom::Current(i64::from(LENGTH) - 12))
                .unwrap();
            file.write_all(&LENGTH.to_ne_bytes()).unwrap();
        }
        file.write_all(&packet_ng(number as u16)).unwrap();
    }
    path
}

/// 32 GiB take half a minute to read.
// Shows: libpcap/break-looked-between-packets
#[test]
fn a_break_ends_the_read_of_a_large_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = sparse(folder.path(), &[2048]);
    let by_path = Capture::from_file(&path).unwrap();
    let open = Capture::from_open_file(File::open(&path).unwrap()).unwrap();
    for mut capture in [by_path, open] {
        for call in CALLS {
            is_broken(&mut capture, call);
        }
    }
}

/// The next read continues at the same position, even within a block.
#[test]
fn breaks_in_a_large_file_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = sparse(folder.path(), &[3, 1, 0, 5, 20, 0, 2]);
    let mut capture = Capture::from_file(&path).unwrap();
    let handle = capture.break_handle();
    let stop = &AtomicBool::new(false);
    let breaks = thread::scope(|scope| {
        scope.spawn(move || {
            while !stop.load(Ordering::Relaxed) {
                handle.breakloop();
                thread::sleep(Duration::from_millis(20));
            }
        });
        let (mut numbers, mut breaks) = (Vec::new(), 0);
        loop {
            let done = capture.for_each(|packet| numbers.push(number(packet.data())));
            match done.unwrap().stop() {
                Stop::End(End::Break) => breaks += 1,
                stop => {
                    assert_eq!(stop, Stop::End(End::Eof));
                    break;
                }
            }
        }
        stop.store(true, Ordering::Relaxed);
        assert!(numbers.into_iter().eq(0..7));
        breaks
    });
    assert!(breaks > 3, "{breaks}");
}

/// Packets between blocks of all lengths, in pieces of all lengths, with continuous breaks.
// Shows: libpcap/break-looked-between-packets
#[test]
fn breaks_among_blocks_lose_and_double_nothing() {
    const COUNT: u16 = 300;
    let mut bytes = start_ng();
    for number in 0..COUNT {
        for n in 0..u32::from(number % 40) {
            bytes.extend(custom(12 + 4 * (n * u32::from(number) % 300)));
        }
        bytes.extend(packet_ng(number));
        if number % 50 == 0 {
            bytes.extend(custom(600_000));
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let path = files::file(folder.path(), "a.pcapng", &bytes);
    let breaks = AtomicU32::new(0);
    for most in [usize::MAX, 100_003, 4099, 61, 3] {
        let reader = Pieces(io::Cursor::new(bytes.clone()), most);
        let mut captures = vec![Capture::from_reader(reader).unwrap()];
        if most == usize::MAX {
            captures.push(Capture::from_file(&path).unwrap());
        }
        for mut capture in captures {
            let handle = capture.break_handle();
            let stop = &AtomicBool::new(false);
            thread::scope(|scope| {
                scope.spawn(move || {
                    while !stop.load(Ordering::Relaxed) {
                        handle.breakloop();
                        thread::sleep(Duration::from_micros(30));
                    }
                });
                let mut numbers = Vec::new();
                for turn in 0.. {
                    let end = match turn % 3 {
                        0 => {
                            let packet = capture.next_packet().unwrap();
                            numbers.extend(packet.map(|packet| number(packet.data())));
                            capture.ended().map(Stop::End)
                        }
                        1 => {
                            let add =
                                |packet: pcap_core::Packet<'_>| numbers.push(number(packet.data()));
                            Some(capture.for_each_up_to(9, add).unwrap().stop())
                        }
                        _ => {
                            let add =
                                |packet: pcap_core::Packet<'_>| numbers.push(number(packet.data()));
                            Some(capture.dispatch_up_to(100, add).unwrap().stop())
                        }
                    };
                    if end == Some(Stop::End(End::Break)) {
                        breaks.fetch_add(1, Ordering::Relaxed);
                    }
                    if end == Some(Stop::End(End::Eof)) {
                        break;
                    }
                }
                stop.store(true, Ordering::Relaxed);
                assert!(numbers.into_iter().eq(0..COUNT), "pieces of {most}");
            });
        }
    }
    assert!(breaks.into_inner() > 20);
}

/// A reader that returns at most this many bytes per read.
struct Pieces<R>(R, usize);

impl<R: Read> Read for Pieces<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = buffer.len().min(self.1);
        self.0.read(&mut buffer[..length])
    }
}

/// A signal repeatedly interrupts a reader within a record, as when a program that reads a socket breaks the capture
/// in a signal handler.
// Shows: libpcap/break-looked-between-packets
#[test]
fn an_interrupted_reader_is_broken_and_read_on() {
    struct Interrupted {
        bytes: io::Cursor<Vec<u8>>,
        /// The position at which it is interrupted until it may continue.
        stop: u64,
        go_on: Arc<AtomicBool>,
    }
    impl Read for Interrupted {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let left = self.stop.saturating_sub(self.bytes.position());
            if self.go_on.load(Ordering::Relaxed) || left as usize > buffer.len() {
                return self.bytes.read(buffer);
            }
            match left {
                0 => Err(io::ErrorKind::Interrupted.into()),
                left => self.bytes.read(&mut buffer[..left as usize]),
            }
        }
    }
    for (kind, [start, again, end], _) in kinds() {
        if again.len() > 1 << 19 {
            continue;
        }
        let whole = [&start[..], &again, &end].concat();
        let behind = start.len() + again.len();
        for stop in [
            start.len() + 1,
            start.len() + 9,
            behind,
            behind + 5,
            whole.len() - 1,
        ] {
            let go_on = Arc::new(AtomicBool::new(false));
            let reader = Interrupted {
                bytes: io::Cursor::new(whole.clone()),
                stop: stop as u64,
                go_on: Arc::clone(&go_on),
            };
            let mut capture = Capture::from_reader(reader).unwrap();
            let mut packets = 0;
            for call in CALLS {
                let handle = capture.break_handle();
                let breaking = thread::spawn(move || {
                    thread::sleep(Duration::from_millis(20));
                    handle.breakloop();
                });
                // Packets may come first.
                while call(&mut capture) != Some(Stop::End(End::Break)) {}
                breaking.join().unwrap();
            }
            go_on.store(true, Ordering::Relaxed);
            while let Some(packet) = capture.next_packet().unwrap() {
                packets += 1;
                assert!(packet.caplen() > 0);
            }
            assert_eq!(capture.ended(), Some(End::Eof), "{kind}, {stop}");
            // The packets after the stop, none of them lost.
            let expected = u32::from(stop < whole.len() && !kind.starts_with("refused"));
            assert!(packets >= expected, "{kind}, {stop}: {packets}");
        }
    }
}
