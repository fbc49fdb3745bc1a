//! The crates as they would be published, each built from what is in it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Result;
use crate::command::{self, Package};

/// Files that each crate has.
const WANTED: [&str; 3] = ["README.md", "LICENSE", "Cargo.toml"];

/// Files that cargo makes, and git does not know.
const FROM_CARGO: [&str; 4] = [
    "Cargo.toml",
    "Cargo.toml.orig",
    "Cargo.lock",
    ".cargo_vcs_info.json",
];

/// The tests of each package, as arguments for cargo. They use only savefiles, filters and files of the package.
const TESTS: [(&str, &[&str]); 3] = [
    ("pcap-sys", &[]),
    (
        "pcap-core",
        &["--test", "filter", "--test", "misc", "--test", "savefile"],
    ),
    (
        "pcap-examples",
        &[
            "--test",
            "programs",
            "--",
            "options::",
            "views::",
            "pcapng::",
        ],
    ),
];

/// Runs `ci/crates`. The argument is the features of `pcap-core` to build with.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let [features] = arguments else {
        return Err(format!("expected features, found: {arguments:?}"));
    };
    let root = command::root()?;
    let out = root.join("target/package");
    let workspace = out.join("unpacked");
    command::empty_folder(&workspace)?;
    // Tests must not find the manifest of the workspace beside their crate.
    let unpacked = workspace.join("crates");
    command::make_folder(&unpacked)?;
    let options = [
        "package",
        "--workspace",
        "--locked",
        "--allow-dirty",
        "--no-verify",
    ];
    command::run(Command::new("cargo").args(options))?;
    let crates = command::packages(&root)?;
    for package in &crates {
        let file = out.join(format!("{}.crate", folder_name(package)));
        // With the time of now, because all files of a crate have the same old one.
        command::run(
            Command::new("tar")
                .arg("-xmf")
                .arg(&file)
                .arg("-C")
                .arg(&unpacked),
        )?;
        check(&root, package, &file, &unpacked.join(folder_name(package)))?;
    }
    println!("\n== built from the crates");
    join(&root, &crates, &workspace)?;
    let built = out.join("unpacked-build");
    let cargo = |arguments: &[&str]| {
        let mut cargo = Command::new("cargo");
        cargo.args(arguments).env("CARGO_TARGET_DIR", &built);
        command::run(cargo.current_dir(&workspace))
    };
    let all = ["check", "--workspace", "--all-targets", "--features"];
    cargo(&[&all[..], &[features, "--features", "pcap-examples/manual"]].concat())?;
    println!("\n== tested in the crates");
    for (package, tests) in TESTS {
        let features: &[&str] = match package {
            "pcap-core" => &["--features", features],
            _ => &[],
        };
        cargo(&[&["test", "--quiet", "-p", package], features, tests].concat())?;
    }
    command::remove_folder(&workspace)?;
    command::remove_folder(&built)?;
    println!("all crates compile, and the tests pass");
    Ok(())
}

/// Returns the name that cargo gives the folder in a crate.
fn folder_name(package: &Package) -> String {
    format!("{}-{}", package.name, package.version)
}

/// Prints what is in a crate that was unpacked, and checks that nothing is missing and nothing is too much.
fn check(root: &Path, package: &Package, packed: &Path, folder: &Path) -> Result<()> {
    let name = &package.name;
    let files = command::files(folder)?;
    let size: u64 = files
        .iter()
        .map(|file| command::size(file))
        .sum::<Result<_>>()?;
    println!(
        "\n== {name}, {size} bytes, packed {}",
        command::size(packed)?
    );
    let names: Vec<&Path> = files
        .iter()
        .map(|file| file.strip_prefix(folder).unwrap_or(file))
        .collect();
    for (folder, count) in folders(&names) {
        println!(
            "{}/ {count}",
            if folder.is_empty() {
                "."
            } else {
                folder.as_str()
            }
        );
    }
    for file in WANTED {
        if size_of(&folder.join(file)) == 0 {
            return Err(format!("{name} has no {file}"));
        }
    }
    if command::read(&folder.join("LICENSE"))? != command::read(&root.join("LICENSE"))? {
        return Err(format!("{name} has another LICENSE than the repository"));
    }
    let list = [
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
    ];
    let known = command::output(Command::new("git").args(list).current_dir(&package.folder))?;
    for file in names {
        let file = file.to_string_lossy();
        let is_known = known.split('\0').any(|known| known == file);
        if !is_known && !FROM_CARGO.contains(&file.as_ref()) {
            return Err(format!("{name} has {file}, which is not in the repository"));
        }
    }
    Ok(())
}

/// Counts the files of each folder.
fn folders(names: &[&Path]) -> BTreeMap<String, usize> {
    let mut folders = BTreeMap::new();
    for name in names {
        let folder = name.parent().unwrap_or(Path::new("")).display().to_string();
        *folders.entry(folder).or_default() += 1;
    }
    folders
}

/// Makes a workspace of the unpacked crates, which are then built with each other and no published ones.
fn join(root: &Path, crates: &[Package], workspace: &Path) -> Result<()> {
    let mut manifest =
        "[workspace]\nresolver = \"3\"\nmembers = [\"crates/*\"]\n\n[patch.crates-io]\n".to_owned();
    for package in crates {
        manifest += &format!(
            "{} = {{ path = \"crates/{}\" }}\n",
            package.name,
            folder_name(package)
        );
    }
    command::write(&workspace.join("Cargo.toml"), &manifest)?;
    command::copy(&root.join("Cargo.lock"), &workspace.join("Cargo.lock"))?;
    let taken: Vec<PathBuf> = command::packages(workspace)?
        .into_iter()
        .map(|package| package.folder)
        .collect();
    let made: Vec<PathBuf> = crates
        .iter()
        .map(|package| workspace.join("crates").join(folder_name(package)))
        .collect();
    if taken != made {
        return Err(format!(
            "expected the crates in {made:?}, but cargo takes {taken:?}"
        ));
    }
    Ok(())
}

/// Returns the size of a file, or 0 if it does not exist.
fn size_of(file: &Path) -> u64 {
    fs::metadata(file).map_or(0, |it| it.len())
}
