//! Batches contain the same packets as the other calls deliver, in the same order, and lose none before an error or a
//! break.

use std::io::{self, Read};
use std::time::Duration;

use pcap_core::{
    AnyCapture, Capture, End, ErrorKind, Next, Offline, Packet, PacketBatch, PacketOwned, Timestamp,
};

use super::{MANY, truncated_pings};
use crate::support::files::{
    self, Order, Pcap, Pcapng, both, number, open, open_file, ping, pings, pings_in, pings_ng,
    read_all, ways,
};

/// Limits of packets and of bytes that end batches at different places.
const LIMITS: [(usize, usize); 6] = [
    (1024, 256 * 1024),
    (1, 1),
    (0, 0),
    (7, usize::MAX),
    (usize::MAX, 3000),
    (usize::MAX, usize::MAX),
];

/// Reads to the end in batches, and checks their limits.
fn batched(
    capture: &mut Capture<Offline>,
    batch: &mut PacketBatch,
    limits: (usize, usize),
) -> Vec<PacketOwned> {
    let mut packets = Vec::new();
    while capture.read_batch(batch).unwrap() {
        assert!(!batch.is_empty());
        assert!(batch.len() <= limits.0.max(1), "{batch:?}");
        let all: usize = batch.iter().map(|packet| packet.data().len()).sum();
        let last = batch.iter().next_back().unwrap().data().len();
        assert!(
            batch.len() == 1 || all - last < limits.1,
            "{batch:?} {limits:?}"
        );
        assert_eq!(batch.iter().len(), batch.len());
        assert_eq!(batch.get(batch.len()), None);
        for (index, packet) in batch.iter().enumerate() {
            assert_eq!(batch.get(index), Some(packet));
        }
        assert_eq!(capture.packet(), None, "a batch lends no packet");
        packets.extend(batch.iter().map(Packet::into_owned));
    }
    assert!(batch.is_empty());
    assert_eq!(capture.ended(), Some(End::Eof));
    packets
}

/// Returns what no batch may change of packets.
fn parts(packets: &[PacketOwned]) -> Vec<(PacketOwned, Option<u32>)> {
    let part = |packet: &PacketOwned| (packet.clone(), packet.interface());
    packets.iter().map(part).collect()
}

#[test]
fn batches_contain_all_packets() {
    let lengths = (0..600_u32).map(|n| [n * n % 9000, 0, 1, 262_144][n as usize % 4] as usize);
    let uneven = lengths.fold(Pcap::native(), |file, n| {
        file.packet(1, 2, &vec![n as u8; n])
    });
    let usb = (0..MANY).fold(Pcap::native().linktype(189), |file, n| {
        file.packet(n.into(), 0, &ping(n))
    });
    // Only libpcap reads one of these records.
    let odd = (0..MANY).fold(Pcap::native(), |file, n| {
        file.packet(n.into(), u32::from(n == 99) << 31, &ping(n))
    });
    // The buffer of the reader grows.
    let long = Pcapng::new(Order::Big).interface(1, 0, &[]);
    let long = (0..9).fold(long, |file, n| {
        let file = file.packet(0, n, 98, &ping(n as u16));
        let file = file.packet(0, n, 262_144, &vec![7; 262_144]);
        file.block(0xbad, &vec![7; 1 << 20])
    });
    let two = Pcapng::new(Order::Big)
        .interface(1, 0, &[])
        .interface(1, 0, &[]);
    let two = (0..MANY).fold(two, |file, n| {
        let file = file.packet(u32::from(n % 2), n.into(), 98, &ping(n));
        file.block(4, &[0; 4])
    });
    let files = [
        pings(MANY),
        pings_in(Order::Big, MANY),
        pings_in(Order::Little, MANY),
        pings_ng(MANY),
        truncated_pings(),
        uneven.bytes(),
        usb.bytes(),
        odd.bytes(),
        two.bytes(),
        long.bytes(),
        Pcap::native().bytes(),
    ];
    for limits in LIMITS {
        // A batch can be used for several captures.
        let mut batch = PacketBatch::with_limits(limits.0, limits.1);
        for bytes in &files {
            let expected = parts(&read_all(&mut open_file(bytes)).unwrap());
            for mut capture in both(bytes) {
                let packets = batched(&mut capture, &mut batch, limits);
                assert!(parts(&packets) == expected, "{limits:?}");
            }
        }
    }
}

#[test]
fn batches_contain_what_the_filter_accepts() {
    for expression in ["icmp[7] & 3 = 0", "icmp[6:2] > 2490", "tcp", "ip"] {
        for (mut capture, mut other) in ways(MANY).into_iter().zip(ways(MANY)) {
            capture.set_filter(expression).unwrap();
            other.set_filter(expression).unwrap();
            let expected = parts(&read_all(&mut other).unwrap());
            let mut batch = PacketBatch::with_limits(100, 4000);
            let packets = batched(&mut capture, &mut batch, (100, 4000));
            assert_eq!(parts(&packets), expected);
        }
    }
}

#[test]
fn batches_continue_after_other_calls() {
    for mut capture in ways(MANY) {
        let mut batch = PacketBatch::with_limits(10, usize::MAX);
        let mut expected = 0;
        while let Some(packet) = capture.next_packet().unwrap() {
            assert_eq!(number(packet.data()), expected);
            expected += 1;
            if capture.read_batch(&mut batch).unwrap() {
                let numbers = batch.iter().map(|packet| number(packet.data()));
                assert!(numbers.eq(expected..expected + batch.len() as u16));
                expected += batch.len() as u16;
            }
            let done = capture.for_each_up_to(3, |_| {}).unwrap();
            expected += done.packets() as u16;
        }
        assert_eq!(expected, MANY);
    }
}

#[test]
fn a_break_ends_one_batch_and_loses_nothing() {
    for mut capture in ways(MANY) {
        let handle = capture.break_handle();
        let mut batch = PacketBatch::with_limits(100, usize::MAX);
        assert!(capture.read_batch(&mut batch).unwrap());
        handle.breakloop();
        assert!(!capture.read_batch(&mut batch).unwrap());
        assert!(batch.is_empty());
        assert_eq!(capture.ended(), Some(End::Break));
        handle.breakloop();
        let next = capture.try_read_batch(&mut batch).unwrap();
        assert_eq!(next, Next::End(End::Break));
        let rest = read_all(&mut capture).unwrap();
        assert_eq!(rest.len(), usize::from(MANY) - 100);
        assert_eq!(number(rest[0].data()), 100);
    }
}

#[test]
fn packets_come_before_the_error() {
    for (bytes, cut) in [(pings(MANY), 50), (pings_ng(MANY), 50)] {
        for mut capture in both(&bytes[..bytes.len() - cut]) {
            let mut batch = PacketBatch::new();
            let mut packets = 0;
            let error = loop {
                match capture.read_batch(&mut batch) {
                    Ok(more) => assert!(more, "a truncated file has no end"),
                    Err(error) => break error,
                }
                packets += batch.len();
            };
            assert_eq!(packets, usize::from(MANY) - 1);
            assert_eq!(error.kind(), ErrorKind::SavefileTruncated);
            assert!(batch.is_empty());
            let again = capture.try_read_batch(&mut batch).unwrap_err();
            assert_eq!(again.to_string(), error.to_string());
        }
    }
}

#[test]
fn a_deadline_does_not_end_a_savefile() {
    for timeout in [Duration::ZERO, Duration::MAX] {
        for mut capture in ways(3) {
            let mut batch = PacketBatch::new();
            let next = capture.read_batch_timeout(&mut batch, timeout).unwrap();
            assert_eq!((next, batch.len()), (Next::Packet(()), 3));
            let next = capture.read_batch_timeout(&mut batch, timeout).unwrap();
            assert_eq!((next, batch.len()), (Next::End(End::Eof), 0));
        }
    }
}

#[test]
fn a_followed_file_has_batches_of_what_is_there() {
    let mut capture = open_file(&pings(3));
    capture.follow(true).unwrap();
    let mut batch = PacketBatch::new();
    assert!(capture.read_batch(&mut batch).unwrap());
    assert_eq!(batch.len(), 3);
    let next = capture.read_batch_timeout(&mut batch, Duration::from_millis(30));
    assert_eq!(next.unwrap(), Next::Timeout);
    assert!(batch.is_empty());
}

/// The call once waited for as many packets as libpcap reads at once.
#[test]
fn a_batch_from_a_reader_waits_only_for_the_first_packet() {
    struct OneByOne(Vec<Vec<u8>>);
    impl Read for OneByOne {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            assert!(!self.0.is_empty(), "expected no read before the end");
            self.0[0].as_slice().read(buffer).inspect(|&length| {
                self.0[0].drain(..length);
                if self.0[0].is_empty() {
                    self.0.remove(0);
                }
            })
        }
    }
    for linktype in [1, 189] {
        let empty = Pcap::native().linktype(linktype);
        let start = empty.bytes().len();
        let bytes = empty.packet(1, 2, &ping(0)).packet(3, 4, &ping(1)).bytes();
        let (header, records) = bytes.split_at(start);
        let records = records.chunks(records.len() / 2).map(<[u8]>::to_vec);
        let parts = [header.to_vec()].into_iter().chain(records).collect();
        let mut capture = Capture::from_reader(OneByOne(parts)).unwrap();
        let mut batch = PacketBatch::new();
        for n in 0..2 {
            assert!(capture.read_batch(&mut batch).unwrap());
            let numbers: Vec<_> = batch.iter().map(|packet| number(packet.data())).collect();
            assert_eq!(numbers, [n], "{linktype}");
        }
    }
}

/// Only libpcap reads these records, one by one.
#[test]
fn batches_of_odd_records_are_found_at_once() {
    let odd = |file: Pcap, n: u16| file.packet(n.into(), 1 << 31, &ping(n));
    let bytes = (0..4).fold(Pcap::native(), odd).bytes();
    for follow in [false, true] {
        let mut capture = open_file(&bytes);
        capture.follow(follow).unwrap();
        let mut batch = PacketBatch::new();
        for n in 0..4 {
            let next = capture.try_read_batch(&mut batch).unwrap();
            assert_eq!((next, batch.len()), (Next::Packet(()), 1), "{n}");
            assert_eq!(number(batch.get(0).unwrap().data()), n);
        }
    }
}

#[test]
fn any_capture_reads_batches() {
    let mut capture = AnyCapture::from(open(pings(3)));
    let mut batch = PacketBatch::new();
    assert!(capture.read_batch(&mut batch).unwrap());
    let numbers = batch.iter().map(|packet| number(packet.data()));
    assert!(numbers.eq(0..3));
}

#[test]
fn a_batch_can_be_filled_by_hand() {
    let packet = |n: u16| Packet::new(Timestamp::new(n.into(), 0), 1000, b"abc").into_owned();
    let mut batch = PacketBatch::default();
    batch.extend((0..5).map(packet));
    batch.push(packet(5));
    let copy = batch.clone();
    batch.clear();
    assert!(batch.is_empty() && batch.iter().next().is_none());
    let packets: Vec<_> = copy.iter().rev().map(Packet::into_owned).collect();
    assert!(packets.into_iter().eq((0..6).rev().map(packet)));
    let mut dumper = files::open(pings(0)).dump_to(Vec::new()).unwrap();
    for packet in &copy {
        dumper.write(packet).unwrap();
    }
    let written: Vec<u8> = dumper.into_writer().unwrap();
    assert_eq!(read_all(&mut open(written)).unwrap().len(), 6);
}

#[test]
fn a_batch_goes_to_another_thread() {
    let mut batch = PacketBatch::new();
    assert!(open(pings(3)).read_batch(&mut batch).unwrap());
    let there = std::thread::spawn(move || batch.iter().map(|p| p.data().len()).sum::<usize>());
    assert_eq!(there.join().unwrap(), 3 * 98);
}

/// libpcap reads this old version. Its error is returned after the packets before it.
#[test]
fn a_batch_before_damage_is_complete() {
    let old = Pcap::native().version(2, 3);
    let file = (0..3).fold(old, |file, n| file.packet(n, 0, &ping(n as u16)));
    let bytes = file.bytes();
    for mut capture in files::both(&bytes[..bytes.len() - 10]) {
        let (mut batch, mut packets) = (PacketBatch::new(), 0);
        let error = loop {
            match capture.read_batch(&mut batch) {
                Ok(more) => assert!(more, "the end"),
                Err(error) => break error,
            }
            for packet in &batch {
                assert_eq!(packet.data(), ping(packets));
                packets += 1;
            }
        };
        assert_eq!(packets, 2);
        assert_eq!(error.kind(), ErrorKind::SavefileTruncated, "{error}");
        let again = capture.read_batch(&mut batch).unwrap_err();
        assert_eq!(again.to_string(), error.to_string());
    }
}
