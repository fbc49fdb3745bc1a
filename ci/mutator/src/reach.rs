//! Which mutants each test reaches: only these tests can notice a mutant.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::list::{self, Mutant};
use crate::process::{End, Limits, Runner, Test};
use crate::{Result, command, process, say};

/// What is known about a test without active mutants.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    /// Its processor time.
    pub(crate) processor: Duration,
    /// Its time on a clock.
    pub(crate) clock: Duration,
    /// Whether it passes.
    pub(crate) passes: bool,
    /// The mutants that it reaches.
    pub(crate) reached: BTreeSet<usize>,
}

/// Runs tests to see what they reach.
pub(crate) struct Recorder<'a> {
    /// Runs them.
    pub(crate) runner: &'a Runner,
    /// What they may reach.
    pub(crate) mutants: &'a [Mutant],
    /// The hashes of the files with mutants.
    pub(crate) hashes: BTreeMap<&'a str, String>,
    /// The folder of earlier records.
    pub(crate) kept: PathBuf,
    /// A test that takes longer is never run.
    pub(crate) budget: Duration,
}

impl Recorder<'_> {
    /// Records each test. Uses an earlier record if neither the file of the test nor a file that it reached has changed.
    pub(crate) fn record(
        &self,
        programs: &BTreeMap<String, PathBuf>,
    ) -> Result<BTreeMap<Test, Record>> {
        let mut records = BTreeMap::new();
        for (program, path) in programs {
            let folder = self.runner.folder(program);
            let names = names(path, &folder)?;
            say(&format!(
                "seeing what {} tests of {program} reach",
                names.len()
            ));
            for name in names {
                let test = Test {
                    program: program.clone(),
                    name,
                };
                let source = test_source(&folder, &test);
                let place = self.kept.join(program).join(test.name.replace("::", "."));
                let record = match self.recall(&place, &source) {
                    Some(record) => record,
                    None => {
                        let record = self.measure(path, &test)?;
                        // What fails is tried again in the next run, but not what takes too long.
                        if record.passes || record.processor >= self.budget {
                            self.remember(&place, &source, &record)?;
                        }
                        record
                    }
                };
                if !record.passes {
                    say(&format!(
                        "does not pass in time without mutants, ignored: {test}"
                    ));
                }
                records.insert(test, record);
            }
        }
        Ok(records)
    }

    fn measure(&self, path: &Path, test: &Test) -> Result<Record> {
        let limits = Limits {
            processor: self.budget,
            clock: Duration::from_secs(300),
        };
        let file = self.kept.join("reached");
        let size = self.mutants.last().map_or(1, |mutant| mutant.id + 1);
        let mut tries = 0;
        loop {
            tries += 1;
            command::write(&file, &[])?;
            command::write(&file, &vec![0; size])?;
            let began = Instant::now();
            let variable = ("MUTANTS_REACHED", &*file.to_string_lossy());
            let (end, processor) = self.runner.run(path, test, Some(variable), limits)?;
            if end != End::Failed || tries == 3 {
                let bytes = fs::read(&file)
                    .map_err(|error| format!("cannot read {}: {error}", file.display()))?;
                let reached = bytes.iter().enumerate().filter(|(_, byte)| **byte != 0);
                return Ok(Record {
                    processor,
                    clock: began.elapsed(),
                    passes: end == End::Passed,
                    reached: reached
                        .filter_map(|(id, _)| list::find(self.mutants, id))
                        .collect(),
                });
            }
        }
    }

    /// Returns a hash of the test and of the files that it reached.
    fn key(&self, source: &str, record: &Record) -> String {
        let files: BTreeSet<&str> = record
            .reached
            .iter()
            .map(|number| self.mutants[*number].file.as_str())
            .collect();
        let hashes: Vec<&str> = files
            .iter()
            .filter_map(|file| self.hashes.get(file))
            .map(String::as_str)
            .collect();
        format!(
            "{:016x}",
            command::hash((source.to_owned() + &hashes.concat()).as_bytes())
        )
    }

    fn remember(&self, place: &Path, source: &str, record: &Record) -> Result<()> {
        let mut text = format!(
            "{}\n{} {} {}\n",
            self.key(source, record),
            record.processor.as_millis(),
            record.clock.as_millis(),
            u8::from(record.passes)
        );
        for number in &record.reached {
            text.push_str(&format!("{}\n", self.mutants[*number].id));
        }
        command::write(place, text.as_bytes())
    }

    fn recall(&self, place: &Path, source: &str) -> Option<Record> {
        let text = fs::read_to_string(place).ok()?;
        let mut lines = text.lines();
        let key = lines.next()?;
        let mut numbers = lines
            .next()?
            .split(' ')
            .map_while(|it| it.parse::<u64>().ok());
        let record = Record {
            processor: Duration::from_millis(numbers.next()?),
            clock: Duration::from_millis(numbers.next()?),
            passes: numbers.next()? == 1,
            reached: lines
                .filter_map(|line| list::find(self.mutants, line.parse().ok()?))
                .collect(),
        };
        // What took too long may be in time for a larger budget.
        let is_in_doubt = !record.passes && record.processor < self.budget;
        (!is_in_doubt && key == self.key(source, &record)).then_some(record)
    }
}

/// Lists the tests of a program.
fn names(program: &Path, folder: &Path) -> Result<Vec<String>> {
    let mut list = Command::new(program);
    let text = command::output(
        list.args(["--list", "--format", "terse"])
            .current_dir(folder),
    )?;
    Ok(text
        .lines()
        .filter_map(|line| line.strip_suffix(": test"))
        .map(str::to_owned)
        .collect())
}

/// Returns the text of the file that contains a test.
fn test_source(folder: &Path, test: &Test) -> String {
    let mut path = match process::package(&test.program).1 {
        "lib" => folder.join("src"),
        name => folder.join("tests").join(name),
    };
    for part in test.name.split("::") {
        path.push(part);
    }
    while path.pop() {
        for file in [
            path.with_extension("rs"),
            path.join("mod.rs"),
            path.join("main.rs"),
        ] {
            if let Ok(text) = fs::read_to_string(file) {
                return text;
            }
        }
    }
    String::new()
}
