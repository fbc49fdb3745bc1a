//! Splitting by number of packets, by time and by size.

use super::{editcap, records, split};
use crate::common::{Record, record, sample_packets_nano, savefile, write_file};

/// Returns packets with these times, in milliseconds, and distinct bytes.
fn at(times: &[u32]) -> Vec<Record> {
    let packet = |(n, &time): (u8, &u32)| {
        let (secs, millis) = (time / 1000, time % 1000);
        record(1_700_000_000 + secs, millis * 1_000_000, vec![n; 20])
    };
    (0..).zip(times).map(packet).collect()
}

// Shows: parity/programs-dump-split-recode
#[test]
fn split_by_packets_matches_editcap() {
    let folder = tempfile::tempdir().unwrap();
    for (swapped, nano) in [(false, false), (false, true), (true, false), (true, true)] {
        let bytes = savefile(swapped, nano, 1, &sample_packets_nano());
        let input = write_file(folder.path(), "in.pcap", &bytes);
        let format = if nano { "nsecpcap" } else { "pcap" };
        for (count, parts) in [("1", 8), ("3", 3), ("8", 1), ("9", 1)] {
            let expected = editcap(folder.path(), &input, &["-F", format, "-c", count]);
            let written = split(folder.path(), &input, &["--packets", count]);
            assert_eq!(written.len(), parts);
            assert_eq!(
                records(written),
                records(expected),
                "{count} {swapped} {nano}"
            );
        }
    }
}

#[test]
fn the_header_is_that_of_the_input() {
    let folder = tempfile::tempdir().unwrap();
    for (nano, linktype, snaplen) in [(false, 1, 2000_u32), (true, 101, 65_535), (false, 147, 96)] {
        let mut bytes = savefile(false, nano, linktype, &at(&[0, 1, 2]));
        bytes[16..20].copy_from_slice(&snaplen.to_ne_bytes());
        let input = write_file(folder.path(), "in.pcap", &bytes);
        for options in [&["--packets", "2"][..], &["--flow", "--max-open", "1"]] {
            for written in split(folder.path(), &input, options) {
                assert_eq!(written[..24], bytes[..24]);
            }
        }
    }
}

#[test]
fn split_by_time_matches_editcap() {
    let folder = tempfile::tempdir().unwrap();
    // No packet is exactly at the end of an interval, and no interval is empty: in these cases editcap differs.
    let times = [
        300, 800, 1299, 1301, 2000, 2500, 3900, 2800, 3200, 4305, 5400,
    ];
    let bytes = savefile(false, false, 1, &at(&times));
    let input = write_file(folder.path(), "in.pcap", &bytes);
    let expected = editcap(folder.path(), &input, &["-F", "pcap", "-i", "1"]);
    for span in ["1", "1s", "1000ms"] {
        let written = split(folder.path(), &input, &["--every", span]);
        assert_eq!(written.len(), 6);
        assert_eq!(records(written), records(expected.clone()), "{span}");
    }
}

#[test]
fn time_spans_have_no_gaps_and_no_empty_files() {
    let folder = tempfile::tempdir().unwrap();
    let times = [500, 999, 1000, 60_250, 60_600, 60_400, 60_999, 61_000, 100];
    let bytes = savefile(false, false, 1, &at(&times));
    let input = write_file(folder.path(), "in.pcap", &bytes);
    let written = split(folder.path(), &input, &["--every", "500ms"]);
    let parts = [&[0, 1][..], &[2], &[3], &[4, 5, 6], &[7, 8]];
    let all = at(&times);
    let expected = parts.map(|part| {
        let packets: Vec<Record> = part.iter().map(|&n| all[n].clone()).collect();
        savefile(false, false, 1, &packets)
    });
    assert_eq!(written, expected);
}

#[test]
fn savefiles_are_as_large_as_the_limit_allows() {
    let folder = tempfile::tempdir().unwrap();
    let lengths = (0..500).map(|n| n * 37 % 1400);
    let packets: Vec<Record> = lengths
        .map(|n| record(n, n, vec![n as u8; n as usize]))
        .collect();
    let bytes = savefile(false, false, 1, &packets);
    let input = write_file(folder.path(), "in.pcap", &bytes);
    for (text, limit) in [
        ("1417B", 1417),
        ("1", 1024),
        ("4k", 4096),
        ("50KiB", 51_200),
        ("1G", 1 << 30),
    ] {
        let written = split(folder.path(), &input, &["--size", text]);
        assert_eq!(written.len() > 1, limit < bytes.len());
        for pair in written.windows(2) {
            let next = u32::from_ne_bytes(pair[1][32..36].try_into().unwrap()) as usize;
            assert!(pair[0].len() + 16 + next > limit, "{limit}");
        }
        for part in &written {
            let only = u32::from_ne_bytes(part[32..36].try_into().unwrap()) as usize;
            assert!(part.len() <= limit || part.len() == 40 + only, "{limit}");
        }
        assert_eq!(records(written).concat(), bytes[24..], "{limit}");
    }
}
