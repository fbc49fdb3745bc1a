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

/// The packets to filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sample {
    Syn,
    /// 1024 packets, which the branch predictor learns.
    Few(Size),
    /// 65 536 packets, which it cannot learn.
    Many(Size),
}

impl Sample {
    fn frames(self) -> Vec<Vec<u8>> {
        match self {
            Sample::Syn => vec![syn()],
            Sample::Few(size) => Frames::samples(size),
            Sample::Many(size) => {
                let mut frames = Frames::new(size);
                (0..65_536).map(|_| frames.next().to_vec()).collect()
            }
        }
    }
}

/// Runs a filter on packets in memory.
pub(super) fn matches(
    peer: Peer,
    sample: Sample,
    filter: &str,
    place: &Place,
) -> Result<Outcome, Failure> {
    let samples = Samples::new(sample.frames());
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
