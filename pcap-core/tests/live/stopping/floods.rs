//! Ends of reading while packets keep arriving.

use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use pcap_core::{Active, BreakHandle, Capture, CompileOptions, End, Next, Stop};

use super::FRAME;
use crate::support::wait_until;
use crate::support::wire::wire;

/// One `pcap_dispatch` without a count continued for 5.8 s under load.
// Shows: libpcap/count-0-less-means
#[test]
fn a_break_is_prompt_under_a_flood() {
    let Some((_net, left, mut right)) = wire() else {
        return;
    };
    let (stop, flood) = flood(left);
    for _ in 0..5 {
        let handle = right.break_handle();
        let (first, flows) = mpsc::channel();
        let broken = Arc::new(AtomicBool::new(false));
        let breaking = {
            let broken = broken.clone();
            std::thread::spawn(move || {
                flows.recv().unwrap();
                handle.breakloop();
                broken.store(true, SeqCst);
            })
        };
        let mut after = 0;
        let done = right.for_each(|_| {
            let _ = first.send(());
            after += u32::from(broken.load(SeqCst));
        });
        breaking.join().unwrap();
        assert_eq!(done.unwrap().stop(), Stop::End(End::Break));
        // At most the packets that libpcap was delivering.
        assert!(after <= 100, "{after}");
    }
    stop.breakloop();
    flood.join().unwrap();
}

/// Sends continuously until it is stopped.
fn flood(left: Capture<Active>) -> (BreakHandle, std::thread::JoinHandle<()>) {
    let stop = left.break_handle();
    let flood = std::thread::spawn(move || {
        let mut left = left;
        while left.try_next_packet().unwrap() != Next::End(End::Break) {
            // The break would interrupt a queue.
            for _ in 0..500 {
                assert_eq!(left.inject(&FRAME).unwrap(), 60);
            }
        }
    });
    (stop, flood)
}

/// If the kernel rejects a filter, libpcap applies it in a read that only ends when a packet passes: a deadline of 100
/// ms took 8 s.
#[test]
fn a_deadline_holds_under_a_rejected_flood() {
    let Some((_net, left, mut right)) = wire() else {
        return;
    };
    let hosts: Vec<_> = (1..=250).map(|n| format!("ip6 host fc00::{n:x}")).collect();
    let options = CompileOptions::new().optimize(false);
    right.set_filter((hosts.join(" or "), options)).unwrap();
    let filter = options.compile_for(&right, &hosts.join(" or ")).unwrap();
    assert!(filter.instructions().len() > 4096, "long enough");
    let (stop, flood) = flood(left);
    for _ in 0..3 {
        let start = Instant::now();
        let next = right.next_packet_timeout(Duration::from_millis(100));
        assert_eq!(next.unwrap(), Next::Timeout);
        let took = start.elapsed();
        assert!(took < Duration::from_secs(3), "{took:?}");
    }
    stop.breakloop();
    flood.join().unwrap();

    // The filter is the cause: a packet that passes arrives once there is room for it.
    let next = right.next_packet_timeout(Duration::from_millis(500));
    assert_eq!(next.unwrap(), Next::Timeout);
    let left = Capture::from_device("left").activate().unwrap();
    let mut frame = [0; 60];
    frame[12..14].copy_from_slice(&[0x86, 0xdd]);
    frame[14] = 0x60;
    frame[22] = 0xfc;
    frame[37] = 7;
    // The buffer may still be full of the flood, and drop some.
    wait_until("a packet that passes", || {
        left.inject(&FRAME).unwrap();
        left.inject(&frame).unwrap();
        match right.next_packet_timeout(Duration::from_millis(500)) {
            Ok(Next::Packet(packet)) => {
                assert_eq!(packet.data(), frame);
                true
            }
            next => {
                assert_eq!(next.unwrap(), Next::Timeout);
                false
            }
        }
    });
}

/// Without a limit, dispatch continued for as long as packets arrived.
#[test]
fn a_dispatch_ends_under_a_flood() {
    let Some((_net, left, mut right)) = wire() else {
        return;
    };
    let (stop, flood) = flood(left);
    std::thread::sleep(Duration::from_millis(50));
    let start = Instant::now();
    let pause = Duration::from_micros(4);
    let done = right.dispatch(|_| {
        let start = Instant::now();
        while start.elapsed() < pause {}
    });
    assert_eq!(done.unwrap().stop(), Stop::Empty);
    assert!(
        start.elapsed() < Duration::from_secs(1),
        "{:?}",
        start.elapsed()
    );
    stop.breakloop();
    flood.join().unwrap();
}

#[test]
fn stop_ends_under_a_flood() {
    let Some((_net, left, mut right)) = wire() else {
        return;
    };
    let (handle, thread) = flood(left);
    assert_eq!(right.for_each_up_to(1000, |_| ()).unwrap().packets(), 1000);
    right.stop().unwrap();
    let done = right.for_each(|_| ()).unwrap();
    let stats = right.stats().unwrap();
    assert_eq!(done.stop(), Stop::End(End::Eof));
    assert_eq!(stats.received, 1000 + done.packets() + stats.dropped);
    handle.breakloop();
    thread.join().unwrap();
}
