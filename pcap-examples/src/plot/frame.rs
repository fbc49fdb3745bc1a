//! What plots have around their data: the title, the legend and the axes.

use super::TimeSpan;
use super::drawing::{Anchor, Drawing, SIZE};
use super::number_ticks::NumberTicks;
use super::style::SERIES;
use super::text::{Face, fit, width};
use super::time_ticks::TimeTicks;

/// The space between the edge and anything else.
pub(super) const PAD: f64 = 14.0;

/// The rectangle of the data.
#[derive(Clone, Copy, Debug)]
pub(super) struct Area {
    pub(super) left: f64,
    pub(super) right: f64,
    pub(super) top: f64,
    pub(super) bottom: f64,
}

impl Area {
    pub(super) fn width(&self) -> f64 {
        self.right - self.left
    }

    pub(super) fn height(&self) -> f64 {
        self.bottom - self.top
    }
}

/// Returns the class of a series or of its line: `s1`, `l2`.
pub(super) fn series_class(kind: char, number: usize) -> String {
    format!("{kind}{}", number % SERIES + 1)
}

/// Draws the title, and a legend if there are several series. Returns the position below them.
pub(super) fn header(drawing: &mut Drawing, series: &[&str]) -> f64 {
    let mut y = drawing.draw_title(PAD, PAD - 4.0) + 4.0;
    if series.len() < 2 {
        return y;
    }
    let most = drawing.width - 2.0 * PAD - 18.0;
    let mut x = PAD;
    y += 16.0;
    for (number, name) in series.iter().enumerate() {
        let name = fit(name, SIZE, Face::Sans, most);
        let wide = 18.0 + width(&name, SIZE, Face::Sans);
        if x > PAD && x + wide > drawing.width - PAD {
            x = PAD;
            y += 18.0;
        }
        drawing.rect(&series_class('s', number), (x, y - 10.0), (12.0, 12.0), "");
        drawing.text("", (x + 18.0, y), Anchor::Start, &name);
        x += wide + 18.0;
    }
    y + 6.0
}

/// Says that there is nothing to draw, and returns the position below.
pub(super) fn no_data(drawing: &mut Drawing, y: f64) {
    let (middle, height) = (drawing.width / 2.0, 90.0);
    let size = (drawing.width - 2.0 * PAD, height);
    drawing.rect("track", (PAD, y + 6.0), size, "");
    drawing.text(
        "muted",
        (middle, y + 10.0 + height / 2.0),
        Anchor::Middle,
        "No data",
    );
    drawing.height = y + height + 6.0 + PAD;
}

/// Returns the name of an axis of numbers: `Bytes on the wire (MB)`, `Number of packets`.
pub(super) fn named(axis: &str, unit: &str) -> String {
    match axis.eq_ignore_ascii_case(unit) {
        true => format!("Number of {unit}"),
        false => format!("{axis} ({unit})"),
    }
}

/// Returns the room that the numbers of a vertical axis need.
pub(super) fn numbers_width(ticks: &NumberTicks) -> f64 {
    let widths = ticks
        .ticks
        .iter()
        .map(|(_, text)| width(text, SIZE, Face::Sans));
    widths.fold(0.0, f64::max)
}

/// Draws the grid and the numbers to the left of the area, and the name of the axis `above` it.
pub(super) fn vertical_numbers(
    drawing: &mut Drawing,
    area: Area,
    ticks: &NumberTicks,
    (name, above): (&str, f64),
) {
    drawing.axis_name((PAD, area.top - above), drawing.width - 2.0 * PAD, name);
    for (value, text) in &ticks.ticks {
        let y = area.bottom - value / ticks.top * area.height();
        let class = if *value == 0.0 { "axis" } else { "grid" };
        drawing.line(class, (area.left, y.round()), (area.right, y.round()));
        drawing.text(
            "muted",
            (area.left - 7.0, y.round() + 4.0),
            Anchor::End,
            text,
        );
    }
}

/// Draws the grid of a horizontal axis of numbers, and the numbers and its name below the area. Returns the position
/// below.
pub(super) fn horizontal_numbers(
    drawing: &mut Drawing,
    area: Area,
    ticks: &NumberTicks,
    name: &str,
) -> f64 {
    let mut texts = Vec::new();
    for (value, text) in &ticks.ticks {
        let x = (area.left + value / ticks.top * area.width()).round();
        let class = if *value == 0.0 { "axis" } else { "grid" };
        drawing.line(class, (x, area.top), (x, area.bottom));
        texts.push((x, text.as_str()));
    }
    row_of_texts(drawing, area.bottom + 16.0, &texts);
    axis_name(drawing, area, area.bottom + 35.0, name)
}

/// Draws the times below the area, and the name of the axis. Returns the position below.
pub(super) fn times(drawing: &mut Drawing, area: Area, span: &TimeSpan, intervals: usize) -> f64 {
    let (start, end) = (span.at(0), span.at(intervals));
    let ticks = TimeTicks::new(span, start, end, area.width(), SIZE);
    drawing.line("axis", (area.left, area.bottom), (area.right, area.bottom));
    let (mut texts, mut dates) = (Vec::new(), Vec::new());
    for tick in &ticks.ticks {
        let part = (tick.at - start) as f64 / (end - start).max(1) as f64;
        let x = (area.left + part * area.width()).round();
        drawing.line("axis", (x, area.bottom), (x, area.bottom + 4.0));
        texts.push((x, tick.text.as_str()));
        if let Some(date) = &tick.date {
            dates.push((x, date.as_str()));
        }
    }
    row_of_texts(drawing, area.bottom + 18.0, &texts);
    let mut y = area.bottom + 37.0;
    if !dates.is_empty() {
        row_of_texts(drawing, area.bottom + 33.0, &dates);
        y += 15.0;
    }
    axis_name(drawing, area, y, &ticks.label)
}

/// Draws texts in a row, each centered at its position as far as the edges allow. Leaves out those without room.
pub(super) fn row_of_texts(drawing: &mut Drawing, y: f64, texts: &[(f64, &str)]) {
    let mut free = 2.0;
    for (x, text) in texts {
        let half = width(text, SIZE, Face::Sans) / 2.0;
        let middle = x.min(drawing.width - 2.0 - half).max(half + 2.0);
        if middle - half < free {
            continue;
        }
        drawing.text("muted", (middle, y), Anchor::Middle, text);
        free = middle + half + 6.0;
    }
}

/// Draws the name of a horizontal axis, below its middle as far as there is room. Returns the position below.
pub(super) fn axis_name(drawing: &mut Drawing, area: Area, y: f64, name: &str) -> f64 {
    let most = drawing.width - 2.0 * PAD;
    let half = width(&fit(name, SIZE, Face::Sans, most), SIZE, Face::Sans) / 2.0;
    let middle = (area.left + area.right) / 2.0;
    let middle = middle.min(drawing.width - PAD - half).max(PAD + half);
    drawing.axis_name((middle - half, y), most, name);
    y + PAD
}
