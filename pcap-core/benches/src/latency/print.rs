//! The targets of the figures, and the table.
//!
//! May import: `rows`, and the other table's `report`.

use serde_json::json;

use super::Figures;
use super::rows::{Group, Job, Row};
use crate::report;

/// The maximum time of a break or after a deadline, in microseconds.
const LATE: f64 = 5000.0;
/// The maximum CPU usage of waiting, in percent.
const BUSY: f64 = 1.0;
/// The maximum factor on the cost of a packet when a reader can be stopped.
const DEARER: f64 = 1.02;
/// The minimum share of a thread's packets that a task reads in the same time.
const SLOWER: f64 = 0.8;

/// One line of the table.
pub(super) struct Line {
    group: &'static str,
    row: String,
    figures: Figures,
    text: String,
    /// The target, and whether it is met; `None` for figures that others are compared with.
    aim: Option<(String, bool)>,
}

pub(super) fn line(group: &Group, row: &Row, all: &[(Job, Figures)]) -> Line {
    let of = |job: Job| {
        let figures = all.iter().find(|(of, _)| *of == job);
        figures
            .map(|(_, figures)| figures.clone())
            .unwrap_or_default()
    };
    let mut figures = of(row.job);
    let is = |name: &str| figures.get(name).copied().unwrap_or(f64::NAN);
    let base = row.base.map(of);
    let ratio = |name: &str| Some(is(name) / base.as_ref()?.get(name)?);
    let times = || {
        let [median, late, longest] = ["p50_us", "p99_us", "max_us"].map(is);
        format!("p50 {median:.0}, p99 {late:.0}, longest {longest:.0} µs")
    };
    let mut to_base = None;
    let (text, aim) = match row.job {
        Job::Break(_) => {
            let aim = ("p99 at most 5 ms".to_owned(), is("p99_us") <= LATE);
            (times(), Some(aim))
        }
        Job::Deadline(..) => {
            let text = format!("{}, {} early", times(), is("early"));
            let kept = is("p99_us") <= LATE && is("early") == 0.0;
            (
                text,
                Some(("p99 at most 5 ms, none early".to_owned(), kept)),
            )
        }
        Job::Idle(_) | Job::Down(_) => {
            let text = format!("{:.3} % of a processor", is("percent"));
            (text, Some(("below 1 %".to_owned(), is("percent") < BUSY)))
        }
        Job::Flood(_) => {
            let text = format!(
                "{:.1} ns/packet, {:.2} % lost",
                is("ns"),
                is("lost_percent")
            );
            to_base = ratio("ns");
            let aim = to_base.map(|r| ("within 2 % of next_packet".to_owned(), r <= DEARER));
            (text, aim)
        }
        Job::Paced(_) => {
            let (received, lost) = (is("received"), is("dropped"));
            let text = format!("{received} received, {lost} lost");
            let kept = lost == 0.0 && received == is("sent");
            (text, Some(("none lost".to_owned(), kept)))
        }
        Job::Drain(_) => {
            let text = format!("{:.1} million packets/s", is("packets_per_second") / 1e6);
            to_base = ratio("packets_per_second");
            let aim = to_base.map(|r| ("at least 0.8 of next_packet".to_owned(), r >= SLOWER));
            (text, aim)
        }
    };
    let text = match to_base {
        Some(ratio) => format!("{text}, ratio {ratio:.3}"),
        None => text,
    };
    figures.extend(to_base.map(|ratio| ("ratio".to_owned(), ratio)));
    Line {
        group: group.name,
        row: row.name.clone(),
        figures,
        text,
        aim,
    }
}

pub(super) fn table(lines: &[Line], quick: bool) {
    for (name, fact) in report::facts() {
        println!("{name:<8} {fact}");
    }
    if quick {
        println!(
            "a small part of the work: tests that everything works, but does not measure speed"
        );
    }
    let mut group = "";
    for line in lines {
        if line.group != group {
            group = line.group;
            println!();
            println!("{group:<34} {:<52} {:<28} kept", "figures", "aim");
        }
        let (aim, kept) = match &line.aim {
            Some((aim, kept)) => (aim.as_str(), if *kept { "yes" } else { "NO" }),
            None => ("-", "-"),
        };
        println!("  {:<32} {:<52} {aim:<28} {kept}", line.row, line.text);
    }
}

pub(super) fn json(lines: &[Line], quick: bool) {
    let rows = lines.iter().map(|line| {
        let (aim, kept) = line.aim.clone().unzip();
        json!({
            "group": line.group,
            "row": line.row,
            "figures": line.figures,
            "aim": aim,
            "kept": kept,
        })
    });
    let mut document = json!({ "quick": quick, "rows": rows.collect::<Vec<_>>() });
    for (name, fact) in report::facts() {
        document[name] = fact.into();
    }
    println!("{document:#}");
}
