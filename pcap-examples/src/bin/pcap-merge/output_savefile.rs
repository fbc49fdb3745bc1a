//! The savefile that is written.

use pcap_core::Packet;
use pcap_examples::exit::Outcome;
use pcap_examples::savefile_summary::SavefileSummary;
use pcap_examples::savefile_writer::SavefileWriter;

/// The savefile that is written.
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

    /// Writes a packet, if there is one.
    pub(crate) fn write(&mut self, packet: Option<Packet<'_>>) -> Outcome {
        if let Some(packet) = packet {
            self.savefile.write(packet)?;
            self.summary.count(packet);
        }
        self.savefile.tick()
    }

    /// Completes the savefile. Also returns its summary.
    pub(crate) fn close(mut self) -> (Outcome, SavefileSummary) {
        self.summary.bytes = self.savefile.position();
        (self.savefile.close(), self.summary)
    }
}
