//! The tables of `pcap-stats`, which `--table` names.

use std::time::Duration;

use crate::traffic::Layer;
use crate::value_parsers;

/// A table to print.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
    /// The number of packets, the times and the rates.
    Summary,
    /// The tree of protocols.
    Protocols,
    /// Of one layer, or of all layers that have packets.
    Conversations(Option<Layer>),
    /// Of one layer, or of all layers that have packets.
    Endpoints(Option<Layer>),
    /// The packets by length.
    Lengths,
    /// The packets of intervals of this length; by default, of intervals that yield few rows.
    Rates(Option<Duration>),
    /// The counts of TCP.
    Tcp,
    /// The names in DNS messages.
    Dns,
    /// The bytes of hosts over time.
    Hosts,
}

/// What `--table` accepts.
const NAMES: &str =
    "summary, protocols, conversations, endpoints, lengths, rates, tcp, dns or hosts";

/// Parses the name of a table. The names of tshark's `-z` are accepted, too.
///
/// # Errors
///
/// Returns a message for clap to print if there is no such table.
pub fn table(text: &str) -> Result<Table, String> {
    let (name, detail) = match text.split_once(',') {
        Some((name, detail)) => (name, Some(detail)),
        None => (text, None),
    };
    let table = match (name, detail) {
        ("summary", None) => Table::Summary,
        ("protocols", None) | ("io", Some("phs")) => Table::Protocols,
        ("conversations" | "conv", detail) => Table::Conversations(detail.map(layer).transpose()?),
        ("endpoints" | "endpoint", detail) => Table::Endpoints(detail.map(layer).transpose()?),
        ("lengths", None) | ("plen", Some("tree")) => Table::Lengths,
        ("rates", None) => Table::Rates(None),
        ("rates", Some(interval)) => Table::Rates(Some(value_parsers::nonzero_seconds(interval)?)),
        ("io", Some(detail)) if detail.starts_with("stat,") => {
            Table::Rates(Some(value_parsers::nonzero_seconds(&detail[5..])?))
        }
        ("tcp", None) => Table::Tcp,
        ("dns", None | Some("tree")) => Table::Dns,
        ("hosts", None) => Table::Hosts,
        _ => return Err(format!("expected {NAMES}, found `{text}`")),
    };
    Ok(table)
}

fn layer(name: &str) -> Result<Layer, String> {
    let found = Layer::ALL.into_iter().find(|layer| layer.name() == name);
    found.ok_or_else(|| {
        format!("expected the layer eth, ip, ipv6, tcp, udp or sctp, found `{name}`")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_help_or_of_tshark() {
        for (text, expected) in [
            ("protocols", Table::Protocols),
            ("io,phs", Table::Protocols),
            ("conversations", Table::Conversations(None)),
            ("conv,tcp", Table::Conversations(Some(Layer::Tcp))),
            ("endpoints,ipv6", Table::Endpoints(Some(Layer::Ipv6))),
            ("plen,tree", Table::Lengths),
            (
                "rates,500ms",
                Table::Rates(Some(Duration::from_millis(500))),
            ),
            ("io,stat,2", Table::Rates(Some(Duration::from_secs(2)))),
            ("dns,tree", Table::Dns),
        ] {
            assert_eq!(table(text), Ok(expected), "{text}");
        }
        for text in [
            "",
            "conv,x",
            "protocols,x",
            "io",
            "io,stat,0",
            "plen",
            "tcp,ip",
        ] {
            assert!(table(text).is_err(), "{text}");
        }
    }
}
