//! The CPU time of a thread, for tests that must not spin.

use std::time::Duration;

/// Returns the CPU time that this thread has used.
#[cfg(windows)]
pub(crate) fn cpu_time() -> Duration {
    unsafe extern "system" {
        fn GetCurrentThread() -> isize;
        fn GetThreadTimes(
            thread: isize,
            created: *mut u64,
            ended: *mut u64,
            kernel: *mut u64,
            user: *mut u64,
        ) -> i32;
    }
    let [mut created, mut ended, mut kernel, mut user] = [0; 4];
    // SAFETY: takes nothing.
    let thread = unsafe { GetCurrentThread() };
    // SAFETY: the numbers are local variables for the result.
    let status =
        unsafe { GetThreadTimes(thread, &mut created, &mut ended, &mut kernel, &mut user) };
    assert_ne!(status, 0);
    // In units of 100 ns.
    Duration::from_nanos((kernel + user) * 100)
}

/// Returns the CPU time that this thread has used.
#[cfg(unix)]
pub(crate) fn cpu_time() -> Duration {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: the structure is a local variable for the result.
    let status = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time) };
    assert_eq!(status, 0);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}
