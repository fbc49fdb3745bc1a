//! Counts the instructions that `pcap-core` executes for each packet on its hot paths, and fails if there are more than
//! recorded.
//!
//! A count is compared with that of C on the same libpcap, and of the bare system calls, in the same run: the versions
//! of libpcap and of the compilers, and the processor, matter less for the ratio than for the count. On Linux only.

#[path = "../../src/frames.rs"]
#[allow(dead_code)] // the benches use all of it
mod frames;
#[path = "../../src/layout.rs"]
#[allow(dead_code)]
mod layout;
#[path = "../../src/tally.rs"]
mod tally;

mod count;
mod live;
mod paths;
mod peers;
mod ratios;
mod report;
mod work;

use std::process::ExitCode;

type Failure = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match arguments[..] {
        [] => report::check(),
        ["--update"] => report::update(),
        // The process that valgrind runs.
        ["--work", what] => work::run(what).map(|()| ExitCode::SUCCESS),
        _ => Err(format!("unexpected arguments {arguments:?} (see ci/gate --help)").into()),
    };
    result.unwrap_or_else(|error| {
        eprintln!("gate: {error}");
        ExitCode::FAILURE
    })
}
