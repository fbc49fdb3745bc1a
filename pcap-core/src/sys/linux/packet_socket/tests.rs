//! Tests of packet sockets, and of the calls that need no privileges.

use std::io;
use std::mem::zeroed;
use std::os::fd::{AsFd, FromRawFd, OwnedFd};
use std::os::unix::net::UnixDatagram;

use super::*;

/// Creates sockets of a kind that needs no privileges, and whose queue fills quickly.
#[test]
#[cfg_attr(emulated, ignore = "qemu-user cannot identify sockets")]
fn one_call_sends_many_in_order_as_many_as_there_is_room_for_and_none_if_it_is_full() {
    let (left, right) = UnixDatagram::pair().unwrap();
    right.set_nonblocking(true).unwrap();
    let packets: Vec<Vec<u8>> = (1..=2000).map(|n| vec![n as u8; n]).collect();
    let mut next = 0;
    let mut receive = |count: usize| {
        for _ in 0..count {
            let mut buffer = [0; 2001];
            let length = right.recv(&mut buffer).unwrap();
            assert_eq!(buffer[..length], packets[next]);
            next += 1;
        }
        assert!(right.recv(&mut [0]).is_err(), "more than it said");
    };
    let (mut begin, mut calls) = (0, 0);
    while begin < packets.len() {
        let mut inside = 0;
        loop {
            let rest = &packets[begin + inside..];
            let sent = send(left.as_fd(), rest.iter().map(Vec::as_slice));
            let bytes: usize = rest[..sent.packets].iter().map(Vec::len).sum();
            assert_eq!(sent.bytes, bytes);
            inside += sent.packets;
            calls += 1;
            if sent.packets == 0 {
                break;
            }
        }
        receive(inside);
        begin += inside;
    }
    assert!(calls < packets.len(), "{calls} calls");
    assert!(!is_packet_socket(left.as_fd()));
    let error = bypass_qdisc(left.as_fd()).unwrap_err();
    assert_eq!(error.raw_os_error(), Some(libc::EOPNOTSUPP));
}

#[test]
#[cfg_attr(emulated, ignore = "qemu-user has no packet sockets")]
fn a_device_that_is_down_receives_nothing() {
    // SAFETY: takes no arguments, and always succeeds.
    if unsafe { libc::geteuid() } != 0 {
        eprintln!("skipped: only root can create a network namespace");
        return;
    }
    // The loopback device of a new namespace is down.
    let why = std::thread::spawn(|| {
        // SAFETY: takes a number, and only changes this thread.
        assert_eq!(unsafe { libc::unshare(libc::CLONE_NEWNET) }, 0);
        // SAFETY: takes numbers.
        let fd = unsafe { libc::socket(libc::AF_PACKET, libc::SOCK_RAW, 0) };
        assert!(fd >= 0, "{}", io::Error::last_os_error());
        // SAFETY: just opened, and nothing else owns it.
        let socket = unsafe { OwnedFd::from_raw_fd(fd) };
        // SAFETY: a structure of plain numbers, for which zero is a value.
        let mut address: libc::sockaddr_ll = unsafe { zeroed() };
        address.sll_family = libc::AF_PACKET as _;
        address.sll_ifindex = 1;
        let size = size_of_val(&address) as libc::socklen_t;
        let pointer: *const libc::sockaddr_ll = &address;
        // SAFETY: the descriptor is open, and the structure has that length.
        assert_eq!(unsafe { libc::bind(fd, pointer.cast(), size) }, 0);
        receive(socket.as_fd(), ALL).unwrap_err()
    });
    let why = why.join().unwrap();
    assert!(matches!(why, NotReceiving::Down));
    assert_eq!(io::Error::from(why).kind(), io::ErrorKind::NetworkDown);
    let gone = io::Error::from(NotReceiving::Gone);
    assert_eq!(gone.kind(), io::ErrorKind::NotFound);
    let other = NotReceiving::Failed(io::ErrorKind::Unsupported.into());
    assert_eq!(io::Error::from(other).kind(), io::ErrorKind::Unsupported);
}
