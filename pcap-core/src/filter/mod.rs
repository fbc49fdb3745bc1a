//! Filters: programs that accept or reject packets, compiled from expressions or created from
//! instructions.

// rustdoc lists the methods of `Filter` in the order of these modules.
mod create;

mod lists;

mod program;

mod combine;

mod text;

mod any_of;
mod argument;
mod compile;
mod kernel;
mod options;
#[cfg(test)]
#[path = "../../tests/support/persuade.rs"]
mod persuade;
#[cfg(test)]
#[path = "../../tests/support/random.rs"]
mod random;
#[cfg(feature = "serde")]
mod serialize;

use std::fmt;
use std::sync::Arc;

pub(crate) use any_of::List;
pub use any_of::term::{Endpoint, FilterTerm};
pub use argument::FilterSource;
pub(crate) use combine::CompiledFrom;

pub(crate) use kernel::tagged::AsksForTags;
pub(crate) use kernel::{Devices, Frame, View};
pub use options::CompileOptions;
pub use program::insn::Insn;

use crate::error::Result;
use crate::linktype::Dlt;
use crate::sys;
use compile::stack::{self, Programs};
use program::insn;
use program::tree::Tree;
use program::validate;

/// A compiled filter: a small program that accepts or rejects packets.
///
/// Filters can be combined with [`and`](Self::and), [`or`](Self::or) and [`negate`](Self::negate).
///
/// A filter is for one link type, which determines the positions of addresses and other fields in a packet. It does not
/// depend on a device, is cheap to clone, and can be shared between threads.
///
/// # Serialization
///
/// With the `serde` feature, a filter can be serialized: its link type, expression, options and instructions.
/// Deserializing checks the instructions, as [`from_instructions`](Self::from_instructions) does, but compiles nothing.
/// So it does not verify that the expression matches the instructions. A live capture compiles the expression again and
/// uses the result; everything else uses the instructions.
///
/// A filter that jumps backward (`ip6 protochain`) cannot be serialized. Nor can a filter that
/// [combines](Self::and) compiled filters: serialize those instead.
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
/// assert!(!filter.matches(&frame[..13])); // truncated within the type
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
pub struct Filter(Arc<Contents>);

/// What a filter consists of.
struct Contents {
    dlt: Dlt,
    /// The instructions, as libpcap compiled them or as the caller passed them.
    program: Arc<[Insn]>,
    /// The program that runs on a capture, if it differs from `program` because it must zero its memory first.
    on_capture: Option<Arc<[Insn]>>,
    /// The program that runs on plain bytes: the same one, or one compiled separately if `program` has kernel
    /// extensions.
    plain: Arc<[Insn]>,
    /// `plain`, as it is executed.
    tree: Tree,
    expression: Option<String>,
    options: CompileOptions,
    /// The list that the filter was made from, if it may have to be compiled again.
    lists: Option<Arc<dyn List>>,
    /// The filters that this one combines, if any.
    formula: Option<combine::Formula>,
}

/// # Properties
impl Filter {
    fn compile_with(dlt: Dlt, expression: &str, options: CompileOptions) -> Result<Filter> {
        let mut compile = || Ok((compile::detached(dlt, expression, options)?, None));
        let programs = stack::on_large_stack(compile::OPERATION, Some(expression), &mut compile)?;
        Ok(Filter::compiled(dlt, programs, expression, options))
    }

    /// Compiles an expression on a handle, for a capture that delivers at most `snaplen` bytes of a packet.
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
        let mut compile = move || {
            let pcap = lent.get();
            // SAFETY: the caller's promise.
            let mut program = unsafe { compile::on_handle(pcap, expression, options)? };
            // SAFETY: the caller's promise.
            let captured = unsafe { sys::pcap_snapshot(pcap) };
            for insn in &mut program {
                if live
                    && insn.code == insn::code::RETURN
                    && i64::from(insn.k) == i64::from(captured)
                {
                    insn.k = snaplen;
                }
            }
            let plain = if live && has_kernel_extensions(&program) {
                let options = options.snaplen(snaplen);
                compile::detached(dlt, expression, options).ok()
            } else {
                None
            };
            Ok((program, plain))
        };
        let programs = stack::on_large_stack(compile::OPERATION, Some(expression), &mut compile)?;
        Ok(Filter::compiled(dlt, programs, expression, options))
    }

    fn compiled(
        dlt: Dlt,
        (program, plain): Programs,
        expression: &str,
        options: CompileOptions,
    ) -> Filter {
        Filter::new(Contents::of_programs(
            dlt,
            program,
            plain,
            Some(expression.to_owned()),
            options,
        ))
    }

    fn new(contents: Contents) -> Filter {
        Filter(Arc::new(contents))
    }

    /// Returns the instructions of the program, as libpcap compiled them or as the caller passed them.
    ///
    /// In rare cases, libpcap compiles a program that loads a memory cell to which it has not stored anything, as
    /// 1.10.3 does for `geneve or udp`. When this crate runs the filter, such a cell contains 0.
    #[must_use]
    pub fn instructions(&self) -> &[Insn] {
        &self.0.program
    }

    /// Returns the link type that the filter was created for.
    #[must_use]
    pub fn datalink(&self) -> Dlt {
        self.0.dlt
    }

    /// Returns the expression that the filter was compiled from. Returns `None` for a combined filter, and for a filter
    /// that was created from instructions or from a list.
    #[must_use]
    pub fn expression(&self) -> Option<&str> {
        self.0.expression.as_deref()
    }

    /// Returns the options that the filter was compiled with. Returns the default options if the filter was not
    /// compiled from an expression, or is a combined filter.
    #[must_use]
    pub fn options(&self) -> CompileOptions {
        self.0.options
    }

    /// Returns whether the program uses extensions of the Linux kernel, which load data that is not in the packet's
    /// bytes.
    ///
    /// A filter that was compiled on a live capture may use them. For example, the kernel removes the outer VLAN tag
    /// before it runs a filter, so the program for `vlan 5` must load the tag from the kernel.
    /// [`matches`](Self::matches) and [`run`](Self::run) also support such a filter if
    /// [`runs_on_bytes`](Self::runs_on_bytes) returns `true`.
    #[must_use]
    pub fn uses_kernel_extensions(&self) -> bool {
        has_kernel_extensions(&self.0.program)
    }

    /// Returns whether [`matches`](Self::matches) can evaluate the complete filter from a packet's bytes.
    ///
    /// For most link types, `matches` cannot evaluate `inbound`, `outbound` and `ifindex`, because only the kernel
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
        !has_kernel_extensions(&self.0.plain)
    }

    /// Returns the program for plain bytes, if it was compiled separately.
    #[cfg(feature = "serde")]
    fn compiled_for_bytes(&self) -> Option<&[Insn]> {
        let same = self.0.on_capture.as_ref().unwrap_or(&self.0.program);
        (!Arc::ptr_eq(same, &self.0.plain)).then_some(&*self.0.plain)
    }

    /// Returns the program that the kernel or libpcap runs on a capture.
    #[inline]
    fn on_capture(&self) -> &[Insn] {
        self.0.on_capture.as_ref().unwrap_or(&self.0.program)
    }

    /// Returns whether the program contains a loop, which libpcap generates for `ip6 protochain`. No kernel accepts
    /// such a program.
    pub(crate) fn jumps_backward(&self) -> bool {
        self.0.program.iter().any(|insn| insn.jumps_backward())
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

impl Contents {
    /// Creates the contents of a filter from checked programs.
    fn of_programs(
        dlt: Dlt,
        program: Vec<Insn>,
        plain: Option<Vec<Insn>>,
        expression: Option<String>,
        options: CompileOptions,
    ) -> Contents {
        let zeroed = |program: &[Insn]| validate::with_memory_zeroed(program).map(Arc::from);
        let plain = plain.map(|plain| zeroed(&plain).unwrap_or_else(|| plain.into()));
        let on_capture = zeroed(&program);
        let program = Arc::from(program);
        let plain = plain.or_else(|| on_capture.clone());
        let plain = plain.unwrap_or_else(|| Arc::clone(&program));
        Contents {
            dlt,
            tree: Tree::of(&plain),
            program,
            on_capture,
            plain,
            expression,
            options,
            lists: None,
            formula: None,
        }
    }

    /// Creates the contents of a filter from a checked program that runs on a capture and on plain bytes alike.
    fn plain_program(dlt: Dlt, program: Arc<[Insn]>) -> Contents {
        Contents {
            dlt,
            tree: Tree::of(&program),
            plain: Arc::clone(&program),
            program,
            on_capture: None,
            expression: None,
            options: CompileOptions::new(),
            lists: None,
            formula: None,
        }
    }
}

impl fmt::Debug for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Filter")
            .field("dlt", &self.0.dlt)
            .field("expression", &self.0.expression)
            .field("instructions", &self.0.program.len())
            .field("kernel_extensions", &self.uses_kernel_extensions())
            .finish()
    }
}

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
