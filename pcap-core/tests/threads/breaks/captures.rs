//! Live captures under breaks.

use pcap_core::os::linux::SenderExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::thread;
use std::time::{Duration, Instant};

use pcap_core::{Active, Capture, Done, End, Next, Stop};

use super::{
    Came, Run, Sets, Target, Targets, break_at_once, frame, hammered, number, open, pause, read,
    read_the_rest,
};
use crate::support::Netns;
use crate::support::random::Random;

/// Sends from one device and reads on another, with continuous breaks; then closes, during breaks.
fn live(from: &str, to: &str) {
    let Some(net) = Netns::new() else { return };
    if from != "lo" {
        net.veth("left", "right");
    }
    let run = Run::new();
    let mut random = run.random(0);
    let targets = Targets::default();
    hammered(&run, &targets, || {
        while run.goes_on() {
            epoch(&run, &targets, &mut random, from, to);
            run.step();
        }
    });
}

/// Uses a pair of devices from opening to closing.
fn epoch(run: &Run, targets: &Targets, random: &mut Random, from: &str, to: &str) {
    let receiver = if from == "lo" { "lo" } else { "right" };
    let dropped_before = Netns::rx_dropped(receiver);
    let mut capture = open(to, random);
    let target = Arc::new(Target::new(capture.break_handle()));
    targets.add(target.clone());
    let (stop, received) = (AtomicBool::new(false), AtomicUsize::new(0));
    let until = Instant::now() + Duration::from_millis(20 + random.below(300) as u64);
    let mut came = Came::default();
    let sender = Capture::from_device(from).activate().unwrap();
    let mut pauses = run.random(random.next());
    let sent = thread::scope(|scope| {
        let (stop, received) = (&stop, &received);
        let sending = scope.spawn(move || {
            let mut sent = 0;
            while !stop.load(SeqCst) {
                // There is room for these, unless the reader pauses.
                if sent < received.load(SeqCst) + 500 {
                    for _ in 0..pauses.below(20) {
                        assert_eq!(sender.inject(&frame(sent as u32)).unwrap(), 60);
                        sent += 1;
                    }
                }
                pause(&mut pauses, 500);
            }
            sent
        });
        let _stop = Sets(stop);
        while Instant::now() < until {
            if random.below(4) == 0 {
                capture.set_nonblock(random.below(2) == 0);
            }
            let end = read(&mut capture, random, |data| {
                came.packet(data);
                received.fetch_add(1, SeqCst);
            });
            if end == Some(Stop::End(End::Break)) {
                target.saw();
            }
            run.step();
        }
        stop.store(true, SeqCst);
        sending.join().unwrap()
    });
    // The rest, and at most one break.
    let target = targets.retire(target);
    let mut breaks = read_the_rest(&mut capture, &mut came, sent, receiver, dropped_before);
    (0..breaks).for_each(|_| target.saw());
    if capture.try_next_packet().unwrap() == Next::End(End::Break) {
        target.saw();
        breaks += 1;
    }
    assert!(breaks <= 1, "one break was seen {breaks} times");
    assert_eq!(capture.try_next_packet().unwrap(), Next::Timeout);
    let (asked, seen) = (target.asked.load(SeqCst), target.seen.load(SeqCst));
    assert!(
        (asked == 0) == (seen == 0),
        "{asked} breaks requested, {seen} seen"
    );

    break_at_once(&mut capture, random);
    close(targets, capture, random);
}

/// Closes a capture in a random way while it is broken.
fn close(targets: &Targets, mut capture: Capture<Active>, random: &mut Random) {
    let target = Arc::new(Target::new(capture.break_handle()));
    targets.add(target.clone());
    match random.below(4) {
        0 => drop(capture),
        1 => drop(capture.close().unwrap()),
        2 => {
            // Another thread owns it, and closes it after a break; it may be waiting already or not.
            let reader = thread::spawn(move || {
                let done = capture.for_each(|_| ()).unwrap();
                drop(capture);
                done
            });
            pause(random, 3000);
            target.ask();
            assert_eq!(reader.join().unwrap(), Done::new(0, End::Break));
        }
        _ => {
            // Moved from thread to thread.
            for _ in 0..random.below(5) {
                let target = &target;
                capture = thread::scope(|scope| {
                    let reader = scope.spawn(move || {
                        let time = Duration::from_micros(300);
                        if capture.next_packet_timeout(time).unwrap() == Next::End(End::Break) {
                            target.saw();
                        }
                        capture
                    });
                    reader.join().unwrap()
                });
            }
            drop(capture);
        }
    }
    target.stop.store(true, SeqCst);
}

#[test]
#[cfg_attr(emulated, ignore = "qemu-user has no packet sockets")]
fn on_a_veth_each_packet_comes_once() {
    live("left", "right");
}

#[test]
#[cfg_attr(emulated, ignore = "qemu-user has no packet sockets")]
fn on_lo_each_packet_comes_once() {
    live("lo", "lo");
}

#[test]
#[cfg_attr(emulated, ignore = "qemu-user has no packet sockets")]
fn on_any_each_packet_comes_once() {
    live("left", "any");
}

/// libpcap sets a filter in several steps, and also reads its buffer in them; packets that arrive meanwhile may be
/// lost, but none is returned that the filter rejects.
#[test]
#[cfg_attr(emulated, ignore = "qemu-user has no packet sockets")]
fn filters_hold_under_breaks() {
    let Some(net) = Netns::new() else { return };
    net.veth("left", "right");
    let run = Run::new();
    let mut random = run.random(0);
    let targets = Targets::default();
    let stop = AtomicBool::new(false);
    let left = Capture::from_device("left").activate().unwrap();
    let mut right = open("right", &mut random);
    let target = Arc::new(Target::new(right.break_handle()));
    targets.add(target.clone());
    hammered(&run, &targets, || {
        thread::scope(|scope| {
            let left = left.sender().unwrap();
            scope.spawn(|| {
                let left = left;
                let mut pauses = run.random(1);
                for number in 0.. {
                    if stop.load(SeqCst) {
                        break;
                    }
                    left.inject(&frame(number)).unwrap();
                    if number % 16 == 0 {
                        pause(&mut pauses, 500);
                    }
                }
            });
            let _stop = Sets(&stop);
            while run.goes_on_until_seen(&target) {
                let rest = random.below(4);
                right
                    .set_filter(&*format!("ether[59] & 3 = {rest}"))
                    .unwrap();
                for _ in 0..random.below(6) {
                    let end = read(&mut right, &mut random, |data| {
                        assert_eq!(number(data) % 4, rest);
                    });
                    if end == Some(Stop::End(End::Break)) {
                        target.saw();
                    }
                    run.step();
                }
            }
        });
        target.stop.store(true, SeqCst);
    });
    assert!(target.seen.load(SeqCst) > 0);
}

/// Whoever closes waits for the break.
#[test]
#[cfg_attr(emulated, ignore = "qemu-user has no packet sockets")]
fn a_capture_is_closed_while_it_is_broken() {
    let Some(_net) = Netns::new() else { return };
    for _ in 0..100 {
        let capture = Capture::from_device("lo").activate().unwrap();
        let handle = capture.break_handle();
        let stop = AtomicBool::new(false);
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    while !stop.load(SeqCst) {
                        handle.breakloop();
                    }
                });
            }
            thread::sleep(Duration::from_millis(1));
            drop(capture);
            stop.store(true, SeqCst);
        });
    }
}
