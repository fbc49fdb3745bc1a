//! Draws a tree with a bar per node.

use super::bars::{BarRow, bar_rows};
use super::drawing::{Drawing, Path};
use super::frame::{PAD, header, no_data};
use super::rows::RowLabels;
use super::text::Face;
use super::{Plot, Unit, drawable};

/// A tree whose nodes have a bar each, as of protocols.
#[derive(Clone, Debug)]
pub struct TreePlot {
    /// The title.
    pub title: String,
    /// What the numbers are: `Bytes on the wire`.
    pub axis: String,
    /// The unit of the numbers.
    pub unit: Unit,
    /// The nodes. Each follows its parent, before the next child of that.
    pub nodes: Vec<TreeBar>,
}

/// A node of a tree.
#[derive(Clone, Debug)]
pub struct TreeBar {
    /// The number of nodes above it.
    pub depth: usize,
    /// The label.
    pub label: String,
    /// The number of the node, which contains those of the nodes below.
    pub value: f64,
}

/// Deeper nodes are drawn at this depth.
const DEEPEST: usize = 24;

impl Plot for TreePlot {
    fn title(&self) -> &str {
        &self.title
    }

    fn draw(&self, width: f64) -> Drawing {
        let mut drawing = Drawing::new(width, &self.title);
        let y = header(&mut drawing, &[]) + 6.0;
        if self.nodes.is_empty() {
            drawing.describe("There is no data.".to_owned());
            no_data(&mut drawing, y);
            return drawing;
        }
        let labels = self
            .nodes
            .iter()
            .map(|node| (node.depth.min(DEEPEST), node.label.as_str()));
        let labels = RowLabels::new(&drawing, Face::Sans, labels);
        let roots = self.nodes.iter().filter(|node| node.depth == 0);
        let whole: f64 = roots.map(|node| drawable(node.value)).sum();
        let rows: Vec<BarRow> = self
            .nodes
            .iter()
            .map(|node| self.row(node, whole))
            .collect();
        if labels.column.is_some() {
            self.branches(&mut drawing, y, &labels);
        }
        bar_rows(&mut drawing, y, &labels, &rows, (self.unit, &self.axis));
        let all = self.unit.short(whole);
        drawing.describe(format!(
            "{} of {} nodes of a tree, in all {all}.",
            self.axis,
            self.nodes.len()
        ));
        drawing
    }
}

impl TreePlot {
    fn row<'a>(&self, node: &'a TreeBar, whole: f64) -> BarRow<'a> {
        let value = drawable(node.value);
        let mut text = self.unit.short(value);
        let mut hint = format!("{}\n{}", node.label, self.unit.exact(value));
        if whole > 0.0 {
            let part = Unit::Percent.short(value / whole * 100.0);
            text += &format!(" · {part}");
            hint += &format!("\n{part}");
        }
        BarRow {
            depth: node.depth.min(DEEPEST),
            label: &node.label,
            values: vec![value],
            text,
            hint,
        }
    }

    /// Draws the lines from nodes to their parents.
    fn branches(&self, drawing: &mut Drawing, top: f64, labels: &RowLabels) {
        const ROW: f64 = 23.0;
        let middle = |row: usize| (top + 4.0 + row as f64 * ROW + 8.0).round();
        // The last row at each depth above.
        let mut parents: Vec<usize> = Vec::new();
        let mut path = Path::default();
        for (row, node) in self.nodes.iter().enumerate() {
            let depth = node.depth.min(DEEPEST).min(parents.len());
            parents.truncate(depth);
            if let Some(&parent) = parents.last() {
                let x = (PAD + (depth as f64 - 1.0) * labels.indent + 4.0).round();
                path.move_to(x, middle(parent) + 8.0);
                path.vertical_to(middle(row));
                path.horizontal_to(x + labels.indent - 6.0);
            }
            parents.push(row);
        }
        drawing.path("branch", &path, "");
    }
}
