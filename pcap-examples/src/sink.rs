//! Where captured packets go: to standard output, to a savefile, or to both.

use pcap_core::Packet;

use crate::exit::Outcome;
use crate::output::Output;
use crate::printer::Printer;
use crate::savefile::Savefile;

/// Takes packets, and counts them.
#[derive(Debug)]
pub struct Sink {
    printer: Option<Printer>,
    output: Output,
    savefile: Option<Savefile>,
    flush_each: bool,
    packets: u64,
    bytes: u64,
}

impl Sink {
    /// Prints packets if there is a printer, and writes them if there is a savefile; with `flush_each`
    /// each packet is in the savefile at once.
    #[must_use]
    pub fn new(printer: Option<Printer>, savefile: Option<Savefile>, flush_each: bool) -> Sink {
        Sink {
            printer,
            output: Output::stdout(),
            savefile,
            flush_each,
            packets: 0,
            bytes: 0,
        }
    }

    /// How many packets it has taken.
    #[must_use]
    pub fn packets(&self) -> u64 {
        self.packets
    }

    /// How many bytes they had on the wire.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Where lines go.
    pub fn output(&mut self) -> &mut Output {
        &mut self.output
    }

    /// Takes a packet.
    ///
    /// # Errors
    ///
    /// If the savefile or standard output does not take it.
    pub fn take(&mut self, packet: Packet<'_>) -> Outcome {
        if let Some(savefile) = &mut self.savefile {
            savefile.write(packet)?;
            if self.flush_each {
                savefile.flush()?;
            }
        }
        self.packets += 1;
        self.bytes += u64::from(packet.len());
        if let Some(printer) = &mut self.printer {
            self.output.line(|out| printer.push(out, packet))?;
        }
        Ok(())
    }

    /// Completes the savefile and the lines.
    ///
    /// # Errors
    ///
    /// If either is not complete.
    pub fn close(&mut self) -> Outcome {
        let closed = self.savefile.take().map_or(Ok(()), Savefile::close);
        self.output.flush()?;
        closed
    }
}
