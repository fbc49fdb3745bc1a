//! The pages of the repository: nothing that exists is said to be missing, everything they name exists, and lists are
//! complete.
//!
//! In an unpacked crate, its own pages are read.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Returns the files below a directory with one of these extensions.
pub(crate) fn files(folder: &Path, endings: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() && !["target", "data", "bindings"].contains(&name) {
            found.extend(files(&path, endings));
        } else if endings.iter().any(|ending| name.ends_with(ending)) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Returns the directories with sources and pages: all of the repository, or this crate.
pub(crate) fn packages() -> Vec<PathBuf> {
    let beside = |name: &str| root().parent().map(|folder| folder.join(name));
    let all = ["pcap-core", "pcap-sys", "pcap-examples"].map(beside);
    let there = all.into_iter().flatten().filter(|folder| folder.is_dir());
    let there: Vec<_> = there.collect();
    match there.len() {
        3 => there,
        _ => vec![root().to_owned()],
    }
}

/// Returns a file of the repository, if it exists.
pub(crate) fn of_repository(name: &str) -> Option<String> {
    fs::read_to_string(root().parent()?.join(name)).ok()
}

/// Returns the pages with their names.
pub(crate) fn pages() -> Vec<(String, String)> {
    let mut pages: Vec<_> = packages()
        .iter()
        .flat_map(|folder| files(folder, &[".md"]))
        .map(|path| {
            (
                path.display().to_string(),
                fs::read_to_string(path).unwrap(),
            )
        })
        .collect();
    for name in [
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "README.md",
        "SECURITY.md",
        "docs/counterparts.md",
        "docs/gallery/README.md",
        "docs/libpcap-defects.md",
        "docs/packagers.md",
        "docs/performance.md",
        "docs/versions.md",
    ] {
        pages.extend(of_repository(name).map(|text| (name.to_owned(), text)));
    }
    assert!(pages.len() >= 9, "{} pages", pages.len());
    pages
}

/// Returns the public documentation of the sources with the file names.
pub(crate) fn documentation() -> Vec<(String, String)> {
    let sources = packages().into_iter().map(|folder| folder.join("src"));
    let sources = sources.flat_map(|folder| files(&folder, &[".rs"]));
    let public = |path: PathBuf| {
        let (mut docs, mut pending) = (Vec::new(), Vec::new());
        let text = fs::read_to_string(&path).unwrap();
        for line in text.lines().map(str::trim_start) {
            if let Some(doc) = line.strip_prefix("//!") {
                docs.push(doc);
            } else if let Some(doc) = line.strip_prefix("///") {
                pending.push(doc);
            } else if !line.starts_with("#[") {
                if line.starts_with("pub ") {
                    docs.append(&mut pending);
                }
                pending.clear();
            }
        }
        (path.display().to_string(), docs.join("\n"))
    };
    sources.map(public).collect()
}

/// Returns the words that announce future work, if there are any.
fn is_to_come(text: &str) -> Option<String> {
    const NOT: [&str; 5] = ["not", "isn't", "aren't", "doesn't", "don't"];
    const PLACES: [&str; 3] = ["on", "in", "for"];
    const STATES: [&str; 7] = [
        "available",
        "here",
        "implemented",
        "possible",
        "supported",
        "there",
        "work",
    ];
    let words = text.split(|c: char| !c.is_alphanumeric() && c != '\'');
    let words = words.filter(|word| !word.is_empty()).map(str::to_lowercase);
    let words: Vec<_> = words.collect();
    // "not yet", "not here yet", "not on Windows yet".
    let to_come = |at: usize| {
        let before: Vec<_> = words[..at]
            .iter()
            .rev()
            .take(3)
            .map(String::as_str)
            .collect();
        match before[..] {
            [not, ..] if NOT.contains(&not) => true,
            [state, not, ..] if STATES.contains(&state) => NOT.contains(&not),
            [_, place, not] if PLACES.contains(&place) => NOT.contains(&not),
            _ => false,
        }
    };
    let yet = (0..words.len()).find(|&at| words[at] == "yet" && to_come(at));
    yet.map(|at| words[at.saturating_sub(5)..=at].join(" "))
}

#[test]
fn no_page_says_not_yet() {
    for (name, text) in pages().into_iter().chain(documentation()) {
        assert_eq!(is_to_come(&text), None, "{name}");
    }
    for text in [
        "Not here yet: Windows.",
        "not on Windows yet",
        "PKTAP: not yet",
        "isn't there yet",
    ] {
        assert!(is_to_come(text).is_some(), "{text}");
    }
    for text in [
        "a handle not activated yet",
        "Nothing there yet",
        "it is not. And yet",
    ] {
        assert!(is_to_come(text).is_none(), "{text}");
    }
}

/// Returns the entries of a changelog: the subject of each, up to the colon.
fn subjects(text: &str) -> Vec<String> {
    let mut items: Vec<String> = Vec::new();
    for line in text.lines() {
        match line.trim_start().strip_prefix("- ") {
            Some(item) => items.push(item.to_owned()),
            None => {
                if let Some(item) = items.last_mut() {
                    *item += " ";
                    *item += line.trim();
                }
            }
        }
    }
    let subject = |item: String| {
        item.split_once(": ")
            .map_or(item.clone(), |(subject, _)| subject.into())
    };
    items.into_iter().map(subject).collect()
}

#[test]
fn no_entry_of_the_changelog_is_twice() {
    let Some(text) = of_repository("CHANGELOG.md") else {
        return;
    };
    for release in text.split("\n## ") {
        let mut seen = BTreeSet::new();
        for subject in subjects(release) {
            assert!(seen.insert(subject.clone()), "`{subject}` occurs twice");
        }
    }
    assert_eq!(subjects("- a: b\n  c\n- d\n  e: f"), ["a", "d e"]);
}

/// Returns the identifiers in the code of this crate and of `pcap-sys`, without comments.
fn identifiers() -> BTreeSet<String> {
    let mut words = BTreeSet::new();
    for folder in packages()
        .iter()
        .filter(|folder| !folder.ends_with("pcap-examples"))
    {
        let mut sources = files(&folder.join("src"), &[".rs"]);
        // Environment variables are in the build scripts.
        for more in ["src/bindings", "build"].map(|name| folder.join(name)) {
            if more.is_dir() {
                sources.extend(files(&more, &[".rs"]));
            }
        }
        for path in sources {
            let text = fs::read_to_string(path).unwrap();
            let code = text
                .lines()
                .filter(|line| !line.trim_start().starts_with("//"));
            for line in code {
                let parts = line.split(|c: char| !c.is_alphanumeric() && c != '_');
                words.extend(parts.filter(|word| !word.is_empty()).map(str::to_owned));
            }
        }
    }
    words
}

/// Returns the names of calls and types in backticks in a text: `Capture::from_file`, `next_packet()`, `Eof`.
fn names(text: &str) -> Vec<String> {
    let quoted = text.split('`').skip(1).step_by(2);
    let names = quoted.filter_map(|quoted| {
        let name = quoted.split(['(', '<']).next().unwrap_or_default();
        let is_name = |part: &str| {
            part.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
                && part.bytes().all(|b| b == b'_' || b.is_ascii_alphanumeric())
        };
        // A single word in lower case is a program, a device, or a word of another language.
        let telling =
            name.contains(['_', ':']) || name.starts_with(|c: char| c.is_ascii_uppercase());
        let all = name.split("::").all(is_name);
        (telling && all).then(|| name.to_owned())
    });
    names.collect()
}

/// Names that belong to others: the standard library, other crates, systems, compilers.
const OTHERS: [&str; 20] = [
    "BINDGEN_EXTRA_CLANG_ARGS",
    "CC",
    "CFLAGS",
    "Deref",
    "LIB",
    "LDFLAGS",
    "LIBCLANG_PATH",
    "LIBPCAP_LIBDIR_s390x_unknown_linux_gnu",
    "MultiGzDecoder",
    "PATH",
    "PKG_CONFIG_ALLOW_CROSS",
    "PKG_CONFIG_LIBDIR",
    "PKG_CONFIG_PATH",
    "RUSTFLAGS",
    "SOURCE_DATE_EPOCH",
    "System32",
    "access_bpf",
    "flate2",
    "pcap_core",
    "read",
];

/// Returns the columns of the pages that describe this crate, and the pages only about it.
fn of_this_crate() -> Vec<(String, String)> {
    let mut texts = Vec::new();
    let docs = root().join("docs");
    for path in files(&docs.join("coming-from"), &[".md"]) {
        let text = fs::read_to_string(&path).unwrap();
        let here = text
            .lines()
            .filter_map(|line| line.strip_prefix('|')?.split('|').nth(1));
        texts.push((
            path.display().to_string(),
            here.collect::<Vec<_>>().join("\n"),
        ));
    }
    let parity = fs::read_to_string(docs.join("parity.md")).unwrap();
    // The last column of each table is about this crate.
    let rows = parity.lines().filter(|line| line.starts_with("| <!-- "));
    let here = rows.filter_map(|line| line.trim_end_matches([' ', '|']).rsplit('|').next());
    let here = here.collect::<Vec<_>>();
    assert!(here.len() > 50, "{} rows", here.len());
    texts.push(("parity.md".into(), here.join("\n")));
    for name in ["docs/platforms.md", "docs/tasks.md", "README.md"] {
        let text = fs::read_to_string(root().join(name)).unwrap();
        texts.push((name.into(), text));
    }
    for name in [
        "README.md",
        "docs/packagers.md",
        "docs/versions.md",
        "pcap-sys/docs/building.md",
    ] {
        texts.extend(of_repository(name).map(|text| (name.into(), text)));
    }
    texts
}

#[test]
fn what_the_pages_name_exists() {
    if packages().len() == 1 {
        // The pages also name what is in the other crates.
        return;
    }
    let known = identifiers();
    let mut missing: HashMap<String, Vec<String>> = HashMap::new();
    let mut count = 0;
    for (page, text) in of_this_crate() {
        for name in names(&text) {
            count += 1;
            // Some have a suffix: `LIBPCAP_LIBDIR_<target>`.
            let part_is_known = |part: &str| {
                let part = part.strip_prefix("DEP_PCAP_").unwrap_or(part);
                known.contains(part)
                    || OTHERS.contains(&part)
                    || part.ends_with('_') && known.iter().any(|word| part.starts_with(word))
            };
            let there = name.split("::").all(part_is_known);
            if !there {
                missing.entry(page.clone()).or_default().push(name);
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
    assert!(count > 300, "{count} names");
}

/// Returns the rows of a table of cargo features.
fn feature_rows(text: &str) -> Vec<&str> {
    let lines = text.lines().map(|line| line.trim_start_matches("//! "));
    let from = lines.skip_while(|line| !line.starts_with("| feature | adds |"));
    from.skip(2)
        .take_while(|line| line.starts_with('|'))
        .collect()
}

#[test]
fn all_cargo_features_are_listed() {
    let [manifest, readme, guide] = ["Cargo.toml", "README.md", "src/lib.rs"]
        .map(|name| fs::read_to_string(root().join(name)).unwrap());
    let features = manifest.split("[features]\n").nth(1).unwrap();
    let features = features.lines().take_while(|line| !line.starts_with('['));
    let features = features.filter_map(|line| Some(line.split_once(" = [")?.0));
    let features: BTreeSet<_> = features.filter(|name| *name != "default").collect();
    let rows = feature_rows(&readme);
    let listed = rows.iter().filter_map(|row| row.split('`').nth(1));
    assert_eq!(listed.collect::<BTreeSet<_>>(), features);
    assert_eq!(feature_rows(&guide), rows);
}

#[test]
fn all_programs_are_listed() {
    let Some(package) = packages()
        .into_iter()
        .find(|folder| folder.ends_with("pcap-examples"))
    else {
        return;
    };
    // Each is a file or a directory.
    let programs = fs::read_dir(package.join("src/bin")).unwrap();
    let programs = programs.map(|entry| entry.unwrap().path());
    let programs: Vec<_> = programs.collect();
    let programs: BTreeSet<_> = programs
        .iter()
        .map(|path| path.file_stem().unwrap().to_str().unwrap())
        .collect();
    assert!(programs.len() >= 10, "{programs:?}");
    let readme = of_repository("README.md").unwrap();
    let table = readme.split("| program | description |").nth(1).unwrap();
    let rows = table
        .lines()
        .skip(2)
        .take_while(|line| line.starts_with('|'));
    let listed = rows.filter_map(|row| row.split('`').nth(1));
    assert_eq!(listed.collect::<BTreeSet<_>>(), programs);
    let own = fs::read_to_string(package.join("README.md")).unwrap();
    let changes = of_repository("CHANGELOG.md").unwrap();
    for program in programs {
        let quoted = format!("`{program}`");
        assert!(own.contains(&quoted), "{program} is not in its README");
        assert!(
            changes.contains(&quoted),
            "{program} is not in the changelog"
        );
    }
}
