//! `pcap-capture` loses no more packets than dumpcap at the same rate, and at most one percent more when it compresses.

use std::fs;
use std::thread;
use std::time::Duration;

use super::Plan;
use super::capture::{Capture, count};
use super::sender::Sender;
use crate::Result;

/// The duration of each flood.
const TIME: Duration = Duration::from_secs(5);
/// The options of both programs: a ring of ten files of 20 MB.
const RING: &str = "-b filesize:20000 -b files:10";
/// The tolerated difference of two losses, in percent of the packets: rounds of the same program differ, too.
const TOLERANCE: f64 = 0.5;
/// The additional loss that is tolerated with compression, in percent of the packets.
const MAX_FOR_COMPRESSION: f64 = 1.0;

/// The captures to compare. The first is the reference.
const CAPTURES: [(&str, &str); 4] = [
    ("dumpcap", "-q -B 2 -w d.pcapng"),
    ("pcap-capture", "-B 2MiB --json --print-files -w p.pcapng"),
    (
        "pcap-capture",
        "-B 2MiB --json --print-files -w z.pcapng.zst",
    ),
    (
        "pcap-capture",
        "-B 2MiB --json --print-files -w l.pcapng.lz4",
    ),
];

pub(super) fn run(plan: &Plan) -> Result<()> {
    if plan.rounds == 0 {
        return Ok(());
    }
    let rate = match plan.rate {
        // Three quarters of the rate that the machine can send while dumpcap captures.
        0 => flood(plan, CAPTURES[0], 0)?.1 * 3 / 4,
        rate => rate,
    };
    let mut losses = [(); CAPTURES.len()].map(|()| Vec::new());
    for round in 1..=plan.rounds {
        for (loss, capture) in losses.iter_mut().zip(CAPTURES) {
            let (percent, rate) = flood(plan, capture, rate)?;
            let (program, options) = capture;
            println!("round {round}: {program} {options}: {percent:.3} % of {rate}/s lost");
            loss.push(percent);
        }
    }
    let losses = losses.map(median);
    for (loss, (program, options)) in losses.iter().zip(CAPTURES) {
        println!("median: {program} {options}: {loss:.3} %");
    }
    let [dumpcap, plain, zstd, lz4] = losses;
    if plain > dumpcap + TOLERANCE {
        return Err(format!(
            "pcap-capture loses {plain:.3} %, dumpcap {dumpcap:.3} %"
        ));
    }
    match zstd.max(lz4) > dumpcap + MAX_FOR_COMPRESSION + TOLERANCE {
        true => Err(format!(
            "with compression, pcap-capture loses {zstd:.3} and {lz4:.3} %"
        )),
        false => Ok(()),
    }
}

/// Returns the median. Other programs on the machine can take its time in a single round.
fn median(mut losses: Vec<f64>) -> f64 {
    losses.sort_by(f64::total_cmp);
    losses[losses.len() / 2]
}

/// Floods a capture at a rate. Returns the percentage of packets that were lost, and the rate.
fn flood(plan: &Plan, (program, options): (&str, &str), rate: u64) -> Result<(f64, u64)> {
    let capture = Capture::start(plan, program, &format!("{options} {RING}"))?;
    let sender = Sender::start(rate)?;
    thread::sleep(TIME);
    let (sent, rate) = sender.stop();
    capture.interrupt()?;
    let (stdout, stderr) = capture.end()?;
    let captured = match program {
        "dumpcap" => dumpcap_count(&stderr)?,
        _ => count(stdout.lines().last().unwrap_or_default(), "packets")?,
    };
    for entry in fs::read_dir(&plan.folder).into_iter().flatten().flatten() {
        let _ = fs::remove_file(entry.path());
    }
    let lost = sent.saturating_sub(captured);
    Ok((100.0 * lost as f64 / sent as f64, rate))
}

/// Returns the number of packets that dumpcap has captured, which it prints before the number of dropped ones.
fn dumpcap_count(stderr: &str) -> Result<u64> {
    let text = stderr.split("on interface 'left': ").nth(1);
    let number = text.and_then(|text| text.split('/').next()?.parse().ok());
    number.ok_or(format!("dumpcap printed no counts: {stderr}"))
}
