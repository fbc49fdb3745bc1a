//! Parts of the build script that can be tried without a build for another system.
#![allow(dead_code)]

#[path = "../build/compiler.rs"]
mod compiler;
#[path = "../build/env.rs"]
mod env;
#[path = "../build/find_npcap.rs"]
mod find_npcap;
#[path = "../build/library.rs"]
mod library;
#[path = "common/surface.rs"]
mod surface;
#[path = "../build/target.rs"]
mod target;
#[path = "../build/version.rs"]
mod version;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use target::Target;
use version::Version;

/// The environment belongs to the whole process.
static ENVIRONMENT: Mutex<()> = Mutex::new(());

fn windows(arch: &str) -> Target {
    Target {
        triple: format!("{arch}-pc-windows-msvc"),
        host: "x86_64-unknown-linux-gnu".to_owned(),
        os: "windows".to_owned(),
        env: "msvc".to_owned(),
        arch: arch.to_owned(),
        pointer_width: "64".to_owned(),
        endian: "little".to_owned(),
        crt_static: false,
    }
}

/// Looks for Npcap with exactly these variables set.
fn find(target: &Target, variables: &[(&str, &Path)]) -> Result<library::Library, String> {
    find_with(target, variables, |target| find_npcap::find(target, true))
}

/// The same by another search.
fn find_with(
    target: &Target,
    variables: &[(&str, &Path)],
    search: impl FnOnce(&Target) -> Result<library::Library, String>,
) -> Result<library::Library, String> {
    let _guard = ENVIRONMENT.lock().unwrap_or_else(PoisonError::into_inner);
    let names = [
        "NPCAP_SDK",
        "LIB",
        "LIBPCAP_LIBDIR",
        "LIBPCAP_INCLUDEDIR",
        "LIBPCAP_STATIC",
    ];
    for name in names {
        // SAFETY: the lock is held, and nothing else in this program reads or writes the environment.
        unsafe { std::env::remove_var(name) };
    }
    for (name, value) in variables {
        // SAFETY: as above.
        unsafe { std::env::set_var(name, value) };
    }
    search(target)
}

/// A folder in the layout of the Npcap SDK, with these files.
fn sdk(name: &str, files: &[&str]) -> PathBuf {
    let root = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("npcap")
        .join(name);
    fs::create_dir_all(&root).expect("cargo's folder for tests can be written");
    for file in files {
        let path = root.join(file);
        fs::create_dir_all(path.parent().expect("below the root")).expect("can be written");
        fs::write(path, "").expect("can be written");
    }
    root
}

const WHOLE: [&str; 5] = [
    "Include/pcap.h",
    "Include/pcap/pcap.h",
    "Lib/wpcap.lib",
    "Lib/x64/wpcap.lib",
    "Lib/ARM64/wpcap.lib",
];

/// A build script that decides by the system it runs on, not by the one it builds for.
// Shows: libpcap/header-holds-librarys-version, parity/windows-npcap-first-readable
// Shows: parity/build-script-loads-hosts
#[test]
fn npcap_is_taken_for_the_target() {
    let root = sdk("whole", &WHOLE);
    for (arch, folder) in [
        ("x86", "Lib"),
        ("x86_64", "Lib/x64"),
        ("aarch64", "Lib/ARM64"),
    ] {
        let library = find(&windows(arch), &[("NPCAP_SDK", &root)]).expect("a whole SDK");
        assert_eq!(library.lib_dirs, [root.join(folder)]);
        assert_eq!(library.include_dirs, [root.join("Include")]);
        assert_eq!(library.pcap.name, "wpcap");
        assert!(library.own_headers);
    }
    let error = find(&windows("mips"), &[("NPCAP_SDK", &root)]).unwrap_err();
    assert!(
        error.contains("no library for the architecture mips"),
        "{error}"
    );
}

// Shows: parity/windows-npcap-first-readable
#[test]
fn npcap_is_found_by_lib() {
    let root = sdk("whole", &WHOLE);
    let list = format!("C:\\nowhere;{}", root.join("Lib/x64").display());
    let library = find(&windows("x86_64"), &[("LIB", Path::new(&list))]).expect("LIB leads there");
    assert_eq!(library.lib_dirs, [root.join("Lib/x64")]);
    assert_eq!(library.include_dirs, [root.join("Include")]);
}

#[test]
fn npcap_without_headers_is_refused() {
    // clang would take the build machine's own.
    let root = sdk("headless", &["Lib/x64/wpcap.lib"]);
    let target = windows("x86_64");
    let error = find(&target, &[("NPCAP_SDK", &root)]).unwrap_err();
    assert!(error.starts_with("NPCAP_SDK="), "{error}");
    assert!(error.contains("no pcap.h"), "{error}");
    let lib = root.join("Lib/x64");
    let error = find(&target, &[("LIB", &lib)]).unwrap_err();
    assert!(error.contains("which has no pcap.h beside it"), "{error}");

    let whole = sdk("whole", &WHOLE).join("Include");
    let library = find(
        &target,
        &[("NPCAP_SDK", &root), ("LIBPCAP_INCLUDEDIR", &whole)],
    )
    .expect("headers from elsewhere");
    assert_eq!(library.include_dirs, [whole]);
}

#[test]
fn a_wrong_sdk_is_named() {
    let target = windows("x86_64");
    let empty = sdk("empty", &[]);
    let nowhere = empty.join("nonexistent");
    let error = find(&target, &[("NPCAP_SDK", &nowhere)]).unwrap_err();
    assert!(
        error.starts_with(&format!(
            "NPCAP_SDK={}: no such directory",
            nowhere.display()
        )),
        "{error}"
    );
    let error = find(&target, &[("NPCAP_SDK", &empty)]).unwrap_err();
    assert!(
        error.contains("the directory contains neither Include nor Lib"),
        "{error}"
    );
    let headers = sdk("headers", &["Include/pcap.h", "Include/pcap/pcap.h"]);
    let error = find(&target, &[("NPCAP_SDK", &headers)]).unwrap_err();
    let lib = headers.join("Lib/x64");
    assert!(
        error.ends_with(&format!("no wpcap.lib or libwpcap.a in {}", lib.display())),
        "{error}"
    );
    // A variable without a value is none.
    let error = find(&target, &[("NPCAP_SDK", Path::new(""))]).unwrap_err();
    assert!(
        error.starts_with("no Npcap SDK was found: NPCAP_SDK is not set"),
        "{error}"
    );
    let error = find(&target, &[]).unwrap_err();
    assert!(error.starts_with("no Npcap SDK was found"), "{error}");
    let error = find(&target, &[("LIBPCAP_STATIC", Path::new("1"))]).unwrap_err();
    assert!(error.contains("no static library"), "{error}");
}

/// Windows allows such names; cargo and its instructions do not.
#[cfg(unix)]
#[test]
fn a_value_that_is_not_unicode_is_refused() {
    use std::os::unix::ffi::OsStrExt;
    let value = Path::new(std::ffi::OsStr::from_bytes(b"/sdk\xff"));
    let error = find(&windows("x86_64"), &[("NPCAP_SDK", value)]).unwrap_err();
    assert_eq!(
        error,
        "NPCAP_SDK=/sdk\u{fffd}: the value is not valid Unicode"
    );
}

#[test]
fn a_folder_without_a_library_is_named() {
    let empty = sdk("empty", &[]);
    let error = find(&windows("x86_64"), &[("LIBPCAP_LIBDIR", &empty)]).unwrap_err();
    let sentence = "the directory contains no wpcap.lib or libwpcap.a";
    assert_eq!(
        error,
        format!("LIBPCAP_LIBDIR={}: {sentence}", empty.display())
    );
}

#[test]
fn a_library_for_another_architecture_is_named() {
    let old = sdk(
        "old",
        &[
            "Include/pcap.h",
            "Include/pcap/pcap.h",
            "Lib/wpcap.lib",
            "Lib/x64/wpcap.lib",
        ],
    );
    let error = find(&windows("aarch64"), &[("NPCAP_SDK", &old)]).unwrap_err();
    assert!(
        error.contains("which is for aarch64; it has one for x86 and x86_64 only"),
        "{error}"
    );

    let lib = sdk("whole", &WHOLE).join("Lib");
    let error = find(&windows("x86_64"), &[("LIBPCAP_LIBDIR", &lib)]).unwrap_err();
    let sentence = "that is the library for x86; the one for x86_64 is in ";
    assert!(error.contains(sentence), "{error}");
    for (arch, folder) in [("x86", lib.clone()), ("x86_64", lib.join("x64"))] {
        let library = find(&windows(arch), &[("LIBPCAP_LIBDIR", &folder)]).expect("the right one");
        assert_eq!(library.lib_dirs, [folder]);
    }
}

/// Bindings that were made before need no headers; a program that loads wpcap.dll itself needs nothing else.
#[test]
fn what_is_not_needed_is_not_asked_for() {
    let headless = sdk("headless", &["Lib/x64/wpcap.lib"]);
    let target = windows("x86_64");
    let library = find_with(&target, &[("NPCAP_SDK", &headless)], |target| {
        find_npcap::find(target, false)
    });
    let library = library.expect("the library is there");
    assert_eq!(library.lib_dirs, [headless.join("Lib/x64")]);
    assert_eq!(library.include_dirs, [] as [PathBuf; 0]);
    assert!(!library.own_headers);

    let headers = sdk("headers", &["Include/pcap.h", "Include/pcap/pcap.h"]);
    let library = find_with(
        &target,
        &[("NPCAP_SDK", &headers)],
        find_npcap::find_headers,
    );
    let library = library.expect("the headers are there");
    assert_eq!(library.include_dirs, [headers.join("Include")]);
    assert!(library.libs().is_empty() && library.lib_dirs.is_empty());
    let include = headers.join("Include");
    let library = find_with(
        &target,
        &[("NPCAP_SDK", &headless), ("LIBPCAP_INCLUDEDIR", &include)],
        find_npcap::find_headers,
    );
    assert_eq!(
        library.expect("the headers are there").include_dirs,
        [include]
    );
    // clang would take the build machine's own.
    let error = find_with(
        &target,
        &[("NPCAP_SDK", &headless)],
        find_npcap::find_headers,
    );
    assert!(error.unwrap_err().contains("no pcap.h and pcap/pcap.h in"));
    let error = find_with(&target, &[], find_npcap::find_headers).unwrap_err();
    assert!(
        error.starts_with("no headers of Npcap were found"),
        "{error}"
    );
}

// Shows: parity/build-script-loads-hosts
#[test]
fn names_are_looked_up_for_the_target_first() {
    let names = env::spellings("LIBPCAP_VER", "thumbv8m.main-none-eabi");
    assert_eq!(
        names,
        [
            "LIBPCAP_VER_thumbv8m_main_none_eabi",
            "LIBPCAP_VER_thumbv8m.main-none-eabi",
            "LIBPCAP_VER_THUMBV8M_MAIN_NONE_EABI",
            "LIBPCAP_VER",
        ]
    );
}

#[test]
fn versions_are_read() {
    let version = |major, minor, patch| Version {
        major,
        minor,
        patch,
    };
    assert_eq!(Version::parse("1.10"), Some(version(1, 10, None)));
    assert_eq!(Version::parse("1.10.3"), Some(version(1, 10, Some(3))));
    for wrong in [
        "",
        "1",
        "1.",
        ".1",
        "1.10.",
        "1.10.3.4",
        "1.10-rc1",
        "v1.10",
        "1.99999999999",
    ] {
        assert_eq!(Version::parse(wrong), None, "{wrong}");
    }
    assert_eq!(
        Version::parse_lenient("1.11.0-PRE-GIT\n"),
        Some(version(1, 11, Some(0)))
    );
    assert!(version::check(version(1, 9, Some(1)), "x").is_err());
    assert!(version::check(version(1, 10, None), "x").is_ok());
    assert!(version::check(version(2, 0, None), "x").is_ok());
}

/// `pcap_pkthdr` has 64-bit times on 32-bit systems where the compiler says so.
// Shows: libpcap/pkthdr-over-timeval-written, parity/packets-header-over-timeval
#[test]
fn the_width_of_times_is_the_compilers() {
    let set = "#define __linux__ 1\n#define _TIME_BITS 64\n#define _FILE_OFFSET_BITS 64\n#define _TIME_BITS_X 1\n";
    let args: Vec<_> = compiler::time_macros(set).collect();
    assert_eq!(args, ["-D_TIME_BITS=64", "-D_FILE_OFFSET_BITS=64"]);
}

/// Those of the build machine would give structures another layout.
#[cfg(unix)]
#[test]
fn clang_reads_the_headers_of_the_compiler() {
    let _guard = ENVIRONMENT.lock().unwrap_or_else(PoisonError::into_inner);
    let variables = [
        ("TARGET", "i686-unknown-linux-gnu"),
        ("HOST", "x86_64-unknown-linux-gnu"),
        ("CC_i686_unknown_linux_gnu", "cc"),
        ("CFLAGS_i686_unknown_linux_gnu", "-D_TIME_BITS=64"),
    ];
    for (name, value) in variables {
        // SAFETY: the lock is held, and nothing else in this program reads or writes the environment.
        unsafe { std::env::set_var(name, value) };
    }
    let target = Target {
        triple: "i686-unknown-linux-gnu".to_owned(),
        os: "linux".to_owned(),
        env: "gnu".to_owned(),
        pointer_width: "32".to_owned(),
        ..windows("x86")
    };
    let out = sdk("clang", &[]);
    let compiler = compiler::Compiler::new(&target, &out).expect("it is named");
    let args = compiler.clang_args(&target);
    assert_eq!(args[0], "-D_TIME_BITS=64", "{args:?}");
    let folders = args[1..].iter().map(|arg| {
        let folder = arg.strip_prefix("-isystem").expect("only folders");
        Path::new(folder)
    });
    assert!(folders.clone().all(Path::is_dir), "{args:?}");
    let mut folders = folders;
    assert!(
        folders.any(|folder| folder.join("stdio.h").is_file()),
        "{args:?}"
    );
    // Windows has one width, and its own headers.
    assert_eq!(compiler.clang_args(&windows("x86")), [""; 0]);
}

/// A name that another begins with is not taken for it.
#[test]
fn what_the_linker_lacks_is_read() {
    let gnu = "/usr/bin/ld: /tmp/cc.o:(.data.rel+0x8): undefined reference to `pcap_open'\n\
               /usr/bin/ld: x.c:(.text+0x1): undefined reference to `pcap_remoteact_list'\ncollect2: error\n";
    let llvm = "ld.lld: error: undefined symbol: pcap_open\n>>> referenced by probe.c\n>>>   probe.o:(table)\n\
                ld.lld: error: undefined symbol: pcap_remoteact_list\n";
    for said in [gnu, llvm] {
        let names: Vec<_> = compiler::undefined(said).into_iter().collect();
        assert_eq!(names, ["pcap_open", "pcap_remoteact_list"]);
    }
    assert!(compiler::undefined("ld: cannot find -lpcap: undefined").is_empty());
}

#[test]
fn header_folders_are_taken_from_the_compiler() {
    let search = "ignoring nonexistent directory \"/x\"\n#include \"...\" search starts here:\n\
                  #include <...> search starts here:\n /usr/lib/gcc-cross/s390x-linux-gnu/12/include\n \
                  /usr/s390x-linux-gnu/include\nEnd of search list.\n /no\n";
    let folders: Vec<_> = compiler::header_folders(search).collect();
    assert_eq!(folders, ["/usr/s390x-linux-gnu/include"]);
}

/// The table of the tests must not depend on whether rustfmt was there.
#[test]
fn line_breaks_do_not_matter() {
    let text = r#"/* made */ pub const A : i32 = - 1 ; pub const T : & :: std :: ffi :: CStr = c"pub fn no(\"" ;
        # [repr (C)] pub struct s { pub a : [u8 ; 4usize] , pub type_ : Option < unsafe extern "C" fn (b : * mut u8) > , }
        const _ : () = { ["Size of s"] [:: std :: mem :: size_of :: < s > () - 16usize] ; ["Alignment of s"] [:: std ::
        mem :: align_of :: < s > () - 8usize] ; ["Offset of field: s::a"] [:: std :: mem :: offset_of ! (s , a) - 0usize] ;
        ["Offset of field: s::type_"] [:: std :: mem :: offset_of ! (s , type_) - 8usize] ; } ;
        # [repr (C)] pub struct opaque { _unused : [u8 ; 0] , } pub type o = opaque ; pub type n = i32 ;
        unsafe extern "C" { pub fn f (x : n) ; pub fn g () -> * mut o ; }"#;
    let surface = surface::Surface::read(text);
    assert_eq!(surface.functions, ["f", "g"]);
    assert_eq!(surface.types, [("n", "i32")]);
    assert_eq!(surface.opaque, ["o", "opaque"]);
    let expected = surface::Struct {
        name: "s",
        size: 16,
        align: 8,
        fields: vec![("a", 0), ("type_", 8)],
    };
    assert_eq!(surface.structs, [expected]);
    assert_eq!(surface.integers, [("A", -1)]);
    assert_eq!(surface.texts, [("T", "pub fn no(\"".to_owned())]);
}
