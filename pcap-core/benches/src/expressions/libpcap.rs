//! libpcap's filters.

use std::ffi::{CString, c_char, c_int, c_void};
use std::ptr::NonNull;

use crate::Failure;

/// A packet in memory, with C's layout.
#[repr(C)]
pub(super) struct Sample {
    data: *const u8,
    length: u32,
}

unsafe extern "C" {
    fn peer_compile_for(filter: *const c_char, snaplen: c_int) -> *mut c_void;
    fn peer_freecode(program: *mut c_void);
    fn peer_count(program: *const c_void, samples: *const Sample, count: usize, rounds: u64)
    -> u64;
}

impl Sample {
    /// The sample must not outlive the frame.
    pub(super) fn new(frame: &[u8]) -> Sample {
        Sample {
            data: frame.as_ptr(),
            length: frame.len() as u32,
        }
    }
}

/// A compiled filter.
pub(super) struct Program(NonNull<c_void>);

impl Program {
    pub(super) fn new(filter: &str, snaplen: u32) -> Result<Program, Failure> {
        let filter = CString::new(filter)?;
        // SAFETY: a C string.
        let program = unsafe { peer_compile_for(filter.as_ptr(), snaplen as c_int) };
        NonNull::new(program)
            .map(Program)
            .ok_or_else(|| "the C program cannot compile".into())
    }

    /// Counts the packets that `bpf_filter` accepts, in this many rounds.
    ///
    /// # Safety
    ///
    /// The frames of the samples still exist.
    pub(super) unsafe fn count(&self, samples: &[Sample], rounds: u64) -> u64 {
        // SAFETY: a compiled program; the caller's promise.
        unsafe { peer_count(self.0.as_ptr(), samples.as_ptr(), samples.len(), rounds) }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // SAFETY: from peer_compile_for, and not used afterwards.
        unsafe { peer_freecode(self.0.as_ptr()) };
    }
}
