//! Tests that run the programs as a user runs them.
//!
//! In an emulator, two kinds of tests are excluded. Tests of live captures and devices need packet sockets and network
//! namespaces, which qemu-user lacks. Tests that start a program by another name fail, because the emulator does not
//! pass the name on.

mod bpf;
#[cfg(all(target_os = "linux", not(emulated)))]
mod capture;
mod common;
mod compression;
mod copying_programs;
mod decode;
#[cfg(all(target_os = "linux", not(emulated)))]
mod demo;
#[cfg(all(target_os = "linux", not(emulated)))]
mod devices;
#[cfg(all(target_os = "linux", not(emulated)))]
mod every_program;
// The compiler's libraries are for this machine.
#[cfg(all(
    target_os = "linux",
    target_env = "gnu",
    target_pointer_width = "64",
    not(emulated)
))]
mod failed_calls;
mod filter;
#[cfg(target_os = "linux")]
mod following;
#[cfg(unix)]
mod gzip;
#[cfg(unix)]
mod help;
mod info;
mod input_not_overwritten;
#[cfg(target_os = "linux")]
mod interrupted_pipes;
mod json;
mod json_failures;
#[cfg(all(feature = "manual", not(emulated)))]
mod manual;
mod merge;
mod mixed_link_types;
#[cfg(all(target_os = "linux", not(emulated)))]
mod on_a_terminal;
#[cfg(not(emulated))]
mod options;
#[cfg(target_os = "linux")]
mod output_streams;
mod pcapng;
mod read;

mod read_ranges;
mod recode;
#[cfg(all(target_os = "linux", not(emulated)))]
mod replay;
#[cfg(target_os = "linux")]
mod signals;
mod split;
mod stats;
mod top;
#[cfg(not(emulated))]
mod traffic;
mod views;
