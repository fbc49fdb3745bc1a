//! Searches for pcapng files that the block reader reads wrongly: whose blocks are not the bytes of the file, that it
//! reads differently from a file, a pipe or in pieces, or whose packets are not those of a capture.
//!
//! An input is a byte that selects how to read, and then a file; see `tests/support/blocks/input.rs`.
#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
#[path = "../../../tests/support/blocks/mod.rs"]
mod blocks;
#[cfg(fuzzing)]
#[path = "../../../tests/support/contents/mod.rs"]
mod contents;
#[cfg(fuzzing)]
#[path = "../../../tests/support/damage.rs"]
mod damage;
#[cfg(fuzzing)]
#[path = "../../../tests/support/differential/mod.rs"]
mod differential;
#[cfg(fuzzing)]
#[path = "../../../tests/support/files.rs"]
mod files;
#[cfg(fuzzing)]
#[path = "../../../tests/support/ng/mod.rs"]
mod ng;
#[cfg(fuzzing)]
#[path = "../../../tests/support/random.rs"]
mod random;

#[cfg(fuzzing)]
mod target {
    use std::sync::LazyLock;

    use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};

    use super::blocks::check_input;
    use super::ng;
    use super::random::Random;

    /// Short files of every kind, to start from.
    static SEEDS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
        let files = ng::corpus().into_iter().map(|case| case.bytes);
        files.filter(|bytes| bytes.len() < 1500).collect()
    });

    fuzz_target!(|input: &[u8]| {
        check_input(input);
    });

    fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
        let mut random = Random::new(u64::from(seed) << 1);
        if size < 2 {
            return fuzzer_mutate(data, size, max_size);
        }
        let new = match random.below(12) {
            // Another way to read the same file.
            0 => {
                data[0] = random.next() as u8;
                return size;
            }
            1 => [&data[..1], &SEEDS[random.below(SEEDS.len())]].concat(),
            2 => [&data[..1], &ng::random(seed.into()).bytes].concat(),
            // Another file after this one.
            3 => [&data[..size], &SEEDS[random.below(SEEDS.len())]].concat(),
            4..=7 => [&data[..1], &ng::damage(seed.into(), &data[1..size])].concat(),
            _ => return fuzzer_mutate(data, size, max_size),
        };
        let length = new.len().min(max_size);
        data[..length].copy_from_slice(&new[..length]);
        length
    });
}

#[cfg(not(fuzzing))]
fn main() {
    eprintln!("run by ci/fuzz, which builds it with what it needs");
    std::process::exit(2);
}
