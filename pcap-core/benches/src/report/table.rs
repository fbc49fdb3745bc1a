//! The table for terminals.

use super::verdict::{Verdict, summary};
use super::{Report, cells, facts, figure, name, ratio};
use crate::outcome::Metric;
use crate::peers::Peer;
use crate::runs::Spread;

/// The width of the names.
const WIDTH: usize = 46;

pub(crate) fn print(report: &Report) {
    for (name, fact) in facts() {
        println!("{name:<8} {fact}");
    }
    println!();
    println!(
        "Medians of {} runs with half the distance of the quartiles; ns of processor time per packet, unless stated",
        report.runs
    );
    println!(
        "otherwise. One leads before another if its upper quartile is below the other's lower one."
    );
    if report.quick {
        println!(
            "A hundredth of the work: tests that everything works, but does not measure speed."
        );
    }
    for (group, figures) in &report.groups {
        println!();
        print!("{:<WIDTH$}", group.name);
        for peer in Peer::ALL {
            print!(" {:>11}", peer.name());
        }
        println!(" {:>5} {:>8} leads", "vs. C", "vs. floor");
        for row in &group.rows {
            let cells = cells(row, figures);
            print!("{:<WIDTH$}", format!("  {}", name(row)));
            for cell in &cells {
                let text = cell
                    .as_ref()
                    .map_or("-".to_owned(), |cell| with_spread(cell, row.metric));
                print!(" {text:>11}");
            }
            for (peer, width) in [(Peer::C, 5), (Peer::Floor, 9)] {
                let ratio = ratio(&cells, peer);
                let ratio = ratio.map_or("-".to_owned(), |ratio| format!("{ratio:.2}"));
                print!(" {ratio:>width$}");
            }
            println!(" {}", Verdict::on(row, &cells).map_or("-", Verdict::text));
        }
    }
    println!();
    for line in summary(report).iter().chain(&report.notes) {
        println!("{line}");
    }
}

fn with_spread(cell: &Spread, metric: Metric) -> String {
    let figure = figure(cell.median(), metric);
    match cell.percent() {
        Some(percent) => format!("{figure} ±{percent:.0}%"),
        None => figure,
    }
}
