//! Slow devices and full queues.

use pcap_core::os::linux::SenderExt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use pcap_core::Capture;
use pcap_core::os::linux::CaptureExt;

use super::{drops_long, queue, run, slow};
use crate::support::Netns;
use crate::support::wire::frame;

/// The device refuses each attempt for longer than a second.
// Shows: libpcap/linux-answers-enobufs-full
#[test]
fn a_slow_device_is_waited_for() {
    let Some((_net, left)) = slow() else { return };
    let sender = left.sender().unwrap();
    let start = Instant::now();
    for _ in 0..2 {
        assert_eq!(left.inject(&frame(0, 1400)).unwrap(), 1400);
        assert_eq!(sender.inject(&frame(0, 1400)).unwrap(), 1400);
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
    let (over, sent) = (&AtomicBool::new(false), &AtomicUsize::new(0));
    thread::scope(|scope| {
        scope.spawn(move || {
            while !over.load(Ordering::Relaxed) {
                let there = other.try_inject(&frame(0, 1400)).unwrap();
                sent.fetch_add(usize::from(there.is_some()), Ordering::Relaxed);
                thread::yield_now();
            }
        });
        while sent.load(Ordering::Relaxed) < 2 {
            thread::yield_now();
        }
        // That is no error, however long it takes.
        let result = left.inject_timeout(&frame(0, 1400), Duration::from_secs(4));
        over.store(true, Ordering::Relaxed);
        assert!(result.is_ok(), "{result:?}");
    });
    assert_eq!(left.inject(&frame(0, 1400)).unwrap(), 1400);
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
    // The queue holds six of the frames that the device drops, and then one that it sends: neither socket can keep the
    // other out of it.
    let (dropped, sent) = (frame(0, 230), frame(0, 210));
    let other = Capture::from_device("left").activate().unwrap();
    let over = &AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(move || {
            while !over.load(Ordering::Relaxed) {
                other.try_inject(&dropped).unwrap();
            }
        });
        let (before, start) = (Netns::tx_dropped("left"), Instant::now());
        let mut results = Vec::new();
        while start.elapsed() < Duration::from_secs(4) {
            results.push(left.inject_timeout(&sent, Duration::from_secs(9)));
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
                    other.try_inject(&frame(0, length)).unwrap();
                }
            });
        }
        let start = Instant::now();
        let mut results = Vec::new();
        while start.elapsed() < Duration::from_secs(15) {
            results.push(left.inject_timeout(&frame(0, 980), Duration::from_secs(9)));
        }
        over.store(true, Ordering::Relaxed);
        results
    });
    for result in results {
        assert!(result.is_ok(), "{result:?}");
    }
    assert!(Netns::tx_dropped("left") > dropped + 1000);
}
