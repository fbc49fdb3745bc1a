//! The programs, run as a user runs them.
//!
//! Excluded in an emulator: what captures live or lists devices, because qemu-user has neither packet sockets nor
//! namespaces, and what starts programs by other names, which an emulator does not pass on.

mod bpf;
#[cfg(all(target_os = "linux", not(emulated)))]
mod capture;
mod common;
mod copying_programs;
mod decode;
#[cfg(all(target_os = "linux", not(emulated)))]
mod demo;
#[cfg(all(target_os = "linux", not(emulated)))]
mod devices;
mod filter;
#[cfg(unix)]
mod gzip;
#[cfg(unix)]
mod input_not_overwritten;
#[cfg(target_os = "linux")]
mod interrupted_pipes;
#[cfg(all(feature = "manual", not(emulated)))]
mod manual;
mod merge;
mod mixed_link_types;
#[cfg(all(target_os = "linux", not(emulated)))]
mod on_a_terminal;
#[cfg(target_os = "linux")]
mod output_streams;
mod read;
mod recode;
#[cfg(all(target_os = "linux", not(emulated)))]
mod replay;
#[cfg(target_os = "linux")]
mod signals;
mod split;
