//! Checks the layers of pcap-core: `ci/check-layers` runs this from the root of the repository.

mod graph;
mod module;
mod source;
mod table;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use graph::Graph;
use module::Module;
use source::Source;

/// Directory of the modules to check.
const CORE: &str = "pcap-core/src";

fn main() -> ExitCode {
    match run() {
        Ok(faults) if faults.is_empty() => ExitCode::SUCCESS,
        Ok(faults) => {
            for fault in &faults {
                println!("{fault}");
            }
            println!("faults: {}", faults.len());
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("ci/check-layers: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Checks everything and returns the faults, one line each.
fn run() -> Result<Vec<String>, String> {
    let mut faults = Vec::new();
    let mut graph = Graph::default();
    let files = rust_files(Path::new(CORE))?;
    for file in &files {
        let source = read(file)?;
        let module = Module::of(file.strip_prefix(CORE).unwrap_or(file));
        source.check(&module, &mut graph, &mut faults);
    }
    faults.extend(graph.compare(table::MAY_IMPORT));

    for folder in table::SOURCES {
        for file in rust_files(Path::new(folder))? {
            let name = file.display().to_string();
            if name.contains("/src/bindings/") {
                continue;
            }
            let (lines, most) = (read(&file)?.lines(), table::MOST_LINES);
            if lines > most {
                faults.push(format!("{name}:1: {lines} lines, expected at most {most}"));
            }
        }
    }
    println!(
        "checked {} files with {} imports between modules",
        files.len(),
        graph.imports()
    );
    Ok(faults)
}

fn read(path: &Path) -> Result<Source, String> {
    let text = fs::read_to_string(path).map_err(|error| cannot("read", path, &error))?;
    Source::parse(path, &text)
}

/// Lists the Rust files below a folder, in the order of their names.
fn rust_files(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder).map_err(|error| cannot("read", &folder, &error))?;
        for entry in entries {
            let path = entry
                .map_err(|error| cannot("read", &folder, &error))?
                .path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}

fn cannot(what: &str, path: &Path, error: &io::Error) -> String {
    format!("cannot {what} {}: {error}", path.display())
}
