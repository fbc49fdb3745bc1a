//! Single packets that are sent.

use pcap_core::{Capture, ErrorKind};

use super::drain;
use crate::support::error_text;
use crate::support::wire::{frame, limit_rate, wire};

/// In non-blocking mode, a rate-limited device refused 1890 of 2000 packets.
// Shows: libpcap/non-blocking-mode-sending
#[test]
fn sending_waits_for_the_device() {
    let Some((net, left, mut right)) = wire() else {
        return;
    };
    limit_rate("rate 40mbit burst 16kb limit 10mb");
    let reader = std::thread::spawn(move || {
        let done = right.for_each_up_to(2000, |_| ()).unwrap();
        done.packets()
    });
    for n in 0..2000 {
        assert_eq!(left.inject(&frame(n, 1000)).unwrap(), 1000);
    }
    assert_eq!(reader.join().unwrap(), 2000);
    drop(net);
}

/// `pcap_sendpacket` returns 0 even if less was sent, `pcap_inject` accepts zero bytes, `any` everything. No
/// descriptor reports that a queue is no longer full.
#[test]
fn sending_waits_until_a_full_queue_has_room() {
    let Some((_net, left, mut right)) = wire() else {
        return;
    };
    limit_rate("rate 4mbit burst 3kb limit 4kb");
    for n in 0..200 {
        assert_eq!(left.inject(&frame(n, 1000)).unwrap(), 1000);
    }
    let mut numbers: Vec<u32> = drain(&mut right);
    // Any CPU takes packets out of the queue, and two of them may change the order.
    numbers.sort_unstable();
    assert_eq!(numbers, (0..200).collect::<Vec<_>>());
}

// Shows: libpcap/non-blocking-mode-sending, parity/send-bytes-say-how
#[test]
fn what_cannot_be_sent_says_why() {
    let Some((_net, left, _right)) = wire() else {
        return;
    };
    let error = left.inject(&[]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    assert!(error.to_string().contains("`left`"), "{error}");
    let error = left.inject(&frame(0, 100_000)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    let expected = error_text(libc::EMSGSIZE);
    assert!(error.to_string().contains(&expected), "{error}");
    let any = Capture::from_device("any").activate().unwrap();
    assert!(any.inject(&frame(0, 60)).is_err());
}
