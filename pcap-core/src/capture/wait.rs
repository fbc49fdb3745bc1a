//! Waiting for packets: for the descriptors of the capture and of the break handle, with a deadline.

use std::cell::Cell;
use std::io;
use std::time::{Duration, Instant};

use crate::breakloop::Breaker;
use crate::error::{Error, Result};
use crate::handle::Handle;
use crate::sys::Until;
use crate::sys::platform::{self, RawFd};

/// The longest interval between reads while an interface is down. libpcap asks for a read every millisecond; the
/// intervals grow to this length.
const SLOWEST: Duration = Duration::from_millis(50);

/// The interval between reads if libpcap offers neither a descriptor nor a time.
const BLIND: Duration = Duration::from_millis(10);

/// The shortest interval between brief reads, in case they return at once.
const BRIEF: Duration = Duration::from_millis(1);

/// The interval between checks for more data at the end of a followed savefile.
pub(crate) const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// How a live capture waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Waiting {
    /// In non-blocking mode; this descriptor is readable when there are packets.
    Descriptor(RawFd),
    /// In non-blocking mode; libpcap has no descriptor, so it is read at intervals.
    Timer,
    /// libpcap rejects non-blocking mode: a read waits inside libpcap, and only libpcap can end it.
    InLibpcap,
    /// libpcap rejects non-blocking mode, but a break ends a read within a tenth of a second, with or without a packet
    /// (D-Bus).
    Briefly,
}

/// The event that an event loop waits for before it reads a capture again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(unreachable_pub)] // the sealed traits name it, and they are public in name
pub enum WaitsFor {
    /// Nothing: a read does not wait, or itself waits.
    Nothing,
    /// The first of these events: the descriptor is readable, the break handle's descriptor is readable, or the time
    /// has passed.
    Event {
        descriptor: Option<RawFd>,
        pause: Option<Duration>,
    },
    /// An event that only libpcap can wait for, inside a read. The text states the reason.
    Libpcap(&'static str),
}

/// Returns the lesser of two times, either of which may be missing.
pub(crate) fn least<T: Ord>(a: Option<T>, b: Option<T>) -> Option<T> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

impl WaitsFor {
    /// Limits the wait to this time.
    pub(crate) fn at_most(self, time: Option<Duration>) -> WaitsFor {
        match self {
            WaitsFor::Event { descriptor, pause } => WaitsFor::Event {
                descriptor,
                pause: least(pause, time),
            },
            other => other,
        }
    }
}

/// How a live capture waits, and what it has learned about the interface.
#[derive(Debug)]
pub(crate) struct Waiter {
    waiting: Waiting,
    /// The interval between additional reads, if the descriptor may report packets late.
    late: Option<Duration>,
    /// The interval between reads while libpcap asks for more than the descriptor.
    pause: Cell<Duration>,
}

impl Waiter {
    /// Creates a waiter; `timeout` is the packet-buffer timeout.
    pub(crate) fn new(waiting: Waiting, timeout: Duration) -> Waiter {
        let late = platform::REPORTS_LATE && matches!(waiting, Waiting::Descriptor(_));
        Waiter {
            waiting,
            late: late.then_some(timeout),
            pause: Cell::new(Duration::ZERO),
        }
    }

    pub(crate) fn descriptor(&self) -> Option<RawFd> {
        match self.waiting {
            Waiting::Descriptor(fd) => Some(fd),
            Waiting::Timer | Waiting::InLibpcap | Waiting::Briefly => None,
        }
    }

    /// Returns whether a read waits inside libpcap.
    pub(crate) fn is_in_libpcap(&self) -> bool {
        matches!(self.waiting, Waiting::InLibpcap | Waiting::Briefly)
    }

    pub(crate) fn waiting(&self) -> Waiting {
        self.waiting
    }

    /// Notes that packets arrived, so the interface is up.
    pub(crate) fn packets_arrived(&self) {
        self.pause.set(Duration::ZERO);
    }

    /// Waits until there may be packets, a break, or the deadline.
    pub(crate) fn wait(&self, handle: &Handle, deadline: Option<Instant>) -> Result<()> {
        if self.waiting == Waiting::InLibpcap {
            return Ok(());
        }
        let left = deadline.map(|d| d.saturating_duration_since(Instant::now()));
        let pause = self.pause(handle);
        let timeout = least(left, pause);
        self.poll(handle, timeout)?;
        Ok(())
    }

    /// Returns the longest time to wait if the descriptor does not become readable. It grows from wait to wait while
    /// libpcap asks for constant reads.
    fn pause(&self, handle: &Handle) -> Option<Duration> {
        let Some(mut pause) = required_timeout(handle) else {
            return match self.waiting {
                // Without a descriptor or a time, nothing would ever report packets.
                Waiting::Timer => Some(BLIND),
                Waiting::Briefly => Some(BRIEF),
                Waiting::Descriptor(_) | Waiting::InLibpcap => self.late,
            };
        };
        if pause <= Duration::from_millis(1) {
            pause = (self.pause.get() * 2).clamp(pause, SLOWEST);
            self.pause.set(pause);
        }
        Some(pause)
    }

    /// Returns how long an event loop may wait before it reads again.
    pub(crate) fn required(&self, handle: &Handle) -> Option<Duration> {
        required_timeout(handle).or(self.late)
    }

    /// Returns the event that [`wait`](Self::wait) would wait for.
    pub(crate) fn waits_for(&self, handle: &Handle) -> WaitsFor {
        match self.waiting {
            Waiting::InLibpcap | Waiting::Briefly => WaitsFor::Libpcap(
                "libpcap has no non-blocking mode for this kind of device, and a blocking read would block \
                 all other tasks of the thread",
            ),
            Waiting::Descriptor(_) | Waiting::Timer => WaitsFor::Event {
                descriptor: self.descriptor(),
                pause: self.pause(handle),
            },
        }
    }

    /// Returns whether a wait would return at once, and notes the reason.
    pub(crate) fn is_ready(&self, handle: &Handle) -> Result<bool> {
        self.poll(handle, Some(Duration::ZERO))
    }

    /// Polls the descriptors, and returns whether one of them is ready.
    fn poll(&self, handle: &Handle, timeout: Option<Duration>) -> Result<bool> {
        let descriptor = self.descriptor().map(|fd| (fd, Until::Readable));
        let done = handle.breaker().wait(descriptor, timeout);
        let ready = done.map_err(|e| Error::io("wait on", handle.name.clone(), e))?;
        if ready.descriptor {
            self.packets_arrived();
        }
        Ok(ready.wake || ready.descriptor)
    }
}

/// Waits until a descriptor is writable, a break is requested, or this time has passed.
pub(crate) fn writable(
    breaker: &Breaker,
    descriptor: Option<RawFd>,
    timeout: Option<Duration>,
) -> io::Result<()> {
    breaker.wait(descriptor.map(|fd| (fd, Until::Writable)), timeout)?;
    Ok(())
}

/// Waits until a descriptor is readable, a break is requested, or this time has passed.
pub(crate) fn readable(
    breaker: &Breaker,
    descriptor: Option<RawFd>,
    timeout: Option<Duration>,
) -> io::Result<()> {
    breaker.wait(descriptor.map(|fd| (fd, Until::Readable)), timeout)?;
    Ok(())
}

/// Waits until a break is requested or this time has passed, without a descriptor. Returns whether there was a break.
pub(crate) fn sleep(handle: &Handle, time: Duration) -> Result<bool> {
    let waiter = Waiter::new(Waiting::Timer, time);
    waiter.poll(handle, Some(time))
}

/// Returns the timeout that libpcap asks for.
fn required_timeout(handle: &Handle) -> Option<Duration> {
    // SAFETY: the handle is open, and only this thread uses it.
    unsafe { platform::required_timeout(handle.as_ptr()) }
}
