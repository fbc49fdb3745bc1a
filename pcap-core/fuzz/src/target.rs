//! The target of libFuzzer, and how it changes inputs.

use std::cell::RefCell;
use std::fs::File;
use std::sync::LazyLock;

use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};

use crate::damage::{damage, seeds};
use crate::differential::{PLAN, check};
use crate::random::Random;

/// Valid savefiles of every kind, to start from.
static SEEDS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(seeds);

thread_local! {
    static SAVEFILE: RefCell<File> = RefCell::new(tempfile::tempfile().expect("a temporary file"));
}

fuzz_target!(|input: &[u8]| {
    SAVEFILE.with_borrow_mut(|file| check(input, file));
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    let mut random = Random::new(u64::from(seed) << 1);
    if size < PLAN || max_size < PLAN {
        return fuzzer_mutate(data, size, max_size);
    }
    let new = match random.below(12) {
        // Another plan for the same savefile.
        0 | 1 => {
            data[random.below(PLAN)] = random.next() as u8;
            return size;
        }
        2 => {
            let seed = &SEEDS[random.below(SEEDS.len())];
            [&data[..PLAN], seed].concat()
        }
        // Change the fields of a savefile.
        3..=6 => {
            let mut bytes = data[PLAN..size].to_vec();
            damage(&mut random, &mut bytes);
            [&data[..PLAN], &bytes].concat()
        }
        _ => return fuzzer_mutate(data, size, max_size),
    };
    let length = new.len().min(max_size);
    data[..length].copy_from_slice(&new[..length]);
    length
});
