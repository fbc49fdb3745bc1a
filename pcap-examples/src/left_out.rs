//! Packets that a savefile cannot hold: one rule for all programs that copy packets.

use std::fmt::Display;

use indicatif::ProgressBar;

use crate::exit::{self, Failure, Outcome};

/// What `--help` says of it.
pub const HELP: &str = "\
Packets that the savefile cannot hold, such as those of a time before 1970 or after 2106, are left
out and counted; the first is reported, and the status is 1.";

/// Leaves packets out that a savefile cannot hold, and counts them.
#[derive(Debug)]
pub struct LeftOut<'a> {
    program: &'a str,
    bar: ProgressBar,
    packets: u64,
}

impl<'a> LeftOut<'a> {
    /// Makes one for a program that shows a bar, with no packet left out yet.
    #[must_use]
    pub fn new(program: &'a str, bar: &ProgressBar) -> LeftOut<'a> {
        LeftOut {
            program,
            bar: bar.clone(),
            packets: 0,
        }
    }

    /// Returns whether a packet was written, by what came of that: one that the savefile cannot hold
    /// is counted.
    ///
    /// # Errors
    ///
    /// Why it was not written, if that is not the packet's fault.
    pub fn sort(&mut self, number: u64, written: Outcome) -> Outcome<bool> {
        match written {
            Err(failure @ Failure::Unfit { .. }) => {
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
            let text = format!("packet {number}: {why}; what is like that is left out");
            self.bar.suspend(|| exit::say(self.program, text));
        }
    }

    /// Returns how many packets were left out, if any were.
    #[must_use]
    pub fn packets(&self) -> Option<u64> {
        (self.packets > 0).then_some(self.packets)
    }

    /// Returns what the copy comes to.
    ///
    /// # Errors
    ///
    /// If packets were left out.
    pub fn outcome(&self) -> Outcome {
        match self.packets {
            0 => Ok(()),
            1 => Err(Failure::Reported),
            packets => Err(Failure::Text(format!(
                "{packets} packets are left out that the savefile cannot hold"
            ))),
        }
    }
}
