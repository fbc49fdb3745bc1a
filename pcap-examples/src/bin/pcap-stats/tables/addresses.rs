//! The conversations and endpoints of a layer.

use pcap_core::Timestamp;
use pcap_examples::decode::Endpoint;
use pcap_examples::traffic::{Counts, Layer, Traffic};

use super::{Rows, layer_title, percent, sheet};
use crate::sheet::{Cell, Column, Place, Sheet};
use crate::text::grouped;

/// Returns the conversations of a layer.
pub(super) fn conversations(traffic: &Traffic, layer: Layer, rows: Rows) -> Sheet {
    let title = layer_title(layer);
    let mut sheet = sheet(
        "conversations",
        format!("{title} conversations"),
        &[
            Column::new("", "A <-> B").at(Place::NotInData),
            Column::new("a", "address A").at(Place::OnlyInData),
            Column::new("a_port", "port A").at(Place::OnlyInData),
            Column::new("b", "address B").at(Place::OnlyInData),
            Column::new("b_port", "port B").at(Place::OnlyInData),
            Column::new("packets", "packets"),
            Column::new("bytes", "bytes"),
            Column::new("packets_a_to_b", "packets A to B").at(Place::NotInText),
            Column::new("bytes_a_to_b", "bytes A to B").at(Place::NotInText),
            Column::new("packets_b_to_a", "packets B to A").at(Place::NotInText),
            Column::new("bytes_b_to_a", "bytes B to A").at(Place::NotInText),
            Column::new("first", "first packet").at(Place::NotInText),
            Column::new("duration", "seconds").at(Place::NotInText),
            Column::new("percent", "% bytes").at(Place::WithBars),
        ],
    );
    sheet.layer = Some(layer.name());
    let (first, all) = traffic.first_conversations(layer, rows.order, rows.number());
    sheet.rows_left_out = (all - first.len()) as u64;
    let whole = traffic.totals().bytes;
    for conversation in &first {
        let both = conversation.both();
        let (a, b) = (conversation.a, conversation.b);
        sheet.rows.push(vec![
            Cell::text(format!("{a} <-> {b}")),
            address(a),
            port(a),
            address(b),
            port(b),
            both.packets.into(),
            both.bytes.into(),
            conversation.a_to_b.packets.into(),
            conversation.a_to_b.bytes.into(),
            conversation.b_to_a.packets.into(),
            conversation.b_to_a.bytes.into(),
            conversation.first.map_or(Cell::None, Cell::Time),
            span(conversation.first, conversation.last),
            percent(both.bytes, whole),
        ]);
    }
    note_omitted(&mut sheet, traffic, layer);
    sheet
}

/// Returns the endpoints of a layer.
pub(super) fn endpoints(traffic: &Traffic, layer: Layer, rows: Rows) -> Sheet {
    let title = layer_title(layer);
    let mut sheet = sheet(
        "endpoints",
        format!("{title} endpoints"),
        &[
            Column::new("", "address").at(Place::NotInData),
            Column::new("address", "address").at(Place::OnlyInData),
            Column::new("port", "port").at(Place::OnlyInData),
            Column::new("packets", "packets"),
            Column::new("bytes", "bytes"),
            Column::new("packets_sent", "packets sent").at(Place::NotInText),
            Column::new("bytes_sent", "bytes sent"),
            Column::new("packets_received", "packets received").at(Place::NotInText),
            Column::new("bytes_received", "bytes received").at(Place::NotInText),
            Column::new("percent", "% bytes").at(Place::WithBars),
        ],
    );
    sheet.layer = Some(layer.name());
    let (first, all) = traffic.first_endpoints(layer, rows.order, rows.number());
    sheet.rows_left_out = (all - first.len()) as u64;
    let whole = traffic.totals().bytes;
    for found in &first {
        let both = found.both();
        sheet.rows.push(vec![
            Cell::text(found.endpoint.to_string()),
            address(found.endpoint),
            port(found.endpoint),
            both.packets.into(),
            both.bytes.into(),
            found.sent.packets.into(),
            found.sent.bytes.into(),
            found.received.packets.into(),
            found.received.bytes.into(),
            percent(both.bytes, whole),
        ]);
    }
    note_omitted(&mut sheet, traffic, layer);
    sheet
}

fn address(endpoint: Endpoint) -> Cell {
    Cell::text(match endpoint {
        Endpoint::Socket(socket) => socket.ip().to_string(),
        other => other.to_string(),
    })
}

fn port(endpoint: Endpoint) -> Cell {
    match endpoint {
        Endpoint::Socket(socket) => u64::from(socket.port()).into(),
        _ => Cell::None,
    }
}

fn span(first: Option<Timestamp>, last: Option<Timestamp>) -> Cell {
    match (first, last) {
        (Some(first), Some(last)) => Cell::Duration(last.saturating_duration_since(first)),
        _ => Cell::None,
    }
}

/// Says how many packets belong to conversations that the memory limits left out.
fn note_omitted(sheet: &mut Sheet, traffic: &Traffic, layer: Layer) {
    let omitted = traffic.omitted();
    let counts = omitted.conversations.iter().find(|(of, _)| *of == layer);
    if let Some((_, Counts { packets, bytes })) = counts {
        let (packets, bytes) = (grouped(*packets), grouped(*bytes));
        sheet.notes.push(format!(
            "not in the table, because there were too many conversations: packets {packets}, bytes {bytes}"
        ));
    }
}
