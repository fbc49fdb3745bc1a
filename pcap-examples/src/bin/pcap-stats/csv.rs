//! Formats tables as comma-separated values (RFC 4180), for spreadsheets.

use std::fmt::Write as _;

use crate::sheet::{Cell, Sheet};

/// Appends a table: a line of names, then a line per row.
pub(crate) fn push(out: &mut Vec<u8>, sheet: &Sheet) {
    let names = sheet.columns.iter().filter(|column| column.is_in_data());
    push_line(out, names.map(|column| column.name.to_owned()));
    for row in &sheet.rows {
        let cells = sheet.columns.iter().zip(row);
        let cells = cells.filter(|(column, _)| column.is_in_data());
        push_line(out, cells.map(|(_, cell)| value(cell)));
    }
}

fn push_line(out: &mut Vec<u8>, values: impl Iterator<Item = String>) {
    for (index, value) in values.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        if value.contains(['"', ',', '\n', '\r']) {
            let quoted = value.replace('"', "\"\"");
            out.extend(format!("\"{quoted}\"").bytes());
        } else {
            out.extend(value.bytes());
        }
    }
    out.extend(b"\r\n");
}

fn value(cell: &Cell) -> String {
    let mut text = String::new();
    let written = match cell {
        Cell::None => Ok(()),
        // A spreadsheet would execute a text that begins like a formula, such as a hostile name of a host.
        Cell::Text(value) if value.starts_with(['=', '+', '-', '@', '\t', '\r']) => {
            write!(text, "'{value}")
        }
        Cell::Text(value) => write!(text, "{value}"),
        Cell::Number(number) => write!(text, "{number}"),
        Cell::Fraction(fraction) => write!(text, "{fraction}"),
        Cell::Time(time) => write!(text, "{time}"),
        Cell::Duration(duration) => {
            write!(
                text,
                "{}.{:09}",
                duration.as_secs(),
                duration.subsec_nanos()
            )
        }
    };
    // Writing to memory cannot fail.
    let _ = written;
    text
}
