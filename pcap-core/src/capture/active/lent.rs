//! The socket that a capture shares with its senders.

use std::cell::OnceCell;
use std::io;

use crate::sys::linux::packet_socket;
use crate::sys::platform;
use crate::sys::sync::Arc;

/// The file descriptor that the senders of a capture share, if it has any.
#[derive(Debug, Default)]
pub(super) struct Lent(OnceCell<Arc<platform::OwnedFd>>);

impl Lent {
    pub(super) fn socket(
        &self,
        socket: platform::BorrowedFd<'_>,
    ) -> io::Result<Arc<platform::OwnedFd>> {
        if let Some(shared) = self.0.get() {
            return Ok(Arc::clone(shared));
        }
        let shared = Arc::new(socket.try_clone_to_owned()?);
        Ok(Arc::clone(self.0.get_or_init(|| shared)))
    }

    /// Forgets the socket without changing it, because the `pcap_t` of the capture stays open.
    pub(super) fn forget(&mut self) {
        self.0 = OnceCell::new();
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        // If the last sender is dropped at the same time, this only affects a socket that is being closed.
        if let Some(shared) = self.0.take().filter(|shared| Arc::strong_count(shared) > 1) {
            packet_socket::mute(platform::borrow_owned(&shared));
        }
    }
}
