//! Waiting for descriptors.

use std::io;
use std::os::fd::RawFd;
use std::time::Duration;

use super::wake::Wake;
use crate::sys::{Ready, Until};

/// Waits until one of the descriptors is ready or the time has passed. `None` means no time limit. A signal ends the
/// wait early, like a timeout.
pub(crate) fn wait(
    wake: Option<&Wake>,
    descriptor: Option<(RawFd, Until)>,
    timeout: Option<Duration>,
) -> io::Result<Ready> {
    let fd = |fd, events| libc::pollfd {
        fd,
        events,
        revents: 0,
    };
    // poll(2) ignores negative descriptors.
    let mut fds = [
        fd(wake.map_or(-1, Wake::fd), libc::POLLIN),
        match descriptor {
            Some((number, Until::Readable)) => fd(number, libc::POLLIN),
            Some((number, Until::Writable)) => fd(number, libc::POLLOUT),
            None => fd(-1, 0),
        },
    ];
    poll(&mut fds, timeout)?;
    let [wake, descriptor] = fds;
    Ok(Ready {
        wake: wake.revents != 0,
        descriptor: descriptor.revents != 0,
    })
}

/// Calls poll(2), or ppoll(2) where it exists.
pub(crate) fn poll(fds: &mut [libc::pollfd], timeout: Option<Duration>) -> io::Result<()> {
    let count = fds.len() as libc::nfds_t;
    #[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd"))]
    let status = {
        let timeout = timeout.map(|t| libc::timespec {
            // The type has 32 bits on some platforms, which is enough for 68 years.
            tv_sec: t.as_secs().min(i32::MAX as u64) as _,
            tv_nsec: t.subsec_nanos() as _,
        });
        let timeout = timeout.as_ref().map_or(std::ptr::null(), |t| t as *const _);
        // SAFETY: `fds` is ours and has `count` elements; `timeout` is null or lives in this frame.
        unsafe { libc::ppoll(fds.as_mut_ptr(), count, timeout, std::ptr::null()) }
    };
    #[cfg(not(any(target_os = "linux", target_os = "android", target_os = "freebsd")))]
    let status = {
        // Round up, because a wait must not end early.
        let millis = timeout.map_or(-1, |t| {
            let millis = t.as_nanos().div_ceil(1_000_000);
            libc::c_int::try_from(millis).unwrap_or(libc::c_int::MAX)
        });
        // SAFETY: `fds` is ours and has `count` elements.
        unsafe { libc::poll(fds.as_mut_ptr(), count, millis) }
    };
    if status >= 0 {
        return Ok(());
    }
    match io::Error::last_os_error() {
        e if e.kind() == io::ErrorKind::Interrupted => {
            // After an error, `revents` has no valid results.
            fds.iter_mut().for_each(|fd| fd.revents = 0);
            Ok(())
        }
        e => Err(e),
    }
}

/// Returns whether a read of a descriptor would not block.
pub(crate) fn is_readable(fd: RawFd) -> io::Result<bool> {
    let mut fds = [libc::pollfd {
        fd,
        events: libc::POLLIN,
        revents: 0,
    }];
    poll(&mut fds, Some(Duration::ZERO))?;
    Ok(fds[0].revents != 0)
}
