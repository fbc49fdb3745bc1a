//! Savefiles that change while they are read: truncated, emptied, rewritten, grown, replaced. Each way of opening and
//! each reading call is compared with `pcap_next_ex` on a file that changes in the same way.

mod rewritten;
mod truncated;

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use pcap_core::{Capture, End, Error, Next, Offline, Packet, Result, Stop};

use crate::support::differential::agreement::same_error;
use crate::support::differential::{Plan, Raw, Theirs, Way as Source, stream};
use crate::support::files;
use crate::support::files::{MICRO, NANO, Order, PATCHED, Pcap, Pcapng};
use crate::support::random::Random;

/// The number of packets in a savefile, of 789 bytes on average.
const PACKETS: usize = 700;

/// The number of packets read before a change.
const AFTER: [usize; 2] = [0, 100];

/// A packet that no buffer has reached by then.
const FAR: usize = 560;

const LINUX_SLL: u32 = 113;

const USB_LINUX_MMAPPED: u32 = 220;

/// A savefile, and the positions of its packets.
struct Savefile {
    name: String,
    bytes: Vec<u8>,
    /// The start of the first packet, and the end of each.
    ends: Vec<usize>,
    packets: Vec<Raw>,
}

/// A function that builds a savefile of a format.
type Build = Box<dyn Fn(&[Vec<u8>]) -> (Vec<u8>, Vec<usize>)>;

fn classic(order: Order, magic: u32, linktype: u32) -> Build {
    Box::new(move |packets| {
        let mut file = Pcap::new(order, magic).linktype(linktype);
        let mut ends = vec![file.bytes().len()];
        let mut at = ends[0];
        for (n, data) in packets.iter().enumerate() {
            let length = data.len() as u32;
            file = file.record([n as u32, n as u32, length, length], b"");
            // The old variant has eight more bytes.
            let more = if magic == PATCHED { 8 } else { 0 };
            file = file.raw(&[0; 8][..more]).raw(data);
            at += 16 + more + data.len();
            ends.push(at);
        }
        (file.bytes(), ends)
    })
}

fn pcapng(order: Order) -> Build {
    Box::new(move |packets| {
        let file = Pcapng::new(order).interface(1, 0, &[]);
        let mut ends = vec![file.bytes().len()];
        let mut all = file.bytes();
        for (n, data) in packets.iter().enumerate() {
            let empty = Pcapng::new(order);
            let start = empty.bytes().len();
            let packet = empty.packet(0, n as u64, data.len() as u32, data);
            all.extend(&packet.bytes()[start..]);
            ends.push(all.len());
        }
        (all, ends)
    })
}

/// Returns all formats that are read in different ways.
fn formats() -> Vec<(&'static str, Build)> {
    let [little, big] = Order::BOTH;
    let other = match Order::NATIVE {
        Order::Little => big,
        Order::Big => little,
    };
    vec![
        ("little, micro", classic(little, MICRO, 1)),
        ("big, micro", classic(big, MICRO, 1)),
        ("little, nano", classic(little, NANO, 1)),
        ("big, nano", classic(big, NANO, 1)),
        // libpcap reads these, except pcapng.
        ("USB", classic(Order::NATIVE, MICRO, USB_LINUX_MMAPPED)),
        ("cooked, swapped", classic(other, NANO, LINUX_SLL)),
        ("patched", classic(Order::NATIVE, PATCHED, 1)),
        ("pcapng, little", pcapng(little)),
        ("pcapng, big", pcapng(big)),
    ]
}

impl Savefile {
    fn new(name: &str, build: &Build, seed: u64, count: usize) -> Savefile {
        let mut random = Random::new(seed);
        let mut data = |_| {
            let length = 64 + random.below(1451);
            random.bytes(length)
        };
        let packets: Vec<_> = (0..count).map(&mut data).collect();
        Savefile::of(name, build, &packets)
    }

    fn of(name: &str, build: &Build, packets: &[Vec<u8>]) -> Savefile {
        let (mut bytes, ends) = build(packets);
        let outcome = Plan::new(Source::File(0), 0).libpcap(&mut bytes);
        assert_eq!(
            (outcome.packets.len(), outcome.error),
            (packets.len(), None)
        );
        Savefile {
            name: name.to_owned(),
            bytes,
            ends,
            packets: outcome.packets,
        }
    }

    /// Returns the same savefile with different data in each packet.
    fn inverted(&self, build: &Build) -> Savefile {
        let data = |packet: &Raw| packet.3.iter().map(|byte| !byte).collect();
        let packets: Vec<Vec<u8>> = self.packets.iter().map(data).collect();
        Savefile::of(&self.name, build, &packets)
    }

    /// Returns how many packets this many bytes contain completely.
    fn whole(&self, length: usize) -> usize {
        self.ends[1..].iter().filter(|&&end| end <= length).count()
    }
}

/// How a savefile is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Path,
    /// An open file, positioned after other bytes.
    File,
    /// A `Read` that reads the file.
    Reader,
    /// A path, followed until no more packets come.
    Followed,
}

const WAYS: [Way; 4] = [Way::Path, Way::File, Way::Reader, Way::Followed];

/// The bytes before the savefile in an open file.
const BEFORE: usize = 4321;

impl Way {
    /// Returns where the savefile begins in the file.
    fn start(self) -> usize {
        if self == Way::File { BEFORE } else { 0 }
    }

    /// Opens a savefile, and records what a reader returns.
    fn open(self, path: &Path, given: &Arc<Mutex<Vec<u8>>>) -> Result<Capture<Offline>> {
        match self {
            Way::Path => Capture::from_file(path),
            Way::File => {
                let mut file = File::open(path).unwrap();
                file.seek(SeekFrom::Start(BEFORE as u64)).unwrap();
                Ok(Capture::from_open_file(file)?)
            }
            Way::Reader => {
                let file = File::open(path).unwrap();
                Ok(Capture::from_reader(Plain(file, Arc::clone(given)))?)
            }
            Way::Followed => {
                let mut capture = Capture::from_file(path)?;
                // What cannot be followed is read without.
                let _ = capture.follow(true);
                Ok(capture)
            }
        }
    }
}

/// A reader that can only be read, and what it has returned.
struct Plain(File, Arc<Mutex<Vec<u8>>>);

impl Read for Plain {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.0.read(buffer)?;
        self.1.lock().unwrap().extend(&buffer[..read]);
        Ok(read)
    }
}

/// The number of reading calls.
const CALLS: usize = 12;

/// Reads a capture to its end with one of the calls.
fn drain(
    mut capture: Capture<Offline>,
    call: usize,
    mut keep: impl FnMut(Packet<'_>),
) -> Result<()> {
    if capture.is_followed() {
        // Only calls that do not wait find an end.
        return drain_followed(&mut capture, call, keep);
    }
    let result = match call {
        0 => loop {
            match capture.next_packet() {
                Ok(Some(packet)) => keep(packet),
                other => break other.map(drop),
            }
        },
        1 => loop {
            match capture.advance() {
                Ok(true) => keep(capture.packet().unwrap()),
                other => break other.map(drop),
            }
        },
        2 | 3 => loop {
            let next = match call {
                2 => capture.try_next_packet(),
                _ => capture.next_packet_timeout(Duration::from_secs(10)),
            };
            match next {
                Ok(Next::Packet(packet)) => keep(packet),
                other => break other.map(|end| assert_eq!(end, Next::End(End::Eof))),
            }
        },
        4 => loop {
            match capture.for_each_up_to(7, &mut keep) {
                Ok(done) if done.stop() == Stop::Count => {}
                other => break other.map(drop),
            }
        },
        5 => loop {
            match capture.dispatch_up_to(3, &mut keep) {
                Ok(done) if done.stop() == Stop::Count => {}
                other => break other.map(drop),
            }
        },
        6 => capture.dispatch(&mut keep).map(drop),
        7 => capture.for_each(&mut keep).map(drop),
        8 => {
            let each = |packet: Packet<'_>| {
                keep(packet);
                ControlFlow::<()>::Continue(())
            };
            capture.try_for_each(each).map(drop)
        }
        9 => {
            let mut packets = capture.packets();
            packets.try_for_each(|packet| packet.map(|packet| keep(packet.as_packet())))
        }
        _ => return asynchronous::drain(capture, call, keep),
    };
    if result.is_err() {
        // The error repeats.
        let again = capture.next_packet().map(|packet| packet.is_some());
        assert_eq!(
            format!("{again:?}"),
            format!("{:?}", result.as_ref().map(|()| true))
        );
    } else {
        assert_eq!(capture.ended(), Some(End::Eof));
    }
    result
}

fn drain_followed(
    capture: &mut Capture<Offline>,
    call: usize,
    mut keep: impl FnMut(Packet<'_>),
) -> Result<()> {
    let mut left = usize::MAX;
    loop {
        match call % 4 {
            0 | 1 => {
                let next = match call % 4 {
                    0 => capture.try_next_packet()?,
                    _ => capture.next_packet_timeout(Duration::from_millis(1))?,
                };
                match next {
                    Next::Packet(packet) => keep(packet),
                    Next::Timeout => return Ok(()),
                    other => panic!("{other:?}"),
                }
                continue;
            }
            2 => left = 3,
            _ => {}
        }
        let done = capture.dispatch_up_to(left as u64, &mut keep)?;
        if done.stop() != Stop::Count {
            assert_eq!(done.stop(), Stop::Empty);
            return Ok(());
        }
    }
}

#[cfg(all(feature = "tokio", feature = "async-io"))]
mod asynchronous {
    use futures_lite::{StreamExt, future::block_on};
    use pcap_core::{Capture, Offline, Packet, Result};

    pub(crate) fn drain(
        capture: Capture<Offline>,
        call: usize,
        mut keep: impl FnMut(Packet<'_>),
    ) -> Result<()> {
        block_on(async {
            if call == 10 {
                let mut capture = capture.into_tokio()?;
                while let Some(packet) = capture.next_packet().await? {
                    keep(packet);
                }
            } else {
                let mut packets = capture.into_async_io()?.into_packets();
                while let Some(packet) = packets.next().await {
                    keep(packet?.as_packet());
                }
            }
            Ok(())
        })
    }
}

#[cfg(not(all(feature = "tokio", feature = "async-io")))]
mod asynchronous {
    use pcap_core::{Capture, Offline, Packet, Result};

    pub(crate) fn drain(
        mut capture: Capture<Offline>,
        _: usize,
        keep: impl FnMut(Packet<'_>),
    ) -> Result<()> {
        capture.for_each(keep).map(drop)
    }
}

/// Reads a file with this library; calls a closure with the number of packets before each. Also returns what a reader
/// returned.
fn ours(
    path: &Path,
    way: Way,
    call: usize,
    mut read: impl FnMut(usize),
) -> (Vec<Raw>, Option<Error>, Vec<u8>) {
    let given = Arc::default();
    let capture = way.open(path, &given).unwrap();
    let mut packets = Vec::new();
    read(0);
    let result = drain(capture, call, |packet| {
        let time = (packet.header().raw_secs(), packet.header().raw_nanos());
        packets.push((
            time,
            packet.caplen(),
            packet.wire_len(),
            packet.data().to_vec(),
        ));
        read(packets.len());
    });
    let given = std::mem::take(&mut *given.lock().unwrap());
    (packets, result.err(), given)
}

/// Does the same with `pcap_next_ex`.
fn libpcap(path: &Path, mut read: impl FnMut(usize)) -> (Vec<Raw>, Option<String>) {
    let theirs = Theirs::open(stream(path)).unwrap();
    let mut packets = Vec::new();
    loop {
        read(packets.len());
        match theirs.next() {
            Ok(Some(packet)) => packets.push(packet),
            Ok(None) => return (packets, None),
            Err(error) => return (packets, Some(error)),
        }
    }
}

fn edit(path: &Path) -> File {
    File::options().write(true).open(path).unwrap()
}

fn truncate(path: &Path, length: usize) {
    edit(path).set_len(length as u64).unwrap();
}

fn append(path: &Path, bytes: &[u8]) {
    let mut file = File::options().append(true).open(path).unwrap();
    file.write_all(bytes).unwrap();
}

/// A savefile on disk for this library, and a copy for libpcap.
struct Files {
    folder: tempfile::TempDir,
}

impl Files {
    fn new() -> Files {
        let folder = tempfile::tempdir().unwrap();
        Files { folder }
    }

    fn ours(&self, way: Way, bytes: &[u8]) -> PathBuf {
        let junk = &[0xa1; BEFORE][..way.start()];
        files::file(self.folder.path(), "ours", &[junk, bytes].concat())
    }

    fn theirs(&self, bytes: &[u8]) -> PathBuf {
        files::file(self.folder.path(), "theirs", bytes)
    }
}

/// Calls a closure with each format, way of opening, number of packets and reading call.
fn cases(mut case: impl FnMut(&Savefile, &Build, Way, usize, &mut dyn FnMut() -> usize)) {
    // Each call meets each of the others in turn.
    let mut turn = 0;
    let mut call = || {
        turn += 1;
        turn % CALLS
    };
    for (name, build) in formats() {
        let savefile = Savefile::new(name, &build, 1, PACKETS);
        for way in WAYS {
            for after in AFTER {
                case(&savefile, &build, way, after, &mut call);
            }
        }
    }
}

/// Checks that the packets and the error are those of libpcap for these bytes.
fn same_as_libpcap(case: &str, packets: &[Raw], error: Option<Error>, bytes: &[u8]) {
    let mut bytes = bytes.to_vec();
    let theirs = Plan::new(Source::File(0), 0).libpcap(&mut bytes);
    assert!(
        packets == theirs.packets,
        "{case}: {} packets, not {}",
        packets.len(),
        theirs.packets.len()
    );
    same_end(case, error, theirs.error, &bytes);
}

/// Checks that the error is that of libpcap, or for pcapng one of the same kind.
fn same_end(case: &str, ours: Option<Error>, theirs: Option<String>, bytes: &[u8]) {
    let ours = ours.map(|e| e.text().to_owned());
    let same = match bytes.starts_with(&[0x0a, 0x0d, 0x0d, 0x0a]) {
        true => same_error(ours.as_deref(), theirs.as_deref()),
        false => ours == theirs,
    };
    assert!(same, "{case}: {ours:?}, not {theirs:?}");
}
