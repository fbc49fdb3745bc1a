//! Fanout groups: what each member receives, and that together they receive each packet once. On veth pairs in network
//! namespaces.

use std::os::fd::{FromRawFd, OwnedFd};
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering, Ordering::SeqCst};
use std::thread;
use std::time::{Duration, Instant};

use crate::support::wire::packet_sockets;
use crate::support::{Netns, own_descriptors, wait_until};
use pcap_core::os::linux::{CaptureExt, Fanout, FanoutMode, SenderExt};
use pcap_core::{
    Active, Capture, CompileOptions, Dlt, End, Error, ErrorKind, Filter, Inactive, Insn, Next,
    SendQueue, Stats, Stop,
};

const FLOWS: u32 = 64;

fn wire() -> Option<(Netns, Capture<Active>)> {
    let net = Netns::new()?;
    net.veth("left", "right");
    let left = Capture::from_device("left").filter("len < 0").activate();
    Some((net, left.unwrap()))
}

/// Returns options for a buffer that holds all packets of a test.
fn large(device: &str) -> Capture<Inactive> {
    Capture::from_device(device).buffer_size(32 << 20)
}

/// Returns a numbered UDP packet of one of the flows; every other one goes in the opposite direction.
fn udp(number: u32) -> Vec<u8> {
    let flow = (number % FLOWS) as u16;
    let (mut here, mut there) = (([10, 0, 0, 1], 1000 + flow), ([10, 0, 1, flow as u8], 53));
    if number / FLOWS % 2 == 1 {
        std::mem::swap(&mut here, &mut there);
    }
    let mut frame = vec![0; 60];
    frame[..6].fill(0xff);
    frame[6] = 2;
    frame[12..14].copy_from_slice(&[0x08, 0x00]);
    frame[14] = 0x45;
    frame[16..18].copy_from_slice(&46_u16.to_be_bytes());
    frame[22] = 64;
    frame[23] = 17;
    frame[26..30].copy_from_slice(&here.0);
    frame[30..34].copy_from_slice(&there.0);
    frame[34..36].copy_from_slice(&here.1.to_be_bytes());
    frame[36..38].copy_from_slice(&there.1.to_be_bytes());
    frame[38..40].copy_from_slice(&26_u16.to_be_bytes());
    frame[42..46].copy_from_slice(&number.to_be_bytes());
    frame
}

fn number(data: &[u8]) -> u32 {
    u32::from_be_bytes(data[42..46].try_into().unwrap())
}

fn queue(numbers: std::ops::Range<u32>) -> SendQueue {
    let mut queue = SendQueue::new();
    queue.push_all(numbers.map(udp)).unwrap();
    queue
}

/// Waits until this number of packet sockets is open. Programs that other tests start inherit all of them for a
/// moment.
fn packet_sockets_become(count: usize) {
    wait_until("all are closed", || packet_sockets() == count);
}

/// Reads a member until no packet has arrived for this long.
fn read_all(capture: &mut Capture<Active>, quiet: Duration) -> Vec<u32> {
    let mut numbers = Vec::new();
    while let Next::Packet(packet) = capture.next_packet_timeout(quiet).unwrap() {
        numbers.push(number(packet.data()));
    }
    numbers
}

/// Sends `count` packets while threads read the members, until all have arrived. Returns what each member received,
/// and the statistics of the group.
fn spread(
    mode: FanoutMode,
    members: usize,
    count: u32,
) -> Option<(Vec<Vec<u32>>, pcap_core::Stats)> {
    spread_over("right", Fanout::new(mode), members, count)
}

/// As [`spread`], on the receiving end of the veth pair or on the sending one.
fn spread_over(
    device: &str,
    fanout: Fanout,
    members: usize,
    count: u32,
) -> Option<(Vec<Vec<u32>>, pcap_core::Stats)> {
    let (_net, left) = wire()?;
    let group = fanout.activate(&large(device), members).unwrap();
    assert_eq!(group.members().len(), members);
    let handles: Vec<_> = group.break_handles();
    let seen = AtomicU32::new(0);
    let sender = left.sender().unwrap();
    let (received, stats) = thread::scope(|scope| {
        scope.spawn(|| {
            sender.inject_queue(&queue(0..count)).unwrap();
            let start = Instant::now();
            while seen.load(Ordering::Relaxed) < count && start.elapsed() < Duration::from_secs(20)
            {
                thread::sleep(Duration::from_millis(10));
            }
            // Duplicates would arrive by now.
            thread::sleep(Duration::from_millis(300));
            handles.iter().for_each(|handle| handle.breakloop());
        });
        let seen = &seen;
        group
            .for_each(|_, capture| {
                let mut numbers = Vec::new();
                let done = capture.for_each(|packet| {
                    numbers.push(number(packet.data()));
                    seen.fetch_add(1, Ordering::Relaxed);
                })?;
                assert_eq!(done.stop(), Stop::End(End::Break));
                Ok::<_, Error>(numbers)
            })
            .unwrap()
    });
    // Each member's are in order, and together they are complete.
    assert!(received.iter().all(|numbers| numbers.is_sorted()));
    let mut all = received.concat();
    all.sort_unstable();
    assert!(all.into_iter().eq(0..count));
    assert_eq!(stats.received, u64::from(count));
    assert_eq!((stats.dropped, stats.if_dropped), (0, 0));
    Some((received, stats))
}

fn lengths(received: &[Vec<u32>]) -> Vec<usize> {
    received.iter().map(Vec::len).collect()
}

#[test]
fn two_members_receive_half_each() {
    let Some((received, _)) = spread(FanoutMode::LoadBalance, 2, 100_000) else {
        return;
    };
    assert_eq!(lengths(&received), [50_000, 50_000]);
}

#[test]
fn four_members_receive_a_quarter_each() {
    let Some((received, _)) = spread(FanoutMode::LoadBalance, 4, 100_000) else {
        return;
    };
    assert_eq!(lengths(&received), [25_000; 4]);
}

#[test]
fn hash_keeps_a_flow_in_one_member() {
    for members in [2, 4] {
        let Some((received, _)) = spread(FanoutMode::Hash, members, 100_000) else {
            return;
        };
        let flows: Vec<Vec<u32>> = received
            .iter()
            .map(|numbers| {
                let mut flows: Vec<_> = numbers.iter().map(|n| n % FLOWS).collect();
                flows.sort_unstable();
                flows.dedup();
                flows
            })
            .collect();
        // Each member has a flow, and no flow is in two.
        assert!(flows.iter().all(|flows| !flows.is_empty()), "{flows:?}");
        assert!(flows.iter().all(|flows| flows.len() < FLOWS as usize));
        let mut all = flows.concat();
        all.sort_unstable();
        assert!(all.into_iter().eq(0..FLOWS));
    }
}

#[test]
fn each_packet_goes_to_one_member() {
    for mode in [
        FanoutMode::Cpu,
        FanoutMode::Rollover,
        FanoutMode::Random,
        FanoutMode::QueueMapping,
    ] {
        let Some((received, _)) = spread(mode, 3, 20_000) else {
            return;
        };
        let lengths = lengths(&received);
        match mode {
            FanoutMode::Rollover => assert_eq!(lengths, [20_000, 0, 0]),
            FanoutMode::QueueMapping => assert!(lengths.contains(&20_000), "{lengths:?}"),
            FanoutMode::Random => assert!(lengths.iter().all(|n| *n > 5000), "{lengths:?}"),
            _ => {}
        }
    }
}

#[test]
fn without_a_group_each_receives_all() {
    let Some((_net, left)) = wire() else { return };
    let mut captures: Vec<_> = (0..2).map(|_| large("right").activate().unwrap()).collect();
    left.inject_queue(&queue(0..20_000)).unwrap();
    for capture in &mut captures {
        let numbers = read_all(capture, Duration::from_millis(500));
        assert!(numbers.into_iter().eq(0..20_000));
    }
    let received: u64 = captures.iter().map(|c| c.stats().unwrap().received).sum();
    assert_eq!(received, 40_000);
}

/// The members are opened one after the other; packets that arrive meanwhile must not be in several of them.
// Shows: libpcap/handles-put-group-packetfanout
#[test]
fn joining_doubles_and_loses_nothing() {
    let Some((_net, left)) = wire() else { return };
    let sender = left.sender().unwrap();
    let (sent, over) = (AtomicU32::new(0), AtomicBool::new(false));
    thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                let next = sent.load(Ordering::SeqCst);
                sender.inject_queue(&queue(next..next + 16)).unwrap();
                sent.store(next + 16, Ordering::SeqCst);
                thread::sleep(Duration::from_micros(100));
            }
        });
        let end_it = EndIt(&over);
        wait_until("packets are sent", || sent.load(Ordering::SeqCst) > 100);
        for round in 0..5 {
            let options = match round % 2 {
                0 => large("right"),
                _ => large("right").filter("udp"),
            };
            let mut group = Fanout::new(FanoutMode::LoadBalance)
                .activate(&options, 4)
                .unwrap();
            let joined = sent.load(Ordering::SeqCst);
            wait_until("more is sent", || {
                sent.load(Ordering::SeqCst) > joined + 1000
            });
            let last = sent.load(Ordering::SeqCst);
            let mut all = Vec::new();
            for member in &mut group {
                // Packets never stop arriving, so it must not wait for that.
                let start = Instant::now();
                let mut numbers = Vec::new();
                while numbers.last().is_none_or(|n| *n < last + 64) {
                    let next = member.next_packet_timeout(Duration::from_secs(5)).unwrap();
                    numbers.push(number(next.packet().expect("a packet").data()));
                    assert!(start.elapsed() < Duration::from_secs(10));
                }
                all.extend(numbers);
            }
            all.retain(|n| *n < last);
            all.sort_unstable();
            let count = all.len();
            all.dedup();
            assert_eq!(all.len(), count, "duplicates or losses");
            // The kernel received all later packets after the group was complete.
            assert!(all[0] <= joined + 16, "{} {joined}", all[0]);
            let after = all.into_iter().filter(|n| *n >= joined + 16);
            assert!(after.eq(joined + 16..last), "some are lost");
        }
        drop(end_it);
    });
}

struct EndIt<'a>(&'a AtomicBool);

impl Drop for EndIt<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn statistics_count_when_all_are_there() {
    let Some((_net, left)) = wire() else { return };
    let options = Capture::from_device("right").buffer_size(1 << 20);
    let mut group = Fanout::new(FanoutMode::LoadBalance)
        .activate(&options, 2)
        .unwrap();
    assert_eq!(group.stats().unwrap(), pcap_core::Stats::default());
    // More packets than fit.
    left.inject_queue(&queue(0..100_000)).unwrap();
    wait_until("all have arrived", || {
        group.stats().unwrap().received == 100_000
    });
    let stats = group.stats().unwrap();
    assert!(stats.dropped > 0);
    let read: usize = group
        .members_mut()
        .iter_mut()
        .map(|member| read_all(member, Duration::from_millis(500)).len())
        .sum();
    assert_eq!(read as u64 + stats.dropped, stats.received);
}

/// Returns what arrives in a group whose first member is not read.
#[test]
fn rollover_uses_the_room_of_others() {
    let Some((_net, left)) = wire() else { return };
    let counts = [false, true].map(|rollover| {
        let options = Capture::from_device("right").buffer_size(4 << 20);
        let options = options.timeout(Duration::from_millis(5));
        let group = Fanout::new(FanoutMode::LoadBalance).rollover(rollover);
        let mut group = group.activate(&options, 2).unwrap().into_members();
        let mut reader = group.pop().unwrap();
        let stop = reader.break_handle();
        let count = AtomicU32::new(0);
        thread::scope(|scope| {
            scope.spawn(|| {
                reader
                    .for_each(|_| _ = count.fetch_add(1, Ordering::SeqCst))
                    .unwrap();
            });
            for start in (0..100_000).step_by(5000) {
                left.inject_queue(&queue(start..start + 5000)).unwrap();
                // The half of the second member arrives in any case.
                wait_until("it is read", || {
                    count.load(Ordering::SeqCst) >= (start + 5000) / 2
                });
            }
            thread::sleep(Duration::from_millis(300));
            stop.breakloop();
        });
        count.load(Ordering::SeqCst)
    });
    assert_eq!(counts[0], 50_000);
    assert!(counts[1] > 55_000, "{counts:?}");
}

/// Only the first fragment has ports, so without defragmentation the fragments would go to several members.
#[test]
fn defragmented_a_packet_comes_whole() {
    let Some((_net, left)) = wire() else { return };
    let group = Fanout::new(FanoutMode::Hash).defragment(true);
    let group = group.activate(&large("right"), 2).unwrap();
    let mut fragments = [udp(0), udp(0)];
    for (number, fragment) in fragments.iter_mut().enumerate() {
        // The first fragment has 24 bytes of IP data, the second the following 8.
        let (length, field): (u16, u16) = match number {
            0 => (20 + 24, 0x2000),
            _ => (20 + 8, 3),
        };
        fragment[16..18].copy_from_slice(&length.to_be_bytes());
        fragment[18..20].copy_from_slice(&7_u16.to_be_bytes());
        fragment[20..22].copy_from_slice(&field.to_be_bytes());
        fragment.truncate(14 + usize::from(length));
        let sum: u32 = fragment[14..34]
            .chunks(2)
            .map(|word| u32::from(word[0]) << 8 | u32::from(word[1]))
            .sum();
        let sum = !(((sum & 0xffff) + (sum >> 16)) as u16);
        fragment[24..26].copy_from_slice(&sum.to_be_bytes());
        left.inject(fragment).unwrap();
    }
    let mut packets = Vec::new();
    for mut member in group {
        while let Next::Packet(packet) = member
            .next_packet_timeout(Duration::from_millis(500))
            .unwrap()
        {
            packets.push(packet.into_owned());
        }
    }
    assert_eq!(packets.len(), 1, "{packets:?}");
    assert_eq!(packets[0].data().len(), 14 + 20 + 32);
    assert_eq!(packets[0].data()[20..22], [0, 0]);
}

#[test]
fn the_options_are_those_of_every_member() {
    let Some((_net, left)) = wire() else { return };
    let options = large("right").filter("udp dst port 53").snaplen(48);
    let group = Fanout::new(FanoutMode::LoadBalance)
        .activate(&options, 2)
        .unwrap();
    left.inject_queue(&queue(0..FLOWS * 2)).unwrap();
    for mut member in group {
        let mut count = 0;
        while let Next::Packet(packet) = member
            .next_packet_timeout(Duration::from_millis(500))
            .unwrap()
        {
            assert_eq!((packet.data().len(), packet.wire_len()), (48, 60));
            assert_eq!(packet.data()[36..38], [0, 53]);
            count += 1;
        }
        // Half of the packets pass, and are spread in turns.
        assert!(count > 0);
    }

    // Also with a filter that the kernel rejects, and with a protocol.
    let options = large("right")
        .protocol(0x0800)
        .filter("ip6 protochain 17 or udp");
    let group = Fanout::new(FanoutMode::LoadBalance)
        .activate(&options, 2)
        .unwrap();
    let mut arp = udp(0);
    arp[12..14].copy_from_slice(&[0x08, 0x06]);
    left.inject(&arp).unwrap();
    left.inject_queue(&queue(0..100)).unwrap();
    let mut all = Vec::new();
    for mut member in group {
        all.extend(read_all(&mut member, Duration::from_millis(500)));
    }
    all.sort_unstable();
    assert!(all.into_iter().eq(0..100));
}

#[test]
fn no_member_sees_what_one_sends() {
    let Some((_net, mut left)) = wire() else {
        return;
    };
    left.set_filter("").unwrap();
    let mut group = Fanout::new(FanoutMode::LoadBalance)
        .activate(&large("right"), 3)
        .unwrap();
    group.members()[0].inject(&udp(1)).unwrap();
    let sender = group.members()[1].sender().unwrap();
    sender.inject(&udp(2)).unwrap();
    assert_eq!(read_all(&mut left, Duration::from_millis(500)), [1, 2]);
    for member in &mut group {
        assert!(read_all(member, Duration::from_millis(200)).is_empty());
    }
}

#[test]
fn two_groups_on_a_device_are_apart() {
    let Some((_net, left)) = wire() else { return };
    let mut groups: Vec<_> = (0..3)
        .map(|_| {
            Fanout::new(FanoutMode::LoadBalance)
                .activate(&large("right"), 2)
                .unwrap()
        })
        .collect();
    left.inject_queue(&queue(0..1000)).unwrap();
    for group in &mut groups {
        let mut all = Vec::new();
        for member in group {
            all.extend(read_all(member, Duration::from_millis(500)));
        }
        all.sort_unstable();
        assert!(all.into_iter().eq(0..1000));
    }
}

#[test]
fn a_dropped_members_share_moves_on() {
    let Some((_net, left)) = wire() else { return };
    let mut group = Fanout::new(FanoutMode::LoadBalance)
        .activate(&large("right"), 3)
        .unwrap()
        .into_members();
    drop(group.remove(1));
    // The sender's, and the two of the group.
    packet_sockets_become(3);
    left.inject_queue(&queue(0..1000)).unwrap();
    let mut all = Vec::new();
    for member in &mut group {
        let numbers = read_all(member, Duration::from_millis(500));
        assert_eq!(numbers.len(), 500);
        all.extend(numbers);
    }
    all.sort_unstable();
    assert!(all.into_iter().eq(0..1000));
}

#[test]
fn a_break_or_error_of_one_ends_all() {
    let Some((_net, left)) = wire() else { return };
    let before = packet_sockets();
    let group = || {
        Fanout::new(FanoutMode::LoadBalance)
            .activate(&large("right"), 3)
            .unwrap()
    };

    let members = group();
    let handles: Vec<_> = members.break_handles();
    let breaker = thread::spawn(move || {
        thread::sleep(Duration::from_millis(100));
        handles.iter().for_each(|handle| handle.breakloop());
    });
    let (done, stats) = members
        .for_each(|number, capture| Ok::<_, Error>((number, capture.for_each(|_| ())?)))
        .unwrap();
    breaker.join().unwrap();
    assert_eq!(stats.received, 0);
    let ends: Vec<_> = done.iter().map(|(n, done)| (*n, done.stop())).collect();
    assert_eq!(ends, [0, 1, 2].map(|n| (n, Stop::End(End::Break))));
    packet_sockets_become(before);

    // A member that only ends itself does not affect the others.
    let members = group();
    let handles: Vec<_> = members.break_handles();
    let asked = [const { AtomicBool::new(false) }; 3];
    let (done, _) = members
        .for_each(|number, capture| match number {
            0 => {
                for other in [1, 2] {
                    thread::sleep(Duration::from_millis(200));
                    asked[other].store(true, SeqCst);
                    handles[other].breakloop();
                }
                Ok::<_, Error>(true)
            }
            _ => {
                capture.for_each(|_| ())?;
                Ok(asked[number].load(SeqCst))
            }
        })
        .unwrap();
    assert_eq!(done, [true; 3], "ended without a break");

    #[derive(Debug)]
    struct Wanted(String);
    impl From<Error> for Wanted {
        fn from(error: Error) -> Wanted {
            Wanted(error.to_string())
        }
    }
    let outcome = group().run(|number, capture| {
        if number == 1 {
            return Err(Wanted("enough".into()));
        }
        capture.for_each(|_| ())?;
        Ok(())
    });
    assert_eq!(outcome.error().unwrap().0, "enough");
    assert_eq!(outcome.values(), [Some(()), None, Some(())]);
    assert_eq!(outcome.stats(), Stats::default());
    assert_eq!(outcome.into_result().unwrap_err().0, "enough");
    packet_sockets_become(before);

    // All members return the error together with what they had received.
    let mut members = group();
    members.members_mut().iter_mut().for_each(|member| {
        member.set_filter("udp").unwrap();
    });
    left.inject_queue(&queue(0..300)).unwrap();
    // The break that ends the others once ended only the wait for a packet, and the loop never ended.
    let all_have_theirs = Barrier::new(3);
    let outcome = members.run(|number, capture| {
        let mut seen = 0;
        while seen < 100 {
            seen += u64::from(capture.next_packet()?.is_some());
        }
        all_have_theirs.wait();
        if number == 2 {
            return Err(capture.set_filter("tcp prot").unwrap_err());
        }
        Ok(seen + capture.for_each(|_| ())?.packets())
    });
    let (values, stats, error) = outcome.into_parts();
    let error = error.unwrap();
    assert_eq!(error.kind(), ErrorKind::FilterSyntax);
    assert!(error.to_string().contains("tcp prot"), "{error}");
    assert_eq!(values, [Some(100), Some(100), None], "{error}");
    assert_eq!((stats.received, stats.dropped), (300, 0));
    packet_sockets_become(before);

    let members = group();
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        members.for_each(|number, capture| {
            if number == 2 {
                std::panic::resume_unwind(Box::new("on purpose"));
            }
            capture.for_each(|_| ())
        })
    }));
    assert_eq!(panicked.unwrap_err().downcast_ref(), Some(&"on purpose"));
    packet_sockets_become(before);
    drop(left);
}

#[test]
fn a_removed_device_is_an_error_of_all() {
    let Some((net, _left)) = wire() else { return };
    let group = Fanout::new(FanoutMode::Hash)
        .activate(&large("right"), 2)
        .unwrap();
    let reader = thread::spawn(|| group.for_each(|_, capture| capture.for_each(|_| ())));
    thread::sleep(Duration::from_millis(100));
    net.ip("link del right".split(' '));
    let failed = reader.join().unwrap().unwrap_err();
    assert_eq!(failed.kind(), ErrorKind::Disappeared, "{failed}");
}

#[test]
fn what_cannot_be_a_group_is_an_error() {
    // A netfilter group is in use while any process has a copy of its socket.
    own_descriptors();
    let Some(net) = Netns::new() else { return };
    net.veth("left", "right");
    let group = Fanout::new(FanoutMode::Hash);
    for members in [0, 257, usize::MAX] {
        let error = group.activate(&large("right"), members).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{error}");
        assert_eq!(error.object(), Some("right"));
    }
    let error = group
        .activate(&Capture::from_device("nosuch"), 2)
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoSuchDevice, "{error}");
    let error = group
        .activate(&large("right").filter("tcp prot"), 2)
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::FilterSyntax, "{error}");
    if Capture::from_device("nflog").activate().is_ok() {
        let error = group
            .activate(&Capture::from_device("nflog"), 2)
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
    }
    packet_sockets_become(0);

    // Many members, and a rollover mode that rolls over to itself. The kernel takes some time to close each.
    let small = Capture::from_device("right")
        .buffer_size(1 << 16)
        .snaplen(64);
    let all = group.activate(&small, 32).unwrap();
    assert_eq!((all.members().len(), packet_sockets()), (32, 32));
    drop(all);
    let rollover = Fanout::new(FanoutMode::Rollover).rollover(true);
    assert_eq!(rollover.activate(&small, 2).unwrap().members().len(), 2);
    packet_sockets_become(0);
}

#[test]
fn all_devices_are_captured_on_by_a_group() {
    let Some((_net, left)) = wire() else { return };
    let group = Fanout::new(FanoutMode::LoadBalance).activate(&large("any").filter("inbound"), 2);
    left.inject_queue(&queue(0..1000)).unwrap();
    let mut count = 0;
    for mut member in group.unwrap() {
        while let Next::Packet(_) = member
            .next_packet_timeout(Duration::from_millis(500))
            .unwrap()
        {
            count += 1;
        }
    }
    assert_eq!(count, 1000);
}

/// Both ends of the veth pair see the same packets; the kernel keeps the link-layer header of those that are sent.
#[test]
fn a_filter_chooses_by_network_header() {
    let options = CompileOptions::new().snaplen(1);
    let to_53 = options.compile(Dlt::RAW, "udp dst port 53").unwrap();
    for device in ["right", "left"] {
        let fanout = Fanout::by_filter(&to_53).unwrap();
        let Some((received, _)) = spread_over(device, fanout, 2, 20_000) else {
            return;
        };
        let there = |n: &u32| n / FLOWS % 2 == 0;
        assert!(received[0].iter().all(|n| !there(n)), "{device}");
        assert!(received[1].iter().all(there), "{device}");
    }
}

#[test]
fn a_program_returns_the_number_of_the_member() {
    // The last byte of the destination address: the flow's number in one direction, a constant in the other.
    let program = [Insn::new(0x30, 0, 0, 19), Insn::new(0x16, 0, 0, 0)];
    let filter = Filter::from_instructions(Dlt::RAW, &program).unwrap();
    let Some((received, _)) = spread_over("right", Fanout::by_filter(&filter).unwrap(), 4, 20_000)
    else {
        return;
    };
    for (member, numbers) in received.iter().enumerate() {
        let member = member as u32;
        let chosen = |n: &u32| match n / FLOWS % 2 {
            0 => n % FLOWS % 4,
            _ => 1,
        };
        assert!(numbers.iter().all(|n| chosen(n) == member));
    }
}

#[test]
fn a_filter_that_cannot_choose_is_refused() {
    let filter = |dlt, text| Filter::compile(dlt, text).unwrap();
    let error = Fanout::by_filter(&filter(Dlt::EN10MB, "udp")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    assert!(error.to_string().contains("RAW"), "{error}");
    let error = Fanout::by_filter(&filter(Dlt::RAW, "ip6 protochain 17")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    // The kernel maps special values to these offsets: the first is the protocol.
    for place in [0x000f_f000, 0x000f_ffff, 1 << 20] {
        let beyond = [Insn::new(0x20, 0, 0, place), Insn::new(0x16, 0, 0, 0)];
        let beyond = Filter::from_instructions(Dlt::RAW, &beyond).unwrap();
        let error = Fanout::by_filter(&beyond).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    }
    let last = [Insn::new(0x20, 0, 0, 0x000f_efff), Insn::new(0x16, 0, 0, 0)];
    let last = Filter::from_instructions(Dlt::RAW, &last).unwrap();
    assert!(Fanout::by_filter(&last).is_ok());
}

/// Loads an eBPF program of eight-byte instructions.
fn load(program: &[[u8; 8]]) -> std::io::Result<OwnedFd> {
    #[repr(C)]
    struct Attributes {
        kind: u32,
        count: u32,
        program: u64,
        license: u64,
        log: [u64; 2],
    }
    const PROG_LOAD: libc::c_int = 5;
    const SOCKET_FILTER: u32 = 1;
    let attributes = Attributes {
        kind: SOCKET_FILTER,
        count: program.len() as u32,
        program: program.as_ptr() as u64,
        license: c"MIT".as_ptr() as u64,
        log: [0; 2],
    };
    let pointer: *const Attributes = &attributes;
    // SAFETY: the command takes these arguments; the pointers are to values that outlive the call.
    let fd = unsafe { libc::syscall(libc::SYS_bpf, PROG_LOAD, pointer, size_of::<Attributes>()) };
    match libc::c_int::try_from(fd) {
        // SAFETY: just opened, and has no other owner.
        Ok(fd) if fd >= 0 => Ok(unsafe { OwnedFd::from_raw_fd(fd) }),
        _ => Err(std::io::Error::last_os_error()),
    }
}

#[test]
fn a_program_of_ebpf_chooses_the_member() {
    // r0 = 2; exit
    let two = [[0xb7, 0, 0, 0, 2, 0, 0, 0], [0x95, 0, 0, 0, 0, 0, 0, 0]];
    let Some(_net) = Netns::new() else { return };
    let program = load(&two).unwrap();
    let (received, _) = spread_over("right", Fanout::by_ebpf(program), 3, 1000).unwrap();
    assert_eq!(lengths(&received), [0, 0, 1000]);

    // A file descriptor that is not a program.
    let (_net, _left) = wire().unwrap();
    let file = std::fs::File::open("/dev/null").unwrap();
    let error = Fanout::by_ebpf(file)
        .activate(&large("right"), 2)
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::FilterInvalid);
    packet_sockets_become(1);
}
