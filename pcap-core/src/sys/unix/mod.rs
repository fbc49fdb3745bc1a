//! The differences between operating systems, for Unix: errno, waiting, files, help texts.
//! `windows/mod.rs` defines the same names.

use std::ffi::{CStr, OsString, c_int, c_void};
use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::os::fd::{AsFd, AsRawFd, IntoRawFd};
pub(crate) use std::os::fd::{BorrowedFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::FileExt;
use std::os::unix::net::UnixStream;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::linux::packet_socket::Sent;
use super::{Ready, Until};

#[cfg(feature = "remote")]
pub(crate) mod sockets;
mod stream;

pub(crate) use stream::{Stream, TextStream};

/// Whether this is Linux, which libpcap treats specially.
pub(crate) const IS_LINUX: bool = cfg!(any(target_os = "linux", target_os = "android"));

/// How to get the permission to capture on this system.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) const RIGHTS_HELP: &str = "run as root, or grant the program the capabilities with \
     `sudo setcap cap_net_raw,cap_net_admin+eip PROGRAM`";
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(crate) const RIGHTS_HELP: &str = "run as root, or let your user read the /dev/bpf* devices \
     (on macOS install ChmodBPF)";

/// The errors of a connection that cannot be made; a refused one first.
#[cfg(feature = "remote")]
pub(crate) const NO_WAY: [c_int; 8] = [
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
pub(crate) const CUT_OFF: [c_int; 3] = [libc::ECONNRESET, libc::ECONNABORTED, libc::EPIPE];

/// Whether a descriptor may report packets late, so that reads must also happen at every
/// packet-buffer timeout.
pub(crate) const TELLS_LATE: bool = false;

/// Converts a name of the system.
pub(crate) fn os_string(bytes: &[u8]) -> OsString {
    OsString::from_vec(bytes.to_vec())
}

/// Returns the index of a network interface in this namespace.
pub(crate) fn interface_index(name: &CStr) -> Option<u32> {
    // SAFETY: the name is a C string.
    Some(unsafe { libc::if_nametoindex(name.as_ptr()) }).filter(|&index| index != 0)
}

/// Returns the name of the network interface with an index.
pub(crate) fn interface_name(index: u32) -> io::Result<OsString> {
    let mut name = [0; libc::IF_NAMESIZE];
    // SAFETY: the buffer is ours and has the length that the call requires.
    if unsafe { libc::if_indextoname(index, name.as_mut_ptr()) }.is_null() {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the call has written a name with its NUL.
    let name = unsafe { CStr::from_ptr(name.as_ptr()) };
    Ok(os_string(name.to_bytes()))
}

/// Initializes libpcap, before any other call of it.
pub(crate) fn init() {}

/// Returns whether libpcap has all functions. Some replacements of it lack some.
pub(crate) fn is_complete() -> bool {
    true
}

/// Makes libpcap deliver PKTAP headers; `None` if it cannot.
pub(crate) fn set_want_pktap(pcap: *mut super::pcap_t) -> Option<c_int> {
    #[cfg(target_vendor = "apple")]
    {
        type Call = unsafe extern "C" fn(*mut super::pcap_t, c_int) -> c_int;
        // Apple's headers do not declare it, and other libpcaps do not have it.
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

/// Sets the protocol to capture, if the system supports that.
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

/// Returns the longest time to wait before the next read, whatever the descriptor reports. libpcap
/// changes the time behind its pointer, so callers read it each time.
///
/// # Safety
///
/// The same as for [`selectable`].
pub(crate) unsafe fn required_timeout(pcap: *mut super::pcap_t) -> Option<Duration> {
    // SAFETY: the caller's promise.
    let timeout = unsafe { super::pcap_get_required_select_timeout(pcap) };
    // SAFETY: null, or a timeval inside the handle that stays there until the next call on it.
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

/// Sends packets with a queue of libpcap, if it has one: as many as it accepts.
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

/// Borrows a descriptor for as long as its owner keeps it open.
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

/// Locks libpcap's lookups of networks, protocols and Ethernet hosts by name, including those of
/// `pcap_compile`, on systems whose tables are not thread-safe. Returns `None` on the others: there
/// libpcap uses functions without a static result, or with one for each thread.
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
/// `list` is null, or a list that the resolver made, which nothing uses any more.
pub(crate) unsafe fn free_addrinfo(list: *mut libc::addrinfo) {
    if !list.is_null() {
        // SAFETY: the caller's promise; not every C library accepts null.
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

/// Returns the location of this thread's errno.
fn errno() -> *mut c_int {
    #[cfg(any(target_os = "android", target_os = "netbsd", target_os = "openbsd"))]
    use libc::__errno as location;
    #[cfg(any(target_os = "linux", target_os = "emscripten", target_os = "hurd"))]
    use libc::__errno_location as location;
    #[cfg(any(target_vendor = "apple", target_os = "freebsd"))]
    use libc::__error as location;
    // SAFETY: takes no arguments, and returns a pointer that is valid for this thread.
    unsafe { location() }
}

/// Sets errno to 0, so that afterwards it reflects the call in between and nothing older.
pub(crate) fn clear_errno() {
    // SAFETY: valid for this thread, and nothing else refers to it.
    unsafe { *errno() = 0 };
}

/// Runs a closure and restores errno, as a signal handler must.
pub(crate) fn keep_errno(f: impl FnOnce()) {
    // SAFETY: valid for this thread, and nothing else refers to it.
    let before = unsafe { *errno() };
    f();
    // SAFETY: as above.
    unsafe { *errno() = before };
}

/// Returns whether the last call on this thread failed because it would have blocked.
pub(crate) fn would_block() -> bool {
    io::Error::last_os_error().kind() == io::ErrorKind::WouldBlock
}

/// Returns whether the last call on this thread failed because a queue was full.
pub(crate) fn queue_full() -> bool {
    io::Error::last_os_error().raw_os_error() == Some(libc::ENOBUFS)
}

/// Returns C's text for an error number.
pub(crate) fn strerror(number: c_int) -> String {
    let text = io::Error::from_raw_os_error(number).to_string();
    // Rust appends the number.
    match text.rsplit_once(" (os error ") {
        Some((text, _)) => text.to_owned(),
        None => text,
    }
}

/// Closes a descriptor in the programs that this one starts.
pub(crate) fn close_on_exec(fd: RawFd) {
    // SAFETY: takes numbers; on a descriptor that is not open it fails and changes nothing.
    unsafe { libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC) };
}

/// Waits until one of the descriptors is ready or the time has passed; `None` waits forever. A
/// signal ends the wait early, like a timeout.
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
    let [wake, descriptor] = fds.map(|fd| fd.revents != 0);
    Ok(Ready { wake, descriptor })
}

/// Calls poll(2), or ppoll(2) where it exists.
pub(crate) fn poll(fds: &mut [libc::pollfd], timeout: Option<Duration>) -> io::Result<()> {
    let count = fds.len() as libc::nfds_t;
    #[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd"))]
    let status = {
        let timeout = timeout.map(|t| libc::timespec {
            // 32 bits on some platforms; 68 years are enough.
            tv_sec: t.as_secs().min(i32::MAX as u64) as _,
            tv_nsec: t.subsec_nanos() as _,
        });
        let timeout = timeout.as_ref().map_or(std::ptr::null(), |t| t as *const _);
        // SAFETY: `fds` is ours and has `count` elements; `timeout` is null or lives in this frame.
        unsafe { libc::ppoll(fds.as_mut_ptr(), count, timeout, std::ptr::null()) }
    };
    #[cfg(not(any(target_os = "linux", target_os = "android", target_os = "freebsd")))]
    let status = {
        // Rounded up: a wait must not end early.
        let millis = timeout.map_or(-1, |t| {
            c_int::try_from(t.as_nanos().div_ceil(1_000_000)).unwrap_or(c_int::MAX)
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

/// A descriptor to wait on in addition to the capture's. Any thread or signal handler can make it
/// readable.
#[derive(Debug)]
pub(crate) struct Wake {
    reader: UnixStream,
    writer: UnixStream,
}

impl Wake {
    pub(crate) fn new() -> io::Result<Wake> {
        let (reader, writer) = UnixStream::pair()?;
        reader.set_nonblocking(true)?;
        writer.set_nonblocking(true)?;
        Ok(Wake { reader, writer })
    }

    /// Makes it readable. Only calls `send`, so signal handlers may use it. If the buffer is full,
    /// it is readable already.
    pub(crate) fn wake(&self) {
        let _ = (&self.writer).write(&[1]);
    }

    pub(crate) fn drain(&self) {
        let mut buffer = [0; 64];
        while matches!((&self.reader).read(&mut buffer), Ok(n) if n == buffer.len()) {}
    }

    pub(crate) fn fd(&self) -> RawFd {
        self.reader.as_raw_fd()
    }
}

/// Reads the first bytes of a file from its position, without moving it; `None` if the file is not
/// seekable, such as a pipe.
pub(crate) fn peek(file: &mut File, buffer: &mut [u8]) -> io::Result<Option<usize>> {
    let Ok(start) = file.stream_position() else {
        return Ok(None);
    };
    let mut length = 0;
    while length < buffer.len() {
        match read_at(file, &mut buffer[length..], start + length as u64)? {
            0 => break,
            n => length += n,
        }
    }
    Ok(Some(length))
}

/// Reads from an offset in a file, without moving its position.
pub(crate) fn read_at(file: &File, buffer: &mut [u8], position: u64) -> io::Result<usize> {
    loop {
        match file.read_at(buffer, position) {
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

/// Returns the descriptor of a file that can be polled. It stays valid as long as the file is open.
#[allow(clippy::unnecessary_wraps)] // as on Windows
pub(crate) fn descriptor(file: &File) -> Option<RawFd> {
    Some(file.as_raw_fd())
}

/// Duplicates the descriptor of standard input.
pub(crate) fn stdin() -> io::Result<File> {
    Ok(io::stdin().as_fd().try_clone_to_owned()?.into())
}

/// Duplicates the descriptor of standard output, after flushing the buffer of `print!`.
pub(crate) fn stdout() -> io::Result<File> {
    io::stdout().flush()?;
    Ok(io::stdout().as_fd().try_clone_to_owned()?.into())
}

/// Closes a file and returns the error of the system: on some file systems a write fails only here.
pub(crate) fn close(file: File) -> io::Result<()> {
    // SAFETY: the descriptor is open and ours, and given away here.
    match unsafe { libc::close(file.into_raw_fd()) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}
