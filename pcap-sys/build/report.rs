//! Instructions for a user whose build has failed.

/// How to install libpcap's development files, for each system.
const INSTALL: &str = "\
install libpcap's development files:
  Debian, Ubuntu   apt install libpcap-dev
  Fedora           dnf install libpcap-devel
  Alpine           apk add libpcap-dev
  Arch             pacman -S libpcap
  macOS            comes with the command line tools: xcode-select --install (or: brew install libpcap)
  FreeBSD          in the base system (newer: pkg install libpcap)
  Windows          unpack the Npcap SDK (https://npcap.com) and set NPCAP_SDK to its directory
or set LIBPCAP_LIBDIR and LIBPCAP_INCLUDEDIR to the directories of your own build,
or build libpcap with the `vendored` feature of pcap-sys, which needs its source in LIBPCAP_SOURCE.
For a cross build, append the target to the names of these variables, as in LIBPCAP_LIBDIR_s390x_unknown_linux_gnu.
pkg-config is only used for a cross build if PKG_CONFIG_ALLOW_CROSS=1 and PKG_CONFIG_LIBDIR are set. If the target's C
headers are not found, install its C compiler (for Windows also clang itself), or set
BINDGEN_EXTRA_CLANG_ARGS_<target>=\"-isystem <directory>\".";

/// How to install libclang, for each system.
const INSTALL_LIBCLANG: &str = "\
install libclang:
  Debian, Ubuntu   apt install libclang-dev
  Fedora           dnf install clang-devel
  Alpine           apk add clang-dev
  Arch             pacman -S clang
  macOS            xcode-select --install (or: brew install llvm)
  FreeBSD          pkg install llvm
  Windows          install LLVM (https://llvm.org)
or set LIBCLANG_PATH to the directory of libclang's dynamic library.";

/// The number of lines of a tool's output to include in an error.
const TAIL: usize = 8;

/// Formats the error if no usable libpcap was found.
pub(crate) fn no_library(reason: &str) -> String {
    format!("{reason}\n{INSTALL}")
}

/// Formats the warning for a cross build if the location of the target's libpcap is unknown.
pub(crate) fn bare_cross_build(triple: &str) -> String {
    let suffix = triple.replace(['-', '.'], "_");
    format!(
        "the location of libpcap for {triple} is unknown, so -lpcap is linked as the linker finds it, with an unknown \
         version: set LIBPCAP_LIBDIR_{suffix}, or PKG_CONFIG_ALLOW_CROSS=1 and PKG_CONFIG_LIBDIR"
    )
}

/// Formats the error if bindgen cannot use libclang, and the bindings of this crate cannot replace it.
#[cfg_attr(not(feature = "bindgen"), allow(dead_code))]
pub(crate) fn no_libclang(reason: &str, irreplaceable: &str) -> String {
    format!(
        "no usable libclang was found, which bindgen needs to read pcap.h, and the bindings of pcap-sys cannot be used \
         instead: {irreplaceable}\n{reason}\n{INSTALL_LIBCLANG}"
    )
}

/// Formats the error if bindgen cannot read the headers of the target because their location is unknown.
#[cfg_attr(not(feature = "bindgen"), allow(dead_code))]
pub(crate) fn no_target_headers(triple: &str, reason: &str) -> String {
    let suffix = triple.replace(['-', '.'], "_");
    format!(
        "the location of the C headers for {triple} is unknown, because no C compiler for it works ({reason}): set \
         CC_{suffix}, or BINDGEN_EXTRA_CLANG_ARGS_{suffix}"
    )
}

/// Formats the warning if the bindings of this crate replace those that libclang is missing for.
#[cfg_attr(not(feature = "bindgen"), allow(dead_code))]
pub(crate) fn instead_of_libclang(origin: &str, reason: &str) -> String {
    let path = std::env::var_os("LIBCLANG_PATH").map_or_else(String::new, |path| {
        format!(" (LIBCLANG_PATH={})", path.to_string_lossy())
    });
    format!(
        "no usable libclang was found{path}, so pcap-sys uses its bindings {origin} instead of generating them. To \
         generate them, install libclang with its headers (libclang-dev, clang-devel) and run `cargo clean -p pcap-sys`. \
         bindgen's error: {reason}"
    )
}

/// Returns the reason for a failure in a tool's output, and the last lines of the output, indented.
pub(crate) fn said(output: &str) -> String {
    // The other words also appear in messages that are no errors, so `error:` takes precedence.
    const CAUSES: [&[&str]; 2] = [
        &["error:"],
        &["undefined reference", "undefined symbol", "cannot find"],
    ];
    let all: Vec<&str> = output
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    // Compilers print these words when the linker has failed, whatever the cause.
    const EFFECTS: [&str; 2] = ["ld returned", "linker command failed"];
    let names = |line: &str, words: &[&str]| words.iter().any(|word| line.contains(word));
    let cause = CAUSES.iter().find_map(|words| {
        let mut lines = all.iter();
        lines.find(|line| names(line, words) && !names(line, &EFFECTS))
    });
    // A tool that prints little begins with the cause.
    let guess = if all.len() > TAIL {
        all.last()
    } else {
        all.first()
    };
    let Some(cause) = cause.or(guess) else {
        return String::new();
    };
    let mut text = format!(": {}", cause.trim());
    if all.len() > 1 {
        for line in &all[all.len().saturating_sub(TAIL)..] {
            text.push_str("\n    ");
            text.push_str(line);
        }
    }
    text
}
