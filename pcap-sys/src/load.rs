//! Loads libpcap at run time and looks up its functions. Contains the macro that defines the functions of the bindings.
//!
//! Imports nothing from this crate except the names of the functions.

use std::error::Error;
use std::ffi::{CStr, CString, c_void};
use std::fmt;
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

#[cfg_attr(unix, path = "load/unix.rs")]
#[cfg_attr(windows, path = "load/windows.rs")]
mod system;

/// A function that libpcap lacks if it is too old: `pcap_init` has existed since 1.10.0. On Windows, a replacement for
/// `wpcap.dll` may lack `pcap_init` as well, so this is another function, which only libraries older than Npcap lack.
const NEWEST_FUNCTION: &CStr = if cfg!(windows) {
    c"pcap_set_tstamp_precision"
} else {
    c"pcap_init"
};

/// A loaded library. It stays loaded until the program ends.
#[derive(Debug)]
pub(crate) struct Library {
    /// The name under which it was found.
    name: String,
    /// The system's handle.
    handle: *mut c_void,
}

// SAFETY: the handle is a number for the system, whose functions accept it on any thread.
unsafe impl Send for Library {}
// SAFETY: as above.
unsafe impl Sync for Library {}

impl Library {
    fn address(&self, name: &CStr) -> *mut c_void {
        // SAFETY: the handle is of a library that is never unloaded, and the name is a C string.
        unsafe { system::address(self.handle, name) }
    }
}

/// The library, once it is loaded.
static LIBRARY: OnceLock<Library> = OnceLock::new();

/// The error that [`load`] returns if libpcap could not be loaded. It contains each attempt, with the system's reason
/// for the failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadError {
    tried: Vec<(String, String)>,
}

impl LoadError {
    /// Returns the names or paths that were tried, in order, each with the system's error text.
    pub fn tried(&self) -> impl Iterator<Item = (&str, &str)> {
        self.tried
            .iter()
            .map(|(place, text)| (place.as_str(), text.as_str()))
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no libpcap could be loaded")?;
        for (at, (place, text)) in self.tried.iter().enumerate() {
            let before = if at == 0 { ": " } else { "; " };
            // The system's text usually begins with the name.
            let text = text
                .strip_prefix(place)
                .map_or(text.as_str(), |rest| rest.trim_start_matches([':', ' ']));
            write!(f, "{before}{place}: {text}")?;
        }
        Ok(())
    }
}

impl Error for LoadError {}

/// Loads libpcap, unless it is already loaded. Requires the `load-dynamically` feature.
///
/// This function tries the following names, in this order:
///
/// - on Windows, `wpcap.dll` in the `System32\Npcap` system directory, then in `System32` itself, but never in the
///   current directory or in `PATH`;
/// - on macOS, `/usr/lib/libpcap.A.dylib`, then `libpcap.A.dylib` and `libpcap.dylib`;
/// - on other Unix systems, `libpcap.so.1`, `libpcap.so.0.8` (Debian's name for the same library) and `libpcap.so`, in
///   the directories that the system searches for libraries.
///
/// Versions of libpcap before 1.10.0 and, on Windows, WinPcap are rejected. The library stays loaded until the program
/// ends. After a failure, the next call tries again.
///
/// # Errors
///
/// Returns [`LoadError`] if libpcap could not be loaded.
pub fn load() -> Result<(), LoadError> {
    library().map(|_| ())
}

/// Returns whether libpcap can be loaded and has a function, such as `pcap_open`. Requires the `load-dynamically`
/// feature.
///
/// Check this before calling a function that libpcap may lack: calling a missing function prints a line on standard
/// error and aborts the program, and so does calling any function if libpcap cannot be loaded. Returns `false` for a
/// name that is not a function of this crate.
#[must_use]
pub fn has(function: &str) -> bool {
    // The system would also find functions of the libraries that libpcap is linked with.
    let Some(name) = crate::bindings::NAMES
        .iter()
        .find(|name| **name == function)
    else {
        return false;
    };
    let exports = |name: CString| library().is_ok_and(|it| !it.address(&name).is_null());
    CString::new(*name).is_ok_and(exports)
}

fn library() -> Result<&'static Library, LoadError> {
    LIBRARY.get().map_or_else(load_once, Ok)
}

/// Loads the library, unless another thread has just done so.
fn load_once() -> Result<&'static Library, LoadError> {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let load = || search().map(|library| LIBRARY.get_or_init(|| library));
    LIBRARY.get().map_or_else(load, Ok)
}

fn search() -> Result<Library, LoadError> {
    let mut tried = Vec::new();
    for name in system::places() {
        match system::open(&name) {
            Ok(handle) => {
                let library = Library { name, handle };
                if !library.address(NEWEST_FUNCTION).is_null() {
                    return Ok(library);
                }
                let text = format!(
                    "it is too old: it has no {}",
                    NEWEST_FUNCTION.to_string_lossy()
                );
                tried.push((library.name, text));
            }
            Err(text) => tried.push((name, text)),
        }
    }
    Err(LoadError { tried })
}

/// The address of a function, which is looked up when the function is called for the first time.
pub(crate) struct Address {
    name: &'static CStr,
    address: AtomicPtr<c_void>,
}

impl Address {
    /// Creates an address. `name` must end with a NUL byte and contain no other.
    pub(crate) const fn new(name: &'static str) -> Self {
        let Ok(name) = CStr::from_bytes_with_nul(name.as_bytes()) else {
            panic!("not a C text");
        };
        Self {
            name,
            address: AtomicPtr::new(ptr::null_mut()),
        }
    }

    /// Returns the address. It is never null: if there is no such function, the program aborts.
    #[inline]
    pub(crate) fn get(&self) -> *mut c_void {
        // Acquire: whoever sees the address must also see the loaded library.
        let address = self.address.load(Ordering::Acquire);
        if address.is_null() {
            return self.find();
        }
        address
    }

    #[cold]
    fn find(&self) -> *mut c_void {
        let library = match library() {
            Ok(library) => library,
            Err(error) => self.abort(&error.to_string()),
        };
        let address = library.address(self.name);
        if address.is_null() {
            self.abort(&format!("{} has no such function", library.name));
        }
        self.address.store(address, Ordering::Release);
        address
    }

    fn abort(&self, why: &str) -> ! {
        eprintln!(
            "pcap-sys: {} was called, but {why}",
            self.name.to_string_lossy()
        );
        std::process::abort()
    }
}

/// Replaces the `extern "C"` block of the bindings. Each declaration becomes a function of the same name and type,
/// which looks up libpcap's function at its first call. A declaration with an attribute does not compile, because the
/// attribute might rename the function.
macro_rules! functions {
    ($(pub fn $name:ident($($argument:ident: $of:ty),* $(,)?) $(-> $answer:ty)?;)*) => {
        $(
            pub unsafe extern "C" fn $name($($argument: $of),*) $(-> $answer)? {
                static ADDRESS: $crate::load::Address =
                    $crate::load::Address::new(concat!(stringify!($name), "\0"));
                let address = ADDRESS.get();
                // SAFETY: libpcap's function of this name, whose type is from its header.
                let function = unsafe {
                    ::std::mem::transmute::<
                        *mut ::std::ffi::c_void,
                        unsafe extern "C" fn($($of),*) $(-> $answer)?
                    >(address)
                };
                // SAFETY: the caller's promise.
                unsafe { function($($argument),*) }
            }
        )*

        /// The functions' names.
        pub(crate) const NAMES: &[&str] = &[$(stringify!($name)),*];
    };
}
pub(crate) use functions;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_looked_up_once() {
        let address = Address::new("pcap_create\0");
        let first = address.get();
        assert!(!first.is_null());
        assert_eq!(address.address.load(Ordering::Acquire), first);
        assert_eq!(address.get(), first);
    }

    #[test]
    #[should_panic(expected = "not a C text")]
    fn a_name_without_its_end_is_refused() {
        let _ = Address::new("pcap_create");
    }
}
