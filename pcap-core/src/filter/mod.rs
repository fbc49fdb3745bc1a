//! Filters: programs that accept or reject packets, compiled from expressions or given as
//! instructions.

mod any_of;
mod argument;
mod combine;
mod compile;
mod kernel;
mod lists;
mod options;
#[cfg(test)]
#[path = "../../tests/support/persuade.rs"]
mod persuade;
mod program;
#[cfg(feature = "serde")]
mod serialize;
mod text;

use std::fmt;
use std::sync::Arc;

pub(crate) use any_of::Lists;
pub use any_of::term::{Endpoint, FilterTerm};
pub use argument::FilterSource;
pub(crate) use combine::Source;

pub(crate) use kernel::tagged::AsksForTags;
pub(crate) use kernel::{Devices, Frame, View};
pub use options::CompileOptions;
pub use program::insn::Insn;

use crate::error::{Error, ErrorKind, Result};
use crate::linktype::Dlt;
use crate::sys;
use compile::{limits, stack};
use program::insn;
use program::interpreter::Tree;
use program::validate::{self, Origin};

/// A filter: a small program that accepts or rejects each packet.
///
/// Filters can be combined with [`and`](Self::and), [`or`](Self::or) and [`negate`](Self::negate).
///
/// A filter belongs to one link type, which determines where the addresses are in a packet. It does
/// not need a device, is cheap to clone, and can be used from many threads.
///
/// With the feature `serde`, a filter can be serialized: its link type, expression, options and
/// instructions. Deserializing checks the instructions like [foreign ones](Self::from_instructions)
/// and compiles nothing, so it does not verify that the expression matches them. A live capture
/// compiles the expression again and uses that; everything else uses the instructions. Filters that
/// jump backward (`ip6 protochain`) cannot be serialized, nor can those that are
/// [combined](Self::and) from compiled ones: serialize the parts.
///
/// # Examples
///
/// ```
/// use pcap_core::{Dlt, Filter};
///
/// # fn main() -> pcap_core::Result<()> {
/// let filter = Filter::compile(Dlt::EN10MB, "arp")?;
///
/// let mut frame = [0; 60];
/// frame[12..14].copy_from_slice(&[0x08, 0x06]); // the Ethernet type of ARP
/// assert!(filter.matches(&frame));
/// assert!(!filter.matches(&frame[..13])); // cut before the type is complete
///
/// assert_eq!(
///     filter.to_string(),
///     "(000) ldh      [12]\n\
///      (001) jeq      #0x806           jt 2\tjf 3\n\
///      (002) ret      #262144\n\
///      (003) ret      #0"
/// );
/// # Ok(()) }
/// ```
#[doc(alias = "bpf_dump")]
#[doc(alias = "bpf_program")]
#[derive(Clone)]
pub struct Filter {
    dlt: Dlt,
    /// The instructions as compiled or given.
    program: Arc<[Insn]>,
    /// The program that runs on a capture, if it differs from `program` because its memory must be
    /// zeroed.
    on_capture: Option<Arc<[Insn]>>,
    /// The program that runs on plain bytes: the same, or compiled for them if `program` has kernel
    /// extensions.
    plain: Arc<[Insn]>,
    /// `plain` as a tree, if it can be one.
    tree: Option<Arc<Tree>>,
    expression: Option<Arc<str>>,
    options: CompileOptions,
    /// The list that the filter was made from, if it may have to be compiled again.
    lists: Option<Arc<Lists>>,
    /// The filters that this one combines, if any.
    formula: Option<combine::Formula>,
}

impl Filter {
    /// Compiles an expression for packets of a link type, without a device. The empty expression
    /// accepts all packets.
    ///
    /// The language is that of `pcap-filter(7)`. libpcap's compiler runs on a separate thread with
    /// a large stack. So compiling never overflows the stack, however small the calling thread's
    /// is; starting the thread takes about 0.1 ms. Several threads may compile at once.
    ///
    /// **Names** in an expression (`host example.org`) are resolved during compilation, by DNS and
    /// the system's tables of hosts, networks, protocols and services. The call blocks for as long
    /// as the resolver takes, twice. The filter contains every address found.
    ///
    /// **Long expressions** are rejected at once, because libpcap's compiler cannot be interrupted.
    /// The limits depend only on the expression and the link type:
    ///
    /// - 40 000 tests before optimization. On Ethernet, a `host` compiles to 12 tests (10 for
    ///   IPv6), a `port` to 23, a `portrange` to 35, a `tcp dst port` to 7 and `len > 5` to 1. So
    ///   an expression can have about 3300 hosts or 1700 ports. [`any_of`](Self::any_of) takes
    ///   longer lists.
    /// - 13 500 arithmetic operators in one comparison.
    /// - 128 MiB.
    ///
    /// The limits were measured with libpcap 1.10.3 on a virtual machine with two cores of an AMD
    /// EPYC (family 25, model 17) at 2.6 GHz. Expressions that libpcap compiles there within a
    /// second are accepted, and an accepted one takes less than five seconds. To measure again, run
    /// `cargo bench --bench compile` in `pcap-core/benches`.
    ///
    /// libpcap compiles up to 3000 tests as a whole, and about 8000 without the optimizer. Some
    /// longer expressions would take it minutes. They are compiled in parts of up to 16 terms,
    /// whose programs are then joined. The instructions differ from libpcap's, but the result for
    /// each packet is the same. (With the optimizer, the result for packets that end within their
    /// headers depends on the order of the tests; that is so with libpcap alone, too.)
    ///
    /// One kind of expression cannot be compiled in parts: one in which `vlan`, `mpls`, `pppoes` or
    /// `geneve` precedes terms that are also evaluated if it does not match, as in `vlan or host
    /// 192.0.2.1`. libpcap looks for that host after a tag. Such an expression can have about 4700
    /// tests of the same places in a packet. To avoid the limit, put those terms at the end: `host
    /// 192.0.2.1 or (vlan and host 192.0.2.1)`.
    ///
    /// # Errors
    ///
    /// - [`FilterSyntax`] if libpcap rejects the expression; the text is libpcap's. The reason is a
    ///   syntax error, an unknown name, something that the link type does not have, an expression
    ///   that no packet can match, or a link type that libpcap does not support in filters. Only
    ///   libpcap's text distinguishes these cases.
    /// - [`FilterTooLong`] if the expression exceeds a limit above; the text names it.
    /// - [`InvalidArgument`] if the expression contains a NUL byte, or if the snaplen exceeds 2³¹ −
    ///   1.
    /// - [`Io`] if the thread cannot be started.
    ///
    /// # Examples
    ///
    /// ```
    /// use pcap_core::{CompileOptions, Dlt, ErrorKind, Filter};
    ///
    /// # fn main() -> pcap_core::Result<()> {
    /// let dns = CompileOptions::new().snaplen(96).compile(Dlt::RAW, "udp port 53")?;
    /// assert_eq!(dns.datalink(), Dlt::RAW);
    ///
    /// let error = Filter::compile(Dlt::RAW, "port and").unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::FilterSyntax);
    /// # Ok(()) }
    /// ```
    ///
    /// [`FilterSyntax`]: crate::ErrorKind::FilterSyntax
    /// [`FilterTooLong`]: crate::ErrorKind::FilterTooLong
    /// [`InvalidArgument`]: crate::ErrorKind::InvalidArgument
    /// [`Io`]: crate::ErrorKind::Io
    ///
    #[doc = manual!("pcap_compile")]
    #[doc = manual!(libpcap 7 "pcap-filter")]
    #[doc(alias = "pcap_open_dead")]
    #[doc(alias = "pcap_compile")]
    #[doc(alias = "pcap_compile_nopcap")]
    pub fn compile(dlt: impl Into<Dlt>, expression: &str) -> Result<Filter> {
        Filter::compile_with(dlt.into(), expression, CompileOptions::new())
    }

    fn compile_with(dlt: Dlt, expression: &str, options: CompileOptions) -> Result<Filter> {
        stack::on_large_stack(
            compile::OPERATION,
            || Some(limits::cut(expression)),
            || {
                let program = compile::detached(dlt, expression, options)?;
                Ok(Filter::compiled(dlt, program, None, expression, options))
            },
        )
    }

    /// Compiles an expression on a handle, for a capture that delivers `snaplen` bytes of a packet.
    ///
    /// On a live Linux handle the program may have kernel extensions. Then the expression is also
    /// compiled for plain bytes, if possible.
    ///
    /// # Safety
    ///
    /// `pcap` is open and activated, and no other thread uses it during the call.
    pub(crate) unsafe fn compile_on(
        pcap: *mut sys::pcap_t,
        live: bool,
        dlt: Dlt,
        snaplen: u32,
        expression: &str,
        options: CompileOptions,
    ) -> Result<Filter> {
        let lent = Lent(pcap);
        stack::on_large_stack(
            compile::OPERATION,
            || Some(limits::cut(expression)),
            move || {
                let pcap = lent.get();
                // SAFETY: the caller's promise.
                let mut program = unsafe { compile::on_handle(pcap, expression, options)? };
                // SAFETY: the caller's promise.
                let captured = unsafe { sys::pcap_snapshot(pcap) };
                for insn in &mut program {
                    if live && insn.code == RETURN && i64::from(insn.k) == i64::from(captured) {
                        insn.k = snaplen;
                    }
                }
                let plain = if live && has_kernel_extensions(&program) {
                    let options = options.snaplen(snaplen);
                    compile::detached(dlt, expression, options).ok()
                } else {
                    None
                };
                Ok(Filter::compiled(dlt, program, plain, expression, options))
            },
        )
    }

    fn compiled(
        dlt: Dlt,
        program: Vec<Insn>,
        plain: Option<Vec<Insn>>,
        expression: &str,
        options: CompileOptions,
    ) -> Filter {
        Filter::of_programs(dlt, program, plain, Some(expression.into()), options)
    }

    /// Creates a filter from checked programs.
    fn of_programs(
        dlt: Dlt,
        program: Vec<Insn>,
        plain: Option<Vec<Insn>>,
        expression: Option<Arc<str>>,
        options: CompileOptions,
    ) -> Filter {
        let zeroed = |program: &[Insn]| validate::with_memory_zeroed(program).map(Arc::from);
        let plain = plain.map(|plain| zeroed(&plain).unwrap_or_else(|| plain.into()));
        let on_capture = zeroed(&program);
        let program = Arc::from(program);
        let plain = plain.or_else(|| on_capture.clone());
        let plain = plain.unwrap_or_else(|| Arc::clone(&program));
        Filter {
            dlt,
            tree: Tree::of(&plain).map(Arc::new),
            program,
            on_capture,
            plain,
            expression,
            options,
            lists: None,
            formula: None,
        }
    }

    /// Creates a filter from instructions that come from elsewhere: a table in a program, `tcpdump
    /// -ddd`.
    ///
    /// The check is exact. A program that passes it terminates for every packet, reads only the
    /// packet and memory that it has written, and is accepted by libpcap.
    ///
    /// # Errors
    ///
    /// - [`FilterInvalid`](crate::ErrorKind::FilterInvalid) if the program has no instructions or
    ///   more than 4096, an unknown operation, a jump backward or beyond the end, a last
    ///   instruction other than a return, a division by the constant 0, a shift by a constant above
    ///   31, a memory cell above 15, a load of a cell that is not stored on every path to it, or a
    ///   load from a negative offset (an extension of the Linux kernel). The text names the
    ///   instruction and the fault.
    ///
    /// Programs that libpcap compiles pass if they have at most 4096 instructions, unless they jump
    /// backward (`ip6 protochain`), use kernel extensions or lack a store.
    ///
    /// # Examples
    ///
    /// ```
    /// use pcap_core::{Dlt, ErrorKind, Filter, Insn};
    ///
    /// # fn main() -> pcap_core::Result<()> {
    /// let longer_than_100 = Filter::from_instructions(
    ///     Dlt::EN10MB,
    ///     &[
    ///         Insn::new(0x80, 0, 0, 0),   // ld  #pktlen
    ///         Insn::new(0x25, 0, 1, 100), // jgt #100, or skip one
    ///         Insn::new(0x06, 0, 0, 65_535),
    ///         Insn::new(0x06, 0, 0, 0),
    ///     ],
    /// )?;
    /// assert!(longer_than_100.matches(&[0; 101]));
    ///
    /// // Memory that was never stored to.
    /// let hostile = [Insn::new(0x60, 0, 0, 3), Insn::new(0x16, 0, 0, 0)];
    /// let error = Filter::from_instructions(Dlt::EN10MB, &hostile).unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::FilterInvalid);
    /// # Ok(()) }
    /// ```
    #[doc(alias = "bpf_validate")]
    pub fn from_instructions(dlt: impl Into<Dlt>, program: &[Insn]) -> Result<Filter> {
        let operation = "create a filter from instructions";
        Error::library(operation, None)?;
        validate::check(program, Origin::Caller)
            .map_err(|fault| Error::cannot(ErrorKind::FilterInvalid, operation, None, fault))?;
        Ok(Filter::plain_program(dlt.into(), program.into()))
    }

    /// Creates a filter from a checked program that runs on a capture and on plain bytes alike.
    fn plain_program(dlt: Dlt, program: Arc<[Insn]>) -> Filter {
        Filter {
            dlt,
            tree: Tree::of(&program).map(Arc::new),
            plain: Arc::clone(&program),
            program,
            on_capture: None,
            expression: None,
            options: CompileOptions::new(),
            lists: None,
            formula: None,
        }
    }

    /// Returns the instructions, as compiled or as given.
    ///
    /// In rare cases libpcap compiles a program that loads memory which it never stored, as 1.10.3
    /// does for `geneve or udp`. Such memory is 0 when the filter runs.
    #[must_use]
    pub fn instructions(&self) -> &[Insn] {
        &self.program
    }

    /// Returns the link type of the packets that the filter is for.
    #[must_use]
    pub fn datalink(&self) -> Dlt {
        self.dlt
    }

    /// Returns the expression that the filter was compiled from. `None` for a combined filter and
    /// for one made from instructions or a list.
    #[must_use]
    pub fn expression(&self) -> Option<&str> {
        self.expression.as_deref()
    }

    /// Returns the options of the compilation; the default for a filter that was not compiled, or
    /// is combined.
    #[must_use]
    pub fn options(&self) -> CompileOptions {
        self.options
    }

    /// Returns whether the program asks the Linux kernel for data that is not in the packet.
    /// Filters that were compiled on a live capture may do so: the kernel removes VLAN tags before
    /// a filter sees the packet, so `vlan 5` has to ask for the tag.
    ///
    /// [`matches`](Self::matches) and [`run`](Self::run) are right nonetheless.
    #[must_use]
    pub fn uses_kernel_extensions(&self) -> bool {
        has_kernel_extensions(&self.program)
    }

    /// Returns whether [`matches`](Self::matches) can evaluate the whole filter on a packet's
    /// bytes.
    ///
    /// This is not so for `inbound`, `outbound` and `ifindex` on most link types: only the kernel
    /// knows the direction and the interface of a packet.
    ///
    /// # Examples
    ///
    /// ```
    /// use pcap_core::{Dlt, Filter};
    ///
    /// # fn main() -> pcap_core::Result<()> {
    /// let tagged = Filter::compile(Dlt::EN10MB, "vlan 5")?;
    /// assert!(tagged.runs_on_bytes());
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn runs_on_bytes(&self) -> bool {
        !has_kernel_extensions(&self.plain)
    }

    /// Returns the program for plain bytes, if it was compiled separately.
    #[cfg(feature = "serde")]
    fn compiled_for_bytes(&self) -> Option<&[Insn]> {
        let same = self.on_capture.as_ref().unwrap_or(&self.program);
        (!Arc::ptr_eq(same, &self.plain)).then_some(&*self.plain)
    }

    /// Returns the program to run on a capture, by the kernel or by libpcap.
    #[inline]
    fn on_capture(&self) -> &[Insn] {
        self.on_capture.as_ref().unwrap_or(&self.program)
    }

    /// Returns whether the program loops, as libpcap compiles `ip6 protochain`. No kernel runs
    /// that.
    pub(crate) fn jumps_backward(&self) -> bool {
        self.program.iter().any(|insn| insn.jumps_backward())
    }

    /// Lends the program for a capture as libpcap's structure, for a call that copies it
    /// (`pcap_setfilter`). The pointer is only valid inside the closure, and only for reading.
    pub(crate) fn with_program<T>(&self, f: impl FnOnce(*mut sys::bpf_program) -> T) -> T {
        let instructions = self.on_capture();
        let mut program = sys::bpf_program {
            // The compiler's limits keep every filter far below `u32::MAX` instructions.
            bf_len: clamp(instructions.len()),
            bf_insns: instructions.as_ptr().cast_mut().cast(),
        };
        f(&raw mut program)
    }
}

impl fmt::Debug for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Filter")
            .field("dlt", &self.dlt)
            .field("expression", &self.expression)
            .field("instructions", &self.program.len())
            .field("kernel_extensions", &self.uses_kernel_extensions())
            .finish()
    }
}

/// The operation that returns a constant.
const RETURN: u16 = insn::op::RET | insn::op::K;

/// A handle lent to the thread that compiles on it.
struct Lent(*mut sys::pcap_t);

impl Lent {
    fn get(&self) -> *mut sys::pcap_t {
        self.0
    }
}

// SAFETY: one thread uses the handle, while its exclusive owner waits. A handle has no ties to a
// thread: pcap(3PCAP) only forbids concurrent use.
unsafe impl Send for Lent {}

// SAFETY: as above.
unsafe impl Sync for Lent {}

fn has_kernel_extensions(program: &[Insn]) -> bool {
    program.iter().any(|insn| insn.is_kernel_extension())
}

#[inline]
fn clamp(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}
