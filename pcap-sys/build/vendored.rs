//! Builds libpcap from its source, which `LIBPCAP_SOURCE` names, with the `vendored` feature.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use crate::env::{Setting, lookup, switch};
use crate::find_unix::POSSIBLE;
use crate::library::{Kind, Library};
use crate::report;
use crate::target::Target;
use crate::version::Version;

/// Where releases and packages of the source are.
const ORIGIN: &str = "a release from https://www.tcpdump.org/release, or the source package of a distribution \
                      (`apt-get source libpcap`)";

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

/// The files that show that a directory contains the source.
const SIGNS: [&str; 3] = ["VERSION", "pcap/pcap.h", "pcap.c"];

/// Returns whether libpcap is to be built.
pub(crate) fn is_wanted(target: &Target) -> Result<bool, String> {
    Ok(switch("LIBPCAP_NO_VENDOR", target)? != Some(true))
}

/// Builds libpcap for the target.
pub(crate) fn build(target: &Target, out_dir: &Path) -> Result<Library, String> {
    let Some(source) = lookup("LIBPCAP_SOURCE", target)? else {
        return Err(format!(
            "the `vendored` feature builds libpcap from its source: set LIBPCAP_SOURCE to the absolute path of {ORIGIN}, \
             unpacked or not; or set LIBPCAP_NO_VENDOR=1 to use an installed libpcap"
        ));
    };
    if target.is_windows() {
        return Err(source.wrong(
            "the `vendored` feature does not build Npcap: set LIBPCAP_NO_VENDOR=1 and NPCAP_SDK",
        ));
    }
    if switch("LIBPCAP_STATIC", target)? == Some(false) {
        return Err(
            "LIBPCAP_STATIC=0 conflicts with the `vendored` feature, which links libpcap statically"
                .to_owned(),
        );
    }
    let tree = copy(&source, &out_dir.join("libpcap-source"))?;
    let prefix = out_dir.join("libpcap");
    make(&source, target, &tree, &prefix)?;
    let mut library = Library::new("pcap", Kind::Static, &source.to_string());
    library.version = fs::read_to_string(tree.join("VERSION"))
        .ok()
        .and_then(|text| Version::parse_lenient(&text));
    library.include_dirs = vec![prefix.join("include")];
    library.own_headers = true;
    library.lib_dirs = vec![prefix.join("lib")];
    // LIBPCAP_CONFIGURE may enable parts that need them.
    library.private = POSSIBLE.map(str::to_owned).to_vec();
    Ok(library)
}

/// Copies the source to a new directory, or unpacks it there. Returns the directory that contains it.
fn copy(source: &Setting, to: &Path) -> Result<PathBuf, String> {
    let from = source.path();
    if from.is_relative() {
        // It would be relative to the directory of this crate's source.
        return Err(source.wrong("expected an absolute path"));
    }
    println!("cargo::rerun-if-changed={}", from.display());
    let failed =
        |what: &str, error: std::io::Error| source.wrong(&format!("cannot {what}: {error}"));
    if to.exists() {
        fs::remove_dir_all(to).map_err(|error| failed("remove an older copy", error))?;
    }
    fs::create_dir_all(to).map_err(|error| failed("create a copy", error))?;
    let mut command;
    if from.is_dir() {
        has_source(&from).map_err(|lacks| source.wrong(&lacks))?;
        command = Command::new("cp");
        command.arg("-R").arg(from.join(".")).arg(to);
    } else {
        command = Command::new("tar");
        command.arg("-xf").arg(&from).arg("-C").arg(to);
    }
    run(&mut command).map_err(|error| source.wrong(&error))?;
    if from.is_dir() {
        remove_results(to)
            .map_err(|error| failed("remove the results of an earlier build", error))?;
        return Ok(to.to_owned());
    }
    // A package contains one directory.
    let entries = fs::read_dir(to).map_err(|error| failed("read the unpacked source", error))?;
    let folders = entries.flatten().map(|entry| entry.path());
    let found = folders
        .chain([to.to_owned()])
        .find(|folder| has_source(folder).is_ok());
    found.ok_or_else(|| {
        source.wrong(&format!(
            "it does not contain the source of libpcap: expected {ORIGIN}"
        ))
    })
}

/// Removes what a build in the source itself has left. It may be for another machine, or not position-independent.
fn remove_results(tree: &Path) -> std::io::Result<()> {
    for entry in fs::read_dir(tree)? {
        let path = entry?.path();
        let extension = path.extension().and_then(OsStr::to_str);
        if matches!(extension, Some("o" | "a" | "so" | "status" | "cache")) && path.is_file() {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}

/// Checks that a directory contains the source.
fn has_source(folder: &Path) -> Result<(), String> {
    match SIGNS.iter().find(|sign| !folder.join(sign).is_file()) {
        None => Ok(()),
        Some(sign) => Err(format!(
            "the directory contains no {sign}: expected {ORIGIN}"
        )),
    }
}

/// Configures the source and builds the library, and installs it and the headers below `prefix`.
fn make(source: &Setting, target: &Target, tree: &Path, prefix: &Path) -> Result<(), String> {
    if !tree.join("configure").is_file() {
        return Err(source.wrong(
            "the directory contains no `configure`: run `./autogen.sh` in it, which needs autoconf",
        ));
    }
    for (tool, makes) in [
        ("make", "libpcap.a"),
        ("flex", "scanner.c"),
        ("bison", "grammar.c"),
    ] {
        if !tree.join(makes).is_file() && !is_installed(tool) {
            return Err(source.wrong(&format!(
                "building libpcap needs make, flex and bison, and `{tool}` is not installed"
            )));
        }
    }
    let tools = Tools::of(target).map_err(|error| source.wrong(&error))?;
    let mut configure = Command::new("sh");
    configure
        .current_dir(tree)
        .arg("./configure")
        .arg(format!("--host={}", gnu_triple(target)))
        .arg(format!("--with-pcap={}", capture_type(target)))
        .args(OPTIONS)
        .env("CC", &tools.compiler)
        .env("CFLAGS", &tools.flags)
        .env("AR", &tools.archiver)
        .env("RANLIB", &tools.indexer);
    if let Some(more) = lookup("LIBPCAP_CONFIGURE", target)? {
        configure.args(more.value.split_whitespace());
    }
    run(&mut configure).map_err(|error| source.wrong(&error))?;
    let jobs = env::var("NUM_JOBS").unwrap_or_else(|_| "1".to_owned());
    // The flags of cargo's own make would not fit this one.
    let mut make = Command::new("make");
    make.current_dir(tree)
        .env_remove("MAKEFLAGS")
        .env_remove("MFLAGS")
        .arg(format!("-j{jobs}"))
        .arg("libpcap.a");
    run(&mut make).map_err(|error| source.wrong(&error))?;
    install(tree, prefix).map_err(|error| source.wrong(&format!("cannot install libpcap: {error}")))
}

/// Copies the library and the headers.
fn install(tree: &Path, prefix: &Path) -> std::io::Result<()> {
    let (include, lib) = (prefix.join("include"), prefix.join("lib"));
    fs::create_dir_all(include.join("pcap"))?;
    fs::create_dir_all(&lib)?;
    put(&tree.join("libpcap.a"), &lib)?;
    for (from, to) in [
        (tree.to_owned(), include.clone()),
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
fn put(file: &Path, folder: &Path) -> std::io::Result<()> {
    let to = folder.join(file.file_name().unwrap_or_default());
    fs::copy(file, &to)?;
    let copy = fs::File::options().write(true).open(to)?;
    copy.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(1))
}

/// The target's tools, as the `cc` crate finds them.
struct Tools {
    compiler: String,
    flags: String,
    archiver: String,
    indexer: String,
}

impl Tools {
    fn of(target: &Target) -> Result<Tools, String> {
        let mut build = cc::Build::new();
        // Programs are position-independent. Without optimization, filters would be slow.
        build
            .cargo_warnings(false)
            .opt_level(2)
            .pic(true)
            .warnings(false);
        let missing =
            |error: cc::Error| format!("no C compiler for {} works: {error}", target.triple);
        let compiler = build.try_get_compiler().map_err(missing)?;
        let words = |command: &Command| {
            let arguments = command.get_args().map(|word| word.to_string_lossy());
            let words: Vec<_> = [command.get_program().to_string_lossy()]
                .into_iter()
                .chain(arguments)
                .collect();
            words.join(" ")
        };
        let flags: Vec<_> = compiler
            .args()
            .iter()
            .map(|word| word.to_string_lossy())
            .collect();
        Ok(Tools {
            compiler: compiler.path().display().to_string(),
            flags: flags.join(" "),
            archiver: words(&build.try_get_archiver().map_err(missing)?),
            indexer: words(&build.try_get_ranlib().map_err(missing)?),
        })
    }
}

/// Returns the name of the target for `configure`, which knows fewer machines than rustc.
fn gnu_triple(target: &Target) -> String {
    let rest = target.triple.split_once('-').map_or("", |(_, rest)| rest);
    let machine = match target.arch.as_str() {
        "x86" => "i686",
        other => other,
    };
    format!("{machine}-{rest}")
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
    env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

/// Runs a command. The error is its last output.
fn run(command: &mut Command) -> Result<(), String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let first = command
        .get_args()
        .next()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let output = command
        .output()
        .map_err(|error| format!("cannot run {name}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.push_str(&String::from_utf8_lossy(&output.stderr));
    Err(format!("`{name} {first}` failed:{}", report::tail(&text)))
}
