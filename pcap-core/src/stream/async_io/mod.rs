//! Captures for tasks that the `async-io` crate wakes.

#[cfg_attr(unix, path = "unix.rs")]
#[cfg_attr(windows, path = "../windows.rs")]
mod system;

use std::io;
use std::task::{Context, Poll};

use self::system::Registration;
use super::{AsyncCapture, Runtime, sealed};
use crate::capture::{Awaitable, Capture};
use crate::error::Result;
use crate::sys::waitset::WaitSet;

/// The reactor of the `async-io` crate, for captures from [`Capture::into_async_io`]. Requires the `async-io` feature.
#[derive(Debug)]
pub struct AsyncIo(Registration);

/// # Asynchronous tasks
impl<S: Awaitable> Capture<S> {
    /// Converts the capture into an asynchronous capture for tasks of any executor, such as smol. Requires the
    /// `async-io` feature. See [`stream`](crate::stream).
    ///
    /// The `async-io` crate wakes the tasks. For that, it starts one thread per process.
    ///
    /// # Errors
    ///
    /// - [`Unsupported`](crate::ErrorKind::Unsupported) if reads of the capture can only wait inside libpcap.
    /// - [`Io`](crate::ErrorKind::Io) if the process has no file descriptor left.
    ///
    /// [`take`](crate::Error::take) returns the `Capture`.
    ///
    /// # Examples
    ///
    /// Waits for the first packet of either device:
    ///
    /// ```no_run
    /// use futures_lite::future::{block_on, or};
    /// use pcap_core::Capture;
    ///
    /// let mut left = Capture::from_device("eth0").activate()?.into_async_io()?;
    /// let mut right = Capture::from_device("eth1").activate()?.into_async_io()?;
    /// let first = block_on(or(left.next_packet(), right.next_packet()))?;
    /// println!("{first:?}");
    /// # Ok::<(), pcap_core::Error>(())
    /// ```
    pub fn into_async_io(self) -> Result<AsyncCapture<S, AsyncIo>> {
        AsyncCapture::new(self)
    }
}

impl Runtime for AsyncIo {}

impl sealed::Register for AsyncIo {
    #[allow(private_interfaces)] // sealed
    fn register(set: WaitSet) -> io::Result<AsyncIo> {
        Ok(AsyncIo(Registration::new(set)?))
    }

    #[allow(private_interfaces)] // sealed
    fn set(&self) -> &WaitSet {
        self.0.set()
    }

    fn poll_readable(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.poll_readable(cx)
    }
}
