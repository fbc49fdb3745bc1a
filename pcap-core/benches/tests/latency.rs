//! The report of `ci/latency` with little work: every row has its figures, and those that do not depend on the machine
//! are right.
#![cfg(target_os = "linux")]

use std::process::{Command, Output};

use serde_json::Value;

fn latency(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_pcap-benches"))
        .arg("latency")
        .args(arguments)
        .output()
        .unwrap()
}

#[test]
fn every_row_has_its_figures_and_nothing_is_early_or_lost_at_a_pace() {
    let output = latency(&["--quick", "--json"]);
    let error = String::from_utf8_lossy(&output.stderr);
    // SAFETY: takes nothing and always succeeds.
    if unsafe { libc::geteuid() } != 0 {
        assert!(!output.status.success());
        assert!(error.contains("only root can make a network"), "{error}");
        return;
    }
    assert!(output.status.success(), "{error}");
    assert_eq!(error, "", "progress is for terminals only");
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    let rows = document["rows"].as_array().unwrap();
    let listed = latency(&["--list"]).stdout;
    assert_eq!(
        String::from_utf8(listed).unwrap().lines().count(),
        rows.len()
    );
    for row in rows {
        let figures = row["figures"].as_object().unwrap();
        assert!(
            figures.values().all(|figure| figure.as_f64() >= Some(0.0)),
            "{row:#}"
        );
        assert_eq!(row["aim"].is_null(), row["kept"].is_null(), "{row:#}");
        let figure = |name: &str| figures[name].as_f64().unwrap();
        match row["group"].as_str().unwrap() {
            "break" => assert_eq!(figure("waits"), 100.0, "{row:#}"),
            "deadline" => assert_eq!(figure("early"), 0.0, "{row:#}"),
            "idle" => assert!(figure("seconds") >= 1.0, "{row:#}"),
            "flood" => assert!(figure("ns") > 0.0, "{row:#}"),
            "paced" => assert_eq!(figure("received"), 10_000.0 - figure("dropped"), "{row:#}"),
            "drain" => assert!(figure("packets_per_second") > 0.0, "{row:#}"),
            other => panic!("{other}"),
        }
    }
}

#[test]
fn rows_are_chosen_by_their_names() {
    let output = latency(&["--list", "drain", "1 ms on lo"]);
    let text = String::from_utf8(output.stdout).unwrap();
    let all = [
        "deadline: 1 ms on lo",
        "drain: next_packet",
        "drain: tokio",
        "drain: async-io",
    ];
    assert_eq!(text.lines().collect::<Vec<_>>(), all);
    let output = latency(&["no such row"]);
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("--list"));
}
