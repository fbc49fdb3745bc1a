//! Stopping a capture from elsewhere: another thread, a signal handler, a closure.

use std::fmt;
use std::io;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering};
use std::sync::{Arc, OnceLock};

use crate::sys::{self, platform, platform::Wake};

/// Ends a reading call of the capture it was taken from: the call returns what says *break*, which
/// is never taken for the end of the packets or a timeout. The capture can be read on. One of a
/// `os::linux::Sender` ends a sending call.
///
/// It can be cloned, sent to other threads and kept longer than the capture; breaking a capture
/// that is gone does nothing. Breaks before a read are kept for the next read, and several count
/// as one.
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
/// Manual page: [`pcap_breakloop(3PCAP)`](https://www.tcpdump.org/manpages/pcap_breakloop.3pcap.html).
#[derive(Clone)]
pub struct BreakHandle(Arc<Breaker>);

impl BreakHandle {
    pub(crate) fn new(breaker: Arc<Breaker>) -> BreakHandle {
        BreakHandle(breaker)
    }

    /// Ends the reading call that is going on, or else the next one. Never blocks; may be called
    /// from a signal handler.
    ///
    /// A live capture that waits is woken, and so is a savefile that is followed, or that comes through a
    /// pipe, a socket or a terminal. A savefile in a file, or of a [`Read`](std::io::Read), ends the call also among
    /// blocks without packets, and among packets that the filter refuses. All can be read on from where they are, also in
    /// the middle of a record.
    ///
    /// While a `Read` waits in its `read`, it is not woken: the break is seen when that returns, also with
    /// [`Interrupted`](std::io::ErrorKind::Interrupted), as where a signal handler has called this. Nor is a format older
    /// than version 2.4 woken in a pipe. On Windows all that come through pipes are read as a `Read` is, and pcapng is read
    /// on to its next packet.
    #[doc(alias = "pcap_breakloop")]
    pub fn breakloop(&self) {
        self.0.breakloop();
    }

    /// Whether a break is pending.
    pub(crate) fn is_pending(&self) -> bool {
        self.0.is_pending()
    }

    /// Whether both are of the same capture.
    #[cfg(any(feature = "tokio", feature = "async-io"))]
    pub(crate) fn is_same(&self, other: &BreakHandle) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// The descriptor that a break makes readable, which is open as long as this is there.
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

/// What a capture and its break handles share.
///
/// The latch is the truth: a break is pending exactly while it is set. The descriptor wakes a reader
/// that waits; `pcap_breakloop` ends one that is inside libpcap, where a filter that lets nothing
/// through could keep it for long. What libpcap says of a break is never believed without the
/// latch, so a late `pcap_breakloop` costs one more call and nothing else.
pub(crate) struct Breaker {
    latch: AtomicBool,
    wake: OnceLock<Wake>,
    /// The handle, as long as it is open. Whoever uses it holds `busy`.
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

    /// For what waits and has no handle, only a descriptor to be woken by.
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
        // Whoever set the latch before has woken the reader, or is about to.
        let pending = self.latch.swap(true, Ordering::SeqCst);
        if let (Some(wake), false) = (self.wake.get(), pending) {
            wake.wake();
        }
        // Whoever finds the lock taken leaves the asking to its holder, which looks again after
        // letting go: no break is lost, and nobody waits.
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

    /// Whether a break is pending; it is not pending afterwards.
    #[inline]
    pub(crate) fn take(&self) -> bool {
        // A plain load first: it is cheap, and mostly false.
        self.latch.load(Ordering::Relaxed) && self.latch.swap(false, Ordering::SeqCst)
    }

    pub(crate) fn is_pending(&self) -> bool {
        self.latch.load(Ordering::SeqCst)
    }

    pub(crate) fn wake(&self) -> Option<&Wake> {
        self.wake.get()
    }

    /// Has breaks from now on wake a reader that waits, if they did not. A break before that has set
    /// the latch, which a reader looks at before it waits.
    pub(crate) fn make_wakeable(&self) -> io::Result<()> {
        if self.wake.get().is_none() {
            // Only the one thread that has the capture gets here.
            let _ = self.wake.set(Wake::new()?);
        }
        Ok(())
    }

    /// From now on no break touches the handle, which may be closed.
    pub(crate) fn forget_handle(&self) {
        self.set_handle(std::ptr::null_mut());
    }

    /// From now on breaks touch this handle, and no other.
    pub(crate) fn exchange_handle(&self, pcap: NonNull<sys::pcap_t>) {
        self.set_handle(pcap.as_ptr());
    }

    fn set_handle(&self, pcap: *mut sys::pcap_t) {
        while self.busy.swap(true, Ordering::SeqCst) {
            // Held for no longer than one pcap_breakloop.
            std::thread::yield_now();
        }
        self.pcap.store(pcap, Ordering::SeqCst);
        self.busy.store(false, Ordering::SeqCst);
    }
}
