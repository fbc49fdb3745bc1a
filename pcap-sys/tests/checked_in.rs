//! The bindings in `src/bindings`: which target takes which, and whether they say what bindgen says of this machine's
//! headers. That they are as bindgen makes them for every target, `ci/update-bindings --check` finds out.
#![allow(dead_code)]

#[path = "../build/checked_in.rs"]
mod checked_in;
#[path = "common/surface.rs"]
mod surface;
#[path = "../build/target.rs"]
mod target;

use checked_in::Times;
use target::Target;

fn target(triple: &str, [os, env, arch, width]: [&str; 4]) -> Target {
    Target {
        triple: triple.to_owned(),
        host: "x86_64-unknown-linux-gnu".to_owned(),
        os: os.to_owned(),
        env: env.to_owned(),
        arch: arch.to_owned(),
        pointer_width: width.to_owned(),
        endian: String::new(),
        crt_static: false,
    }
}

const LINUX_64: [&str; 4] = ["linux", "gnu", "x86_64", "64"];
const LINUX_32: [&str; 4] = ["linux", "gnu", "powerpc", "32"];
const I686: [&str; 4] = ["linux", "gnu", "x86", "32"];

#[test]
fn each_target_has_its_file() {
    let mut files = Vec::new();
    for (of, times, name) in [
        (LINUX_64, Times::Unknown, "linux-gnu-64"),
        (
            ["linux", "gnu", "s390x", "64"],
            Times::Unknown,
            "linux-gnu-64",
        ),
        (LINUX_32, Times::Bits32, "linux-gnu-32"),
        (LINUX_32, Times::Bits64, "linux-gnu-32-time64"),
        (I686, Times::Bits32, "linux-gnu-32"),
        (I686, Times::Bits64, "linux-gnu-x86-time64"),
        (
            ["linux", "musl", "aarch64", "64"],
            Times::Unknown,
            "linux-musl-64",
        ),
        (
            ["linux", "musl", "loongarch64", "64"],
            Times::Unknown,
            "linux-musl-64",
        ),
        (
            ["windows", "gnu", "x86_64", "64"],
            Times::Unknown,
            "windows-gnu-64",
        ),
        (
            ["windows", "gnu", "x86", "32"],
            Times::Bits32,
            "windows-gnu-32",
        ),
        (
            ["windows", "msvc", "aarch64", "64"],
            Times::Unknown,
            "windows-msvc-64",
        ),
        (
            ["windows", "msvc", "x86", "32"],
            Times::Unknown,
            "windows-msvc-32",
        ),
    ] {
        assert_eq!(checked_in::name(&target("", of), times), Ok(name), "{of:?}");
        let text = checked_in::read(name).expect("the file is in the package");
        let numbers = checked_in::version(&text).map(|version| version.split('.').count());
        assert_eq!(numbers, Some(3), "{name}");
        assert!(surface::Surface::read(&text).functions.len() > 90, "{name}");
        files.push(format!("{name}.rs"));
    }
    for file in std::fs::read_dir("src/bindings").expect("the package's folder") {
        let file = file.expect("a file").file_name();
        assert!(
            files.contains(&file.to_string_lossy().into_owned()),
            "{file:?}"
        );
    }
}

/// libpcap's `configure` knows fewer names than rustc.
#[test]
fn each_target_has_a_name_for_configure() {
    for (triple, [os, env, arch], name) in [
        (
            "i586-unknown-linux-gnu",
            ["linux", "gnu", "x86"],
            "i586-unknown-linux-gnu",
        ),
        (
            "riscv64gc-unknown-linux-musl",
            ["linux", "musl", "riscv64"],
            "riscv64-unknown-linux-musl",
        ),
        (
            "thumbv7neon-unknown-linux-gnueabihf",
            ["linux", "gnu", "arm"],
            "arm-unknown-linux-gnueabihf",
        ),
        (
            "armeb-unknown-linux-gnueabi",
            ["linux", "gnu", "arm"],
            "armeb-unknown-linux-gnueabi",
        ),
        (
            "powerpc64le-unknown-linux-gnu",
            ["linux", "gnu", "powerpc64"],
            "powerpc64le-unknown-linux-gnu",
        ),
        (
            "mipsel-unknown-linux-gnu",
            ["linux", "gnu", "mips"],
            "mipsel-unknown-linux-gnu",
        ),
        (
            "mipsisa32r6el-unknown-linux-gnu",
            ["linux", "gnu", "mips32r6"],
            "mipsel-unknown-linux-gnu",
        ),
        (
            "mipsisa64r6-unknown-linux-gnuabi64",
            ["linux", "gnu", "mips64r6"],
            "mips64-unknown-linux-gnuabi64",
        ),
        (
            "aarch64-unknown-linux-ohos",
            ["linux", "ohos", "aarch64"],
            "aarch64-unknown-linux-musl",
        ),
        (
            "i686-unknown-hurd-gnu",
            ["hurd", "gnu", "x86"],
            "i686-unknown-gnu",
        ),
        (
            "x86_64-unknown-illumos",
            ["illumos", "", "x86_64"],
            "x86_64-pc-solaris2.11",
        ),
        (
            "arm64_32-apple-watchos",
            ["watchos", "", "aarch64"],
            "aarch64-apple-darwin",
        ),
    ] {
        assert_eq!(target(triple, [os, env, arch, "64"]).gnu_triple(), name);
    }
}

/// Returns the macros that a C compiler for a system and a processor predefines.
fn macros(names: &str, pointer: u32, endian: &str) -> String {
    let names = names.split_whitespace();
    let mut text: String = names.map(|name| format!("#define {name} 1\n")).collect();
    text += &format!("#define __SIZEOF_POINTER__ {pointer}\n");
    text + &format!("#define __BYTE_ORDER__ __ORDER_{endian}_ENDIAN__\n")
}

#[test]
fn a_compiler_for_another_target_is_recognized() {
    let of = |[os, env, arch, width]: [&str; 4], endian: &str| Target {
        endian: endian.to_owned(),
        ..target("", [os, env, arch, width])
    };
    // Each is accepted for its own target only.
    let pairs = [
        (
            of(["linux", "gnu", "x86_64", "64"], "little"),
            macros("__linux__ __x86_64__ __GLIBC__", 8, "LITTLE"),
        ),
        (
            of(["linux", "musl", "x86_64", "64"], "little"),
            macros("__linux__ __x86_64__", 8, "LITTLE"),
        ),
        (
            of(["linux", "gnu", "x86_64", "32"], "little"),
            macros("__linux__ __x86_64__ __GLIBC__", 4, "LITTLE"),
        ),
        (
            of(["linux", "gnu", "x86", "32"], "little"),
            macros("__linux__ __i386__ __GLIBC__", 4, "LITTLE"),
        ),
        (
            of(["linux", "gnu", "aarch64", "64"], "little"),
            macros("__linux__ __aarch64__ __GLIBC__", 8, "LITTLE"),
        ),
        (
            of(["linux", "gnu", "aarch64", "64"], "big"),
            macros("__linux__ __aarch64__ __GLIBC__", 8, "BIG"),
        ),
        (
            of(["linux", "gnu", "powerpc", "32"], "big"),
            macros("__linux__ __PPC__ __GLIBC__", 4, "BIG"),
        ),
        (
            of(["linux", "gnu", "powerpc64", "64"], "big"),
            macros("__linux__ __PPC__ __PPC64__ __GLIBC__", 8, "BIG"),
        ),
        (
            of(["linux", "gnu", "powerpc64", "64"], "little"),
            macros("__linux__ __PPC__ __PPC64__ __GLIBC__", 8, "LITTLE"),
        ),
        (
            of(["linux", "gnu", "s390x", "64"], "big"),
            macros("__linux__ __s390x__ __GLIBC__", 8, "BIG"),
        ),
        (
            of(["linux", "gnu", "riscv64", "64"], "little"),
            macros("__linux__ __riscv __GLIBC__", 8, "LITTLE"),
        ),
        (
            of(["linux", "gnu", "loongarch64", "64"], "little"),
            macros("__linux__ __loongarch__ __GLIBC__", 8, "LITTLE"),
        ),
        (
            of(["linux", "gnu", "arm", "32"], "little"),
            macros("__linux__ __arm__ __GLIBC__", 4, "LITTLE"),
        ),
        (
            of(["windows", "gnu", "x86_64", "64"], "little"),
            macros("_WIN32 __x86_64__", 8, "LITTLE"),
        ),
        (
            of(["macos", "", "x86_64", "64"], "little"),
            macros("__APPLE__ __x86_64__", 8, "LITTLE"),
        ),
        (
            of(["freebsd", "", "x86_64", "64"], "little"),
            macros("__FreeBSD__ __x86_64__", 8, "LITTLE"),
        ),
        (
            of(["netbsd", "", "x86_64", "64"], "little"),
            macros("__NetBSD__ __x86_64__", 8, "LITTLE"),
        ),
        (
            of(["openbsd", "", "x86_64", "64"], "little"),
            macros("__OpenBSD__ __x86_64__", 8, "LITTLE"),
        ),
        (
            of(["dragonfly", "", "x86_64", "64"], "little"),
            macros("__DragonFly__ __x86_64__", 8, "LITTLE"),
        ),
        (
            of(["illumos", "", "x86_64", "64"], "little"),
            macros("__sun __x86_64__", 8, "LITTLE"),
        ),
        (
            of(["android", "", "x86_64", "64"], "little"),
            macros("__linux__ __ANDROID__ __x86_64__", 8, "LITTLE"),
        ),
    ];
    for (n, (target, _)) in pairs.iter().enumerate() {
        for (m, (other, macros)) in pairs.iter().enumerate() {
            let is_accepted = target.is_described_by(macros, true);
            assert_eq!(is_accepted, n == m, "{target:?}, the compiler of {other:?}");
        }
    }
    // The C library's own macros are not known.
    assert!(pairs[0].0.is_described_by(&pairs[1].1, false));
    // Nothing is known of an unusual system and processor.
    let unusual = of(["haiku", "", "hexagon", "32"], "");
    assert!(unusual.is_described_by("#define __haiku__ 1\n", true));
}

#[test]
fn a_target_without_a_file_needs_bindgen() {
    for (triple, of) in [
        ("x86_64-unknown-freebsd", ["freebsd", "", "x86_64", "64"]),
        ("aarch64-apple-darwin", ["macos", "", "aarch64", "64"]),
        // 32 bits of a machine of 64, and times that are wide all the same.
        (
            "x86_64-unknown-linux-gnux32",
            ["linux", "gnu", "x86_64", "32"],
        ),
        ("i686-unknown-linux-musl", ["linux", "musl", "x86", "32"]),
    ] {
        let error = checked_in::name(&target(triple, of), Times::Bits32).expect_err(triple);
        assert!(error.contains(triple), "{error}");
        assert!(error.contains("the `bindgen` feature"), "{error}");
    }
}

/// A structure with times of the wrong width would be read beside its fields.
#[test]
fn unknown_times_are_not_guessed() {
    let error = checked_in::name(
        &target("powerpc-unknown-linux-gnu", LINUX_32),
        Times::Unknown,
    );
    let error = error.expect_err("nobody knows");
    assert!(error.contains("on powerpc-unknown-linux-gnu"), "{error}");
}

/// Each declaration by its name, without what differs only in form.
#[cfg(feature = "bindgen")]
fn items(text: &str) -> std::collections::BTreeMap<String, String> {
    let tokens = surface::tokens(text);
    let mut items = std::collections::BTreeMap::new();
    for (at, window) in tokens.windows(3).enumerate() {
        let ["pub", kind @ ("fn" | "const" | "type" | "struct"), name] = *window else {
            continue;
        };
        let mut depth = 0_usize;
        let body = tokens[at..].iter().take_while(|token| {
            match **token {
                "{" | "(" | "[" => depth += 1,
                "}" | ")" | "]" => depth = depth.saturating_sub(1),
                _ => {}
            }
            let ends = **token == ";" || (kind == "struct" && **token == "}");
            !(ends && depth == 0)
        });
        // rustfmt leaves a comma behind the last argument of a long line.
        let body: Vec<&str> = body.copied().filter(|token| *token != ",").collect();
        items.insert(name.to_owned(), body.join(" "));
    }
    items
}

#[cfg(all(feature = "bindgen", target_os = "linux", target_pointer_width = "64"))]
#[test]
fn they_are_what_bindgen_makes_here() {
    let generated = include_str!(concat!(env!("OUT_DIR"), "/bindings.rs"));
    let env = if cfg!(target_env = "musl") {
        "musl"
    } else {
        "gnu"
    };
    let here = target("", ["linux", env, std::env::consts::ARCH, "64"]);
    let name =
        checked_in::name(&here, Times::Unknown).expect("the tests run where there is a file");
    let kept = checked_in::read(name).expect("the file is in the package");
    let same_header = checked_in::version(&kept) == Some(env!("PCAP_SYS_VERSION"));
    let [kept, generated] = [items(&kept), items(generated)];
    if same_header {
        assert_eq!(kept, generated);
    }
    // Another version may have more, and another last link type; what both have is the same.
    let mut functions = 0;
    for (name, item) in &generated {
        match kept.get(name) {
            Some(other) if !name.ends_with("_MATCHING_MAX") => assert_eq!(other, item),
            _ => continue,
        }
        functions += usize::from(item.starts_with("pub fn"));
    }
    assert!(functions > 90, "{functions} functions");
    let differ = generated.len().abs_diff(kept.len());
    assert!(
        differ < 20 && kept.len() > 400,
        "{} and {}",
        kept.len(),
        generated.len()
    );
}
