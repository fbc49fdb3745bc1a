//! Prints the results: as a table, or as one JSON document.
//!
//! May import: `outcome`, `peers`, `rows`, `runs`, `machine`.

use serde_json::{Value, json};

use crate::machine;
use crate::outcome::Metric;
use crate::peers::Peer;
use crate::rows::{Group, Row};
use crate::runs::{Figures, Spread};

/// The width of the names.
const WIDTH: usize = 44;

/// The results, group by group.
pub(crate) struct Report {
    pub(crate) runs: usize,
    pub(crate) quick: bool,
    /// Notes on the figures.
    pub(crate) notes: Vec<String>,
    pub(crate) groups: Vec<(Group, Figures)>,
}

/// Returns the figures of a row, in the order of `Peer::ALL`.
fn cells(row: &Row, figures: &Figures) -> [Option<Spread>; Peer::ALL.len()] {
    Peer::ALL.map(|peer| {
        let cell = row.cells.iter().find(|(of, _)| *of == peer)?;
        figures.of(*cell, row.metric)
    })
}

/// Returns the ratio of our figure to another's.
fn ratio(cells: &[Option<Spread>], peer: Peer) -> Option<f64> {
    let of = |peer| {
        let index = Peer::ALL.iter().position(|p| *p == peer)?;
        cells[index].as_ref().map(Spread::median)
    };
    Some(of(Peer::Us)? / of(peer)?).filter(|ratio| ratio.is_finite())
}

/// Returns facts about the machine.
pub(crate) fn facts() -> [(&'static str, String); 4] {
    [
        ("date", machine::date()),
        ("cpu", machine::cpu()),
        ("kernel", machine::kernel()),
        ("libpcap", libpcap()),
    ]
}

/// Returns the version of libpcap, without the words around it.
fn libpcap() -> String {
    let version = pcap_core::version().to_string();
    version.trim_start_matches("libpcap version ").to_owned()
}

pub(crate) fn print_table(report: &Report) {
    for (name, fact) in facts() {
        println!("{name:<8} {fact}");
    }
    println!(
        "medians of {} runs; ns of processor time per packet, unless stated otherwise",
        report.runs
    );
    if report.quick {
        println!(
            "a hundredth of the work: tests that everything works, but does not measure speed"
        );
    }
    for (group, figures) in &report.groups {
        println!();
        print!("{:<WIDTH$}", group.name);
        for peer in Peer::ALL {
            print!(" {:>11}", peer.name());
        }
        println!(" {:>8} {:>8}", "vs. C", "vs. floor");
        for row in &group.rows {
            let cells = cells(row, figures);
            let name = match row.metric {
                Metric::Nanos => format!("  {}", row.name),
                metric => format!("  {} ({})", row.name, metric.unit()),
            };
            print!("{name:<WIDTH$}");
            for cell in &cells {
                print!(
                    " {:>11}",
                    figure(cell.as_ref().map(Spread::median), row.metric)
                );
            }
            for peer in [Peer::C, Peer::Floor] {
                let ratio = ratio(&cells, peer);
                let ratio = ratio.map_or("-".to_owned(), |ratio| format!("{ratio:.2}"));
                print!(" {ratio:>8}");
            }
            println!();
        }
    }
    if !report.notes.is_empty() {
        println!();
    }
    for note in &report.notes {
        println!("{note}");
    }
}

fn figure(value: Option<f64>, metric: Metric) -> String {
    match (value, metric) {
        (None, _) => "-".to_owned(),
        (Some(value), Metric::Allocations) => format!("{value:.0}"),
        (Some(value), Metric::Lost) => format!("{value:.2}"),
        (Some(value), _) => format!("{value:.1}"),
    }
}

pub(crate) fn print_json(report: &Report) {
    let mut rows = Vec::new();
    for (group, figures) in &report.groups {
        for row in &group.rows {
            let cells = cells(row, figures);
            let spreads = Peer::ALL.iter().zip(&cells).map(|(peer, cell)| {
                let spread = cell.as_ref().map(spread);
                (peer.name().to_owned(), spread.unwrap_or(Value::Null))
            });
            rows.push(json!({
                "group": group.name,
                "row": row.name,
                "unit": row.metric.unit(),
                "figures": Value::Object(spreads.collect()),
                "ratio_to_c": ratio(&cells, Peer::C),
                "ratio_to_floor": ratio(&cells, Peer::Floor),
            }));
        }
    }
    let mut document = json!({
        "runs": report.runs,
        "quick": report.quick,
        "notes": report.notes,
        "rows": rows,
    });
    for (name, fact) in facts() {
        document[name] = fact.into();
    }
    println!("{document:#}");
}

fn spread(spread: &Spread) -> Value {
    json!({
        "median": spread.median(),
        "lowest": spread.at(0),
        "quarter": spread.at(25),
        "three_quarters": spread.at(75),
        "highest": spread.at(100),
        "runs": spread.runs(),
    })
}
