//! Appending to existing savefiles: which are accepted, and which are rejected and then unchanged.
use crate::support::files;

use std::fs;
use std::path::Path;

use crate::support::files::{MICRO, NANO, Order, Pcap, Pcapng, ping, pings, read_all};
use pcap_core::{Capture, Dead, Dlt, ErrorKind, Packet, Precision, Timestamp};

fn dead() -> Capture<Dead> {
    Capture::dead_with(Dlt::EN10MB, 0, Precision::Micro).unwrap()
}

fn append(path: &Path, number: u16) {
    let mut dumper = dead().dump_append(path).unwrap();
    let time = Timestamp::from_micros(1_700_000_000 + i64::from(number), number.into());
    dumper.write(Packet::whole(time, &ping(number))).unwrap();
    dumper.close().unwrap();
}

#[test]
fn appending_in_pieces_is_writing_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.pcap");
    for number in 0..20 {
        append(&path, number);
        assert_eq!(fs::read(&path).unwrap(), pings(number + 1));
    }
    // Also to an empty file; opening alone appends nothing.
    fs::write(&path, b"").unwrap();
    dead().dump_append(&path).unwrap().close().unwrap();
    assert_eq!(fs::read(&path).unwrap(), pings(0));
    dead().dump_append(&path).unwrap().close().unwrap();
    assert_eq!(fs::read(&path).unwrap(), pings(0));
    append(&path, 0);
    assert_eq!(fs::read(&path).unwrap(), pings(1));
}

#[test]
fn the_position_counts_what_was_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = files::file(folder.path(), "a.pcap", &pings(3));
    let mut dumper = dead().dump_append(&path).unwrap();
    assert_eq!(dumper.position(), pings(3).len() as u64);
    dumper.write_now(b"abc").unwrap();
    assert_eq!(dumper.position(), pings(3).len() as u64 + 16 + 3);
    dumper.flush().unwrap();
    assert_eq!(dumper.position(), fs::metadata(&path).unwrap().len());
}

#[test]
#[cfg(unix)]
fn what_tcpdump_wrote_is_added_to() {
    let folder = tempfile::tempdir().unwrap();
    let from = files::file(folder.path(), "from.pcap", &pings(5));
    let path = folder.path().join("a.pcap");
    let mut tcpdump = std::process::Command::new("tcpdump");
    tcpdump.arg("-r").arg(&from).arg("-w").arg(&path);
    files::run(&mut tcpdump);
    fs::write(&path, files::by_tool(fs::read(&path).unwrap())).unwrap();
    let mut capture = Capture::from_file(&path).unwrap();
    let before = read_all(&mut capture).unwrap().len();
    assert_eq!(before, 5);
    let mut dumper = capture.dump_append(&path).unwrap();
    dumper.write_now(b"one more").unwrap();
    dumper.close().unwrap();
    let packets = read_all(&mut Capture::from_file(&path).unwrap()).unwrap();
    assert_eq!(packets.len(), before + 1);
}

/// Appending to a file of another format, byte order, precision, link type or snaplen would corrupt it.
// Shows: libpcap/appending-needs-same-format
#[test]
fn a_file_that_does_not_fit_is_unchanged() {
    let other = if Order::NATIVE == Order::Big {
        Order::Little
    } else {
        Order::Big
    };
    let good = pings(2);
    let mut long = good.clone();
    long.extend([0; 3]);
    let ng = Pcapng::new(Order::NATIVE).interface(1, 0, &[]).bytes();
    let one = |file: Pcap| file.packet(1, 1, b"x").bytes();
    use ErrorKind::{InvalidArgument, SavefileBad, SavefileTruncated, Unsupported};
    let cases: [(Vec<u8>, ErrorKind, &str); 15] = [
        (
            one(Pcap::new(Order::NATIVE, NANO)),
            InvalidArgument,
            "a different precision",
        ),
        (
            one(Pcap::new(other, MICRO)),
            Unsupported,
            "the opposite byte order",
        ),
        (
            one(Pcap::new(other, NANO)),
            Unsupported,
            "the opposite byte order",
        ),
        (
            one(Pcap::native().linktype(101)),
            InvalidArgument,
            "link type mismatch: the file has 101, expected 1",
        ),
        (
            one(Pcap::native().linktype((1 << 28) | 1)),
            InvalidArgument,
            "link type mismatch",
        ),
        (
            one(Pcap::native().snaplen(96)),
            InvalidArgument,
            "snaplen mismatch: the file has 96",
        ),
        (
            one(Pcap::native().version(2, 3)),
            InvalidArgument,
            "version",
        ),
        (
            one(Pcap::native().version(3, 4)),
            InvalidArgument,
            "version",
        ),
        (ng, SavefileBad, "not a classic pcap savefile"),
        (
            b"a text that is longer than 24 bytes".to_vec(),
            SavefileBad,
            "not a classic",
        ),
        (vec![0; 24], SavefileBad, "not a classic"),
        (b"#".to_vec(), SavefileTruncated, "24 bytes, found 1"),
        (good[..23].to_vec(), SavefileTruncated, "24 bytes, found 23"),
        (
            good[..good.len() - 1].to_vec(),
            SavefileTruncated,
            "at byte 138, is truncated",
        ),
        (
            long,
            SavefileTruncated,
            "at byte 252, is truncated within its header",
        ),
    ];
    let folder = tempfile::tempdir().unwrap();
    for (bytes, kind, text) in cases {
        let path = files::file(folder.path(), "a.pcap", &bytes);
        let error = dead().dump_append(&path).unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.text().contains(text), "{error}");
        assert_eq!(
            (error.operation(), error.object()),
            (Some("append to"), path.to_str())
        );
        assert!(fs::read(&path).unwrap() == bytes, "changed: {error}");
    }
    // A record that states a length beyond the end of the file.
    let damaged = Pcap::native()
        .record([1, 1, u32::MAX, 1], b"x")
        .packet(1, 1, b"y")
        .bytes();
    let path = files::file(folder.path(), "a.pcap", &damaged);
    let error = dead().dump_append(&path).unwrap_err();
    assert!(error.text().contains("at byte 24"), "{error}");
    assert_eq!(fs::read(&path).unwrap(), damaged);
}

/// All readers stop there, and would never see the appended packets.
#[test]
fn a_file_with_a_bad_record_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for (length, fits) in [(262_144, true), (262_145, false)] {
        let file = Pcap::native().snaplen(262_144);
        let record = vec![7; length as usize];
        let bytes = file.record([1, 1, length, length], &record).bytes();
        let path = files::file(folder.path(), "a.pcap", &bytes);
        let read = Capture::from_file(&path).unwrap().next_packet().is_ok();
        assert_eq!(read, fits);
        match dead().dump_append(&path) {
            Ok(_) => assert!(fits),
            Err(error) => {
                assert!(!fits, "{error}");
                assert_eq!(error.kind(), ErrorKind::SavefileBad);
                assert!(
                    error.text().contains("at byte 24 has a caplen of 262145"),
                    "{error}"
                );
            }
        }
        assert_eq!(fs::read(&path).unwrap(), bytes);
    }
}

#[test]
fn a_cut_file_is_refused_or_whole() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = pings(3);
    for length in 1..=bytes.len() {
        let path = files::file(folder.path(), "a.pcap", &bytes[..length]);
        let whole = length >= 24 && (length - 24) % 114 == 0;
        match dead().dump_append(&path) {
            Ok(dumper) => {
                assert!(whole, "{length}");
                dumper.close().unwrap();
            }
            Err(error) => {
                assert!(!whole, "{length}");
                assert_eq!(error.kind(), ErrorKind::SavefileTruncated);
            }
        }
        assert_eq!(fs::read(&path).unwrap(), bytes[..length]);
    }
}

#[test]
fn a_large_file_is_added_to() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.pcap");
    let mut dumper = dead().dump(&path).unwrap();
    for length in 0..3000 {
        dumper
            .write(Packet::whole(Timestamp::EPOCH, &vec![1; length]))
            .unwrap();
    }
    dumper
        .write(Packet::whole(Timestamp::EPOCH, &vec![2; 262_144]))
        .unwrap();
    dumper.close().unwrap();
    let before = fs::read(&path).unwrap();
    append(&path, 7);
    let after = fs::read(&path).unwrap();
    assert!(after[..before.len()] == before);
    assert_eq!(after.len(), before.len() + 114);
    assert_eq!(
        read_all(&mut Capture::from_file(&path).unwrap())
            .unwrap()
            .len(),
        3002
    );
}

#[test]
#[cfg(unix)]
fn a_folder_and_a_fifo_cannot_be_added_to() {
    let folder = tempfile::tempdir().unwrap();
    let error = dead().dump_append(folder.path()).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Io(_)), "{error:?}");
    let path = folder.path().join("fifo");
    files::run(std::process::Command::new("mkfifo").arg(&path));
    let error = dead().dump_append(&path).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Io(_)), "{error:?}");
}

/// Two dumpers at the end of one file once overwrote each other's packets, and both reported success.
#[test]
fn two_that_append_overwrite_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.pcap");
    let dead = pcap_core::Capture::dead(pcap_core::Dlt::EN10MB).unwrap();
    dead.dump(&path).unwrap().close().unwrap();
    let mut dumpers = [(); 2].map(|()| dead.dump_append(&path).unwrap());
    for (dumper, count) in dumpers.iter_mut().zip([100, 50]) {
        for _ in 0..count {
            dumper.write_now(&[0; 60]).unwrap();
        }
    }
    for dumper in dumpers {
        dumper.close().unwrap();
    }
    let mut capture = pcap_core::Capture::from_file(&path).unwrap();
    assert_eq!(capture.for_each(|_| ()).unwrap().packets(), 150);
}

/// A record without data is complete.
#[test]
fn an_empty_packet_may_be_the_last_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.pcap");
    for count in [1, 2] {
        let file = (0..count).fold(Pcap::native(), |file, _| file.packet(1, 0, b""));
        fs::write(&path, file.bytes()).unwrap();
        let mut dumper = dead().dump_append(&path).unwrap();
        dumper.write_now(b"after").unwrap();
        dumper.close().unwrap();
        let packets = read_all(&mut Capture::from_file(&path).unwrap()).unwrap();
        assert_eq!(packets.len(), count + 1);
        assert_eq!(packets[count].data(), b"after");
    }
}
