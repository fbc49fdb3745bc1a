//! Savefiles that `ci/fuzz` found interesting, or that once revealed a fault.

use crate::inputs_of;
use crate::support::blocks::{check_input, check_written};
use crate::support::differential::{CALLS, PLAN, check};

/// Reads the inputs of a target.
fn read_inputs_of(target: &str) -> Vec<Vec<u8>> {
    let paths = inputs_of(target).into_iter();
    paths.map(|path| std::fs::read(path).unwrap()).collect()
}

#[test]
fn the_fuzzers_inputs_are_libpcaps() {
    let mut file = tempfile::tempfile().unwrap();
    let (mut inputs, mut packets, mut errors) = (0, 0, 0);
    for path in inputs_of("savefiles") {
        println!("{}", path.display());
        let input = std::fs::read(path).unwrap();
        let theirs = check(&input, &mut file);
        // The same savefile with every call; on Windows, where each opens several files, with some.
        let every = if cfg!(windows) { 5 } else { 1 };
        for call in (0..CALLS as u8).step_by(every) {
            let mut other = input.clone();
            other.resize(other.len().max(PLAN), 0);
            other[..2].copy_from_slice(&[call + input.len() as u8 % 4, call | (call << 4)]);
            check(&other, &mut file);
        }
        inputs += 1;
        packets += theirs.packets.len();
        errors += usize::from(theirs.error.is_some());
    }
    assert!(inputs > 100, "{inputs}");
    assert!(packets > inputs && errors < inputs, "{packets}, {errors}");
}

#[test]
fn the_fuzzers_files_are_read_alike_in_all_ways() {
    let inputs = read_inputs_of("pcapng-read");
    assert!(inputs.len() > 50, "{}", inputs.len());
    let blocks: usize = inputs.iter().map(|input| check_input(input)).sum();
    assert!(blocks > inputs.len(), "{blocks}");
}

#[test]
fn the_fuzzers_files_are_those_of_the_generator() {
    let inputs = read_inputs_of("pcapng-write");
    assert!(inputs.len() > 100, "{}", inputs.len());
    let longest = inputs.iter().map(|input| check_written(input)).max();
    assert!(longest > Some(100), "{longest:?}");
}
