//! Devices that disappear or go down.

use std::time::{Duration, Instant};

use pcap_core::{ErrorKind, Next};

use super::send;
use crate::support;
use crate::support::wire::wire;

/// libpcap reports that the interface disappeared before it returns the packets that it still holds.
// Shows: libpcap/removed-device-error-before, parity/interface-disappears-makes-reader
#[test]
fn a_deleted_device_gives_its_packets_first() {
    let Some((net, left, mut right)) = wire() else {
        return;
    };
    send(&left, 500);
    drop(left);
    net.ip(["link", "del", "left"]);
    let start = Instant::now();
    let cpu = support::cpu::cpu_time();
    let mut packets = 0_u64;
    let error = loop {
        match right.next_packet() {
            Ok(Some(_)) => packets += 1,
            Ok(None) => panic!("expected a break or an end"),
            Err(error) => break error,
        }
    };
    // If a busy machine sends slowly, the kernel's buffer may have been full meanwhile.
    assert_eq!(packets + right.stats().unwrap().dropped, 500);
    assert_eq!(error.kind(), ErrorKind::Disappeared);
    assert!(error.to_string().contains("`right`"), "{error}");
    assert!(
        start.elapsed() < Duration::from_millis(1100),
        "{:?}",
        start.elapsed()
    );
    assert!(support::cpu::cpu_time() - cpu < Duration::from_millis(100));
    // And for each further call.
    assert_eq!(
        right.next_packet().unwrap_err().kind(),
        ErrorKind::Disappeared
    );
    assert_eq!(
        right.for_each(|_| ()).unwrap_err().kind(),
        ErrorKind::Disappeared
    );
}

/// A reader neither hangs nor spins when its device disappears.
// Shows: libpcap/removed-device-error-before, parity/interface-disappears-makes-reader
#[test]
fn a_deleted_device_ends_a_wait() {
    let Some((net, left, mut right)) = wire() else {
        return;
    };
    drop(left);
    let reader = std::thread::spawn(move || {
        let error = right.for_each(|_| ()).unwrap_err();
        (error, Instant::now())
    });
    std::thread::sleep(Duration::from_millis(100));
    let deleted = Instant::now();
    net.ip(["link", "del", "left"]);
    let (error, at) = reader.join().unwrap();
    assert_eq!(error.kind(), ErrorKind::Disappeared);
    assert!(
        at - deleted < Duration::from_millis(1100),
        "{:?}",
        at - deleted
    );
}

/// Setting a device down is no error: the capture continues when it is up again, and waits without spinning.
// Shows: libpcap/device-set-down-ends
#[test]
fn a_device_down_and_up_is_captured_on() {
    let Some((net, left, mut right)) = wire() else {
        return;
    };
    send(&left, 5);
    let mut seen = 0;
    while seen < 5 {
        seen += u32::from(right.next_packet().unwrap().is_some());
    }
    net.ip(["link", "set", "right", "down"]);
    let cpu = support::cpu::cpu_time();
    let start = Instant::now();
    let while_down = right.next_packet_timeout(Duration::from_secs(2)).unwrap();
    assert_eq!(while_down, Next::Timeout);
    assert!(start.elapsed() >= Duration::from_secs(2));
    let used = support::cpu::cpu_time() - cpu;
    assert!(
        used < Duration::from_millis(60),
        "{used:?} of CPU while it was down"
    );
    net.ip(["link", "set", "right", "up"]);
    support::wait_until("it runs", || {
        net.ip(["-o", "link", "show", "dev", "right"])
            .contains(" state UP ")
    });
    send(&left, 2000);
    let done = right.for_each_up_to(2000, |_| ()).unwrap();
    assert_eq!(done.packets(), 2000);
}
