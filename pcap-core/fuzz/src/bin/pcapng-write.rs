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
libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    blocks::check_written(input);
});

#[cfg(not(fuzzing))]
fn main() {
    eprintln!("run by ci/fuzz, which builds it with what it needs");
    std::process::exit(2);
}
