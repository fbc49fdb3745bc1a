//! Who leads in a row.

use super::{Cells, Report, cells, name};
use crate::outcome::Metric;
use crate::peers::Peer;
use crate::rows::Row;
use crate::runs::Spread;

/// The result of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// This peer leads: before us, or, if it is us, before all others.
    Leads(Peer),
    /// Nobody leads before us, and we do not lead before everybody.
    Tied,
}

impl Verdict {
    /// Returns the verdict on a row, if there is another peer, and several runs. The floor is no peer.
    ///
    /// One leads before another if its upper quartile is below the other's lower quartile: by more than the spread.
    /// Of counts, there is no verdict: allocations only include those for opening.
    pub(super) fn on(row: &Row, cells: &Cells) -> Option<Verdict> {
        if matches!(row.metric, Metric::Allocations | Metric::Rate) {
            return None;
        }
        let peers = Peer::ALL.iter().zip(cells);
        let mut peers = peers.filter_map(|(peer, cell)| Some((*peer, cell.as_ref()?)));
        let (_, us) = peers
            .next()
            .filter(|(peer, us)| *peer == Peer::Us && us.runs() > 1)?;
        let others: Vec<_> = peers.filter(|(peer, _)| *peer != Peer::Floor).collect();
        if others.is_empty() {
            return None;
        }
        let leads = |a: &Spread, b: &Spread| a.at(75) < b.at(25);
        let better = others.iter().filter(|(_, other)| leads(other, us));
        let best = better.min_by(|(_, a), (_, b)| a.median().total_cmp(&b.median()));
        if let Some((peer, _)) = best {
            return Some(Verdict::Leads(*peer));
        }
        Some(if others.iter().all(|(_, other)| leads(us, other)) {
            Verdict::Leads(Peer::Us)
        } else {
            Verdict::Tied
        })
    }

    pub(super) fn text(self) -> &'static str {
        match self {
            Verdict::Leads(peer) => peer.name(),
            Verdict::Tied => "tied",
        }
    }
}

/// Returns the verdicts together: the numbers of rows, and the names of those in which another leads.
pub(super) fn summary(report: &Report) -> Vec<String> {
    let (mut rows, mut tied) = (0, 0);
    let mut behind = Vec::new();
    for (group, figures) in &report.groups {
        for row in &group.rows {
            let Some(verdict) = Verdict::on(row, &cells(row, figures)) else {
                continue;
            };
            rows += 1;
            match verdict {
                Verdict::Leads(Peer::Us) => {}
                Verdict::Leads(peer) => {
                    behind.push(format!("  {}: {}: {}", group.name, name(row), peer.name()));
                }
                Verdict::Tied => tied += 1,
            }
        }
    }
    let ours = rows - tied - behind.len();
    let others = match behind.len() {
        0 => "another leads in none".to_owned(),
        1 => "another leads in 1:".to_owned(),
        many => format!("another leads in {many}:"),
    };
    let first = format!(
        "of {rows} rows with a verdict, pcap-core leads in {ours}, {tied} are tied, {others}"
    );
    [vec![first], behind].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(metric: Metric, figures: [&[f64]; 7]) -> Option<Verdict> {
        let row = Row {
            name: String::new(),
            metric,
            cells: Vec::new(),
        };
        let cells = figures.map(|runs| (!runs.is_empty()).then(|| Spread::new(runs.to_vec())));
        Verdict::on(&row, &cells)
    }

    #[test]
    fn one_leads_by_more_than_the_spread() {
        let us: &[f64] = &[10.0, 11.0, 12.0];
        let none: &[f64] = &[];
        let of =
            |c, parser, floor| verdict(Metric::Nanos, [us, c, none, none, none, parser, floor]);
        let floor: &[f64] = &[1.0, 1.0, 1.0];
        assert_eq!(of(none, none, floor), None);
        assert_eq!(
            of(&[20.0, 21.0, 22.0], none, floor),
            Some(Verdict::Leads(Peer::Us))
        );
        assert_eq!(
            of(&[20.0, 21.0, 22.0], &[10.0, 11.5, 13.0], floor),
            Some(Verdict::Tied)
        );
        assert_eq!(
            of(&[9.0, 9.0, 9.0], &[8.0, 8.0, 8.0], none),
            Some(Verdict::Leads(Peer::PcapParser))
        );
        assert_eq!(
            verdict(
                Metric::Nanos,
                [&[2.0], &[1.0], none, none, none, none, none]
            ),
            None
        );
        let counts = [us, us, none, none, none, none, none];
        assert_eq!(verdict(Metric::Allocations, counts), None);
    }
}
