//! Standard output that was closed before the program began.

use std::io;

/// Checks that standard output is open.
///
/// # Errors
///
/// If it was closed when the program began, as with `>&-` in a shell.
pub(crate) fn stdout_is_open() -> io::Result<()> {
    #[cfg(unix)]
    if at_start::CLOSED.load(std::sync::atomic::Ordering::Relaxed) {
        return Err(io::Error::from_raw_os_error(libc::EBADF));
    }
    Ok(())
}

/// Looks at the descriptor before Rust's runtime, which opens `/dev/null` in its place: everything written to that
/// would be lost silently.
#[cfg(unix)]
mod at_start {
    use std::sync::atomic::{AtomicBool, Ordering};

    pub(super) static CLOSED: AtomicBool = AtomicBool::new(false);

    /// A function that the loader calls before the runtime starts.
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
