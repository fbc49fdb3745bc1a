//! Three captures that share the packets.

use anyhow::Result;
use pcap_core::os::linux::{Fanout, FanoutGroup, FanoutMode};
use pcap_core::{End, Stats};

use super::{Shared, capture};
use crate::tally::Tally;

const MEMBERS: usize = 3;

/// What happened.
pub(crate) struct Shares {
    pub(crate) packets: u64,
    pub(crate) stats: Stats,
}

pub(crate) fn open() -> Result<FanoutGroup> {
    let fanout = Fanout::new(FanoutMode::LoadBalance);
    Ok(fanout.activate(&capture(), MEMBERS)?)
}

/// Reads until the end of a round.
pub(crate) fn run(group: FanoutGroup, shared: &Shared) -> Result<Shares> {
    let (tallies, stats) = group.for_each(|_, member| {
        let mut tally = Tally::default();
        while !shared.is_over() {
            member.dispatch(|packet| _ = tally.add(packet))?;
        }
        member.stop()?;
        while member.ended() != Some(End::Eof) {
            member.for_each(|packet| _ = tally.add(packet))?;
        }
        tally.check(member.stats()?)?;
        anyhow::Ok(tally)
    })?;
    Ok(Shares {
        packets: tallies.iter().map(|tally| tally.packets).sum(),
        stats,
    })
}
