//! Compiles the C peer of the benches against the headers of the libpcap that `pcap-sys` found, and records the
//! compilers in `GATE_RUSTC` and `GATE_CC`.

use std::env;
use std::ffi::OsStr;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=../src/c");
    let mut c = cc::Build::new();
    let files = ["read.c", "filter.c", "write.c", "live.c"];
    c.files(files.map(|file| format!("../src/c/{file}")));
    c.opt_level(2).warnings(true);
    if let Some(include) = env::var_os("DEP_PCAP_INCLUDE") {
        c.include(include);
    }
    c.compile("peer");
    let rustc = env::var_os("RUSTC").expect("cargo sets it");
    println!("cargo::rustc-env=GATE_RUSTC={}", version(&rustc));
    let cc = version(c.get_compiler().path().as_os_str());
    println!("cargo::rustc-env=GATE_CC={cc}");
}

/// Returns what a compiler says about itself.
fn version(program: &OsStr) -> String {
    let output = Command::new(program).arg("--version").output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    let text = text.unwrap_or_default();
    text.lines().next().unwrap_or("unknown").to_owned()
}
