//! Measures all expressions briefly; the program itself checks that libpcap accepts as many packets.

use std::process::Command;

use serde_json::Value;

#[test]
fn every_expression_has_a_ratio_for_both_sets_of_packets() {
    let output = Command::new(env!("CARGO_BIN_EXE_pcap-benches"))
        .args(["expressions", "--quick", "--json"])
        .output()
        .unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    let sets = document["sets"].as_array().unwrap();
    assert_eq!(sets.len(), 2);
    for set in sets {
        assert!(set["geometric_mean"].as_f64().unwrap() > 0.0);
        let expressions = set["expressions"].as_array().unwrap();
        assert!(expressions.len() > 180, "{}", expressions.len());
        assert!(expressions.iter().all(|row| row["ratio"].is_f64()));
        // The packets decide something.
        let tcp = expressions.iter().find(|row| row["expression"] == "tcp");
        let accepted = tcp.unwrap()["accepted"].as_u64().unwrap();
        assert!(accepted > 100, "{accepted}");
    }
}
