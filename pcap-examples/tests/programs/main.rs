//! The programs, run as a user runs them.
//!
//! Excluded in an emulator: what captures live or lists devices, because qemu-user has neither packet sockets nor
//! namespaces, and what starts programs by other names, which an emulator does not pass on.

mod bpf;
#[cfg(all(target_os = "linux", not(emulated)))]
mod capture;
mod common;
mod copies;
mod decode;
#[cfg(all(target_os = "linux", not(emulated)))]
mod demo;
#[cfg(all(target_os = "linux", not(emulated)))]
mod devices;
mod filter;
#[cfg(unix)]
mod gzip;
mod linktypes;
#[cfg(all(feature = "manual", not(emulated)))]
mod manual;
mod merge;
#[cfg(target_os = "linux")]
mod output;
mod read;
mod recode;
#[cfg(all(target_os = "linux", not(emulated)))]
mod replay;
#[cfg(unix)]
mod same_file;
#[cfg(target_os = "linux")]
mod signals;
mod split;
#[cfg(all(target_os = "linux", not(emulated)))]
mod terminal;
#[cfg(target_os = "linux")]
mod waiting;
