//! What the fuzz targets share: how each changes inputs, and the checks, which `cargo test` runs as well.
//!
//! A target is a program in `bin`. `ci/fuzz` builds them. Built without `--cfg fuzzing`, they only print how to run
//! them, so that libFuzzer, which is C++, is only needed for fuzzing.

#[cfg(fuzzing)]
pub mod mutate;
#[cfg(fuzzing)]
#[path = "../../tests/support/mod.rs"]
mod support;
#[cfg(fuzzing)]
#[path = "../../tests/fuzzed/targets/mod.rs"]
pub mod targets;

/// Defines the target of libFuzzer with this name, which is that of a module in [`targets`] and in [`mutate`].
#[cfg(fuzzing)]
#[macro_export]
macro_rules! target {
    ($name:ident) => {
        libfuzzer_sys::fuzz_target!(|input: &[u8]| {
            $crate::targets::$name::check(input);
        });

        libfuzzer_sys::fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
            $crate::mutate::$name(data, size, max_size, seed)
        });
    };
}

/// Defines a program that prints how to run the target.
#[cfg(not(fuzzing))]
#[macro_export]
macro_rules! target {
    ($name:ident) => {
        fn main() {
            eprintln!("run by ci/fuzz, which builds it with what it needs");
            std::process::exit(2);
        }
    };
}
