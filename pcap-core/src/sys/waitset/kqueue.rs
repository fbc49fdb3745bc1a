//! A wait set for macOS and the BSDs: a kqueue with a timer. The kernel removes descriptors when
//! they are closed.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::time::Duration;

/// The number of the only timer. Timers and descriptors are numbered independently.
const TIMER: usize = 0;

/// The wait set: see the parent module.
#[derive(Debug)]
pub(crate) struct WaitSet {
    kqueue: OwnedFd,
}

impl WaitSet {
    /// Creates a set of these descriptors, which the caller still owns.
    pub(crate) fn new(fds: [Option<RawFd>; 2]) -> io::Result<WaitSet> {
        // SAFETY: takes no arguments.
        let fd = unsafe { libc::kqueue() };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        super::super::platform::close_on_exec(fd);
        // SAFETY: the descriptor was just opened, and nothing else owns it.
        let kqueue = unsafe { OwnedFd::from_raw_fd(fd) };
        let set = WaitSet { kqueue };
        for fd in fds.into_iter().flatten() {
            set.add(fd, libc::EVFILT_READ as i64)?;
        }
        Ok(set)
    }

    /// Adds a descriptor that makes the set readable when it is writable.
    pub(crate) fn add_writable(&self, fd: RawFd) -> io::Result<()> {
        self.add(fd, libc::EVFILT_WRITE as i64)
    }

    fn add(&self, fd: RawFd, filter: i64) -> io::Result<()> {
        self.change(fd as usize, filter, libc::EV_ADD as u64, 0)
    }

    fn change(&self, ident: usize, filter: i64, flags: u64, data: u64) -> io::Result<()> {
        // The types of the fields differ between systems.
        // SAFETY: the structure has numbers and a pointer that is never dereferenced, and zero is valid for all of
        // them.
        let mut event: libc::kevent = unsafe { std::mem::zeroed() };
        event.ident = ident as _;
        event.filter = filter as _;
        event.flags = flags as _;
        event.data = data as _;
        let (none, kqueue) = (std::ptr::null_mut(), self.kqueue.as_raw_fd());
        // SAFETY: the structure is ours and is only read. No events are requested.
        match unsafe { libc::kevent(kqueue, &event, 1, none, 0, std::ptr::null()) } {
            0.. => Ok(()),
            _ => Err(io::Error::last_os_error()),
        }
    }

    /// Makes the set readable after this time, and replaces an earlier time. `None` means never.
    pub(crate) fn arm(&self, time: Option<Duration>) -> io::Result<()> {
        let filter = libc::EVFILT_TIMER as i64;
        // This fails if no timer is set.
        let _ = self.change(TIMER, filter, libc::EV_DELETE as u64, 0);
        let Some(time) = time else { return Ok(()) };
        let millis = time.as_nanos().div_ceil(1_000_000).clamp(1, 1 << 30) as u64;
        let flags = libc::EV_ADD as u64 | libc::EV_ONESHOT as u64;
        self.change(TIMER, filter, flags, millis)
    }
}

impl AsRawFd for WaitSet {
    fn as_raw_fd(&self) -> RawFd {
        self.kqueue.as_raw_fd()
    }
}

impl AsFd for WaitSet {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.kqueue.as_fd()
    }
}
