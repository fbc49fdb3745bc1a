//! Prints the list of savefiles on standard output.

use std::path::Path;
use std::{io, mem};

use indicatif::ProgressBar;
use pcap_examples::counted::{self, Counted, counted};
use pcap_examples::exit::{Failure, Outcome};
use pcap_examples::json::{JsonOutput, Object};
use pcap_examples::line_output::LineOutput;
use pcap_examples::savefile_summary::SavefileSummary;
use pcap_examples::stderr;

use crate::args::Args;

/// The list of savefiles. An error of standard output is reported only after all packets are written.
pub(crate) struct FileList {
    output: LineOutput,
    pub(crate) bar: ProgressBar,
    json: bool,
    quiet: bool,
    outcome: io::Result<()>,
    /// The number of savefiles listed.
    pub(crate) files: usize,
    /// The number of packets in these savefiles.
    pub(crate) packets: u64,
    /// The number of savefiles that could not be completed.
    pub(crate) incomplete: usize,
}

impl FileList {
    pub(crate) fn new(args: &Args, bar: &ProgressBar) -> FileList {
        FileList {
            output: LineOutput::stdout(),
            bar: bar.clone(),
            json: args.json,
            quiet: args.quiet,
            outcome: Ok(()),
            files: 0,
            packets: 0,
            incomplete: 0,
        }
    }

    /// Adds a savefile to the list.
    pub(crate) fn add(&mut self, summary: &SavefileSummary, path: &Path) {
        self.files += 1;
        self.packets += summary.packets;
        if self.json {
            self.line(|out| summary.push_json(out, path));
        } else {
            self.line(|out| summary.push_line(out, path));
        }
    }

    fn line(&mut self, add: impl FnOnce(&mut Vec<u8>)) {
        if self.outcome.is_ok() && !self.quiet {
            self.outcome = self.bar.suspend(|| self.output.print_line(add));
        }
    }

    /// Prints the totals. Returns the outcome of the split.
    ///
    /// # Errors
    ///
    /// Returns the failure of the split, or the first error of standard output.
    pub(crate) fn finish(
        &mut self,
        read: u64,
        unwritable: Option<u64>,
        mut outcome: Outcome,
    ) -> Outcome {
        let (files, packets, incomplete) = (self.files, self.packets, self.incomplete);
        if self.json && self.outcome.is_ok() && !self.quiet {
            outcome = JsonOutput::Stdout.print_summary(outcome, |out| {
                Object::of_type(out, "summary")
                    .plain("read", read)
                    .plain("packets", packets)
                    .plain("files", files)
                    .plain("incomplete", incomplete)
                    .some_plain("left_out", unwritable)
            });
        }
        if self.outcome.is_ok() {
            self.outcome = self.output.flush();
        }
        if !self.quiet {
            stderr::print_line(format_args!(
                "{packets} of {} in {}",
                counted::packets(read),
                counted(files as u64, "savefile")
            ));
            if incomplete > 0 {
                let further = Counted::new(
                    incomplete as u64,
                    "further savefile is",
                    "further savefiles are",
                );
                stderr::print_line(format_args!("{further} incomplete"));
            }
        }
        let listed = mem::replace(&mut self.outcome, Ok(()));
        outcome.and(listed.map_err(Failure::from))
    }
}
