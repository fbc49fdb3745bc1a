//! The `vendored` feature, with a small source: C code with libpcap's functions, which do nothing, and a `configure` that
//! makes a `Makefile` for it.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use super::Dependent;
use super::script::{accepted, error, told};

const VENDORED: [&str; 3] = ["--no-default-features", "--features", "vendored"];

/// Keeps its arguments, its environment and the flags of make, and builds only for Linux.
const CONFIGURE: &str = "printf '%s\\n' \"$@\" >arguments\n\
                         env >environment\n\
                         case $* in *--with-pcap=linux*) ;; *) echo no library for \"$2\"; exit 1 ;; esac\n\
                         printf 'libpcap.a:\\n\\t@echo \"$(MAKEFLAGS)\" >flags\\n\\t%s %s -w -fno-builtin -c all.c\\n\\t%s rcs libpcap.a all.o\\n' \\\n\
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
        ("pcap-int.h", "#error internal\n"),
        ("libpcap.a", "for another machine"),
        ("config.status", "for another machine"),
        ("README.md", ""),
    ];
    dependent.headers(name);
    dependent.folder_with(name, &files)
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a directory");
    let name = |entry: fs::DirEntry| entry.file_name().into_string().expect("a name");
    let mut names: Vec<_> = entries.map(|entry| name(entry.expect("a name"))).collect();
    names.sort();
    names
}

/// Creates an archive of what is in a directory, without a directory around it.
fn archive_of(folder: &Path, archive: &Path) {
    let mut tar = Command::new("tar");
    tar.arg("-czf").arg(archive).arg("-C").arg(folder).arg(".");
    assert!(tar.status().expect("tar runs").success());
}

/// Changes the permissions of everything in a directory.
fn permit(mode: &str, folder: &str) {
    let mut chmod = Command::new("chmod");
    chmod.args(["-R", mode, folder]);
    assert!(chmod.status().expect("chmod runs").success());
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
    let headers = names(&prefix.join("include/pcap"));
    assert!(headers.contains(&"pcap.h".to_owned()), "{headers:?}");
    assert!(!headers.contains(&"README".to_owned()), "{headers:?}");
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
        // The flags of cargo's make, which contain its job server.
        ("CARGO_MAKEFLAGS", "--keep-going"),
        // These are for another `configure` or `make`.
        ("CONFIG_SITE", "/nonexistent"),
        ("GNUMAKEFLAGS", "--nonsense"),
        ("MAKEFILES", "/nonexistent"),
        ("MFLAGS", "--nonsense"),
        ("TAR_OPTIONS", "--nonsense"),
        // The program could not be linked with what gcc would leave to the linker.
        ("CFLAGS", "-flto"),
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
        let environment = fs::read_to_string(copy.join("environment")).expect("it is configured");
        assert!(!environment.contains("=/nonexistent"), "{environment}");
        assert!(!environment.contains("=--nonsense"), "{environment}");
        let commands = fs::read_to_string(copy.join("Makefile")).expect("it is configured");
        assert!(commands.contains(" -fno-lto "), "{commands}");
        let flags = fs::read_to_string(copy.join("flags")).expect("it is built");
        assert!(flags.starts_with('k'), "{flags}");
        // The source itself stays as it is, and what was built in it is left out.
        assert!(!Path::new(&folder).join("Makefile").exists());
        assert!(Path::new(&folder).join("config.status").exists());
        assert!(!copy.join("config.status").exists());
        assert!(copy.join("README.md").exists());
        // The headers of an earlier source are not left.
        let added = out.join("libpcap/include/pcap/added.h");
        assert!(!added.exists());
        fs::write(added, "").expect("the folder is ours");
    }
    fs::remove_dir_all(out.join("libpcap-source")).expect("the copy");
    fs::write(out.join("libpcap-source"), "").expect("a file");
    let sentence = format!("cannot remove {out_dir}/libpcap-source: ");
    let output = dependent.script(&VENDORED, &environment);
    assert!(error(&output).starts_with(&sentence), "{output:?}");
    fs::remove_file(out.join("libpcap-source")).expect("the file");
}

#[test]
fn an_archive_of_the_source_is_built() {
    let dependent = Dependent::new();
    source(&dependent, "libpcap-1.10.91");
    dependent.folder_with("empty-1.0", &[("part/README.md", "")]);
    let out = PathBuf::from(dependent.folder_with("out-archive", &[]));
    let out_dir = out.display().to_string();
    let archive = |name: &str, format: &[&str], file: &str| {
        let mut tar = Command::new("tar");
        tar.current_dir(&dependent.folder)
            .args(format)
            .args([file, name]);
        assert!(tar.status().expect("tar runs").success());
        dependent.folder.join(file).display().to_string()
    };
    let package = "libpcap-1.10.91";
    let path = archive(package, &["-czf"], "source.tar.gz");
    let environment = [("LIBPCAP_SOURCE", path.as_str()), ("OUT_DIR", &out_dir)];
    check(&accepted(&dependent.script(&VENDORED, &environment)), &out);
    let old = archive(package, &["--format=v7", "-cf"], "source.tar");
    let of_old = [("LIBPCAP_SOURCE", old.as_str()), ("OUT_DIR", &out_dir)];
    check(&accepted(&dependent.script(&VENDORED, &of_old)), &out);
    archive("empty-1.0", &["-czf"], "source.tar.gz");
    for _ in 0..2 {
        let output = dependent.script(&VENDORED, &environment);
        let sentence = "no source of libpcap; expected a release";
        assert!(error(&output).contains(sentence), "{output:?}");
        // It stays until the next time. The permissions of an archive may forbid everything.
        permit("a-wx", &format!("{out_dir}/libpcap-archive"));
    }
    // There may be several sources, of which that at the root is taken, and links that leave the archive.
    let files = dependent.folder.join("several");
    let _ = fs::remove_dir_all(&files);
    source(&dependent, "several/libpcap-1.10.91");
    source(&dependent, "several/older");
    archive_of(&files, &dependent.folder.join("source.tar.gz"));
    let output = dependent.script(&VENDORED, &environment);
    let sentence = "expected one source of libpcap, found libpcap-1.10.91 and older";
    assert!(error(&output).contains(sentence), "{output:?}");
    let root = source(&dependent, "several");
    let link = files.join("documentation");
    std::os::unix::fs::symlink("/usr/share/doc", &link).expect("the folder is ours");
    archive_of(Path::new(&root), &dependent.folder.join("source.tar.gz"));
    check(&accepted(&dependent.script(&VENDORED, &environment)), &out);
    assert!(out.join("libpcap-source/older").is_dir());
    assert!(!out.join("libpcap-source/documentation").exists());
    // The package of a repository, without what autoconf generates.
    fs::remove_file(dependent.folder.join("libpcap-1.10.91/configure")).expect("a file");
    archive(package, &["-czf"], "source.tar.gz");
    let output = dependent.script(&VENDORED, &environment);
    let sentence = "no `configure`: unpack it, run `./autogen.sh`, and name the new directory";
    assert!(error(&output).contains(sentence), "{output:?}");
    fs::write(&path, "Format: 3.0 (quilt)\n").expect("the file is ours");
    let output = dependent.script(&VENDORED, &environment);
    let sentence =
        "source.tar.gz: expected a release from https://www.tcpdump.org/release or the archive in";
    assert!(error(&output).contains(sentence), "{output:?}");
    // It is compressed, but ends early.
    fs::write(&path, b"\x1f\x8b").expect("the file is ours");
    let output = dependent.script(&VENDORED, &environment);
    assert!(error(&output).contains("`tar -xof` failed: "), "{output:?}");
}

/// A source is read-only in a store of packages, and its links may leave it.
#[test]
fn a_read_only_source_is_built_as_any_other() {
    let dependent = Dependent::new();
    let folder = source(&dependent, "vendored-read-only");
    let outside = dependent.folder_with("vendored-outside", &[("all.c", "#error replaced\n")]);
    let all = Path::new(&folder).join("all.c");
    fs::copy(&all, Path::new(&outside).join("all.c")).expect("both are ours");
    fs::remove_file(&all).expect("the file is ours");
    std::os::unix::fs::symlink("../vendored-outside/all.c", &all).expect("the folder is ours");
    dependent.folder_with("vendored-read-only/.git", &[("HEAD", "")]);
    // As Emacs does for a file that has not been saved.
    let _ = std::os::unix::fs::symlink("nobody@nowhere", Path::new(&folder).join(".#pcap.c"));
    permit("a-w", &folder);
    let out = PathBuf::from(dependent.folder_with("out-read-only", &[]));
    let out_dir = out.display().to_string();
    let environment = [("LIBPCAP_SOURCE", folder.as_str()), ("OUT_DIR", &out_dir)];
    for _ in 0..2 {
        let stdout = accepted(&dependent.script(&VENDORED, &environment));
        check(&stdout, &out);
        for name in ["/.git", "/.#pcap.c"] {
            assert!(!stdout.contains(name), "{stdout}");
        }
        let watched = format!("cargo::rerun-if-changed={folder}/pcap.c\n");
        assert!(stdout.contains(&watched), "{stdout}");
        let copy = out.join("libpcap-source");
        for file in ["", "pcap", "pcap.c", "all.c"] {
            let about = fs::symlink_metadata(copy.join(file)).expect("it was copied");
            assert_eq!(about.mode() & 0o200, 0o200, "{file}");
            assert!(!about.is_symlink(), "{file}");
        }
        assert!(!copy.join(".git").exists());
    }
    permit("u+w", &folder);
    fs::remove_dir_all(folder).expect("the folder is ours");
}

/// `CC` may have arguments, without which the compiler does not work, and cc understands quotes.
#[test]
fn the_whole_command_of_the_compiler_is_used() {
    let dependent = Dependent::new();
    let folder = source(&dependent, "vendored-command");
    let out = PathBuf::from(dependent.folder_with("out-command", &[]));
    let out_dir = out.display().to_string();
    let demanding = "#!/bin/sh\n[ \"$1\" = --demanded ] || exit 9\nshift\nexec cc \"$@\"\n";
    let tools = dependent.folder_with("tools-of-c", &[("compiler", demanding)]);
    let with_argument = format!("{tools}/compiler --demanded -DFIRST");
    let in_folder = "#!/bin/sh\nexec cc -DFIRST \"$@\"\n";
    let tools = dependent.folder_with("tools of C", &[("compiler", in_folder)]);
    let with_spaces = format!("{tools}/compiler");
    for (quoted, compiler, flags) in [
        ("", &with_argument, "-DSECOND"),
        ("1", &with_spaces, "-DSECOND='\"one word\"'"),
    ] {
        let environment = [
            ("LIBPCAP_SOURCE", folder.as_str()),
            ("OUT_DIR", &out_dir),
            ("CC_SHELL_ESCAPED_FLAGS", quoted),
            ("CC", compiler),
            ("CFLAGS", flags),
        ];
        let present: Vec<_> = environment
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .collect();
        check(&accepted(&dependent.script(&VENDORED, &present)), &out);
        let copy = out.join("libpcap-source");
        let mut commands = fs::read_to_string(copy.join("Makefile")).expect("it is configured");
        commands += &fs::read_to_string(copy.join("compiler.sh")).unwrap_or_default();
        for word in [compiler, "-DSECOND", "-O2"] {
            assert!(commands.contains(word), "{word}: {commands}");
        }
    }
}

/// Some C libraries come without the headers of the kernel, such as Debian's musl.
#[cfg(target_os = "linux")]
#[test]
fn the_headers_of_the_kernel_are_those_of_the_build_machine() {
    let dependent = Dependent::new();
    let folder = source(&dependent, "vendored-kernel");
    let compiler = dependent.compiler_without("cc-without-kernel", "-fsyntax-only");
    let machine = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let host = ("HOST", machine.as_str());
    let environment = [
        ("LIBPCAP_SOURCE", folder.as_str()),
        ("CC", &compiler),
        ("TARGET", &machine),
        host,
        // Its make does not know the flags.
        ("CARGO_MAKEFLAGS", "-k"),
    ];
    accepted(&dependent.script(&VENDORED, &environment));
    let out = dependent.folder.join("out");
    let headers = out.join("kernel-headers");
    let commands = fs::read_to_string(out.join("libpcap-source/Makefile")).expect("is configured");
    let argument = format!(" -idirafter {}", headers.display());
    assert!(commands.contains(&argument), "{commands}");
    for header in ["linux/if_packet.h", "asm-generic/types.h", "asm/types.h"] {
        assert!(headers.join(header).is_file(), "{header}");
    }
    // Those of another machine are not.
    let mut cross = environment.to_vec();
    cross.push(("HOST", "other-unknown-linux-gnu"));
    let output = dependent.script(&VENDORED, &cross);
    let sentence =
        "cannot read the headers of the Linux kernel (linux/if_packet.h): install them, or add";
    assert!(error(&output).contains(sentence), "{output:?}");
}

/// What went wrong is in the first line, which is all that cargo shows first.
#[test]
fn the_cause_of_a_failure_is_in_the_error() {
    let dependent = Dependent::new();
    let folder = source(&dependent, "vendored-failures");
    let configure = Path::new(&folder).join("configure");
    let cause_of = |text: &str| {
        fs::write(&configure, text).expect("the source is ours");
        error(&dependent.script(&VENDORED, &[("LIBPCAP_SOURCE", &folder)]))
    };
    for (text, end) in [
        ("exit 1", "`sh ./configure` failed"),
        ("echo first; echo last >&2; exit 1", "failed: first"),
        (
            "for a in 1 2 3 4 5 6 7 8; do echo $a; done; echo last; exit 1",
            "failed: last",
        ),
        (
            "echo cannot find it; echo configure: error: no flex; echo end; exit 1",
            "failed: configure: error: no flex",
        ),
        ("echo $LC_ALL; exit 1", "failed: C"),
        (
            "printf 'libpcap.a:\n\t@exit 9\n' >Makefile",
            "`make libpcap.a` failed: make: *** ",
        ),
        (
            "echo usage",
            "`sh ./configure` succeeded without creating a Makefile",
        ),
        (
            "printf 'libpcap.a:\n\tar rcs libpcap.a\n' >Makefile",
            ", cannot be linked: ",
        ),
    ] {
        let error = cause_of(text);
        let is_found = error.ends_with(end) || end.ends_with(' ') && error.contains(end);
        assert!(is_found, "{text}: {error}");
        assert!(!error.contains("collect2"), "{text}: {error}");
    }
    // An installed libpcap would not help.
    let output = dependent.script(&VENDORED, &[("LIBPCAP_SOURCE", &folder)]);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(!stderr.contains("install libpcap"), "{stderr}");
    fs::write(Path::new(&folder).join("VERSION"), "").expect("the source is ours");
    let sentence = "expected a version in the file VERSION, found ``; set LIBPCAP_VER";
    assert!(cause_of("").ends_with(sentence));
    fs::write(Path::new(&folder).join("VERSION"), "none\nat all\n").expect("the source is ours");
    let sentence = "expected a version in the file VERSION, found `none`; set LIBPCAP_VER";
    assert!(cause_of("").ends_with(sentence));
    let with = |more| {
        let output = dependent.script(&VENDORED, &[("LIBPCAP_SOURCE", folder.as_str()), more]);
        error(&output)
    };
    let sentence = "`sh ./configure` succeeded without";
    assert!(with(("LIBPCAP_VER", "1.10")).contains(sentence));
    fs::write(Path::new(&folder).join("VERSION"), "1.10.91").expect("the source is ours");
    for (tool, sentence) in [("AR", "the archiver"), ("RANLIB", "ranlib")] {
        let sentence = format!("cannot build libpcap: cannot run {sentence} /nonexistent/tool: ");
        assert!(with((tool, "/nonexistent/tool")).starts_with(&sentence));
    }
    for name in ["LIBPCAP_LIBDIR", "LIBPCAP_INCLUDEDIR"] {
        let sentence = format!("{name}=/usr conflicts with LIBPCAP_SOURCE={folder}: unset one");
        assert!(with((name, "/usr")).starts_with(&sentence));
    }
    // What is there is replaced.
    let out = dependent.folder_with("out-with-source", &[("libpcap-source/VERSION", "1.10.91")]);
    let inside = format!("{out}/libpcap-source");
    let environment = [("LIBPCAP_SOURCE", inside.as_str()), ("OUT_DIR", &out)];
    let output = dependent.script(&VENDORED, &environment);
    let sentence = "it is in the directory in which cargo builds pcap-sys";
    assert!(error(&output).contains(sentence), "{output:?}");
    assert!(Path::new(&inside).join("VERSION").exists());
    // Only tar is installed, but not what decompresses.
    let tools = dependent.folder_with("tools-of-tar", &[("archive.tar.xz", "\u{fd}")]);
    fs::write(format!("{tools}/archive.tar.xz"), b"\xfd7zXZ\0").expect("the folder is ours");
    let _ = fs::remove_file(format!("{tools}/tar"));
    let archive = format!("{tools}/archive.tar.xz");
    let environment = [("LIBPCAP_SOURCE", archive.as_str()), ("PATH", &tools)];
    let output = dependent.script(&VENDORED, &environment);
    let sentence = "unpacking it requires `tar`, which is not installed";
    assert!(error(&output).ends_with(sentence), "{output:?}");
    for tool in ["tar", "sh"] {
        let _ = std::os::unix::fs::symlink(format!("/bin/{tool}"), format!("{tools}/{tool}"));
    }
    let output = dependent.script(&VENDORED, &environment);
    let sentence = "unpacking it requires `xz`, which is not installed";
    assert!(
        super::script::error(&output).ends_with(sentence),
        "{output:?}"
    );
    let output = dependent.script(&VENDORED, &[("LIBPCAP_SOURCE", "/etc/passwd/libpcap")]);
    let sentence = "/etc/passwd/libpcap: cannot open it: ";
    assert!(
        super::script::error(&output).contains(sentence),
        "{output:?}"
    );
}

/// Directories that contain themselves have no end.
#[test]
fn the_target_directory_and_circles_in_a_source_are_left_out() {
    let dependent = Dependent::new();
    let folder = source(&dependent, "vendored-around");
    let inside = Path::new(&folder);
    let link = dependent.folder.join("link-to-vendored-around");
    fs::create_dir_all(inside.join("target/out")).expect("the source is ours");
    for (to, link) in [
        (Path::new("."), &inside.join("pcap/circle")),
        (inside, &link),
    ] {
        let _ = fs::remove_file(link);
        std::os::unix::fs::symlink(to, link).expect("the folder is ours");
    }
    let out = link.join("target/out");
    let environment = [
        ("LIBPCAP_SOURCE", folder.as_str()),
        ("OUT_DIR", out.to_str().expect("a path in Unicode")),
    ];
    for _ in 0..2 {
        check(&accepted(&dependent.script(&VENDORED, &environment)), &out);
    }
    let copied = names(&out.join("libpcap-source/pcap"));
    assert!(!copied.contains(&"circle".to_owned()), "{copied:?}");
    assert!(!out.join("libpcap-source/target/out").exists());
}

/// Nothing is linked, but the headers are those of the source.
#[test]
fn a_program_that_loads_libpcap_takes_the_headers_of_the_source() {
    let dependent = Dependent::new();
    let folder = source(&dependent, "vendored-headers");
    // Nothing is configured.
    fs::remove_file(Path::new(&folder).join("configure")).expect("the source is ours");
    let features = [
        "--no-default-features",
        "--features",
        "vendored,load-dynamically",
    ];
    let environment = [("LIBPCAP_SOURCE", folder.as_str())];
    let stdout = accepted(&dependent.script(&features, &environment));
    assert!(told(&stdout, "rustc-link-lib").is_empty(), "{stdout}");
    let include = format!(
        "INCLUDE={}",
        dependent.folder.join("out/libpcap/include").display()
    );
    let headers = names(&dependent.folder.join("out/libpcap/include"));
    assert_eq!(headers, ["pcap", "pcap-bpf.h", "pcap-namedb.h", "pcap.h"]);
    assert!(
        told(&stdout, "metadata").contains(&include.as_str()),
        "{stdout}"
    );
    accepted(&dependent.script(&features, &[]));
    let output = dependent.script(&features, &[("LIBPCAP_SOURCE", "/nonexistent")]);
    assert!(
        error(&output).contains("no such file or directory"),
        "{output:?}"
    );
}

#[test]
fn a_source_without_the_feature_is_not_ignored_silently() {
    let dependent = Dependent::new();
    for features in [&[][..], &["--features", "load-dynamically"]] {
        let stdout = accepted(&dependent.script(features, &[("LIBPCAP_SOURCE", "/nonexistent")]));
        let sentence = "LIBPCAP_SOURCE=/nonexistent has no effect without the `vendored` feature";
        assert!(
            told(&stdout, "warning")[0].starts_with(sentence),
            "{stdout}"
        );
    }
}

/// Each system has its own way to capture.
#[test]
fn the_source_is_configured_for_the_target() {
    let dependent = Dependent::new();
    let folder = source(&dependent, "vendored-elsewhere");
    // The machine's own compiler knows none of these targets.
    let tools = dependent.folder_with("tools-for-all", &[("compiler", "#!/bin/sh\n")]);
    let willing = format!("{tools}/compiler");
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
            (&compiler, &willing),
            (&archiver, "ar"),
            ("SDKROOT", "/"),
            ("OPT_LEVEL", "0"),
            ("DEBUG", "false"),
        ];
        let output = dependent.script(&VENDORED, &environment);
        let sentence = format!("`sh ./configure` failed: no library for --with-pcap={way}");
        assert!(error(&output).contains(&sentence), "{output:?}");
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
    let sentence = "no C compiler for no-such-machine works (";
    assert!(error(&output).contains(sentence), "{output:?}");
    let output = dependent.script(&VENDORED, &[("LIBPCAP_NO_VENDOR", "yes")]);
    let sentence = "LIBPCAP_NO_VENDOR=yes: expected 1 or 0";
    assert!(error(&output).starts_with(sentence), "{output:?}");
}
