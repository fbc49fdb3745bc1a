//! The graphs of bits and packets per second.

use ratatui::layout::Rect;
use ratatui::style::Style;

use super::Canvas;
use crate::model::Model;
use crate::number::short;
use crate::view::View;

/// The columns of the numbers beside a graph.
const LABEL: u16 = 6;

pub(super) fn draw(canvas: &mut Canvas<'_>, area: Rect, view: &View, model: &Model) {
    let (span, name) = view.span(model);
    let left = area.width / 2;
    let look = canvas.look;
    let bits = Rect {
        width: left - 1,
        ..area
    };
    let packets = Rect {
        x: area.x + left,
        width: area.width - left,
        ..area
    };
    let (packet_rate, byte_rate) = model.rate;
    let (most_packets, most_bytes) = model.series.greatest(span, model.is_live());
    let bit_rates = [8.0 * byte_rate, 8.0 * most_bytes as f64];
    let packet_rates = [packet_rate, most_packets as f64];
    let graphs = [
        ("bit/s", bits, look.bits(), bit_rates),
        ("packets/s", packets, look.packets(), packet_rates),
    ];
    for (unit, area, style, [rate, greatest]) in graphs {
        let width = usize::from(area.width.saturating_sub(LABEL + 1));
        let columns = model.series.columns(span, width, model.is_live());
        let value = |(packets, bytes): (f64, f64)| match unit {
            "bit/s" => 8.0 * bytes,
            _ => packets,
        };
        let values: Vec<Option<f64>> = columns
            .into_iter()
            .map(|column| column.map(value))
            .collect();
        let most = values
            .iter()
            .flatten()
            .fold(0.0_f64, |most, value| most.max(*value));
        // The last interval, or a file shorter than a second, may have a greater rate than any second.
        let greatest = greatest.max(rate);
        title(canvas, area, unit, &[short(rate), short(greatest)], &name);
        let graph = Graph {
            values: &values,
            most,
            style,
        };
        graph.draw(canvas, super::part(area, 1, area.height - 1));
    }
}

/// Draws the unit, the current rate, that of the greatest second, and the time that the graph shows.
fn title(
    canvas: &mut Canvas<'_>,
    area: Rect,
    unit: &str,
    [rate, greatest]: &[String; 2],
    span: &str,
) {
    let look = canvas.look;
    let x = canvas.text(area.x, area.y, area.width, unit, look.weak()) + 1;
    let end = area.right();
    let x = canvas.text(x, area.y, end.saturating_sub(x), rate, look.strong());
    let rest = format!("  max {greatest}  {span}");
    canvas.text(x, area.y, end.saturating_sub(x), &rest, Style::new());
}

/// The bars of a graph.
struct Graph<'a> {
    /// The value of each column, which may be the mean of several seconds, `None` before there were any.
    values: &'a [Option<f64>],
    /// The greatest of these values.
    most: f64,
    style: Style,
}

impl Graph<'_> {
    fn draw(&self, canvas: &mut Canvas<'_>, area: Rect) {
        let levels = canvas.look.levels();
        let steps = levels.len() - 1;
        let height = usize::from(area.height);
        for (y, label) in [
            (area.y, short(self.most)),
            (area.bottom() - 1, "0".to_owned()),
        ] {
            canvas.text(area.x, y, LABEL, &format!("{label:>5}"), Style::new());
        }
        for (x, value) in (area.x + LABEL..).zip(self.values) {
            let Some(value) = value else {
                continue;
            };
            // A value that is not 0 is visible.
            let filled = match self.most > 0.0 && *value > 0.0 {
                true => ((value / self.most * (height * steps) as f64).round() as usize).max(1),
                false => 0,
            };
            for row in 0..height {
                let level = filled.saturating_sub(row * steps).min(steps);
                let y = area.bottom() - 1 - row as u16;
                let (level, style) = match (row, level) {
                    // The base line shows since when packets are counted.
                    (0, 0) => (if canvas.look.is_unicode { "·" } else { "_" }, Style::new()),
                    (_, level) => (levels[level], self.style),
                };
                canvas.text(x, y, 1, level, style);
            }
        }
    }
}
