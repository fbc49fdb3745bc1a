//! `pcap-filter --sort`.

use std::fs;

use super::filtered;
use crate::common::{
    Record, path_arg, program, record, run, run_program, run_tool, run_with_stdin, savefile,
    write_file,
};
use crate::pcapng::bytes::{Ng, Order};
use crate::pcapng::{SECOND, UDP, ethernet, fields};

/// Returns packets in an order that is not that of their times, some of which are equal. Their data tells their number.
fn packets(count: u32) -> Vec<Record> {
    let time = |number: u32| (number * 7919) % 211;
    let packet = |number: u32| {
        let mut data = vec![0; 60 + (number % 50) as usize];
        data[..4].copy_from_slice(&number.to_be_bytes());
        record(
            1_700_000_000 + time(number) / 4,
            time(number) % 4 * 1000,
            data,
        )
    };
    (0..count).map(packet).collect()
}

/// The options for sorting in memory and in files.
const MEMORIES: [&[&str]; 3] = [
    &["--sort"],
    &["--sort", "--sort-memory", "20KiB"],
    &["--sort", "--sort-memory", "1"],
];

#[test]
fn packets_are_sorted_and_equal_times_keep_their_order() {
    let folder = tempfile::tempdir().unwrap();
    let mut packets = packets(1000);
    let input = write_file(
        folder.path(),
        "in.pcap",
        &savefile(true, false, 1, &packets),
    );
    let ng = folder.path().join("in.pcapng");
    run_tool(
        "editcap",
        &["-F", "pcapng", path_arg(&input), path_arg(&ng)],
    );
    packets.sort_by_key(|packet| (packet.0, packet.1));
    let expected = savefile(false, true, 1, &packets);
    let in_micros = savefile(false, false, 1, &packets);
    for options in MEMORIES {
        assert!(
            filtered(&input, "out.pcap", options) == in_micros,
            "{options:?}"
        );
        assert!(
            filtered(&ng, "out.pcap", options)[24..] == expected[24..],
            "{options:?}"
        );
        filtered(&ng, "out.pcapng", options);
        let out = folder.path().join("out.pcapng");
        assert!(
            filtered(&out, "again.pcap", &[])[24..] == expected[24..],
            "{options:?}"
        );
        // The other options see the order of the input.
        let first = [options, &["--packets", "1-2", "--format", "pcap"]].concat();
        assert_eq!(filtered(&input, "out", &first).len(), 24 + 2 * 16 + 60 + 61);
    }
    let tool = folder.path().join("reordercap.pcap");
    run_tool("reordercap", &[path_arg(&input), path_arg(&tool)]);
    let times = |path| fields(path, &["frame.time_epoch"]);
    assert_eq!(times(&folder.path().join("again.pcap")), times(&tool));
}

#[test]
fn sections_and_blocks_of_pcapng_keep_their_places() {
    let folder = tempfile::tempdir().unwrap();
    let mut bytes = Vec::new();
    let mut expected: Vec<u8> = Vec::new();
    for order in [Order::Little, Order::Big] {
        let block = |write: &dyn Fn(&mut Ng)| {
            let mut ng = Ng::new(order);
            write(&mut ng);
            ng.bytes
        };
        let section = block(&|ng| ng.section(-1, &[]));
        let interface = block(&|ng| ng.interface(1, 60, &[]));
        let packet = |time: u64, text: &[u8]| {
            block(&|ng| ng.packet(0, SECOND + time, &ethernet(UDP), &[(1, text)]))
        };
        let (late, early, equal) = (packet(5, b"a"), packet(3, b"b"), packet(5, b"c"));
        let simple = block(&|ng| ng.simple_packet(42, &ethernet(UDP)));
        let custom = block(&|ng| ng.custom(true, b"after the first"));
        let names = block(&|ng| ng.names(&[192, 0, 2, 1], "left"));
        let statistics = block(&|ng| ng.statistics(0, SECOND + 7, &[]));
        let read = [
            &section,
            &interface,
            &late,
            &custom,
            &early,
            &simple,
            &names,
            &equal,
            &statistics,
        ];
        let written = [
            &section,
            &interface,
            &names,
            &early,
            &simple,
            &late,
            &custom,
            &equal,
            &statistics,
        ];
        bytes.extend(read.into_iter().flatten());
        expected.extend(written.into_iter().flatten());
    }
    let input = write_file(folder.path(), "in.pcapng", &bytes);
    for options in MEMORIES {
        assert!(
            filtered(&input, "out.pcapng", options) == expected,
            "{options:?}"
        );
    }
}

#[test]
fn packets_before_the_damage_are_sorted() {
    let folder = tempfile::tempdir().unwrap();
    let mut packets = packets(300);
    let mut damaged = savefile(false, false, 1, &packets);
    damaged.extend([0xff; 40]);
    let input = write_file(folder.path(), "in.pcap", &damaged);
    let output = folder.path().join("out.pcap");
    packets.sort_by_key(|packet| (packet.0, packet.1));
    for options in MEMORIES {
        let files = [path_arg(&input), path_arg(&output)];
        let ran = run_program("filter", &[&files, options].concat());
        assert_eq!(ran.status, Some(1), "{}", ran.stderr);
        assert!(
            ran.stderr.starts_with("300 of 300 packets\n"),
            "{}",
            ran.stderr
        );
        assert!(fs::read(&output).unwrap() == savefile(false, false, 1, &packets));
    }
}

#[test]
fn without_a_temporary_folder_the_error_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let input = write_file(
        folder.path(),
        "in.pcap",
        &savefile(false, false, 1, &packets(9)),
    );
    let mut command = program("filter");
    command.env("TMPDIR", folder.path().join("missing"));
    command.args(["--sort", "--sort-memory", "1", path_arg(&input), "-"]);
    let ran = run(&mut command);
    assert_eq!(ran.status, Some(1));
    if cfg!(unix) {
        assert!(
            ran.stderr.contains("cannot create a temporary file in"),
            "{}",
            ran.stderr
        );
        assert!(
            ran.stderr.contains("TMPDIR names another folder"),
            "{}",
            ran.stderr
        );
    }
}

/// A savefile in the order of time is not kept in memory. In a pipe, it cannot be read twice.
#[test]
fn sorted_savefiles_are_only_copied() {
    let folder = tempfile::tempdir().unwrap();
    let mut packets = packets(300);
    packets.sort_by_key(|packet| (packet.0, packet.1));
    let bytes = savefile(false, true, 1, &packets);
    let input = write_file(folder.path(), "in.pcap", &bytes);
    let output = folder.path().join("out.pcap");
    let command = |input: &str| {
        let mut command = program("filter");
        command.env("TMPDIR", folder.path().join("missing"));
        command.args(["--sort", "--sort-memory", "1", input, path_arg(&output)]);
        command
    };
    let ran = run(&mut command(path_arg(&input)));
    assert_eq!(
        (ran.status, ran.stderr.as_str()),
        (Some(0), "300 of 300 packets\n")
    );
    assert!(fs::read(&output).unwrap() == bytes);
    let ran = run_with_stdin(&mut command("-"), &bytes);
    assert_eq!(ran.status, Some(1), "{}", ran.stderr);
    // A nanosecond makes a difference.
    let last = packets.len() - 1;
    packets[last].0 = packets[last - 1].0;
    packets[last].1 = packets[last - 1].1 - 1;
    let unsorted = savefile(false, true, 1, &packets);
    let input = write_file(folder.path(), "unsorted.pcap", &unsorted);
    assert_eq!(run(&mut command(path_arg(&input))).status, Some(1));
}
