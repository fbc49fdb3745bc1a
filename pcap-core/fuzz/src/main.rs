//! Looks for savefiles that pcap-core reads otherwise than libpcap, led by what was covered:
//! `ci/fuzz` builds and runs it.
//!
//! An input is a plan of eight bytes, how to read, and a savefile behind it; see
//! `tests/support/differential.rs`. Built without `--cfg fuzzing`, this is an empty program, so that
//! libFuzzer, which is C++, is not needed by those who do not fuzz.
#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
#[path = "../../tests/support/damage.rs"]
mod damage;
#[cfg(fuzzing)]
#[path = "../../tests/support/differential.rs"]
mod differential;
#[cfg(fuzzing)]
#[path = "../../tests/support/files.rs"]
mod files;
#[cfg(fuzzing)]
mod target;

#[cfg(not(fuzzing))]
fn main() {
    eprintln!("run by ci/fuzz, which builds it with what it needs");
    std::process::exit(2);
}
