//! Reading borrowed packets and sending a queue do not allocate. In its own process, because it counts all
//! allocations.

use crate::count;
use crate::support::files;

use std::ops::ControlFlow;

use crate::support::Netns;
use pcap_core::{Active, Capture, Next, SendQueue};

type Read = fn(&mut Capture<Active>);

// Shows: parity/few-allocations-none-packet
#[test]
fn lending_and_queues_allocate_nothing() {
    if !files::is_by_itself(lending_and_queues_allocate_nothing) {
        return;
    }
    let Some(net) = Netns::new() else { return };
    net.veth("left", "right");
    let left = Capture::from_device("left").activate().unwrap();
    let mut right = Capture::from_device("right").activate().unwrap();
    let send = || {
        for _ in 0..500 {
            left.inject(&[0xff; 1000]).unwrap();
        }
    };
    let reads: [(&str, Read); 6] = [
        ("next_packet", |c| {
            (0..500).for_each(|_| assert!(c.next_packet().unwrap().is_some()))
        }),
        ("advance", |c| {
            (0..500).for_each(|_| assert!(c.advance().unwrap()))
        }),
        ("for_each", |c| {
            assert_eq!(c.for_each_up_to(500, |_| ()).unwrap().packets(), 500)
        }),
        ("try_for_each", |c| {
            let mut left = 500;
            let flow = c.try_for_each(|_| {
                left -= 1;
                if left == 0 {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                }
            });
            assert_eq!(flow.unwrap(), ControlFlow::Break(()));
        }),
        ("dispatch", |c| {
            let mut left = 500;
            while left > 0 {
                left -= c.dispatch_up_to(left, |_| ()).unwrap().packets();
            }
        }),
        ("try_next_packet", |c| {
            let mut left = 500;
            while left > 0 {
                left -= usize::from(matches!(c.try_next_packet().unwrap(), Next::Packet(_)));
            }
        }),
    ];
    for (name, read) in reads {
        // The first round lets the read-ahead buffer grow to its final size.
        send();
        read(&mut right);
        send();
        let before = count::get_all();
        read(&mut right);
        let after = count::get_all();
        assert_eq!(after - before, 0, "allocations of {name}");
    }

    // A queue allocates when it is created, or reuses what it had.
    let mut queue = SendQueue::with_capacity(500, 500 * 1000);
    let mut send_queue = || {
        let before = count::get_all();
        queue.clear();
        for _ in 0..500 {
            queue.push(&[0xff; 1000]).unwrap();
        }
        assert_eq!(left.inject_queue(&queue).unwrap(), 500_000);
        let after = count::get_all();
        assert_eq!(after - before, 0, "allocations of a queue");
    };
    send_queue();
    send_queue();
}
