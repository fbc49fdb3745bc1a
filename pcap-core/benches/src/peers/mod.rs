//! Who does the work: one file for each, with the same functions as far as it can do them.
//!
//! May import: `frames`, `input`, `tally`.

pub(crate) mod c;
pub(crate) mod floor;
pub(crate) mod ours;
pub(crate) mod pcap;
pub(crate) mod pcap_file;
pub(crate) mod pcap_parser;

/// Who does the work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Peer {
    /// `pcap-core`.
    Us,
    /// C, with libpcap.
    C,
    /// The crate `pcap`.
    Pcap,
    /// The crate `pcap-file`.
    PcapFile,
    /// The crate `pcap-parser`.
    PcapParser,
    /// The bare system calls.
    Floor,
}

impl Peer {
    pub(crate) const ALL: [Peer; 6] = [
        Peer::Us,
        Peer::C,
        Peer::Pcap,
        Peer::PcapFile,
        Peer::PcapParser,
        Peer::Floor,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Peer::Us => "pcap-core",
            Peer::C => "C",
            Peer::Pcap => "pcap",
            Peer::PcapFile => "pcap-file",
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
    /// Many with one call; libpcap has none for this, and sends them one by one.
    Queue,
    /// So, and past the queueing discipline of the interface; libpcap cannot.
    Bypass,
}

/// How packets are got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// Each is handed to a closure or callback.
    ForEach,
    /// They are asked for one by one.
    Next,
    /// As copies on the heap.
    Owned,
    /// As `ForEach`, with stdio's buffer large and its locks off, which only C leaves to its user.
    Tuned,
    /// They are asked for one by one by a task of tokio, or on async-io, which only `pcap-core` has.
    Tokio,
    AsyncIo,
    /// The other ways of `pcap-core` that borrow.
    TryForEach,
    Dispatch,
    Advance,
    TryNext,
    PacketsWith,
}

/// Packets in memory, laid out as C's peer takes them.
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

/// The time of the packet of this number that is written: seconds and microseconds.
pub(crate) fn time_of(number: u64) -> (u32, u32) {
    (
        1_700_000_000 + (number / 1_000_000) as u32,
        (number % 1_000_000) as u32,
    )
}
