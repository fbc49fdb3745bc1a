//! Linux's packet sockets, through which libpcap captures and sends. One call can send many packets. On other systems,
//! libpcap sends packets one by one.

#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) use linux::{
    attach, attach_nothing, bypass_qdisc, describe, has_room, is_ethernet, is_interface,
    is_on_interface, is_packet_socket, mute, receive, send, send_one, settle,
};
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) use linux::{interface, set};
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(crate) use none::{
    attach, attach_nothing, bypass_qdisc, describe, has_room, is_ethernet, is_interface,
    is_on_interface, is_packet_socket, mute, receive, send, send_one, settle,
};

/// All protocols, `ETH_P_ALL`.
pub(crate) const ALL: u16 = 3;

/// A protocol that no received packet has. In Ethernet's field, numbers below 0x600 are lengths, which the kernel
/// replaces by two numbers of its own. It does not use this number for its own packets either.
pub(crate) const NONE: u16 = 0x05ff;

/// The capture source of a packet socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Description {
    /// The hardware type of its interface (`ARPHRD_…`); `None` if it captures on all interfaces.
    pub(crate) hardware: Option<u16>,
    /// Whether it delivers packets without their link-layer headers.
    pub(crate) cooked: bool,
}

/// Why a packet socket cannot receive.
#[derive(Debug)]
#[allow(dead_code)] // used on one system only
pub(crate) enum NotReceiving {
    /// Its interface is down.
    Down,
    /// Its interface was removed.
    Gone,
    Failed(std::io::Error),
}

/// The number of packets and bytes that a call has sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sent {
    pub(crate) packets: usize,
    pub(crate) bytes: usize,
}

impl From<NotReceiving> for std::io::Error {
    fn from(why: NotReceiving) -> std::io::Error {
        match why {
            NotReceiving::Down => std::io::ErrorKind::NetworkDown.into(),
            NotReceiving::Gone => std::io::ErrorKind::NotFound.into(),
            NotReceiving::Failed(error) => error,
        }
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
mod linux {
    use std::ffi::{CStr, c_int, c_uint};
    use std::io;
    use std::mem::{size_of, size_of_val, zeroed};
    use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

    use super::{Description, NotReceiving, Sent};
    use crate::sys::bpf_program;
    use crate::sys::linux::{constants, link_counters, sock_filter};

    /// The maximum number of packets that one call sends. With more, the cost of the system call per packet hardly
    /// decreases, and a break has to wait longer.
    const MOST: usize = 64;

    /// Returns whether a capture's descriptor is a packet socket that sends whole frames on one device. This is not the
    /// case for `any`, for devices whose link-layer header libpcap creates, and for devices that are not network
    /// interfaces.
    pub(crate) fn is_packet_socket(fd: BorrowedFd<'_>) -> bool {
        is_on_interface(fd) && number(fd, libc::SO_TYPE) == Some(libc::SOCK_RAW)
    }

    /// Returns whether a capture's descriptor is a packet socket for one interface that still exists in its namespace,
    /// even if it was renamed.
    pub(crate) fn is_on_interface(fd: BorrowedFd<'_>) -> bool {
        interface(fd).is_some_and(|index| index > 0)
    }

    /// Returns the index of the interface of a packet socket: 0 for all interfaces, -1 for one that was removed.
    /// Returns `None` for other descriptors.
    pub(crate) fn interface(fd: BorrowedFd<'_>) -> Option<c_int> {
        address(fd).map(|address| address.sll_ifindex)
    }

    /// Returns whether libpcap captures on a device with this name through a packet socket, as far as the name
    /// determines this.
    pub(crate) fn is_interface(name: &CStr) -> bool {
        // SAFETY: the name is a C string.
        name == c"any" || unsafe { libc::if_nametoindex(name.as_ptr()) } != 0
    }

    /// Returns whether a network interface is known to have Ethernet's link-layer header.
    pub(crate) fn is_ethernet(name: &CStr) -> bool {
        let name = name.to_bytes_with_nul();
        // SAFETY: a structure of plain numbers, for which zero is a value.
        let mut request: libc::ifreq = unsafe { zeroed() };
        let fits = name.len() <= request.ifr_name.len();
        for (to, &from) in request.ifr_name.iter_mut().zip(name) {
            *to = from as _;
        }
        // SAFETY: takes numbers only.
        let socket =
            unsafe { libc::socket(libc::AF_INET, libc::SOCK_DGRAM | libc::SOCK_CLOEXEC, 0) };
        if socket < 0 {
            return false;
        }
        // SAFETY: the descriptor is open, and nothing else owns it.
        let socket = unsafe { OwnedFd::from_raw_fd(socket) };
        // SAFETY: the descriptor is open, and the kernel fills in the structure, which is ours.
        let status =
            unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCGIFHWADDR as _, &mut request) };
        // SAFETY: zeroed, and then an address that the kernel has filled in.
        let family = unsafe { request.ifr_ifru.ifru_hwaddr.sa_family };
        fits && status == 0 && family == libc::ARPHRD_ETHER
    }

    /// Returns the capture source of a packet socket, or `None` for other descriptors.
    ///
    /// # Errors
    ///
    /// If the kernel, or a security module, does not tell.
    pub(crate) fn describe(fd: BorrowedFd<'_>) -> io::Result<Option<Description>> {
        let Some(address) = find_address(fd)? else {
            return Ok(None);
        };
        let kind = number(fd, libc::SO_TYPE).ok_or_else(io::Error::last_os_error)?;
        Ok(Some(Description {
            hardware: (address.sll_ifindex != 0).then_some(address.sll_hatype),
            cooked: kind == libc::SOCK_DGRAM,
        }))
    }

    fn address(fd: BorrowedFd<'_>) -> Option<libc::sockaddr_ll> {
        find_address(fd).ok().flatten()
    }

    /// Returns the address of a packet socket, or `None` for other descriptors.
    fn find_address(fd: BorrowedFd<'_>) -> io::Result<Option<libc::sockaddr_ll>> {
        // SAFETY: a structure of plain numbers, for which zero is a value.
        let mut address: libc::sockaddr_ll = unsafe { zeroed() };
        let mut size = size_of_val(&address) as libc::socklen_t;
        let pointer: *mut libc::sockaddr_ll = &mut address;
        // SAFETY: the descriptor is open, and the structure is ours and has that length.
        let status = unsafe { libc::getsockname(fd.as_raw_fd(), pointer.cast(), &mut size) };
        if status < 0 {
            let error = io::Error::last_os_error();
            // A file, or a socket of a family without addresses.
            return match error.raw_os_error() {
                Some(libc::ENOTSOCK | libc::EOPNOTSUPP) => Ok(None),
                _ => Err(error),
            };
        }
        let is_packet_socket = c_int::from(address.sll_family) == libc::AF_PACKET;
        Ok(is_packet_socket.then_some(address))
    }

    /// Makes a packet socket receive another protocol. This is impossible once the socket is in a fanout group.
    pub(crate) fn receive(socket: BorrowedFd<'_>, protocol: u16) -> Result<(), NotReceiving> {
        let index = interface(socket)
            .ok_or_else(|| NotReceiving::Failed(io::ErrorKind::Unsupported.into()))?;
        // SAFETY: a structure of plain numbers, for which zero is a value.
        let mut address: libc::sockaddr_ll = unsafe { zeroed() };
        address.sll_family = libc::AF_PACKET as _;
        address.sll_protocol = protocol.to_be();
        address.sll_ifindex = index;
        let size = size_of_val(&address) as libc::socklen_t;
        let pointer: *const libc::sockaddr_ll = &address;
        // SAFETY: the descriptor is open, and the structure has that length.
        let status = unsafe { libc::bind(socket.as_raw_fd(), pointer.cast(), size) };
        let error = match status {
            // The kernel binds to an interface that is down, and reports the error afterwards.
            0 => match number(socket, libc::SO_ERROR) {
                None | Some(0) => return Ok(()),
                Some(error) => io::Error::from_raw_os_error(error),
            },
            _ => io::Error::last_os_error(),
        };
        Err(match error.raw_os_error() {
            Some(libc::ENETDOWN) => NotReceiving::Down,
            Some(libc::ENODEV | libc::ENXIO) => NotReceiving::Gone,
            _ => NotReceiving::Failed(error),
        })
    }

    /// Attaches a program to a packet socket, and replaces the previous program atomically: exactly one of them filters
    /// each packet.
    ///
    /// # Safety
    ///
    /// The program has as many instructions as it declares.
    pub(crate) unsafe fn attach(
        socket: BorrowedFd<'_>,
        program: &bpf_program,
    ) -> Result<(), sock_filter::Refused> {
        // SAFETY: the caller's promise.
        let attached = unsafe { sock_filter::attach(socket, program) };
        attached.map_err(sock_filter::Refused::from)
    }

    /// Returns whether a program fits into a packet socket's memory limit if a short one replaces the previous one
    /// first. This is tried on another socket in the same network namespace, so the packet socket keeps its program.
    ///
    /// # Safety
    ///
    /// The programs have as many instructions as they declare.
    pub(crate) unsafe fn has_room(
        socket: BorrowedFd<'_>,
        short: &bpf_program,
        program: &bpf_program,
    ) -> bool {
        let Some(other) = link_counters::beside(socket) else {
            return false;
        };
        [short, program].into_iter().all(|program| {
            // SAFETY: the caller's promise.
            unsafe { sock_filter::attach(other.as_fd(), program) }.is_ok()
        })
    }

    /// Makes a socket receive no more packets.
    pub(crate) fn attach_nothing(socket: BorrowedFd<'_>) -> io::Result<()> {
        sock_filter::attach_nothing(socket)
    }

    /// Waits until no processor runs a filter that was replaced before this call. This takes about ten milliseconds.
    /// Returns `false` if the system does not support such a wait.
    pub(crate) fn settle() -> bool {
        // `MEMBARRIER_CMD_GLOBAL`, which waits for a grace period of the kernel.
        const GLOBAL: c_int = 1;
        // SAFETY: the system call only takes numbers.
        let status = unsafe { libc::syscall(libc::SYS_membarrier, GLOBAL, 0, 0) };
        status == 0
    }

    fn number(fd: BorrowedFd<'_>, option: c_int) -> Option<c_int> {
        let mut value: c_int = 0;
        let mut size = size_of::<c_int>() as libc::socklen_t;
        let (fd, pointer) = (fd.as_raw_fd(), (&raw mut value).cast());
        // SAFETY: the descriptor is open, and the option is a number, for which the buffer has space.
        let status = unsafe { libc::getsockopt(fd, libc::SOL_SOCKET, option, pointer, &mut size) };
        (status == 0).then_some(value)
    }

    /// Sends as many packets as one call can send without waiting, beginning with the first, and returns their number.
    /// If the number is 0, the first packet cannot be sent, and a call to libpcap reveals the reason.
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
        let pointer = messages.as_mut_ptr();
        // On 64-bit systems, `sendmmsg` of musl sends each packet by a system call of its own.
        // SAFETY: the descriptor is open. `count` messages are filled in, each with one part that points to a packet,
        // and all of them outlive the call.
        let sent =
            unsafe { libc::syscall(libc::SYS_sendmmsg, fd, pointer, count as c_uint, flags) };
        let packets = usize::try_from(sent).unwrap_or(0);
        let bytes = messages[..packets.min(MOST)].iter();
        Sent {
            packets,
            bytes: bytes.map(|message| message.msg_len as usize).sum(),
        }
    }

    /// Sends one packet, without waiting.
    #[inline]
    pub(crate) fn send_one(socket: BorrowedFd<'_>, packet: &[u8]) -> io::Result<usize> {
        let (fd, flags) = (socket.as_raw_fd(), libc::MSG_DONTWAIT);
        // SAFETY: the descriptor is open, and the packet has that length.
        let sent = unsafe { libc::send(fd, packet.as_ptr().cast(), packet.len(), flags) };
        usize::try_from(sent).map_err(|_| io::Error::last_os_error())
    }

    /// Makes the socket bypass the queueing discipline from now on.
    pub(crate) fn bypass_qdisc(socket: BorrowedFd<'_>) -> io::Result<()> {
        let on: c_int = 1;
        // SAFETY: the option expects a number.
        unsafe { set(socket, constants::PACKET_QDISC_BYPASS, &on) }
    }

    /// Prepares a socket that is no longer read. It receives no more packets, frees its buffer, and takes its interface
    /// out of promiscuous mode unless another socket needs it. Sending remains possible.
    pub(crate) fn mute(socket: BorrowedFd<'_>) {
        // Errors here cost time, but do no harm.
        let _ = sock_filter::attach_nothing(socket);
        // A `tpacket_req3` of zeros. The kernel keeps a buffer that is mapped; libpcap only unmaps
        // it after the same request.
        let no_ring = [0_u32; 7];
        // SAFETY: the option expects this structure, or its beginning.
        let _ = unsafe { set(socket, constants::PACKET_RX_RING, &no_ring) };
        let index = interface(socket);
        let Some(index) = index else { return };
        let membership = constants::packet_mreq {
            mr_ifindex: index,
            mr_type: constants::PACKET_MR_PROMISC as _,
            mr_alen: 0,
            mr_address: [0; 8],
        };
        // SAFETY: the option expects this structure.
        let _ = unsafe { set(socket, constants::PACKET_DROP_MEMBERSHIP, &membership) };
        // Discard what was received before.
        let (fd, flags) = (socket.as_raw_fd(), libc::MSG_DONTWAIT | libc::MSG_TRUNC);
        let mut byte = 0_u8;
        // SAFETY: the descriptor is open, and the buffer has space for one byte.
        while unsafe { libc::recv(fd, (&raw mut byte).cast(), 1, flags) } >= 0 {}
    }

    /// # Safety
    ///
    /// `value` has the type that the option expects.
    pub(crate) unsafe fn set<T>(
        socket: BorrowedFd<'_>,
        option: c_int,
        value: &T,
    ) -> io::Result<()> {
        let (fd, size) = (socket.as_raw_fd(), size_of_val(value) as libc::socklen_t);
        let value: *const T = value;
        // SAFETY: the descriptor is open, and the value has that length.
        match unsafe { libc::setsockopt(fd, libc::SOL_PACKET, option, value.cast(), size) } {
            0 => Ok(()),
            _ => Err(io::Error::last_os_error()),
        }
    }
}

/// For systems without packet sockets.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod none {
    use super::{Description, NotReceiving, Sent};
    use crate::sys::bpf_program;
    use crate::sys::linux::sock_filter;
    use crate::sys::platform::BorrowedFd;
    use std::io;

    pub(crate) fn is_interface(_: &std::ffi::CStr) -> bool {
        false
    }

    pub(crate) fn is_ethernet(_: &std::ffi::CStr) -> bool {
        false
    }

    pub(crate) fn describe(_: BorrowedFd<'_>) -> std::io::Result<Option<Description>> {
        Ok(None)
    }

    pub(crate) fn receive(_: BorrowedFd<'_>, _: u16) -> Result<(), NotReceiving> {
        Err(NotReceiving::Failed(io::ErrorKind::Unsupported.into()))
    }

    /// # Safety
    ///
    /// None.
    pub(crate) unsafe fn attach(
        _: BorrowedFd<'_>,
        _: &bpf_program,
    ) -> Result<(), sock_filter::Refused> {
        let unsupported = io::Error::from(io::ErrorKind::Unsupported);
        Err(sock_filter::Refused::from(unsupported))
    }

    /// # Safety
    ///
    /// None.
    pub(crate) unsafe fn has_room(_: BorrowedFd<'_>, _: &bpf_program, _: &bpf_program) -> bool {
        false
    }

    pub(crate) fn attach_nothing(_: BorrowedFd<'_>) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(crate) fn settle() -> bool {
        false
    }

    pub(crate) fn is_packet_socket(_: BorrowedFd<'_>) -> bool {
        false
    }

    pub(crate) fn send<'a>(_: BorrowedFd<'_>, _: impl Iterator<Item = &'a [u8]>) -> Sent {
        Sent::default()
    }

    pub(crate) fn send_one(_: BorrowedFd<'_>, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(crate) fn is_on_interface(_: BorrowedFd<'_>) -> bool {
        false
    }

    pub(crate) fn mute(_: BorrowedFd<'_>) {}

    pub(crate) fn bypass_qdisc(_: BorrowedFd<'_>) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

#[cfg(all(test, any(target_os = "linux", target_os = "android")))]
mod tests;
