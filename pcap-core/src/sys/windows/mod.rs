//! The differences between operating systems, for Windows: waiting, files, help messages.
//! `unix/mod.rs` defines the same names, and documents them.

use std::ffi::{CStr, OsString, c_int, c_void};
use std::fs::File;
use std::io::{self, Seek, Write};
use std::os::windows::fs::FileExt;
use std::os::windows::io::{AsHandle, AsRawHandle, FromRawHandle, IntoRawHandle};
pub(crate) use std::os::windows::io::{BorrowedHandle as BorrowedFd, OwnedHandle as OwnedFd};
use std::ptr::{null, null_mut};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, Once, OnceLock, PoisonError};
use std::time::Duration;

use windows_sys::Win32::Foundation::{
    CloseHandle, GetLastError, HANDLE, SetLastError, WAIT_FAILED, WAIT_OBJECT_0,
};
use windows_sys::Win32::Networking::WinSock;
use windows_sys::Win32::Storage::FileSystem::{FILE_TYPE_DISK, GetFileType};
#[cfg(not(feature = "load-dynamically"))]
use windows_sys::Win32::System::LibraryLoader::{GetModuleHandleA, GetProcAddress};
use windows_sys::Win32::System::Threading::{
    CreateEventW, INFINITE, ResetEvent, SetEvent, WaitForMultipleObjects, WaitForSingleObject,
};

use super::{ErrBuf, Ready, Until};

mod queue;
#[cfg(feature = "remote")]
pub(crate) mod signals;
#[cfg(feature = "remote")]
pub(crate) mod sockets;
mod stream;
mod temp;

pub(crate) use queue::transmit;
pub(crate) use stream::{Stream, TextStream};

/// A handle to wait on, as a number, which can be sent to other threads. Each use must state why the handle is open.
pub(crate) type RawFd = isize;

pub(crate) const IS_LINUX: bool = false;

pub(crate) const PERMISSION_HELP: &str = "install Npcap (https://npcap.com), and run as administrator if it was installed \
     for administrators only";

#[cfg(feature = "remote")]
pub(crate) const UNREACHABLE: [c_int; 8] = [
    WinSock::WSAECONNREFUSED,
    WinSock::WSAEHOSTUNREACH,
    WinSock::WSAENETUNREACH,
    WinSock::WSAENETDOWN,
    WinSock::WSAETIMEDOUT,
    WinSock::WSAEADDRNOTAVAIL,
    WinSock::WSAEMFILE,
    WinSock::WSAENOBUFS,
];

#[cfg(feature = "remote")]
pub(crate) const CONNECTION_LOST: [c_int; 3] = [
    WinSock::WSAECONNRESET,
    WinSock::WSAECONNABORTED,
    WinSock::WSAESHUTDOWN,
];

/// `true`, because the driver sets the event, which does not reflect the state of the driver's buffer.
pub(crate) const REPORTS_LATE: bool = true;

/// Whether libpcap uses UTF-8 for paths and names.
static UTF8: AtomicBool = AtomicBool::new(false);

pub(super) fn is_utf8() -> bool {
    UTF8.load(Ordering::Relaxed)
}

/// Converts a name that libpcap returned, which is in UTF-8.
pub(crate) fn os_string(bytes: &[u8]) -> OsString {
    String::from_utf8_lossy(bytes).into_owned().into()
}

/// Returns `None`: Windows has no numbers for libpcap's names.
pub(crate) fn interface_index(_: &CStr) -> Option<u32> {
    None
}

/// Fails for the same reason.
pub(crate) fn interface_name(_: u32) -> io::Result<Option<OsString>> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Makes libpcap use UTF-8 for all texts, and starts Winsock. Must be called before any other function of libpcap.
pub(crate) fn init() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        if !is_complete() {
            return;
        }
        let mut errbuf = ErrBuf::new();
        // SAFETY: the buffer has the size that libpcap requires. The call fails if other code in the program has
        // requested the local code page.
        let status =
            unsafe { super::pcap_init(super::PCAP_CHAR_ENC_UTF_8 as _, errbuf.as_mut_ptr()) };
        UTF8.store(status == 0, Ordering::Relaxed);
    });
}

/// Returns whether the library is libpcap 1.10 or newer and has all functions. Other libraries with that name lack some
/// of them, and calling a missing function ends the program.
pub(crate) fn is_complete() -> bool {
    static COMPLETE: OnceLock<bool> = OnceLock::new();
    *COMPLETE.get_or_init(exports_init)
}

#[cfg(feature = "load-dynamically")]
fn exports_init() -> bool {
    pcap_sys::has("pcap_init")
}

/// Checks the library that the program is linked with.
#[cfg(not(feature = "load-dynamically"))]
fn exports_init() -> bool {
    // SAFETY: takes a C string. The library stays loaded, because the program is linked with it.
    let module = unsafe { GetModuleHandleA(c"wpcap.dll".as_ptr().cast()) };
    if module.is_null() {
        // libpcap is linked statically, so it has all functions.
        return true;
    }
    let name: &CStr = c"pcap_init";
    // SAFETY: the module is loaded, and the name is a C string. The address is not used.
    unsafe { GetProcAddress(module, name.as_ptr().cast()) }.is_some()
}

pub(crate) fn set_want_pktap(_: *mut super::pcap_t) -> Option<c_int> {
    None
}

pub(crate) fn set_protocol(_: *mut super::pcap_t, _: u16) -> Option<c_int> {
    None
}

/// Returns the event that signals packets.
///
/// # Safety
///
/// `pcap` is open and activated, and no other thread uses it.
pub(crate) unsafe fn selectable(pcap: *mut super::pcap_t) -> Option<RawFd> {
    if !is_complete() {
        return None;
    }
    // SAFETY: the caller's promise.
    let event = unsafe { super::pcap_getevent(pcap) }.addr() as RawFd;
    // Exclude null and INVALID_HANDLE_VALUE.
    (![0, -1].contains(&event)).then_some(event)
}

/// # Safety
///
/// None.
pub(crate) unsafe fn fileno(_: *mut super::pcap_t) -> Option<RawFd> {
    None
}

/// # Safety
///
/// None.
pub(crate) unsafe fn required_timeout(_: *mut super::pcap_t) -> Option<Duration> {
    None
}

/// Sends a packet, and returns the number of bytes sent, or libpcap's status.
///
/// # Safety
///
/// The same as for [`selectable`].
pub(crate) unsafe fn inject(pcap: *mut super::pcap_t, packet: &[u8]) -> Result<usize, c_int> {
    let length = c_int::try_from(packet.len()).unwrap_or(c_int::MAX);
    // SAFETY: the caller's promise, and the data has that length.
    match unsafe { super::pcap_sendpacket(pcap, packet.as_ptr(), length) } {
        0 => Ok(packet.len()),
        status => Err(status),
    }
}

/// Borrows a handle while its owner keeps it open.
///
/// # Safety
///
/// The handle stays open for `'a`.
pub(crate) unsafe fn borrow<'a>(fd: RawFd) -> BorrowedFd<'a> {
    // SAFETY: the caller's promise.
    unsafe { BorrowedFd::borrow_raw(handle(fd)) }
}

pub(crate) fn borrow_owned(fd: &OwnedFd) -> BorrowedFd<'_> {
    fd.as_handle()
}

pub(crate) fn raw(fd: &OwnedFd) -> RawFd {
    fd.as_raw_handle().addr() as RawFd
}

/// Returns `false`: pipes are read as bytes.
pub(crate) fn keeps_messages(_: &File) -> bool {
    false
}

/// Returns `None`: only captures can be polled.
pub(crate) fn descriptor(_: &File) -> Option<RawFd> {
    None
}

/// Converts a number to a handle.
fn handle(fd: RawFd) -> HANDLE {
    std::ptr::without_provenance_mut(fd as usize)
}

/// Locks libpcap's own tables, which may not be thread-safe. Winsock's results are per thread.
pub(crate) fn name_tables() -> Option<MutexGuard<'static, ()>> {
    static LOCK: Mutex<()> = Mutex::new(());
    Some(LOCK.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Frees a resolver's list.
///
/// # Safety
///
/// `list` is null, or a list that the resolver created and that nothing uses any more.
pub(crate) unsafe fn free_addrinfo(list: *mut super::addrinfo) {
    if !list.is_null() {
        // SAFETY: the caller's promise. All C libraries use Winsock's resolver.
        unsafe { WinSock::freeaddrinfo(list.cast()) };
    }
}

/// Leaks memory that libpcap allocated for its caller, because its C library differs from ours.
///
/// # Safety
///
/// None.
pub(crate) unsafe fn free(_: *mut c_void) {}

pub(crate) fn clear_errno() {
    // SAFETY: takes a number, for this thread.
    unsafe { SetLastError(0) };
}

pub(crate) fn keep_errno(f: impl FnOnce()) {
    // SAFETY: takes nothing.
    let before = unsafe { GetLastError() };
    f();
    // SAFETY: takes a number, for this thread.
    unsafe { SetLastError(before) };
}

/// Returns `false`: on Windows no call fails for this reason, because a driver that cannot accept a packet waits.
pub(crate) fn would_block() -> bool {
    false
}

pub(crate) fn queue_full() -> bool {
    false
}

pub(crate) fn strerror(number: c_int) -> String {
    let text = io::Error::from_raw_os_error(number).to_string();
    // Rust appends the number.
    match text.rsplit_once(" (os error ") {
        Some((text, _)) => text.to_owned(),
        None => text,
    }
}

/// Does nothing: handles of libpcap are not inherited.
pub(crate) fn close_on_exec(_: RawFd) {}

/// Waits until one of the handles is signaled or the time has passed. `None` means no time limit.
pub(crate) fn wait(
    wake: Option<&Wake>,
    descriptor: Option<(RawFd, Until)>,
    timeout: Option<Duration>,
) -> io::Result<Ready> {
    let descriptor = descriptor.map(|(fd, _)| fd);
    match (wake, descriptor, timeout) {
        (None, None, Some(time)) => {
            std::thread::sleep(time);
            Ok(Ready {
                wake: false,
                descriptor: false,
            })
        }
        _ => wait_many(wake, descriptor.as_slice(), timeout),
    }
}

/// Waits like [`wait`], for up to two handles in addition to the first.
pub(crate) fn wait_many(
    wake: Option<&Wake>,
    descriptors: &[RawFd],
    timeout: Option<Duration>,
) -> io::Result<Ready> {
    // Round up, because a wait must not end early.
    let millis = timeout.map_or(INFINITE, |time| {
        let longest = u128::from(INFINITE - 1);
        time.as_nanos().div_ceil(1_000_000).min(longest) as u32
    });
    let mut handles = [null_mut(); 3];
    let mut count = 0;
    for (to, &fd) in handles
        .iter_mut()
        .zip(wake.map(Wake::fd).iter().chain(descriptors))
    {
        *to = handle(fd);
        count += 1;
    }
    let mut signaled = [false; 3];
    // SAFETY: there are `count` handles, and all are open: that of the wake because it is borrowed, the others by the
    // caller's promise.
    let status = unsafe { WaitForMultipleObjects(count as u32, handles.as_ptr(), 0, millis) };
    if status == WAIT_FAILED {
        return Err(io::Error::last_os_error());
    }
    let first = status.wrapping_sub(WAIT_OBJECT_0) as usize;
    if first < count {
        signaled[first] = true;
        // The system only reports the first of several signaled handles.
        for number in first + 1..count {
            // SAFETY: the handle is open.
            let too = unsafe { WaitForSingleObject(handles[number], 0) };
            signaled[number] = too == WAIT_OBJECT_0;
        }
    }
    let wakes = usize::from(wake.is_some());
    Ok(Ready {
        wake: signaled[..wakes].contains(&true),
        descriptor: signaled[wakes..].contains(&true),
    })
}

/// An event to wait on in addition to the capture's. Any thread or console handler can set it.
#[derive(Debug)]
pub(crate) struct Wake(OwnedFd);

impl Wake {
    pub(crate) fn new() -> io::Result<Wake> {
        // SAFETY: passes neither attributes nor a name. The event stays set until it is reset.
        let event = unsafe { CreateEventW(null(), 1, 0, null()) };
        if event.is_null() {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the handle is open, and nothing else owns it.
        Ok(Wake(unsafe { OwnedFd::from_raw_handle(event) }))
    }

    pub(crate) fn wake(&self) {
        // SAFETY: the event is open.
        unsafe { SetEvent(self.0.as_raw_handle()) };
    }

    pub(crate) fn drain(&self) {
        // SAFETY: the event is open.
        unsafe { ResetEvent(self.0.as_raw_handle()) };
    }

    pub(crate) fn fd(&self) -> RawFd {
        raw(&self.0)
    }
}

/// Reads bytes at the current position of a file, without moving the position. Returns `None` if the file is not
/// seekable, such as a pipe.
pub(crate) fn peek(file: &mut File, buffer: &mut [u8]) -> io::Result<Option<usize>> {
    // SAFETY: the handle is open.
    if unsafe { GetFileType(file.as_raw_handle()) } != FILE_TYPE_DISK {
        return Ok(None);
    }
    let start = file.stream_position()?;
    let mut length = 0;
    let read = loop {
        match read_at(file, &mut buffer[length..], start + length as u64) {
            Ok(0) => break Ok(Some(length)),
            Ok(n) => length += n,
            Err(e) => break Err(e),
        }
        if length == buffer.len() {
            break Ok(Some(length));
        }
    };
    // Reading at an offset moves the position, so move it back.
    file.seek(io::SeekFrom::Start(start))?;
    read
}

/// Reads from an offset in a file, and moves its position there.
pub(crate) fn read_at(file: &File, buffer: &mut [u8], position: u64) -> io::Result<usize> {
    loop {
        match file.seek_read(buffer, position) {
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

/// Duplicates the handle of standard input.
pub(crate) fn stdin() -> io::Result<File> {
    Ok(io::stdin().as_handle().try_clone_to_owned()?.into())
}

/// Duplicates the handle of standard output, after flushing the buffer of `print!`.
pub(crate) fn stdout() -> io::Result<File> {
    io::stdout().flush()?;
    Ok(io::stdout().as_handle().try_clone_to_owned()?.into())
}

/// Closes a file and returns the operating system's error.
pub(crate) fn close(file: File) -> io::Result<()> {
    // SAFETY: the handle is open and ours, and nothing uses it afterwards.
    match unsafe { CloseHandle(file.into_raw_handle()) } {
        0 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    #[test]
    fn a_wait_tells_which_events_are_set_and_keeps_its_time() {
        let [wake, event] = [(); 2].map(|()| Wake::new().unwrap());
        let until = Some((event.fd(), Until::Readable));
        let look = |time| {
            let ready = wait(Some(&wake), until, Some(time)).unwrap();
            (ready.wake, ready.descriptor)
        };
        let start = Instant::now();
        assert_eq!(look(Duration::from_micros(20_500)), (false, false));
        assert!(start.elapsed() >= Duration::from_micros(20_500));
        event.wake();
        assert_eq!(look(Duration::MAX), (false, true));
        wake.wake();
        assert_eq!(look(Duration::ZERO), (true, true));
        wake.drain();
        event.drain();
        assert_eq!(look(Duration::ZERO), (false, false));
        assert!(wait(None, None, None).is_err());
    }
}
