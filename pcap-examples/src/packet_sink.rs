//! Prints captured packets, writes them to a savefile, or both.

use std::time::Instant;

use pcap_core::Packet;

use crate::background_writer::{Outlet, Tally};
use crate::exit::{Failure, Outcome};
use crate::line_output::Output;
use crate::packet_printer::Printer;
use crate::savefile_writer::Savefile;

/// Prints, writes and counts packets.
#[derive(Debug)]
pub struct Sink {
    printer: Option<Printer>,
    output: Output,
    savefile: Option<Savefile>,
    taken: Tally,
    is_failed: bool,
}

impl Sink {
    /// Prints packets if there is a printer, and writes them if there is a savefile.
    #[must_use]
    pub fn new(printer: Option<Printer>, savefile: Option<Savefile>) -> Sink {
        Sink {
            printer,
            output: Output::stdout(),
            savefile,
            taken: Tally::default(),
            is_failed: false,
        }
    }

    /// Writes and prints a packet. After an error it only counts packets.
    ///
    /// # Errors
    ///
    /// If the savefile or standard output has failed.
    pub fn take(&mut self, packet: Packet<'_>) -> Outcome {
        self.taken.add(packet.wire_len());
        if self.is_failed {
            return Ok(());
        }
        let taken = self.hand_on(packet);
        self.is_failed = taken.is_err();
        taken
    }

    fn hand_on(&mut self, packet: Packet<'_>) -> Outcome {
        if let Some(savefile) = &mut self.savefile {
            savefile.write(packet)?;
        }
        if let Some(printer) = &mut self.printer {
            let print = |out: &mut Vec<u8>| printer.push(out, packet);
            self.output.packet(packet.wire_len(), print)?;
        }
        Ok(())
    }

    /// Hands packets on that have waited long enough.
    ///
    /// # Errors
    ///
    /// If the savefile or standard output has failed.
    pub fn tick(&mut self, now: Instant) -> Outcome {
        let written = self.savefile.as_mut().map_or(Ok(()), |s| s.tick_at(now));
        let printed = match self.printer {
            Some(_) => Outlet::stdout().check().map_err(Failure::Stdout),
            None => Ok(()),
        };
        let ticked = written.and(printed);
        self.is_failed |= ticked.is_err();
        ticked
    }

    /// Hands all packets on, for a time when there is nothing else to do.
    ///
    /// # Errors
    ///
    /// If the savefile has failed.
    pub fn hand_over(&mut self) -> Outcome {
        let handed = self.savefile.as_mut().map_or(Ok(()), Savefile::hand_over);
        self.is_failed |= handed.is_err();
        handed
    }

    /// Requests that all packets are written now, without waiting for that.
    ///
    /// # Errors
    ///
    /// If the savefile has failed.
    pub fn flush(&mut self) -> Outcome {
        let flushed = self.savefile.as_mut().map_or(Ok(()), Savefile::flush);
        self.is_failed |= flushed.is_err();
        flushed
    }

    /// Completes the savefile and the lines.
    ///
    /// # Errors
    ///
    /// If either is not complete.
    pub fn close(&mut self) -> Outcome {
        let closed = self.savefile.as_mut().map_or(Ok(()), Savefile::close);
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

    /// Returns all packets that it was given.
    #[must_use]
    pub fn taken(&self) -> Tally {
        self.taken
    }

    /// Returns the outlet that counts the packets: of the savefile, or else of standard output.
    #[must_use]
    pub fn outlet(&self) -> &Outlet {
        match &self.savefile {
            Some(savefile) => savefile.outlet(),
            None => Outlet::stdout(),
        }
    }
}
