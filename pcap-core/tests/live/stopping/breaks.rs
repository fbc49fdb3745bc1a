//! Breaks, from threads and signal handlers.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{OnceLock, mpsc};
use std::time::{Duration, Instant};

use pcap_core::{Active, BreakHandle, Capture, Done, End, Next, PacketBatch, PacketOwned, Stop};

use super::send;
use crate::support;
use crate::support::wire::{frame, wire};

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
    let reads: [Read; 6] = [
        |c| assert!(!c.read_batch(&mut PacketBatch::new()).unwrap()),
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
        // A call that the break does not wake waits forever.
        assert!(took < Duration::from_secs(1), "{took:?}");
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
    assert!(start.elapsed() < Duration::from_secs(5));
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
    let reader = unsafe { libc::pthread_self() } as usize; // a pointer in some C libraries
    let asked = later(Duration::from_millis(30), move || {
        // SAFETY: the reading thread waits for this one before it ends.
        assert_eq!(unsafe { libc::pthread_kill(reader as _, libc::SIGUSR1) }, 0);
    });
    assert!(right.next_packet().unwrap().is_none());
    assert_eq!(right.ended(), Some(End::Break));
    asked.join().unwrap();
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
    left.inject(&frame(0, 60)).unwrap();
    assert_eq!(right.next_packet().unwrap().unwrap().data(), frame(0, 60));
    // A capture can be closed only once; later breaks have no effect.
    right.close().unwrap();
    for _ in 0..2 {
        handle.breakloop();
        other.breakloop();
    }
    // They do not affect a capture opened afterwards either.
    let mut right = Capture::from_device("right").activate().unwrap();
    handle.breakloop();
    left.inject(&frame(1, 60)).unwrap();
    assert_eq!(right.next_packet().unwrap().unwrap().data(), frame(1, 60));
}

// Shows: parity/break-loop-elsewhere-close, parity/8-live-exact-frame
#[test]
fn a_break_wakes_an_idle_reader() {
    let Some((_net, left, mut right)) = wire() else {
        return;
    };
    let handle = right.break_handle();
    let reader = std::thread::spawn(move || {
        let mut seen = 0;
        let done = right.for_each(|_| seen += 1).unwrap();
        assert_eq!(done.packets(), seen);
        (done, right)
    });
    // It waits by now, or will soon.
    std::thread::sleep(Duration::from_millis(50));
    let start = Instant::now();
    handle.breakloop();
    let (done, mut right) = reader.join().unwrap();
    let took = start.elapsed();
    assert!(took < Duration::from_secs(5), "{took:?}");
    let broken = Done::new(0, End::Break);
    assert_eq!(done, broken);
    // No break remains.
    left.inject(&frame(9, 60)).unwrap();
    let packet = right.next_packet().unwrap().expect("the frame");
    assert_eq!(packet.data(), frame(9, 60));
}

// Shows: parity/iterate-language-channel-packets
#[test]
fn a_channel_ends_with_a_break_handle() {
    let Some((_net, left, right)) = wire() else {
        return;
    };
    let handle = right.break_handle();
    let (sender, receiver) = mpsc::channel::<PacketOwned>();
    let reader = std::thread::spawn(move || {
        let mut packets = right.into_packets();
        for packet in packets.by_ref() {
            if sender.send(packet.unwrap()).is_err() {
                break;
            }
        }
        packets.into_inner()
    });
    for round in [0, 100_u32] {
        for number in round..round + 100 {
            left.inject(&frame(number, 60)).unwrap();
        }
        for number in round..round + 100 {
            let packet = receiver.recv_timeout(Duration::from_secs(10)).unwrap();
            assert_eq!(packet.data(), frame(number, 60));
        }
    }
    assert_eq!(receiver.try_recv(), Err(mpsc::TryRecvError::Empty));
    // Cancelled while it waits, the channel is closed, and the capture can still be queried and read.
    let start = Instant::now();
    handle.breakloop();
    let over = receiver.recv_timeout(Duration::from_secs(10));
    assert_eq!(over, Err(mpsc::RecvTimeoutError::Disconnected));
    assert!(start.elapsed() < Duration::from_secs(1));
    let mut right = reader.join().unwrap();
    assert_eq!(right.ended(), Some(End::Break));
    left.inject(&frame(250, 60)).unwrap();
    assert_eq!(right.next_packet().unwrap().unwrap().data(), frame(250, 60));
    assert_eq!(right.close().unwrap().received, 201);
}
