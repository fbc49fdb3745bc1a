//! Draws what was counted.

use std::cmp::Reverse;

use jiff::tz::TimeZone;
use pcap_examples::options::plot::PlotName;
use pcap_examples::plot::{
    Bar, BarPlot, Bin, HeatMap, HeatRow, Histogram, LinePlot, Plot, Series, TimeSpan, TreeBar,
    TreePlot, Unit,
};
use pcap_examples::traffic::{Counts, Layer, Order, Rates, Traffic};

/// The number of intervals of a plot over time.
pub(crate) const INTERVALS: usize = 240;
/// The number of bars and of hosts.
const ROWS: usize = 15;

/// Returns a plot.
pub(crate) fn plot(traffic: &Traffic, name: PlotName) -> Box<dyn Plot> {
    match name {
        PlotName::Rates => Box::new(bits_per_second(traffic)),
        PlotName::Protocols => Box::new(protocols(traffic)),
        PlotName::Conversations => Box::new(conversations(traffic)),
        PlotName::Endpoints => Box::new(endpoints(traffic)),
        PlotName::Lengths => Box::new(lengths(traffic)),
        PlotName::Hosts => Box::new(hosts(traffic)),
    }
}

/// Returns the bits per second over time.
pub(crate) fn bits_per_second(traffic: &Traffic) -> LinePlot {
    rate(
        traffic,
        "Bit rate",
        "Bits per second",
        Unit::BitsPerSecond,
        |counts| counts.bytes as f64 * 8.0,
    )
}

/// Returns the packets per second over time.
pub(crate) fn packets_per_second(traffic: &Traffic) -> LinePlot {
    rate(
        traffic,
        "Packet rate",
        "Packets per second",
        Unit::PerSecond("packets"),
        |counts| counts.packets as f64,
    )
}

fn rate(
    traffic: &Traffic,
    title: &str,
    axis: &str,
    unit: Unit,
    number: impl Fn(&Counts) -> f64,
) -> LinePlot {
    let Rates {
        start,
        interval,
        buckets,
    } = traffic.rates().with_at_most(INTERVALS);
    let seconds = interval.as_secs_f64();
    LinePlot {
        title: title.to_owned(),
        axis: axis.to_owned(),
        unit,
        span: TimeSpan {
            start,
            interval,
            zone: TimeZone::system(),
        },
        series: vec![Series {
            name: title.to_owned(),
            values: buckets
                .iter()
                .map(|counts| number(counts) / seconds)
                .collect(),
        }],
    }
}

/// Returns the tree of protocols.
pub(crate) fn protocols(traffic: &Traffic) -> TreePlot {
    let nodes = traffic.protocols().into_iter().map(|protocol| TreeBar {
        depth: protocol.depth,
        label: protocol.name.to_owned(),
        value: protocol.bytes as f64,
    });
    TreePlot {
        title: "Protocols".to_owned(),
        axis: "Bytes on the wire".to_owned(),
        unit: Unit::Bytes,
        nodes: nodes.collect(),
    }
}

/// Returns the conversations with the most bytes: of TCP, UDP and SCTP, or of the highest layer that has any.
pub(crate) fn conversations(traffic: &Traffic) -> BarPlot {
    let layers = bar_layers(traffic);
    let mut all: Vec<_> = layers
        .iter()
        .flat_map(|&layer| traffic.first_conversations(layer, Order::Bytes, ROWS).0)
        .collect();
    all.sort_by_key(|conversation| Reverse(conversation.both().bytes));
    all.truncate(ROWS);
    BarPlot {
        title: "Conversations with the most bytes".to_owned(),
        axis: "Bytes on the wire".to_owned(),
        unit: Unit::Bytes,
        hosts: true,
        series: vec!["from the first address".to_owned(), "to it".to_owned()],
        bars: all
            .iter()
            .map(|conversation| Bar {
                label: format!("{} ↔ {}", conversation.a, conversation.b),
                values: vec![
                    conversation.a_to_b.bytes as f64,
                    conversation.b_to_a.bytes as f64,
                ],
            })
            .collect(),
    }
}

/// Returns the hosts with the most bytes.
pub(crate) fn endpoints(traffic: &Traffic) -> BarPlot {
    let ip = [Layer::Ipv4, Layer::Ipv6];
    let mut all: Vec<_> = ip
        .iter()
        .flat_map(|&layer| traffic.first_endpoints(layer, Order::Bytes, ROWS).0)
        .collect();
    if all.is_empty() {
        all = traffic
            .first_endpoints(Layer::Ethernet, Order::Bytes, ROWS)
            .0;
    }
    all.sort_by_key(|endpoint| Reverse(endpoint.both().bytes));
    all.truncate(ROWS);
    BarPlot {
        title: "Hosts with the most bytes".to_owned(),
        axis: "Bytes on the wire".to_owned(),
        unit: Unit::Bytes,
        hosts: true,
        series: vec!["sent".to_owned(), "received".to_owned()],
        bars: all
            .iter()
            .map(|endpoint| Bar {
                label: endpoint.endpoint.to_string(),
                values: vec![endpoint.sent.bytes as f64, endpoint.received.bytes as f64],
            })
            .collect(),
    }
}

/// Returns the layers whose conversations a plot shows together.
fn bar_layers(traffic: &Traffic) -> Vec<Layer> {
    let kinds: [&[Layer]; 3] = [
        &[Layer::Tcp, Layer::Udp, Layer::Sctp],
        &[Layer::Ipv4, Layer::Ipv6],
        &[Layer::Ethernet],
    ];
    let has_packets = |layer: &&Layer| traffic.has(**layer);
    let found = kinds
        .iter()
        .find(|layers| layers.iter().any(|layer| has_packets(&layer)));
    found.map_or(Vec::new(), |layers| layers.to_vec())
}

/// Returns the packets by length.
pub(crate) fn lengths(traffic: &Traffic) -> Histogram {
    let bins = traffic.lengths().into_iter().map(|length| Bin {
        from: length.from.into(),
        to: (length.to != u32::MAX).then_some(length.to.into()),
        value: length.packets as f64,
    });
    Histogram {
        title: "Packet lengths".to_owned(),
        range_axis: "Length on the wire (bytes)".to_owned(),
        axis: "Packets".to_owned(),
        unit: Unit::Count("packets"),
        bins: bins.collect(),
    }
}

/// Returns the bytes of the busiest hosts over time.
pub(crate) fn hosts(traffic: &Traffic) -> HeatMap {
    let hosts = traffic.hosts_over_time();
    let rows = hosts.hosts.iter().take(ROWS).map(|host| HeatRow {
        label: host.host.to_string(),
        values: host.bytes.iter().map(|&bytes| bytes as f64).collect(),
    });
    HeatMap {
        title: "Hosts over time".to_owned(),
        axis: "Bytes sent and received".to_owned(),
        unit: Unit::Bytes,
        hosts: true,
        span: TimeSpan {
            start: hosts.start,
            interval: hosts.interval,
            zone: TimeZone::system(),
        },
        rows: rows.collect(),
    }
}
