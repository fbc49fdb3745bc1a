//! Captures for tokio tasks.

#[cfg_attr(unix, path = "unix.rs")]
#[cfg_attr(windows, path = "../windows.rs")]
mod system;

use std::io;
use std::task::{Context, Poll};

use tokio::runtime::Handle;

use self::system::Registration;

use super::{AsyncCapture, Runtime, sealed};
use crate::capture::{Awaitable, Capture};
use crate::error::Result;
use crate::sys::waitset::WaitSet;

/// The tokio runtime, for captures from [`Capture::into_tokio`]. Requires the `tokio` feature.
#[derive(Debug)]
pub struct Tokio(Registration);

/// # Asynchronous tasks
impl<S: Awaitable> Capture<S> {
    /// Converts the capture into an asynchronous capture for tokio tasks. Requires the `tokio` feature. See
    /// [`stream`](crate::stream).
    ///
    /// For a live capture or a savefile that is followed, call this within the context of the runtime, for example in
    /// one of its tasks. The runtime does not need timers (`enable_time`).
    ///
    /// # Errors
    ///
    /// - [`Unsupported`](crate::ErrorKind::Unsupported) if reads of the capture can only wait inside libpcap.
    /// - [`Io`](crate::ErrorKind::Io) if the call is made outside the context of a runtime, or if the process has no
    ///   file descriptor left.
    ///
    /// [`take`](crate::Error::take) returns the `Capture`.
    ///
    /// # Panics
    ///
    /// Panics in a runtime that was built without `enable_io`, as tokio's own types do.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use pcap_core::Capture;
    /// use std::time::Duration;
    ///
    /// # async fn capture() -> Result<(), Box<dyn std::error::Error>> {
    /// let mut capture = Capture::from_device("eth0").activate()?.into_tokio()?;
    /// let handle = capture.break_handle();
    /// let task = tokio::spawn(async move {
    ///     let mut bytes = 0;
    ///     while let Some(packet) = capture.next_packet().await? {
    ///         bytes += u64::from(packet.wire_len());
    ///     }
    ///     Ok::<_, pcap_core::Error>((bytes, capture.stats()?))
    /// });
    /// tokio::time::sleep(Duration::from_secs(10)).await;
    /// handle.breakloop();
    /// let (bytes, stats) = task.await??;
    /// println!("{bytes} bytes, {} packets dropped", stats.dropped);
    /// # Ok(()) }
    /// ```
    pub fn into_tokio(self) -> Result<AsyncCapture<S, Tokio>> {
        AsyncCapture::new(self)
    }
}

impl Runtime for Tokio {}

impl sealed::Register for Tokio {
    #[allow(private_interfaces)] // sealed
    fn register(set: WaitSet) -> io::Result<Tokio> {
        if Handle::try_current().is_err() {
            return Err(io::Error::other("there is no tokio runtime on this thread"));
        }
        Ok(Tokio(Registration::new(set)?))
    }

    #[allow(private_interfaces)] // sealed
    fn set(&self) -> &WaitSet {
        self.0.set()
    }

    fn poll_readable(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.poll_readable(cx)
    }
}
