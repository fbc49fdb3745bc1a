//! Draws the screen of a terminal as SVG.
//!
//! Each run of characters states its length, so the columns align with any font. Lines, blocks and dots of graphs are
//! drawn, because their characters do not fill their cells in most fonts.

mod shapes;

use std::fmt::Write;

use super::terminal::{Cell, Color, Style};

/// The width of a cell in tenths of a pixel.
const CELL: usize = 84;
/// The height of a line in pixels.
const LINE: usize = 20;
/// The height of a line's baseline above its bottom.
const BASE: usize = 6;
/// The space around the text.
const MARGIN: usize = 16;

/// The colors of light and dark backgrounds: the foreground, the background and the border, then the sixteen of
/// terminals.
const STYLE: &str = "\
svg{--f:#24292f;--b:#fbfbfd;--e:#d8dee4;--p:#6e7781;\
--c0:#24292f;--c1:#c62f3a;--c2:#1a7f37;--c3:#9a6700;--c4:#0a62c9;--c5:#8250df;--c6:#0b7285;--c7:#6e7781;\
--c8:#636c76;--c9:#a40e26;--c10:#2da44e;--c11:#7d4e00;--c12:#218bff;--c13:#a475f9;--c14:#3192aa;--c15:#57606a}\
@media(prefers-color-scheme:dark){svg{--f:#d5dbe3;--b:#14181f;--e:#2b323d;--p:#7d8794;\
--c0:#4b5563;--c1:#ff7b72;--c2:#7ee787;--c3:#e3b341;--c4:#79b8ff;--c5:#d2a8ff;--c6:#76d9e6;--c7:#b1bac4;\
--c8:#8b949e;--c9:#ffa198;--c10:#56d364;--c11:#f2cc60;--c12:#a5d6ff;--c13:#e2c5ff;--c14:#b3f0ff;--c15:#f0f6fc}}\
text{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace;fill:var(--f);white-space:pre}\
rect,path{shape-rendering:crispEdges}.w{fill:var(--b);stroke:var(--e);shape-rendering:auto}.s{fill:var(--f)}\
.b{font-weight:600}.d{opacity:.75}.i{font-style:italic}.u{text-decoration:underline}";

/// Returns a picture of a screen. `title` is for those who cannot see it.
pub(super) fn svg(title: &str, rows: &[Vec<Cell>], columns: usize) -> String {
    let width = (columns * CELL).div_ceil(10) + 2 * MARGIN;
    let height = rows.len() * LINE + 2 * MARGIN;
    let mut colors = String::new();
    for number in 0..16 {
        let _ = write!(colors, ".c{number}{{fill:var(--c{number})}}");
    }
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
         height=\"{height}\">\n<title>{}</title>\n<style>{STYLE}{colors}</style>\n\
         <rect class=\"w\" x=\".5\" y=\".5\" width=\"{}\" height=\"{}\" rx=\"8\"/>\n",
        escaped(title),
        width - 1,
        height - 1,
    );
    for (index, row) in rows.iter().enumerate() {
        draw_row(&mut svg, row, MARGIN + index * LINE);
    }
    svg.push_str("</svg>\n");
    svg
}

/// Draws a row whose top is at `top`.
fn draw_row(svg: &mut String, row: &[Cell], top: usize) {
    let before = svg.len();
    for run in runs(row, |cell| ground(&cell.style)) {
        if let Some(color) = ground(&row[run.start].style) {
            let (x, width) = (left(run.start), tenths(run.len() * CELL));
            let _ = write!(
                svg,
                "<rect x=\"{x}\" y=\"{top}\" width=\"{width}\" height=\"{LINE}\"{}/>",
                paint(Some(color), &Style::default(), "s")
            );
        }
    }
    let look = |cell: &Cell| {
        let is_shape = shapes::is_shape(cell.character);
        (cell.style, is_shape)
    };
    for run in runs(row, look) {
        let style = row[run.start].style;
        if shapes::is_shape(row[run.start].character) {
            let path = run.map(|column| {
                shapes::path(row[column].character, MARGIN * 10 + column * CELL, top * 10)
            });
            let path: String = path.collect();
            let _ = write!(
                svg,
                "<path d=\"{path}\"{}/>",
                paint(front(&style), &style, "s")
            );
        } else {
            draw_text(svg, row, run, top);
        }
    }
    if svg.len() > before {
        svg.push('\n');
    }
}

/// Draws text of one style. Spaces are left out at the ends, and where there are several.
fn draw_text(svg: &mut String, row: &[Cell], run: std::ops::Range<usize>, top: usize) {
    let style = row[run.start].style;
    let mut column = run.start;
    while column < run.end {
        if row[column].character == ' ' {
            column += 1;
            continue;
        }
        let is_gap = |at: usize| {
            row[at].character == ' ' && (at + 1 == run.end || row[at + 1].character == ' ')
        };
        let end = (column..run.end).find(|&at| is_gap(at)).unwrap_or(run.end);
        let text: String = row[column..end].iter().map(|cell| cell.character).collect();
        let _ = write!(
            svg,
            "<text x=\"{}\" y=\"{}\" textLength=\"{}\"{}>{}</text>",
            left(column),
            top + LINE - BASE,
            tenths((end - column) * CELL),
            paint(front(&style), &style, ""),
            escaped(&text)
        );
        column = end;
    }
}

/// Divides a row where what a function returns changes.
fn runs<T: PartialEq>(row: &[Cell], of: impl Fn(&Cell) -> T) -> Vec<std::ops::Range<usize>> {
    let mut runs = Vec::new();
    let mut start = 0;
    for end in 1..=row.len() {
        if end == row.len() || of(&row[end]) != of(&row[start]) {
            runs.push(start..end);
            start = end;
        }
    }
    runs
}

/// The color of the foreground or of the background, or one of its own.
#[derive(Clone, Copy, PartialEq)]
enum Paint {
    Foreground,
    Background,
    Color(Color),
}

/// Returns what fills the cell behind the character, if anything does.
fn ground(style: &Style) -> Option<Paint> {
    match style.is_reversed {
        true => Some(style.color.map_or(Paint::Foreground, Paint::Color)),
        false => style.background.map(Paint::Color),
    }
}

/// Returns what fills the character, if it is not the color of the foreground.
fn front(style: &Style) -> Option<Paint> {
    match style.is_reversed {
        true => Some(style.background.map_or(Paint::Background, Paint::Color)),
        false => style.color.map(Paint::Color),
    }
}

/// Returns the attributes of a color and a style. `plain` is the class of the foreground.
fn paint(color: Option<Paint>, style: &Style, plain: &str) -> String {
    let mut classes = Vec::new();
    let mut fill = String::new();
    match color {
        None | Some(Paint::Foreground) => classes.push(plain.to_owned()),
        Some(Paint::Background) => fill = " style=\"fill:var(--b)\"".to_owned(),
        Some(Paint::Color(Color::Named(number))) => classes.push(format!("c{number}")),
        Some(Paint::Color(Color::Exact([red, green, blue]))) => {
            fill = format!(" style=\"fill:#{red:02x}{green:02x}{blue:02x}\"");
        }
    }
    for (is_set, class) in [
        (style.is_bold, "b"),
        (style.is_dim, "d"),
        (style.is_italic, "i"),
        (style.is_underlined, "u"),
    ] {
        if is_set {
            classes.push(class.to_owned());
        }
    }
    classes.retain(|class| !class.is_empty());
    match classes.is_empty() {
        true => fill,
        false => format!(" class=\"{}\"{fill}", classes.join(" ")),
    }
}

/// Returns the position of a column's left edge.
fn left(column: usize) -> String {
    tenths(MARGIN * 10 + column * CELL)
}

/// Formats tenths of a pixel.
fn tenths(tenths: usize) -> String {
    match tenths % 10 {
        0 => format!("{}", tenths / 10),
        rest => format!("{}.{rest}", tenths / 10),
    }
}

/// Escapes text for XML.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::super::terminal::Terminal;
    use super::*;

    /// Returns the elements after the background.
    fn drawn(text: &str) -> String {
        let mut terminal = Terminal::new(40);
        terminal.print(text);
        let svg = svg("a < b", &terminal.into_rows(), 40);
        assert!(svg.contains("<title>a &lt; b</title>"), "{svg}");
        let (_, elements) = svg.split_once("rx=\"8\"/>\n").unwrap();
        elements.trim_end_matches("</svg>\n").to_owned()
    }

    #[test]
    fn runs_of_text_have_a_place_and_a_length() {
        assert_eq!(
            drawn("a b   c\x1b[32md"),
            "<text x=\"16\" y=\"30\" textLength=\"25.2\">a b</text>\
             <text x=\"66.4\" y=\"30\" textLength=\"8.4\">c</text>\
             <text x=\"74.8\" y=\"30\" textLength=\"8.4\" class=\"c2\">d</text>\n"
        );
    }

    #[test]
    fn reversed_text_has_a_background() {
        assert_eq!(
            drawn("\x1b[7m<\x1b[0m"),
            "<rect x=\"16\" y=\"16\" width=\"8.4\" height=\"20\" class=\"s\"/>\
             <text x=\"16\" y=\"30\" textLength=\"8.4\" style=\"fill:var(--b)\">&lt;</text>\n"
        );
    }

    #[test]
    fn blocks_are_drawn() {
        assert_eq!(
            drawn("\x1b[31m██"),
            "<path d=\"M16 16h8.4v20h-8.4zM24.4 16h8.4v20h-8.4z\" class=\"c1\"/>\n"
        );
    }
}
