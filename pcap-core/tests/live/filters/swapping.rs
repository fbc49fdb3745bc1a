//! Filters and directions swapped under traffic.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

use pcap_core::{Active, Capture, Next};

use super::{frame, inject, on, options};
use crate::support::Netns;

/// Swaps filters that all accept the packets, while packets arrive.
// Shows: libpcap/setfilter-loses-packets-exchanges
#[test]
fn swapping_loses_nothing() {
    let Some(net) = Netns::new() else { return };
    net.veth("left", "right");
    const SENT: u32 = 20_000;
    // The buffer has 128 blocks. If this thread is slow, each packet may be alone in a block.
    const ROOM: u32 = 100;
    for immediate in [false, true] {
        let options = options("right", immediate, 64).buffer_size(32 << 20);
        let mut right = options.activate().unwrap();
        let left = on("left").activate().unwrap();
        let delivered = Arc::new(AtomicU32::new(0));
        let sender = thread::spawn({
            let delivered = delivered.clone();
            move || {
                for n in 0..SENT {
                    // If the reader has ended, the test has failed.
                    while n - delivered.load(SeqCst) >= ROOM && Arc::strong_count(&delivered) > 1 {
                        thread::sleep(Duration::from_micros(50));
                    }
                    inject(&left, [frame(n, 100)]);
                }
            }
        });
        let filters = [
            "",
            "ether proto 0x88b5",
            "ether[12:2] = 0x88b5 and not ip",
            "greater 60",
            // Runs in the process, not in the kernel.
            "(1 << ether[12]) = 0",
        ];
        let mut numbers = Vec::new();
        let mut swaps = 0_usize;
        let mut read = |right: &mut Capture<Active>, time| {
            while let Next::Packet(packet) = right.next_packet_timeout(time).unwrap() {
                let number = packet.data()[14..18].try_into().unwrap();
                numbers.push(u32::from_be_bytes(number));
                delivered.fetch_add(1, SeqCst);
                if numbers.len() % 16 == 0 {
                    break;
                }
            }
        };
        while !sender.is_finished() {
            read(&mut right, Duration::from_millis(1));
            right.set_filter(filters[swaps % filters.len()]).unwrap();
            swaps += 1;
        }
        sender.join().unwrap();
        right.stop().unwrap();
        while let Some(packet) = right.next_packet().unwrap() {
            let number = packet.data()[14..18].try_into().unwrap();
            numbers.push(u32::from_be_bytes(number));
        }
        let stats = right.stats().unwrap();
        assert_eq!((stats.dropped, stats.discarded), (0, 0), "{swaps} swaps");
        assert!(
            numbers.iter().copied().eq(0..SENT),
            "{} after {swaps} swaps",
            numbers.len()
        );
    }
}

/// With traffic in both directions, a filter for one never returns a packet of the other.
#[test]
fn swapping_directions_is_exact() {
    let Some(net) = Netns::new() else { return };
    net.veth("left", "right");
    const SENT: u32 = 5000;
    let mut right = on("right").buffer_size(16 << 20).activate().unwrap();
    let ends = [("left", 0x0000_0000), ("right", 0x8000_0000)];
    let senders = ends.map(|(device, mark)| {
        let sender = on(device).activate().unwrap();
        thread::spawn(move || {
            for n in 0..SENT {
                inject(&sender, [frame(n | mark, 60)]);
                if n % 10 == 0 {
                    thread::sleep(Duration::from_millis(1));
                }
            }
        })
    });
    let mut delivered = 0;
    for swap in 0.. {
        if senders.iter().all(|sender| sender.is_finished()) {
            break;
        }
        let outbound = swap % 2 == 0;
        right
            .set_filter(if outbound { "outbound" } else { "inbound" })
            .unwrap();
        for _ in 0..5 {
            if let Next::Packet(packet) = right
                .next_packet_timeout(Duration::from_millis(20))
                .unwrap()
            {
                assert_eq!(packet.data()[14] & 0x80 != 0, outbound);
                delivered += 1;
            }
        }
    }
    for sender in senders {
        sender.join().unwrap();
    }
    assert!(delivered > 0);
    let outbound = right.compile("outbound").unwrap();
    right.set_filter(&outbound).unwrap();
    // Packets were dropped if this thread was not scheduled for a while: the sender does not wait.
    right.stop().unwrap();
    assert_eq!(right.for_each(|_| ()).unwrap().packets(), 0);
}
