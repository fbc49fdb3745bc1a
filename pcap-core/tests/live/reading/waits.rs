//! How long each call waits.

use std::os::fd::{AsRawFd, BorrowedFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use pcap_core::{Capture, Device, Dlt, Done, End, ErrorKind, Filter, Next, Stop};

use crate::support::wire::{frame, number, send, wire};
use crate::support::{self, files};

/// libpcap's timeout is no read timeout on Linux: libpcap's read of an idle interface never returns.
// Shows: libpcap/timeout-capture-read-timeout, parity/wait-ever-yet-get
// Shows: parity/timeout-error-loops-stop
#[test]
fn a_deadline_holds_on_idle_any_and_lo() {
    let Some((_net, _left, mut right)) = wire() else {
        return;
    };
    let mut any = Capture::from_device("any").activate().unwrap();
    let mut lo = Capture::from_device("lo")
        .immediate_mode(true)
        .activate()
        .unwrap();
    for capture in [&mut right, &mut any, &mut lo] {
        for millis in [1, 10, 100] {
            // On a busy machine some are late.
            let is_on_time = (0..10).any(|_| {
                let start = Instant::now();
                let wanted = Duration::from_millis(millis);
                assert_eq!(capture.next_packet_timeout(wanted).unwrap(), Next::Timeout);
                let took = start.elapsed();
                assert!(took >= wanted, "{took:?}");
                took < wanted + Duration::from_millis(50)
            });
            assert!(is_on_time, "{millis} ms");
        }
        assert_eq!(capture.ended(), None);
    }
}

// Shows: libpcap/0-timeout-device-end
#[test]
fn a_non_blocking_read_of_idle_returns() {
    let Some((_net, _left, mut right)) = wire() else {
        return;
    };
    let start = Instant::now();
    for _ in 0..100 {
        assert_eq!(right.try_next_packet().unwrap(), Next::Timeout);
    }
    right.set_nonblock(true);
    assert!(right.is_nonblock());
    for _ in 0..100 {
        let done = right.dispatch_up_to(10, |_| panic!("no packet")).unwrap();
        assert_eq!(done, Done::new(0, Stop::Empty));
    }
    assert!(
        start.elapsed() < Duration::from_secs(2),
        "{:?}",
        start.elapsed()
    );
}

/// libpcap's dispatch waits indefinitely on an idle device, whatever its timeout.
// Shows: libpcap/timeout-capture-read-timeout
#[test]
fn a_blocking_dispatch_waits_the_timeout() {
    let Some((_net, _left, mut right)) = wire() else {
        return;
    };
    let start = Instant::now();
    let done = right.dispatch(|_| panic!("no packet")).unwrap();
    assert_eq!(done, Done::new(0, Stop::Empty));
    let took = start.elapsed();
    assert!(
        took >= Duration::from_millis(100) && took < Duration::from_millis(300),
        "{took:?}"
    );
    assert_eq!(
        right.dispatch_up_to(0, |_| ()).unwrap(),
        Done::new(0, Stop::Count)
    );
}

/// With a timeout of 0, libpcap did not return a single packet within two minutes.
// Shows: libpcap/timeout-0-lone-packet, parity/wait-ever-yet-get
#[test]
fn a_lone_packet_comes_in_time() {
    let Some((_net, left, mut right)) = wire() else {
        return;
    };
    let start = Instant::now();
    send(&left, 0..1);
    assert!(right.next_packet().unwrap().is_some());
    assert!(
        start.elapsed() < Duration::from_secs(1),
        "{:?}",
        start.elapsed()
    );

    let mut zero = Capture::from_device("right")
        .timeout(Duration::ZERO)
        .activate()
        .unwrap();
    send(&left, 1..2);
    assert!(zero.next_packet().unwrap().is_some());

    let mut immediate = Capture::from_device("right")
        .immediate_mode(true)
        .timeout(Duration::from_secs(60))
        .activate()
        .unwrap();
    let start = Instant::now();
    send(&left, 2..3);
    assert_eq!(number(immediate.next_packet().unwrap().unwrap().data()), 2);
    assert!(
        start.elapsed() < Duration::from_millis(100),
        "{:?}",
        start.elapsed()
    );
}

// Shows: parity/descriptor-select-poll-epoll
#[test]
fn a_device_that_is_down_asks_to_be_read_soon() {
    let Some((net, _left, mut right)) = wire() else {
        return;
    };
    assert_eq!(right.required_select_timeout(), None);
    net.ip("link set right down".split(' '));
    // libpcap notices it by reading.
    let start = Instant::now();
    while right.required_select_timeout().is_none() {
        assert_eq!(right.try_next_packet().unwrap(), Next::Timeout);
        assert!(start.elapsed() < Duration::from_secs(10));
    }
    assert_eq!(
        right.required_select_timeout(),
        Some(Duration::from_millis(1))
    );
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
        .for_each_up_to(4, |packet| seen.push(number(packet.data())))
        .unwrap();
    assert_eq!((done.packets(), done.stop()), (4, Stop::Count));
    let left = sender.join().unwrap();
    drop(left);
    net.ip("link del right".split(' '));
    let error = right
        .for_each_up_to(1000, |packet| seen.push(number(packet.data())))
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Disappeared, "{error}");
    assert_eq!(seen, [0, 1, 2, 3, 4, 5, 6]);
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

// Shows: parity/non-blocking-mode-off, parity/8-live-exact-frame
#[test]
fn a_non_blocking_read_returns_at_once() {
    let Some((_net, left, mut right)) = wire() else {
        return;
    };
    assert!(!right.is_nonblock());
    right.set_nonblock(true);
    assert!(right.is_nonblock());
    let nothing = Done::new(0, Stop::Empty);
    let start = Instant::now();
    for _ in 0..50 {
        assert_eq!(right.try_next_packet().unwrap(), Next::Timeout);
        let done = right.dispatch_up_to(10, |_| panic!("no packet")).unwrap();
        assert_eq!(done, nothing);
    }
    let took = start.elapsed();
    assert!(took < Duration::from_millis(200), "{took:?}");
    // A packet that has arrived is returned.
    left.inject(&frame(7, 60)).unwrap();
    support::wait_until("the frame is there", || {
        let mut seen = Vec::new();
        right
            .dispatch_up_to(10, |packet| seen.push(number(packet.data())))
            .unwrap();
        seen == [7]
    });
    right.set_nonblock(false);
    assert!(!right.is_nonblock());
}

// Shows: parity/8-live-exact-frame, parity/timeout-error-loops-stop
#[test]
fn a_timeout_is_honoured() {
    let Some((_net, left, mut right)) = wire() else {
        return;
    };
    for millis in [0, 5, 50, 250] {
        let wanted = Duration::from_millis(millis);
        let start = Instant::now();
        assert_eq!(right.next_packet_timeout(wanted).unwrap(), Next::Timeout);
        let took = start.elapsed();
        assert!(took >= wanted, "{took:?} for {wanted:?}");
        assert!(
            took < wanted + Duration::from_millis(150),
            "{took:?} for {wanted:?}"
        );
        assert_eq!(right.ended(), None, "a timeout is not the end");
    }
    // A packet that arrives meanwhile is returned before the deadline.
    let start = Instant::now();
    let sender = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(30));
        left.inject(&frame(3, 60)).unwrap();
        left
    });
    let next = right.next_packet_timeout(Duration::from_secs(20)).unwrap();
    assert_eq!(next.packet().expect("a packet").data(), frame(3, 60));
    assert!(start.elapsed() < Duration::from_secs(5));
    drop(sender.join().unwrap());
}

/// Returns whether a descriptor becomes readable within this time, as an event loop would poll it.
fn readable(fd: BorrowedFd<'_>, wait: Duration) -> bool {
    let mut poll = libc::pollfd {
        fd: fd.as_raw_fd(),
        events: libc::POLLIN,
        revents: 0,
    };
    let millis = wait.as_millis().try_into().expect("not that long");
    // SAFETY: passes one local structure for the duration of the call.
    let count = unsafe { libc::poll(&mut poll, 1, millis) };
    assert!(count >= 0, "{}", std::io::Error::last_os_error());
    count == 1
}

// Shows: parity/descriptor-select-poll-epoll
#[test]
fn an_event_loop_waits_on_the_descriptor() {
    let Some((_net, left, mut right)) = wire() else {
        return;
    };
    let mut seen = Vec::new();
    for round in 0..3_u8 {
        // The capture is read until nothing is left; then the descriptor reports new packets.
        assert_eq!(right.try_next_packet().unwrap(), Next::Timeout);
        assert_eq!(right.required_select_timeout(), None);
        let fd = right.selectable_fd().expect("a descriptor");
        assert!(!readable(fd, Duration::from_millis(20)), "nothing was sent");
        for number in 0..200 {
            left.inject(&frame(number, 60)).unwrap();
        }
        let before = seen.len();
        let start = Instant::now();
        while seen.len() < before + 200 {
            let fd = right.selectable_fd().expect("a descriptor");
            assert!(readable(fd, Duration::from_secs(10)), "round {round}");
            while let Next::Packet(packet) = right.try_next_packet().unwrap() {
                seen.push(number(packet.data()));
            }
            assert!(start.elapsed() < Duration::from_secs(20));
        }
    }
    let expected: Vec<u32> = (0..3).flat_map(|_| 0..200).collect();
    assert_eq!(seen, expected);
}
