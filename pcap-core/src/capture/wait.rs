//! The one way to wait for packets: for the capture's descriptor and the break handle's, with a
//! deadline.
//!
//! May import: `ffi`, `error`, `breakloop`, `handle`.

use std::cell::Cell;
use std::io;
use std::os::fd::RawFd;
use std::time::{Duration, Instant};

use crate::breakloop::Breaker;
use crate::error::{Error, Result};
use crate::ffi::{self, os};
use crate::handle::Handle;

/// While an interface is down libpcap asks to be read every millisecond; that is done less and less
/// often, down to this.
const SLOWEST: Duration = Duration::from_millis(50);

/// How often to read where libpcap offers neither a descriptor nor a time.
const BLIND: Duration = Duration::from_millis(10);

/// How a live capture waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Waiting {
    /// It is in non-blocking mode, and this descriptor is readable when there are packets.
    Descriptor(RawFd),
    /// It is in non-blocking mode, and has to be read every so often.
    Timer,
    /// It refuses non-blocking mode: a read waits by itself, and only libpcap can end it.
    InLibpcap,
}

/// How a live capture waits, and what it learnt of the interface.
#[derive(Debug)]
pub(crate) struct Waiter {
    waiting: Waiting,
    /// How often to read while libpcap asks for more than the descriptor.
    pause: Cell<Duration>,
}

impl Waiter {
    pub(crate) fn new(waiting: Waiting) -> Waiter {
        Waiter {
            waiting,
            pause: Cell::new(Duration::ZERO),
        }
    }

    pub(crate) fn descriptor(&self) -> Option<RawFd> {
        match self.waiting {
            Waiting::Descriptor(fd) => Some(fd),
            Waiting::Timer | Waiting::InLibpcap => None,
        }
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
        let mut timeout = deadline.map(|d| d.saturating_duration_since(Instant::now()));
        let required = required_timeout(handle);
        // Without either, nothing would ever tell of packets.
        let blind = self.waiting == Waiting::Timer && required.is_none();
        if let Some(required) = required.or(blind.then_some(BLIND)) {
            let mut pause = required;
            if required <= Duration::from_millis(1) {
                pause = (self.pause.get() * 2).clamp(required, SLOWEST);
                self.pause.set(pause);
            }
            timeout = Some(timeout.map_or(pause, |timeout| timeout.min(pause)));
        }
        self.poll(handle, libc::POLLIN, timeout)?;
        Ok(())
    }

    fn poll(&self, handle: &Handle, events: i16, timeout: Option<Duration>) -> Result<()> {
        let ready = poll(handle.breaker(), self.descriptor(), events, timeout);
        let ready = ready.map_err(|e| Error::io("wait on", handle.name.clone(), e))?;
        if ready && events == libc::POLLIN {
            self.came();
        }
        Ok(())
    }
}

/// Waits for a break and a descriptor, and says whether that is ready.
fn poll(
    breaker: &Breaker,
    descriptor: Option<RawFd>,
    events: i16,
    timeout: Option<Duration>,
) -> io::Result<bool> {
    let fd = |fd, events| libc::pollfd {
        fd,
        events,
        revents: 0,
    };
    // poll(2) passes over negative descriptors.
    let wake = breaker.wake();
    let mut fds = [
        fd(wake.map_or(-1, os::Wake::fd), libc::POLLIN),
        fd(descriptor.unwrap_or(-1), events),
    ];
    os::poll(&mut fds, timeout)?;
    if fds[0].revents != 0 {
        if let Some(wake) = wake {
            // Before the latch is looked at: a break after this wakes the next wait.
            wake.drain();
        }
    }
    Ok(fds[1].revents != 0)
}

/// Waits until a packet can be sent: until the descriptor says so, or this long if it cannot. A break
/// ends it early.
pub(crate) fn writable(
    breaker: &Breaker,
    descriptor: Option<RawFd>,
    pause: Option<Duration>,
) -> io::Result<()> {
    match pause {
        Some(_) => poll(breaker, None, 0, pause)?,
        None => poll(breaker, descriptor, libc::POLLOUT, None)?,
    };
    Ok(())
}

/// Waits for a break only, or this long: a descriptor has nothing to say, or there is none.
pub(crate) fn sleep(handle: &Handle, time: Duration) -> Result<()> {
    let waiter = Waiter::new(Waiting::Timer);
    waiter.poll(handle, libc::POLLIN, Some(time))
}

/// How long to wait at most before reading again, whatever the descriptor says. libpcap changes the
/// time behind its pointer, so it is read anew each time.
pub(crate) fn required_timeout(handle: &Handle) -> Option<Duration> {
    // SAFETY: the handle is open.
    let timeout = unsafe { ffi::pcap_get_required_select_timeout(handle.as_ptr()) };
    // SAFETY: null, or a timeval inside the handle that stays there until the next call on it.
    let timeout = unsafe { timeout.as_ref() }?;
    let secs = u64::try_from(timeout.tv_sec).unwrap_or(0);
    let micros = u64::try_from(timeout.tv_usec).unwrap_or(0);
    Some(Duration::from_secs(secs).saturating_add(Duration::from_micros(micros)))
}
