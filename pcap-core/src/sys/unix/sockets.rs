//! Finds the open sockets of this process, among them the one that libpcap opens for the packets of
//! a remote capture without exposing it.

use std::os::fd::RawFd;

/// The lowest descriptor that libpcap cannot wait for: it uses `select`, which writes out of bounds for this descriptor
/// and higher ones.
pub(crate) const TOO_HIGH: RawFd = libc::FD_SETSIZE as RawFd;

/// The sockets that were open at one moment.
#[derive(Debug)]
pub(crate) struct Sockets(Vec<Socket>);

/// A socket's descriptor and identity. Linux gives each socket a unique number, so a descriptor that was closed and
/// reused is recognized.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Socket {
    pub(crate) fd: RawFd,
    inode: u64,
}

impl Sockets {
    /// Returns the sockets that are open now. The call may miss a socket that another thread opens or closes meanwhile,
    /// but not one that stays open.
    pub(crate) fn snapshot() -> Sockets {
        Sockets(open_descriptors().into_iter().filter_map(socket).collect())
    }

    /// Returns the sockets of `self` that were not open before.
    pub(crate) fn since(&self, before: &Sockets) -> Vec<Socket> {
        let mut known: Vec<u64> = before.0.iter().map(|socket| socket.inode).collect();
        known.sort_unstable();
        // On other systems, the numbers are not unique, so any socket may be new.
        let unique = cfg!(any(target_os = "linux", target_os = "android"));
        let new = |socket: &&Socket| !unique || known.binary_search(&socket.inode).is_err();
        self.0.iter().filter(new).copied().collect()
    }
}

/// Returns the socket if there is exactly one and the system identifies sockets reliably.
pub(crate) fn only(sockets: &[Socket]) -> Option<RawFd> {
    match sockets {
        [socket] if cfg!(any(target_os = "linux", target_os = "android")) => Some(socket.fd),
        _ => None,
    }
}

/// Returns the socket that a descriptor refers to, if any.
fn socket(fd: RawFd) -> Option<Socket> {
    // SAFETY: a structure of plain numbers, for which zero is a value.
    let mut status: libc::stat = unsafe { std::mem::zeroed() };
    // SAFETY: takes a number, which need not be an open descriptor, and a structure of ours.
    let failed = unsafe { libc::fstat(fd, &mut status) } != 0;
    let is_socket = !failed && status.st_mode & libc::S_IFMT == libc::S_IFSOCK;
    #[allow(clippy::unnecessary_cast)] // the types have other widths on other systems
    is_socket.then_some(Socket {
        fd,
        inode: status.st_ino as u64,
    })
}

/// Returns the open descriptors, and possibly some that have been closed since.
fn open_descriptors() -> Vec<RawFd> {
    // On FreeBSD, /dev/fd may only contain the first three.
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

/// Returns a number above all descriptors that are open now.
fn limit() -> RawFd {
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: takes a structure of ours to fill in.
    let status = unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit) };
    let number = RawFd::try_from(limit.rlim_cur).unwrap_or(RawFd::MAX);
    if status == 0 { number } else { RawFd::MAX }
}

#[cfg(all(test, target_os = "linux"))]
#[path = "../../../tests/support/refused.rs"]
mod refused;

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsRawFd;
    use std::os::unix::net::UnixStream;

    /// Other tests in this process open sockets meanwhile, so the socket need not be the only new one.
    #[test]
    fn a_socket_that_was_opened_in_between_is_found_also_under_an_old_number() {
        let (old, _peer) = UnixStream::pair().unwrap();
        let before = Sockets::snapshot();
        let fd = old.as_raw_fd();
        assert!(before.0.iter().any(|socket| socket.fd == fd));
        let (new, _peer) = UnixStream::pair().unwrap();
        // SAFETY: both descriptors are open; the old one becomes another name of the new socket.
        assert_eq!(unsafe { libc::dup2(new.as_raw_fd(), fd) }, fd);
        let since = Sockets::snapshot().since(&before);
        for fd in [fd, new.as_raw_fd()] {
            assert!(since.iter().any(|socket| socket.fd == fd), "{since:?}");
        }
        assert_eq!(only(&since), None);
    }

    /// Without /proc, each number that may be open is tried.
    #[cfg(target_os = "linux")]
    #[test]
    #[cfg_attr(emulated, ignore = "qemu-user does not filter system calls")]
    fn sockets_are_also_found_by_their_numbers() {
        let (socket, _peer) = UnixStream::pair().unwrap();
        let found = refused::apart(|| {
            refused::refuse(refused::OPEN, &[], libc::EACCES);
            Sockets::snapshot()
        });
        let fd = socket.as_raw_fd();
        assert!(found.0.iter().any(|found| found.fd == fd), "{found:?}");
    }
}
