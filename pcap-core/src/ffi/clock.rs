//! A clock that goes on at the same rate whatever is done to the system's time, and is cheap enough to be read for
//! each packet.
//!
//! May import: nothing of this crate.

use std::time::Duration;

/// Returns the time since some moment in the past. On Linux it is exact to a tick of the kernel's timer, at most 10
/// milliseconds, and reading it costs a few nanoseconds.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) fn coarse() -> Duration {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: the time is ours, and the clock is there since Linux 2.6.32.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC_COARSE, &mut time) };
    let secs = u64::try_from(time.tv_sec).unwrap_or(0);
    Duration::new(secs, u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// Returns the time since some moment in the past.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(crate) fn coarse() -> Duration {
    use std::sync::OnceLock;
    use std::time::Instant;

    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed()
}
