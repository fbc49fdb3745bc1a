//! Asynchronous captures, for tasks that must not block their thread. Requires the `tokio` feature, for the
//! runtime of that name, or `async-io`, for any other executor. Both can be enabled.
//!
//! `Capture::into_tokio` and `Capture::into_async_io` convert a live capture or a savefile into an [`AsyncCapture`].
//! Its [`next_packet`](AsyncCapture::next_packet) returns borrowed packets, and [`packets`](AsyncCapture::packets)
//! returns a `Stream` of owned packets.
//!
#![cfg_attr(feature = "tokio", doc = "```no_run")]
#![cfg_attr(not(feature = "tokio"), doc = "```ignore")]
//! use pcap_core::Capture;
//!
//! # async fn capture() -> pcap_core::Result<()> {
//! let mut capture = Capture::from_device("eth0").immediate_mode(true).activate()?.into_tokio()?;
//! while let Some(packet) = capture.next_packet().await? {
//!     println!("{} {} bytes", packet.timestamp(), packet.wire_len());
//! }
//! # Ok(()) }
//! ```
//!
//! Reads a savefile as a `Stream`:
//!
#![cfg_attr(feature = "async-io", doc = "```")]
#![cfg_attr(not(feature = "async-io"), doc = "```ignore")]
//! use futures_lite::{StreamExt, future::block_on};
//! use pcap_core::{Capture, Dlt};
//! # let folder = tempfile::tempdir().unwrap();
//! # let path = folder.path().join("a.pcap");
//! # let mut dumper = Capture::dead(Dlt::EN10MB)?.dump(&path)?;
//! # for n in [60, 1514, 90] { dumper.write_now(&vec![0; n])?; }
//! # dumper.close()?;
//!
//! let mut capture = Capture::from_file(&path)?.into_async_io()?;
//! let mut packets = capture.packets();
//! let mut bytes = 0;
//! block_on(async {
//!     while let Some(packet) = packets.next().await {
//!         bytes += packet?.wire_len();
//!     }
//!     Ok::<_, pcap_core::Error>(())
//! })?;
//! assert_eq!(bytes, 60 + 1514 + 90);
//! # Ok::<(), pcap_core::Error>(())
//! ```
//!
//! # Guarantees
//!
//! - **Cancellation is safe.** Each packet is delivered once, in order, even if a future of
//!   [`next_packet`](AsyncCapture::next_packet) is dropped before it completes. It can therefore be used in `select!`.
//! - **Timeouts use the runtime's timers**, for example `tokio::time::timeout(time, capture.next_packet())`. As in
//!   blocking reads, the kernel may hold a packet back for the [packet-buffer timeout](Capture::timeout).
//! - **A break** of a [`BreakHandle`] wakes the task, and the call returns `None`. [`ended`](AsyncCapture::ended) then
//!   returns [`End::Break`](crate::End::Break). Reading can continue.
//! - **Tasks yield.** A task that has run for a tenth of a millisecond without waiting yields once, so that a busy
//!   device does not occupy the thread. This is checked every 128 packets. A future that yields is `Pending`: a caller
//!   that polls it only once may not get a packet that is available, and gets it from the next future.
//! - **Errors** are those of the blocking calls. If the device is removed, the calls first deliver all its packets,
//!   then return [`ErrorKind::Disappeared`].
//! - **Sending does not block the thread.** [`inject`](AsyncCapture::inject) yields while the device's queue is full.
//! - **Resources are bounded.** A capture uses one additional file descriptor, or two if libpcap also needs a timer,
//!   until it is dropped or [converted back](AsyncCapture::into_inner). After a wait for sending it uses one or two
//!   more. A capture starts no thread, except on Windows, where one thread per capture waits for events.
//!
//! # Calls that still block
//!
//! - Reading a savefile on a disk blocks while the disk is accessed, and reading [from a reader](Capture::from_reader)
//!   blocks while the reader does. To avoid this, read it on a thread for blocking work. Reading a savefile from a
//!   pipe, a socket or a terminal does not block, whether it was opened by path, as standard input or as an open file.
//!   Waiting at the end of a savefile that is [followed](Capture::follow) does not block either.
//! - Opening a savefile blocks until its header has been read.
//! - [`inject_queue`](Capture::inject_queue) of [the inner capture](AsyncCapture::get_ref) blocks while the device's
//!   queue is full. On Linux, an `os::linux::Sender` can send the queue on a thread for blocking work.
//!
//! Captures that can wait only inside libpcap cannot be converted: `into_tokio` and `into_async_io` return
//! [`ErrorKind::Unsupported`] for devices without a non-blocking mode, such as D-Bus, and for an
//! [`AnyCapture`](crate::AnyCapture) of a device of another host.

// rustdoc lists the methods of `AsyncCapture` in this order.
mod reading;

mod sending;

#[cfg(feature = "async-io")]
#[cfg_attr(docsrs, doc(cfg(feature = "async-io")))]
mod async_io;
mod packets;
#[cfg(feature = "tokio")]
#[cfg_attr(docsrs, doc(cfg(feature = "tokio")))]
mod tokio;

use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

#[cfg(feature = "async-io")]
#[cfg_attr(docsrs, doc(cfg(feature = "async-io")))]
pub use self::async_io::AsyncIo;
pub use self::packets::{IntoPackets, Packets};
#[cfg(feature = "tokio")]
#[cfg_attr(docsrs, doc(cfg(feature = "tokio")))]
pub use self::tokio::Tokio;

use crate::breakloop::BreakHandle;
use crate::capture::{Active, Awaitable, Capture, Phase, WaitsFor};
use crate::error::{Error, ErrorKind, Result};
use crate::loan;
use crate::packet::Packet;
use crate::stats::Stats;
use crate::sys::platform::RawFd;
use crate::sys::waitset::WaitSet;

/// The number of reads between two checks of the clock. Live captures read half as many packets ahead at once.
const TURNS: u32 = 128;

/// How long a task may run before it yields. A yield may cost the runtime several system calls, and more time than
/// reading a hundred packets.
const SLICE: Duration = Duration::from_micros(100);

/// An async runtime that wakes tasks when packets arrive: `Tokio` or `AsyncIo`, each of which requires its feature. The
/// trait is sealed.
pub trait Runtime: sealed::Register {}

mod sealed {
    use std::io;
    use std::task::{Context, Poll};

    use crate::sys::waitset::WaitSet;

    /// The private part of a runtime.
    #[allow(unreachable_pub)] // sealed: public in name only
    pub trait Register: Sized + Send + 'static {
        /// Registers a wait set with the runtime.
        #[allow(private_interfaces)] // as above
        fn register(set: WaitSet) -> io::Result<Self>;

        #[allow(private_interfaces)] // as above
        fn set(&self) -> &WaitSet;

        /// Returns `Ready` once after the set has become readable; until then the runtime wakes the task for it.
        fn poll_readable(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;
    }
}

/// A live capture or a savefile for asynchronous tasks. See the [module documentation](self).
///
/// `S` is the capture's phase, as in [`Capture`], and `R` the runtime. An `AsyncCapture` is `Send` but not `Sync`: a
/// task that owns it can move between threads.
///
/// Tasks that wait for a live capture are woken by the runtime in which it was converted. Once that runtime has shut
/// down, the calls of the capture fail. Only one task can wait at a time, because only the most recent waker is called.
pub struct AsyncCapture<S: Awaitable, R: Runtime> {
    registered: Option<Registered<R>>,
    /// The registration for sending, created by the first wait.
    sending: Option<Registered<R>>,
    capture: Capture<S>,
    /// Whether the task waits for the registered event, or has just been woken by it.
    waits: bool,
    /// The number of reads since the task last yielded.
    turns: u32,
    since: Instant,
}

/// A registration with the runtime.
struct Registered<R> {
    /// Owns the descriptor of its set. The descriptors in the set belong to the capture, and are removed from the set
    /// when they are closed.
    runtime: R,
    /// Identifies the capture that the descriptors belong to, because the user may have replaced it.
    capture: BreakHandle,
    descriptor: Option<RawFd>,
}

impl<S: Awaitable, R: Runtime> AsyncCapture<S, R> {
    fn new(capture: Capture<S>) -> Result<Self> {
        let mut this = AsyncCapture {
            registered: None,
            sending: None,
            capture,
            waits: false,
            turns: 0,
            since: Instant::now(),
        };
        match this.waiting() {
            Ok(_) => Ok(this),
            Err(error) => Err(error.handing_back(this.capture)),
        }
    }

    /// Polls a read that returns `None` if no packet is available. Checks the clock from time to time.
    #[inline(never)]
    fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        mut read: impl FnMut(&mut Capture<S>) -> Result<Option<bool>>,
    ) -> Poll<Result<bool>> {
        self.consume_readiness(cx);
        loop {
            ready!(self.poll_turn(cx));
            if let Some(there) = read(&mut self.capture)? {
                return Poll::Ready(Ok(there));
            }
            ready!(self.poll_wait(cx))?;
            self.look_at_the_clock();
        }
    }

    /// Consumes the readiness that has woken the task, before it reads. Otherwise the wait after the read would return
    /// at once because of it, and cost another read and several system calls.
    fn consume_readiness(&mut self, cx: &mut Context<'_>) {
        if !std::mem::take(&mut self.waits) {
            return;
        }
        if let Some(registered) = &mut self.registered {
            // The next wait returns an error again.
            let _ = registered.runtime.poll_readable(cx);
        }
    }

    /// Counts a read of this task. Returns `Pending` once if the task has run for so long that it should yield.
    fn poll_turn(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.turns % TURNS == 0 {
            let now = Instant::now();
            if self.turns == 0 {
                self.since = now;
            } else if now.duration_since(self.since) >= SLICE {
                self.turns = 0;
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
        }
        self.turns += 1;
        Poll::Ready(())
    }

    /// Makes the next packet the current one, if that takes no more than to parse its header.
    #[inline(always)] // else the packet would be passed in memory
    fn ready(&mut self) -> Option<Packet<'_>> {
        if self.turns % TURNS == 0 {
            return None;
        }
        let packet = self.capture.ready()?;
        self.turns += 1;
        Some(packet)
    }

    /// Makes the next read check the clock: the last one found nothing, and may have rejected very many packets.
    fn look_at_the_clock(&mut self) {
        self.turns = self.turns.next_multiple_of(TURNS);
    }

    /// Waits until there may be packets, or a break.
    fn poll_wait(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        let nothing = Poll::Ready(Ok(()));
        let woken = self
            .waiting()?
            .map_or(nothing, |runtime| runtime.poll_readable(cx));
        if let Poll::Ready(Err(e)) = woken {
            return Poll::Ready(Err(self.failed(e)));
        }
        // A runtime only reports new readiness. More packets may already be available after those that the filter in
        // this process has rejected.
        let there = self.capture.is_ready()?;
        if there || woken.is_ready() {
            return Poll::Ready(Ok(()));
        }
        self.turns = 0;
        self.waits = true;
        Poll::Pending
    }

    /// Registers the event that the capture waits for. Returns `None` if there is none.
    fn waiting(&mut self) -> Result<Option<&mut R>> {
        let (descriptor, pause) = match self.capture.waits_for() {
            WaitsFor::Nothing => return Ok(None),
            WaitsFor::Libpcap(why) => {
                let kind = ErrorKind::Unsupported;
                let name = self.capture.name().to_owned();
                return Err(Error::cannot(kind, "wait asynchronously on", name, why));
            }
            WaitsFor::Event { descriptor, pause } => (descriptor, pause),
        };
        let capture = self.capture.break_handle();
        let make = |wake| WaitSet::new([wake, descriptor]);
        let registered = Registered::renewed(self.registered.take(), capture, descriptor, make);
        let registered = registered.map_err(|e| self.failed(e))?;
        let armed = registered.runtime.set().arm(pause);
        armed.map_err(|e| self.failed(e))?;
        Ok(Some(&mut self.registered.insert(registered).runtime))
    }

    fn failed(&self, error: io::Error) -> Error {
        let name = self.capture.name().to_owned();
        Error::io("wait asynchronously on", name, error)
    }
}

impl<R: Runtime> Registered<R> {
    /// Returns the same registration if it is for this capture and descriptor. Otherwise creates a new one. `make`
    /// creates its set from the descriptor that a break makes readable.
    fn renewed(
        this: Option<Registered<R>>,
        capture: BreakHandle,
        descriptor: Option<RawFd>,
        make: impl FnOnce(Option<RawFd>) -> io::Result<WaitSet>,
    ) -> io::Result<Registered<R>> {
        match this {
            Some(this) if this.capture.is_same(&capture) && this.descriptor == descriptor => {
                Ok(this)
            }
            _ => Ok(Registered {
                runtime: R::register(make(capture.wake_fd())?)?,
                capture,
                descriptor,
            }),
        }
    }
}

/// The future of [`AsyncCapture::next_packet`]. Written by hand because compilers do not inline `async fn`.
struct NextPacket<'a, S: Awaitable, R: Runtime>(Option<&'a mut AsyncCapture<S, R>>);

impl<'a, S: Awaitable, R: Runtime> Future for NextPacket<'a, S, R> {
    type Output = Result<Option<Packet<'a>>>;

    #[inline(always)] // the packet stays in registers then
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if let Some(capture) = self.0.take() {
            match loan::lend::<Packet<'_>, _>(capture, |capture| capture.ready()) {
                Ok(packet) => return Poll::Ready(Ok(Some(packet))),
                Err(capture) => self.0 = Some(capture),
            }
        }
        self.search(cx)
    }
}

impl<'a, S: Awaitable, R: Runtime> NextPacket<'a, S, R> {
    #[inline(never)]
    fn search(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Packet<'a>>>> {
        let Some(capture) = self.0.take() else {
            // The future has already returned its result, and should not be polled again.
            return Poll::Ready(Ok(None));
        };
        match capture.poll_advance(cx) {
            Poll::Pending => {
                self.0 = Some(capture);
                Poll::Pending
            }
            Poll::Ready(Ok(true)) => {
                let capture: &'a AsyncCapture<S, R> = capture;
                Poll::Ready(Ok(capture.packet()))
            }
            Poll::Ready(Ok(false)) => Poll::Ready(Ok(None)),
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
        }
    }
}

impl<R: Runtime> AsyncCapture<Active, R> {
    /// Returns the statistics. See [`Capture::stats`].
    ///
    /// # Errors
    ///
    /// The errors of [`Capture::stats`].
    pub fn stats(&self) -> Result<Stats> {
        self.capture.stats()
    }
}

// No field is ever pinned.
impl<S: Awaitable, R: Runtime> Unpin for AsyncCapture<S, R> {}

impl<S: Awaitable + Phase + fmt::Debug, R: Runtime> fmt::Debug for AsyncCapture<S, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsyncCapture")
            .field("capture", &self.capture)
            .finish_non_exhaustive()
    }
}
