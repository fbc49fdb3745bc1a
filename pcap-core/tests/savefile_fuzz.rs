//! Damaged savefiles, each read to its end by this crate and by libpcap itself: the same packets, the
//! same end, the same words. Always the same files.
//!
//! `SAVEFILE_FUZZ_COUNT` is how many are tried (default 20 000).
#![cfg(unix)]

#[path = "support/files.rs"]
mod files;

use std::ffi::{CStr, c_char};
use std::fs::File;
use std::io::{Seek, Write};
use std::ops::ControlFlow;
use std::ptr::null_mut;
use std::time::Duration;

use files::{IF_TSOFFSET, IF_TSRESOL, MICRO, NANO, Order, PATCHED, Pcap, Pcapng, Random, ping};
use pcap_core::{Capture, End, Error, Next, Offline, Packet, SavefileFormat};

/// A packet as raw as both sides give it.
type Raw = ((i64, i64), u32, u32, Vec<u8>);

/// The packets, and the error that came after them or instead of them.
type Outcome = (Vec<Raw>, Option<String>);

/// What libpcap says, called as a C program would.
fn libpcap(bytes: &mut [u8]) -> Outcome {
    let mut packets = Vec::new();
    let mut errbuf = [0 as c_char; pcap_sys::PCAP_ERRBUF_SIZE as usize];
    let length = bytes.len();
    // SAFETY: the bytes outlive the stream; the mode is a C string.
    let stream = unsafe { libc::fmemopen(bytes.as_mut_ptr().cast(), length, c"rb".as_ptr()) };
    assert!(!stream.is_null());
    let nano = pcap_sys::PCAP_TSTAMP_PRECISION_NANO as _;
    // SAFETY: the stream is open, the buffer as large as libpcap asks for.
    let pcap = unsafe {
        pcap_sys::pcap_fopen_offline_with_tstamp_precision(stream.cast(), nano, errbuf.as_mut_ptr())
    };
    if pcap.is_null() {
        // SAFETY: the stream stayed ours.
        unsafe { libc::fclose(stream) };
        // SAFETY: libpcap wrote a C string into it.
        let text = unsafe { CStr::from_ptr(errbuf.as_ptr()) };
        return (packets, Some(text.to_str().unwrap().to_owned()));
    }
    let classic = SavefileFormat::Pcap == open_format(bytes);
    let error = loop {
        let mut header = null_mut();
        let mut data = std::ptr::null();
        // SAFETY: the handle is open; both pointers are ours to be set.
        let status = unsafe { pcap_sys::pcap_next_ex(pcap, &mut header, &mut data) };
        if status != 1 {
            // SAFETY: the handle is open.
            let text = unsafe { pcap_sys::pcap_geterr(pcap) };
            // SAFETY: a C string in the handle.
            let text = unsafe { CStr::from_ptr(text) };
            break (status != pcap_sys::PCAP_ERROR_BREAK)
                .then(|| text.to_str().unwrap().to_owned());
        }
        // SAFETY: set by the successful call.
        let header = unsafe { *header };
        // SAFETY: there are so many bytes until the next call.
        let data = unsafe { std::slice::from_raw_parts(data, header.caplen as usize) };
        // The one difference: seconds of classic files are always unsigned here.
        let mask = if classic { u32::MAX.into() } else { -1 };
        let time = (header.ts.tv_sec & mask, header.ts.tv_usec);
        packets.push((time, header.caplen, header.len, data.to_vec()));
    };
    // SAFETY: the handle is open and ours; this closes the stream.
    unsafe { pcap_sys::pcap_close(pcap) };
    (packets, error)
}

fn open_format(bytes: &[u8]) -> SavefileFormat {
    match bytes.get(..4) {
        Some([0x0a, 0x0d, 0x0d, 0x0a]) => SavefileFormat::Pcapng,
        _ => SavefileFormat::Pcap,
    }
}

/// What this crate says, by one of its reading calls.
fn ours(capture: Result<Capture<Offline>, impl Into<Error>>, call: usize) -> Outcome {
    let mut packets = Vec::new();
    let mut keep = |packet: Packet<'_>| {
        assert_eq!(packet.data().len(), packet.caplen() as usize);
        let _ = packet.timestamp();
        let time = packet.header().raw_timestamp();
        packets.push((time, packet.caplen(), packet.len(), packet.data().to_vec()));
    };
    let mut capture = match capture.map_err(Into::into) {
        Ok(capture) => capture,
        Err(error) => return (packets, Some(error.text().to_owned())),
    };
    let result = match call {
        0 => loop {
            match capture.next_packet() {
                Ok(Some(packet)) => keep(packet),
                other => break other.map(drop),
            }
        },
        1 => loop {
            match capture.try_next_packet() {
                Ok(Next::Packet(packet)) => keep(packet),
                other => break other.map(|next| assert_eq!(next, Next::Eof)),
            }
        },
        2 => loop {
            match capture.next_packet_timeout(Duration::ZERO) {
                Ok(Next::Packet(packet)) => keep(packet),
                other => break other.map(|next| assert_eq!(next, Next::Eof)),
            }
        },
        3 => capture.for_each(&mut keep).map(drop),
        4 => loop {
            match capture.dispatch(3, &mut keep) {
                Ok(done) if done.end == End::Count => {}
                other => break other.map(drop),
            }
        },
        5 => loop {
            let flow = capture.try_for_each(|packet| {
                keep(packet);
                ControlFlow::Break(())
            });
            match flow {
                Ok(ControlFlow::Break(())) => {}
                other => break other.map(drop),
            }
        },
        6 => loop {
            match capture.for_each_up_to(2, &mut keep) {
                Ok(done) if done.end == End::Count => {}
                other => break other.map(drop),
            }
            match capture.advance() {
                Ok(true) => keep(capture.packet().unwrap()),
                other => break other.map(drop),
            }
        },
        _ => capture.packets().try_for_each(|packet| {
            keep(packet?.as_packet());
            Ok(())
        }),
    };
    let error = result.err().map(|error| error.text().to_owned());
    // The end and an error are for ever.
    let again = capture
        .next_packet()
        .map(|packet| assert!(packet.is_none()));
    assert_eq!(again.err().map(|error| error.text().to_owned()), error);
    (packets, error)
}

/// Good files of every kind.
fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for order in Order::BOTH {
        for (magic, version, linktype) in [
            (MICRO, (2, 4), 1),
            (NANO, (2, 4), 1),
            (NANO, (2, 4), 101),
            (MICRO, (2, 2), 1),
            (MICRO, (2, 3), 1),
            (PATCHED, (2, 4), 101),
            // Link types whose packets libpcap changes, or that may be longer.
            (MICRO, (2, 4), 117),
            (MICRO, (2, 4), 189),
            (MICRO, (2, 4), 220),
            (MICRO, (2, 4), 231),
            (MICRO, (2, 4), 239),
            (MICRO, (2, 4), 249),
            (MICRO, (2, 4), 276),
        ] {
            let mut file = Pcap::new(order, magic).linktype(linktype).snaplen(200);
            (file.version.0, file.version.1) = version;
            for n in 0..6u16 {
                let data = &ping(n)[..98 - 13 * usize::from(n)];
                let mut header = [5, u32::from(n), data.len() as u32, 98];
                if version < (2, 3) {
                    header.swap(2, 3);
                }
                file = file.record(header, data);
                if magic == PATCHED {
                    file = file.raw(&[1; 8]);
                }
            }
            seeds.push(file.bytes());
        }
        for (resolution, offset) in [(6, 0), (9, -3), (0x80 | 20, 1), (0, 1 << 40)] {
            let offset: i64 = offset;
            let options = [
                (IF_TSRESOL, vec![resolution]),
                (IF_TSOFFSET, order.u64(offset as u64).to_vec()),
            ];
            let mut file = Pcapng::new(order).interface(1, 200, &options);
            for n in 0..4u16 {
                file = file.packet(
                    0,
                    (5 << 30) | u64::from(n),
                    98,
                    &ping(n)[..98 - 9 * usize::from(n)],
                );
            }
            // A simple packet, and blocks of statistics and of nobody's.
            let simple = [&order.u32(60)[..], &ping(0)[..60]].concat();
            file = file
                .block(3, &simple)
                .block(5, &[0; 12])
                .block(0xbad, b"abc");
            seeds.push(
                file.section()
                    .interface(1, 200, &options)
                    .packet(0, 1, 4, b"last")
                    .bytes(),
            );
        }
    }
    seeds
}

/// Damages a file in one to four places.
fn damage(random: &mut Random, bytes: &mut Vec<u8>) {
    const NUMBERS: [u32; 12] = [
        0,
        1,
        15,
        199,
        200,
        201,
        262_144,
        262_145,
        0x7fff_ffff,
        0x8000_0000,
        u32::MAX - 11,
        u32::MAX,
    ];
    for _ in 0..=random.below(4) {
        let length = bytes.len();
        if length < 8 {
            return;
        }
        let at = random.below(length - 4);
        match random.below(8) {
            0 => bytes[at] ^= 1 << random.below(8),
            1 => bytes[at] = random.next() as u8,
            2 | 3 => {
                // Where the fields are.
                let number = NUMBERS[random.below(NUMBERS.len())];
                let order = Order::BOTH[random.below(2)];
                bytes[at / 4 * 4..][..4].copy_from_slice(&order.u32(number));
            }
            4 => bytes.truncate(at),
            5 => drop(bytes.drain(at..at + random.below(length - at))),
            6 => {
                let copy = bytes[at..at + random.below(length - at)].to_vec();
                let to = random.below(length);
                bytes.splice(to..to, copy);
            }
            _ => {
                let (to, count) = (random.below(length), random.below(40));
                let inserted = random.bytes(count);
                bytes.splice(to..to, inserted);
            }
        }
    }
}

/// The file with these bytes, open at its start.
fn refill(file: &mut File, bytes: &[u8]) -> File {
    file.set_len(0).unwrap();
    file.rewind().unwrap();
    file.write_all(bytes).unwrap();
    file.rewind().unwrap();
    file.try_clone().unwrap()
}

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
        if turn >= seeds.len() {
            damage(&mut random, &mut bytes);
        }
        let theirs = libpcap(&mut bytes);
        let call = random.below(8);
        let read = ours(Capture::from_open_file(refill(&mut file, &bytes)), call);
        assert_eq!(
            read, theirs,
            "turn {turn}, call {call} on a file: {bytes:02x?}"
        );
        let call = random.below(8);
        let read = ours(files::try_open(&bytes[..]), call);
        assert_eq!(
            read, theirs,
            "turn {turn}, call {call} on a reader: {bytes:02x?}"
        );
        packets += theirs.0.len();
        errors += usize::from(theirs.1.is_some());
        unopened += usize::from(theirs.0.is_empty() && theirs.1.is_some());
        if turn < seeds.len() {
            assert!(
                theirs.0.len() >= 5 && theirs.1.is_none(),
                "seed {turn}: {theirs:?}"
            );
        }
    }
    // The damage is neither total nor none.
    assert!(packets > 2 * count, "{packets}");
    assert!(
        (count / 4..count - count / 20).contains(&errors),
        "{errors}"
    );
    assert!(unopened < count / 2, "{unopened}");
}

/// libpcap changes packets of some link types while it reads them, even of the machine's own byte
/// order.
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
                // Of USB: an isochronous transfer that was completed into this machine, with a
                // buffer of 920 bytes of which one piece of 20 was filled.
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
            let theirs = libpcap(&mut bytes);
            if theirs.1.is_none() && theirs.0 != packets {
                changed.push(linktype);
            }
            let read = ours(files::try_open(&bytes[..]), linktype as usize % 8);
            assert_eq!(read, theirs, "link type {linktype}, {order:?}");
            for call in [0, 3] {
                let read = ours(Capture::from_open_file(refill(&mut on_disk, &bytes)), call);
                assert_eq!(read, theirs, "link type {linktype}, {order:?}");
            }
        }
    }
    // USB with a mapped header, even of native byte order, but not yet in libpcap 1.10.0; others of the other order
    // only.
    let libpcap = pcap_core::version();
    let first = (libpcap.major(), libpcap.minor(), libpcap.patch()) == (1, 10, 0);
    let times = |linktype| changed.iter().filter(|&&n| n == linktype).count();
    let expected = (if first { 1 } else { 2 }, 1);
    assert_eq!((times(220), times(189)), expected, "{changed:?}");
}

#[test]
fn large_files_with_records_across_every_buffers_end_are_read_as_libpcap_reads_them() {
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
        let theirs = libpcap(&mut bytes);
        for call in [turn % 8, random.below(8)] {
            let read = ours(Capture::from_open_file(refill(&mut file, &bytes)), call);
            assert!(read == theirs, "turn {turn}, call {call} on a file");
        }
        let read = ours(files::try_open(&bytes[..]), turn % 8);
        assert!(read == theirs, "turn {turn} on a reader");
    }
}
