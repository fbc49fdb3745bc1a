//! The output of the report.

use serde_json::{Value, json};

use super::Row;
use super::turns::Ratio;

/// The number of slowest expressions in the table.
const SLOWEST: usize = 10;

/// Below this ratio, an expression counts as slower than with libpcap.
const SLOWER: f64 = 0.95;

/// A set of packets: its name, and its ratio in a row.
type Set = (&'static str, fn(&Row) -> &Ratio);

const SETS: [Set; 2] = [
    ("1024 packets", |row| &row.learned),
    ("65536 packets in random order", |row| &row.random),
];

pub(super) fn table(rows: &[Row], all: bool) {
    println!(
        "{} expressions; CPU time of bpf_filter divided by that of Filter::matches",
        rows.len()
    );
    for (name, ratio) in SETS {
        let sorted = sorted(rows, ratio);
        println!(
            "\n{name}: geometric mean {:.2}; {} below {SLOWER}",
            mean(rows, ratio),
            slower(rows, ratio)
        );
        let shown = if all { sorted.len() } else { SLOWEST };
        for row in sorted.iter().take(shown) {
            let Ratio {
                ratio,
                ours,
                theirs,
                ..
            } = ratio(row);
            println!(
                "  {ratio:5.2} ({ours:5.1} ns, libpcap {theirs:5.1} ns)  {}",
                row.expression
            );
        }
    }
}

pub(super) fn json(rows: &[Row]) {
    let sets = SETS.map(|(name, ratio)| {
        let expression = |row: &&Row| {
            let found = ratio(row);
            json!({
                "expression": row.expression,
                "ratio": found.ratio,
                "nanos": found.ours,
                "libpcap_nanos": found.theirs,
                "accepted": found.accepted,
            })
        };
        json!({
            "packets": name,
            "geometric_mean": mean(rows, ratio),
            "slower": slower(rows, ratio),
            "expressions": sorted(rows, ratio).iter().map(expression).collect::<Vec<Value>>(),
        })
    });
    println!("{:#}", json!({ "sets": sets }));
}

/// Returns the rows, the slowest first.
fn sorted(rows: &[Row], ratio: fn(&Row) -> &Ratio) -> Vec<&Row> {
    let mut rows: Vec<&Row> = rows.iter().collect();
    rows.sort_by(|a, b| ratio(a).ratio.total_cmp(&ratio(b).ratio));
    rows
}

/// Returns the geometric mean of the ratios.
fn mean(rows: &[Row], ratio: fn(&Row) -> &Ratio) -> f64 {
    let logarithms = rows.iter().map(|row| ratio(row).ratio.ln());
    (logarithms.sum::<f64>() / rows.len() as f64).exp()
}

fn slower(rows: &[Row], ratio: fn(&Row) -> &Ratio) -> usize {
    rows.iter().filter(|row| ratio(row).ratio < SLOWER).count()
}
