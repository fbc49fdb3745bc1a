//! Tracks the progress of a program that copies packets from one savefile to another.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use indicatif::ProgressBar;

use crate::background_writer::BackgroundWriter;
use crate::counted;
use crate::exit::Outcome;
use crate::json::{JsonOutput, Object};
use crate::packet_counter::PacketCounter;
use crate::savefile_writer::SavefileWriter;
use crate::signals;
use crate::stderr;

/// Counts the packets read and written, and handles SIGUSR1 and SIGUSR2.
#[derive(Clone, Debug)]
pub struct CopyProgress {
    read: Arc<PacketCounter>,
    /// That of the output, once it exists.
    background_writer: Arc<OnceLock<BackgroundWriter>>,
    bar: ProgressBar,
}

impl CopyProgress {
    /// Starts counting for an output savefile. Messages are printed above the progress bar.
    #[must_use]
    pub fn new(savefile: &SavefileWriter, bar: &ProgressBar) -> CopyProgress {
        let copy_progress = CopyProgress::without_output(bar);
        copy_progress.set_output(savefile);
        copy_progress
    }

    /// Starts counting before the output is created. Messages are printed above the progress bar.
    #[must_use]
    pub fn without_output(bar: &ProgressBar) -> CopyProgress {
        let copy_progress = CopyProgress {
            read: Arc::default(),
            background_writer: Arc::default(),
            bar: bar.clone(),
        };
        let shared = copy_progress.clone();
        signals::on_report(move || shared.bar.suspend(|| shared.print()));
        let background_writer = Arc::clone(&copy_progress.background_writer);
        signals::on_flush(move || {
            if let Some(background_writer) = background_writer.get() {
                background_writer.request_flush();
            }
        });
        copy_progress
    }

    /// Sets the output savefile, unless it is known.
    pub fn set_output(&self, savefile: &SavefileWriter) {
        self.background_writer
            .get_or_init(|| savefile.background_writer().clone());
    }

    /// Sets the number of packets read so far.
    pub fn set_read(&self, packets: u64) {
        self.read.set(packets);
    }

    /// Returns the number of packets written to the savefile.
    #[must_use]
    pub fn written(&self) -> u64 {
        let output = self.background_writer.get();
        output.map_or(0, |output| output.written_totals().packets)
    }

    /// Returns the number of bytes written to the savefile, before compression.
    #[must_use]
    pub fn length(&self) -> u64 {
        let output = self.background_writer.get();
        output.map_or(0, |output| output.written_bytes())
    }

    /// Returns the number of packets that should be in the savefile but were not written.
    #[must_use]
    pub fn unwritten(&self) -> u64 {
        let output = self.background_writer.get();
        output.map_or(0, |output| output.unwritten_packets())
    }

    /// Prints the numbers on standard error unless `is_quiet`, and with `is_json` also as a line of JSON, which goes to
    /// standard error if the savefile goes to standard output. Returns the outcome of the copy.
    ///
    /// # Errors
    ///
    /// Returns the failure of the copy, or the error of standard output.
    pub fn report(
        &self,
        is_quiet: bool,
        is_json: bool,
        output: &Path,
        outcome: Outcome,
    ) -> Outcome {
        match is_quiet {
            true => stderr::print_unwritten(self.unwritten()),
            false => self.print(),
        }
        if !is_json {
            return outcome;
        }
        let unwritten = Some(self.unwritten()).filter(|&count| count > 0);
        JsonOutput::beside(output == Path::new("-")).print_summary(outcome, |out| {
            Object::of_type(out, "summary")
                .number("read", self.read.get())
                .number("written", self.written())
                .some_number("not_written", unwritten)
        })
    }

    /// Prints on standard error how many packets were read, and how many of them were written.
    pub fn print(&self) {
        let (written, read) = (self.written(), counted::packets(self.read.get()));
        stderr::print_line(format_args!("{written} of {read}"));
        stderr::print_unwritten(self.unwritten());
    }
}
