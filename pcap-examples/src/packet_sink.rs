//! The outputs of a capture: prints packets, writes them to a savefile, or both.

use std::io;
use std::time::Instant;

use pcap_core::{Packet, Stats};

use crate::background_writer::{BackgroundWriter, Totals, WrittenTotals};
use crate::exit::{Failure, Outcome};
use crate::line_output::LineOutput;
use crate::packet_printer::PacketPrinter;
use crate::rotation::Output;

/// Prints, writes and counts packets.
#[derive(Debug)]
pub struct PacketSink {
    printer: Option<PacketPrinter>,
    output: LineOutput,
    savefile: Option<Output>,
    received: Totals,
    /// Whether no more packets can be written.
    is_failed: bool,
    /// The failure of standard output, after which packets are only written to the savefile.
    printing_failure: Option<PrintingFailure>,
}

/// Why packets are no longer printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PrintingFailure {
    /// The reader has closed the pipe, because it needs no more packets.
    BrokenPipe,
    Other,
}

impl PacketSink {
    /// Creates a sink that prints packets if there is a printer, and writes them if there is an output for savefiles.
    #[must_use]
    pub fn new(printer: Option<PacketPrinter>, savefile: Option<Output>) -> PacketSink {
        PacketSink {
            printer,
            output: LineOutput::stdout(),
            savefile,
            received: Totals::default(),
            is_failed: false,
            printing_failure: None,
        }
    }

    /// Sets the output of printed lines.
    #[must_use]
    pub fn output(mut self, output: LineOutput) -> PacketSink {
        self.output = output;
        self
    }

    /// Writes and prints a packet of the interface with this number. After an error, writes packets to the savefile if
    /// only printing has failed, and otherwise only counts them. Returns `false` if the output is complete, and the packet
    /// does not count.
    ///
    /// # Errors
    ///
    /// Returns an error if the savefile or standard output has failed.
    pub fn write(&mut self, interface: usize, packet: Packet<'_>) -> Outcome<bool> {
        if self.is_failed {
            self.received.add(packet.wire_len());
            return Ok(true);
        }
        let savefile = self.savefile.as_mut();
        let written = savefile.map_or(Ok(true), |savefile| savefile.write(interface, packet));
        self.is_failed = written.is_err();
        if !matches!(written, Ok(false)) {
            self.received.add(packet.wire_len());
        }
        let is_counted = written?;
        if let (true, Some(printer)) = (is_counted, &mut self.printer) {
            let print = |out: &mut Vec<u8>| printer.push_from(interface, out, packet);
            let printed = self.output.print_packet(packet.wire_len(), print);
            self.note_printing(printed)?;
        }
        Ok(is_counted)
    }

    /// After a failure of standard output, stops printing.
    fn note_printing(&mut self, printed: io::Result<()>) -> Outcome {
        let printed = printed.map_err(Failure::Stdout);
        if let Err(failure) = &printed {
            self.printer = None;
            self.is_failed |= self.savefile.is_none();
            self.printing_failure = Some(match failure.is_broken_pipe() {
                true => PrintingFailure::BrokenPipe,
                false => PrintingFailure::Other,
            });
        }
        printed
    }

    /// Returns the outputs that are used now: that of the savefile, and standard output.
    #[inline]
    pub fn background_writers(&self) -> impl Iterator<Item = &BackgroundWriter> {
        let savefile = self.savefile.as_ref().and_then(Output::background_writer);
        let printed = self.printer.as_ref().map(|_| BackgroundWriter::stdout());
        savefile.into_iter().chain(printed)
    }

    /// Returns whether the capture must end. See [`Output::must_end`].
    #[must_use]
    pub fn must_end(&self) -> bool {
        self.savefile.as_ref().is_some_and(Output::must_end)
    }

    /// Sets the statistics of an interface so far, for the savefiles that have them.
    pub fn set_statistics(&mut self, interface: usize, stats: Stats) {
        if let Some(savefile) = &mut self.savefile {
            savefile.set_statistics(interface, stats);
        }
    }

    /// Returns the output for savefiles.
    #[must_use]
    pub fn savefile(&self) -> Option<&Output> {
        self.savefile.as_ref()
    }

    /// Returns the output for savefiles.
    pub fn savefile_mut(&mut self) -> Option<&mut Output> {
        self.savefile.as_mut()
    }

    /// Flushes the dumper of the savefile if packets have waited in it long enough.
    ///
    /// # Errors
    ///
    /// Returns an error if the savefile or standard output has failed.
    pub fn tick(&mut self, now: Instant) -> Outcome {
        let written = self.savefile.as_mut().map_or(Ok(()), |s| s.tick(now));
        self.is_failed |= written.is_err();
        let printed = match self.printer {
            Some(_) => self.note_printing(BackgroundWriter::stdout().check()),
            None => Ok(()),
        };
        written.and(printed)
    }

    /// Flushes the dumper of the savefile. Call this when no packet has arrived for a while.
    ///
    /// # Errors
    ///
    /// Returns an error if the savefile has failed.
    pub fn flush_dumper(&mut self) -> Outcome {
        let flushed = self.savefile.as_mut().map_or(Ok(()), Output::flush_dumper);
        self.is_failed |= flushed.is_err();
        flushed
    }

    /// Requests that all packets are written to the savefile now, without waiting for it.
    ///
    /// # Errors
    ///
    /// Returns an error if the savefile has failed.
    pub fn request_flush(&mut self) -> Outcome {
        let flushed = self.savefile.as_mut().map_or(Ok(()), Output::request_flush);
        self.is_failed |= flushed.is_err();
        flushed
    }

    /// Closes the savefile and flushes the printed lines.
    ///
    /// # Errors
    ///
    /// Returns an error if the savefile or the lines are not complete.
    pub fn close(&mut self) -> Outcome {
        let closed = self.savefile.as_mut().map_or(Ok(()), Output::close);
        let printed = match self.printer {
            Some(_) => self.output.flush().map_err(Failure::Stdout),
            None => Ok(()),
        };
        closed.and(printed)
    }

    /// Returns whether the savefile or standard output has failed, and the packets that have already arrived must still
    /// be passed to [`write`](Self::write): to be written to the savefile, or at least counted. If the reader of printed
    /// packets has gone away, it needs no more of them.
    #[must_use]
    pub fn has_failed_before_end(&self) -> bool {
        match self.printing_failure {
            Some(PrintingFailure::BrokenPipe) => self.savefile.is_some(),
            Some(PrintingFailure::Other) => true,
            None => self.is_failed,
        }
    }

    /// Returns the totals of all packets passed to [`write`](Self::write).
    #[must_use]
    pub fn received(&self) -> Totals {
        self.received
    }

    /// Returns the totals of the packets written: to savefiles, or to standard output if there are none.
    #[must_use]
    pub fn written(&self) -> WrittenTotals {
        match &self.savefile {
            Some(savefile) => savefile.written().clone(),
            None => BackgroundWriter::stdout().clone().into(),
        }
    }
}
