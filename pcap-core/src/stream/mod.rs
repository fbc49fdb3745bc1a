//! Asynchronous captures: packets for tasks that do not hold up their thread. With the features `tokio`
//! and `async-io`, one for each runtime; both can be on.
//!
//! `Capture::into_tokio` and `Capture::into_async_io` make an [`AsyncCapture`] of any capture that packets
//! are read from. It lends packets one by one, or is a `Stream` of owned ones.
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
//! A savefile, with the `Stream`:
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
//! # What holds
//!
//! - **A future that is dropped takes nothing with it.** Each packet comes once and in order, however many
//!   futures of [`next_packet`](AsyncCapture::next_packet) are dropped before: it can stand in a `select!`.
//! - **A deadline is the runtime's**: `tokio::time::timeout(time, capture.next_packet())`. As everywhere, a packet
//!   can lie unseen for as long as the [packet-buffer timeout](Capture::timeout).
//! - **A break** by a [`BreakHandle`] wakes the task and ends the packets with `None`, for which
//!   [`ended`](AsyncCapture::ended) says why. The capture can be read on.
//! - **Others get their turn.** A task that has not waited for a tenth of a millisecond yields once, which is looked at
//!   every 128 packets, so that a device that always has packets does not keep its thread. Such a yield looks like a
//!   wait: what polls a future only once can miss a packet that is there, and gets it with the next.
//! - **Errors** are those of the calls that block: a removed device gives all its packets first, then
//!   [`ErrorKind::Disappeared`].
//! - **Sending waits for the runtime, too**: [`inject`](AsyncCapture::inject) does not hold up the thread while the
//!   device has no room.
//! - **Nothing is left behind.** A capture holds one descriptor more than otherwise, or two where libpcap has to be
//!   called every so often as well, until it is dropped or [given back](AsyncCapture::into_inner). One that had to wait to
//!   send holds one or two more. No thread is started for it, but on Windows, where each has one that waits for events.
//!
//! # What waits all the same
//!
//! - A savefile in a file is read as it is without a runtime: reading waits for the disk, and opening for the
//!   savefile's header. So does reading one [of a reader](Capture::from_reader). Where that matters, read it on a
//!   thread for such work. One that comes through a pipe, a socket or a terminal, by its path, as standard input or
//!   as an open file, is waited for without holding up others, and so is the end of one that is
//!   [followed](Capture::follow).
//! - [`inject_queue`](Capture::inject_queue) of [the capture itself](AsyncCapture::get_ref) waits while the device has no
//!   room. A `os::linux::SenderExt::sender` can do that on a thread for such work.
//! - What can be waited for inside libpcap only is refused, with
//!   [`ErrorKind::Unsupported`]: devices without a non-blocking mode, such as D-Bus, and those of other hosts.

#[cfg(feature = "async-io")]
mod async_io;
mod packets;
mod sending;
#[cfg(feature = "tokio")]
mod tokio;

use std::fmt;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

#[cfg(feature = "async-io")]
pub use self::async_io::AsyncIo;
pub use self::packets::{IntoPackets, Packets};
#[cfg(feature = "tokio")]
pub use self::tokio::Tokio;

use crate::breakloop::BreakHandle;
use crate::capture::{Active, Capture, End, Phase, Readable, WaitsFor};
use crate::error::{Error, ErrorKind, Result};
use crate::packet::Packet;
use crate::stats::Stats;
use crate::sys::platform::RawFd;
use crate::sys::waitset::WaitSet;

/// How often packets are looked for between two looks at the clock: as many packets as are read ahead at once.
const TURNS: u32 = 128;

/// How long a task may go on before it yields. A yield may take its runtime several system calls, which is more than
/// reading a hundred packets does.
const SLICE: Duration = Duration::from_micros(100);

/// What tells a task that packets are there: one for each feature. Sealed: these are all.
pub trait Runtime: sealed::Register {}

mod sealed {
    use std::io;
    use std::task::{Context, Poll};

    use crate::sys::waitset::WaitSet;

    /// Below the public API.
    #[allow(unreachable_pub)] // sealed: public in name only
    pub trait Register: Sized + Send + 'static {
        /// Has the runtime watch a descriptor of our own.
        #[allow(private_interfaces)] // as above
        fn register(set: WaitSet) -> io::Result<Self>;

        #[allow(private_interfaces)] // as above
        fn set(&self) -> &WaitSet;

        /// Ready, once, when the set has become readable since it was ready last; until then the task is
        /// woken for it.
        fn poll_readable(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;
    }
}

/// A capture for asynchronous tasks: see the [module](self).
///
/// `S` is the capture's phase, as in [`Capture`], `R` the runtime. Like the capture it is `Send` and not
/// `Sync`: a task that has it can move from thread to thread.
///
/// A live one is woken by the runtime in which it was made, and fails when that has ended. Besides one task
/// nobody can wait for it: it is not woken twice.
pub struct AsyncCapture<S: Readable, R: Runtime> {
    registered: Option<Registered<R>>,
    /// The same for what is sent, from the first wait on.
    sending: Option<Registered<R>>,
    capture: Capture<S>,
    /// How often packets were looked for since the task yielded last, and when the first was.
    turns: u32,
    since: Instant,
}

/// What the runtime watches, and for whom.
struct Registered<R> {
    /// Owns its descriptor. Those in it are the capture's, and leave it when they are closed.
    runtime: R,
    /// Of the capture whose descriptors they are: another one may have been put into its place.
    capture: BreakHandle,
    descriptor: Option<RawFd>,
}

impl<S: Readable, R: Runtime> AsyncCapture<S, R> {
    fn new(capture: Capture<S>) -> Result<Self> {
        let mut this = AsyncCapture {
            registered: None,
            sending: None,
            capture,
            turns: 0,
            since: Instant::now(),
        };
        match this.waiting() {
            Ok(_) => Ok(this),
            Err(error) => Err(error.handing_back(this.capture)),
        }
    }

    /// The next packet: waits until there is one or the capture is over. It is lent until the next call.
    ///
    /// `None` means that it is over, and [`ended`](Self::ended) says whether the savefile is at its end or a
    /// [`BreakHandle`] was used; after a break the capture can be read on. A future that is dropped
    /// before it is ready takes no packet with it.
    ///
    /// # Errors
    ///
    /// As [`Capture::next_packet`]; and [`ErrorKind::Io`] if the runtime has ended.
    #[inline]
    pub fn next_packet(&mut self) -> impl Future<Output = Result<Option<Packet<'_>>>> {
        NextPacket(Some(self))
    }

    /// Goes to the next packet, which [`packet`](Self::packet) then gives: waits like
    /// [`next_packet`](Self::next_packet), and is `false` where that is `None`.
    ///
    /// To call [`stats`](AsyncCapture::stats) or [`try_inject`](AsyncCapture::try_inject) while holding a packet.
    ///
    /// # Errors
    ///
    /// As [`next_packet`](Self::next_packet).
    pub async fn advance(&mut self) -> Result<bool> {
        poll_fn(|cx| self.poll_advance(cx)).await
    }

    /// [`advance`](Self::advance) for futures that are written by hand.
    ///
    /// # Errors
    ///
    /// As [`next_packet`](Self::next_packet).
    #[inline]
    pub fn poll_advance(&mut self, cx: &mut Context<'_>) -> Poll<Result<bool>> {
        // Nearly always the packet is there, read ahead.
        if self.turns % TURNS != 0 {
            self.turns += 1;
            if let Some(there) = self.capture.try_advance()? {
                return Poll::Ready(Ok(there));
            }
            ready!(self.poll_wait(cx))?;
            self.look_at_the_clock();
        }
        self.poll_on(cx)
    }

    /// [`poll_advance`](Self::poll_advance), which has found nothing or is to look at the clock.
    #[inline(never)]
    fn poll_on(&mut self, cx: &mut Context<'_>) -> Poll<Result<bool>> {
        loop {
            ready!(self.poll_turn(cx));
            if let Some(there) = self.capture.try_advance()? {
                return Poll::Ready(Ok(there));
            }
            ready!(self.poll_wait(cx))?;
            self.look_at_the_clock();
        }
    }

    /// Counts a turn of this task. Pending, once, if it has gone on for so long that others are to have theirs.
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

    /// Before the next look for packets: one that found none may have refused very many.
    fn look_at_the_clock(&mut self) {
        self.turns = self.turns.next_multiple_of(TURNS);
    }

    /// The packet that the last [`advance`](Self::advance) went to; `None` before the first, and after the
    /// end.
    #[inline]
    #[must_use]
    pub fn packet(&self) -> Option<Packet<'_>> {
        self.capture.packet()
    }

    /// Returns a `Stream` of copies of the packets.
    ///
    /// It ends where [`next_packet`](Self::next_packet) returns `None`, or after an error; after a break a new stream goes
    /// on.
    pub fn packets(&mut self) -> Packets<'_, S, R> {
        Packets::new(self, |packet| packet.into_owned())
    }

    /// Returns a `Stream` of what a closure makes of each packet, without a copy of the packet. See
    /// [`packets`](Self::packets).
    pub fn packets_with<T, F>(&mut self, f: F) -> Packets<'_, S, R, F>
    where
        F: FnMut(Packet<'_>) -> T,
    {
        Packets::new(self, f)
    }

    /// Converts the capture into a `Stream` of copies of the packets. See [`packets`](Self::packets).
    pub fn into_packets(self) -> IntoPackets<S, R> {
        IntoPackets::new(self, |packet| packet.into_owned())
    }

    /// Converts the capture into a `Stream` of what a closure makes of each packet. See
    /// [`packets_with`](Self::packets_with).
    pub fn into_packets_with<T, F>(self, f: F) -> IntoPackets<S, R, F>
    where
        F: FnMut(Packet<'_>) -> T,
    {
        IntoPackets::new(self, f)
    }

    /// Why the packets ended: as [`Capture::ended`].
    #[must_use]
    pub fn ended(&self) -> Option<End> {
        self.capture.ended()
    }

    /// A handle that ends this capture's waits from elsewhere.
    #[must_use]
    pub fn break_handle(&self) -> BreakHandle {
        self.capture.break_handle()
    }

    /// The capture.
    #[must_use]
    pub fn get_ref(&self) -> &Capture<S> {
        &self.capture
    }

    /// The capture, to change its filter or direction. Its own reading calls hold up the thread, but nothing is
    /// lost by them.
    #[must_use]
    pub fn get_mut(&mut self) -> &mut Capture<S> {
        &mut self.capture
    }

    /// The capture, with the packets that were read ahead.
    #[must_use]
    pub fn into_inner(self) -> Capture<S> {
        self.capture
    }

    /// Waits until there may be packets, or a break.
    fn poll_wait(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        let Some(runtime) = self.waiting()? else {
            return Poll::Ready(Ok(()));
        };
        let told = runtime.poll_readable(cx);
        if let Poll::Ready(Err(e)) = told {
            return Poll::Ready(Err(self.failed(e)));
        }
        // A runtime tells of what comes, and not of what is there still: of packets that no filter here
        // has let through, more may be.
        let there = self.capture.is_ready()?;
        if there || told.is_ready() {
            return Poll::Ready(Ok(()));
        }
        self.turns = 0;
        Poll::Pending
    }

    /// Has the runtime watch what the capture waits for now; `None` if that is nothing.
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
    /// The same one if it is for this capture and descriptor, or else a new one of what `make` makes of the
    /// descriptor that a break makes readable.
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

/// What [`AsyncCapture::next_packet`] is; by hand, for a compiler does not inline `async fn`.
struct NextPacket<'a, S: Readable, R: Runtime>(Option<&'a mut AsyncCapture<S, R>>);

impl<'a, S: Readable, R: Runtime> Future for NextPacket<'a, S, R> {
    type Output = Result<Option<Packet<'a>>>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(capture) = self.0.take() else {
            // It has given its packet away, and nobody may ask it again.
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
    /// What was counted: as [`Capture::stats`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn stats(&self) -> Result<Stats> {
        self.capture.stats()
    }
}

// Nothing in it is ever pinned.
impl<S: Readable, R: Runtime> Unpin for AsyncCapture<S, R> {}

impl<S: Readable + Phase + fmt::Debug, R: Runtime> fmt::Debug for AsyncCapture<S, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsyncCapture")
            .field("capture", &self.capture)
            .finish_non_exhaustive()
    }
}
