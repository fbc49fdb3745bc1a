//! Skips packets that the output savefile cannot represent. All programs that copy packets follow this rule.

use std::fmt::Display;

use indicatif::ProgressBar;

use crate::counted;
use crate::exit::{Failure, Outcome};

/// The section of `--help` about skipped packets.
pub const HELP: &str = "\
Skipped packets:
  Packets that the savefile format cannot represent, such as those with a time
  before 1970 or after 2106 in classic pcap, are skipped and counted. The
  first one is reported, and the status is 1.";

/// Counts skipped packets and reports the first.
#[derive(Debug)]
pub struct SkippedPackets<'a> {
    program: &'a str,
    bar: ProgressBar,
    packets: u64,
}

impl<'a> SkippedPackets<'a> {
    /// Creates a counter. `bar` is the progress bar that the program shows.
    #[must_use]
    pub fn new(program: &'a str, bar: &ProgressBar) -> SkippedPackets<'a> {
        SkippedPackets {
            program,
            bar: bar.clone(),
            packets: 0,
        }
    }

    /// Checks the result of writing a packet. Counts the packet if the savefile cannot represent it. Returns whether
    /// the packet was written.
    ///
    /// # Errors
    ///
    /// Returns any other failure of writing.
    pub fn check_written(&mut self, number: u64, written: Outcome) -> Outcome<bool> {
        match written {
            Err(failure @ Failure::UnwritablePacket { .. }) => {
                self.count(number, failure);
                Ok(false)
            }
            written => written.map(|()| true),
        }
    }

    /// Counts a skipped packet, and reports it if it is the first.
    pub fn count(&mut self, number: u64, why: impl Display) {
        self.packets += 1;
        if self.packets == 1 {
            let text = format!("packet {number}: {why}; such packets are skipped");
            self.bar
                .suspend(|| Failure::Text(text).report(self.program));
        }
    }

    /// Returns the number of skipped packets, or `None` if there are none.
    #[must_use]
    pub fn packets(&self) -> Option<u64> {
        (self.packets > 0).then_some(self.packets)
    }

    /// Returns whether the copy is complete.
    ///
    /// # Errors
    ///
    /// Returns a failure if packets were skipped.
    pub fn outcome(&self) -> Outcome {
        match self.packets {
            0 => Ok(()),
            1 => Err(Failure::Reported),
            packets => Err(Failure::Text(format!(
                "{} skipped that the savefile cannot represent",
                counted::packets(packets)
            ))),
        }
    }
}
