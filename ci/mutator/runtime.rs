/// Calls `is_active` of the crate. Part of each crate that is mutated, as its first item.
macro_rules! mutant {
    ($number:literal) => {
        crate::mutants::is_active($number)
    };
}

/// Selects the active mutant, and records which mutants a process reaches.
///
/// Environment variables control this: `MUTANT` is the number of the active mutant. `MUTANTS_REACHED` is a file with one
/// byte per mutant, which the process and its children map into memory and set to 1.
#[allow(warnings, clippy::all)]
mod mutants {
    use std::ffi::{c_char, c_int, c_void};
    use std::ptr::null_mut;
    use std::sync::atomic::{AtomicU8, Ordering::Relaxed};

    // Not atomic, because tests call `is_active` very often, and without optimization a plain load is much faster.
    static mut ACTIVE: usize = usize::MAX;
    static mut REACHED: *mut AtomicU8 = null_mut();

    pub(crate) fn is_active(number: usize) -> bool {
        // SAFETY: both only change before `main`, when there is one thread. The file has one byte for each number.
        unsafe {
            if REACHED as usize != 0 {
                (*REACHED.add(number)).store(1, Relaxed);
            }
            ACTIVE == number
        }
    }

    unsafe extern "C" {
        fn getenv(name: *const c_char) -> *const c_char;
        fn atoi(text: *const c_char) -> c_int;
        fn open(path: *const c_char, flags: c_int) -> c_int;
        fn close(descriptor: c_int) -> c_int;
        fn mmap(at: *mut c_void, size: usize, protection: c_int, flags: c_int, file: c_int, offset: i64) -> *mut c_void;
    }

    /// Runs before `main`: later, the environment may change, and some tests count descriptors and allocations.
    extern "C" fn start() {
        // SAFETY: no other thread runs yet. The arguments are strings that end with NUL, and the constants are those of
        // Linux. The mapping remains until the process ends.
        unsafe {
            let number = getenv(c"MUTANT".as_ptr());
            if !number.is_null() {
                ACTIVE = atoi(number) as usize;
            }
            let path = getenv(c"MUTANTS_REACHED".as_ptr());
            if !path.is_null() {
                let file = open(path, 2);
                let mapped = mmap(null_mut(), COUNT, 3, 1, file, 0);
                if mapped as isize != -1 {
                    REACHED = mapped.cast();
                }
                close(file);
            }
        }
    }

    #[used]
    #[unsafe(link_section = ".init_array")]
    static START: extern "C" fn() = start;
}
