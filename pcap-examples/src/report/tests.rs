use super::{Cell, Column, ColumnKind, Fact, Item, Report, Section, Table};
use crate::plot::{Bar, BarPlot, Unit};

const NASTY: &str = "</style><script>alert(1)</script><img src=\"//example.com/x\" onerror='x'/> \0\u{1b}\u{202e} &amp;";

fn report() -> Report {
    let text = || NASTY.to_owned();
    let column = |kind| Column { name: text(), kind };
    let table = Table {
        caption: text(),
        columns: [ColumnKind::Text, ColumnKind::Host, ColumnKind::Number]
            .map(column)
            .to_vec(),
        rows: vec![
            vec![
                Cell::Text(text()),
                Cell::Text(text()),
                Cell::Number(1_234_567),
            ],
            vec![
                Cell::Text(text()),
                Cell::Empty,
                Cell::Quantity(1_500_000.0, Unit::Bytes),
            ],
            vec![],
        ],
        note: Some(text()),
    };
    let plot = BarPlot {
        title: text(),
        axis: text(),
        unit: Unit::Bytes,
        hosts: true,
        series: vec![text(), text()],
        bars: vec![Bar {
            label: text(),
            values: vec![1.0, 2.0],
        }],
    };
    let section = |items| Section {
        title: text(),
        items,
    };
    Report {
        title: text(),
        subtitle: text(),
        facts: vec![Fact {
            name: text(),
            value: text(),
            note: Some(text()),
        }],
        sections: vec![
            section(vec![Item::Text(text()), Item::Warning(text())]),
            section(vec![Item::Plot(Box::new(plot)), Item::Table(table)]),
        ],
        footer: text(),
    }
}

/// Returns the page without its document type, which is not XML's.
fn page(report: &Report) -> String {
    let html = report.to_html();
    html.strip_prefix("<!DOCTYPE html>\n").unwrap().to_owned()
}

#[test]
fn no_text_becomes_markup() {
    let html = page(&report());
    let document = roxmltree::Document::parse(&html).unwrap();
    for node in document.descendants() {
        assert!(!matches!(
            node.tag_name().name(),
            "script" | "img" | "iframe"
        ));
        for attribute in node.attributes() {
            let name = attribute.name();
            assert!(
                !name.starts_with("on") && name != "src" && name != "style",
                "{name}"
            );
            if name == "href" {
                let is_local = attribute.value().starts_with('#') || attribute.value() == "data:,";
                assert!(is_local, "{}", attribute.value());
            }
        }
    }
}

#[test]
fn identifiers_are_unique_and_exist() {
    let html = page(&report());
    let document = roxmltree::Document::parse(&html).unwrap();
    let mut ids: Vec<&str> = document
        .descendants()
        .filter_map(|node| node.attribute("id"))
        .collect();
    ids.sort_unstable();
    let count = ids.len();
    ids.dedup();
    assert_eq!(ids.len(), count);
    for node in document.descendants() {
        for name in ["aria-labelledby", "aria-describedby"] {
            if let Some(id) = node.attribute(name) {
                assert!(ids.contains(&id), "{id}");
            }
        }
        if let Some(id) = node
            .attribute("href")
            .and_then(|link| link.strip_prefix('#'))
        {
            assert!(ids.contains(&id), "{id}");
        }
    }
}

#[test]
fn tables_have_headings_and_numbers_that_can_be_copied() {
    let html = page(&report());
    let document = roxmltree::Document::parse(&html).unwrap();
    let table = document
        .descendants()
        .find(|node| node.has_tag_name("table"))
        .unwrap();
    let scopes = |scope: &str| {
        table
            .descendants()
            .filter(|node| node.attribute("scope") == Some(scope))
            .count()
    };
    assert_eq!((scopes("col"), scopes("row")), (3, 3));
    assert!(table.descendants().any(|node| node.has_tag_name("caption")));
    let numbers = table.descendants().filter(|node| node.has_tag_name("td"));
    let numbers = numbers.filter(|node| node.attribute("class") == Some("number"));
    let texts: Vec<String> = numbers
        .map(|node| {
            node.descendants()
                .filter(|node| node.is_text())
                .filter_map(|node| node.text())
                .collect()
        })
        .collect();
    assert_eq!(texts, ["1234567", "1.50\u{202f}MB", ""]);
}

#[test]
fn an_empty_report_is_a_page() {
    let html = page(&Report::default());
    let document = roxmltree::Document::parse(&html).unwrap();
    let root = document.root_element();
    assert_eq!(root.attribute("lang"), Some("en"));
    let policy = root
        .descendants()
        .find(|node| node.attribute("http-equiv").is_some())
        .unwrap();
    assert!(
        policy
            .attribute("content")
            .unwrap()
            .starts_with("default-src 'none';")
    );
}
