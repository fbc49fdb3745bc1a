//! `pcap-capture` loses no more packets than dumpcap at the same rate, and at most one percent more when it compresses. It
//! needs no more processor time than tcpdump and dumpcap.

use std::fs;
use std::thread;
use std::time::Duration;

use super::Plan;
use super::capture::{Capture, count};
use super::sender::Sender;
use crate::Result;
use crate::cold_build::median;

/// How long each flood lasts.
const TIME: Duration = Duration::from_secs(5);
/// A program, and its options for a ring of ten files of 20 MB and a buffer of 2 MiB.
type Command = (&'static str, &'static str);

/// The commands that are compared. The first is the reference.
const CAPTURES: [Command; 5] = [
    (
        "dumpcap",
        "-q -B 2 -b filesize:20000 -b files:10 -w d.pcapng",
    ),
    ("tcpdump", "-n -Z root -B 2048 -C 20 -W 10 -w t.pcap"),
    (
        "pcap-capture",
        "--json -B 2MiB -b filesize:20000 -b files:10 -w p.pcapng",
    ),
    (
        "pcap-capture",
        "--json -B 2MiB -b filesize:20000 -b files:10 -w z.pcapng.zst",
    ),
    (
        "pcap-capture",
        "--json -B 2MiB -b filesize:20000 -b files:10 -w l.pcapng.lz4",
    ),
];
/// Differences in loss up to this are noise, in percent of the packets sent.
const NOISE: f64 = 0.01;
/// The most that compression may add to the loss, in percent of the packets sent.
const MAX_FOR_COMPRESSION: f64 = 1.0;
/// The limit for the processor time of `pcap-capture`, relative to the faster of the other programs.
const MAX_TIME: f64 = 1.05;

/// What a flood measured.
#[derive(Clone, Copy)]
struct Outcome {
    /// The packets lost, in percent of the packets sent.
    loss: f64,
    /// The processor time per captured packet, in nanoseconds.
    time: f64,
}

pub(super) fn run(plan: &Plan) -> Result<()> {
    if plan.rounds == 0 {
        return Ok(());
    }
    let rate = match plan.rate {
        // Three quarters of the rate that the machine can send while dumpcap captures.
        0 => flood(plan, CAPTURES[0], 0)?.1 * 3 / 4,
        rate => rate,
    };
    let mut outcomes = CAPTURES.map(|_| Vec::new());
    for round in 1..=plan.rounds {
        for (outcomes, capture) in outcomes.iter_mut().zip(CAPTURES) {
            let (outcome, rate) = flood(plan, capture, rate)?;
            println!(
                "round {round}, {rate} packets/s: {:.3} % lost, {:.0} ns per packet: {} {}",
                outcome.loss, outcome.time, capture.0, capture.1
            );
            outcomes.push(outcome);
        }
    }
    let times = outcomes
        .each_ref()
        .map(|outcomes| median(outcomes.iter().map(|outcome| outcome.time)));
    // Compared in turns: the difference of the captures of one round. Other programs can disturb a single round.
    let [dumpcap, rest @ ..] = &outcomes;
    let more = rest.each_ref().map(|outcomes| {
        let pairs = outcomes.iter().zip(dumpcap);
        median(pairs.map(|(outcome, dumpcap)| outcome.loss - dumpcap.loss))
    });
    for ((capture, time), more) in CAPTURES.iter().zip(times).zip([0.0].iter().chain(&more)) {
        println!(
            "median: {more:+.3} % of the packets more lost than by dumpcap, {time:.0} ns per packet: {} {}",
            capture.0, capture.1
        );
    }
    let [_, plain, zstd, lz4] = more;
    if plain > NOISE {
        return Err(format!(
            "pcap-capture loses {plain:.3} % of the packets more than dumpcap"
        ));
    }
    if zstd.max(lz4) > MAX_FOR_COMPRESSION {
        return Err(format!(
            "with compression, pcap-capture loses {zstd:.3} and {lz4:.3} % of the packets more than dumpcap"
        ));
    }
    let ratio = times[2] / times[0].min(times[1]);
    println!("processor time of pcap-capture: {ratio:.2} of the faster other program");
    match ratio > MAX_TIME {
        true => Err(format!("pcap-capture takes {ratio:.2} times as long")),
        false => Ok(()),
    }
}

/// Floods a capture at a rate. Returns its outcome, and the rate that was reached.
fn flood(plan: &Plan, (program, options): Command, rate: u64) -> Result<(Outcome, u64)> {
    let capture = Capture::start(plan, program, options)?;
    let sender = Sender::start(rate)?;
    thread::sleep(TIME);
    let (sent, rate) = sender.stop();
    let time = capture.processor_time()?;
    capture.interrupt()?;
    let (stdout, stderr) = capture.end()?;
    let captured = match program {
        "dumpcap" => number_after(&stderr, "on interface 'left': ", '/')?,
        "tcpdump" => number_before(&stderr, " packets captured")?,
        _ => count(stdout.lines().last().unwrap_or_default(), "packets")?,
    };
    for entry in fs::read_dir(&plan.folder).into_iter().flatten().flatten() {
        let _ = fs::remove_file(entry.path());
    }
    let lost = sent.saturating_sub(captured);
    let outcome = Outcome {
        loss: 100.0 * lost as f64 / sent as f64,
        time: time.as_nanos() as f64 / captured as f64,
    };
    Ok((outcome, rate))
}

/// Returns the number in a text that follows a word and ends at a character.
fn number_after(text: &str, word: &str, end: char) -> Result<u64> {
    let rest = text.split(word).nth(1);
    let number = rest.and_then(|text| text.split(end).next()?.parse().ok());
    number.ok_or(format!("expected a count after `{word}`, found {text}"))
}

/// Returns the number in a text that precedes a word.
fn number_before(text: &str, word: &str) -> Result<u64> {
    let (before, _) = text.split_once(word).unwrap_or_default();
    let number = before.rsplit(|c: char| !c.is_ascii_digit()).next();
    let number = number.and_then(|number| number.parse().ok());
    number.ok_or(format!("expected a count before `{word}`, found {text}"))
}
