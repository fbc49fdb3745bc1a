//! The counts of TCP and the names of DNS.

use std::cmp::Reverse;

use pcap_examples::traffic::{Order, TcpCounts, Traffic};

use super::{Rows, sheet};
use crate::sheet::{Cell, Column, Place, Sheet};
use crate::text::grouped;

/// Returns the counts of TCP, in one row, unless there is no TCP.
pub(super) fn tcp(traffic: &Traffic) -> Sheet {
    let tcp = traffic.tcp();
    let counts = [
        ("connections", "connections", tcp.connections),
        ("syns", "SYN segments", tcp.syns),
        ("syn_acks", "SYN-ACK segments", tcp.syn_acks),
        ("fins", "FIN segments", tcp.fins),
        ("resets", "RST segments", tcp.resets),
        ("retransmissions", "retransmissions", tcp.retransmissions),
        (
            "fast_retransmissions",
            "of them fast",
            tcp.fast_retransmissions,
        ),
        (
            "spurious_retransmissions",
            "of them spurious",
            tcp.spurious_retransmissions,
        ),
        ("out_of_order", "segments out of order", tcp.out_of_order),
        ("gaps", "segments after a gap", tcp.gaps),
        (
            "duplicate_acks",
            "duplicate acknowledgments",
            tcp.duplicate_acks,
        ),
        ("zero_windows", "zero windows", tcp.zero_windows),
    ];
    let columns = counts.map(|(name, heading, _)| Column::new(name, heading));
    let mut sheet = sheet("tcp", "TCP", &columns);
    sheet.is_record = true;
    if tcp != TcpCounts::default() {
        sheet
            .rows
            .push(counts.map(|(.., number)| number.into()).to_vec());
    }
    sheet
}

/// Returns the names in DNS messages.
pub(super) fn dns(traffic: &Traffic, rows: Rows) -> Sheet {
    let mut sheet = sheet(
        "dns",
        "DNS names",
        &[
            Column::new("name", "name"),
            Column::new("queries", "queries").at(Place::WithBars),
            Column::new("responses", "responses"),
            Column::new("errors", "errors"),
        ],
    );
    let mut names = traffic.dns();
    if rows.order != Order::Start {
        names.sort_by_key(|name| Reverse(name.queries.max(name.responses)));
    }
    sheet.rows_left_out = rows.truncate(&mut names);
    for name in names {
        sheet.rows.push(vec![
            Cell::text(name.name),
            name.queries.into(),
            name.responses.into(),
            name.errors.into(),
        ]);
    }
    let omitted = traffic.omitted().dns_messages;
    if omitted > 0 {
        let messages = grouped(omitted);
        sheet.notes.push(format!(
            "not in the table, because there were too many names: messages {messages}"
        ));
    }
    sheet
}
