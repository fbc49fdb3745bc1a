//! The JSON of what was counted: with `--json` once per interval and at the end, and in saved files.

use pcap_core::Timestamp;
use pcap_examples::interface_counts::InterfaceCounts;
use pcap_examples::json::{self, Object};
use pcap_examples::statistics::Statistics;
use pcap_examples::traffic::Layer;

use crate::model::Model;
use crate::source::{Source, State};
use crate::table::{Key, Row, Tab};

/// Appends an object with the totals and the first rows of each table. The first rows of `tables`, which may be sorted
/// in any way, replace those that were counted.
pub(crate) fn push(
    out: &mut Vec<u8>,
    model: &Model,
    layer: Layer,
    limit: usize,
    shown: Option<(Tab, &[Row])>,
) {
    let rows = |tab: Tab| -> Vec<Row> {
        match shown {
            Some((shown, rows)) if shown == tab => rows.to_vec(),
            _ => {
                let mut rows = model.rows(tab, layer);
                if tab != Tab::Protocols {
                    rows.truncate(limit);
                }
                rows
            }
        }
    };
    let (packets, bytes) = model.rate;
    Object::of_type(out, "top")
        .text("time", Timestamp::now())
        .number("uptime_seconds", model.started.elapsed().as_secs())
        .member("sources", |out| {
            let sources = model.sources.iter().zip(&model.interfaces);
            json::list(out, sources, |out, (source, interface)| {
                push_source(out, source, interface.as_ref());
            });
        })
        .number("packets", model.totals.packets)
        .number("bytes", model.totals.bytes)
        .number("packets_per_second", packets.round() as u64)
        .number("bits_per_second", (bytes * 8.0).round() as u64)
        .number("omitted_packets", model.omitted())
        .str("layer", layer.name())
        .member("conversations", |out| {
            json::list(out, rows(Tab::Conversations), push_row);
        })
        .member("endpoints", |out| {
            json::list(out, rows(Tab::Endpoints), push_row)
        })
        .member("protocols", |out| {
            json::list(out, rows(Tab::Protocols), push_row)
        })
        .end();
}

/// Begins the summary of a capture.
pub(crate) fn summary<'a>(out: &'a mut Vec<u8>, statistics: &Statistics) -> Object<'a> {
    let mut object = Object::of_type(out, "top_summary")
        .number("packets", statistics.received.packets)
        .number("bytes", statistics.received.bytes);
    if let Some(total) = &statistics.total() {
        object = json::push_drops(object, total);
    }
    match &statistics.interfaces[..] {
        interfaces @ [_, _, ..] => object.member("interfaces", |out| {
            json::list(out, interfaces, |out, interface| {
                let object = Object::new(out).text("interface", &interface.name);
                json::push_drops(object, interface).end();
            });
        }),
        _ => object,
    }
}

fn push_source(out: &mut Vec<u8>, source: &Source, interface: Option<&InterfaceCounts>) {
    let status = source.status();
    let (state, error) = match &status.state {
        State::Running => ("running", None),
        State::AtEnd => ("ended", None),
        State::Failed(error) => ("failed", Some(error)),
    };
    let mut object = Object::new(out)
        .text("source", &source.name)
        .str("state", state)
        .some_text("error", error)
        .text("filter", &status.filter);
    if let Some(interface) = interface {
        object = json::push_drops(object, interface);
    }
    object.end();
}

fn push_row(out: &mut Vec<u8>, row: Row) {
    let object = match &row.key {
        Key::Pair(a, b) => Object::new(out).text("a", a).text("b", b),
        Key::One(end) => Object::new(out).text("endpoint", end),
        Key::Protocol(path) => Object::new(out)
            .str("protocol", path.last().copied().unwrap_or_default())
            .number("depth", row.depth as u64),
    };
    let object = object
        .number("packets", row.packets)
        .number("bytes", row.bytes);
    let object = match &row.key {
        Key::Pair(..) => object
            .number("a_to_b_bytes", row.forth)
            .number("b_to_a_bytes", row.back),
        Key::One(_) => object
            .number("sent_bytes", row.forth)
            .number("received_bytes", row.back),
        Key::Protocol(_) => object,
    };
    let retransmissions = row.tcp.map(|tcp| tcp.retransmissions);
    object
        .number("bits_per_second", row.rate)
        .some_number("retransmissions", retransmissions)
        .end();
}

#[cfg(test)]
mod tests {
    use pcap_core::{CompileOptions, Dlt, Packet, Stats};
    use pcap_examples::traffic::TrafficLimits;

    use super::*;
    use crate::source::Kind;

    #[test]
    fn no_more_packets_are_counted_than_received() {
        let limits = TrafficLimits::default();
        let filter = ("", CompileOptions::new());
        let source = Source::new(0, "eth0".to_owned(), filter, Kind::Device, limits);
        let mut counts = InterfaceCounts::new("eth0");
        let mut stats = Stats::default();
        (stats.received, stats.dropped) = (2, 1);
        counts.stats = Some(stats);
        source.update(|status| status.interface = Some(counts));
        // Packets that arrive after the counts of libpcap were read.
        let mut model = Model::new(vec![source], limits);
        for received in [4, 8] {
            for _ in 0..4 {
                let packet = Packet::whole(Timestamp::default(), &[0; 60]);
                model.sources[0]
                    .counter
                    .lock()
                    .count(Dlt::EN10MB, packet, 0, true);
            }
            model.update(false, |_| {});
            let mut out = Vec::new();
            push(&mut out, &model, Layer::Ethernet, 1, None);
            let text = String::from_utf8(out).unwrap();
            let expected = format!(r#""received":{received},"dropped":1,"#);
            assert!(text.contains(&expected), "{text}");
            model.reset();
        }
    }
}
