//! Queues: what arrives, and what stops them.

use std::collections::HashSet;
use std::thread;
use std::time::{Duration, Instant};

use pcap_core::{Capture, ErrorKind, SendQueue};

use super::{queue, wire};
use crate::support::wire::{
    frame, large, limit_rate, nothing, read, read_numbers, read_numbers_sorted, tc,
};
use crate::support::{Netns, error_text, wait_until};

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
    let text = format!(
        "cannot inject on `left`: send: {}; 68 packets sent, stopped at packet 70 of the queue",
        error_text(libc::EMSGSIZE)
    );
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
    let sent = failed.unsent().unwrap().packets();
    assert!((3..1000).contains(&sent), "{failed}");
    assert_eq!(
        (
            failed.unsent().unwrap().index(),
            failed.unsent().unwrap().bytes()
        ),
        (sent, sent * 1000)
    );

    // Once the device is up again, the rest is sent.
    tc("qdisc del dev left root");
    net.ip("link set left up".split(' '));
    wait_until("the wire is up", || {
        let show = net.ip("-o link show dev left".split(' '));
        show.contains(" state UP ")
    });
    let rest = 1000 - sent;
    let bytes = left.inject_queue_range(&queue, sent..).unwrap();
    assert_eq!(bytes, rest * 1000);
    // Packets that were in the queueing discipline when the interface went down are lost.
    let mut last = Vec::new();
    while last.last() != Some(&999) {
        last.extend(read_numbers(&mut right, 1));
    }
    let expected: Vec<u32> = (sent as u32..1000).collect();
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
