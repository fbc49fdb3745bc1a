//! Runs all tasks with a hundredth of the work; the program itself checks that all peers read the same packets.

use std::process::{Command, Output};
use std::sync::{Mutex, PoisonError};

use serde_json::Value;

fn bench(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_pcap-benches"))
        .args(arguments)
        .output()
        .unwrap()
}

fn quick(names: &[&str]) -> Value {
    // They share their files, which the first creates.
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _one = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let output = bench(&[&["--quick", "--json"], names].concat());
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    assert_eq!(error, "", "progress is for terminals only");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Returns the peers with a figure in the row of this name.
fn peers(document: &Value, group: &str, name: &str) -> Vec<String> {
    let rows = document["rows"].as_array().unwrap();
    let row = rows
        .iter()
        .find(|row| row["group"] == group && row["row"] == name);
    let figures = row.unwrap()["figures"].as_object().unwrap();
    let with = figures
        .iter()
        .filter(|(_, figure)| figure["median"].is_f64());
    with.map(|(peer, _)| peer.clone()).collect()
}

/// Checks that each row has a figure of ours, and each figure the number of runs.
fn check_figures(document: &Value) {
    for row in document["rows"].as_array().unwrap() {
        let figures = row["figures"].as_object().unwrap();
        assert!(figures["pcap-core"]["median"].is_f64(), "{row:#}");
        for figure in figures.values().filter(|figure| !figure.is_null()) {
            let of = |name: &str| figure[name].as_f64().unwrap();
            assert!(
                0.0 <= of("lowest") && of("lowest") <= of("median"),
                "{row:#}"
            );
            assert!(of("median") <= of("highest"), "{row:#}");
            assert_eq!(figure["runs"], 1, "{row:#}");
        }
    }
}

#[test]
fn every_row_that_needs_no_network_has_its_figures() {
    let document = quick(&["read", "matches", "write", "allocations: 5m packets"]);
    check_figures(&document);
    let all = [
        "C",
        "floor",
        "pcap",
        "pcap-core",
        "pcap-file",
        "pcap-file 3",
        "pcap-parser",
    ];
    for group in ["read 64 B", "read 60-1514 B"] {
        for row in ["for_each", "next_packet"] {
            assert_eq!(peers(&document, group, row), all, "{group}: {row}");
        }
    }
    for row in [
        "swapped, 64 B: for_each",
        "from a pipe, 64 B: next_packet",
        "from a socket, 64 B: next_packet",
    ] {
        assert_eq!(peers(&document, "read others", row), all, "{row}");
    }
    let reader = peers(&document, "read others", "from a Read, 64 B: for_each");
    assert_eq!(
        reader,
        [
            "floor",
            "pcap-core",
            "pcap-file",
            "pcap-file 3",
            "pcap-parser"
        ]
    );
    let matches = peers(&document, "Filter::matches", "one SYN: tcp port 80");
    assert_eq!(matches, ["C", "pcap", "pcap-core"]);
    let write = peers(&document, "write", "64 B to memory");
    assert_eq!(
        write,
        [
            "C",
            "floor",
            "pcap",
            "pcap-core",
            "pcap-file",
            "pcap-file 3"
        ]
    );
}

/// The number does not depend on the number of packets.
#[test]
fn a_borrowed_packet_allocates_nothing() {
    let document = quick(&["allocations: 5m", "allocations: 1m"]);
    for row in document["rows"].as_array().unwrap() {
        let allocations = row["figures"]["pcap-core"]["median"].as_f64().unwrap();
        // Opening a file and compiling a filter allocate a few times, and the read-ahead buffer grows.
        assert!(allocations < 60.0, "{row:#}");
    }
}

#[test]
fn without_the_right_to_make_a_network_the_live_rows_say_so() {
    let names = ["live", "inject", "wake up"];
    let document = quick(&names);
    // SAFETY: takes nothing and always succeeds.
    if unsafe { libc::geteuid() } == 0 && cfg!(target_os = "linux") {
        assert_eq!(document["notes"].as_array().unwrap().len(), 0);
        check_figures(&document);
        let inject = peers(&document, "inject 64 B", "one by one");
        assert_eq!(inject, ["C", "floor", "pcap", "pcap-core"]);
    } else {
        let note = document["notes"][0].as_str().unwrap();
        assert!(note.starts_with("Without live captures: "), "{note}");
        let rows = document["rows"].as_array().unwrap();
        assert!(rows.iter().all(|row| row["figures"]["pcap-core"].is_null()));
    }
}

#[test]
fn every_table_says_what_was_compared_and_who_leads() {
    let names = ["--quick", "filter::matches: one"];
    let table = |format: &[&str]| {
        let output = bench(&[&names[..], format].concat());
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap()
    };
    let [plain, markdown, json] = [&[][..], &["--markdown"], &["--json"]].map(table);
    let command = "ci/bench --quick 'filter::matches: one'";
    for (table, what) in [
        (&plain, format!("command  {command}")),
        (&markdown, format!("| command | {command} --markdown |")),
    ] {
        assert!(table.contains(&what), "{table}");
    }
    for table in [plain, markdown, json] {
        let lower = table.to_lowercase();
        for what in [
            "pcap-file 3.0.0",
            "pcap-parser 0.",
            "rustc 1.",
            "of 0 rows with a verdict",
        ] {
            assert!(lower.contains(what), "{what}: {table}");
        }
    }
}

#[test]
fn a_name_that_no_row_has_is_an_error() {
    let output = bench(&["--quick", "no such row"]);
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("--list"));
}
