//! The few Windows functions that this crate calls itself. The standard library links them.

#[cfg(not(feature = "load-dynamically"))]
use std::ffi::c_char;
use std::ffi::{c_int, c_void};

/// A `HANDLE`.
pub(super) type Handle = *mut c_void;

/// No timeout, for the functions that wait.
pub(super) const INFINITE: u32 = u32::MAX;
/// A wait ended because the first of its handles is signaled; the next number means the second.
pub(super) const WAIT_OBJECT_0: u32 = 0;
/// A wait failed.
pub(super) const WAIT_FAILED: u32 = u32::MAX;
/// The result of `GetFileType` for a seekable file.
pub(super) const FILE_TYPE_DISK: u32 = 1;

/// Others may read the file meanwhile.
pub(super) const FILE_SHARE_READ: u32 = 1;
/// Others may write to the file meanwhile.
pub(super) const FILE_SHARE_WRITE: u32 = 2;
/// Keeps the file in memory if there is room.
pub(super) const FILE_ATTRIBUTE_TEMPORARY: u32 = 0x100;

#[link(name = "kernel32")]
unsafe extern "system" {
    pub(super) fn CreateEventW(
        attributes: *const c_void,
        manual_reset: c_int,
        initial_state: c_int,
        name: *const u16,
    ) -> Handle;
    pub(super) fn SetEvent(event: Handle) -> c_int;
    pub(super) fn ResetEvent(event: Handle) -> c_int;
    pub(super) fn WaitForSingleObject(handle: Handle, milliseconds: u32) -> u32;
    pub(super) fn WaitForMultipleObjects(
        count: u32,
        handles: *const Handle,
        wait_all: c_int,
        milliseconds: u32,
    ) -> u32;
    pub(super) fn GetLastError() -> u32;
    pub(super) fn SetLastError(code: u32);
    pub(super) fn CloseHandle(handle: Handle) -> c_int;
    pub(super) fn GetFileType(file: Handle) -> u32;
    pub(super) fn GetFinalPathNameByHandleW(
        file: Handle,
        path: *mut u16,
        size: u32,
        flags: u32,
    ) -> u32;
    #[cfg(not(feature = "load-dynamically"))]
    pub(super) fn GetModuleHandleA(name: *const c_char) -> Handle;
    #[cfg(not(feature = "load-dynamically"))]
    pub(super) fn GetProcAddress(module: Handle, name: *const c_char) -> *const c_void;
}

#[link(name = "ws2_32")]
unsafe extern "system" {
    pub(super) fn freeaddrinfo(list: *mut c_void);
}
