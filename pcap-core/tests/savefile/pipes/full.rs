//! Pipes that hold as much as they can: a look finds what has arrived, however far behind.

use std::io::Write;
use std::os::fd::AsRawFd;
use std::thread;
use std::time::{Duration, Instant};

use pcap_core::Next;

use super::opened;
use crate::support::files::{Order, Pcap, Pcapng, number, ping};

/// Makes the pipe hold this many bytes.
fn widen(writer: &std::fs::File, size: usize) {
    // SAFETY: takes numbers; the pipe is open.
    let set = unsafe { libc::fcntl(writer.as_raw_fd(), libc::F_SETPIPE_SZ, size) };
    assert_eq!(set, size as i32);
}

/// Returns the start of a savefile, a number of blocks of 100 bytes without a packet, and a packet after them.
fn behind_blocks(blocks: usize) -> (Vec<u8>, Vec<u8>) {
    let start = Pcapng::new(Order::NATIVE).interface(1, 0, &[]);
    let length = start.bytes().len();
    let file = (0..blocks).fold(start, |file, _| file.block(0xbad, &[7; 88]));
    let mut bytes = file.packet(0, 1, 98, &ping(0)).bytes();
    let rest = bytes.split_off(length);
    (bytes, rest)
}

/// The reader pauses among blocks without packets, but waits only for what has not arrived.
#[test]
fn a_packet_behind_many_blocks_has_arrived() {
    const SIZE: usize = 1 << 20;
    for blocks in [SIZE / 100 + 2, SIZE / 100 + 30] {
        let (header, bytes) = behind_blocks(blocks);
        let (mut capture, mut writer) = opened(&header, header.len());
        widen(&writer, SIZE);
        let writing = thread::spawn(move || {
            writer.write_all(&bytes).unwrap();
            writer
        });
        // The pipe is nearly full then, and the rest follows as soon as the first bytes are read.
        thread::sleep(Duration::from_millis(50));
        let begin = Instant::now();
        let longest = Duration::from_secs(20);
        let next = capture.next_packet_timeout(longest).unwrap();
        assert_ne!(next, Next::Timeout);
        assert!(begin.elapsed() < longest / 2, "{blocks}");
        drop(writing.join().unwrap());
    }
}

/// A look reads as much as a pipe can hold, in several reads.
#[test]
fn a_look_finds_a_packet_behind_many_blocks() {
    const SIZE: usize = 1 << 20;
    for blocks in [10, 5000, SIZE / 100 - 10] {
        let (header, bytes) = behind_blocks(blocks);
        let (mut capture, mut writer) = opened(&header, header.len());
        widen(&writer, SIZE);
        writer.write_all(&bytes).unwrap();
        let next = capture.try_next_packet().unwrap();
        assert_eq!(number(next.packet().expect("a packet").data()), 0);
        assert_eq!(capture.try_next_packet().unwrap(), Next::Timeout);
    }
}

/// A look passes as many rejected packets as a pipe can hold.
#[test]
fn a_look_finds_a_packet_behind_many_others() {
    const SIZE: usize = 1 << 20;
    let native = |length: usize| {
        let rejected = 16 + 98;
        let filler = (length - 16 - 99) % rejected + rejected - 16;
        let count = (length - 16 - 99 - 16 - filler) / rejected;
        let file = (0..count).fold(Pcap::native(), |file, _| file.packet(1, 0, &[1; 98]));
        file.packet(2, 0, &vec![1; filler])
            .packet(3, 0, &[1; 99])
            .bytes()
    };
    let ng = |length: usize| {
        let rejected = 32 + 100;
        let filler = (length - 32 - 100) % rejected + rejected - 32;
        let count = (length - 32 - 100 - 32 - filler) / rejected;
        let file = Pcapng::new(Order::NATIVE).interface(1, 0, &[]);
        let file = (0..count).fold(file, |file, _| file.packet(0, 1, 98, &[1; 98]));
        let file = file.packet(0, 2, filler as u32, &vec![1; filler]);
        file.packet(0, 3, 99, &[1; 99]).bytes()
    };
    for (start, mut bytes) in [(24, native(SIZE)), (48, ng(SIZE))] {
        let packets = bytes.split_off(start);
        assert_eq!(packets.len(), SIZE);
        let (mut capture, mut writer) = opened(&bytes, start);
        capture.set_filter("len = 99").unwrap();
        widen(&writer, SIZE);
        writer.write_all(&packets).unwrap();
        let next = capture.try_next_packet().unwrap();
        assert_eq!(next.packet().expect("a packet").data(), [1; 99]);
        assert_eq!(capture.try_next_packet().unwrap(), Next::Timeout);
    }
}
