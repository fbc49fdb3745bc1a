//! Runs tshark, and reads its tables.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use pcap_examples::traffic::Layer;

/// The names of protocols around a protocol and its own, with its packets and bytes.
pub(crate) type Tree = BTreeMap<Vec<String>, (u64, u64)>;

/// A line of a table of conversations, whose endpoints are in a fixed order: packets and bytes from the first to the
/// second, the others, the time of the first packet since the start of the file, and the duration.
pub(crate) type Conversation = (String, String, [(u64, String); 2], String, String);

/// Settings without reassembly, and without guesses at the protocol of a payload.
const SETTINGS: [&str; 4] = [
    "ip.defragment:FALSE",
    "ipv6.defragment:FALSE",
    "tcp.desegment_tcp_streams:FALSE",
    "tcp.reassemble_out_of_order:FALSE",
];

/// Runs tshark on a file, and returns what it prints.
pub(crate) fn run(path: &Path, args: &[&str]) -> String {
    let mut command = Command::new("tshark");
    command.args(["-n", "-q", "-r"]).arg(path);
    for setting in SETTINGS {
        command.args(["-o", setting]);
    }
    let output = command.args(args).env("TZ", "UTC").output();
    let output = output.expect("tshark runs");
    let text = String::from_utf8(output.stdout).expect("text");
    assert!(
        output.status.success(),
        "{command:?}: {output:?}",
        output = output.stderr
    );
    text
}

/// The filters for what `TcpCounts` counts.
pub(crate) const TCP_FILTERS: [&str; 8] = [
    "tcp.analysis.retransmission || tcp.analysis.fast_retransmission || tcp.analysis.spurious_retransmission",
    "tcp.analysis.spurious_retransmission",
    "tcp.analysis.out_of_order",
    "tcp.analysis.lost_segment",
    "tcp.analysis.duplicate_ack",
    "tcp.analysis.zero_window",
    "tcp.flags.reset == 1",
    "tcp.flags.syn == 1 && tcp.flags.ack == 0",
];

/// Returns the number of packets that match each of the filters.
pub(crate) fn counts<const N: usize>(path: &Path, filters: &[&str; N]) -> [u64; N] {
    let table = format!("io,stat,0,{}", filters.join(","));
    let text = run(path, &["-z", &table]);
    let row = text
        .lines()
        .find(|line| line.contains("<>"))
        .expect("a row");
    let cells: Vec<_> = row
        .split('|')
        .map(str::trim)
        .filter(|cell| !cell.is_empty())
        .collect();
    // The first cell is the interval. Each filter has a column of packets and one of bytes.
    std::array::from_fn(|filter| cells[1 + 2 * filter].parse().expect("a number"))
}

/// Returns the rows of the table with this title: the lines up to the next line of equal signs.
fn rows<'a>(text: &'a str, title: &'a str) -> impl Iterator<Item = &'a str> {
    text.lines()
        .skip_while(move |line| *line != title)
        .take_while(|line| !line.starts_with("===="))
}

fn title(layer: Layer) -> &'static str {
    match layer {
        Layer::Ethernet => "Ethernet",
        Layer::Ipv4 => "IPv4",
        Layer::Ipv6 => "IPv6",
        Layer::Tcp => "TCP",
        Layer::Udp => "UDP",
        Layer::Sctp => "SCTP",
    }
}

/// Reads the table of conversations of a layer.
pub(crate) fn conversations(text: &str, layer: Layer) -> Vec<Conversation> {
    let title = format!("{} Conversations", title(layer));
    let mut list = Vec::new();
    for row in rows(text, &title).filter(|row| row.contains(" <-> ")) {
        // Each length has a unit.
        let words: Vec<_> = row.split_whitespace().collect();
        let [a, _, b, n1, l1, u1, n2, l2, u2, _, _, _, start, duration] = words[..] else {
            panic!("unexpected row: {row}");
        };
        let count = |packets: &str, length: &str, unit: &str| {
            (
                packets.parse().expect("a number"),
                format!("{length} {unit}"),
            )
        };
        list.push(ordered((
            a.to_owned(),
            b.to_owned(),
            [count(n2, l2, u2), count(n1, l1, u1)],
            start.to_owned(),
            duration.to_owned(),
        )));
    }
    list.sort();
    list
}

/// Puts the endpoints of a conversation into a fixed order.
pub(crate) fn ordered((a, b, counts, start, duration): Conversation) -> Conversation {
    if a <= b {
        return (a, b, counts, start, duration);
    }
    let [there, back] = counts;
    (b, a, [back, there], start, duration)
}

/// Reads the table of endpoints of a layer: packets and bytes sent, and received.
pub(crate) fn endpoints(text: &str, layer: Layer) -> BTreeMap<String, [u64; 4]> {
    let title = format!("{} Endpoints", title(layer));
    let table = rows(text, &title)
        .skip_while(|row| !row.contains('|'))
        .skip(1);
    let mut list = BTreeMap::new();
    for row in table {
        let words: Vec<_> = row.split_whitespace().collect();
        let (name, counts) = words.split_at(words.len() - 6);
        let number = |at: usize| counts[at].parse().expect("a number");
        let name = match name {
            [address, port] if address.contains(':') => format!("[{address}]:{port}"),
            name => name.join(":"),
        };
        list.insert(name, [number(2), number(3), number(4), number(5)]);
    }
    list
}

/// Reads the tree of protocols.
pub(crate) fn protocols(text: &str) -> Tree {
    let mut path: Vec<String> = Vec::new();
    let mut tree = Tree::new();
    for row in rows(text, "Protocol Hierarchy Statistics").skip(2) {
        let Some((name, counts)) = row.split_once(" frames:") else {
            continue;
        };
        let depth = (row.len() - row.trim_start().len()) / 2;
        path.truncate(depth);
        path.push(name.trim().to_owned());
        let (packets, bytes) = counts.split_once(" bytes:").expect("bytes");
        let number = |text: &str| text.trim().parse::<u64>().expect("a number");
        let sum = tree.entry(path.clone()).or_default();
        sum.0 += number(packets);
        sum.1 += number(bytes);
    }
    tree
}

/// Reads the table of lengths: for each range, the packets and the shortest and longest length.
pub(crate) fn lengths(text: &str) -> Vec<[String; 3]> {
    let ranges = text.lines().filter(|row| {
        row.starts_with(' ')
            && row
                .trim_start()
                .starts_with(|first: char| first.is_ascii_digit())
    });
    let in_table = ranges.take(10).map(|row| {
        let row = row.replace(" and greater", "+");
        let words: Vec<_> = row.split_whitespace().collect();
        [
            words[1].to_owned(),
            words[3].to_owned(),
            words[4].to_owned(),
        ]
    });
    in_table.collect()
}
