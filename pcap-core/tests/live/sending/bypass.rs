//! Sending past the queueing discipline.

use std::thread;
use std::time::{Duration, Instant};

use pcap_core::os::linux::CaptureExt;
use pcap_core::{Capture, End, ErrorKind, Next, WarningKind};

use super::{queue, wire};
use crate::support::wire::{frame, large, limit_rate, nothing, read, read_numbers, tc};
use crate::support::{Netns, wait_until};

#[test]
fn bypassing_the_qdisc_has_no_limit() {
    let Some((_net, left, mut right)) = wire() else {
        return;
    };
    let bypass = Capture::from_device("left").qdisc_bypass(true).activate();
    let bypass = bypass.unwrap();
    let mut other = large("left");
    limit_rate("rate 1mbit burst 3kb limit 10mb");
    // The rate-limited ones take 1.6 s.
    let start = Instant::now();
    assert_eq!(bypass.inject_queue(&queue(200, 1000)).unwrap(), 200_000);
    assert_eq!(bypass.inject(&frame(200, 1000)).unwrap(), 1000);
    assert_eq!(read_numbers(&mut right, 201), (0..201).collect::<Vec<_>>());
    assert!(
        start.elapsed() < Duration::from_secs(1),
        "the rate was limited"
    );
    nothing(&mut other);

    // Without the bypass they are limited.
    tc("qdisc del dev left root");
    limit_rate("rate 1mbit burst 3kb limit 10mb");
    let start = Instant::now();
    left.inject_queue(&queue(200, 1000)).unwrap();
    read(&mut right, 200);
    assert!(
        start.elapsed() > Duration::from_secs(1),
        "it was not limited"
    );
    assert_eq!(read_numbers(&mut other, 200), (0..200).collect::<Vec<_>>());
}

#[test]
fn bypassing_waits_for_a_carrier() {
    let Some((net, left, mut right)) = wire() else {
        return;
    };
    let bypass = Capture::from_device("left").qdisc_bypass(true).activate();
    let mut bypass = bypass.unwrap();
    // It waits for a second, in which a busy machine may not finish this test's steps.
    let tries = 0..20;
    let broken = tries.clone().any(|_| {
        net.ip("link set right down".split(' '));
        let (handle, bypass) = (bypass.break_handle(), &mut bypass);
        thread::scope(|scope| {
            let sender = scope.spawn(move || bypass.inject_queue(&queue(100, 60)).unwrap_err());
            thread::sleep(Duration::from_millis(100));
            let waits = !sender.is_finished();
            handle.breakloop();
            let failed = sender.join().unwrap();
            assert_eq!(failed.unsent().unwrap().packets(), 0);
            waits && failed.kind() == ErrorKind::Break
        })
    });
    assert!(broken, "the break did not end the wait");
    assert!(matches!(
        bypass.try_next_packet().unwrap(),
        Next::End(End::Break)
    ));

    let sent = tries.clone().any(|_| {
        net.ip("link set right down".split(' '));
        let bypass = &mut bypass;
        thread::scope(|scope| {
            let sender = scope.spawn(move || bypass.inject_queue(&queue(100, 60)));
            thread::sleep(Duration::from_millis(100));
            let waits = !sender.is_finished();
            net.ip("link set right up".split(' '));
            match sender.join().unwrap() {
                Ok(bytes) => {
                    assert_eq!(bytes, 6000);
                    waits
                }
                Err(_) => false,
            }
        })
    });
    assert!(sent, "the carrier did not end the wait");
    // The carrier is reported shortly before the other end accepts packets.
    wait_until("the other end takes packets", || {
        left.inject(&frame(100, 60)).unwrap();
        let next = right.next_packet_timeout(Duration::from_millis(200));
        matches!(next.unwrap(), Next::Packet(_))
    });
}

#[test]
fn only_packet_sockets_can_bypass() {
    let Some(_net) = Netns::new() else { return };
    let any = Capture::from_device("any").qdisc_bypass(true);
    let failed = any.activate().unwrap_err();
    assert_eq!(failed.kind(), ErrorKind::Unsupported);
    assert!(
        failed.to_string().contains("queueing discipline"),
        "{failed}"
    );
    let any = any.activate_best_effort().unwrap();
    let kinds: Vec<_> = any
        .warnings()
        .iter()
        .map(|warning| warning.kind())
        .collect();
    assert_eq!(kinds, [WarningKind::OptionSkipped]);
    // Switching the bypass off is supported everywhere.
    let any = Capture::from_device("any").qdisc_bypass(false);
    assert!(any.activate().unwrap().warnings().is_empty());
}
