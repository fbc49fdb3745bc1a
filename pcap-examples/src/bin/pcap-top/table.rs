//! The rows and columns of the tables.

use std::cmp::{Ordering, Reverse};

use pcap_examples::decode::Endpoint;
use pcap_examples::traffic::{Layer, TcpCounts};

/// A table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tab {
    Conversations,
    Endpoints,
    Protocols,
}

/// A column of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Column {
    /// The first endpoint, the only one, or the protocol.
    Name,
    /// The second endpoint.
    Other,
    Packets,
    Bytes,
    /// The bytes from the first endpoint to the second, or the bytes sent.
    Forth,
    /// The bytes from the second endpoint to the first, or the bytes received.
    Back,
    /// Bits per second.
    Rate,
    /// Retransmissions of TCP.
    Retransmissions,
}

/// What a row is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Key {
    Pair(Endpoint, Endpoint),
    One(Endpoint),
    /// The protocol and those around it, the outermost first.
    Protocol(Vec<&'static str>),
}

/// A row of a table.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Row {
    pub(crate) key: Key,
    /// The number of protocols around this one.
    pub(crate) depth: usize,
    pub(crate) packets: u64,
    pub(crate) bytes: u64,
    pub(crate) forth: u64,
    pub(crate) back: u64,
    /// Bits per second.
    pub(crate) rate: u64,
    /// Further counts of a TCP connection.
    pub(crate) tcp: Option<TcpCounts>,
}

impl Key {
    /// Returns the key of the conversation with its endpoints in the other order.
    pub(crate) fn reversed(&self) -> Option<Key> {
        match self {
            Key::Pair(a, b) => Some(Key::Pair(*b, *a)),
            _ => None,
        }
    }
}

impl Tab {
    /// Returns the name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Tab::Conversations => "Conversations",
            Tab::Endpoints => "Endpoints",
            Tab::Protocols => "Protocols",
        }
    }

    /// Returns the tab after this one.
    pub(crate) fn next(self) -> Tab {
        match self {
            Tab::Conversations => Tab::Endpoints,
            Tab::Endpoints => Tab::Protocols,
            Tab::Protocols => Tab::Conversations,
        }
    }

    /// Returns the columns for a layer, from left to right.
    pub(crate) fn columns(self, layer: Layer) -> &'static [Column] {
        use Column::{Back, Bytes, Forth, Name, Other, Packets, Rate, Retransmissions};
        match self {
            Tab::Conversations if layer == Layer::Tcp => &[
                Name,
                Other,
                Packets,
                Bytes,
                Forth,
                Back,
                Rate,
                Retransmissions,
            ],
            Tab::Conversations => &[Name, Other, Packets, Bytes, Forth, Back, Rate],
            Tab::Endpoints => &[Name, Packets, Bytes, Forth, Back, Rate],
            Tab::Protocols => &[Name, Packets, Bytes, Rate],
        }
    }

    /// Returns the title of a column.
    pub(crate) fn title(self, column: Column) -> &'static str {
        match (self, column) {
            (Tab::Conversations, Column::Name) => "A",
            (Tab::Conversations, Column::Other) => "B",
            (Tab::Endpoints, Column::Name) => "Endpoint",
            (_, Column::Name | Column::Other) => "Protocol",
            (_, Column::Packets) => "Pkts",
            (_, Column::Bytes) => "Bytes",
            (Tab::Conversations, Column::Forth) => "A>B",
            (Tab::Conversations, Column::Back) => "B>A",
            (_, Column::Forth) => "Sent",
            (_, Column::Back) => "Recv",
            (_, Column::Rate) => "bit/s",
            (_, Column::Retransmissions) => "Retr",
        }
    }
}

impl Row {
    /// Returns the text of a column that has text.
    pub(crate) fn text(&self, column: Column) -> String {
        match (&self.key, column) {
            (Key::Pair(a, _), Column::Name) => a.to_string(),
            (Key::Pair(_, b), _) => b.to_string(),
            (Key::One(end), _) => end.to_string(),
            (Key::Protocol(path), _) => path.last().copied().unwrap_or_default().to_owned(),
        }
    }

    /// Returns the number of a column, or `None` if it has text.
    pub(crate) fn number(&self, column: Column) -> Option<u64> {
        Some(match column {
            Column::Name | Column::Other => return None,
            Column::Packets => self.packets,
            Column::Bytes => self.bytes,
            Column::Forth => self.forth,
            Column::Back => self.back,
            Column::Rate => self.rate,
            Column::Retransmissions => self.tcp.map_or(0, |tcp| tcp.retransmissions),
        })
    }

    /// Returns whether a text occurs in the row, in upper or lower case.
    pub(crate) fn contains(&self, text: &str) -> bool {
        let has = |column| self.text(column).to_lowercase().contains(text);
        has(Column::Name) || matches!(self.key, Key::Pair(..)) && has(Column::Other)
    }

    fn compare(&self, other: &Row, column: Column) -> Ordering {
        let ends = |row: &Row| match (&row.key, column) {
            (Key::Pair(a, b), Column::Other) => Key::Pair(*b, *a),
            (key, _) => key.clone(),
        };
        match (self.number(column), other.number(column)) {
            (Some(mine), Some(other)) => mine.cmp(&other),
            _ => ends(self).cmp(&ends(other)),
        }
    }
}

/// Sorts rows by a column. Rows with equal numbers are in the order of their names. Protocols stay a tree: each is
/// followed by those inside it.
pub(crate) fn sort(rows: &mut Vec<Row>, column: Column, is_descending: bool) {
    if rows.iter().any(|row| row.depth > 0) {
        let unsorted = std::mem::take(rows);
        sort_tree(rows, &unsorted, column, is_descending);
        return;
    }
    sort_siblings(rows, column, is_descending);
}

fn sort_siblings(rows: &mut [Row], column: Column, is_descending: bool) {
    // Comparing numbers needs no copy of the key.
    if rows.first().is_some_and(|row| row.number(column).is_some()) {
        let number = |row: &Row| row.number(column).unwrap_or_default();
        match is_descending {
            true => rows.sort_unstable_by(|a, b| {
                (Reverse(number(a)), &a.key).cmp(&(Reverse(number(b)), &b.key))
            }),
            false => rows.sort_unstable_by(|a, b| (number(a), &a.key).cmp(&(number(b), &b.key))),
        }
        return;
    }
    rows.sort_by(|a, b| match is_descending {
        true => b.compare(a, column),
        false => a.compare(b, column),
    });
}

/// Appends rows of one depth, each followed by those inside it. The first row has this depth, and no row is above it.
fn sort_tree(sorted: &mut Vec<Row>, rows: &[Row], column: Column, is_descending: bool) {
    let Some(depth) = rows.first().map(|row| row.depth) else {
        return;
    };
    let starts = (0..rows.len()).filter(|&index| rows[index].depth <= depth);
    let mut siblings: Vec<Row> = starts.map(|index| rows[index].clone()).collect();
    sort_siblings(&mut siblings, column, is_descending);
    for sibling in siblings {
        let Some(index) = rows.iter().position(|row| row.key == sibling.key) else {
            continue;
        };
        sorted.push(sibling);
        let inside = &rows[index + 1..];
        let end = inside.iter().position(|row| row.depth <= depth);
        sort_tree(
            sorted,
            &inside[..end.unwrap_or(inside.len())],
            column,
            is_descending,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{IpAddr, Ipv4Addr};

    fn end(last: u8) -> Endpoint {
        Endpoint::Ip(IpAddr::V4(Ipv4Addr::new(192, 0, 2, last)))
    }

    fn row(key: Key, depth: usize, packets: u64, bytes: u64) -> Row {
        Row {
            key,
            depth,
            packets,
            bytes,
            forth: 0,
            back: bytes,
            rate: 0,
            tcp: None,
        }
    }

    #[test]
    fn rows_are_sorted_both_ways() {
        let mut rows = vec![
            row(Key::Pair(end(10), end(1)), 0, 3, 30),
            row(Key::Pair(end(9), end(2)), 0, 3, 10),
            row(Key::Pair(end(2), end(3)), 0, 1, 20),
        ];
        let mut order = |column, is_descending| {
            sort(&mut rows, column, is_descending);
            let bytes: Vec<u64> = rows.iter().map(|row| row.bytes).collect();
            bytes
        };
        assert_eq!(order(Column::Bytes, true), [30, 20, 10]);
        assert_eq!(order(Column::Back, false), [10, 20, 30]);
        // Equal numbers are in the order of the addresses, not of their text.
        assert_eq!(order(Column::Packets, true), [10, 30, 20]);
        assert_eq!(order(Column::Packets, false), [20, 10, 30]);
        assert_eq!(order(Column::Name, false), [20, 10, 30]);
        assert_eq!(order(Column::Name, true), [30, 10, 20]);
        assert_eq!(order(Column::Other, false), [30, 10, 20]);
    }

    #[test]
    fn protocols_remain_a_tree() {
        let protocol = |path: &[&'static str], packets| {
            row(Key::Protocol(path.to_vec()), path.len() - 1, packets, 0)
        };
        let mut rows = vec![
            protocol(&["eth"], 9),
            protocol(&["eth", "ip"], 6),
            protocol(&["eth", "ip", "udp"], 1),
            protocol(&["eth", "ip", "tcp"], 5),
            protocol(&["eth", "arp"], 3),
        ];
        let mut order = |column, is_descending| {
            sort(&mut rows, column, is_descending);
            let names: Vec<String> = rows.iter().map(|row| row.text(Column::Name)).collect();
            names.join(" ")
        };
        assert_eq!(order(Column::Packets, true), "eth ip tcp udp arp");
        assert_eq!(order(Column::Packets, false), "eth arp ip udp tcp");
        assert_eq!(order(Column::Name, true), "eth ip udp tcp arp");
    }

    #[test]
    fn a_search_ignores_case() {
        let one = row(Key::Protocol(vec!["eth", "llc"]), 1, 1, 1);
        assert!(one.contains("ll") && !one.contains("eth"));
        let pair = row(Key::Pair(end(1), end(20)), 0, 1, 1);
        assert!(pair.contains("2.20") && pair.contains("192.0.2.1") && !pair.contains("x"));
    }
}
