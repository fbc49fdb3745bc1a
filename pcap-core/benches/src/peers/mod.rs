//! The implementations to compare: one file for each, with the same functions as far as it supports them.
//!
//! May import: `frames`, `layout`, `tally`.

pub(crate) mod batch;
pub(crate) mod c;
pub(crate) mod floor;
pub(crate) mod ours;
pub(crate) mod pcap;
pub(crate) mod pcap_file;
pub(crate) mod pcap_file_3;
pub(crate) mod pcap_parser;
mod samples;
mod source;
pub(crate) mod tasks;
mod way;

pub(crate) use samples::{Samples, time_of};
pub(crate) use source::Source;
pub(crate) use way::Way;

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
