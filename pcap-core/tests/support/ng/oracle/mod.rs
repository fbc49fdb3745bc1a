//! Other programs that read pcapng, to compare with: libpcap, tshark and capinfos.

mod capinfos;
mod libpcap;
mod tshark;

use std::process::Command;

pub(crate) use capinfos::{Info, InterfaceInfo, capinfos, capinfos_errors};
pub(crate) use libpcap::{Read, libpcap};
pub(crate) use tshark::{Line, NO_DATA, expected_lines, print_fields, tshark};

/// Runs a program, and returns what it prints; panics with its error if it fails.
fn run(command: &mut Command) -> String {
    let output = command
        .output()
        .unwrap_or_else(|e| panic!("cannot run {command:?}: {e}"));
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {error}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}
