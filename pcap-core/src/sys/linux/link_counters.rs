//! Linux's counters of one network interface. Other systems have none.

#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) use linux::LinkCounters;
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) use linux::beside;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(crate) use none::LinkCounters;

#[cfg(any(target_os = "linux", target_os = "android"))]
mod linux {
    use std::ffi::c_int;
    use std::io;
    use std::mem::size_of_val;
    use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
    use std::thread::Builder;

    use crate::sys::linux::{constants, packet_socket};
    use crate::sys::thread;

    /// `struct nlmsghdr`: the length of the message, its type, flags, a number, a port.
    const HEADER: usize = 16;
    /// `struct ifinfomsg`, which follows the header: family, type, index, flags, change.
    const INFO: usize = 16;
    /// The attribute with a `struct rtnl_link_stats64`.
    const IFLA_STATS64: u16 = 23;
    /// The offset of `tx_dropped`, the eighth number in the structure.
    const TX_DROPPED: usize = 7 * 8;
    /// The buffer size for a reply, which has 1 to 3 KiB.
    const ROOM: usize = 32 * 1024;

    /// Reads the counters of the interface of a packet socket. The interface is found even if it was renamed, or if the
    /// network namespace of the socket differs from that of the thread.
    pub(crate) struct LinkCounters {
        netlink: OwnedFd,
        index: c_int,
    }

    impl LinkCounters {
        /// Returns `None` if the counters are not available.
        pub(crate) fn of(packet_socket: BorrowedFd<'_>) -> Option<LinkCounters> {
            let index = packet_socket::interface(packet_socket).filter(|&index| index > 0)?;
            let netlink = beside(packet_socket)?;
            Some(LinkCounters { netlink, index })
        }

        /// Returns the number of packets that the interface itself has dropped while sending. Packets that a queueing
        /// discipline rejects are not included.
        pub(crate) fn tx_dropped(&self) -> Option<u64> {
            let mut request = Vec::with_capacity(HEADER + INFO);
            request.extend_from_slice(&((HEADER + INFO) as u32).to_ne_bytes());
            request.extend_from_slice(&libc::RTM_GETLINK.to_ne_bytes());
            request.extend_from_slice(&(libc::NLM_F_REQUEST as u16).to_ne_bytes());
            request.extend_from_slice(&[0; 12]);
            request.extend_from_slice(&self.index.to_ne_bytes());
            request.extend_from_slice(&[0; 8]);
            let (fd, flags) = (self.netlink.as_raw_fd(), libc::MSG_DONTWAIT);
            // SAFETY: the descriptor is open, and the request has that length.
            let sent = unsafe { libc::send(fd, request.as_ptr().cast(), request.len(), flags) };
            if sent < 0 {
                return None;
            }
            let mut answer = vec![0; ROOM];
            let flags = flags | libc::MSG_TRUNC;
            // The kernel replies before the request returns.
            // SAFETY: the descriptor is open, and the buffer has this size.
            let length = unsafe { libc::recv(fd, answer.as_mut_ptr().cast(), ROOM, flags) };
            tx_dropped(answer.get(..usize::try_from(length).ok()?)?)
        }
    }

    /// Finds the counter in a reply.
    fn tx_dropped(answer: &[u8]) -> Option<u64> {
        let u16_at = |at: usize| Some(u16::from_ne_bytes(answer.get(at..at + 2)?.try_into().ok()?));
        if u16_at(4)? != libc::RTM_NEWLINK {
            return None;
        }
        let mut at = HEADER + INFO;
        loop {
            // The length including these four bytes, a type, the value, and padding to a multiple
            // of four.
            let (length, kind) = (usize::from(u16_at(at)?), u16_at(at + 2)?);
            if kind == IFLA_STATS64 {
                let value = answer.get(at + 4..at + length)?;
                let counter = value.get(TX_DROPPED..TX_DROPPED + 8)?;
                return Some(u64::from_ne_bytes(counter.try_into().ok()?));
            }
            at += length.max(4).next_multiple_of(4);
        }
    }

    /// Opens a routing netlink socket in the network namespace of another socket.
    pub(crate) fn beside(other: BorrowedFd<'_>) -> Option<OwnedFd> {
        let netlink = netlink().ok()?;
        match (namespace_of(netlink.as_fd()), namespace_of(other)) {
            (Some(ours), Some(other_one)) if ours != other_one => in_namespace_of(other),
            // Kernels before 5.14 do not report the namespace. In a different namespace, the counters would belong to
            // another interface or to none, and would not rise with packets sent on this one.
            _ => Some(netlink),
        }
    }

    /// Opens the socket for [`beside`] in a namespace that this thread is not in. Uses another thread.
    fn in_namespace_of(other: BorrowedFd<'_>) -> Option<OwnedFd> {
        // SAFETY: the descriptor is open, and the request takes no arguments.
        let namespace = unsafe { libc::ioctl(other.as_raw_fd(), constants::SIOCGSKNS as _) };
        if namespace < 0 {
            return None;
        }
        // SAFETY: the descriptor was just opened, and nothing else owns it.
        let namespace = unsafe { OwnedFd::from_raw_fd(namespace) };
        let mut socket = None;
        let ran = thread::run(Builder::new(), &mut || {
            // SAFETY: takes numbers, and only changes the namespace of this thread, which ends.
            let status = unsafe { libc::setns(namespace.as_raw_fd(), libc::CLONE_NEWNET) };
            if status == 0 {
                socket = netlink().ok();
            }
        });
        ran.ok()?;
        socket
    }

    fn netlink() -> io::Result<OwnedFd> {
        let kind = libc::SOCK_RAW | libc::SOCK_CLOEXEC;
        // SAFETY: takes numbers.
        let fd = unsafe { libc::socket(libc::AF_NETLINK, kind, libc::NETLINK_ROUTE) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the descriptor was just opened, and nothing else owns it.
        Ok(unsafe { OwnedFd::from_raw_fd(fd) })
    }

    /// Returns a number that is unique to the network namespace.
    fn namespace_of(socket: BorrowedFd<'_>) -> Option<u64> {
        let mut cookie = 0_u64;
        let mut size = size_of_val(&cookie) as libc::socklen_t;
        let (fd, option) = (socket.as_raw_fd(), constants::SO_NETNS_COOKIE?);
        let pointer: *mut u64 = &mut cookie;
        // SAFETY: the descriptor is open, and the buffer has space for the number.
        let status =
            unsafe { libc::getsockopt(fd, libc::SOL_SOCKET, option, pointer.cast(), &mut size) };
        (status == 0).then_some(cookie)
    }

    #[cfg(test)]
    mod tests {
        use std::fs::File;
        use std::net::Shutdown;
        use std::os::unix::net::UnixDatagram;

        use super::*;

        fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
            let mut bytes = Vec::new();
            bytes.extend_from_slice(&(4 + value.len() as u16).to_ne_bytes());
            bytes.extend_from_slice(&kind.to_ne_bytes());
            bytes.extend(value);
            bytes.resize(bytes.len().next_multiple_of(4), 0);
            bytes
        }

        fn answer(kind: u16, attributes: &[Vec<u8>]) -> Vec<u8> {
            let mut bytes = vec![0; HEADER + INFO];
            bytes[4..6].copy_from_slice(&kind.to_ne_bytes());
            bytes.extend(attributes.concat());
            bytes
        }

        #[test]
        fn the_counter_is_found_among_attributes() {
            let counters: Vec<u8> = (0..24_u64).flat_map(u64::to_ne_bytes).collect();
            let name = attribute(3, b"left\0");
            let whole = answer(16, &[name.clone(), attribute(IFLA_STATS64, &counters)]);
            assert_eq!(tx_dropped(&whole), Some(7));
            // Whatever the input: no panic, no endless loop, no other number.
            for length in 0..whole.len() {
                let cut = tx_dropped(&whole[..length]);
                assert!(cut.is_none(), "{length} bytes");
            }
            assert_eq!(
                tx_dropped(&answer(2, &[attribute(IFLA_STATS64, &counters)])),
                None
            );
            assert_eq!(
                tx_dropped(&answer(16, &[attribute(IFLA_STATS64, &[1; 8])])),
                None
            );
            assert_eq!(tx_dropped(&answer(16, &[vec![0; 64]])), None);
        }

        #[test]
        fn a_request_that_cannot_be_sent_has_no_answer() {
            // An answer that arrived before belongs to another request.
            let (socket, peer) = UnixDatagram::pair().unwrap();
            let earlier = answer(16, &[attribute(IFLA_STATS64, &[1; 192])]);
            peer.send(&earlier).unwrap();
            peer.shutdown(Shutdown::Read).unwrap();
            let counters = LinkCounters {
                netlink: socket.into(),
                index: 1,
            };
            assert_eq!(counters.tx_dropped(), None);
        }

        #[test]
        fn a_file_has_no_network_namespace() {
            let file = File::open("/dev/null").unwrap();
            assert!(in_namespace_of(file.as_fd()).is_none());
        }
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod none {
    use crate::sys::platform::BorrowedFd;

    pub(crate) enum LinkCounters {}

    impl LinkCounters {
        pub(crate) fn of(_: BorrowedFd<'_>) -> Option<LinkCounters> {
            None
        }

        pub(crate) fn tx_dropped(&self) -> Option<u64> {
            match *self {}
        }
    }
}
