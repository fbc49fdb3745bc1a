//! The target's C compiler reads the same headers and must agree with rustc on the size, the alignment and the place
//! of every field of every bound structure, and on the value of every bound constant.
//!
//! The comparison is made by the C compiler, by static assertions, so that it also works for a target whose programs
//! do not run here.

mod common;

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;

use common::SURFACE;
use common::surface::Struct;

/// Where the C programs are made.
fn folder() -> &'static Path {
    Path::new(env!("CARGO_TARGET_TMPDIR"))
}

/// The target's C compiler, with what it needs to find the same headers as the build script.
fn compiler() -> (cc::Tool, Command) {
    let mut build = cc::Build::new();
    build
        .cargo_metadata(false)
        .target(env!("PCAP_SYS_TARGET"))
        .host(env!("PCAP_SYS_HOST"))
        .opt_level(0)
        .out_dir(folder());
    if let Some(include) = option_env!("PCAP_SYS_INCLUDE") {
        build.include(include);
    }
    for define in env!("PCAP_SYS_DEFINES").split_whitespace() {
        let (name, value) = match define.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (define, None),
        };
        build.define(name, value);
    }
    let tool = build.get_compiler();
    let mut command = tool.to_command();
    command.current_dir(folder());
    (tool, command)
}

/// What the preprocessor makes of the header.
struct Preprocessed {
    /// Its macros, one definition on each line.
    macros: String,
    /// The rest: its declarations.
    declarations: String,
}

/// The header, preprocessed once for all tests; none with Microsoft's compiler, which lists no macros.
static HEADER: LazyLock<Option<Preprocessed>> = LazyLock::new(|| {
    Some(Preprocessed {
        macros: preprocess(&["-dM"])?,
        declarations: preprocess(&["-P", "-w"])?,
    })
});

fn preprocess(arguments: &[&str]) -> Option<String> {
    let (tool, mut command) = compiler();
    if tool.is_like_msvc() {
        return None;
    }
    let source = "header.c";
    fs::write(folder().join(source), Source::new().0).expect("cargo's folder can be written");
    let output = command
        .arg("-E")
        .args(arguments)
        .arg(source)
        .output()
        .expect("the C compiler runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Whether the header may have this number of names that are not bound: some, if the bindings are from an older one.
fn few(unbound: usize) -> bool {
    unbound == 0 || (unbound < 10 && !cfg!(feature = "bindgen"))
}

/// Whether the header has the constant with the value that it had in the header of the bindings. They are the same
/// header, unless the bindings were made before: then there may be a few constants that it does not have yet, and the
/// last link type is another.
fn in_header(name: &str) -> bool {
    if cfg!(feature = "bindgen") {
        return true;
    }
    let Some(header) = &*HEADER else {
        return true;
    };
    let mut words = header
        .declarations
        .split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    !name.ends_with("_MATCHING_MAX")
        && (header.macros.contains(&format!("#define {name} ")) || words.any(|word| word == name))
}

/// Assertions in C, collected line by line.
struct Source(String);

impl Source {
    fn new() -> Self {
        Self("#include <stddef.h>\n#include <pcap/pcap.h>\n#include <pcap/namedb.h>\n".to_owned())
    }

    /// Asserts in C that an expression has a value.
    fn equal(&mut self, expression: &str, value: i128) {
        let name = expression.replace('"', "'");
        writeln!(
            self.0,
            "_Static_assert((long long)({expression}) == {value}LL, \"{name} is not {value}\");"
        )
        .expect("a string takes everything");
    }

    /// The same of a macro with an argument that not every libpcap has.
    fn equal_if_defined(&mut self, name: &str, argument: i32, value: i128) {
        writeln!(self.0, "#ifdef {name}").expect("a string takes everything");
        self.equal(&format!("{name}({argument})"), value);
        self.0.push_str("#endif\n");
    }

    fn size(&mut self, of: &str, size: usize, align: usize) {
        self.equal(&format!("sizeof({of})"), number(size));
        self.equal(&format!("_Alignof({of})"), number(align));
    }

    /// Compiles; the error is what the compiler said.
    fn compile(&self, name: &str) -> Result<(), String> {
        let (tool, mut command) = compiler();
        if tool.is_like_msvc() {
            command.args(["/std:c11", "/c"]);
        } else {
            command.args(["-std=gnu11", "-c", "-o"]);
            command.arg(format!("{name}.o"));
        }
        let source = format!("{name}.c");
        fs::write(folder().join(&source), &self.0).expect("cargo's folder can be written");
        let output = command.arg(source).output().expect("the C compiler runs");
        if output.status.success() {
            Ok(())
        } else {
            Err(String::from_utf8_lossy(&output.stderr).into_owned()
                + &String::from_utf8_lossy(&output.stdout))
        }
    }

    fn must_compile(&self, name: &str) {
        if let Err(text) = self.compile(name) {
            panic!("the C compiler disagrees:\n{text}");
        }
    }
}

fn number(value: usize) -> i128 {
    i128::try_from(value).expect("a size is small")
}

/// The table is read from the bindings; were it read wrongly, the other tests would compare nothing.
#[test]
fn nothing_is_missing_from_the_comparison() {
    let count = |prefix: &str| {
        SURFACE
            .integers
            .iter()
            .filter(|(name, _)| name.starts_with(prefix))
            .count()
    };
    assert!(
        SURFACE.integers.len() > 300,
        "{} numbers",
        SURFACE.integers.len()
    );
    assert!(count("DLT_") > 180, "{} link types", count("DLT_"));
    assert!(count("BPF_") >= 40, "{} BPF codes", count("BPF_"));
    assert!(count("PCAP_") > 50, "{} PCAP_ numbers", count("PCAP_"));
    assert!(SURFACE.texts.len() >= 2, "{} texts", SURFACE.texts.len());
    assert!(SURFACE.types.len() > 10, "{} types", SURFACE.types.len());
    let fields = |wanted: &str| {
        SURFACE
            .structs
            .iter()
            .find(|known| known.name == wanted)
            .map_or(0, |known| known.fields.len())
    };
    for (name, least) in [
        ("timeval", 2),
        ("pcap_pkthdr", 3),
        ("pcap_file_header", 7),
        ("pcap_stat", 3),
        ("pcap_if", 5),
        ("pcap_addr", 5),
        ("pcap_rmtauth", 3),
        ("pcap_samp", 2),
        ("bpf_program", 2),
        ("bpf_insn", 4),
    ] {
        assert!(fields(name) >= least, "{name} has {} fields", fields(name));
    }
}

/// Every macro of the header that is a number or a string is bound.
// Shows: parity/every-function-pcap-h
#[test]
fn no_constant_is_forgotten() {
    let Some(header) = &*HEADER else {
        return;
    };
    let is_bound = |name: &str| {
        SURFACE.integers.iter().any(|(bound, _)| *bound == name)
            || SURFACE.texts.iter().any(|(bound, _)| *bound == name)
    };
    let mut unbound = Vec::new();
    let mut seen = 0;
    for line in header.macros.lines() {
        let Some((name, value)) = line
            .strip_prefix("#define ")
            .and_then(|rest| rest.split_once(' '))
        else {
            continue;
        };
        let prefixes = ["PCAP_", "RPCAP_", "DLT_", "BPF_", "LT_", "MODE_", "PROTO_"];
        let is_ours = prefixes.iter().any(|prefix| name.starts_with(prefix));
        // A number, a string, or another constant; the rest are attributes.
        let is_value = value.starts_with(|c: char| c.is_ascii_digit() || "-\"".contains(c))
            || (prefixes.iter().any(|prefix| value.starts_with(prefix)) && !value.contains(' '));
        // A macro with arguments has them in its name.
        if is_ours && is_value && !name.contains('(') {
            if !is_bound(name) {
                unbound.push(line.to_owned());
            }
            seen += 1;
        }
    }
    assert!(few(unbound.len()), "{unbound:#?}");
    assert!(seen > 290, "{seen} macros");
}

/// Every function that the header declares is bound.
// Shows: libpcap/debians-library-lacks-ten, parity/every-function-pcap-h
#[test]
fn no_function_is_forgotten() {
    let Some(header) = &*HEADER else {
        return;
    };
    let text = &header.declarations;
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut unbound = Vec::new();
    let mut seen = 0;
    for (at, _) in text.match_indices('(') {
        let before = text[..at].trim_end();
        let name = &before[before.rfind(|c| !is_name(c)).map_or(0, |end| end + 1)..];
        // libpcap 1.11's headers define two for themselves.
        let start = before.rfind([';', '}']).map_or(0, |end| end + 1);
        let is_inline = before[start..]
            .split_whitespace()
            .any(|word| word == "static");
        if !is_inline && (name.starts_with("pcap_") || name.starts_with("bpf_")) {
            if !SURFACE.functions.contains(&name) {
                unbound.push(name.to_owned());
            }
            seen += 1;
        }
    }
    assert!(few(unbound.len()), "{unbound:#?}");
    assert!(seen > 80, "{seen} functions");
}

/// `pcap_pkthdr` over a `timeval` written by hand has wrong offsets where times have 64 bits and pointers 32.
// Shows: libpcap/pkthdr-over-timeval-written, parity/packets-header-over-timeval
#[test]
fn structures_are_laid_out_as_in_c() {
    let mut source = Source::new();
    let declarations = HEADER.as_ref().map_or("", |header| &header.declarations);
    for Struct {
        name,
        size,
        align,
        fields,
    } in &SURFACE.structs
    {
        // A few have no tag, only the name of a `typedef`.
        let tag = if declarations.contains(&format!("}} {name};")) {
            (*name).to_owned()
        } else {
            format!("struct {name}")
        };
        source.size(&tag, *size, *align);
        for (field, offset) in fields {
            // Rust cannot call a field `type`.
            let field = field.strip_suffix('_').unwrap_or(field);
            source.equal(&format!("offsetof({tag}, {field})"), number(*offset));
        }
    }
    source.must_compile("structures");
}

// Shows: parity/packets-header-over-timeval
#[test]
fn types_have_their_size_in_c() {
    let mut source = Source::new();
    for (name, size, align) in common::types() {
        source.size(name, size, align);
    }
    source.must_compile("types");
}

/// Error codes are negative and warnings positive numbers of one type, not one `i32` and the other `u32`.
// Shows: libpcap/pkthdr-over-timeval-written
#[test]
fn constants_have_their_value_in_c() {
    let mut source = Source::new();
    let mut compared = 0;
    for (name, value) in &SURFACE.integers {
        if in_header(name) {
            source.equal(name, *value);
            compared += 1;
        }
    }
    assert!(compared > SURFACE.integers.len() - 20, "{compared} numbers");
    source.must_compile("constants");
}

#[test]
fn texts_are_those_of_c() {
    let mut source = Source::new();
    for (name, text) in &SURFACE.texts {
        source.equal(&format!("sizeof({name})"), number(text.len() + 1));
        if !cfg!(target_env = "msvc") {
            source.equal(&format!("__builtin_strcmp({name}, \"{text}\")"), 0);
        }
    }
    source.must_compile("texts");
}

/// Macros that bindgen cannot bind are written by hand.
// Shows: libpcap/pkthdr-over-timeval-written
#[test]
fn macros_with_arguments_answer_as_in_c() {
    let mut source = Source::new();
    for code in 0..=0xff_i32 {
        for (name, value) in [
            ("BPF_CLASS", pcap_sys::BPF_CLASS(code)),
            ("BPF_SIZE", pcap_sys::BPF_SIZE(code)),
            ("BPF_MODE", pcap_sys::BPF_MODE(code)),
            ("BPF_OP", pcap_sys::BPF_OP(code)),
            ("BPF_SRC", pcap_sys::BPF_SRC(code)),
            ("BPF_RVAL", pcap_sys::BPF_RVAL(code)),
            ("BPF_MISCOP", pcap_sys::BPF_MISCOP(code)),
        ] {
            source.equal(&format!("{name}({code})"), value.into());
        }
    }
    source.equal("BPF_ALIGNMENT", number(pcap_sys::BPF_ALIGNMENT));
    for length in 0..=40 {
        source.equal(
            &format!("BPF_WORDALIGN({length})"),
            number(pcap_sys::BPF_WORDALIGN(length)),
        );
    }
    for link_type in [0, 1, 0x0400_0001, 0x1400_0001, 0x0224_0002, i32::MAX, -1] {
        for (name, value) in [
            (
                "LT_FCS_LENGTH_PRESENT",
                pcap_sys::LT_FCS_LENGTH_PRESENT(link_type),
            ),
            ("LT_FCS_LENGTH", pcap_sys::LT_FCS_LENGTH(link_type)),
            ("LT_LINKTYPE", pcap_sys::LT_LINKTYPE(link_type)),
            ("LT_RESERVED1", pcap_sys::LT_RESERVED1(link_type)),
            ("DLT_CLASS", pcap_sys::DLT_CLASS(link_type)),
            (
                "DLT_NETBSD_RAWAF_AF",
                pcap_sys::DLT_NETBSD_RAWAF_AF(link_type),
            ),
            (
                "DLT_IS_NETBSD_RAWAF",
                pcap_sys::DLT_IS_NETBSD_RAWAF(link_type).into(),
            ),
        ] {
            source.equal_if_defined(name, link_type, value.into());
        }
        // Unsigned in C.
        let ext = pcap_sys::LT_LINKTYPE_EXT(link_type) as u32;
        source.equal_if_defined("LT_LINKTYPE_EXT", link_type, ext.into());
    }
    // The last one already has the bits of the class.
    for family in (0..=15).chain([0x0224_0002]) {
        let value = pcap_sys::DLT_NETBSD_RAWAF(family);
        source.equal_if_defined("DLT_NETBSD_RAWAF", family, value.into());
    }
    // From 8 on C's shift would leave the `int`.
    for small in 0..=7 {
        source.equal(
            &format!("LT_FCS_DATALINK_EXT({small})"),
            pcap_sys::LT_FCS_DATALINK_EXT(small).into(),
        );
    }
    source.must_compile("macros");
}

/// The macros for the link-type field, which many headers lack, so that C compares nothing.
#[test]
fn a_link_type_field_has_three_parts() {
    // The link type, the reserved bits, and above them those of the frame check sequence.
    let field = 0x1432_0093;
    assert_eq!(pcap_sys::LT_LINKTYPE(field), 0x0093);
    assert_eq!(pcap_sys::LT_LINKTYPE_EXT(field), 0x1432_0000);
    assert_eq!(pcap_sys::LT_RESERVED1(field), 0x0032_0000);
}

#[test]
fn instructions_are_made_as_in_c() {
    let load = pcap_sys::BPF_STMT(pcap_sys::BPF_LD | pcap_sys::BPF_H | pcap_sys::BPF_ABS, 12);
    assert_eq!((load.code, load.jt, load.jf, load.k), (0x28, 0, 0, 12));
    let jump = pcap_sys::BPF_JUMP(
        pcap_sys::BPF_JMP | pcap_sys::BPF_JEQ | pcap_sys::BPF_K,
        0x800,
        1,
        2,
    );
    assert_eq!((jump.code, jump.jt, jump.jf, jump.k), (0x15, 1, 2, 0x800));
}

/// A wrong number of each kind must be noticed.
#[test]
fn a_difference_is_noticed() {
    let Struct { name, size, .. } = SURFACE.structs[0];
    let mut source = Source::new();
    source.equal(&format!("sizeof(struct {name})"), number(size + 1));
    let text = source.compile("wrong_size").expect_err("wrong by one");
    assert!(text.contains("is not"), "{text}");

    let mut source = Source::new();
    source.equal("offsetof(struct pcap_pkthdr, caplen)", 1);
    source.compile("wrong_offset").expect_err("wrong offset");

    let mut source = Source::new();
    source.equal("DLT_EN10MB", 2);
    source.compile("wrong_constant").expect_err("wrong value");

    if !cfg!(target_env = "msvc") {
        let mut source = Source::new();
        source.equal("__builtin_strcmp(PCAP_SRC_FILE_STRING, \"file:/!\")", 0);
        source.compile("wrong_text").expect_err("wrong text");
    }
}
