//! Reading live captures: what arrives, in which order and when, and what each call returns when no packet arrives. On
//! veth pairs in network namespaces.

use std::ops::ControlFlow;
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

use crate::support::wire::{frame, number, wire};
use pcap_core::{
    Active, AnyCapture, Capture, CookedHeader, Device, Direction, Dlt, Done, ErrorKind, Next, Stop,
    Timestamp,
};

/// Limits the rate of `left`, in the syntax of tc-tbf(8).
fn limit_rate(limit: &str) {
    let mut tc = std::process::Command::new("tc");
    tc.args("qdisc add dev left root tbf".split(' '));
    let output = tc.args(limit.split(' ')).output();
    let output = output.expect("tc, of the package iproute2");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
}

fn send(capture: &Capture<Active>, numbers: std::ops::Range<u32>) {
    for n in numbers {
        assert_eq!(capture.inject(&frame(n, 60)).unwrap(), 60);
    }
}

/// Reads single packets until none has arrived for a while.
fn drain(capture: &mut Capture<Active>) -> Vec<u32> {
    let mut numbers = Vec::new();
    while let Next::Packet(packet) = capture
        .next_packet_timeout(Duration::from_millis(400))
        .unwrap()
    {
        numbers.push(number(packet.data()));
    }
    numbers
}

// Shows: libpcap/statistics-32-bits-wide
#[test]
fn an_exact_frame_arrives_and_is_counted() {
    let Some((_net, left, mut right)) = wire() else {
        return;
    };
    let sent = frame(0xdead_beef, 1514);
    let before = Timestamp::now();
    assert_eq!(left.inject(&sent).unwrap(), 1514);
    let packet = right
        .next_packet()
        .unwrap()
        .expect("the packet")
        .into_owned();
    assert_eq!(packet.data(), sent);
    assert_eq!((packet.caplen(), packet.wire_len()), (1514, 1514));
    let age = packet.timestamp().checked_duration_since(before);
    assert!(
        age.is_some_and(|age| age < Duration::from_secs(5)),
        "{packet:?}"
    );
    let stats = right.close().unwrap();
    assert_eq!((stats.received, stats.dropped), (1, 0));
}

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

/// In immediate mode each packet occupies a slot of up to 64 KiB, and libpcap's buffer holds a few dozen: two of three
/// packets were lost under load.
// Shows: libpcap/immediate-mode-packet-slot, parity/inactive-handle-snaplen
#[test]
fn immediate_mode_holds_a_burst() {
    let Some((net, left, _right)) = wire() else {
        return;
    };
    for end in ["left", "right"] {
        net.ip(["link", "set", end, "mtu", "65535"]);
    }
    let device = || Capture::from_device("right").immediate_mode(true);
    let mut small = device().buffer_size(2 << 20).activate().unwrap();
    let mut immediate = device().activate().unwrap();
    send(&left, 0..300);
    assert_eq!(drain(&mut immediate), (0..300).collect::<Vec<_>>());
    assert_eq!(immediate.stats().unwrap().dropped, 0);
    assert!(
        drain(&mut small).len() < 300,
        "the small buffer holds too many packets"
    );
}

/// Batches read ahead, single reads, dispatches and loops alternate: each packet comes once, and in order.
#[test]
fn every_read_continues_where_one_stopped() {
    let Some((_net, left, mut right)) = wire() else {
        return;
    };
    send(&left, 0..2000);
    let mut seen = Vec::new();
    while seen.len() < 1900 {
        seen.push(number(right.next_packet().unwrap().unwrap().data()));
        let done = right
            .dispatch_up_to(7, |p| seen.push(number(p.data())))
            .unwrap();
        assert_eq!(done, Done::new(7, Stop::Count));
        let done = right
            .for_each_up_to(3, |p| seen.push(number(p.data())))
            .unwrap();
        assert_eq!(done, Done::new(3, Stop::Count));
        assert!(right.advance().unwrap());
        seen.push(number(right.packet().unwrap().data()));
        let flow = right
            .try_for_each(|p| ControlFlow::Break(number(p.data())))
            .unwrap();
        let ControlFlow::Break(n) = flow else {
            panic!("{flow:?}")
        };
        seen.push(n);
        seen.extend(
            right
                .packets_with(|p| number(p.data()))
                .take(2)
                .map(Result::unwrap),
        );
    }
    seen.extend(drain(&mut right));
    assert_eq!(seen, (0..2000).collect::<Vec<_>>());
}

/// libpcap overwrites a packet with the next read, so it is borrowed; the borrow does not block other calls.
#[test]
fn a_lent_packet_blocks_no_sending() {
    let Some((_net, left, mut right)) = wire() else {
        return;
    };
    send(&left, 0..1);
    assert!(right.advance().unwrap());
    let packet = right.packet().unwrap();
    assert_eq!(right.stats().unwrap().received, 1);
    assert_eq!(right.inject(packet.data()).unwrap(), 60);
    assert_eq!(number(packet.data()), 0);
}

/// A callback's data lies in the kernel's ring and is released before dispatch returns; the data that `packet` lends
/// does not change.
// Shows: libpcap/callback-gets-lies-kernels
#[test]
fn a_lent_packet_stays_as_it_is() {
    let Some((_net, left, mut right)) = wire() else {
        return;
    };
    send(&left, 0..100);
    assert!(right.advance().unwrap());
    for round in 1..50 {
        send(&left, round * 1000..round * 1000 + 500);
        assert_eq!(right.packet().unwrap().data(), frame(0, 60));
    }
}

// Shows: libpcap/length-wire-taken-length
#[test]
fn a_cut_packet_keeps_its_wire_length() {
    let Some((_net, left, right)) = wire() else {
        return;
    };
    drop(right);
    let mut right = Capture::from_device("right")
        .snaplen(64)
        .activate()
        .unwrap();
    left.inject(&frame(5, 1000)).unwrap();
    let packet = right.next_packet().unwrap().unwrap();
    assert_eq!((packet.caplen(), packet.wire_len()), (64, 1000));
    assert!(packet.header().is_truncated());
}

// Shows: parity/inactive-handle-snaplen, parity/direction-out-both
#[test]
fn directions_are_told_apart() {
    let Some((_net, left, _right)) = wire() else {
        return;
    };
    let mut captures = [Direction::In, Direction::Out, Direction::InOut].map(|direction| {
        let capture = Capture::from_device("right").direction(direction);
        capture.activate().unwrap()
    });
    let sender = Capture::from_device("right").activate().unwrap();
    send(&left, 0..1);
    send(&sender, 1..2);
    assert_eq!(drain(&mut captures[0]), [0]);
    assert_eq!(drain(&mut captures[1]), [1]);
    assert_eq!(drain(&mut captures[2]), [0, 1]);
}

/// Both states keep their calls.
#[test]
fn any_capture_is_the_live_one_it_was_made_from() {
    let Some((_net, left, right)) = wire() else {
        return;
    };
    let mut any = AnyCapture::from(right);
    assert!(any.is_live() && any.as_savefile().is_none() && any.as_savefile_mut().is_none());
    let live = any.as_active_mut().unwrap();
    live.set_nonblock(true);
    assert!(any.as_active().unwrap().is_nonblock());
    send(&left, 0..3);
    let packet = any.next_packet_timeout(Duration::from_secs(10)).unwrap();
    assert_eq!(number(packet.packet().unwrap().data()), 0);
    assert_eq!(any.stats().unwrap().unwrap().received, 3);
    assert!(format!("{any:?}").contains("Active"));
}

// Shows: parity/direction-out-both
#[test]
fn a_direction_is_changed_while_capturing() {
    let Some((_net, left, mut right)) = wire() else {
        return;
    };
    let sender = Capture::from_device("right").activate().unwrap();
    let mut next = 0..;
    for (direction, seen) in [
        (Direction::In, [true, false]),
        (Direction::Out, [false, true]),
        (Direction::InOut, [true, true]),
        (Direction::In, [true, false]),
    ] {
        right.set_direction(direction).unwrap();
        let numbers: Vec<u32> = next.by_ref().take(2).collect();
        send(&left, numbers[0]..numbers[0] + 1);
        send(&sender, numbers[1]..numbers[1] + 1);
        let expected = numbers.iter().zip(seen).filter(|(_, seen)| *seen);
        let expected: Vec<u32> = expected.map(|(number, _)| *number).collect();
        assert_eq!(drain(&mut right), expected, "{direction:?}");
    }
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

/// Runs `mount`, and panics with its error if it fails.
fn mount(arguments: &str) {
    let mut mount = std::process::Command::new("mount");
    let output = mount.args(arguments.split(' ')).output().expect("mount");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "mount {arguments}: {error}");
}

/// libpcap reads the counter from sysfs. No virtual device has one, so this thread mounts its own files there.
// Shows: parity/statistics-received-dropped
#[test]
fn what_the_interface_dropped_is_counted() {
    let counted = std::thread::spawn(|| {
        let Some((_net, left, _right)) = wire() else {
            return;
        };
        // SAFETY: takes a number, and only affects this thread's view of the file systems.
        let status = unsafe { libc::unshare(libc::CLONE_NEWNS) };
        assert_eq!(status, 0, "{}", std::io::Error::last_os_error());
        // If `/` is a mount point, the mounts must not propagate; in a chroot it is none.
        let private = ["--make-rprivate", "/"];
        let _ = std::process::Command::new("mount").args(private).output();
        mount("-t tmpfs none /sys/class/net");
        let folder = std::path::Path::new("/sys/class/net/right/statistics");
        std::fs::create_dir_all(folder).unwrap();
        let count = |missed: u32, fifo: u32| {
            std::fs::write(folder.join("rx_missed_errors"), format!("{missed}\n")).unwrap();
            std::fs::write(folder.join("rx_fifo_errors"), format!("{fifo}\n")).unwrap();
        };
        count(100, 50);
        let right = |promisc| Capture::from_device("right").promisc(promisc).activate();
        let [all, own] = [true, false].map(right).map(Result::unwrap);
        assert_eq!(all.stats().unwrap().if_dropped, 0, "includes earlier drops");
        for (missed, fifo, dropped) in [(103, 50, 3), (103, 54, 7), (200, 150, 200)] {
            count(missed, fifo);
            send(&left, 0..1);
            assert_eq!(all.stats().unwrap().if_dropped, dropped);
            assert_eq!(all.stats().unwrap().dropped, 0);
            assert_eq!(own.stats().unwrap().if_dropped, 0, "not promiscuous");
        }
        assert_eq!(all.close().unwrap().if_dropped, 200);
    });
    counted
        .join()
        .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
}

/// Returns the packets that the kernel has counted since libpcap last asked, and resets that counter.
fn uncollected(capture: &Capture<Active>) -> u32 {
    let fd = capture.fileno().unwrap();
    let mut stats = [0_u32; 3];
    let mut length = size_of_val(&stats) as libc::socklen_t;
    // SAFETY: the descriptor is open, and the kernel writes at most that many bytes.
    let status = unsafe {
        libc::getsockopt(
            fd.as_raw_fd(),
            libc::SOL_PACKET,
            libc::PACKET_STATISTICS,
            stats.as_mut_ptr().cast(),
            &mut length,
        )
    };
    assert_eq!(status, 0, "{}", std::io::Error::last_os_error());
    stats[0]
}

/// A program that rarely reads the statistics would miss an overflow of their 32 bits.
// Shows: parity/statistics-received-dropped
#[test]
fn counters_are_collected_every_ten_seconds() {
    let Some((_net, left, mut right)) = wire() else {
        return;
    };
    let start = Instant::now();
    send(&left, 0..5);
    assert_eq!(drain(&mut right).len(), 5);
    if start.elapsed() < Duration::from_secs(8) {
        assert_eq!(uncollected(&right), 5, "collected too early");
    }
    send(&left, 5..8);
    assert_eq!(drain(&mut right).len(), 3);
    let next = right.next_packet_timeout(Duration::from_millis(10_500));
    assert_eq!(next.unwrap(), Next::Timeout);
    assert_eq!(right.try_next_packet().unwrap(), Next::Timeout);
    let next = right.next_packet_timeout(Duration::from_millis(1));
    assert_eq!(next.unwrap(), Next::Timeout);
    assert_eq!(uncollected(&right), 0);
    assert!(right.stats().unwrap().received >= 3);
}

// Shows: libpcap/handle-used-thread-time
#[test]
fn a_capture_moves_with_its_read_ahead() {
    let Some((_net, left, mut right)) = wire() else {
        return;
    };
    send(&left, 0..50);
    assert_eq!(number(right.next_packet().unwrap().unwrap().data()), 0);
    let rest = std::thread::spawn(move || drain(&mut right))
        .join()
        .unwrap();
    assert_eq!(rest, (1..50).collect::<Vec<_>>());
}

/// A closure's panic crosses no frame of libpcap, reaches the caller, and loses no other packet.
// Shows: libpcap/panic-callback-aborts-passes, parity/error-panic-closure-reaches
#[test]
fn a_panic_in_a_closure_loses_nothing() {
    let Some((_net, left, mut right)) = wire() else {
        return;
    };
    send(&left, 0..20);
    let mut seen = Vec::new();
    let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        right.for_each(|packet| {
            seen.push(number(packet.data()));
            assert!(seen.len() < 5, "enough");
        })
    }));
    let message = *caught.unwrap_err().downcast::<&str>().unwrap();
    assert_eq!(message, "enough");
    seen.extend(drain(&mut right));
    assert_eq!(seen, (0..20).collect::<Vec<_>>());
}

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
    assert!(error.to_string().contains("too long"), "{error}");
    let any = Capture::from_device("any").activate().unwrap();
    assert!(any.inject(&frame(0, 60)).is_err());
}

// Shows: parity/get-set-list-link
#[test]
fn any_offers_two_link_types_at_first() {
    use pcap_core::Dlt;
    let Some((_net, left, _right)) = wire() else {
        return;
    };
    let any = Capture::from_device("any").activate().unwrap();
    let datalinks = any.datalinks().unwrap();
    assert!(datalinks.contains(&Dlt::LINUX_SLL) && datalinks.contains(&Dlt::LINUX_SLL2));
    let other = match any.datalink() {
        Dlt::LINUX_SLL => Dlt::LINUX_SLL2,
        _ => Dlt::LINUX_SLL,
    };
    let mut any = Capture::from_device("any")
        .datalink(other)
        .filter("ether proto 0x88b5")
        .activate()
        .unwrap();
    assert_eq!(any.datalink(), other);
    send(&left, 0..1);
    assert!(any.next_packet().unwrap().is_some());
    let error = any.set_datalink(Dlt::LINUX_SLL).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);

    let failed = Capture::from_device("left").datalink(Dlt::PPP).activate();
    assert!(failed.unwrap_err().to_string().contains("link type"));
}

/// Only unsafe code can create a second owner of a `pcap_t`, or this does not compile; and packets read ahead are not
/// lost.
// Shows: libpcap/safe-conversion-raw-t, parity/safe-conversion-raw-pointer
#[test]
#[deny(unused_unsafe)]
fn raw_handles_are_given_away_once() {
    let Some((_net, left, mut right)) = wire() else {
        return;
    };
    send(&left, 0..10);
    assert_eq!(number(right.next_packet().unwrap().unwrap().data()), 0);
    let handle = right.break_handle();
    let (pcap, ahead) = right.into_raw();
    handle.breakloop(); // no longer has an effect
    let numbers: Vec<u32> = ahead.iter().map(|p| number(p.data())).collect();
    // SAFETY: the handle was just given away, open and activated.
    let mut right = unsafe { Capture::<Active>::from_raw(pcap) }.unwrap();
    let rest = drain(&mut right);
    assert_eq!([numbers, rest].concat(), (1..10).collect::<Vec<_>>());
}

#[test]
fn cooked_headers_name_the_interface() {
    let Some((_net, left, _right)) = wire() else {
        return;
    };
    let index = |name: &str| Device::find(name).unwrap().index().unwrap();
    let any = || Capture::from_device("any").filter("ether proto 0x88b5");
    let mut new = any().datalink(Dlt::LINUX_SLL2).activate().unwrap();
    let mut old = any().datalink(Dlt::LINUX_SLL).activate().unwrap();
    send(&left, 7..8);
    let mut seen = Vec::new();
    for _ in 0..2 {
        let packet = new.next_packet().unwrap().unwrap();
        let header = CookedHeader::new(Dlt::LINUX_SLL2, packet.data()).unwrap();
        assert_eq!((header.protocol(), header.hardware_type()), (0x88b5, 1));
        assert_eq!(header.payload()[..4], 7_u32.to_be_bytes());
        seen.push((
            header.interface_index().unwrap(),
            header.direction().unwrap(),
        ));

        let packet = old.next_packet().unwrap().unwrap();
        let header = CookedHeader::new(Dlt::LINUX_SLL, packet.data()).unwrap();
        assert_eq!(
            (header.protocol(), header.interface_index()),
            (0x88b5, None)
        );
        assert_eq!(header.direction(), Some(seen[seen.len() - 1].1));
    }
    let expected = [
        (index("left"), Direction::Out),
        (index("right"), Direction::In),
    ];
    assert_eq!(seen, expected);
}
