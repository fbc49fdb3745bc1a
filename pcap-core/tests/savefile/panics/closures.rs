//! Closures and iterators.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};

use pcap_core::{Dlt, Packet};

use super::{assert_injected, inject, quiet, read, savefiles};
use crate::support::differential::{Plan, Way};
use crate::support::files;

/// A closure that panics at one packet neither loses nor repeats one.
#[test]
fn a_closure_that_panics_loses_no_packet() {
    quiet();
    for (name, bytes) in savefiles() {
        let whole = Plan::new(Way::File(0), 0).libpcap(&mut bytes.clone());
        for [mut capture, mut other] in [files::both(&bytes), files::both(&bytes)] {
            for call in 3..6 {
                let mut packets = Vec::new();
                for panics in 0..3 {
                    let mut keep = |packet: Packet<'_>| {
                        let time = (packet.header().raw_secs(), packet.header().raw_nanos());
                        packets.push((
                            time,
                            packet.caplen(),
                            packet.wire_len(),
                            packet.data().to_vec(),
                        ));
                        if packets.len() > panics {
                            inject();
                        }
                    };
                    let read =
                        catch_unwind(AssertUnwindSafe(|| read(&mut capture, call, &mut keep)));
                    assert_injected(read.unwrap_err());
                }
                assert!(packets == whole.packets, "{name}, {call}");
                assert!(capture.next_packet().unwrap().is_none(), "{name}, {call}");
                capture = files::open(bytes.clone());
            }
            // A closure that maps.
            let mut numbers = Vec::new();
            for n in 0..3_u8 {
                let map = |packet: Packet<'_>| {
                    numbers.push(packet.timestamp().secs());
                    if n < 3 {
                        inject();
                    }
                };
                let next = catch_unwind(AssertUnwindSafe(|| {
                    other.packets_with(map).next().is_some()
                }));
                assert_injected(next.unwrap_err());
            }
            assert_eq!(numbers.len(), 3, "{name}");
            assert!(other.next_packet().unwrap().is_none(), "{name}");
        }
    }
}

/// A queue and a filter are filled from an iterator: if that panics, they are unchanged.
#[test]
fn a_panicking_iterator_keeps_the_packets() {
    use pcap_core::{Filter, FilterTerm, SendQueue};

    quiet();
    let packets = |until: usize| {
        (0..).map(move |n| match n {
            n if n == until => inject(),
            n => vec![n as u8; 60],
        })
    };
    for until in 0..5 {
        let mut queue = SendQueue::with_capacity(10, 1000);
        queue.push(&[9; 60]).unwrap();
        let pushed = catch_unwind(AssertUnwindSafe(|| {
            queue.push_all(packets(until)).map(drop)
        }));
        assert_injected(pushed.unwrap_err());
        assert_eq!(queue.len(), until + 1);
        assert_eq!(queue.bytes(), 60 * (until + 1));
        queue.push(&[8; 60]).unwrap();
        assert_eq!(queue.get(until + 1), Some(&[8; 60][..]));
    }
    let asked = AtomicBool::new(false);
    let terms = std::iter::from_fn(|| -> Option<FilterTerm> {
        match asked.swap(true, Ordering::Relaxed) {
            true => inject(),
            false => Some("192.0.2.1".parse().unwrap()),
        }
    });
    let made = catch_unwind(AssertUnwindSafe(|| {
        Filter::any_of(Dlt::EN10MB, terms).map(drop)
    }));
    assert_injected(made.unwrap_err());
}
