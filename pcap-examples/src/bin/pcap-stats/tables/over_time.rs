//! The rates, and the bytes of hosts, over time.

use std::time::Duration;

use pcap_examples::traffic::{Counts, Traffic};

use super::{MAX_INTERVALS, per_second, sheet};
use crate::sheet::{Cell, Column, Place, Sheet};
use crate::text::interval_text;

/// The number of rows if the command line names no interval.
const DEFAULT_ROWS: usize = 20;

/// Returns the packets and bytes of intervals of this length, or of intervals that yield few rows.
pub(super) fn rates(traffic: &Traffic, interval: Option<Duration>) -> Sheet {
    let mut sheet = sheet(
        "rates",
        "Rates",
        &[
            Column::new("start", "time"),
            Column::new("interval", "seconds").at(Place::NotInText),
            Column::new("packets", "packets"),
            Column::new("bytes", "bytes"),
            Column::new("packets_per_second", "packets/s"),
            Column::new("bits_per_second", "bit/s").at(Place::WithBars),
        ],
    );
    let rates = match interval {
        Some(_) => traffic.rates(),
        None => traffic.rates().with_at_most(DEFAULT_ROWS),
    };
    if let Some(wanted) = interval.filter(|wanted| *wanted != rates.interval) {
        let [found, wanted] = [rates.interval, wanted].map(interval_text);
        sheet.notes.push(format!(
            "intervals of {found} instead of {wanted}: at most {MAX_INTERVALS} fit"
        ));
    }
    let mut start = rates.start;
    for Counts { packets, bytes } in rates.buckets {
        sheet.rows.push(vec![
            Cell::Time(start),
            Cell::Duration(rates.interval),
            packets.into(),
            bytes.into(),
            per_second(packets, rates.interval),
            per_second(bytes.saturating_mul(8), rates.interval),
        ]);
        start = start.checked_add(rates.interval).unwrap_or(start);
    }
    sheet
}

/// Returns the bytes of the busiest hosts in each interval.
pub(super) fn hosts(traffic: &Traffic) -> Sheet {
    let mut sheet = sheet(
        "hosts",
        "Hosts over time",
        &[
            Column::new("host", "host"),
            Column::new("start", "time"),
            Column::new("interval", "seconds").at(Place::NotInText),
            Column::new("bytes", "bytes").at(Place::WithBars),
        ],
    );
    let hosts = traffic.hosts_over_time();
    for host in &hosts.hosts {
        let mut start = hosts.start;
        for &bytes in &host.bytes {
            sheet.rows.push(vec![
                Cell::text(host.host.to_string()),
                Cell::Time(start),
                Cell::Duration(hosts.interval),
                bytes.into(),
            ]);
            start = start.checked_add(hosts.interval).unwrap_or(start);
        }
    }
    sheet
}
