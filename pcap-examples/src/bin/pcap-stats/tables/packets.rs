//! The summary, the protocols, and the lengths of packets.

use pcap_examples::traffic::{LengthCount, Traffic};

use super::{per_second, percent, sheet};
use crate::sheet::{Cell, Column, Place, Sheet};

/// Returns the number of packets and bytes, the times and the rates, in one row.
pub(super) fn summary(traffic: &Traffic) -> Sheet {
    let totals = traffic.totals();
    let times = traffic.times();
    let duration = times.map(|(first, last)| last.saturating_duration_since(first));
    let rate = |number: u64| duration.map_or(Cell::None, |duration| per_second(number, duration));
    let average = match totals.packets {
        0 => Cell::None,
        packets => Cell::Fraction(totals.bytes as f64 / packets as f64),
    };
    let mut sheet = sheet(
        "summary",
        "Summary",
        &[
            Column::new("packets", "packets"),
            Column::new("bytes", "bytes"),
            Column::new("captured_bytes", "captured bytes"),
            Column::new("truncated", "truncated packets"),
            Column::new("first", "earliest packet"),
            Column::new("last", "latest packet"),
            Column::new("duration", "duration in seconds"),
            Column::new("packets_per_second", "packets/s"),
            Column::new("bits_per_second", "bit/s"),
            Column::new("average_bytes", "bytes/packet"),
        ],
    );
    sheet.is_record = true;
    sheet.rows.push(vec![
        totals.packets.into(),
        totals.bytes.into(),
        totals.captured_bytes.into(),
        totals.truncated.into(),
        times.map_or(Cell::None, |(first, _)| Cell::Time(first)),
        times.map_or(Cell::None, |(_, last)| Cell::Time(last)),
        duration.map_or(Cell::None, Cell::Duration),
        rate(totals.packets),
        rate(totals.bytes.saturating_mul(8)),
        average,
    ]);
    sheet
}

/// Returns the tree of protocols.
pub(super) fn protocols(traffic: &Traffic) -> Sheet {
    let totals = traffic.totals();
    let mut sheet = sheet(
        "protocols",
        "Protocols",
        &[
            Column::new("", "protocol").at(Place::NotInData),
            Column::new("depth", "depth").at(Place::OnlyInData),
            Column::new("protocol", "protocol").at(Place::OnlyInData),
            Column::new("packets", "packets"),
            Column::new("bytes", "bytes"),
            Column::new("percent", "% bytes").at(Place::WithBars),
        ],
    );
    for protocol in traffic.protocols() {
        sheet.rows.push(vec![
            Cell::text(format!("{}{}", "  ".repeat(protocol.depth), protocol.name)),
            (protocol.depth as u64).into(),
            Cell::text(protocol.name),
            protocol.packets.into(),
            protocol.bytes.into(),
            percent(protocol.bytes, totals.bytes),
        ]);
    }
    sheet
}

/// Returns the packets by length.
pub(super) fn lengths(traffic: &Traffic) -> Sheet {
    let totals = traffic.totals();
    let mut sheet = sheet(
        "lengths",
        "Packet lengths",
        &[
            Column::new("", "bytes").at(Place::NotInData),
            Column::new("from", "from").at(Place::OnlyInData),
            Column::new("to", "to").at(Place::OnlyInData),
            Column::new("packets", "packets"),
            Column::new("bytes", "sum of bytes"),
            Column::new("percent", "% packets").at(Place::WithBars),
        ],
    );
    if totals.packets == 0 {
        return sheet;
    }
    let lengths = traffic.lengths();
    let is_used = |length: &LengthCount| length.packets > 0;
    let first = lengths.iter().position(is_used).unwrap_or(0);
    let last = lengths.iter().rposition(is_used).unwrap_or(0);
    for length in &lengths[first..=last] {
        let is_last = length.to == u32::MAX;
        let range = match is_last {
            true => format!("{} and more", length.from),
            false => format!("{}–{}", length.from, length.to),
        };
        sheet.rows.push(vec![
            Cell::text(range),
            u64::from(length.from).into(),
            if is_last {
                Cell::None
            } else {
                u64::from(length.to).into()
            },
            length.packets.into(),
            length.bytes.into(),
            percent(length.packets, totals.packets),
        ]);
    }
    sheet
}
