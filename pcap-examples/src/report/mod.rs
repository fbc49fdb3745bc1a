//! Reports: pages of HTML with plots and tables.
//!
//! A [`Report`] is plain values, which know nothing about packets. [`Report::to_html`] returns one file that needs no
//! other: no script, font or image, and a policy in it forbids the browser to load any. It adapts to the width of the
//! screen, to light and dark, and to paper.

mod page;
mod style;
mod table;
#[cfg(test)]
mod tests;

use crate::plot::Plot;

pub use table::{Cell, Column, ColumnKind, Table};

/// A page of HTML with plots and tables.
#[derive(Debug, Default)]
pub struct Report {
    /// The title.
    pub title: String,
    /// What the report is about, in a line below the title.
    pub subtitle: String,
    /// The most important facts, at the top.
    pub facts: Vec<Fact>,
    /// The sections, which the page begins with links to.
    pub sections: Vec<Section>,
    /// Who made the page and when, in a line at its end.
    pub footer: String,
}

/// A fact: a short value with a name.
#[derive(Clone, Debug)]
pub struct Fact {
    /// The name: `Packets`.
    pub name: String,
    /// The value: `12 345`.
    pub value: String,
    /// More about the value, in small letters: `12 of them truncated`.
    pub note: Option<String>,
}

/// A part of a report with a heading.
#[derive(Debug, Default)]
pub struct Section {
    /// The heading.
    pub title: String,
    /// What the section contains, in order.
    pub items: Vec<Item>,
}

/// A part of a section.
#[derive(Debug)]
pub enum Item {
    /// A paragraph.
    Text(String),
    /// A paragraph that must not be overlooked, such as what is missing in the numbers.
    Warning(String),
    /// A plot.
    Plot(Box<dyn Plot>),
    /// A table.
    Table(Table),
}

impl Report {
    /// Returns the page.
    #[must_use]
    pub fn to_html(&self) -> String {
        page::page(self)
    }
}
