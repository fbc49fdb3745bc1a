//! Waits for packets and for standard input with one poll(2), like an event loop, until Enter is pressed. Unix only.
//!
//!     cargo run -p pcap-core --example event_loop -- DEVICE

#[cfg(unix)]
fn main() -> anyhow::Result<()> {
    use anyhow::Context as _;
    use pcap_core::{Capture, Stop};
    use std::{env, io, os::fd::AsRawFd as _};

    let device = env::args_os().nth(1).context("usage: event_loop DEVICE")?;
    let mut capture = Capture::from_device(device).nonblock(true).activate()?;
    let mut typed = false;
    while !typed {
        // Read before each wait: packets may already be in memory. The limit lets the loop handle other events, too.
        let done = capture.dispatch_up_to(1000, |packet| {
            println!("{} {} bytes", packet.timestamp(), packet.wire_len());
        })?;
        // In milliseconds; -1 means no limit.
        let timeout = match (done.stop(), capture.required_select_timeout()) {
            (Stop::Empty, None) => -1,
            (Stop::Empty, Some(limit)) => limit.as_millis().clamp(1, 1000) as i32,
            _ => 0,
        };
        let packets = capture.selectable_fd().context("cannot poll this device")?;
        let mut fds = [io::stdin().as_raw_fd(), packets.as_raw_fd()].map(|fd| libc::pollfd {
            fd,
            events: libc::POLLIN,
            revents: 0,
        });
        // SAFETY: the array has two elements, and poll(2) does not keep the pointer.
        let ready = unsafe { libc::poll(fds.as_mut_ptr(), 2, timeout) };
        anyhow::ensure!(ready >= 0, "cannot poll: {}", io::Error::last_os_error());
        typed = fds[0].revents != 0;
    }
    Ok(())
}

#[cfg(not(unix))]
fn main() {}
