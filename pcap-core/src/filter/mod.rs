//! Filters: programs that decide about packets, compiled from expressions or made of instructions.

mod any_of;
mod argument;
mod combine;
mod compile;
mod kernel;
mod options;
#[cfg(test)]
#[path = "../../tests/support/persuade.rs"]
mod persuade;
mod program;
#[cfg(feature = "serde")]
mod serialize;

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
use program::interpreter::Tree;
use program::validate::{self, Origin};
use program::{insn, listing, parse};

/// A filter: a small program that says of each packet whether it is wanted.
///
/// Filters can be combined, by [`and`](Self::and), [`or`](Self::or) and [`negate`](Self::negate).
///
/// It belongs to one link type, since where the addresses are depends on it, and to nothing else: it
/// needs no device, can be cloned (which is cheap), kept and used from many threads.
///
/// With the feature `serde` it can be serialized: link type, expression, options and instructions. What is
/// read is checked like [instructions from elsewhere](Self::from_instructions), and nothing is compiled.
/// So nobody checks that an expression is the one that the instructions were compiled from: a live
/// capture, which compiles it again, goes by the expression, and everything else by the instructions.
/// Filters that jump backward (`ip6 protochain`) cannot be serialized, nor can those that are
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
    /// What was compiled, or given.
    program: Arc<[Insn]>,
    /// What runs on a capture, if not `program` as it is: with its memory zeroed.
    on_capture: Option<Arc<[Insn]>>,
    /// What runs on plain bytes: the same, or compiled for them where `program` has kernel extensions.
    plain: Arc<[Insn]>,
    /// That as a tree, if it can be one.
    tree: Option<Arc<Tree>>,
    expression: Option<Arc<str>>,
    options: CompileOptions,
    /// The list that it was made of, if that may have to be done again.
    lists: Option<Arc<Lists>>,
    /// The filters that it is combined of, if it is.
    formula: Option<combine::Formula>,
}

impl Filter {
    /// Compiles an expression for packets of a link type, without any device. The empty expression
    /// accepts all packets.
    ///
    /// The language is that of [pcap-filter(7)]. libpcap's compiler does the work, on a thread of its own
    /// with a large stack. So compiling never overflows the stack, however small the calling thread's is;
    /// starting the thread takes about 0.1 ms. Many threads may compile at once.
    ///
    /// **Names** in an expression (`host example.org`) are looked up when it is compiled, in DNS and in
    /// the system's tables of hosts, networks, protocols and services. That blocks for as long as the
    /// resolver takes, twice, and every address found counts.
    ///
    /// **Long expressions** are rejected at once, because libpcap's compiler cannot be interrupted. The
    /// limits depend on nothing but the expression and the link type:
    ///
    /// - 40 000 tests before they are optimized. On Ethernet a `host` comes to 12 of them (10 for IPv6),
    ///   a `port` to 23, a `portrange` to 35, a `tcp dst port` to 7 and `len > 5` to 1. So an expression
    ///   may have about 3300 hosts or 1700 ports. [`any_of`](Self::any_of) takes longer lists.
    /// - 13 500 arithmetic operators in one comparison.
    /// - 128 MiB.
    ///
    /// They were measured with libpcap 1.10.3 on a virtual machine with two cores of an AMD EPYC (family
    /// 25, model 17) at 2.6 GHz: what libpcap compiles there in a second is accepted, and what is accepted
    /// takes less than five seconds. `cargo bench --bench compile` in `pcap-core/benches` measures it again.
    ///
    /// libpcap compiles up to 3000 tests as a whole, and without the optimizer about 8000. It would take
    /// minutes for some expressions with more. Those are compiled in parts of up to 16 terms, whose programs
    /// are joined. The instructions are not those that libpcap would give, and the answer for each packet
    /// is the same. (With the optimizer, the answer for packets that end within their headers depends on
    /// what is looked at first, with libpcap alone as well.)
    ///
    /// One kind of expression cannot be compiled in parts: where `vlan`, `mpls`, `pppoes` or `geneve` stands
    /// before terms that are asked also if it does not hold, as in `vlan or host 192.0.2.1`. libpcap looks
    /// for that host behind a tag. Such an expression may have about 4700 tests that look at the same
    /// places; put those terms at the end, as in `host 192.0.2.1 or (vlan and host 192.0.2.1)`.
    ///
    /// # Errors
    ///
    /// - [`FilterSyntax`]: libpcap rejects the expression, with its own text: an error of syntax, a
    ///   name that is not found, something that the link type does not have, or an expression that no
    ///   packet can match. libpcap does not tell these apart otherwise than by the text. A link type
    ///   for which it has no filters at all is among them.
    /// - [`FilterTooLong`]: see above; the text names the limit.
    /// - [`InvalidArgument`]: the expression has a NUL byte, or the snaplen is above 2³¹ − 1.
    /// - [`Io`]: the thread cannot be started.
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
    /// Manual page: [`pcap_compile(3PCAP)`](https://www.tcpdump.org/manpages/pcap_compile.3pcap.html).
    ///
    /// [pcap-filter(7)]: https://www.tcpdump.org/manpages/pcap-filter.7.html
    /// [`FilterSyntax`]: crate::ErrorKind::FilterSyntax
    /// [`FilterTooLong`]: crate::ErrorKind::FilterTooLong
    /// [`InvalidArgument`]: crate::ErrorKind::InvalidArgument
    /// [`Io`]: crate::ErrorKind::Io
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

    /// Compiles an expression on a handle, for packets of which the capture delivers `snaplen` bytes.
    ///
    /// On a live Linux handle that may give a program with kernel extensions. Then the expression is
    /// compiled for plain bytes as well, if it can be.
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

    /// A filter of programs that have been checked.
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

    /// Makes a filter of instructions that come from elsewhere: a table in a program, `tcpdump -ddd`.
    ///
    /// The check is exact. A program that passes ends for every packet, reads nothing but the packet
    /// and what it has stored itself, and is one that libpcap accepts.
    ///
    /// # Errors
    ///
    /// [`FilterInvalid`](crate::ErrorKind::FilterInvalid), naming the instruction and the fault: no
    /// instructions or more than 4096, an operation that does not exist, a jump backward or beyond the
    /// end, a last instruction that is not a return, a division by the constant 0, a shift by a
    /// constant above 31, a memory cell above 15, a load of a cell that is not stored on every way to
    /// it, a load from a negative offset (an extension of the Linux kernel).
    ///
    /// What libpcap compiles passes if it is not longer than 4096 instructions, except where it jumps
    /// backward (`ip6 protochain`), uses kernel extensions or forgets a store.
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
        let operation = "make a filter from instructions";
        Error::library(operation, None)?;
        validate::check(program, Origin::Caller)
            .map_err(|fault| Error::cannot(ErrorKind::FilterInvalid, operation, None, fault))?;
        Ok(Filter::plain_program(dlt.into(), program.into()))
    }

    /// Makes a filter of a listing: of `tcpdump -dd` or `-ddd`, or in the one line that `iptables -m bpf
    /// --bytecode` and `tc` take, `4,48 0 0 9,21 0 1 6,6 0 0 1,6 0 0 0`. It is the reverse of
    /// [`to_c_listing`](Self::to_c_listing), [`to_decimal_listing`](Self::to_decimal_listing) and
    /// [`to_bytecode`](Self::to_bytecode).
    ///
    /// Which of them it is shows from the text. Line ends, spaces around the parts and a comma at the end
    /// do not matter. A listing does not say what link type it is for.
    ///
    /// # Errors
    ///
    /// [`FilterInvalid`](crate::ErrorKind::FilterInvalid): the listing cannot be read, and the text names
    /// the line (or the part between commas, from 1); or the instructions are refused by
    /// [`from_instructions`](Self::from_instructions).
    ///
    /// # Examples
    ///
    /// ```
    /// use pcap_core::{Dlt, Filter};
    ///
    /// # fn main() -> pcap_core::Result<()> {
    /// let tcp = Filter::from_listing(Dlt::RAW, "4,48 0 0 9,21 0 1 6,6 0 0 1,6 0 0 0")?;
    /// assert_eq!(tcp.to_decimal_listing(), "4\n48 0 0 9\n21 0 1 6\n6 0 0 1\n6 0 0 0");
    ///
    /// let error = Filter::from_listing(Dlt::RAW, "1\n6 0 0").unwrap_err();
    /// assert_eq!(error.text(), "line 2: it has less than four numbers");
    /// # Ok(()) }
    /// ```
    pub fn from_listing(dlt: impl Into<Dlt>, text: &str) -> Result<Filter> {
        Filter::from_instructions(dlt, &parse::listing(text)?)
    }

    /// Makes a filter for packets of which any address or port is in a list, of any length: a block
    /// list, the ports of a service, the addresses of an experiment. [`negate`](Self::negate) and
    /// [`and`](Self::and) make a filter that leaves them out.
    ///
    /// This takes milliseconds, because libpcap compiles one address of each kind only, for the link type,
    /// and the comparisons are made here, as a tree in which an address is looked up in a few steps. A
    /// thousand hosts of IPv4 come to some 2300 instructions of the 4096 that the Linux kernel takes; as
    /// source or as destination only, to half of them. Addresses of IPv6 that have nothing in common take
    /// up to 15 instructions a host (21 on 802.11), those of one network about 7. A port of an address takes
    /// two instructions more, unless other addresses have the same ports.
    /// Longer filters work as well: the process runs them
    /// ([`FilterLocation::UserSpace`](crate::FilterLocation::UserSpace)).
    ///
    /// A term is one of the many things that a [`FilterTerm`] is made from. Terms may overlap and
    /// repeat. The empty list takes no packet. Addresses that the link type does not have take none
    /// either, such as those of IPv4 on `Dlt::IPV6`.
    ///
    /// The answer for each packet is that of libpcap's unoptimized program for the expression `src host
    /// A or src host B … or dst host A or dst host B … or src port C … or dst port C … or (src host D and
    /// src port E) … or (dst host D and dst port E) …`, first IPv4, then IPv6, then ports, then ports of
    /// addresses. That is what `host A or host B … or port C …` means: addresses also of ARP and
    /// RARP, ports of TCP, UDP and SCTP and not of later fragments, and nothing behind tags of VLANs (but
    /// a live capture on Linux has the outer tag taken out before any filter sees the packet). For
    /// packets that end within these headers, the order decides: what has to be looked at first and
    /// is not there ends the search. Addresses have to be there whole (libpcap 1.11 does not ask for those
    /// words of an address that the mask of a network leaves out).
    ///
    /// The filter has no [`expression`](Self::expression), so that the link type of a capture cannot be
    /// changed while it is set. On `Dlt::NULL`, `Dlt::LOOP` and `Dlt::ENC`, systems number IPv6 differently:
    /// [`matches`](Self::matches) goes by this one, and [`set_filter`](crate::Capture::set_filter) by the one
    /// that a savefile is from.
    ///
    /// # Errors
    ///
    /// - [`InvalidArgument`]: a prefix longer than the address, an address with bits behind the prefix, a
    ///   range that ends before it begins; the object is the term.
    /// - [`FilterTooLong`]: more than 262 144 terms.
    /// - [`Unsupported`]: libpcap has no addresses for the link type, or looks for them in a way that is
    ///   not known here.
    ///
    /// # Examples
    ///
    /// ```
    /// use pcap_core::{Dlt, Filter, FilterTerm};
    ///
    /// # fn main() -> pcap_core::Result<()> {
    /// let text = "192.0.2.0/24\n198.51.100.7\n2001:db8::/32\ndst 53\n6000-6063\n203.0.113.5:443";
    /// let terms = text.lines().map(str::parse).collect::<pcap_core::Result<Vec<FilterTerm>>>()?;
    /// let filter = Filter::any_of(Dlt::RAW, terms)?;
    ///
    /// let mut packet = [0; 20];
    /// packet[0] = 0x45; // IPv4
    /// packet[12..16].copy_from_slice(&[192, 0, 2, 200]);
    /// assert!(filter.matches(&packet));
    /// packet[14] = 3;
    /// assert!(!filter.matches(&packet));
    /// # Ok(()) }
    /// ```
    ///
    /// Manual page: [`pcap-filter(7)`](https://www.tcpdump.org/manpages/pcap-filter.7.html).
    ///
    /// [`InvalidArgument`]: crate::ErrorKind::InvalidArgument
    /// [`FilterTooLong`]: crate::ErrorKind::FilterTooLong
    /// [`Unsupported`]: crate::ErrorKind::Unsupported
    pub fn any_of<T: Into<FilterTerm>>(
        dlt: impl Into<Dlt>,
        terms: impl IntoIterator<Item = T>,
    ) -> Result<Filter> {
        let dlt = dlt.into();
        Error::library(any_of::OPERATION, None)?;
        let lists = Lists::of(terms)?;
        let compile = |text: &str, options| compile::detached(dlt, text, options);
        Filter::of_lists(dlt, Arc::new(lists), &compile)
    }

    /// Makes the filter of a list, on a handle for the packets that it delivers.
    ///
    /// # Safety
    ///
    /// As [`compile_on`](Self::compile_on).
    pub(crate) unsafe fn list_on(
        pcap: *mut sys::pcap_t,
        dlt: Dlt,
        lists: &Arc<Lists>,
    ) -> Result<Filter> {
        let lent = Lent(pcap);
        let compile = move |text: &str, options| {
            // SAFETY: the caller's promise.
            unsafe { compile::on_handle(lent.get(), text, options) }
        };
        Filter::of_lists(dlt, Arc::clone(lists), &compile)
    }

    fn of_lists(
        dlt: Dlt,
        lists: Arc<Lists>,
        compile: &(dyn Fn(&str, CompileOptions) -> Result<Vec<Insn>> + Sync),
    ) -> Result<Filter> {
        let program = stack::on_large_stack(
            any_of::OPERATION,
            || None,
            || any_of::build(dlt, Lists::clone(&lists), compile),
        )?;
        Ok(Filter {
            lists: dlt.depends_on_system().then_some(lists),
            ..Filter::plain_program(dlt, program.into())
        })
    }

    /// A program that has been checked, and runs on a capture as on plain bytes.
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

    /// The instructions: what was compiled, or what the filter was made of.
    ///
    /// In rare cases libpcap compiles a program that loads memory which it never stored to, as 1.10.3
    /// does of `geneve or udp`. Such memory is 0 when the filter runs.
    #[must_use]
    pub fn instructions(&self) -> &[Insn] {
        &self.program
    }

    /// The link type of the packets that it is for.
    #[must_use]
    pub fn datalink(&self) -> Dlt {
        self.dlt
    }

    /// The expression, if it was compiled from one. A combined filter has none.
    #[must_use]
    pub fn expression(&self) -> Option<&str> {
        self.expression.as_deref()
    }

    /// How it was compiled; the default for a filter that was not compiled, or is combined.
    #[must_use]
    pub fn options(&self) -> CompileOptions {
        self.options
    }

    /// Whether the instructions ask the Linux kernel for what is not in the packet's bytes, as may be
    /// when they were compiled on a live capture: the kernel takes VLAN tags out of packets before a
    /// filter sees them, so that `vlan 5` has to ask for the tag.
    ///
    /// [`matches`](Self::matches) and [`run`](Self::run) are right nonetheless.
    #[must_use]
    pub fn uses_kernel_extensions(&self) -> bool {
        has_kernel_extensions(&self.program)
    }

    /// Whether [`matches`](Self::matches) can say all that the filter means.
    ///
    /// False for `inbound`, `outbound` and `ifindex` on most link types: a packet's bytes do not tell
    /// which way it went, only the kernel knows.
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

    /// The listing in the form of C's initialisers, as `tcpdump -dd` prints it: lines such as
    /// `{ 0x28, 0, 0, 0x0000000c },`, without a line end after the last.
    #[doc(alias = "bpf_dump")]
    #[must_use]
    pub fn to_c_listing(&self) -> String {
        listing::c(&self.program)
    }

    /// The listing in decimal numbers, as `tcpdump -ddd` prints it: the count, then lines such as
    /// `40 0 0 12`, without a line end after the last.
    #[doc(alias = "bpf_dump")]
    #[must_use]
    pub fn to_decimal_listing(&self) -> String {
        listing::numbers(&self.program)
    }

    /// The listing in one line, as `iptables -m bpf --bytecode` and `tc` take it: the count, then the four
    /// numbers of each instruction, such as `40 0 0 12`, with commas between.
    ///
    /// # Examples
    ///
    /// For iptables the packet begins with the IP header:
    ///
    /// ```
    /// use pcap_core::{Dlt, Filter};
    ///
    /// # fn main() -> pcap_core::Result<()> {
    /// let filter = Filter::compile(Dlt::RAW, "ip")?;
    /// assert_eq!(filter.to_bytecode(), "5,48 0 0 0,84 0 0 240,21 0 1 64,6 0 0 262144,6 0 0 0");
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn to_bytecode(&self) -> String {
        listing::bytecode(&self.program)
    }

    /// What runs on plain bytes, if that was compiled by itself.
    #[cfg(feature = "serde")]
    fn compiled_for_bytes(&self) -> Option<&[Insn]> {
        let same = self.on_capture.as_ref().unwrap_or(&self.program);
        (!Arc::ptr_eq(same, &self.plain)).then_some(&*self.plain)
    }

    /// The program to run on a capture, by the kernel or by libpcap.
    #[inline]
    fn on_capture(&self) -> &[Insn] {
        self.on_capture.as_ref().unwrap_or(&self.program)
    }

    /// Whether it loops, as libpcap's compiler has it for `ip6 protochain`. No kernel runs that.
    pub(crate) fn jumps_backward(&self) -> bool {
        self.program.iter().any(|insn| insn.jumps_backward())
    }

    /// Lends that program as libpcap's structure, for a call that copies them
    /// (`pcap_setfilter`). The pointer is good inside the closure only, and for reading.
    pub(crate) fn with_program<T>(&self, f: impl FnOnce(*mut sys::bpf_program) -> T) -> T {
        let instructions = self.on_capture();
        let mut program = sys::bpf_program {
            // No filter has so many: the compiler's limits are far lower.
            bf_len: clamp(instructions.len()),
            bf_insns: instructions.as_ptr().cast_mut().cast(),
        };
        f(&raw mut program)
    }
}

/// The readable listing, as `tcpdump -d` prints it, without a line end after the last line.
///
/// Jumps name the instructions they go to, as lines are numbered from `(000)`.
impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        listing::readable(&self.program, f)
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

/// A handle for the thread that compiles on it.
struct Lent(*mut sys::pcap_t);

impl Lent {
    fn get(&self) -> *mut sys::pcap_t {
        self.0
    }
}

// SAFETY: one thread uses the handle, while the one that lent it, which has it to itself, waits. A handle has no ties to a
// thread: pcap(3PCAP) only asks that no two use it at once.
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
