//! The counts of savefiles, as JSON.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use crate::common::{
    gzip, path_arg, program, run_program, run_tool, run_with_stdin, sample_packets, savefile,
    write_file,
};
use crate::json::{sample_file, validate};
#[cfg(not(emulated))]
use crate::traffic::{files, tshark};

/// Returns the last object, after checking all lines and that the program succeeded.
fn counts(arguments: &[&str]) -> Value {
    let ran = run_program("top", &[&["--json"], arguments].concat());
    assert_eq!(ran.status, Some(0), "{}", ran.stderr);
    validate("top", ran.text()).pop().expect("a line")
}

/// Returns packets and bytes between addresses, in both directions, as tshark reads them.
fn of_tshark(path: &Path, names: [&str; 2]) -> BTreeMap<[String; 2], (u64, u64)> {
    let fields = run_tool(
        "tshark",
        &[
            "-r",
            path_arg(path),
            "-T",
            "fields",
            "-e",
            names[0],
            "-e",
            names[1],
            "-e",
            "frame.len",
        ],
    );
    let mut found = BTreeMap::new();
    for line in fields.lines() {
        let [from, to, length] = line.split('\t').collect::<Vec<_>>()[..] else {
            panic!("three fields: {line}");
        };
        if !from.is_empty() {
            let mut ends = [from.to_owned(), to.to_owned()];
            ends.sort();
            let (packets, bytes) = found.entry(ends).or_insert((0, 0));
            *packets += 1;
            *bytes += length.parse::<u64>().unwrap();
        }
    }
    found
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

#[test]
fn conversations_are_those_of_tshark() {
    let folder = tempfile::tempdir().unwrap();
    let path = sample_file(folder.path());
    for (layer, names) in [
        ("eth", ["eth.src", "eth.dst"]),
        ("ip", ["ip.src", "ip.dst"]),
        ("ipv6", ["ipv6.src", "ipv6.dst"]),
    ] {
        let value = counts(&["--layer", layer, "-r", path_arg(&path)]);
        assert_eq!(value["layer"], layer);
        let rows = value["conversations"].as_array().unwrap().iter();
        let rows = rows.map(|row| {
            let mut ends = [text(&row["a"]), text(&row["b"])];
            ends.sort();
            let directions = ["a_to_b_bytes", "b_to_a_bytes"].map(|name| row[name].as_u64());
            let bytes = row["bytes"].as_u64().unwrap();
            assert_eq!(directions[0].unwrap() + directions[1].unwrap(), bytes);
            (ends, (row["packets"].as_u64().unwrap(), bytes))
        });
        let rows: BTreeMap<_, _> = rows.collect();
        assert_eq!(rows, of_tshark(&path, names), "{layer}");
        assert!(!rows.is_empty(), "{layer}");
        let sent: u64 = value["endpoints"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["sent_bytes"].as_u64().unwrap())
            .sum();
        let bytes: u64 = rows.values().map(|(_, bytes)| bytes).sum();
        assert_eq!(sent, bytes, "{layer}");
    }
}

#[test]
fn totals_and_filters_apply_to_all_inputs() {
    let folder = tempfile::tempdir().unwrap();
    let path = sample_file(folder.path());
    let all = sample_packets();
    let value = counts(&["-r", path_arg(&path)]);
    assert_eq!(value["packets"], all.len());
    let bytes: u64 = all.iter().map(|packet| u64::from(packet.3)).sum();
    assert_eq!(value["bytes"], bytes);
    assert_eq!(value["protocols"][0]["protocol"], "eth");
    assert_eq!(value["sources"][0]["state"], "ended");
    assert_eq!(value["omitted_packets"], 0);

    let expected = run_tool("tcpdump", &["-n", "-t", "-r", path_arg(&path), "udp"]);
    let udp = expected.lines().count();
    let bytes = savefile(false, false, 1, &all);
    let packed = write_file(folder.path(), "a.pcap.gz", &gzip(&bytes));
    for arguments in [
        &["-r", path_arg(&path), "udp"][..],
        &["-r", path_arg(&path), "-f", "udp"],
        &["-r", path_arg(&packed), "udp"],
    ] {
        let value = counts(arguments);
        assert_eq!(value["packets"], udp, "{arguments:?}");
        assert_eq!(value["sources"][0]["filter"], "udp");
    }
    let ran = run_with_stdin(program("top").args(["--json", "-r", "-", "udp"]), &bytes);
    assert_eq!(ran.status, Some(0), "{}", ran.stderr);
    assert_eq!(validate("top", ran.text()).pop().unwrap()["packets"], udp);
    assert!(ran.stderr.starts_with(&format!("{udp} packets read, ")));
}

#[test]
fn limits_omit_no_packet_silently() {
    let folder = tempfile::tempdir().unwrap();
    let path = sample_file(folder.path());
    let all = counts(&["--layer", "udp", "-r", path_arg(&path)]);
    let limited = counts(&[
        "--layer",
        "udp",
        "--max-conversations",
        "1",
        "-r",
        path_arg(&path),
    ]);
    assert_eq!(limited["packets"], all["packets"]);
    assert_eq!(limited["protocols"], all["protocols"]);
    assert!(limited["omitted_packets"].as_u64().unwrap() > 0);
    let one = counts(&["--layer", "udp", "--rows", "1", "-r", path_arg(&path)]);
    assert_eq!(one["conversations"].as_array().unwrap().len(), 1);
    assert_eq!(one["conversations"][0], all["conversations"][0]);
}

#[cfg(not(emulated))]
#[test]
fn retransmissions_are_those_of_tshark() {
    let folder = tempfile::tempdir().unwrap();
    let packets = files::lossy_connections(1);
    let bytes = savefile(false, false, 1, &packets);
    let path = write_file(folder.path(), "a.pcap", &bytes);
    let value = counts(&["--layer", "tcp", "--rows", "1000", "-r", path_arg(&path)]);
    let rows = value["conversations"].as_array().unwrap().iter();
    let ours: u64 = rows
        .map(|row| row["retransmissions"].as_u64().unwrap())
        .sum();
    let [expected, ..] = tshark::counts(&path, &tshark::TCP_FILTERS);
    assert!(expected > 0);
    assert_eq!(ours, expected);
    // Other layers have none.
    let value = counts(&["--layer", "ip", "-r", path_arg(&path)]);
    assert!(value["conversations"][0].get("retransmissions").is_none());
}

#[test]
fn a_damaged_savefile_is_an_error_after_its_packets() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = savefile(false, false, 1, &sample_packets());
    let path = write_file(folder.path(), "a.pcap", &bytes[..bytes.len() - 1]);
    let ran = run_program("top", &["--json", "-r", path_arg(&path)]);
    assert_eq!(ran.status, Some(1), "{}", ran.stderr);
    let lines: Vec<&str> = ran.lines();
    let value = validate("top", lines[0]).pop().unwrap();
    assert_eq!(value["packets"], sample_packets().len() - 1);
    assert_eq!(value["sources"][0]["state"], "failed");
    validate("error", lines[1]);
}
