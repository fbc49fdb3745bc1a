//! A wait set for Linux: an epoll instance with a timer. The kernel removes descriptors when they
//! are closed.

use std::cell::OnceCell;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::time::Duration;

/// The wait set: see the parent module.
#[derive(Debug)]
pub(crate) struct WaitSet {
    epoll: OwnedFd,
    /// The timer, created when a time is first set, because most captures need none.
    timer: OnceCell<OwnedFd>,
}

impl WaitSet {
    /// Creates a set of these descriptors, which the caller still owns.
    pub(crate) fn new(fds: [Option<RawFd>; 2]) -> io::Result<WaitSet> {
        // SAFETY: takes a number.
        let epoll = owned(unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) })?;
        let set = WaitSet {
            epoll,
            timer: OnceCell::new(),
        };
        for fd in fds.into_iter().flatten() {
            set.add(fd, libc::EPOLLIN)?;
        }
        Ok(set)
    }

    /// Adds a descriptor that makes the set readable when it is writable.
    pub(crate) fn add_writable(&self, fd: RawFd) -> io::Result<()> {
        self.add(fd, libc::EPOLLOUT)
    }

    fn add(&self, fd: RawFd, events: libc::c_int) -> io::Result<()> {
        // Errors are always reported.
        let mut event = libc::epoll_event {
            events: events as u32,
            u64: 0,
        };
        let epoll = self.epoll.as_raw_fd();
        // SAFETY: takes numbers, and a structure of ours that is only read.
        check(unsafe { libc::epoll_ctl(epoll, libc::EPOLL_CTL_ADD, fd, &mut event) })
    }

    /// Makes the set readable after this time, and replaces an earlier time. `None` means never.
    pub(crate) fn arm(&self, time: Option<Duration>) -> io::Result<()> {
        let timer = match (self.timer.get(), time) {
            (Some(timer), _) => timer,
            (None, None) => return Ok(()),
            (None, Some(_)) => {
                let flags = libc::TFD_CLOEXEC | libc::TFD_NONBLOCK;
                // SAFETY: takes numbers.
                let timer = owned(unsafe { libc::timerfd_create(libc::CLOCK_MONOTONIC, flags) })?;
                self.add(timer.as_raw_fd(), libc::EPOLLIN)?;
                self.timer.get_or_init(|| timer)
            }
        };
        // Zero would disarm the timer.
        let value = time.map_or(Duration::ZERO, |time| time.max(Duration::from_nanos(1)));
        let zero = libc::timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        let spec = libc::itimerspec {
            it_interval: zero,
            it_value: libc::timespec {
                // The type has 32 bits on some platforms, which is enough for 68 years.
                tv_sec: value.as_secs().min(i32::MAX as u64) as _,
                tv_nsec: value.subsec_nanos() as _,
            },
        };
        let timer = timer.as_raw_fd();
        // SAFETY: the structure is ours and is only read. The old value is not requested.
        check(unsafe { libc::timerfd_settime(timer, 0, &spec, std::ptr::null_mut()) })
    }
}

impl AsRawFd for WaitSet {
    fn as_raw_fd(&self) -> RawFd {
        self.epoll.as_raw_fd()
    }
}

impl AsFd for WaitSet {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.epoll.as_fd()
    }
}

fn owned(fd: RawFd) -> io::Result<OwnedFd> {
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the callers have just opened the descriptor, and nothing else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

fn check(status: libc::c_int) -> io::Result<()> {
    match status {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}
