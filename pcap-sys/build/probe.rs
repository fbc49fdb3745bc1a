//! Determines which functions the library exports, and which libraries a static one needs, by linking small programs
//! for the target.
//!
//! A declaration is not enough, because a header may declare functions that the library was built without. The library
//! may be for another machine, so it is linked but never loaded.

use std::fs;
use std::path::PathBuf;

use crate::compiler::{self, Compiler};
use crate::find_unix::BARE;
use crate::library::{Kind, Lib, Library};
use crate::report;

/// The replacement for libsystemd in a fully static program.
const NO_SYSTEMD: &str = "pcap_sys_no_systemd";

/// A function that every libpcap has, and that depends on every library that a capture needs.
const ESSENTIAL: &str = "pcap_create";

/// Does the same as [`exported`] in the common case, with at most two runs of the C compiler: the
/// library is dynamic, and the linker names each function that it lacks. Returns `None` in any
/// other case.
pub(crate) fn quickly(
    compiler: &Compiler,
    library: &Library,
    functions: &[&str],
) -> Option<Vec<String>> {
    if library.pcap.kind != Kind::Dynamic {
        return None;
    }
    let link = |functions: &[&str]| compiler.link(functions, &library.lib_dirs, &library.libs());
    let owned = |functions: &[&str]| functions.iter().map(|name| (*name).to_owned()).collect();
    let Err(said) = link(functions) else {
        return Some(owned(functions));
    };
    let lacking = compiler::undefined(&said);
    let others: Vec<&str> = functions
        .iter()
        .copied()
        .filter(|name| !lacking.contains(name))
        .collect();
    let there = others.contains(&ESSENTIAL) && link(&others).is_ok();
    there.then(|| owned(&others))
}

/// Returns the functions among `functions` that the library exports. For a static library, this also determines which
/// other libraries are linked.
pub(crate) fn exported(
    compiler: &Compiler,
    library: &mut Library,
    functions: &[&str],
) -> Result<Vec<String>, String> {
    if library.pcap.kind == Kind::Static {
        locate_archive(compiler, library);
        // A library that links alone needs nothing else. A further search could find the directory of a C library that
        // is not the compiler's, as with musl's compiler.
        let (lib_dirs, libs) = (&library.lib_dirs, library.libs());
        let links = compiler.link(&[ESSENTIAL], lib_dirs, &libs).is_ok();
        let alone = links.then(|| linking(compiler, lib_dirs, &libs, functions));
        let has_essential = |all: &Vec<String>| all.iter().any(|function| function == ESSENTIAL);
        if let Some(alone) = alone.filter(has_essential) {
            return Ok(alone);
        }
        library.needed = library
            .private
            .clone()
            .iter()
            .filter_map(|name| resolve(compiler, library, name))
            .collect();
    }
    let (lib_dirs, libs) = (&library.lib_dirs, library.libs());
    let essential = compiler.link(&[ESSENTIAL], lib_dirs, &libs);
    // If a library that a static libpcap needs is missing, the functions that do not need it link nevertheless. The
    // same happens if the linker finds an archive instead of a dynamic libpcap. So the essential function must link,
    // except on Windows, where a replacement of wpcap.dll may have few functions.
    let exported = match &essential {
        Err(_) if library.pcap.name == "pcap" => Vec::new(),
        _ => linking(compiler, lib_dirs, &libs, functions),
    };
    if exported.is_empty() {
        let said = essential.err().unwrap_or_default();
        let complaint = complaint(library, &said);
        // An installed libpcap would not help if this script has built one.
        let is_own = library.found_by.starts_with("LIBPCAP_SOURCE");
        return Err(if is_own {
            complaint
        } else {
            report::no_library(&complaint)
        });
    }
    if library.pcap.kind == Kind::Static {
        drop_unneeded(compiler, library, &exported);
    }
    Ok(exported)
}

/// Explains why nothing links, with the linker's output.
fn complaint(library: &Library, said: &str) -> String {
    let what = match library.pcap.kind {
        Kind::Static => "a static libpcap",
        _ => "libpcap",
    };
    if library.found_by == BARE {
        format!(
            "{what} was not found: neither pkg-config nor pcap-config knows one, and {BARE} does not link{}",
            report::said(said)
        )
    } else {
        format!(
            "{what}, found by {}, cannot be linked{}",
            library.found_by,
            report::said(said)
        )
    }
}

/// Returns the functions that link.
fn linking(
    compiler: &Compiler,
    lib_dirs: &[PathBuf],
    libs: &[Lib],
    functions: &[&str],
) -> Vec<String> {
    let Err(said) = compiler.link(functions, lib_dirs, libs) else {
        return functions.iter().map(|name| (*name).to_owned()).collect();
    };
    // The linker names the missing functions. That is only a hint, so check that the others link.
    let (suspects, others): (Vec<&str>, Vec<&str>) =
        functions.iter().partition(|name| said.contains(**name));
    let mut found = if suspects.is_empty() || compiler.link(&others, lib_dirs, libs).is_err() {
        halves(compiler, lib_dirs, libs, &others)
    } else {
        others.iter().map(|name| (*name).to_owned()).collect()
    };
    found.extend(halves(compiler, lib_dirs, libs, &suspects));
    found.sort_by_key(|name| functions.iter().position(|function| function == name));
    found
}

/// Returns the functions that link, by bisection. Call this if not all of them link.
fn halves(
    compiler: &Compiler,
    lib_dirs: &[PathBuf],
    libs: &[Lib],
    functions: &[&str],
) -> Vec<String> {
    let (left, right) = functions.split_at(functions.len() / 2);
    [left, right]
        .into_iter()
        .filter(|half| !half.is_empty())
        .flat_map(|half| {
            if compiler.link(half, lib_dirs, libs).is_ok() {
                half.iter().map(|name| (*name).to_owned()).collect()
            } else if half.len() == 1 {
                Vec::new()
            } else {
                halves(compiler, lib_dirs, libs, half)
            }
        })
        .collect()
}

/// Ensures that the directory of a static libpcap is known, because rustc does not search the compiler's directories.
fn locate_archive(compiler: &Compiler, library: &mut Library) {
    if !has(&library.lib_dirs, "libpcap.a") {
        library.lib_dirs.extend(compiler.folder_of("libpcap.a"));
    }
}

fn has(lib_dirs: &[PathBuf], file: &str) -> bool {
    lib_dirs.iter().any(|dir| dir.join(file).exists())
}

/// Determines how a private library can be linked: by its name, by the file name of its only
/// installed version, or not at all.
fn resolve(compiler: &Compiler, library: &mut Library, name: &str) -> Option<Lib> {
    let lib = |name: &str, kind| Lib {
        name: name.to_owned(),
        kind,
    };
    if compiler.fully_static {
        // The real one has no static library, or one with unknown dependencies.
        if name == "systemd" {
            compiler.archive("build/no_systemd.c", NO_SYSTEMD).ok()?;
            library.lib_dirs.push(compiler.out_dir().to_owned());
            return Some(lib(NO_SYSTEMD, Kind::Static));
        }
        let file = format!("lib{name}.a");
        if has(&library.lib_dirs, &file) {
            return Some(lib(name, Kind::Static));
        }
        let dir = compiler.folder_of(&file)?;
        library.lib_dirs.push(dir);
        return Some(lib(name, Kind::Static));
    }
    let by_name = lib(name, Kind::Dynamic);
    if compiler
        .link(&[], &library.lib_dirs, std::slice::from_ref(&by_name))
        .is_ok()
    {
        return Some(by_name);
    }
    let file = numbered_file(compiler, &library.lib_dirs, name)?;
    Some(lib(&file, Kind::Exact))
}

/// Returns `lib<name>.so.N`, if only that form is installed.
fn numbered_file(compiler: &Compiler, lib_dirs: &[PathBuf], name: &str) -> Option<String> {
    let prefix = format!("lib{name}.so.");
    lib_dirs
        .iter()
        .cloned()
        .chain(compiler.folder_of("libc.so.6"))
        .filter_map(|dir| fs::read_dir(dir).ok())
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|file| {
            // `libsystemd.so.0`, not the `libsystemd.so.0.35.0` to which it points.
            file.strip_prefix(&prefix)
                .is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
        })
        .max()
}

/// Removes every private library without which everything still links.
fn drop_unneeded(compiler: &Compiler, library: &mut Library, exported: &[String]) {
    let names: Vec<&str> = exported.iter().map(String::as_str).collect();
    let mut at = 0;
    while at < library.needed.len() {
        let lib = library.needed.remove(at);
        if compiler
            .link(&names, &library.lib_dirs, &library.libs())
            .is_err()
        {
            library.needed.insert(at, lib);
            at += 1;
        }
    }
}
