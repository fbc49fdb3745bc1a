//! Picks the packets to copy, besides the filter.

use indicatif::ProgressBar;
use pcap_core::{Linktype, Packet, Timestamp};
use pcap_examples::counted::{self, counted};
use pcap_examples::duplicates::DuplicateFinder;
use pcap_examples::options::range::PacketRange;
use pcap_examples::stderr;

use crate::args::{Args, NAME};

/// Picks packets by their numbers and times, removes duplicates, and counts up to the limit.
pub(crate) struct Picker {
    range: PacketRange,
    duplicates: Option<DuplicateFinder>,
    /// The number of further packets to copy.
    left: u64,
    /// Whether only warnings are printed.
    is_quiet: bool,
}

impl Picker {
    pub(crate) fn new(args: &Args) -> Picker {
        Picker {
            range: args.range.start(),
            duplicates: args.duplicates.finder(),
            left: args.limit.unwrap_or(u64::MAX),
            is_quiet: args.quiet,
        }
    }

    /// Returns whether it picks all packets.
    pub(crate) fn picks_all(&self) -> bool {
        self.range.is_all() && self.duplicates.is_none() && self.left == u64::MAX
    }

    /// Returns whether a packet is in the range. Call this for each packet.
    #[inline]
    pub(crate) fn is_in_range(&mut self, number: u64, time: Option<Timestamp>) -> bool {
        self.range.selects(number, time)
    }

    /// Returns whether to copy a packet that the filter accepts.
    #[inline]
    pub(crate) fn picks(
        &mut self,
        linktype: Linktype,
        packet: Packet<'_>,
        time: Option<Timestamp>,
    ) -> bool {
        if let Some(duplicates) = &mut self.duplicates
            && duplicates.is_duplicate(linktype, packet, time)
        {
            return false;
        }
        self.left -= 1;
        true
    }

    /// Returns whether the limit is reached, so that no further packet is picked.
    #[inline]
    pub(crate) fn is_full(&self) -> bool {
        self.left == 0
    }

    /// Returns whether no packet after the one with this number is picked.
    #[inline]
    pub(crate) fn is_over(&self, number: u64) -> bool {
        self.is_full() || self.range.is_over(number)
    }

    /// Prints the number of duplicates.
    pub(crate) fn report(&self, bar: &ProgressBar) {
        let Some(duplicates) = &self.duplicates else {
            return;
        };
        bar.suspend(|| {
            let found = counted(duplicates.found(), "duplicate");
            if !self.is_quiet {
                stderr::print_line(format_args!("{found} removed"));
            }
            let forgotten = duplicates.forgotten();
            if forgotten > 0 {
                stderr::print_message(
                    NAME,
                    format_args!(
                        "warning: the window of --dedup-time exceeds 256 MiB: {} forgotten before its end",
                        counted::packets(forgotten)
                    ),
                );
            }
        });
    }
}
