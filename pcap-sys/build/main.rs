//! Finds libpcap for the target, generates the bindings, and passes the library's properties to
//! dependents.

// Some parts are only used by the probes.
#![cfg_attr(not(feature = "probe"), allow(dead_code))]

#[cfg(feature = "bindgen")]
mod bindings;
mod checked_in;
#[cfg(feature = "probe")]
mod compiler;
#[cfg(not(feature = "probe"))]
mod described;
mod env;
mod find_npcap;
mod find_unix;
#[cfg(feature = "probe")]
mod layout;
mod library;
mod metadata;
#[cfg(feature = "probe")]
mod probe;
#[cfg(feature = "probe")]
mod probed;
mod report;
mod target;
#[cfg(feature = "vendored")]
mod vendored;
mod version;

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[cfg(not(feature = "probe"))]
use described::Examiner;
use library::{Bindings, Kind, Library};
#[cfg(feature = "probe")]
use probed::Examiner;
use target::Target;

fn main() -> ExitCode {
    println!("cargo::rerun-if-changed=build");
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(text) => {
            let mut lines = text.lines();
            println!("cargo::error={}", lines.next().unwrap_or_default());
            for line in lines {
                eprintln!("{line}");
            }
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), String> {
    let target = Target::from_cargo();
    println!("cargo::rerun-if-env-changed=DOCS_RS");
    let asked = version::from_environment(&target)?;
    let mut library = find(&target)?;
    match (asked, library.version) {
        (Some(asked), _) => library.version = Some(asked),
        (None, Some(found)) => version::check(found, &library.found_by)?,
        (None, None) => {}
    }

    if library.linked && library.found_by == find_unix::BARE && target.is_cross() {
        println!(
            "cargo::warning={}",
            report::bare_cross_build(&target.triple)
        );
    }

    let examiner = Examiner::new(&target, &out_dir()?);
    for (name, value) in examiner.time_macros(&target) {
        if !library.defines.iter().any(|(known, _)| *known == name) {
            library.defines.push((name, value));
        }
    }
    if library.linked {
        library.dir = library.folder().or_else(|| examiner.folder_of(&library));
    }
    let bindings = bindings(&target, &library, &examiner)?;
    let exported = if library.linked {
        let declared = functions(&bindings.text);
        examiner.exported(&target, &mut library, &declared)?
    } else {
        Vec::new()
    };
    finish(&target, &library, &bindings, &exported)
}

/// Writes the files that this crate includes, and passes the rest to cargo.
fn finish(
    target: &Target,
    library: &Library,
    bindings: &Bindings,
    exported: &[String],
) -> Result<(), String> {
    let out_dir = out_dir()?;
    write(&out_dir.join("bindings.rs"), &opened(&bindings.text)?)?;
    // For the test that links all exported functions.
    let names = exported.join(" ");
    write(
        &out_dir.join("exported.rs"),
        &format!("exported! {{ {names} }}\n"),
    )?;
    link(library);
    metadata::tell(target, library, bindings, exported);
    Ok(())
}

/// Returns the names of the functions that the bindings declare. The text need not be formatted by rustfmt.
fn functions(text: &str) -> Vec<String> {
    let behind = text.split("pub fn ").skip(1);
    let names = behind.filter_map(|rest| rest.split([' ', '(']).next());
    names.map(str::to_owned).collect()
}

/// Returns the bindings with declared functions, or with functions that are looked up at run time.
fn opened(text: &str) -> Result<String, String> {
    const OPENING: &str = "unsafe extern \"C\" {";
    if !cfg!(feature = "load-dynamically") {
        return Ok(text.to_owned());
    }
    match text.matches(OPENING).count() {
        1 => Ok(text.replacen(OPENING, "crate::load::functions! {", 1)),
        count => Err(format!(
            "expected one block of functions in the bindings, found {count}"
        )),
    }
}

/// Returns the output directory.
fn out_dir() -> Result<PathBuf, String> {
    let folder = std::env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?;
    Ok(PathBuf::from(folder))
}

/// Returns whether this is a documentation build, which neither searches for libpcap nor links it.
fn documenting() -> bool {
    std::env::var_os("DOCS_RS").is_some()
}

/// Searches for libpcap, as far as the features require it.
fn find(target: &Target) -> Result<Library, String> {
    if documenting() {
        return Library::unlinked(target);
    }
    #[cfg(not(feature = "vendored"))]
    for name in ["LIBPCAP_SOURCE", "LIBPCAP_CONFIGURE"] {
        if let Some(setting) = env::lookup(name, target)? {
            println!(
                "cargo::warning={setting} has no effect without the `vendored` feature of pcap-sys"
            );
        }
    }
    if cfg!(feature = "load-dynamically") {
        return find_headers(target);
    }
    #[cfg(feature = "vendored")]
    if vendored::is_wanted(target)? {
        return vendored::build(target, &out_dir()?);
    }
    if target.is_windows() {
        find_npcap::find(target, cfg!(feature = "bindgen"))
    } else {
        find_unix::find(target)
    }
}

/// Searches only for the headers, for a program that loads libpcap at run time.
fn find_headers(target: &Target) -> Result<Library, String> {
    let exclusive = |what: &str| {
        format!(
            "{what} conflicts with the `load-dynamically` feature: a static libpcap cannot be loaded at run time"
        )
    };
    if target.crt_static && !target.is_windows() {
        return Err(exclusive("the target feature crt-static"));
    }
    if env::switch("LIBPCAP_STATIC", target)? == Some(true) {
        return Err(exclusive("LIBPCAP_STATIC=1"));
    }
    #[cfg(feature = "vendored")]
    if vendored::is_wanted(target)? {
        if let Some(library) = vendored::headers(target, &out_dir()?)? {
            return Ok(library);
        }
    }
    if !cfg!(feature = "bindgen") {
        Library::unlinked(target)
    } else if target.is_windows() {
        find_npcap::find_headers(target)
    } else {
        find_unix::find(target).map(Library::headers_only)
    }
}

/// Returns whether the bindings must be generated: `LIBPCAP_BINDGEN=required`.
fn is_bindgen_required(target: &Target) -> Result<bool, String> {
    match env::lookup("LIBPCAP_BINDGEN", target)? {
        None => Ok(false),
        Some(setting) if setting.value == "required" => Ok(true),
        Some(setting) => Err(setting.wrong("expected `required`")),
    }
}

/// Generates the bindings from the target's headers. Without libclang, reads those that this crate contains.
#[cfg(feature = "bindgen")]
fn bindings(target: &Target, library: &Library, examiner: &Examiner) -> Result<Bindings, String> {
    let is_required = is_bindgen_required(target)?;
    let generated = examiner
        .clang_args(target, documenting())
        .map_err(bindings::Failure::NoCompiler)
        .and_then(|args| bindings::generate(library, &args, target.is_windows()));
    let failure = match generated {
        Ok(bindings) => return Ok(bindings),
        Err(bindings::Failure::Headers(text)) => return Err(text),
        Err(failure) => failure,
    };
    if is_required {
        return Err(failure.required());
    }
    let bindings =
        checked_in_bindings(target, library, examiner).map_err(|error| failure.fatal(&error))?;
    println!(
        "cargo::warning={}",
        failure.warning(&bindings.origin).replace('\n', " ")
    );
    Ok(bindings)
}

/// Reads the bindings that this crate contains.
#[cfg(not(feature = "bindgen"))]
fn bindings(target: &Target, library: &Library, examiner: &Examiner) -> Result<Bindings, String> {
    if is_bindgen_required(target)? {
        return Err(
            "LIBPCAP_BINDGEN=required: the `bindgen` feature of pcap-sys, which generates the bindings, is disabled"
                .to_owned(),
        );
    }
    checked_in_bindings(target, library, examiner)
}

/// Reads the bindings that this crate contains for the target.
fn checked_in_bindings(
    target: &Target,
    library: &Library,
    examiner: &Examiner,
) -> Result<Bindings, String> {
    let times = match examiner.times(target, library) {
        // A documentation build is not run.
        checked_in::Times::Unknown if documenting() => checked_in::Times::Bits32,
        times => times,
    };
    let name = checked_in::name(target, times)?;
    let text = checked_in::read(name)?;
    let version = checked_in::version(&text).map(str::to_owned);
    let origin = checked_in::origin(name, version.as_deref());
    let include_dir = examiner.folder_of_headers(&library.include_dirs);
    if let (Some(folder), false) = (&include_dir, documenting()) {
        watch_headers(folder);
        examiner.compare(library, &text).map_err(|said| {
            format!(
                "the structures in {}/pcap/pcap.h differ from those of the bindings {origin} of pcap-sys: generate the \
                 bindings, with the `bindgen` feature and libclang{}",
                folder.display(),
                report::said(&said)
            )
        })?;
    }
    Ok(Bindings {
        origin,
        made_from: version,
        text,
        include_dir,
    })
}

/// Makes cargo watch the headers in a directory.
fn watch_headers(folder: &Path) {
    for entry in fs::read_dir(folder.join("pcap")).into_iter().flatten() {
        let header = entry.map(|entry| entry.path()).unwrap_or_default();
        if header.extension() == Some(OsStr::new("h")) {
            println!("cargo::rerun-if-changed={}", header.display());
        }
    }
}

/// Makes cargo watch the libraries in a directory.
fn watch_libraries(folder: &Path) {
    for file in [
        "libpcap.so",
        "libpcap.dylib",
        "libpcap.tbd",
        "libpcap.a",
        "wpcap.lib",
        "libwpcap.a",
        "libwpcap.dll.a",
    ] {
        let link = folder.join(file);
        let Ok(file) = link.canonicalize() else {
            continue;
        };
        println!("cargo::rerun-if-changed={}", link.display());
        // The file to which the links point has the version in its name. A newer package removes this file, whereas the
        // package's own files may be older than the last build.
        if file != link {
            println!("cargo::rerun-if-changed={}", file.display());
        }
    }
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    fs::write(path, text).map_err(|error| format!("cannot write {}: {error}", path.display()))
}

/// Passes the libraries to link to cargo.
fn link(library: &Library) {
    for folder in &library.lib_dirs {
        println!("cargo::rustc-link-search=native={}", folder.display());
    }
    for folder in library.lib_dirs.iter().chain(&library.dir) {
        watch_libraries(folder);
    }
    for lib in library.libs() {
        let kind = match lib.kind {
            Kind::Dynamic => "dylib",
            Kind::Static => "static",
            Kind::Exact => "dylib:+verbatim",
        };
        println!("cargo::rustc-link-lib={kind}={}", lib.name);
    }
}
