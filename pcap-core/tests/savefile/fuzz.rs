//! Damaged savefiles, each read to its end by this crate and by libpcap: the packets, the end and the error texts are
//! the same. The files are the same in every run.
//!
//! `SAVEFILE_FUZZ_COUNT` sets the number of files (default 20 000). `ci/fuzz` searches for more.
use std::fs::File;

use crate::support::damage::{damage, seeds};
use crate::support::differential::agreement::agree;
use crate::support::differential::{CALLS, PLAN, Plan, Way, check, write_at};
use crate::support::files::{MICRO, NANO, Order, Pcap};
use crate::support::random::Random;
use pcap_core::Capture;

/// The byte order that is not native.
const OTHER: Order = match Order::NATIVE {
    Order::Little => Order::Big,
    Order::Big => Order::Little,
};

/// All packets with one call.
const PLAIN: Plan = Plan::new(Way::File(0), 0);

// Shows: libpcap/packets-some-link-types
#[test]
fn damaged_files_are_read_as_libpcap_reads_them() {
    let count = std::env::var("SAVEFILE_FUZZ_COUNT");
    let count = count.map_or(20_000, |count| count.parse().expect("a number"));
    let seeds = seeds();
    let mut random = Random::new(0x5eed);
    let mut file = tempfile::tempfile().unwrap();
    let (mut packets, mut errors, mut unopened) = (0, 0, 0);
    for turn in 0..count {
        let mut bytes = seeds[turn % seeds.len()].clone();
        // Undamaged ones first.
        let good = turn < seeds.len();
        if !good {
            damage(&mut random, &mut bytes);
        }
        let theirs = PLAIN.libpcap(&mut bytes);
        for way in [Way::File(0), Way::Reader(usize::MAX)] {
            let plan = Plan::new(way, random.below(CALLS));
            let ours = plan.ours(&mut file, &bytes);
            assert!(
                agree(&ours, &theirs, &bytes),
                "turn {turn}, {plan:?}: {bytes:02x?}\n{ours:?}\n{theirs:?}"
            );
        }
        // Any plan, with filters and following.
        let input = [&random.bytes(PLAN), &bytes[..]].concat();
        check(&input, &mut file);
        packets += theirs.packets.len();
        errors += usize::from(theirs.error.is_some());
        unopened += usize::from(theirs.packets.is_empty() && theirs.error.is_some());
        assert!(
            !good || (theirs.packets.len() >= 5 && theirs.error.is_none()),
            "seed {turn}: {theirs:?}"
        );
    }
    // Some packets survive the damage.
    assert!(packets > 2 * count, "{packets}");
    assert!(
        (count / 4..count - count / 20).contains(&errors),
        "{errors}"
    );
    assert!(unopened < count / 2, "{unopened}");
}

/// libpcap changes packets of some link types while reading, even of native byte order.
// Shows: libpcap/packets-some-link-types
#[test]
fn every_link_type_is_read_as_libpcap_reads_it() {
    let mut random = Random::new(0x0d1f);
    let mut on_disk = tempfile::tempfile().unwrap();
    let mut changed = Vec::new();
    for linktype in 0..=320 {
        for order in Order::BOTH {
            let mut file = Pcap::new(order, MICRO).linktype(linktype);
            let mut packets = Vec::new();
            for n in 0..20 {
                let mut data = random.bytes(100);
                // USB: a completed isochronous transfer to this machine, with a buffer of 920 bytes of which one piece
                // of 20 was filled.
                if n % 2 == 0 {
                    data[8..11].copy_from_slice(&[b'C', 0, 0x81]);
                    data[15] = 0;
                    for (at, number) in [(32, 920), (60, 1), (64, 0), (68, 0), (72, 20)] {
                        data[at..at + 4].copy_from_slice(&order.u32(number));
                    }
                }
                file = file.record([1, 1, 100, 1000], &data);
                packets.push(((1, 1000), 100, 1000, data));
            }
            let mut bytes = file.bytes();
            let theirs = PLAIN.libpcap(&mut bytes);
            if theirs.error.is_none() && theirs.packets != packets {
                changed.push(linktype);
            }
            for (way, call) in [
                (Way::Reader(usize::MAX), linktype as usize % CALLS),
                (Way::File(0), 0),
                (Way::File(0), 3),
            ] {
                let ours = Plan::new(way, call).ours(&mut on_disk, &bytes);
                assert_eq!(ours, theirs, "link type {linktype}, {order:?}, {way:?}");
            }
        }
    }
    // USB with a mapped header even of native byte order, but not in libpcap 1.10.0; others only of the other order.
    let libpcap = pcap_core::version();
    let first = (libpcap.major(), libpcap.minor(), libpcap.patch()) == (1, 10, 0);
    let times = |linktype| changed.iter().filter(|&&n| n == linktype).count();
    let expected = (if first { 1 } else { 2 }, 1);
    assert_eq!((times(220), times(189)), expected, "{changed:?}");
}

#[test]
fn records_across_buffers_are_libpcaps() {
    let mut random = Random::new(0xb16);
    let noise = random.bytes(262_144);
    let mut file = tempfile::tempfile().unwrap();
    for turn in 0..60 {
        let mut savefile = Pcap::new(Order::BOTH[turn % 4 / 3], NANO);
        let largest = [200, 2000, 70_000, 262_144][turn % 4];
        let total = 300_000 + random.below(900_000);
        let mut length = 0;
        while length < total {
            let size = match random.below(50) {
                0 => largest,
                1 => 0,
                _ => random.below(largest + 1),
            };
            let start = random.below(noise.len() - size + 1);
            savefile = savefile.packet(turn as u32, length as u32, &noise[start..start + size]);
            length += 16 + size;
        }
        let mut bytes = savefile.bytes();
        match turn % 3 {
            0 => {}
            1 => bytes.truncate(total),
            _ => damage(&mut random, &mut bytes),
        }
        let theirs = PLAIN.libpcap(&mut bytes);
        for (way, call) in [
            (Way::File(0), turn % CALLS),
            (Way::File(9), random.below(CALLS)),
            (Way::Reader(usize::MAX), turn % CALLS),
            (Way::Followed(total / 2), turn % CALLS),
        ] {
            let ours = Plan::new(way, call).ours(&mut file, &bytes);
            assert!(ours == theirs, "turn {turn}, call {call}, {way:?}");
        }
    }
}

/// Sparse savefiles whose data are zeros.
#[test]
fn the_longest_packets_are_libpcaps() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.pcap");
    let mib = 1 << 20;
    for (linktype, longest) in [
        (1, 262_144),
        // USB, plain and mapped.
        (189, 262_144),
        (220, 262_144),
        // USBPcap, EBHSCR, D-Bus.
        (249, mib),
        (279, 8 * mib),
        (231, 128 * mib),
    ] {
        // The last of the packets is too long. A snaplen of 0 means none.
        let lengths = [60, longest, 0, longest - 1, 70, longest + 1];
        for (order, snaplen) in [(Order::NATIVE, 0), (Order::NATIVE, 1000), (OTHER, 1000)] {
            if snaplen == 0 && longest > 8 * mib {
                // Half a gigabyte of memory, for code that the others already tested.
                continue;
            }
            let header = Pcap::new(order, MICRO).linktype(linktype).snaplen(snaplen);
            let file = File::create(&path).unwrap();
            write_at(&file, &header.bytes(), 0);
            let mut end = 24;
            for length in lengths {
                let record = Pcap::new(order, MICRO).record([1, 2, length, length + 3], b"data");
                write_at(&file, &record.bytes()[24..], end);
                end += 16 + u64::from(length);
            }
            file.set_len(end).unwrap();
            let theirs = PLAIN.libpcap_path(&path);
            assert_eq!(
                theirs.packets.len(),
                5,
                "link type {linktype}: {:?}",
                theirs.error
            );
            let error = theirs.error.as_deref().unwrap();
            assert!(error.contains(&(longest + 1).to_string()), "{error}");
            let call = linktype as usize % CALLS;
            let from_file = Plan::new(Way::File(0), call).read(Capture::from_file(&path), None);
            let reader = Capture::from_reader(File::open(&path).unwrap());
            let from_reader = Plan::new(Way::Reader(0), call).read(reader, None);
            assert!(
                from_file == theirs,
                "link type {linktype}, {order:?}, from a file"
            );
            assert!(
                from_reader == theirs,
                "link type {linktype}, {order:?}, from a reader"
            );
        }
    }
}
