//! The packets that arrive, and how they are lent.

use std::io::{BufRead, BufReader};
use std::ops::ControlFlow;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use pcap_core::{
    Capture, CookedHeader, Device, Direction, Dlt, Done, Next, PacketBatch, Stop, Timestamp,
};

use super::drain;
use crate::support::wait_until;
use crate::support::wire::{frame, number, send, wire};

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
    send(&left, 0..4000);
    // The kernel hands over blocks of about 1700 such packets. So the first two are complete when all have arrived.
    wait_until("all packets arrive", || {
        right.stats().unwrap().received == 4000
    });
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
    assert_eq!(seen, (0..4000).collect::<Vec<_>>());
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

/// Returns a frame with an experimental EtherType and a distinct value in each byte.
fn distinct_frame(number: u8, length: usize) -> Vec<u8> {
    let mut frame: Vec<u8> = (0..length).map(|n| (n * 7 + n / 256) as u8).collect();
    frame[..6].fill(0xff);
    frame[12..15].copy_from_slice(&[0x88, 0xb5, number]);
    frame
}

/// Starts `tcpdump` on a device of this namespace and waits until it listens. It writes a savefile of `count` packets
/// to standard output.
fn tcpdump(device: &str, count: usize) -> Child {
    let mut child = Command::new("tcpdump")
        .args(["-i", device, "-c", &count.to_string()])
        .args(["--immediate-mode", "-w", "-"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("tcpdump");
    let mut words = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("listening on") {
        line.clear();
        let length = words.read_line(&mut line).unwrap();
        assert_ne!(length, 0, "tcpdump ended before it listened");
    }
    // It prints more, and a closed pipe must not end it.
    std::thread::spawn(move || std::io::copy(&mut words, &mut std::io::sink()));
    child
}

// Shows: parity/statistics-received-dropped, parity/send-bytes-say-how, parity/8-live-exact-frame
#[test]
fn a_frame_arrives_and_is_counted() {
    let Some((_net, left, mut right)) = wire() else {
        return;
    };
    // The frames are compared with this library's own capture and with tcpdump's.
    let frames: Vec<_> = [14 + 1, 60, 61, 1514, 512]
        .iter()
        .enumerate()
        .map(|(n, &length)| distinct_frame(n as u8, length))
        .collect();
    let peer = tcpdump("right", frames.len());
    let before = Timestamp::now();
    for frame in &frames {
        assert_eq!(left.inject(frame).unwrap(), frame.len());
    }
    for frame in &frames {
        let packet = right.next_packet().unwrap().expect("the frame");
        assert_eq!(packet.data(), frame);
        let length = frame.len() as u32;
        assert_eq!((packet.caplen(), packet.wire_len()), (length, length));
        let age = packet.timestamp().checked_duration_since(before);
        assert!(age.is_some_and(|age| age < Duration::from_secs(10)));
    }
    let output = peer.wait_with_output().unwrap();
    let mut seen = Capture::from_reader(std::io::Cursor::new(output.stdout)).unwrap();
    let seen: Vec<_> = seen
        .packets_with(|packet| packet.data().to_vec())
        .map(Result::unwrap)
        .collect();
    assert_eq!(seen, frames);

    // Read and dropped packets add up to the sent ones. A capture does not see its own packets.
    let stats = right.stats().unwrap();
    assert_eq!((stats.received, stats.dropped, stats.if_dropped), (5, 0, 0));
    assert_eq!(right.close().unwrap(), stats);
    assert_eq!(left.close().unwrap().received, 0);
}

#[test]
fn batches_contain_every_packet_that_arrives() {
    let Some((_net, left, mut right)) = wire() else {
        return;
    };
    let mut numbers = Vec::new();
    for limits in [(1, 1), (50, usize::MAX), (1024, 1 << 20)] {
        let mut batch = PacketBatch::with_limits(limits.0, limits.1);
        send(&left, 0..1000);
        numbers.clear();
        while numbers.len() < 1000 {
            assert!(right.read_batch(&mut batch).unwrap());
            assert!((1..=limits.0).contains(&batch.len()), "{batch:?}");
            numbers.extend(batch.iter().map(|packet| number(packet.data())));
        }
        assert!(numbers.iter().copied().eq(0..1000));
        assert_eq!(right.try_read_batch(&mut batch).unwrap(), Next::Timeout);
        assert!(batch.is_empty());
    }
    assert_eq!(right.stats().unwrap().dropped, 0);
}
