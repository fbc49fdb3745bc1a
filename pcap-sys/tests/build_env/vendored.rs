//! The `vendored` feature, with a small source: C code with libpcap's functions, which do nothing, and a `configure` that
//! makes a `Makefile` for it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use super::Dependent;
use super::script::{accepted, error, told};

const VENDORED: [&str; 3] = ["--no-default-features", "--features", "vendored"];

/// Keeps its arguments, and builds only for Linux.
const CONFIGURE: &str = "printf '%s\\n' \"$@\" >arguments\n\
                         case $* in *--with-pcap=linux*) ;; *) echo no library for \"$2\"; exit 1 ;; esac\n\
                         printf 'libpcap.a:\\n\\t%s %s -w -fno-builtin -c all.c\\n\\t%s rcs libpcap.a all.o\\n' \\\n\
                         \"$CC\" \"$CFLAGS\" \"$AR\" >Makefile\n";

/// Creates the source in a folder of this name, and returns its path. An earlier build has left its results.
fn source(dependent: &Dependent, name: &str) -> String {
    let functions = dependent.functions();
    let all: String = functions
        .iter()
        .map(|name| format!("void {name}(void) {{}}\n"))
        .collect();
    let files = [
        ("VERSION", "1.10.91"),
        ("configure", CONFIGURE),
        ("all.c", &all),
        ("pcap.c", ""),
        // So that neither flex nor bison is needed.
        ("scanner.c", ""),
        ("grammar.c", ""),
        ("pcap.h", "#include <pcap/pcap.h>\n"),
        ("pcap-bpf.h", ""),
        ("pcap-int.h", "#error internal\n"),
        ("pcap-namedb.h", ""),
        ("pcap/pcap.h", ""),
        ("pcap/README", ""),
        ("libpcap.a", "for another machine"),
        ("config.status", "for another machine"),
        ("README.md", ""),
    ];
    dependent.folder_with(name, &files)
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a directory");
    let name = |entry: fs::DirEntry| entry.file_name().into_string().expect("a name");
    let mut names: Vec<_> = entries.map(|entry| name(entry.expect("a name"))).collect();
    names.sort();
    names
}

/// Checks what the script has built in this folder and prints about it.
fn check(stdout: &str, out: &Path) {
    assert_eq!(told(stdout, "rustc-link-lib"), ["static=pcap"], "{stdout}");
    let prefix = out.join("libpcap");
    let search = format!("native={}/lib", prefix.display());
    assert_eq!(told(stdout, "rustc-link-search"), [search], "{stdout}");
    let metadata = told(stdout, "metadata");
    assert!(metadata.contains(&"VERSION=1.10.91"), "{stdout}");
    assert!(metadata.contains(&"HAVE_PCAP_CREATE=1"), "{stdout}");
    let include = format!("INCLUDE={}/include", prefix.display());
    assert!(metadata.contains(&include.as_str()), "{stdout}");
    let public = ["pcap", "pcap-bpf.h", "pcap-namedb.h", "pcap.h"];
    assert_eq!(names(&prefix.join("include")), public);
    assert_eq!(names(&prefix.join("include/pcap")), ["pcap.h"]);
    // cargo compares the times of what it watches with that of the script.
    for file in ["include/pcap.h", "include/pcap/pcap.h", "lib/libpcap.a"] {
        let about = fs::metadata(prefix.join(file)).expect("it is installed");
        let age = about
            .modified()
            .unwrap()
            .duration_since(SystemTime::UNIX_EPOCH);
        assert_eq!(age.unwrap().as_secs(), 1, "{file}");
    }
}

#[test]
fn a_source_is_built_as_configured() {
    let dependent = Dependent::new();
    let folder = source(&dependent, "vendored");
    let out = PathBuf::from(dependent.folder_with("out-vendored", &[]));
    let out_dir = out.display().to_string();
    let environment = [
        ("LIBPCAP_SOURCE", folder.as_str()),
        ("LIBPCAP_CONFIGURE", "--enable-remote  --with-more"),
        ("OUT_DIR", &out_dir),
    ];
    // The second time, there is an older copy.
    for _ in 0..2 {
        let stdout = accepted(&dependent.script(&VENDORED, &environment));
        check(&stdout, &out);
        let watched = format!("cargo::rerun-if-changed={folder}\n");
        assert!(stdout.contains(&watched), "{stdout}");
        let copy = out.join("libpcap-source");
        let arguments = fs::read_to_string(copy.join("arguments")).expect("it is configured");
        let arguments: Vec<_> = arguments.lines().collect();
        assert_eq!(arguments[1], "--with-pcap=linux");
        assert!(arguments.contains(&"--disable-dbus"), "{arguments:?}");
        assert!(arguments.ends_with(&["--enable-remote", "--with-more"]));
        // The source itself stays as it is, and what was built in it is left out.
        assert!(!Path::new(&folder).join("Makefile").exists());
        assert!(Path::new(&folder).join("config.status").exists());
        assert!(!copy.join("config.status").exists());
        assert!(copy.join("README.md").exists());
    }
    fs::remove_dir_all(out.join("libpcap-source")).expect("the copy");
    fs::write(out.join("libpcap-source"), "").expect("a file");
    let sentence = format!("LIBPCAP_SOURCE={folder}: cannot remove an older copy: ");
    let output = dependent.script(&VENDORED, &environment);
    assert!(error(&output).starts_with(&sentence), "{output:?}");
    fs::remove_file(out.join("libpcap-source")).expect("the file");
}

#[test]
fn an_archive_of_the_source_is_built() {
    let dependent = Dependent::new();
    source(&dependent, "libpcap-1.10.91");
    dependent.folder_with("empty-1.0", &[("README.md", "")]);
    let out = PathBuf::from(dependent.folder_with("out-archive", &[]));
    let out_dir = out.display().to_string();
    let archive = |name: &str| {
        let mut tar = Command::new("tar");
        tar.current_dir(&dependent.folder)
            .args(["-czf", "source.tar.gz", name]);
        assert!(tar.status().expect("tar runs").success());
        dependent.folder.join("source.tar.gz").display().to_string()
    };
    // Unlike a directory, an archive has no results of an earlier build.
    for result in ["libpcap.a", "config.status"] {
        fs::remove_file(dependent.folder.join("libpcap-1.10.91").join(result)).expect("a file");
    }
    let path = archive("libpcap-1.10.91");
    let environment = [("LIBPCAP_SOURCE", path.as_str()), ("OUT_DIR", &out_dir)];
    check(&accepted(&dependent.script(&VENDORED, &environment)), &out);
    archive("empty-1.0");
    let output = dependent.script(&VENDORED, &environment);
    let sentence = "it does not contain the source of libpcap: expected a release";
    assert!(error(&output).contains(sentence), "{output:?}");
}

/// Each system has its own way to capture.
#[test]
fn the_source_is_configured_for_the_target() {
    let dependent = Dependent::new();
    let folder = source(&dependent, "vendored-elsewhere");
    for (triple, os, machine, way) in [
        (
            "x86_64-unknown-freebsd",
            "freebsd",
            "x86_64-unknown-freebsd",
            "bpf",
        ),
        ("x86_64-apple-darwin", "macos", "x86_64-apple-darwin", "bpf"),
        (
            "x86_64-unknown-haiku",
            "haiku",
            "x86_64-unknown-haiku",
            "null",
        ),
    ] {
        let compiler = format!("CC_{}", triple.replace('-', "_"));
        let archiver = format!("AR_{}", triple.replace('-', "_"));
        let environment = [
            ("LIBPCAP_SOURCE", folder.as_str()),
            ("TARGET", triple),
            ("CARGO_CFG_TARGET_OS", os),
            ("CARGO_CFG_TARGET_ENV", ""),
            (&compiler, "cc"),
            (&archiver, "ar"),
            ("SDKROOT", "/"),
            ("OPT_LEVEL", "0"),
            ("DEBUG", "false"),
        ];
        let output = dependent.script(&VENDORED, &environment);
        assert!(error(&output).contains("`sh ./configure` failed:"));
        let sentence = format!("no library for --with-pcap={way}");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(stderr.contains(&sentence), "{output:?}");
        let arguments = dependent.folder.join("out/libpcap-source/arguments");
        let arguments = fs::read_to_string(arguments).expect("configure has run");
        let host = format!("--host={machine}\n");
        assert!(arguments.starts_with(&host), "{arguments}");
    }
}

#[test]
fn a_target_without_a_compiler_is_refused() {
    let dependent = Dependent::new();
    let folder = source(&dependent, "vendored-nowhere");
    let environment = [
        ("LIBPCAP_SOURCE", folder.as_str()),
        ("TARGET", "no-such-machine"),
        ("OPT_LEVEL", "0"),
    ];
    let output = dependent.script(&VENDORED, &environment);
    let sentence = "no C compiler for no-such-machine works: ";
    assert!(error(&output).contains(sentence), "{output:?}");
    let output = dependent.script(&VENDORED, &[("LIBPCAP_NO_VENDOR", "yes")]);
    let sentence = "LIBPCAP_NO_VENDOR=yes: expected 1 or 0";
    assert!(error(&output).starts_with(sentence), "{output:?}");
}
