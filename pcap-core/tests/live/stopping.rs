//! Stopping live captures, and devices that disappear. On veth pairs in network namespaces.

use crate::support;

use std::sync::atomic::{AtomicBool, Ordering, Ordering::SeqCst};
use std::sync::{Arc, OnceLock, mpsc};
use std::time::{Duration, Instant};

use crate::support::Netns;
use crate::support::wire::wire;
use pcap_core::{Active, BreakHandle, Capture, CompileOptions, End, ErrorKind, Next, Stop};

const FRAME: [u8; 60] = [0xff; 60];

fn send(capture: &Capture<Active>, count: usize) {
    for _ in 0..count {
        assert_eq!(capture.inject(&FRAME).unwrap(), 60);
    }
}

/// Calls `f` on another thread after a while, and returns the time of the call.
fn later(after: Duration, f: impl FnOnce() + Send + 'static) -> std::thread::JoinHandle<Instant> {
    std::thread::spawn(move || {
        std::thread::sleep(after);
        let now = Instant::now();
        f();
        now
    })
}

/// libpcap's break is a flag that it only checks after a packet; not every kind of device wakes up.
// Shows: libpcap/break-sets-flag-wakes
#[test]
fn a_break_wakes_every_idle_reader() {
    let Some((_net, _left, mut right)) = wire() else {
        return;
    };
    type Read = fn(&mut Capture<Active>);
    let reads: [Read; 5] = [
        |c| assert!(c.next_packet().unwrap().is_none()),
        |c| assert!(!c.advance().unwrap()),
        |c| {
            assert_eq!(
                c.next_packet_timeout(Duration::MAX).unwrap(),
                Next::End(End::Break)
            )
        },
        |c| assert_eq!(c.for_each(|_| ()).unwrap().stop(), Stop::End(End::Break)),
        |c| assert!(c.packets().next().is_none()),
    ];
    for read in reads {
        let handle = right.break_handle();
        let asked = later(Duration::from_millis(30), move || handle.breakloop());
        read(&mut right);
        let took = asked.join().unwrap().elapsed();
        assert!(took < Duration::from_millis(100), "{took:?}");
        assert_eq!(right.ended(), Some(End::Break));
    }
}

/// A break is not reported as an end, an error or a timeout, and leaves no flag that ends the next read.
// Shows: libpcap/nextex-answers-2-end, parity/break-more-packets-error
#[test]
fn a_break_between_reads_ends_the_next() {
    let Some((_net, left, mut right)) = wire() else {
        return;
    };
    let handle = right.break_handle();
    for _ in 0..3 {
        handle.breakloop(); // several count as one
    }
    send(&left, 3);
    assert!(right.next_packet().unwrap().is_none());
    assert_eq!(right.ended(), Some(End::Break));
    let mut seen = 0;
    while let Next::Packet(_) = right
        .next_packet_timeout(Duration::from_millis(400))
        .unwrap()
    {
        seen += 1;
        assert_eq!(right.ended(), None);
    }
    assert_eq!(seen, 3);
    handle.breakloop();
    assert_eq!(right.try_next_packet().unwrap(), Next::End(End::Break));
    assert_eq!(right.try_next_packet().unwrap(), Next::Timeout);
}

/// Stopping costs no packets (it once cost 98 %) and no CPU time.
// Shows: libpcap/being-able-stop-costs, parity/closing-hangs-up-hour
#[test]
fn a_reader_that_can_stop_loses_nothing() {
    let Some((_net, left, _right)) = wire() else {
        return;
    };
    // Enough for as long as sending may take on a busy machine.
    let right = Capture::from_device("right").buffer_size(32 << 20);
    let mut right = right.activate().unwrap();
    // The first time may take longer.
    for limit in [Duration::MAX, Duration::from_millis(50)] {
        let handle = right.break_handle();
        let cpu = support::cpu::cpu_time();
        let asked = later(Duration::from_millis(400), move || handle.breakloop());
        let done = right.for_each(|_| panic!("no packet")).unwrap();
        assert_eq!(done.stop(), Stop::End(End::Break));
        asked.join().unwrap();
        let used = support::cpu::cpu_time() - cpu;
        assert!(used < limit, "{used:?} of CPU");
    }
    send(&left, 2000);
    for half in [1000, 2000] {
        assert_eq!(right.for_each_up_to(1000, |_| ()).unwrap().packets(), 1000);
        // Reading the statistics does not reset them.
        let stats = right.stats().unwrap();
        assert!(stats.received >= half, "{stats:?}");
        assert_eq!(stats.dropped, 0);
    }
}

/// In libpcap, a break in non-blocking mode does not wake a blocking read after it, and switching may close the
/// descriptor that a break writes to.
// Shows: libpcap/break-non-blocking-mode
#[test]
fn a_break_outlasts_a_change_of_blocking() {
    let Some((_net, _left, mut right)) = wire() else {
        return;
    };
    let handle = right.break_handle();
    right.set_nonblock(true);
    handle.breakloop();
    right.set_nonblock(false);
    let next = right.next_packet_timeout(Duration::from_secs(10));
    assert_eq!(next.unwrap(), Next::End(End::Break));

    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                handle.breakloop();
            }
        });
        for turn in 0..500 {
            right.set_nonblock(turn % 2 == 0);
            let next = right.next_packet_timeout(Duration::from_secs(10));
            if !matches!(next, Ok(Next::End(End::Break))) {
                over.store(true, Ordering::Relaxed);
                panic!("{next:?}");
            }
        }
        over.store(true, Ordering::Relaxed);
    });
}

/// libpcap's loop may return -2 after it has delivered packets: three were delivered, and the other seven came later.
// Shows: libpcap/live-loop-answer-2
#[test]
fn a_broken_loop_counts_and_loses_nothing() {
    let Some((_net, left, mut right)) = wire() else {
        return;
    };
    let handle = right.break_handle();
    send(&left, 10);
    let mut seen = 0;
    let done = right
        .for_each(|_| {
            seen += 1;
            if seen == 3 {
                handle.breakloop();
            }
        })
        .unwrap();
    assert_eq!((done.packets(), done.stop()), (3, Stop::End(End::Break)));
    let done = right.for_each_up_to(7, |_| ()).unwrap();
    assert_eq!((done.packets(), done.stop()), (7, Stop::Count));
}

/// One `pcap_dispatch` without a count continued for 5.8 s under load.
// Shows: libpcap/count-0-less-means
#[test]
fn a_break_is_prompt_under_a_flood() {
    let Some((_net, left, mut right)) = wire() else {
        return;
    };
    let (stop, flood) = flood(left);
    for _ in 0..5 {
        let handle = right.break_handle();
        let (first, flows) = mpsc::channel();
        let broken = Arc::new(AtomicBool::new(false));
        let breaking = {
            let broken = broken.clone();
            std::thread::spawn(move || {
                flows.recv().unwrap();
                handle.breakloop();
                broken.store(true, SeqCst);
            })
        };
        let mut after = 0;
        let done = right.for_each(|_| {
            let _ = first.send(());
            after += u32::from(broken.load(SeqCst));
        });
        breaking.join().unwrap();
        assert_eq!(done.unwrap().stop(), Stop::End(End::Break));
        // At most the packets that libpcap was delivering.
        assert!(after <= 100, "{after}");
    }
    stop.breakloop();
    flood.join().unwrap();
}

/// In libpcap, breaking a handle while another thread closes it is a use after free. A handle that kept the capture
/// alive would close it wherever the last one is dropped.
// Shows: libpcap/break-handle-being-closed, parity/break-handle-ends-up
#[test]
fn a_break_handle_outlives_its_capture() {
    let Some((_net, _left, right)) = wire() else {
        return;
    };
    let handle = right.break_handle();
    let clone = handle.clone();
    let thread = std::thread::spawn(move || {
        for _ in 0..10_000 {
            clone.breakloop();
        }
    });
    right.close().unwrap();
    thread.join().unwrap();
    handle.breakloop();
}

/// In other bindings, closing while another thread read took up to an hour.
// Shows: libpcap/closing-hangs-up-hour, parity/break-loop-elsewhere-close
// Shows: parity/closing-hangs-up-hour
#[test]
fn a_reading_thread_stops_at_once() {
    let Some((_net, _left, mut right)) = wire() else {
        return;
    };
    let handle = right.break_handle();
    let reader = std::thread::spawn(move || {
        right.for_each(|_| ()).unwrap();
        right.close().unwrap()
    });
    std::thread::sleep(Duration::from_millis(30));
    let start = Instant::now();
    handle.breakloop();
    reader.join().unwrap();
    assert!(start.elapsed() < Duration::from_millis(500));
}

/// A break handle that may close the capture could not be used in a signal handler.
// Shows: libpcap/break-handle-being-closed, parity/break-handle-ends-up
#[test]
fn a_break_comes_from_a_signal_handler() {
    static HANDLE: OnceLock<BreakHandle> = OnceLock::new();
    extern "C" fn on_signal(_: libc::c_int) {
        if let Some(handle) = HANDLE.get() {
            handle.breakloop();
        }
    }
    let Some((_net, _left, mut right)) = wire() else {
        return;
    };
    HANDLE.set(right.break_handle()).unwrap();
    let handler = on_signal as extern "C" fn(libc::c_int);
    // SAFETY: the handler is async-signal-safe.
    unsafe { libc::signal(libc::SIGUSR1, handler as libc::sighandler_t) };
    // SAFETY: always succeeds.
    let reader = unsafe { libc::pthread_self() };
    let asked = later(Duration::from_millis(30), move || {
        // SAFETY: the reading thread waits for this one before it ends.
        assert_eq!(unsafe { libc::pthread_kill(reader, libc::SIGUSR1) }, 0);
    });
    assert!(right.next_packet().unwrap().is_none());
    assert_eq!(right.ended(), Some(End::Break));
    asked.join().unwrap();
}

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

/// Sends continuously until it is stopped.
fn flood(left: Capture<Active>) -> (BreakHandle, std::thread::JoinHandle<()>) {
    let stop = left.break_handle();
    let flood = std::thread::spawn(move || {
        let mut left = left;
        while left.try_next_packet().unwrap() != Next::End(End::Break) {
            send(&left, 500);
        }
    });
    (stop, flood)
}

/// If the kernel rejects a filter, libpcap applies it in a read that only ends when a packet passes: a deadline of 100
/// ms took 8 s.
#[test]
fn a_deadline_holds_under_a_rejected_flood() {
    let Some((_net, left, mut right)) = wire() else {
        return;
    };
    let hosts: Vec<_> = (1..=250).map(|n| format!("ip6 host fc00::{n:x}")).collect();
    let options = CompileOptions::new().optimize(false);
    right.set_filter((hosts.join(" or "), options)).unwrap();
    let filter = options.compile_for(&right, &hosts.join(" or ")).unwrap();
    assert!(filter.instructions().len() > 4096, "long enough");
    let (stop, flood) = flood(left);
    for _ in 0..3 {
        let start = Instant::now();
        let next = right.next_packet_timeout(Duration::from_millis(100));
        assert_eq!(next.unwrap(), Next::Timeout);
        let took = start.elapsed();
        assert!(took < Duration::from_millis(400), "{took:?}");
    }
    stop.breakloop();
    flood.join().unwrap();

    // The filter is the cause: a packet that passes arrives once there is room for it.
    let next = right.next_packet_timeout(Duration::from_millis(500));
    assert_eq!(next.unwrap(), Next::Timeout);
    let left = Capture::from_device("left").activate().unwrap();
    let mut frame = [0; 60];
    frame[12..14].copy_from_slice(&[0x86, 0xdd]);
    frame[14] = 0x60;
    frame[22] = 0xfc;
    frame[37] = 7;
    left.inject(&FRAME).unwrap();
    left.inject(&frame).unwrap();
    assert_eq!(right.next_packet().unwrap().unwrap().data(), frame);
}

/// Without a limit, dispatch continued for as long as packets arrived.
#[test]
fn a_dispatch_ends_under_a_flood() {
    let Some((_net, left, mut right)) = wire() else {
        return;
    };
    let (stop, flood) = flood(left);
    std::thread::sleep(Duration::from_millis(50));
    let start = Instant::now();
    let pause = Duration::from_micros(4);
    let done = right.dispatch(|_| {
        let start = Instant::now();
        while start.elapsed() < pause {}
    });
    assert_eq!(done.unwrap().stop(), Stop::Empty);
    assert!(
        start.elapsed() < Duration::from_secs(1),
        "{:?}",
        start.elapsed()
    );
    stop.breakloop();
    flood.join().unwrap();
}

/// A signal handler leaves errno unchanged, whatever a break does.
#[test]
fn a_break_leaves_errno_alone() {
    let Some((_net, _left, right)) = wire() else {
        return;
    };
    let handle = right.break_handle();
    // SAFETY: takes nothing.
    let errno = unsafe { libc::__errno_location() };
    // SAFETY: the variable of this thread, which lives as long as the thread.
    unsafe { *errno = libc::ENOSPC };
    for _ in 0..2000 {
        handle.breakloop();
    }
    // SAFETY: as above.
    assert_eq!(unsafe { *errno }, libc::ENOSPC);
}

/// A packet-buffer timeout far longer than the tests otherwise wait: packets stay in the kernel's buffer.
fn slow(device: &str) -> Capture<Active> {
    let options = Capture::from_device(device).timeout(Duration::from_millis(1500));
    options.activate().unwrap()
}

#[test]
fn stop_delivers_what_arrived_before_a_break() {
    let Some((_net, left, _right)) = wire() else {
        return;
    };
    type Read = fn(&mut Capture<Active>) -> u64;
    let reads: [Read; 6] = [
        |c| c.for_each(|_| ()).unwrap().packets(),
        |c| c.packets().filter(|packet| packet.is_ok()).count() as u64,
        |c| {
            let mut packets = 0;
            while c.next_packet().unwrap().is_some() {
                packets += 1;
            }
            packets
        },
        |c| {
            let mut packets = 0;
            loop {
                match c.next_packet_timeout(Duration::from_millis(10)).unwrap() {
                    Next::Packet(_) => packets += 1,
                    Next::Timeout => {}
                    Next::End(End::Eof) => return packets,
                    Next::End(End::Break) => panic!("a break without a cause"),
                }
            }
        },
        |c| {
            let mut packets = 0;
            loop {
                match c.try_next_packet().unwrap() {
                    Next::Packet(_) => packets += 1,
                    Next::Timeout => std::thread::sleep(Duration::from_millis(1)),
                    Next::End(End::Eof) => return packets,
                    Next::End(End::Break) => panic!("a break without a cause"),
                }
            }
        },
        |c| {
            let mut packets = 0;
            loop {
                let done = c.dispatch(|_| ()).unwrap();
                packets += done.packets();
                if done.stop() == Stop::End(End::Eof) {
                    return packets;
                }
            }
        },
    ];
    for read in reads {
        let mut right = slow("right");
        right.break_handle().breakloop();
        send(&left, 50);
        assert!(right.next_packet().unwrap().is_none());
        right.stop().unwrap();
        send(&left, 50);
        assert_eq!(read(&mut right), 50);
        assert_eq!(right.ended(), Some(End::Eof));
        let stats = right.stats().unwrap();
        assert_eq!((stats.received, stats.dropped), (50, 0));
        // It stays at its end, and can still send.
        assert_eq!(right.next_packet().unwrap(), None);
        assert_eq!(right.for_each(|_| ()).unwrap().stop(), Stop::End(End::Eof));
        right.inject(&FRAME).unwrap();
    }
}

/// A program may have to wait for its output meanwhile.
#[test]
fn a_stopped_capture_can_be_read_slowly() {
    let Some((_net, left, mut right)) = wire() else {
        return;
    };
    send(&left, 500);
    right.stop().unwrap();
    let mut packets = 0;
    while right.next_packet().unwrap().is_some() {
        packets += 1;
        if packets == 1 {
            std::thread::sleep(Duration::from_millis(2500));
        }
    }
    assert_eq!((packets, right.ended()), (500, Some(End::Eof)));
}

#[test]
fn stop_ends_under_a_flood() {
    let Some((_net, left, mut right)) = wire() else {
        return;
    };
    let (handle, thread) = flood(left);
    assert_eq!(right.for_each_up_to(1000, |_| ()).unwrap().packets(), 1000);
    right.stop().unwrap();
    let done = right.for_each(|_| ()).unwrap();
    let stats = right.stats().unwrap();
    assert_eq!(done.stop(), Stop::End(End::Eof));
    assert_eq!(stats.received, 1000 + done.packets() + stats.dropped);
    handle.breakloop();
    thread.join().unwrap();
}

#[test]
fn a_stopped_capture_can_be_broken_again() {
    let Some((_net, left, _right)) = wire() else {
        return;
    };
    let mut right = slow("right");
    send(&left, 5);
    right.stop().unwrap();
    right.break_handle().breakloop();
    let done = right.for_each(|_| ()).unwrap();
    assert_eq!((done.packets(), done.stop()), (0, Stop::End(End::Break)));
    let done = right.for_each(|_| ()).unwrap();
    assert_eq!((done.packets(), done.stop()), (5, Stop::End(End::Eof)));
}

#[test]
fn filters_still_work_on_a_stopped_capture() {
    let Some((_net, left, _right)) = wire() else {
        return;
    };
    let mut right = slow("right");
    send(&left, 5);
    right.stop().unwrap();
    right.set_filter("ip").unwrap();
    send(&left, 5);
    let done = right.for_each(|_| ()).unwrap();
    assert_eq!((done.packets(), done.stop()), (0, Stop::End(End::Eof)));
    right.set_filter("").unwrap();
    send(&left, 5);
    let done = right.for_each(|_| ()).unwrap();
    assert_eq!((done.packets(), done.stop()), (0, Stop::End(End::Eof)));
}

#[test]
fn stop_ends_captures_without_packet_sockets() {
    let Some(_net) = Netns::new() else { return };
    for device in ["nflog:7", "nfqueue:7"] {
        let mut capture = Capture::from_device(device).activate().unwrap();
        capture.stop().unwrap();
        assert_eq!(
            capture.for_each(|_| ()).unwrap().stop(),
            Stop::End(End::Eof),
            "{device}"
        );
    }
}

#[test]
fn stop_after_the_device_is_gone_ends() {
    let Some((net, left, mut right)) = wire() else {
        return;
    };
    send(&left, 5);
    net.ip(["link", "del", "right"]);
    right.stop().unwrap();
    let mut packets = 0;
    let end = right.for_each(|_| packets += 1);
    assert_eq!(packets, 5);
    assert!(
        end.is_err_and(|e| e.kind() == ErrorKind::Disappeared) || right.ended() == Some(End::Eof)
    );
}
