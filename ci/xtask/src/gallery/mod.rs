//! Makes the gallery in `docs/gallery`: real output of the programs, as text and as pictures. Compares it with the
//! committed files, or writes them.

mod browser;
mod compare;
mod devices;
mod exhibits;
mod full_screen;
pub(crate) mod office;
mod page;
mod picture;
mod screen;
mod terminal;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use self::exhibits::{Exhibit, Section, Shown};
use crate::Result;
use crate::{command, unexpected};

/// Where the gallery is.
const GALLERY: &str = "docs/gallery";

/// The most bytes that it may have.
const LIMIT: usize = 1_500_000;

/// The files of the gallery by name.
type Files = BTreeMap<String, Vec<u8>>;

pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let root = command::root()?;
    match arguments[..] {
        [] => compare_all(&root.join(GALLERY), &make(&root)?),
        ["--update"] => update(&root.join(GALLERY), &make(&root)?),
        ["--inputs", folder] => {
            let caller = std::env::var_os("CALLER").map_or(root, PathBuf::from);
            let folder = caller.join(folder);
            command::make_folder(&folder)?;
            office::create(&folder)
        }
        [argument, ..] => Err(unexpected(argument)),
    }
}

/// Makes all files.
fn make(root: &Path) -> Result<Files> {
    devices::create()?;
    let sections = exhibits::read(root)?;
    let scratch = root.join("target/gallery");
    let inputs = scratch.join("inputs");
    command::empty_folder(&scratch)?;
    command::make_folder(&inputs)?;
    office::create(&inputs)?;
    let mut files = Files::new();
    for exhibit in sections.iter().flat_map(|section| &section.exhibits) {
        println!("{}", exhibit.name);
        let folder = scratch.join("run").join(&exhibit.name);
        let made = show(exhibit, &inputs, &folder)?;
        files.extend(made);
    }
    let page = page(&sections, &files);
    files.insert("README.md".to_owned(), page.into_bytes());
    let length: usize = files.values().map(Vec::len).sum();
    match length > LIMIT {
        true => Err(format!(
            "the gallery has {length} bytes, expected at most {LIMIT}"
        )),
        false => Ok(files),
    }
}

/// Runs an exhibit in a folder of its own, and returns its files.
fn show(exhibit: &Exhibit, inputs: &Path, folder: &Path) -> Result<Files> {
    command::make_folder(folder)?;
    for input in command::list(inputs)? {
        let name = input.file_name().ok_or("an input without a name")?;
        command::copy(&input, &folder.join(name))?;
    }
    let rows = match exhibit.rows {
        Some(rows) => full_screen::run(exhibit, rows, folder),
        None => screen::run(exhibit, folder),
    };
    let rows = rows.map_err(|error| format!("{}: {error}", exhibit.name))?;
    let mut files = Files::new();
    let mut add = |name: String, bytes: Vec<u8>| files.insert(name, bytes);
    add(
        format!("{}.txt", exhibit.name),
        terminal::text(&rows).into_bytes(),
    );
    if exhibit.is_picture {
        let svg = picture::svg(&exhibit.title(), &rows, exhibit.columns);
        add(format!("{}.svg", exhibit.name), svg.into_bytes());
    }
    for shown in &exhibit.shown {
        let name = exhibit.file_name(shown);
        match shown {
            Shown::Picture(file) => add(name, read(&folder.join(file))?),
            Shown::Page(photo) => {
                let page = command::read(&folder.join(&photo.file))?;
                let mut labels = compare::labels(&page);
                // What differs between machines.
                labels.retain(|label| !label.contains("libpcap version"));
                let labels = labels.join("\n") + "\n";
                add(format!("{}-labels.txt", exhibit.name), labels.into_bytes());
                add(name, browser::photograph(photo, folder)?)
            }
        };
    }
    Ok(files)
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()))
}

fn page(sections: &[Section], files: &Files) -> String {
    page::page(sections, |exhibit| {
        let text = files.get(&format!("{}.txt", exhibit.name));
        text.map_or(String::new(), |text| {
            String::from_utf8_lossy(text).into_owned()
        })
    })
}

/// Compares the committed files with new ones.
fn compare_all(folder: &Path, new: &Files) -> Result<()> {
    let mut committed = Files::new();
    if !folder.exists() {
        command::make_folder(folder)?;
    }
    for path in command::list(folder)? {
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        committed.insert(name, read(&path)?);
    }
    let names: BTreeSet<&String> = committed.keys().chain(new.keys()).collect();
    let mut failed = Vec::new();
    for name in &names {
        let found = match (committed.get(*name), new.get(*name)) {
            (Some(old), Some(new)) => compare::difference(name, old, new),
            (None, _) => Some("not committed".to_owned()),
            (_, None) => Some("no exhibit has this name".to_owned()),
        };
        if let Some(found) = found {
            println!("FAILED  {GALLERY}/{name}: {found}");
            failed.push(name.as_str());
        }
    }
    println!(
        "{} files are equal, {} differ",
        names.len() - failed.len(),
        failed.len()
    );
    match failed.is_empty() {
        true => Ok(()),
        false => Err(format!(
            "{GALLERY} is outdated (see ci/gallery --help): {}",
            failed.join(", ")
        )),
    }
}

/// Writes the files, and removes others.
fn update(folder: &Path, files: &Files) -> Result<()> {
    command::empty_folder(folder)?;
    for (name, bytes) in files {
        let path = folder.join(name);
        fs::write(&path, bytes)
            .map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    }
    println!("wrote {} files to {GALLERY}", files.len());
    Ok(())
}
