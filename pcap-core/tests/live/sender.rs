//! Sending from another thread than the reading one: what arrives, who sees it, breaks, errors, and what stays open.
//! On veth pairs in network namespaces.

use pcap_core::os::linux::SenderExt;
use std::thread;
use std::time::{Duration, Instant};

use pcap_core::os::linux::{CaptureExt, Sender};
use pcap_core::{Active, Capture, End, ErrorKind, Next, SendQueue};

use crate::support::wire::{
    frame, large, limit_rate, nothing, packet_sockets, read_numbers, read_numbers_sorted,
};
use crate::support::{Netns, descriptors, error_text, own_descriptors, wait_until};

/// Returns whether a packet socket has a ring: then the kernel rejects a change of its version.
fn has_ring(inode: &str) -> bool {
    let link = format!("socket:[{inode}]");
    let mut fds = std::fs::read_dir("/proc/thread-self/fd").unwrap().flatten();
    let fd = fds.find(|fd| std::fs::read_link(fd.path()).is_ok_and(|to| to.as_os_str() == &*link));
    let fd: i32 = fd
        .expect("it is open")
        .file_name()
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    let (version, size): (i32, u32) = (0, 4);
    let (level, pointer) = (libc::SOL_PACKET, (&raw const version).cast());
    // SAFETY: takes numbers and an open descriptor.
    let status = unsafe { libc::setsockopt(fd, level, libc::PACKET_VERSION, pointer, size) };
    let busy = std::io::Error::last_os_error().raw_os_error() == Some(libc::EBUSY);
    assert!(status == 0 || busy);
    status != 0
}

fn queue(numbers: impl Iterator<Item = u32>, length: usize) -> SendQueue {
    let mut queue = SendQueue::new();
    queue.push_all(numbers.map(|n| frame(n, length))).unwrap();
    queue
}

// Shows: libpcap/send-another-thread-reads
#[test]
#[cfg_attr(thread_sanitizer, ignore = "runs in its own process")]
fn a_flood_is_neither_lost_nor_seen() {
    own_descriptors();
    let Some(net) = Netns::new() else { return };
    net.veth("left", "right");
    let (mut left, mut right) = (large("left"), large("right"));
    let mut other = large("left");
    let (flood, answer) = (left.sender().unwrap(), right.sender().unwrap());
    const FLOOD: u32 = 50_000;
    const BACK: u32 = 20_000;
    let there = queue(0..FLOOD, 60);
    thread::scope(|scope| {
        scope.spawn(|| {
            // In queues, and one by one.
            let half = FLOOD as usize / 2;
            assert_eq!(flood.inject_queue_range(&there, ..half).unwrap(), half * 60);
            for number in half..FLOOD as usize {
                assert_eq!(flood.inject(there.get(number).unwrap()).unwrap(), 60);
            }
        });
        scope.spawn(|| {
            for number in FLOOD..FLOOD + BACK {
                assert_eq!(answer.inject(&frame(number, 60)).unwrap(), 60);
            }
        });
        // Each end sees all packets of the other in order, and none of its own.
        let reader = scope.spawn(|| {
            let numbers = read_numbers(&mut right, FLOOD as usize);
            assert!(numbers.into_iter().eq(0..FLOOD));
        });
        let numbers = read_numbers(&mut left, BACK as usize);
        assert!(numbers.into_iter().eq(FLOOD..FLOOD + BACK));
        reader.join().unwrap();
    });
    nothing(&mut left);
    nothing(&mut right);
    assert_eq!(
        left.stats().unwrap().dropped + right.stats().unwrap().dropped,
        0
    );
    // Another capture on the device sees both directions.
    let mut numbers = read_numbers(&mut other, (FLOOD + BACK) as usize);
    numbers.sort_unstable();
    assert!(numbers.into_iter().eq(0..FLOOD + BACK));
}

#[test]
#[cfg_attr(thread_sanitizer, ignore = "runs in its own process")]
fn threads_share_a_sender() {
    own_descriptors();
    fn shared<T: Send + Sync + 'static>(value: T) -> T {
        value
    }
    let Some(net) = Netns::new() else { return };
    net.veth("left", "right");
    let (left, mut right) = (large("left"), large("right"));
    let sender = shared(left.sender().unwrap());
    thread::scope(|scope| {
        for which in 0..4 {
            let sender = &sender;
            scope.spawn(move || {
                let queue = queue(which * 1000..(which + 1) * 1000, 60 + which as usize);
                sender.inject_queue(&queue).unwrap();
            });
        }
    });
    let mut numbers = Vec::new();
    while numbers.len() < 4000 {
        let next = right.next_packet_timeout(Duration::from_secs(10)).unwrap();
        let packet = next.packet().expect("a packet").data();
        let number = u32::from_be_bytes(packet[14..18].try_into().unwrap());
        assert!(packet == frame(number, 60 + number as usize / 1000));
        numbers.push(number);
    }
    // Those of each thread are in order.
    for which in 0..4 {
        let of_one = numbers.iter().copied().filter(|n| n / 1000 == which);
        assert!(of_one.eq(which * 1000..(which + 1) * 1000));
    }
}

#[test]
#[cfg_attr(thread_sanitizer, ignore = "runs in its own process")]
fn a_sender_outlives_its_capture() {
    own_descriptors();
    let Some(net) = Netns::new() else { return };
    net.veth("left", "right");
    let (before, sockets) = (descriptors(), packet_sockets());
    let left = Capture::from_device("left")
        .promisc(true)
        .activate()
        .unwrap();
    let opened = descriptors();
    let is_promisc = || {
        net.ip("-d -o link show dev left".split(' '))
            .contains("promiscuity 1")
    };
    assert!(is_promisc());
    let list = std::fs::read_to_string("/proc/thread-self/net/packet").unwrap();
    let inode = list
        .lines()
        .nth(1)
        .unwrap()
        .split_whitespace()
        .last()
        .unwrap();
    assert!(has_ring(inode));
    let senders: Vec<Sender> = (0..3).map(|_| left.sender().unwrap()).collect();
    // One for all, and one for each break handle.
    assert_eq!(descriptors(), opened + 1 + 3);
    assert_eq!(packet_sockets(), sockets + 1);
    drop(left);
    assert!(!is_promisc());
    assert!(!has_ring(inode), "the ring still exists");
    assert_eq!(descriptors(), before + 1 + 3);
    assert_eq!(packet_sockets(), sockets + 1);

    let mut right = large("right");
    for (number, sender) in senders.iter().enumerate() {
        assert_eq!(sender.inject(&frame(number as u32, 60)).unwrap(), 60);
    }
    assert_eq!(
        senders[0].inject_queue(&queue(3..100, 60)).unwrap(),
        97 * 60
    );
    assert!(read_numbers(&mut right, 100).into_iter().eq(0..100));

    // Received packets are not queued: the column Rmem is the memory of the socket's queue.
    for number in 0..100 {
        right.inject(&frame(number, 60)).unwrap();
    }
    let mut other = large("left");
    right.inject(&frame(100, 60)).unwrap();
    assert_eq!(read_numbers(&mut other, 1), [100]);
    drop(other);
    let list = std::fs::read_to_string("/proc/thread-self/net/packet").unwrap();
    let held: Vec<_> = list
        .lines()
        .skip(1)
        .map(|line| line.split_whitespace().nth(6).unwrap().to_owned())
        .collect();
    assert!(held.iter().all(|bytes| bytes == "0"), "{list}");

    drop(right);
    drop(senders);
    assert_eq!((descriptors(), packet_sockets()), (before, sockets));
}

#[test]
#[cfg_attr(thread_sanitizer, ignore = "runs in its own process")]
fn senders_leave_their_capture_as_it_was() {
    own_descriptors();
    let Some(net) = Netns::new() else { return };
    net.veth("left", "right");
    let before = descriptors();
    let mut left = Capture::from_device("left")
        .promisc(true)
        .activate()
        .unwrap();
    let right = large("right");
    for number in 0..100 {
        let sender = left.sender().unwrap();
        sender.inject(&frame(number, 60)).unwrap();
    }
    right.inject(&frame(7, 60)).unwrap();
    assert_eq!(read_numbers(&mut left, 1), [7]);
    assert!(
        net.ip("-d -o link show dev left".split(' '))
            .contains("promiscuity 1")
    );
    drop((left, right));
    assert_eq!(descriptors(), before);
}

#[test]
#[cfg_attr(thread_sanitizer, ignore = "runs in its own process")]
fn a_capture_given_away_still_receives() {
    own_descriptors();
    let Some(net) = Netns::new() else { return };
    net.veth("left", "right");
    let left = large("left");
    let right = large("right");
    let sender = left.sender().unwrap();
    let (raw, packets) = left.into_raw();
    assert!(packets.is_empty());
    sender.inject(&frame(1, 60)).unwrap();
    // SAFETY: the handle was just given away, and has no other owner.
    let mut left: Capture<Active> = unsafe { Capture::<Active>::from_raw(raw) }.unwrap();
    right.inject(&frame(2, 60)).unwrap();
    assert_eq!(read_numbers(&mut left, 1), [2]);
}

#[test]
#[cfg_attr(thread_sanitizer, ignore = "runs in its own process")]
fn a_break_ends_one_sending_and_no_read() {
    own_descriptors();
    let Some(net) = Netns::new() else { return };
    net.veth("left", "right");
    let (mut left, mut right) = (large("left"), large("right"));
    let sender = left.sender().unwrap();
    let handle = sender.break_handle();

    // A call that waits.
    limit_rate("rate 100kbit burst 3kb limit 10mb");
    let (sender, failed, end) = {
        let thread = thread::spawn(move || {
            let failed = sender.inject_queue(&queue(0..1000, 1000)).unwrap_err();
            (sender, failed, Instant::now())
        });
        read_numbers(&mut right, 3);
        thread::sleep(Duration::from_millis(200));
        assert!(!thread.is_finished());
        // The capture's own break handle has no effect on it.
        left.break_handle().breakloop();
        assert!(matches!(
            left.try_next_packet().unwrap(),
            Next::End(End::Break)
        ));
        thread::sleep(Duration::from_millis(100));
        assert!(!thread.is_finished());
        let start = Instant::now();
        handle.breakloop();
        let (sender, failed, end) = thread.join().unwrap();
        (sender, failed, end - start)
    };
    assert!(end < Duration::from_secs(1), "{end:?}");
    assert_eq!(failed.kind(), ErrorKind::Break, "{failed}");
    let sent = failed.unsent().unwrap().packets();
    assert!((3..1000).contains(&sent), "{failed}");
    assert!(matches!(left.try_next_packet().unwrap(), Next::Timeout));

    // The break was used up, and the following packets continue after those that were sent.
    limit_rate("rate 1gbit burst 1mb limit 10mb");
    let rest = queue(sent as u32..1000, 1000);
    assert_eq!(sender.inject_queue(&rest).unwrap(), rest.bytes());
    assert!(read_numbers_sorted(&mut right, 997).into_iter().eq(3..1000));

    // Several breaks before a call count as one, and end the next call, whichever it is.
    for _ in 0..3 {
        handle.breakloop();
    }
    let failed = sender.inject(&frame(0, 60)).unwrap_err();
    assert_eq!(failed.kind(), ErrorKind::Break);
    assert_eq!(sender.inject(&frame(1, 60)).unwrap(), 60);
    handle.breakloop();
    let failed = sender.inject_queue(&queue(2..4, 60)).unwrap_err();
    assert_eq!(
        (failed.kind(), failed.unsent().unwrap().packets()),
        (ErrorKind::Break, 0)
    );
    assert_eq!(read_numbers(&mut right, 1), [1]);

    // After the sender is dropped it does nothing.
    drop(sender);
    handle.breakloop();
}

#[test]
#[cfg_attr(thread_sanitizer, ignore = "runs in its own process")]
fn a_sender_waits_for_a_full_qdisc() {
    own_descriptors();
    let Some(net) = Netns::new() else { return };
    net.veth("left", "right");
    // With the bypass, a full device causes ENOBUFS.
    let left = Capture::from_device("left")
        .qdisc_bypass(true)
        .activate()
        .unwrap();
    let bypass = left.sender().unwrap();
    let (left, mut right) = (large("left"), large("right"));
    limit_rate("rate 4mbit burst 3kb limit 4kb");
    let sender = left.sender().unwrap();
    for number in 0..100 {
        assert_eq!(sender.inject(&frame(number, 1000)).unwrap(), 1000);
    }
    sender.inject_queue(&queue(100..200, 1000)).unwrap();
    assert!(read_numbers_sorted(&mut right, 200).into_iter().eq(0..200));
    // The socket has the options of the capture.
    limit_rate("rate 8kbit burst 3kb limit 10mb");
    bypass.inject_queue(&queue(0..50, 1000)).unwrap();
    assert!(read_numbers(&mut right, 50).into_iter().eq(0..50));
}

#[test]
#[cfg_attr(thread_sanitizer, ignore = "runs in its own process")]
fn its_errors_are_those_of_inject() {
    own_descriptors();
    let Some(net) = Netns::new() else { return };
    net.veth("left", "right");
    let left = large("left");
    let mut right = large("right");
    let sender = left.sender().unwrap();
    assert_eq!(sender.name(), "left");
    let same = |packet: &[u8]| {
        let (by_capture, by_sender) = (left.inject(packet), sender.inject(packet));
        let (by_capture, by_sender) = (by_capture.unwrap_err(), by_sender.unwrap_err());
        assert_eq!(by_sender.to_string(), by_capture.to_string());
        assert_eq!(by_sender.kind(), by_capture.kind());
        assert_eq!(by_sender.operation(), by_capture.operation());
        by_sender
    };
    let error = same(&frame(0, 3000));
    assert_eq!(
        error.to_string(),
        format!(
            "cannot inject on `left`: send: {}",
            error_text(libc::EMSGSIZE)
        )
    );
    same(&[]);
    same(&[1; 3]);

    let mut queue = queue(0..70, 60);
    queue.push(&frame(70, 3000)).unwrap();
    queue.push(&frame(71, 60)).unwrap();
    let failed = sender.inject_queue(&queue).unwrap_err();
    let by_capture = left.inject_queue(&queue).unwrap_err();
    assert_eq!(failed.to_string(), by_capture.to_string());
    assert_eq!(
        (
            failed.unsent().unwrap().index(),
            failed.unsent().unwrap().packets(),
            failed.unsent().unwrap().bytes()
        ),
        (70, 70, 4200)
    );
    assert_eq!(sender.inject_queue_range(&queue, 71..).unwrap(), 60);
    let failed = sender.inject_queue_range(&queue, 0..99).unwrap_err();
    assert_eq!(failed.kind(), ErrorKind::InvalidArgument);
    let twice: Vec<u32> = (0..70).chain(0..70).chain([71]).collect();
    assert_eq!(read_numbers(&mut right, 141), twice);

    // A device that is down is the same error from both, and a sender continues when the device is up again.
    net.ip("link set left down".split(' '));
    wait_until("it is down", || sender.inject(&frame(0, 60)).is_err());
    same(&frame(0, 60));
    net.ip("link set left up".split(' '));
    wait_until("it is up", || {
        // The kernel reports once more that it was down.
        let sent = sender.inject(&frame(9, 60)).is_ok();
        let next = right.next_packet_timeout(Duration::from_millis(100));
        sent && matches!(next.unwrap(), Next::Packet(_))
    });
}

/// The kernel reports a removed device once per socket, possibly to the sender.
#[test]
#[cfg_attr(thread_sanitizer, ignore = "runs in its own process")]
fn a_removed_device_ends_a_read_and_a_send() {
    own_descriptors();
    let Some(net) = Netns::new() else { return };
    net.veth("left", "right");
    let mut left = large("left");
    let sender = left.sender().unwrap();
    let thread = thread::spawn(move || {
        let start = Instant::now();
        let mut failed = 0;
        while failed < 10_000 {
            failed += u32::from(sender.inject(&frame(0, 60)).is_err());
            assert!(start.elapsed() < Duration::from_secs(20));
        }
    });
    let handle = left.break_handle();
    let reader = thread::spawn(move || left.for_each(|_| ()));
    thread::sleep(Duration::from_millis(100));
    net.ip("link del left".split(' '));
    thread.join().unwrap();
    let start = Instant::now();
    while !reader.is_finished() && start.elapsed() < Duration::from_secs(5) {
        thread::sleep(Duration::from_millis(10));
    }
    handle.breakloop();
    let error = reader.join().unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Disappeared, "{error}");
}

#[test]
#[cfg_attr(thread_sanitizer, ignore = "runs in its own process")]
fn only_packet_sockets_have_a_sender() {
    own_descriptors();
    let Some(_net) = Netns::new() else { return };
    let mut refused = 0;
    for device in ["any", "nflog", "nfqueue"] {
        let Ok(capture) = Capture::from_device(device).activate() else {
            // The kernel, or this libpcap, may lack it.
            assert_ne!(device, "any");
            continue;
        };
        let before = descriptors();
        let error = capture.sender().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert_eq!(error.object(), Some(device));
        assert_eq!(descriptors(), before);
        refused += 1;
    }
    assert!(refused > 0);
}
