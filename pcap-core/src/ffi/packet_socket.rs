//! Packet sockets, through which libpcap sends on Linux: many packets with one call. Elsewhere libpcap
//! sends one by one.
//!
//! May import: nothing of this crate.

#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) use linux::{bypass_qdisc, is_one, send};
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(crate) use none::{bypass_qdisc, is_one, send};

/// What was sent of packets that were to be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sent {
    pub(crate) packets: usize,
    pub(crate) bytes: usize,
}

#[cfg(any(target_os = "linux", target_os = "android"))]
mod linux {
    use std::ffi::{c_int, c_uint};
    use std::io;
    use std::mem::{size_of, size_of_val, zeroed};
    use std::os::fd::{AsRawFd, BorrowedFd};

    use super::Sent;

    /// The most packets that one call sends. With more the system call itself hardly gets cheaper for
    /// each, and a break has to wait longer.
    const MOST: usize = 64;

    /// Whether a capture's descriptor is a packet socket that sends whole frames on one device. Others
    /// are those of `any`, of devices whose link-layer header is libpcap's own, and of what is no network
    /// interface.
    pub(crate) fn is_one(fd: BorrowedFd<'_>) -> bool {
        // SAFETY: a structure of plain numbers, for which zero is a value.
        let mut address: libc::sockaddr_ll = unsafe { zeroed() };
        let mut size = size_of_val(&address) as libc::socklen_t;
        let pointer: *mut libc::sockaddr_ll = &mut address;
        // SAFETY: the descriptor is open, and the structure is ours and that long.
        let status = unsafe { libc::getsockname(fd.as_raw_fd(), pointer.cast(), &mut size) };
        status == 0
            && c_int::from(address.sll_family) == libc::AF_PACKET
            && address.sll_ifindex > 0
            && number(fd, libc::SO_TYPE) == Some(libc::SOCK_RAW)
    }

    fn number(fd: BorrowedFd<'_>, option: c_int) -> Option<c_int> {
        let mut value: c_int = 0;
        let mut size = size_of::<c_int>() as libc::socklen_t;
        let (fd, pointer) = (fd.as_raw_fd(), (&raw mut value).cast());
        // SAFETY: the descriptor is open, and the option a number, for which there is room.
        let status = unsafe { libc::getsockopt(fd, libc::SOL_SOCKET, option, pointer, &mut size) };
        (status == 0).then_some(value)
    }

    /// Sends packets from the first on, as many as go with one call that does not wait, and says how
    /// many these were: none also if the first cannot be sent, for which libpcap has to be asked for the
    /// reason.
    pub(crate) fn send<'a>(
        socket: BorrowedFd<'_>,
        packets: impl Iterator<Item = &'a [u8]>,
    ) -> Sent {
        // SAFETY: structures of numbers and pointers, for which zero is a value.
        let mut parts: [libc::iovec; MOST] = unsafe { zeroed() };
        // SAFETY: as above.
        let mut messages: [libc::mmsghdr; MOST] = unsafe { zeroed() };
        let mut count = 0;
        for ((packet, part), message) in packets.zip(&mut parts).zip(&mut messages) {
            // The kernel only reads from there.
            part.iov_base = packet.as_ptr().cast_mut().cast();
            part.iov_len = packet.len();
            message.msg_hdr.msg_iov = part;
            message.msg_hdr.msg_iovlen = 1;
            count += 1;
        }
        let (fd, flags) = (socket.as_raw_fd(), libc::MSG_DONTWAIT);
        // SAFETY: the descriptor is open. So many messages are filled in, each with one part, which points
        // to a packet; all of them live longer than the call.
        let sent =
            unsafe { libc::sendmmsg(fd, messages.as_mut_ptr(), count as c_uint, flags as _) };
        let packets = usize::try_from(sent).unwrap_or(0);
        let bytes = messages[..packets.min(MOST)].iter();
        Sent {
            packets,
            bytes: bytes.map(|message| message.msg_len as usize).sum(),
        }
    }

    /// Sends past the queueing discipline from now on.
    pub(crate) fn bypass_qdisc(socket: BorrowedFd<'_>) -> io::Result<()> {
        let on: c_int = 1;
        let (fd, size) = (socket.as_raw_fd(), size_of_val(&on) as libc::socklen_t);
        let (level, pointer) = (libc::SOL_PACKET, (&raw const on).cast());
        // SAFETY: the descriptor is open, and the option takes a number.
        match unsafe { libc::setsockopt(fd, level, libc::PACKET_QDISC_BYPASS, pointer, size) } {
            0 => Ok(()),
            _ => Err(io::Error::last_os_error()),
        }
    }
}

/// For systems without packet sockets.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod none {
    use std::io;
    use std::os::fd::BorrowedFd;

    use super::Sent;

    pub(crate) fn is_one(_: BorrowedFd<'_>) -> bool {
        false
    }

    pub(crate) fn send<'a>(_: BorrowedFd<'_>, _: impl Iterator<Item = &'a [u8]>) -> Sent {
        Sent::default()
    }

    pub(crate) fn bypass_qdisc(_: BorrowedFd<'_>) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

#[cfg(all(test, any(target_os = "linux", target_os = "android")))]
mod tests {
    use std::os::fd::AsFd;
    use std::os::unix::net::UnixDatagram;

    use super::*;

    /// Of a kind of socket that needs no rights, and whose queue is full soon.
    #[test]
    fn one_call_sends_many_in_order_as_many_as_there_is_room_for_and_none_if_it_is_full() {
        let (left, right) = UnixDatagram::pair().unwrap();
        right.set_nonblocking(true).unwrap();
        let packets: Vec<Vec<u8>> = (1..=2000).map(|n| vec![n as u8; n]).collect();
        let mut next = 0;
        let mut receive = |count: usize| {
            for _ in 0..count {
                let mut buffer = [0; 2001];
                let length = right.recv(&mut buffer).unwrap();
                assert_eq!(buffer[..length], packets[next]);
                next += 1;
            }
            assert!(right.recv(&mut [0]).is_err(), "more than it said");
        };
        let (mut begin, mut calls) = (0, 0);
        while begin < packets.len() {
            let mut inside = 0;
            loop {
                let rest = &packets[begin + inside..];
                let sent = send(left.as_fd(), rest.iter().map(Vec::as_slice));
                let bytes: usize = rest[..sent.packets].iter().map(Vec::len).sum();
                assert_eq!(sent.bytes, bytes);
                inside += sent.packets;
                calls += 1;
                if sent.packets == 0 {
                    break;
                }
            }
            receive(inside);
            begin += inside;
        }
        assert!(calls < packets.len(), "{calls} calls");
        assert!(!is_one(left.as_fd()));
        let error = bypass_qdisc(left.as_fd()).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::EOPNOTSUPP));
    }
}
