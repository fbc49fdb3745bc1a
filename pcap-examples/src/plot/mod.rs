//! Draws plots as SVG: rates over time, bars, trees of bars, histograms and heat maps.
//!
//! A plot is a plain value: labels, numbers and their [`Unit`]. [`Plot::draw`] draws it at a width, in CSS pixels at
//! which its text is meant to be read, and returns a [`Drawing`]. The drawing is written as a file of its own or as a
//! part of a page. All colors are custom properties of CSS, so that a page can replace them; [`style::stylesheet`] has
//! defaults for light, dark and paper.
//!
//! Labels may contain anything: they are escaped, and shortened with an ellipsis if they do not fit. The `<title>` of
//! a shortened label has the whole text.

mod bars;
mod drawing;
mod frame;
mod heat_levels;
mod heat_map;
mod histogram;
mod line;
mod number_ticks;
mod rows;
pub mod style;
#[cfg(test)]
mod tests;
mod text;
mod time_span;
mod time_ticks;
mod tree;
mod unit;

use std::fmt::Debug;

pub use bars::{Bar, BarPlot};
pub use drawing::Drawing;
pub use heat_map::{HeatMap, HeatRow};
pub use histogram::{Bin, Histogram};
pub use line::{LinePlot, Series};
pub(crate) use text::escape;
pub use time_span::TimeSpan;
pub use tree::{TreeBar, TreePlot};
pub use unit::{Unit, grouped};

/// A plot that can be drawn at any width.
pub trait Plot: Debug {
    /// Returns the title.
    fn title(&self) -> &str;

    /// Draws the plot, `width` CSS pixels wide. Its height depends on its content.
    fn draw(&self, width: f64) -> Drawing;
}

/// Returns a number that can be drawn: what is negative or no number is zero, and what is endless is large.
fn drawable(value: f64) -> f64 {
    if value > 0.0 { value.min(1e30) } else { 0.0 }
}
