//! Finds libpcap on Unix: `LIBPCAP_LIBDIR` and related variables, then pkg-config, then
//! pcap-config, then plain `-lpcap`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::env;
use crate::library::{self, Kind, Library};
use crate::target::Target;
use crate::version::Version;

/// File names of a dynamic libpcap for linking.
const DYNAMIC: [&str; 3] = ["libpcap.so", "libpcap.dylib", "libpcap.tbd"];
/// The file name of a static libpcap.
const STATIC: &str = "libpcap.a";

/// The value of `found_by` for a libpcap about which nothing is known.
pub(crate) const BARE: &str = "-lpcap";

/// Libraries that some builds of libpcap use, in addition to those that pkg-config names.
pub(crate) const POSSIBLE: [&str; 9] = [
    "dbus-1",
    "systemd",
    "nl-genl-3",
    "nl-3",
    "usb-1.0",
    "rdmacm",
    "ibverbs",
    "ssl",
    "crypto",
];

/// Finds libpcap.
pub(crate) fn find(target: &Target) -> Result<Library, String> {
    let wanted = env::switch("LIBPCAP_STATIC", target)?;
    if target.crt_static && wanted == Some(false) {
        return Err(
            "LIBPCAP_STATIC=0: with the target feature crt-static a program cannot load dynamic libraries; remove one \
             of the two"
                .to_owned(),
        );
    }
    // A program without a dynamic C library cannot use a dynamic libpcap either.
    let wanted = wanted.or(target.crt_static.then_some(true));
    let include = library::include_dir(target)?;
    let mut library = match env::folder("LIBPCAP_LIBDIR", "libpcap", target)? {
        Some(setting) => from_folder(&setting, wanted)?,
        None => {
            let kind = |wanted| match wanted {
                Some(true) => Kind::Static,
                _ => Kind::Dynamic,
            };
            // PKG_CONFIG_ALL_STATIC only applies to pkg-config's libpcap.
            let by_pkg_config = wanted.or(all_static(target)?);
            match described(by_pkg_config, kind(by_pkg_config))? {
                Some(library) => library,
                None => from_pcap_config(target, kind(wanted))
                    .unwrap_or_else(|| Library::new("pcap", kind(wanted), BARE)),
            }
        }
    };
    if let Some(include) = include {
        library.include_dirs.insert(0, include);
        library.own_headers = true;
    }
    if library.pcap.kind == Kind::Static {
        for name in POSSIBLE {
            if !library.private.iter().any(|known| known == name) {
                library.private.push(name.to_owned());
            }
        }
    }
    Ok(library)
}

/// Returns the setting of pkg-config's own variables for all libraries, which are set if they have any value.
fn all_static(target: &Target) -> Result<Option<bool>, String> {
    let is_set = |name| env::lookup(name, target).map(|setting| setting.is_some());
    let (all_static, all_dynamic) = (
        is_set("PKG_CONFIG_ALL_STATIC")?,
        is_set("PKG_CONFIG_ALL_DYNAMIC")?,
    );
    Ok(match (all_static, all_dynamic) {
        (true, _) => Some(true),
        (false, true) => Some(false),
        (false, false) => None,
    })
}

fn from_folder(setting: &env::Setting, wanted: Option<bool>) -> Result<Library, String> {
    let folder = setting.path();
    let dynamic = DYNAMIC.iter().find(|name| folder.join(name).exists());
    let archive = folder.join(STATIC).exists();
    let kind = match (wanted, dynamic, archive) {
        (_, None, false) => {
            return Err(setting.wrong(
                "the directory contains no libpcap (expected libpcap.so, libpcap.dylib or libpcap.a)",
            ));
        }
        (Some(true), _, false) => {
            return Err(setting
                .wrong("the directory contains no libpcap.a, and static linking is requested"));
        }
        (Some(false), None, true) => {
            return Err(setting.wrong(
                "the directory only contains libpcap.a, and LIBPCAP_STATIC=0 forbids linking it",
            ));
        }
        (Some(true), _, true) | (None, None, true) => Kind::Static,
        (Some(false) | None, Some(_), _) => Kind::Dynamic,
    };
    let mut library = Library::new("pcap", kind, &setting.to_string());
    // <prefix>/lib and, on systems with a directory for each architecture, <prefix>/lib/<triple>.
    library.include_dirs = ["../include", "../../include"]
        .iter()
        .map(|up| folder.join(up))
        .filter(|include| include.join("pcap/pcap.h").is_file())
        .filter_map(|include| include.canonicalize().ok())
        .take(1)
        .collect();
    library.own_headers = !library.include_dirs.is_empty();
    let described = folder.join("pkgconfig/libpcap.pc");
    if let Ok(text) = fs::read_to_string(&described) {
        println!("cargo::rerun-if-changed={}", described.display());
        library.version = pc_field(&text, "Version").and_then(Version::parse_lenient);
        library.private = ["Libs.private", "Requires.private"]
            .iter()
            .filter_map(|field| pc_field(&text, field))
            .flat_map(private_names)
            .collect();
    }
    if library.version.is_none() {
        library.version = dynamic.and_then(|name| version_of_file(&folder.join(name)));
    }
    library.lib_dirs.push(folder);
    Ok(library)
}

/// Returns the version in the name of the file to which a symbolic link points, such as `libpcap.so.1.10.3`.
fn version_of_file(link: &Path) -> Option<Version> {
    let file = link.canonicalize().ok()?;
    let version = Version::parse(file.file_name()?.to_str()?.strip_prefix("libpcap.so.")?)?;
    // `libpcap.so.0.8` is Debian's name, not a version.
    version.patch.and(Some(version))
}

/// Returns the value of a field of a `.pc` file.
fn pc_field<'a>(text: &'a str, field: &str) -> Option<&'a str> {
    text.lines()
        .find_map(|line| line.strip_prefix(field)?.strip_prefix(':'))
        .map(str::trim)
}

/// Returns the libraries in a list such as `-ldbus-1 -lsystemd` or `dbus-1 >= 1.0, libnl-genl-3.0`.
fn private_names(list: &str) -> impl Iterator<Item = String> + '_ {
    list.split([' ', ',', '\t'])
        .filter(|word| !word.is_empty() && !word.starts_with(['<', '>', '=', '$']))
        .filter(|word| word.starts_with("-l") || word.starts_with(char::is_alphabetic))
        .map(|word| word.strip_prefix("-l").unwrap_or(word).to_owned())
}

fn from_pkg_config(kind: Kind) -> Option<Library> {
    let probe = |link_static| {
        // The crate reads this variable as its own LIBPCAP_STATIC, too, so always pass the answer
        // explicitly.
        pkg_config::Config::new()
            .cargo_metadata(false)
            .print_system_libs(false)
            .print_system_cflags(false)
            .statik(link_static)
            .probe("libpcap")
            .ok()
    };
    // A static query includes the private packages, which may not be installed.
    let answer = probe(kind == Kind::Static).or_else(|| probe(false))?;
    watch_description();
    let mut library = Library::new("pcap", kind, "pkg-config");
    library.include_dirs = answer.include_paths;
    library.lib_dirs = answer.link_paths;
    library.dir = variable("libdir");
    library.defines = answer.defines.into_iter().collect();
    library.defines.sort();
    library.private = answer.libs;
    library.private.retain(|name| name != "pcap");
    library.version = Version::parse_lenient(&answer.version);
    Some(library)
}

/// Returns the libpcap that pkg-config describes. Like a libpcap in `LIBPCAP_LIBDIR`, it is linked statically if only a
/// static one is installed.
fn described(wanted: Option<bool>, kind: Kind) -> Result<Option<Library>, String> {
    let Some(library) = from_pkg_config(kind) else {
        return Ok(None);
    };
    let holds = |name: &str| library.lib_dirs.iter().any(|dir| dir.join(name).exists());
    if kind == Kind::Static || !holds(STATIC) || DYNAMIC.iter().any(|name| holds(name)) {
        return Ok(Some(library));
    }
    if wanted == Some(false) {
        return Err("LIBPCAP_STATIC=0: pkg-config's libpcap is only a libpcap.a".to_owned());
    }
    Ok(from_pkg_config(Kind::Static))
}

/// Makes cargo rerun the script if pkg-config's description of libpcap changes.
fn watch_description() {
    let file =
        variable("pcfiledir").and_then(|folder| folder.join("libpcap.pc").canonicalize().ok());
    if let Some(file) = file {
        println!("cargo::rerun-if-changed={}", file.display());
    }
}

/// Returns a directory that pkg-config gives as a variable of libpcap.
fn variable(name: &str) -> Option<PathBuf> {
    let folder = pkg_config::get_variable("libpcap", name).ok()?;
    // Spaces are escaped for a shell.
    let folder = folder.replace("\\ ", " ");
    (!folder.is_empty()).then(|| folder.into())
}

/// Runs pcap-config, unless this is a cross build: it only describes the machine that it runs on.
fn from_pcap_config(target: &Target, kind: Kind) -> Option<Library> {
    if target.is_cross() {
        return None;
    }
    let ask = |arguments: &[&str]| {
        let output = Command::new("pcap-config").args(arguments).output().ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        output.status.success().then(|| text.trim().to_owned())
    };
    let flags = if kind == Kind::Static {
        ask(&["--static", "--cflags", "--libs"])?
    } else {
        ask(&["--cflags", "--libs"])?
    };
    let mut library = Library::new("pcap", kind, "pcap-config");
    for word in flags.split_whitespace() {
        if let Some(path) = word.strip_prefix("-I") {
            // Repeating it would move the compiler's own directory to another place in the search
            // order.
            if path != "/usr/include" {
                library.include_dirs.push(path.into());
            }
        } else if let Some(path) = word.strip_prefix("-L") {
            library.lib_dirs.push(path.into());
        } else if let Some(name) = word.strip_prefix("-l") {
            library.private.push(name.to_owned());
        }
    }
    library.private.retain(|name| name != "pcap");
    // Old versions do not support the option.
    library.version = ask(&["--version"]).and_then(|text| Version::parse_lenient(&text));
    Some(library)
}
