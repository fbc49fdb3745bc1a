//! The build script by itself, for systems and in environments for which nothing can be linked here.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Output};

use super::{Dependent, LINUX_32, folder_of_headers, static_library};

const BARE: [&str; 1] = ["--no-default-features"];
const PROBE: [&str; 3] = ["--no-default-features", "--features", "probe"];
const LOAD: [&str; 3] = ["--no-default-features", "--features", "load-dynamically"];

/// What cargo says of Windows. The compiler is the build machine's.
pub(super) const WINDOWS: [(&str, &str); 6] = [
    ("TARGET", "x86_64-pc-windows-gnu"),
    ("CARGO_CFG_TARGET_OS", "windows"),
    ("CARGO_CFG_TARGET_ENV", "gnu"),
    ("CARGO_CFG_TARGET_ARCH", "x86_64"),
    ("CARGO_CFG_TARGET_POINTER_WIDTH", "64"),
    ("CC_x86_64_pc_windows_gnu", "cc"),
];

/// Returns the standard output of a script that succeeds.
pub(super) fn accepted(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Returns the error of a script that fails, without a panic.
pub(super) fn error(output: &Output) -> String {
    assert!(!output.status.success(), "{output:?}");
    assert!(!String::from_utf8_lossy(&output.stderr).contains("panicked"));
    let stdout = String::from_utf8_lossy(&output.stdout);
    let error = stdout
        .lines()
        .find_map(|line| line.strip_prefix("cargo::error="));
    error.unwrap_or_else(|| panic!("{output:?}")).to_owned()
}

/// Returns the values of an instruction for cargo, such as `rustc-link-lib`.
pub(super) fn told<'a>(stdout: &'a str, instruction: &str) -> Vec<&'a str> {
    let prefix = format!("cargo::{instruction}=");
    let lines = stdout.lines();
    lines
        .filter_map(|line| line.strip_prefix(&prefix))
        .collect()
}

impl Dependent {
    /// Creates a folder with these files, and returns its path.
    pub(super) fn folder_with(&self, name: &str, files: &[(&str, &str)]) -> String {
        let root = self.folder.join(name);
        fs::create_dir_all(&root).expect("cargo's folder can be written");
        for (file, text) in files {
            let path = root.join(file);
            fs::create_dir_all(path.parent().expect("below the root")).expect("can be written");
            fs::write(&path, text).expect("cargo's folder can be written");
            if text.starts_with("#!") {
                fs::set_permissions(&path, fs::Permissions::from_mode(0o755))
                    .expect("the file is ours");
            }
        }
        root.display().to_string()
    }

    /// Returns the names of the functions of this libpcap.
    pub(super) fn functions(&self) -> Vec<String> {
        let out = self.folder_with("out-for-functions", &[]);
        let environment = [("OUT_DIR", out.as_str()), ("LIBPCAP_NO_VENDOR", "1")];
        accepted(&self.script(&PROBE, &environment));
        let bindings = fs::read_to_string(format!("{out}/bindings.rs")).expect("it was written");
        let names = bindings.split("pub fn ").skip(1);
        let names = names.filter_map(|rest| rest.split('(').next());
        names.map(str::to_owned).collect()
    }
}

/// Compiles a C file of this folder, with further arguments.
fn compile(folder: &str, arguments: &[&str]) {
    let mut compiler = Command::new("cc");
    let status = compiler.current_dir(folder).args(arguments).status();
    assert!(status.expect("a C compiler runs").success());
}

/// A static libpcap is part of the program, so nothing is left to load.
#[test]
fn a_static_library_is_not_loaded() {
    let dependent = Dependent::new();
    for (variable, value, what) in [
        ("LIBPCAP_STATIC", "1", "LIBPCAP_STATIC=1"),
        (
            "CARGO_CFG_TARGET_FEATURE",
            "sse2,crt-static",
            "the target feature crt-static",
        ),
    ] {
        let output = dependent.script(&LOAD, &[(variable, value)]);
        let sentence = format!("{what} conflicts with the `load-dynamically` feature");
        assert!(error(&output).starts_with(&sentence), "{output:?}");
    }
}

/// With bindgen, the headers are all that is searched for.
#[test]
fn a_library_that_is_loaded_needs_its_headers() {
    let dependent = Dependent::new();
    let features = ["--features", "load-dynamically"];
    let stdout = accepted(&dependent.script(&features, &[]));
    assert_eq!(told(&stdout, "rustc-link-lib"), [""; 0], "{stdout}");
    let metadata = told(&stdout, "metadata");
    assert!(metadata.contains(&"LINK=load"), "{stdout}");
    assert!(metadata.contains(&"VERSION=unknown"), "{stdout}");
    let include = format!("INCLUDE={}", folder_of_headers());
    assert!(metadata.contains(&include.as_str()), "{stdout}");
    let output = dependent.script(&features, &WINDOWS);
    let sentence = "no headers of Npcap were found";
    assert!(error(&output).starts_with(sentence), "{output:?}");
}

#[test]
fn contradictions_about_static_linking_are_refused() {
    let dependent = Dependent::new();
    let refused = |environment: &[(&str, &str)], sentence: &str| {
        let output = dependent.script(&PROBE, environment);
        assert!(error(&output).contains(sentence), "{output:?}");
    };
    refused(
        &[
            ("LIBPCAP_STATIC", "0"),
            ("CARGO_CFG_TARGET_FEATURE", "crt-static"),
        ],
        "LIBPCAP_STATIC=0: with the target feature crt-static a program cannot load dynamic libraries",
    );
    let folder = dependent.folder_with("dynamic-only", &[("libpcap.so", "never read")]);
    refused(
        &[("LIBPCAP_STATIC", "1"), ("LIBPCAP_LIBDIR", &folder)],
        "the directory contains no libpcap.a, and static linking is requested",
    );
    // A compiler that finds no libpcap.a.
    let compiler = dependent.compiler_without(
        "cc-without-archive",
        "-print-file-name=libpcap.a | -l:libpcap.a",
    );
    refused(
        &[("LIBPCAP_STATIC", "1"), ("CC", &compiler)],
        "a static libpcap, found by pkg-config, cannot be linked",
    );
}

#[test]
fn pkg_configs_own_switch_links_dynamically() {
    let output = Dependent::new().script(&BARE, &[("PKG_CONFIG_ALL_DYNAMIC", "1")]);
    assert_eq!(told(&accepted(&output), "rustc-link-lib"), ["dylib=pcap"]);
}

#[test]
fn pcap_config_tells_folders() {
    let dependent = Dependent::new();
    let script = "#!/bin/sh\ncase $* in\n--version) echo 1.10.95 ;;\n\
                  *--static*) echo -I/nonexistent/include -L/nonexistent/static -lpcap -lm ;;\n\
                  *) echo -I/usr/include -I/nonexistent/include -L/nonexistent/lib -lpcap ;;\nesac\n";
    let folder = dependent.folder_with("config", &[("pcap-config", script)]);
    let environment = [("LIBPCAP_NO_PKG_CONFIG", "1"), ("PATH", folder.as_str())];
    let stdout = accepted(&dependent.script(&BARE, &environment));
    assert_eq!(
        told(&stdout, "rustc-link-search"),
        ["native=/nonexistent/lib"]
    );
    assert_eq!(told(&stdout, "rustc-link-lib"), ["dylib=pcap"]);
    assert!(told(&stdout, "metadata").contains(&"VERSION=1.10.95"));
    // The libraries of a static one must be tried.
    let [pkg_config, path] = environment;
    let output = dependent.script(&BARE, &[pkg_config, path, ("LIBPCAP_STATIC", "1")]);
    let sentence = "cannot determine what a static libpcap must be linked with: enable the `probe`";
    assert!(error(&output).starts_with(sentence), "{output:?}");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(!stderr.contains("nonexistent"), "{stderr}");
}

#[test]
fn without_a_description_and_probe_none_is_found() {
    let dependent = Dependent::new();
    let empty = dependent.folder_with("empty", &[]);
    let environment = [("LIBPCAP_NO_PKG_CONFIG", "1"), ("PATH", empty.as_str())];
    let output = dependent.script(&BARE, &environment);
    let sentence = "libpcap was not found: neither pkg-config nor pcap-config knows one; to try -lpcap, enable";
    assert!(error(&output).starts_with(sentence), "{output:?}");
}

#[test]
fn npcap_is_linked_by_its_name() {
    let dependent = Dependent::new();
    let root = dependent.folder_with(
        "npcap",
        &[
            ("Include/pcap.h", ""),
            ("Include/pcap/pcap.h", "#error not for this compiler\n"),
            ("Lib/x64/wpcap.lib", ""),
        ],
    );
    let mut environment = WINDOWS.to_vec();
    environment.push(("NPCAP_SDK", &root));
    let stdout = accepted(&dependent.script(&PROBE, &environment));
    assert_eq!(told(&stdout, "rustc-link-lib"), ["dylib=wpcap"]);
    let search = format!("native={root}/Lib/x64");
    assert_eq!(told(&stdout, "rustc-link-search"), [search]);
    // The compiler of the build machine cannot tell what there is.
    let warnings = told(&stdout, "warning").concat();
    let sentence = "cc does not compile for x86_64-pc-windows-gnu; set CC_x86_64_pc_windows_gnu to a compiler that does";
    assert!(warnings.contains(sentence), "{stdout}");
    let metadata = told(&stdout, "metadata").concat();
    assert!(!metadata.contains("HAVE_"), "{stdout}");
    // With bindgen, its headers are read.
    let output = dependent.script(&[], &environment);
    assert!(
        error(&output).contains("pcap.h cannot be read"),
        "{output:?}"
    );
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.contains("not for this compiler"), "{stderr}");
}

/// A compiler with the arguments of Microsoft's, which links with the build machine's.
const MSVC: &str = r#"#!/bin/sh
PATH=/usr/bin:/bin
program=
source=
linked=
for argument; do
    case $argument in
    *.c) source=$argument ;;
    /Fe*) program=${argument#/Fe} ;;
    /link) linked=-w ;;
    /LIBPATH:*) linked="$linked -L${argument#/LIBPATH:}" ;;
    /Zs) exit 0 ;;
    *.lib) linked="$linked -l:$argument" ;;
    esac
done
[ -n "$linked" ] && exec cc -o "$program" "$source" $linked 2>&1
"#;

/// Microsoft's compiler has other arguments, and reports errors on standard output.
#[test]
fn microsofts_compiler_tells_the_functions_of_npcap() {
    let dependent = Dependent::new();
    let root = dependent.folder_with(
        "npcap-for-msvc",
        &[
            ("clang-cl", MSVC),
            ("Include/pcap.h", ""),
            ("Include/pcap/pcap.h", ""),
            (
                "Lib/x64/some.c",
                "void pcap_create(void) {}\nvoid pcap_open(void) {}\n",
            ),
        ],
    );
    let folder = format!("{root}/Lib/x64");
    compile(&folder, &["-shared", "-fPIC", "-o", "wpcap.lib", "some.c"]);
    let compiler = format!("{root}/clang-cl");
    let mut environment = WINDOWS.to_vec();
    environment.retain(|(name, _)| !name.starts_with("CC_"));
    environment.extend([
        ("TARGET", "x86_64-pc-windows-msvc"),
        ("CARGO_CFG_TARGET_ENV", "msvc"),
        ("CC_x86_64_pc_windows_msvc", &compiler),
        ("NPCAP_SDK", &root),
    ]);
    let stdout = accepted(&dependent.script(&PROBE, &environment));
    let metadata = told(&stdout, "metadata").into_iter();
    let mut functions: Vec<_> = metadata.filter(|line| line.starts_with("HAVE_")).collect();
    functions.sort_unstable();
    assert_eq!(functions, ["HAVE_PCAP_CREATE=1", "HAVE_PCAP_OPEN=1"]);
    assert_eq!(told(&stdout, "warning"), [""; 0], "{stdout}");
}

/// The library's functions are those that its headers declare.
#[test]
fn headers_from_elsewhere_are_refused() {
    let dependent = Dependent::new();
    let real = format!("#include \"{}/pcap/pcap.h\"\n", folder_of_headers());
    let folder = dependent.folder_with(
        "other-headers",
        &[
            ("pcap/pcap.h", "#include \"a/pcap/pcap.h\"\n"),
            ("pcap/a/pcap/pcap.h", &real),
        ],
    );
    let output = dependent.script(&[], &[("LIBPCAP_INCLUDEDIR", &folder)]);
    let error = error(&output);
    let stderr = String::from_utf8_lossy(&output.stderr);
    let sentence = format!("expected in {folder}, but clang found it in ");
    assert!(
        error.contains(&sentence) || stderr.contains(&sentence),
        "{error}\n{stderr}"
    );
}

/// C code of dependents is compiled with them.
#[test]
fn the_folder_of_headers_is_told() {
    let dependent = Dependent::new();
    let include = folder_of_headers();
    let told_include = format!("INCLUDE={include}");
    for (features, variable) in [
        (&PROBE[..], "LIBPCAP_VER"),
        (&BARE, "LIBPCAP_VER"),
        (&BARE, "DOCS_RS"),
    ] {
        let environment = [("LIBPCAP_INCLUDEDIR", include), (variable, "1.10")];
        let stdout = accepted(&dependent.script(features, &environment));
        let metadata = told(&stdout, "metadata");
        assert!(metadata.contains(&told_include.as_str()), "{stdout}");
    }
}

#[test]
fn a_file_that_cannot_be_written_is_named() {
    let dependent = Dependent::new();
    let folder = dependent.folder_with("unwritable", &[("exported.rs/file", "")]);
    let output = dependent.script(&BARE, &[("OUT_DIR", &folder)]);
    let sentence = format!("cannot write {folder}/exported.rs: ");
    assert!(error(&output).starts_with(&sentence), "{output:?}");
}

/// A compiler for 32 bits with narrow times, and one that does not run.
#[test]
fn the_width_of_times_is_asked_of_the_compiler() {
    let dependent = Dependent::new();
    let output = dependent.script(&PROBE, &LINUX_32);
    let sentence = "cannot determine whether times have 64 bits on i686-unknown-linux-gnu";
    assert!(error(&output).starts_with(sentence), "{output:?}");
    let description =
        "Name: libpcap\nDescription: a test\nVersion: 1.10.94\nLibs: -lpcap\nCflags: -DALONE\n";
    let folder = dependent.folder_with("narrow", &[("libpcap.pc", description)]);
    let mut environment = LINUX_32.to_vec();
    environment.retain(|(name, _)| !name.starts_with("CC_"));
    environment.extend([
        ("CC_i686_unknown_linux_gnu", "cc"),
        ("PKG_CONFIG_PATH", &folder),
        ("PKG_CONFIG_ALLOW_CROSS", "1"),
    ]);
    let stdout = accepted(&dependent.script(&PROBE, &environment));
    assert!(stdout.contains("bindings/linux-gnu-32.rs"), "{stdout}");
    let metadata = told(&stdout, "metadata");
    assert!(metadata.contains(&"DEFINES=ALONE"), "{stdout}");
}

/// Macros may have no value, and clang gets all of them.
#[test]
fn clang_gets_the_macros_of_pkg_config() {
    let dependent = Dependent::new();
    let description = "Name: libpcap\nDescription: a test\nVersion: 1.10.93\nLibs: -lpcap\n\
                       Cflags: -DPCAP_DONT_INCLUDE_PCAP_BPF_H -DANY=1\n";
    let folder = dependent.folder_with("for-clang", &[("libpcap.pc", description)]);
    let out = dependent.folder_with("out-for-clang", &[]);
    let environment = [("PKG_CONFIG_PATH", folder.as_str()), ("OUT_DIR", &out)];
    accepted(&dependent.script(&[], &environment));
    let read = |out: &str| fs::read_to_string(PathBuf::from(out).join("bindings.rs"));
    let without_bpf = read(&out).expect("the script has written it");
    accepted(&dependent.script(&[], &[("OUT_DIR", &out)]));
    let whole = read(&out).expect("the script has written it");
    // The macro removes what pcap/bpf.h declares.
    assert!(whole.contains("BPF_LD"), "{whole}");
    assert!(!without_bpf.contains("BPF_LD"), "{without_bpf}");
}

/// An old library whose version nothing tells, though the headers are new.
#[test]
fn a_library_without_the_newest_function_is_refused() {
    let dependent = Dependent::new();
    let text = "void pcap_create(void) {}\n";
    let folder = dependent.folder_with("lacks-newest", &[("old.c", text)]);
    compile(&folder, &["-shared", "-fPIC", "-o", "libpcap.so", "old.c"]);
    let output = dependent.script(&PROBE, &[("LIBPCAP_LIBDIR", &folder)]);
    let sentence = "is too old: it has no pcap_init";
    assert!(error(&output).contains(sentence), "{output:?}");
}

/// Then each function is tried.
#[test]
fn a_linker_need_not_name_what_is_missing() {
    let dependent = Dependent::new();
    let script = "#!/bin/sh\nPATH=/usr/bin:/bin\nexec cc \"$@\" 2>/dev/null\n";
    let folder = dependent.folder_with("silent", &[("cc-silent", script)]);
    let compiler = format!("{folder}/cc-silent");
    let exported = |environment: &[(&str, &str)]| {
        let stdout = accepted(&dependent.script(&PROBE, environment));
        let metadata = told(&stdout, "metadata").into_iter();
        let names = metadata.filter(|line| line.starts_with("HAVE_"));
        let mut names: Vec<_> = names.map(str::to_owned).collect();
        names.sort();
        names
    };
    let usual = exported(&[]);
    assert!(usual.iter().any(|name| name == "HAVE_PCAP_CREATE=1"));
    assert_eq!(exported(&[("CC", &compiler)]), usual);
}

/// An archive that has all functions, and needs no other library.
#[test]
fn an_archive_that_links_alone_is_linked_alone() {
    let dependent = Dependent::new();
    let names = dependent.functions();
    let text: String = names
        .iter()
        .map(|name| format!("void {name}(void) {{}}\n"))
        .collect();
    let folder = dependent.folder_with("alone", &[("all.c", &text)]);
    compile(&folder, &["-c", "-fno-builtin", "-w", "all.c"]);
    let mut archive = Command::new("ar");
    let status = archive
        .current_dir(&folder)
        .args(["rcs", "libpcap.a", "all.o"])
        .status();
    assert!(status.expect("ar runs").success());
    let stdout = accepted(&dependent.script(&PROBE, &[("LIBPCAP_LIBDIR", &folder)]));
    assert_eq!(told(&stdout, "rustc-link-lib"), ["static=pcap"]);
    let metadata = told(&stdout, "metadata").into_iter();
    let count = metadata.filter(|line| line.starts_with("HAVE_")).count();
    assert_eq!(count, names.len(), "{stdout}");
}

/// The `.pc` file beside the library names what a program without dynamic libraries needs.
#[test]
fn private_libraries_are_found_by_the_compiler() {
    let dependent = Dependent::new();
    let Some(library) = static_library() else {
        println!("skipped: no libpcap.a is installed");
        return;
    };
    let description = "Name: libpcap\nVersion: 1.10.92\nLibs.private: -ldbus-1 -lm\n\
                       Requires.private: no-such >= 3.0, ${nothing}\n";
    let folder = dependent.folder_with("private", &[("pkgconfig/libpcap.pc", description)]);
    fs::copy(library.join("libpcap.a"), format!("{folder}/libpcap.a")).expect("it is there");
    let environment = [
        ("LIBPCAP_LIBDIR", folder.as_str()),
        ("CARGO_CFG_TARGET_FEATURE", "crt-static"),
        // What cargo says of how it compiles.
        ("OPT_LEVEL", "0"),
        ("DEBUG", "false"),
    ];
    let stdout = accepted(&dependent.script(&PROBE, &environment));
    let libraries = told(&stdout, "rustc-link-lib");
    assert_eq!(libraries[0], "static=pcap", "{stdout}");
    let all_static = libraries
        .iter()
        .all(|library| library.starts_with("static="));
    assert!(all_static, "{stdout}");
    let search = told(&stdout, "rustc-link-search");
    assert!(search.len() > 1, "{stdout}");
    assert!(told(&stdout, "metadata").contains(&"VERSION=1.10.92"));
}
