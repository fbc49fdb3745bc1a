//! An error in the middle of packets that were to be sent.
//!
//! May import: `error`.

use std::fmt;

use super::{Error, ErrorKind};

/// Why a packet of a [`SendQueue`](crate::SendQueue) was not sent, which one it was, and what was sent
/// before it.
///
/// With `?` it becomes an [`Error`] whose text says the same.
///
/// # Examples
///
/// What the device does not take is left out:
///
/// ```no_run
/// # fn send(capture: &pcap_core::Capture<pcap_core::Active>, queue: &pcap_core::SendQueue) -> pcap_core::Result<()> {
/// use pcap_core::ErrorKind;
///
/// let mut next = 0;
/// while let Err(failed) = capture.inject_queue_range(queue, next..) {
///     if failed.kind() == ErrorKind::Break {
///         break;
///     }
///     eprintln!("packet {} was not sent: {}", failed.index(), failed.error());
///     next = failed.index() + 1;
/// }
/// # Ok(()) }
/// ```
pub struct InjectError {
    error: Error,
    index: usize,
    packets: usize,
    bytes: usize,
}

impl InjectError {
    pub(crate) fn new(error: Error, index: usize, packets: usize, bytes: usize) -> InjectError {
        InjectError {
            error,
            index,
            packets,
            bytes,
        }
    }

    /// Why, as [`inject`](crate::Capture::inject) says it of the one packet.
    #[must_use]
    pub fn error(&self) -> &Error {
        &self.error
    }

    /// What kind of failure it is: that of [`error`](Self::error).
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.error.kind()
    }

    /// Which packet of the queue was not sent, of which the first is 0. All that were to be sent before
    /// it were, and none behind it.
    #[must_use]
    pub fn index(&self) -> usize {
        self.index
    }

    /// How many packets were sent.
    #[must_use]
    pub fn packets(&self) -> usize {
        self.packets
    }

    /// How many bytes these had together.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }
}

impl fmt::Display for InjectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.error, Place(self))
    }
}

/// Where in the queue it happened, as it follows the reason.
struct Place<'a>(&'a InjectError);

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let InjectError { index, packets, .. } = self.0;
        write!(
            f,
            "; sent before: {packets}, not sent: number {index} of the queue and what follows"
        )
    }
}

impl fmt::Debug for InjectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InjectError")
            .field("error", &self.error)
            .field("index", &self.index)
            .field("packets", &self.packets)
            .field("bytes", &self.bytes)
            .finish()
    }
}

impl std::error::Error for InjectError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.error.source()
    }
}

impl From<InjectError> for Error {
    fn from(failed: InjectError) -> Error {
        let place = Place(&failed).to_string();
        failed.error.and(&place)
    }
}
