//! The programs: each is run as a user runs it.

mod bpf;
#[cfg(target_os = "linux")]
mod capture;
mod common;
mod copies;
mod decode;
#[cfg(target_os = "linux")]
mod demo;
#[cfg(target_os = "linux")]
mod devices;
mod filter;
#[cfg(unix)]
mod gzip;
mod linktypes;
#[cfg(feature = "manual")]
mod manual;
mod merge;
#[cfg(target_os = "linux")]
mod output;
mod read;
mod recode;
#[cfg(target_os = "linux")]
mod replay;
#[cfg(unix)]
mod same_file;
#[cfg(target_os = "linux")]
mod signals;
mod split;
#[cfg(target_os = "linux")]
mod terminal;
#[cfg(target_os = "linux")]
mod waiting;
