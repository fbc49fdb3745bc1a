//! Generates the bindings with bindgen.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::panic;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use bindgen::callbacks::{IntKind, ParseCallbacks};

use crate::library::{Bindings, Library};
use crate::report;

/// The oldest compiler that must accept the bindings: `rust-version` of the workspace.
const RUST_MINOR: u64 = 85;

/// The public names of pcap.h and namedb.h; bindgen adds the names of the C library that they need.
const NAMES: &str = "(pcap|bpf|PCAP|RPCAP|DLT|BPF)_.*";

/// The reason why the bindings could not be generated.
#[derive(Debug)]
pub(crate) enum Failure {
    /// No C compiler tells where the headers of the target are, or how wide its times are.
    NoCompiler(String),
    /// libclang, which bindgen needs to read C, could not be loaded, or lacks its own headers.
    NoLibclang(String),
    /// The headers could not be read: a message for the user.
    Headers(String),
}

impl Failure {
    /// Formats the error if the bindings of this crate must not be used instead.
    pub(crate) fn required(&self) -> String {
        match self {
            Failure::NoLibclang(reason) => report::no_libclang(
                reason,
                "LIBPCAP_BINDGEN=required forbids the bindings of pcap-sys",
            ),
            Failure::NoCompiler(reason) | Failure::Headers(reason) => {
                format!("LIBPCAP_BINDGEN=required: cannot generate the bindings: {reason}")
            }
        }
    }

    /// Formats the error if the bindings of this crate cannot be used instead, for the reason `error`.
    pub(crate) fn fatal(&self, error: &str) -> String {
        match self {
            Failure::NoLibclang(reason) => report::no_libclang(reason, error),
            Failure::NoCompiler(reason) | Failure::Headers(reason) => {
                format!("cannot generate the bindings: {reason}\n{error}")
            }
        }
    }

    /// Formats the warning if the bindings of this crate are used instead.
    pub(crate) fn warning(&self, origin: &str) -> String {
        match self {
            Failure::NoLibclang(reason) => report::instead_of_libclang(origin, reason),
            Failure::NoCompiler(reason) | Failure::Headers(reason) => {
                format!("pcap-sys uses its bindings {origin} instead of generating them: {reason}")
            }
        }
    }
}

/// Collects the files that bindgen reads.
#[derive(Debug, Default)]
struct Listener {
    files: RefCell<BTreeSet<String>>,
}

/// The callbacks for bindgen, which takes ownership of them. So the collected files are shared.
#[derive(Debug, Clone, Default)]
struct Callbacks(Rc<Listener>);

impl ParseCallbacks for Callbacks {
    fn int_macro(&self, name: &str, _value: i64) -> Option<IntKind> {
        // The value does not fit into the `i32` of the other macros, and is only ever passed as a `bpf_u_int32`.
        (name == "PCAP_NETMASK_UNKNOWN").then_some(IntKind::U32)
    }

    fn include_file(&self, name: &str) {
        self.0.files.borrow_mut().insert(name.to_owned());
    }

    fn read_env_var(&self, name: &str) {
        println!("cargo::rerun-if-env-changed={name}");
    }
}

/// Generates the bindings. bindgen itself passes cargo's `TARGET` to clang.
pub(crate) fn generate(
    library: &Library,
    clang_args: &[String],
    windows: bool,
) -> Result<Bindings, Failure> {
    read_headers(library, clang_args, windows).map_err(|failure| match failure {
        Failure::Headers(reason) => Failure::Headers(report::no_library(&format!(
            "pcap.h cannot be read: {reason}"
        ))),
        other => other,
    })
}

fn read_headers(
    library: &Library,
    clang_args: &[String],
    windows: bool,
) -> Result<Bindings, Failure> {
    println!("cargo::rerun-if-changed=wrapper.h");
    check_libclang()?;
    let callbacks = Callbacks::default();
    let rust = bindgen::RustTarget::stable(RUST_MINOR, 0)
        .unwrap_or_else(|_| bindgen::RustTarget::default());
    let builder = bindgen::Builder::default()
        .header("wrapper.h")
        .clang_args(
            library
                .include_dirs
                .iter()
                .map(|folder| format!("-I{}", folder.display())),
        )
        .clang_args(library.defines.iter().map(|(name, value)| match value {
            Some(value) => format!("-D{name}={value}"),
            None => format!("-D{name}"),
        }))
        .clang_args(clang_args)
        .parse_callbacks(Box::new(callbacks.clone()))
        .allowlist_function(NAMES)
        .allowlist_type(NAMES)
        .allowlist_var(NAMES)
        .allowlist_var("MODE_(CAPT|STAT|MON)|PROTO_UNDEF")
        .blocklist_type("FILE|_iobuf|_IO_.*|__off(64)?_t|__sFILEX?|__sbuf|fpos_t")
        .blocklist_type("sockaddr.*|sa_family_t")
        // libpcap 1.11's headers define these for their own use.
        .blocklist_type("pcap_4_byte_aligned_.*")
        .default_macro_constant_type(bindgen::MacroTypeVariation::Signed)
        .default_enum_style(bindgen::EnumVariation::Consts)
        // Enumerators have their C names, without the type's name.
        .prepend_enum_name(false)
        .generate_cstr(true)
        .generate_comments(false)
        .layout_tests(true)
        .merge_extern_blocks(true)
        .rust_target(rust)
        .rust_edition(bindgen::RustEdition::Edition2024);
    let builder = if windows {
        // The libc crate has no `addrinfo` for Windows; the headers may or may not define it.
        builder
    } else {
        builder.blocklist_type("addrinfo")
    };
    let bindings = quietly(|| builder.generate())
        .map_err(Failure::Headers)?
        .map_err(|error| unreadable(error.to_string()))?;
    let files = callbacks.0.files.borrow();
    for file in files.iter() {
        println!("cargo::rerun-if-changed={file}");
    }
    let include_dir = folder_of("pcap/pcap.h", &files);
    check_origin(library, include_dir.as_deref())?;
    // If one directory lacks a header, clang continues with the next directory.
    let names_dir = folder_of("pcap/namedb.h", &files);
    if names_dir != include_dir {
        return Err(Failure::Headers(format!(
            "pcap/pcap.h is in {}, and pcap/namedb.h in {}",
            shown(include_dir.as_deref()),
            shown(names_dir.as_deref())
        )));
    }
    Ok(Bindings {
        text: bindings.to_string(),
        made_from: None,
        origin: "generated".to_owned(),
        include_dir,
    })
}

/// Distinguishes headers that cannot be read from a libclang without its own headers, which Debian packages separately.
fn unreadable(error: String) -> Failure {
    let own = ["stddef.h", "stdarg.h", "stdbool.h"];
    if own
        .iter()
        .any(|name| error.contains(&format!("'{name}' file not found")))
    {
        Failure::NoLibclang(error)
    } else {
        Failure::Headers(error)
    }
}

/// Returns the directory in which a header such as `pcap/pcap.h` was found.
fn folder_of(header: &str, files: &BTreeSet<String>) -> Option<PathBuf> {
    files
        .iter()
        .map(Path::new)
        .find(|file| file.ends_with(header))
        .and_then(|file| file.parent()?.parent())
        .map(Path::to_owned)
}

/// Rejects headers that come from another directory than those of the library.
fn check_origin(library: &Library, include_dir: Option<&Path>) -> Result<(), Failure> {
    let Some(wanted) = library.include_dirs.first().filter(|_| library.own_headers) else {
        return Ok(());
    };
    let real = |path: &Path| path.canonicalize().ok();
    if include_dir.and_then(real) == real(wanted) {
        return Ok(());
    }
    Err(Failure::Headers(format!(
        "expected in {}, but clang found it in {}",
        wanted.display(),
        shown(include_dir)
    )))
}

fn shown(folder: Option<&Path>) -> std::path::Display<'_> {
    folder.unwrap_or(Path::new("none")).display()
}

/// Checks that libclang can be loaded; without it, bindgen panics.
fn check_libclang() -> Result<(), Failure> {
    quietly(bindgen::clang_version)
        .map(|_| ())
        .map_err(Failure::NoLibclang)
}

/// Runs `work`, and converts a panic into its text without printing it.
fn quietly<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    let hook = panic::take_hook();
    panic::set_hook(Box::new(|_| {}));
    let outcome = panic::catch_unwind(panic::AssertUnwindSafe(work));
    panic::set_hook(hook);
    outcome.map_err(|payload| {
        let formatted = payload.downcast_ref::<String>().map(String::as_str);
        let text = formatted.or(payload.downcast_ref::<&str>().copied());
        text.unwrap_or("no reason given").to_owned()
    })
}
