//! Savefiles that arrive slowly through a pipe: breaks, deadlines and non-blocking reads end a wait at once, at any
//! position within a record, and lose nothing.

#[cfg(target_os = "linux")]
mod full;
mod kinds;
mod waits;

use std::fs::File;
use std::io::Write;

use pcap_core::{Capture, Done, End, Offline};

use crate::support::files::{Order, Pcap, Pcapng, number, ping, pings, pings_in, pings_ng};

/// Returns both ends of a pipe.
fn pipe() -> (File, File) {
    let mut fds = [0; 2];
    // SAFETY: the array has room for the two numbers.
    assert_eq!(unsafe { libc::pipe(fds.as_mut_ptr()) }, 0);
    fds.iter().for_each(|&fd| {
        // SAFETY: takes numbers.
        unsafe { libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC) };
    });
    // SAFETY: just opened, and without another owner.
    fds.map(|fd| unsafe { std::os::fd::FromRawFd::from_raw_fd(fd) })
        .into()
}

fn other_order() -> Order {
    match Order::NATIVE {
        Order::Little => Order::Big,
        Order::Big => Order::Little,
    }
}

/// Returns the pings as USB packets, whose content libpcap reads itself.
fn not_plain(count: u16) -> Vec<u8> {
    let file = Pcap::native().linktype(189);
    (0..count)
        .fold(file, |file, n| file.packet(n.into(), 0, &ping(n)))
        .bytes()
}

/// Returns records of which one has a fraction that only libpcap interprets.
fn odd_one_in(count: u16) -> Vec<u8> {
    let file = Pcap::native();
    let odd = |n| u32::from(n == 1) * 0x8000_0000;
    (0..count)
        .fold(file, |file, n| file.packet(n.into(), odd(n), &ping(n)))
        .bytes()
}

/// Returns a block without a packet after each packet, and a second section.
fn blocks_between(count: u16) -> Vec<u8> {
    let file = Pcapng::new(other_order()).interface(1, 0, &[]);
    let file = (0..count).fold(file, |file, n| {
        let file = file.packet(0, n.into(), 98, &ping(n));
        file.block(4, &[0; 4]).block(0xbad, &[7; 300])
    });
    file.bytes()
}

/// Returns what libpcap and the fast path read, with the start of the first packet and the end of the second.
fn kinds() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("classic", pings(3)),
        ("swapped", pings_in(other_order(), 3)),
        ("read by libpcap", not_plain(3)),
        ("odd", odd_one_in(3)),
        ("pcapng", pings_ng(3)),
        ("pcapng with more", blocks_between(3)),
    ]
}

/// Opens a capture of the first bytes, and returns the writing end for the others.
pub(crate) fn opened(bytes: &[u8], first: usize) -> (Capture<Offline>, File) {
    let (reader, mut writer) = pipe();
    writer.write_all(&bytes[..first]).unwrap();
    (Capture::from_open_file(reader).unwrap(), writer)
}

fn rest(capture: &mut Capture<Offline>, from: u16, to: u16) {
    let mut seen = Vec::new();
    let all = capture.for_each(|packet| seen.push(number(packet.data())));
    let packets = (to - from).into();
    let end = End::Eof;
    assert_eq!(all.unwrap(), Done::new(packets, end));
    assert_eq!(seen, (from..to).collect::<Vec<_>>());
}

/// Returns the start of the first packet.
fn files_start(bytes: &[u8]) -> usize {
    match bytes[0] {
        0x0a => 28 + 20,
        _ => 24,
    }
}
