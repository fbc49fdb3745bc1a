//! `pcap-filter` without duplicates.

use super::filtered;
use crate::common::{
    Record, path_arg, read_tool_savefile, record, run_program, run_tool, savefile, write_file,
};

/// Returns packets with equal bytes at several distances, in numbers of packets and in milliseconds.
fn packets() -> Vec<Record> {
    let mut packets = Vec::new();
    for number in 0..400_u32 {
        let period = [1, 4, 5, 6, 40, 400][(number / 67) as usize];
        let mut data = vec![0; 60];
        data[59] = (number % period) as u8;
        // Only the first bytes of some packets differ.
        data[0] = if number % 7 == 0 { 1 } else { 0 };
        let nanos = (number % 10) * 100_000_000 / (1 + number / 100);
        packets.push(record(1_700_000_000 + number / 10, nanos, data));
    }
    packets
}

#[test]
fn the_same_duplicates_are_removed_as_by_editcap() {
    let folder = tempfile::tempdir().unwrap();
    let input = write_file(
        folder.path(),
        "in.pcap",
        &savefile(false, false, 1, &packets()),
    );
    let theirs = folder.path().join("editcap.pcap");
    for (ours, editcap) in [
        (&["--dedup"][..], &["-d"][..]),
        (&["--dedup-window", "2"], &["-D", "2"]),
        (&["--dedup-window", "41"], &["-D", "41"]),
        (&["--dedup-window", "1000"], &["-D", "1000"]),
        (&["--dedup-time", "0.3"], &["-w", "0.3"]),
        (&["--dedup-time", "3s"], &["-w", "3"]),
        (&["--dedup", "--ignore-bytes", "1"], &["-d", "-I", "1"]),
    ] {
        let files = ["-F", "pcap", path_arg(&input), path_arg(&theirs)];
        let (options, names) = files.split_at(2);
        run_tool("editcap", &[options, editcap, names].concat());
        let written = filtered(&input, "out.pcap", ours);
        assert!(written.len() < 24 + 400 * 76, "{ours:?}");
        assert_eq!(written[24..], read_tool_savefile(&theirs)[24..], "{ours:?}");
    }
}

#[test]
fn duplicates_are_counted_and_drop_counts_kept() {
    let folder = tempfile::tempdir().unwrap();
    let (path, _) = crate::pcapng::two_sections(folder.path());
    let output = folder.path().join("out.pcapng");
    let words = ["--dedup-window", "100", path_arg(&path), path_arg(&output)];
    let ran = run_program("filter", &words);
    let expected = "4 of 14 packets\n10 duplicates removed\n";
    assert_eq!((ran.status, ran.stderr.as_str()), (Some(0), expected));
    let names = ["frame.interface_id", "frame.drop_count"];
    assert_eq!(
        crate::pcapng::fields(&output, &names),
        ["0\t", "0\t5", "1\t", "1\t5"]
    );
}

#[test]
fn bytes_to_ignore_need_an_option_that_removes_duplicates() {
    let ran = run_program("filter", &["a", "b", "--ignore-bytes", "4"]);
    assert_eq!(ran.status, Some(2));
    assert!(
        ran.stderr.contains("--ignore-bytes requires --dedup"),
        "{}",
        ran.stderr
    );
}
