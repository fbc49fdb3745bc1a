//! A table of statistics, which is printed as text, JSON or CSV, or becomes a part of the report.

use std::borrow::Cow;
use std::time::Duration;

use pcap_core::Timestamp;

use crate::text::grouped;

/// A table: typed columns and rows.
#[derive(Clone, Debug)]
pub(crate) struct Sheet {
    /// The name of the table, as in `--table`.
    pub(crate) name: &'static str,
    /// The layer of conversations or endpoints.
    pub(crate) layer: Option<&'static str>,
    /// The title for people.
    pub(crate) title: String,
    pub(crate) columns: Vec<Column>,
    pub(crate) rows: Vec<Vec<Cell>>,
    /// Whether it always has one row, which people read as a list.
    pub(crate) is_record: bool,
    /// The number of rows that `--top` leaves out.
    pub(crate) rows_left_out: u64,
    /// Sentences below the table, such as what its numbers do not contain.
    pub(crate) notes: Vec<String>,
}

/// A column of a table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Column {
    /// The name in JSON and CSV.
    pub(crate) name: &'static str,
    /// The heading for people, with the unit.
    pub(crate) heading: &'static str,
    pub(crate) place: Place,
}

/// Where a column is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Everywhere.
    Everywhere,
    /// Everywhere. In text, bars of this length follow the last column.
    WithBars,
    /// Not in text, which has only 80 columns.
    NotInText,
    /// Only where people read it, for what data has in several columns.
    NotInData,
    /// Only in JSON and CSV.
    OnlyInData,
}

impl Sheet {
    /// Returns a sentence about the rows that `--top` leaves out, if there are any.
    pub(crate) fn rows_left_out(&self) -> Option<String> {
        match self.rows_left_out {
            0 => None,
            1 => Some("1 more row; --top 0 prints all".to_owned()),
            rows => Some(format!("{} more rows; --top 0 prints all", grouped(rows))),
        }
    }
}

impl Column {
    pub(crate) const fn new(name: &'static str, heading: &'static str) -> Column {
        Column {
            name,
            heading,
            place: Place::Everywhere,
        }
    }

    pub(crate) const fn at(self, place: Place) -> Column {
        Column { place, ..self }
    }

    pub(crate) fn is_in_text(&self) -> bool {
        !matches!(self.place, Place::NotInText | Place::OnlyInData)
    }

    /// Returns whether the column is in the report, whose tables scroll if the screen is too narrow.
    pub(crate) fn is_in_report(&self) -> bool {
        self.place != Place::OnlyInData
    }

    pub(crate) fn is_in_data(&self) -> bool {
        self.place != Place::NotInData
    }
}

/// A value of a table.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Cell {
    /// There is no value.
    None,
    Text(Cow<'static, str>),
    Number(u64),
    /// A number with a fraction, such as a rate or a percentage.
    Fraction(f64),
    Time(Timestamp),
    Duration(Duration),
}

impl Cell {
    pub(crate) fn text(text: impl Into<Cow<'static, str>>) -> Cell {
        Cell::Text(text.into())
    }

    /// Returns whether people read it from the left.
    pub(crate) fn is_text(&self) -> bool {
        matches!(self, Cell::Text(_))
    }

    /// Returns the length of its bar, in units of its own.
    pub(crate) fn length(&self) -> f64 {
        match self {
            Cell::Number(number) => *number as f64,
            Cell::Fraction(fraction) => *fraction,
            Cell::Duration(duration) => duration.as_secs_f64(),
            Cell::None | Cell::Text(_) | Cell::Time(_) => 0.0,
        }
    }
}

impl From<u64> for Cell {
    fn from(number: u64) -> Cell {
        Cell::Number(number)
    }
}

impl<T: Into<Cell>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Cell {
        value.map_or(Cell::None, Into::into)
    }
}
