//! Runs the tests of a mutant until one notices it.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::time::Duration;

use crate::list::Mutant;
use crate::modules;
use crate::process::{End, Limits, Runner, Test};
use crate::reach::Record;
use crate::{Result, say};

/// What became of a mutant.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Verdict {
    /// A test failed, twice, and passed without the mutant.
    Caught(String),
    /// A test did not end, and passed without the mutant.
    Timeout(String),
    /// No test that reaches it noticed it. There are this many.
    Survived(usize),
}

/// Tries mutants.
pub(crate) struct Trials<'a> {
    runner: &'a Runner,
    programs: &'a BTreeMap<String, PathBuf>,
    records: &'a BTreeMap<Test, Record>,
    /// The tests that noticed mutants of a function or file last, the latest at the end.
    noticed: HashMap<String, Vec<&'a Test>>,
    /// The time limit for the tests of a mutant, by the clock, as recorded without the mutant.
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
            let (end, time) = self.notice(mutant, test, record)?;
            taken += time;
            if end != End::Passed {
                for key in [function, mutant.file.clone()] {
                    let list = self.noticed.entry(key).or_default();
                    list.retain(|it| *it != test);
                    list.push(test);
                }
                let verdict = if end == End::Hung {
                    Verdict::Timeout(test.to_string())
                } else {
                    Verdict::Caught(test.to_string())
                };
                return Ok((verdict, taken));
            }
        }
        Ok((Verdict::Survived(count), taken))
    }
    /// Returns how a test ends with a mutant, and the processor time.
    ///
    /// A test that does not pass may have failed by itself, such as on a full disk or for lost packets. The result is
    /// therefore that it passed, unless it passes without the mutant, and fails again with it. What hangs is not
    /// repeated with the mutant, because that would take another minute.
    fn notice(&self, mutant: &Mutant, test: &Test, record: &Record) -> Result<(End, Duration)> {
        let id = mutant.id.to_string();
        let mut taken = Duration::ZERO;
        let mut run = |variable| -> Result<End> {
            let (end, time) = self.run_test(test, record, variable)?;
            taken += time;
            Ok(end)
        };
        let with = Some(("MUTANT", id.as_str()));
        let mut end = run(with)?;
        if end != End::Passed && run(None)? != End::Passed {
            say(&format!(
                "does not pass without {} either: {test}",
                mutant.name
            ));
            end = End::Passed;
        }
        if end == End::Failed {
            end = run(with)?;
            if end == End::Passed {
                say(&format!("does not fail again with {}: {test}", mutant.name));
            }
        }
        Ok((end, taken))
    }

    fn run_test(
        &self,
        test: &Test,
        record: &Record,
        variable: Option<(&str, &str)>,
    ) -> Result<(End, Duration)> {
        let path = self
            .programs
            .get(&test.program)
            .ok_or_else(|| format!("{} was not built", test.program))?;
        let limits = Limits {
            processor: Duration::from_secs(5) + record.processor * 10,
            // On a busy machine, much time may pass in which the test does not run.
            clock: Duration::from_secs(60) + record.clock * 10,
        };
        self.runner.run(path, test, variable, limits)
    }

    /// Returns whether an earlier verdict still counts: its test exists, passes without mutants, and reaches the mutant.
    /// New tests may notice a survivor.
    pub(crate) fn still_counts(&self, number: usize, verdict: &Verdict) -> bool {
        let (Verdict::Caught(test) | Verdict::Timeout(test)) = verdict else {
            return false;
        };
        Test::parse(test)
            .and_then(|test| self.records.get(&test))
            .is_some_and(|record| record.passes && record.reached.contains(&number))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::PathBuf;
    use std::time::Duration;

    use super::{Trials, Verdict};
    use crate::list::{Genre, Mutant};
    use crate::process::{Runner, Test};
    use crate::reach::Record;

    /// A test program. Whether its tests pass depends on different conditions.
    const PROGRAM: &str = r#"#!/bin/sh
        case $2 in
        caught) [ -z "${MUTANT+set}" ] ;;
        broken) false ;;
        only_with) [ -n "${MUTANT+set}" ] ;;
        second_time) [ -e second_time ] || { : >second_time && false; } ;;
        esac"#;

    /// Returns records of tests that reach mutant 0. Each takes longer than the one before.
    fn records(tests: &[(&str, bool)]) -> BTreeMap<Test, Record> {
        let records = tests.iter().enumerate().map(|(index, (name, passes))| {
            let test = Test {
                program: "lib".to_owned(),
                name: (*name).to_owned(),
            };
            let record = Record {
                processor: Duration::ZERO,
                clock: Duration::from_millis(index as u64),
                passes: *passes,
                reached: BTreeSet::from([0]),
            };
            (test, record)
        });
        records.collect()
    }

    #[test]
    fn what_fails_by_itself_notices_nothing() {
        let tree = std::env::temp_dir().join(format!("mutator-{}", std::process::id()));
        let runner = Runner {
            temporary: tree.join("tmp"),
            tree,
        };
        for folder in [runner.folder("lib"), runner.temporary.clone()] {
            fs::create_dir_all(folder).unwrap();
        }
        let program = runner.tree.join("program");
        fs::write(&program, PROGRAM).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        let programs = BTreeMap::from([("lib".to_owned(), program)]);
        let mutant = Mutant {
            id: 0,
            file: String::new(),
            name: String::new(),
            line: 1,
            column: 1,
            genre: Genre::FnValue,
            replacement: String::new(),
            function: String::new(),
        };
        let verdict = |tests: &[(&str, bool)]| {
            let _ = fs::remove_file(runner.folder("lib").join("second_time"));
            let records = records(tests);
            let mut trials = Trials::new(&runner, &programs, &records, Duration::from_secs(30));
            trials.run(0, &mutant).unwrap().0
        };
        let caught = Verdict::Caught("lib caught".to_owned());
        assert_eq!(verdict(&[("caught", true)]), caught);
        for test in ["broken", "only_with", "second_time"] {
            assert_eq!(verdict(&[(test, true)]), Verdict::Survived(1), "{test}");
            assert_eq!(verdict(&[(test, true), ("caught", true)]), caught, "{test}");
        }
        fs::remove_dir_all(&runner.tree).unwrap();
    }

    #[test]
    fn earlier_verdicts_count_if_their_test_passes() {
        let runner = Runner {
            tree: PathBuf::new(),
            temporary: PathBuf::new(),
        };
        let programs = BTreeMap::new();
        let records = records(&[("passes", true), ("fails", false)]);
        let trials = Trials::new(&runner, &programs, &records, Duration::ZERO);
        let passes = Verdict::Caught("lib passes".to_owned());
        assert!(trials.still_counts(0, &passes));
        assert!(trials.still_counts(0, &Verdict::Timeout("lib passes".to_owned())));
        assert!(!trials.still_counts(1, &passes), "no test reaches it");
        assert!(!trials.still_counts(0, &Verdict::Caught("lib fails".to_owned())));
        assert!(!trials.still_counts(0, &Verdict::Caught("lib removed".to_owned())));
        assert!(!trials.still_counts(0, &Verdict::Survived(1)));
    }
}
