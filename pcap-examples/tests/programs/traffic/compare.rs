//! Compares what `Traffic` counts with what tshark counts.

use std::collections::BTreeMap;
use std::path::Path;

use pcap_core::{Capture, Dlt};
use pcap_examples::traffic::{Counts, Endpoint, Layer, Traffic, TrafficLimits};

use super::tshark;

/// The names that `Traffic` gives to protocols.
const KNOWN: [&str; 40] = [
    "eth",
    "vlan",
    "ieee8021ad",
    "ip",
    "ipv6",
    "tcp",
    "udp",
    "sctp",
    "arp",
    "icmp",
    "icmpv6",
    "igmp",
    "gre",
    "llc",
    "stp",
    "mpls",
    "pppoed",
    "pppoes",
    "ppp",
    "vxlan",
    "geneve",
    "esp",
    "ah",
    "sll",
    "null",
    "raw",
    "lldp",
    "dns",
    "mdns",
    "dhcp",
    "dhcpv6",
    "ntp",
    "llmnr",
    "macsec",
    "ospf",
    "vrrp",
    "pim",
    "udplite",
    "dccp",
    "eapol",
];

/// Counts the packets of a savefile.
pub(crate) fn count(path: &Path) -> Traffic {
    let mut traffic = Traffic::new(TrafficLimits::default());
    let mut capture = Capture::from_file(path).expect("a savefile");
    let linktype = Dlt::from(capture.linktype());
    capture
        .for_each(|packet| traffic.count(linktype, packet))
        .expect("undamaged");
    traffic
}

/// Returns the differences from tshark's tables, one a line.
pub(crate) fn differences(path: &Path) -> Vec<String> {
    let traffic = count(path);
    let mut args = vec!["-z", "io,phs", "-z", "plen,tree"];
    let tables: Vec<_> = Layer::ALL
        .iter()
        .flat_map(|layer| ["conv", "endpoints"].map(|table| format!("{table},{}", layer.name())))
        .collect();
    args.extend(tables.iter().flat_map(|table| ["-z", table]));
    let text = tshark::run(path, &args);
    let mut differences = protocols(&traffic, &tshark::protocols(&text));
    for layer in Layer::ALL {
        let (ours, theirs) = (
            conversations(&traffic, layer),
            tshark::conversations(&text, layer),
        );
        differences.extend(in_one(
            &format!("conversation {}", layer.name()),
            ours,
            theirs,
        ));
        let (ours, theirs) = (endpoints(&traffic, layer), tshark::endpoints(&text, layer));
        let (ours, theirs) = (ours.into_iter().collect(), theirs.into_iter().collect());
        differences.extend(in_one(&format!("endpoint {}", layer.name()), ours, theirs));
    }
    differences.extend(in_one("length", lengths(&traffic), tshark::lengths(&text)));
    differences
}

/// Returns the items that only one of two lists has.
fn in_one<T: std::fmt::Debug + PartialEq>(what: &str, ours: Vec<T>, theirs: Vec<T>) -> Vec<String> {
    let mut left = theirs;
    let mut lines = Vec::new();
    for item in ours {
        match left.iter().position(|other| *other == item) {
            Some(at) => drop(left.remove(at)),
            None => lines.push(format!("{what}: only ours: {item:?}")),
        }
    }
    lines.extend(
        left.iter()
            .map(|item| format!("{what}: only tshark: {item:?}")),
    );
    lines
}

fn protocols(traffic: &Traffic, theirs: &tshark::Tree) -> Vec<String> {
    let mut path: Vec<String> = Vec::new();
    let mut ours = tshark::Tree::new();
    for node in traffic.protocols() {
        path.truncate(node.depth);
        path.push(node.name.to_owned());
        ours.insert(path.clone(), (node.packets, node.bytes));
    }
    let mut lines = Vec::new();
    for (path, counts) in &ours {
        if theirs.get(path) != Some(counts) {
            lines.push(format!(
                "protocol {path:?}: {counts:?}, tshark {:?}",
                theirs.get(path)
            ));
        }
    }
    for (path, counts) in theirs {
        let is_known = path.iter().all(|name| KNOWN.contains(&name.as_str()));
        let is_quoted = path
            .iter()
            .rev()
            .skip(1)
            .any(|name| name.starts_with("icmp"));
        if is_known && !is_quoted && !ours.contains_key(path) {
            lines.push(format!("protocol {path:?}: only tshark: {counts:?}"));
        }
    }
    lines
}

/// Writes an endpoint as tshark does.
fn endpoint(endpoint: Endpoint) -> String {
    match endpoint {
        Endpoint::Mac(mac) => mac.to_string(),
        Endpoint::Ip(ip) => ip.to_string(),
        Endpoint::Socket(socket) => socket.to_string(),
    }
}

/// Rounds a length as tshark does in tables of conversations.
fn rounded(bytes: u64) -> String {
    match bytes {
        0..10_000 => format!("{bytes} bytes"),
        10_000..10_000_000 => format!("{} kB", bytes / 1000),
        _ => format!("{} MB", bytes / 1_000_000),
    }
}

fn conversations(traffic: &Traffic, layer: Layer) -> Vec<tshark::Conversation> {
    let start = traffic.times().map(|times| times.0);
    let mut list: Vec<_> = traffic
        .conversations(layer)
        .into_iter()
        .map(|conversation| {
            let count = |counts: Counts| (counts.packets, rounded(counts.bytes));
            let (first, last) = (conversation.first.unwrap(), conversation.last.unwrap());
            let since = first
                .saturating_duration_since(start.unwrap())
                .as_secs_f64();
            let duration = last.saturating_duration_since(first).as_secs_f64();
            let name = |end| endpoint(end).replace(['[', ']'], "");
            tshark::ordered((
                name(conversation.a),
                name(conversation.b),
                [count(conversation.a_to_b), count(conversation.b_to_a)],
                format!("{since:.9}"),
                format!("{duration:.4}"),
            ))
        })
        .collect();
    list.sort();
    list
}

fn endpoints(traffic: &Traffic, layer: Layer) -> BTreeMap<String, [u64; 4]> {
    let list = traffic.endpoints(layer).into_iter().map(|counts| {
        let (sent, received) = (counts.sent, counts.received);
        let numbers = [sent.packets, sent.bytes, received.packets, received.bytes];
        (endpoint(counts.endpoint), numbers)
    });
    list.collect()
}

fn lengths(traffic: &Traffic) -> Vec<[String; 3]> {
    let list = traffic.lengths().into_iter().map(|range| {
        let edge = |length: u32| match range.packets {
            0 => "-".to_owned(),
            _ => length.to_string(),
        };
        [
            range.packets.to_string(),
            edge(range.shortest),
            edge(range.longest),
        ]
    });
    list.collect()
}
