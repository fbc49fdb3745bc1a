//! The implementations that are compared, from the benches.

#[path = "../../src/peers/batch.rs"]
#[allow(dead_code)] // the benches use all of it
pub(crate) mod batch;
#[path = "../../src/peers/c.rs"]
#[allow(dead_code)]
pub(crate) mod c;
#[path = "../../src/peers/floor.rs"]
pub(crate) mod floor;
#[path = "../../src/peers/ours.rs"]
#[allow(dead_code)]
pub(crate) mod ours;
#[path = "../../src/peers/samples.rs"]
mod samples;
#[path = "../../src/peers/source.rs"]
mod source;
#[path = "../../src/peers/way.rs"]
#[allow(dead_code)]
mod way;

pub(crate) use samples::{Samples, time_of};
pub(crate) use source::Source;
pub(crate) use way::Way;

/// An implementation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Peer {
    /// `pcap-core`.
    Us,
    /// System calls without a library.
    Floor,
    /// C, with libpcap.
    C,
}

impl Peer {
    /// The peers of `pcap-core`.
    pub(crate) const OTHERS: [Peer; 2] = [Peer::Floor, Peer::C];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Peer::Us => "pcap-core",
            Peer::Floor => "floor",
            Peer::C => "C",
        }
    }
}
