//! Raw bindings to libpcap and Npcap: every declaration of `pcap.h` and `pcap/namedb.h`, as C spells it.
//!
//! This crate is for those who write C in Rust: a safe wrapper, a packager, a program that needs one call that no
//! wrapper has. Programs that capture packets are better served by a safe crate on top of it: what each function is in
//! `pcap-core` is listed in this crate's `COVERAGE.md`.
//!
//! The bindings are generated when the crate is built, from the headers of the *target* (or before that: see the features
//! below), and name what those headers
//! declare: functions, structures, `PCAP_…`, `DLT_…` and `BPF_…`. What a macro with arguments does in C, a `const fn`
//! of the same name does here ([`BPF_CLASS`], [`LT_FCS_LENGTH`], …).
//!
//! # Features
//!
//! | feature | default | meaning |
//! |---|---|---|
//! | `bindgen` | yes | generates the bindings when the crate is built, from the headers of the target. Without, they are those that bindgen made of libpcap 1.10.5's headers and that come with this crate, for Linux (`x86_64`, `aarch64`, `s390x`, `riscv64`, `powerpc64`, `i686`, `arm` and `powerpc` with glibc, the first two with musl) and Windows; for another target the build says that the feature is needed |
//! | `load-dynamically` | no | links nothing, and finds libpcap when the program runs |
//! | `probe` | as part of `bindgen` | links small programs by the target's C compiler, which show that the libpcap that was found is one, what it exports, and what a static one needs. Without, libpcap is taken to be as pkg-config describes it |
//!
//! Without `bindgen` neither libclang nor headers are needed. A function that the bindings declare and an older libpcap
//! lacks does no harm as long as it is not used: `DEP_PCAP_HAVE_<FUNCTION>` tells what there is, if `probe` is asked for.
//!
//! Without any feature the build is quickest, and no C compiler is needed but the linker that rustc calls. It is enough for
//! a dynamic libpcap of which pkg-config, `pcap-config` or `LIBPCAP_VER` tells the version. A static one, one for a Linux
//! of 32 bits, and one of which nothing is known are refused, by a sentence that names the feature `probe`.
//!
//! # What a build needs
//!
//! libpcap 1.10.0 or newer with its headers (`libpcap-dev`, `libpcap-devel`, the Npcap SDK, …), libclang, and a C
//! compiler for the target; with `probe` instead of `bindgen` only the library and the C compiler; without both the
//! library; and with `load-dynamically` not even that. libpcap is looked for in this order:
//!
//! - on Unix: `LIBPCAP_LIBDIR`, pkg-config, `pcap-config`, and last plain `-lpcap`;
//! - on Windows: `LIBPCAP_LIBDIR`, `NPCAP_SDK`, and last the folders of `LIB`.
//!
//! An older libpcap is refused. Where nothing tells the version, `probe` goes on and calls it `unknown`, unless the
//! headers lack what 1.10.0 brought.
//!
//! # Environment variables
//!
//! Each is looked up with the target first, so that one environment serves the build machine and a cross build:
//! `LIBPCAP_LIBDIR_s390x_unknown_linux_gnu` goes before `LIBPCAP_LIBDIR` (the target may also be written with its
//! dashes, or in capitals). An empty variable counts as none. A wrong value stops the build with a sentence that says
//! what was expected. None is ignored, unless what it is for is not done: with `load-dynamically` no library is looked for,
//! so that `LIBPCAP_LIBDIR` and `NPCAP_SDK` lead to headers alone, and where `bindgen` is left out to nothing.
//!
//! | variable | value | meaning |
//! |---|---|---|
//! | `LIBPCAP_LIBDIR` | absolute path | the folder of `libpcap.so`, `libpcap.dylib` or `libpcap.a` (Windows: `wpcap.lib` or `libwpcap.a`); the headers are taken from beside it, if they are there |
//! | `LIBPCAP_INCLUDEDIR` | absolute path | the folder that holds `pcap/pcap.h` |
//! | `LIBPCAP_VER` | `1.10`, `1.10.3` | the version, over whatever the search finds |
//! | `LIBPCAP_STATIC` | `1` or `0` | link `libpcap.a`, and the libraries that it needs dynamically; by default only where `LIBPCAP_LIBDIR` or the folder that pkg-config tells holds nothing else, or the target feature `crt-static` allows nothing else |
//! | `NPCAP_SDK` | absolute path | the unpacked Npcap SDK, with its `Include` and `Lib` |
//!
//! Beside these, the variables of [pkg-config](https://docs.rs/pkg-config) (`PKG_CONFIG_PATH`,
//! `PKG_CONFIG_ALLOW_CROSS`, …) lead to its libpcap. `PKG_CONFIG_ALL_STATIC` links that one statically, as `LIBPCAP_STATIC=1`
//! would, which goes first. The variables of [cc](https://docs.rs/cc) (`CC`, `CFLAGS`, …) and of bindgen (`LIBCLANG_PATH`,
//! `BINDGEN_EXTRA_CLANG_ARGS`) do what they always do.
//!
//! # What dependents are told
//!
//! A crate that names `pcap-sys` among its own dependencies can read these variables in its build script:
//!
//! | variable | value |
//! |---|---|
//! | `DEP_PCAP_VERSION` | libpcap's version, such as `1.10.3`, or `unknown` |
//! | `DEP_PCAP_LINK` | how libpcap gets into the program: `dynamic`, `static`, `load` with the feature `load-dynamically`, or `none` where only documentation is built |
//! | `DEP_PCAP_LIBS` | the names of what is linked, separated by spaces, libpcap first; for a static libpcap with the libraries that it needs |
//! | `DEP_PCAP_LIBDIR` | the folder of the libpcap that is linked; not set where only the linker knows it |
//! | `DEP_PCAP_DEFINES` | the macros that C code defines before it includes `pcap.h`, as `NAME` or `NAME=VALUE`, separated by spaces: those of pkg-config, and on systems of 32 bits `_TIME_BITS` and `_FILE_OFFSET_BITS` as the C compiler sets them; not set if there are none |
//! | `DEP_PCAP_INCLUDE` | the folder of the `pcap/pcap.h` that was read; without `bindgen`, one that a variable or pkg-config names, or in which with `probe` the C compiler finds it |
//! | `DEP_PCAP_HAVE_<FUNCTION>` | `1` for each function, in capitals, that the header declares *and* the library exports; none without `probe` |
//!
//! A declaration alone proves nothing: Debian's header declares `pcap_open`, its library has no such function, and who
//! calls it cannot be linked. So each function is tried by linking a small program for the target:
//!
//! ```
//! // build.rs
//! println!("cargo::rustc-check-cfg=cfg(has_pcap_open)");
//! if std::env::var_os("DEP_PCAP_HAVE_PCAP_OPEN").is_some() {
//!     println!("cargo::rustc-cfg=has_pcap_open");
//! }
//! ```
//!
//! # A libpcap that is found when the program runs
//!
//! A program that is linked with libpcap does not start where there is none. With the feature `load-dynamically` it does:
//! all functions have the same names and types, and find libpcap's at their first call. `load` finds the library and
//! says why if there is none, and `has` tells whether it has a function. A program asks before the first call: calling a
//! function where there is no libpcap, or one that it lacks, prints a line on standard error and aborts the program.
//! After the first call of a function, each costs one more read of memory than in a program that is linked.
//!
//! On Windows the library is `wpcap.dll` of the system's own folders, Npcap's first. On Unix the usual environment
//! variables of the dynamic linker (`LD_LIBRARY_PATH`, …) lead to another. `DEP_PCAP_VERSION` is `unknown` then, unless
//! `LIBPCAP_VER` is set, and there is no `DEP_PCAP_HAVE_<FUNCTION>`. `LIBPCAP_STATIC=1` and the target feature `crt-static` (on Unix) stop the build.
//!
//! # Documentation hosts
//!
//! Where `DOCS_RS` is set, no library is looked for and nothing is linked, so that documentation is built without libpcap.
//!
//! # Types
//!
//! - Macros that are numbers are `i32`, like the `int` that they are in C. [`PCAP_NETMASK_UNKNOWN`] is the `u32` that
//!   [`pcap_compile`] takes. Texts are `&CStr`.
//! - [`FILE`], [`sockaddr`] and, on Unix, `addrinfo` are those of the [`libc`] crate. [`timeval`] is the target's own, from its headers:
//!   on a 32-bit system with 64-bit times `libc`'s may be another.
//!
//! # Example
//!
//! ```
//! use std::ffi::CStr;
//!
//! // SAFETY: the function takes nothing and may be called at any time.
//! let version = unsafe { pcap_sys::pcap_lib_version() };
//! // SAFETY: the answer is a C text that lives as long as the program.
//! let version = unsafe { CStr::from_ptr(version) };
//! println!("{}", version.to_string_lossy());
//! ```

// Marks items that need a feature. Only nightly compilers support it; docs.rs uses one.
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "load-dynamically")]
mod load;
mod macros;

/// Generated: everything in it is called and laid out as in C.
#[allow(
    missing_docs,
    missing_debug_implementations,
    non_camel_case_types,
    non_snake_case,
    non_upper_case_globals,
    unreachable_pub,
    clippy::all,
    clippy::ptr_as_ptr
)]
mod bindings {
    #[cfg(unix)]
    use libc::addrinfo;
    use libc::{FILE, sockaddr};

    include!(concat!(env!("OUT_DIR"), "/bindings.rs"));
}

pub use bindings::*;
#[cfg(unix)]
pub use libc::addrinfo;
pub use libc::{FILE, sockaddr};
#[cfg(feature = "load-dynamically")]
pub use load::{LoadError, has, load};
// By name, so that they go before a generated constant of the same name.
pub use macros::{
    BPF_ALIGNMENT, BPF_CLASS, BPF_JUMP, BPF_MISCOP, BPF_MODE, BPF_OP, BPF_RVAL, BPF_SIZE, BPF_SRC,
    BPF_STMT, BPF_WORDALIGN, DLT_CLASS, DLT_IS_NETBSD_RAWAF, DLT_NETBSD_RAWAF, DLT_NETBSD_RAWAF_AF,
    LT_FCS_DATALINK_EXT, LT_FCS_LENGTH, LT_FCS_LENGTH_PRESENT, LT_LINKTYPE, LT_LINKTYPE_EXT,
    LT_RESERVED1,
};
