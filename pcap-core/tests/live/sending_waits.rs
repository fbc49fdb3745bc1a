//! What sending waits for and what ends the wait: slow devices, devices that drop a frame permanently, breaks and
//! deadlines. On veth pairs in network namespaces.

use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::support::Netns;
use pcap_core::os::linux::{CaptureExt, Sender, SenderExt};
use pcap_core::{Active, Capture, End, Error, ErrorKind, Next, SendQueue};

/// Ten times what is promised, and more than a busy machine needs.
const SOON: Duration = Duration::from_secs(10);

/// Returns an Ethernet frame with an experimental EtherType.
fn frame(length: usize) -> Vec<u8> {
    let mut frame = vec![0xff; length];
    frame[12..14].copy_from_slice(&[0x88, 0xb5]);
    frame
}

fn queue(lengths: impl IntoIterator<Item = usize>) -> SendQueue {
    let mut queue = SendQueue::new();
    queue.push_all(lengths.into_iter().map(frame)).unwrap();
    queue
}

fn run(program: &str, arguments: &str) {
    let output = Command::new(program)
        .args(arguments.split(' '))
        .output()
        .expect("a program of the package iproute2");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments}: {error}");
}

/// Creates a veth pair whose other end accepts frames of at most 218 bytes, with a VLAN tag: the kernel drops longer
/// ones sent on `left`.
fn drops_long() -> Option<(Netns, Capture<Active>)> {
    let net = Netns::new()?;
    net.veth("left", "right");
    run("ip", "link set right mtu 200");
    let left = Capture::from_device("left").activate().unwrap();
    Some((net, left))
}

/// Creates a veth pair on which a frame of 1400 bytes takes 1.4 seconds, after a first one.
fn slow() -> Option<(Netns, Capture<Active>)> {
    let net = Netns::new()?;
    net.veth("left", "right");
    run(
        "tc",
        "qdisc add dev left root tbf rate 8kbit burst 1600 limit 1600",
    );
    let left = Capture::from_device("left").activate().unwrap();
    Some((net, left))
}

fn is_dropped(error: &Error) {
    let text = error.text();
    assert!(text.contains("the device drops the frame"), "{error}");
    assert!(text.contains("No buffer space available"), "{error}");
    assert_eq!(error.kind(), ErrorKind::Other);
    assert_eq!(error.object(), Some("left"));
}

/// Sends a packet with each call that waits indefinitely.
fn each_way(left: &Capture<Active>, sender: &Sender, packet: &[u8]) -> Vec<Result<usize, Error>> {
    let queue = queue([packet.len()]);
    let long = Duration::from_secs(600);
    let first = |failed: pcap_core::Error| {
        assert_eq!(
            (
                failed.unsent().unwrap().index(),
                failed.unsent().unwrap().packets(),
                failed.unsent().unwrap().bytes()
            ),
            (0, 0, 0)
        );
        failed
    };
    vec![
        left.inject(packet),
        left.inject_timeout(packet, long).map(Option::unwrap),
        left.inject_queue(&queue).map_err(first),
        left.inject_queue_range(&queue, ..).map_err(first),
        left.inject_queue_timeout(&queue, .., long).map_err(first),
        sender.inject(packet),
        sender.inject_timeout(packet, long).map(Option::unwrap),
        sender.inject_queue(&queue).map_err(first),
        sender.inject_queue_range(&queue, ..).map_err(first),
        sender.inject_queue_timeout(&queue, .., long).map_err(first),
    ]
}

// Shows: libpcap/linux-answers-enobufs-full, parity/send-bytes-say-how
#[test]
fn a_frame_that_the_device_drops_is_an_error() {
    let Some((_net, left)) = drops_long() else {
        return;
    };
    let sender = left.sender().unwrap();
    let start = Instant::now();
    let error = left.inject(&frame(1000)).unwrap_err();
    assert!(start.elapsed() >= Duration::from_secs(1), "{error}");
    assert!(start.elapsed() < SOON, "{:?}", start.elapsed());
    is_dropped(&error);
    for failed in each_way(&left, &sender, &frame(1000)) {
        is_dropped(&failed.unwrap_err());
    }
    // What the other end accepts is sent at once.
    for sent in each_way(&left, &sender, &frame(200)) {
        assert_eq!(sent.unwrap(), 200);
    }
    is_dropped(&left.inject(&frame(219)).unwrap_err());
    assert!(start.elapsed() < 4 * SOON, "{:?}", start.elapsed());
}

/// The device's other counters increase meanwhile: only those of drops matter.
// Shows: libpcap/linux-answers-enobufs-full
#[test]
fn a_drop_is_found_under_other_traffic() {
    let Some((_net, left)) = drops_long() else {
        return;
    };
    let other = Capture::from_device("left").activate().unwrap();
    let over = &AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(move || {
            while !over.load(Ordering::Relaxed) {
                other.inject(&frame(60)).unwrap();
                thread::sleep(Duration::from_micros(50));
            }
        });
        let start = Instant::now();
        let error = left.inject(&frame(1000)).unwrap_err();
        over.store(true, Ordering::Relaxed);
        is_dropped(&error);
        assert!(start.elapsed() < SOON, "{:?}", start.elapsed());
    });
}

#[test]
fn a_dropped_frame_of_a_queue_is_named() {
    let Some((_net, left)) = drops_long() else {
        return;
    };
    let bad = [3, 70, 71];
    let lengths = (0..100).map(|n| if bad.contains(&n) { 1000 } else { 60 });
    let queue = queue(lengths);
    let (mut next, mut named) = (0, Vec::new());
    while let Err(failed) = left.inject_queue_range(&queue, next..) {
        is_dropped(&failed);
        named.push(failed.unsent().unwrap().index());
        next = failed.unsent().unwrap().index() + 1;
    }
    assert_eq!(named, bad);
}

/// The first drop costs a second, the following ones do not.
#[test]
fn many_dropped_frames_cost_one_second() {
    let Some((_net, left)) = drops_long() else {
        return;
    };
    is_dropped(&left.inject(&frame(1000)).unwrap_err());
    // Counted, not timed: each further one is tried some 16 times, not a thousand.
    let before = Netns::tx_dropped("left");
    for length in [1000, 1001, 1400] {
        is_dropped(&left.inject(&frame(length)).unwrap_err());
        assert_eq!(left.inject(&frame(60)).unwrap(), 60);
    }
    let tries = Netns::tx_dropped("left") - before;
    assert!(tries < 3 * 100, "{tries}");
    // Once the cause is gone, the frame is sent, and later ones are trusted again.
    run("ip", "link set right mtu 1500");
    assert_eq!(left.inject(&frame(1000)).unwrap(), 1000);
    run("ip", "link set right mtu 200");
    let before = Netns::tx_dropped("left");
    is_dropped(&left.inject(&frame(1000)).unwrap_err());
    assert!(Netns::tx_dropped("left") - before > 100);
}

#[test]
fn a_bypass_without_a_carrier_ends() {
    let Some(net) = Netns::new() else { return };
    net.veth("left", "right");
    let left = Capture::from_device("left").qdisc_bypass(true).activate();
    let left = left.unwrap();
    run("ip", "link set right down");
    is_dropped(&left.inject(&frame(60)).unwrap_err());
    run("ip", "link set right up");
    let start = Instant::now();
    while left.try_inject(&frame(60)).unwrap().is_none() {
        assert!(start.elapsed() < SOON);
    }
}

/// The counters are those of the capture's namespace and interface, from any thread and under any name.
#[test]
fn the_right_device_is_asked_from_anywhere() {
    let Some((_net, left)) = drops_long() else {
        return;
    };
    run("ip", "link set left name other");
    let sender = left.sender().unwrap();
    thread::scope(|scope| {
        scope.spawn(|| {
            // Another namespace, with an interface of each number.
            let net = Netns::new().unwrap();
            for n in 0..8 {
                net.veth(&format!("a{n}"), &format!("b{n}"));
            }
            is_dropped(&sender.inject(&frame(1000)).unwrap_err());
        });
    });
    is_dropped(&left.inject(&frame(1000)).unwrap_err());
}

/// The device refuses each attempt for longer than a second.
// Shows: libpcap/linux-answers-enobufs-full
#[test]
fn a_slow_device_is_waited_for() {
    let Some((_net, left)) = slow() else { return };
    let sender = left.sender().unwrap();
    let start = Instant::now();
    for _ in 0..2 {
        assert_eq!(left.inject(&frame(1400)).unwrap(), 1400);
        assert_eq!(sender.inject(&frame(1400)).unwrap(), 1400);
        assert_eq!(left.inject_queue(&queue([1400])).unwrap(), 1400);
    }
    // The queue holds two of them.
    assert!(start.elapsed() > Duration::from_secs(4), "too fast");
}

/// Another socket repeatedly takes the room in the queue.
#[test]
fn a_queue_that_others_fill_is_waited_for() {
    let Some((_net, left)) = slow() else { return };
    let other = Capture::from_device("left").activate().unwrap();
    let (over, sent) = (&AtomicBool::new(false), &AtomicU64::new(0));
    thread::scope(|scope| {
        scope.spawn(move || {
            while !over.load(Ordering::Relaxed) {
                let there = other.try_inject(&frame(1400)).unwrap();
                sent.fetch_add(u64::from(there.is_some()), Ordering::Relaxed);
                thread::yield_now();
            }
        });
        while sent.load(Ordering::Relaxed) < 2 {
            thread::yield_now();
        }
        // That is no error, however long it takes.
        let result = left.inject_timeout(&frame(1400), Duration::from_secs(4));
        over.store(true, Ordering::Relaxed);
        assert!(result.is_ok(), "{result:?}");
    });
    assert_eq!(left.inject(&frame(1400)).unwrap(), 1400);
}

/// The device drops another socket's packets in the same full queue.
// Shows: libpcap/linux-answers-enobufs-full
#[test]
fn drops_of_others_end_no_wait() {
    let Some((_net, left)) = drops_long() else {
        return;
    };
    run(
        "tc",
        "qdisc add dev left root tbf rate 8kbit burst 1600 limit 1600",
    );
    let other = Capture::from_device("left").activate().unwrap();
    let over = &AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(move || {
            while !over.load(Ordering::Relaxed) {
                other.try_inject(&frame(1000)).unwrap();
            }
        });
        let (before, start) = (Netns::tx_dropped("left"), Instant::now());
        let mut results = Vec::new();
        // Until several were dropped, at one second each.
        while start.elapsed() < Duration::from_secs(4)
            || Netns::tx_dropped("left") < before + 2 && start.elapsed() < 3 * SOON
        {
            results.push(left.inject_timeout(&frame(150), Duration::from_secs(3)));
            thread::sleep(Duration::from_millis(10));
        }
        over.store(true, Ordering::Relaxed);
        for result in results {
            assert!(result.is_ok(), "{result:?}");
        }
        let dropped = Netns::tx_dropped("left") - before;
        assert!(dropped > 1, "{dropped}");
    });
}

/// The device continuously drops another socket's frames beside a queue that is full for seconds.
#[test]
fn a_flood_of_drops_ends_no_wait() {
    let Some(net) = Netns::new() else { return };
    net.veth("left", "right");
    run("ip", "link set right mtu 1000");
    run(
        "tc",
        "qdisc add dev left root tbf rate 6kbit burst 1600 limit 1600",
    );
    let left = Capture::from_device("left").activate().unwrap();
    let [filler, flood] = [false, true].map(|bypass| {
        let options = Capture::from_device("left").qdisc_bypass(bypass);
        options.activate().unwrap()
    });
    let over = &AtomicBool::new(false);
    let dropped = Netns::tx_dropped("left");
    let results = thread::scope(|scope| {
        for (other, length) in [(filler, 990), (flood, 1400)] {
            scope.spawn(move || {
                while !over.load(Ordering::Relaxed) {
                    other.try_inject(&frame(length)).unwrap();
                }
            });
        }
        let start = Instant::now();
        let mut results = Vec::new();
        while start.elapsed() < Duration::from_secs(15) {
            results.push(left.inject_timeout(&frame(980), Duration::from_secs(9)));
        }
        over.store(true, Ordering::Relaxed);
        results
    });
    for result in results {
        assert!(result.is_ok(), "{result:?}");
    }
    assert!(Netns::tx_dropped("left") > dropped + 1000);
}

/// The capture's own drops are found among those of others.
#[test]
fn a_drop_is_found_among_those_of_others() {
    let Some((_net, left)) = drops_long() else {
        return;
    };
    let other = Capture::from_device("left").activate().unwrap();
    let over = &AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(move || {
            while !over.load(Ordering::Relaxed) {
                other.try_inject(&frame(1000)).unwrap();
                thread::sleep(Duration::from_micros(200));
            }
        });
        let error = left.inject(&frame(1000)).unwrap_err();
        over.store(true, Ordering::Relaxed);
        is_dropped(&error);
    });
}

// Shows: libpcap/non-blocking-mode-sending
#[test]
fn a_deadline_ends_each_wait() {
    for (net, left) in [drops_long(), slow()].into_iter().flatten() {
        let sender = left.sender().unwrap();
        let packet = frame(1400);
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
    let went = failed.unsent().unwrap().packets();
    assert!((1..1000).contains(&went), "{failed}");
    assert_eq!(
        (
            failed.unsent().unwrap().index(),
            failed.unsent().unwrap().bytes()
        ),
        (went, went * 1000)
    );
}

#[test]
fn a_break_ends_each_wait() {
    type Send = fn(&Capture<Active>) -> Error;
    let ways: [Send; 3] = [
        |left| left.inject(&frame(1400)).unwrap_err(),
        |left| {
            left.inject_timeout(&frame(1400), Duration::MAX)
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
            while left.try_inject(&frame(1400)).unwrap().is_some() {}
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
            let error = left.inject(&frame(1400)).unwrap_err();
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
    while sender.try_inject(&frame(1400)).unwrap().is_some() {}
    let handle = sender.break_handle();
    thread::scope(|scope| {
        let sending = scope.spawn(|| sender.inject_timeout(&frame(1400), Duration::MAX));
        thread::sleep(Duration::from_millis(100));
        handle.breakloop();
        assert_eq!(
            sending.join().unwrap().unwrap_err().kind(),
            ErrorKind::Break
        );
    });
    handle.breakloop();
    let error = sender.try_inject(&frame(60)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Break);
    assert_eq!(sender.inject(&frame(1400)).unwrap(), 1400);
}

// Shows: libpcap/non-blocking-mode-sending
#[test]
fn a_non_blocking_capture_does_not_wait() {
    const WOULD_BLOCK: ErrorKind = ErrorKind::Io(std::io::ErrorKind::WouldBlock);
    for (net, mut left) in [drops_long(), slow()].into_iter().flatten() {
        let sender = left.sender().unwrap();
        let packet = frame(1400);
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
    assert_eq!(left.inject(&frame(1400)).unwrap(), 1400);
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
    let packet = frame(1000);
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
    for packet in [&frame(0x20)[..0], &frame(9000)] {
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
    assert!(any.try_inject(&frame(60)).is_err());
    assert!(any.inject_timeout(&frame(60), time).is_err());
}
