//! libpcap found when the program runs: the library, the functions' addresses, and the macro that the bindings'
//! functions go through.
//!
//! Imports nothing of this crate but the names of the functions.

use std::error::Error;
use std::ffi::{CStr, CString, c_void};
use std::fmt;
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

#[cfg_attr(unix, path = "load/unix.rs")]
#[cfg_attr(windows, path = "load/windows.rs")]
mod system;

/// What a libpcap lacks that is too old: 1.10.0 has this, and no older one. A replacement of wpcap.dll may lack it, too; on
/// Windows what is older than Npcap lacks this.
const NEWEST_FUNCTION: &CStr = if cfg!(windows) {
    c"pcap_set_tstamp_precision"
} else {
    c"pcap_init"
};

/// A library that is loaded. It stays so until the program ends.
#[derive(Debug)]
pub(crate) struct Library {
    /// What it was found as.
    name: String,
    /// What the system calls it by.
    handle: *mut c_void,
}

// SAFETY: the handle is a number for the system, whose functions may be called from any thread with it.
unsafe impl Send for Library {}
// SAFETY: as above.
unsafe impl Sync for Library {}

impl Library {
    fn address(&self, name: &CStr) -> *mut c_void {
        // SAFETY: the handle is of a library that is never unloaded, and the name is a C text.
        unsafe { system::address(self.handle, name) }
    }
}

/// The library, once it is loaded.
static LIBRARY: OnceLock<Library> = OnceLock::new();

/// Why no libpcap could be loaded: each place that was tried, and what the system said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadError {
    tried: Vec<(String, String)>,
}

impl LoadError {
    /// Each name or path that was tried, in this order, with the system's own words.
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
            // The system's words mostly begin with the name.
            let text = text
                .strip_prefix(place)
                .map_or(text.as_str(), |rest| rest.trim_start_matches([':', ' ']));
            write!(f, "{before}{place}: {text}")?;
        }
        Ok(())
    }
}

impl Error for LoadError {}

/// Loads libpcap, if that has not been done yet. With the feature `load-dynamically` only.
///
/// It is looked for, in this order,
///
/// - on Windows: as `wpcap.dll` in the system's folder `System32\Npcap`, then in `System32` itself, and nowhere else:
///   neither in the current folder nor in those of `PATH`;
/// - on macOS: as `/usr/lib/libpcap.A.dylib`, then `libpcap.A.dylib` and `libpcap.dylib`;
/// - on other Unix systems: as `libpcap.so.1`, `libpcap.so.0.8` (Debian's name for the same) and `libpcap.so`, where the
///   system looks for libraries.
///
/// A libpcap older than 1.10.0 is not taken, nor on Windows WinPcap. What was loaded stays until the program ends; after a failure the next call
/// looks again.
///
/// # Errors
///
/// [`LoadError`] if there is none.
pub fn load() -> Result<(), LoadError> {
    library().map(|_| ())
}

/// Whether libpcap can be loaded and has this function, such as `pcap_open`. With the feature `load-dynamically` only.
///
/// Calling a function that it lacks, or any function where there is no libpcap, prints a line on standard error and
/// aborts the program.
#[must_use]
pub fn has(function: &str) -> bool {
    // The system would also find what libpcap itself is linked with.
    let Some(name) = crate::bindings::NAMES
        .iter()
        .find(|name| **name == function)
    else {
        return false;
    };
    let Ok(name) = CString::new(*name) else {
        return false;
    };
    library().is_ok_and(|library| !library.address(&name).is_null())
}

fn library() -> Result<&'static Library, LoadError> {
    if let Some(library) = LIBRARY.get() {
        return Ok(library);
    }
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(library) = LIBRARY.get() {
        return Ok(library);
    }
    let library = search()?;
    Ok(LIBRARY.get_or_init(|| library))
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

/// Where a function is, found at its first call.
pub(crate) struct Address {
    name: &'static CStr,
    address: AtomicPtr<c_void>,
}

impl Address {
    /// `name` ends with a zero byte, and has no other.
    pub(crate) const fn new(name: &'static str) -> Self {
        let Ok(name) = CStr::from_bytes_with_nul(name.as_bytes()) else {
            panic!("not a C text");
        };
        Self {
            name,
            address: AtomicPtr::new(ptr::null_mut()),
        }
    }

    /// The address, never null: where there is none, the program ends.
    #[inline]
    pub(crate) fn get(&self) -> *mut c_void {
        // Who sees the address sees the library as it was when the address was found.
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

/// What stands before the functions of the bindings in place of `extern "C"`: each becomes a function of the same name
/// and type, which finds libpcap's at its first call. An attribute, which might give another name, does not compile.
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
