//! The table.

use ratatui::layout::Rect;
use ratatui::style::Style;

use super::Canvas;
use crate::number::fit;
use crate::table::{Column, Row, Tab};
use crate::view::View;

/// The width of a column of numbers on a narrow screen.
const NARROW: u16 = 6;
/// The width of a column of numbers on a wide screen.
const WIDE: u16 = 12;
/// The width of an IPv4 address with a port, and a space.
const ADDRESS: u16 = 22;
/// The width that all columns but retransmissions have with IPv4 addresses and ports on both sides, when numbers are wide.
const WIDE_SCREEN: u16 = 110;

/// A column and its place.
struct Place {
    column: Column,
    x: u16,
    width: u16,
}

pub(super) fn draw(canvas: &mut Canvas<'_>, area: Rect, view: &mut View) {
    view.clamp();
    tabs(canvas, area, view);
    let places = places(area, view.tab.columns(view.layer), view.order().0);
    heading(canvas, area, view, &places);
    let rows = view
        .rows
        .iter()
        .enumerate()
        .skip(view.first)
        .take(view.height);
    for ((index, row), y) in rows.zip(area.y + 2..area.bottom()) {
        let style = match index == view.selected {
            true => canvas.look.selected(),
            false => Style::new(),
        };
        let line = Rect {
            y,
            height: 1,
            ..area
        };
        draw_row(canvas, row, y, &places);
        canvas.fill(line, style);
    }
}

/// Draws the line with the names of the tables.
fn tabs(canvas: &mut Canvas<'_>, area: Rect, view: &View) {
    let look = canvas.look;
    let mut x = area.x;
    for (number, tab) in (1..).zip([Tab::Conversations, Tab::Endpoints, Tab::Protocols]) {
        let style = match tab == view.tab {
            true => look.selected(),
            false => Style::new(),
        };
        // A narrow screen only has room for the name of one.
        let text = match area.width >= super::NARROW || tab == view.tab {
            true => format!("{number} {}", tab.name()),
            false => number.to_string(),
        };
        x = canvas.text(x, area.y, area.right().saturating_sub(x), &text, style) + 2;
    }
    let rest = Rect {
        x,
        width: area.right().saturating_sub(x),
        ..area
    };
    let whole = position(view, "layer ", usize::MAX);
    let text = match whole.len() <= usize::from(rest.width) {
        true => whole,
        false => position(view, "", usize::from(NARROW)),
    };
    canvas.right(rest, area.y, &text, look.weak());
}

/// Returns the layer after a label, and the position in the table, with numbers of this width.
fn position(view: &View, label: &str, width: usize) -> String {
    let layer = match view.tab {
        Tab::Protocols => String::new(),
        _ => format!("{label}{} ", view.layer.name()),
    };
    let space = if label.is_empty() { "" } else { " " };
    match view.rows.len() {
        0 => format!("{layer}{space}empty"),
        count => {
            let [row, count] = [view.selected + 1, count].map(|number| fit(number as u64, width));
            format!("{layer}{space}{row}/{count}")
        }
    }
}

/// Returns the places of the columns that fit. Numbers have a fixed width, and text gets the rest. The column by which the
/// table is sorted always fits.
fn places(area: Rect, columns: &[Column], sorted: Column) -> Vec<Place> {
    let is_text = |column: &Column| matches!(column, Column::Name | Column::Other);
    let mut columns = columns.to_vec();
    let texts = columns.iter().filter(|column| is_text(column)).count() as u16;
    let width_with = |number_width: u16, columns: &[Column]| {
        let numbers = columns.iter().filter(|column| !is_text(column)).count() as u16;
        numbers * (number_width + 1)
    };
    let wide = width_with(WIDE, &columns) + texts * ADDRESS;
    let number_width = match area.width >= wide.max(WIDE_SCREEN) {
        true => WIDE,
        false => NARROW,
    };
    let width_of_numbers = |columns: &[Column]| width_with(number_width, columns);
    // On a narrow screen, the directions give way to the addresses.
    for (dispensable, text_width) in [
        (Column::Retransmissions, ADDRESS),
        (Column::Back, 16),
        (Column::Forth, 16),
        (Column::Packets, 16),
    ] {
        if dispensable != sorted && area.width < width_of_numbers(&columns) + texts * text_width {
            columns.retain(|column| *column != dispensable);
        }
    }
    let room = area.width.saturating_sub(width_of_numbers(&columns));
    let text_width = room / texts.max(1);
    let mut x = area.x;
    let mut places = Vec::new();
    for column in columns {
        let width = match is_text(&column) {
            true => text_width,
            false => number_width + 1,
        };
        places.push(Place { column, x, width });
        x += width;
    }
    places
}

fn heading(canvas: &mut Canvas<'_>, area: Rect, view: &View, places: &[Place]) {
    let look = canvas.look;
    let y = area.y + 1;
    let (sorted, is_descending) = view.order();
    for place in places {
        let arrow = match place.column == sorted {
            true => look.arrow(is_descending),
            false => "",
        };
        let text = format!("{}{arrow}", view.tab.title(place.column));
        let cell = Rect {
            x: place.x,
            y,
            width: place.width,
            height: 1,
        };
        canvas.fill(cell, look.heading());
        let style = match place.column == sorted {
            true => look.heading().patch(look.notice()),
            false => look.heading(),
        };
        match place.column {
            Column::Name | Column::Other => drop(canvas.text(cell.x, y, cell.width, &text, style)),
            _ => drop(canvas.right(cell, y, &text, style)),
        }
    }
}

fn draw_row(canvas: &mut Canvas<'_>, row: &Row, y: u16, places: &[Place]) {
    for place in places {
        let cell = Rect {
            x: place.x,
            y,
            width: place.width,
            height: 1,
        };
        match row.number(place.column) {
            Some(number) => {
                let text = fit(number, usize::from(place.width) - 1);
                canvas.right(cell, y, &text, Style::new());
            }
            None => {
                let indent = 2 * row.depth as u16;
                let width = place.width.saturating_sub(indent + 1);
                let text = shortened(&row.text(place.column), usize::from(width));
                canvas.text(place.x + indent, y, width, &text, Style::new());
            }
        }
    }
}

/// Returns text of at most `width` characters. The middle of longer text, such as an IPv6 address with a port, is left
/// out.
fn shortened(text: &str, width: usize) -> String {
    if text.len() <= width || !text.is_ascii() || width < 3 {
        return text.to_owned();
    }
    let end = (width - 1) / 2;
    format!("{}~{}", &text[..width - 1 - end], &text[text.len() - end..])
}

#[cfg(test)]
mod tests {
    use pcap_examples::traffic::Layer;

    use super::*;

    #[test]
    fn long_addresses_lose_their_middle() {
        assert_eq!(shortened("192.0.2.1:80", 12), "192.0.2.1:80");
        assert_eq!(shortened("[2001:db8::1234]:443", 11), "[2001~]:443");
        assert_eq!(shortened("[2001:db8::1234]:443", 2), "[2001:db8::1234]:443");
    }

    #[test]
    fn columns_never_exceed_the_screen() {
        for tab in [Tab::Conversations, Tab::Endpoints, Tab::Protocols] {
            let columns = tab.columns(Layer::Tcp);
            for (width, &sorted) in
                (40..250).flat_map(|width| columns.iter().map(move |one| (width, one)))
            {
                let area = Rect::new(0, 0, width, 10);
                let places = places(area, columns, sorted);
                let end = places.last().map(|place| place.x + place.width).unwrap();
                assert!(end <= width, "{tab:?} {width}");
                let has = |column| places.iter().any(|place| place.column == column);
                assert!(has(Column::Bytes) && has(sorted), "{width} {sorted:?}");
                let is_wide = width >= 86 && tab == Tab::Conversations;
                assert!(!is_wide || has(Column::Retransmissions), "{width}");
            }
        }
    }
}
