//! What users of other bindings rely on in live captures (`docs/parity.md`), on veth pairs in network namespaces of the
//! tests' own.

use crate::support;
use crate::support::files;

use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use crate::support::wire::wire;
use pcap_core::{
    Active, Capture, Device, Dlt, Done, End, ErrorKind, Filter, Next, Packet, Stop, Timestamp,
};

fn frame(number: u8) -> [u8; 60] {
    let mut frame = [0xff; 60];
    frame[12..15].copy_from_slice(&[0x88, 0xb5, number]);
    frame
}

fn send(capture: &Capture<Active>, numbers: std::ops::Range<u8>) {
    for number in numbers {
        assert_eq!(capture.inject(&frame(number)).unwrap(), 60);
    }
}

// Shows: parity/capture-1-takes-returns
#[test]
fn dispatch_takes_all_that_came_or_none() {
    let Some((_net, left, right)) = wire() else {
        return;
    };
    drop(right);
    let device = Capture::from_device("right").nonblock(true);
    let mut right = device.activate().unwrap();
    let empty = Done::new(0, Stop::Empty);
    assert_eq!(right.dispatch(|_| panic!("none")).unwrap(), empty);
    send(&left, 0..200);
    // A read that waits at most for the packet-buffer timeout returns all of them.
    support::wait_until("all are there", || right.stats().unwrap().received == 200);
    let mut seen = Vec::new();
    let mut calls = 0;
    support::wait_until("all are delivered", || {
        let before = seen.len();
        let done = right
            .dispatch(|packet| seen.push(packet.data()[14]))
            .unwrap();
        // It returns how many there were, possibly none.
        assert_eq!(done.packets() as usize, seen.len() - before);
        assert_eq!(done.stop(), Stop::Empty);
        calls += usize::from(done.packets() > 0);
        seen.len() == 200
    });
    assert!(seen.iter().copied().eq(0..200));
    assert!(calls <= 2, "{calls} calls for available packets");
    assert_eq!(right.dispatch(|_| panic!("none")).unwrap(), empty);
}

/// In its own process, because it counts the process's open descriptors.
// Shows: parity/resources-freed-every-way
#[test]
fn resources_are_freed_on_every_way_out() {
    if !files::is_by_itself(resources_are_freed_on_every_way_out) {
        return;
    }
    let Some((_net, left, right)) = wire() else {
        return;
    };
    drop(right);
    let folder = tempfile::tempdir().unwrap();
    let path = files::file(folder.path(), "in.pcap", &files::pings(1000));
    let open = || {
        let live = Capture::from_device("right").activate().unwrap();
        let savefile = Capture::from_file(&path).unwrap();
        let dumper = savefile.dump(folder.path().join("out.pcap")).unwrap();
        send(&left, 0..3);
        (live, savefile, dumper)
    };
    type WayOut<'a> = (&'a str, Box<dyn Fn() + 'a>);
    let ways_out: [WayOut<'_>; 7] = [
        ("the end", Box::new(|| drop(open()))),
        (
            "closing",
            Box::new(|| {
                let (live, mut savefile, dumper) = open();
                savefile.for_each(|_| ()).unwrap();
                dumper.close().unwrap();
                live.close().unwrap();
            }),
        ),
        (
            "an error and a question mark",
            Box::new(|| {
                let fail = || -> pcap_core::Result<()> {
                    let (mut live, mut savefile, _dumper) = open();
                    savefile.set_filter("icmp")?;
                    live.set_filter("this is none")?;
                    Ok(())
                };
                assert_eq!(fail().unwrap_err().kind(), ErrorKind::FilterSyntax);
            }),
        ),
        (
            "a panic of the closure",
            Box::new(|| {
                let (mut live, mut savefile, mut dumper) = open();
                let caught = catch_unwind(AssertUnwindSafe(move || {
                    savefile
                        .for_each(|packet| {
                            dumper.write(packet).unwrap();
                            live.for_each(|_| std::panic::resume_unwind(Box::new("out")))
                                .unwrap();
                        })
                        .unwrap();
                }));
                assert_eq!(*caught.unwrap_err().downcast::<&str>().unwrap(), "out");
            }),
        ),
        (
            "a value of the closure",
            Box::new(|| {
                let (mut live, mut savefile, _dumper) = open();
                let flow = live.try_for_each(|packet| ControlFlow::Break(packet.wire_len()));
                assert_eq!(flow.unwrap(), ControlFlow::Break(60));
                let flow = savefile.try_for_each(|packet| ControlFlow::Break(packet.wire_len()));
                assert_eq!(flow.unwrap(), ControlFlow::Break(98));
            }),
        ),
        (
            "a break",
            Box::new(|| {
                let (mut live, mut savefile, _dumper) = open();
                let handles = [live.break_handle(), savefile.break_handle()];
                handles.iter().for_each(|handle| handle.breakloop());
                assert_eq!(live.for_each(|_| ()).unwrap().stop(), Stop::End(End::Break));
                assert_eq!(
                    savefile.for_each(|_| ()).unwrap().stop(),
                    Stop::End(End::Break)
                );
            }),
        ),
        (
            "an iterator that is dropped half way, in a thread that ends",
            Box::new(|| {
                let (live, savefile, dumper) = open();
                let thread = std::thread::spawn(move || {
                    let mut live = live.into_packets();
                    let mut savefile = savefile.into_packets();
                    assert_eq!(live.next().unwrap().unwrap().data(), frame(0));
                    assert_eq!(savefile.next().unwrap().unwrap().wire_len(), 98);
                    drop(dumper);
                });
                thread.join().unwrap();
            }),
        ),
    ];
    let descriptors = || std::fs::read_dir("/proc/self/fd").unwrap().count();
    let mappings = || {
        let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
        maps.lines().filter(|line| line.contains("socket:")).count()
    };
    for (name, way_out) in &ways_out {
        way_out();
        let before = (descriptors(), mappings());
        for _ in 0..5 {
            way_out();
        }
        assert_eq!((descriptors(), mappings()), before, "{name}");
    }
}

// Shows: parity/stop-twice-harmless
#[test]
fn stopping_twice_is_harmless() {
    let Some((_net, left, mut right)) = wire() else {
        return;
    };
    let handle = right.break_handle();
    let other = handle.clone();
    // Breaks before, together with another, and afterwards are one break, and end one read.
    for _ in 0..2 {
        handle.breakloop();
        other.breakloop();
    }
    assert_eq!(right.try_next_packet().unwrap(), Next::End(End::Break));
    send(&left, 0..1);
    assert_eq!(right.next_packet().unwrap().unwrap().data(), frame(0));
    // A capture can be closed only once; later breaks have no effect.
    right.close().unwrap();
    for _ in 0..2 {
        handle.breakloop();
        other.breakloop();
    }
    // They do not affect a capture opened afterwards either.
    let mut right = Capture::from_device("right").activate().unwrap();
    handle.breakloop();
    send(&left, 1..2);
    assert_eq!(right.next_packet().unwrap().unwrap().data(), frame(1));
}

// Shows: parity/dispatch-bufferful-return-0
#[test]
fn dispatch_is_one_bufferful_or_none() {
    let Some((_net, left, mut right)) = wire() else {
        return;
    };
    // No packet arrived within the packet-buffer timeout.
    let start = Instant::now();
    let done = right.dispatch_up_to(10, |_| panic!("none")).unwrap();
    assert_eq!((done.packets(), done.stop()), (0, Stop::Empty));
    let took = start.elapsed();
    assert!(
        took >= Duration::from_millis(100) && took < Duration::from_millis(600),
        "{took:?}"
    );
    // Fewer packets than the limit: it does not wait for more.
    send(&left, 0..5);
    let start = Instant::now();
    let mut seen = 0;
    while seen < 5 {
        let done = right.dispatch_up_to(1_000_000, |_| ()).unwrap();
        assert_eq!(done.stop(), Stop::Empty);
        seen += done.packets();
    }
    assert_eq!(seen, 5);
    assert!(start.elapsed() < Duration::from_secs(2));
    // More packets than the limit: the rest is for the next call.
    send(&left, 0..5);
    let mut seen = 0;
    while seen < 5 {
        let done = right.dispatch_up_to(2, |_| ()).unwrap();
        assert!(done.packets() <= 2, "{done:?}");
        seen += done.packets();
    }
    assert_eq!(seen, 5);
    // Packets keep arriving: it returns nevertheless, and those that arrived meanwhile are for the next call.
    let enough = &AtomicBool::new(false);
    std::thread::scope(|scope| {
        let flood = scope.spawn(move || {
            let mut sent = 0;
            while !enough.load(Ordering::Relaxed) {
                send(&left, 0..1);
                sent += 1;
            }
            sent
        });
        let mut seen = 0;
        for _ in 0..3 {
            let start = Instant::now();
            let done = right.dispatch(|_| ()).unwrap();
            assert_eq!(done.stop(), Stop::Empty);
            assert!(done.packets() > 0);
            // Ten times the packet-buffer timeout.
            assert!(start.elapsed() < Duration::from_secs(1));
            seen += done.packets();
        }
        enough.store(true, Ordering::Relaxed);
        let sent: u64 = flood.join().unwrap();
        let stats = right.stats().unwrap();
        while seen + stats.dropped < sent {
            let done = right.dispatch(|_| ()).unwrap();
            assert!(done.packets() > 0, "{seen} of {sent}, {stats:?}");
            seen += done.packets();
        }
        assert_eq!(seen + stats.dropped, sent);
    });
}

// Shows: parity/loop-count-ever-over, parity/loop-runs-count-error
#[test]
fn a_loop_ignores_timeouts() {
    let Some((net, left, right)) = wire() else {
        return;
    };
    drop(right);
    let device = Capture::from_device("right").timeout(Duration::from_millis(5));
    let mut right = device.activate().unwrap();
    // The timeout passes many times between two packets.
    let sender = std::thread::spawn(move || {
        for number in 0..7 {
            std::thread::sleep(Duration::from_millis(60));
            send(&left, number..number + 1);
        }
        left
    });
    let mut seen = Vec::new();
    let done = right
        .for_each_up_to(4, |packet| seen.push(packet.data()[14]))
        .unwrap();
    assert_eq!((done.packets(), done.stop()), (4, Stop::Count));
    let left = sender.join().unwrap();
    drop(left);
    net.ip("link del right".split(' '));
    let error = right
        .for_each_up_to(1000, |packet| seen.push(packet.data()[14]))
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Disappeared, "{error}");
    assert_eq!(seen, [0, 1, 2, 3, 4, 5, 6]);
}

/// Other bindings must release their interpreter's lock; here, a waiting reader holds no lock.
// Shows: parity/other-threads-run-meanwhile
#[test]
fn other_threads_run_meanwhile() {
    let Some((_net, left, mut right)) = wire() else {
        return;
    };
    let handle = right.break_handle();
    let reads = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let reads = &reads;
        let reader = scope.spawn(move || {
            reads.store(true, Ordering::SeqCst);
            right.for_each(|_| panic!("none")).unwrap()
        });
        support::wait_until("it reads", || reads.load(Ordering::SeqCst));
        let (sender, receiver) = mpsc::channel();
        scope.spawn(move || {
            Device::list().unwrap();
            let mut own = Capture::from_device("left").activate().unwrap();
            own.set_filter("ip6").unwrap();
            Filter::compile(Dlt::EN10MB, "tcp port 80").unwrap();
            assert_eq!(own.try_next_packet().unwrap(), Next::Timeout);
            let mut savefile = files::open(files::pings(100));
            assert_eq!(savefile.for_each(|_| ()).unwrap().packets(), 100);
            own.close().unwrap();
            sender.send(()).unwrap();
        });
        let there = receiver.recv_timeout(Duration::from_secs(10));
        handle.breakloop();
        there.expect("a reader blocks another thread");
        assert_eq!(reader.join().unwrap().stop(), Stop::End(End::Break));
    });
    drop(left);
}

// Shows: parity/network-number-netmask-device, parity/interface-without-address-opens
#[test]
fn an_interface_without_address_opens() {
    let Some((net, left, mut right)) = wire() else {
        return;
    };
    assert!(!net.ip(["addr", "show", "dev", "right"]).contains("inet"));
    assert_eq!(Device::find("right").unwrap().net_and_mask().unwrap(), None);
    // It reads, filters and sends.
    right
        .set_filter("ether proto 0x88b5 and ether[14] = 2")
        .unwrap();
    send(&left, 0..4);
    assert_eq!(right.next_packet().unwrap().unwrap().data(), frame(2));
    right.set_filter("tcp port 80 or ip6 or arp").unwrap();
    assert_eq!(right.inject(&frame(0)).unwrap(), 60);
    let again = Capture::from_device("right").filter("ip host 10.0.0.1");
    again.activate().unwrap();
}

// Shows: parity/open-dump-standard-output, parity/dumper-outlives-capture
#[test]
fn a_dumper_outlives_its_capture() {
    let Some((net, left, mut right)) = wire() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.pcap");
    let mut dumper = right.dump(&path).unwrap();
    send(&left, 0..2);
    dumper.write(right.next_packet().unwrap().unwrap()).unwrap();
    let last = right.next_packet().unwrap().unwrap().into_owned();
    // The device no longer exists.
    right.close().unwrap();
    drop(left);
    net.ip("link del right".split(' '));
    dumper.write(&last).unwrap();
    let time = Timestamp::new(1, 2);
    dumper.write(Packet::new(time, 1514, b"one's own")).unwrap();
    dumper.close().unwrap();
    let mut savefile = Capture::from_file(&path).unwrap();
    let packets = files::read_all(&mut savefile).unwrap();
    assert_eq!(packets.len(), 3);
    assert_eq!(packets[0].data(), frame(0));
    assert_eq!(packets[1], last);
    assert_eq!(
        (packets[2].timestamp(), packets[2].wire_len()),
        (time, 1514)
    );
}

// Shows: parity/packet-bytes-time-length, parity/timeout-end-error-different
// Shows: parity/end-file-timeout-same
#[test]
fn timeout_end_and_error_differ() {
    let mut savefile = files::open(files::pings(1));
    let mut damaged = files::pings(1);
    damaged.push(0);
    let mut damaged = files::open(damaged);
    for capture in [&mut savefile, &mut damaged] {
        assert!(capture.next_packet().unwrap().is_some());
    }
    let wait = Duration::from_millis(20);
    for _ in 0..3 {
        assert_eq!(
            savefile.next_packet_timeout(wait).unwrap(),
            Next::End(End::Eof)
        );
        assert_eq!(
            savefile.dispatch_up_to(1, |_| ()).unwrap().stop(),
            Stop::End(End::Eof)
        );
        assert!(savefile.next_packet().unwrap().is_none());
        assert_eq!(savefile.ended(), Some(End::Eof));
        for error in [
            damaged.next_packet_timeout(wait).map(|_| ()).unwrap_err(),
            damaged.dispatch_up_to(1, |_| ()).map(|_| ()).unwrap_err(),
            damaged.next_packet().map(|_| ()).unwrap_err(),
        ] {
            assert_eq!(error.kind(), ErrorKind::SavefileTruncated, "{error}");
        }
        assert_eq!(damaged.ended(), None);
    }
    let Some((_net, _left, mut right)) = wire() else {
        return;
    };
    for _ in 0..3 {
        assert_eq!(right.next_packet_timeout(wait).unwrap(), Next::Timeout);
        assert_eq!(right.ended(), None);
        assert_eq!(right.dispatch_up_to(1, |_| ()).unwrap().stop(), Stop::Empty);
    }
    right.break_handle().breakloop();
    assert_eq!(
        right.next_packet_timeout(wait).unwrap(),
        Next::End(End::Break)
    );
    assert_eq!(right.ended(), Some(End::Break));
}
