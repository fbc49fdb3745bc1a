//! Runs the tests of a mutant until one notices it.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::time::Duration;

use crate::Result;
use crate::list::Mutant;
use crate::modules;
use crate::process::{End, Limits, Runner, Test};
use crate::reach::Record;

/// What became of a mutant.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Verdict {
    /// A test failed.
    Caught(String),
    /// A test did not end.
    Timeout(String),
    /// All tests that reach it passed. There are this many.
    Survived(usize),
}

/// Tries mutants.
pub(crate) struct Trials<'a> {
    runner: &'a Runner,
    programs: &'a BTreeMap<String, PathBuf>,
    records: &'a BTreeMap<Test, Record>,
    /// The tests that noticed mutants of a function or file last, the latest at the end.
    noticed: HashMap<String, Vec<&'a Test>>,
    /// The maximum time of a mutant's tests, as measured without the mutant. It includes waiting, which takes most of
    /// the time of live tests.
    budget: Duration,
}

impl<'a> Trials<'a> {
    /// Prepares trials.
    pub(crate) fn new(
        runner: &'a Runner,
        programs: &'a BTreeMap<String, PathBuf>,
        records: &'a BTreeMap<Test, Record>,
        budget: Duration,
    ) -> Trials<'a> {
        Trials {
            runner,
            programs,
            records,
            noticed: HashMap::new(),
            budget,
        }
    }

    /// Tries a mutant. Returns also the processor time.
    pub(crate) fn run(&mut self, number: usize, mutant: &'a Mutant) -> Result<(Verdict, Duration)> {
        let mut tests: Vec<(&Test, &Record)> = self
            .records
            .iter()
            .filter(|(_, record)| record.passes && record.reached.contains(&number))
            .collect();
        let function = format!("{} {}", mutant.file, mutant.function);
        let mut before: Vec<&Test> = Vec::new();
        for key in [&function, &mutant.file] {
            before.extend(self.noticed.get(key).into_iter().flatten().rev().take(6));
        }
        // Those that noticed similar mutants, then those without devices, the quickest first.
        tests.sort_by_key(|(test, record)| {
            let position = before
                .iter()
                .position(|it| it == test)
                .unwrap_or(usize::MAX);
            (position, modules::is_live(&test.program), record.clock)
        });
        let mut taken = Duration::ZERO;
        let mut planned = Duration::ZERO;
        let mut count = 0;
        for (test, record) in tests {
            planned += record.clock;
            if planned > self.budget && count > 0 {
                break;
            }
            count += 1;
            let Some(program) = self.programs.get(&test.program) else {
                continue;
            };
            let limits = Limits {
                processor: Duration::from_secs(5) + record.processor * 10,
                // On a busy machine, much time may pass in which the test does not run.
                clock: Duration::from_secs(60) + record.clock * 10,
            };
            let (end, time) = self.runner.run(
                program,
                &test.name,
                ("MUTANT", &mutant.id.to_string()),
                limits,
            )?;
            taken += time;
            if end != End::Passed {
                for key in [function, mutant.file.clone()] {
                    let list = self.noticed.entry(key).or_default();
                    list.retain(|it| *it != test);
                    list.push(test);
                }
                let name = format!("{} {}", test.program, test.name);
                let verdict = if end == End::Hung {
                    Verdict::Timeout(name)
                } else {
                    Verdict::Caught(name)
                };
                return Ok((verdict, taken));
            }
        }
        Ok((Verdict::Survived(count), taken))
    }
}
