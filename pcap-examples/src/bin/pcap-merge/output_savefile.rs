//! Writes the output.

use pcap_core::Packet;
use pcap_examples::exit::Outcome;
use pcap_examples::savefile_summary::SavefileSummary;
use pcap_examples::savefile_writer::SavefileWriter;

/// A savefile to write, with the summary of its packets.
pub(crate) struct OutputSavefile {
    pub(crate) savefile: SavefileWriter,
    summary: SavefileSummary,
}

impl OutputSavefile {
    pub(crate) fn new(savefile: SavefileWriter) -> OutputSavefile {
        OutputSavefile {
            savefile,
            summary: SavefileSummary::default(),
        }
    }

    /// Writes a packet, if there is one, and flushes packets that have waited long enough.
    pub(crate) fn write(&mut self, packet: Option<Packet<'_>>) -> Outcome {
        if let Some(packet) = packet {
            self.savefile.write(packet)?;
            self.summary.count(packet);
        }
        self.savefile.tick()
    }

    /// Closes the savefile, and returns its summary.
    pub(crate) fn close(mut self) -> (Outcome, SavefileSummary) {
        self.summary.bytes = self.savefile.position();
        (self.savefile.close(), self.summary)
    }
}
