//! Waits for several captures together.

use std::time::Duration;

use pcap_core::{Active, Capture};

/// How long to wait if a capture cannot be waited for together with others.
const SHORT_WAIT: Duration = Duration::from_millis(5);

/// Waits until one of the captures may have packets, but no longer than this time. A break does not end the wait.
pub(crate) fn wait<'c>(captures: impl Iterator<Item = &'c Capture<Active>>, timeout: Duration) {
    let captures: Vec<_> = captures.collect();
    let limits = captures
        .iter()
        .filter_map(|capture| capture.required_select_timeout());
    let timeout = limits.fold(timeout, Duration::min);
    if !system::wait(&captures, timeout) {
        std::thread::sleep(timeout.min(SHORT_WAIT));
    }
}

#[cfg(unix)]
mod system {
    use std::time::Duration;

    use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
    use pcap_core::{Active, Capture};

    /// Returns `false` if a capture has no file descriptor.
    pub(super) fn wait(captures: &[&Capture<Active>], timeout: Duration) -> bool {
        let descriptors = captures.iter().map(|capture| capture.selectable_fd());
        let polled = descriptors.map(|fd| Some(PollFd::new(fd?, PollFlags::POLLIN)));
        let Some(mut polled) = polled.collect::<Option<Vec<_>>>() else {
            return false;
        };
        let timeout = PollTimeout::try_from(timeout).unwrap_or(PollTimeout::ZERO);
        // If this fails, the next read of a capture returns the error.
        poll(&mut polled, timeout).is_ok()
    }
}

#[cfg(not(unix))]
mod system {
    use std::time::Duration;

    use pcap_core::{Active, Capture};

    pub(super) fn wait(_: &[&Capture<Active>], _: Duration) -> bool {
        false
    }
}
