//! A report of what is rare: no data, a single packet, zeros, huge numbers, short and long times, many bars, and labels
//! that would break a page.

use std::time::Duration;

use jiff::tz::TimeZone;
use pcap_core::Timestamp;
use pcap_examples::plot::{
    Bar, BarPlot, Bin, HeatMap, HeatRow, Histogram, LinePlot, Plot, Series, TimeSpan, TreeBar,
    TreePlot, Unit,
};
use pcap_examples::report::{Cell, Column, ColumnKind, Fact, Item, Report, Section, Table};

use crate::ordinary::noise;

const NASTY: [&str; 8] = [
    "<script>alert(1)</script>&amp;\"'",
    "control \u{0} \u{7} \u{1b}[31m \u{85} \u{fffe}",
    "right to left: \u{5e9}\u{5dc}\u{5d5}\u{5dd} \u{202e}txet \u{627}\u{644}\u{633}\u{644}\u{627}\u{645}",
    "\u{fdfd}\u{fdfd}\u{fdfd}\u{fdfd}\u{fdfd}\u{fdfd}\u{fdfd}\u{fdfd}\u{fdfd}\u{fdfd}\u{fdfd}\u{fdfd}",
    "全角文字の非常に長いホスト名がここにあります全角文字の非常に長いホスト名がここにあります",
    "a-name-without-spaces-that-is-much-longer-than-any-line-of-a-plot-could-ever-be-and-then-some-more.example.com",
    "e\u{301}\u{301}\u{301}\u{301} marks 👩‍👩‍👧 🇩🇪 emoji",
    "",
];

pub(crate) fn report() -> Report {
    let section = |title: &str, plots: Vec<Box<dyn Plot>>| Section {
        title: title.to_owned(),
        items: plots.into_iter().map(Item::Plot).collect(),
    };
    Report {
        title: format!("Extremes {}", NASTY.join(" ")),
        subtitle: NASTY.concat(),
        facts: NASTY
            .map(|text| Fact {
                name: text.to_owned(),
                value: text.to_owned(),
                note: Some(text.to_owned()),
            })
            .to_vec(),
        sections: vec![
            section("No data", no_data()),
            section(
                "One",
                vec![
                    Box::new(rates(
                        "One packet",
                        1_773_480_413,
                        Duration::from_millis(1),
                        vec![1.0],
                    )),
                    Box::new(bars("One bar", &["192.0.2.1".to_owned()], |_| 1.0)),
                    Box::new(heat("One cell", &["192.0.2.1"], vec![1.0])),
                    Box::new(Histogram {
                        bins: vec![Bin {
                            from: 60,
                            to: Some(60),
                            value: 1.0,
                        }],
                        ..histogram()
                    }),
                ],
            ),
            section(
                "All zero",
                vec![
                    Box::new(rates("Zeros", 0, Duration::from_secs(1), vec![0.0; 60])),
                    Box::new(bars("Zeros", &["a".to_owned(), "b".to_owned()], |_| 0.0)),
                    Box::new(heat("Zeros", &["a", "b"], vec![0.0; 60])),
                    Box::new(histogram()),
                ],
            ),
            section(
                "Numbers",
                vec![
                    Box::new(rates(
                        "Huge",
                        1_773_480_413,
                        Duration::from_secs(1),
                        noise(3).take(50).map(|n| n * 1e18).collect(),
                    )),
                    Box::new(rates(
                        "Tiny",
                        1_773_480_413,
                        Duration::from_secs(1),
                        noise(4).take(50).map(|n| n * 1e-7).collect(),
                    )),
                    Box::new(rates(
                        "No numbers",
                        1_773_480_413,
                        Duration::from_secs(1),
                        vec![f64::NAN, f64::INFINITY, -1.0, 5.0],
                    )),
                    Box::new(heat(
                        "From one to 10^18",
                        &["a", "b", "c"],
                        (0..60).map(|at| 10_f64.powf(at as f64 * 0.3)).collect(),
                    )),
                    Box::new(bars("Huge", &["a".to_owned(), "b".to_owned()], |at| {
                        10_f64.powi(18 - at as i32)
                    })),
                ],
            ),
            section("Times", times()),
            section(
                "Many",
                vec![
                    Box::new(bars(
                        "Two hundred bars",
                        &(0..200)
                            .map(|at| format!("192.0.2.{at}"))
                            .collect::<Vec<_>>(),
                        |at| 1e6 / (at + 1) as f64,
                    )),
                    Box::new(heat(
                        "Many intervals",
                        &["192.0.2.1", "192.0.2.2"],
                        noise(5).take(4000).map(|n| n * n * n * 1e6).collect(),
                    )),
                    Box::new(tree(40)),
                    Box::new(many_series()),
                ],
            ),
            section("Labels", labels()),
            Section {
                title: NASTY.concat(),
                items: vec![
                    Item::Text(NASTY.concat()),
                    Item::Warning(NASTY.concat()),
                    Item::Table(table()),
                    Item::Table(Table {
                        caption: "Empty".to_owned(),
                        columns: table().columns,
                        ..Table::default()
                    }),
                ],
            },
        ],
        footer: NASTY.concat(),
    }
}

fn rates(title: &str, start: i64, interval: Duration, values: Vec<f64>) -> LinePlot {
    LinePlot {
        title: title.to_owned(),
        axis: "Rate".to_owned(),
        unit: Unit::PerSecond("packets"),
        span: TimeSpan {
            start: Timestamp::new(start, 0),
            interval,
            zone: TimeZone::UTC,
        },
        series: vec![Series {
            name: "all".to_owned(),
            values,
        }],
    }
}

fn bars(title: &str, labels: &[String], value: impl Fn(usize) -> f64) -> BarPlot {
    BarPlot {
        title: title.to_owned(),
        axis: "Packets".to_owned(),
        unit: Unit::Count("packets"),
        hosts: true,
        series: Vec::new(),
        bars: labels
            .iter()
            .enumerate()
            .map(|(at, label)| Bar {
                label: label.clone(),
                values: vec![value(at)],
            })
            .collect(),
    }
}

fn heat(title: &str, labels: &[&str], values: Vec<f64>) -> HeatMap {
    HeatMap {
        title: title.to_owned(),
        axis: "Bytes on the wire".to_owned(),
        unit: Unit::Bytes,
        hosts: true,
        span: TimeSpan {
            start: Timestamp::new(1_773_480_413, 0),
            interval: Duration::from_secs(3),
            zone: TimeZone::UTC,
        },
        rows: labels
            .iter()
            .map(|label| HeatRow {
                label: (*label).to_owned(),
                values: values.clone(),
            })
            .collect(),
    }
}

fn histogram() -> Histogram {
    let bin = |at: u64| Bin {
        from: at * 100,
        to: Some(at * 100 + 99),
        value: 0.0,
    };
    Histogram {
        title: "Packet lengths".to_owned(),
        range_axis: "Packet length (B)".to_owned(),
        axis: "Packets".to_owned(),
        unit: Unit::Count("packets"),
        bins: (0..20).map(bin).collect(),
    }
}

fn tree(depth: usize) -> TreePlot {
    let node = |depth: usize| TreeBar {
        depth,
        label: format!("level {depth}"),
        value: 1e6 / (depth + 1) as f64,
    };
    TreePlot {
        title: "A deep tree".to_owned(),
        axis: "Bytes on the wire".to_owned(),
        unit: Unit::Bytes,
        nodes: (0..depth).map(node).collect(),
    }
}

fn many_series() -> LinePlot {
    let series = |at: usize| Series {
        name: format!("series {at} with a long name"),
        values: noise(at as u64 + 20)
            .take(30)
            .map(|n| n + at as f64)
            .collect(),
    };
    LinePlot {
        series: (0..4).map(series).collect(),
        ..rates(
            "Several series",
            1_773_480_413,
            Duration::from_secs(1),
            Vec::new(),
        )
    }
}

fn no_data() -> Vec<Box<dyn Plot>> {
    vec![
        Box::new(rates("No rates", 0, Duration::from_secs(1), Vec::new())),
        Box::new(bars("No bars", &[], |_| 0.0)),
        Box::new(heat("No hosts", &[], Vec::new())),
        Box::new(tree(0)),
        Box::new(Histogram {
            bins: Vec::new(),
            ..histogram()
        }),
    ]
}

/// Returns plots of spans from nanoseconds to centuries.
fn times() -> Vec<Box<dyn Plot>> {
    const DAY: u64 = 86_400;
    let spans = [
        ("Nanoseconds", Duration::from_nanos(1)),
        ("Microseconds", Duration::from_micros(1)),
        ("Milliseconds", Duration::from_millis(2)),
        ("Seconds", Duration::from_millis(300)),
        ("Minutes", Duration::from_secs(20)),
        ("Hours", Duration::from_secs(1200)),
        ("Days", Duration::from_secs(DAY / 8)),
        ("Weeks", Duration::from_secs(DAY)),
        ("Months", Duration::from_secs(DAY * 6)),
        ("Years", Duration::from_secs(DAY * 90)),
        ("Centuries", Duration::from_secs(DAY * 5000)),
        ("For ever", Duration::MAX),
    ];
    let mut plots: Vec<Box<dyn Plot>> = Vec::new();
    for (at, (title, interval)) in spans.into_iter().enumerate() {
        let values = noise(at as u64 + 50).take(60).collect();
        plots.push(Box::new(rates(title, 1_773_480_413, interval, values)));
    }
    plots.push(Box::new(rates(
        "Before all times",
        i64::MIN,
        Duration::from_secs(1),
        vec![1.0, 2.0, 3.0],
    )));
    plots.push(Box::new(rates(
        "After all times",
        i64::MAX,
        Duration::from_secs(1),
        vec![1.0, 2.0, 3.0],
    )));
    let mut change = rates(
        "The end of summer time",
        1_792_875_600,
        Duration::from_secs(600),
        noise(99).take(60).collect(),
    );
    change.span.zone = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap_or(TimeZone::UTC);
    plots.push(Box::new(change));
    plots
}

fn labels() -> Vec<Box<dyn Plot>> {
    let nasty: Vec<String> = NASTY.map(str::to_owned).to_vec();
    let mut sans = bars("Labels without hosts", &nasty, |at| (at + 1) as f64);
    sans.hosts = false;
    let mut tree = tree(NASTY.len());
    for (node, label) in tree.nodes.iter_mut().zip(NASTY) {
        node.label = label.to_owned();
    }
    let mut line = many_series();
    for (series, name) in line.series.iter_mut().zip(NASTY) {
        series.name = name.to_owned();
    }
    line.title = NASTY.concat();
    line.axis = NASTY.concat();
    vec![
        Box::new(bars("Labels of hosts", &nasty, |at| 10_f64.powi(at as i32))),
        Box::new(sans),
        Box::new(tree),
        Box::new(line),
        Box::new(heat("Labels of rows", &NASTY, noise(6).take(50).collect())),
    ]
}

fn table() -> Table {
    let column = |name: &str, kind| Column {
        name: name.to_owned(),
        kind,
    };
    Table {
        caption: NASTY.concat(),
        columns: vec![
            column(NASTY[0], ColumnKind::Text),
            column("Host", ColumnKind::Host),
            column("Number", ColumnKind::Number),
            column("Quantity", ColumnKind::Number),
        ],
        rows: NASTY
            .iter()
            .map(|text| {
                vec![
                    Cell::Text((*text).to_owned()),
                    Cell::Text((*text).to_owned()),
                    Cell::Number(u64::MAX),
                    Cell::Quantity(1e18, Unit::Bytes),
                ]
            })
            .collect(),
        note: Some(NASTY.concat()),
    }
}
