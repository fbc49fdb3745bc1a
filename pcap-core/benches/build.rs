//! Compiles the C peer against the headers of the libpcap that `pcap-sys` found, and records the versions of what is
//! compared: `BENCH_CRATES`, `BENCH_RUSTC` and `BENCH_CC`.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::process::Command;

/// The crates with which the benches compare `pcap-core`.
const CRATES: [&str; 3] = ["pcap", "pcap-file", "pcap-parser"];

fn main() {
    println!("cargo::rerun-if-changed=src/c");
    println!("cargo::rerun-if-changed=Cargo.lock");
    let mut c = cc::Build::new();
    let files = ["read.c", "filter.c", "expressions.c", "write.c", "live.c"];
    c.files(files.map(|file| format!("src/c/{file}")));
    c.opt_level(2).warnings(true);
    if let Some(include) = env::var_os("DEP_PCAP_INCLUDE") {
        c.include(include);
    }
    c.compile("peer");

    let lock = fs::read_to_string("Cargo.lock").expect("Cargo.lock");
    println!("cargo::rustc-env=BENCH_CRATES={}", crates(&lock).join(", "));
    let rustc = env::var_os("RUSTC").expect("cargo sets it");
    println!("cargo::rustc-env=BENCH_RUSTC={}", version(&rustc));
    let cc = version(c.get_compiler().path().as_os_str());
    println!("cargo::rustc-env=BENCH_CC={cc}, -O2");
}

/// Returns the names of the crates with their versions in the lock file.
fn crates(lock: &str) -> Vec<String> {
    let value = |line: &str, key: &str| {
        let value = line.strip_prefix(key)?.strip_prefix(" = \"")?;
        value.strip_suffix('"').map(str::to_owned)
    };
    let mut found = Vec::new();
    let mut name = String::new();
    for line in lock.lines() {
        if let Some(value) = value(line, "name") {
            name = value;
        } else if let Some(version) = value(line, "version")
            && CRATES.contains(&name.as_str())
        {
            found.push(format!("{name} {version}"));
        }
    }
    found
}

/// Returns what a compiler says about itself.
fn version(program: &OsStr) -> String {
    let output = Command::new(program).arg("--version").output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    let text = text.unwrap_or_default();
    text.lines().next().unwrap_or("unknown").to_owned()
}
