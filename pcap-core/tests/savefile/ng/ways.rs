//! All ways to read a file agree.

use pcap_core::ErrorKind;

use super::{RANDOM, random_files};
use crate::support::blocks::{Call, Plan, Way, check_input};
use crate::support::ng::{damage, damaged, random, valid};

/// Each way, with each call once.
const PLANS: [Plan; 10] = [
    Plan::new(Way::File(0), Call::Next),
    Plan::new(Way::File(1001), Call::All),
    Plan::new(Way::Reader(1), Call::Next),
    Plan::new(Way::Reader(3), Call::Try),
    Plan::new(Way::Reader(7), Call::Timeout),
    Plan::new(Way::Reader(4096), Call::All),
    Plan::new(Way::Pipe, Call::Next),
    Plan::new(Way::Pipe, Call::Try),
    Plan::new(Way::Socket, Call::Timeout),
    Plan::new(Way::Socket, Call::All),
];

#[test]
fn all_ways_of_reading_agree() {
    for (at, case) in valid().iter().chain(&damaged()).enumerate() {
        let first = Plan::new(Way::Reader(usize::MAX), Call::Next).read(&case.bytes);
        // Long files in some ways, short ones in all.
        let step = case.bytes.len() / 5000 + 1;
        for plan in PLANS.iter().skip(at % step).step_by(step) {
            let other = plan.read(&case.bytes);
            assert!(other == first, "{}: {plan:?}", case.name);
        }
    }
}

#[test]
fn random_files_are_read_alike_in_all_ways() {
    for (at, case) in random_files().step_by(3).enumerate() {
        check_input(&[&[at as u8], &case.bytes[..]].concat());
    }
}

/// Nothing panics, and all ways agree on the damage and on where they resume.
#[test]
fn any_damage_is_found_alike_in_all_ways() {
    for seed in (1..=RANDOM).step_by(2) {
        let bytes = damage(seed, &random(seed).bytes);
        check_input(&[&[seed as u8], &bytes[..]].concat());
    }
}

/// The error does not depend on how many bytes were there when it was found.
#[test]
fn what_is_no_pcapng_is_named_in_all_pieces() {
    for (bytes, name) in [
        (&b"BZh91AY"[..], "bzip2"),
        (b"BZh", "bzip2"),
        (&[0x1f, 0x8b, 8, 0, 0], "gzip"),
        (&[0x1f, 0x8b], "gzip"),
        (b"a", "expected a section header"),
    ] {
        for piece in 1..=bytes.len() {
            let read = Plan::new(Way::Reader(piece), Call::Next).read(bytes);
            let (kind, text) = read.error.expect("an error");
            assert_eq!(kind, ErrorKind::SavefileBad, "{piece}: {text}");
            assert!(text.contains(name), "{piece}: {text}");
        }
    }
}
