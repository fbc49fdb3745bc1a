//! Detects that standard output was closed before the program started.

use std::io;

/// Checks that standard output was open when the program started.
///
/// # Errors
///
/// Returns `EBADF` if it was closed, as with `>&-` in a shell.
pub(crate) fn check_stdout() -> io::Result<()> {
    #[cfg(unix)]
    if at_start::CLOSED.load(std::sync::atomic::Ordering::Relaxed) {
        return Err(io::Error::from_raw_os_error(libc::EBADF));
    }
    Ok(())
}

/// Checks the file descriptor before Rust's runtime starts. The runtime opens `/dev/null` in place of a closed standard
/// output, so everything written there would be lost silently.
#[cfg(unix)]
mod at_start {
    use std::sync::atomic::{AtomicBool, Ordering};

    pub(super) static CLOSED: AtomicBool = AtomicBool::new(false);

    /// The loader calls this function before the runtime starts.
    #[used]
    #[cfg_attr(
        target_vendor = "apple",
        unsafe(link_section = "__DATA,__mod_init_func")
    )]
    #[cfg_attr(not(target_vendor = "apple"), unsafe(link_section = ".init_array"))]
    static CHECK: extern "C" fn() = check;

    extern "C" fn check() {
        // SAFETY: F_GETFD changes nothing. It fails if the descriptor is not open.
        if unsafe { libc::fcntl(libc::STDOUT_FILENO, libc::F_GETFD) } == -1 {
            CLOSED.store(true, Ordering::Relaxed);
        }
    }
}
