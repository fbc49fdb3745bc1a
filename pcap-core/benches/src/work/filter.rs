//! Running filters on packets in memory.

use std::hint::black_box;

use super::{Place, cannot};
use crate::Failure;
use crate::frames::{Frames, Size, syn};
use crate::outcome::{Outcome, measured};
use crate::peers::{Peer, Samples, c, ours, pcap};

/// Filters that accept some packets and reject others.
pub(crate) const FILTERS: [&str; 3] = ["tcp port 80", "host 10.0.0.2", "ip6 or (udp and port 53)"];

/// The number of packets to filter.
const PACKETS: u64 = 10 << 20;

/// Runs a filter on packets of a size; without a size, on a single SYN.
pub(super) fn matches(
    peer: Peer,
    size: Option<Size>,
    filter: &str,
    place: &Place,
) -> Result<Outcome, Failure> {
    let samples = Samples::new(size.map_or_else(|| vec![syn()], Frames::samples));
    let each = samples.frames().len() as u64;
    let rounds = place.many(PACKETS) / each;
    let packets = Some(rounds * each);
    let samples = black_box(&samples);
    match peer {
        Peer::Us => {
            let filter = ours::compile(filter)?;
            measured(packets, || Ok(ours::matches(&filter, samples, rounds)))
        }
        Peer::C => {
            let program = c::Program::new(filter)?;
            measured(packets, || Ok(c::matches(&program, samples, rounds)))
        }
        Peer::Pcap => {
            let program = pcap::compile(filter)?;
            measured(packets, || Ok(pcap::matches(&program, samples, rounds)))
        }
        _ => Err(cannot(peer)),
    }
}
