//! Raw bindings to libpcap and Npcap: every declaration of `pcap.h` and `pcap/namedb.h`, with its C
//! name and type.
//!
//! This crate is for authors of safe wrappers, for packagers, and for programs that need a call
//! which no wrapper has. To capture packets, use a safe crate on top of it: `COVERAGE.md` in this
//! crate lists the counterpart of each function in `pcap-core`.
//!
//! The bindings are generated at build time from the headers of the *target*, or taken from this
//! crate (see the features below). They contain what those headers declare: functions, structures,
//! `PCAP_…`, `DLT_…` and `BPF_…`. Macros with arguments are `const fn`s of the same name
//! ([`BPF_CLASS`], [`LT_FCS_LENGTH`], …).
//!
//! # Features
//!
//! | feature | default | meaning |
//! |---|---|---|
//! | `bindgen` | yes | generates the bindings at build time from the headers of the target. Without it, the build uses the bindings in this crate, generated from libpcap 1.10.5's headers, for Linux (`x86_64`, `aarch64`, `s390x`, `riscv64`, `powerpc64`, `i686`, `arm` and `powerpc` with glibc, the first two with musl) and Windows; for other targets it fails and names the feature |
//! | `load-dynamically` | no | links nothing, and finds libpcap at run time |
//! | `probe` | as part of `bindgen` | links small programs with the target's C compiler, to verify the libpcap that was found, and to determine what it exports and what a static one needs. Without it, the build relies on pkg-config's description |
//!
//! Without `bindgen`, neither libclang nor headers are needed. The bindings may declare functions
//! that an older libpcap lacks; that does no harm if they are not used. With `probe`,
//! `DEP_PCAP_HAVE_<FUNCTION>` lists the available ones.
//!
//! Without any feature, the build is fastest, and needs no C compiler except the linker that rustc
//! calls. That suffices for a dynamic libpcap whose version pkg-config, `pcap-config` or
//! `LIBPCAP_VER` gives. For a static libpcap, one for 32-bit Linux, and one about which nothing is
//! known, the build fails with a message that names the feature `probe`.
//!
#![doc = include_str!("../docs/building.md")]
//!
//! # Metadata for dependents
//!
//! A crate with a direct dependency on `pcap-sys` can read these variables in its build script:
//!
//! | variable | value |
//! |---|---|
//! | `DEP_PCAP_VERSION` | libpcap's version, such as `1.10.3`, or `unknown` |
//! | `DEP_PCAP_LINK` | how the program gets libpcap: `dynamic`, `static`, `load` with the feature `load-dynamically`, or `none` for a documentation build |
//! | `DEP_PCAP_LIBS` | the names of the linked libraries, separated by spaces, libpcap first; for a static libpcap including its dependencies |
//! | `DEP_PCAP_LIBDIR` | the directory of the linked libpcap; not set if only the linker knows it |
//! | `DEP_PCAP_DEFINES` | the macros that C code must define before it includes `pcap.h`, as `NAME` or `NAME=VALUE`, separated by spaces: those of pkg-config, and on 32-bit systems `_TIME_BITS` and `_FILE_OFFSET_BITS` as the C compiler sets them; not set if there are none |
//! | `DEP_PCAP_INCLUDE` | the directory of the `pcap/pcap.h` that was read; without `bindgen`, one that a variable or pkg-config names, or with `probe` one in which the C compiler finds it |
//! | `DEP_PCAP_HAVE_<FUNCTION>` | `1` for each function, in capitals, that the header declares *and* the library exports; none without `probe` |
//!
//! A declaration alone is not enough: Debian's header declares `pcap_open`, but its library lacks
//! it, so a program that calls it does not link. So the build tries each function by linking a
//! small program for the target:
//!
//! ```
//! // build.rs
//! println!("cargo::rustc-check-cfg=cfg(has_pcap_open)");
//! if std::env::var_os("DEP_PCAP_HAVE_PCAP_OPEN").is_some() {
//!     println!("cargo::rustc-cfg=has_pcap_open");
//! }
//! ```
//!
//! # Loading libpcap at run time
//!
//! A program that is linked with libpcap does not start without it. With the feature
//! `load-dynamically` it does: all functions keep their names and types, and look up libpcap's at
//! their first call. `load` finds the library and reports why there is none, and `has` returns
//! whether it has a function. Check before the first call: calling a function without libpcap, or
//! one that it lacks, prints a line on standard error and aborts the program. After its first call,
//! a function costs one more memory read per call than a linked one.
//!
//! On Windows the library is `wpcap.dll` from the system's own directories, Npcap's first. On Unix
//! the usual environment variables of the dynamic linker (`LD_LIBRARY_PATH`, …) can select another.
//! `DEP_PCAP_VERSION` is then `unknown`, unless `LIBPCAP_VER` is set, and there is no
//! `DEP_PCAP_HAVE_<FUNCTION>`. `LIBPCAP_STATIC=1` and the target feature `crt-static` (on Unix)
//! fail the build.
//!
//! # Documentation hosts
//!
//! If `DOCS_RS` is set, the build looks for no library and links nothing, so documentation can be
//! built without libpcap.
//!
//! # Types
//!
//! - Numeric macros are `i32`, like the `int` that they are in C. [`PCAP_NETMASK_UNKNOWN`] is the
//!   `u32` that [`pcap_compile`] takes. Strings are `&CStr`.
//! - [`FILE`], [`sockaddr`] and, on Unix, `addrinfo` are those of the [`libc`] crate. [`timeval`]
//!   is the target's own, from its headers: on a 32-bit system with 64-bit times `libc`'s may
//!   differ.
//!
//! # Example
//!
//! ```
//! use std::ffi::CStr;
//!
//! // SAFETY: the function takes no arguments and may be called at any time.
//! let version = unsafe { pcap_sys::pcap_lib_version() };
//! // SAFETY: the result is a C string that lives as long as the program.
//! let version = unsafe { CStr::from_ptr(version) };
//! println!("{}", version.to_string_lossy());
//! ```

// Marks items that need a feature. Only nightly compilers support it; docs.rs uses one.
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "load-dynamically")]
mod load;
mod macros;

/// The generated bindings, with C's names and layouts.
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
// By name, so that they take precedence over a generated constant of the same name.
pub use macros::{
    BPF_ALIGNMENT, BPF_CLASS, BPF_JUMP, BPF_MISCOP, BPF_MODE, BPF_OP, BPF_RVAL, BPF_SIZE, BPF_SRC,
    BPF_STMT, BPF_WORDALIGN, DLT_CLASS, DLT_IS_NETBSD_RAWAF, DLT_NETBSD_RAWAF, DLT_NETBSD_RAWAF_AF,
    LT_FCS_DATALINK_EXT, LT_FCS_LENGTH, LT_FCS_LENGTH_PRESENT, LT_LINKTYPE, LT_LINKTYPE_EXT,
    LT_RESERVED1,
};
