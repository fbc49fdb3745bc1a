//! The list of the savefiles, on standard output.

use std::{io, mem};

use indicatif::ProgressBar;
use pcap_examples::exit::{self, Failure, Outcome};
use pcap_examples::json;
use pcap_examples::line_output::Output;
use pcap_examples::numbered_files::Names;
use pcap_examples::savefile_summary::Summary;

use crate::args::Args;

/// The list of the savefiles on standard output. An error of the output is reported after all packets are written.
pub(crate) struct List {
    output: Output,
    pub(crate) bar: ProgressBar,
    json: bool,
    quiet: bool,
    outcome: io::Result<()>,
    /// The number of savefiles listed, and of the packets in them.
    pub(crate) files: usize,
    pub(crate) packets: u64,
    /// The number of savefiles that could not be completed.
    pub(crate) incomplete: usize,
}

impl List {
    pub(crate) fn new(args: &Args, bar: &ProgressBar) -> List {
        List {
            output: Output::stdout(),
            bar: bar.clone(),
            json: args.json,
            quiet: args.quiet,
            outcome: Ok(()),
            files: 0,
            packets: 0,
            incomplete: 0,
        }
    }

    /// Lists a savefile.
    pub(crate) fn file(&mut self, summary: &Summary, names: &Names, number: usize) {
        self.files += 1;
        self.packets += summary.packets;
        let path = names.path(number);
        if self.json {
            self.line(|out| summary.push_json(out, &path));
        } else {
            self.line(|out| summary.push_line(out, &path));
        }
    }

    fn line(&mut self, add: impl FnOnce(&mut Vec<u8>)) {
        if self.outcome.is_ok() && !self.quiet {
            self.outcome = self.bar.suspend(|| self.output.line(add));
        }
    }

    /// Ends the list with the totals.
    pub(crate) fn end(
        &mut self,
        read: u64,
        left_out: Option<u64>,
        failure: Option<&Failure>,
    ) -> Outcome {
        let (files, packets, incomplete) = (self.files, self.packets, self.incomplete);
        if self.json {
            self.line(|out| {
                json::Object::new(out)
                    .text("type", "summary")
                    .plain("read", read)
                    .plain("packets", packets)
                    .plain("files", files)
                    .plain("incomplete", incomplete)
                    .some_plain("left_out", left_out)
                    .some_text("error", failure)
                    .end();
                out.push(b'\n');
            });
        }
        if self.outcome.is_ok() {
            self.outcome = self.output.flush();
        }
        if !self.quiet {
            exit::note(format_args!(
                "{packets} of {read} packets in {files} savefiles"
            ));
            if incomplete > 0 {
                exit::note(format_args!("{incomplete} more are incomplete"));
            }
        }
        let listed = mem::replace(&mut self.outcome, Ok(()));
        Ok(listed?)
    }
}
