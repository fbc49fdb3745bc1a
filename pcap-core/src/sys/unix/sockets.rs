//! Which sockets this process has open: how to find the one that libpcap opens for the packets of a remote capture and
//! tells nobody of.

use std::os::fd::RawFd;

/// libpcap waits with `select` there, which writes beyond its set of descriptors from this one on.
pub(crate) const TOO_HIGH: RawFd = libc::FD_SETSIZE as RawFd;

/// The sockets that were open at some moment.
#[derive(Debug)]
pub(crate) struct Sockets(Vec<Socket>);

/// A socket's descriptor and which socket it is. Linux numbers each anew, so that a descriptor that was closed and opened
/// again is told apart.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Socket {
    pub(crate) fd: RawFd,
    inode: u64,
}

impl Sockets {
    /// Those that are open now. One that is opened or closed by another thread meanwhile may be missed; one that stays
    /// open all the time is not.
    pub(crate) fn now() -> Sockets {
        Sockets(open_descriptors().into_iter().filter_map(socket).collect())
    }

    /// Those of `self` that were not there before.
    pub(crate) fn since(&self, before: &Sockets) -> Vec<Socket> {
        let mut known: Vec<u64> = before.0.iter().map(|socket| socket.inode).collect();
        known.sort_unstable();
        let new = |socket: &&Socket| {
            if cfg!(any(target_os = "linux", target_os = "android")) {
                known.binary_search(&socket.inode).is_err()
            } else {
                // Elsewhere the numbers mean less: any of them may be it.
                true
            }
        };
        self.0.iter().filter(new).copied().collect()
    }
}

/// The one socket among them, if there is no doubt which.
pub(crate) fn only(sockets: &[Socket]) -> Option<RawFd> {
    match sockets {
        [socket] if cfg!(any(target_os = "linux", target_os = "android")) => Some(socket.fd),
        _ => None,
    }
}

/// What a descriptor refers to, if that is a socket.
fn socket(fd: RawFd) -> Option<Socket> {
    // SAFETY: a structure of plain numbers, for which zero is a value.
    let mut status: libc::stat = unsafe { std::mem::zeroed() };
    // SAFETY: takes a number, of an open descriptor or not, and a structure of ours.
    let failed = unsafe { libc::fstat(fd, &mut status) } != 0;
    let is_socket = !failed && status.st_mode & libc::S_IFMT == libc::S_IFSOCK;
    #[allow(clippy::unnecessary_cast)] // other widths elsewhere
    is_socket.then_some(Socket {
        fd,
        inode: status.st_ino as u64,
    })
}

/// The descriptors that are open, and maybe some that are not any more.
fn open_descriptors() -> Vec<RawFd> {
    // FreeBSD's /dev/fd may have the first three only.
    let folder = match cfg!(any(target_os = "linux", target_os = "android")) {
        true => "/proc/self/fd",
        false if cfg!(target_vendor = "apple") => "/dev/fd",
        false => "",
    };
    if let Ok(entries) = std::fs::read_dir(folder) {
        let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        return names.filter_map(|name| name.parse().ok()).collect();
    }
    (0..limit()).collect()
}

/// No descriptor that is opened now is as high as this.
fn limit() -> RawFd {
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: takes a structure of ours to fill in.
    match unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit) } {
        0 => RawFd::try_from(limit.rlim_cur).unwrap_or(RawFd::MAX),
        _ => RawFd::MAX,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsRawFd;
    use std::os::unix::net::UnixStream;

    /// Other tests of this process open sockets meanwhile, so that it need not be the only new one.
    #[test]
    fn a_socket_that_was_opened_in_between_is_found_also_under_an_old_number() {
        let (old, _peer) = UnixStream::pair().unwrap();
        let before = Sockets::now();
        let fd = old.as_raw_fd();
        assert!(before.0.iter().any(|socket| socket.fd == fd));
        let (new, _peer) = UnixStream::pair().unwrap();
        // SAFETY: both descriptors are open; the old one becomes another name of the new socket.
        assert_eq!(unsafe { libc::dup2(new.as_raw_fd(), fd) }, fd);
        let since = Sockets::now().since(&before);
        for fd in [fd, new.as_raw_fd()] {
            assert!(since.iter().any(|socket| socket.fd == fd), "{since:?}");
        }
        assert_eq!(only(&since), None);
    }
}
