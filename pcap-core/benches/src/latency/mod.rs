//! A report of what a waiting capture promises: how soon it returns, what waiting costs, and what arrives in a flood.
//! Each figure is compared with its target.
//!
//! Each measurement is a process in its own network. `ci/latency --help` explains the rows.
//!
//! May import: everything but `rows`, `runs` of the other table; its own parts.

#[cfg_attr(not(target_os = "linux"), path = "no_measure.rs")]
mod measure;
mod print;
mod rows;

use std::collections::BTreeMap;
use std::env;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdout, Command, Stdio};

use crate::Failure;
use crate::runs::Progress;
use crate::work;
use rows::{Group, Job};

/// Measure breaks, deadlines, idle waits, floods and asynchronous captures.
///
/// Prints one table with the target of each figure. Needs root.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Only rows whose heading or name contains one of these
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// Do a small part of the work, as a test and not to measure
    #[arg(long)]
    quick: bool,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
    /// Print the rows' names, and measure nothing
    #[arg(long)]
    list: bool,
    /// Do one measurement and print its result
    #[arg(long, hide = true, value_name = "JOB")]
    one: Option<String>,
}

/// The results of one measurement, by name.
pub(crate) type Figures = BTreeMap<String, f64>;

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    if let Some(name) = &arguments.one {
        return one(name, arguments.quick);
    }
    let groups = rows::chosen(&arguments.names);
    if groups.is_empty() {
        return Err("no row has such a name; --list names them".into());
    }
    if arguments.list {
        for (group, row) in groups
            .iter()
            .flat_map(|g| g.rows.iter().map(move |r| (g, r)))
        {
            println!("{}: {}", group.name, row.name);
        }
        return Ok(());
    }
    work::probe()?;
    let progress = Progress::new();
    let mut lines = Vec::new();
    for group in &groups {
        let figures = measure_all(group, arguments.quick, &progress)?;
        lines.extend(
            group
                .rows
                .iter()
                .map(|row| print::line(group, row, &figures)),
        );
    }
    drop(progress);
    if arguments.json {
        print::json(&lines, arguments.quick);
    } else {
        print::table(&lines, arguments.quick);
    }
    Ok(())
}

/// Does the measurement for which this process was started.
fn one(name: &str, quick: bool) -> Result<(), Failure> {
    // Ends the process if it waits forever: no measurement takes as long.
    // SAFETY: takes a number, of seconds.
    unsafe { libc::alarm(300) };
    let groups = rows::groups();
    let mut jobs = groups.iter().flat_map(Group::jobs);
    let job = jobs.find(|job| job.name() == name).ok_or("no such work")?;
    let begin = || {
        println!("ready");
        io::stdin().read_exact(&mut [0])
    };
    let figures = measure::run(job, quick, begin)?;
    println!("{}", serde_json::to_string(&figures)?);
    Ok(())
}

/// Returns the medians of all measurements of a group.
fn measure_all(
    group: &Group,
    quick: bool,
    progress: &Progress,
) -> Result<Vec<(Job, Figures)>, Failure> {
    let jobs = group.jobs();
    let rounds = if quick { 1 } else { group.rounds };
    let mut all = vec![Vec::new(); jobs.len()];
    for round in 1..=rounds {
        let at_once = if group.together { jobs.len() } else { 1 };
        for (jobs, runs) in jobs.chunks(at_once).zip(all.chunks_mut(at_once)) {
            let name = match jobs {
                [job] => job.name(),
                _ => "all at once".to_owned(),
            };
            progress.say(&format!("{}: {name}, {round} of {rounds}", group.name));
            let started: Result<Vec<_>, _> = jobs.iter().map(|&job| Run::new(job, quick)).collect();
            let mut started = started?;
            // No process creates its network while others measure.
            started.iter_mut().try_for_each(Run::begin)?;
            for (run, runs) in started.into_iter().zip(runs) {
                runs.push(run.figures()?);
            }
        }
    }
    Ok(jobs
        .into_iter()
        .zip(all.iter().map(|runs| medians(runs)))
        .collect())
}

fn medians(runs: &[Figures]) -> Figures {
    let names = runs.iter().flat_map(Figures::keys);
    let median = |name: &String| {
        let mut values: Vec<f64> = runs
            .iter()
            .filter_map(|run| run.get(name).copied())
            .collect();
        values.sort_by(f64::total_cmp);
        (name.clone(), values[(values.len() - 1) / 2])
    };
    names.map(median).collect()
}

/// A measuring process, which is killed on drop.
struct Run {
    job: Job,
    child: Child,
    out: BufReader<ChildStdout>,
}

impl Run {
    /// Starts a process, and waits until it is ready.
    fn new(job: Job, quick: bool) -> Result<Run, Failure> {
        let mut child = Command::new(env::current_exe()?)
            .args(["latency", "--one", &job.name()])
            .args(quick.then_some("--quick"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let out = BufReader::new(child.stdout.take().ok_or("no standard output")?);
        let mut run = Run { job, child, out };
        match run.line()?.as_str() {
            "ready" => Ok(run),
            other => Err(run.failed(other)),
        }
    }

    fn begin(&mut self) -> Result<(), Failure> {
        let stdin = self.child.stdin.as_mut().ok_or("no standard input")?;
        Ok(stdin.write_all(b"!")?)
    }

    fn figures(mut self) -> Result<Figures, Failure> {
        let line = self.line()?;
        serde_json::from_str(&line).map_err(|_| self.failed(&line))
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        self.out.read_line(&mut line)?;
        Ok(line.trim_end().to_owned())
    }

    /// Returns the error of a process, which has printed the reason on standard error.
    fn failed(&self, printed: &str) -> Failure {
        format!("{} failed: it printed `{printed}`", self.job.name()).into()
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
