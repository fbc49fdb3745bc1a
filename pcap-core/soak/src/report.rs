//! What is printed, and what must not grow.

use anyhow::{Result, ensure};

use crate::resources::Resources;
use crate::round::Round;

/// The number of rounds after which memory, descriptors and threads must stay the same.
const WARM: usize = 12;
/// How much the median of the memory may grow from the first third of the time to the last, in KiB. When blocks are freed
/// and allocated in another order, the heap can take half of it once.
const MAX_GROWTH: u64 = 1024;

/// The sums of all rounds.
#[derive(Default)]
pub(crate) struct Report {
    used: Vec<Resources>,
    sent: u64,
    delivered: u64,
    dropped: u64,
    discarded: u64,
    breaks: u64,
    opened: u64,
    changes: u64,
}

impl Report {
    /// Adds a round, and prints it.
    pub(crate) fn add(&mut self, round: &Round, used: Resources) {
        let Round {
            number,
            pace,
            sent,
            delivered,
            dropped,
            ..
        } = *round;
        let Resources {
            memory,
            descriptors,
            threads,
        } = used;
        println!(
            "{number:>5} {pace:<7?} {sent:>9} sent, {delivered:>9} delivered, {dropped:>9} dropped; \
             {memory} KiB, {descriptors} descriptors, {threads} threads"
        );
        self.used.push(used);
        self.sent += round.sent;
        self.delivered += round.delivered;
        self.dropped += round.dropped;
        self.discarded += round.discarded;
        self.breaks += round.breaks;
        self.opened += round.opened;
        self.changes += round.changes;
    }

    /// Prints the sums, and checks that nothing has grown.
    pub(crate) fn finish(self, files: u64) -> Result<()> {
        println!(
            "{} rounds: {} packets sent to five readers, {} delivered, {} dropped, {} discarded; \
             {} breaks, {} captures opened, {} filters, {files} savefiles",
            self.used.len(),
            self.sent,
            self.delivered,
            self.dropped,
            self.discarded,
            self.breaks,
            self.opened,
            self.changes
        );
        let counts = [
            (self.breaks, "breaks"),
            (self.opened, "captures opened"),
            (self.changes, "filters"),
            (files, "savefiles"),
        ];
        for (count, name) in counts {
            ensure!(count > 0, "there were no {name}");
        }
        let warm = &self.used[WARM.min(self.used.len() / 2)..];
        let is_same =
            |value: fn(&Resources) -> usize| warm.iter().all(|used| value(used) == value(&warm[0]));
        ensure!(
            is_same(|used| used.descriptors),
            "the number of descriptors changes"
        );
        ensure!(
            is_same(|used| used.threads),
            "the number of threads changes"
        );
        let third = warm.len().div_ceil(3);
        let (first, last) = (median(&warm[..third]), median(&warm[warm.len() - third..]));
        println!("median of the memory: {first} KiB, then {last} KiB");
        ensure!(last <= first + MAX_GROWTH, "the memory grows");
        Ok(())
    }
}

fn median(used: &[Resources]) -> u64 {
    let mut memory: Vec<_> = used.iter().map(|used| used.memory).collect();
    memory.sort_unstable();
    memory[memory.len() / 2]
}
