//! Savefiles: what is read of them, and what dumpers write.

mod breaks;
mod breaks_while_skipping;
mod changing;
mod damaged;
mod dumper;
mod follow;
mod format;
mod fuzz;
#[cfg(target_os = "linux")]
mod lengths;
mod mixed;
mod ng;
mod panics;
mod pcapng;
#[cfg(unix)]
mod pipes;
#[cfg(unix)]
mod pipes_fuzz;
mod reading;
// C libraries of 32 bits make other system calls.
#[cfg(all(target_os = "linux", target_pointer_width = "64", not(emulated)))]
mod refused;
mod roundtrips;
mod sources;
#[cfg(unix)]
mod tools;
#[cfg(windows)]
mod windows;

#[path = "../support/mod.rs"]
mod support;
