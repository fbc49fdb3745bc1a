//! Runs command lines of other tools and their counterparts, and compares the results.

mod compare;
pub(crate) mod frames;
mod inputs;
mod page;
mod pair;
pub(crate) mod run;
mod timings;
mod traffic;

use std::path::Path;
use std::time::Instant;

use self::pair::{Pair, Section};
use self::run::{Ran, Runner};
use crate::Result;
use crate::{command, unexpected};

/// What to do with the pairs.
#[derive(Clone, Copy, PartialEq)]
enum Task {
    /// Run and compare them.
    Compare,
    /// The same, and check that each comparison notices changed results.
    SelfTest,
    /// List their names.
    List,
    /// Write the page.
    Page,
    /// Compare the speed of the programs instead.
    Timings,
}

pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let mut task = Task::Compare;
    let mut words = Vec::new();
    for argument in arguments {
        match argument.as_str() {
            "--self-test" => task = Task::SelfTest,
            "--list" => task = Task::List,
            "--page" => task = Task::Page,
            "--timings" => task = Task::Timings,
            option if option.starts_with('-') => return Err(unexpected(option)),
            word => words.push(word),
        }
    }
    let root = command::root()?;
    let sections = pair::read_all(&root)?;
    let folder = root.join("target/programs");
    match task {
        Task::List => {
            selected(&sections, &words)?
                .iter()
                .for_each(|pair| println!("{}: {}", pair.name, pair.title));
            Ok(())
        }
        Task::Page => command::write(&root.join(page::PATH), &page::page(&sections)),
        Task::Timings => timings::run(&folder, &words),
        Task::Compare | Task::SelfTest => {
            if command::read(&root.join(page::PATH))? != page::page(&sections) {
                return Err(format!(
                    "{} is outdated: run ci/programs --page",
                    page::PATH
                ));
            }
            let pairs = selected(&sections, &words)?;
            compare_all(
                &Runner::new(&folder)?,
                &pairs,
                task == Task::SelfTest,
                &folder,
            )
        }
    }
}

/// Returns the pairs whose names contain one of the words; all without words.
fn selected<'a>(sections: &'a [Section], words: &[&str]) -> Result<Vec<&'a Pair>> {
    let pairs = sections.iter().flat_map(|section| &section.pairs);
    let wanted =
        |pair: &&Pair| words.is_empty() || words.iter().any(|word| pair.name.contains(word));
    let pairs: Vec<_> = pairs.filter(wanted).collect();
    match pairs.is_empty() {
        true => Err(format!("no pair is called {}", words.join(" or "))),
        false => Ok(pairs),
    }
}

/// Runs and compares pairs. Prints what differs.
fn compare_all(runner: &Runner, pairs: &[&Pair], self_test: bool, folder: &Path) -> Result<()> {
    let began = Instant::now();
    let mut failed = Vec::new();
    for pair in pairs {
        let found = runner.run(pair).and_then(|ran| {
            let found = compare::differences(pair, &ran)?;
            if found.is_empty() && self_test {
                return unnoticed(pair, &ran, folder);
            }
            Ok(found)
        });
        let found = found.unwrap_or_else(|error| error);
        if found.is_empty() {
            println!("ok      {}", pair.name);
        } else {
            println!(
                "FAILED  {}: {}\n  {}\n  {}",
                pair.name, pair.title, pair.theirs, pair.ours
            );
            found.lines().for_each(|line| println!("    {line}"));
            failed.push(pair.name.as_str());
        }
    }
    println!(
        "\n{} passed, {} failed, in {} s",
        pairs.len() - failed.len(),
        failed.len(),
        began.elapsed().as_secs()
    );
    match failed.is_empty() {
        true => Ok(()),
        false => Err(format!("failed: {}", failed.join(", "))),
    }
}

/// Changes our results, and returns the changes that the comparison does not notice.
fn unnoticed(pair: &Pair, ran: &[Ran; 2], folder: &Path) -> Result<String> {
    let mut unnoticed = String::new();
    for (part, changed) in compare::tampered(pair, &ran[1], folder)? {
        // A file that cannot be read any more was noticed, too.
        let found = compare::differences(pair, &[ran[0].clone(), changed]);
        if found.is_ok_and(|found| found.is_empty()) {
            unnoticed += &format!("a changed result was not noticed: {part}\n");
        }
    }
    Ok(unnoticed)
}
