//! A stack that is large enough for libpcap's compiler.
//!
//! libpcap walks a program by recursion, one call for each test, and name look-ups take as much as the resolver likes.
//! How much stack the caller has left is not known, so nothing is compiled on it.

use std::thread;

use crate::error::{Error, Result};

/// The size in bytes. libpcap gives up on a program of some 250 000 tests, which take about 110 bytes each. Only what is
/// used becomes memory.
const SIZE: usize = 32 << 20;

/// Runs `work` on a thread of its own with a large stack, and waits for it. The thread is in the caller's namespaces,
/// with its rights, so that names are looked up as they would be by the caller.
pub(crate) fn on_large_stack<T: Send>(
    operation: &'static str,
    object: impl FnOnce() -> Option<String>,
    work: impl FnOnce() -> Result<T> + Send,
) -> Result<T> {
    thread::scope(|scope| {
        let thread = thread::Builder::new()
            .name("pcap-compile".into())
            .stack_size(SIZE)
            .spawn_scoped(scope, work)
            .map_err(|e| Error::io(operation, object(), e))?;
        thread
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}
