use std::time::Duration;

use jiff::tz::TimeZone;
use pcap_core::Timestamp;

use super::text::{Face, width};
use super::{
    Bar, BarPlot, Bin, HeatMap, HeatRow, Histogram, LinePlot, Plot, Series, TimeSpan, TreeBar,
    TreePlot, Unit,
};

const LABELS: [&str; 6] = [
    "<script>alert(1)</script>&\"'",
    "control \0 \u{1b}[31m \u{fffe}",
    "right to left \u{5e9}\u{5dc}\u{5d5}\u{5dd} \u{202e}txet",
    "全角文字の非常に長いホスト名がここにあります全角文字の非常に長いホスト名",
    "[2001:db8:1111:2222:3333:4444:5555:6666]:54321 ↔ [2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff]:54321",
    "",
];

fn span(interval: Duration) -> TimeSpan {
    TimeSpan {
        start: Timestamp::new(1_773_480_413, 0),
        interval,
        zone: TimeZone::UTC,
    }
}

/// Returns a plot of each kind, with these labels and a value each.
fn plots(labels: &[&str], value: f64) -> Vec<Box<dyn Plot>> {
    let title = || format!("Title {}", labels.concat());
    let bars = labels.iter().map(|label| Bar {
        label: (*label).to_owned(),
        values: vec![value, value],
    });
    let nodes = labels.iter().enumerate().map(|(depth, label)| TreeBar {
        depth,
        label: (*label).to_owned(),
        value,
    });
    let bins = (0..labels.len() as u64).map(|at| Bin {
        from: at * 100,
        to: Some(at * 100 + 99),
        value,
    });
    let rows = labels.iter().map(|label| HeatRow {
        label: (*label).to_owned(),
        values: vec![value; 50],
    });
    let series = labels.iter().map(|label| Series {
        name: (*label).to_owned(),
        values: vec![value; 50],
    });
    vec![
        Box::new(LinePlot {
            title: title(),
            axis: "Rate".to_owned(),
            unit: Unit::BitsPerSecond,
            span: span(Duration::from_secs(1)),
            series: series.collect(),
        }),
        Box::new(BarPlot {
            title: title(),
            axis: "Bytes".to_owned(),
            unit: Unit::Bytes,
            hosts: true,
            series: vec!["sent".to_owned(), "received".to_owned()],
            bars: bars.collect(),
        }),
        Box::new(TreePlot {
            title: title(),
            axis: "Bytes".to_owned(),
            unit: Unit::Bytes,
            nodes: nodes.collect(),
        }),
        Box::new(Histogram {
            title: title(),
            range_axis: "Length (B)".to_owned(),
            axis: "Packets".to_owned(),
            unit: Unit::Count("packets"),
            bins: bins.collect(),
        }),
        Box::new(HeatMap {
            title: title(),
            axis: "Bytes".to_owned(),
            unit: Unit::Bytes,
            hosts: true,
            span: span(Duration::from_secs(1)),
            rows: rows.collect(),
        }),
    ]
}

/// A text of a plot, with the rectangle that it covers by estimate.
#[derive(Debug)]
struct Text {
    text: String,
    left: f64,
    right: f64,
    y: f64,
}

fn texts(document: &roxmltree::Document<'_>) -> Vec<Text> {
    let nodes = document
        .descendants()
        .filter(|node| node.has_tag_name("text"));
    nodes
        .map(|node| {
            let shown = node.children().filter(|child| child.is_text());
            let text: String = shown.filter_map(|child| child.text()).collect();
            let class = node.attribute("class").unwrap_or_default();
            let (face, size) = match class {
                _ if class.contains("small") => (Face::Mono, 11.0),
                _ if class.contains("mono") => (Face::Mono, 11.5),
                _ if class.contains("title") => (Face::Sans, 15.0),
                _ => (Face::Sans, 12.0),
            };
            let number = |name| node.attribute(name).unwrap().parse::<f64>().unwrap();
            let (x, wide) = (number("x"), width(&text, size, face));
            let left = match node.attribute("text-anchor") {
                None => x,
                Some("middle") => x - wide / 2.0,
                Some(_) => x - wide,
            };
            Text {
                text,
                left,
                right: left + wide,
                y: number("y"),
            }
        })
        .collect()
}

/// Checks a drawing: it is XML with a title and a description, its text is inside, and no text covers another.
fn check(svg: &str) {
    let document = roxmltree::Document::parse(svg).unwrap_or_else(|e| panic!("{e}: {svg}"));
    let root = document.root_element();
    assert_eq!(root.attribute("role"), Some("img"));
    for name in ["title", "desc"] {
        let child = root
            .children()
            .find(|child| child.has_tag_name(name))
            .unwrap();
        assert!(child.text().is_some(), "{name} is empty");
    }
    assert!(!root.descendants().any(|node| node.has_tag_name("script")));
    let size = |name| root.attribute(name).unwrap().parse::<f64>().unwrap();
    let texts = texts(&document);
    for text in &texts {
        let inside =
            text.left >= -0.5 && text.right <= size("width") + 0.5 && text.y <= size("height");
        assert!(
            inside,
            "{text:?} is not inside {}x{}",
            size("width"),
            size("height")
        );
    }
    for (at, a) in texts.iter().enumerate() {
        for b in &texts[..at] {
            let apart = a.right <= b.left || b.right <= a.left || (a.y - b.y).abs() >= 12.0;
            assert!(
                apart || a.text.is_empty() || b.text.is_empty(),
                "{a:?} covers {b:?}"
            );
        }
    }
}

#[test]
fn any_plot_is_xml_whose_texts_are_apart() {
    let many: Vec<String> = (0..200).map(|at| format!("192.0.2.{at}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    for width in [0.0, 352.0, 760.0, 2000.0, f64::NAN] {
        for value in [
            0.0,
            1.0,
            1e-9,
            123_456.0,
            1e18,
            f64::INFINITY,
            f64::NAN,
            -1.0,
        ] {
            for labels in [&LABELS[..], &LABELS[..1], &[]] {
                for plot in plots(labels, value) {
                    // Roots have a namespace only in files.
                    check(
                        &plot
                            .draw(width)
                            .to_element("plot")
                            .replace("<svg", "<svg xmlns=\"\""),
                    );
                }
            }
        }
        for plot in &plots(&many, 7.0)[1..] {
            check(&plot.draw(width).to_element("plot"));
        }
    }
}

#[test]
fn a_file_is_xml_with_its_stylesheet() {
    for plot in plots(&LABELS, 5.0) {
        let file = plot.draw(760.0).to_file();
        let document = roxmltree::Document::parse(&file).unwrap();
        let root = document.root_element();
        assert_eq!(
            root.tag_name().namespace(),
            Some("http://www.w3.org/2000/svg")
        );
        let mut elements = root.children().filter(roxmltree::Node::is_element);
        let style = elements
            .find(|node| node.tag_name().name() == "style")
            .unwrap();
        let style = style.text().unwrap();
        assert!(style.contains("prefers-color-scheme:dark") && style.contains("@media print"));
        // Colors are in the stylesheet only.
        let attributes = root.descendants().flat_map(|node| node.attributes());
        assert!(
            !attributes
                .into_iter()
                .any(|attribute| attribute.value().starts_with("#"))
        );
    }
}

#[test]
fn a_hint_has_lines() {
    let svg = plots(&["a"], 1.0)[1].draw(700.0).to_element("plot");
    let document = roxmltree::Document::parse(&svg).unwrap();
    let mut hints = document
        .descendants()
        .filter(|node| node.has_tag_name("title"))
        .filter_map(|node| node.text());
    assert!(hints.any(|hint| hint.starts_with("a\n")), "{svg}");
    assert!(!svg.contains("\\n"), "{svg}");
}

#[test]
fn a_shortened_label_has_a_title() {
    let plot = &plots(&["a-name-".repeat(40).as_str()], 1.0)[1];
    let svg = plot.draw(352.0).to_element("plot");
    let document = roxmltree::Document::parse(&svg).unwrap();
    let label = document
        .descendants()
        .find(|node| {
            node.attribute("class")
                .is_some_and(|class| class.starts_with("mono"))
        })
        .unwrap();
    assert!(
        label
            .children()
            .any(|child| child.text().is_some_and(|text| text.contains('…')))
    );
    let title = label
        .children()
        .find(|child| child.has_tag_name("title"))
        .unwrap();
    assert_eq!(title.text().unwrap(), "a-name-".repeat(40));
}
