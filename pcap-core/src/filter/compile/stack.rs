//! Runs libpcap's compiler on a stack that is large enough.
//!
//! libpcap walks a program recursively, with one call for each test, and the stack use of the resolver is unknown. The
//! remaining stack of the caller is unknown as well, so nothing is compiled on it.

use std::io;
use std::thread::Builder;

use crate::error::{Error, Result};
use crate::sys::thread;

/// The stack size in bytes. libpcap rejects programs of more than about 250 000 tests, which take about 110 bytes each.
/// Only the used part of the stack occupies memory.
const SIZE: usize = 32 << 20;

/// Runs `work` on a new thread with a large stack, and waits for it. The thread inherits the
/// caller's namespaces and permissions, so names resolve as they would for the caller.
pub(crate) fn on_large_stack<T: Send>(
    operation: &'static str,
    object: impl FnOnce() -> Option<String>,
    work: impl FnOnce() -> Result<T> + Send,
) -> Result<T> {
    let (mut work, mut result) = (Some(work), None);
    let thread = Builder::new().name("pcap-compile".into()).stack_size(SIZE);
    let ran = thread::run(thread, &mut || result = work.take().map(|work| work()));
    match (ran, result) {
        (Ok(()), Some(result)) => result,
        (ran, _) => {
            let error = ran.err().unwrap_or(io::ErrorKind::Other.into());
            Err(Error::io(operation, object(), error))
        }
    }
}
