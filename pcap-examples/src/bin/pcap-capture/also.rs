//! The further outputs of `--also`, each with its own filter.

use std::path::{Path, PathBuf};
use std::time::Instant;

use pcap_core::{Active, Capture, CompileOptions, Filter, Packet, Stats};
use pcap_examples::background_writer::{BackgroundWriter, Totals};
use pcap_examples::exit::{Failure, Outcome};
use pcap_examples::options::also::AlsoArg;
use pcap_examples::rotation::Output;
use pcap_examples::signals;
use pcap_examples::statistics::OutputCounts;

use crate::args::NAME;

/// A further output.
pub(crate) struct Also {
    expression: String,
    path: PathBuf,
    /// The filters, by interface.
    filters: Vec<Filter>,
    output: Output,
    received: Totals,
    has_failed: bool,
}

impl Also {
    pub(crate) fn new(arg: &AlsoArg, path: &Path, filters: Vec<Filter>, output: Output) -> Also {
        Also {
            expression: arg.expression.clone(),
            path: path.to_owned(),
            filters,
            output,
            received: Totals::default(),
            has_failed: false,
        }
    }

    /// Writes a packet if it passes the filter. After an error, only counts packets.
    #[inline]
    pub(crate) fn write(&mut self, interface: usize, packet: Packet<'_>) {
        let filter = self.filters.get(interface);
        if !filter.is_some_and(|filter| filter.matches_packet(packet)) {
            return;
        }
        self.received.add(packet.wire_len());
        if !self.has_failed {
            let written = self.output.write(interface, packet);
            self.note(written.map(drop));
        }
    }

    pub(crate) fn tick(&mut self, now: Instant) {
        if !self.has_failed {
            let ticked = self.output.tick(now);
            self.note(ticked);
        }
    }

    pub(crate) fn flush_dumper(&mut self) {
        if !self.has_failed {
            let flushed = self.output.flush_dumper();
            self.note(flushed);
        }
    }

    pub(crate) fn request_flush(&mut self) {
        if !self.has_failed {
            let flushed = self.output.request_flush();
            self.note(flushed);
        }
    }

    /// Returns the output that is used now.
    pub(crate) fn background_writer(&self) -> Option<&BackgroundWriter> {
        self.output.background_writer().filter(|_| !self.has_failed)
    }

    pub(crate) fn set_statistics(&mut self, interface: usize, stats: Stats) {
        self.output.set_statistics(interface, stats);
    }

    /// Returns whether the capture must end, because the disk is almost full.
    pub(crate) fn must_end(&self) -> bool {
        !self.has_failed && self.output.must_end()
    }

    /// Closes the output. If it has failed, that was reported already.
    pub(crate) fn close(&mut self) -> Outcome {
        let closed = self.output.close();
        match self.has_failed {
            true => Err(Failure::Reported),
            false => closed,
        }
    }

    pub(crate) fn counts(&self) -> OutputCounts {
        OutputCounts {
            path: self.path.display().to_string(),
            filter: self.expression.clone(),
            received: self.received,
            written: self.output.written().clone(),
        }
    }

    /// Reports the first failure. The capture continues without this output.
    fn note(&mut self, outcome: Outcome) {
        if let Err(failure) = outcome {
            self.has_failed = true;
            failure.report(NAME);
        }
    }
}

/// Compiles the filter of a further output for the packets of a capture.
pub(crate) fn compile(
    capture: &Capture<Active>,
    expression: &str,
    options: CompileOptions,
) -> Outcome<Filter> {
    let compile = || options.compile_for(capture, expression);
    let filter = signals::while_killable(compile)?;
    if filter.runs_on_bytes() {
        return Ok(filter);
    }
    let text = format!(
        "cannot use `{expression}` with --also: only the kernel can evaluate it, as the filter of the device"
    );
    Err(Failure::Text(text))
}
