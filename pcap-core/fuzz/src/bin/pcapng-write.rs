//! Searches for sections, interfaces, packets and edits that the dumper writes wrongly: otherwise than the generator of
//! the tests, or so that the reader does not return what was written.
//!
//! The bytes of an input are the decisions of what to write; see `tests/support/blocks/written.rs`.
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
    use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};

    use super::blocks::check_written;
    use super::random::Random;

    fuzz_target!(|input: &[u8]| {
        check_written(input);
    });

    fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
        let mut random = Random::new(u64::from(seed) << 1);
        if random.below(8) > 0 {
            return fuzzer_mutate(data, size, max_size);
        }
        // Other decisions from somewhere on.
        let start = random.below(size + 1);
        let count = 1 + random.below(400);
        let new = random.bytes(count);
        let end = max_size.min(start + new.len());
        data[start..end].copy_from_slice(&new[..end - start]);
        end
    });
}

#[cfg(not(fuzzing))]
fn main() {
    eprintln!("run by ci/fuzz, which builds it with what it needs");
    std::process::exit(2);
}
