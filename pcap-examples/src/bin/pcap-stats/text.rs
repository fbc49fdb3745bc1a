//! Formats tables as text, with bars.

use std::time::Duration;

use clap::ColorChoice;
use pcap_core::Timestamp;
use pcap_examples::packet_view::{PacketTimes, TimeFormat};
use pcap_examples::terminal;

use crate::sheet::{Cell, Column, Place, Sheet};

/// The width of a bar, in columns.
const BAR_WIDTHS: std::ops::RangeInclusive<usize> = 8..=30;
/// The number of spaces between columns.
const GAP: usize = 2;
/// The eighths of a block.
const EIGHTHS: [char; 7] = ['▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/// How tables are printed as text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TextStyle {
    /// The width of the terminal, in columns.
    pub(crate) width: usize,
    /// Whether the terminal shows Unicode.
    pub(crate) is_unicode: bool,
    pub(crate) is_colored: bool,
}

impl TextStyle {
    /// Returns the style of standard output.
    pub(crate) fn new(color: ColorChoice) -> TextStyle {
        TextStyle {
            width: terminal::columns(),
            is_unicode: terminal::is_unicode(),
            is_colored: terminal::is_colored(color),
        }
    }

    /// Appends a table, after an empty line unless it is the first.
    pub(crate) fn push(&self, out: &mut String, sheet: &Sheet) {
        if !out.is_empty() {
            out.push('\n');
        }
        self.push_styled(out, "1", &sheet.title);
        out.push('\n');
        if sheet.is_record && !sheet.rows.is_empty() {
            return push_record(out, sheet);
        }
        let columns: Vec<(usize, &Column)> = sheet.columns.iter().enumerate().collect();
        let columns: Vec<_> = columns
            .into_iter()
            .filter(|(_, column)| column.is_in_text())
            .collect();
        let mut texts: Vec<Vec<String>> = sheet
            .rows
            .iter()
            .map(|row| {
                columns
                    .iter()
                    .map(|&(index, _)| text(&row[index]))
                    .collect()
            })
            .collect();
        if !self.is_unicode {
            let cells = texts.iter_mut().flatten();
            cells.for_each(|cell| *cell = cell.replace('–', "-"));
        }
        let times = columns.iter().enumerate();
        let times = times.filter(|(_, (index, _))| {
            sheet
                .rows
                .iter()
                .all(|row| matches!(row[*index], Cell::Time(_)))
        });
        for at in times.map(|(at, _)| at).collect::<Vec<_>>() {
            cut_common_zeros(&mut texts, at);
        }
        let widths: Vec<usize> = columns
            .iter()
            .enumerate()
            .map(|(at, (_, column))| {
                let cells = texts.iter().map(|row| row[at].chars().count());
                cells.chain([column.heading.len()]).max().unwrap_or(0)
            })
            .collect();
        if sheet.rows.is_empty() {
            out.push_str("  none\n");
        } else {
            let heading = columns.iter().enumerate().map(|(at, (index, column))| {
                let is_text = sheet.rows.iter().any(|row| row[*index].is_text());
                padded(column.heading, widths[at], is_text)
            });
            let heading: Vec<String> = heading.collect();
            self.push_styled(out, "2", heading.join("  ").trim_end());
            out.push('\n');
        }
        let used = widths.iter().sum::<usize>() + GAP * widths.len();
        let bar_width = self.width.saturating_sub(used + 1).min(*BAR_WIDTHS.end());
        let bars = columns
            .iter()
            .find(|(_, column)| column.place == Place::WithBars);
        let bars = bars.filter(|_| bar_width >= *BAR_WIDTHS.start());
        let longest = bars.map_or(0.0, |(index, _)| {
            sheet
                .rows
                .iter()
                .map(|row| row[*index].length())
                .fold(0.0, f64::max)
        });
        for (row, texts) in sheet.rows.iter().zip(&texts) {
            let cells = columns
                .iter()
                .enumerate()
                .map(|(at, (index, _))| padded(&texts[at], widths[at], row[*index].is_text()));
            let cells: Vec<String> = cells.collect();
            let mut line = cells.join("  ");
            if let Some((index, _)) = bars.filter(|_| longest > 0.0) {
                line.push_str("  ");
                let bar = self.bar(row[*index].length() / longest * bar_width as f64);
                self.push_styled(&mut line, "36", &bar);
            }
            out.push_str(line.trim_end());
            out.push('\n');
        }
        for note in sheet.rows_left_out().iter().chain(&sheet.notes) {
            out.push_str(&format!("  {note}\n"));
        }
    }

    fn push_styled(&self, out: &mut String, code: &str, text: &str) {
        match self.is_colored && !text.is_empty() {
            true => out.push_str(&format!("\x1b[{code}m{text}\x1b[0m")),
            false => out.push_str(text),
        }
    }

    /// Returns a bar of this length, in columns.
    fn bar(&self, length: f64) -> String {
        if !self.is_unicode {
            return "#".repeat(length.round() as usize);
        }
        let eighths = (length * 8.0).round() as usize;
        let mut bar = "█".repeat(eighths / 8);
        bar.extend(EIGHTHS.get((eighths % 8).wrapping_sub(1)));
        bar
    }
}

/// Removes the zeros at the ends of all times of a column.
fn cut_common_zeros(rows: &mut [Vec<String>], column: usize) {
    let zeros = |row: &Vec<String>| {
        let text = &row[column];
        text.len() - text.trim_end_matches('0').len()
    };
    let common = rows.iter().map(zeros).min().unwrap_or(0).min(6);
    for row in rows {
        let text = &mut row[column];
        text.truncate(text.len() - common);
        if text.ends_with('.') {
            text.pop();
        }
    }
}

/// Appends a table of one row: a line per column.
fn push_record(out: &mut String, sheet: &Sheet) {
    let width = sheet
        .columns
        .iter()
        .map(|column| column.heading.len())
        .max();
    let width = width.unwrap_or(0);
    for row in &sheet.rows {
        for (column, cell) in sheet.columns.iter().zip(row) {
            if *cell != Cell::None {
                out.push_str(&format!("{:width$}  {}\n", column.heading, text(cell)));
            }
        }
    }
}

/// Pads a text: on the right, or if it is a number, on the left.
fn padded(text: &str, width: usize, is_text: bool) -> String {
    match is_text {
        true => format!("{text:width$}"),
        false => format!("{text:>width$}"),
    }
}

/// Returns a value for people.
pub(crate) fn text(cell: &Cell) -> String {
    match cell {
        Cell::None => String::new(),
        Cell::Text(text) => text.to_string(),
        Cell::Number(number) => grouped(*number),
        Cell::Fraction(fraction) => fraction_text(*fraction),
        Cell::Time(time) => time_text(*time),
        Cell::Duration(duration) => duration_text(*duration),
    }
}

/// Returns a number with its digits in groups of three.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Returns a number with two decimals, or with none if it is large.
pub(crate) fn fraction_text(fraction: f64) -> String {
    match fraction {
        _ if fraction >= 1000.0 => grouped(fraction.round() as u64),
        _ => format!("{fraction:.2}"),
    }
}

/// Returns a duration in seconds, with six decimals.
pub(crate) fn duration_text(duration: Duration) -> String {
    let micros = duration.subsec_micros();
    format!("{}.{micros:06}", grouped(duration.as_secs()))
}

/// Returns an interval in the longest unit that divides it.
pub(crate) fn interval_text(interval: Duration) -> String {
    let units = [
        (86_400_000_000_000, "d"),
        (3_600_000_000_000, "h"),
        (60_000_000_000, "min"),
        (1_000_000_000, "s"),
        (1_000_000, "ms"),
        (1000, "µs"),
        (1, "ns"),
    ];
    let nanos = interval.as_nanos();
    let unit = units
        .into_iter()
        .find(|(length, _)| nanos.is_multiple_of(*length));
    let (length, unit) = unit.unwrap_or((1, "ns"));
    format!("{} {unit}", nanos / length)
}

/// Returns a time with the date, in the time zone of the system or of TZ.
pub(crate) fn time_text(time: Timestamp) -> String {
    let mut text = Vec::new();
    PacketTimes::new(TimeFormat::Date, false).push(&mut text, Some(time));
    String::from_utf8_lossy(&text).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_have_the_longest_unit() {
        for (nanos, text) in [
            (1, "1 ns"),
            (1500, "1500 ns"),
            (250_000_000, "250 ms"),
            (90_000_000_000, "90 s"),
            (3_600_000_000_000, "1 h"),
            (172_800_000_000_000, "2 d"),
        ] {
            assert_eq!(interval_text(Duration::from_nanos(nanos)), text);
        }
    }

    #[test]
    fn numbers_are_grouped() {
        for (number, text) in [
            (0, "0"),
            (999, "999"),
            (1000, "1,000"),
            (1_234_567, "1,234,567"),
        ] {
            assert_eq!(grouped(number), text);
        }
        assert_eq!(grouped(u64::MAX), "18,446,744,073,709,551,615");
    }
}
