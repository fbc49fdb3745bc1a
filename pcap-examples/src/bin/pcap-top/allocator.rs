//! How the allocator of the system treats large blocks.

/// Makes the allocator return large blocks to the system when they are freed. Each update of the screen copies tables,
/// and by default the GNU C library keeps an increasing number of gaps between their blocks. Call this before the
/// program has many threads.
pub(crate) fn return_large_blocks() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        /// Blocks of this size or more are returned, in bytes.
        const LARGE: i32 = 256 * 1024;
        // SAFETY: the function takes only numbers, and can be called at any time.
        unsafe { libc::mallopt(libc::M_MMAP_THRESHOLD, LARGE) };
    }
}
