//! Builds libpcap from its source, which `LIBPCAP_SOURCE` names, with the `vendored` feature.

mod kernel;
mod source;
mod tools;

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use crate::env::{Setting, lookup, switch};
use crate::find_unix::POSSIBLE;
use crate::library::{Kind, Library};
use crate::report;
use crate::target::Target;
use crate::version::{self, Version};
use source::ORIGIN;
use tools::Tools;

/// Options that make the result independent of what is installed on the build machine.
const OPTIONS: [&str; 12] = [
    "--disable-shared",
    "--disable-dbus",
    "--disable-rdma",
    "--disable-bluetooth",
    "--disable-netmap",
    "--without-libnl",
    "--without-dag",
    "--without-septel",
    "--without-snf",
    "--without-turbocap",
    "--without-dpdk",
    "--disable-universal",
];

/// Returns whether libpcap is to be built.
pub(crate) fn is_wanted(target: &Target) -> Result<bool, String> {
    Ok(switch("LIBPCAP_NO_VENDOR", target)? != Some(true))
}

/// Builds libpcap for the target.
pub(crate) fn build(target: &Target, out_dir: &Path) -> Result<Library, String> {
    if target.is_windows() {
        return Err(
            "the `vendored` feature does not build Npcap: set LIBPCAP_NO_VENDOR=1 and NPCAP_SDK"
                .to_owned(),
        );
    }
    let Some(source) = lookup("LIBPCAP_SOURCE", target)? else {
        return Err(format!(
            "the `vendored` feature builds libpcap from its source: set LIBPCAP_SOURCE to the absolute path of {ORIGIN}; \
             or set LIBPCAP_NO_VENDOR=1 to use an installed libpcap"
        ));
    };
    if switch("LIBPCAP_STATIC", target)? == Some(false) {
        return Err(
            "LIBPCAP_STATIC=0 conflicts with the `vendored` feature, which links libpcap statically"
                .to_owned(),
        );
    }
    refuse_installed(&source, target)?;
    let tree = source::copy(&source, out_dir)?;
    let version = version_of(&source, target, &tree)?;
    make(&source, target, out_dir, &tree)?;
    let mut library = Library::new("pcap", Kind::Static, &source.to_string());
    library.version = version;
    library.include_dirs = vec![install("include", out_dir, |to| copy_headers(&tree, to))?];
    library.own_headers = true;
    let archive = tree.join("libpcap.a");
    library.lib_dirs = vec![install("lib", out_dir, |to| put(&archive, to))?];
    // LIBPCAP_CONFIGURE may enable parts that need them.
    library.private = POSSIBLE.map(str::to_owned).to_vec();
    Ok(library)
}

/// Copies only the headers, for a program that loads libpcap at run time. Returns `None` if no source is named.
pub(crate) fn headers(target: &Target, out_dir: &Path) -> Result<Option<Library>, String> {
    let Some(source) = lookup("LIBPCAP_SOURCE", target)? else {
        return Ok(None);
    };
    refuse_installed(&source, target)?;
    let tree = source::copy(&source, out_dir)?;
    version_of(&source, target, &tree)?;
    let mut library = Library::new("pcap", Kind::Dynamic, &source.to_string());
    library.include_dirs = vec![install("include", out_dir, |to| copy_headers(&tree, to))?];
    library.own_headers = true;
    Ok(Some(library.headers_only()))
}

/// Rejects variables that name an installed libpcap, which would not be used.
fn refuse_installed(source: &Setting, target: &Target) -> Result<(), String> {
    for name in ["LIBPCAP_LIBDIR", "LIBPCAP_INCLUDEDIR"] {
        if let Some(installed) = lookup(name, target)? {
            return Err(format!(
                "{installed} conflicts with {source}: unset one of them, or set LIBPCAP_NO_VENDOR=1 to use an installed \
                 libpcap"
            ));
        }
    }
    Ok(())
}

/// Reads the version of the source. Rejects one that is too old, unless `LIBPCAP_VER` gives another.
fn version_of(source: &Setting, target: &Target, tree: &Path) -> Result<Option<Version>, String> {
    let text = fs::read_to_string(tree.join("VERSION")).unwrap_or_default();
    let version = Version::parse_lenient(&text);
    if version::from_environment(target)?.is_some() {
        return Ok(version);
    }
    match version {
        Some(version) => version::check(version, &source.to_string())?,
        None => {
            return Err(source.wrong(&format!(
                "expected a version in the file VERSION, found `{}`; set LIBPCAP_VER",
                text.lines().next().unwrap_or_default().trim()
            )));
        }
    }
    Ok(version)
}

/// Configures the source and builds the library.
fn make(source: &Setting, target: &Target, out_dir: &Path, tree: &Path) -> Result<(), String> {
    for (tool, makes) in [
        ("make", "libpcap.a"),
        ("flex", "scanner.c"),
        ("bison", "grammar.c"),
    ] {
        if !tree.join(makes).is_file() && !is_installed(tool) {
            return Err(source.wrong(&format!(
                "building libpcap requires make, flex and bison, but `{tool}` is not installed"
            )));
        }
    }
    if !tree.join("configure").is_file() {
        // The source of a repository.
        let way_out = match source.path().is_dir() {
            true => "run `./autogen.sh` in the directory",
            false => "unpack it, run `./autogen.sh`, and name the new directory",
        };
        return Err(source.wrong(&format!("no `configure`: {way_out}")));
    }
    let tools = Tools::of(target, out_dir, tree)?;
    let mut configure = Command::new("sh");
    configure
        .current_dir(tree)
        .arg("./configure")
        .arg(format!("--host={}", target.gnu_triple()))
        .arg(format!("--with-pcap={}", capture_type(target)))
        .args(OPTIONS)
        .env("CC", &tools.compiler)
        // The compiler's command contains all flags. Without a value, `configure` would choose others.
        .env("CFLAGS", "")
        .env("AR", &tools.archiver)
        .env("RANLIB", &tools.indexer);
    // `configure` reads these itself.
    for name in ["CPPFLAGS", "LDFLAGS", "LIBS"] {
        println!("cargo::rerun-if-env-changed={name}");
    }
    let more = lookup("LIBPCAP_CONFIGURE", target)?;
    if let Some(more) = &more {
        let mut options = more.value.split_whitespace();
        if let Some(word) = options.find(|word| !word.starts_with('-') && !word.contains('=')) {
            return Err(more.wrong(&format!(
                "expected options, which start with `-`, found `{word}`"
            )));
        }
        configure.args(more.value.split_whitespace());
    }
    let variables = more.map_or_else(|| source.to_string(), |more| format!("{source} {more}"));
    run(&mut configure).map_err(|error| format!("{variables}: {error}"))?;
    if !tree.join("Makefile").is_file() {
        return Err(format!(
            "{variables}: `sh ./configure` succeeded without creating a Makefile"
        ));
    }
    let mut make = Command::new("make");
    make.current_dir(tree).arg("libpcap.a");
    match env::var_os("CARGO_MAKEFLAGS") {
        // Other systems may have another `make`, which does not know GNU's job server.
        Some(flags) if cfg!(target_os = "linux") => run(make.env("MAKEFLAGS", flags)),
        _ => {
            let jobs = env::var("NUM_JOBS").unwrap_or_else(|_| "1".to_owned());
            run(make.env_remove("MAKEFLAGS").arg(format!("-j{jobs}")))
        }
    }
    .map_err(|error| source.wrong(&error))
}

/// Fills a directory of this name anew, and returns it.
fn install(
    name: &str,
    out_dir: &Path,
    fill: impl FnOnce(&Path) -> io::Result<()>,
) -> Result<PathBuf, String> {
    let folder = out_dir.join("libpcap").join(name);
    source::remove(&folder)?;
    fs::create_dir_all(&folder)
        .and_then(|()| fill(&folder))
        .map_err(|error| format!("cannot copy libpcap to {}: {error}", folder.display()))?;
    Ok(folder)
}

/// Copies the public headers.
fn copy_headers(tree: &Path, include: &Path) -> io::Result<()> {
    fs::create_dir_all(include.join("pcap"))?;
    for (from, to) in [
        (tree.to_owned(), include.to_owned()),
        (tree.join("pcap"), include.join("pcap")),
    ] {
        for entry in fs::read_dir(from)? {
            let path = entry?.path();
            // Beside the public headers are those of libpcap itself.
            let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
            let is_public =
                to != include || ["pcap.h", "pcap-bpf.h", "pcap-namedb.h"].contains(&name);
            if is_public && name.ends_with(".h") {
                put(&path, &to)?;
            }
        }
    }
    Ok(())
}

/// Copies a file to a directory, with an old time. Otherwise it would be newer than the start of this script, and
/// cargo, which watches these files, would run the script again each time.
fn put(file: &Path, folder: &Path) -> io::Result<()> {
    let to = folder.join(file.file_name().unwrap_or_default());
    fs::copy(file, &to)?;
    let copy = fs::File::options().write(true).open(to)?;
    copy.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(1))
}

/// Returns the way in which libpcap captures on the target.
fn capture_type(target: &Target) -> &'static str {
    match target.os.as_str() {
        "linux" | "android" => "linux",
        "solaris" | "illumos" | "freebsd" | "netbsd" | "openbsd" | "dragonfly" | "macos"
        | "ios" => "bpf",
        _ => "null",
    }
}

/// Returns whether a program is installed.
fn is_installed(program: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).any(|folder| is_executable(&folder.join(program)))
}

#[cfg(unix)]
fn is_executable(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(file).is_ok_and(|about| about.is_file() && about.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_executable(file: &Path) -> bool {
    file.with_extension("exe").is_file()
}

/// Runs a command, without variables that are for another `configure`, `make` or `tar`. The error is its output.
fn run(command: &mut Command) -> Result<(), String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let first = command
        .get_args()
        .next()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    for variable in [
        "CONFIG_SITE",
        "GNUMAKEFLAGS",
        "MAKEFILES",
        "MFLAGS",
        "TAR_OPTIONS",
    ] {
        command.env_remove(variable);
    }
    // The error quotes the output.
    command.env("LC_ALL", "C");
    let output = command
        .output()
        .map_err(|error| format!("cannot run {name}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.push_str(&String::from_utf8_lossy(&output.stderr));
    Err(format!("`{name} {first}` failed{}", report::said(&text)))
}
