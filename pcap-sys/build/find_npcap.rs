//! Finds Npcap on Windows: `LIBPCAP_LIBDIR`, then `NPCAP_SDK`, then the linker's `LIB`.
//!
//! The headers must belong to the library. clang searches the build machine's own directories last, and would silently
//! use the `pcap.h` of another system from there.

use std::env as process_env;
use std::path::{Path, PathBuf};

use crate::env;
use crate::library::{self, Kind, Library};
use crate::target::Target;

/// Import libraries for `wpcap.dll`.
const IMPORT_LIBRARIES: [&str; 3] = ["wpcap.lib", "libwpcap.a", "libwpcap.dll.a"];

/// A directory with an import library, and how it was found.
struct Found {
    lib_dir: PathBuf,
    include_dir: Option<PathBuf>,
    found_by: String,
}

/// Finds the import library and, if they will be read, the headers.
pub(crate) fn find(target: &Target, headers_are_read: bool) -> Result<Library, String> {
    if env::switch("LIBPCAP_STATIC", target)? == Some(true) {
        return Err(
            "LIBPCAP_STATIC=1: on Windows libpcap is Npcap's wpcap.dll, which has no static library"
                .to_owned(),
        );
    }
    let asked = library::include_dir(target)?;
    let no_headers = asked.is_some() || !headers_are_read;
    let found = if let Some(found) = from_lib_dir(target)? {
        found
    } else if let Some(found) = from_sdk(target, no_headers)? {
        found
    } else if let Some(found) = from_lib_variable() {
        found
    } else {
        return Err(
            "no Npcap SDK was found: NPCAP_SDK is not set, and no directory in LIB contains wpcap.lib; unpack the SDK \
             from https://npcap.com and set NPCAP_SDK to its directory"
                .to_owned(),
        );
    };
    let include_dir = asked.or(found.include_dir);
    if include_dir.is_none() && headers_are_read {
        return Err(format!(
            "{} leads to {}, which has no pcap.h beside it: set NPCAP_SDK to the directory that contains Include and \
             Lib, or LIBPCAP_INCLUDEDIR to the directory of the headers",
            found.found_by,
            found.lib_dir.display()
        ));
    }
    let mut library = Library::new("wpcap", Kind::Dynamic, &found.found_by);
    library.own_headers = include_dir.is_some();
    library.include_dirs.extend(include_dir);
    library.lib_dirs.push(found.lib_dir);
    Ok(library)
}

/// Finds only the headers.
pub(crate) fn find_headers(target: &Target) -> Result<Library, String> {
    let asked = library::include_dir(target)?;
    let found = match (asked, env::folder("NPCAP_SDK", "Include and Lib", target)?) {
        (Some(folder), _) => Some(folder),
        (None, Some(setting)) => Some(include_of(&setting)?),
        (None, None) => {
            let found = from_lib_dir(target)?.or_else(from_lib_variable);
            found.and_then(|found| found.include_dir)
        }
    };
    let Some(include_dir) = found else {
        return Err(
            "no headers of Npcap were found: unpack the Npcap SDK from https://npcap.com and set NPCAP_SDK to its \
             directory, or disable the `bindgen` feature, which reads them"
                .to_owned(),
        );
    };
    let mut library = Library::new("wpcap", Kind::Dynamic, "the headers").headers_only();
    library.include_dirs.push(include_dir);
    library.own_headers = true;
    Ok(library)
}

/// Returns the directory of the headers in the SDK.
fn include_of(setting: &env::Setting) -> Result<PathBuf, String> {
    let include = setting.path().join("Include");
    if holds_headers(&include) {
        Ok(include)
    } else {
        Err(setting.wrong(&format!(
            "no pcap.h and pcap/pcap.h in {}",
            include.display()
        )))
    }
}

fn from_lib_dir(target: &Target) -> Result<Option<Found>, String> {
    let Some(setting) = env::folder("LIBPCAP_LIBDIR", "wpcap.lib or libwpcap.a", target)? else {
        return Ok(None);
    };
    let lib_dir = setting.path();
    if !holds_import_library(&lib_dir) {
        return Err(setting.wrong("the directory contains no wpcap.lib or libwpcap.a"));
    }
    // The SDK's libraries for other architectures are in subdirectories of the one for x86.
    let inner = lib_subfolder(&target.arch).and_then(|folder| folder.strip_prefix("Lib/"));
    if let Some(inner) = inner.map(|name| lib_dir.join(name)) {
        if holds_import_library(&inner) {
            return Err(setting.wrong(&format!(
                "that is the library for x86; the one for {} is in {}",
                target.arch,
                inner.display()
            )));
        }
    }
    Ok(Some(Found {
        include_dir: include_beside(&lib_dir),
        lib_dir,
        found_by: setting.to_string(),
    }))
}

fn from_sdk(target: &Target, no_headers: bool) -> Result<Option<Found>, String> {
    let Some(setting) = env::folder("NPCAP_SDK", "Include and Lib", target)? else {
        return Ok(None);
    };
    let sdk = setting.path();
    let Some(subfolder) = lib_subfolder(&target.arch) else {
        return Err(setting.wrong(&format!(
            "the Npcap SDK has no library for the architecture {}",
            target.arch
        )));
    };
    let lib_dir = sdk.join(subfolder);
    if !holds_import_library(&lib_dir) {
        let others: Vec<&str> = ["x86", "x86_64", "aarch64"]
            .into_iter()
            .filter(|arch| {
                lib_subfolder(arch).is_some_and(|lib| holds_import_library(&sdk.join(lib)))
            })
            .collect();
        return Err(setting.wrong(&if !sdk.join("Include").is_dir() && !sdk.join("Lib").is_dir() {
            "the directory contains neither Include nor Lib; expected the one of the unpacked Npcap SDK".to_owned()
        } else if others.is_empty() {
            format!("no wpcap.lib or libwpcap.a in {}", lib_dir.display())
        } else {
            format!(
                "no wpcap.lib or libwpcap.a in {}, which is for {}; it has one for {} only",
                lib_dir.display(),
                target.arch,
                others.join(" and ")
            )
        }));
    }
    let include_dir = match include_of(&setting) {
        Ok(include) => Some(include),
        Err(_) if no_headers => None,
        Err(text) => return Err(text),
    };
    Ok(Some(Found {
        lib_dir,
        include_dir,
        found_by: setting.to_string(),
    }))
}

/// Searches the linker's path, which a developer command prompt sets.
fn from_lib_variable() -> Option<Found> {
    println!("cargo::rerun-if-env-changed=LIB");
    let list = process_env::var_os("LIB")?;
    // The variable belongs to Microsoft's tools, and uses their separator on every build machine.
    let lib_dir = list
        .to_str()?
        .split(';')
        .filter(|folder| !folder.is_empty())
        .map(PathBuf::from)
        .find(|folder| holds_import_library(folder))?;
    Some(Found {
        include_dir: include_beside(&lib_dir),
        lib_dir,
        found_by: "LIB".to_owned(),
    })
}

/// Returns the SDK's directory of the libraries for an architecture.
pub(crate) fn lib_subfolder(arch: &str) -> Option<&'static str> {
    match arch {
        "x86" => Some("Lib"),
        "x86_64" => Some("Lib/x64"),
        "aarch64" | "arm64ec" => Some("Lib/ARM64"),
        _ => None,
    }
}

fn holds_import_library(folder: &Path) -> bool {
    IMPORT_LIBRARIES
        .iter()
        .any(|name| folder.join(name).is_file())
}

fn holds_headers(folder: &Path) -> bool {
    folder.join("pcap.h").is_file() && folder.join("pcap/pcap.h").is_file()
}

/// Returns the `Include` directory next to `Lib`, given `Lib` or a directory inside it.
fn include_beside(lib_dir: &Path) -> Option<PathBuf> {
    lib_dir
        .ancestors()
        .skip(1)
        .take(2)
        .flat_map(|folder| [folder.join("Include"), folder.join("include")])
        .find(|include| holds_headers(include))
}
