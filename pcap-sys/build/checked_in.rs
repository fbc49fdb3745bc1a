//! Selects the file in `src/bindings` for the target, in builds without the `bindgen` feature or without libclang.
//!
//! `ci/update-bindings` generates these files, and checks that bindgen's output is the same for all targets that share
//! a file.

use std::fs;

use crate::target::Target;

/// The width of times on systems with 32-bit pointers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Times {
    /// The width of pointers.
    Bits32,
    /// 64 bits: `_TIME_BITS=64`.
    Bits64,
    /// Not known without a C compiler.
    Unknown,
}

/// The 64-bit processors on which the types in the headers have the same layout with every C library of Linux.
const LINUX_64: [&str; 6] = [
    "x86_64",
    "aarch64",
    "s390x",
    "riscv64",
    "powerpc64",
    "loongarch64",
];

/// Returns the name of the target's file, without its extension.
pub(crate) fn name(target: &Target, times: Times) -> Result<&'static str, String> {
    let system = (target.os.as_str(), target.env.as_str());
    let machine = (target.arch.as_str(), target.pointer_width.as_str());
    let wide = |file: [&'static str; 2]| match times {
        Times::Bits32 => Ok(file[0]),
        Times::Bits64 => Ok(file[1]),
        Times::Unknown => Err(unknown_times(target)),
    };
    match (system, machine) {
        (("linux", "gnu"), (arch, "64")) if LINUX_64.contains(&arch) => Ok("linux-gnu-64"),
        (("linux", "gnu"), ("x86", "32")) => wide(["linux-gnu-32", "linux-gnu-x86-time64"]),
        (("linux", "gnu"), ("arm" | "powerpc", "32")) => {
            wide(["linux-gnu-32", "linux-gnu-32-time64"])
        }
        (("linux", "musl"), (arch, "64")) if LINUX_64.contains(&arch) => Ok("linux-musl-64"),
        (("windows", "gnu"), ("x86_64" | "aarch64", "64")) => Ok("windows-gnu-64"),
        (("windows", "gnu"), ("x86", "32")) => Ok("windows-gnu-32"),
        (("windows", "msvc"), ("x86_64" | "aarch64", "64")) => Ok("windows-msvc-64"),
        (("windows", "msvc"), ("x86", "32")) => Ok("windows-msvc-32"),
        _ => Err(format!(
            "this package has no bindings for {}; enable the `bindgen` feature of pcap-sys, which generates them from \
             the target's headers",
            target.triple
        )),
    }
}

/// Formats the error for a system on which the width of times cannot be determined: they may be wider than pointers.
pub(crate) fn unknown_times(target: &Target) -> String {
    format!(
        "cannot determine whether times have 64 bits on {}: no C compiler for it works, or the `probe` feature of \
         pcap-sys is disabled",
        target.triple
    )
}

/// Reads a file of bindings by its name.
pub(crate) fn read(name: &str) -> Result<String, String> {
    // cargo runs the script in the package's directory.
    let path = format!("src/bindings/{name}.rs");
    println!("cargo::rerun-if-changed={path}");
    fs::read_to_string(&path).map_err(|error| format!("cannot read {path}: {error}"))
}

/// Returns the value of `BINDINGS` for such a file.
pub(crate) fn origin(name: &str, version: Option<&str>) -> String {
    format!("{name} of libpcap {}", version.unwrap_or("unknown"))
}

/// Returns the libpcap version in the comment at the beginning of such a file.
pub(crate) fn version(text: &str) -> Option<&str> {
    let (_, rest) = text.lines().next()?.split_once("libpcap ")?;
    rest.split_once(". ").map(|(version, _)| version)
}
