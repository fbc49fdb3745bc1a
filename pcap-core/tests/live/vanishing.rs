//! Captured devices that are deleted, moved to another namespace, renamed or set down: each call first returns what
//! had arrived, then the one error, in time and without spinning.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::cpu::cpu_time;
use crate::support::{Netns, wait_until};
use pcap_core::os::linux::{Fanout, FanoutMode};
use pcap_core::{
    Active, Capture, Direction, Dlt, Done, Error, ErrorKind, Next, PacketBatch, Result, SendQueue,
    Stop,
};

const TIMEOUT: Duration = Duration::from_millis(100);
const FRAME: [u8; 60] = [0xff; 60];

/// Another namespace, to move devices to.
struct Elsewhere(Child);

impl Elsewhere {
    fn new() -> Elsewhere {
        let mut sleep = Command::new("unshare");
        let child = sleep
            .args(["-n", "sleep", "60"])
            .stdout(Stdio::null())
            .spawn();
        let child = child.expect("unshare, of the package util-linux");
        let ours = std::fs::read_link("/proc/thread-self/ns/net").unwrap();
        wait_until("it has its own namespace", || {
            std::fs::read_link(format!("/proc/{}/ns/net", child.id())).is_ok_and(|ns| ns != ours)
        });
        Elsewhere(child)
    }
}

impl Drop for Elsewhere {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// How `right` disappears.
#[derive(Clone, Copy, Debug)]
enum Way {
    Deleted,
    Moved,
}

const WAYS: [Way; 2] = [Way::Deleted, Way::Moved];

fn goes_away(net: &Netns, elsewhere: &Elsewhere, way: Way) {
    match way {
        Way::Deleted => net.ip(["link", "del", "right"]),
        Way::Moved => {
            let pid = elsewhere.0.id().to_string();
            net.ip(["link", "set", "right", "netns", &pid])
        }
    };
}

fn wire() -> Option<(Netns, Elsewhere, Capture<Active>)> {
    let net = Netns::new()?;
    let elsewhere = Elsewhere::new();
    net.veth("left", "right");
    let left = Capture::from_device("left").activate().unwrap();
    Some((net, elsewhere, left))
}

fn send(left: &Capture<Active>, count: usize) {
    let mut queue = SendQueue::new();
    queue.push_all(vec![FRAME; count]).unwrap();
    left.inject_queue(&queue).unwrap();
}

/// A function that reads until there is an error, and counts packets.
type Read = fn(&mut Capture<Active>, &mut u64) -> Error;

const READS: [(&str, Read); 8] = [
    ("read_batch", |capture, count| {
        let mut batch = PacketBatch::new();
        loop {
            match capture.read_batch(&mut batch) {
                Ok(more) => assert!(more && !batch.is_empty(), "ended without an error"),
                Err(error) => return error,
            }
            *count += batch.len() as u64;
        }
    }),
    ("try_read_batch", |capture, count| {
        let mut batch = PacketBatch::new();
        loop {
            match capture.try_read_batch(&mut batch) {
                Ok(Next::Packet(())) => *count += batch.len() as u64,
                Ok(_) => std::thread::sleep(Duration::from_millis(1)),
                Err(error) => return error,
            }
        }
    }),
    ("next_packet", |capture, count| {
        loop {
            match capture.next_packet() {
                Ok(Some(_)) => *count += 1,
                Ok(None) => panic!("ended without an error"),
                Err(error) => return error,
            }
        }
    }),
    ("next_packet_timeout", |capture, count| {
        loop {
            match capture.next_packet_timeout(Duration::from_millis(30)) {
                Ok(Next::Packet(_)) => *count += 1,
                Ok(Next::Timeout) => {}
                Ok(other) => panic!("{other:?}"),
                Err(error) => return error,
            }
        }
    }),
    ("next_packet_timeout for ever", |capture, count| {
        loop {
            match capture.next_packet_timeout(Duration::MAX) {
                Ok(Next::Packet(_)) => *count += 1,
                Ok(other) => panic!("{other:?}"),
                Err(error) => return error,
            }
        }
    }),
    ("dispatch", |capture, count| {
        loop {
            match capture.dispatch(|_| *count += 1) {
                Ok(done) => assert_eq!(done.stop(), Stop::Empty),
                Err(error) => return error,
            }
        }
    }),
    ("for_each", |capture, count| {
        capture.for_each(|_| *count += 1).unwrap_err()
    }),
    ("packets", |capture, count| {
        for packet in capture.packets() {
            match packet {
                Ok(_) => *count += 1,
                Err(error) => return error,
            }
        }
        panic!("ended without an error")
    }),
];

fn is_right(what: &str, result: &Error, since: Instant) {
    let took = since.elapsed();
    assert_eq!(result.kind(), ErrorKind::Disappeared, "{what}: {result}");
    assert!(took < TIMEOUT + Duration::from_secs(1), "{what}: {took:?}");
}

/// libpcap reports that the device is gone before it returns what it still holds.
#[test]
fn what_arrived_comes_before_the_error() {
    let Some((net, elsewhere, mut left)) = wire() else {
        return;
    };
    for way in WAYS {
        for (name, read) in READS {
            let what = format!("{name}, {way:?}");
            let mut right = Capture::from_device("right")
                .timeout(TIMEOUT)
                .activate()
                .unwrap();
            send(&left, 300);
            goes_away(&net, &elsewhere, way);
            let (start, cpu, mut count) = (Instant::now(), cpu_time(), 0);
            let error = read(&mut right, &mut count);
            is_right(&what, &error, start);
            assert_eq!(count + right.stats().unwrap().dropped, 300, "{what}");
            let used = cpu_time() - cpu;
            assert!(used < Duration::from_millis(100), "{what}: {used:?}");
            // And again, at once.
            let again = Instant::now();
            let error = read(&mut right, &mut count);
            assert_eq!(error.kind(), ErrorKind::Disappeared, "{what}");
            assert!(again.elapsed() < Duration::from_millis(100), "{what}");
            drop(left);
            left = anew(&net);
        }
    }
}

/// Recreates the pair, and opens its left end.
fn anew(net: &Netns) -> Capture<Active> {
    // The other end of a device that was moved still exists.
    if net.ip(["-br", "link"]).contains("left@") {
        net.ip(["link", "del", "left"]);
    }
    net.veth("left", "right");
    Capture::from_device("left").activate().unwrap()
}

#[test]
fn a_wait_ends_when_the_device_goes() {
    let Some((net, elsewhere, mut left)) = wire() else {
        return;
    };
    for way in WAYS {
        for (name, read) in READS {
            let what = format!("{name}, {way:?}");
            let mut right = Capture::from_device("right")
                .timeout(TIMEOUT)
                .activate()
                .unwrap();
            let reader = std::thread::spawn(move || {
                let (cpu, mut count) = (cpu_time(), 0);
                let error = read(&mut right, &mut count);
                assert_eq!(count, 0);
                (error, Instant::now(), cpu_time() - cpu)
            });
            std::thread::sleep(Duration::from_millis(150));
            let gone = Instant::now();
            goes_away(&net, &elsewhere, way);
            let (error, at, used) = reader.join().unwrap();
            assert_eq!(error.kind(), ErrorKind::Disappeared, "{what}: {error}");
            let took = at - gone;
            assert!(took < TIMEOUT + Duration::from_secs(1), "{what}: {took:?}");
            assert!(used < Duration::from_millis(100), "{what}: {used:?}");
            drop(left);
            left = anew(&net);
        }
    }
}

/// Also with three times the usual timeout.
#[test]
fn the_error_comes_after_the_timeout() {
    let Some((net, elsewhere, left)) = wire() else {
        return;
    };
    let timeout = Duration::from_secs(2);
    let mut right = Capture::from_device("right")
        .timeout(timeout)
        .activate()
        .unwrap();
    send(&left, 10);
    goes_away(&net, &elsewhere, Way::Deleted);
    let (start, cpu) = (Instant::now(), cpu_time());
    let mut count = 0;
    let error = right.for_each(|_| count += 1).unwrap_err();
    let took = start.elapsed();
    assert_eq!((error.kind(), count), (ErrorKind::Disappeared, 10));
    assert!(took < timeout + Duration::from_secs(1), "{took:?}");
    assert!(cpu_time() - cpu < Duration::from_millis(100));
}

#[test]
fn members_get_their_packets_then_the_error() {
    let Some((net, elsewhere, mut left)) = wire() else {
        return;
    };
    for way in WAYS {
        let options = Capture::from_device("right")
            .timeout(TIMEOUT)
            .direction(Direction::In);
        let group = Fanout::new(FanoutMode::LoadBalance);
        let members = group.activate(&options, 3).unwrap();
        let breaker = members.members()[0].break_handle();
        send(&left, 300);
        let reader = std::thread::spawn(move || {
            let done = members.for_each(|_, capture| -> Result<u64> {
                let (mut count, cpu) = (0, cpu_time());
                let error = capture.for_each(|_| count += 1).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Disappeared);
                // A broken capture returns what it has.
                assert!(cpu_time() - cpu < Duration::from_millis(100));
                match count {
                    100 => Ok(count),
                    _ => Err(error),
                }
            });
            (done, Instant::now())
        });
        std::thread::sleep(Duration::from_millis(200));
        let gone = Instant::now();
        goes_away(&net, &elsewhere, way);
        let (done, at) = reader.join().unwrap();
        let (counts, stats) = done.unwrap();
        assert_eq!(counts, [100; 3], "{way:?}");
        assert_eq!((stats.received, stats.dropped), (300, 0), "{way:?}");
        assert!(
            at - gone < TIMEOUT + Duration::from_secs(1),
            "{:?}",
            at - gone
        );
        breaker.breakloop();
        drop(left);
        left = anew(&net);
    }
}

/// The loss of one device is no error of `any`, which continues with the others.
#[test]
fn any_goes_on_when_one_of_its_devices_goes() {
    let Some((net, elsewhere, left)) = wire() else {
        return;
    };
    net.veth("this", "that");
    let this = Capture::from_device("this").activate().unwrap();
    let any = Capture::from_device("any")
        .timeout(TIMEOUT)
        .direction(Direction::In);
    let mut any = any.activate().unwrap();
    assert!([Dlt::LINUX_SLL, Dlt::LINUX_SLL2].contains(&any.datalink()));
    let expect = |any: &mut Capture<Active>, count| {
        let mut seen = 0;
        while let Next::Packet(_) = any.next_packet_timeout(4 * TIMEOUT).unwrap() {
            seen += 1;
        }
        assert_eq!(seen, count);
    };
    for way in WAYS {
        let from = Capture::from_device("left").activate().unwrap();
        send(&from, 20);
        goes_away(&net, &elsewhere, way);
        send(&this, 30);
        expect(&mut any, 50);
        let cpu = cpu_time();
        expect(&mut any, 0);
        let used = cpu_time() - cpu;
        assert!(used < Duration::from_millis(100), "{used:?}");
        send(&this, 5);
        expect(&mut any, 5);
        drop(anew(&net));
    }
    drop(left);
}

/// The capture is bound to the device's index, not to its name.
// Shows: libpcap/device-renamed-looked-old
#[test]
fn a_device_that_is_renamed_is_captured_on() {
    let Some((net, _elsewhere, left)) = wire() else {
        return;
    };
    let mut right = Capture::from_device("right")
        .timeout(TIMEOUT)
        .activate()
        .unwrap();
    send(&left, 10);
    // Older kernels only rename devices that are down.
    let mut rename = Command::new("ip");
    let up = rename
        .args(["link", "set", "right", "name", "other"])
        .status();
    if !up.unwrap().success() {
        net.ip(["link", "set", "right", "down"]);
        net.ip(["link", "set", "right", "name", "other"]);
        net.ip(["link", "set", "other", "up"]);
        comes_up(&net, "other");
    }
    send(&left, 10);
    let done = right.for_each_up_to(20, |_| ()).unwrap();
    let (packets, end) = (20, Stop::Count);
    assert_eq!(done, Done::new(packets, end));
    assert_eq!(right.stats().unwrap().received, 20);
    assert_eq!(right.inject(&FRAME).unwrap(), 60);
    let idle = right.next_packet_timeout(Duration::from_millis(200));
    assert_eq!(idle.unwrap(), Next::Timeout);
    // Setting it down and up under its new name is no error either.
    net.ip(["link", "set", "other", "down"]);
    let idle = right.next_packet_timeout(Duration::from_millis(300));
    assert_eq!(idle.unwrap(), Next::Timeout);
    net.ip(["link", "set", "other", "up"]);
    comes_up(&net, "other");
    send(&left, 10);
    assert_eq!(right.for_each_up_to(10, |_| ()).unwrap().packets(), 10);
    // While it goes down it seems removed: for a second, without spinning.
    net.ip(["link", "set", "other", "down"]);
    let cpu = cpu_time();
    let idle = right.next_packet_timeout(Duration::from_secs(1));
    assert_eq!(idle.unwrap(), Next::Timeout);
    let used = cpu_time() - cpu;
    assert!(used < Duration::from_millis(100), "{used:?}");
    // It is removed under its new name.
    let start = Instant::now();
    net.ip(["link", "del", "other"]);
    let error = right.for_each(|_| ()).unwrap_err();
    is_right("renamed", &error, start);
}

fn comes_up(net: &Netns, name: &str) {
    wait_until("it runs", || {
        net.ip(["-o", "link", "show", "dev", name])
            .contains(" state UP ")
    });
}

/// A reader polls a device that is down now and then, not once per millisecond, and loses no packet from before or
/// after.
#[test]
fn a_device_down_and_up_loses_nothing() {
    let Some((net, _elsewhere, left)) = wire() else {
        return;
    };
    let right = Capture::from_device("right").timeout(TIMEOUT);
    let mut right = right.direction(Direction::In).activate().unwrap();
    for round in 0..3 {
        send(&left, 200);
        net.ip(["link", "set", "right", "down"]);
        let mut seen = 0;
        let cpu = cpu_time();
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(1) {
            if let Next::Packet(_) = right
                .next_packet_timeout(Duration::from_millis(300))
                .unwrap()
            {
                seen += 1;
            }
        }
        assert_eq!(seen, 200, "round {round}");
        let used = cpu_time() - cpu;
        assert!(used < Duration::from_millis(50), "{used:?}");
        net.ip(["link", "set", "right", "up"]);
        comes_up(&net, "right");
    }
    net.ip(["link", "set", "right", "down"]);
    // The first polls are close to each other.
    let next = right.next_packet_timeout(Duration::from_millis(500));
    assert_eq!(next.unwrap(), Next::Timeout);
    let (cpu, start) = (cpu_time(), Instant::now());
    let next = right.next_packet_timeout(Duration::from_secs(4));
    assert_eq!(next.unwrap(), Next::Timeout);
    let (used, took) = (cpu_time() - cpu, start.elapsed());
    assert!(took >= Duration::from_secs(4));
    assert!(used < took / 20, "{used:?} of {took:?}");
    let handle = right.break_handle();
    handle.breakloop();
    assert!(right.next_packet().unwrap().is_none());
    assert_eq!(right.stats().unwrap().received, 600);
}

/// A new device with the same name, and even the same index: the capture never sees its packets.
#[test]
fn another_device_in_its_place_is_another() {
    let Some((net, elsewhere, mut left)) = wire() else {
        return;
    };
    for way in WAYS {
        for (turn, (what, read)) in READS.into_iter().enumerate() {
            let same_number = turn % 2 == 1;
            let right = Capture::from_device("right").timeout(TIMEOUT);
            let mut right = right.direction(Direction::In).activate().unwrap();
            send(&left, 5);
            let shown = net.ip(["-o", "link", "show", "dev", "right"]);
            let number = shown.split_once(':').unwrap().0;
            goes_away(&net, &elsewhere, way);
            if same_number {
                if let Way::Moved = way {
                    net.ip(["link", "del", "left"]);
                }
                let add = ["link", "add", "index", number, "name", "right"];
                net.ip(add.into_iter().chain("type veth peer name left".split(' ')));
                net.ip(["link", "set", "left", "up"]);
                net.ip(["link", "set", "right", "up"]);
                left = Capture::from_device("left").activate().unwrap();
            } else {
                left = anew(&net);
            }
            comes_up(&net, "right");
            let shown = net.ip(["-o", "link", "show", "dev", "right"]);
            assert_eq!(shown.starts_with(&format!("{number}:")), same_number);
            let mut count = 0;
            let since = Instant::now();
            let error = read(&mut right, &mut count);
            is_right(what, &error, since);
            assert_eq!(count, 5, "{what}");
            let again = right.next_packet().unwrap_err();
            assert_eq!(again.to_string(), error.to_string());
        }
    }
}
