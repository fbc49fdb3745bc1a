//! Attaching filters to sockets that are not captures.

use std::io;
use std::os::fd::{AsFd, AsRawFd};

use crate::error::{Error, ErrorKind, Result};
use crate::filter::Filter;
use crate::sys::linux::sock_filter;

/// Attaches filters to ordinary sockets. The kernel drops packets that the filter rejects, so the socket never receives
/// them.
///
/// The trait is implemented for every type with a file descriptor, such as `UdpSocket`, `TcpListener`, `UnixDatagram`
/// and `OwnedFd`.
///
/// **The data that the filter sees** depends on the socket. No call checks that the filter was created for that data:
///
/// | socket | the data begins with | filter |
/// |---|---|---|
/// | `AF_PACKET`, `SOCK_RAW` | the link-layer header | compiled for the device's link type |
/// | `AF_PACKET`, `SOCK_DGRAM` | the network-layer header | compiled for `Dlt::RAW` |
/// | `AF_INET`, `SOCK_RAW` | the IPv4 header | compiled for `Dlt::RAW` or `Dlt::IPV4` |
/// | `AF_INET6`, `SOCK_RAW` | the bytes after the IPv6 header | from instructions |
/// | UDP | the UDP header | from instructions |
/// | TCP | the TCP header; rejected segments are lost, even those of established connections | from instructions |
/// | `AF_UNIX` | the data | from instructions |
///
/// If the filter returns less than the length of the packet, the kernel truncates the packet; see
/// [`CompileOptions::snaplen`](crate::CompileOptions::snaplen).
///
/// A filter only affects packets that arrive after it is attached. Packets that are already in the socket's queue stay
/// there: read them first, or attach the filter before the socket is bound.
///
/// # Examples
///
/// Receives datagrams that begin with an exclamation mark:
///
/// ```
/// use std::net::UdpSocket;
///
/// use pcap_core::os::linux::SocketFilterExt;
/// use pcap_core::{Dlt, Filter, Insn};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// // The link type does not matter here.
/// let filter = Filter::from_instructions(
///     Dlt::USER0,
///     &[
///         Insn::new(0x30, 0, 0, 8),    // ldb [8], the byte after the UDP header
///         Insn::new(0x15, 0, 1, 0x21), // jeq #'!', or skip one instruction
///         Insn::new(0x06, 0, 0, u32::MAX),
///         Insn::new(0x06, 0, 0, 0),
///     ],
/// )?;
/// let receiver = UdpSocket::bind("127.0.0.1:0")?;
/// receiver.attach_filter(&filter)?;
///
/// let sender = UdpSocket::bind("127.0.0.1:0")?;
/// sender.send_to(b"no", receiver.local_addr()?)?;
/// sender.send_to(b"!yes", receiver.local_addr()?)?;
/// let mut buffer = [0; 16];
/// let length = receiver.recv(&mut buffer)?;
/// assert_eq!(&buffer[..length], b"!yes");
/// # Ok(()) }
/// ```
pub trait SocketFilterExt: AsFd {
    /// Attaches a filter, which replaces the current one. The kernel copies it, so the [`Filter`] can be dropped.
    ///
    /// The filter may use kernel extensions, as filters that were [compiled for a live
    /// capture](crate::Capture::compile) do. The process needs no privileges beyond those for the socket.
    ///
    /// # Errors
    ///
    /// - [`InvalidArgument`] if the descriptor is not a socket.
    /// - [`FilterTooLong`] if the filter has more than 4096 instructions, or exceeds the kernel's memory limit for
    ///   socket options, `net.core.optmem_max`.
    /// - [`Unsupported`] if the filter jumps backward, which the kernel does not support (`ip6 protochain`).
    /// - [`Io`]`(PermissionDenied)` if [`lock_filter`](Self::lock_filter) was called.
    /// - [`FilterInvalid`] if the kernel rejects the program for another reason, for example because it lacks an
    ///   extension.
    ///
    /// [`InvalidArgument`]: crate::ErrorKind::InvalidArgument
    /// [`FilterTooLong`]: crate::ErrorKind::FilterTooLong
    /// [`FilterInvalid`]: crate::ErrorKind::FilterInvalid
    /// [`Unsupported`]: crate::ErrorKind::Unsupported
    /// [`Io`]: crate::ErrorKind::Io
    ///
    #[doc = manual!(linux 7 "socket")]
    fn attach_filter(&self, filter: &Filter) -> Result<()> {
        const OPERATION: &str = "attach a filter to";
        let socket = self.as_fd();
        check(filter, OPERATION, || Some(name(socket)))?;
        let refuse = |kind, text: &str| Err(Error::cannot(kind, OPERATION, name(socket), text));
        let attached = filter.with_program(|program| {
            // SAFETY: the pointer is valid during the call.
            let program = unsafe { &*program };
            // SAFETY: the program has as many instructions as it declares.
            unsafe { sock_filter::attach(socket, program) }
        });
        match attached {
            Err(e) if e.raw_os_error() == Some(libc::ENOMEM) => refuse(
                ErrorKind::FilterTooLong,
                "it exceeds the kernel's memory limit for socket options, net.core.optmem_max",
            ),
            Err(e) if e.raw_os_error() == Some(libc::EINVAL) => {
                refuse(ErrorKind::FilterInvalid, "the kernel rejects the program")
            }
            attached => attached.map_err(|e| error(OPERATION, socket, e)),
        }
    }

    /// Detaches the filter, so that the socket receives everything again.
    ///
    /// # Errors
    ///
    /// - [`InvalidArgument`](crate::ErrorKind::InvalidArgument) if the descriptor is not a socket.
    /// - [`Io`](crate::ErrorKind::Io)`(NotFound)` if the socket has no filter.
    /// - [`Io`](crate::ErrorKind::Io)`(PermissionDenied)` if [`lock_filter`](Self::lock_filter) was called.
    ///
    #[doc = manual!(linux 7 "socket")]
    fn detach_filter(&self) -> Result<()> {
        let socket = self.as_fd();
        sock_filter::detach(socket).map_err(|e| error("detach the filter of", socket, e))
    }

    /// Locks the current filter, or the absence of a filter, until the socket is closed. The lock cannot be undone, and
    /// also applies to a process to which the socket is passed.
    ///
    /// # Errors
    ///
    /// - [`InvalidArgument`](crate::ErrorKind::InvalidArgument) if the descriptor is not a socket.
    ///
    #[doc = manual!(linux 7 "socket")]
    fn lock_filter(&self) -> Result<()> {
        let socket = self.as_fd();
        sock_filter::lock(socket).map_err(|e| error("lock the filter of", socket, e))
    }
}

impl<T: AsFd + ?Sized> SocketFilterExt for T {}

/// The longest program that the kernel accepts.
const MAX_LEN: usize = 4096;

/// Rejects filters that the kernel cannot run.
pub(super) fn check(
    filter: &Filter,
    operation: &'static str,
    name: impl FnOnce() -> Option<String>,
) -> Result<()> {
    let (kind, text) = if filter.jumps_backward() {
        (
            ErrorKind::Unsupported,
            "it jumps backward, which the kernel does not support",
        )
    } else if filter.instructions().len() > MAX_LEN {
        (
            ErrorKind::FilterTooLong,
            "it has more instructions than the kernel's limit of 4096",
        )
    } else {
        return Ok(());
    };
    Err(Error::cannot(kind, operation, name(), text))
}

fn name(socket: impl AsFd) -> String {
    format!("descriptor {}", socket.as_fd().as_raw_fd())
}

fn error(operation: &'static str, socket: impl AsFd, error: io::Error) -> Error {
    let name = name(socket);
    let (kind, text) = match error.raw_os_error() {
        Some(libc::ENOTSOCK) => (ErrorKind::InvalidArgument, "it is not a socket"),
        Some(libc::EPERM) => (
            ErrorKind::Io(io::ErrorKind::PermissionDenied),
            "its filter is locked",
        ),
        Some(libc::ENOENT) => (ErrorKind::Io(io::ErrorKind::NotFound), "it has no filter"),
        _ => return Error::io(operation, name, error),
    };
    Error::cannot(kind, operation, name, text)
}
