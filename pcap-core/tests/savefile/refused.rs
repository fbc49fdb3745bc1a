//! What reading a savefile returns if the kernel refuses a system call, as a network file system may.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;

use pcap_core::pcapng::{Interface, PcapngDumper, Reader};
use pcap_core::{Capture, Error, ErrorKind, Linktype, Offline, Packet, Timestamp};

use crate::support::files::{self, MICRO, Order, Pcap, ping, pings, pings_ng};
use crate::support::refused::{apart, refuse};

const DENIED: ErrorKind = ErrorKind::Io(io::ErrorKind::PermissionDenied);

fn until_error(capture: &mut Capture<Offline>) -> Error {
    loop {
        match capture.next_packet() {
            Ok(packet) => assert!(packet.is_some(), "the end"),
            Err(error) => return error,
        }
    }
}

/// Refuses the calls for the length of a file.
fn refuse_lengths() {
    for call in [libc::SYS_statx, libc::SYS_fstat, libc::SYS_newfstatat] {
        refuse(call, &[], libc::EACCES);
    }
}

/// Whether a file has shrunk is unknown then.
#[test]
fn a_file_whose_length_is_unknown_at_its_end_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let old = Pcap::native().version(2, 3).packet(1, 2, &ping(1)).bytes();
    for bytes in [pings(3), pings_ng(3), old] {
        let path = files::file(folder.path(), "a", &bytes);
        let mut capture = Capture::from_file(&path).unwrap();
        let error = apart(|| {
            refuse_lengths();
            until_error(&mut capture)
        });
        assert_eq!(error.kind(), DENIED, "{error}");
        assert_eq!(error.operation(), Some("read"));
        let again = capture.next_packet().unwrap_err();
        assert_eq!(again.to_string(), error.to_string());
    }
    let path = files::file(folder.path(), "a", &pings_ng(3));
    let mut reader = Reader::open(&path).unwrap();
    let error = apart(|| {
        refuse_lengths();
        loop {
            match reader.next_block() {
                Ok(block) => assert!(block.is_some(), "the end"),
                Err(error) => return error,
            }
        }
    });
    assert_eq!(error.kind(), DENIED, "{error}");
}

/// This crate's reader has seen a record that only libpcap interprets. libpcap finds the end there, because the file is
/// shorter for a moment: a read that returns 0 is what it notices of that.
#[test]
fn a_followed_file_that_was_shorter_for_libpcap_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let file = Pcap::native().packet(1, 2, &ping(1));
    let bytes = file.packet(1, 1 << 31, &ping(2)).bytes();
    let path = files::file(folder.path(), "a.pcap", &bytes);
    let mut capture = Capture::from_file(&path).unwrap();
    capture.follow(true).unwrap();
    assert!(capture.next_packet().unwrap().is_some());
    let error = apart(|| {
        // musl's streams call readv(2).
        for call in [libc::SYS_read, libc::SYS_readv] {
            refuse(call, &[], 0);
        }
        until_error(&mut capture)
    });
    assert_eq!(error.kind(), ErrorKind::SavefileTruncated, "{error}");
    assert_eq!(error.text(), "the file shrank while it was read");
    let again = capture.next_packet().unwrap_err();
    assert_eq!(again.to_string(), error.to_string());
}

/// What wakes a reader is opened once.
#[test]
fn a_file_that_is_followed_again_needs_no_more_descriptors() {
    let folder = tempfile::tempdir().unwrap();
    let path = files::file(folder.path(), "a", &pings(1));
    let mut capture = Capture::from_file(&path).unwrap();
    capture.follow(true).unwrap();
    apart(|| {
        refuse(libc::SYS_eventfd2, &[], libc::EMFILE);
        capture.follow(false).unwrap();
        capture.follow(true).unwrap();
        assert!(capture.next_packet().unwrap().is_some());
    });
}

/// Some file systems report a failed write only when the file is closed.
#[test]
fn a_file_that_cannot_be_closed_is_an_error() {
    let file = tempfile::tempfile().unwrap();
    let number = file.as_raw_fd() as u32;
    let mut dumper = Capture::dead(Linktype::ETHERNET)
        .unwrap()
        .dump_open_file(file)
        .unwrap();
    dumper.write_now(&ping(1)).unwrap();
    let error = apart(|| {
        refuse(libc::SYS_close, &[(0, number)], libc::EDQUOT);
        dumper.close().unwrap_err()
    });
    assert_eq!(error.operation(), Some("close"), "{error}");
}

/// A record that only libpcap understands.
#[test]
fn a_file_that_libpcap_cannot_seek_in_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    for order in [Order::Little, Order::Big] {
        let odd = [1, u32::MAX, 98, 98];
        let file = Pcap::new(order, MICRO).packet(1, 2, &ping(1));
        let bytes = file.record(odd, &ping(2)).bytes();
        let path = files::file(folder.path(), "a", &bytes);
        let mut capture = Capture::from_file(&path).unwrap();
        assert_eq!(capture.next_packet().unwrap().unwrap().data(), ping(1));
        let error = apart(|| {
            refuse(libc::SYS_lseek, &[], libc::EACCES);
            until_error(&mut capture)
        });
        assert_eq!(error.kind(), DENIED, "{error}");
    }
}

/// An interface of another link type needs another program.
#[test]
fn a_filter_that_cannot_be_compiled_later_is_an_error() {
    let ip = [&[0x45, 0, 0, 20][..], &[0; 16]].concat();
    let packet = Packet::whole(Timestamp::EPOCH, &ip);
    let mut dumper = PcapngDumper::new(Vec::new());
    let ethernet = Interface::new(Linktype::ETHERNET);
    let first = dumper.add_interface(&ethernet).unwrap();
    let frame = ping(1);
    dumper
        .write(first, Packet::whole(Timestamp::EPOCH, &frame))
        .unwrap();
    let before = usize::try_from(dumper.position()).unwrap();
    let second = dumper
        .add_interface(&Interface::new(Linktype::RAW))
        .unwrap();
    dumper.write(second, packet).unwrap();
    let bytes: Vec<u8> = dumper.into_writer().unwrap();

    let (reader, mut writer) = UnixStream::pair().unwrap();
    writer.write_all(&bytes[..before]).unwrap();
    let file = File::from(OwnedFd::from(reader));
    let mut capture = Capture::from_open_file(file).unwrap();
    capture.mix_linktypes().unwrap();
    capture.set_filter("icmp or tcp port 80").unwrap();
    assert_eq!(capture.next_packet().unwrap().unwrap().data(), frame);
    writer.write_all(&bytes[before..]).unwrap();
    let error = apart(|| {
        refuse(libc::SYS_clone3, &[], libc::EAGAIN);
        refuse(libc::SYS_clone, &[], libc::EAGAIN);
        until_error(&mut capture)
    });
    assert_eq!(error.kind(), ErrorKind::Io(io::ErrorKind::WouldBlock));
}

#[test]
fn a_pipe_that_cannot_be_waited_for_is_an_error() {
    let (reader, mut writer) = UnixStream::pair().unwrap();
    writer.write_all(&pings(0)).unwrap();
    let file = File::from(OwnedFd::from(reader));
    let mut capture = Capture::from_open_file(file).unwrap();
    let error = apart(|| {
        refuse(libc::SYS_poll, &[], libc::EACCES);
        refuse(libc::SYS_ppoll, &[], libc::EACCES);
        let wait = capture.next_packet_timeout(std::time::Duration::from_secs(1));
        wait.map(drop).unwrap_err()
    });
    assert_eq!(error.kind(), DENIED, "{error}");
}
