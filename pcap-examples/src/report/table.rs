//! Tables of a report.

use std::fmt::Write as _;

use crate::plot::{Unit, escape};

/// A table with a caption.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// The caption.
    pub caption: String,
    /// The columns.
    pub columns: Vec<Column>,
    /// The rows, each with a cell per column. The first cell names the row.
    pub rows: Vec<Vec<Cell>>,
    /// What the table does not show, in a line below it.
    pub note: Option<String>,
}

/// A column of a table.
#[derive(Clone, Debug)]
pub struct Column {
    /// The name, with a unit if the cells have none: `Duration (s)`.
    pub name: String,
    /// How the cells are shown.
    pub kind: ColumnKind,
}

/// How the cells of a column are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnKind {
    /// Text.
    Text,
    /// Addresses and names of hosts, whose characters have the same width.
    Host,
    /// Numbers, aligned at their last digit.
    Number,
}

/// A cell of a table.
#[derive(Clone, Debug)]
pub enum Cell {
    /// Text. Spaces at its beginning remain, as in the levels of a tree.
    Text(String),
    /// A number with all of its digits.
    Number(u64),
    /// A number with a fraction, and how many decimals are shown.
    Decimal(f64, usize),
    /// A number with a prefix and a unit; all digits appear under the pointer.
    Quantity(f64, Unit),
    /// Nothing.
    Empty,
}

/// The most columns that fit on paper with whole words in headings.
const MANY_COLUMNS: usize = 11;

/// Writes a table in a box, which scrolls if the screen is too narrow.
pub(super) fn write_table(out: &mut String, id: &str, table: &Table) {
    // On paper, headings of many columns may break within words.
    let class = match table.columns.len() > MANY_COLUMNS {
        true => " class=\"many\"",
        false => "",
    };
    // Writing to memory cannot fail.
    let _ = writeln!(
        out,
        "<div class=\"box\" role=\"region\" tabindex=\"0\" aria-labelledby=\"{id}\">\n<table{class}>\n<caption \
         id=\"{id}\">{}</caption>",
        escape(&table.caption)
    );
    *out += "<thead>\n<tr>";
    for column in &table.columns {
        let class = class_of(column.kind);
        let _ = write!(
            out,
            "<th scope=\"col\"{class}>{}</th>",
            escape(&column.name)
        );
    }
    *out += "</tr>\n</thead>\n<tbody>\n";
    for row in &table.rows {
        *out += "<tr>";
        for (at, column) in table.columns.iter().enumerate() {
            let (element, scope) = match at {
                0 => ("th", " scope=\"row\""),
                _ => ("td", ""),
            };
            let class = class_of(column.kind);
            let _ = write!(out, "<{element}{scope}{class}>");
            write_cell(out, column.kind, row.get(at).unwrap_or(&Cell::Empty));
            let _ = write!(out, "</{element}>");
        }
        *out += "</tr>\n";
    }
    if table.rows.is_empty() {
        let columns = table.columns.len().max(1);
        let _ = writeln!(
            out,
            "<tr><td class=\"none\" colspan=\"{columns}\">none</td></tr>"
        );
    }
    *out += "</tbody>\n</table>\n</div>\n";
    if let Some(note) = &table.note {
        let _ = writeln!(out, "<p class=\"note\">{}</p>", escape(note));
    }
}

fn class_of(kind: ColumnKind) -> &'static str {
    match kind {
        ColumnKind::Text => "",
        ColumnKind::Host => " class=\"host\"",
        ColumnKind::Number => " class=\"number\"",
    }
}

fn write_cell(out: &mut String, kind: ColumnKind, cell: &Cell) {
    let _ = match cell {
        Cell::Text(text) if kind == ColumnKind::Host => {
            write!(out, "<bdi>{}</bdi>", breakable(&escape(text)))
        }
        // Text from right to left must not change the order of what is beside it.
        Cell::Text(text) => write!(out, "<bdi>{}</bdi>", escape(text)),
        Cell::Number(number) => {
            push_grouped(out, &number.to_string());
            Ok(())
        }
        Cell::Decimal(number, decimals) => {
            let decimals = (*decimals).min(9);
            push_grouped(out, &format!("{number:.decimals$}"));
            Ok(())
        }
        Cell::Quantity(number, unit) => {
            let (short, exact) = (unit.short(*number), unit.exact(*number));
            write!(
                out,
                "<data title=\"{exact}\" value=\"{number}\">{short}</data>"
            )
        }
        Cell::Empty => Ok(()),
    };
}

/// Returns escaped text of hosts that has few places to break a line: between two hosts, and in long addresses.
fn breakable(text: &str) -> String {
    let text = text.replace(" &lt;-&gt; ", "\u{a0}<span>&lt;-&gt;</span> ");
    let text = text.replace(" ↔ ", "\u{a0}↔ ").replace(" → ", "\u{a0}→ ");
    let mut out = String::with_capacity(text.len());
    let mut since_break = 0;
    for character in text.chars() {
        out.push(character);
        since_break += 1;
        if character == ' ' {
            since_break = 0;
        } else if character == ':' && since_break > 17 {
            out += "<wbr/>";
            since_break = 0;
        }
    }
    out
}

/// Writes a number in groups of three digits, which the stylesheet separates: a copied number has no spaces.
fn push_grouped(out: &mut String, number: &str) {
    let (whole, fraction) = match number.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (number, None),
    };
    let is_number = whole.bytes().all(|byte| byte.is_ascii_digit());
    if whole.len() <= 4 || !is_number {
        *out += whole;
    } else {
        let first = match whole.len() % 3 {
            0 => 3,
            first => first,
        };
        *out += &whole[..first];
        for at in (first..whole.len()).step_by(3) {
            let _ = write!(out, "<i>{}</i>", &whole[at..at + 3]);
        }
    }
    if let Some(fraction) = fraction {
        let _ = write!(out, ".{fraction}");
    }
}

#[cfg(test)]
mod tests {
    use super::breakable;

    #[test]
    fn addresses_break_between_hosts_and_in_the_middle() {
        for (text, expected) in [
            ("192.0.2.1:443", "192.0.2.1:443"),
            ("02:00:5e:00:00:2a", "02:00:5e:00:00:2a"),
            (
                "192.0.2.1 &lt;-&gt; 192.0.2.2",
                "192.0.2.1\u{a0}<span>&lt;-&gt;</span> 192.0.2.2",
            ),
            ("a ↔ b", "a\u{a0}↔ b"),
            (
                "[2001:db8:1111:2222:3333:4444:5555:6666]:443",
                "[2001:db8:1111:2222:<wbr/>3333:4444:5555:6666]:<wbr/>443",
            ),
        ] {
            assert_eq!(breakable(text), expected);
        }
    }
}
