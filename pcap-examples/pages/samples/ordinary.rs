//! A report as of a capture of ten minutes.

use std::time::Duration;

use jiff::tz::TimeZone;
use pcap_core::Timestamp;
use pcap_examples::plot::{
    Bar, BarPlot, Bin, HeatMap, HeatRow, Histogram, LinePlot, Series, TimeSpan, TreeBar, TreePlot,
    Unit, grouped,
};
use pcap_examples::report::{Cell, Column, ColumnKind, Fact, Item, Report, Section, Table};

/// 2026-03-14 09:26:53 UTC.
const START: i64 = 1_773_480_413;

pub(crate) fn report() -> Report {
    let section = |title: &str, items: Vec<Item>| Section {
        title: title.to_owned(),
        items,
    };
    Report {
        title: "office.pcapng".to_owned(),
        subtitle: "Ten minutes of an office, 2026-03-14 09:26:53 to 09:36:53 UTC".to_owned(),
        facts: facts(),
        sections: vec![
            section(
                "Rate over time",
                vec![
                    Item::Warning(
                        "The kernel dropped 12 packets, which are in no number below.".to_owned(),
                    ),
                    Item::Plot(Box::new(rates())),
                ],
            ),
            section(
                "Protocols",
                vec![
                    Item::Plot(Box::new(protocols())),
                    Item::Table(protocol_table()),
                ],
            ),
            section(
                "Conversations",
                vec![
                    Item::Plot(Box::new(conversations())),
                    Item::Table(conversation_table()),
                ],
            ),
            section("Packet lengths", vec![Item::Plot(Box::new(lengths()))]),
            section("Hosts over time", vec![Item::Plot(Box::new(hosts()))]),
        ],
        footer: "Made by pcap-stats 0.1.0 from office.pcapng.".to_owned(),
    }
}

fn facts() -> Vec<Fact> {
    let fact = |name: &str, value: &str, note: Option<&str>| Fact {
        name: name.to_owned(),
        value: value.to_owned(),
        note: note.map(str::to_owned),
    };
    vec![
        fact(
            "Packets",
            &grouped("1204518"),
            Some("318 of them truncated"),
        ),
        fact(
            "Data on the wire",
            &Unit::Bytes.short(912_345_678.0),
            Some(&Unit::Bytes.exact(912_345_678.0)),
        ),
        fact("Duration", "10 min", None),
        fact(
            "Mean rate",
            &Unit::BitsPerSecond.short(12_164_609.0),
            Some("2008 packets/s"),
        ),
        fact("Mean packet", "757 B", None),
        fact("Conversations", "1482", Some("1201 of TCP, 281 of UDP")),
        fact("TCP resets", "37", None),
        fact("Retransmissions", "912", Some("0.09 % of TCP packets")),
    ]
}

fn span(intervals: u64) -> TimeSpan {
    TimeSpan {
        start: Timestamp::new(START, 0),
        interval: Duration::from_millis(600_000 / intervals),
        zone: TimeZone::UTC,
    }
}

/// Returns numbers between 0 and 1 that look random and are always the same.
pub(crate) fn noise(seed: u64) -> impl Iterator<Item = f64> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    std::iter::repeat_with(move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f64 / (1 << 24) as f64
    })
}

fn rates() -> LinePlot {
    let shape = |at: usize, burst: f64| {
        let wave = 1.4 + (at as f64 / 23.0).sin() + 0.4 * (at as f64 / 5.0).cos();
        wave + if (180..230).contains(&at) { burst } else { 0.0 }
    };
    let series = |name: &str, seed, factor: f64, burst| Series {
        name: name.to_owned(),
        values: noise(seed)
            .take(600)
            .enumerate()
            .map(|(at, noise)| shape(at, burst) * factor * (0.7 + 0.6 * noise))
            .collect(),
    };
    LinePlot {
        title: "Bits per second".to_owned(),
        axis: "Rate".to_owned(),
        unit: Unit::BitsPerSecond,
        span: span(600),
        series: vec![
            series("received", 1, 9e6, 3.5),
            series("sent", 2, 2.2e6, 0.5),
        ],
    }
}

const PROTOCOLS: [(usize, &str, f64); 15] = [
    (0, "eth", 912_345_678.0),
    (1, "ip", 812_000_000.0),
    (2, "tcp", 700_000_000.0),
    (3, "tls", 610_000_000.0),
    (3, "http", 41_000_000.0),
    (2, "udp", 111_000_000.0),
    (3, "quic", 96_000_000.0),
    (3, "dns", 1_900_000.0),
    (3, "dhcp", 21_000.0),
    (2, "icmp", 84_000.0),
    (1, "ipv6", 100_100_000.0),
    (2, "tcp", 88_000_000.0),
    (3, "tls", 87_000_000.0),
    (2, "icmpv6", 61_000.0),
    (1, "arp", 245_678.0),
];

fn protocols() -> TreePlot {
    let node = |(depth, label, value): (usize, &str, f64)| TreeBar {
        depth,
        label: label.to_owned(),
        value,
    };
    TreePlot {
        title: "Protocols by bytes".to_owned(),
        axis: "Bytes on the wire".to_owned(),
        unit: Unit::Bytes,
        nodes: PROTOCOLS.map(node).to_vec(),
    }
}

fn column(name: &str, kind: ColumnKind) -> Column {
    Column {
        name: name.to_owned(),
        kind,
    }
}

fn protocol_table() -> Table {
    let row = |(depth, label, value): (usize, &str, f64)| {
        vec![
            Cell::Text(format!("{:indent$}{label}", "", indent = depth * 2)),
            Cell::Number((value / 700.0) as u64),
            Cell::Number(value as u64),
            Cell::Decimal(value / PROTOCOLS[0].2 * 100.0, 2),
        ]
    };
    Table {
        caption: "All protocols".to_owned(),
        columns: vec![
            column("Protocol", ColumnKind::Text),
            column("Packets", ColumnKind::Number),
            column("Bytes", ColumnKind::Number),
            column("Bytes (%)", ColumnKind::Number),
        ],
        rows: PROTOCOLS.map(row).to_vec(),
        note: None,
    }
}

const CONVERSATIONS: [(&str, &str, f64, f64); 8] = [
    (
        "192.0.2.10:51022",
        "198.51.100.7:443",
        12_000_000.0,
        381_000_000.0,
    ),
    (
        "[2001:db8:1111:2222:3333:4444:5555:6666]:54321",
        "[2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff]:443",
        8_100_000.0,
        92_000_000.0,
    ),
    (
        "192.0.2.10:51180",
        "203.0.113.80:443",
        61_000_000.0,
        1_300_000.0,
    ),
    (
        "192.0.2.23:40002",
        "198.51.100.7:443",
        900_000.0,
        48_000_000.0,
    ),
    (
        "192.0.2.11:51001",
        "203.0.113.9:8080",
        300_000.0,
        21_000_000.0,
    ),
    ("[2001:db8::10]:5353", "[ff02::fb]:5353", 1_200_000.0, 0.0),
    ("192.0.2.10:33001", "192.0.2.1:53", 410_000.0, 812_000.0),
    ("192.0.2.44:22", "192.0.2.10:40444", 90_000.0, 31_000.0),
];

fn conversations() -> BarPlot {
    let bar = |(a, b, sent, received): (&str, &str, f64, f64)| Bar {
        label: format!("{a} ↔ {b}"),
        values: vec![sent, received],
    };
    BarPlot {
        title: "Conversations with the most bytes".to_owned(),
        axis: "Bytes on the wire".to_owned(),
        unit: Unit::Bytes,
        hosts: true,
        series: vec![
            "from left to right".to_owned(),
            "from right to left".to_owned(),
        ],
        bars: CONVERSATIONS.map(bar).to_vec(),
    }
}

fn conversation_table() -> Table {
    let row = |(a, b, sent, received): (&str, &str, f64, f64)| {
        vec![
            Cell::Text(a.to_owned()),
            Cell::Text(b.to_owned()),
            Cell::Number((sent / 600.0) as u64),
            Cell::Quantity(sent, Unit::Bytes),
            Cell::Number((received / 900.0) as u64),
            Cell::Quantity(received, Unit::Bytes),
            Cell::Decimal(received / 1e6, 3),
        ]
    };
    Table {
        caption: "TCP and UDP conversations".to_owned(),
        columns: vec![
            column("Address A", ColumnKind::Host),
            column("Address B", ColumnKind::Host),
            column("Packets A → B", ColumnKind::Number),
            column("Bytes A → B", ColumnKind::Number),
            column("Packets B → A", ColumnKind::Number),
            column("Bytes B → A", ColumnKind::Number),
            column("Duration (s)", ColumnKind::Number),
        ],
        rows: CONVERSATIONS.map(row).to_vec(),
        note: Some("1474 more conversations have 96.2 MB.".to_owned()),
    }
}

fn lengths() -> Histogram {
    const STARTS: [(u64, f64); 10] = [
        (0, 0.0),
        (20, 0.0),
        (40, 212_345.0),
        (80, 181_022.0),
        (160, 50_222.0),
        (320, 31_999.0),
        (640, 44_021.0),
        (1280, 684_909.0),
        (2560, 0.0),
        (5120, 12.0),
    ];
    let bin = |at: usize| Bin {
        from: STARTS[at].0,
        to: STARTS.get(at + 1).map(|(next, _)| next - 1),
        value: STARTS[at].1,
    };
    Histogram {
        title: "Packets by length".to_owned(),
        range_axis: "Packet length on the wire (B)".to_owned(),
        axis: "Packets".to_owned(),
        unit: Unit::Count("packets"),
        bins: (0..STARTS.len()).map(bin).collect(),
    }
}

fn hosts() -> HeatMap {
    const HOSTS: [&str; 9] = [
        "192.0.2.10",
        "198.51.100.7",
        "2001:db8:1111:2222:3333:4444:5555:6666",
        "192.0.2.23",
        "203.0.113.80",
        "192.0.2.11",
        "2001:db8::10",
        "192.0.2.1",
        "192.0.2.44",
    ];
    let row = |(at, label): (usize, &&str)| HeatRow {
        label: (*label).to_owned(),
        values: noise(at as u64 + 7)
            .take(100)
            .enumerate()
            .map(|(time, noise)| {
                let busy = (time as f64 / (6.0 + at as f64 * 2.0)).sin() + 0.35;
                if busy < 0.0 {
                    0.0
                } else {
                    (busy * (0.2 + noise) * 5e6 / f64::from(1 << (2 * at))).round()
                }
            })
            .collect(),
    };
    HeatMap {
        title: "Bytes of the busiest hosts".to_owned(),
        axis: "Bytes on the wire".to_owned(),
        unit: Unit::Bytes,
        hosts: true,
        span: span(100),
        rows: HOSTS.iter().enumerate().map(row).collect(),
    }
}
