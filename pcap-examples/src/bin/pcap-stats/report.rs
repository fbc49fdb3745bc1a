//! Makes the report: a page with plots and tables.

use pcap_examples::options::table::Table as TableName;
use pcap_examples::plot::{self, Unit};
use pcap_examples::report::{Cell, Column, ColumnKind, Fact, Item, Report, Section, Table};
use pcap_examples::traffic::{Counts, Order, Traffic};

use crate::sheet::{self, Sheet};
use crate::tables::{self, Rows};
use crate::{plots, text};

/// The number of rows of conversations, endpoints and names.
const ROWS: Rows = Rows {
    top: 25,
    order: Order::Bytes,
};

/// Returns the page. `sources` are the savefiles or devices, and `warnings` what is missing in the numbers.
pub(crate) fn report(traffic: &Traffic, sources: &[String], warnings: Vec<String>) -> Report {
    let table = |name| tables::tables(traffic, &[name], ROWS).into_iter().map(item);
    let mut overview: Vec<Item> = warnings.into_iter().map(Item::Warning).collect();
    overview.push(Item::Plot(Box::new(plots::bits_per_second(traffic))));
    overview.push(Item::Plot(Box::new(plots::packets_per_second(traffic))));
    let mut sections = vec![
        section("Over time", overview),
        section(
            "Protocols",
            [Item::Plot(Box::new(plots::protocols(traffic)))]
                .into_iter()
                .chain(table(TableName::Protocols)),
        ),
        section(
            "Conversations",
            [Item::Plot(Box::new(plots::conversations(traffic)))]
                .into_iter()
                .chain(table(TableName::Conversations(None))),
        ),
        section(
            "Hosts",
            [
                Item::Plot(Box::new(plots::endpoints(traffic))),
                Item::Plot(Box::new(plots::hosts(traffic))),
            ]
            .into_iter()
            .chain(table(TableName::Endpoints(None))),
        ),
        section(
            "Packet lengths",
            [Item::Plot(Box::new(plots::lengths(traffic)))]
                .into_iter()
                .chain(table(TableName::Lengths)),
        ),
    ];
    for (title, name) in [("TCP", TableName::Tcp), ("DNS", TableName::Dns)] {
        let sheets = tables::tables(traffic, &[name], ROWS);
        let sheets: Vec<_> = sheets
            .into_iter()
            .filter(|sheet| !sheet.rows.is_empty())
            .collect();
        if !sheets.is_empty() {
            sections.push(section(title, sheets.into_iter().map(item)));
        }
    }
    Report {
        title: "Traffic report".to_owned(),
        subtitle: sources.join(", "),
        facts: facts(traffic),
        sections,
        footer: format!(
            "pcap-stats {} with {}. Bytes are those on the wire.",
            env!("CARGO_PKG_VERSION"),
            pcap_core::version()
        ),
    }
}

fn section(title: &str, items: impl IntoIterator<Item = Item>) -> Section {
    Section {
        title: title.to_owned(),
        items: items.into_iter().collect(),
    }
}

fn facts(traffic: &Traffic) -> Vec<Fact> {
    let totals = traffic.totals();
    let fact = |name: &str, value: String, note: Option<String>| Fact {
        name: name.to_owned(),
        value,
        note,
    };
    let truncated = match totals.truncated {
        0 => None,
        packets => Some(format!("{} of them truncated", grouped(packets))),
    };
    let mut facts = vec![
        fact("Packets", grouped(totals.packets), truncated),
        fact(
            "Bytes",
            Unit::Bytes.short(totals.bytes as f64),
            Some(grouped(totals.bytes)),
        ),
    ];
    let Some((first, last)) = traffic.times() else {
        return facts;
    };
    let duration = last.saturating_duration_since(first);
    let seconds = duration.as_secs_f64();
    let time = text::time_text(first);
    let second = time.split('.').next().unwrap_or(&time);
    facts.push(fact("First packet", second.to_owned(), None));
    facts.push(fact(
        "Duration",
        format!("{} s", plot::grouped(&format!("{seconds:.3}"))),
        None,
    ));
    if seconds > 0.0 {
        let bits = totals.bytes as f64 * 8.0 / seconds;
        facts.push(fact("Average rate", Unit::BitsPerSecond.short(bits), None));
        // The intervals of the plot.
        let rates = traffic.rates().with_at_most(plots::INTERVALS);
        let busiest = rates.buckets.iter().max_by_key(|counts| counts.bytes);
        let Counts { bytes, .. } = busiest.copied().unwrap_or_default();
        let peak = bytes as f64 * 8.0 / rates.interval.as_secs_f64();
        let note = format!("in {}", text::interval_text(rates.interval));
        facts.push(fact(
            "Highest rate",
            Unit::BitsPerSecond.short(peak),
            Some(note),
        ));
    }
    facts
}

/// Returns a number with its digits in groups, as in the plots.
fn grouped(number: u64) -> String {
    plot::grouped(&number.to_string())
}

/// Returns a table of the page.
fn item(sheet: Sheet) -> Item {
    if sheet.is_record {
        return record(&sheet);
    }
    let shown: Vec<(usize, sheet::Column)> = sheet
        .columns
        .iter()
        .copied()
        .enumerate()
        .filter(|(_, column)| column.is_in_report())
        .collect();
    let columns = shown.iter().map(|(index, column)| Column {
        name: column.heading.to_owned(),
        kind: match sheet.rows.first().map(|row| row[*index].is_text()) {
            Some(true) => ColumnKind::Host,
            _ => ColumnKind::Number,
        },
    });
    let rows = sheet.rows.iter().map(|row| {
        let cells = shown.iter().map(|(index, _)| cell(&row[*index]));
        cells.collect()
    });
    let mut notes = sheet.notes.clone();
    if sheet.rows_left_out > 0 {
        notes.insert(0, format!("{} more", grouped(sheet.rows_left_out)));
    }
    Item::Table(Table {
        caption: sheet.title.clone(),
        columns: columns.collect(),
        rows: rows.collect(),
        note: (!notes.is_empty()).then(|| notes.join("; ")),
    })
}

/// Returns a table with a row for each column of the only row.
fn record(sheet: &Sheet) -> Item {
    let values = sheet.columns.iter().zip(sheet.rows.iter().flatten());
    let rows =
        values.map(|(column, value)| vec![Cell::Text(column.heading.to_owned()), cell(value)]);
    Item::Table(Table {
        caption: sheet.title.clone(),
        columns: vec![
            Column {
                name: "Count".to_owned(),
                kind: ColumnKind::Text,
            },
            Column {
                name: "Number".to_owned(),
                kind: ColumnKind::Number,
            },
        ],
        rows: rows.collect(),
        note: None,
    })
}

fn cell(cell: &sheet::Cell) -> Cell {
    match cell {
        sheet::Cell::None => Cell::Empty,
        sheet::Cell::Number(number) => Cell::Number(*number),
        sheet::Cell::Fraction(fraction) => Cell::Decimal(*fraction, 2),
        other => Cell::Text(text::text(other)),
    }
}
