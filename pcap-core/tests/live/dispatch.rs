//! When `dispatch` on a live capture returns. On veth pairs in network namespaces.

use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::support::Netns;
use pcap_core::{Active, Capture, Filter, FilterTerm, SendQueue, Stop};

/// Returns an Ethernet frame with an IPv4 header, from the address in 10.0.0.0/8 with this number.
fn frame(number: u32) -> [u8; 60] {
    let mut frame = [0; 60];
    frame[..12].fill(2);
    frame[12..16].copy_from_slice(&[8, 0, 0x45, 0]);
    frame[26..30].copy_from_slice(&(0x0a00_0000 | number).to_be_bytes());
    frame
}

fn number(data: &[u8]) -> u32 {
    u32::from_be_bytes(data[26..30].try_into().unwrap()) & 0x00ff_ffff
}

fn queue(numbers: std::ops::Range<u32>) -> SendQueue {
    let mut queue = SendQueue::new();
    queue.push_all(numbers.map(frame)).unwrap();
    queue
}

/// Opens both ends of a veth pair; the second has this packet-buffer timeout.
fn wire(timeout: Duration) -> Option<(Netns, Capture<Active>, Capture<Active>)> {
    let net = Netns::new()?;
    net.veth("left", "right");
    let left = Capture::from_device("left").activate().unwrap();
    let right = Capture::from_device("right").timeout(timeout);
    let right = right.buffer_size(64 << 20).activate().unwrap();
    Some((net, left, right))
}

#[test]
fn all_that_was_readable_comes_with_one_call() {
    for nonblock in [false, true] {
        let Some((_net, left, mut right)) = wire(Duration::from_millis(100)) else {
            return;
        };
        right.set_nonblock(nonblock);
        left.inject_queue(&queue(0..5000)).unwrap();
        // Until the kernel has retired all blocks.
        thread::sleep(Duration::from_millis(500));
        let mut numbers = Vec::new();
        let done = right
            .dispatch(|packet| numbers.push(number(packet.data())))
            .unwrap();
        assert_eq!((done.packets(), done.stop()), (5000, Stop::Empty));
        assert!(numbers.into_iter().eq(0..5000));
    }
}

/// Reading all that is there would take ten seconds.
// Shows: libpcap/timeout-capture-read-timeout
#[test]
fn a_slow_closure_ends_it_after_the_timeout() {
    let Some((_net, left, mut right)) = wire(Duration::from_millis(100)) else {
        return;
    };
    left.inject_queue(&queue(0..1000)).unwrap();
    thread::sleep(Duration::from_millis(300));
    let mut numbers = Vec::new();
    let start = Instant::now();
    let done = right.dispatch(|packet| {
        numbers.push(number(packet.data()));
        thread::sleep(Duration::from_millis(10));
    });
    let took = start.elapsed();
    assert_eq!(done.unwrap().stop(), Stop::Empty);
    assert!(took < Duration::from_secs(1), "{took:?}");
    assert!((10..100).contains(&numbers.len()), "{}", numbers.len());
    // The others come with the next call.
    while numbers.len() < 1000 {
        assert!(start.elapsed() < Duration::from_secs(20));
        let done = right.dispatch(|packet| numbers.push(number(packet.data())));
        done.unwrap();
    }
    assert!(numbers.into_iter().eq(0..1000));
}

// Shows: libpcap/timeout-capture-read-timeout
#[test]
fn a_flood_ends_it_after_the_timeout() {
    let Some((_net, left, mut right)) = wire(Duration::from_millis(100)) else {
        return;
    };
    let over = &AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(move || {
            let queue = queue(0..1000);
            while !over.load(Ordering::Relaxed) {
                left.inject_queue(&queue).unwrap();
            }
        });
        let mut longest = Duration::ZERO;
        for turn in 0..10 {
            right.set_nonblock(turn % 2 == 1);
            let start = Instant::now();
            let done = right.dispatch(|_| ()).unwrap();
            assert_eq!(done.stop(), Stop::Empty);
            longest = longest.max(start.elapsed());
        }
        over.store(true, Ordering::Relaxed);
        assert!(longest < Duration::from_secs(2), "{longest:?}");
    });
}

/// A filter too long for the kernel runs in the process, and accepts only the last packet.
#[test]
fn what_a_filter_here_refuses_is_not_the_end() {
    // Long enough for a busy machine to filter all packets.
    let Some((_net, left, mut right)) = wire(Duration::from_secs(1)) else {
        return;
    };
    let hosts = (0..8000_u32)
        .map(|n| FilterTerm::source(IpAddr::from((0x0a80_0000 | n << 1).to_be_bytes())));
    let filter = Filter::any_of(right.datalink(), hosts).unwrap();
    assert!(filter.instructions().len() > 4096);
    right.set_filter(&filter).unwrap();
    right.set_nonblock(true);
    left.inject_queue(&queue(0..3000)).unwrap();
    left.inject(&frame(0x80_0008)).unwrap();
    thread::sleep(Duration::from_millis(1500));
    let mut numbers = Vec::new();
    let done = right.dispatch(|packet| numbers.push(number(packet.data())));
    assert_eq!(done.unwrap().stop(), Stop::Empty);
    assert_eq!(numbers, [0x80_0008]);
}
