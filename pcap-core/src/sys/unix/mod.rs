//! The differences between operating systems, for Unix: errno, waiting, files, help messages.
//! `windows/mod.rs` defines the same names.

use std::ffi::{CStr, OsString, c_int, c_void};
use std::io::{self};
use std::os::fd::{AsFd, AsRawFd};
pub(crate) use std::os::fd::{BorrowedFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStringExt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::linux::packet_socket::Sent;

mod cookie;
mod errno;
mod files;
mod pipe;
mod polling;
#[cfg(feature = "remote")]
pub(crate) mod signals;
#[cfg(feature = "remote")]
pub(crate) mod sockets;
mod stream;
#[cfg_attr(any(target_os = "linux", target_os = "android"), path = "eventfd.rs")]
mod wake;

pub(crate) use errno::{clear_errno, keep_errno, queue_full, strerror, would_block};
pub(crate) use files::{close, descriptor, keeps_messages, peek, read_at, stdin, stdout};
pub(crate) use polling::{is_readable, wait};
pub(crate) use stream::{Stream, TextStream};
pub(crate) use wake::Wake;

/// Whether this is Linux, which libpcap treats specially.
pub(crate) const IS_LINUX: bool = cfg!(any(target_os = "linux", target_os = "android"));

/// The help text for a missing permission to capture on this system.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) const PERMISSION_HELP: &str = "run as root, or grant the program the capabilities with \
     `sudo setcap cap_net_raw,cap_net_admin+eip PROGRAM`";
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(crate) const PERMISSION_HELP: &str = "run as root, or let your user read the /dev/bpf* devices \
     (on macOS install ChmodBPF)";

/// The errors of a connection that cannot be established. The first is that of a refused connection.
#[cfg(feature = "remote")]
pub(crate) const UNREACHABLE: [c_int; 8] = [
    libc::ECONNREFUSED,
    libc::EHOSTUNREACH,
    libc::ENETUNREACH,
    libc::ENETDOWN,
    libc::ETIMEDOUT,
    libc::EADDRNOTAVAIL,
    libc::EMFILE,
    libc::ENFILE,
];

/// The errors of a connection that was lost.
#[cfg(feature = "remote")]
pub(crate) const CONNECTION_LOST: [c_int; 3] = [libc::ECONNRESET, libc::ECONNABORTED, libc::EPIPE];

/// Whether a descriptor may report packets late, so that reads must also be made at every packet-buffer timeout.
pub(crate) const REPORTS_LATE: bool = false;

/// Converts a name that libpcap or the operating system returned.
pub(crate) fn os_string(bytes: &[u8]) -> OsString {
    OsString::from_vec(bytes.to_vec())
}

/// Returns the index of a network interface in this namespace.
pub(crate) fn interface_index(name: &CStr) -> Option<u32> {
    // SAFETY: the name is a C string.
    Some(unsafe { libc::if_nametoindex(name.as_ptr()) }).filter(|&index| index != 0)
}

/// Returns the name of the network interface with an index, or `None` if there is no such interface.
pub(crate) fn interface_name(index: u32) -> io::Result<Option<OsString>> {
    let mut name = [0; libc::IF_NAMESIZE];
    // SAFETY: the buffer is ours and has the length that the call requires.
    if unsafe { libc::if_indextoname(index, name.as_mut_ptr()) }.is_null() {
        let error = io::Error::last_os_error();
        return match error.raw_os_error() {
            Some(libc::ENXIO | libc::ENODEV) => Ok(None),
            _ => Err(error),
        };
    }
    // SAFETY: the call has written a name with its NUL.
    let name = unsafe { CStr::from_ptr(name.as_ptr()) };
    Ok(Some(os_string(name.to_bytes())))
}

/// Initializes libpcap, before any other call of it.
pub(crate) fn init() {}

/// Returns whether libpcap has all functions. Some replacements for libpcap lack some.
pub(crate) fn is_complete() -> bool {
    true
}

/// Makes libpcap deliver PKTAP headers. Returns libpcap's status, or `None` if libpcap does not support this.
pub(crate) fn set_want_pktap(pcap: *mut super::pcap_t) -> Option<c_int> {
    #[cfg(target_vendor = "apple")]
    {
        type Call = unsafe extern "C" fn(*mut super::pcap_t, c_int) -> c_int;
        // Apple's headers do not declare the function, and other versions of libpcap lack it.
        // SAFETY: the name is a C string.
        let call = unsafe { libc::dlsym(libc::RTLD_DEFAULT, c"pcap_set_want_pktap".as_ptr()) };
        if call.is_null() {
            return None;
        }
        // SAFETY: a function of that name has this type in all versions of Apple's libpcap.
        let call: Call = unsafe { std::mem::transmute(call) };
        // SAFETY: the callers pass a handle that is open and not activated.
        return Some(unsafe { call(pcap, 1) });
    }
    #[cfg(not(target_vendor = "apple"))]
    {
        let _ = pcap;
        None
    }
}

/// Sets the protocol to capture, if the system supports this.
pub(crate) fn set_protocol(pcap: *mut super::pcap_t, protocol: u16) -> Option<c_int> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    // SAFETY: the callers pass a handle that is open and not activated.
    return Some(unsafe { super::pcap_set_protocol_linux(pcap, protocol.into()) });
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    {
        let _ = (pcap, protocol);
        None
    }
}

/// Returns the descriptor that is readable when there are packets.
///
/// # Safety
///
/// `pcap` is open and activated, and no other thread uses it.
pub(crate) unsafe fn selectable(pcap: *mut super::pcap_t) -> Option<RawFd> {
    // SAFETY: the caller's promise.
    let fd = unsafe { super::pcap_get_selectable_fd(pcap) };
    (fd >= 0).then_some(fd)
}

/// Returns the descriptor that packets are captured from.
///
/// # Safety
///
/// The same as for [`selectable`].
pub(crate) unsafe fn fileno(pcap: *mut super::pcap_t) -> Option<RawFd> {
    // SAFETY: the caller's promise.
    let fd = unsafe { super::pcap_fileno(pcap) };
    (fd >= 0).then_some(fd)
}

/// Returns the longest time to wait before the next read, regardless of the descriptor. libpcap changes the time that
/// its pointer refers to, so callers must query it before each wait.
///
/// # Safety
///
/// The same as for [`selectable`].
pub(crate) unsafe fn required_timeout(pcap: *mut super::pcap_t) -> Option<Duration> {
    // SAFETY: the caller's promise.
    let timeout = unsafe { super::pcap_get_required_select_timeout(pcap) };
    // SAFETY: null, or a timeval inside the handle that is valid until the next call on the handle.
    let timeout = unsafe { timeout.as_ref() }?;
    let secs = u64::try_from(timeout.tv_sec).unwrap_or(0);
    let micros = u64::try_from(timeout.tv_usec).unwrap_or(0);
    Some(Duration::from_secs(secs).saturating_add(Duration::from_micros(micros)))
}

/// Sends a packet, and returns the number of bytes sent, or libpcap's status.
///
/// # Safety
///
/// The same as for [`selectable`].
pub(crate) unsafe fn inject(pcap: *mut super::pcap_t, packet: &[u8]) -> Result<usize, c_int> {
    let (data, length) = (packet.as_ptr().cast(), packet.len() as _);
    // SAFETY: the caller's promise, and the data has that length.
    let sent = unsafe { super::pcap_inject(pcap, data, length) };
    usize::try_from(sent).map_err(|_| sent)
}

/// Sends packets with a send queue of libpcap, if it has one. Returns how many packets it accepted.
///
/// # Safety
///
/// The same as for [`selectable`].
pub(crate) unsafe fn transmit<'a>(
    _: *mut super::pcap_t,
    _: impl Iterator<Item = &'a [u8]>,
) -> Sent {
    Sent::default()
}

/// Borrows a descriptor while its owner keeps it open.
///
/// # Safety
///
/// The descriptor stays open for `'a`.
pub(crate) unsafe fn borrow<'a>(fd: RawFd) -> BorrowedFd<'a> {
    // SAFETY: the caller's promise.
    unsafe { BorrowedFd::borrow_raw(fd) }
}

/// Borrows a descriptor of ours.
pub(crate) fn borrow_owned(fd: &OwnedFd) -> BorrowedFd<'_> {
    fd.as_fd()
}

/// Returns the number of a descriptor of ours.
pub(crate) fn raw(fd: &OwnedFd) -> RawFd {
    fd.as_raw_fd()
}

/// Locks libpcap's lookups of networks, protocols and Ethernet hosts by name, including those of `pcap_compile`, on
/// systems where they are not thread-safe. Returns `None` on other systems, where libpcap uses functions without a
/// static result, or with one for each thread.
pub(crate) fn name_tables() -> Option<MutexGuard<'static, ()>> {
    static LOCK: Mutex<()> = Mutex::new(());
    let needed = cfg!(not(any(
        all(target_os = "linux", target_env = "gnu"),
        target_vendor = "apple",
        target_os = "freebsd"
    )));
    needed.then(|| LOCK.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Frees a resolver's list.
///
/// # Safety
///
/// `list` is null, or a list that the resolver created and that nothing uses any more.
pub(crate) unsafe fn free_addrinfo(list: *mut libc::addrinfo) {
    if !list.is_null() {
        // SAFETY: the caller's promise. Null is excluded because not every C library accepts it.
        unsafe { libc::freeaddrinfo(list) };
    }
}

/// Frees memory that libpcap allocated for its caller.
///
/// # Safety
///
/// `memory` is null, or from C's `malloc`, and nothing uses it any more.
pub(crate) unsafe fn free(memory: *mut c_void) {
    // SAFETY: the caller's promise.
    unsafe { libc::free(memory) };
}

/// Sets the close-on-exec flag of a descriptor, so that child programs do not inherit it.
pub(crate) fn close_on_exec(fd: RawFd) {
    // SAFETY: takes numbers; on a descriptor that is not open it fails and changes nothing.
    unsafe { libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC) };
}
