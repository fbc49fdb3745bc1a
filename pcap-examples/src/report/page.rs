//! Writes the page of a report.

use std::fmt::Write as _;

use super::style::STYLE;
use super::{Fact, Item, Report, Section, table};
use crate::plot::{Plot, escape, style};

/// The browser loads nothing, sends nothing and runs no script. A data URL for the icon prevents a request for one.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

/// The widths of plots in CSS pixels, on screens that are wide enough and on phones.
const WIDE: f64 = 800.0;
const NARROW: f64 = 352.0;

/// Values with more characters than this are smaller.
const LONG_FACT: usize = 14;

pub(super) fn page(report: &Report) -> String {
    let title = escape(&report.title);
    let mut out = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\"/>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n\
         <meta name=\"color-scheme\" content=\"light dark\"/>\n<meta name=\"referrer\" content=\"no-referrer\"/>\n\
         <link rel=\"icon\" href=\"data:,\"/>\n<title>{title}</title>\n<style>\n{}{STYLE}</style>\n</head>\n<body>\n\
         <header>\n<h1>{title}</h1>\n",
        style::stylesheet()
    );
    paragraph(&mut out, "subtitle", &report.subtitle);
    out += "</header>\n";
    contents(&mut out, &report.sections);
    out += "<main>\n";
    facts(&mut out, &report.facts);
    for (number, section) in report.sections.iter().enumerate() {
        write_section(&mut out, number + 1, section);
    }
    out += "</main>\n";
    if !report.footer.is_empty() {
        out += "<footer>\n";
        paragraph(&mut out, "", &report.footer);
        out += "</footer>\n";
    }
    out + "</body>\n</html>\n"
}

/// Writes links to the sections.
fn contents(out: &mut String, sections: &[Section]) {
    if sections.len() < 2 {
        return;
    }
    *out += "<nav aria-label=\"Contents\">\n<ul>\n";
    for (number, section) in sections.iter().enumerate() {
        let (number, title) = (number + 1, escape(&section.title));
        // Writing to memory cannot fail.
        let _ = writeln!(out, "<li><a href=\"#section-{number}\">{title}</a></li>");
    }
    *out += "</ul>\n</nav>\n";
}

fn facts(out: &mut String, facts: &[Fact]) {
    if facts.is_empty() {
        return;
    }
    *out += "<dl class=\"facts\">\n";
    for fact in facts {
        let (name, value) = (escape(&fact.name), escape(&fact.value));
        let class = match fact.value.chars().count() > LONG_FACT {
            true => " class=\"long\"",
            false => "",
        };
        let _ = write!(out, "<div><dt>{name}</dt><dd{class}><bdi>{value}</bdi>");
        if let Some(note) = &fact.note {
            let _ = write!(out, " <small><bdi>{}</bdi></small>", escape(note));
        }
        *out += "</dd></div>\n";
    }
    *out += "</dl>\n";
}

fn write_section(out: &mut String, number: usize, section: &Section) {
    let title = escape(&section.title);
    let _ = writeln!(
        out,
        "<section id=\"section-{number}\" aria-labelledby=\"heading-{number}\">\n<h2 id=\"heading-{number}\">{title}</h2>"
    );
    for (at, item) in section.items.iter().enumerate() {
        let id = format!("item-{number}-{}", at + 1);
        match item {
            Item::Text(text) => paragraph(out, "", text),
            Item::Warning(text) => paragraph(out, "warning", text),
            Item::Plot(plot) => figure(out, &id, plot.as_ref()),
            Item::Table(table) => table::write_table(out, &id, table),
        }
    }
    *out += "</section>\n";
}

fn paragraph(out: &mut String, class: &str, text: &str) {
    if text.is_empty() {
        return;
    }
    let text = escape(text);
    let _ = match class {
        "" => writeln!(out, "<p>{text}</p>"),
        _ => writeln!(out, "<p class=\"{class}\">{text}</p>"),
    };
}

/// Writes a plot twice, for wide and narrow screens: text that shrinks with a plot would be unreadable. The browser
/// shows one of them.
fn figure(out: &mut String, id: &str, plot: &dyn Plot) {
    let wide = plot.draw(WIDE).to_element(&format!("{id}-wide"));
    let narrow = plot.draw(NARROW).to_element(&format!("{id}-narrow"));
    let _ = writeln!(
        out,
        "<figure>\n<div class=\"wide\">\n{wide}</div>\n<div class=\"narrow\">\n{narrow}</div>\n</figure>"
    );
}
