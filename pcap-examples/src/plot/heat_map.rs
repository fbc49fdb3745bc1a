//! Draws numbers of several rows over time as colors.

use super::drawing::{Anchor, Drawing, Path, SIZE};
use super::frame::{Area, PAD, header, no_data, times};
use super::heat_levels::HeatLevels;
use super::rows::RowLabels;
use super::style::LEVELS;
use super::text::{Face, width};
use super::time_span::length;
use super::{Plot, TimeSpan, Unit, drawable};

/// A row of cells per label, whose colors show numbers over time.
#[derive(Clone, Debug)]
pub struct HeatMap {
    /// The title.
    pub title: String,
    /// What the numbers are: `Bytes on the wire`.
    pub axis: String,
    /// The unit of the numbers.
    pub unit: Unit,
    /// The labels are addresses and names of hosts.
    pub hosts: bool,
    /// When the numbers were counted.
    pub span: TimeSpan,
    /// The rows, from top to bottom.
    pub rows: Vec<HeatRow>,
}

/// A row of a heat map.
#[derive(Clone, Debug)]
pub struct HeatRow {
    /// The label.
    pub label: String,
    /// A number per interval.
    pub values: Vec<f64>,
}

impl Plot for HeatMap {
    fn title(&self) -> &str {
        &self.title
    }

    fn draw(&self, drawing_width: f64) -> Drawing {
        let mut drawing = Drawing::new(drawing_width, &self.title);
        let y = header(&mut drawing, &[]);
        let count = self
            .rows
            .iter()
            .map(|row| row.values.len())
            .max()
            .unwrap_or(0);
        if count == 0 {
            drawing.describe("There is no data.".to_owned());
            no_data(&mut drawing, y);
            return drawing;
        }
        let face = if self.hosts { Face::Mono } else { Face::Sans };
        let labels = self.rows.iter().map(|row| (0, row.label.as_str()));
        let labels = RowLabels::new(&drawing, face, labels);
        let left = labels.column.unwrap_or(PAD).round();
        let right = drawing.width - PAD - 4.0;
        // A cell is at least four pixels wide: several numbers are added.
        let merged = count.div_ceil(((right - left) / 4.0).max(1.0) as usize);
        let rows: Vec<Vec<f64>> = self
            .rows
            .iter()
            .map(|row| sums(&row.values, count, merged))
            .collect();
        let existing = rows.iter().flatten().copied().filter(|value| *value > 0.0);
        let most = existing.clone().fold(0.0, f64::max);
        let least = existing.fold(f64::INFINITY, f64::min);
        let levels = (most > 0.0).then(|| HeatLevels::new(least, most, self.unit.is_whole()));
        let step = self.span.interval_nanos().saturating_mul(merged as i128);
        let y = match &levels {
            Some(levels) => self.legend(&mut drawing, y + 4.0, levels, &length(step)),
            None => y,
        };
        let (top, cell) = (y + 10.0, if labels.column.is_some() { 17.0 } else { 13.0 });
        let mut bottom = top;
        let scale = (right - left) / count as f64 * merged as f64;
        for (row, values) in self.rows.iter().zip(&rows) {
            bottom += labels.height(0, &row.label);
            labels.draw(&mut drawing, 0, &row.label, bottom, bottom + cell);
            let place = Area {
                left,
                right,
                top: bottom,
                bottom: bottom + cell,
            };
            self.cells(&mut drawing, place, scale, (row, values), levels.as_ref());
            bottom += cell + if labels.column.is_some() { 2.0 } else { 7.0 };
        }
        let area = Area {
            left,
            right,
            top,
            bottom: bottom + 1.0,
        };
        drawing.height = times(&mut drawing, area, &self.span, count);
        drawing.describe(format!(
            "{} of {} rows over time, at most {} per {}.",
            self.axis,
            self.rows.len(),
            self.unit.short(most),
            length(step)
        ));
        drawing
    }
}

impl HeatMap {
    /// Draws the colors and where their levels begin. Returns the position below.
    fn legend(&self, drawing: &mut Drawing, y: f64, levels: &HeatLevels, step: &str) -> f64 {
        let name = format!("{} (per {step})", self.axis);
        drawing.axis_name((PAD, y + 12.0), drawing.width - 2.0 * PAD, &name);
        let mut x = PAD;
        let mut y = y + 20.0;
        let none = (0, "none".to_owned());
        for (level, text) in std::iter::once(none).chain(levels.texts(self.unit)) {
            let wide = 17.0 + width(&text, SIZE, Face::Sans);
            if x > PAD && x + wide > drawing.width - PAD {
                x = PAD;
                y += 18.0;
            }
            drawing.rect(&format!("v{level}"), (x, y), (12.0, 12.0), "");
            drawing.text("muted", (x + 17.0, y + 10.0), Anchor::Start, &text);
            x += wide + 12.0;
        }
        y + 14.0
    }

    /// Draws the cells of a row. Cells of the same color are one shape.
    fn cells(
        &self,
        drawing: &mut Drawing,
        area: Area,
        scale: f64,
        (row, values): (&HeatRow, &[f64]),
        levels: Option<&HeatLevels>,
    ) {
        let all: f64 = values.iter().sum();
        let hint = format!("{}\n{}", row.label, self.unit.exact(all));
        drawing.rect(
            "v0",
            (area.left, area.top),
            (area.width(), area.height()),
            &hint,
        );
        let Some(levels) = levels else {
            return;
        };
        let mut shapes: [Path; LEVELS + 1] = Default::default();
        let mut used = [false; LEVELS + 1];
        let mut at = 0;
        while at < values.len() {
            let level = levels.level(values[at]);
            let same = values[at..]
                .iter()
                .take_while(|value| levels.level(**value) == level)
                .count();
            let from = area.left + at as f64 * scale;
            let to = (area.left + (at + same) as f64 * scale).min(area.right);
            shapes[level].rect(from, area.top, to - from, area.height());
            used[level] = true;
            at += same;
        }
        for level in (1..=LEVELS).filter(|level| used[*level]) {
            drawing.path(&format!("cells v{level}"), &shapes[level], &hint);
        }
    }
}

/// Returns the sum of each group of `merged` numbers.
fn sums(values: &[f64], count: usize, merged: usize) -> Vec<f64> {
    let starts = (0..count).step_by(merged);
    let sum = |start: usize| {
        let end = (start + merged).min(values.len());
        let existing = values.get(start.min(values.len())..end);
        existing
            .unwrap_or_default()
            .iter()
            .copied()
            .map(drawable)
            .sum::<f64>()
    };
    starts.map(sum).collect()
}
