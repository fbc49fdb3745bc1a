//! Searches for savefiles that pcap-core and libpcap read differently, guided by coverage: `ci/fuzz` builds and runs
//! it.
//!
//! An input is a plan of eight bytes, how to read, and then a savefile; see `tests/support/differential`. Built
//! without `--cfg fuzzing`, this is an empty program, so that libFuzzer, which is C++, is only needed for fuzzing.
#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
#[path = "../../tests/support/damage.rs"]
mod damage;
#[cfg(fuzzing)]
#[path = "../../tests/support/differential/mod.rs"]
mod differential;
#[cfg(fuzzing)]
#[path = "../../tests/support/files.rs"]
mod files;
#[cfg(fuzzing)]
#[path = "../../tests/support/random.rs"]
mod random;
#[cfg(fuzzing)]
mod target;

#[cfg(not(fuzzing))]
fn main() {
    eprintln!("run by ci/fuzz, which builds it with what it needs");
    std::process::exit(2);
}
