//! Reading borrowed packets does not allocate, as counted by the allocator of this program. C's allocations are not
//! counted; libpcap makes none for packets up to 2 KiB.
#![cfg_attr(windows, allow(unused))] // some tests are for other systems only

use crate::count;
use crate::support::files;

use std::cell::RefCell;
#[cfg(unix)]
use std::fs::File;
use std::hint::black_box;
use std::io::Write;
use std::ops::ControlFlow;
#[cfg(unix)]
use std::os::{fd::OwnedFd, unix::net::UnixStream};
use std::thread;
use std::time::Duration;

use crate::support::files::{Pcap, ping, pings, ways};
use pcap_core::{Capture, Next, Offline, Packet, PacketBatch};

const MANY: u16 = 8000;
const MOMENT: Duration = Duration::from_millis(60);

/// A function that reads to the end and counts packets.
type Read = fn(&mut Capture<Offline>) -> u64;

/// Returns the captures for a call. A call that never waits does not get a pipe, which another thread writes
/// meanwhile.
fn captures(name: &str) -> impl Iterator<Item = Capture<Offline>> {
    let piped = (name != "try_next_packet").then(piped);
    ways(MANY).into_iter().chain(piped)
}

thread_local! {
    /// A batch that has grown.
    static BATCH: RefCell<PacketBatch> = RefCell::new({
        let mut batch = PacketBatch::new();
        for mut capture in ways(MANY) {
            while capture.read_batch(&mut batch).unwrap() {}
        }
        batch
    });
}

/// Returns the number of allocations for reading all `packets` but the first 500.
fn allocations(mut capture: Capture<Offline>, read: Read, packets: u16) -> usize {
    // The read-ahead buffer grows here.
    for _ in 0..500 {
        assert!(capture.advance().unwrap());
    }
    BATCH.with_borrow_mut(PacketBatch::clear);
    let before = count::get();
    assert_eq!(read(&mut capture), u64::from(packets) - 500);
    count::get() - before
}

/// Returns a capture of a savefile that another thread writes to a socket.
#[cfg(windows)]
fn piped() -> Capture<Offline> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut writer = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (reader, _) = listener.accept().unwrap();
    thread::spawn(move || writer.write_all(&pings(MANY)).unwrap());
    Capture::from_reader(reader).unwrap()
}

/// Returns a capture of a savefile that another thread writes to a socket.
#[cfg(unix)]
fn piped() -> Capture<Offline> {
    let (reader, mut writer) = UnixStream::pair().unwrap();
    thread::spawn(move || writer.write_all(&pings(MANY)).unwrap());
    Capture::from_open_file(File::from(OwnedFd::from(reader))).unwrap()
}

fn look(packet: Packet<'_>) {
    black_box((packet.timestamp(), packet.data()));
}

/// Every call that lends packets.
const READS: [(&str, Read); 10] = [
    ("next_packet", |capture| {
        let mut count = 0;
        while let Some(packet) = capture.next_packet().unwrap() {
            look(packet);
            count += 1;
        }
        count
    }),
    ("try_next_packet", |capture| {
        let mut count = 0;
        while let Next::Packet(packet) = capture.try_next_packet().unwrap() {
            look(packet);
            count += 1;
        }
        count
    }),
    ("advance", |capture| {
        let mut count = 0;
        while capture.advance().unwrap() {
            look(capture.packet().unwrap());
            count += 1;
        }
        count
    }),
    ("for_each", |capture| {
        capture.for_each(look).unwrap().packets()
    }),
    ("dispatch", |capture| {
        let mut count = 0;
        loop {
            match capture.dispatch_up_to(10, look).unwrap().packets() {
                0 => return count,
                packets => count += packets,
            }
        }
    }),
    ("try_for_each", |capture| {
        let mut count = 0;
        let flow = capture.try_for_each(|packet| {
            look(packet);
            count += 1;
            ControlFlow::<()>::Continue(())
        });
        assert!(flow.unwrap().is_continue());
        count
    }),
    ("packets_with", |capture| {
        capture.packets_with(look).map(Result::unwrap).count() as u64
    }),
    ("next_packet_timeout", |capture| {
        let mut count = 0;
        while let Next::Packet(packet) = capture.next_packet_timeout(MOMENT).unwrap() {
            look(packet);
            count += 1;
        }
        count
    }),
    ("read_batch", |capture| {
        BATCH.with_borrow_mut(|batch| {
            let mut count = 0;
            while capture.read_batch(batch).unwrap() {
                batch.iter().for_each(look);
                count += batch.len() as u64;
            }
            count
        })
    }),
    ("for_each_up_to", |capture| {
        let mut count = 0;
        loop {
            match capture.for_each_up_to(10, look).unwrap().packets() {
                0 => return count,
                packets => count += packets,
            }
        }
    }),
];

/// The allocations allowed at the end of a savefile, which libpcap reads: on Windows from a temporary file.
const AT_THE_END: usize = if cfg!(windows) { 20 } else { 0 };

// Shows: parity/few-allocations-none-packet
#[test]
fn no_allocation_per_packet_by_any_call() {
    for (name, read) in READS {
        for (way, capture) in captures(name).enumerate() {
            let count = allocations(capture, read, MANY);
            let more = count.saturating_sub(AT_THE_END);
            assert_eq!(more, 0, "{name}, way {way}: {count}");
        }
    }
}

#[test]
fn a_filter_allocates_nothing_per_packet() {
    for (name, read) in READS {
        for (way, mut capture) in captures(name).enumerate() {
            capture.set_filter("icmp[6:2] & 1 = 0").unwrap();
            let count = allocations(capture, read, MANY / 2);
            let more = count.saturating_sub(AT_THE_END);
            assert_eq!(more, 0, "{name}, way {way}: {count}");
        }
    }
}

#[test]
fn following_allocates_nothing_per_packet() {
    for (name, read) in READS {
        if !["try_next_packet", "next_packet_timeout", "dispatch"].contains(&name) {
            // They wait at the end.
            continue;
        }
        for mut capture in ways(MANY).into_iter().take(2) {
            capture.follow(true).unwrap();
            assert_eq!(allocations(capture, read, MANY), 0, "{name}");
        }
    }
}

/// libpcap reads each record with an invalid time.
#[test]
#[cfg(unix)] // on Windows each is read from a file that is made for it
fn odd_records_allocate_nothing() {
    let file = Pcap::native();
    let odd = |file: Pcap, n: u16| {
        let fraction = if n % 2 == 0 { 5 } else { u32::MAX };
        file.record([1, fraction, 98, 98], &ping(n))
    };
    let bytes = (0..MANY).fold(file, odd).bytes();
    BATCH.with_borrow_mut(|batch| {
        let mut capture = files::open_file(&bytes);
        while capture.read_batch(batch).unwrap() {}
    });
    for (name, read) in READS {
        let capture = files::open_file(&bytes);
        assert_eq!(allocations(capture, read, MANY), 0, "{name}");
    }
}

#[test]
fn the_counter_counts() {
    let before = count::get();
    let mut capture = files::open(files::pings(100));
    let opened = count::get() - before;
    assert!(opened > 0);
    let before = count::get();
    assert_eq!(capture.packets().count(), 100);
    assert!(count::get() - before >= 100, "owned packets are allocated");
}

// Shows: parity/few-allocations-none-packet
#[test]
fn a_dumper_allocates_nothing_per_packet() {
    let packets = files::read_all(&mut files::open(files::pings(2000))).unwrap();
    let dead = Capture::dead(pcap_core::Dlt::EN10MB).unwrap();
    let mut dumper = dead.dump_to(std::io::sink()).unwrap();
    let before = count::get();
    for packet in packets.iter().cycle().take(20_000) {
        dumper.write(packet).unwrap();
        dumper
            .write(Packet::whole(packet.timestamp(), packet.data()))
            .unwrap();
    }
    assert_eq!(count::get() - before, 0);
}
