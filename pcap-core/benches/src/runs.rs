//! Runs the work: each run in its own process, in turns, with cached files.
//!
//! May import: `input`, `tally`, `outcome`, `peers`, `work`, `rows`.

use std::collections::HashMap;
use std::env;
use std::io::{IsTerminal, Write, stderr};
use std::process::Command;

use crate::Failure;
use crate::outcome::{Metric, Outcome};
use crate::peers::Peer;
use crate::rows::Group;
use crate::tally::Tally;
use crate::work::{Place, Task};

/// A peer and its task.
type Job = (Peer, Task);

/// The figures of one cell.
#[derive(Clone, Debug)]
pub(crate) struct Spread {
    sorted: Vec<f64>,
}

impl Spread {
    pub(crate) fn new(mut figures: Vec<f64>) -> Spread {
        figures.sort_by(f64::total_cmp);
        Spread { sorted: figures }
    }

    /// Returns the figure at this percentile.
    pub(crate) fn at(&self, percent: usize) -> f64 {
        self.sorted[(self.sorted.len() - 1) * percent / 100]
    }

    pub(crate) fn median(&self) -> f64 {
        self.at(50)
    }

    /// Returns half the distance of the quartiles in percent of the median, if there are several runs.
    pub(crate) fn percent(&self) -> Option<f64> {
        let half = (self.at(75) - self.at(25)) / 2.0;
        let percent = 100.0 * half / self.median();
        (self.runs() > 1 && percent.is_finite()).then_some(percent)
    }

    pub(crate) fn runs(&self) -> usize {
        self.sorted.len()
    }
}

/// All figures of a group.
#[derive(Default)]
pub(crate) struct Figures {
    outcomes: Vec<(Job, Vec<Outcome>)>,
}

impl Figures {
    pub(crate) fn of(&self, job: Job, metric: Metric) -> Option<Spread> {
        let (_, outcomes) = self.outcomes.iter().find(|(known, _)| *known == job)?;
        let figures = outcomes
            .iter()
            .map(|outcome| outcome.figures.get(&metric).copied());
        let figures: Vec<f64> = figures.collect::<Option<_>>()?;
        (!figures.is_empty()).then(|| Spread::new(figures))
    }
}

/// Runs work and checks that all peers read the same.
pub(crate) struct Runner {
    place: Place,
    runs: usize,
    live: bool,
    tallies: HashMap<String, Tally>,
}

impl Runner {
    pub(crate) fn new(place: Place, runs: usize, live: bool) -> Runner {
        Runner {
            place,
            runs,
            live,
            tallies: HashMap::new(),
        }
    }

    /// Measures all jobs of a group.
    pub(crate) fn measure(
        &mut self,
        group: &Group,
        progress: &Progress,
    ) -> Result<Figures, Failure> {
        let mut figures = Figures::default();
        for &job in group.rows.iter().flat_map(|row| &row.cells) {
            let known = figures.outcomes.iter().any(|(known, _)| *known == job);
            if !known && (self.live || !job.1.is_live()) {
                figures.outcomes.push((job, Vec::new()));
            }
        }
        for ((_, task), _) in &figures.outcomes {
            let Some(input) = task.input() else { continue };
            // The key of `Task::same` for tasks that read all of a file.
            let same = format!("{input:?}");
            if !self.tallies.contains_key(&same) {
                progress.say(&format!("{}: making the file", group.name));
                let tally = input.make(&self.place.folder, self.place.quick)?;
                self.tallies.insert(same, tally);
            }
        }
        let runs = self.runs.min(group.runs).max(1);
        // One more than is counted: the first fills the cache. With a single run nothing is timed.
        let first = if runs == 1 { 1 } else { 0 };
        for run in first..=runs {
            progress.say(&format!("{}: run {run} of {runs}", group.name));
            for (job, outcomes) in &mut figures.outcomes {
                let outcome = in_a_process(*job, self.place.quick)?;
                self.compare(*job, outcome.tally)?;
                if run > 0 {
                    outcomes.push(outcome);
                }
            }
        }
        Ok(figures)
    }

    fn compare(&mut self, (peer, task): Job, tally: Tally) -> Result<(), Failure> {
        let Some(same) = task.same() else {
            return Ok(());
        };
        let known = *self.tallies.entry(same).or_insert(tally);
        if known == tally {
            return Ok(());
        }
        let name = peer.name();
        Err(format!("{name}, {task:?}: it saw {tally:?}, and others {known:?}").into())
    }
}

/// Returns the name of a job, which tells a process what to do.
pub(crate) fn name((peer, task): Job) -> String {
    format!("{peer:?} {task:?}")
}

fn in_a_process(job: Job, quick: bool) -> Result<Outcome, Failure> {
    let output = Command::new(env::current_exe()?)
        .args(["--one", &name(job)])
        .args(quick.then_some("--quick"))
        .output()?;
    if !output.status.success() {
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(format!("{}: {}: {error}", name(job), output.status).into());
    }
    let text = String::from_utf8(output.stdout)?;
    Outcome::from_json(&text).ok_or_else(|| format!("{}: printed {text}", name(job)).into())
}

/// Prints the progress on the terminal, if there is one.
pub(crate) struct Progress {
    terminal: bool,
}

impl Progress {
    pub(crate) fn new() -> Progress {
        Progress {
            terminal: stderr().is_terminal(),
        }
    }

    pub(crate) fn say(&self, text: &str) {
        if self.terminal {
            let mut out = stderr().lock();
            // Nothing depends on it.
            let _ = write!(out, "\r\x1b[K{text}");
            let _ = out.flush();
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.say("");
    }
}
