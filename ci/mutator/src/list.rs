//! The mutants: which changes of the source cargo-mutants proposes.

use std::collections::HashMap;
use std::process::Command;

use serde_json::Value;

use crate::{Result, command};

/// The numbers at run time of the mutants of a file begin at a multiple of this.
const PER_FILE: usize = 1024;

/// A change of the source.
#[derive(Debug)]
pub(crate) struct Mutant {
    /// Its number at run time. It depends only on the file, so that other files need not be built anew.
    pub(crate) id: usize,
    /// The source file, relative to the repository.
    pub(crate) file: String,
    /// Its name without lines, which change whenever something above it does: `FILE: replace < with > in FUNCTION #2`.
    pub(crate) name: String,
    /// The line where the change begins.
    pub(crate) line: usize,
    /// The column where the change begins, from 1.
    pub(crate) column: usize,
    /// The kind of change.
    pub(crate) genre: Genre,
    /// What replaces the text.
    pub(crate) replacement: String,
    /// The function that is changed.
    pub(crate) function: String,
}

/// The kind of a change.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Genre {
    /// A function returns a fixed value.
    FnValue,
    /// A binary operator is another.
    BinaryOperator,
    /// There is no unary operator.
    UnaryOperator,
    /// There is no such arm of a match.
    MatchArm,
    /// The guard of an arm is `true` or `false`.
    MatchArmGuard,
    /// A field has the value of the base expression.
    StructField,
}

impl Mutant {
    /// Returns the module: the folder or file in `pcap-core/src`, or `pcap-sys`.
    pub(crate) fn module(&self) -> &str {
        let Some(rest) = self.file.strip_prefix("pcap-core/src/") else {
            return "pcap-sys";
        };
        let name = rest.split('/').next().unwrap_or(rest);
        name.strip_suffix(".rs").unwrap_or(name)
    }
}

/// Lists the mutants, in the order of files and lines.
pub(crate) fn mutants() -> Result<Vec<Mutant>> {
    let arguments = [
        "mutants",
        "--list",
        "--json",
        "--no-config",
        "-p",
        "pcap-sys",
        "-p",
        "pcap-core",
    ];
    let text = command::output(Command::new("cargo").args(arguments))?;
    let list: Value = serde_json::from_str(&text)
        .map_err(|error| format!("cannot read the list of mutants: {error}"))?;
    let list = list.as_array().ok_or("expected a list of mutants")?;
    let mut mutants = list
        .iter()
        .map(|entry| mutant(entry).ok_or_else(|| format!("expected a mutant, found {entry}")))
        .collect::<Result<Vec<_>>>()?;
    mutants.sort_by(|a, b| (&a.file, a.line, a.column).cmp(&(&b.file, b.line, b.column)));
    let mut seen = HashMap::<String, usize>::new();
    let mut id = 0_usize;
    let mut file = String::new();
    for mutant in &mut mutants {
        if mutant.file != file {
            file.clone_from(&mutant.file);
            id = id.next_multiple_of(PER_FILE);
        }
        mutant.id = id;
        id += 1;
        let count = seen.entry(mutant.name.clone()).or_default();
        *count += 1;
        if *count > 1 {
            mutant.name = format!("{} #{count}", mutant.name);
        }
    }
    Ok(mutants)
}

/// Returns the mutant with a number at run time.
pub(crate) fn find(mutants: &[Mutant], id: usize) -> Option<usize> {
    mutants.binary_search_by_key(&id, |mutant| mutant.id).ok()
}

fn mutant(entry: &Value) -> Option<Mutant> {
    let file = entry["file"].as_str()?.to_owned();
    let (line, column) = (
        entry["span"]["start"]["line"].as_u64()?,
        entry["span"]["start"]["column"].as_u64()?,
    );
    let name = entry["name"]
        .as_str()?
        .replacen(&format!(":{line}:{column}:"), ":", 1);
    let genre = match entry["genre"].as_str()? {
        "FnValue" => Genre::FnValue,
        "BinaryOperator" => Genre::BinaryOperator,
        "UnaryOperator" => Genre::UnaryOperator,
        "MatchArm" => Genre::MatchArm,
        "MatchArmGuard" => Genre::MatchArmGuard,
        "StructField" => Genre::StructField,
        _ => return None,
    };
    Some(Mutant {
        id: 0,
        file,
        name,
        line: line as usize,
        column: column as usize,
        genre,
        replacement: entry["replacement"].as_str()?.to_owned(),
        function: entry["function"]["function_name"]
            .as_str()
            .unwrap_or_default()
            .to_owned(),
    })
}
