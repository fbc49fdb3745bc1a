//! Draws a horizontal bar per label.

use super::drawing::{Anchor, Drawing, SIZE};
use super::frame::{Area, PAD, header, horizontal_numbers, named, no_data, series_class};
use super::number_ticks::NumberTicks;
use super::rows::RowLabels;
use super::text::{Face, width};
use super::{Plot, Unit, drawable};

/// Horizontal bars, each with a label. With several series, a bar has a part for each.
#[derive(Clone, Debug)]
pub struct BarPlot {
    /// The title.
    pub title: String,
    /// What the numbers are: `Bytes on the wire`.
    pub axis: String,
    /// The unit of the numbers.
    pub unit: Unit,
    /// The labels are addresses and names of hosts.
    pub hosts: bool,
    /// The names of the parts of each bar, for the legend. Bars without parts need no name.
    pub series: Vec<String>,
    /// The bars, from top to bottom.
    pub bars: Vec<Bar>,
}

/// A bar with a label.
#[derive(Clone, Debug)]
pub struct Bar {
    /// The label. If it is too long for a line, it is broken before `↔` or `→`.
    pub label: String,
    /// The numbers of the parts.
    pub values: Vec<f64>,
}

impl Bar {
    fn total(&self) -> f64 {
        self.values.iter().copied().map(drawable).sum()
    }
}

impl Plot for BarPlot {
    fn title(&self) -> &str {
        &self.title
    }

    fn draw(&self, width: f64) -> Drawing {
        let mut drawing = Drawing::new(width, &self.title);
        let names: Vec<&str> = self.series.iter().map(String::as_str).collect();
        let y = header(&mut drawing, &names) + 6.0;
        if self.bars.is_empty() {
            drawing.describe("There is no data.".to_owned());
            no_data(&mut drawing, y);
            return drawing;
        }
        let face = if self.hosts { Face::Mono } else { Face::Sans };
        let labels = self.bars.iter().map(|bar| (0, bar.label.as_str()));
        let labels = RowLabels::new(&drawing, face, labels);
        let rows: Vec<BarRow> = self.bars.iter().map(|bar| self.row(bar)).collect();
        bar_rows(&mut drawing, y, &labels, &rows, (self.unit, &self.axis));
        let first = &self.bars[0];
        drawing.describe(format!(
            "{} of {} bars. The first is {} with {}.",
            self.axis,
            self.bars.len(),
            first.label,
            self.unit.short(first.total())
        ));
        drawing
    }
}

impl BarPlot {
    fn row<'a>(&self, bar: &'a Bar) -> BarRow<'a> {
        let mut hint = format!("{}\n{}", bar.label, self.unit.exact(bar.total()));
        if bar.values.len() > 1 {
            for (name, value) in self.series.iter().zip(&bar.values) {
                hint += &format!("\n{name}: {}", self.unit.exact(*value));
            }
        }
        BarRow {
            depth: 0,
            label: &bar.label,
            values: bar.values.iter().copied().map(drawable).collect(),
            text: self.unit.short(bar.total()),
            hint,
        }
    }
}

/// A bar, its label and the text after it.
#[derive(Debug)]
pub(super) struct BarRow<'a> {
    pub(super) depth: usize,
    pub(super) label: &'a str,
    pub(super) values: Vec<f64>,
    pub(super) text: String,
    pub(super) hint: String,
}

/// Draws bars below a position, and their axis, and sets the height of the drawing.
pub(super) fn bar_rows(
    drawing: &mut Drawing,
    top: f64,
    labels: &RowLabels,
    rows: &[BarRow<'_>],
    (unit, axis): (Unit, &str),
) {
    const BAR: f64 = 15.0;
    const GAP: f64 = 8.0;
    let totals = rows.iter().map(|row| row.values.iter().sum::<f64>());
    let most = totals.fold(0.0, f64::max);
    let texts = rows.iter().map(|row| width(&row.text, SIZE, Face::Sans));
    let text_width = texts.fold(0.0, f64::max);
    let left = labels.column.unwrap_or(PAD).round();
    let wanted = if drawing.is_narrow() { 3.0 } else { 5.0 };
    let ticks = NumberTicks::new(most, unit, wanted);
    let heights = rows
        .iter()
        .map(|row| labels.height(row.depth, row.label) + BAR + GAP);
    let area = Area {
        left,
        right: (drawing.width - PAD - 6.0).max(left + 40.0),
        top,
        bottom: top + heights.sum::<f64>() + 2.0,
    };
    // The longest bar leaves room for the text after it. Numbers beyond the edge are left out.
    let most = if most > 0.0 { most } else { ticks.top };
    let scale = (area.width() - text_width - 12.0) / most;
    let mut ticks = ticks;
    ticks
        .ticks
        .retain(|(value, _)| value * scale <= area.width());
    let (last, _) = ticks.ticks.last().cloned().unwrap_or_default();
    ticks.top = last.max(f64::MIN_POSITIVE);
    let shown = Area {
        right: left + scale * last,
        ..area
    };
    let end = horizontal_numbers(drawing, shown, &ticks, &named(axis, &ticks.unit));
    let mut y = top + GAP / 2.0;
    for row in rows {
        y += labels.height(row.depth, row.label);
        labels.draw(drawing, row.depth, row.label, y, y + BAR);
        let mut x = left;
        for (number, value) in row.values.iter().enumerate() {
            let mut wide = value * scale;
            // What exists is visible.
            if *value > 0.0 && wide < 2.0 {
                wide = 2.0;
            }
            if wide > 0.0 {
                let class = format!("bar {}", series_class('s', number));
                drawing.rect(&class, (x, y), (wide, BAR), &row.hint);
            }
            x += wide;
        }
        drawing.text(
            "over",
            (x + 6.0, y + BAR / 2.0 + 4.0),
            Anchor::Start,
            &row.text,
        );
        y += BAR + GAP;
    }
    drawing.height = end;
}
