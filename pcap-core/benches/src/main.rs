//! Compares the speed of `pcap-core` with C on the same libpcap, other crates, and the bare system calls.
//!
//! Each run is a separate process, and the peers take turns with the same cached files. Unless stated otherwise, a
//! figure is the median of nanoseconds of CPU time per packet. On a busy machine only the ratios are meaningful.
//! `latency` and `expressions` are other reports, with their own tables.

mod allocations;
mod expressions;
mod frames;
mod input;
mod latency;
mod layout;
mod machine;
mod outcome;
mod peers;
mod report;
mod rows;
mod runs;
mod tally;
mod work;

use std::fs;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use clap::{Parser, Subcommand};
use report::Report;
use rows::Group;
use runs::{Progress, Runner};
use work::Place;

/// Compare the speed of pcap-core with C, other crates and the bare system calls.
///
/// Prints one table. Unless stated otherwise, a figure is the CPU time per packet in nanoseconds, the median of runs
/// that take turns, each in its own process. The floor is the time taken by the system calls and by stepping from
/// packet to packet.
#[derive(Parser)]
#[command(args_conflicts_with_subcommands = true, disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    other: Option<Other>,
    /// Only rows whose heading or name contains one of these
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// Number of measurements; the median is printed
    #[arg(long, default_value_t = 9)]
    runs: usize,
    /// Do a hundredth of the work, to test the benchmarks instead of measuring
    #[arg(long)]
    quick: bool,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
    /// Print the tables in Markdown, for docs/performance.md
    #[arg(long, conflicts_with = "json")]
    markdown: bool,
    /// Print the names of the rows, and measure nothing
    #[arg(long)]
    list: bool,
    /// Do one task and print its result
    #[arg(long, hide = true, value_name = "JOB")]
    one: Option<String>,
    /// Number of packets to send
    #[arg(long, hide = true, value_name = "PACKETS")]
    send: Option<u64>,
    /// Write a file to standard output
    #[arg(long, hide = true, value_name = "FILE")]
    feed: Option<PathBuf>,
    /// Packets per second
    #[arg(long, hide = true, value_name = "PACKETS")]
    rate: Option<u64>,
    /// Check whether live captures can be measured here
    #[arg(long, hide = true)]
    probe: bool,
}

/// Reports other than the main table.
#[derive(Subcommand)]
enum Other {
    Latency(latency::Arguments),
    Expressions(expressions::Arguments),
}

type Failure = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let who = match arguments.other {
                Some(Other::Latency(_)) => "latency",
                Some(Other::Expressions(_)) => "expressions",
                None => "bench",
            };
            eprintln!("{who}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), Failure> {
    match &arguments.other {
        Some(Other::Latency(arguments)) => return latency::run(arguments),
        Some(Other::Expressions(arguments)) => return expressions::run(arguments),
        None => {}
    }
    if arguments.probe {
        return work::probe();
    }
    if let Some(packets) = arguments.send {
        return work::send(packets, arguments.rate);
    }
    if let Some(path) = &arguments.feed {
        return work::feed(path);
    }
    let place = Place::new(arguments.quick);
    if let Some(name) = &arguments.one {
        return one(name, &place);
    }
    let groups = chosen(&arguments.names);
    if groups.is_empty() {
        return Err("no row has such a name; --list names them".into());
    }
    if arguments.list {
        for group in &groups {
            group
                .rows
                .iter()
                .for_each(|row| println!("{}: {}", group.name, row.name));
        }
        return Ok(());
    }
    let report = measure(arguments, &place, groups)?;
    if arguments.json {
        report::print_json(&report);
    } else if arguments.markdown {
        report::print_markdown(&report);
    } else {
        report::print_table(&report);
    }
    Ok(())
}

/// Does the run for which this process was started.
fn one(name: &str, place: &Place) -> Result<(), Failure> {
    // Ends the process if its packets never arrive: no work takes as long.
    // SAFETY: takes a number, of seconds.
    unsafe { libc::alarm(300) };
    let groups = rows::groups();
    let rows = groups.iter().flat_map(|group| &group.rows);
    let mut jobs = rows.flat_map(|row| row.cells.iter().copied());
    let (peer, task) = jobs
        .find(|&job| runs::name(job) == name)
        .ok_or("no such work")?;
    println!("{}", task.run(peer, place)?.to_json());
    Ok(())
}

/// Returns the rows whose names contain one of these; all if there are none.
fn chosen(names: &[String]) -> Vec<Group> {
    let names: Vec<String> = names.iter().map(|name| name.to_lowercase()).collect();
    let mut groups = rows::groups();
    for Group { name, rows, .. } in &mut groups {
        rows.retain(|row| {
            let full = format!("{name}: {}", row.name).to_lowercase();
            names.is_empty() || names.iter().any(|name| full.contains(name))
        });
    }
    groups.retain(|group| !group.rows.is_empty());
    groups
}

fn measure(arguments: &Arguments, place: &Place, groups: Vec<Group>) -> Result<Report, Failure> {
    fs::create_dir_all(&place.folder)?;
    let mut notes = Vec::new();
    let mut jobs = groups
        .iter()
        .flat_map(|g| &g.rows)
        .flat_map(|row| &row.cells);
    let live = !jobs.any(|(_, task)| task.is_live()) || {
        let probe = Command::new(std::env::current_exe()?)
            .arg("--probe")
            .output()?;
        if !probe.status.success() {
            let error = String::from_utf8_lossy(&probe.stderr);
            let why = error.lines().last().unwrap_or("the probe died");
            let why = why.trim_start_matches("bench: ");
            notes.push(format!("Without live captures: {why}"));
        }
        probe.status.success()
    };
    let runs = if arguments.quick {
        1
    } else {
        arguments.runs.max(1)
    };
    let mut runner = Runner::new(place.clone(), runs, live);
    let progress = Progress::new();
    let mut measured = Vec::new();
    for group in groups {
        let figures = runner.measure(&group, &progress)?;
        measured.push((group, figures));
    }
    Ok(Report {
        runs,
        quick: arguments.quick,
        notes,
        groups: measured,
    })
}
