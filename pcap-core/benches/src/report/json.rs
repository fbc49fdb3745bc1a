//! The results as one JSON document.

use serde_json::{Value, json};

use super::verdict::{Verdict, summary};
use super::{Report, cells, facts, ratio};
use crate::peers::Peer;
use crate::runs::Spread;

pub(crate) fn print(report: &Report) {
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
                "leads": Verdict::on(row, &cells).map(Verdict::text),
            }));
        }
    }
    let mut document = json!({
        "runs": report.runs,
        "quick": report.quick,
        "notes": report.notes,
        "summary": summary(report),
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
