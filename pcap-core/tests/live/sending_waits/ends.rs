//! Deadlines, breaks and non-blocking mode.

use pcap_core::os::linux::SenderExt;
use std::thread;
use std::time::{Duration, Instant};

use pcap_core::{Active, Capture, End, Error, ErrorKind, Next};

use super::{SOON, drops_long, queue, run, slow};
use crate::support::Netns;
use crate::support::refused::interposed;
use crate::support::wire::frame;

// Shows: libpcap/non-blocking-mode-sending
#[test]
fn a_deadline_ends_each_wait() {
    for (net, left) in [drops_long(), slow()].into_iter().flatten() {
        let sender = left.sender().unwrap();
        let packet = frame(0, 1400);
        // Until the queue is full.
        while left.try_inject(&packet).unwrap().is_some() {}
        assert_eq!(sender.try_inject(&packet).unwrap(), None);
        for millis in [0, 1, 50, 300] {
            let time = Duration::from_millis(millis);
            let start = Instant::now();
            let queue = queue([1400, 1400, 1400]);
            let failed = left.inject_queue_timeout(&queue, 1.., time).unwrap_err();
            assert_eq!(failed.kind(), ErrorKind::Io(std::io::ErrorKind::TimedOut));
            assert_eq!(
                (
                    failed.unsent().unwrap().index(),
                    failed.unsent().unwrap().packets()
                ),
                (1, 0)
            );
            assert_eq!(left.inject_timeout(&packet, time).unwrap(), None);
            assert_eq!(sender.inject_timeout(&packet, time).unwrap(), None);
            let failed = sender.inject_queue_timeout(&queue, .., time).unwrap_err();
            assert_eq!(failed.kind(), ErrorKind::Io(std::io::ErrorKind::TimedOut));
            let took = start.elapsed();
            assert!(took >= 4 * time && took < SOON, "{millis} ms: {took:?}");
        }
        drop(net);
    }
}

/// A deadline ends a queue although the device accepts each packet.
#[test]
fn a_deadline_ends_a_queue_that_moves() {
    let Some(net) = Netns::new() else { return };
    net.veth("left", "right");
    run(
        "tc",
        "qdisc add dev left root tbf rate 1mbit burst 1600 limit 1600",
    );
    let left = Capture::from_device("left").activate().unwrap();
    // This takes 8 seconds.
    let queue = queue([1000; 1000]);
    let time = Duration::from_millis(500);
    let failed = left.inject_queue_timeout(&queue, .., time).unwrap_err();
    assert_eq!(failed.kind(), ErrorKind::Io(std::io::ErrorKind::TimedOut));
    let sent = failed.unsent().unwrap().packets();
    assert!((1..1000).contains(&sent), "{failed}");
    assert_eq!(
        (
            failed.unsent().unwrap().index(),
            failed.unsent().unwrap().bytes()
        ),
        (sent, sent * 1000)
    );
}

#[test]
fn a_break_ends_each_wait() {
    type Send = fn(&Capture<Active>) -> Error;
    let ways: [Send; 3] = [
        |left| left.inject(&frame(0, 1400)).unwrap_err(),
        |left| {
            left.inject_timeout(&frame(0, 1400), Duration::MAX)
                .unwrap_err()
        },
        |left| {
            let failed = left.inject_queue(&queue([1400; 9])).unwrap_err();
            assert_eq!(failed.unsent().unwrap().packets(), 0);
            failed
        },
    ];
    for (net, mut left) in [drops_long(), slow()].into_iter().flatten() {
        for send in ways {
            while left.try_inject(&frame(0, 1400)).unwrap().is_some() {}
            let handle = left.break_handle();
            let sending = thread::spawn(move || {
                let error = send(&left);
                (left, error)
            });
            thread::sleep(Duration::from_millis(100));
            let start = Instant::now();
            handle.breakloop();
            let error;
            (left, error) = sending.join().unwrap();
            assert!(start.elapsed() < SOON);
            assert_eq!(error.kind(), ErrorKind::Break, "{error}");
            // It ends each further wait until a read reports it.
            let error = left.inject(&frame(0, 1400)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Break, "{error}");
            assert!(matches!(
                left.try_next_packet().unwrap(),
                Next::End(End::Break)
            ));
        }
        drop(net);
    }
}

#[test]
fn a_break_of_a_sender_ends_one_wait() {
    let Some((_net, left)) = slow() else { return };
    let sender = left.sender().unwrap();
    while sender.try_inject(&frame(0, 1400)).unwrap().is_some() {}
    let handle = sender.break_handle();
    thread::scope(|scope| {
        let sending = scope.spawn(|| sender.inject_timeout(&frame(0, 1400), Duration::MAX));
        thread::sleep(Duration::from_millis(100));
        handle.breakloop();
        assert_eq!(
            sending.join().unwrap().unwrap_err().kind(),
            ErrorKind::Break
        );
    });
    handle.breakloop();
    let error = sender.try_inject(&frame(0, 60)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Break);
    assert_eq!(sender.inject(&frame(0, 1400)).unwrap(), 1400);
}

// Shows: libpcap/non-blocking-mode-sending
#[test]
fn a_non_blocking_capture_does_not_wait() {
    const WOULD_BLOCK: ErrorKind = ErrorKind::Io(std::io::ErrorKind::WouldBlock);
    for (net, mut left) in [drops_long(), slow()].into_iter().flatten() {
        let sender = left.sender().unwrap();
        let packet = frame(0, 1400);
        while left.try_inject(&packet).unwrap().is_some() {}
        left.set_nonblock(true);
        let start = Instant::now();
        for _ in 0..100 {
            let error = left.inject(&packet).unwrap_err();
            assert_eq!(error.kind(), WOULD_BLOCK, "{error}");
            let failed = left.inject_queue(&queue([1400])).unwrap_err();
            assert_eq!(failed.kind(), WOULD_BLOCK, "{failed}");
            assert_eq!(
                (
                    failed.unsent().unwrap().index(),
                    failed.unsent().unwrap().packets()
                ),
                (0, 0)
            );
        }
        assert!(start.elapsed() < Duration::from_secs(5), "it waited");
        // A call with its own limit waits, and so does one of a sender.
        let time = Duration::from_millis(50);
        assert_eq!(left.inject_timeout(&packet, time).unwrap(), None);
        assert!(start.elapsed() >= time);
        assert_eq!(sender.inject_timeout(&packet, time).unwrap(), None);
        drop(net);
    }
    let Some((_net, left)) = slow() else { return };
    let mut left = left;
    left.set_nonblock(true);
    // Packets that have room are sent.
    let failed = left.inject_queue(&queue([1400; 9])).unwrap_err();
    assert_eq!(failed.kind(), WOULD_BLOCK, "{failed}");
    assert!(
        (1..9).contains(&failed.unsent().unwrap().packets()),
        "{failed}"
    );
    left.set_nonblock(false);
    assert_eq!(left.inject(&frame(0, 1400)).unwrap(), 1400);
}

/// The socket's own buffer is full: `EAGAIN`, and the descriptor reports when it has room.
#[test]
fn a_full_socket_buffer_is_no_room_either() {
    let Some(net) = Netns::new() else { return };
    net.veth("left", "right");
    run(
        "tc",
        "qdisc add dev left root tbf rate 1mbit burst 1600 limit 10mb",
    );
    let mut left = Capture::from_device("left").activate().unwrap();
    let packet = frame(0, 1000);
    let mut sent = 0;
    while left.try_inject(&packet).unwrap().is_some() {
        sent += 1;
    }
    assert!(sent > 10, "{sent}");
    assert_eq!(left.inject_timeout(&packet, Duration::ZERO).unwrap(), None);
    left.set_nonblock(true);
    let error = left.inject(&packet).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io(std::io::ErrorKind::WouldBlock));
    let handle = left.break_handle();
    left.set_nonblock(false);
    assert_eq!(left.inject(&packet).unwrap(), 1000);
    // A break before the wait ends it, also the second time.
    while left.try_inject(&packet).unwrap().is_some() {}
    handle.breakloop();
    for _ in 0..2 {
        if let Err(error) = left.inject_queue(&queue([1000; 500])) {
            assert_eq!(error.kind(), ErrorKind::Break);
        }
        while left.try_inject(&packet).unwrap().is_some() {}
        let failed = left
            .inject_timeout(&packet, SOON)
            .map(|sent| sent.is_some());
        assert!(matches!(&failed, Ok(true)) || failed.is_err_and(|e| e.kind() == ErrorKind::Break));
    }
}

#[test]
fn what_never_goes_is_an_error_each_time() {
    let Some((_net, left)) = slow() else { return };
    let sender = left.sender().unwrap();
    let time = Duration::from_secs(1);
    for packet in [&frame(0, 0x20)[..0], &frame(0, 9000)] {
        let alone = left.inject(packet).unwrap_err().to_string();
        for failed in [
            left.try_inject(packet).unwrap_err(),
            left.inject_timeout(packet, time).unwrap_err(),
            sender.try_inject(packet).unwrap_err(),
            sender.inject_timeout(packet, time).unwrap_err(),
        ] {
            assert_eq!(failed.to_string(), alone);
        }
    }
    let any = Capture::from_device("any").activate().unwrap();
    assert!(any.try_inject(&frame(0, 60)).is_err());
    assert!(any.inject_timeout(&frame(0, 60), time).is_err());
}

/// The time passes while the first packets of the queue are sent.
#[test]
#[cfg_attr(
    any(target_pointer_width = "32", target_env = "musl"),
    ignore = "C libraries make other system calls"
)]
fn a_queue_ends_in_time_after_the_packets_of_one_call() {
    let Some(net) = Netns::new() else { return };
    net.veth("left", "right");
    let left = Capture::from_device("left").activate().unwrap();
    let timeout = Duration::from_millis(20);
    let late = |_: usize| {
        thread::sleep(timeout);
        None
    };
    let queue = queue([60; 200]);
    let failed = interposed(libc::SYS_sendmmsg, &[], late, move || {
        left.inject_queue_timeout(&queue, .., timeout).unwrap_err()
    });
    assert_eq!(failed.kind(), ErrorKind::Io(std::io::ErrorKind::TimedOut));
    let unsent = failed.unsent().unwrap();
    assert_eq!((unsent.packets(), unsent.bytes()), (64, 64 * 60));
}
