//! The one way to wait for packets: for the capture's descriptor and the break handle's, with a
//! deadline.

use std::cell::Cell;
use std::io;
use std::time::{Duration, Instant};

use crate::breakloop::Breaker;
use crate::error::{Error, Result};
use crate::handle::Handle;
use crate::sys::platform::{self, RawFd};
use crate::sys::{Ready, Until};

/// While an interface is down libpcap asks to be read every millisecond; that is done less and less
/// often, down to this.
const SLOWEST: Duration = Duration::from_millis(50);

/// How often to read where libpcap offers neither a descriptor nor a time.
const BLIND: Duration = Duration::from_millis(10);

/// How often at most to read where a read is to wait briefly, should it end at once.
const BRIEF: Duration = Duration::from_millis(1);

/// How a live capture waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Waiting {
    /// It is in non-blocking mode, and this descriptor is readable when there are packets.
    Descriptor(RawFd),
    /// It is in non-blocking mode, and has to be read every so often.
    Timer,
    /// It refuses non-blocking mode: a read waits by itself, and only libpcap can end it.
    InLibpcap,
    /// It refuses non-blocking mode, too; but a read that is to break ends within a tenth of a second, with a packet or
    /// without (D-Bus).
    Briefly,
}

/// What an event loop is to wait for before a capture is read again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(unreachable_pub)] // the sealed traits name it, and they are public in name
pub enum WaitsFor {
    /// Nothing: reading does not wait, or waits by itself.
    Nothing,
    /// For what comes first: the descriptor is readable, the break handle's is, or the time is over.
    Event {
        descriptor: Option<RawFd>,
        pause: Option<Duration>,
    },
    /// Something that only libpcap knows; reading waits for it, and why.
    Libpcap(&'static str),
}

impl WaitsFor {
    /// The same, but for no longer than this.
    pub(crate) fn at_most(self, time: Option<Duration>) -> WaitsFor {
        match self {
            WaitsFor::Event { descriptor, pause } => WaitsFor::Event {
                descriptor,
                pause: pause.into_iter().chain(time).min(),
            },
            other => other,
        }
    }
}

/// How a live capture waits, and what it learnt of the interface.
#[derive(Debug)]
pub(crate) struct Waiter {
    waiting: Waiting,
    /// How often to read besides, where the descriptor may tell late.
    late: Option<Duration>,
    /// How often to read while libpcap asks for more than the descriptor.
    pause: Cell<Duration>,
}

impl Waiter {
    /// `timeout` is the packet-buffer timeout.
    pub(crate) fn new(waiting: Waiting, timeout: Duration) -> Waiter {
        let late = platform::TELLS_LATE && matches!(waiting, Waiting::Descriptor(_));
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

    /// Whether a read waits inside libpcap.
    pub(crate) fn is_in_libpcap(&self) -> bool {
        matches!(self.waiting, Waiting::InLibpcap | Waiting::Briefly)
    }

    pub(crate) fn waiting(&self) -> Waiting {
        self.waiting
    }

    /// Packets came: the interface is up.
    pub(crate) fn came(&self) {
        self.pause.set(Duration::ZERO);
    }

    /// Waits until there may be packets or a break, or the deadline has come.
    pub(crate) fn wait(&self, handle: &Handle, deadline: Option<Instant>) -> Result<()> {
        if self.waiting == Waiting::InLibpcap {
            return Ok(());
        }
        let left = deadline.map(|d| d.saturating_duration_since(Instant::now()));
        let pause = self.pause(handle);
        let timeout = left.into_iter().chain(pause).min();
        self.poll(handle, timeout)?;
        Ok(())
    }

    /// How long to wait at most, whatever the descriptor says; longer from wait to wait where libpcap
    /// asks to be read all the time.
    fn pause(&self, handle: &Handle) -> Option<Duration> {
        let Some(mut pause) = required_timeout(handle) else {
            return match self.waiting {
                // Without either, nothing would ever tell of packets.
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

    /// How long an event loop may wait before it reads again.
    pub(crate) fn required(&self, handle: &Handle) -> Option<Duration> {
        required_timeout(handle).or(self.late)
    }

    /// What [`wait`](Self::wait) would wait for.
    pub(crate) fn waits_for(&self, handle: &Handle) -> WaitsFor {
        match self.waiting {
            Waiting::InLibpcap | Waiting::Briefly => WaitsFor::Libpcap(
                "libpcap has no non-blocking mode for this kind of device: reading it would hold up \
                 all other tasks of the thread",
            ),
            Waiting::Descriptor(_) | Waiting::Timer => WaitsFor::Event {
                descriptor: self.descriptor(),
                pause: self.pause(handle),
            },
        }
    }

    /// Looks whether a wait would end at once, and takes note of what ends it.
    pub(crate) fn is_ready(&self, handle: &Handle) -> Result<bool> {
        self.poll(handle, Some(Duration::ZERO))
    }

    /// Whether one of the descriptors is ready.
    fn poll(&self, handle: &Handle, timeout: Option<Duration>) -> Result<bool> {
        let descriptor = self.descriptor().map(|fd| (fd, Until::Readable));
        let done = poll(handle.breaker(), descriptor, timeout);
        let ready = done.map_err(|e| Error::io("wait on", handle.name.clone(), e))?;
        if ready.descriptor {
            self.came();
        }
        Ok(ready.wake || ready.descriptor)
    }
}

/// Waits for a break and a descriptor.
fn poll(
    breaker: &Breaker,
    descriptor: Option<(RawFd, Until)>,
    timeout: Option<Duration>,
) -> io::Result<Ready> {
    let wake = breaker.wake();
    let ready = platform::wait(wake, descriptor, timeout)?;
    if let (Some(wake), true) = (wake, ready.wake) {
        // Before the latch is looked at: a break after this wakes the next wait.
        wake.drain();
    }
    Ok(ready)
}

/// Waits until a descriptor is writable, a break comes, or this time is over.
pub(crate) fn writable(
    breaker: &Breaker,
    descriptor: Option<RawFd>,
    timeout: Option<Duration>,
) -> io::Result<()> {
    poll(breaker, descriptor.map(|fd| (fd, Until::Writable)), timeout)?;
    Ok(())
}

/// Waits for a break only, or this long: a descriptor has nothing to say, or there is none. True for a
/// break.
pub(crate) fn sleep(handle: &Handle, time: Duration) -> Result<bool> {
    let waiter = Waiter::new(Waiting::Timer, time);
    waiter.poll(handle, Some(time))
}

/// What libpcap asks for.
fn required_timeout(handle: &Handle) -> Option<Duration> {
    // SAFETY: the handle is open, and this thread's.
    unsafe { platform::required_timeout(handle.as_ptr()) }
}
