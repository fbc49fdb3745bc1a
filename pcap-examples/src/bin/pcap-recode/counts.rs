//! The summary of `pcap-recode`.

use std::collections::BTreeMap;

use pcap_examples::counted::{self, Counted};
use pcap_examples::exit::Outcome;
use pcap_examples::json::{JsonOutput, Object};
use pcap_examples::link_converter::Inconvertible;
use pcap_examples::stderr;

use crate::args::Args;

/// The numbers of packets that were written, skipped or changed.
#[derive(Default)]
pub(crate) struct Counts {
    pub(crate) written: u64,
    pub(crate) skipped: BTreeMap<Inconvertible, u64>,
    pub(crate) truncated: u64,
    pub(crate) untagged: u64,
    pub(crate) unwritable: Option<u64>,
    /// The number of blocks that were removed because addresses are anonymized.
    pub(crate) removed_blocks: u64,
}

impl Counts {
    /// Prints the summary. Returns the outcome of the copy.
    pub(crate) fn report(&self, args: &Args, read: u64, outcome: Outcome) -> Outcome {
        let skipped: u64 = self.skipped.values().sum();
        if !args.quiet {
            stderr::print_line(format_args!(
                "{} of {}",
                self.written,
                counted::packets(read)
            ));
            if skipped > 0 {
                let reason = |(inconvertible, count): (&Inconvertible, &u64)| {
                    format!("{count} {inconvertible}")
                };
                let reasons: Vec<_> = self.skipped.iter().map(reason).collect();
                stderr::print_line(format_args!("{skipped} skipped: {}", reasons.join(", ")));
            }
            if self.truncated > 0 {
                stderr::print_line(format_args!("{} truncated", self.truncated));
            }
            if self.untagged > 0 {
                stderr::print_line(format_args!("{} lost their VLAN tags", self.untagged));
            }
        }
        if self.removed_blocks > 0 && !args.quiet {
            stderr::print_line(format_args!(
                "{} removed",
                Counted::new(
                    self.removed_blocks,
                    "block that may identify people and systems",
                    "blocks that may identify people and systems"
                )
            ));
        }
        if !args.json {
            return outcome;
        }
        JsonOutput::beside(args.is_to_stdout()).print_summary(outcome, |out| {
            Object::of_type(out, "summary")
                .plain("read", read)
                .plain("written", self.written)
                .plain("skipped", skipped)
                .member("reasons", |out| {
                    let reasons = self.skipped.iter();
                    reasons
                        .fold(Object::new(out), |object, (inconvertible, count)| {
                            object.plain(&inconvertible.to_string(), count)
                        })
                        .end();
                })
                .plain("cut", self.truncated)
                .plain("untagged", self.untagged)
                .some_plain("left_out", self.unwritable)
                .some_plain(
                    "removed_blocks",
                    (self.removed_blocks > 0).then_some(self.removed_blocks),
                )
        })
    }
}
