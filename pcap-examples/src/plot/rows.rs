//! Places the labels of rows, beside or above what they name.

use super::drawing::Drawing;
use super::frame::PAD;
use super::text::{Face, clean, width};

/// Where the labels of all rows are.
#[derive(Debug)]
pub(super) struct RowLabels {
    face: Face,
    /// The size of the text.
    size: f64,
    /// The indentation of a level.
    pub(super) indent: f64,
    /// The space to the left of the data. Labels that need more than a third of the width are above the data.
    pub(super) column: Option<f64>,
    /// The widest place of a label.
    most: f64,
}

/// The height of a line.
const LINE: f64 = 16.0;
/// The space between a long label and the edge.
const EDGE: f64 = 4.0;

impl RowLabels {
    /// Chooses the place for labels with the depths of their rows.
    pub(super) fn new<'a>(
        drawing: &Drawing,
        face: Face,
        labels: impl Iterator<Item = (usize, &'a str)> + Clone,
    ) -> RowLabels {
        let size = drawing.size_of(face);
        let deepest = labels.clone().map(|(depth, _)| depth).max().unwrap_or(0);
        let indent = 14_f64.min(drawing.width * 0.2 / deepest.max(1) as f64);
        let widths =
            labels.map(|(depth, label)| depth as f64 * indent + width(&clean(label), size, face));
        let widest = widths.fold(0.0, f64::max).ceil();
        let column = (widest <= drawing.width * 0.36).then_some(PAD + widest + 10.0);
        RowLabels {
            face,
            size,
            indent,
            column,
            most: drawing.width - PAD - EDGE,
        }
    }

    /// Returns the lines of a label.
    pub(super) fn lines<'a>(&self, depth: usize, label: &'a str) -> Vec<&'a str> {
        let most = self.most - depth as f64 * self.indent;
        let fits = |text: &str| width(&clean(text), self.size, self.face) <= most;
        if self.column.is_some() || fits(label) {
            return vec![label];
        }
        // Pairs of hosts get a line each.
        for mark in ['↔', '→', '⇄'] {
            if let Some((before, _)) = label.split_once(mark) {
                let (first, second) = label.split_at(before.len());
                return vec![first.trim_end(), second];
            }
        }
        vec![label]
    }

    /// Returns the space that a label needs above the data.
    pub(super) fn height(&self, depth: usize, label: &str) -> f64 {
        match self.column {
            Some(_) => 0.0,
            None => self.lines(depth, label).len() as f64 * LINE + 1.0,
        }
    }

    /// Draws a label. `top` and `bottom` are those of the data.
    pub(super) fn draw(
        &self,
        drawing: &mut Drawing,
        depth: usize,
        label: &str,
        top: f64,
        bottom: f64,
    ) {
        let x = PAD + depth as f64 * self.indent;
        let Some(column) = self.column else {
            let mut y = top - self.height(depth, label) + 11.0;
            for line in self.lines(depth, label) {
                drawing.label(self.face, "over", (x, y), drawing.width - EDGE - x, line);
                y += LINE;
            }
            return;
        };
        let y = ((top + bottom) / 2.0 + 4.0).round();
        drawing.label(self.face, "", (x, y), column - x - 4.0, label);
    }
}
