//! Runs a closure on a thread of its own.

use std::io;
use std::panic::resume_unwind;
use std::thread::{self, Builder};

/// Runs `work` once on a new thread, and waits for it. A panic of `work` continues in the caller.
///
/// The code that starts and joins a thread is large, so it exists once, not for each kind of work.
///
/// # Errors
///
/// The thread cannot be created. Then `work` did not run.
pub(crate) fn run(thread: Builder, work: &mut (dyn FnMut() + Send)) -> io::Result<()> {
    thread::scope(|scope| {
        let thread = thread.spawn_scoped(scope, work)?;
        thread.join().unwrap_or_else(|panic| resume_unwind(panic));
        Ok(())
    })
}
