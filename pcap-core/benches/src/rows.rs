//! The rows of the table: what is done, by which peers, and what is counted.
//!
//! May import: `frames`, `input`, `outcome`, `peers`, `work`.

use crate::frames::Size;
use crate::input::Input;
use crate::outcome::Metric;
use crate::peers::{Peer, Sending, Way};
use crate::work::{FILTERS, Sample, Target, Task};

/// Rows that are measured in turns with each other, under one heading.
pub(crate) struct Group {
    pub(crate) name: String,
    /// The maximum number of runs, if more would not improve the figures.
    pub(crate) runs: usize,
    pub(crate) rows: Vec<Row>,
}

/// One line: for each peer in it the task that is closest to ours.
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) metric: Metric,
    pub(crate) cells: Vec<(Peer, Task)>,
}

/// Those that read savefiles through `Read`.
const READERS: [Peer; 5] = [
    Peer::Us,
    Peer::PcapFile,
    Peer::PcapFile3,
    Peer::PcapParser,
    Peer::Floor,
];

const LIBPCAP: [Peer; 3] = [Peer::Us, Peer::C, Peer::Pcap];

impl Row {
    fn new(name: impl Into<String>, cells: impl Into<Vec<(Peer, Task)>>) -> Row {
        Row {
            name: name.into(),
            metric: Metric::Nanos,
            cells: cells.into(),
        }
    }

    /// Returns a row with the same task for each of these peers.
    fn by(name: impl Into<String>, task: Task, peers: &[Peer]) -> Row {
        Row::new(
            name,
            peers.iter().map(|&peer| (peer, task)).collect::<Vec<_>>(),
        )
    }

    fn count(mut self, metric: Metric) -> Row {
        self.metric = metric;
        self
    }
}

fn group(name: impl Into<String>, runs: usize, rows: Vec<Row>) -> Group {
    Group {
        name: name.into(),
        runs,
        rows,
    }
}

/// Returns all groups.
pub(crate) fn groups() -> Vec<Group> {
    const MANY: usize = usize::MAX;
    vec![
        group("read 64 B", MANY, reading(Input::Small)),
        group("read 60-1514 B", MANY, reading(Input::Mixed)),
        group("read others", MANY, reading_others()),
        group("read pcapng", MANY, reading_pcapng()),
        group("read 64 B, filtered", MANY, filtered(Input::Small)),
        group("read 60-1514 B, filtered", MANY, filtered(Input::Mixed)),
        group("Filter::matches", MANY, matching()),
        group("write", MANY, writing()),
        group("live 64 B", MANY, live()),
        group("inject 64 B", MANY, injecting()),
        group("wake up", 3, waking()),
        group("allocations", 1, allocating()),
    ]
}

fn reading(input: Input) -> Vec<Row> {
    let read = |way| Task::Read(input, way);
    let floor = (Peer::Floor, read(Way::Next));
    // Without callbacks, these have one way to read.
    let parsers = [
        (Peer::PcapFile, read(Way::Next)),
        (Peer::PcapFile3, read(Way::Next)),
        (Peer::PcapParser, read(Way::Next)),
        floor,
    ];
    let libpcap = |way| LIBPCAP.map(|peer| (peer, read(way)));
    let awaited = |way| [(Peer::Us, read(way)), (Peer::C, read(Way::Next)), floor];
    let for_each = (Peer::Us, read(Way::ForEach));
    // Others have one call that returns the next packet.
    let next = |way| {
        let others = [Peer::C, Peer::Pcap].map(|peer| (peer, read(Way::Next)));
        [&[(Peer::Us, read(way))][..], &others, &parsers].concat()
    };
    vec![
        Row::new("for_each", [&libpcap(Way::ForEach)[..], &parsers].concat()),
        Row::new(
            "for_each; C with its stdio tuned",
            [for_each, (Peer::C, read(Way::Tuned)), floor],
        ),
        Row::new("next_packet", next(Way::Next)),
        Row::new("advance", next(Way::Advance)),
        Row::new("try_next_packet", next(Way::TryNext)),
        Row::new("next_packet, tokio; C blocks", awaited(Way::Tokio)),
        Row::new("next_packet, async-io; C blocks", awaited(Way::AsyncIo)),
        Row::new(
            "packets (owned)",
            [
                &libpcap(Way::Owned)[..],
                &[
                    (Peer::PcapFile, read(Way::Owned)),
                    (Peer::PcapFile3, read(Way::Owned)),
                    floor,
                ],
            ]
            .concat(),
        ),
        Row::new(
            "in batches; C: pcap_next_ex, memcpy",
            [
                (Peer::Us, read(Way::Batch)),
                (Peer::C, read(Way::Batch)),
                floor,
            ],
        ),
        Row::new(
            "in batches, through a channel",
            [(Peer::Us, read(Way::Channel))],
        )
        .count(Metric::Rate),
    ]
}

fn reading_others() -> Vec<Row> {
    const CALLS: [(&str, Way); 2] = [("for_each", Way::ForEach), ("next_packet", Way::Next)];
    let mut rows = Vec::new();
    for (call, way) in CALLS {
        let task = Task::Read(Input::SmallSwapped, way);
        rows.push(Row::by(format!("swapped, 64 B: {call}"), task, &Peer::ALL));
    }
    let pipe: fn(Input, Way) -> Task = Task::Pipe;
    for (from, task) in [("a pipe", pipe), ("a socket", Task::Socket)] {
        let small = |way| task(Input::Small, way);
        for (call, way) in CALLS {
            let name = format!("from {from}, 64 B: {call}");
            rows.push(Row::by(name, small(way), &Peer::ALL));
        }
        rows.push(Row::new(
            format!("from {from}, 64 B: for_each; C tuned"),
            [
                (Peer::Us, small(Way::ForEach)),
                (Peer::C, small(Way::Tuned)),
                (Peer::Floor, small(Way::ForEach)),
            ],
        ));
    }
    for (call, way) in CALLS {
        let task = Task::Reader(Input::Small, way);
        rows.push(Row::by(
            format!("from a Read, 64 B: {call}"),
            task,
            &READERS,
        ));
    }
    rows
}

/// The other crates have one way to read, which is compared with each of ours.
fn reading_pcapng() -> Vec<Row> {
    let next = |task: fn(Input, Way) -> Task, input| {
        let peers = [
            Peer::PcapFile,
            Peer::PcapFile3,
            Peer::PcapParser,
            Peer::Floor,
        ];
        peers.map(|peer| (peer, task(input, Way::Next)))
    };
    let libpcap = |task: fn(Input, Way) -> Task, input, way| {
        [Peer::C, Peer::Pcap].map(|peer| (peer, task(input, way)))
    };
    let mut rows = Vec::new();
    for (name, input) in [
        ("64 B", Input::SmallPcapng),
        ("60-1514 B", Input::MixedPcapng),
        ("60-1514 B, with comments", Input::CommentedPcapng),
    ] {
        for (call, way, other) in [
            ("for_each", Way::ForEach, Way::ForEach),
            ("next_packet", Way::Next, Way::Next),
            ("next_block", Way::Blocks, Way::Next),
        ] {
            let us = (Peer::Us, Task::Read(input, way));
            let others = libpcap(Task::Read, input, other);
            let cells = [&[us][..], &others, &next(Task::Read, input)].concat();
            rows.push(Row::new(format!("{name}: {call}"), cells));
        }
    }
    for (name, input) in [
        ("64 B", Input::SmallPcapng),
        ("60-1514 B", Input::MixedPcapng),
    ] {
        let owned = |peer| (peer, Task::Read(input, Way::Owned));
        let mut cells = [
            Peer::Us,
            Peer::C,
            Peer::Pcap,
            Peer::PcapFile,
            Peer::PcapFile3,
        ]
        .map(owned)
        .to_vec();
        cells.push((Peer::Floor, Task::Read(input, Way::Next)));
        rows.push(Row::new(format!("{name}: packets (owned)"), cells));
    }
    for (call, way, other) in [
        ("for_each", Way::ForEach, Way::ForEach),
        ("next_block", Way::Blocks, Way::Next),
    ] {
        let input = Input::SmallPcapng;
        let us = (Peer::Us, Task::Pipe(input, way));
        let others = libpcap(Task::Pipe, input, other);
        let cells = [&[us][..], &others, &next(Task::Pipe, input)].concat();
        rows.push(Row::new(format!("from a pipe, 64 B: {call}"), cells));
    }
    rows
}

fn filtered(input: Input) -> Vec<Row> {
    let floor = (Peer::Floor, Task::Read(input, Way::Next));
    let row = |(number, filter): (usize, &&str)| {
        let mut row = Row::by(*filter, Task::Filtered(input, number), &LIBPCAP);
        row.cells.push(floor);
        row
    };
    FILTERS.iter().enumerate().map(row).collect()
}

fn matching() -> Vec<Row> {
    let mut rows = Vec::new();
    for (packets, sample) in [
        ("one SYN", Sample::Syn),
        ("64 B", Sample::Few(Size::Small)),
        ("64 B, not learned", Sample::Many(Size::Small)),
        ("60-1514 B", Sample::Few(Size::Mixed)),
    ] {
        for (number, filter) in FILTERS.iter().enumerate() {
            let name = format!("{packets}: {filter}");
            rows.push(Row::by(name, Task::Matches(sample, number), &LIBPCAP));
        }
    }
    rows
}

fn writing() -> Vec<Row> {
    let peers = [
        Peer::Us,
        Peer::C,
        Peer::Pcap,
        Peer::PcapFile,
        Peer::PcapFile3,
        Peer::Floor,
    ];
    let mut rows = Vec::new();
    for (to, target) in [("memory", Target::Memory), ("/dev/null", Target::Null)] {
        for (name, size) in [("64 B", Size::Small), ("60-1514 B", Size::Mixed)] {
            let name = format!("{name} to {to}");
            rows.push(Row::by(name, Task::Write(size, target), &peers));
        }
    }
    let peers = [Peer::Us, Peer::PcapFile, Peer::PcapFile3, Peer::Floor];
    for (to, target) in [("memory", Target::Memory), ("/dev/null", Target::Null)] {
        for (name, size) in [("64 B", Size::Small), ("60-1514 B", Size::Mixed)] {
            let name = format!("pcapng, {name} to {to}");
            rows.push(Row::by(name, Task::WritePcapng(size, target), &peers));
        }
    }
    rows
}

fn live() -> Vec<Row> {
    let mut rows = Vec::new();
    for (name, buffer) in [("default buffer", None), ("64 MiB", Some(64))] {
        for (call, way) in [("for_each", Way::ForEach), ("next_packet", Way::Next)] {
            for metric in [Metric::Nanos, Metric::Lost] {
                let row = Row::by(format!("{call}, {name}"), Task::Live(buffer, way), &LIBPCAP);
                rows.push(row.count(metric));
            }
        }
    }
    let batch = Task::Live(None, Way::Batch);
    for metric in [Metric::Nanos, Metric::Lost] {
        let name = "in batches; C: pcap_next_ex, memcpy";
        rows.push(Row::by(name, batch, &[Peer::Us, Peer::C]).count(metric));
    }
    let channel = Task::Live(None, Way::Channel);
    for metric in [Metric::Rate, Metric::Lost] {
        let name = "in batches, through a channel";
        rows.push(Row::by(name, channel, &[Peer::Us]).count(metric));
    }
    for (name, way) in [("tokio", Way::Tokio), ("async-io", Way::AsyncIo)] {
        let live = |way| Task::Live(None, way);
        let jobs = [(Peer::Us, live(way)), (Peer::C, live(Way::Next))];
        let name = format!("next_packet, default buffer, {name}; C blocks");
        for metric in [Metric::Nanos, Metric::Lost] {
            rows.push(Row::new(name.clone(), jobs).count(metric));
        }
    }
    for (call, way) in [("for_each", Way::ForEach), ("next_packet", Way::Next)] {
        let name = format!("{call}, all in the buffer");
        rows.push(Row::by(name, Task::Buffered(way), &LIBPCAP));
    }
    for (name, way) in [("tokio", Way::Tokio), ("async-io", Way::AsyncIo)] {
        let jobs = [(Peer::Us, way), (Peer::C, Way::Next)];
        let jobs = jobs.map(|(peer, way)| (peer, Task::Buffered(way)));
        let name = format!("next_packet, all in the buffer, {name}; C blocks");
        rows.push(Row::new(name, jobs));
    }
    rows
}

fn injecting() -> Vec<Row> {
    let peers = [Peer::Us, Peer::C, Peer::Pcap, Peer::Floor];
    // libpcap can neither send queues nor bypass the discipline: these are compared with sending one by one, and the
    // names say so.
    let queued = |sending| {
        let others = [Peer::C, Peer::Pcap].map(|peer| (peer, Task::Inject(Sending::Single)));
        let queues = [Peer::Us, Peer::Floor].map(|peer| (peer, Task::Inject(sending)));
        [others, queues].concat()
    };
    vec![
        Row::by("one by one", Task::Inject(Sending::Single), &peers),
        Row::new("in queues; C one by one", queued(Sending::Queue)),
        Row::new("in queues, past the qdisc; C not", queued(Sending::Bypass)),
    ]
}

fn waking() -> Vec<Row> {
    let mut rows = Vec::new();
    for metric in [Metric::P50, Metric::P99, Metric::Max] {
        rows.push(Row::by("break", Task::Break, &LIBPCAP).count(metric));
    }
    for millis in [1, 10, 100] {
        for metric in [Metric::P50, Metric::P99] {
            let name = format!("beyond a timeout of {millis} ms");
            rows.push(Row::by(name, Task::Deadline(millis), &[Peer::Us]).count(metric));
        }
    }
    rows
}

/// Counts the allocations for all packets together, including opening the file; live, from when the capture is open.
fn allocating() -> Vec<Row> {
    const WAYS: [(&str, Way); 7] = [
        ("for_each", Way::ForEach),
        ("next_packet", Way::Next),
        ("try_for_each", Way::TryForEach),
        ("dispatch", Way::Dispatch),
        ("advance", Way::Advance),
        ("try_next_packet", Way::TryNext),
        ("packets_with", Way::PacketsWith),
    ];
    let mut rows = Vec::new();
    for (name, input) in [
        ("5M packets", Input::Small),
        ("1M in pcapng", Input::MixedPcapng),
        ("5M swapped", Input::SmallSwapped),
    ] {
        for (call, way) in WAYS {
            let peers: &[Peer] = match way {
                Way::ForEach => &[Peer::Us, Peer::Pcap],
                Way::Next => &[
                    Peer::Us,
                    Peer::Pcap,
                    Peer::PcapFile,
                    Peer::PcapFile3,
                    Peer::PcapParser,
                ],
                _ => &[Peer::Us],
            };
            rows.push(Row::by(
                format!("{name}: {call}"),
                Task::Read(input, way),
                peers,
            ));
        }
    }
    let both = [Peer::Us, Peer::Pcap];
    let filtered = Task::Filtered(Input::Small, 0);
    rows.push(Row::by("5M filtered: for_each", filtered, &both));
    for (call, way) in &WAYS[..2] {
        let pipe = Task::Pipe(Input::Small, *way);
        rows.push(Row::by(format!("5M from a pipe: {call}"), pipe, &both));
        let live = Task::Live(None, *way);
        rows.push(Row::by(format!("500k live: {call}"), live, &both));
    }
    let count = |row: Row| row.count(Metric::Allocations);
    rows.into_iter().map(count).collect()
}
