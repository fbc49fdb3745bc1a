//! The order of merged packets.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use etherparse::PacketBuilder;

use super::{files, merge, mergecap, shifted_pcapng};
use crate::common::{
    Record, path_arg, program, record, run, run_program, sample_packets, savefile, write_file,
};

/// Packet times in milliseconds for each input: in order, equal, out of order, none, and earlier than all others.
const TIMES: [&[u32]; 7] = [
    &[1000, 2000, 3000, 4000, 4000],
    &[1000, 1500, 1500, 4000, 9000],
    &[5000, 100, 2000, 6000, 50],
    &[],
    &[1, 2, 3],
    &[4000],
    &[3000, 1000, 3000, 2999, 3001, 9000, 1],
];

// Shows: parity/programs-dump-split-recode
#[test]
fn the_order_of_packets_matches_mergecap() {
    let folder = tempfile::tempdir().unwrap();
    for (nano, format) in [(false, "pcap"), (true, "nsecpcap")] {
        let inputs = files(folder.path(), nano, &TIMES);
        let reversed: Vec<PathBuf> = inputs.iter().rev().cloned().collect();
        let expected = mergecap(folder.path(), &["-F", format], &reversed);
        assert_eq!(expected.len(), 24 + 26 * 56);
        for most in ["2", "3", "4", "7", "100"] {
            let merged = merge(folder.path(), &["--max-open", most], &inputs);
            assert_eq!(merged[24..], expected[24..], "{most} open");
        }
        let expected = mergecap(folder.path(), &["-a", "-F", format], &inputs);
        let merged = merge(folder.path(), &["--append", "--max-open", "2"], &inputs);
        assert_eq!(merged[24..], expected[24..]);
        assert_eq!(merged[..24], fs::read(&inputs[0]).unwrap()[..24]);
    }
}

#[test]
fn more_inputs_than_descriptors_are_merged() {
    let folder = tempfile::tempdir().unwrap();
    // Each time occurs in three inputs.
    let times: Vec<[u32; 3]> = (0..1500).map(|n| [n % 500, 1000 + n % 500, 2000]).collect();
    let slices: Vec<&[u32]> = times.iter().map(|times| &times[..]).collect();
    let inputs = files(folder.path(), false, &slices);
    let mut expected: Vec<(u32, usize, Vec<u8>)> = Vec::new();
    for (number, path) in inputs.iter().enumerate() {
        let bytes = fs::read(path).unwrap();
        let records = bytes[24..].chunks(56).zip(slices[number]);
        expected.extend(records.map(|(record, &time)| (time, number, record.to_vec())));
    }
    expected.sort();
    let expected: Vec<u8> = expected
        .into_iter()
        .flat_map(|(_, _, record)| record)
        .collect();
    let temporary = folder.path().join("temporary");
    fs::create_dir(&temporary).unwrap();
    let output = folder.path().join("ours.pcap");
    for options in [&[][..], &["--max-open", "10"], &["--files-from"]] {
        let mut command = Command::new("sh");
        command.env("TMPDIR", &temporary);
        command.args(["-c", "ulimit -n 256; exec \"$@\"", "sh"]);
        command.arg(program("merge").get_program()).args(options);
        if options == ["--files-from"] {
            let names: String = inputs
                .iter()
                .map(|path| format!("{}\n", path_arg(path)))
                .collect();
            command.arg(write_file(folder.path(), "names", names.as_bytes()));
        } else {
            command.args(&inputs);
        }
        let ran = run(command.args(["-w", path_arg(&output)]));
        let summary = "4500 packets of 1500 savefiles\n";
        assert_eq!((ran.status, ran.stderr.as_str()), (Some(0), summary));
        assert!(fs::read(&output).unwrap()[24..] == expected, "{options:?}");
        assert_eq!(fs::read_dir(&temporary).unwrap().count(), 0);
    }
    // The error suggests a solution.
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -n 50; exec \"$@\"", "sh"]);
    command
        .arg(program("merge").get_program())
        .args(&inputs[..90]);
    let ran = run(command.args(["-w", path_arg(&output)]));
    assert_eq!(ran.status, Some(1));
    assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
    assert!(ran.stderr.contains("lower --max-open"), "{}", ran.stderr);
}

#[test]
fn a_million_split_packets_are_merged_again() {
    let folder = tempfile::tempdir().unwrap();
    // 300 flows with bursts of packets. Each packet contains its number.
    let flow = |n: u16| {
        let mut data = Vec::new();
        let ip = PacketBuilder::ipv4([10, 0, 0, 1], [10, 0, 0, 2], 64);
        let payload = &[0; 64][..4 + usize::from(n % 60)];
        ip.udp(1000 + n, 53)
            .write(&mut data, payload)
            .expect("memory");
        data
    };
    let flows: Vec<Vec<u8>> = (0..300).map(flow).collect();
    let packet = |n: u32| {
        let mut data = flows[n as usize / 100 % 300].clone();
        data[28..32].copy_from_slice(&n.to_be_bytes());
        record(1_700_000_000 + n / 10_000, n % 10_000 * 100_000, data)
    };
    let packets: Vec<Record> = (0..1_000_000).map(packet).collect();
    let bytes = savefile(false, false, 101, &packets);
    let input = write_file(folder.path(), "million.pcap", &bytes);
    for (options, count) in [
        (&["--packets", "9999"][..], 101),
        (&["--every", "1.5s"], 67),
        (&["--flow"], 300),
    ] {
        let parts = folder.path().join("parts");
        fs::create_dir(&parts).unwrap();
        let ran = run_program(
            "split",
            &[options, &["-o", path_arg(&parts), path_arg(&input)]].concat(),
        );
        let summary = format!("1000000 of 1000000 packets in {count} savefiles\n");
        assert_eq!((ran.status, &ran.stderr), (Some(0), &summary));
        let mut paths: Vec<PathBuf> = ran
            .lines()
            .iter()
            .map(|line| line.split(": ").next().unwrap().into())
            .collect();
        paths.reverse();
        assert!(merge(folder.path(), &[], &paths) == bytes, "{options:?}");
        fs::remove_dir_all(parts).unwrap();
    }
}

#[test]
#[cfg_attr(target_pointer_width = "32", ignore = "libpcap's times have 32 bits")]
fn unrepresentable_times_are_reported_once() {
    let folder = tempfile::tempdir().unwrap();
    let good = write_file(
        folder.path(),
        "good.pcap",
        &savefile(false, true, 1, &sample_packets()),
    );
    let early = write_file(
        folder.path(),
        "early.pcapng",
        &shifted_pcapng(-100, &[5, 1_000_005, 200_000_000]),
    );
    let late = write_file(
        folder.path(),
        "late.pcapng",
        &shifted_pcapng(1 << 33, &[1, 2]),
    );
    let output = folder.path().join("out.pcap");
    let inputs = [path_arg(&late), path_arg(&good), path_arg(&early)];
    for options in [&[][..], &["--append"], &["--max-open", "2"]] {
        let mut command = program("merge");
        command
            .args(["--json", "-w", path_arg(&output)])
            .args(options);
        let ran = run(command.args(inputs));
        assert_eq!(ran.status, Some(1), "{}", ran.stderr);
        for path in [&early, &late] {
            let told = format!("cannot merge all of `{}`: the time ", path.display());
            assert_eq!(ran.stderr.matches(&told).count(), 1, "{}", ran.stderr);
        }
        assert!(
            ran.stderr.ends_with("9 packets of 3 savefiles\n"),
            "{}",
            ran.stderr
        );
        assert!(ran.text().contains("\"packets\":9,"), "{}", ran.text());
        let told = "\"unread\":2,\"error\":\"cannot merge all of ";
        assert!(ran.text().contains(told), "{}", ran.text());
        let mut expected = vec![record(100, 0, vec![2; 60])];
        expected.extend(sample_packets());
        if options == ["--append"] {
            expected.rotate_left(1);
        }
        let bytes = fs::read(&output).unwrap();
        assert!(bytes[24..] == savefile(false, true, 1, &expected)[24..]);
    }
}
