//! Raw bindings to libpcap and Npcap: every declaration of `pcap.h` and `pcap/namedb.h`, with its C name and type.
//!
//! This crate is for authors of safe wrappers, for packagers, and for programs that need a function which no wrapper
//! provides. To capture packets, use a safe crate on top of it, such as `pcap-core`. `COVERAGE.md` in this crate lists
//! the counterpart of each function in `pcap-core`.
//!
//! The bindings are generated at build time from the headers of the *target*, or are those that this crate contains
//! (see the features below). They include everything that the headers declare: the functions, the structures, and the
//! constants `PCAP_…`, `DLT_…` and `BPF_…`. Macros with arguments are `const fn`s of the same name ([`BPF_CLASS`],
//! [`LT_FCS_LENGTH`], …).
//!
//! # Features
//!
//! | feature | default | meaning |
//! |---|---|---|
//! | `bindgen` | yes | generates the bindings at build time from the headers of the target. Without it, the build uses the bindings in this crate, generated from libpcap 1.10.5's headers, for Linux (`x86_64`, `aarch64`, `s390x`, `riscv64`, `powerpc64` and `loongarch64` with glibc or musl, and `i686`, `arm` and `powerpc` with glibc) and Windows; for other targets, the build fails |
//! | `load-dynamically` | no | links no library, and loads libpcap at run time |
//! | `probe` | as part of `bindgen` and `vendored` | links small programs with the target's C compiler, to verify the libpcap that was found, and to determine which functions it exports and which libraries a static one needs. Without it, the build relies on pkg-config's description |
//! | `vendored` | no | builds libpcap from its source, and links it statically (see below) |
//!
//! If libclang or its headers are missing, or in a cross build the C compiler, the build uses the bindings in this
//! crate for the target, and prints a warning, which cargo shows for packages of the workspace. It fails if there are
//! none, or if `LIBPCAP_BINDGEN` is `required`. [`BINDINGS`] names the bindings that were used. To generate them after
//! libclang is installed, run `cargo clean -p pcap-sys`.
//!
//! If `probe` is enabled, the C compiler compares the bindings in this crate with the headers, where there are any. If
//! a structure has another size, or a field another offset, the build fails. If the compiler cannot read the headers,
//! the build prints a warning.
//!
//! Without `bindgen`, neither libclang nor headers are needed. The bindings may then declare functions that an older
//! libpcap lacks. This does no harm unless a program uses them. With `probe`, `DEP_PCAP_HAVE_<FUNCTION>` lists the
//! available ones.
//!
//! Without any feature, the build is fastest, and needs no C compiler except for the linker that rustc calls. This
//! suffices for a dynamic libpcap whose version is known from pkg-config, `pcap-config` or `LIBPCAP_VER`. In other
//! cases (a static libpcap, 32-bit Linux, or a libpcap of unknown version), the build fails with a message that names
//! the `probe` feature.
//!
#![doc = include_str!("../docs/building.md")]
//!
//! # Metadata for dependents
//!
//! The build script of a crate that depends directly on `pcap-sys` can read the following environment variables:
//!
//! | variable | value |
//! |---|---|
//! | `DEP_PCAP_VERSION` | libpcap's version, such as `1.10.3`, or `unknown` |
//! | `DEP_PCAP_LINK` | how libpcap is linked: `dynamic`, `static`, `load` with the `load-dynamically` feature, or `none` in a documentation build |
//! | `DEP_PCAP_LIBS` | the names of the linked libraries, separated by spaces, libpcap first; for a static libpcap including its dependencies |
//! | `DEP_PCAP_LIBDIR` | the directory of the linked libpcap; not set if only the linker knows it |
//! | `DEP_PCAP_DEFINES` | the macros that C code must define before it includes `pcap.h`, as `NAME` or `NAME=VALUE`, separated by spaces: those of pkg-config, and on 32-bit systems `_TIME_BITS` and `_FILE_OFFSET_BITS` as the C compiler sets them; not set if there are none |
//! | `DEP_PCAP_INCLUDE` | the directory of the `pcap/pcap.h` that was read; without `bindgen`, the directory that an environment variable, pkg-config or `pcap-config` names, that of the source with `vendored`, or with `probe` the directory in which the C compiler finds the header; not set if none is known |
//! | `DEP_PCAP_BINDINGS` | the value of [`BINDINGS`] |
//! | `DEP_PCAP_HAVE_<FUNCTION>` | `1` for each function that the header declares *and* the library exports; the name is in capitals; not set without `probe` |
//!
//! A declaration in the header does not imply that the library has the function. For example, Debian's header declares
//! `pcap_open`, but its library lacks it, so a program that calls it does not link. Therefore the build links a small
//! program for the target to determine which functions exist. A build script can turn the result into a `cfg`:
//!
//! ```
//! // build.rs
//! println!("cargo::rustc-check-cfg=cfg(has_pcap_open)");
//! if std::env::var_os("DEP_PCAP_HAVE_PCAP_OPEN").is_some() {
//!     println!("cargo::rustc-cfg=has_pcap_open");
//! }
//! ```
//!
//! A build script that compiles C code for the same libpcap passes the directory of the headers and the macros to the
//! `cc` crate. This crate links libpcap, except with `load-dynamically`. A program that calls libpcap only in its C
//! code needs the line `use pcap_sys as _;`, because rustc ignores a crate that nothing uses.
//!
//! ```no_run
//! // build.rs
//! let mut build = cc::Build::new();
//! if let Some(folder) = std::env::var_os("DEP_PCAP_INCLUDE") {
//!     build.include(folder);
//! }
//! for define in std::env::var("DEP_PCAP_DEFINES").unwrap_or_default().split_whitespace() {
//!     match define.split_once('=') {
//!         Some((name, value)) => build.define(name, value),
//!         None => build.define(define, None),
//!     };
//! }
//! build.file("src/capture.c").compile("capture");
//! ```
//!
//! `DEP_PCAP_LIBS` and `DEP_PCAP_LIBDIR` are only needed if a tool other than Cargo links the program. An entry with a
//! dot, such as `libsystemd.so.0`, is the name of a file (`-l:libsystemd.so.0`).
//!
//! # Loading libpcap at run time
//!
//! A program that is linked with libpcap does not start if libpcap is missing. With the `load-dynamically` feature, it
//! starts nevertheless: all functions keep their names and types, but each one looks up the function of libpcap when it
//! is called for the first time. After that, a call costs one more memory read than a call of a linked function.
//!
//! `load` loads the library, or reports why that is not possible. `has` returns whether the library has a function.
//! Check with them before the first call: if libpcap is missing or lacks a function, calling that function prints a
//! line on standard error and aborts the program.
//!
//! On Windows the library is `wpcap.dll` in the system's own directories, Npcap's first. On Unix the usual environment
//! variables of the dynamic linker (`LD_LIBRARY_PATH`, …) can select another library.
//!
//! With `vendored`, this feature takes precedence: libpcap is neither built nor linked, and only the headers of
//! `LIBPCAP_SOURCE`, if it is set, are used.
//!
//! With this feature, `DEP_PCAP_VERSION` is `unknown` unless `LIBPCAP_VER` is set, and no `DEP_PCAP_HAVE_<FUNCTION>` is
//! set. The build fails if `LIBPCAP_STATIC` is 1 or, on Unix, if the `crt-static` target feature is enabled.
//!
//! # Documentation hosts
//!
//! If the `DOCS_RS` environment variable is set, the build neither searches for a library nor links one, so the
//! documentation can be built without libpcap.
//!
//! # Types
//!
//! - Numeric macros have the type `i32`, because they are `int`s in C. The exception is [`PCAP_NETMASK_UNKNOWN`], which
//!   has the type `u32`, like the parameter of [`pcap_compile`]. String macros have the type `&CStr`.
//! - [`FILE`], [`sockaddr`] and, on Unix, `addrinfo` are those of the [`libc`] crate. [`timeval`] comes from the
//!   target's headers, because the one in `libc` may differ on a 32-bit system with 64-bit times.
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

/// The origin of these bindings: `generated` if the build generated them from the headers of the target, or the name of
/// the bindings in this crate and the libpcap whose headers they describe, such as `linux-gnu-64 of libpcap 1.10.5`.
///
/// The bindings in this crate are used without the `bindgen` feature, and also if no usable libclang is found. Build
/// with `LIBPCAP_BINDGEN=required` to let the build fail instead.
pub const BINDINGS: &str = env!("PCAP_SYS_BINDINGS_ORIGIN");

pub use bindings::*;
#[cfg(unix)]
pub use libc::addrinfo;
pub use libc::{FILE, sockaddr};
#[cfg(feature = "load-dynamically")]
pub use load::{LoadError, has, load};
// Listed by name, so that they take precedence over generated constants of the same name.
pub use macros::{
    BPF_ALIGNMENT, BPF_CLASS, BPF_JUMP, BPF_MISCOP, BPF_MODE, BPF_OP, BPF_RVAL, BPF_SIZE, BPF_SRC,
    BPF_STMT, BPF_WORDALIGN, DLT_CLASS, DLT_IS_NETBSD_RAWAF, DLT_NETBSD_RAWAF, DLT_NETBSD_RAWAF_AF,
    LT_FCS_DATALINK_EXT, LT_FCS_LENGTH, LT_FCS_LENGTH_PRESENT, LT_LINKTYPE, LT_LINKTYPE_EXT,
    LT_RESERVED1,
};
