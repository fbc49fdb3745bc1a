//! `pcap-filter` with ranges of numbers and times, and with a limit.

use std::fs;

use super::filtered;
use crate::common::{
    path_arg, program, read_tool_savefile, record, run, run_program, run_tool, run_with_stdin,
    sample_packets, savefile, write_file,
};

/// Runs `pcap-filter` on the sample packets, and returns the numbers of those that were copied.
fn numbers(options: &[&str]) -> Vec<usize> {
    let folder = tempfile::tempdir().unwrap();
    let packets = sample_packets();
    let input = write_file(
        folder.path(),
        "in.pcap",
        &savefile(false, true, 1, &packets),
    );
    let ng = folder.path().join("in.pcapng");
    run_tool(
        "editcap",
        &["-F", "pcapng", path_arg(&input), path_arg(&ng)],
    );
    // Packets of pcapng are copied with nanoseconds.
    let written = filtered(&input, "out.pcap", options);
    assert!(
        filtered(&ng, "out.pcap", options)[24..] == written[24..],
        "{options:?}"
    );
    let copy = folder.path().join("copy.pcapng");
    let ran = run_program(
        "filter",
        &[&[path_arg(&ng), path_arg(&copy)], options].concat(),
    );
    assert_eq!(ran.status, Some(0), "{}", ran.stderr);
    assert!(
        filtered(&copy, "again.pcap", &[])[24..] == written[24..],
        "{options:?}"
    );
    let mut rest = &written[24..];
    let mut found = Vec::new();
    for (index, packet) in packets.iter().enumerate() {
        let record = &savefile(false, true, 1, std::slice::from_ref(packet))[24..];
        if rest.starts_with(record) {
            found.push(index + 1);
            rest = &rest[record.len()..];
        }
    }
    assert!(rest.is_empty(), "{options:?}");
    found
}

#[test]
fn packets_are_selected_by_number() {
    assert_eq!(numbers(&["--packets", "2,4-5,8-"]), [2, 4, 5, 8]);
    assert_eq!(numbers(&["--except", "2,4-5"]), [1, 3, 6, 7, 8]);
    assert_eq!(numbers(&["--packets", "2-", "-f", "udp"]), [6, 8]);
    assert_eq!(numbers(&["--packets", "100-"]), [0; 0]);
    assert_eq!(numbers(&["-c", "2"]), [1, 2]);
    assert_eq!(
        numbers(&["-c", "2", "--packets", "2-", "-f", "udp"]),
        [6, 8]
    );
}

#[test]
fn packets_are_selected_by_time_as_editcap_does() {
    assert_eq!(numbers(&["--after", "1700000003"]), [4, 5, 6, 7, 8]);
    assert_eq!(
        numbers(&["--before", "2023-11-14T22:13:23.000001Z"]),
        [1, 2, 3]
    );
    assert_eq!(numbers(&["--after", "+3s", "--before", "+6"]), [4, 5, 6]);
    let folder = tempfile::tempdir().unwrap();
    let bytes = savefile(false, false, 1, &sample_packets());
    let input = write_file(folder.path(), "in.pcap", &bytes);
    let output = folder.path().join("out.pcap");
    let (after, before) = ("2023-11-14 23:13:23", "2023-11-14 23:13:26");
    let mut ours = program("filter");
    ours.env("TZ", "Europe/Berlin");
    ours.args(["--after", after, "--before", before]);
    let ran = run(ours.args([&input, &output]));
    assert_eq!(ran.status, Some(0), "{}", ran.stderr);
    let theirs = folder.path().join("editcap.pcap");
    let ran = run(std::process::Command::new("editcap")
        .env("TZ", "Europe/Berlin")
        .args(["-F", "pcap", "-A", after, "-B", before])
        .args([&input, &theirs]));
    assert_eq!(ran.status, Some(0), "{}", ran.stderr);
    let written = fs::read(&output).unwrap();
    assert_eq!(written[24..], read_tool_savefile(&theirs)[24..]);
    assert_eq!(ran.stderr, "");
}

#[test]
fn reading_ends_after_the_last_packet_of_a_range() {
    let mut damaged = savefile(false, false, 1, &sample_packets());
    damaged.extend([0xff; 40]);
    for options in [
        &["--packets", "2-3,8"],
        &["--except", "3-"],
        &["--limit", "8"],
    ] {
        let ran = run_with_stdin(program("filter").args(["-", "-"]).args(options), &damaged);
        assert_eq!(ran.status, Some(0), "{options:?}: {}", ran.stderr);
    }
    let ran = run_with_stdin(
        program("filter").args(["-", "-", "--before", "+1"]),
        &damaged,
    );
    assert_eq!(ran.status, Some(1), "{}", ran.stderr);
}

#[test]
fn blocks_after_a_range_of_pcapng_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let (path, _) = crate::pcapng::two_sections(folder.path());
    let output = folder.path().join("out.pcapng");
    let files = [path_arg(&path), path_arg(&output)];
    let count = |label| crate::pcapng::fields(&output, &[label]).len();
    let ran = run_program("filter", &[&files[..], &["--packets", "2"]].concat());
    assert_eq!(
        (ran.status, ran.stderr.as_str()),
        (Some(0), "1 of 14 packets\n")
    );
    let statistics = |bytes: &[u8]| bytes.windows(13).filter(|w| *w == b"of statistics").count();
    assert_eq!(statistics(&fs::read(&output).unwrap()), 2);
    let ran = run_program("filter", &[&files[..], &["-c", "2"]].concat());
    assert_eq!(
        (ran.status, ran.stderr.as_str()),
        (Some(0), "2 of 2 packets\n")
    );
    assert_eq!(
        (
            statistics(&fs::read(&output).unwrap()),
            count("frame.number")
        ),
        (0, 2)
    );
}

#[test]
fn wrong_ranges_are_rejected() {
    for (option, value, text) in [
        (
            "--packets",
            "3-1",
            "expected a range from a lower to a higher number",
        ),
        ("--except", "0", "expected packet numbers from 1 on"),
        ("--after", "yesterday", "expected a date and a time"),
        ("--before", "+1 fortnight", "expected"),
    ] {
        let ran = run_program("filter", &["a", "b", option, value]);
        assert_eq!(ran.status, Some(2), "{option} {value}");
        assert!(ran.stderr.contains(text), "{}", ran.stderr);
    }
    for (after, before, advice) in [
        ("+3s", "+3s", "--after\n"),
        ("2026-11-28", "2026-11-27", "--after\n"),
        ("23:00", "01:00", "with dates, a range may cross midnight"),
    ] {
        for (name, words) in [("filter", &["a", "b"][..]), ("read", &["a"])] {
            let words = [words, &["--after", after, "--before", before]].concat();
            let ran = run_program(name, &words);
            assert_eq!(ran.status, Some(2), "{}", ran.stderr);
            let text = "expected a later time for --before than for --after";
            assert!(
                ran.stderr.contains(text) && ran.stderr.contains(advice),
                "{}",
                ran.stderr
            );
        }
    }
}

#[test]
fn a_time_without_a_date_is_on_the_day_of_the_first_packet() {
    let folder = tempfile::tempdir().unwrap();
    // From 2023-11-14 23:30 in Berlin on, each half an hour. The packet with the latest time is not the first.
    let halves = [0, 3, 1, 2];
    let packets = halves.map(|half| record(1_700_001_000 + 1800 * u32::from(half), 0, vec![half]));
    let input = write_file(folder.path(), "in.pcap", &savefile(true, true, 1, &packets));
    let output = folder.path().join("out.pcap");
    let copied = |zone: &str, options: &[&str]| {
        let mut filter = program("filter");
        let ran = run(filter.env("TZ", zone).args(options).args([&input, &output]));
        assert_eq!(ran.status, Some(0), "{}", ran.stderr);
        let written = fs::read(&output).unwrap();
        let bytes = written[24..].chunks(17).map(|record| record[16]);
        bytes.collect::<Vec<_>>()
    };
    assert_eq!(copied("Europe/Berlin", &["--after", "23:30"]), [0, 3, 1, 2]);
    assert_eq!(
        copied("Europe/Berlin", &["--after", "23:30:00.001"]),
        [3, 1, 2]
    );
    assert_eq!(copied("Europe/Berlin", &["--before", "00:00"]), [0_u8; 0]);
    assert_eq!(
        copied("UTC", &["--after", "23:00", "--before", "23:59:59.9"]),
        [1, 2]
    );
}

#[test]
fn a_damaged_time_is_compared_as_it_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let packets = [record(10, 0, vec![1]), record(0, 0, vec![2])];
    let input = write_file(folder.path(), "in.pcap", &savefile(true, true, 1, &packets));
    let written = filtered(&input, "out.pcap", &["--after", "+0"]);
    assert_eq!(written.len(), 24 + 17);
}
