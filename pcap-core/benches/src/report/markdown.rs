//! The table in Markdown, for `docs/performance.md`.

use super::verdict::{Verdict, summary};
use super::{Report, cells, facts, figure, name, ratio};
use crate::peers::Peer;

pub(crate) fn print(report: &Report) {
    println!("| | |");
    println!("|---|---|");
    for (name, fact) in facts() {
        println!("| {name} | {} |", escaped(&fact));
    }
    println!("| runs | {} |", report.runs);
    for (group, figures) in &report.groups {
        let has = |peer| {
            group
                .rows
                .iter()
                .flat_map(|row| &row.cells)
                .any(|cell| cell.0 == peer)
        };
        let peers: Vec<Peer> = Peer::ALL.into_iter().filter(|&peer| has(peer)).collect();
        let against = [(Peer::C, "vs. C"), (Peer::Floor, "vs. floor")];
        let against: Vec<_> = against.into_iter().filter(|(peer, _)| has(*peer)).collect();
        let names = peers.iter().map(|peer| peer.name());
        let names = names.chain(against.iter().map(|(_, name)| *name));
        println!();
        println!("### {}", group.name);
        println!();
        println!(
            "| row | {} | leads |",
            names.collect::<Vec<_>>().join(" | ")
        );
        println!("|---{}|---|", "|--:".repeat(peers.len() + against.len()));
        for row in &group.rows {
            let cells = cells(row, figures);
            print!("| {} ", escaped(&name(row)));
            for peer in &peers {
                let cell = Peer::ALL.iter().zip(&cells).find(|(of, _)| *of == peer);
                let cell = cell.and_then(|(_, cell)| cell.as_ref());
                print!("| ");
                if let Some(cell) = cell {
                    print!("{} ", figure(cell.median(), row.metric));
                    if let Some(percent) = cell.percent() {
                        print!("±{percent:.0} % ");
                    }
                }
            }
            for (peer, _) in &against {
                let ratio = ratio(&cells, *peer).map(|ratio| format!("{ratio:.2} "));
                print!("| {}", ratio.unwrap_or_default());
            }
            let verdict = Verdict::on(row, &cells).map(|verdict| format!("{} ", verdict.text()));
            println!("| {}|", verdict.unwrap_or_default());
        }
    }
    println!();
    for (number, line) in summary(report).iter().chain(&report.notes).enumerate() {
        match line.strip_prefix("  ") {
            Some(row) => println!("- {}", escaped(row)),
            None if number == 0 => println!("{}{}\n", line[..1].to_uppercase(), &line[1..]),
            None => println!("\n{line}"),
        }
    }
}

fn escaped(text: &str) -> String {
    text.replace('|', "\\|")
}
