//! Compiles an expression with libpcap, within time limits.

mod keywords;
pub(crate) mod limits;
mod parts;
mod scan;
mod shared_slot;
pub(crate) mod stack;

use std::ffi::c_int;
use std::ptr::{self, NonNull};
use std::slice;

use super::options::CompileOptions;
use crate::error::{Error, ErrorKind, Result};
use crate::filter::combine::formula::{self, Step};
use crate::filter::program::insn::{Insn, op};
use crate::filter::program::validate::{self, Origin};
use crate::linktype::Dlt;
use crate::sys;
use limits::Size;
use parts::{Part, Parts};

/// The operation in errors.
pub(crate) const OPERATION: &str = "compile";

/// libpcap's largest snaplen, the default for compiling.
pub(crate) const MAX_SNAPLEN: u32 = 262_144;

/// The unknown netmask for `pcap_compile`. With 0, `ip broadcast` would compile to a test that misses broadcasts.
const NETMASK_UNKNOWN: u32 = u32::MAX;

/// Compiles on a separate handle, for plain bytes.
pub(crate) fn detached(dlt: Dlt, expression: &str, options: CompileOptions) -> Result<Vec<Insn>> {
    Error::library(OPERATION, limits::cut(expression))?;
    // With snaplen 0, a dead handle compiles a program that rejects everything.
    let snaplen = match options.snaplen {
        0 => MAX_SNAPLEN,
        snaplen => snaplen,
    };
    let snaplen = c_int::try_from(snaplen).map_err(|_| {
        let text = format!("the snaplen of {snaplen} bytes exceeds {}", c_int::MAX);
        error(ErrorKind::InvalidArgument, expression, text)
    })?;
    let dead = Dead::open(dlt, snaplen)
        .ok_or_else(|| error(ErrorKind::Other, expression, "out of memory"))?;
    // SAFETY: the handle is open, counts as activated, and is this thread's alone.
    unsafe { on_handle(dead.0.as_ptr(), expression, options) }
}

/// Compiles on a handle.
///
/// # Safety
///
/// `pcap` is open and activated, and no other thread uses it during the call.
pub(crate) unsafe fn on_handle(
    pcap: *mut sys::pcap_t,
    expression: &str,
    options: CompileOptions,
) -> Result<Vec<Insn>> {
    let compiler = Compiler {
        pcap,
        expression,
        options,
    };
    compiler.program()
}

fn error(kind: ErrorKind, expression: &str, text: impl Into<String>) -> Error {
    Error::cannot(kind, OPERATION, limits::cut(expression), text)
}

/// An expression and a handle to compile it on, which only this thread uses.
struct Compiler<'a> {
    pcap: *mut sys::pcap_t,
    expression: &'a str,
    options: CompileOptions,
}

impl Compiler<'_> {
    fn program(&self) -> Result<Vec<Insn>> {
        let parts = Parts::of(self.expression).map_err(|why| self.too_long(why))?;
        if parts.are_few() {
            return self.whole();
        }
        let Some(steps) = &parts.steps else {
            return self.not_understood(parts.terms);
        };
        let (size, sizes) = self.sizes(&parts, steps)?;
        if size.fits(self.options.optimize) {
            return self.whole();
        }
        if !parts.splittable {
            size.check_whole(self.options.optimize)
                .map_err(|why| self.too_long(why))?;
            return self.whole();
        }
        self.joined(&parts, steps, &sizes)
    }

    fn too_long(&self, why: String) -> Error {
        error(ErrorKind::FilterTooLong, self.expression, why)
    }

    fn whole(&self) -> Result<Vec<Insn>> {
        let program = self.compile(self.expression, self.options.optimize)?;
        if !shared_slot::is_overwritten(&program) {
            return Ok(program);
        }
        let parts = Parts::of_at_most(self.expression, 1).map_err(|why| self.too_long(why))?;
        match &parts.steps {
            Some(steps) if parts.splittable && parts.terms > 1 => {
                let (_, sizes) = self.sizes(&parts, steps)?;
                self.joined(&parts, steps, &sizes)
            }
            _ => Ok(program),
        }
    }

    /// Compiles an expression that this crate's parser rejects. libpcap reports the error in it, if any.
    fn not_understood(&self, terms: usize) -> Result<Vec<Insn>> {
        limits::check_whole(terms).map_err(|why| self.too_long(why))?;
        let program = self.compile(self.expression, false)?;
        if !self.options.optimize {
            return Ok(program);
        }
        let mut size = Size::default();
        size.add(0, &program);
        size.check_whole(true).map_err(|why| self.too_long(why))?;
        self.whole()
    }

    /// Returns the size of an expression, and of each of its parts.
    fn sizes(&self, parts: &Parts, steps: &[Step<Part>]) -> Result<(Size, Vec<Size>)> {
        let (mut all, mut sizes) = (Size::default(), Vec::new());
        for step in steps {
            let Step::Part(part) = step else { continue };
            let program = self.compile(&part.text, false)?;
            let mut size = Size::default();
            size.add(0, &program);
            sizes.push(size);
            all.add(part.shifted, &program);
            all.check(parts.terms).map_err(|why| self.too_long(why))?;
        }
        Ok((all, sizes))
    }

    /// Compiles the parts of an expression one by one, and joins their programs.
    fn joined(&self, parts: &Parts, steps: &[Step<Part>], sizes: &[Size]) -> Result<Vec<Insn>> {
        // A part may exceed the limit nevertheless, because a name may resolve to very many addresses.
        let mut optimize = sizes
            .iter()
            .map(|size| self.options.optimize && size.fits(true));
        let mut programs = Vec::with_capacity(sizes.len());
        for step in steps {
            let Step::Part(part) = step else { continue };
            let text = parts.text(part);
            let optimize = optimize.next().unwrap_or(false);
            let program = self.compile(&text, optimize).or_else(|error| {
                // The optimizer rejects an expression that no packet can match.
                let fits = optimize && self.compile(&text, false).is_ok();
                fits.then(|| vec![Insn::new(op::RET | op::K, 0, 0, 0)])
                    .ok_or(error)
            });
            programs.push(program?);
        }
        // A remote handle sends the program that was compiled last to its daemon. That must not be the program of a
        // part.
        let all = self.compile("", false)?;
        let accept = all.last().map_or(MAX_SNAPLEN, |insn| insn.k);

        let mut rest = programs.iter();
        let mut joined: Vec<Step<&[Insn]>> = Vec::with_capacity(steps.len() + 2);
        for step in steps {
            joined.push(step.map(|_| rest.next().unwrap_or(&all).as_slice()));
        }
        // For this link type, each part also checks the kind of the packet. The negation of a part must not accept
        // packets of another kind.
        let kind;
        if self.asks_for_the_kind() {
            kind = self.compile("len >= 0", false)?;
            joined.insert(0, Step::Part(&kind));
            joined.push(Step::And);
        }
        let program = self.checked(formula::join(&joined, accept))?;
        let mut accepts = false;
        for (insn, set) in program.iter().zip(validate::set_before(&program)) {
            accepts |= set.is_some() && insn.accepts();
        }
        if self.options.optimize && !accepts {
            let text = "expression rejects all packets";
            return Err(error(ErrorKind::FilterSyntax, self.expression, text));
        }
        Ok(program)
    }

    fn asks_for_the_kind(&self) -> bool {
        // SAFETY: the handle is open and this thread's.
        Dlt::new(unsafe { sys::pcap_datalink(self.pcap) }) == Dlt::PPI
    }

    /// Compiles an expression with libpcap, without checking its size first.
    ///
    /// libpcap's optimizer occasionally loses a load, as for `len >= 1 & 1 or len < 0 | 1`. In that case the text is
    /// compiled again without the optimizer.
    fn compile(&self, text: &str, optimize: bool) -> Result<Vec<Insn>> {
        let program = self.compile_once(text, optimize)?;
        let lacks_load = |program: &[Insn]| validate::taken_before_set(program).has_register();
        if optimize && lacks_load(&program) {
            let whole = self.compile_once(text, false)?;
            if !lacks_load(&whole) {
                return Ok(whole);
            }
        }
        Ok(program)
    }

    fn compile_once(&self, text: &str, optimize: bool) -> Result<Vec<Insn>> {
        let text = sys::cstring(text)
            .map_err(|why| error(ErrorKind::InvalidArgument, self.expression, why))?;
        let mut program = sys::bpf_program {
            bf_len: 0,
            bf_insns: ptr::null_mut(),
        };
        // The text may contain names.
        let _guard = sys::platform::name_tables();
        // SAFETY: the handle is open, activated and this thread's; the text is NUL-terminated and outlives the call;
        // libpcap writes the program only if it succeeds.
        let code = unsafe {
            sys::pcap_compile(
                self.pcap,
                &raw mut program,
                text.as_ptr(),
                c_int::from(optimize),
                self.options.netmask.map_or(NETMASK_UNKNOWN, u32::from),
            )
        };
        if code < 0 {
            // A failed compile leaves the program untouched: there is nothing to free.
            // SAFETY: as above.
            let text = unsafe { sys::geterr(self.pcap) };
            let text = sys::or_no_reason(&text);
            return Err(error(kind_of(text), self.expression, text));
        }
        let mut instructions = Vec::new();
        if !program.bf_insns.is_null() {
            let len = program.bf_len as usize;
            // SAFETY: libpcap allocated and wrote that many instructions, which are laid out as ours
            // (asserted in insn.rs).
            let theirs = unsafe { slice::from_raw_parts(program.bf_insns.cast::<Insn>(), len) };
            instructions.extend_from_slice(theirs);
        }
        for insn in &mut instructions {
            *insn = insn.readable_by_libpcap();
        }
        // SAFETY: the program was compiled by this call and is freed once.
        unsafe { sys::pcap_freecode(&raw mut program) };
        self.checked(instructions)
    }

    /// Checks a program, because the interpreter trusts its input. No known expression fails here.
    fn checked(&self, program: Vec<Insn>) -> Result<Vec<Insn>> {
        validate::check(&program, Origin::Compiler).map_err(|fault| {
            let text = format!("libpcap generated an invalid program: {fault}");
            error(ErrorKind::FilterInvalid, self.expression, text)
        })?;
        Ok(program)
    }
}

/// Returns the kind of a failed compilation. libpcap has no code for a lack of memory.
fn kind_of(text: &str) -> ErrorKind {
    let is_memory = ["out of memory", "malloc"].contains(&text);
    match is_memory || text.ends_with(": Cannot allocate memory") {
        true => ErrorKind::Other,
        false => ErrorKind::FilterSyntax,
    }
}

/// A dead handle (`pcap_open_dead`), to compile on.
struct Dead(NonNull<sys::pcap_t>);

impl Dead {
    fn open(dlt: Dlt, snaplen: c_int) -> Option<Dead> {
        // SAFETY: the function accepts any numbers, and fails only if there is no memory.
        NonNull::new(unsafe { sys::pcap_open_dead(dlt.value(), snaplen) }).map(Dead)
    }
}

impl Drop for Dead {
    fn drop(&mut self) {
        // SAFETY: ours, open, closed once.
        unsafe { sys::pcap_close(self.0.as_ptr()) };
    }
}

#[cfg(test)]
mod tests;
