//! When `dispatch` on a live capture returns. On veth pairs in network namespaces.

use std::net::IpAddr;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use pcap_core::{Active, Capture, Done, Error, Filter, FilterTerm, SendQueue, Stop};

use crate::support::wire::{number, send, wire};
use crate::support::{self, Netns};

/// Returns an Ethernet frame with an IPv4 header, from the address in 10.0.0.0/8 with this number.
fn numbered(number: u32) -> [u8; 60] {
    let mut frame = [0; 60];
    frame[..12].fill(2);
    frame[12..16].copy_from_slice(&[8, 0, 0x45, 0]);
    frame[26..30].copy_from_slice(&(0x0a00_0000 | number).to_be_bytes());
    frame
}

fn address(data: &[u8]) -> u32 {
    u32::from_be_bytes(data[26..30].try_into().unwrap()) & 0x00ff_ffff
}

fn queue(numbers: std::ops::Range<u32>) -> SendQueue {
    let mut queue = SendQueue::new();
    queue.push_all(numbers.map(numbered)).unwrap();
    queue
}

/// Opens both ends of a veth pair; the second has this packet-buffer timeout.
fn pair(timeout: Duration) -> Option<(Netns, Capture<Active>, Capture<Active>)> {
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
        let Some((_net, left, mut right)) = pair(Duration::from_millis(100)) else {
            return;
        };
        right.set_nonblock(nonblock);
        left.inject_queue(&queue(0..5000)).unwrap();
        // Until the kernel has retired all blocks.
        thread::sleep(Duration::from_millis(500));
        let mut numbers = Vec::new();
        let done = right
            .dispatch(|packet| numbers.push(address(packet.data())))
            .unwrap();
        assert_eq!((done.packets(), done.stop()), (5000, Stop::Empty));
        assert!(numbers.into_iter().eq(0..5000));
    }
}

#[test]
fn try_dispatch_takes_what_is_there() {
    let Some((_net, left, mut right)) = pair(Duration::from_millis(20)) else {
        return;
    };
    // If a call waits for ever, the break makes the test fail.
    let handle = right.break_handle();
    thread::spawn(move || {
        thread::sleep(Duration::from_secs(20));
        handle.breakloop();
    });
    let flow = right.try_dispatch(|_| ControlFlow::<()>::Continue(()));
    let nothing = Done::new(0, Stop::Empty);
    assert_eq!(flow.unwrap(), ControlFlow::Continue(nothing));
    left.inject_queue(&queue(0..100)).unwrap();
    let stopped_at = loop {
        let flow = right.try_dispatch(|packet| match address(packet.data()) {
            41 => ControlFlow::Break(41),
            _ => ControlFlow::Continue(()),
        });
        match flow.unwrap() {
            ControlFlow::Break(number) => break number,
            ControlFlow::Continue(done) => assert_eq!(done.stop(), Stop::Empty),
        }
    };
    assert_eq!(stopped_at, 41);
    let mut numbers = Vec::new();
    while numbers.len() < 58 {
        let done = right.try_dispatch(|packet| {
            numbers.push(address(packet.data()));
            Ok::<(), Error>(())
        });
        assert_eq!(done.unwrap().stop(), Stop::Empty);
    }
    assert!(numbers.into_iter().eq(42..100));
}

/// Reading all that is there would take ten seconds.
// Shows: libpcap/timeout-capture-read-timeout
#[test]
fn a_slow_closure_ends_it_after_the_timeout() {
    let Some((_net, left, mut right)) = pair(Duration::from_millis(100)) else {
        return;
    };
    left.inject_queue(&queue(0..1000)).unwrap();
    thread::sleep(Duration::from_millis(300));
    let mut numbers = Vec::new();
    let start = Instant::now();
    let done = right.dispatch(|packet| {
        numbers.push(address(packet.data()));
        thread::sleep(Duration::from_millis(10));
    });
    let took = start.elapsed();
    assert_eq!(done.unwrap().stop(), Stop::Empty);
    assert!(took < Duration::from_secs(1), "{took:?}");
    assert!((10..100).contains(&numbers.len()), "{}", numbers.len());
    // The others come with the next call.
    while numbers.len() < 1000 {
        assert!(start.elapsed() < Duration::from_secs(20));
        let done = right.dispatch(|packet| numbers.push(address(packet.data())));
        done.unwrap();
    }
    assert!(numbers.into_iter().eq(0..1000));
}

// Shows: libpcap/timeout-capture-read-timeout
#[test]
fn a_flood_ends_it_after_the_timeout() {
    let Some((_net, left, mut right)) = pair(Duration::from_millis(100)) else {
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
    let Some((_net, left, mut right)) = pair(Duration::from_secs(1)) else {
        return;
    };
    let hosts = (0..8000_u32)
        .map(|n| FilterTerm::source(IpAddr::from((0x0a80_0000 | n << 1).to_be_bytes())));
    let filter = Filter::any_of(right.datalink(), hosts).unwrap();
    assert!(filter.instructions().len() > 4096);
    right.set_filter(&filter).unwrap();
    right.set_nonblock(true);
    left.inject_queue(&queue(0..3000)).unwrap();
    left.inject(&numbered(0x80_0008)).unwrap();
    thread::sleep(Duration::from_millis(1500));
    let mut numbers = Vec::new();
    let done = right.dispatch(|packet| numbers.push(address(packet.data())));
    assert_eq!(done.unwrap().stop(), Stop::Empty);
    assert_eq!(numbers, [0x80_0008]);
}

// Shows: parity/capture-1-takes-returns
#[test]
fn dispatch_takes_all_that_came_or_none() {
    let Some((_net, left, right)) = wire() else {
        return;
    };
    drop(right);
    let device = Capture::from_device("right").nonblock(true);
    let mut right = device.activate().unwrap();
    let empty = Done::new(0, Stop::Empty);
    assert_eq!(right.dispatch(|_| panic!("none")).unwrap(), empty);
    send(&left, 0..200);
    // A read that waits at most for the packet-buffer timeout returns all of them.
    support::wait_until("all are there", || right.stats().unwrap().received == 200);
    let mut seen = Vec::new();
    let mut calls = 0;
    support::wait_until("all are delivered", || {
        let before = seen.len();
        let done = right
            .dispatch(|packet| seen.push(number(packet.data())))
            .unwrap();
        // It returns how many there were, possibly none.
        assert_eq!(done.packets() as usize, seen.len() - before);
        assert_eq!(done.stop(), Stop::Empty);
        calls += usize::from(done.packets() > 0);
        seen.len() == 200
    });
    assert!(seen.iter().copied().eq(0..200));
    assert!(calls <= 2, "{calls} calls for available packets");
    assert_eq!(right.dispatch(|_| panic!("none")).unwrap(), empty);
}

// Shows: parity/dispatch-bufferful-return-0
#[test]
fn dispatch_is_one_bufferful_or_none() {
    let Some((_net, left, mut right)) = wire() else {
        return;
    };
    // No packet arrived within the packet-buffer timeout.
    let start = Instant::now();
    let done = right.dispatch_up_to(10, |_| panic!("none")).unwrap();
    assert_eq!((done.packets(), done.stop()), (0, Stop::Empty));
    let took = start.elapsed();
    assert!(
        took >= Duration::from_millis(100) && took < Duration::from_millis(600),
        "{took:?}"
    );
    // Fewer packets than the limit: it does not wait for more.
    send(&left, 0..5);
    let start = Instant::now();
    let mut seen = 0;
    while seen < 5 {
        let done = right.dispatch_up_to(1_000_000, |_| ()).unwrap();
        assert_eq!(done.stop(), Stop::Empty);
        seen += done.packets();
    }
    assert_eq!(seen, 5);
    assert!(start.elapsed() < Duration::from_secs(2));
    // More packets than the limit: the rest is for the next call.
    send(&left, 0..5);
    let mut seen = 0;
    while seen < 5 {
        let done = right.dispatch_up_to(2, |_| ()).unwrap();
        assert!(done.packets() <= 2, "{done:?}");
        seen += done.packets();
    }
    assert_eq!(seen, 5);
    // Packets keep arriving: it returns nevertheless, and those that arrived meanwhile are for the next call.
    let enough = &AtomicBool::new(false);
    std::thread::scope(|scope| {
        let flood = scope.spawn(move || {
            let mut sent = 0;
            while !enough.load(Ordering::Relaxed) {
                send(&left, 0..1);
                sent += 1;
            }
            sent
        });
        let mut seen = 0;
        for _ in 0..3 {
            let start = Instant::now();
            let done = right.dispatch(|_| ()).unwrap();
            assert_eq!(done.stop(), Stop::Empty);
            assert!(done.packets() > 0);
            // Ten times the packet-buffer timeout.
            assert!(start.elapsed() < Duration::from_secs(1));
            seen += done.packets();
        }
        enough.store(true, Ordering::Relaxed);
        let sent: u64 = flood.join().unwrap();
        let stats = right.stats().unwrap();
        while seen + stats.dropped < sent {
            let done = right.dispatch(|_| ()).unwrap();
            assert!(done.packets() > 0, "{seen} of {sent}, {stats:?}");
            seen += done.packets();
        }
        assert_eq!(seen + stats.dropped, sent);
    });
}
