//! Breaks of queues.

use std::thread;
use std::time::{Duration, Instant};

use pcap_core::{End, ErrorKind, Next, SendQueue};

use super::{queue, wire};
use crate::support::wire::{limit_rate, nothing, read, read_numbers_sorted};

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
    let sent = failed.unsent().unwrap().packets();
    assert!((3..1000).contains(&sent), "{failed}");
    assert_eq!(
        (
            failed.unsent().unwrap().index(),
            failed.unsent().unwrap().bytes()
        ),
        (sent, sent * 1000)
    );

    // The break remains for the next read, and ends earlier sending calls.
    let again = left.inject_queue_range(&queue, sent..).unwrap_err();
    assert_eq!(
        (again.kind(), again.unsent().unwrap().packets()),
        (ErrorKind::Break, 0)
    );
    assert_eq!(again.unsent().unwrap().index(), sent);
    assert_eq!(left.inject_queue(&SendQueue::new()).unwrap(), 0);
    assert!(matches!(
        left.try_next_packet().unwrap(),
        Next::End(End::Break)
    ));

    limit_rate("rate 1gbit burst 1mb limit 10mb");
    let bytes = left.inject_queue_range(&queue, sent..).unwrap();
    assert_eq!(bytes, (1000 - sent) * 1000);
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
