//! Sending many packets with one call: what arrives, what the call waits for, and its errors. On veth pairs in network
//! namespaces.

use std::collections::HashSet;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use crate::support::wire::{frame, number};
use crate::support::{Netns, wait_until};
use pcap_core::os::linux::CaptureExt;
use pcap_core::{Active, Capture, End, ErrorKind, Next, SendQueue, WarningKind};

/// Opens both ends of a veth pair: packets sent on the first arrive on the second.
fn wire() -> Option<(Netns, Capture<Active>, Capture<Active>)> {
    let net = Netns::new()?;
    net.veth("left", "right");
    let left = Capture::from_device("left").activate().unwrap();
    Some((net, left, large("right")))
}

/// Opens a capture with a buffer that holds all packets of a test.
fn large(device: &str) -> Capture<Active> {
    let capture = Capture::from_device(device).buffer_size(32 << 20);
    capture.activate().unwrap()
}

fn tc(arguments: &str) {
    let output = Command::new("tc").args(arguments.split(' ')).output();
    let output = output.expect("tc, of the package iproute2");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "tc {arguments}: {error}");
}

/// Limits the rate of `left`, in the syntax of tc-tbf(8).
fn limit_rate(limit: &str) {
    tc(&format!("qdisc replace dev left root tbf {limit}"));
}

fn queue(count: u32, length: usize) -> SendQueue {
    let mut queue = SendQueue::new();
    queue
        .push_all((0..count).map(|n| frame(n, length)))
        .unwrap();
    queue
}

/// Reads `count` packets, and panics if they do not arrive.
fn read(capture: &mut Capture<Active>, count: usize) -> Vec<Vec<u8>> {
    let mut packets = Vec::new();
    while packets.len() < count {
        let next = capture
            .next_packet_timeout(Duration::from_secs(10))
            .unwrap();
        let Next::Packet(packet) = next else {
            panic!("{} of {count} packets came, then {next:?}", packets.len());
        };
        packets.push(packet.data().to_vec());
    }
    packets
}

fn read_numbers(capture: &mut Capture<Active>, count: usize) -> Vec<u32> {
    read(capture, count)
        .iter()
        .map(|data| number(data))
        .collect()
}

/// As [`read_numbers`], behind a queueing discipline: any CPU takes packets out of it, and two of them may change the
/// order.
fn read_numbers_sorted(capture: &mut Capture<Active>, count: usize) -> Vec<u32> {
    let mut numbers = read_numbers(capture, count);
    numbers.sort_unstable();
    numbers
}

/// Checks that no further packet arrives.
fn nothing(capture: &mut Capture<Active>) {
    let next = capture
        .next_packet_timeout(Duration::from_millis(300))
        .unwrap();
    assert!(matches!(next, Next::Timeout), "{next:?}");
}

// Shows: parity/send-bytes-say-how
#[test]
fn a_queue_arrives_in_order_and_whole() {
    let Some((_net, left, mut right)) = wire() else {
        return;
    };
    // From the shortest that the kernel accepts to the MTU; not a multiple of the packets of one system call.
    let lengths = (0..3001_usize).map(|n| match n {
        0 => 14,
        n => 18 + n * 7 % 1497,
    });
    let frames: Vec<_> = lengths
        .enumerate()
        .map(|(n, length)| match n {
            0 => frame(0, 18)[..14].to_vec(),
            n => frame(n as u32, length),
        })
        .collect();
    let all: HashSet<_> = frames.iter().map(Vec::len).collect();
    assert!(all.contains(&1514) && all.contains(&14) && all.len() > 1000);
    let mut queue = SendQueue::new();
    queue.push_all(&frames).unwrap();
    assert_eq!(left.inject_queue(&queue).unwrap(), queue.bytes());
    assert!(
        read(&mut right, frames.len()) == frames,
        "other packets than were sent"
    );
    nothing(&mut right);
}

#[test]
fn a_queue_is_sent_again_and_in_part() {
    let Some((_net, left, mut right)) = wire() else {
        return;
    };
    let mut queue = queue(200, 60);
    assert_eq!(left.inject_queue(&queue).unwrap(), 12_000);
    assert_eq!(left.inject_queue(&queue).unwrap(), 12_000);
    let twice: Vec<u32> = (0..200).chain(0..200).collect();
    assert_eq!(read_numbers(&mut right, 400), twice);

    assert_eq!(left.inject_queue_range(&queue, 10..12).unwrap(), 120);
    assert_eq!(left.inject_queue_range(&queue, 198..).unwrap(), 120);
    assert_eq!(left.inject_queue_range(&queue, ..=0).unwrap(), 60);
    assert_eq!(left.inject_queue_range(&queue, 200..).unwrap(), 0);
    assert_eq!(read_numbers(&mut right, 5), [10, 11, 198, 199, 0]);

    queue.clear();
    assert_eq!(left.inject_queue(&queue).unwrap(), 0);
    queue.push(&frame(777, 60)).unwrap();
    assert_eq!(left.inject_queue(&queue).unwrap(), 60);
    assert_eq!(read_numbers(&mut right, 1), [777]);
    nothing(&mut right);
}

#[test]
#[allow(clippy::reversed_empty_ranges)]
fn numbers_out_of_bounds_send_nothing() {
    use std::ops::Bound::{Excluded, Unbounded};
    let Some((_net, left, mut right)) = wire() else {
        return;
    };
    let queue = queue(3, 60);
    for failed in [
        left.inject_queue_range(&queue, 0..4).unwrap_err(),
        left.inject_queue_range(&queue, 4..).unwrap_err(),
        left.inject_queue_range(&queue, 2..1).unwrap_err(),
        left.inject_queue_range(&queue, ..=usize::MAX).unwrap_err(),
        left.inject_queue_range(&queue, (Excluded(usize::MAX), Unbounded))
            .unwrap_err(),
    ] {
        assert_eq!(failed.kind(), ErrorKind::InvalidArgument, "{failed}");
        assert_eq!(
            (
                failed.unsent().unwrap().packets(),
                failed.unsent().unwrap().bytes()
            ),
            (0, 0)
        );
    }
    nothing(&mut right);
}

/// The socket's buffer holds some 200 of these; the call waits for room for the others.
// Shows: libpcap/non-blocking-mode-sending
#[test]
fn a_queue_longer_than_the_buffer_waits() {
    let Some((_net, left, mut right)) = wire() else {
        return;
    };
    limit_rate("rate 40mbit burst 16kb limit 10mb");
    let queue = queue(2000, 1000);
    let start = Instant::now();
    assert_eq!(left.inject_queue(&queue).unwrap(), 2_000_000);
    // Sending all would take 0.4 s.
    assert!(
        start.elapsed() > Duration::from_millis(250),
        "it did not wait"
    );
    assert_eq!(
        read_numbers_sorted(&mut right, 2000),
        (0..2000).collect::<Vec<_>>()
    );
}

/// No descriptor reports that a full queueing discipline has room again.
#[test]
fn a_queue_waits_for_a_full_qdisc() {
    let Some((_net, left, mut right)) = wire() else {
        return;
    };
    limit_rate("rate 4mbit burst 3kb limit 4kb");
    assert_eq!(left.inject_queue(&queue(200, 1000)).unwrap(), 200_000);
    assert_eq!(
        read_numbers_sorted(&mut right, 200),
        (0..200).collect::<Vec<_>>()
    );
    nothing(&mut right);
}

// Shows: parity/send-bytes-say-how
#[test]
fn a_packet_above_the_mtu_is_named() {
    let Some((_net, left, mut right)) = wire() else {
        return;
    };
    let bad = [0, 1, 70, 99];
    let mut queue = SendQueue::new();
    for n in 0..100 {
        let length = if bad.contains(&n) { 3000 } else { 60 };
        queue.push(&frame(n, length)).unwrap();
    }
    let alone = left.inject(&frame(0, 3000)).unwrap_err();
    let (mut next, mut named, mut sent) = (0, Vec::new(), 0);
    while let Err(failed) = left.inject_queue_range(&queue, next..) {
        // The same error as `inject` gives.
        assert_eq!(
            failed.unsent().unwrap().error().to_string(),
            alone.to_string()
        );
        assert_eq!(failed.kind(), alone.kind());
        assert_eq!(
            failed.unsent().unwrap().packets(),
            failed.unsent().unwrap().index() - next
        );
        assert_eq!(
            failed.unsent().unwrap().bytes(),
            failed.unsent().unwrap().packets() * 60
        );
        named.push(failed.unsent().unwrap().index() as u32);
        sent += failed.unsent().unwrap().packets();
        next = failed.unsent().unwrap().index() + 1;
    }
    assert_eq!((named, sent), (bad.to_vec(), 96));
    let good: Vec<u32> = (0..100).filter(|n| !bad.contains(n)).collect();
    assert_eq!(read_numbers(&mut right, 96), good);
    nothing(&mut right);

    let failed = left.inject_queue_range(&queue, 2..).unwrap_err();
    let text = "cannot inject on `left`: send: Message too long; \
                68 packets sent, stopped at packet 70 of the queue";
    assert_eq!(failed.to_string(), text);
    let unsent = failed.unsent().unwrap();
    assert_eq!(unsent.error().to_string(), alone.to_string());
}

#[test]
fn a_device_set_down_says_how_many_went() {
    let Some((net, left, mut right)) = wire() else {
        return;
    };
    limit_rate("rate 1mbit burst 3kb limit 10mb");
    let queue = queue(1000, 1000);
    let sender = thread::spawn(move || {
        let failed = left.inject_queue(&queue).unwrap_err();
        (left, queue, failed)
    });
    // It has begun, and would continue for eight seconds.
    read(&mut right, 3);
    net.ip("link set left down".split(' '));
    let (left, queue, failed) = sender.join().unwrap();
    let text = failed.unsent().unwrap().error().text();
    assert!(text.contains("Network is down"), "{failed}");
    let went = failed.unsent().unwrap().packets();
    assert!((3..1000).contains(&went), "{failed}");
    assert_eq!(
        (
            failed.unsent().unwrap().index(),
            failed.unsent().unwrap().bytes()
        ),
        (went, went * 1000)
    );

    // Once the device is up again, the rest is sent.
    tc("qdisc del dev left root");
    net.ip("link set left up".split(' '));
    wait_until("the wire is up", || {
        let show = net.ip("-o link show dev left".split(' '));
        show.contains(" state UP ")
    });
    let rest = 1000 - went;
    let bytes = left.inject_queue_range(&queue, went..).unwrap();
    assert_eq!(bytes, rest * 1000);
    // Packets that were in the queueing discipline when the interface went down are lost.
    let mut last = Vec::new();
    while last.last() != Some(&999) {
        last.extend(read_numbers(&mut right, 1));
    }
    let expected: Vec<u32> = (went as u32..1000).collect();
    assert_eq!(last[last.len() - rest..], expected);
}

#[test]
fn a_device_up_again_takes_a_queue() {
    let Some((net, left, mut right)) = wire() else {
        return;
    };
    let down_and_up = || {
        net.ip("link set left down".split(' '));
        net.ip("link set left up".split(' '));
        wait_until("the wire is up", || {
            let show = net.ip("-o link show dev left".split(' '));
            show.contains(" state UP ")
        });
    };
    down_and_up();
    assert_eq!(left.inject_queue(&queue(100, 60)).unwrap(), 6000);
    assert_eq!(read_numbers(&mut right, 100), (0..100).collect::<Vec<_>>());
    // A single packet is refused once.
    down_and_up();
    let error = left.inject(&frame(100, 60)).unwrap_err();
    assert!(error.text().contains("Network is down"), "{error}");
    assert_eq!(left.inject(&frame(101, 60)).unwrap(), 60);
    assert_eq!(read_numbers(&mut right, 1), [101]);
}

#[test]
fn a_break_ends_a_queue_that_goes_on_later() {
    let Some((_net, left, mut right)) = wire() else {
        return;
    };
    limit_rate("rate 100kbit burst 3kb limit 10mb");
    let queue = queue(1000, 1000);
    let handle = left.break_handle();
    let sender = thread::spawn(move || {
        let failed = left.inject_queue(&queue).unwrap_err();
        (left, queue, failed, Instant::now())
    });
    read(&mut right, 3);
    // By now it waits: the socket's buffer has long been full.
    thread::sleep(Duration::from_millis(200));
    assert!(!sender.is_finished());
    let start = Instant::now();
    handle.breakloop();
    let (mut left, queue, failed, end) = sender.join().unwrap();
    assert!(end - start < Duration::from_secs(1), "{:?}", end - start);
    assert_eq!(failed.kind(), ErrorKind::Break, "{failed}");
    let went = failed.unsent().unwrap().packets();
    assert!((3..1000).contains(&went), "{failed}");
    assert_eq!(
        (
            failed.unsent().unwrap().index(),
            failed.unsent().unwrap().bytes()
        ),
        (went, went * 1000)
    );

    // The break remains for the next read, and ends earlier sending calls.
    let again = left.inject_queue_range(&queue, went..).unwrap_err();
    assert_eq!(
        (again.kind(), again.unsent().unwrap().packets()),
        (ErrorKind::Break, 0)
    );
    assert_eq!(again.unsent().unwrap().index(), went);
    assert_eq!(left.inject_queue(&SendQueue::new()).unwrap(), 0);
    assert!(matches!(
        left.try_next_packet().unwrap(),
        Next::End(End::Break)
    ));

    limit_rate("rate 1gbit burst 1mb limit 10mb");
    let bytes = left.inject_queue_range(&queue, went..).unwrap();
    assert_eq!(bytes, (1000 - went) * 1000);
    // Each once, and in order.
    assert_eq!(
        read_numbers_sorted(&mut right, 997),
        (3..1000).collect::<Vec<_>>()
    );
    nothing(&mut right);
}

#[test]
fn a_break_ends_a_queue_that_does_not_wait() {
    let Some((_net, left, _right)) = wire() else {
        return;
    };
    let queue = queue(1000, 60);
    let handle = left.break_handle();
    let sender = thread::spawn(move || {
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(10) {
            match left.inject_queue(&queue) {
                Ok(bytes) => assert_eq!(bytes, 60_000),
                Err(failed) => return failed,
            }
        }
        panic!("the break was not seen");
    });
    thread::sleep(Duration::from_millis(50));
    handle.breakloop();
    let start = Instant::now();
    let failed = sender.join().unwrap();
    assert_eq!(failed.kind(), ErrorKind::Break, "{failed}");
    assert!(start.elapsed() < Duration::from_secs(2));
}

#[test]
fn a_capture_does_not_see_its_own_queue() {
    let Some((_net, mut left, mut right)) = wire() else {
        return;
    };
    let mut other = large("left");
    left.inject_queue(&queue(100, 60)).unwrap();
    let all: Vec<u32> = (0..100).collect();
    assert_eq!(read_numbers(&mut right, 100), all);
    assert_eq!(read_numbers(&mut other, 100), all);
    nothing(&mut left);
}

/// A capture that cannot send rejects a queue as it rejects a packet.
#[test]
fn a_queue_is_refused_as_a_packet_is() {
    let Some(_net) = Netns::new() else { return };
    let mut refused = 0;
    for device in ["any", "nflog", "nfqueue"] {
        let capture = match Capture::from_device(device).activate() {
            Ok(capture) => capture,
            Err(failed) => {
                // The kernel, or this libpcap, may lack it.
                assert!(device != "any", "{failed}");
                continue;
            }
        };
        let alone = capture.inject(&frame(0, 60)).unwrap_err();
        let failed = capture.inject_queue(&queue(3, 60)).unwrap_err();
        assert_eq!(
            failed.unsent().unwrap().error().to_string(),
            alone.to_string()
        );
        assert_eq!(
            (
                failed.unsent().unwrap().index(),
                failed.unsent().unwrap().packets()
            ),
            (0, 0)
        );
        assert_eq!(capture.inject_queue(&SendQueue::new()).unwrap(), 0);
        refused += 1;
    }
    assert!(refused > 0);
}

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
    assert_eq!(kinds, [WarningKind::LeftOut]);
    // Switching the bypass off is supported everywhere.
    let any = Capture::from_device("any").qdisc_bypass(false);
    assert!(any.activate().unwrap().warnings().is_empty());
}
