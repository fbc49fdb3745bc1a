//! Whether standard output was there when the program began.

use std::io;

/// Whether there is a standard output.
///
/// # Errors
///
/// If it was closed when the program began, as by the shell's `>&-`.
pub(crate) fn stdout_is_open() -> io::Result<()> {
    #[cfg(unix)]
    if at_start::CLOSED.load(std::sync::atomic::Ordering::Relaxed) {
        return Err(io::Error::from_raw_os_error(libc::EBADF));
    }
    Ok(())
}

/// Rust's runtime opens `/dev/null` for a standard descriptor that is closed, before `main`: everything written would be
/// lost in silence. So this looks before the runtime does.
#[cfg(unix)]
mod at_start {
    use std::sync::atomic::{AtomicBool, Ordering};

    pub(super) static CLOSED: AtomicBool = AtomicBool::new(false);

    /// What the loader calls before the runtime begins.
    #[used]
    #[cfg_attr(
        target_vendor = "apple",
        unsafe(link_section = "__DATA,__mod_init_func")
    )]
    #[cfg_attr(not(target_vendor = "apple"), unsafe(link_section = ".init_array"))]
    static LOOK: extern "C" fn() = look;

    extern "C" fn look() {
        // SAFETY: takes numbers; on a descriptor that is not open it fails and changes nothing.
        if unsafe { libc::fcntl(libc::STDOUT_FILENO, libc::F_GETFD) } == -1 {
            CLOSED.store(true, Ordering::Relaxed);
        }
    }
}
