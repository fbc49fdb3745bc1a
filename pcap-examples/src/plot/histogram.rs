//! Draws how often numbers of ranges occur.

use super::drawing::{Anchor, Drawing, SIZE};
use super::frame::{
    Area, PAD, axis_name, header, named, no_data, numbers_width, row_of_texts, vertical_numbers,
};
use super::number_ticks::NumberTicks;
use super::text::{Face, width};
use super::unit::grouped;
use super::{Plot, Unit, drawable};

/// A histogram. All ranges have the same width in the plot, so that small and large numbers are visible.
#[derive(Clone, Debug)]
pub struct Histogram {
    /// The title.
    pub title: String,
    /// What is in ranges, with its unit: `Packet length (B)`.
    pub range_axis: String,
    /// What is counted: `Packets`.
    pub axis: String,
    /// The unit of what is counted.
    pub unit: Unit,
    /// The ranges, in order.
    pub bins: Vec<Bin>,
}

/// A range of a histogram.
#[derive(Clone, Copy, Debug)]
pub struct Bin {
    /// The first number of the range.
    pub from: u64,
    /// The last number of the range, or `None` if the range has no end.
    pub to: Option<u64>,
    /// The count.
    pub value: f64,
}

impl Plot for Histogram {
    fn title(&self) -> &str {
        &self.title
    }

    fn draw(&self, drawing_width: f64) -> Drawing {
        let mut drawing = Drawing::new(drawing_width, &self.title);
        let y = header(&mut drawing, &[]);
        if self.bins.is_empty() {
            drawing.describe("There is no data.".to_owned());
            no_data(&mut drawing, y);
            return drawing;
        }
        let values: Vec<f64> = self.bins.iter().map(|bin| drawable(bin.value)).collect();
        let most = values.iter().copied().fold(0.0, f64::max);
        let all: f64 = values.iter().sum();
        let ticks = NumberTicks::new(most, self.unit, 4.0);
        let area = Area {
            left: (PAD + numbers_width(&ticks) + 8.0).round(),
            right: drawing.width - PAD - 4.0,
            top: y + 42.0,
            bottom: y + 42.0 + (drawing.width * 0.28).clamp(140.0, 220.0).round(),
        };
        let name = named(&self.axis, &ticks.unit);
        vertical_numbers(&mut drawing, area, &ticks, (&name, 23.0));
        let step = area.width() / self.bins.len() as f64;
        let gap = (step * 0.08).min(3.0);
        let mut edges = Vec::new();
        for (at, (bin, value)) in self.bins.iter().zip(&values).enumerate() {
            let x = area.left + at as f64 * step;
            let mut height = value / ticks.top * area.height();
            if *value > 0.0 {
                height = height.max(1.0);
                let at = (x + gap, area.bottom - height);
                drawing.rect(
                    "bar s1",
                    at,
                    (step - 2.0 * gap, height),
                    &self.hint(bin, *value, all),
                );
                let part = Unit::Percent.short(value / all * 100.0);
                if width(&part, SIZE, Face::Sans) + 4.0 <= step {
                    let at = (x + step / 2.0, area.bottom - height - 5.0);
                    drawing.text("over", at, Anchor::Middle, &part);
                }
            }
            edges.push((x.round(), grouped(&bin.from.to_string())));
        }
        let last = self.bins.last().and_then(|bin| bin.to);
        if let Some(end) = last.and_then(|to| to.checked_add(1)) {
            edges.push((area.right, grouped(&end.to_string())));
        }
        for (x, _) in &edges {
            drawing.line("axis", (*x, area.bottom), (*x, area.bottom + 4.0));
        }
        let texts: Vec<(f64, &str)> = edges.iter().map(|(x, text)| (*x, text.as_str())).collect();
        row_of_texts(&mut drawing, area.bottom + 18.0, &texts);
        drawing.height = axis_name(&mut drawing, area, area.bottom + 38.0, &self.range_axis);
        drawing.describe(format!(
            "{} in {} ranges of {}, in all {}.",
            self.axis,
            self.bins.len(),
            self.range_axis,
            self.unit.short(all)
        ));
        drawing
    }
}

impl Histogram {
    fn hint(&self, bin: &Bin, value: f64, all: f64) -> String {
        let range = match bin.to {
            Some(to) if to == bin.from => to.to_string(),
            Some(to) => format!("{}–{to}", bin.from),
            None => format!("{} or more", bin.from),
        };
        let part = Unit::Percent.short(value / all * 100.0);
        format!(
            "{}: {range}\n{} ({part})",
            self.range_axis,
            self.unit.exact(value)
        )
    }
}
