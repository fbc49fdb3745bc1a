//! Draws numbers over time.

use super::drawing::{Drawing, Path};
use super::frame::{
    Area, PAD, header, no_data, numbers_width, series_class, times, vertical_numbers,
};
use super::number_ticks::NumberTicks;
use super::time_span::length;
use super::{Plot, TimeSpan, Unit, drawable};

/// Numbers over time, as steps. The first series is an area, the others are lines.
#[derive(Clone, Debug)]
pub struct LinePlot {
    /// The title.
    pub title: String,
    /// What the numbers are: `Rate`.
    pub axis: String,
    /// The unit of the numbers.
    pub unit: Unit,
    /// When the numbers were counted.
    pub span: TimeSpan,
    /// The series, with a number per interval.
    pub series: Vec<Series>,
}

/// A row of numbers with a name.
#[derive(Clone, Debug)]
pub struct Series {
    /// The name in the legend.
    pub name: String,
    /// A number per interval.
    pub values: Vec<f64>,
}

impl Plot for LinePlot {
    fn title(&self) -> &str {
        &self.title
    }

    fn draw(&self, width: f64) -> Drawing {
        let mut drawing = Drawing::new(width, &self.title);
        let names: Vec<&str> = self
            .series
            .iter()
            .map(|series| series.name.as_str())
            .collect();
        let y = header(&mut drawing, &names);
        let count = self.series.iter().map(|series| series.values.len()).max();
        let count = count.unwrap_or(0);
        if count == 0 {
            drawing.describe("There is no data.".to_owned());
            no_data(&mut drawing, y);
            return drawing;
        }
        // A step is at least two pixels wide. The mean of several rates is the rate of the longer interval.
        let merged = count.div_ceil(((drawing.width - 80.0) / 2.0) as usize);
        let rows: Vec<Vec<f64>> = self
            .series
            .iter()
            .map(|series| means(&series.values, count, merged))
            .collect();
        let most = rows.iter().flatten().copied().fold(0.0, f64::max);
        let ticks = NumberTicks::new(most, self.unit, if drawing.is_narrow() { 4.0 } else { 5.0 });
        let area = Area {
            left: (PAD + numbers_width(&ticks) + 8.0).round(),
            right: drawing.width - PAD - 4.0,
            top: y + 30.0,
            bottom: y + 30.0 + (drawing.width * 0.3).clamp(150.0, 240.0).round(),
        };
        let step = self.span.interval_nanos().saturating_mul(merged as i128);
        let name = format!("{} ({}, mean of {})", self.axis, ticks.unit, length(step));
        vertical_numbers(&mut drawing, area, &ticks, (&name, 12.0));
        let scale = Scale {
            area,
            top: ticks.top,
            steps: count as f64 / merged as f64,
        };
        for (number, row) in rows.iter().enumerate() {
            if number == 0 {
                let class = format!("area {}", series_class('s', number));
                drawing.path(&class, &scale.outline(row, true), "");
            }
            let class = format!("curve {}", series_class('l', number));
            drawing.path(&class, &scale.outline(row, false), "");
        }
        for at in 0..rows[0].len() {
            let (left, right) = (scale.x(at), scale.x(at + 1));
            let size = (right - left, area.height());
            drawing.rect(
                "cursor",
                (left, area.top),
                size,
                &self.hint(&rows, at, merged),
            );
        }
        drawing.height = times(&mut drawing, area, &self.span, count);
        drawing.describe(self.description(count, most));
        drawing
    }
}

impl LinePlot {
    /// Returns the time and the numbers of a step.
    fn hint(&self, rows: &[Vec<f64>], at: usize, merged: usize) -> String {
        let mut hint = self.span.moment(self.span.at(at * merged));
        for (series, row) in self.series.iter().zip(rows) {
            hint += &match self.series.len() {
                1 => format!("\n{}", self.unit.short(row[at])),
                _ => format!("\n{}: {}", series.name, self.unit.short(row[at])),
            };
        }
        hint
    }

    fn description(&self, count: usize, most: f64) -> String {
        let from = self.span.moment(self.span.at(0));
        let to = self.span.moment(self.span.at(count));
        let (zone, most) = (self.span.zone_name(), self.unit.short(most));
        format!(
            "{} from {from} to {to} ({zone}), at most {most}.",
            self.axis
        )
    }
}

/// Returns the mean of each group of `merged` numbers. Numbers missing at the end count as zero.
fn means(values: &[f64], count: usize, merged: usize) -> Vec<f64> {
    let starts = (0..count).step_by(merged);
    let mean = |start: usize| {
        let end = (start + merged).min(count);
        let existing = values.get(start.min(values.len())..end.min(values.len()));
        let sum: f64 = existing
            .unwrap_or_default()
            .iter()
            .copied()
            .map(drawable)
            .sum();
        sum / (end - start) as f64
    };
    starts.map(mean).collect()
}

/// Where numbers are in the area.
struct Scale {
    area: Area,
    top: f64,
    steps: f64,
}

impl Scale {
    fn x(&self, step: usize) -> f64 {
        self.area.left + (step as f64 / self.steps).min(1.0) * self.area.width()
    }

    fn outline(&self, row: &[f64], closed: bool) -> Path {
        let mut path = Path::default();
        let y = |value: f64| self.area.bottom - value / self.top * self.area.height();
        if closed {
            path.move_to(self.area.left, self.area.bottom);
        }
        let mut last = None;
        for (at, &value) in row.iter().enumerate() {
            match last {
                None if !closed => path.move_to(self.x(0), y(value)),
                // Steps of the same height are one.
                Some(last) if last == value => {}
                _ => {
                    if last.is_some() {
                        path.horizontal_to(self.x(at));
                    }
                    path.vertical_to(y(value));
                }
            }
            last = Some(value);
        }
        path.horizontal_to(self.area.right);
        if closed {
            path.vertical_to(self.area.bottom);
            path.close();
        }
        path
    }
}
