//! Frames that the device drops.

use pcap_core::os::linux::SenderExt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use pcap_core::os::linux::{CaptureExt, Sender};
use pcap_core::{Active, Capture, Error, ErrorKind};

use super::{SOON, drops_long, queue, run};
use crate::support::Netns;
use crate::support::wire::frame;

fn is_dropped(error: &Error) {
    let text = error.text();
    assert!(text.contains("the device drops the frame"), "{error}");
    assert!(text.contains("No buffer space available"), "{error}");
    assert_eq!(error.kind(), ErrorKind::Other);
    assert_eq!(error.object(), Some("left"));
}

/// Sends a packet with each call that waits, either indefinitely or for up to ten minutes.
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
    let error = left.inject(&frame(0, 1000)).unwrap_err();
    assert!(start.elapsed() >= Duration::from_secs(1), "{error}");
    assert!(start.elapsed() < SOON, "{:?}", start.elapsed());
    is_dropped(&error);
    for failed in each_way(&left, &sender, &frame(0, 1000)) {
        is_dropped(&failed.unwrap_err());
    }
    // What the other end accepts is sent at once.
    for sent in each_way(&left, &sender, &frame(0, 200)) {
        assert_eq!(sent.unwrap(), 200);
    }
    is_dropped(&left.inject(&frame(0, 219)).unwrap_err());
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
                other.inject(&frame(0, 60)).unwrap();
                thread::sleep(Duration::from_micros(50));
            }
        });
        let start = Instant::now();
        let error = left.inject(&frame(0, 1000)).unwrap_err();
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
    is_dropped(&left.inject(&frame(0, 1000)).unwrap_err());
    // Counted, not timed: each further one is tried some 16 times, not a thousand.
    let before = Netns::tx_dropped("left");
    for length in [1000, 1001, 1400] {
        is_dropped(&left.inject(&frame(0, length)).unwrap_err());
        assert_eq!(left.inject(&frame(0, 60)).unwrap(), 60);
    }
    let tries = Netns::tx_dropped("left") - before;
    assert!(tries < 3 * 100, "{tries}");
    // Once the cause is gone, the frame is sent, and later ones are trusted again.
    run("ip", "link set right mtu 1500");
    assert_eq!(left.inject(&frame(0, 1000)).unwrap(), 1000);
    run("ip", "link set right mtu 200");
    let before = Netns::tx_dropped("left");
    is_dropped(&left.inject(&frame(0, 1000)).unwrap_err());
    assert!(Netns::tx_dropped("left") - before > 100);
}

#[test]
fn qdisc_bypass_without_carrier_fails() {
    let Some(net) = Netns::new() else { return };
    net.veth("left", "right");
    let left = Capture::from_device("left").qdisc_bypass(true).activate();
    let left = left.unwrap();
    run("ip", "link set right down");
    is_dropped(&left.inject(&frame(0, 60)).unwrap_err());
    run("ip", "link set right up");
    let start = Instant::now();
    while left.try_inject(&frame(0, 60)).unwrap().is_none() {
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
            is_dropped(&sender.inject(&frame(0, 1000)).unwrap_err());
        });
    });
    is_dropped(&left.inject(&frame(0, 1000)).unwrap_err());
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
                other.try_inject(&frame(0, 1000)).unwrap();
                thread::sleep(Duration::from_micros(200));
            }
        });
        let error = left.inject(&frame(0, 1000)).unwrap_err();
        over.store(true, Ordering::Relaxed);
        is_dropped(&error);
    });
}
