//! Tests of `pcap-recode`, compared with editcap, tcpdump, tshark and gzip.

mod chop;
mod formats;
mod gzip;
mod link_headers;
mod rewriting;
mod signals_and_errors;

use std::fs;
use std::path::Path;

use crate::common::{RunResult, path_arg, program, run, run_tool};

/// Runs `pcap-recode` from one file to another.
fn recode(options: &[&str], input: &Path, output: &Path) -> RunResult {
    run(program("recode").args(options).args([input, output]))
}

/// Does the same, and panics if it fails. Returns its standard error, and the bytes of the output.
fn recoded(options: &[&str], input: &Path, output: &Path) -> (String, Vec<u8>) {
    let ran = recode(options, input, output);
    assert_eq!(ran.status, Some(0), "{options:?}: {}", ran.stderr);
    (ran.stderr, fs::read(output).unwrap())
}

/// Returns the records of a savefile, without its header.
fn records(bytes: &[u8]) -> &[u8] {
    &bytes[24..]
}

/// Returns the given fields of all packets, as tshark decodes them.
fn fields(path: &Path, names: &[&str]) -> String {
    let mut arguments = vec!["-n", "-r", path_arg(path), "-T", "fields"];
    names.iter().for_each(|name| arguments.extend(["-e", name]));
    run_tool("tshark", &arguments)
}
