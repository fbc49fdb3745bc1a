//! Makes the tables from what was counted.

mod addresses;
mod names;
mod over_time;
mod packets;

use std::time::Duration;

use pcap_examples::options::table::Table;
use pcap_examples::traffic::{Layer, Order, Traffic, TrafficLimits};

use crate::args::Args;
use crate::sheet::{Cell, Column, Sheet};

/// The maximum number of intervals of the length on the command line.
const MAX_INTERVALS: usize = 1 << 20;

/// Returns the limits of what is counted. Intervals are those on the command line.
pub(crate) fn limits(args: &Args) -> TrafficLimits {
    let limits = TrafficLimits::default();
    let mut tables = args.tables.iter();
    let interval = tables.find_map(|table| match table {
        Table::Rates(interval) => *interval,
        _ => None,
    });
    match interval {
        Some(rate_interval) => TrafficLimits {
            rate_interval,
            rate_buckets: MAX_INTERVALS,
            ..limits
        },
        None => limits,
    }
}

/// Which rows of a table to show.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rows {
    /// The maximum number; 0 means all.
    pub(crate) top: u64,
    pub(crate) order: Order,
}

impl Rows {
    pub(crate) fn new(args: &Args) -> Rows {
        Rows {
            top: args.top,
            order: args.order,
        }
    }

    /// Returns the maximum number of rows.
    fn number(self) -> usize {
        match self.top {
            0 => usize::MAX,
            top => usize::try_from(top).unwrap_or(usize::MAX),
        }
    }

    /// Keeps the first rows of a sorted table. Returns the number of rows that are left out.
    fn truncate<T>(self, rows: &mut Vec<T>) -> u64 {
        let all = rows.len();
        rows.truncate(self.number());
        (all - rows.len()) as u64
    }
}

/// Returns the tables on the command line, or those of an overview.
pub(crate) fn tables(traffic: &Traffic, tables: &[Table], rows: Rows) -> Vec<Sheet> {
    let overview = [
        Table::Summary,
        Table::Protocols,
        Table::Conversations(None),
        Table::Endpoints(None),
        Table::Lengths,
        Table::Rates(None),
        Table::Tcp,
        Table::Dns,
    ];
    let is_overview = tables.is_empty();
    let chosen = if is_overview { &overview } else { tables };
    let mut sheets = Vec::new();
    let layers = |layer| layers(traffic, layer, is_overview);
    for table in chosen {
        match *table {
            Table::Summary => sheets.push(packets::summary(traffic)),
            Table::Protocols => sheets.push(packets::protocols(traffic)),
            Table::Lengths => sheets.push(packets::lengths(traffic)),
            Table::Rates(interval) => sheets.push(over_time::rates(traffic, interval)),
            Table::Hosts => sheets.push(over_time::hosts(traffic)),
            Table::Tcp => sheets.push(names::tcp(traffic)),
            Table::Dns => sheets.push(names::dns(traffic, rows)),
            Table::Conversations(layer) => {
                for layer in layers(layer) {
                    sheets.push(addresses::conversations(traffic, layer, rows));
                }
            }
            Table::Endpoints(layer) => {
                for layer in layers(layer) {
                    sheets.push(addresses::endpoints(traffic, layer, rows));
                }
            }
        }
    }
    // An overview has no tables about what is not there.
    sheets.retain(|sheet| !is_overview || !sheet.rows.is_empty());
    sheets
}

/// Returns the layer of the command line, or all layers that have packets; for an overview, Ethernet only if no other
/// layer has any. If no layer has packets, there is still a table, which is empty.
fn layers(traffic: &Traffic, layer: Option<Layer>, is_overview: bool) -> Vec<Layer> {
    if let Some(layer) = layer {
        return vec![layer];
    }
    let has = |layer: &Layer| traffic.has(*layer);
    let mut all: Vec<Layer> = Layer::ALL.into_iter().filter(has).collect();
    let is_high = |layer: &Layer| *layer != Layer::Ethernet;
    if is_overview && all.iter().any(is_high) {
        all.retain(is_high);
    }
    if all.is_empty() {
        all.push(Layer::Ethernet);
    }
    all
}

/// Returns the name of a layer for people.
fn layer_title(layer: Layer) -> &'static str {
    match layer {
        Layer::Ethernet => "Ethernet",
        Layer::Ipv4 => "IPv4",
        Layer::Ipv6 => "IPv6",
        Layer::Tcp => "TCP",
        Layer::Udp => "UDP",
        Layer::Sctp => "SCTP",
    }
}

/// Returns a number of things per second, unless no time has passed.
fn per_second(number: u64, duration: Duration) -> Cell {
    let seconds = duration.as_secs_f64();
    match seconds > 0.0 {
        true => Cell::Fraction(number as f64 / seconds),
        false => Cell::None,
    }
}

/// Returns a percentage.
fn percent(part: u64, whole: u64) -> Cell {
    match whole {
        0 => Cell::None,
        _ => Cell::Fraction(part as f64 * 100.0 / whole as f64),
    }
}

/// Returns a table without rows.
fn sheet(name: &'static str, title: impl Into<String>, columns: &[Column]) -> Sheet {
    Sheet {
        name,
        layer: None,
        title: title.into(),
        columns: columns.to_vec(),
        rows: Vec::new(),
        is_record: false,
        rows_left_out: 0,
        notes: Vec::new(),
    }
}
