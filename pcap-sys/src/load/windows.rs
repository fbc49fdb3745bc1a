//! Loads libraries on Windows: `wpcap.dll` from the system's own directories, by its full path.

use std::ffi::{CStr, OsString, c_void};
use std::io;
use std::os::windows::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;

use windows_sys::Win32::System::LibraryLoader::{
    GetProcAddress, LOAD_LIBRARY_SEARCH_DLL_LOAD_DIR, LOAD_LIBRARY_SEARCH_SYSTEM32, LoadLibraryExW,
};
use windows_sys::Win32::System::SystemInformation::GetSystemDirectoryW;

/// Returns the system directory, such as `C:\Windows\System32`.
fn system_folder() -> Option<PathBuf> {
    let mut buffer = vec![0_u16; 260];
    loop {
        let size = u32::try_from(buffer.len()).ok()?;
        // SAFETY: the buffer has that size.
        let length = unsafe { GetSystemDirectoryW(buffer.as_mut_ptr(), size) };
        let length = usize::try_from(length).ok()?;
        match length {
            0 => return None,
            // The length excludes the terminating NUL if the path fits, and includes it otherwise.
            _ if length < buffer.len() => {
                return Some(OsString::from_wide(&buffer[..length]).into());
            }
            _ => buffer.resize(length + 1, 0),
        }
    }
}

/// Returns the path in Npcap's own directory, then the path in that of WinPcap, which Npcap optionally uses as well.
pub(super) fn places() -> Vec<String> {
    let Some(folder) = system_folder() else {
        return Vec::new();
    };
    ["Npcap\\wpcap.dll", "wpcap.dll"]
        .iter()
        .filter_map(|name| folder.join(name).into_os_string().into_string().ok())
        .collect()
}

/// Loads a library by its full path. The error is the system's text.
pub(super) fn open(path: &str) -> Result<*mut c_void, String> {
    let wide: Vec<u16> = std::ffi::OsStr::new(path)
        .encode_wide()
        .chain([0])
        .collect();
    // wpcap.dll needs the Packet.dll beside it. With both flags Windows searches only the library's directory and the
    // system's, not the program's or the current one.
    let flags = LOAD_LIBRARY_SEARCH_DLL_LOAD_DIR | LOAD_LIBRARY_SEARCH_SYSTEM32;
    // SAFETY: NUL-terminated; loading the library runs the code of the system's Npcap.
    let handle = unsafe { LoadLibraryExW(wide.as_ptr(), std::ptr::null_mut(), flags) };
    if handle.is_null() {
        return Err(io::Error::last_os_error().to_string());
    }
    Ok(handle)
}

/// Returns the address of a function, or null.
///
/// # Safety
///
/// The handle is of a library that is loaded.
pub(super) unsafe fn address(handle: *mut c_void, name: &CStr) -> *mut c_void {
    // SAFETY: the caller's promise, and a C string.
    let address = unsafe { GetProcAddress(handle, name.as_ptr().cast()) };
    address.map_or(std::ptr::null_mut(), |address| address as *mut c_void)
}
