//! `stop`, which ends the inflow.

use std::time::Duration;

use pcap_core::{Active, Capture, End, ErrorKind, Next, PacketBatch, Stop};

use super::{FRAME, send};
use crate::support::Netns;
use crate::support::wire::wire;

/// Opens a device with a packet-buffer timeout far longer than the tests wait: packets stay in the kernel's buffer.
fn slow(device: &str) -> Capture<Active> {
    let options = Capture::from_device(device).timeout(Duration::from_millis(1500));
    options.activate().unwrap()
}

#[test]
fn stop_delivers_what_arrived_before_a_break() {
    let Some((_net, left, _right)) = wire() else {
        return;
    };
    type Read = fn(&mut Capture<Active>) -> u64;
    let reads: [Read; 7] = [
        |c| {
            let mut packets = 0;
            let mut batch = PacketBatch::with_limits(7, usize::MAX);
            while c.read_batch(&mut batch).unwrap() {
                packets += batch.len() as u64;
            }
            packets
        },
        |c| c.for_each(|_| ()).unwrap().packets(),
        |c| c.packets().filter(|packet| packet.is_ok()).count() as u64,
        |c| {
            let mut packets = 0;
            while c.next_packet().unwrap().is_some() {
                packets += 1;
            }
            packets
        },
        |c| {
            let mut packets = 0;
            loop {
                match c.next_packet_timeout(Duration::from_millis(10)).unwrap() {
                    Next::Packet(_) => packets += 1,
                    Next::Timeout => {}
                    Next::End(End::Eof) => return packets,
                    Next::End(End::Break) => panic!("a break without a cause"),
                }
            }
        },
        |c| {
            let mut packets = 0;
            loop {
                match c.try_next_packet().unwrap() {
                    Next::Packet(_) => packets += 1,
                    Next::Timeout => std::thread::sleep(Duration::from_millis(1)),
                    Next::End(End::Eof) => return packets,
                    Next::End(End::Break) => panic!("a break without a cause"),
                }
            }
        },
        |c| {
            let mut packets = 0;
            loop {
                let done = c.dispatch(|_| ()).unwrap();
                packets += done.packets();
                if done.stop() == Stop::End(End::Eof) {
                    return packets;
                }
            }
        },
    ];
    for read in reads {
        let mut right = slow("right");
        right.break_handle().breakloop();
        send(&left, 50);
        assert!(right.next_packet().unwrap().is_none());
        right.stop().unwrap();
        send(&left, 50);
        assert_eq!(read(&mut right), 50);
        assert_eq!(right.ended(), Some(End::Eof));
        let stats = right.stats().unwrap();
        assert_eq!((stats.received, stats.dropped), (50, 0));
        // It stays at its end, and can still send.
        assert_eq!(right.next_packet().unwrap(), None);
        assert_eq!(right.for_each(|_| ()).unwrap().stop(), Stop::End(End::Eof));
        right.inject(&FRAME).unwrap();
    }
}

/// A program may have to wait for its output meanwhile.
#[test]
fn a_stopped_capture_can_be_read_slowly() {
    let Some((_net, left, mut right)) = wire() else {
        return;
    };
    send(&left, 500);
    right.stop().unwrap();
    let mut packets = 0;
    while right.next_packet().unwrap().is_some() {
        packets += 1;
        if packets == 1 {
            std::thread::sleep(Duration::from_millis(2500));
        }
    }
    assert_eq!((packets, right.ended()), (500, Some(End::Eof)));
}

#[test]
fn a_stopped_capture_can_be_broken_again() {
    let Some((_net, left, _right)) = wire() else {
        return;
    };
    let mut right = slow("right");
    send(&left, 5);
    right.stop().unwrap();
    right.break_handle().breakloop();
    let done = right.for_each(|_| ()).unwrap();
    assert_eq!((done.packets(), done.stop()), (0, Stop::End(End::Break)));
    let done = right.for_each(|_| ()).unwrap();
    assert_eq!((done.packets(), done.stop()), (5, Stop::End(End::Eof)));
}

#[test]
fn filters_still_work_on_a_stopped_capture() {
    let Some((_net, left, _right)) = wire() else {
        return;
    };
    let mut right = slow("right");
    send(&left, 5);
    right.stop().unwrap();
    right.set_filter("ip").unwrap();
    send(&left, 5);
    let done = right.for_each(|_| ()).unwrap();
    assert_eq!((done.packets(), done.stop()), (0, Stop::End(End::Eof)));
    right.set_filter("").unwrap();
    send(&left, 5);
    let done = right.for_each(|_| ()).unwrap();
    assert_eq!((done.packets(), done.stop()), (0, Stop::End(End::Eof)));
}

#[test]
fn stop_ends_captures_without_packet_sockets() {
    let Some(_net) = Netns::new() else { return };
    for device in ["nflog:7", "nfqueue:7"] {
        let mut capture = Capture::from_device(device).activate().unwrap();
        capture.stop().unwrap();
        assert_eq!(
            capture.for_each(|_| ()).unwrap().stop(),
            Stop::End(End::Eof),
            "{device}"
        );
    }
}

#[test]
fn stop_after_the_device_is_gone_ends() {
    let Some((net, left, mut right)) = wire() else {
        return;
    };
    send(&left, 5);
    net.ip(["link", "del", "right"]);
    right.stop().unwrap();
    let mut packets = 0;
    let end = right.for_each(|_| packets += 1);
    assert_eq!(packets, 5);
    assert!(
        end.is_err_and(|e| e.kind() == ErrorKind::Disappeared) || right.ended() == Some(End::Eof)
    );
}
