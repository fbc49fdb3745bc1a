//! What differs between operating systems, for Windows: waiting, files, help texts. `unix.rs` gives the same names
//! there, and says what each is.

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
use windows_sys::Win32::System::Pipes::CreatePipe;
use windows_sys::Win32::System::Threading::{
    CreateEventW, INFINITE, ResetEvent, SetEvent, WaitForMultipleObjects, WaitForSingleObject,
};

use super::{ErrBuf, Ready, Until};

mod queue;
#[cfg(feature = "remote")]
pub(crate) mod sockets;
mod stream;
mod temp;

pub(crate) use queue::transmit;
pub(crate) use stream::{Stream, TextStream};

/// A handle to wait on, as a number: as such it can be sent to other threads. Whoever has one says why it is open.
pub(crate) type RawFd = isize;

pub(crate) const IS_LINUX: bool = false;

pub(crate) const RIGHTS_HELP: &str = "install Npcap (https://npcap.com), and run as administrator if it was installed \
     for administrators only";

#[cfg(feature = "remote")]
pub(crate) const NO_WAY: [c_int; 8] = [
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
pub(crate) const CUT_OFF: [c_int; 3] = [
    WinSock::WSAECONNRESET,
    WinSock::WSAECONNABORTED,
    WinSock::WSAESHUTDOWN,
];

/// The event is that of the driver, whose state is not that of its buffer.
pub(crate) const TELLS_LATE: bool = true;

/// Whether libpcap takes paths and names as UTF-8.
static UTF8: AtomicBool = AtomicBool::new(false);

pub(super) fn is_utf8() -> bool {
    UTF8.load(Ordering::Relaxed)
}

/// Converts a name of libpcap, which is UTF-8.
pub(crate) fn os_string(bytes: &[u8]) -> OsString {
    String::from_utf8_lossy(bytes).into_owned().into()
}

/// Returns nothing: libpcap's names are not those that Windows numbers.
pub(crate) fn interface_index(_: &CStr) -> Option<u32> {
    None
}

/// Fails, for the same reason.
pub(crate) fn interface_name(_: u32) -> io::Result<OsString> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Has libpcap take and give all texts in UTF-8, and Winsock started: before it is called for anything else.
pub(crate) fn init() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        if !is_complete() {
            return;
        }
        let mut errbuf = ErrBuf::new();
        // SAFETY: the buffer has the size that libpcap asks for. It fails if other code of the program
        // has asked for the local code page.
        let status =
            unsafe { super::pcap_init(super::PCAP_CHAR_ENC_UTF_8 as _, errbuf.as_mut_ptr()) };
        UTF8.store(status == 0, Ordering::Relaxed);
    });
}

/// Whether the library is libpcap 1.10 or newer, with all functions. Others of that name have some only, and end the
/// program when another one is called.
pub(crate) fn is_complete() -> bool {
    static COMPLETE: OnceLock<bool> = OnceLock::new();
    *COMPLETE.get_or_init(exports_init)
}

#[cfg(feature = "load-dynamically")]
fn exports_init() -> bool {
    pcap_sys::has("pcap_init")
}

/// Asks the library that the program is linked with.
#[cfg(not(feature = "load-dynamically"))]
fn exports_init() -> bool {
    // SAFETY: takes a C string. The library stays loaded: the program is linked with it.
    let module = unsafe { GetModuleHandleA(c"wpcap.dll".as_ptr().cast()) };
    if module.is_null() {
        // Linked statically, from libpcap's source.
        return true;
    }
    let name: &CStr = c"pcap_init";
    // SAFETY: the module is loaded, and the name a C string. Its address is not used.
    unsafe { GetProcAddress(module, name.as_ptr().cast()) }.is_some()
}

pub(crate) fn set_want_pktap(_: *mut super::pcap_t) -> Option<c_int> {
    None
}

pub(crate) fn set_protocol(_: *mut super::pcap_t, _: u16) -> Option<c_int> {
    None
}

/// The event that tells of packets.
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
    // Null, or INVALID_HANDLE_VALUE.
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

/// Sends a packet, and says how many bytes were sent, or libpcap's status.
///
/// # Safety
///
/// As [`selectable`].
pub(crate) unsafe fn inject(pcap: *mut super::pcap_t, packet: &[u8]) -> Result<usize, c_int> {
    let length = c_int::try_from(packet.len()).unwrap_or(c_int::MAX);
    // SAFETY: the caller's promise, and the data is that long.
    match unsafe { super::pcap_sendpacket(pcap, packet.as_ptr(), length) } {
        0 => Ok(packet.len()),
        status => Err(status),
    }
}

/// A handle for as long as its owner has it open.
///
/// # Safety
///
/// It stays open for `'a`.
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

/// Nothing that is no capture can be waited for.
pub(crate) fn descriptor(_: &File) -> Option<RawFd> {
    None
}

/// The handle of a number.
fn handle(fd: RawFd) -> HANDLE {
    std::ptr::without_provenance_mut(fd as usize)
}

/// Winsock's answers are those of a thread; libpcap's own tables may not be.
pub(crate) fn name_tables() -> Option<MutexGuard<'static, ()>> {
    static LOCK: Mutex<()> = Mutex::new(());
    Some(LOCK.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Frees a resolver's list.
///
/// # Safety
///
/// `list` is null, or a list that the resolver made, which nothing uses any more.
pub(crate) unsafe fn free_addrinfo(list: *mut super::addrinfo) {
    if !list.is_null() {
        // SAFETY: the caller's promise; the resolver is Winsock's, for all C libraries.
        unsafe { WinSock::freeaddrinfo(list.cast()) };
    }
}

/// What libpcap allocated for its caller is left: its C library is another one than ours.
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

/// Nothing fails for that here: a driver that cannot take a packet waits.
pub(crate) fn would_block() -> bool {
    false
}

pub(crate) fn queue_full() -> bool {
    false
}

pub(crate) fn strerror(number: c_int) -> String {
    let text = io::Error::from_raw_os_error(number).to_string();
    // Rust puts the number behind it.
    match text.rsplit_once(" (os error ") {
        Some((text, _)) => text.to_owned(),
        None => text,
    }
}

/// Handles of libpcap are not inherited.
pub(crate) fn close_on_exec(_: RawFd) {}

/// Waits until one of the handles is signaled or the time has passed; `None` is for ever.
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

/// [`wait`] for up to two handles beside the first.
pub(crate) fn wait_many(
    wake: Option<&Wake>,
    descriptors: &[RawFd],
    timeout: Option<Duration>,
) -> io::Result<Ready> {
    // Rounded up: a wait must not end before its time.
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
    // SAFETY: so many handles are there, and open: the wake's by its borrow, the others by the caller.
    let status = unsafe { WaitForMultipleObjects(count as u32, handles.as_ptr(), 0, millis) };
    if status == WAIT_FAILED {
        return Err(io::Error::last_os_error());
    }
    let first = status.wrapping_sub(WAIT_OBJECT_0) as usize;
    if first < count {
        signaled[first] = true;
        // Only the first of several is told of.
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

/// An event to wait on beside the capture's, set from any thread or handler of console events.
#[derive(Debug)]
pub(crate) struct Wake(OwnedFd);

impl Wake {
    pub(crate) fn new() -> io::Result<Wake> {
        // SAFETY: neither attributes nor a name. It stays set until it is reset.
        let event = unsafe { CreateEventW(null(), 1, 0, null()) };
        if event.is_null() {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: open, and nobody else's.
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

/// Has libpcap write the header of a savefile, or say why it does not.
///
/// # Safety
///
/// `pcap` is open, and no other thread uses it.
pub(crate) unsafe fn savefile_header(
    pcap: *mut super::pcap_t,
    buffer: &mut [u8],
) -> Result<(), String> {
    // First to nowhere: what libpcap refuses for its link type, it does not close below.
    // SAFETY: the caller's promise, and the path is a C string.
    let dumper = unsafe { super::pcap_dump_open(pcap, c"NUL".as_ptr()) };
    if dumper.is_null() {
        // SAFETY: the caller's promise.
        return Err(unsafe { super::geterr(pcap) });
    }
    // SAFETY: the dumper is open and ours.
    unsafe { super::pcap_dump_close(dumper) };
    let (mut reader, mut writer) = (null_mut(), null_mut());
    // Its buffer takes the header, so that writing does not wait.
    // SAFETY: the handles are ours to be set.
    if unsafe { CreatePipe(&mut reader, &mut writer, null(), 4096) } == 0 {
        return Err(io::Error::last_os_error().to_string());
    }
    // SAFETY: open, and nobody else's.
    let mut reader = unsafe { File::from_raw_handle(reader) };
    // SAFETY: the caller's promise. The handle is open, and libpcap's from now on, whatever it says.
    let dumper = unsafe { super::pcap_dump_hopen(pcap, writer.addr() as _) };
    if dumper.is_null() {
        // SAFETY: the caller's promise.
        return Err(unsafe { super::geterr(pcap) });
    }
    // SAFETY: the dumper is open and ours; this writes the header, and closes the pipe.
    unsafe { super::pcap_dump_close(dumper) };
    let mut length = 0;
    while length < buffer.len() {
        match io::Read::read(&mut reader, &mut buffer[length..]) {
            Ok(0) => break,
            Ok(n) => length += n,
            Err(e) => return Err(e.to_string()),
        }
    }
    Ok(())
}

/// The first bytes of a file from where it stands, without moving it; `None` if it cannot be read
/// from any place, as a pipe.
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
    // Reading at a place goes there.
    file.seek(io::SeekFrom::Start(start))?;
    read
}

/// Reads from a place in a file, and moves it there.
pub(crate) fn read_at(file: &File, buffer: &mut [u8], position: u64) -> io::Result<usize> {
    loop {
        match file.seek_read(buffer, position) {
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

/// A handle of our own for standard input.
pub(crate) fn stdin() -> io::Result<File> {
    Ok(io::stdin().as_handle().try_clone_to_owned()?.into())
}

/// A handle of our own for standard output, after what `print!` still holds back.
pub(crate) fn stdout() -> io::Result<File> {
    io::stdout().flush()?;
    Ok(io::stdout().as_handle().try_clone_to_owned()?.into())
}

/// Closes a file and says what the system said.
pub(crate) fn close(file: File) -> io::Result<()> {
    // SAFETY: the handle is open and ours, and given away here.
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
