//! A monotonic clock that is fast enough to read for each packet.

/// Returns the nanoseconds since an arbitrary moment in the past. On Linux, the resolution is one tick of the kernel's
/// timer, at most 10 milliseconds, and a call takes a few nanoseconds.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) fn coarse() -> u64 {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: the time is ours, and the clock exists since Linux 2.6.32.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC_COARSE, &mut time) };
    // This clock starts when the system boots, so the nanoseconds do not overflow for centuries.
    (time.tv_sec as u64).wrapping_mul(1_000_000_000) + time.tv_nsec as u64
}

/// Returns the nanoseconds since an arbitrary moment in the past.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(crate) fn coarse() -> u64 {
    use std::sync::OnceLock;
    use std::time::Instant;

    static START: OnceLock<Instant> = OnceLock::new();
    let passed = START.get_or_init(Instant::now).elapsed();
    u64::try_from(passed.as_nanos()).unwrap_or(u64::MAX)
}
