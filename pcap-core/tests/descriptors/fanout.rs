//! What a fanout group and a sender leave open when file descriptors run out. In its own process, whose limit is set.

use std::fs;
use std::os::fd::{AsRawFd, RawFd};

use crate::support::wire::packet_sockets;
use crate::support::{Netns, alone, descriptors, error_text};
use pcap_core::os::linux::{Fanout, FanoutMode, SenderExt};
use pcap_core::{Capture, ErrorKind, Next};

/// Calls `f` while exactly `room` descriptors can be opened.
fn with_room_for<T>(room: usize, f: impl FnOnce() -> T) -> T {
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: the structure is a local variable for the result.
    let status = unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit) };
    assert_eq!(status, 0);
    // The limit is on descriptor numbers, so fill the gaps: the first number above all open ones ends it.
    let names = fs::read_dir("/proc/self/fd").unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let numbers = names.map(|name| name.parse().unwrap());
    // Below valgrind, its own descriptors are above the limit.
    let numbers = numbers.filter(|number: &RawFd| (*number as libc::rlim_t) < limit.rlim_cur);
    let highest = numbers.max().unwrap();
    let mut filled = Vec::new();
    let last = loop {
        let file = fs::File::open("/dev/null").unwrap();
        let number = file.as_raw_fd();
        filled.push(file);
        if number > highest {
            break number as usize;
        }
    };
    let less = libc::rlimit {
        rlim_cur: (last + 1 + room) as libc::rlim_t,
        ..limit
    };
    // SAFETY: the kernel only reads it.
    let status = unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &less) };
    assert_eq!(status, 0);
    let result = f();
    // SAFETY: as above.
    let status = unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &limit) };
    assert_eq!(status, 0);
    result
}

#[test]
fn a_failed_member_or_sender_closes_all() {
    let _alone = alone();
    let Some(net) = Netns::new() else { return };
    net.veth("left", "right");
    let options = Capture::from_device("right").promisc(true);
    let group = Fanout::new(FanoutMode::Hash);
    let before = descriptors();

    // The number of descriptors of one member.
    let one = group.activate(&options, 1).unwrap();
    let each = descriptors() - before;
    drop(one);

    // The first, second and third member fail, for lack of one descriptor or more.
    for room in 0..3 * each {
        let failed = with_room_for(room, || group.activate(&options, 3));
        let error = failed.unwrap_err();
        assert!(error.to_string().contains("`right`"), "{error}");
        let expected = error_text(libc::EMFILE);
        assert!(error.to_string().contains(&expected), "{error}");
        assert_eq!((descriptors(), packet_sockets()), (before, 0), "{room}");
    }
    let show = net.ip("-d -o link show dev right".split(' '));
    assert!(show.contains("promiscuity 0"), "{show}");
    // Some are only needed during the activation.
    let members = with_room_for(3 * each + 8, || group.activate(&options, 3)).unwrap();
    assert_eq!(packet_sockets(), 3);
    drop(members);

    let mut capture = Capture::from_device("left").activate().unwrap();
    let opened = descriptors();
    // The socket that all senders share, and the descriptor that wakes this one.
    for room in 0..2 {
        let error = with_room_for(room, || capture.sender()).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Io(_)), "{error}");
        assert_eq!(descriptors(), opened + room, "the socket stays open");
    }
    let sender = with_room_for(1, || capture.sender()).unwrap();
    sender.inject(&[0xff; 60]).unwrap();
    assert!(matches!(capture.try_next_packet().unwrap(), Next::Timeout));
    drop((sender, capture));
    assert_eq!((descriptors(), packet_sockets()), (before, 0));
}
