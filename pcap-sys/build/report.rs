//! What a failed build tells the user to do.

/// How to install libpcap's development files, for each system.
const INSTALL: &str = "\
install libpcap's development files:
  Debian, Ubuntu   apt install libpcap-dev
  Fedora           dnf install libpcap-devel
  Alpine           apk add libpcap-dev
  Arch             pacman -S libpcap
  macOS            comes with the command line tools: xcode-select --install (or: brew install libpcap)
  FreeBSD          in the base system (newer: pkg install libpcap)
  Windows          unpack the Npcap SDK (https://npcap.com) and set NPCAP_SDK to its folder
or name your own build by LIBPCAP_LIBDIR and LIBPCAP_INCLUDEDIR.
For another target, set them with its name, such as LIBPCAP_LIBDIR_s390x_unknown_linux_gnu; pkg-config is asked for
another target only with PKG_CONFIG_ALLOW_CROSS=1 and PKG_CONFIG_LIBDIR. Where another target's C headers are not found,
install its C compiler, for Windows clang itself too, or name their folder by
BINDGEN_EXTRA_CLANG_ARGS_<target>=\"-isystem <folder>\".";

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
or set LIBCLANG_PATH to the folder of libclang's dynamic library; or leave out the default feature `bindgen`, so that
bindings are taken that were made before.";

/// How many lines of a tool's output are repeated.
const TAIL: usize = 8;

/// Nothing was found, or what was found cannot be used.
pub(crate) fn no_library(reason: &str) -> String {
    format!("{reason}\n{INSTALL}")
}

/// A build for another machine in which nothing tells where that one's libpcap is.
pub(crate) fn bare_cross_build(triple: &str) -> String {
    let suffix = triple.replace(['-', '.'], "_");
    format!(
        "nothing tells where libpcap for {triple} is, so -lpcap is linked as the linker finds it, and its version is \
         unknown: set LIBPCAP_LIBDIR_{suffix}, or PKG_CONFIG_ALLOW_CROSS=1 and PKG_CONFIG_LIBDIR"
    )
}

/// bindgen cannot load libclang.
#[cfg_attr(not(feature = "bindgen"), allow(dead_code))]
pub(crate) fn no_libclang(reason: &str) -> String {
    format!(
        "libclang, with which bindgen reads pcap.h, was not found\n{reason}\n{INSTALL_LIBCLANG}"
    )
}

/// The last lines of a tool's output, indented.
pub(crate) fn tail(output: &str) -> String {
    let all: Vec<&str> = output.lines().collect();
    let lines = &all[all.len().saturating_sub(TAIL)..];
    let mut text = String::new();
    for line in lines {
        text.push_str("\n    ");
        text.push_str(line);
    }
    text
}
