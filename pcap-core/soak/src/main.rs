//! Captures for minutes or days in all the ways that long-running programs do, while numbered packets are sent.
//!
//! `ci/soak` runs it in a network namespace of its own.

mod device;
mod jobs;
mod numbered;
mod report;
mod resources;
mod round;
mod sender;
mod tally;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use jobs::steady::Steady;
use report::Report;
use resources::Resources;
use sender::Pace;

/// The time in which packets are sent in each round.
const ROUND: Duration = Duration::from_secs(5);

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("ci/soak: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let minutes = arguments.next().unwrap_or("10".to_owned());
    let minutes: f64 = minutes
        .parse()
        .with_context(|| format!("expected a number of minutes, found {minutes}"))?;
    let folder = arguments.next().context("expected a folder")?;
    let length = Duration::try_from_secs_f64(minutes * 60.0)
        .with_context(|| format!("expected a number of minutes, found {minutes}"))?;
    device::create()?;
    let mut steady = Steady::start(folder.into())?;
    let mut report = Report::default();
    let began = Instant::now();
    let mut next = 1;
    for (number, pace) in Pace::ALL.into_iter().cycle().enumerate() {
        let round = round::run((number, next), pace, ROUND, &mut steady)
            .with_context(|| format!("round {number}, after {:.0?}", began.elapsed()))?;
        next += round.sent;
        report.add(&round, Resources::now()?);
        if began.elapsed() >= length && number + 1 >= Pace::ALL.len() {
            break;
        }
    }
    ensure!(began.elapsed() >= length, "the soak ended early");
    report.finish(steady.finish()?)
}
