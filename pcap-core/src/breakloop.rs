//! Ending calls from another thread, a signal handler or a closure.

use std::fmt;
use std::io;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering};
use std::sync::{Arc, OnceLock};

use crate::sys::{self, platform, platform::Wake};

/// Ends a reading call of the capture that it was created from. The call reports a *break*, distinct from the end of
/// the packets and a timeout, and the capture can be read on. The handle of an `os::linux::Sender` ends a sending call.
///
/// A handle can be cloned, sent to other threads, and kept longer than the capture; then a break does nothing. A break
/// before a read ends the next read. Several breaks count as one.
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
///         handle.breakloop(); // could as well come from another thread
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

    /// Ends the current reading call, or else the next one. Never blocks, and may be called from a signal handler.
    ///
    /// A break wakes a live capture that waits, a savefile that is followed, and one in a pipe, a socket or a terminal.
    /// In a savefile in a file, or from a [`Read`](std::io::Read), it also ends a call among blocks without packets and
    /// among packets that the filter rejects. In every case reading can continue where it was, even in the middle of a
    /// record.
    ///
    /// A break does not interrupt a `Read` that waits in its `read`. The call notices the break when `read` returns,
    /// also with [`Interrupted`](std::io::ErrorKind::Interrupted), as after a signal handler that calls this. Nor does
    /// it wake a savefile older than version 2.4 in a pipe. On Windows pipes behave as a `Read` does, and pcapng is
    /// read on to its next packet.
    #[doc(alias = "pcap_breakloop")]
    pub fn breakloop(&self) {
        self.0.breakloop();
    }

    /// Returns whether a break is pending.
    pub(crate) fn is_pending(&self) -> bool {
        self.0.is_pending()
    }

    /// Returns whether both are of the same capture.
    #[cfg(any(feature = "tokio", feature = "async-io"))]
    pub(crate) fn is_same(&self, other: &BreakHandle) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Returns the file descriptor that a break makes readable. It is open as long as this handle exists.
    #[cfg(any(feature = "tokio", feature = "async-io"))]
    pub(crate) fn wake_fd(&self) -> Option<platform::RawFd> {
        self.0.wake().map(Wake::fd)
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
/// The latch is authoritative: a break is pending exactly while it is set. The descriptor wakes a reader that waits.
/// `pcap_breakloop` ends a call inside libpcap, which a filter that rejects everything could keep there for long. A
/// break that libpcap reports counts only with the latch, so a late `pcap_breakloop` costs one more call and nothing
/// else.
pub(crate) struct Breaker {
    latch: AtomicBool,
    wake: OnceLock<Wake>,
    /// The handle while it is open. Its users hold `busy`.
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

    /// Creates a breaker without a handle, only with a descriptor to wake by.
    pub(crate) fn without_handle(wake: Wake) -> Breaker {
        Breaker {
            latch: AtomicBool::new(false),
            wake: OnceLock::from(wake),
            pcap: AtomicPtr::new(std::ptr::null_mut()),
            busy: AtomicBool::new(false),
            asked: AtomicBool::new(false),
        }
    }

    fn breakloop(&self) {
        platform::keep_errno(|| self.break_now());
    }

    fn break_now(&self) {
        // The one who set the latch before has woken the reader, or is about to.
        let pending = self.latch.swap(true, Ordering::SeqCst);
        if let (Some(wake), false) = (self.wake.get(), pending) {
            wake.wake();
        }
        // If the lock is taken, its holder does the call: it checks `asked` again after the release. No break is lost,
        // and nobody waits.
        self.asked.store(true, Ordering::SeqCst);
        while self.asked.load(Ordering::SeqCst) && !self.busy.swap(true, Ordering::SeqCst) {
            self.asked.store(false, Ordering::SeqCst);
            if let Some(pcap) = NonNull::new(self.pcap.load(Ordering::SeqCst)) {
                // SAFETY: the handle is open as long as its address is here while the lock is held:
                // `forget_handle` takes it out under the lock before it is closed. libpcap lets
                // other threads and signal handlers call this (pcap_breakloop(3PCAP)).
                unsafe { sys::pcap_breakloop(pcap.as_ptr()) };
            }
            self.busy.store(false, Ordering::SeqCst);
        }
    }

    /// Takes the pending break, and returns whether there was one.
    #[inline]
    pub(crate) fn take(&self) -> bool {
        // A plain load first: it is cheap, and usually false.
        self.latch.load(Ordering::Relaxed) && self.latch.swap(false, Ordering::SeqCst)
    }

    pub(crate) fn is_pending(&self) -> bool {
        self.latch.load(Ordering::SeqCst)
    }

    pub(crate) fn wake(&self) -> Option<&Wake> {
        self.wake.get()
    }

    /// Makes breaks wake a reader that waits. An earlier break has set the latch, which a reader checks before it
    /// waits.
    pub(crate) fn make_wakeable(&self) -> io::Result<()> {
        if self.wake.get().is_none() {
            // Only the thread that owns the capture gets here.
            let _ = self.wake.set(Wake::new()?);
        }
        Ok(())
    }

    /// Detaches the handle: no later break uses it, and it may be closed.
    pub(crate) fn forget_handle(&self) {
        self.set_handle(std::ptr::null_mut());
    }

    /// Replaces the handle that breaks use.
    pub(crate) fn exchange_handle(&self, pcap: NonNull<sys::pcap_t>) {
        self.set_handle(pcap.as_ptr());
    }

    fn set_handle(&self, pcap: *mut sys::pcap_t) {
        while self.busy.swap(true, Ordering::SeqCst) {
            // Held at most for one pcap_breakloop.
            std::thread::yield_now();
        }
        self.pcap.store(pcap, Ordering::SeqCst);
        self.busy.store(false, Ordering::SeqCst);
    }
}
