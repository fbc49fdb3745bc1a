//! The bindings in `src/bindings`, for builds without the feature `bindgen`: which of the files is the target's.
//!
//! `ci/update-bindings` makes them, and makes sure that bindgen says the same for each target that shares a file.

use std::fs;

use crate::target::Target;

/// How wide the times of a system are whose pointers have 32 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Times {
    /// As wide as pointers.
    Bits32,
    /// Wider: `_TIME_BITS=64`.
    Bits64,
    /// No C compiler was asked.
    Unknown,
}

/// The name of the target's file, without its ending.
pub(crate) fn name(target: &Target, times: Times) -> Result<&'static str, String> {
    let system = (target.os.as_str(), target.env.as_str());
    let machine = (target.arch.as_str(), target.pointer_width.as_str());
    let wide = |file: [&'static str; 2]| match times {
        Times::Bits32 => Ok(file[0]),
        Times::Bits64 => Ok(file[1]),
        Times::Unknown => Err(unknown_times(target)),
    };
    match (system, machine) {
        (("linux", "gnu"), ("x86_64" | "aarch64" | "s390x" | "riscv64" | "powerpc64", "64")) => {
            Ok("linux-gnu-64")
        }
        (("linux", "gnu"), ("x86", "32")) => wide(["linux-gnu-32", "linux-gnu-x86-time64"]),
        (("linux", "gnu"), ("arm" | "powerpc", "32")) => {
            wide(["linux-gnu-32", "linux-gnu-32-time64"])
        }
        (("linux", "musl"), ("x86_64" | "aarch64", "64")) => Ok("linux-musl-64"),
        (("windows", "gnu"), ("x86_64" | "aarch64", "64")) => Ok("windows-gnu-64"),
        (("windows", "gnu"), ("x86", "32")) => Ok("windows-gnu-32"),
        (("windows", "msvc"), ("x86_64" | "aarch64", "64")) => Ok("windows-msvc-64"),
        (("windows", "msvc"), ("x86", "32")) => Ok("windows-msvc-32"),
        _ => Err(format!(
            "there are no bindings for {} in this package: the feature `bindgen` of pcap-sys is needed, which makes \
             them from the target's headers",
            target.triple
        )),
    }
}

/// The sentence for a system whose times may or may not be wider than its pointers, where nobody says which.
pub(crate) fn unknown_times(target: &Target) -> String {
    format!(
        "only the C compiler for {} knows whether times have 64 bits there: none works, or the feature `probe` of \
         pcap-sys, which asks it, is left out",
        target.triple
    )
}

/// Reads a file by its name.
pub(crate) fn read(name: &str) -> Result<String, String> {
    // cargo runs the script in the package's folder.
    let path = format!("src/bindings/{name}.rs");
    println!("cargo::rerun-if-changed={path}");
    fs::read_to_string(&path).map_err(|error| format!("cannot read {path}: {error}"))
}

/// The version that the comment at the beginning of such a file tells.
pub(crate) fn version(text: &str) -> Option<&str> {
    let (_, rest) = text.lines().next()?.split_once("libpcap ")?;
    rest.split_once(". ").map(|(version, _)| version)
}
