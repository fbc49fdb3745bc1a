//! What each target checks.

use crate::support::random::Random;
use crate::{inputs_of, targets};

/// Checks the committed inputs of a target, and this many random ones.
fn check(name: &str, target: fn(&[u8]), count: usize) {
    let inputs = inputs_of(name);
    assert!(inputs.len() > 20, "{} inputs", inputs.len());
    for path in inputs {
        println!("{}", path.display());
        target(&std::fs::read(path).unwrap());
    }
    let mut random = Random::new(0xf022);
    for turn in 0..count {
        println!("random input {turn}");
        let length = random.below(300);
        target(&random.bytes(length));
    }
}

#[test]
fn programs_are_checked_and_run_as_by_libpcap() {
    check("programs", targets::programs::check, 2000);
}

#[test]
fn sequences_of_calls_lose_no_packet() {
    check("sequences", targets::sequences::check, 1000);
}

#[test]
fn changing_files_are_read_or_an_error() {
    check("changing", targets::changing::check, 300);
}

#[test]
fn appending_destroys_nothing() {
    check("append", targets::append::check, 0);
}

#[test]
fn lists_decide_as_libpcap() {
    check("any-of", targets::any_of::check, 100);
}

#[test]
fn expressions_are_compiled_as_by_libpcap() {
    check("expressions", targets::expressions::check, 200);
}

#[test]
fn listings_are_parsed_back() {
    check("listings", targets::listings::check, 0);
}

#[test]
#[cfg(feature = "serde")]
fn serialized_data_is_checked() {
    check("serialized", targets::serialized::check, 0);
}

#[test]
#[cfg(feature = "remote")]
fn sources_are_parsed_as_by_libpcap() {
    check("sources", targets::sources::check, 0);
}

#[test]
#[cfg(feature = "remote")]
#[cfg_attr(
    not(have_pcap_remoteact_list),
    ignore = "needs a libpcap with remote capture"
)]
fn a_daemon_cannot_crash_a_capture() {
    check("daemon", targets::daemon::check, 50);
}
