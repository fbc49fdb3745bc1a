//! Names by template, aligned spans, limits of files, and VLANs.

use std::fs;
use std::path::Path;

use etherparse::PacketBuilder;

use crate::common::{Record, path_arg, program, record, run, savefile, write_file};

/// Splits packets into a new folder, with times in Berlin. Returns the lines with the names relative to the folder.
fn split(packets: &[Record], options: &[&str]) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let input = write_file(
        folder.path(),
        "in.pcap",
        &savefile(false, false, 1, packets),
    );
    // Only the template has conversions and fields.
    let out = folder.path().join("out%Y{x}");
    let mut command = program("split");
    command.env("TZ", "Europe/Berlin").args(options);
    let ran = run(command.args(["-o", path_arg(&out), path_arg(&input)]));
    assert_eq!(ran.status, Some(0), "{}", ran.stderr);
    let start = format!("{}/", out.display());
    let lines = ran.lines().into_iter().map(|line| {
        let line = line.strip_prefix(&start).unwrap();
        let (name, _) = line.split_once(": ").unwrap();
        assert!(fs::metadata(out.join(name)).unwrap().len() > 24, "{line}");
        line.to_owned()
    });
    lines.collect()
}

/// Returns packets with these seconds after 2026-11-28 09:30:00 in Berlin.
fn at(seconds: &[u32]) -> Vec<Record> {
    let packet = |&second: &u32| record(1_795_854_600 + second, 0, vec![0; 60]);
    seconds.iter().map(packet).collect()
}

#[test]
fn names_have_the_time_of_the_first_packet() {
    let packets = at(&[0, 10, 3600]);
    assert_eq!(
        split(
            &packets,
            &["--packets", "1", "--name", "%F/%H%M%S-{number}"]
        ),
        [
            "2026-11-28/093000-0.pcap: 1 packet, 100 bytes",
            "2026-11-28/093010-1.pcap: 1 packet, 100 bytes",
            "2026-11-28/103000-2.pcap: 1 packet, 100 bytes",
        ]
    );
    // A name that is taken gets a number.
    assert_eq!(
        split(&packets, &["--packets", "1", "--name", "%Y.pcapng"]),
        ["2026", "2026-1", "2026-2"].map(|name| format!("{name}.pcapng: 1 packet, 152 bytes"))
    );
}

#[test]
fn aligned_spans_begin_at_full_hours_of_the_local_time() {
    let packets = at(&[0, 1799, 1800, 1801, 9000, 100]);
    let names = |options: &[&str]| {
        let lines = split(&packets, &[options, &["--name", "%H%M%S"]].concat());
        lines.join(", ")
    };
    assert_eq!(
        names(&["--every", "1h", "--align"]),
        "090000.pcap: 2 packets, 176 bytes, 100000.pcap: 2 packets, 176 bytes, \
         120000.pcap: 2 packets, 176 bytes"
    );
    assert_eq!(
        names(&["--every", "1d", "--align"]),
        "000000.pcap: 6 packets, 480 bytes"
    );
    assert_eq!(
        names(&["--every", "30m"]),
        "093000.pcap: 2 packets, 176 bytes, 100000.pcap: 2 packets, 176 bytes, \
         120000.pcap: 2 packets, 176 bytes"
    );
}

/// Returns a UDP packet in these VLANs.
fn udp(second: u32, vlan: Option<u16>, from: (u8, u16), to: (u8, u16)) -> Record {
    let ethernet = PacketBuilder::ethernet2([2; 6], [4; 6]);
    let (source, destination) = ([192, 0, 2, from.0], [192, 0, 2, to.0]);
    let mut data = Vec::new();
    match vlan {
        Some(vlan) => ethernet
            .single_vlan(vlan.try_into().unwrap())
            .ipv4(source, destination, 64)
            .udp(from.1, to.1)
            .write(&mut data, b"1234"),
        None => ethernet
            .ipv4(source, destination, 64)
            .udp(from.1, to.1)
            .write(&mut data, b"1234"),
    }
    .unwrap();
    record(second, 0, data)
}

#[test]
fn flows_are_named_and_kept_apart_by_vlan() {
    let packets = [
        udp(0, None, (1, 53), (2, 9)),
        udp(1, Some(7), (2, 9), (1, 53)),
        udp(2, None, (2, 9), (1, 53)),
        udp(3, Some(0), (1, 53), (2, 9)),
        udp(4, Some(7), (1, 53), (2, 9)),
    ];
    assert_eq!(
        split(&packets, &["--flow", "--name", "{flow}"]),
        [
            "192.0.2.1_53-192.0.2.2_9-UDP.pcap: 3 packets, 214 bytes, 192.0.2.1:53 > 192.0.2.2:9 UDP",
            "vlan7-192.0.2.2_9-192.0.2.1_53-UDP.pcap: 2 packets, 156 bytes, \
             vlan 7 192.0.2.2:9 > 192.0.2.1:53 UDP",
        ]
    );
    assert_eq!(
        split(
            &packets,
            &[
                "--flow",
                "--ignore-vlan",
                "--name",
                "{protocol}/{source}-{destination}"
            ]
        ),
        ["UDP/192.0.2.1_53-192.0.2.2_9.pcap: 5 packets, 346 bytes, 192.0.2.1:53 > 192.0.2.2:9 UDP"]
    );
}

#[test]
fn the_last_savefile_gets_the_rest() {
    let packets: Vec<Record> = (0..10)
        .map(|n| udp(n, None, (1, 53), (2, 100 + n as u16 / 2)))
        .collect();
    assert_eq!(
        split(
            &packets,
            &["--flow", "--max-files", "3", "--name", "{flow}"]
        ),
        [
            "192.0.2.1_53-192.0.2.2_100-UDP.pcap: 2 packets, 148 bytes, 192.0.2.1:53 > 192.0.2.2:100 UDP",
            "192.0.2.1_53-192.0.2.2_101-UDP.pcap: 2 packets, 148 bytes, 192.0.2.1:53 > 192.0.2.2:101 UDP",
            "others.pcap: 6 packets, 396 bytes",
        ]
    );
    for options in [
        &["--packets", "2"][..],
        &["--every", "2"],
        &["--size", "148B"],
    ] {
        let words = [options, &["--max-files", "2", "--name", "{number}"]].concat();
        assert_eq!(
            split(&packets, &words),
            [
                "0.pcap: 2 packets, 148 bytes",
                "1.pcap: 8 packets, 520 bytes"
            ],
            "{options:?}"
        );
    }
}

#[test]
fn names_are_not_reused_between_runs() {
    let folder = tempfile::tempdir().unwrap();
    let input = write_file(
        folder.path(),
        "in.pcap",
        &savefile(false, false, 1, &at(&[0])),
    );
    let name = folder.path().join("%Y.pcap");
    let split = |options: &[&str]| {
        let mut command = program("split");
        command.args([
            "--packets",
            "1",
            "--name",
            path_arg(&name),
            path_arg(&input),
        ]);
        run(command.args(options))
    };
    assert_eq!(split(&[]).status, Some(0));
    let ran = split(&[]);
    assert_eq!(ran.status, Some(1));
    assert!(
        ran.stderr.contains("it exists; --force replaces it"),
        "{}",
        ran.stderr
    );
    assert_eq!(split(&["--force"]).status, Some(0));
    assert!(Path::new(&folder.path().join("2026.pcap")).exists());
}

#[test]
fn wrong_names_are_rejected() {
    for (options, status, text) in [
        (
            &["--packets", "1", "--name", "{flow}"][..],
            1,
            "{flow} requires --flow",
        ),
        (
            &["--flow", "--name", "{port}"],
            1,
            "expected {number}, {flow}, {source}",
        ),
        (&["--flow", "--name", "{n"], 1, "found `{n`"),
        (
            &["--flow", "--name", "%!"],
            1,
            "cannot use `%!` as a name with a time",
        ),
        (
            &["--flow", "--align", "--name", "a"],
            2,
            "--align requires --every",
        ),
        (
            &["--every", "1", "--ignore-vlan", "--name", "a"],
            2,
            "--ignore-vlan requires --flow",
        ),
        (&["--every", "1"], 2, "--output <PREFIX>"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let input = write_file(
            folder.path(),
            "in.pcap",
            &savefile(false, false, 1, &at(&[0])),
        );
        let mut command = program("split");
        let ran = run(command.current_dir(folder.path()).args(options).arg(input));
        assert_eq!(ran.status, Some(status), "{options:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(text), "{}", ran.stderr);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
