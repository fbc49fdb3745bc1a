//! `COVERAGE.md` against the headers of this build and the sources of pcap-core: nothing is missing, and
//! nothing is there that is not so.

#[path = "../common/mod.rs"]
mod common;

mod api;
mod page;

use std::fs;
use std::io::Write as _;
use std::path::Path;

use api::Api;
use common::SURFACE;
use page::{CONSTANTS, ELSEWHERE, FUNCTIONS, Header, MACROS, Row, TYPES};

const PAGE: &str = include_str!("../../COVERAGE.md");

/// Functions that only libpcap 1.11.0's headers have.
const NEW_FUNCTIONS: [&str; 0] = [];
/// The same of constants, without link types.
const NEW_CONSTANTS: [&str; 2] = ["PCAP_ERROR_CAPTURE_NOTSUP", "PCAP_MMAP_32BIT"];
/// Macros with arguments that 1.10.0's headers have not.
const NEW_MACROS: [&str; 3] = ["LT_LINKTYPE", "LT_LINKTYPE_EXT", "LT_RESERVED1"];
/// Macros that 1.10.0's headers have, and no more from 1.10.5 on.
const OLD_MACROS: [&str; 4] = [
    "DLT_CLASS",
    "DLT_IS_NETBSD_RAWAF",
    "DLT_NETBSD_RAWAF",
    "DLT_NETBSD_RAWAF_AF",
];

fn owned<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut names: Vec<String> = names.into_iter().map(str::to_owned).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// What this build's headers declare.
fn header() -> Header {
    let structs = SURFACE.structs.iter().map(|known| known.name);
    let types = SURFACE.types.iter().map(|(name, _)| *name);
    let types = structs.chain(types).chain(SURFACE.opaque.iter().copied());
    let is_ours =
        |name: &&str| name.starts_with("pcap_") || name.starts_with("bpf_") || *name == "pcap";
    let integers = SURFACE.integers.iter().map(|(name, _)| *name);
    let texts = SURFACE.texts.iter().map(|(name, _)| *name);
    // The bindings may be from another header than the one whose macros are here.
    let headers = option_env!("PCAP_SYS_BINDINGS").unwrap_or(env!("PCAP_SYS_VERSION"));
    let same = headers == env!("PCAP_SYS_VERSION");
    let version = headers
        .split('.')
        .map(str::parse)
        .take(if same { 3 } else { 0 });
    let version: Vec<u32> = version.map_while(Result::ok).collect();
    Header {
        version: match version[..] {
            [major, minor] => Some((major, minor, 0)),
            [major, minor, patch] => Some((major, minor, patch)),
            _ => None,
        },
        system: std::env::consts::OS.to_owned(),
        functions: owned(SURFACE.functions.iter().copied()),
        types: owned(types.filter(is_ours)),
        constants: owned(integers.chain(texts)),
        macros: macros(),
    }
}

/// The macros with arguments that the headers define, and `BPF_ALIGNMENT`, which is a size.
fn macros() -> Vec<String> {
    let folder = env!("PCAP_SYS_INCLUDE");
    let folder = Path::new(folder);
    let mut found = Vec::new();
    for file in ["pcap.h", "bpf.h", "dlt.h", "namedb.h"] {
        let text = fs::read(folder.join("pcap").join(file)).expect("a header");
        for line in String::from_utf8_lossy(&text).lines() {
            let Some(rest) = line.trim_start().strip_prefix('#') else {
                continue;
            };
            let Some(rest) = rest.trim_start().strip_prefix("define") else {
                continue;
            };
            let rest = rest.trim_start();
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            let (name, after) = rest.split_at(end.unwrap_or(rest.len()));
            let ours = ["PCAP_", "DLT_", "BPF_", "LT_"];
            if ours.iter().any(|prefix| name.starts_with(prefix))
                && (after.starts_with('(') || name == "BPF_ALIGNMENT")
            {
                found.push(name.to_owned());
            }
        }
    }
    owned(found.iter().map(String::as_str))
}

/// The sources of pcap-core, if they are here: this crate may have been unpacked alone.
fn sources() -> Option<Api> {
    Api::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../pcap-core/src"))
}

/// The faults of a page.
fn faults(page: &str, header: &Header, api: Option<&Api>) -> Vec<String> {
    let mut faults = Vec::new();
    let rows = page::rows(page, &mut faults);
    faults.extend(page::check(&rows, header, api));
    faults
}

/// To the terminal, past the test harness, which keeps what a passing test prints.
fn say(text: &str) {
    let written = std::io::stderr().write_all(text.as_bytes());
    written.expect("standard error is open");
}

#[test]
fn coverage_of_this_build_is_whole() {
    let header = header();
    let api = sources();
    let faults = faults(PAGE, &header, api.as_ref());
    assert!(
        faults.is_empty(),
        "COVERAGE.md is wrong:\n{}",
        faults.join("\n")
    );

    let rows = page::rows(PAGE, &mut Vec::new());
    let declared = |row: &&Row| {
        [FUNCTIONS, ELSEWHERE].contains(&row.table.as_str())
            && row.names.iter().any(|name| header.functions.contains(name))
    };
    let rows: Vec<&Row> = rows.iter().filter(declared).collect();
    let count = |class: &str| rows.iter().filter(|row| row.class == class).count();
    let (wrapped, inside, excluded) = (count("wrapped"), count("inside"), count("excluded"));
    let mut text = format!(
        "\nfunctions in the header {}, wrapped {wrapped}, used inside {inside}, excluded {excluded}\n",
        header.functions.len()
    );
    for row in rows.iter().filter(|row| row.class == "excluded") {
        text += &format!("  {}: {}\n", row.names.join(", "), row.text);
    }
    text += &format!(
        "types {}, constants {}, macros with arguments {}: each has its row\n",
        header.types.len(),
        header.constants.len(),
        header.macros.len()
    );
    let pending = rows.iter().filter(|row| row.text.contains('…')).count();
    if pending > 0 {
        text += &format!("{pending} of the wrapped have no path yet\n");
    }
    if api.is_none() {
        text += "pcap-core is not here: that its calls exist was not checked\n";
    }
    say(&text);
    assert_eq!(wrapped + inside + excluded, header.functions.len());
    assert!(header.functions.len() > 90 && header.types.len() >= 15);
    assert!(header.constants.len() > 300 && header.macros.len() > 10);
}

/// A page for one header only would fail on the next libpcap.
#[test]
fn the_page_holds_for_every_libpcap() {
    let mut old = header();
    old.version = Some((1, 10, 0));
    old.functions
        .retain(|name| !NEW_FUNCTIONS.contains(&name.as_str()));
    old.constants
        .retain(|name| !NEW_CONSTANTS.contains(&name.as_str()));
    old.macros
        .retain(|name| !NEW_MACROS.contains(&name.as_str()));
    old.macros.extend(OLD_MACROS.map(str::to_owned));
    old.macros = owned(old.macros.iter().map(String::as_str));
    let mut new = old.clone();
    new.version = Some((1, 11, 0));
    new.functions.extend(NEW_FUNCTIONS.map(str::to_owned));
    new.constants.extend(NEW_CONSTANTS.map(str::to_owned));
    new.constants.push("DLT_DECT_NR_TAP".to_owned());
    new.macros
        .retain(|name| !OLD_MACROS.contains(&name.as_str()));
    new.macros.extend(NEW_MACROS.map(str::to_owned));
    let mut unknown = new.clone();
    unknown.version = None;
    for header in [old, new, unknown] {
        let version = header.version;
        assert_eq!(faults(PAGE, &header, None), [] as [&str; 0], "{version:?}");
    }
}

/// Returns the page with one string replaced by another, and fails if the first is missing.
fn altered(from: &str, to: &str) -> String {
    assert!(PAGE.contains(from), "the page has no {from}");
    PAGE.replacen(from, to, 1)
}

#[test]
fn coverage_that_is_wrong_is_noticed() {
    let header = header();
    let api = sources();
    let row = "| `pcap_stats` | 0.4 | all | wrapped | `Capture<Active>::stats` |";
    let with = |new: &str| altered(row, new);
    let perror = "| excluded | prints an error on standard error; print an `Error` |";
    let mut cases = vec![
        (with("|"), "pcap_stats has no row"),
        (with(&format!("{row}\n{row}")), "pcap_stats has another row"),
        (
            with(&format!(
                "{row}\n{}",
                row.replace("pcap_stats", "pcap_statz")
            )),
            "pcap_statz is declared by no header",
        ),
        (with(&row.replace("| all", "| ")), "an empty cell"),
        (with(&row.replace("0.4", "")), "an empty cell"),
        (with(&row.replace("0.4", "new")), "`since` is no version"),
        (
            with(&row.replace("0.4", "9.9")),
            "a libpcap that is not known",
        ),
        (with(&row.replace("wrapped", "done")), "the class is not"),
        (with(&row.replace("wrapped", "not yet")), "the class is not"),
        (
            with(&row.replace("`Capture<Active>::stats`", "a call")),
            "no safe call is named",
        ),
        (
            with("| `pcap_stats` | 0.4 | all | excluded | no |"),
            "excluded without a reason",
        ),
        (
            with(&row.replace(" | wrapped", "")),
            "4 cells, and not five",
        ),
        (
            altered("| `pcap_t`, `pcap` |", "| `pcap` |"),
            "pcap_t has no row",
        ),
        (
            altered("| `bpf_insn` |", "| `bpf_insn`, `bpf_isn` |"),
            "bpf_isn is declared by no header",
        ),
        (
            altered("| `PCAP_IF_*` |", "| `PCAP_IF_UP` |"),
            "PCAP_IF_LOOPBACK has no row",
        ),
        (
            altered("| `PCAP_IF_*` |", "| `PCAP_IF_*`, `PCAP_IV_*` |"),
            "PCAP_IV_* is declared by no header",
        ),
        (
            altered("| `BPF_STMT`, `BPF_JUMP` |", "| `BPF_STMT` |"),
            "BPF_JUMP has no row",
        ),
        (altered("## Types", "## Typs"), "in no table that is known"),
    ];
    if api.is_some() {
        cases.extend([
            (
                with(&row.replace("Active>::stats", "Active>::statz")),
                "Capture<Active> has no public statz",
            ),
            // Of another phase, another type, and not public.
            (
                with(&row.replace("Active>::stats", "Offline>::stats")),
                "Capture<Offline> has no public stats",
            ),
            (
                with(&row.replace("Capture<Active>::stats", "Device::stats")),
                "Device has no public stats",
            ),
            (
                with(&row.replace("Capture<Active>::stats", "Captures")),
                "no public Captures",
            ),
            (
                with(&row.replace("Capture<Active>::stats", "Capture::state")),
                "Capture has no public state",
            ),
            (
                with(&row.replace("Capture<Active>::stats", "Filter::compile_on")),
                "Filter has no public compile_on",
            ),
            (
                with(&row.replace("Capture<Active>::stats", "lookup::stats")),
                "no public stats in lookup",
            ),
            (
                with(&row.replace("Capture<Active>::stats", "stats::Stats")),
                "the module stats is not public",
            ),
            (
                with(&row.replace("Capture<Active>::stats", "no::Stats")),
                "no public no",
            ),
            (
                with(&row.replace("Capture<Active>::stats", "<Stats as Display>")),
                "Stats does not implement Display",
            ),
            // There, and another one: of another name, and of another phase.
            (
                with(&row.replace("Active>::stats", "Active>::bufsize")),
                "`Capture<Active>::bufsize` has no alias pcap_stats",
            ),
            (
                with(&row.replace("Active>::stats", "Active>::bufsize")),
                "Capture<S>::stats has the alias pcap_stats, which no row says",
            ),
            (
                altered(
                    "| `Capture::precision`,",
                    "| `Capture<Inactive>::precision`,",
                ),
                "`Capture<Inactive>::precision` has no alias pcap_get_tstamp_precision",
            ),
            (
                altered("| `<MacAddr as FromStr>`,", "| `<Dlt as FromStr>`,"),
                "`<Dlt as FromStr>` has no alias pcap_ether_aton",
            ),
            (
                altered(perror, "| wrapped | `Error::text` |"),
                "what it does instead is not said",
            ),
            (
                altered(perror, "| inside | `Error::text` |"),
                "pcap_perror: pcap-core does not use it",
            ),
        ]);
    }
    for (page, fault) in cases {
        let faults = faults(&page, &header, api.as_ref());
        let found = faults.iter().any(|text| text.contains(fault));
        assert!(found, "{fault:?} was not noticed: {faults:#?}");
    }

    let lacks = |change: &dyn Fn(&mut Header), fault: &str| {
        let mut header = header.clone();
        change(&mut header);
        let faults = faults(PAGE, &header, None);
        let found = faults.iter().any(|text| text.contains(fault));
        assert!(found, "{fault:?} was not noticed: {faults:#?}");
    };
    lacks(
        &|h| h.functions.push("pcap_new".into()),
        "pcap_new has no row",
    );
    lacks(
        &|h| h.types.push("pcap_thing".into()),
        "pcap_thing has no row",
    );
    lacks(
        &|h| h.constants.push("PCAP_NEW_1".into()),
        "PCAP_NEW_1 has no row",
    );
    lacks(&|h| h.macros.push("LT_NEW".into()), "LT_NEW has no row");
    lacks(
        &|h| h.functions.retain(|f| f != "pcap_loop"),
        "pcap_loop is declared by no header",
    );
    lacks(
        &|h| h.types.retain(|t| t != "pcap_stat"),
        "pcap_stat is declared by no header",
    );
    lacks(
        &|h| h.constants.retain(|c| !c.starts_with("DLT_")),
        "DLT_* is declared by no header",
    );
    lacks(
        &|h| h.macros.retain(|m| m != "BPF_STMT"),
        "BPF_STMT is declared by no header",
    );
}

#[test]
fn coverage_reads_rust_as_it_is_written() {
    let mut api = Api::default();
    let root = r##"
        //! pub fn comment() {}
        mod hidden; pub mod open;
        pub use hidden::{Thing, deep::{Deep, Phase as Step}}; pub(crate) use hidden::Secret;
        pub fn root<'a>(c: char, s: &'a str) -> char { '{' }
        const TEXT: &str = r#"pub fn text() { "#;
        #[cfg(test)] mod tests { pub fn tested() {} }
        pub fn last() {}
    "##;
    let hidden = r#"
        pub struct Thing<S>(S);
        pub(crate) struct Secret;
        pub struct Active; pub struct Dead;
        pub trait Readable {} impl Readable for Active {}
        impl<S: Readable> Thing<S> { pub fn read(&self) where S: Sized { let _ = "}"; } fn private(&self) {} }
        impl Thing<Dead> { /* } */ pub const fn dead() -> u8 { b'}' } pub(crate) fn inner() { ffi::c_name() } pub const MAX: [u8; 2] = [0; 2]; }
        impl fmt::Display for Thing<Dead> { fn fmt(&self) {} }
        #[cfg(test)] mod tests { fn f() { ffi::only_tested(); } }
    "#;
    let open = "pub fn free() {} pub enum Kind { #[x] One, Two(u8), Three { a: u8 } } pub trait Ext { fn ext(&self, a: u8); }";
    api.add(root, &vec![]);
    api.add(hidden, &vec!["hidden".to_owned()]);
    api.add(open, &vec!["open".to_owned()]);
    for there in [
        "root",
        "last",
        "Thing",
        "Deep",
        "Step",
        "open",
        "open::free",
        "open::Kind::Two",
        "open::Ext::ext",
        "open::Kind::Three",
        "Thing<Active>::read",
        "Thing::read",
        "Thing<Dead>::dead",
        "Thing<Dead>::MAX",
        "<Thing as Display>",
    ] {
        assert_eq!(api.resolve(there), Ok(()), "{there}");
    }
    for absent in [
        "comment",
        "text",
        "tested",
        "Secret",
        "Phase",
        "hidden::Thing",
        "free",
        "Kind",
        "open::Kind::Four",
        "open::Kind::a",
        "Thing::private",
        "Thing::inner",
        "Thing<Dead>::read",
        "Thing<Active>::dead",
        "<Thing as Debug>",
        "open::none",
        "Thing::fmt",
    ] {
        assert!(api.resolve(absent).is_err(), "{absent}");
    }
    assert!(api.names("c_name") && !api.names("only_tested") && !api.names("comment"));
}

#[test]
fn coverage_compares_the_page_with_the_aliases() {
    let header = Header {
        functions: owned(["pcap_x"]),
        system: "linux".to_owned(),
        ..Header::default()
    };
    let faults_of = |call: &str, source: &str| {
        let mut api = Api::default();
        let inner = "fn inner() { ffi::pcap_x() } pub struct Thing<S>(S); pub struct On;";
        api.add(&format!("{inner} {source}"), &vec![]);
        let page = format!("## Functions\n| `pcap_x` | 0.4 | all | wrapped | `{call}` |");
        faults(&page, &header, Some(&api))
    };
    let x = "#[doc(alias = \"pcap_x\")]";
    let on = |first: &str, second: &str| {
        format!("impl Thing<On> {{ {first} #[must_use] pub fn x() {{}} {second} pub fn y() {{}} }}")
    };
    let none: [&str; 0] = [];
    for (call, source) in [
        ("Thing<On>::x", on(x, "")),
        ("Thing::x", on(x, "")),
        ("x", format!("{x} #[cfg(unix)] pub fn x() {{}} pub mod x;")),
        (
            "Thing::x",
            format!(
                "impl<S: Any> Thing<S> {{ {x} pub fn x() {{}} }} {}",
                on("", "")
            ),
        ),
        ("Kind::X", format!("pub enum Kind {{ A(u8), {x} X }}")),
        ("Ext::x", format!("pub trait Ext {{ fn a(); {x} fn x(); }}")),
        (
            "<Kind as Display>",
            format!("{x} pub enum Kind {{ A }} impl Display for Kind {{}}"),
        ),
    ] {
        assert_eq!(faults_of(call, &source), none, "{call}: {source}");
    }
    let lacks = "line 2: `Thing<On>::x` has no alias pcap_x".to_owned();
    let has = |what: &str| format!("Thing<On>::{what}, which no row says");
    let lost = "1 aliases are of nothing public, or twice".to_owned();
    for (source, expected) in [
        (on("", ""), vec![lacks.clone()]),
        (
            on("", x),
            vec![lacks.clone(), has("y has the alias pcap_x")],
        ),
        (on(x, x), vec![has("y has the alias pcap_x")]),
        (
            on("#[doc(alias = \"pcap_xx\")]", ""),
            vec![lacks.clone(), has("x has the alias pcap_xx")],
        ),
        (
            on(&format!("{x} fn private() {{}}"), ""),
            vec![lacks.clone(), lost.clone()],
        ),
        (on(&format!("{x} {x}"), ""), vec![lost.clone()]),
        (format!("{x} {}", on(x, "")), vec![lost]),
    ] {
        assert_eq!(faults_of("Thing<On>::x", &source), expected, "{source}");
    }
}

/// Each table is there, so that no rule above looks at nothing.
#[test]
fn coverage_has_every_table() {
    let rows = page::rows(PAGE, &mut Vec::new());
    for (table, least) in [
        (FUNCTIONS, 100),
        (ELSEWHERE, 20),
        (TYPES, 10),
        (CONSTANTS, 20),
        (MACROS, 5),
    ] {
        let count = rows.iter().filter(|row| row.table == table).count();
        assert!(count >= least, "{table}: {count} rows");
    }
}
