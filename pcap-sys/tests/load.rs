//! libpcap found when the program runs: this program is not linked with it, finds its functions, knows which it lacks,
//! and lives without it until it calls one.
#![cfg(feature = "load-dynamically")]

mod common;

use std::ffi::CStr;
use std::process::{Command, Output};

#[test]
fn the_library_is_loaded_and_answers() {
    pcap_sys::load().expect("there is a libpcap here");
    // Once more is the same.
    pcap_sys::load().expect("there is a libpcap here");
    // SAFETY: the function takes nothing and may be called at any time.
    let text = unsafe { pcap_sys::pcap_lib_version() };
    // SAFETY: the answer is a C text that lives as long as the program.
    let text = unsafe { CStr::from_ptr(text) };
    assert!(
        text.to_string_lossy().contains("libpcap version"),
        "{text:?}"
    );
}

#[test]
fn functions_are_asked_for_by_name() {
    for there in ["pcap_create", "pcap_init", "bpf_filter", "pcap_loop"] {
        assert!(pcap_sys::has(there), "{there}");
    }
    // Not libpcap's, though in libraries that it is linked with; and no names at all.
    for absent in ["malloc", "pcap_no_such", "", "pcap_create\0", "PCAP_CREATE"] {
        assert!(!pcap_sys::has(absent), "{absent}");
    }
}

/// Each function of the header is one of libpcap's, or known to be lacking; no two are the same.
#[test]
fn every_function_that_is_there_is_found() {
    let names = &common::SURFACE.functions;
    assert!(names.len() > 90, "{} names", names.len());
    let found = names.iter().filter(|name| pcap_sys::has(name)).count();
    println!("{found} of {} functions", names.len());
    assert!(found > 60, "{found} of {}", names.len());
}

/// A function can be given to C, as one that is linked can.
#[test]
fn a_function_has_its_type_in_c() {
    let handler: pcap_sys::pcap_handler = Some(pcap_sys::pcap_dump);
    assert!(handler.is_some());
    let close: unsafe extern "C" fn(*mut pcap_sys::pcap_t) = pcap_sys::pcap_close;
    // SAFETY: a dead handle of an ordinary link type, and a snaplen.
    let pcap = unsafe { pcap_sys::pcap_open_dead(pcap_sys::DLT_EN10MB, 65535) };
    assert!(!pcap.is_null());
    // SAFETY: a live handle, not used again.
    unsafe { close(pcap) };
}

#[test]
fn many_threads_find_it_at_once() {
    std::thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                for _ in 0..100 {
                    // SAFETY: takes any number; the answer is static.
                    let text = unsafe { pcap_sys::pcap_datalink_val_to_name(pcap_sys::DLT_EN10MB) };
                    assert!(!text.is_null());
                }
            });
        }
    });
}

/// Runs one of the tests below in a process of its own, which it ends.
fn child(test: &str) -> Output {
    let program = std::env::current_exe().expect("a program knows itself");
    run(&mut Command::new(program), test)
}

fn run(command: &mut Command, test: &str) -> Output {
    command.args(["--exact", test, "--nocapture"]);
    let output = command.env("PCAP_TEST_CHILD", "1").output();
    output.expect("the program runs")
}

/// The same in a system of its own, with nothing but the program and what it is linked with.
#[cfg(target_os = "linux")]
fn child_without_libpcap(test: &str) -> Output {
    let script = "mkdir -p \"$1\"; cp \"$2\" \"$1/program\"; \
                  ldd \"$2\" | sed -n 's|.*[[:space:]]\\(/[^ ]*\\) (0x.*|\\1|p' | while read -r file; do \
                  mkdir -p \"$1${file%/*}\" && cp -L \"$file\" \"$1$file\" || exit; done; \
                  root=$1; shift 2; exec chroot \"$root\" /program \"$@\"";
    let root = format!("{}/without-libpcap", env!("CARGO_TARGET_TMPDIR"));
    let mut command = Command::new("sh");
    command
        .args(["-c", script, "sh", &root])
        .arg(std::env::current_exe().expect("a program knows itself"))
        .env_remove("LD_LIBRARY_PATH");
    let output = run(&mut command, test);
    let _ = std::fs::remove_dir_all(root);
    output
}

fn is_child() -> bool {
    std::env::var_os("PCAP_TEST_CHILD").is_some()
}

/// A call through a null address would be undefined.
#[cfg(target_os = "linux")]
#[test]
fn a_lacking_function_ends_the_program() {
    let lacking = "pcap_remoteact_list";
    if pcap_sys::has(lacking) {
        println!("skipped: this libpcap has remote capture");
        return;
    }
    if is_child() {
        let mut errbuf = [0; pcap_sys::PCAP_ERRBUF_SIZE as usize];
        // SAFETY: never comes back.
        unsafe { pcap_sys::pcap_remoteact_list(std::ptr::null_mut(), 0, 0, errbuf.as_mut_ptr()) };
        println!("came back");
        return;
    }
    let output = child("a_lacking_function_ends_the_program");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        said.contains("pcap-sys: pcap_remoteact_list was called, but libpcap.so"),
        "{said}"
    );
    assert!(said.contains("has no such function"), "{said}");
    assert!(!String::from_utf8_lossy(&output.stdout).contains("came back"));
    assert!(output.status.code().is_none(), "{:?}", output.status);
}

/// Functions that it lacks would be called.
#[cfg(target_os = "linux")]
#[test]
fn a_library_that_is_too_old_is_not_taken() {
    if is_child() {
        let error = pcap_sys::load().expect_err("it is too old");
        println!("error: {error}");
        return;
    }
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("old");
    std::fs::create_dir_all(&folder).expect("cargo's folder can be written");
    let source = folder.join("old.c");
    let text = "const char *pcap_lib_version(void) { return \"libpcap version 1.9.1\"; }\n";
    std::fs::write(&source, text).expect("cargo's folder can be written");
    for name in ["libpcap.so.1", "libpcap.so.0.8", "libpcap.so"] {
        let mut compiler = Command::new("cc");
        compiler
            .args(["-shared", "-fPIC", "-o"])
            .arg(folder.join(name))
            .arg(&source);
        assert!(compiler.status().expect("a C compiler runs").success());
    }
    let program = std::env::current_exe().expect("a program knows itself");
    let output = Command::new(program)
        .args([
            "--exact",
            "a_library_that_is_too_old_is_not_taken",
            "--nocapture",
        ])
        .env("PCAP_TEST_CHILD", "1")
        .env("LD_LIBRARY_PATH", &folder)
        .output()
        .expect("the program runs");
    let printed = String::from_utf8_lossy(&output.stdout);
    let error = "error: no libpcap could be loaded: libpcap.so.1: it is too old: it has no pcap_init; libpcap.so.0.8: it";
    assert!(printed.contains(error), "{printed}");
}

/// A file of the name that is no library.
#[cfg(target_os = "linux")]
#[test]
fn a_file_that_is_no_library_is_an_error() {
    let test = "a_file_that_is_no_library_is_an_error";
    if is_child() {
        let error = pcap_sys::load().expect_err("it is no library");
        let places: Vec<&str> = error.tried().map(|(place, _)| place).collect();
        assert_eq!(places, ["libpcap.so.1", "libpcap.so.0.8", "libpcap.so"]);
        assert!(error.tried().all(|(_, why)| why.contains("file too short")));
        // SAFETY: never comes back.
        unsafe { pcap_sys::pcap_lib_version() };
        println!("came back");
        return;
    }
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("no-library");
    std::fs::create_dir_all(&folder).expect("cargo's folder can be written");
    for name in ["libpcap.so.1", "libpcap.so.0.8", "libpcap.so"] {
        std::fs::write(folder.join(name), "short").expect("cargo's folder can be written");
    }
    let mut program = Command::new(std::env::current_exe().expect("a program knows itself"));
    let output = run(program.env("LD_LIBRARY_PATH", &folder), test);
    let [said, printed] =
        [&output.stderr, &output.stdout].map(|text| String::from_utf8_lossy(text));
    assert!(!printed.contains("came back"), "{printed}");
    let line = "pcap-sys: pcap_lib_version was called, but no libpcap could be loaded";
    assert!(said.contains(line), "{said}\n{printed}");
}

#[cfg(target_os = "linux")]
#[test]
fn without_a_library_there_is_an_error() {
    if is_child() {
        assert!(!pcap_sys::has("pcap_create"));
        let error = pcap_sys::load().expect_err("it is hidden");
        let places: Vec<&str> = error.tried().map(|(place, _)| place).collect();
        assert_eq!(places, ["libpcap.so.1", "libpcap.so.0.8", "libpcap.so"]);
        println!("error: {error}");
        // SAFETY: never comes back.
        unsafe { pcap_sys::pcap_lib_version() };
        println!("came back");
        return;
    }
    // SAFETY: takes nothing, and always succeeds.
    if unsafe { libc::geteuid() } != 0 {
        println!("skipped: only root can be where there is no libpcap");
        return;
    }
    let output = child_without_libpcap("without_a_library_there_is_an_error");
    let [said, printed] =
        [&output.stderr, &output.stdout].map(|text| String::from_utf8_lossy(text));
    let error = "error: no libpcap could be loaded: libpcap.so.1: ";
    assert!(printed.contains(error), "{printed}\n{said}");
    assert!(!printed.contains("came back"), "{printed}");
    let line = "pcap-sys: pcap_lib_version was called, but no libpcap could be loaded";
    assert!(said.contains(line), "{said}");
}
