//! Uses of live captures in other bindings: event loops, channels, classes of errors. On veth pairs in network
//! namespaces.

use crate::support::files;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use crate::support::Netns;
use crate::support::wire::wire;
use pcap_core::{
    Capture, CompileOptions, Dlt, End, ErrorKind, Next, PacketOwned, Precision, Timestamp,
};

fn frame(number: u8) -> [u8; 60] {
    let mut frame = [0xff; 60];
    frame[12..15].copy_from_slice(&[0x88, 0xb5, number]);
    frame
}

/// Returns the device's promiscuity counter, which promiscuous captures increment.
fn promiscuity(net: &Netns, device: &str) -> u32 {
    let text = net.ip(["-d", "link", "show", "dev", device]);
    let (_, rest) = text.split_once("promiscuity ").expect("a counter");
    let digits = rest.split(' ').next().unwrap_or_default();
    digits.parse().expect("a number")
}

// Shows: parity/open-device-call
#[test]
fn the_defaults_are_whole_and_not_promisc() {
    let Some((net, _left, right)) = wire() else {
        return;
    };
    assert_eq!(right.snaplen(), 262_144);
    assert_eq!(promiscuity(&net, "right"), 0);
    let all = Capture::from_device("right").promisc(true);
    let all = all.activate().unwrap();
    assert_eq!(promiscuity(&net, "right"), 1);
    assert!(all.warnings().is_empty());
    all.close().unwrap();
    assert_eq!(promiscuity(&net, "right"), 0);
    // The short form takes the same two as arguments.
    let time = Duration::from_millis(1);
    let short = Capture::open_live("right", 0, true, time).unwrap();
    assert_eq!((short.snaplen(), promiscuity(&net, "right")), (262_144, 1));
    drop(short);
    let short = Capture::open_live("right", 99, false, time).unwrap();
    assert_eq!((short.snaplen(), promiscuity(&net, "right")), (99, 0));
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
            left.inject(&frame(number)).unwrap();
        }
        let before = seen.len();
        let start = Instant::now();
        while seen.len() < before + 200 {
            let fd = right.selectable_fd().expect("a descriptor");
            assert!(readable(fd, Duration::from_secs(10)), "round {round}");
            while let Next::Packet(packet) = right.try_next_packet().unwrap() {
                seen.push(packet.data()[14]);
            }
            assert!(start.elapsed() < Duration::from_secs(20));
        }
    }
    let expected: Vec<u8> = (0..3).flat_map(|_| 0..200).collect();
    assert_eq!(seen, expected);
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
    for round in [0, 100_u8] {
        for number in round..round + 100 {
            left.inject(&frame(number)).unwrap();
        }
        for number in round..round + 100 {
            let packet = receiver.recv_timeout(Duration::from_secs(10)).unwrap();
            assert_eq!(packet.data(), frame(number));
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
    left.inject(&frame(250)).unwrap();
    assert_eq!(right.next_packet().unwrap().unwrap().data(), frame(250));
    assert_eq!(right.close().unwrap().received, 201);
}

// Shows: parity/set-filter-optimized-right
#[test]
fn the_optimizer_changes_no_answer() {
    let Some((net, left, _)) = wire() else {
        return;
    };
    net.ip("addr add 10.1.2.3/24 dev right".split(' '));
    let mut right = Capture::from_device("right").activate().unwrap();
    let to = |last: u8| {
        let mut frame = frame(0);
        frame[12..15].copy_from_slice(&[8, 0, 0x45]);
        frame[30..34].copy_from_slice(&[10, 1, 2, last]);
        frame
    };
    let options = CompileOptions::new();
    let expression = "ip broadcast or ip dst host 10.1.2.9 or ip dst host 10.1.2.9";
    let [with, without] = [true, false]
        .map(|optimize| options.optimize(optimize).compile_for(&right, expression))
        .map(Result::unwrap);
    let lengths = [&with, &without].map(|filter| filter.instructions().len());
    assert!(lengths[0] < lengths[1], "{lengths:?}");
    for filter in [&with, &without] {
        right.set_filter(filter).unwrap();
        for last in [1, 9, 254, 255] {
            left.inject(&to(last)).unwrap();
        }
        // With the device's netmask, 10.1.2.255 is a broadcast address.
        for last in [9, 255] {
            let packet = right.next_packet().unwrap().expect("a packet");
            assert_eq!(packet.data(), to(last));
        }
        let more = right.next_packet_timeout(Duration::from_millis(300));
        assert_eq!(more.unwrap(), Next::Timeout);
    }
}

// Shows: parity/classes-errors-interface-read
#[test]
fn each_class_of_error_has_a_kind() {
    let Some((net, left, mut right)) = wire() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let device = || Capture::from_device("right");
    let dead = Capture::dead(Dlt::EN10MB).unwrap();
    let cut = files::file(folder.path(), "cut.pcap", &files::pings(1)[..90]);
    let mut full = dead.dump("/dev/full").unwrap();
    full.write_now(b"x").unwrap();
    let interface = Capture::from_device("none").activate();
    let read = Capture::from_file(&cut).unwrap();
    let activation = device().rfmon(true).activate();
    let option = device().snaplen(1 << 30).activate();
    let mut errors = vec![
        ("interface", interface.unwrap_err(), ErrorKind::NoSuchDevice),
        (
            "activation",
            activation.unwrap_err(),
            ErrorKind::RfmonNotSupported,
        ),
        ("option", option.unwrap_err(), ErrorKind::InvalidOption),
        (
            "read",
            read.into_packets().next().unwrap().unwrap_err(),
            ErrorKind::SavefileTruncated,
        ),
        (
            "write",
            full.flush().unwrap_err(),
            ErrorKind::Io(std::io::ErrorKind::StorageFull),
        ),
        (
            "filter",
            right.set_filter("tcp tcp tcp").unwrap_err(),
            ErrorKind::FilterSyntax,
        ),
        (
            "inject",
            left.inject(&[]).unwrap_err(),
            ErrorKind::InvalidArgument,
        ),
    ];
    // There is no error for the blocking mode: switching it cannot fail.
    right.set_nonblock(true);
    right.set_nonblock(false);
    drop(left);
    net.ip("link del left".split(' '));
    errors.push((
        "capture",
        right.next_packet().map(|_| ()).unwrap_err(),
        ErrorKind::Disappeared,
    ));
    let mut operations: Vec<_> = Vec::new();
    for (class, error, kind) in &errors {
        let error: &pcap_core::Error = error;
        assert_eq!(error.kind(), *kind, "{class}: {error}");
        let object = error.object().expect(class);
        assert!(
            error.to_string().starts_with(&format!(
                "cannot {} `{object}`: ",
                error.operation().unwrap()
            )),
            "{class}: {error}"
        );
        assert!(!error.text().is_empty(), "{class}");
        operations.push(error.operation().unwrap());
    }
    let expected = [
        "activate",
        "activate",
        "activate",
        "read",
        "write",
        "compile",
        "inject on",
        "read from",
    ];
    assert_eq!(operations, expected);
}

/// Converts seconds as a float to whole seconds and microseconds and back, with the calls named on the page about
/// pcap-lua, for all pairs of pcap-lua's own test and random ones.
// Shows: parity/seconds-seconds-microseconds-never
#[test]
fn seconds_and_microseconds_go_both_ways() {
    let tv2secs = |secs, micros| Timestamp::from_micros(secs, micros).as_secs_f64();
    let secs2tv = |secs| {
        let time = Timestamp::from_secs_f64(secs).unwrap();
        let time = time.rounded(Precision::Micro);
        (time.secs(), i64::from(time.subsec_micros()))
    };
    for secs in [0, 1, 2, 3, 4, 5, 100, 788_964_454] {
        for micros in 0..=1000 {
            assert_eq!(secs2tv(tv2secs(secs, micros)), (secs, micros));
        }
    }
    let mut random = files::Random::new(35);
    let edges = [0, 1, 499_999, 500_000, 999_998, 999_999];
    for round in 0..1_000_000 {
        // Up to 2106, where a double is exact to less than half a microsecond.
        let secs = i64::from((random.next() >> 32) as u32);
        let micros = match edges.get(round % 10) {
            Some(&edge) => edge,
            None => random.below(1_000_000) as i64,
        };
        let number = tv2secs(secs, micros);
        assert_eq!(secs2tv(number), (secs, micros));
        // These need no rounding, and conversion to a time only changes numbers finer than nanoseconds.
        let time = Timestamp::from_secs_f64(number).unwrap();
        assert_eq!(time, Timestamp::from_micros(secs, micros));
        if secs < 1 << 23 {
            continue;
        }
        let any = f64::from_bits(number.to_bits() ^ (random.next() & 0xff));
        let time = Timestamp::from_secs_f64(any).unwrap();
        assert_eq!(time.as_secs_f64(), any, "{secs} {micros}");
    }
    // Just below a second, both the number and the time round to the next second.
    for below in [0.999_999_999_6, 1_699_999_999.999_999_9, -0.000_000_000_1] {
        let time = Timestamp::from_secs_f64(below).unwrap();
        assert_eq!(time, Timestamp::new(below.round() as i64, 0), "{below}");
    }
    // A savefile may contain 1 000 000 µs, which is one second more.
    let file = files::Pcap::native().packet(5, 1_000_000, b"x");
    let mut capture = files::open(file.bytes());
    assert_eq!(capture.precision(), Precision::Micro);
    let time = capture.next_packet().unwrap().unwrap().timestamp();
    assert_eq!((time.secs(), time.subsec_micros()), (6, 0));
}
