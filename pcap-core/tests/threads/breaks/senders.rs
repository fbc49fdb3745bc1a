//! Senders under breaks.

use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::thread;
use std::time::Duration;

use pcap_core::os::linux::SenderExt;
use pcap_core::{Capture, ErrorKind, Next, SendQueue};

use super::{Came, Run, Target, Targets, frame, hammered, pause, read_the_rest};
use crate::support::Netns;
use crate::support::random::Random;

/// Two threads send with senders that are broken, while the senders' capture is closed.
#[test]
#[cfg_attr(emulated, ignore = "qemu-user has no packet sockets")]
fn senders_are_broken_and_send_once() {
    let Some(net) = Netns::new() else { return };
    net.veth("left", "right");
    let run = Run::new();
    let mut random = run.random(0);
    let targets = Targets::default();
    hammered(&run, &targets, || {
        while run.goes_on() {
            sending(&run, &targets, &mut random);
        }
    });
}

fn sending(run: &Run, targets: &Targets, random: &mut Random) {
    const EACH: u32 = 300;
    let dropped_before = Netns::rx_dropped("right");
    let mut right = Capture::from_device("right")
        .buffer_size(8 << 20)
        .activate()
        .unwrap();
    let left = Capture::from_device("left").activate().unwrap();
    let mut came = Came::default();
    thread::scope(|scope| {
        for which in 0..2_u32 {
            let sender = left.sender().unwrap();
            let target = Arc::new(Target::new(sender.break_handle()));
            targets.add(target.clone());
            let mut random = run.random(random.next());
            scope.spawn(move || {
                let (mut next, end) = (which * EACH, (which + 1) * EACH);
                while next < end {
                    let many = 1 + random.below(20) as u32;
                    if random.below(2) == 0 {
                        match sender.inject(&frame(next)) {
                            Ok(sent) => {
                                assert_eq!(sent, 60);
                                next += 1;
                            }
                            Err(error) => {
                                assert_eq!(error.kind(), ErrorKind::Break, "{error}");
                                target.saw();
                            }
                        }
                        continue;
                    }
                    let mut queue = SendQueue::new();
                    queue
                        .push_all((next..end.min(next + many)).map(frame))
                        .unwrap();
                    match sender.inject_queue(&queue) {
                        Ok(_) => next += queue.len() as u32,
                        Err(failed) => {
                            assert_eq!(failed.kind(), ErrorKind::Break, "{failed}");
                            next += failed.unsent().unwrap().packets() as u32;
                            target.saw();
                        }
                    }
                    pause(&mut random, 300);
                }
                target.stop.store(true, SeqCst);
            });
        }
        pause(random, 3000);
        drop(left);
    });
    let sent = 2 * EACH as usize;
    let breaks = read_the_rest(&mut right, &mut came, sent, "right", dropped_before);
    assert_eq!(breaks, 0);
    run.step();
    let next = right.next_packet_timeout(Duration::from_millis(5)).unwrap();
    assert_eq!(next, Next::Timeout);
}
