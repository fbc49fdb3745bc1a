//! Checks that tests notice changes of the code. `ci/mutants` explains it, and runs it from the root of the repository.

mod accepted;
mod command;
mod compiler;
mod kept;
mod list;
mod modules;
mod place;
mod process;
mod reach;
mod render;
mod tree;
mod trial;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use kept::Kept;
use list::Mutant;
use process::Runner;
use reach::Recorder;
use tree::{Tree, Untested};
use trial::{Trials, Verdict};

/// Error message of a failed task.
type Result<T> = std::result::Result<T, String>;

/// The list of survivors.
const ACCEPTED: &str = "ci/mutator/accepted.txt";

/// Everything that is kept.
const KEPT: &str = "target/mutants";

/// What the arguments select.
struct Options {
    modules: Vec<String>,
    shard: (usize, usize),
    budget: Duration,
    every: bool,
    samples: bool,
    list: bool,
}

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            say(&error);
            ExitCode::FAILURE
        }
    }
}

/// Prints a message with the name of the script.
fn say(text: &str) {
    eprintln!("ci/mutants: {text}");
}

fn options() -> Result<Options> {
    let mut options = Options {
        modules: Vec::new(),
        shard: (1, 1),
        budget: Duration::from_secs(30),
        every: false,
        samples: false,
        list: false,
    };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--all" => options.every = true,
            "--samples" => options.samples = true,
            "--list" => options.list = true,
            "--budget" => {
                let seconds = arguments.next().unwrap_or_default();
                options.budget = seconds.parse().map(Duration::from_secs).map_err(|_| {
                    format!("expected a number of seconds after --budget, found `{seconds}`")
                })?;
            }
            _ if argument.starts_with('-') => {
                return Err(format!("unexpected option `{argument}` (see --help)"));
            }
            _ if argument.contains('/') => options.shard = shard(&argument)?,
            _ => options.modules.push(argument),
        }
    }
    if options.samples && !options.modules.is_empty() {
        return Err(format!(
            "expected no module with --samples, found `{}`",
            join(options.modules.iter().map(String::as_str))
        ));
    }
    Ok(options)
}

/// Reads `SHARD/COUNT`.
fn shard(text: &str) -> Result<(usize, usize)> {
    let numbers = text
        .split_once('/')
        .and_then(|(shard, count)| Some((shard.parse().ok()?, count.parse().ok()?)));
    numbers
        .filter(|(shard, count)| (1..=*count).contains(shard))
        .ok_or_else(|| format!("expected SHARD/COUNT from 1/COUNT to COUNT/COUNT, found `{text}`"))
}

/// Counts of a module.
#[derive(Default)]
struct Counts {
    tried: usize,
    caught: usize,
    timeouts: usize,
    survived: usize,
    /// Those of the survivors that no test reaches.
    unreached: usize,
    /// Those of the survivors that are listed.
    accepted: usize,
    unviable: usize,
    fixed: usize,
    processor: Duration,
}

fn run() -> Result<bool> {
    let mut options = options()?;
    let mutants = list::mutants()?;
    let accepted = accepted::read(Path::new(ACCEPTED))?;
    let known: BTreeSet<&str> = mutants.iter().map(Mutant::module).collect();
    if let Some(module) = options
        .modules
        .iter()
        .find(|it| !known.contains(it.as_str()))
    {
        return Err(format!(
            "expected a module ({}), found `{module}`",
            join(known.iter().copied())
        ));
    }
    if options.modules.is_empty() {
        let rest = known.iter().filter(|it| !modules::WHOLE.contains(it));
        let whole: &[&str] = if options.samples {
            &[]
        } else {
            &modules::WHOLE
        };
        options.modules = whole
            .iter()
            .chain(rest)
            .map(|it| (*it).to_owned())
            .collect();
    }
    let programs: BTreeSet<&str> = options
        .modules
        .iter()
        .flat_map(|it| modules::programs(it))
        .copied()
        .collect();
    let programs: Vec<&str> = programs.into_iter().collect();
    let kept = std::path::absolute(KEPT).map_err(|error| error.to_string())?;
    // Else another process would overwrite what a test reached.
    let _lock = if options.list {
        None
    } else {
        Some(lock(&kept)?)
    };
    let mut tree = Tree::new(&kept.join("tree"), &mutants)?;
    let unviable = kept.join("unviable");
    let runner = Runner {
        tree: kept.join("tree"),
        temporary: kept.join("tmp"),
    };
    let (mut built, mut records) = Default::default();
    if options.list {
        tree.recall(&unviable);
    } else {
        forget_other_libpcap(&kept)?;
        built = tree.build(&programs, &unviable)?;
        command::empty_folder(&runner.temporary)?;
        records = Recorder {
            runner: &runner,
            mutants: &mutants,
            hashes: tree.hashes(),
            kept: kept.join("reach"),
            budget: options.budget,
        }
        .record(&built)?;
    }

    let mut passed = true;
    let mut table = BTreeMap::new();
    for module in &options.modules {
        let offered = modules::programs(module);
        let usable = records
            .iter()
            .filter(|(test, _)| offered.contains(&test.program.as_str()));
        let usable = usable
            .map(|(test, record)| (test.clone(), record.clone()))
            .collect();
        let mut trials = Trials::new(&runner, &built, &usable, options.budget);
        let mut kept = Kept::open(&kept.join("results").join(module));
        let is_strict = modules::WHOLE.contains(&module.as_str());
        let is_whole = options.every || is_strict;
        let mut counts = Counts::default();
        let numbers = selected(&mutants, module, &tree, is_whole, options.shard);
        for &number in &numbers {
            let mutant = &mutants[number];
            match tree.untested.get(&number) {
                Some(Untested::Elsewhere) => continue,
                Some(Untested::Unviable) => counts.unviable += 1,
                Some(Untested::Fixed) => counts.fixed += 1,
                None => {
                    let hash = tree.hash_of(&mutant.file);
                    let began = Instant::now();
                    let (verdict, time) = match kept.get(mutant, &hash) {
                        Some(kept) if options.list || trials.still_counts(number, &kept.0) => kept,
                        None if options.list => continue,
                        _ => {
                            let (verdict, time) = trials.run(number, mutant)?;
                            kept.add(mutant, &hash, &verdict, time)?;
                            (verdict, time)
                        }
                    };
                    counts.add(&verdict, time);
                    let is_accepted = accepted.contains_key(&mutant.name);
                    if let Verdict::Survived(tests) = verdict {
                        counts.accepted += usize::from(is_accepted);
                        let line = mutant.line;
                        let note = match tests {
                            _ if is_accepted => "accepted",
                            0 => "unreached",
                            _ => "survived",
                        };
                        println!(
                            "{note}: {} (line {line}, {tests} tests, {:.1} s)",
                            mutant.name,
                            began.elapsed().as_secs_f64()
                        );
                        passed &= is_accepted || !is_strict;
                    } else if is_accepted {
                        println!("accepted, but caught: {}", mutant.name);
                        passed = false;
                    }
                }
            }
        }
        if is_strict && counts.tried == 0 {
            // There may be more shards than mutants.
            let is_empty = numbers.is_empty()
                && !selected(&mutants, module, &tree, is_whole, (1, 1)).is_empty();
            if !is_empty {
                println!("expected mutants of {module}, found none that was tried");
                passed = false;
            }
        }
        table.insert(module, counts);
    }
    for (name, reason) in accepted::stale(&accepted, &mutants, &tree.untested) {
        println!("accepted, but {reason}: {name}");
        passed = false;
    }
    print(&table);
    Ok(passed)
}

/// Removes the results of builds and the records if they were made with a libpcap other than the one in
/// `LIBPCAP_LIBDIR`. Which mutants build, and which of them the tests reach, depends on the functions of libpcap.
fn forget_other_libpcap(kept: &Path) -> Result<()> {
    let library = std::env::var_os("LIBPCAP_LIBDIR").unwrap_or_default();
    let library = Path::new(&library).join("libpcap.so");
    let content = fs::read(&library)
        .map_err(|error| format!("cannot read {}: {error}", library.display()))?;
    let hash = format!("{:016x}\n", command::hash(&content));
    let known = kept.join("libpcap");
    if fs::read_to_string(&known).is_ok_and(|old| old == hash) {
        return Ok(());
    }
    let _ = fs::remove_file(kept.join("unviable"));
    command::empty_folder(&kept.join("reach"))?;
    command::write(&known, hash.as_bytes())
}

/// Locks a folder until the file is closed.
fn lock(folder: &Path) -> Result<File> {
    let path = folder.join("lock");
    let file = fs::create_dir_all(folder).and_then(|()| File::create(&path));
    let file = file.map_err(|error| format!("cannot create {}: {error}", path.display()))?;
    file.try_lock()
        .map_err(|error| format!("cannot lock {}: {error}", path.display()))?;
    Ok(file)
}

/// Returns the numbers of the mutants of a module, or of a sample, that belong to a shard.
fn selected(
    mutants: &[Mutant],
    module: &str,
    tree: &Tree,
    is_whole: bool,
    shard: (usize, usize),
) -> Vec<usize> {
    let of_module = (0..mutants.len()).filter(|number| mutants[*number].module() == module);
    let mut numbers: Vec<usize> = of_module
        .filter(|number| tree.untested.get(number) != Some(&Untested::Elsewhere))
        .collect();
    if !is_whole {
        // The hash of its name stands for a random number.
        numbers.sort_by_key(|number| command::hash(mutants[*number].name.as_bytes()));
        numbers.truncate(modules::SAMPLE);
        numbers.sort_unstable();
    }
    numbers
        .into_iter()
        .enumerate()
        .filter(|(index, _)| index % shard.1 == shard.0 - 1)
        .map(|(_, it)| it)
        .collect()
}

impl Counts {
    fn add(&mut self, verdict: &Verdict, time: Duration) {
        self.tried += 1;
        self.processor += time;
        match verdict {
            Verdict::Caught(_) => self.caught += 1,
            Verdict::Timeout(_) => self.timeouts += 1,
            Verdict::Survived(tests) => {
                self.survived += 1;
                self.unreached += usize::from(*tests == 0);
            }
        }
    }
}

fn print(table: &BTreeMap<&String, Counts>) {
    println!(
        "module        tried  caught timeouts survived unreached accepted | unviable   fixed | seconds"
    );
    for (module, it) in table {
        println!(
            "{module:12} {:6} {:7} {:8} {:8} {:9} {:8} | {:8} {:7} | {:7.0}",
            it.tried,
            it.caught,
            it.timeouts,
            it.survived,
            it.unreached,
            it.accepted,
            it.unviable,
            it.fixed,
            it.processor.as_secs_f64()
        );
    }
}

fn join<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::shard;

    #[test]
    fn a_shard_is_one_of_its_count() {
        assert_eq!(shard("1/1"), Ok((1, 1)));
        assert_eq!(shard("4/4"), Ok((4, 4)));
        for wrong in [
            "0/4", "5/4", "0/0", "1/0", "/4", "1/", "-1/4", "a/b", "1/2/3",
        ] {
            let error = shard(wrong).unwrap_err();
            assert!(error.starts_with("expected SHARD/COUNT"), "{error}");
            assert!(error.ends_with(&format!("found `{wrong}`")), "{error}");
        }
    }
}
