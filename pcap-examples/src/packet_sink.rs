//! The outputs of a capture: prints packets, writes them to a savefile, or both.

use std::time::Instant;

use pcap_core::Packet;

use crate::background_writer::{BackgroundWriter, Totals};
use crate::exit::{Failure, Outcome};
use crate::line_output::LineOutput;
use crate::packet_printer::PacketPrinter;
use crate::savefile_writer::SavefileWriter;

/// Prints, writes and counts packets.
#[derive(Debug)]
pub struct PacketSink {
    printer: Option<PacketPrinter>,
    output: LineOutput,
    savefile: Option<SavefileWriter>,
    received: Totals,
    is_failed: bool,
}

impl PacketSink {
    /// Creates a sink that prints packets if there is a printer, and writes them if there is a savefile.
    #[must_use]
    pub fn new(printer: Option<PacketPrinter>, savefile: Option<SavefileWriter>) -> PacketSink {
        PacketSink {
            printer,
            output: LineOutput::stdout(),
            savefile,
            received: Totals::default(),
            is_failed: false,
        }
    }

    /// Sets whether each printed line is written immediately. Default: `false`, but `true` on a terminal.
    #[must_use]
    pub fn line_buffered(mut self, on: bool) -> PacketSink {
        self.output = self.output.line_buffered(on);
        self
    }

    /// Writes and prints a packet. After an error, only counts packets.
    ///
    /// # Errors
    ///
    /// Returns an error if the savefile or standard output has failed.
    pub fn write(&mut self, packet: Packet<'_>) -> Outcome {
        self.received.add(packet.wire_len());
        if self.is_failed {
            return Ok(());
        }
        let written = self.write_and_print(packet);
        self.is_failed = written.is_err();
        written
    }

    fn write_and_print(&mut self, packet: Packet<'_>) -> Outcome {
        if let Some(savefile) = &mut self.savefile {
            savefile.write(packet)?;
        }
        if let Some(printer) = &mut self.printer {
            let print = |out: &mut Vec<u8>| printer.push(out, packet);
            self.output.print_packet(packet.wire_len(), print)?;
        }
        Ok(())
    }

    /// Flushes the dumper of the savefile if packets have waited in it long enough.
    ///
    /// # Errors
    ///
    /// Returns an error if the savefile or standard output has failed.
    pub fn tick(&mut self, now: Instant) -> Outcome {
        let written = self.savefile.as_mut().map_or(Ok(()), |s| s.tick_at(now));
        let printed = match self.printer {
            Some(_) => BackgroundWriter::stdout().check().map_err(Failure::Stdout),
            None => Ok(()),
        };
        let ticked = written.and(printed);
        self.is_failed |= ticked.is_err();
        ticked
    }

    /// Flushes the dumper of the savefile. Call this when no packet has arrived for a while.
    ///
    /// # Errors
    ///
    /// Returns an error if the savefile has failed.
    pub fn flush_dumper(&mut self) -> Outcome {
        let flushed = self
            .savefile
            .as_mut()
            .map_or(Ok(()), SavefileWriter::flush_dumper);
        self.is_failed |= flushed.is_err();
        flushed
    }

    /// Requests that all packets are written to the savefile now, without waiting for it.
    ///
    /// # Errors
    ///
    /// Returns an error if the savefile has failed.
    pub fn request_flush(&mut self) -> Outcome {
        let flushed = self
            .savefile
            .as_mut()
            .map_or(Ok(()), SavefileWriter::request_flush);
        self.is_failed |= flushed.is_err();
        flushed
    }

    /// Closes the savefile and flushes the printed lines.
    ///
    /// # Errors
    ///
    /// Returns an error if the savefile or the lines are not complete.
    pub fn close(&mut self) -> Outcome {
        let closed = self.savefile.as_mut().map_or(Ok(()), SavefileWriter::close);
        let printed = match self.printer {
            Some(_) => self.output.flush().map_err(Failure::Stdout),
            None => Ok(()),
        };
        closed.and(printed)
    }

    /// Returns whether the savefile or standard output has failed.
    #[must_use]
    pub fn is_failed(&self) -> bool {
        self.is_failed
    }

    /// Returns the totals of all packets passed to [`write`](Self::write).
    #[must_use]
    pub fn received(&self) -> Totals {
        self.received
    }

    /// Returns the background writer that counts the packets written: that of the savefile, or of standard output if
    /// there is no savefile.
    #[must_use]
    pub fn background_writer(&self) -> &BackgroundWriter {
        match &self.savefile {
            Some(savefile) => savefile.background_writer(),
            None => BackgroundWriter::stdout(),
        }
    }
}
