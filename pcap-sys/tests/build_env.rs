//! Builds a small dependent crate in several environments: wrong values stop the build with a sentence, right ones
//! give what they promise, and the metadata reaches the dependent.
#![cfg(unix)]

#[path = "build_env/script.rs"]
mod script;
#[path = "build_env/vendored.rs"]
mod vendored;

use std::fs;
use std::os::unix::fs::PermissionsExt;
#[cfg(target_os = "linux")]
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The builds share a target folder, so that bindgen is compiled once.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// The crate, copied to where its lock file and its target folder disturb nobody.
struct Dependent {
    folder: PathBuf,
    _guard: MutexGuard<'static, ()>,
}

/// Makes root respect the permissions of files in a program, as every other user must.
fn without_override(command: &mut Command) {
    #[cfg(target_os = "linux")]
    {
        const CAP_DAC_OVERRIDE: libc::c_ulong = 1;
        let drop = || {
            // SAFETY: the call changes this process only. It fails for other users, who do not have the capability.
            unsafe { libc::prctl(libc::PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, 0, 0, 0) };
            Ok(())
        };
        // SAFETY: prctl() may be called between fork() and exec().
        unsafe { command.pre_exec(drop) };
    }
    #[cfg(not(target_os = "linux"))]
    let _ = command;
}

impl Dependent {
    fn new() -> Self {
        let guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        let package = Path::new(env!("CARGO_MANIFEST_DIR"));
        let source = package.join("tests/dependent");
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("dependent");
        fs::create_dir_all(folder.join("src")).expect("cargo's folder for tests can be written");
        for file in [
            "Cargo.toml",
            "build.rs",
            "src/beside.c",
            "src/main.rs",
            "src/only_c.rs",
        ] {
            let text = fs::read_to_string(source.join(file)).expect("the crate is in the tree");
            let text = text.replace("../..", &package.display().to_string());
            // Only what changed, or cargo would build it again each time.
            if fs::read_to_string(folder.join(file)).ok().as_ref() != Some(&text) {
                fs::write(folder.join(file), text).expect("cargo's folder can be written");
            }
        }
        // The same versions as here, so that nothing has to be fetched. cargo leaves out of the copy what it does
        // not need, so what was copied last is kept beside it.
        if let Ok(lock) = fs::read_to_string(package.join("../Cargo.lock")) {
            let copied = folder.join("workspace.lock");
            if fs::read_to_string(&copied).ok().as_ref() != Some(&lock) {
                fs::write(folder.join("Cargo.lock"), &lock).expect("cargo's folder can be written");
                fs::write(copied, lock).expect("cargo's folder can be written");
            }
        }
        Self {
            folder,
            _guard: guard,
        }
    }

    fn cargo(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Output {
        let mut command = Command::new(std::env::var("CARGO").unwrap_or("cargo".to_owned()));
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy();
            let ours = [
                "LIBPCAP_",
                "NPCAP_SDK",
                "PKG_CONFIG_",
                "RUSTFLAGS",
                "CARGO_ENCODED_RUSTFLAGS",
            ];
            let cargos = ["CARGO_BUILD_TARGET", "CARGO_TARGET_", "CARGO_PROFILE_"];
            if ours
                .iter()
                .chain(&cargos)
                .any(|prefix| name.starts_with(prefix))
            {
                command.env_remove(&*name);
            }
        }
        command
            .current_dir(&self.folder)
            .arg(arguments[0])
            .args(["--quiet", "--offline", "--target-dir"])
            .arg(self.folder.join("target"))
            .args(&arguments[1..])
            .envs(environment.iter().copied())
            .output()
            .expect("cargo runs")
    }

    /// Builds and runs the program; gives what it printed.
    fn run(&self, arguments: &[&str], environment: &[(&str, &str)]) -> String {
        let mut all = vec!["run"];
        all.extend(arguments);
        let output = self.cargo(&all, environment);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{stderr}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// The build fails with this sentence, and without a panic.
    fn refused(&self, environment: &[(&str, &str)], sentence: &str) {
        let output = self.cargo(&["check"], environment);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{environment:?} was accepted");
        assert!(stderr.contains(sentence), "{environment:?}:\n{stderr}");
        assert!(!stderr.contains("panicked"), "{environment:?}:\n{stderr}");
        assert!(!stderr.contains("RUST_BACKTRACE"), "{stderr}");
    }

    /// Runs the build script itself, made with these arguments for cargo. cargo is not asked, since it would compile bindgen
    /// again for each change of the variables that bindgen knows.
    fn script(&self, features: &[&str], environment: &[(&str, &str)]) -> Output {
        let mut arguments = vec!["build", "--message-format=json"];
        arguments.extend(features);
        let built = self.cargo(&arguments, &[("LIBPCAP_NO_VENDOR", "1")]);
        assert!(built.status.success(), "{built:?}");
        // There are scripts of other features, too.
        let built = String::from_utf8_lossy(&built.stdout);
        let script = built
            .split('"')
            .find(|text| text.contains("/pcap-sys-") && text.ends_with("/build-script-main"))
            .expect("cargo has built pcap-sys");
        let out_dir = self.folder.join("out");
        fs::create_dir_all(&out_dir).expect("cargo's folder can be written");
        let env = match () {
            () if cfg!(target_env = "gnu") => "gnu",
            () if cfg!(target_env = "musl") => "musl",
            () => "",
        };
        let endian = if cfg!(target_endian = "big") {
            "big"
        } else {
            "little"
        };
        let mut command = Command::new(script);
        without_override(&mut command);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("LIBPCAP_") {
                command.env_remove(name);
            }
        }
        command
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .env("OUT_DIR", out_dir)
            .env("TARGET", env!("PCAP_SYS_HOST"))
            .env("HOST", env!("PCAP_SYS_HOST"))
            .env("CARGO_CFG_TARGET_OS", std::env::consts::OS)
            .env("CARGO_CFG_TARGET_ARCH", std::env::consts::ARCH)
            .env("CARGO_CFG_TARGET_ENV", env)
            .env("CARGO_CFG_TARGET_POINTER_WIDTH", usize::BITS.to_string())
            .env("CARGO_CFG_TARGET_ENDIAN", endian)
            .envs(environment.iter().copied())
            .output()
            .expect("the build script runs")
    }

    /// The build script itself fails with this sentence and this help.
    fn script_refuses(&self, environment: &[(&str, &str)], sentence: &str, help: &str) {
        self.script_with_refuses(&[], environment, sentence, help);
    }

    /// The same for a build script that is made with these arguments for cargo.
    fn script_with_refuses(
        &self,
        features: &[&str],
        environment: &[(&str, &str)],
        sentence: &str,
        help: &str,
    ) {
        let output = self.script(features, environment);
        let stdout = String::from_utf8_lossy(&output.stdout);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{environment:?} was accepted");
        let error = stdout
            .lines()
            .find_map(|line| line.strip_prefix("cargo::error="))
            .unwrap_or_default();
        assert!(error.contains(sentence), "{environment:?}: {error}");
        assert!(stderr.contains(help), "{environment:?}: {stderr}");
        assert!(!stderr.contains("panicked"), "{environment:?}: {stderr}");
    }

    /// Creates a folder with a copy of libpcap's headers, and returns its path.
    fn headers(&self, name: &str) -> String {
        let folder = self.folder_with(name, &[("pcap/README", "")]);
        for part in ["", "pcap"] {
            let from = Path::new(folder_of_headers()).join(part);
            for entry in fs::read_dir(from).expect("the headers are installed") {
                let path = entry.expect("a name").path();
                let file = path.file_name().expect("a name").to_string_lossy();
                if path.is_file() && (part == "pcap" || file.starts_with("pcap")) {
                    let to = Path::new(&folder).join(part).join(&*file);
                    fs::copy(&path, to).expect("cargo's folder can be written");
                }
            }
        }
        folder
    }

    /// A C compiler that fails when an argument matches the pattern.
    fn compiler_without(&self, name: &str, pattern: &str) -> String {
        let path = self.folder.join(name);
        let text = format!(
            "#!/bin/sh\nPATH=/usr/bin:/bin\nfor a in \"$@\"; do\ncase $a in {pattern}) exit 1 ;; esac\ndone\nexec cc \"$@\"\n"
        );
        fs::write(&path, text).expect("cargo's folder can be written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("the file is ours");
        path.display().to_string()
    }

    fn program(&self, triple: &str) -> PathBuf {
        self.folder
            .join("target")
            .join(triple)
            .join("debug/dependent")
    }
}

/// Returns the folder of the installed headers of libpcap. A build of this test that has not searched for them, or has
/// built its own libpcap, does not know it.
fn folder_of_headers() -> &'static str {
    match option_env!("PCAP_SYS_INCLUDE") {
        Some(folder) if !cfg!(feature = "vendored") => folder,
        _ => "/usr/include",
    }
}

/// The dynamic libraries of a program.
fn ldd(program: &Path) -> String {
    let output = Command::new("ldd").arg(program).output().expect("ldd runs");
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// Whether the libpcap of the program has the function: asked of the loader, not of the build.
fn is_exported(dependent: &Dependent, function: &str) -> bool {
    let libraries = ldd(&dependent.program(""));
    let line = libraries.lines().find(|line| line.contains("libpcap"));
    let path = line.and_then(|line| line.split_whitespace().nth(2));
    let output = Command::new("nm")
        .args(["--dynamic", "--defined-only", path.expect("a path")])
        .output()
        .expect("nm runs");
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines().any(|line| {
        let name = line.split_whitespace().last().unwrap_or_default();
        name.split('@').next() == Some(function)
    })
}

/// The folder of a static libpcap, as the C compiler knows it.
fn static_library() -> Option<PathBuf> {
    let output = Command::new("cc")
        .arg("-print-file-name=libpcap.a")
        .output()
        .ok()?;
    let path = PathBuf::from(String::from_utf8(output.stdout).ok()?.trim());
    path.is_absolute()
        .then(|| path.parent().map(Path::to_owned))
        .flatten()
}

/// A wrong LIBPCAP_LIBDIR was ignored, and an old version assumed.
// Shows: libpcap/wrong-liblibdir-ignored-libver, parity/wrong-liblibdir-ignored-old
#[test]
fn a_wrong_folder_is_named() {
    let dependent = Dependent::new();
    dependent.refused(
        &[("LIBPCAP_LIBDIR", "/nonexistent")],
        "LIBPCAP_LIBDIR=/nonexistent: no such directory",
    );
    dependent.refused(
        &[("LIBPCAP_LIBDIR", "lib")],
        "LIBPCAP_LIBDIR=lib: expected the absolute path",
    );
    dependent.refused(
        &[("LIBPCAP_LIBDIR", "/dev")],
        "LIBPCAP_LIBDIR=/dev: the directory contains no libpcap",
    );
    dependent.refused(
        &[("LIBPCAP_INCLUDEDIR", "/nonexistent")],
        "LIBPCAP_INCLUDEDIR=/nonexistent: no such directory",
    );
    dependent.refused(
        &[("LIBPCAP_INCLUDEDIR", "/dev")],
        "LIBPCAP_INCLUDEDIR=/dev: the directory contains no pcap/pcap.h",
    );
}

// Shows: parity/build-script-loads-hosts
#[test]
fn the_target_goes_first() {
    let name = format!(
        "LIBPCAP_LIBDIR_{}",
        env!("PCAP_SYS_HOST").replace(['-', '.'], "_")
    );
    Dependent::new().refused(
        &[("LIBPCAP_LIBDIR", ""), (&name, "/nonexistent")],
        &format!("{name}=/nonexistent: no such directory"),
    );
}

/// A version that could not be used made a build script panic.
// Shows: libpcap/wrong-liblibdir-ignored-libver, parity/wrong-liblibdir-ignored-old
#[test]
fn a_wrong_version_is_named() {
    let dependent = Dependent::new();
    for wrong in ["abc", "1", "1.10.3.4", "1.x", "-1.10", "+1.10"] {
        dependent.refused(
            &[("LIBPCAP_VER", wrong)],
            &format!("LIBPCAP_VER={wrong}: expected a version of libpcap, such as 1.10 or 1.10.3"),
        );
    }
    for old in ["1.9.1", "1.9", "0.10.5"] {
        dependent.refused(
            &[("LIBPCAP_VER", old)],
            &format!("LIBPCAP_VER={old}: libpcap 1.10.0 or newer is needed"),
        );
    }
}

#[test]
fn a_wrong_switch_is_named() {
    Dependent::new().refused(
        &[("LIBPCAP_STATIC", "maybe")],
        "LIBPCAP_STATIC=maybe: expected 1",
    );
}

/// A version before 1.10 lacks what every user of the bindings relies on.
// Shows: libpcap/calls-vanish-librarys-version, parity/api-vanishes-librarys-version
#[test]
fn an_old_library_is_refused() {
    let dependent = Dependent::new();
    let folder = dependent.folder.join("old");
    fs::create_dir_all(&folder).expect("cargo's folder can be written");
    let text = "Name: libpcap\nDescription: old\nVersion: 1.9.1\nLibs: -lpcap\n";
    fs::write(folder.join("libpcap.pc"), text).expect("cargo's folder can be written");
    let folder = folder.display().to_string();
    dependent.refused(
        &[("PKG_CONFIG_PATH", &folder)],
        "libpcap 1.9.1, found by pkg-config, is too old: libpcap 1.10.0 or newer is needed",
    );
}

/// The same without pkg-config: where the folder is named, its `.pc` file tells, or the number in the file's name.
#[test]
fn an_old_library_in_a_folder_is_refused() {
    let dependent = Dependent::new();
    for (name, pc, number) in [
        ("old-pc", Some("1.9.1"), "1.99.0"),
        ("old-number", None, "1.9.1"),
    ] {
        let folder = dependent.folder.join(name);
        fs::create_dir_all(folder.join("pkgconfig")).expect("cargo's folder can be written");
        let file = format!("libpcap.so.{number}");
        fs::write(folder.join(&file), "never read").expect("cargo's folder can be written");
        let _ = fs::remove_file(folder.join("libpcap.so"));
        std::os::unix::fs::symlink(&file, folder.join("libpcap.so")).expect("a link");
        if let Some(version) = pc {
            let text =
                format!("Name: libpcap\nDescription: old\nVersion: {version}\nLibs: -lpcap\n");
            fs::write(folder.join("pkgconfig/libpcap.pc"), text).expect("can be written");
        }
        let folder = folder.display().to_string();
        let sentence = format!(
            "libpcap 1.9.1, found by LIBPCAP_LIBDIR={folder}, is too old: libpcap 1.10.0 or newer is needed"
        );
        dependent.refused(&[("LIBPCAP_LIBDIR", &folder)], &sentence);
    }
}

#[test]
fn an_old_library_of_pcap_config_is_refused() {
    let dependent = Dependent::new();
    let folder = dependent.folder.join("old-config");
    fs::create_dir_all(&folder).expect("cargo's folder can be written");
    let script = folder.join("pcap-config");
    let text = "#!/bin/sh\ncase $1 in --version) echo 1.9.1 ;; *) echo -lpcap ;; esac\n";
    fs::write(&script, text).expect("cargo's folder can be written");
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).expect("the file is ours");
    dependent.script_refuses(
        &[
            ("LIBPCAP_NO_PKG_CONFIG", "1"),
            ("PATH", &folder.display().to_string()),
        ],
        "libpcap 1.9.1, found by pcap-config, is too old: libpcap 1.10.0 or newer is needed",
        "",
    );
}

/// Where nothing tells a version, the headers do: no older ones declare `pcap_init`.
#[test]
fn an_old_library_without_a_version_is_refused() {
    let dependent = Dependent::new();
    let headers = dependent.folder.join("old-headers");
    fs::create_dir_all(headers.join("pcap")).expect("cargo's folder can be written");
    let include = folder_of_headers();
    for entry in fs::read_dir(Path::new(include).join("pcap")).expect("the headers") {
        let entry = entry.expect("the headers");
        let text = fs::read_to_string(entry.path()).expect("a header");
        let text = text.replace("pcap_init(", "not_yet(");
        fs::write(headers.join("pcap").join(entry.file_name()), text).expect("can be written");
    }
    let folder = dependent.folder.join("no-number");
    fs::create_dir_all(&folder).expect("cargo's folder can be written");
    // One that links, and whose name has no number.
    let library = Command::new("cc")
        .arg("-print-file-name=libpcap.so")
        .output()
        .expect("a C compiler runs");
    let library = String::from_utf8_lossy(&library.stdout).into_owned();
    fs::copy(library.trim(), folder.join("libpcap.so")).expect("the library is copied");
    let folder = folder.display().to_string();
    let headers = headers.display().to_string();
    dependent.refused(
        &[
            ("LIBPCAP_LIBDIR", &folder),
            ("LIBPCAP_INCLUDEDIR", &headers),
        ],
        &format!("the libpcap found by LIBPCAP_LIBDIR={folder} is too old: its pcap.h declares no pcap_init"),
    );
}

/// A build script that loads the library to ask for its version cannot be used for another machine.
// Shows: libpcap/header-holds-librarys-version, parity/build-script-loads-hosts
#[test]
fn a_library_for_another_machine_is_refused() {
    let dependent = Dependent::new();
    let folder = dependent.folder.join("foreign");
    fs::create_dir_all(&folder).expect("cargo's folder can be written");
    fs::write(folder.join("libpcap.so"), "not a library").expect("cargo's folder can be written");
    let folder = folder.display().to_string();
    dependent.refused(
        &[("LIBPCAP_LIBDIR", &folder)],
        &format!("libpcap, found by LIBPCAP_LIBDIR={folder}, cannot be linked"),
    );
}

/// Where a folder lacks one of the headers, clang takes it from the next, of another libpcap.
#[test]
fn headers_of_two_folders_are_refused() {
    let dependent = Dependent::new();
    let folder = dependent.folder.join("half");
    let inner = folder.join("pcap");
    fs::create_dir_all(&inner).expect("cargo's folder can be written");
    let include = folder_of_headers();
    for entry in fs::read_dir(Path::new(include).join("pcap")).expect("the headers") {
        let entry = entry.expect("the headers");
        if entry.file_name() != "namedb.h" {
            fs::copy(entry.path(), inner.join(entry.file_name())).expect("a header is copied");
        }
    }
    let folder = folder.display().to_string();
    dependent.refused(
        // Where clang finds the other one is its own affair, but it should be of the same version.
        &[("LIBPCAP_INCLUDEDIR", &folder), ("C_INCLUDE_PATH", include)],
        &format!("pcap/pcap.h is in {folder}, and pcap/namedb.h in "),
    );
}

#[test]
fn without_headers_it_says_what_to_install() {
    let dependent = Dependent::new();
    let empty = dependent.folder.join("empty");
    fs::create_dir_all(&empty).expect("cargo's folder can be written");
    dependent.script_refuses(
        &[
            ("PKG_CONFIG_LIBDIR", &empty.display().to_string()),
            ("BINDGEN_EXTRA_CLANG_ARGS", "-nostdinc"),
        ],
        "pcap.h cannot be read",
        "apt install libpcap-dev",
    );
}

#[test]
fn without_a_library_it_says_so() {
    let dependent = Dependent::new();
    let compiler = dependent.compiler_without("cc-without-pcap", "-lpcap | */libpcap.so");
    let empty = dependent.folder.join("empty");
    fs::create_dir_all(&empty).expect("cargo's folder can be written");
    dependent.script_refuses(
        &[
            ("LIBPCAP_NO_PKG_CONFIG", "1"),
            ("CC", &compiler),
            ("PATH", &empty.display().to_string()),
        ],
        "libpcap was not found",
        "apk add libpcap-dev",
    );
}

/// A libclang that cannot be loaded.
fn broken_libclang(dependent: &Dependent) -> String {
    let broken = dependent.folder.join("broken");
    fs::create_dir_all(&broken).expect("cargo's folder can be written");
    let library = broken.join("libclang.so");
    fs::write(&library, "not a library").expect("cargo's folder can be written");
    library.display().to_string()
}

#[cfg(all(target_os = "linux", target_env = "gnu", target_pointer_width = "64"))]
#[test]
fn without_libclang_the_bindings_of_the_package_are_used() {
    let dependent = Dependent::new();
    let libclang = broken_libclang(&dependent);
    let environment = [("LIBCLANG_PATH", libclang.as_str())];
    let output = dependent.script(&[], &environment);
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{stdout}");
    let lines = |start: &str| -> Vec<String> {
        let found = stdout.lines().filter_map(|line| line.strip_prefix(start));
        found.map(str::to_owned).collect()
    };
    assert_eq!(
        lines("cargo::metadata=BINDINGS="),
        ["linux-gnu-64 of libpcap 1.10.5"]
    );
    let [warning] = &lines("cargo::warning=")[..] else {
        panic!("{stdout}");
    };
    for part in [
        "so pcap-sys uses its bindings linux-gnu-64 of libpcap 1.10.5 instead of generating them",
        "no usable libclang was found (LIBCLANG_PATH=",
        "libclang.so",
    ] {
        assert!(warning.contains(part), "{warning}");
    }
    // With libclang, they are generated.
    let output = dependent.script(&[], &[]);
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(
        stdout.contains("cargo::metadata=BINDINGS=generated"),
        "{stdout}"
    );
    assert!(!stdout.contains("cargo::warning="), "{stdout}");
}

#[test]
fn without_libclang_it_says_what_to_install() {
    let dependent = Dependent::new();
    let libclang = broken_libclang(&dependent);
    let library = ("LIBCLANG_PATH", libclang.as_str());
    let help = "apt install libclang-dev";
    for (more, reason) in [
        (("LIBPCAP_BINDGEN", "required"), "LIBPCAP_BINDGEN=required"),
        (
            ("CARGO_CFG_TARGET_OS", "freebsd"),
            "this package has no bindings for",
        ),
    ] {
        let environment = [library, more];
        dependent.script_refuses(&environment, "no usable libclang was found", help);
        dependent.script_refuses(&environment, reason, help);
    }
    dependent.script_refuses(
        &[("LIBPCAP_BINDGEN", "1")],
        "LIBPCAP_BINDGEN=1: expected `required`",
        "",
    );
}

/// Debian packages clang's own headers separately from libclang.
#[cfg(all(target_os = "linux", target_env = "gnu", target_pointer_width = "64"))]
#[test]
fn without_the_headers_of_clang_the_bindings_of_the_package_are_used() {
    let dependent = Dependent::new();
    let environment = [("BINDGEN_EXTRA_CLANG_ARGS", "-nobuiltininc")];
    let stdout = script::accepted(&dependent.script(&[], &environment));
    assert!(stdout.contains("'stddef.h' file not found"), "{stdout}");
    let bindings = "cargo::metadata=BINDINGS=linux-gnu-64 of";
    assert!(stdout.contains(bindings), "{stdout}");
}

#[test]
fn bindgen_is_not_required_without_its_feature() {
    let dependent = Dependent::new();
    let bare = ["--no-default-features"];
    for (value, sentence) in [
        ("required", "the `bindgen` feature of pcap-sys, which"),
        ("1", "LIBPCAP_BINDGEN=1: expected `required`"),
    ] {
        dependent.script_with_refuses(&bare, &[("LIBPCAP_BINDGEN", value)], sentence, "");
    }
}

/// Rust and C would otherwise disagree about the size of a structure.
#[test]
fn bindings_that_do_not_fit_the_headers_are_refused() {
    let dependent = Dependent::new();
    let headers = dependent.headers("another-layout");
    let pcap = Path::new(&headers).join("pcap/pcap.h");
    let text = fs::read_to_string(&pcap).expect("it was copied");
    let changed = text.replacen(
        "struct pcap_pkthdr {",
        "struct pcap_pkthdr { int more[4];",
        1,
    );
    fs::write(&pcap, &changed).expect("it was copied");
    assert_ne!(text, changed);
    let libclang = broken_libclang(&dependent);
    let include = ("LIBPCAP_INCLUDEDIR", headers.as_str());
    let sentence = "pcap/pcap.h differ from those of the bindings linux-gnu-64 of libpcap";
    let cause = "size_of_pcap_pkthdr_is_";
    let probing = ["--no-default-features", "--features", "probe"];
    let no_libclang = [include, ("LIBCLANG_PATH", libclang.as_str())];
    for (features, environment) in [(&probing[..], &[include][..]), (&[], &no_libclang)] {
        dependent.script_with_refuses(features, environment, sentence, "");
        dependent.script_with_refuses(features, environment, cause, "");
        // Without `_DEFAULT_SOURCE`, the header is not valid C.
        let mut strict = environment.to_vec();
        strict.push(("CFLAGS", "-std=c99"));
        dependent.script_with_refuses(features, &strict, cause, "");
        fs::write(&pcap, &text).expect("it was copied");
        let stdout = script::accepted(&dependent.script(features, environment));
        let watched = format!("cargo::rerun-if-changed={}\n", pcap.display());
        assert!(stdout.contains(&watched), "{stdout}");
        let mut without_libc = environment.to_vec();
        without_libc.push(("CFLAGS", "-nostdinc"));
        let stdout = script::accepted(&dependent.script(features, &without_libc));
        let warning = "cannot compare the bindings of pcap-sys with pcap.h: the C compiler cannot";
        assert!(stdout.contains(warning), "{stdout}");
        fs::write(&pcap, &changed).expect("it was copied");
    }
}

/// The bindings that are in the package need neither libclang nor headers.
#[test]
fn without_bindgen_nothing_else_is_needed() {
    let dependent = Dependent::new();
    let broken = dependent.folder.join("broken");
    fs::create_dir_all(&broken).expect("cargo's folder can be written");
    let library = broken.join("libclang.so");
    fs::write(&library, "not a library").expect("cargo's folder can be written");
    let environment = [
        ("LIBCLANG_PATH", library.to_str().expect("a plain path")),
        ("CFLAGS", "-nostdinc"),
    ];
    let probing = ["--no-default-features", "--features", "probe"];
    let output = dependent.run(&probing, &environment);
    for expected in [
        "DEP_PCAP_HAVE_PCAP_CREATE=1",
        "DEP_PCAP_HAVE_PCAP_DATALINK_VAL_TO_DESCRIPTION_OR_DLT=1",
        "libpcap version",
    ] {
        assert!(output.contains(expected), "{expected}:\n{output}");
    }
    assert!(!output.contains("DEP_PCAP_INCLUDE="), "{output}");
    // What is exported does not depend on who declares it.
    let with_bindgen = dependent.run(&[], &[]);
    let exported = |text: &str| -> Vec<String> {
        let mut names: Vec<String> = text
            .split_whitespace()
            .filter(|word| word.starts_with("DEP_PCAP_HAVE_"))
            .map(str::to_owned)
            .collect();
        names.sort();
        names
    };
    assert_eq!(exported(&output), exported(&with_bindgen));
}

/// Then libpcap is as pkg-config describes it, and no function is promised.
#[test]
fn without_probe_no_compiler_is_asked() {
    let dependent = Dependent::new();
    let none = ("CC", "/nonexistent/cc");
    let bare = ["--no-default-features"];
    let output = dependent.run(&bare, &[none]);
    assert!(output.contains("libpcap version"), "{output}");
    assert!(output.contains("DEP_PCAP_VERSION=1."), "{output}");
    assert!(!output.contains("DEP_PCAP_HAVE_"), "{output}");

    // What cannot be known is not guessed.
    let folder = dependent.folder.join("nameless");
    fs::create_dir_all(&folder).expect("cargo's folder can be written");
    fs::write(folder.join("libpcap.so"), "").expect("cargo's folder can be written");
    let folder = folder.display().to_string();
    for (environment, sentence) in [
        (
            ("LIBPCAP_STATIC", "1"),
            "cannot determine what a static libpcap must be linked with",
        ),
        (
            ("LIBPCAP_VER", "1.9.1"),
            "libpcap 1.10.0 or newer is needed",
        ),
        (("LIBPCAP_LIBDIR", folder.as_str()), "set LIBPCAP_VER"),
    ] {
        let output = dependent.cargo(&["check", bare[0]], &[environment, none]);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{environment:?} was accepted");
        assert!(stderr.contains(sentence), "{environment:?}:\n{stderr}");
    }
}

/// What cargo says of a Linux of 32 bits, whose times have 32 or 64, and a C compiler that is not there to tell.
const LINUX_32: [(&str, &str); 6] = [
    ("TARGET", "i686-unknown-linux-gnu"),
    ("CARGO_CFG_TARGET_OS", "linux"),
    ("CARGO_CFG_TARGET_ENV", "gnu"),
    ("CARGO_CFG_TARGET_ARCH", "x86"),
    ("CARGO_CFG_TARGET_POINTER_WIDTH", "32"),
    ("CC_i686_unknown_linux_gnu", "/nonexistent/cc"),
];

/// clang alone takes times of 32 bits, and a structure would be read beside its fields.
#[test]
fn times_of_two_widths_are_not_left_to_clang() {
    let dependent = Dependent::new();
    let sentence = "cannot determine whether times have 64 bits on i686-unknown-linux-gnu";
    dependent.script_refuses(&LINUX_32, sentence, "");
}

/// What a compiler for another processor or another C library says does not hold for the target.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[test]
fn a_compiler_for_another_target_counts_as_none() {
    let dependent = Dependent::new();
    let probing = ["--no-default-features", "--features", "probe"];
    let arch = std::env::consts::ARCH;
    let musl = format!("{arch}-unknown-linux-musl");
    let suffix = musl.replace('-', "_");
    let not_for_musl =
        format!("cc does not compile for {musl}; set CC_{suffix} to a compiler that does");
    for (triple, arch, env, width, sentence) in [
        (
            "powerpc-unknown-linux-gnu",
            "powerpc",
            "gnu",
            "32",
            "cannot determine whether times have 64 bits on powerpc-unknown-linux-gnu",
        ),
        (musl.as_str(), arch, "musl", "64", not_for_musl.as_str()),
    ] {
        let environment = [
            ("TARGET", triple),
            ("CARGO_CFG_TARGET_ARCH", arch),
            ("CARGO_CFG_TARGET_ENV", env),
            ("CARGO_CFG_TARGET_POINTER_WIDTH", width),
            ("OPT_LEVEL", "0"),
            ("CC", "cc"),
            ("LIBPCAP_STATIC", "1"),
            ("LIBPCAP_VER", "1.10"),
        ];
        dependent.script_with_refuses(&probing, &environment, sentence, "");
    }
}

/// bindgen would read the headers of the build machine, and nothing compares the bindings of the package with others.
#[cfg(all(target_os = "linux", target_env = "gnu", target_pointer_width = "64"))]
#[test]
fn a_cross_build_without_a_compiler_does_not_read_the_headers_of_the_build_machine() {
    let dependent = Dependent::new();
    let headers = dependent.headers("for-another-machine");
    let triple = "s390x-unknown-linux-gnu";
    let environment = [
        ("TARGET", triple),
        ("CARGO_CFG_TARGET_ARCH", "s390x"),
        ("CARGO_CFG_TARGET_ENDIAN", "big"),
        ("CC", "cc"),
        ("OPT_LEVEL", "0"),
        ("LIBPCAP_VER", "1.10"),
    ];
    let reason = "the location of the C headers for s390x-unknown-linux-gnu is unknown, because no C compiler for it \
                  works (cc does not compile for s390x-unknown-linux-gnu; ";
    let stdout = script::accepted(&dependent.script(&[], &environment));
    let warning = format!("instead of generating them: {reason}");
    assert!(stdout.contains(&warning), "{stdout}");
    assert!(
        stdout.contains("metadata=BINDINGS=linux-gnu-64"),
        "{stdout}"
    );
    assert!(!stdout.contains("metadata=INCLUDE"), "{stdout}");
    let with = |more| [&environment[..], &[more]].concat();
    dependent.script_refuses(&with(("LIBPCAP_BINDGEN", "required")), reason, "");
    // There are no bindings for this C library.
    let sentence = "cannot generate the bindings: the location of the C headers for";
    let help = "this package has no bindings for s390x-unknown-linux-gnu";
    dependent.script_refuses(&with(("CARGO_CFG_TARGET_ENV", "other")), sentence, help);
    // clang is told where the headers are.
    let named = concat!("--target=", env!("PCAP_SYS_HOST"));
    let stdout = dependent.script(&[], &with(("BINDGEN_EXTRA_CLANG_ARGS", named)));
    let stdout = script::accepted(&stdout);
    assert!(stdout.contains("metadata=BINDINGS=generated"), "{stdout}");
    let probing = ["--no-default-features", "--features", "probe"];
    let named = with(("LIBPCAP_INCLUDEDIR", headers.as_str()));
    let stdout = script::accepted(&dependent.script(&probing, &named));
    let warning = "cannot compare the bindings of pcap-sys with pcap.h: no C compiler for the target works (cc ";
    assert!(stdout.contains(warning), "{stdout}");
}

/// Documentation is not run, so that nobody has to know.
#[test]
fn documentation_needs_no_widths() {
    let dependent = Dependent::new();
    let mut environment = LINUX_32.to_vec();
    environment.push(("DOCS_RS", "1"));
    let output = dependent.script(&["--no-default-features"], &environment);
    assert!(output.status.success(), "{output:?}");
}

/// rustc could only fail, far from the cause.
#[test]
fn static_without_a_compiler_is_refused() {
    let dependent = Dependent::new();
    dependent.script_refuses(
        &[("LIBPCAP_STATIC", "1"), ("CC", "/nonexistent/cc")],
        "cannot determine what a static libpcap must be linked with: no C compiler for",
        "",
    );
}

/// The build machine's headers are not those of Windows.
#[test]
fn headers_of_another_system_are_no_part() {
    let dependent = Dependent::new();
    let output = dependent.script(
        &[
            "--no-default-features",
            "--features",
            "probe,load-dynamically",
        ],
        &script::WINDOWS,
    );
    assert!(output.status.success(), "{output:?}");
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(stdout.contains("bindings/windows-gnu-64.rs"), "{stdout}");
    assert!(!stdout.contains("metadata=INCLUDE"), "{stdout}");
}

/// An upgrade of libpcap, with the environment as before.
#[test]
fn another_description_of_libpcap_is_noticed() {
    let dependent = Dependent::new();
    // A folder as some have it, of which pkg-config tells with a backslash.
    let folder = dependent.folder.join("two words/pkgconfig");
    fs::create_dir_all(&folder).expect("cargo's folder can be written");
    let asked = Command::new("cc")
        .arg("-print-file-name=libpcap.so")
        .output();
    let installed = String::from_utf8(asked.expect("a C compiler runs").stdout).expect("a path");
    let linked = folder.with_file_name("libpcap.so");
    let _ = fs::remove_file(&linked);
    std::os::unix::fs::symlink(installed.trim(), linked).expect("cargo's folder can be written");
    let described = folder.display().to_string();
    let beside = folder.with_file_name("").display().to_string();
    for environment in [
        ("PKG_CONFIG_PATH", described.as_str()),
        ("LIBPCAP_LIBDIR", beside.as_str()),
    ] {
        for version in ["1.10.97", "1.10.98"] {
            let text =
                format!("Name: libpcap\nDescription: a test\nVersion: {version}\nLibs: -lpcap\n");
            fs::write(folder.join("libpcap.pc"), text).expect("cargo's folder can be written");
            let output = dependent.run(&["--no-default-features"], &[environment]);
            let told = format!("DEP_PCAP_VERSION={version}\n");
            assert!(output.contains(&told), "{environment:?}: {output}");
        }
    }
}

/// docs.rs has no libpcap, and what is documented is not linked.
#[test]
fn documentation_needs_no_library() {
    let dependent = Dependent::new();
    let compiler = dependent.compiler_without("cc-without-pcap", "-lpcap | */libpcap.so");
    let environment = [("LIBPCAP_NO_PKG_CONFIG", "1"), ("CC", compiler.as_str())];
    dependent.refused(&environment, "libpcap, found by");
    let [pkg_config, cc] = environment;
    let output = dependent.cargo(
        &["doc", "--no-deps", "--no-default-features"],
        &[pkg_config, cc, ("DOCS_RS", "1")],
    );
    assert!(output.status.success(), "{output:?}");
}

/// Without a `links` key two crates can link two libpcaps, and these variables are not there.
// Shows: libpcap/two-crates-program-link, parity/links-key-two-crates
#[test]
fn dependents_are_told_what_there_is() {
    let dependent = Dependent::new();
    let output = dependent.run(&[], &[]);
    for expected in [
        "DEP_PCAP_VERSION=",
        "DEP_PCAP_INCLUDE=/",
        "DEP_PCAP_HAVE_PCAP_CREATE=1",
        "DEP_PCAP_HAVE_PCAP_DATALINK_VAL_TO_DESCRIPTION_OR_DLT=1",
        "libpcap version",
    ] {
        assert!(output.contains(expected), "{expected}:\n{output}");
    }
    assert!(!output.contains("DEP_PCAP_VERSION=unknown"), "{output}");
    // It is the version of the library that runs.
    let value = |name: &str| {
        let words = output.split_whitespace();
        words.filter_map(|word| word.strip_prefix(name)).next()
    };
    let version = value("DEP_PCAP_VERSION=").expect("said above");
    assert!(
        output.contains(&format!("libpcap version {version}")),
        "{output}"
    );
    // The folder is that of the header, and the library has what is declared, or it is not told that it has.
    let header = Path::new(value("DEP_PCAP_INCLUDE=").expect("said above")).join("pcap/pcap.h");
    let header = fs::read_to_string(header).expect("the header");
    for function in ["pcap_open", "pcap_findalldevs_ex", "pcap_remoteact_list"] {
        assert!(header.contains(&format!("{function}(")), "{function}");
        let told = format!("DEP_PCAP_HAVE_{}=1", function.to_uppercase());
        let called = format!("{function}: ");
        assert_eq!(
            output.contains(&told),
            is_exported(&dependent, function),
            "{output}"
        );
        assert_eq!(
            output.contains(&told),
            output.contains(&format!("{called}there")),
            "{output}"
        );
        assert!(output.contains(&called), "{output}");
    }
    let libraries = ldd(&dependent.program(""));
    assert!(libraries.contains("libpcap"), "{libraries}");
}

/// The value of a variable of the metadata.
fn told<'a>(output: &'a str, name: &str) -> Option<&'a str> {
    let line = output.lines().find(|line| line.contains("DEP_PCAP_"))?;
    // Values may have spaces, and names follow each other.
    let (_, rest) = line.split_once(&format!("DEP_PCAP_{name}="))?;
    Some(rest.split(" DEP_PCAP_").next().unwrap_or(rest))
}

/// C code beside Rust's has to be linked, and compiled, in the same way.
#[test]
fn dependents_are_told_how_libpcap_is_linked() {
    let dependent = Dependent::new();
    let folder = |output: &str| PathBuf::from(told(output, "LIBDIR").expect("a folder"));
    let output = dependent.run(&[], &[]);
    assert_eq!(told(&output, "LINK"), Some("dynamic"), "{output}");
    assert_eq!(told(&output, "LIBS"), Some("pcap"), "{output}");
    assert_eq!(told(&output, "DEFINES"), None, "{output}");
    assert!(folder(&output).join("libpcap.so").exists(), "{output}");
    let without_compiler = dependent.run(&["--no-default-features"], &[]);
    assert_eq!(folder(&without_compiler), folder(&output));

    let load = ["--no-default-features", "--features", "load-dynamically"];
    let output = dependent.run(&load, &[]);
    assert_eq!(told(&output, "LINK"), Some("load"), "{output}");
    for none in ["LIBS", "LIBDIR"] {
        assert_eq!(told(&output, none), None, "{output}");
    }

    if static_library().is_none() {
        println!("skipped: no libpcap.a is installed");
        return;
    }
    let output = dependent.run(&[], &[("LIBPCAP_STATIC", "1")]);
    assert_eq!(told(&output, "LINK"), Some("static"), "{output}");
    assert!(
        told(&output, "LIBS").unwrap().starts_with("pcap"),
        "{output}"
    );
    assert!(folder(&output).join("libpcap.a").exists(), "{output}");
}

/// C code is compiled with the headers that pcap-sys names, and linked with the same libpcap.
#[test]
fn c_code_beside_rusts_uses_the_same_libpcap() {
    let dependent = Dependent::new();
    let probing = ["--no-default-features", "--features", "probe,c"];
    let generating = ["--features", "c"];
    let is_static = [("LIBPCAP_STATIC", "1")];
    let environments: &[&[(&str, &str)]] = match static_library() {
        Some(_) => &[&[], &is_static],
        None => &[&[]],
    };
    for environment in environments {
        for features in [&probing[..], &generating] {
            let output = dependent.run(features, environment);
            let line = output.lines().find_map(|line| line.strip_prefix("sizes: "));
            let sizes = line
                .and_then(|line| line.split_once(" in C, "))
                .expect(&output);
            assert_eq!(Some(sizes.0), sizes.1.strip_suffix(" in Rust"));
            assert!(output.contains("same library: true"), "{output}");
            let only_c = [&["--bin", "only-c"], features].concat();
            let output = dependent.run(&only_c, environment);
            assert!(output.starts_with("libpcap version "), "{output}");
        }
    }
}

#[test]
fn the_macros_of_pkg_config_are_told() {
    let dependent = Dependent::new();
    let folder = dependent.folder.join("defines");
    fs::create_dir_all(&folder).expect("cargo's folder can be written");
    let text = "Name: libpcap\nDescription: a test\nVersion: 1.10.96\nLibs: -lpcap\n\
                Cflags: -DWITH_REMOTE -D_TIME_BITS=64\n";
    fs::write(folder.join("libpcap.pc"), text).expect("cargo's folder can be written");
    let environment = [("PKG_CONFIG_PATH", folder.to_str().expect("a plain path"))];
    let output = dependent.run(&["--no-default-features"], &environment);
    assert_eq!(told(&output, "VERSION"), Some("1.10.96"), "{output}");
    let macros = Some("WITH_REMOTE _TIME_BITS=64");
    assert_eq!(told(&output, "DEFINES"), macros, "{output}");
}

/// A compiler that has times of 64 bits by itself, on a system of 32 bits, for which clang would take 32.
#[test]
fn dependents_are_told_the_width_of_times() {
    let dependent = Dependent::new();
    let path = dependent.folder.join("cc-with-wide-times");
    let text =
        "#!/bin/sh\nPATH=/usr/bin:/bin\nexec cc -D_TIME_BITS=64 -D_FILE_OFFSET_BITS=64 \"$@\"\n";
    fs::write(&path, text).expect("cargo's folder can be written");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("the file is ours");
    let mut environment = LINUX_32.to_vec();
    environment.retain(|(name, _)| !name.starts_with("CC_"));
    let path = path.display().to_string();
    environment.push(("CC_i686_unknown_linux_gnu", &path));
    let output = dependent.script(
        &["--no-default-features", "--features", "probe"],
        &environment,
    );
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{output:?}");
    let told = stdout
        .lines()
        .find(|line| line.starts_with("cargo::metadata=DEFINES="));
    let told = told.unwrap_or_else(|| panic!("{stdout}"));
    for name in ["_TIME_BITS=64", "_FILE_OFFSET_BITS=64"] {
        assert!(told.contains(name), "{told}");
    }
}

#[test]
fn a_cross_build_that_knows_no_libpcap_warns() {
    let dependent = Dependent::new();
    let environment = [
        ("TARGET", "aarch64-unknown-linux-gnu"),
        ("CARGO_CFG_TARGET_OS", "linux"),
        ("CARGO_CFG_TARGET_ENV", "gnu"),
        ("CARGO_CFG_TARGET_ARCH", "aarch64"),
        ("CARGO_CFG_TARGET_POINTER_WIDTH", "64"),
        // It stands in for one that links for the target.
        ("CC_aarch64_unknown_linux_gnu", "cc"),
        ("CFLAGS_aarch64_unknown_linux_gnu", "-O0 -D__aarch64__"),
    ];
    let features = ["--no-default-features", "--features", "probe"];
    let warnings = |features: &[&str], environment: &[(&str, &str)]| {
        let output = dependent.script(features, environment);
        assert!(output.status.success(), "{output:?}");
        let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
        let lines = stdout
            .lines()
            .filter(|line| line.starts_with("cargo::warning="));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    let told = warnings(&features, &environment);
    assert_eq!(told.len(), 1, "{told:?}");
    for words in [
        "aarch64-unknown-linux-gnu",
        "LIBPCAP_LIBDIR_aarch64_unknown_linux_gnu",
    ] {
        assert!(told[0].contains(words), "{told:?}");
    }
    // Where somebody tells, there is none; nor at home.
    let mut allowed = environment.to_vec();
    allowed.push(("PKG_CONFIG_ALLOW_CROSS", "1"));
    assert_eq!(warnings(&features, &allowed), [] as [&str; 0]);
    assert_eq!(warnings(&[], &[]), [] as [&str; 0]);
    // A compiler for another processor would make each error look like one of the library.
    let mut foreign = allowed;
    foreign.push(("CFLAGS_aarch64_unknown_linux_gnu", "-O0"));
    let told = warnings(&features, &foreign);
    let sentence =
        "cc does not compile for aarch64-unknown-linux-gnu; set CC_aarch64_unknown_linux_gnu";
    assert!(told[0].contains(sentence), "{told:?}");
}

#[test]
fn pkg_configs_own_switch_links_statically() {
    let dependent = Dependent::new();
    if static_library().is_none() {
        println!("skipped: no libpcap.a is installed");
        return;
    }
    let all = ("PKG_CONFIG_ALL_STATIC", "1");
    let output = dependent.run(&[], &[all]);
    assert_eq!(told(&output, "LINK"), Some("static"), "{output}");
    let libraries = ldd(&dependent.program(""));
    assert!(!libraries.contains("libpcap"), "{libraries}");
    // What is said of libpcap alone goes first.
    let output = dependent.run(&[], &[all, ("LIBPCAP_STATIC", "0")]);
    assert_eq!(told(&output, "LINK"), Some("dynamic"), "{output}");
}

/// `LIBPCAP_VER=1.10`, with two numbers, made a build script panic.
// Shows: libpcap/wrong-liblibdir-ignored-libver, parity/wrong-liblibdir-ignored-old
#[test]
fn a_version_from_the_environment_goes_first() {
    let output = Dependent::new().run(&[], &[("LIBPCAP_VER", "1.10")]);
    assert!(output.contains("DEP_PCAP_VERSION=1.10\n"), "{output}");
}

/// Static linking failed on Debian.
// Shows: libpcap/static-linking-fails-debian, parity/static-linking-fails-debian
#[test]
fn static_linking_leaves_no_dynamic_libpcap() {
    let dependent = Dependent::new();
    if static_library().is_none() {
        println!("skipped: no libpcap.a is installed");
        return;
    }
    let output = dependent.run(&[], &[("LIBPCAP_STATIC", "1")]);
    assert!(output.contains("libpcap version"), "{output}");
    let libraries = ldd(&dependent.program(""));
    assert!(libraries.contains("libc.so"), "{libraries}");
    assert!(!libraries.contains("libpcap"), "{libraries}");
}

/// Debian's libraries for running programs alone have no `libdbus-1.so`, only `libdbus-1.so.3`.
#[test]
fn private_libraries_may_have_a_number() {
    let dependent = Dependent::new();
    if static_library().is_none() {
        println!("skipped: no libpcap.a is installed");
        return;
    }
    let compiler = dependent.compiler_without("cc-without-dbus-1", "-ldbus-1 | */libdbus-1.so");
    let output = dependent.run(&[], &[("LIBPCAP_STATIC", "1"), ("CC", &compiler)]);
    assert!(output.contains("libpcap version"), "{output}");
    let libraries = ldd(&dependent.program(""));
    assert!(!libraries.contains("libpcap"), "{libraries}");
}

#[test]
fn a_lone_archive_is_linked_statically() {
    let dependent = Dependent::new();
    let Some(library) = static_library() else {
        println!("skipped: no libpcap.a is installed");
        return;
    };
    let folder = dependent.folder.join("archive");
    fs::create_dir_all(&folder).expect("cargo's folder can be written");
    fs::copy(library.join("libpcap.a"), folder.join("libpcap.a")).expect("the library is there");
    let folder = folder.display().to_string();
    let output = dependent.run(&[], &[("LIBPCAP_LIBDIR", &folder)]);
    // Neither a .pc file nor a number in a file's name tells.
    assert!(output.contains("DEP_PCAP_VERSION=unknown"), "{output}");
    let libraries = ldd(&dependent.program(""));
    assert!(!libraries.contains("libpcap"), "{libraries}");
    dependent.refused(
        &[("LIBPCAP_LIBDIR", &folder), ("LIBPCAP_STATIC", "0")],
        "the directory only contains libpcap.a, and LIBPCAP_STATIC=0 forbids linking it",
    );
}

/// The linker would take the archive for a dynamic library, and lack what it needs.
#[test]
fn a_described_archive_is_linked_statically() {
    let dependent = Dependent::new();
    let Some(library) = static_library() else {
        println!("skipped: no libpcap.a is installed");
        return;
    };
    let folder = dependent.folder.join("described");
    fs::create_dir_all(&folder).expect("cargo's folder can be written");
    fs::copy(library.join("libpcap.a"), folder.join("libpcap.a")).expect("the library is there");
    let folder = folder.display().to_string();
    let text =
        format!("Name: libpcap\nDescription: a test\nVersion: 1.10.97\nLibs: -L{folder} -lpcap\n");
    fs::write(Path::new(&folder).join("libpcap.pc"), text).expect("cargo's folder can be written");
    let described = ("PKG_CONFIG_PATH", folder.as_str());
    let output = dependent.run(&[], &[described]);
    assert!(output.contains("DEP_PCAP_VERSION=1.10.97"), "{output}");
    assert!(output.contains("DEP_PCAP_HAVE_PCAP_CREATE=1"), "{output}");
    let libraries = ldd(&dependent.program(""));
    assert!(!libraries.contains("libpcap"), "{libraries}");
    dependent.refused(
        &[described, ("LIBPCAP_STATIC", "0")],
        "LIBPCAP_STATIC=0: pkg-config's libpcap is only a libpcap.a",
    );
}

/// What needs no other library still links, and the rest would fail only where the program is linked.
#[test]
fn a_static_library_that_lacks_is_refused() {
    let dependent = Dependent::new();
    let folder = dependent.folder.join("lacking");
    fs::create_dir_all(&folder).expect("cargo's folder can be written");
    let mut archive = Command::new("ar");
    archive.current_dir(&folder).args(["rcs", "libpcap.a"]);
    for (name, text) in [
        ("version", "char *pcap_lib_version(void) { return 0; }\n"),
        (
            "create",
            "void no_such(void);\nvoid pcap_create(void) { no_such(); }\n",
        ),
    ] {
        let source = format!("{name}.c");
        fs::write(folder.join(&source), text).expect("cargo's folder can be written");
        let mut compiler = Command::new("cc");
        let compiled = compiler.current_dir(&folder).args(["-c", &source]).status();
        assert!(compiled.expect("a C compiler runs").success());
        archive.arg(format!("{name}.o"));
    }
    assert!(archive.status().expect("ar runs").success());
    let folder = folder.display().to_string();
    let sentence = format!("a static libpcap, found by LIBPCAP_LIBDIR={folder}, cannot be linked");
    dependent.refused(&[("LIBPCAP_LIBDIR", &folder)], &sentence);
    dependent.refused(&[("LIBPCAP_LIBDIR", &folder)], "no_such");
}

/// Static linking failed with `+crt-static`.
// Shows: libpcap/static-linking-fails-debian, parity/static-linking-fails-debian
#[test]
#[cfg(target_os = "linux")]
fn a_fully_static_program_can_be_made() {
    let dependent = Dependent::new();
    if static_library().is_none() {
        println!("skipped: no libpcap.a is installed");
        return;
    }
    let host = env!("PCAP_SYS_HOST");
    let flags = format!(
        "CARGO_TARGET_{}_RUSTFLAGS",
        host.replace(['-', '.'], "_").to_uppercase()
    );
    let environment = [(flags.as_str(), "-Ctarget-feature=+crt-static")];
    let output = dependent.run(&["--target", host], &environment);
    assert!(output.contains("libpcap version"), "{output}");
    assert!(output.contains("activate: -"), "{output}");
    let libraries = ldd(&dependent.program(host));
    assert!(!libraries.contains("libpcap"), "{libraries}");
    assert!(!libraries.contains("libc.so"), "{libraries}");
}

/// Without a `links` key a program can hold two libpcaps, each with half of its state.
// Shows: parity/links-key-two-crates
#[test]
fn two_crates_cannot_link_two_libpcaps() {
    let dependent = Dependent::new();
    let rivals = dependent.folder.join("rivals");
    let [one, other] = ["", "other"].map(|name| rivals.join(name));
    for package in [&one, &other] {
        fs::create_dir_all(package.join("src")).expect("cargo's folder can be written");
        fs::write(package.join("src/lib.rs"), "").expect("cargo's folder can be written");
    }
    let ours = format!("pcap-sys = {{ path = '{}' }}", env!("CARGO_MANIFEST_DIR"));
    let manifest = |rival: &str| {
        format!("[workspace]\n[package]\nname = 'rivals'\n[dependencies]\n{ours}\n{rival}\n")
    };
    let lock = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.lock");
    let resolve = |rival: &str| {
        fs::write(one.join("Cargo.toml"), manifest(rival)).expect("cargo's folder can be written");
        if lock.exists() {
            fs::copy(&lock, one.join("Cargo.lock")).expect("cargo's folder can be written");
        }
        Command::new(std::env::var("CARGO").unwrap_or("cargo".to_owned()))
            .current_dir(&one)
            .args(["tree", "--offline"])
            .output()
            .expect("cargo runs")
    };
    let links = |line: &str| format!("[package]\nname = 'other'\n{line}\n");
    let rival = "other = { path = 'other' }";
    // Beside any other crate it is fine.
    fs::write(other.join("build.rs"), "fn main() {}").expect("cargo's folder can be written");
    fs::write(other.join("Cargo.toml"), links("")).expect("cargo's folder can be written");
    let output = resolve(rival);
    assert!(output.status.success(), "{output:?}");
    // Not so beside another one of libpcap.
    fs::write(other.join("Cargo.toml"), links("links = 'pcap'")).expect("as above");
    let output = resolve(rival);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "two libpcaps");
    let sentence = "links to the native library `pcap`, but it conflicts";
    assert!(error.contains(sentence), "{error}");
}

/// A directory that resembles the source of libpcap, with this `configure`.
fn source(dependent: &Dependent, configure: Option<&str>) -> String {
    let folder = dependent.folder.join("source");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(folder.join("pcap")).expect("cargo's folder can be written");
    for (file, text) in [("VERSION", "1.10.5\n"), ("pcap/pcap.h", ""), ("pcap.c", "")] {
        fs::write(folder.join(file), text).expect("cargo's folder can be written");
    }
    if let Some(text) = configure {
        fs::write(folder.join("configure"), text).expect("cargo's folder can be written");
    }
    folder.display().to_string()
}

#[test]
fn a_wrong_source_is_refused() {
    let dependent = Dependent::new();
    let vendored = ["--no-default-features", "--features", "vendored"];
    let refused = |environment: &[(&str, &str)], sentence: &str| {
        dependent.script_with_refuses(&vendored, environment, sentence, "");
    };
    refused(&[], "set LIBPCAP_SOURCE to the absolute path of a release");
    refused(
        &[("LIBPCAP_SOURCE", "libpcap")],
        "LIBPCAP_SOURCE=libpcap: expected an absolute path",
    );
    let missing = [("LIBPCAP_SOURCE", "/nonexistent/libpcap.tar.xz")];
    refused(
        &missing,
        "LIBPCAP_SOURCE=/nonexistent/libpcap.tar.xz: no such file or directory; expected a release",
    );
    let folder = dependent.folder.join("src").display().to_string();
    refused(
        &[("LIBPCAP_SOURCE", &folder)],
        "no VERSION in the directory; expected a release",
    );

    let folder = source(&dependent, None);
    let variable = ("LIBPCAP_SOURCE", folder.as_str());
    refused(
        &[variable],
        "no `configure`: run `./autogen.sh` in the directory",
    );
    let folder = source(&dependent, Some("echo this machine is unknown; exit 1"));
    let variable = ("LIBPCAP_SOURCE", folder.as_str());
    refused(
        &[variable],
        "`sh ./configure` failed: this machine is unknown",
    );
    refused(
        &[variable, ("LIBPCAP_CONFIGURE", "--with-x")],
        "LIBPCAP_CONFIGURE=--with-x: `sh ./configure` failed",
    );
    refused(
        &[variable, ("LIBPCAP_CONFIGURE", "enable-remote")],
        "LIBPCAP_CONFIGURE=enable-remote: expected options, which start with `-`, found `enable-remote`",
    );
    refused(
        &[variable, ("CC", "/nonexistent/cc")],
        "cannot build libpcap: no C compiler for",
    );
    refused(
        &[variable, ("LIBPCAP_STATIC", "0")],
        "LIBPCAP_STATIC=0 conflicts with the `vendored` feature",
    );
    refused(
        &[variable, ("CARGO_CFG_TARGET_OS", "windows")],
        "does not build Npcap",
    );

    let nothing = dependent.folder_with("no-tools", &[]);
    refused(
        &[variable, ("PATH", &nothing)],
        "requires make, flex and bison, but `make` is not installed",
    );
    fs::write(Path::new(&folder).join("VERSION"), "1.9.1\n").expect("the source is ours");
    refused(&[variable], "libpcap 1.9.1, found by LIBPCAP_SOURCE=");

    let installed = dependent.script(&vendored, &[variable, ("LIBPCAP_NO_VENDOR", "1")]);
    assert!(installed.status.success(), "{:?}", installed.status);
}
