//! What the test suites of other bindings test of live captures, on veth pairs in network namespaces of the tests' own.

use crate::support;

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::wire::wire;
use pcap_core::{Capture, Done, End, Next, Stop, Timestamp};

/// Returns a frame with an experimental EtherType and a distinct value in each byte.
fn frame(number: u8, length: usize) -> Vec<u8> {
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
        .map(|(n, &length)| frame(n as u8, length))
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

// Shows: parity/statistics-received-dropped, parity/8-live-exact-frame
#[test]
fn statistics_add_up_under_loss() {
    let Some((_net, left, right)) = wire() else {
        return;
    };
    drop(right);
    // A buffer that is too small for all packets, and is not read meanwhile.
    let mut right = Capture::from_device("right")
        .buffer_size(1 << 19)
        .activate()
        .unwrap();
    for _ in 0..2000 {
        left.inject(&frame(0, 1514)).unwrap();
    }
    let mut read = 0;
    while let Next::Packet(_) = right
        .next_packet_timeout(Duration::from_millis(400))
        .unwrap()
    {
        read += 1;
    }
    let stats = right.close().unwrap();
    assert!(stats.dropped > 0, "{stats:?}");
    assert_eq!(stats.received, 2000, "{stats:?}");
    assert_eq!(read + stats.dropped, 2000, "{stats:?}");
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
            .dispatch_up_to(10, |packet| seen.push(packet.data()[14]))
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
    assert!(took < Duration::from_millis(500), "{took:?}");
    let broken = Done::new(0, End::Break);
    assert_eq!(done, broken);
    // No break remains.
    left.inject(&frame(9, 60)).unwrap();
    let packet = right.next_packet().unwrap().expect("the frame");
    assert_eq!(packet.data(), frame(9, 60));
}
