//! Several link types from pipes and endless readers: breaks, deadlines and looks.

use std::io::{self, Read, Write};
#[cfg(target_os = "linux")]
use std::os::fd::AsRawFd;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use pcap_core::{BreakHandle, Capture, End, ErrorKind, Next};

use super::{ETHERNET, RAW, USB, WLAN, origins, two_linktypes};
use crate::pipes::opened;
use crate::support::files::{Order, Pcapng, ping, read_all};
#[cfg(target_os = "linux")]
use crate::support::wait_until;

/// The bytes up to the end of the first interface, which are read on opening.
const START: usize = 28 + 20;

#[test]
fn a_pipe_is_read_byte_by_byte() {
    let bytes = two_linktypes();
    let (mut capture, mut writer) = opened(&bytes, START);
    capture.mix_linktypes().unwrap();
    capture.set_filter("icmp or udp").unwrap();
    let mut seen = Vec::new();
    for byte in &bytes[START..] {
        if let Next::Packet(packet) = capture.try_next_packet().unwrap() {
            seen.push(packet.into_owned());
        }
        writer.write_all(&[*byte]).unwrap();
    }
    drop(writer);
    seen.extend(read_all(&mut capture).unwrap());
    assert_eq!(origins(&seen), [(0, ETHERNET), (1, RAW), (1, RAW)]);
}

/// All packets that are in the pipe are there for a look, also behind interfaces.
#[test]
fn a_look_finds_what_has_arrived() {
    let bytes = two_linktypes();
    for first in START..=bytes.len() {
        for filter in [None, Some("ip")] {
            let (mut capture, mut writer) = opened(&bytes, first);
            capture.mix_linktypes().unwrap();
            if let Some(filter) = filter {
                capture.set_filter(filter).unwrap();
            }
            let ends = [START + 20 + 132, 116, 88, 64]
                .iter()
                .scan(0, |end, length| {
                    *end += length;
                    Some(*end)
                });
            let whole = ends.filter(|end| *end <= first).count();
            let mut seen = 0;
            while capture.try_next_packet().unwrap() != Next::Timeout {
                seen += 1;
            }
            assert_eq!(seen, whole, "{first}");
            let moment = Duration::from_millis(1);
            if first % 7 == 0 {
                let next = capture.next_packet_timeout(moment).unwrap();
                assert_eq!(next, Next::Timeout, "{first}");
            }
            writer.write_all(&bytes[first..]).unwrap();
            drop(writer);
            let rest = read_all(&mut capture).unwrap();
            assert_eq!(rest.len() + whole, 4, "{first}");
        }
    }
}

#[test]
fn a_break_ends_a_wait_for_a_link_type() {
    let bytes = two_linktypes();
    for first in [START, START + 20, START + 27] {
        let (mut capture, mut writer) = opened(&bytes, first);
        capture.mix_linktypes().unwrap();
        capture.set_filter("ip").unwrap();
        let handle = capture.break_handle();
        let breaker = thread::spawn(move || {
            thread::sleep(Duration::from_millis(10));
            handle.breakloop();
        });
        assert!(capture.next_packet().unwrap().is_none());
        assert_eq!(capture.ended(), Some(End::Break));
        breaker.join().unwrap();
        writer.write_all(&bytes[first..]).unwrap();
        drop(writer);
        assert_eq!(read_all(&mut capture).unwrap().len(), 4);
    }
}

/// However many blocks without packets have arrived, a look passes about a mebibyte of them.
#[cfg(target_os = "linux")]
#[test]
fn a_look_passes_a_part_of_the_blocks_of_a_full_pipe() {
    const MIB: usize = 1 << 20;
    for is_mixed in [false, true] {
        let file = Pcapng::new(Order::NATIVE).interface(ETHERNET, 0, &[]);
        let (mut capture, mut writer) = opened(&file.clone().bytes(), START);
        if is_mixed {
            capture.mix_linktypes().unwrap();
        }
        let block = file.clone().block(0xbad, &[7; 52]);
        let block = block.bytes().split_off(START);
        let packet = file.packet(0, 1, 98, &ping(7)).bytes().split_off(START);
        let pipe = writer.try_clone().unwrap();
        // Only root may have a pipe that contains everything, and there may be many others.
        let size = [16 * MIB, MIB, 4096].into_iter().find_map(|size| {
            let size = size as libc::c_int;
            // SAFETY: takes numbers; the pipe is open.
            let size = unsafe { libc::fcntl(pipe.as_raw_fd(), libc::F_SETPIPE_SZ, size) };
            (size > 0).then_some(size)
        });
        let full = size.unwrap() - 4096;
        let writer = thread::spawn(move || {
            let blocks = block.repeat(MIB / block.len());
            for _ in 0..10 {
                writer.write_all(&blocks).unwrap();
            }
            writer.write_all(&packet).unwrap();
        });
        let mut looks = 0;
        loop {
            wait_until("the pipe is full, or contains the rest", || {
                let mut bytes = 0;
                // SAFETY: the pipe is open, and the number is ours.
                unsafe { libc::ioctl(pipe.as_raw_fd(), libc::FIONREAD, &mut bytes) };
                bytes >= full || writer.is_finished()
            });
            match capture.try_next_packet().unwrap() {
                Next::Packet(packet) => break assert_eq!(packet.data(), ping(7)),
                Next::Timeout => looks += 1,
                end => panic!("{end:?}"),
            }
        }
        assert!(looks >= 6, "{is_mixed}: {looks} looks");
        writer.join().unwrap();
    }
}

/// Only the first interface of a pipe is known before the first read, however many have arrived.
#[test]
fn a_pipe_knows_its_first_interface() {
    let bytes = Pcapng::new(Order::NATIVE)
        .interface(ETHERNET, 0, &[])
        .interface(WLAN, 0, &[])
        .packet(1, 1, 30, &[0x80; 30])
        .packet(0, 1, 98, &ping(0))
        .bytes();
    let (mut capture, writer) = opened(&bytes, bytes.len());
    capture.mix_linktypes().unwrap();
    assert!(capture.set_filter("type mgt").is_err());
    // A compiled filter waits for its link type.
    let filter = pcap_core::Filter::compile(pcap_core::Dlt::IEEE802_11, "type mgt").unwrap();
    capture.set_filter(filter).unwrap();
    drop(writer);
    assert_eq!(read_all(&mut capture).unwrap().len(), 1);
}

#[test]
fn a_pipe_that_libpcap_reads_is_refused() {
    let bytes = Pcapng::new(Order::NATIVE)
        .interface(USB, 0, &[])
        .packet(0, 1, 98, &ping(0))
        .bytes();
    let (mut capture, writer) = opened(&bytes, bytes.len());
    drop(writer);
    let error = capture.mix_linktypes().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert_eq!(read_all(&mut capture).unwrap().len(), 1);
}

/// Compiling for ever more link types can be interrupted.
#[test]
fn a_break_ends_endless_link_types() {
    struct Endless(Vec<u8>, u16, Arc<Mutex<Option<BreakHandle>>>);
    impl Read for Endless {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            if self.0.is_empty() {
                let section = Pcapng::new(Order::NATIVE);
                let start = if self.1 == 0 {
                    0
                } else {
                    section.bytes().len()
                };
                self.1 += 1;
                if let (1.., Some(handle)) = (self.1 % 50, &*self.2.lock().unwrap()) {
                    handle.breakloop();
                }
                self.0 = section.interface(self.1, 0, &[]).bytes()[start..].to_vec();
            }
            let length = self.0.len().min(buffer.len());
            buffer[..length].copy_from_slice(&self.0[..length]);
            self.0.drain(..length);
            Ok(length)
        }
    }
    let handle = Arc::new(Mutex::new(None));
    let reader = Endless(Vec::new(), 0, Arc::clone(&handle));
    let mut capture = Capture::from_reader(reader).unwrap();
    capture.mix_linktypes().unwrap();
    capture.set_filter("ip").unwrap();
    *handle.lock().unwrap() = Some(capture.break_handle());
    for _ in 0..20 {
        assert!(capture.next_packet().unwrap().is_none());
        assert_eq!(capture.ended(), Some(End::Break));
        assert_eq!(capture.packet(), None);
    }
    assert!(!capture.interfaces().is_empty());
}
