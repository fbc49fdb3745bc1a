//! A report of the speed of `Filter::matches` for many expressions, relative to libpcap's `bpf_filter`.
//!
//! Both run in the same process and take turns, on the same packets.
//!
//! May import: `frames`, `peers`.

mod libpcap;
mod print;
mod turns;

use std::hint::black_box;

use pcap_core::{CompileOptions, Dlt, Filter};

use crate::Failure;
use crate::frames::{Frames, Size};
use libpcap::Program;
use turns::{Ratio, Turns};

/// The expressions of the library's tests: link type, snaplen and expression.
const EXPRESSIONS: &str = include_str!("../../../tests/data/expressions.txt");

/// Compare `Filter::matches` with libpcap's `bpf_filter` for every Ethernet expression of the tests.
///
/// A ratio is libpcap's CPU time divided by ours, the median of turns. The first set of packets is 1024 different ones,
/// which the branch predictor learns; the second is 65 536 in random order, which it cannot learn. In memory, the
/// packets follow one another, as in the buffer of a capture.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Only expressions that contain one of these
    #[arg(value_name = "PART")]
    parts: Vec<String>,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
    /// Measure briefly, to test the benchmark
    #[arg(long)]
    quick: bool,
    /// Print the ratios of all expressions, not only of the slowest
    #[arg(long)]
    all: bool,
}

/// The length of the packets.
const LENGTH: usize = 64;

/// The ratios of an expression.
struct Row {
    expression: &'static str,
    learned: Ratio,
    random: Ratio,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let (few, many) = (Frames::samples(Size::Small), in_random_order());
    let (few, many) = (few.concat(), many.concat());
    let [few, many] = [&few, &many].map(|bytes| bytes.chunks(LENGTH).collect::<Vec<_>>());
    // The timed rounds, and the rounds before them in which the predictor learns.
    let (few, many) = match arguments.quick {
        true => (Turns::new(few, 1, 1, 1), Turns::new(many, 1, 1, 0)),
        false => (Turns::new(few, 31, 16, 4), Turns::new(many, 15, 1, 0)),
    };
    let mut rows = Vec::new();
    for (expression, snaplen) in expressions() {
        let parts = &arguments.parts;
        if !parts.is_empty() && !parts.iter().any(|part| expression.contains(part.as_str())) {
            continue;
        }
        let options = CompileOptions::new().snaplen(snaplen);
        // Some expressions are for other versions of libpcap.
        let Ok(filter) = options.compile(Dlt::EN10MB, expression) else {
            continue;
        };
        let program = Program::new(expression, snaplen)?;
        let measure = |turns: &Turns| turns.measure(black_box(&filter), black_box(&program));
        let failed = |error: Failure| format!("`{expression}`: {error}");
        rows.push(Row {
            expression,
            learned: measure(&few).map_err(failed)?,
            random: measure(&many).map_err(failed)?,
        });
    }
    if rows.is_empty() {
        return Err("no expression contains that".into());
    }
    match arguments.json {
        true => print::json(&rows),
        false => print::table(&rows, arguments.all),
    }
    Ok(())
}

/// Returns the Ethernet expressions that some libpcap compiles, with their snaplens.
fn expressions() -> impl Iterator<Item = (&'static str, u32)> {
    EXPRESSIONS.lines().filter_map(|line| {
        let mut columns = line.split('\t');
        let linktype = columns.next()?;
        let snaplen = columns.next()?.parse().ok()?;
        let expression = columns.next()?;
        let ethernet = linktype.ends_with("EN10MB") && !linktype.starts_with('!');
        ethernet.then_some((expression, snaplen))
    })
}

/// Returns more packets than a branch predictor can learn, in random order.
fn in_random_order() -> Vec<Vec<u8>> {
    let mut frames = Frames::new(Size::Small);
    let mut all: Vec<Vec<u8>> = (0..65_536).map(|_| frames.next().to_vec()).collect();
    let mut random = 0x2545_f491_u32;
    for last in (1..all.len()).rev() {
        random ^= random << 13;
        random ^= random >> 17;
        random ^= random << 5;
        all.swap(last, random as usize % (last + 1));
    }
    all
}

/// Counts the packets that a filter accepts, in this many rounds.
fn count(filter: &Filter, frames: &[&[u8]], rounds: u64) -> u64 {
    let mut accepted = 0;
    for _ in 0..rounds {
        accepted += frames.iter().filter(|frame| filter.matches(frame)).count() as u64;
    }
    accepted
}
