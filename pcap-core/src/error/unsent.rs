//! The progress of a send queue that was not sent completely.

use std::sync::Arc;

use super::{Error, ErrorKind};

/// The progress of a [`SendQueue`](crate::SendQueue) that was not sent completely: the packet that was not sent, the
/// reason, and the number of packets and bytes sent before it. Returned by [`Error::unsent`].
///
/// # Examples
///
/// Sending a queue, and skipping packets that the device rejects:
///
/// ```no_run
/// # use pcap_core::{Active, Capture, Result, SendQueue};
/// # fn send(capture: &Capture<Active>, queue: &SendQueue) -> Result<()> {
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

    /// Returns the error of the packet that was not sent, as [`inject`](crate::Capture::inject) would report it.
    ///
    /// The `Error` that contains this `Unsent` has the same text, followed by the number of packets sent and the index
    /// of the packet that was not sent.
    #[must_use]
    pub fn error(&self) -> &Error {
        &self.error
    }

    /// Returns the kind of [`error`](Self::error).
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.error.kind()
    }

    /// Returns the index of the packet that was not sent. The first packet in the queue has the index 0. All preceding
    /// packets in the range were sent, and none of the following ones.
    #[must_use]
    pub fn index(&self) -> usize {
        self.index
    }

    /// Returns the number of packets sent.
    #[must_use]
    pub fn packets(&self) -> usize {
        self.packets
    }

    /// Returns the total number of bytes sent.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }
}

impl From<Unsent> for Error {
    fn from(unsent: Unsent) -> Error {
        let Unsent { index, packets, .. } = unsent;
        let place = format!("; {packets} packets sent, stopped at packet {index} of the queue");
        let mut error = unsent.error.clone().into_parts();
        error.text.push_str(&place);
        error.unsent = Some(unsent);
        Error(Arc::new(error))
    }
}
