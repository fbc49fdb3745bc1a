//! What several places of the repository state is the same in all: versions, packages, figures. Links between pages
//! lead somewhere.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::docs_pages::{documentation, files, of_repository, packages, pages, root};

/// Returns the version at the beginning of a text, such as `1.10.0`.
fn version(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.');
    text[..end.unwrap_or(text.len())].trim_end_matches('.')
}

/// Returns the versions of the form `1.x` that follow a word in a text.
fn versions_after<'a>(text: &'a str, word: &str) -> Vec<&'a str> {
    let after = text.split(word).skip(1).map(version);
    after.filter(|found| found.starts_with("1.")).collect()
}

#[test]
fn minimum_versions_are_those_of_the_build() {
    let Some(workspace) = of_repository("Cargo.toml") else {
        return;
    };
    let [rust] = versions_after(&workspace, "rust-version = \"")[..] else {
        panic!("expected a single minimum version of Rust");
    };
    // The programs require a newer one than the libraries.
    let programs = of_repository("pcap-examples/Cargo.toml").unwrap();
    let [of_programs] = versions_after(&programs, "rust-version = \"")[..] else {
        panic!("expected a minimum version of Rust for the programs");
    };
    let source = of_repository("pcap-sys/build/version.rs").unwrap();
    let minimum = source.split("const MINIMUM: Version = Version {").nth(1);
    let minimum = minimum.unwrap().split('}').next().unwrap();
    let numbers = minimum.split(|c: char| !c.is_ascii_digit());
    let numbers: Vec<_> = numbers.filter(|number| !number.is_empty()).collect();
    let libpcap = numbers.join(".");

    let mut count = 0;
    for (name, text) in pages().into_iter().chain(documentation()) {
        for found in versions_after(&text.replace("](https://rustup.rs)", ""), "Rust ") {
            assert!([rust, of_programs].contains(&found), "{name}: {found}");
            count += 1;
        }
        // Not the versions in which something differs.
        let claims = text.match_indices("libpcap 1.");
        for (at, _) in claims.filter(|(at, _)| {
            let rest = &text[at + "libpcap ".len()..];
            rest[version(rest).len()..].starts_with(" or newer")
        }) {
            assert_eq!(version(&text[at + "libpcap ".len()..]), libpcap, "{name}");
            count += 1;
        }
    }
    assert!(count >= 8, "{count} claims");
}

#[test]
fn the_prebuilt_bindings_are_of_the_version_that_the_pages_name() {
    let Some(package) = packages()
        .into_iter()
        .find(|folder| folder.ends_with("pcap-sys"))
    else {
        return;
    };
    let mut of = BTreeSet::new();
    for path in files(&package.join("src/bindings"), &[".rs"]) {
        let text = fs::read_to_string(&path).unwrap();
        let first = text.lines().next().unwrap().to_owned();
        let found = versions_after(&first, "libpcap ").join(" ");
        assert!(!found.is_empty(), "{}: {first}", path.display());
        of.insert((path.to_str().unwrap().contains("linux"), found));
    }
    let of_linux: Vec<_> = of.iter().filter(|(linux, _)| *linux).collect();
    let [(_, of_linux)] = of_linux[..] else {
        panic!("bindings of several versions: {of:?}");
    };
    for name in ["README.md", "src/lib.rs"] {
        let text = fs::read_to_string(package.join(name)).unwrap();
        let named = text.split("libpcap ").skip(1);
        let named: Vec<_> = named.filter(|rest| rest.contains("'s headers")).collect();
        let named = named.iter().map(|rest| version(rest));
        let named: Vec<_> = named.filter(|found| found.starts_with("1.")).collect();
        assert!(named.contains(&of_linux.as_str()), "{name}: {named:?}");
    }
}

/// Returns the packages in a row of the table of systems.
fn of_system<'a>(page: &'a str, system: &str) -> BTreeSet<&'a str> {
    let start = format!("| {system} | `");
    let row = page.lines().find_map(|line| line.strip_prefix(&*start));
    let row = row.unwrap_or_else(|| panic!("no row for {system}"));
    let command = row.split('`').next().unwrap();
    let packages = command
        .split(' ')
        .skip_while(|word| !["install", "add", "-S"].contains(word));
    packages.skip(1).collect()
}

#[test]
fn packages_of_systems_are_the_same_everywhere() {
    let Some(page) = of_repository("pcap-sys/docs/building.md") else {
        return;
    };
    let script = of_repository("ci/lib.sh").unwrap();
    let report = of_repository("pcap-sys/build/report.rs").unwrap();
    let systems = ["Debian, Ubuntu", "Fedora", "Alpine", "Arch"];
    for (column, system) in systems.into_iter().enumerate() {
        let packages = of_system(&page, system);
        // The table of `ci/lib.sh`: what is installed for building.
        let things = ["cc", "pkg-config", "libpcap", "libclang"];
        let rows = script.lines().filter_map(|line| {
            let mut words = line.split_whitespace();
            let thing = words.next()?;
            let packages = words.nth(column)?;
            (things.contains(&thing) && line.split_whitespace().count() == 6).then_some(packages)
        });
        let installed: Vec<_> = rows.collect();
        assert_eq!(installed.len(), things.len(), "{installed:?}");
        let installed = installed.iter().flat_map(|cell| cell.split(','));
        assert_eq!(installed.collect::<BTreeSet<_>>(), packages, "{system}");
        // What a failed build prints.
        let lines = report
            .lines()
            .filter(|line| line.trim_start().starts_with(system));
        let named: Vec<_> = lines
            .filter_map(|line| line.split_whitespace().last())
            .collect();
        assert_eq!(named.len(), 2, "{system}: {named:?}");
        for name in named {
            assert!(packages.contains(name), "{system}: {name}");
        }
    }
}

#[test]
fn speeds_are_those_of_the_page_on_performance() {
    let Some(readme) = of_repository("README.md") else {
        return;
    };
    let page = of_repository("docs/performance.md").unwrap();
    let table = readme.split("| work | pcap-core |").nth(1).unwrap();
    let rows = table
        .lines()
        .skip(2)
        .take_while(|line| line.starts_with('|'));
    let mut count = 0;
    for row in rows {
        let words: Vec<_> = row.split(' ').collect();
        let figures = words.iter().filter(|word| word.parse::<f64>().is_ok());
        let figures: Vec<_> = figures.map(|figure| format!(" {figure} ")).collect();
        assert_eq!(figures.len(), 4, "{row}");
        let has_all = |line: &str| figures.iter().all(|figure| line.contains(figure));
        assert!(page.lines().any(has_all), "{row}");
        count += 1;
    }
    assert_eq!(count, 3);
}

/// Returns the targets of the links to files in a text, without anchors.
fn links(text: &str) -> impl Iterator<Item = &str> {
    let targets = text.split("](").skip(1);
    let targets = targets.filter_map(|rest| rest.split([')', '#']).next());
    targets.filter(|target| !target.is_empty() && !target.contains(':') && !target.contains('`'))
}

#[test]
fn links_between_pages_lead_to_files() {
    let Some(repository) = root().parent().filter(|_| packages().len() == 3) else {
        return;
    };
    let mut count = 0;
    for (name, text) in pages() {
        // Links of pages in the documentation lead to items.
        let path = Path::new(&name);
        if path
            .ancestors()
            .any(|folder| folder.ends_with("pcap-core/docs"))
        {
            continue;
        }
        let folder = repository.join(path.parent().unwrap());
        for target in links(&text) {
            assert!(folder.join(target).exists(), "{name} links {target}");
            count += 1;
        }
    }
    assert!(count >= 15, "{count} links");
}

#[test]
fn only_one_file_has_the_address_of_manual_pages() {
    for path in files(&root().join("src"), &[".rs"]) {
        let text = fs::read_to_string(&path).unwrap();
        let has = text.contains("tcpdump.org/manpages") || text.contains("man7.org");
        assert_eq!(has, path.ends_with("manual.rs"), "{}", path.display());
    }
}

/// Otherwise rustdoc says that the examples are in the file of the macro.
#[test]
fn a_link_below_examples_is_not_the_last_line() {
    let mut count = 0;
    for path in files(&root().join("src"), &[".rs"]) {
        let text = fs::read_to_string(&path).unwrap();
        let lines: Vec<_> = text.lines().map(str::trim).collect();
        let is_link = |line: &str| line.starts_with("#[doc = manual!");
        for at in (0..lines.len()).filter(|&at| is_link(lines[at]) && !is_link(lines[at + 1])) {
            let above = lines[..at].iter().rev();
            let mut above = above.take_while(|line| line.starts_with("//") || is_link(line));
            if above.any(|line| line.contains("```")) {
                assert_eq!(lines[at + 1], "///", "{}:{}", path.display(), at + 2);
                count += 1;
            }
        }
    }
    assert!(count >= 30, "{count} links below examples");
}
