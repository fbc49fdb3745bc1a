//! Compares the counts with the recorded ratios, and prints the result.

use std::env::consts::ARCH;
use std::process::{Command, ExitCode};

use crate::Failure;
use crate::count::{Counts, count};
use crate::live::Network;
use crate::paths::{self, Path};
use crate::peers::Peer;
use crate::ratios::Ratios;

/// The greatest accepted ratio to the expected count. It is below 1.1, so that 10 % more fail despite rounding.
const TOO_MANY: f64 = 1.09;

/// With less than this part, the recorded ratio no longer guards the path.
const FEW: f64 = 0.9;

/// The processor for which the ratios are recorded.
const RECORDED: &str = "x86_64";

/// Counts everything and compares it with what is recorded.
pub(crate) fn check() -> Result<ExitCode, Failure> {
    let versions = versions();
    let recorded = Ratios::closest(&versions)?;
    println!("counted with  {versions}");
    println!("recorded with {}", recorded.versions);
    if ARCH != RECORDED {
        println!("SKIPPED: ratios are recorded for {RECORDED}, not for {ARCH}");
        println!("0 passed, 0 failed, {} skipped", paths::all().len());
        return Ok(ExitCode::SUCCESS);
    }
    let (counts, skipped) = counts()?;
    println!(
        "instructions per packet; what is expected is the count of another, times the recorded ratio"
    );
    println!();
    let mut results = [0; 3];
    for path in paths::all() {
        let verdict = judge(&path, &recorded, &counts);
        println!("{:<42} {}", path.name, verdict.text);
        results[verdict.result as usize] += 1;
    }
    for name in recorded.names() {
        if paths::all().iter().all(|path| path.name != name) {
            println!("{name:<42} FAILED: recorded, but not a path");
            results[Outcome::Failed as usize] += 1;
        }
    }
    println!();
    let [passed, failed, left] = results;
    if failed > 0 {
        println!("A change may be worth its instructions: then record them with ci/gate --update.");
        if versions != recorded.versions {
            println!("They were recorded with other versions: count without the change, too.");
        }
    }
    if let Some(why) = skipped {
        println!("SKIPPED: paths of live captures: {why}");
    }
    println!("{passed} passed, {failed} failed, {left} skipped");
    Ok(if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Counts everything and records the ratios.
pub(crate) fn update() -> Result<ExitCode, Failure> {
    if ARCH != RECORDED {
        return Err(format!("ratios are recorded for {RECORDED}, not for {ARCH}").into());
    }
    let (counts, skipped) = counts()?;
    if let Some(why) = skipped {
        return Err(format!("cannot count all paths: {why}").into());
    }
    let mut ratios = Ratios::new(&versions());
    for path in paths::all() {
        let us = counts
            .of((Peer::Us, path.task))
            .ok_or("a path was not counted")?;
        let others = path.others.iter().map(|&(peer, task)| {
            let other = counts.of((peer, task))?;
            Some((peer, us / other))
        });
        let others: Option<Vec<_>> = others.collect();
        ratios.add(&path.name, others.ok_or("a path was not counted")?);
    }
    ratios.record()?;
    Ok(ExitCode::SUCCESS)
}

/// Counts everything; without the right to make a network, only what needs none, and then also returns the reason.
fn counts() -> Result<(Counts, Option<String>), Failure> {
    let mut counts = count(false)?;
    // SAFETY: takes nothing and always succeeds.
    if unsafe { libc::geteuid() } != 0 {
        return Ok((counts, Some("only root can make a network".to_owned())));
    }
    // Programs that this thread starts are in it.
    let _network = Network::new()?;
    counts.extend(count(true)?);
    Ok((counts, None))
}

#[derive(Clone, Copy)]
enum Outcome {
    Passed,
    Failed,
    Skipped,
}

struct Verdict {
    result: Outcome,
    text: String,
}

/// Compares one path. It fails only if the count is too high beside each of the others: if just one of them became
/// cheaper, with a newer libpcap or compiler, ours is not to blame.
fn judge(path: &Path, recorded: &Ratios, counts: &Counts) -> Verdict {
    let verdict = |result, text| Verdict { result, text };
    let Some(us) = counts.of((Peer::Us, path.task)) else {
        return verdict(Outcome::Skipped, "SKIPPED".to_owned());
    };
    let Some(ratios) = recorded.of(&path.name) else {
        return verdict(
            Outcome::Failed,
            "FAILED: not recorded, see ci/gate --help".to_owned(),
        );
    };
    let expected = ratios.iter().filter_map(|&(peer, ratio)| {
        let (_, task) = path.others.iter().find(|(other, _)| *other == peer)?;
        let other = counts.of((peer, *task))?;
        Some((peer, other, ratio * other))
    });
    let expected: Vec<_> = expected.collect();
    let each = expected.iter().map(|(peer, other, expected)| {
        format!("; {} {other:.1}, expected {expected:.1}", peer.name())
    });
    let text = format!("{us:>6.1}{}", each.collect::<String>());
    if expected.len() != path.others.len() {
        return verdict(
            Outcome::Failed,
            format!("{text} FAILED: not recorded with all others"),
        );
    }
    let lowest = expected.iter().map(|(_, _, expected)| us / expected);
    let lowest = lowest.fold(f64::INFINITY, f64::min);
    let percent = 100.0 * (lowest - 1.0);
    if lowest > TOO_MANY {
        verdict(Outcome::Failed, format!("{text} FAILED: {percent:+.1} %"))
    } else if lowest < FEW {
        verdict(
            Outcome::Passed,
            format!("{text} ({percent:+.1} %: record it with ci/gate --update)"),
        )
    } else {
        verdict(Outcome::Passed, format!("{text} ({percent:+.1} %)"))
    }
}

/// Returns the versions on which counts depend.
fn versions() -> String {
    let valgrind = Command::new("valgrind").arg("--version").output();
    let valgrind = valgrind.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    let libpcap = pcap_core::version().to_string();
    [
        env!("GATE_RUSTC"),
        env!("GATE_CC"),
        &libpcap,
        &valgrind.unwrap_or_default(),
    ]
    .join(", ")
}
