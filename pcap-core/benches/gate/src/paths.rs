//! The hot paths.

use crate::layout::Layout;
use crate::peers::{Peer, Way};
use crate::work::{FILTERS, Task};

/// A hot path and its peers.
pub(crate) struct Path {
    pub(crate) name: String,
    pub(crate) task: Task,
    pub(crate) others: Vec<(Peer, Task)>,
}

impl Path {
    /// Returns all work: ours comes first.
    pub(crate) fn jobs(&self) -> impl Iterator<Item = (Peer, Task)> {
        [(Peer::Us, self.task)]
            .into_iter()
            .chain(self.others.iter().copied())
    }
}

/// Returns all paths.
pub(crate) fn all() -> Vec<Path> {
    use Layout::{Classic, Pcapng, Swapped};
    let mut paths = Vec::new();
    let mut add = |name: &str, task, others: &[(Peer, Task)]| {
        let (name, others) = (name.to_owned(), others.to_vec());
        paths.push(Path { name, task, others });
    };
    for (name, layout, way, c) in [
        ("read, for_each", Classic, Way::ForEach, Way::ForEach),
        ("read, next_packet", Classic, Way::Next, Way::Next),
        ("read, advance", Classic, Way::Advance, Way::Next),
        ("read, try_next_packet", Classic, Way::TryNext, Way::Next),
        ("read, packets", Classic, Way::Owned, Way::Owned),
        ("read, batches", Classic, Way::Batch, Way::Batch),
        (
            "read swapped, for_each",
            Swapped,
            Way::ForEach,
            Way::ForEach,
        ),
        ("read swapped, next_packet", Swapped, Way::Next, Way::Next),
        ("read pcapng, for_each", Pcapng, Way::ForEach, Way::ForEach),
        ("read pcapng, next_packet", Pcapng, Way::Next, Way::Next),
        ("read pcapng, next_block", Pcapng, Way::Blocks, Way::Next),
    ] {
        let floor = (Peer::Floor, Task::Read(layout, Way::Next));
        add(
            name,
            Task::Read(layout, way),
            &[floor, (Peer::C, Task::Read(layout, c))],
        );
    }
    let floor = (Peer::Floor, Task::Read(Classic, Way::Next));
    for (number, filter) in FILTERS.iter().enumerate() {
        let task = Task::Filtered(number);
        add(
            &format!("read, filtered, {filter}"),
            task,
            &[floor, (Peer::C, task)],
        );
    }
    for (call, way) in [("for_each", Way::ForEach), ("next_packet", Way::Next)] {
        let pipe = Task::Pipe(way);
        let others = [(Peer::Floor, Task::Pipe(Way::Next)), (Peer::C, pipe)];
        add(&format!("read a pipe, {call}"), pipe, &others);
    }
    for (call, way) in [("for_each", Way::ForEach), ("next_packet", Way::Next)] {
        let others = [(Peer::Floor, Task::Reader(Way::Next))];
        add(&format!("read a Read, {call}"), Task::Reader(way), &others);
    }
    for (number, filter) in FILTERS.iter().enumerate() {
        let task = Task::Matches(number);
        add(
            &format!("Filter::matches, {filter}"),
            task,
            &[(Peer::C, task)],
        );
    }
    let write = Task::Write(Classic);
    add("write", write, &[(Peer::Floor, write), (Peer::C, write)]);
    let write = Task::Write(Pcapng);
    add("write pcapng", write, &[(Peer::Floor, write)]);
    for (call, way) in [
        ("for_each", Way::ForEach),
        ("next_packet", Way::Next),
        ("batches", Way::Batch),
    ] {
        let live = Task::Live(way);
        add(&format!("live, {call}"), live, &[(Peer::C, live)]);
    }
    paths
}
