//! What became of a queue of packets when one of them could not be sent.

use super::{Error, ErrorKind};

/// Which packet of a [`SendQueue`](crate::SendQueue) was not sent, why, and what was sent before it: part of the
/// [`Error`], by [`unsent`](Error::unsent).
///
/// # Examples
///
/// Packets that the device does not take are skipped:
///
/// ```no_run
/// # fn send(capture: &pcap_core::Capture<pcap_core::Active>, queue: &pcap_core::SendQueue) -> pcap_core::Result<()> {
/// use pcap_core::ErrorKind;
///
/// let mut next = 0;
/// while let Err(error) = capture.inject_queue_range(queue, next..) {
///     let Some(unsent) = error.unsent().filter(|_| error.kind() != ErrorKind::Break) else {
///         return Err(error);
///     };
///     eprintln!("packet {} was not sent: {}", unsent.index(), unsent.error());
///     next = unsent.index() + 1;
/// }
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct Unsent {
    error: Error,
    index: usize,
    packets: usize,
    bytes: usize,
}

impl Unsent {
    pub(crate) fn new(error: Error, index: usize, packets: usize, bytes: usize) -> Unsent {
        Unsent {
            error,
            index,
            packets,
            bytes,
        }
    }

    /// Returns why the packet was not sent, as [`inject`](crate::Capture::inject) reports it for one packet: without the
    /// numbers, which the error that has this adds to its text.
    #[must_use]
    pub fn error(&self) -> &Error {
        &self.error
    }

    /// Returns what kind of failure it is: that of [`error`](Self::error).
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.error.kind()
    }

    /// Returns which packet of the queue was not sent; the first is 0. All packets to be sent before it were
    /// sent, and none behind it.
    #[must_use]
    pub fn index(&self) -> usize {
        self.index
    }

    /// Returns how many packets were sent.
    #[must_use]
    pub fn packets(&self) -> usize {
        self.packets
    }

    /// Returns how many bytes these had together.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }
}

impl From<Unsent> for Error {
    fn from(unsent: Unsent) -> Error {
        let Unsent { index, packets, .. } = unsent;
        let place = format!(
            "; sent before: {packets}, not sent: number {index} of the queue and what follows"
        );
        unsent.error.clone().with(|error| {
            error.text.push_str(&place);
            error.unsent = Some(unsent);
        })
    }
}
