//! Reading many packets with one call.

use std::time::Duration;

use crate::capture::next::Patience;
use crate::capture::outcome::Next;
use crate::capture::{Capture, Readable};
use crate::error::Result;
use crate::packet::PacketBatch;

/// # Reading in batches
impl<S: Readable> Capture<S> {
    /// Replaces the packets of a batch with the next ones, after waiting for the first of them. Returns whether there
    /// are any.
    ///
    /// The call copies the packets that are available until the batch is full, and waits only for the first one, as
    /// [`next_packet`](Self::next_packet) does. It returns `false` where `next_packet` would return `None`.
    ///
    /// On a live capture, the call also returns one packet-buffer timeout after the first packet if packets keep
    /// arriving. On devices whose reads wait inside libpcap, such as D-Bus, it returns as soon as it has packets.
    ///
    /// # Errors
    ///
    /// The errors of [`next_packet`](Self::next_packet). If an error follows some packets, the call returns the
    /// packets, and the next read returns the error.
    ///
    /// # Examples
    ///
    /// ```
    /// # use pcap_core::{Capture, Dlt};
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join("a.pcap");
    /// # let mut dumper = Capture::dead(Dlt::EN10MB)?.dump(&path)?;
    /// # for n in [60, 1514, 90] { dumper.write_now(&vec![0; n])?; }
    /// # dumper.close()?;
    /// use pcap_core::PacketBatch;
    ///
    /// let mut capture = Capture::from_file(&path)?;
    /// let mut batch = PacketBatch::new();
    /// let mut longest = 0;
    /// while capture.read_batch(&mut batch)? {
    ///     for packet in &batch {
    ///         longest = longest.max(packet.wire_len());
    ///     }
    /// }
    /// assert_eq!(longest, 1514);
    /// # Ok::<(), pcap_core::Error>(())
    /// ```
    pub fn read_batch(&mut self, batch: &mut PacketBatch) -> Result<bool> {
        Ok(self.fill(batch, Patience::ForEver)? == Next::Packet(()))
    }

    /// Replaces the packets of a batch with the next ones, after waiting for the first of them for at most `timeout`.
    /// Returns [`Next::Packet`] if there are any. See [`read_batch`](Self::read_batch), and
    /// [`next_packet_timeout`](Self::next_packet_timeout) for the timeout.
    ///
    /// # Errors
    ///
    /// The errors of [`read_batch`](Self::read_batch).
    pub fn read_batch_timeout(
        &mut self,
        batch: &mut PacketBatch,
        timeout: Duration,
    ) -> Result<Next<()>> {
        self.fill(batch, Patience::For(timeout))
    }

    /// Replaces the packets of a batch with those that are available now. Returns [`Next::Packet`] if there are any.
    /// See [`read_batch`](Self::read_batch), and [`try_next_packet`](Self::try_next_packet) for what is available.
    ///
    /// # Errors
    ///
    /// The errors of [`read_batch`](Self::read_batch).
    pub fn try_read_batch(&mut self, batch: &mut PacketBatch) -> Result<Next<()>> {
        self.fill(batch, Patience::Never)
    }

    pub(super) fn fill(&mut self, batch: &mut PacketBatch, patience: Patience) -> Result<Next<()>> {
        batch.clear();
        self.look_for(patience, |state| state.fill(batch))
    }
}
