//! Counts allocations.

use std::sync::atomic::{AtomicUsize, Ordering};

static ALL: AtomicUsize = AtomicUsize::new(0);

/// Returns the number of this thread's allocations.
pub(crate) fn get() -> usize {
    thread::get()
}

/// Returns the number of the process's allocations.
#[cfg(all(target_os = "linux", not(emulated)))]
pub(crate) fn get_all() -> usize {
    ALL.load(Ordering::Relaxed)
}

/// Counts an allocation.
pub(crate) fn add_one() {
    ALL.fetch_add(1, Ordering::Relaxed);
    thread::add_one();
}

#[cfg(unix)]
mod thread {
    use std::cell::Cell;

    thread_local! {
        static COUNT: Cell<usize> = const { Cell::new(0) };
    }

    pub(super) fn get() -> usize {
        COUNT.get()
    }

    pub(super) fn add_one() {
        COUNT.set(COUNT.get() + 1);
    }
}

/// On Windows, Rust's own thread-local storage may allocate.
#[cfg(windows)]
mod thread {
    use std::sync::OnceLock;

    unsafe extern "system" {
        fn TlsAlloc() -> u32;
        fn TlsGetValue(index: u32) -> usize;
        fn TlsSetValue(index: u32, value: usize) -> i32;
    }

    fn index() -> u32 {
        static INDEX: OnceLock<u32> = OnceLock::new();
        // SAFETY: takes nothing.
        *INDEX.get_or_init(|| unsafe { TlsAlloc() })
    }

    pub(super) fn get() -> usize {
        // SAFETY: the index belongs to this process; the stored value is a number, initially 0.
        unsafe { TlsGetValue(index()) }
    }

    pub(super) fn add_one() {
        // SAFETY: as above.
        unsafe { TlsSetValue(index(), get() + 1) };
    }
}
