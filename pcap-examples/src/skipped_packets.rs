//! Packets that a savefile cannot hold. All programs that copy packets share this rule.

use std::fmt::Display;

use indicatif::ProgressBar;

use crate::exit::{Failure, Outcome};
use crate::stderr;

/// The text of `--help` about it.
pub const HELP: &str = "\
Packets that the savefile cannot hold, such as those with a time before 1970 or after 2106, are
skipped and counted. The first one is reported, and the status is 1.";

/// Skips and counts packets that a savefile cannot hold.
#[derive(Debug)]
pub struct SkippedPackets<'a> {
    program: &'a str,
    bar: ProgressBar,
    packets: u64,
}

impl<'a> SkippedPackets<'a> {
    /// Creates a counter for a program that shows a bar.
    #[must_use]
    pub fn new(program: &'a str, bar: &ProgressBar) -> SkippedPackets<'a> {
        SkippedPackets {
            program,
            bar: bar.clone(),
            packets: 0,
        }
    }

    /// Returns whether a packet was written, given the result. Counts one that the savefile cannot hold.
    ///
    /// # Errors
    ///
    /// Any other failure.
    pub fn check_written(&mut self, number: u64, written: Outcome) -> Outcome<bool> {
        match written {
            Err(failure @ Failure::UnwritablePacket { .. }) => {
                self.count(number, failure);
                Ok(false)
            }
            written => written.map(|()| true),
        }
    }

    /// Counts a packet that the savefile cannot hold, and reports it if it is the first.
    pub fn count(&mut self, number: u64, why: impl Display) {
        self.packets += 1;
        if self.packets == 1 {
            let text = format!("packet {number}: {why}; such packets are skipped");
            self.bar
                .suspend(|| stderr::print_message(self.program, text));
        }
    }

    /// Returns how many packets were skipped, if any.
    #[must_use]
    pub fn packets(&self) -> Option<u64> {
        (self.packets > 0).then_some(self.packets)
    }

    /// Returns the result of the copy.
    ///
    /// # Errors
    ///
    /// If packets were skipped.
    pub fn outcome(&self) -> Outcome {
        match self.packets {
            0 => Ok(()),
            1 => Err(Failure::Reported),
            packets => Err(Failure::Text(format!(
                "{packets} packets skipped that the savefile cannot hold"
            ))),
        }
    }
}
