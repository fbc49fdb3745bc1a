//! The results: as a table, in Markdown, or as one JSON document.
//!
//! May import: `outcome`, `peers`, `rows`, `runs`, `machine`.

mod json;
mod markdown;
mod table;
mod verdict;

pub(crate) use json::print as print_json;
pub(crate) use markdown::print as print_markdown;
pub(crate) use table::print as print_table;

use crate::machine;
use crate::outcome::Metric;
use crate::peers::Peer;
use crate::rows::{Group, Row};
use crate::runs::{Figures, Spread};

/// The results, group by group.
pub(crate) struct Report {
    pub(crate) runs: usize,
    pub(crate) quick: bool,
    /// Notes on the figures.
    pub(crate) notes: Vec<String>,
    pub(crate) groups: Vec<(Group, Figures)>,
}

/// The figures of a row, in the order of `Peer::ALL`.
type Cells = [Option<Spread>; Peer::ALL.len()];

fn cells(row: &Row, figures: &Figures) -> Cells {
    Peer::ALL.map(|peer| {
        let cell = row.cells.iter().find(|(of, _)| *of == peer)?;
        figures.of(*cell, row.metric)
    })
}

/// Returns the name of a row, with the unit unless it is the usual one.
fn name(row: &Row) -> String {
    match row.metric {
        Metric::Nanos => row.name.clone(),
        metric => format!("{} ({})", row.name, metric.unit()),
    }
}

/// Returns the ratio of our figure to another's.
fn ratio(cells: &Cells, peer: Peer) -> Option<f64> {
    let of = |peer| {
        let index = Peer::ALL.iter().position(|p| *p == peer)?;
        cells[index].as_ref().map(Spread::median)
    };
    Some(of(Peer::Us)? / of(peer)?).filter(|ratio| ratio.is_finite())
}

fn figure(value: f64, metric: Metric) -> String {
    match metric {
        Metric::Allocations => format!("{value:.0}"),
        Metric::Lost => format!("{value:.2}"),
        _ => format!("{value:.1}"),
    }
}

/// Returns facts about the machine, and about the programs that were compared.
pub(crate) fn facts() -> [(&'static str, String); 8] {
    [
        ("date", machine::date()),
        ("command", command()),
        ("cpu", machine::cpu()),
        ("kernel", machine::kernel()),
        ("libpcap", libpcap()),
        ("rustc", env!("BENCH_RUSTC").to_owned()),
        ("cc", env!("BENCH_CC").to_owned()),
        ("crates", env!("BENCH_CRATES").to_owned()),
    ]
}

/// Returns the command that started this program: the script in `ci/`.
fn command() -> String {
    let mut arguments = std::env::args().skip(1).peekable();
    let script = arguments.next_if(|word| word == "latency");
    let script = script.map_or("ci/bench", |_| "ci/latency").to_owned();
    let quoted = arguments.map(|word| {
        match word.contains(|c: char| !c.is_alphanumeric() && !"-_=.,:/".contains(c)) {
            true => format!("'{word}'"),
            false => word,
        }
    });
    [script]
        .into_iter()
        .chain(quoted)
        .collect::<Vec<_>>()
        .join(" ")
}

/// Returns the version of libpcap, without the words around it.
fn libpcap() -> String {
    let version = pcap_core::version().to_string();
    version.trim_start_matches("libpcap version ").to_owned()
}
