//! Checks of names in scripts and workflows. A workflow for another system does not run here, and if the module that
//! selects tests does not exist, no test runs and nothing fails.

use std::path::{Path, PathBuf};

use crate::command;

const PACKAGES: [&str; 3] = ["pcap-sys", "pcap-core", "pcap-examples"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Returns the words of a text, without quotes and commas.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| c.is_whitespace() || "\"',=".contains(c))
}

#[test]
fn features_in_workflows_exist() {
    let mut count = 0;
    for workflow in command::list(&root().join(".github/workflows")).unwrap() {
        let text = command::read(&workflow).unwrap();
        for word in words(&text) {
            let Some((package, name)) = word.split_once('/') else {
                continue;
            };
            if !PACKAGES.contains(&package) || root().join(word).exists() {
                continue;
            }
            let manifest = command::read(&root().join(package).join("Cargo.toml")).unwrap();
            let feature = format!("\n{name} = [");
            assert!(
                manifest.contains(&feature),
                "{}: {word} does not exist",
                workflow.display()
            );
            count += 1;
        }
    }
    assert!(count > 0, "expected features, found none");
}

#[test]
fn modules_that_select_tests_exist() {
    let mut files = Vec::new();
    for package in PACKAGES {
        files.extend(command::files(&root().join(package).join("tests")).unwrap());
    }
    let exists = |module: &str| {
        let path = module.replace("::", "/");
        let found = [format!("{path}.rs"), format!("{path}/mod.rs")];
        files
            .iter()
            .any(|file| found.iter().any(|path| file.ends_with(path)))
    };
    for script in [
        "ci/coverage",
        "ci/test",
        "ci/windows",
        "ci/xtask/src/crates.rs",
    ] {
        let text = command::read(&root().join(script)).unwrap();
        let modules: Vec<&str> = words(&text)
            .filter_map(|word| word.strip_suffix("::"))
            .collect();
        assert!(!modules.is_empty(), "{script}: expected modules");
        for module in modules {
            assert!(exists(module), "{script}: {module}:: does not exist");
        }
    }
    // `program:module,module`
    let races = command::read(&root().join("ci/races")).unwrap();
    let (_, list) = races.split_once("\ntests='").unwrap();
    let (list, _) = list.split_once('\'').unwrap();
    for program in list.split_whitespace() {
        let (program, modules) = program.split_once(':').unwrap();
        for module in modules.split(',') {
            let module = format!("{program}::{module}");
            assert!(exists(&module), "ci/races: {module} does not exist");
        }
    }
}
