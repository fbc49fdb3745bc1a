//! The savefile that is written.

use pcap_core::Packet;
use pcap_examples::exit::Outcome;
use pcap_examples::savefile_summary::Summary;
use pcap_examples::savefile_writer::Savefile;

/// The savefile that is written.
pub(crate) struct Output {
    pub(crate) savefile: Savefile,
    summary: Summary,
}

impl Output {
    pub(crate) fn new(savefile: Savefile) -> Output {
        Output {
            savefile,
            summary: Summary::default(),
        }
    }

    /// Writes a packet, if there is one.
    pub(crate) fn take(&mut self, packet: Option<Packet<'_>>) -> Outcome {
        if let Some(packet) = packet {
            self.savefile.write(packet)?;
            self.summary.count(packet);
        }
        self.savefile.tick()
    }

    /// Completes the savefile. Also returns its summary.
    pub(crate) fn close(mut self) -> (Outcome, Summary) {
        self.summary.bytes = self.savefile.position();
        (self.savefile.close(), self.summary)
    }
}
