//! Interrupting calls from another thread, a signal handler or a closure.

use std::fmt;
use std::io;
use std::ptr::NonNull;
use std::time::Duration;

use crate::sys::sync::{Arc, AtomicBool, AtomicPtr, OnceLock, Ordering, fence, yield_now};
use crate::sys::{self, Ready, Until, platform, platform::Wake};

/// A handle that interrupts the reading and sending calls of a capture, from any thread or from a signal handler.
///
/// [`Capture::break_handle`](crate::Capture::break_handle) returns one. The interrupted call reports a *break*, which
/// is distinct from the end of the packets and from a timeout. The capture can still be read afterwards. The handle of
/// an `os::linux::Sender` interrupts the calls of that sender.
///
/// A handle can be cloned and sent to other threads. It may outlive the capture, but has no effect once the capture is
/// dropped. A break that is requested while no call is in progress interrupts the next read. Several breaks before that
/// read count as one.
///
/// # Examples
///
/// ```
/// use pcap_core::{Capture, Dlt, End, Stop};
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("a.pcap");
/// # let mut dumper = Capture::dead(Dlt::EN10MB)?.dump(&path)?;
/// # for _ in 0..9 { dumper.write_now(&[0; 60])?; }
/// # dumper.close()?;
/// let mut capture = Capture::from_file(&path)?;
/// let handle = capture.break_handle();
///
/// let mut seen = 0;
/// let done = capture.for_each(|_| {
///     seen += 1;
///     if seen == 5 {
///         handle.breakloop(); // also possible from another thread
///     }
/// })?;
/// assert_eq!((done.packets(), done.stop()), (5, Stop::End(End::Break)));
/// # Ok::<(), pcap_core::Error>(())
/// ```
///
#[doc = manual!("pcap_breakloop")]
///
#[derive(Clone)]
pub struct BreakHandle(Arc<Breaker>);

impl BreakHandle {
    pub(crate) fn new(breaker: Arc<Breaker>) -> BreakHandle {
        BreakHandle(breaker)
    }

    /// Interrupts the current reading call, or the next one if none is in progress. Never blocks, and may be called
    /// from a signal handler.
    ///
    /// A break wakes a call that waits for a packet of a live capture, of a savefile that is being
    /// [followed](crate::Capture::follow), or of a savefile in a pipe, socket or terminal. A call that reads a regular
    /// file or a [`Read`](std::io::Read) also ends while it skips packets that the filter rejects, or blocks that
    /// contain no packet. In every case, the next read continues at the same position, even in the middle of a record.
    ///
    /// A break also ends a call that waits to send, such as [`inject`](crate::Capture::inject). It then stays pending
    /// for the next read.
    ///
    /// # Limitations
    ///
    /// - A break does not interrupt a `Read` that blocks in its `read` method. The call reports the break when `read`
    ///   returns, even if it returns [`Interrupted`](std::io::ErrorKind::Interrupted) because of a signal handler that
    ///   called `breakloop`.
    /// - A break does not wake a call that reads a savefile with a format version before 2.4 from a pipe.
    /// - On Windows, reading from a pipe has the same limitation as reading from a `Read`, and a read of a pcapng
    ///   savefile continues to the next packet.
    #[doc(alias = "pcap_breakloop")]
    pub fn breakloop(&self) {
        self.0.breakloop();
    }

    /// Returns whether a break is pending.
    pub(crate) fn is_pending(&self) -> bool {
        self.0.is_pending()
    }

    /// Returns whether both handles belong to the same capture.
    #[cfg(any(feature = "tokio", feature = "async-io"))]
    pub(crate) fn is_same(&self, other: &BreakHandle) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Returns the file descriptor that a break makes readable. It is open as long as this handle exists.
    #[cfg(any(feature = "tokio", feature = "async-io"))]
    pub(crate) fn wake_fd(&self) -> Option<platform::RawFd> {
        self.0.wake.get().map(Wake::fd)
    }
}

impl fmt::Debug for BreakHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BreakHandle")
            .field("pending", &self.0.latch.load(Ordering::Relaxed))
            .finish_non_exhaustive()
    }
}

/// The state that a capture and its break handles share.
///
/// The latch is authoritative: a break is pending exactly while it is set. The file descriptor wakes a waiting reader.
/// `pcap_breakloop` ends a call inside libpcap, where a filter that rejects everything could otherwise keep it for
/// long. A break that libpcap reports only counts if the latch is set, so the only effect of a late `pcap_breakloop` is
/// one more call.
pub(crate) struct Breaker {
    latch: AtomicBool,
    wake: OnceLock<Wake>,
    /// The `pcap_t` while it is open. Whoever uses it must hold `busy`.
    pcap: AtomicPtr<sys::pcap_t>,
    busy: AtomicBool,
    asked: AtomicBool,
}

impl Breaker {
    pub(crate) fn new(pcap: NonNull<sys::pcap_t>, wake: Option<Wake>) -> Breaker {
        Breaker {
            latch: AtomicBool::new(false),
            wake: wake.map(OnceLock::from).unwrap_or_default(),
            pcap: AtomicPtr::new(pcap.as_ptr()),
            busy: AtomicBool::new(false),
            asked: AtomicBool::new(false),
        }
    }

    /// Creates a breaker without a `pcap_t`, which only wakes a waiting call.
    pub(crate) fn detached(wake: Option<Wake>) -> Breaker {
        Breaker {
            latch: AtomicBool::new(false),
            wake: wake.map(OnceLock::from).unwrap_or_default(),
            pcap: AtomicPtr::new(std::ptr::null_mut()),
            busy: AtomicBool::new(false),
            asked: AtomicBool::new(false),
        }
    }

    fn breakloop(&self) {
        platform::keep_errno(|| self.break_now());
    }

    fn break_now(&self) {
        // If the latch was set before, whoever set it has woken the reader, or is about to.
        let pending = self.latch.swap(true, Ordering::SeqCst);
        // Pairs with the fence in `make_wakeable`: either this thread finds the descriptor, or the reader the latch.
        fence(Ordering::SeqCst);
        if let (Some(wake), false) = (self.wake.get(), pending) {
            wake.wake();
        }
        // If another thread holds the lock, that thread makes the call: it checks `asked` again after it releases the
        // lock. So no break is lost, and this function never waits. That thread uses swaps because a store would not
        // order its call after what the threads before it have done.
        self.asked.store(true, Ordering::SeqCst);
        while self.asked.load(Ordering::SeqCst) && !self.busy.swap(true, Ordering::SeqCst) {
            self.asked.swap(false, Ordering::SeqCst);
            if let Some(pcap) = NonNull::new(self.pcap.load(Ordering::SeqCst)) {
                // Pairs with the fence in `is_pending_in_libpcap`, because libpcap's own flag orders nothing.
                fence(Ordering::Release);
                // SAFETY: the handle is open, because `forget_handle` removes its address under the lock before the
                // handle is closed. Other threads and signal handlers may call this (pcap_breakloop(3PCAP)).
                unsafe { sys::pcap_breakloop(pcap.as_ptr()) };
            }
            self.busy.swap(false, Ordering::SeqCst);
        }
    }

    /// Clears the pending break, and returns whether there was one.
    #[inline]
    pub(crate) fn take(&self) -> bool {
        // A plain load first: it is cheap, and usually false.
        self.latch.load(Ordering::Relaxed) && self.latch.swap(false, Ordering::SeqCst)
    }

    pub(crate) fn is_pending(&self) -> bool {
        self.latch.load(Ordering::SeqCst)
    }

    /// Returns whether a break is pending, after libpcap has reported one. Also a later [`take`](Self::take) finds it.
    pub(crate) fn is_pending_in_libpcap(&self) -> bool {
        fence(Ordering::Acquire);
        self.is_pending()
    }

    /// Makes later breaks wake a waiting reader. An earlier break has set the latch, which a reader checks before it
    /// waits.
    pub(crate) fn make_wakeable(&self) -> io::Result<()> {
        if self.wake.get().is_none() {
            // Only the thread that owns the capture calls this.
            let _ = self.wake.set(Wake::new()?);
            fence(Ordering::SeqCst);
        }
        Ok(())
    }

    /// Waits until a break is requested, the descriptor is ready or the time has passed. The caller must check
    /// afterwards whether a break is pending.
    pub(crate) fn wait(
        &self,
        descriptor: Option<(platform::RawFd, Until)>,
        timeout: Option<Duration>,
    ) -> io::Result<Ready> {
        let wake = self.wake.get();
        let ready = platform::wait(wake, descriptor, timeout)?;
        if let (Some(wake), true) = (wake, ready.wake) {
            // Before the caller checks the latch: a later break wakes the next wait.
            wake.drain();
        }
        Ok(ready)
    }

    /// Detaches the `pcap_t`: no later break uses it, so it may be closed.
    pub(crate) fn forget_handle(&self) {
        self.set_handle(std::ptr::null_mut());
    }

    /// Replaces the `pcap_t` that breaks use. A pending break also reaches the new one.
    ///
    /// # Safety
    ///
    /// The new `pcap_t` is open.
    pub(crate) unsafe fn exchange_handle(&self, pcap: NonNull<sys::pcap_t>) {
        self.set_handle(pcap.as_ptr());
        if self.is_pending() {
            // At most the old `pcap_t` knows about this break.
            // SAFETY: the caller promises that it is open.
            unsafe { sys::pcap_breakloop(pcap.as_ptr()) };
        }
    }

    fn set_handle(&self, pcap: *mut sys::pcap_t) {
        while self.busy.swap(true, Ordering::SeqCst) {
            // Held at most for one pcap_breakloop.
            yield_now();
        }
        self.pcap.store(pcap, Ordering::SeqCst);
        // A swap for the reason in `break_now`: a break that found the lock taken has set the latch, which
        // `exchange_handle` checks.
        self.busy.swap(false, Ordering::SeqCst);
    }
}
