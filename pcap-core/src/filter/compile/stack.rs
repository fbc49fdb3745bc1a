//! Runs libpcap's compiler on a stack that is large enough.
//!
//! libpcap walks a program recursively, with one call for each test, and the stack use of the resolver is unknown. The
//! remaining stack of the caller is unknown as well, so nothing is compiled on it.

use std::io;
use std::thread::Builder;

use super::limits;
use crate::error::{Error, Result};
use crate::filter::program::insn::Insn;
use crate::sys::thread;

/// The stack size in bytes. libpcap rejects programs of more than about 250 000 tests, which take about 110 bytes each.
/// Only the used part of the stack occupies memory.
const SIZE: usize = 32 << 20;

/// A program for a capture and, if it only runs there, the program for plain bytes.
pub(crate) type Programs = (Vec<Insn>, Option<Vec<Insn>>);

/// Runs `work` once on a new thread with a large stack, and waits for it. The thread inherits the caller's namespaces
/// and permissions, so names resolve as they would for the caller. If it cannot be created, the object of the error is
/// the expression.
pub(crate) fn on_large_stack(
    operation: &'static str,
    expression: Option<&str>,
    work: &mut (dyn FnMut() -> Result<Programs> + Send),
) -> Result<Programs> {
    let mut result = None;
    let thread = Builder::new().name("pcap-compile".into()).stack_size(SIZE);
    let ran = thread::run(thread, &mut || result = Some(work()));
    result.unwrap_or_else(|| {
        let error = ran.err().unwrap_or(io::ErrorKind::Other.into());
        Err(Error::io(operation, expression.map(limits::cut), error))
    })
}
