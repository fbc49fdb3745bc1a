//! The implementations to compare: one file for each, with the same functions as far as it supports them.
//!
//! May import: `frames`, `input`, `tally`.

pub(crate) mod c;
pub(crate) mod floor;
pub(crate) mod ours;
pub(crate) mod pcap;
pub(crate) mod pcap_file;
pub(crate) mod pcap_file_3;
pub(crate) mod pcap_parser;

/// An implementation to compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Peer {
    /// `pcap-core`.
    Us,
    /// C, with libpcap.
    C,
    /// The `pcap` crate.
    Pcap,
    /// The `pcap-file` crate.
    PcapFile,
    /// Version 3 of the `pcap-file` crate, a release candidate.
    PcapFile3,
    /// The `pcap-parser` crate.
    PcapParser,
    /// The bare system calls.
    Floor,
}

impl Peer {
    pub(crate) const ALL: [Peer; 7] = [
        Peer::Us,
        Peer::C,
        Peer::Pcap,
        Peer::PcapFile,
        Peer::PcapFile3,
        Peer::PcapParser,
        Peer::Floor,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Peer::Us => "pcap-core",
            Peer::C => "C",
            Peer::Pcap => "pcap",
            Peer::PcapFile => "pcap-file",
            Peer::PcapFile3 => "pcap-file 3",
            Peer::PcapParser => "pcap-parser",
            Peer::Floor => "floor",
        }
    }
}

/// How packets are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sending {
    /// One by one.
    Single,
    /// Many with one call; libpcap has no such call, and sends them one by one.
    Queue,
    /// Many with one call that bypasses the queueing discipline of the interface; libpcap cannot.
    Bypass,
}

/// How packets are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// A closure or callback gets each.
    ForEach,
    /// With one call each.
    Next,
    /// As copies on the heap.
    Owned,
    /// As `ForEach`, with a large stdio buffer and without its locks, which only C leaves to its user.
    Tuned,
    /// With one call each by a task of tokio, or on async-io, which only `pcap-core` has.
    Tokio,
    AsyncIo,
    /// Block by block, with the reader of `pcap-core` for pcapng; other crates have no other way for this format.
    Blocks,
    /// The other calls of `pcap-core` that lend packets.
    TryForEach,
    Dispatch,
    Advance,
    TryNext,
    PacketsWith,
}

/// Packets in memory, with the layout of C's peer.
pub(crate) struct Samples {
    frames: Vec<Vec<u8>>,
}

impl Samples {
    pub(crate) fn new(frames: Vec<Vec<u8>>) -> Samples {
        Samples { frames }
    }

    pub(crate) fn frames(&self) -> &[Vec<u8>] {
        &self.frames
    }
}

/// Returns the time of the written packet of this number: seconds and microseconds.
pub(crate) fn time_of(number: u64) -> (u32, u32) {
    (
        1_700_000_000 + (number / 1_000_000) as u32,
        (number % 1_000_000) as u32,
    )
}
