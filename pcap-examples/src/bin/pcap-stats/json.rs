//! Formats tables as JSON, one object per line.

use pcap_examples::json::{self, Object};

use crate::sheet::{Cell, Sheet};

/// Appends a table as a line of JSON.
pub(crate) fn push(out: &mut Vec<u8>, sheet: &Sheet) {
    let object = Object::of_type(out, "table")
        .str("table", sheet.name)
        .some_text("layer", sheet.layer)
        .member("rows", |out| {
            json::list(out, &sheet.rows, |out, row| push_row(out, sheet, row));
        });
    let object = match sheet.rows_left_out {
        0 => object,
        rows => object.number("rows_left_out", rows),
    };
    object.some_list("notes", &sheet.notes, json::string).end();
    out.push(b'\n');
}

fn push_row(out: &mut Vec<u8>, sheet: &Sheet, row: &[Cell]) {
    let mut object = Object::new(out);
    for (column, cell) in sheet.columns.iter().zip(row) {
        if !column.is_in_data() {
            continue;
        }
        object = match cell {
            Cell::None => object,
            Cell::Text(text) => object.str(column.name, text),
            Cell::Number(number) => object.number(column.name, *number),
            Cell::Fraction(fraction) => object.plain(column.name, fraction),
            Cell::Time(time) => object.text(column.name, time),
            Cell::Duration(duration) => object.text(
                column.name,
                format_args!("{}.{:09}", duration.as_secs(), duration.subsec_nanos()),
            ),
        };
    }
    object.end();
}
