//! No part of the API depends on the version of libpcap, and only its handle is of its C interface, as the sources
//! show.

use std::fs;
use std::path::{Path, PathBuf};

/// Returns the Rust files below a directory.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|end| end == "rs") {
            files.push(path);
        }
    }
    files
}

/// Returns the words outside quotes of each `cfg(…)`, `cfg!(…)` and `cfg_attr(…)` of a text, or only the condition of
/// the last.
fn conditions(text: &str) -> Vec<Vec<&str>> {
    let mut conditions = Vec::new();
    for begin in ["cfg(", "cfg!(", "cfg_attr("] {
        for (at, _) in text.match_indices(begin) {
            let inside = &text[at + begin.len()..];
            let mut depth = 1;
            let end = inside.find(|c| {
                depth += i32::from(c == '(') - i32::from(c == ')');
                depth == 0 || (depth == 1 && c == ',' && begin == "cfg_attr(")
            });
            let inside = &inside[..end.expect("an unterminated condition")];
            let words = inside.split('"').step_by(2);
            let words =
                words.flat_map(|part| part.split(|c: char| c != '_' && !c.is_alphanumeric()));
            conditions.push(words.filter(|word| !word.is_empty()).collect());
        }
    }
    conditions
}

/// Functions that a version of libpcap lacks return an error when they are called. Only the layer above C may know at
/// compile time what there is, and it provides every name.
// Shows: parity/api-vanishes-librarys-version
#[test]
fn calls_do_not_vanish_with_a_version() {
    // The system, features that a program enables, and the builds of tests and documentation.
    let allowed = [
        "all",
        "any",
        "not",
        "target_os",
        "target_env",
        "target_vendor",
        "target_endian",
        "unix",
        "windows",
        "feature",
        "test",
        "doc",
        "doctest",
        "docsrs",
    ];
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut seen = 0;
    for path in sources(&src) {
        // Unit tests may depend on the machine.
        if path.starts_with(src.join("sys")) || path.ends_with("tests.rs") {
            continue;
        }
        for condition in conditions(&fs::read_to_string(&path).unwrap()) {
            seen += 1;
            let other: Vec<_> = condition.iter().filter(|w| !allowed.contains(w)).collect();
            assert!(other.is_empty(), "{other:?} in {}", path.display());
        }
    }
    assert!(seen > 10, "{seen} conditions are read");
}

#[test]
fn a_condition_of_a_version_would_be_noticed() {
    let text = "#[cfg(all(unix, any(libpcap_1_10_2, target_os = \"linux\")))]\nfn f() {}\n";
    let expected = ["all", "unix", "any", "libpcap_1_10_2", "target_os"];
    assert_eq!(conditions(text), [expected]);
    assert_eq!(conditions("#[cfg_attr(docsrs, doc(cfg))]"), [["docsrs"]]);
}

/// A signature with another type of `pcap-sys` would tie the API to the bindings.
#[test]
fn of_the_c_interface_only_pcap_t_is_public() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut handles = 0;
    for path in sources(&src) {
        if path.starts_with(src.join("sys")) {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        for (at, _) in text.match_indices("\n    pub ") {
            let signature = text[at..].split(['{', ';']).next().unwrap();
            for named in signature.split("sys::").skip(1) {
                let mut words = named.split(|c: char| c != '_' && !c.is_alphanumeric());
                assert_eq!(
                    words.next(),
                    Some("pcap_t"),
                    "{}{signature}",
                    path.display()
                );
                handles += 1;
            }
        }
    }
    assert!(handles > 3, "{handles} signatures name it");
}

#[test]
fn a_search_for_len_finds_wire_len() {
    let packet = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/packet");
    let files = ["header.rs", "mod.rs", "owned.rs"];
    let files = files.map(|file| fs::read_to_string(packet.join(file)).unwrap());
    let text = files.join("\n\n");
    let items = text
        .split("\n\n")
        .filter(|item| item.contains("fn wire_len("));
    let named = items.map(|item| item.contains("#[doc(alias = \"len\")]"));
    // Of the header, and of packets that borrow and that own their bytes.
    assert_eq!(named.collect::<Vec<_>>(), [true; 3]);
}
