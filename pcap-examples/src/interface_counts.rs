//! Counts the packets of one interface, and where packets were lost.

use std::fmt;

use pcap_core::{Active, Capture, Stats};

use crate::counted;
use crate::exit::Outcome;

/// The counts of one interface.
#[derive(Clone, Debug, Default)]
pub struct InterfaceCounts {
    /// The name of the interface.
    pub name: String,
    /// The counts of libpcap, if it has any.
    pub stats: Option<Stats>,
    /// The packets among [`Stats::dropped`] that the kernel dropped while the program waited for an output.
    pub dropped_waiting: u64,
}

impl InterfaceCounts {
    /// Creates counts for the interface of a capture.
    #[must_use]
    pub fn new(name: impl Into<String>) -> InterfaceCounts {
        InterfaceCounts {
            name: name.into(),
            ..InterfaceCounts::default()
        }
    }

    /// Updates the counts. `has_waited` means that the program has waited for an output since the last update: this is
    /// why the kernel's buffer became full, so packets dropped since then count as dropped by the program.
    ///
    /// # Errors
    ///
    /// Returns an error if libpcap has no statistics.
    pub fn update(&mut self, capture: &Capture<Active>, has_waited: bool) -> Outcome {
        self.advance(capture.stats()?, has_waited);
        Ok(())
    }

    /// Sets the counts of libpcap. None of them decreases.
    fn advance(&mut self, now: Stats, has_waited: bool) {
        let stats = self.stats.get_or_insert_default();
        if has_waited {
            self.dropped_waiting += now.dropped.saturating_sub(stats.dropped);
        }
        stats.received = stats.received.max(now.received);
        stats.dropped = stats.dropped.max(now.dropped);
        stats.if_dropped = stats.if_dropped.max(now.if_dropped);
        stats.discarded = stats.discarded.max(now.discarded);
    }

    /// Returns the number of packets that the kernel dropped because the program did not read fast enough, although no
    /// output was too slow.
    #[must_use]
    pub fn dropped_by_kernel(&self) -> u64 {
        let dropped = self.stats.map_or(0, |stats| stats.dropped);
        dropped.saturating_sub(self.dropped_waiting)
    }

    /// Returns the number of packets that were lost, wherever that was.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.stats
            .map_or(0, |stats| stats.dropped + stats.if_dropped)
    }

    /// Adds the counts of another interface.
    pub fn add(&mut self, other: &InterfaceCounts) {
        let if_dropped = self.if_dropped() + other.if_dropped();
        self.add_thread(other);
        if let Some(stats) = &mut self.stats {
            stats.if_dropped = if_dropped;
        }
    }

    /// Adds the counts of another thread for the same interface. Both have counted the same drops of the interface.
    pub fn add_thread(&mut self, other: &InterfaceCounts) {
        self.dropped_waiting += other.dropped_waiting;
        let Some(more) = other.stats else {
            return;
        };
        let stats = self.stats.get_or_insert_default();
        stats.received += more.received;
        stats.dropped += more.dropped;
        stats.discarded += more.discarded;
        stats.if_dropped = stats.if_dropped.max(more.if_dropped);
    }

    fn if_dropped(&self) -> u64 {
        self.stats.map_or(0, |stats| stats.if_dropped)
    }
}

impl fmt::Display for InterfaceCounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let received = counted::packets(self.stats.map_or(0, |stats| stats.received));
        let (dropped, if_dropped) = (self.dropped_by_kernel(), self.if_dropped());
        write!(
            f,
            "{received} received, {dropped} dropped, {if_dropped} dropped by the interface"
        )?;
        match self.dropped_waiting {
            0 => Ok(()),
            packets => write!(f, ", {packets} dropped because an output was too slow"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(
        received: u64,
        dropped: u64,
        if_dropped: u64,
        dropped_waiting: u64,
    ) -> InterfaceCounts {
        let mut stats = Stats::default();
        (stats.received, stats.dropped, stats.if_dropped) = (received, dropped, if_dropped);
        InterfaceCounts {
            name: String::new(),
            stats: Some(stats),
            dropped_waiting,
        }
    }

    #[test]
    fn counts_never_decrease() {
        let mut total = InterfaceCounts::default();
        for (received, dropped, if_dropped, has_waited) in [
            (10, 3, 5, true),
            (4, 1, 0, true),
            (20, 4, 5, true),
            (30, 9, 6, false),
        ] {
            let now = counts(received, dropped, if_dropped, 0).stats.unwrap();
            total.advance(now, has_waited);
        }
        assert_eq!(
            total.to_string(),
            "30 packets received, 5 dropped, 6 dropped by the interface, 4 dropped because an output was too slow"
        );
    }

    #[test]
    fn each_lost_packet_is_counted_once() {
        let mut total = InterfaceCounts::default();
        total.add(&counts(10, 3, 1, 2));
        total.add(&counts(20, 4, 5, 0));
        assert_eq!(
            total.to_string(),
            "30 packets received, 5 dropped, 6 dropped by the interface, 2 dropped because an output was too slow"
        );
        assert_eq!(total.lost(), 13);
        let mut thread = counts(10, 3, 1, 0);
        thread.add_thread(&counts(20, 4, 5, 0));
        assert_eq!(
            thread.to_string(),
            "30 packets received, 7 dropped, 5 dropped by the interface"
        );
    }
}
