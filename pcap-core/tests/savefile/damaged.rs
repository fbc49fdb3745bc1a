//! Hostile and damaged classic savefiles: what is an error, which one, which packets come before it, and that the
//! error repeats with each call.

use std::fs::{self, File};
use std::io::Read;
use std::ops::ControlFlow;
use std::time::Duration;

use pcap_core::{Capture, ErrorKind, SavefileFormat, Timestamp};

use crate::support::files::{
    self, MICRO, NANO, Order, Pcap, both, open, open_file, ping, pings, read_all, until_error,
};
use crate::support::random::Random;

/// Opens invalid bytes, as a file and through a reader, and returns the error, which must be the same.
fn refused(bytes: &[u8]) -> pcap_core::Error {
    let folder = tempfile::tempdir().unwrap();
    let path = files::file(folder.path(), "a.pcap", bytes);
    let by_path = Capture::from_file(&path).unwrap_err();
    let by_file = Capture::from_open_file(File::open(&path).unwrap()).unwrap_err();
    let mut file: File = by_file.take().unwrap();
    // The file is returned unchanged.
    let mut again = Vec::new();
    file.read_to_end(&mut again).unwrap();
    assert_eq!(again, bytes);
    let by_reader = files::try_open(bytes).unwrap_err();
    for error in [&by_file, &by_reader] {
        assert_eq!(
            (error.kind(), error.text()),
            (by_path.kind(), by_path.text())
        );
    }
    assert_eq!(by_path.object(), path.to_str());
    by_path
}

#[test]
fn a_directory_is_an_io_error_that_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let error = Capture::from_file(folder.path()).unwrap_err();
    let kind = match cfg!(windows) {
        true => std::io::ErrorKind::PermissionDenied,
        false => std::io::ErrorKind::IsADirectory,
    };
    assert_eq!(error.kind(), ErrorKind::Io(kind));
    assert_eq!(error.object(), folder.path().to_str());
    assert!(error.io_error().is_some());
}

#[test]
fn a_write_only_file_is_an_io_error() {
    let folder = tempfile::tempdir().unwrap();
    let file = File::create(folder.path().join("a.pcap")).unwrap();
    let error = Capture::from_open_file(file).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Io(_)), "{error:?}");
}

#[test]
fn a_cut_header_is_truncated() {
    for order in Order::BOTH {
        for magic in [MICRO, NANO] {
            let header = Pcap::new(order, magic).bytes();
            for length in 0..24 {
                let error = refused(&header[..length]);
                assert_eq!(error.kind(), ErrorKind::SavefileTruncated, "{length}");
                let wanted = if length < 4 { 4 } else { 24 };
                let text = format!("tried to read {wanted} file header bytes");
                assert!(error.text().contains(&text), "{error}");
            }
            assert!(open(header).next_packet().unwrap().is_none());
        }
    }
}

#[test]
fn random_bytes_are_an_unknown_file_format() {
    let mut random = Random::new(11);
    for _ in 0..200 {
        let length = 4 + random.below(200);
        let error = refused(&random.bytes(length));
        assert_eq!(error.kind(), ErrorKind::SavefileBad);
        assert_eq!(error.text(), "unknown file format");
    }
    let error = refused(&[0; 100]);
    assert_eq!(error.text(), "unknown file format");
}

#[test]
fn a_compressed_file_is_named_as_that() {
    let starts: [(&str, &[u8]); 5] = [
        ("gzip", &[0x1f, 0x8b, 8, 0]),
        ("zstd", &[0x28, 0xb5, 0x2f, 0xfd]),
        ("lz4", &[0x04, 0x22, 0x4d, 0x18]),
        ("xz", &[0xfd, 0x37, 0x7a, 0x58, 0x5a, 0]),
        ("bzip2", b"BZh91AY"),
    ];
    for (by, start) in starts {
        let error = refused(&[start, &[7; 100]].concat());
        assert_eq!(error.kind(), ErrorKind::SavefileBad);
        let text = format!("unknown file format; it is compressed by {by}: ");
        assert!(error.text().starts_with(&text), "{error}");
        assert!(error.text().contains("`Capture::from_reader`"), "{error}");
    }
    // It is valid as the name of a savefile.
    let folder = tempfile::tempdir().unwrap();
    let path = files::file(folder.path(), "a.pcap.gz", &pings(2));
    assert_eq!(
        read_all(&mut Capture::from_file(path).unwrap())
            .unwrap()
            .len(),
        2
    );
}

/// An error in the middle of a stream is neither ignored nor retried forever.
// Shows: libpcap/error-middle-stream-swallowed, parity/error-middle-stream-swallowed
#[test]
fn a_cut_file_gives_its_packets_then_fails() {
    let bytes = pings(3);
    let record = 16 + 98;
    let lengths = (24..=bytes.len()).flat_map(|length| [(length, 0), (length, 1)]);
    for (length, way) in lengths {
        let [reader, file] = both(&bytes[..length]);
        let mut capture = if way == 0 { reader } else { file };
        let whole = (length - 24) / record;
        let rest = (length - 24) % record;
        if rest == 0 {
            assert_eq!(read_all(&mut capture).unwrap().len(), whole);
            continue;
        }
        let (packets, error) = until_error(&mut capture);
        assert_eq!(packets.len(), whole, "{length}");
        for (n, packet) in packets.iter().enumerate() {
            assert_eq!(packet.data(), ping(n as u16));
        }
        assert_eq!(error.kind(), ErrorKind::SavefileTruncated);
        let text = match rest {
            0..16 => format!("tried to read 16 header bytes, only got {rest}"),
            _ => format!("tried to read 98 captured bytes, only got {}", rest - 16),
        };
        assert!(error.text().contains(&text), "{error}");
        for _ in 0..3 {
            let again = [
                capture.next_packet().unwrap_err(),
                capture.try_next_packet().unwrap_err(),
                capture.next_packet_timeout(Duration::ZERO).unwrap_err(),
                capture.advance().unwrap_err(),
                capture
                    .dispatch_up_to(7, |_| panic!("a packet"))
                    .unwrap_err(),
                capture.for_each(|_| panic!("a packet")).unwrap_err(),
            ];
            for again in again {
                assert_eq!((again.kind(), again.text()), (error.kind(), error.text()));
            }
            assert_eq!(capture.ended(), None);
            assert_eq!(capture.packet(), None);
        }
    }
}

/// An error in the middle of a stream must not suppress the packets before it.
// Shows: libpcap/error-middle-stream-swallowed, parity/error-middle-stream-swallowed
#[test]
fn what_comes_before_the_damage_is_read() {
    let mut bytes = pings(1030);
    bytes.extend([1, 2, 3]);
    let ways: [&dyn Fn() -> _; 2] = [&|| open(bytes.clone()), &|| open_file(&bytes)];
    for new in ways {
        let mut seen = 0;
        let error = new().for_each(|_| seen += 1).unwrap_err();
        assert_eq!((seen, error.kind()), (1030, ErrorKind::SavefileTruncated));

        let mut seen = 0;
        let error = new().dispatch(|_| seen += 1).unwrap_err();
        assert_eq!((seen, error.kind()), (1030, ErrorKind::SavefileTruncated));

        let mut seen = 0;
        let flow: Result<ControlFlow<(), _>, _> = new().try_for_each(|_| {
            seen += 1;
            ControlFlow::Continue(())
        });
        assert_eq!(flow.unwrap_err().kind(), ErrorKind::SavefileTruncated);
        assert_eq!(seen, 1030);

        // A limit that is reached before the damage gives no error.
        let mut capture = new();
        assert_eq!(
            capture.for_each_up_to(1030, |_| {}).unwrap().packets(),
            1030
        );
        assert!(capture.for_each_up_to(0, |_| {}).is_ok());
        assert!(capture.for_each_up_to(1, |_| {}).is_err());

        // Single reads first, then a closure, which gets what was read ahead.
        for single in [1, 1000, 1029, 1030] {
            let mut capture = new();
            for _ in 0..single {
                assert!(capture.advance().unwrap());
            }
            let mut seen = 0;
            let error = capture.for_each(|_| seen += 1).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::SavefileTruncated);
            assert_eq!(single + seen, 1030);
            assert!(capture.advance().is_err());
        }

        let mut capture = new();
        let mut packets = capture.packets();
        let good = packets.by_ref().take(1030).filter(Result::is_ok).count();
        assert_eq!(good, 1030);
        assert!(packets.next().unwrap().is_err());
        assert!(packets.next().is_none(), "a packet after the error");
        assert!(packets.next().is_none());
        // A new iterator returns the error again.
        assert!(capture.packets().next().unwrap().is_err());

        let mut packets = new().into_packets();
        assert_eq!(packets.by_ref().filter(Result::is_ok).count(), 1030);
        assert!(packets.next().is_none());
        assert!(packets.into_inner().next_packet().is_err());
    }
}

/// libpcap moves its buffer even in reads that fail.
// Shows: libpcap/libpcap-moves-buffer-read
#[test]
fn a_failed_read_lends_no_packet() {
    // The second record makes libpcap move its buffer to a larger one before it finds that the file is truncated: a
    // packet still lent would lie in freed memory.
    let bytes = Pcap::native()
        .packet(1, 1, &[7; 60])
        .record([1, 1, 200_000, 200_000], &[8; 100])
        .bytes();
    for mut capture in both(&bytes) {
        assert!(capture.advance().unwrap());
        assert_eq!(capture.packet().unwrap().data(), [7; 60]);
        assert!(capture.advance().is_err());
        assert_eq!(capture.packet(), None);
    }
    for mut capture in both(&bytes) {
        assert!(capture.advance().unwrap());
        assert!(capture.next_packet_timeout(Duration::ZERO).is_err());
        assert_eq!(capture.packet(), None);
    }
    for mut capture in both(&bytes) {
        assert!(capture.advance().unwrap());
        assert!(capture.for_each(|_| {}).is_err());
        assert_eq!(capture.packet(), None);
    }
}

/// libpcap's limit for a record is 262144 bytes, and larger for a few link types.
// Shows: libpcap/records-above-262-144
#[test]
fn a_caplen_above_262144_is_an_error() {
    for caplen in [262_145, 0x7fff_ffff, 0x8000_0000, u32::MAX] {
        for snaplen in [0, 96, 262_144, 0x7fff_ffff] {
            let bytes = Pcap::native()
                .snaplen(snaplen)
                .packet(1, 1, b"good")
                .record([1, 1, caplen, caplen], &[0; 1000])
                .bytes();
            let (packets, error) = until_error(&mut open(bytes));
            assert_eq!(packets.len(), 1);
            assert_eq!(error.kind(), ErrorKind::SavefileBad);
            let text = format!("invalid packet capture length {caplen}");
            assert!(error.text().starts_with(&text), "{error}");
        }
    }
    // Exactly that many are valid.
    let data = vec![5; 262_144];
    let mut capture = open(Pcap::native().packet(1, 1, &data).bytes());
    assert_eq!(capture.next_packet().unwrap().unwrap().data(), data);
    // And more for link types with longer packets.
    let data = vec![5; 1 << 20];
    let bytes = Pcap::native()
        .linktype(231)
        .snaplen(0)
        .packet(1, 1, &data)
        .bytes();
    assert_eq!(open(bytes).next_packet().unwrap().unwrap().data(), data);
}

/// In classic savefiles libpcap truncates a record longer than the snaplen; in pcapng it rejects it.
// Shows: libpcap/record-above-snaplen-cut
#[test]
fn a_caplen_above_the_snaplen_is_cut() {
    let long: Vec<u8> = (0..10_000u32).map(|n| n as u8).collect();
    for order in Order::BOTH {
        let bytes = Pcap::new(order, MICRO)
            .snaplen(96)
            .packet(1, 1, &long)
            .packet(2, 2, b"next")
            .bytes();
        let mut capture = open(bytes);
        let packet = capture.next_packet().unwrap().unwrap();
        assert_eq!((packet.caplen(), packet.wire_len()), (96, 10_000));
        assert_eq!(packet.data(), &long[..96]);
        assert_eq!(capture.next_packet().unwrap().unwrap().data(), b"next");
    }
}

/// The data has as many bytes as were captured, never as many as the wire length; libpcap passes on a wire length
/// below the caplen.
// Shows: libpcap/length-wire-taken-length
#[test]
fn a_wire_length_below_the_caplen_is_kept() {
    for len in [0, 1, 59] {
        let mut capture = open(Pcap::native().record([1, 1, 60, len], &[9; 60]).bytes());
        capture.set_filter("").unwrap();
        let packet = capture.next_packet().unwrap().unwrap();
        assert_eq!((packet.caplen(), packet.wire_len()), (60, len));
        assert_eq!(packet.data(), [9; 60]);
        assert!(!packet.header().is_truncated());
    }
}

/// libpcap does not check the fraction of a second, so it may have any value.
// Shows: libpcap/fractions-second-checked-pcapngs
#[test]
fn a_fraction_beyond_a_second_is_carried() {
    for order in Order::BOTH {
        for (magic, unit) in [(MICRO, 1000), (NANO, 1)] {
            for secs in [0, 1, u32::MAX] {
                for fraction in [1_000_000_000, 0x7fff_ffff, 0x8000_0000, u32::MAX] {
                    let file = Pcap::new(order, magic).packet(secs, fraction, b"x");
                    let mut capture = open(file.bytes());
                    let packet = capture.next_packet().unwrap().unwrap();
                    // Some versions of libpcap treat the fraction as signed, some as unsigned.
                    let raw = (packet.header().raw_secs(), packet.header().raw_nanos());
                    let signed = i64::from(fraction as i32) * unit;
                    let unsigned = i64::from(fraction) * unit;
                    assert_eq!(raw.0, i64::from(secs));
                    // If C's times have 32 bits, libpcap's value is truncated to them.
                    let cut = i64::from((fraction as i32).wrapping_mul(unit as i32));
                    let short = size_of::<pcap_sys::timeval>() == 8;
                    let known = [signed, unsigned, if short { cut } else { signed }];
                    assert!(known.contains(&raw.1), "{raw:?}");
                    let time = packet.timestamp();
                    assert_eq!(time, Timestamp::new(raw.0, raw.1));
                    assert!(time.subsec_nanos() < 1_000_000_000);
                    // None of these panics.
                    let _ = std::time::SystemTime::try_from(time);
                    let _ = format!("{time} {packet:?}");
                    let _ = time.as_secs_f64();
                }
            }
        }
    }
}

/// libpcap passes on a huge snaplen of a savefile; allocating by it would exhaust the memory.
// Shows: libpcap/records-above-262-144
#[test]
fn a_huge_snaplen_is_never_allocated() {
    for (snaplen, seen) in [
        (0, 262_144),
        (0x7fff_ffff, 0x7fff_ffff),
        (0x8000_0000, 262_144),
        (u32::MAX, 262_144),
        (1, 1),
    ] {
        for order in Order::BOTH {
            let file = Pcap::new(order, MICRO).snaplen(snaplen).packet(1, 1, b"x");
            let before = address_space();
            let mut capture = open(file.bytes());
            assert_eq!(capture.snaplen(), seen);
            assert_eq!(capture.next_packet().unwrap().unwrap().data(), b"x");
            let grown = address_space().saturating_sub(before);
            // Other tests run meanwhile: by the snaplen it would be 2 GiB.
            assert!(grown < 1 << 30, "{grown} bytes");
        }
    }
}

/// Returns the size of this process's address space in bytes.
fn address_space() -> u64 {
    let status = fs::read_to_string("/proc/self/statm").unwrap();
    let pages: u64 = status.split(' ').next().unwrap().parse().unwrap();
    pages * 4096
}

#[test]
fn a_wrong_bit_in_the_magic_is_refused() {
    // With any bit of the magic number flipped, it is never read as another kind of savefile.
    let good = pings(2);
    let known: Vec<[u8; 4]> = Order::BOTH
        .iter()
        .flat_map(|order| [MICRO, NANO, files::PATCHED].map(|magic| order.u32(magic)))
        .collect();
    for bit in 0..32 {
        let mut bytes = good.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        if known.contains(&bytes[..4].try_into().unwrap()) {
            continue;
        }
        let error = files::try_open(bytes).unwrap_err();
        assert_eq!(error.text(), "unknown file format", "bit {bit}");
    }
    assert_eq!(open(good).savefile_format(), SavefileFormat::Pcap);
}

#[test]
fn a_file_that_grows_ends_where_it_ended() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = pings(2);
    let path = files::file(folder.path(), "a.pcap", &bytes[..24 + 114]);
    let mut capture = Capture::from_file(&path).unwrap();
    assert_eq!(read_all(&mut capture).unwrap().len(), 1);
    fs::write(&path, &bytes).unwrap();
    assert!(capture.next_packet().unwrap().is_none());
}

// Shows: parity/3-missing-file-error
#[test]
fn ab_ad_1d_ea_is_an_unknown_format() {
    let folder = tempfile::tempdir().unwrap();
    let path = files::file(folder.path(), "bad idea", &[0xab, 0xad, 0x1d, 0xea]);
    let error = Capture::from_file(&path).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SavefileBad);
    assert_eq!(error.text(), "unknown file format");
    assert!(error.to_string().contains("bad idea"), "{error}");
    let error = files::try_open([0xab, 0xad, 0x1d, 0xea]).unwrap_err();
    assert_eq!(error.text(), "unknown file format");
}
