//! One round: all readers are opened, packets are sent, and the counters are compared.

use std::thread::{self, ScopedJoinHandle};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};
use pcap_core::Stats;

use crate::jobs::breaking::{self, Breaks};
use crate::jobs::fanout::{self, Shares};
use crate::jobs::filtering::{self, Filters};
use crate::jobs::reopening::{self, Opens};
use crate::jobs::steady::Steady;
use crate::jobs::{Shared, capture};
use crate::sender::{Pace, Sender};

/// What happened in a round.
pub(crate) struct Round {
    pub(crate) number: usize,
    pub(crate) pace: Pace,
    pub(crate) sent: u64,
    pub(crate) delivered: u64,
    pub(crate) dropped: u64,
    pub(crate) discarded: u64,
    pub(crate) breaks: u64,
    pub(crate) opened: u64,
    pub(crate) changes: u64,
}

/// Runs a round. The first packet has the number `next`.
pub(crate) fn run(
    (number, next): (usize, u64),
    pace: Pace,
    length: Duration,
    steady: &mut Steady,
) -> Result<Round> {
    let shared = Shared::before(next);
    let unfiltered = capture().activate()?;
    let filtered = filtering::open()?;
    let group = fanout::open()?;
    let sender = Sender::new(next)?;
    thread::scope(|scope| {
        let steady = scope.spawn(|| steady.read(&shared));
        let breaking = scope.spawn(|| breaking::run(unfiltered, &shared));
        let reopening = scope.spawn(|| reopening::run(&shared));
        let filtering = scope.spawn(|| filtering::run(filtered, &shared));
        let fanout = scope.spawn(|| fanout::run(group, &shared));
        let sent = sender.send(pace, length, &shared);
        shared.end();
        let (packets, stats) = end("steady", steady)?;
        let breaks: Breaks = end("breaking", breaking)?;
        let opens: Opens = end("reopening", reopening)?;
        let filters: Filters = end("filtering", filtering)?;
        let shares: Shares = end("fanout", fanout)?;
        let sent = sent? - next;
        let whole = [
            ("steady", stats),
            ("breaking", breaks.stats),
            ("fanout", shares.stats),
        ];
        for (name, Stats { received, .. }) in whole {
            ensure!(
                received == sent,
                "{name}: {sent} packets sent, {received} received"
            );
        }
        // Without packets, there would be nothing to check.
        let counts = [
            ("steady", packets),
            ("breaking", breaks.tally.packets),
            ("reopening", opens.tally.packets),
            ("filtering", filters.tally.packets),
            ("fanout", shares.packets),
        ];
        for (name, packets) in counts {
            ensure!(packets > 0, "{name}: no packet of {sent} was delivered");
        }
        let all = [
            stats,
            breaks.stats,
            opens.stats,
            filters.stats,
            shares.stats,
        ];
        Ok(Round {
            number,
            pace,
            sent,
            delivered: counts.iter().map(|(_, packets)| packets).sum(),
            dropped: all.iter().map(|stats| stats.dropped).sum(),
            discarded: all.iter().map(|stats| stats.discarded).sum(),
            breaks: breaks.breaks,
            opened: opens.opened,
            changes: filters.changes,
        })
    })
}

/// Returns what a reader returns.
fn end<T>(name: &str, reader: ScopedJoinHandle<'_, Result<T>>) -> Result<T> {
    let outcome = reader.join().map_err(|_| anyhow!("{name}: panicked"))?;
    outcome.with_context(|| name.to_owned())
}
