//! What each member receives.

use pcap_core::os::linux::SenderExt;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use pcap_core::os::linux::{Fanout, FanoutMode};
use pcap_core::{Capture, Next};

use super::{FLOWS, large, lengths, number, queue, read_all, spread, udp, wire};
use crate::support::wait_until;

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
fn joining_neither_duplicates_nor_loses() {
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
    for member in &group {
        assert_eq!(member.stats().unwrap(), pcap_core::Stats::default());
    }
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
