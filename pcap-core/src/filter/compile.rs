//! Compiling an expression with libpcap, within limits of time and stack.
//!
//! May import: `ffi`, `error`, `linktype`, `insn`, `limits`, `options`, `validate`.

use std::ffi::{CString, c_int};
use std::ptr::{self, NonNull};
use std::{slice, thread};

use super::insn::Insn;
use super::limits::{self, Size};
use super::options::CompileOptions;
use super::validate::{self, Origin};
use crate::error::{Error, ErrorKind, Result};
use crate::ffi;
use crate::linktype::Dlt;

/// What errors call the operation.
const OPERATION: &str = "compile";

/// libpcap's largest snaplen, for which it compiles when nobody says otherwise.
const MAX_SNAPLEN: c_int = 262_144;

/// "Unknown", to `pcap_compile`. 0 would compile `ip broadcast` to a test that misses broadcasts.
const NETMASK_UNKNOWN: u32 = u32::MAX;

/// Compiles on a handle of its own, for plain bytes.
pub(super) fn detached(
    linktype: Dlt,
    expression: &str,
    options: CompileOptions,
) -> Result<Vec<Insn>> {
    Error::library(OPERATION, limits::cut(expression))?;
    // With snaplen 0 a dead handle compiles nothing.
    let snaplen = match c_int::try_from(options.snaplen) {
        Ok(0) => MAX_SNAPLEN,
        Ok(snaplen) => snaplen,
        Err(_) => {
            return Err(error(
                ErrorKind::InvalidArgument,
                expression,
                format!(
                    "a snaplen of {} bytes is more than {}",
                    options.snaplen,
                    c_int::MAX
                ),
            ));
        }
    };
    let dead = Dead::open(linktype, snaplen)
        .ok_or_else(|| error(ErrorKind::Other, expression, "out of memory"))?;
    // SAFETY: the handle is open, counts as activated, and is this thread's alone.
    unsafe { on_handle(dead.0.as_ptr(), expression, options) }
}

/// Compiles on a handle.
///
/// # Safety
///
/// `pcap` is open and activated, and no other thread uses it during the call.
pub(super) unsafe fn on_handle(
    pcap: *mut ffi::pcap_t,
    expression: &str,
    options: CompileOptions,
) -> Result<Vec<Insn>> {
    let text = ffi::cstring(expression)
        .map_err(|why| error(ErrorKind::InvalidArgument, expression, why))?;
    let size = Size::of(expression);
    size.check()
        .map_err(|why| error(ErrorKind::FilterTooLong, expression, why))?;
    let job = Job {
        pcap,
        text,
        optimize: options.optimize,
        bounded: !size.is_small(),
        netmask: options.netmask.map_or(NETMASK_UNKNOWN, u32::from),
    };
    let program = if size.is_small() {
        job.run()
    } else {
        job.run_on_large_stack()
    };
    let program = program.map_err(|failure| match failure {
        Failure::Libpcap(text) => error(ErrorKind::FilterSyntax, expression, text),
        Failure::TooLong(text) => error(ErrorKind::FilterTooLong, expression, text),
        Failure::Thread(e) => Error::io(OPERATION, limits::cut(expression), e),
    })?;
    // The interpreter trusts what it runs, so this does not: no known expression fails here.
    validate::check(&program, Origin::Compiler).map_err(|fault| {
        let text = format!("libpcap compiles it to a program that must not run: {fault}");
        error(ErrorKind::FilterInvalid, expression, text)
    })?;
    Ok(program)
}

fn error(kind: ErrorKind, expression: &str, text: impl Into<String>) -> Error {
    Error::cannot(kind, OPERATION, limits::cut(expression), text)
}

enum Failure {
    Libpcap(String),
    TooLong(String),
    Thread(std::io::Error),
}

/// One expression to compile on one handle.
struct Job {
    pcap: *mut ffi::pcap_t,
    text: CString,
    optimize: bool,
    /// Whether to look at the size of the program before optimizing it.
    bounded: bool,
    netmask: u32,
}

// SAFETY: `pcap` is used by the one thread that runs the job, while the one that made it, which has
// the handle to itself, waits. A handle has no ties to a thread: pcap(3PCAP) only asks that no two
// use it at once.
unsafe impl Send for Job {}

impl Job {
    fn run(&self) -> Result<Vec<Insn>, Failure> {
        if self.optimize && self.bounded {
            // The optimizer is what takes long, by the number of tests it begins with.
            let program = self.compile(false).map_err(Failure::Libpcap)?;
            limits::check_tests(&program).map_err(Failure::TooLong)?;
        }
        self.compile(self.optimize).map_err(Failure::Libpcap)
    }

    /// libpcap walks the program by recursion, one step for each test: on a thread of 2 MiB some
    /// thousands are too many.
    fn run_on_large_stack(self) -> Result<Vec<Insn>, Failure> {
        thread::Builder::new()
            .name("pcap-compile".into())
            .stack_size(limits::STACK)
            .spawn(move || {
                // The whole job moves, not its fields one by one.
                let job = self;
                job.run()
            })
            .map_err(Failure::Thread)?
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }

    fn compile(&self, optimize: bool) -> Result<Vec<Insn>, String> {
        let mut program = ffi::bpf_program {
            bf_len: 0,
            bf_insns: ptr::null_mut(),
        };
        // There may be names in it.
        let _guard = ffi::os::name_tables();
        // SAFETY: the handle is open, activated and this thread's for now; the text is NUL-terminated
        // and outlives the call; libpcap writes the program only if it succeeds.
        let code = unsafe {
            ffi::pcap_compile(
                self.pcap,
                &raw mut program,
                self.text.as_ptr(),
                c_int::from(optimize),
                self.netmask,
            )
        };
        if code < 0 {
            // A failed compile leaves the program untouched: there is nothing to free.
            // SAFETY: as above.
            let text = unsafe { ffi::geterr(self.pcap) };
            return Err(if text.is_empty() {
                "libpcap gave no reason".to_owned()
            } else {
                text
            });
        }
        let instructions = if program.bf_insns.is_null() {
            Vec::new()
        } else {
            let len = program.bf_len as usize;
            // SAFETY: libpcap allocated and wrote that many instructions, which are laid out as ours
            // (asserted in insn.rs).
            let theirs = unsafe { slice::from_raw_parts(program.bf_insns.cast::<Insn>(), len) };
            theirs
                .iter()
                .map(|insn| insn.readable_by_libpcap())
                .collect()
        };
        // SAFETY: the program was compiled by this call and is freed once.
        unsafe { ffi::pcap_freecode(&raw mut program) };
        Ok(instructions)
    }
}

/// A handle that is no capture, to compile on.
struct Dead(NonNull<ffi::pcap_t>);

impl Dead {
    fn open(linktype: Dlt, snaplen: c_int) -> Option<Dead> {
        // SAFETY: takes any numbers; fails only without memory.
        NonNull::new(unsafe { ffi::pcap_open_dead(linktype.value(), snaplen) }).map(Dead)
    }
}

impl Drop for Dead {
    fn drop(&mut self) {
        // SAFETY: ours, open, closed once.
        unsafe { ffi::pcap_close(self.0.as_ptr()) };
    }
}
