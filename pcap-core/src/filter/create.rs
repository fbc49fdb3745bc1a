//! Creates filters from expressions and from instructions.

use super::program::validate::{self, Origin};
use super::{CompileOptions, Contents, Filter, Insn};
use crate::error::{Error, ErrorKind, Result};
use crate::linktype::Dlt;

/// # Creating filters
impl Filter {
    /// Compiles an expression in the language of `pcap-filter(7)` for packets of a link type. No device is needed. The
    /// empty expression accepts all packets.
    ///
    /// To set options, use [`CompileOptions::compile`]. Several threads may compile at once.
    ///
    /// # Names
    ///
    /// Names in an expression (`host example.org`) are resolved during compilation, by DNS and the system's tables of
    /// hosts, networks, protocols and services. Each name is looked up twice, and the call blocks for as long as the
    /// lookups take. The filter contains every address found.
    ///
    /// # Long expressions
    ///
    /// libpcap's compiler cannot be interrupted, so expressions that would take it too long are rejected at once. The
    /// limits depend only on the expression and the link type:
    ///
    /// - 40 000 tests before optimization. On Ethernet, a `host` compiles to 12 tests (10 for IPv6), a `port` to 23, a
    ///   `portrange` to 35, a `tcp dst port` to 7 and `len > 5` to 1. So an expression can have about 3300 hosts or
    ///   1700 ports. For longer lists, use [`any_of`](Self::any_of).
    /// - 13 500 arithmetic operators in one comparison.
    /// - 128 MiB of expression text.
    ///
    /// The limits were measured with libpcap 1.10.3 on a virtual machine with two cores of an AMD EPYC (family 25,
    /// model 17) at 2.6 GHz. On that machine, every expression that libpcap compiles within a second is accepted, and
    /// every accepted expression compiles in less than five seconds. To measure again, run
    /// `cargo bench --bench compile` in `pcap-core/benches`.
    ///
    /// An expression of up to 3000 tests, or about 8000 without the optimizer, is compiled as a whole. Longer
    /// expressions, some of which would take libpcap minutes, are compiled in parts of up to 16 terms, whose programs
    /// this crate then joins. The instructions differ from those that libpcap would generate, but the result for each
    /// packet is the same. (With the optimizer, the result for a packet that ends within its headers depends on the
    /// order of the tests, even in libpcap's own programs.)
    ///
    /// An expression cannot be compiled in parts if `vlan`, `mpls`, `pppoes` or `geneve` precedes terms that are also
    /// evaluated if it does not match, as in `vlan or host 192.0.2.1`: libpcap looks for that host after the tag. Such
    /// an expression can have about 4700 tests if all of them examine the same positions in a packet, and more
    /// otherwise. To avoid the limit, put these terms at the end: `host 192.0.2.1 or (vlan and host 192.0.2.1)`.
    ///
    /// # Stack and threads
    ///
    /// libpcap's compiler runs on a separate thread with a large stack. So compiling never overflows the stack, however
    /// small the stack of the calling thread is. Starting the thread takes about 0.1 ms.
    ///
    /// # Errors
    ///
    /// - [`FilterSyntax`] if libpcap rejects the expression: because of a syntax error, an unknown name, a field that
    ///   packets of the link type do not have, an expression that no packet can match, or a link type that libpcap does
    ///   not support in filters. Only the [text](crate::Error::text) of the error, which is libpcap's, distinguishes
    ///   these cases.
    /// - [`FilterTooLong`] if the expression exceeds one of the limits above. The text of the error names the limit.
    /// - [`InvalidArgument`] if the expression contains a NUL byte, or if the snaplen exceeds 2³¹ − 1.
    /// - [`Io`] if the thread cannot be started.
    /// - [`Other`](crate::ErrorKind::Other) if libpcap is out of memory.
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
    ///
    #[doc(alias = "pcap_open_dead")]
    #[doc(alias = "pcap_compile")]
    #[doc(alias = "pcap_compile_nopcap")]
    pub fn compile(dlt: impl Into<Dlt>, expression: &str) -> Result<Filter> {
        Filter::compile_with(dlt.into(), expression, CompileOptions::new())
    }

    /// Creates a filter from instructions, such as a table in the program's source or the output of `tcpdump -ddd`.
    ///
    /// The instructions are checked, so they may come from an untrusted source. A program that passes the check
    /// terminates for every packet, reads only the packet and memory that it has written, and is accepted by libpcap.
    ///
    /// Programs that libpcap compiles pass the check if they have at most 4096 instructions, unless they jump backward
    /// (`ip6 protochain`), use extensions of the Linux kernel, or load memory to which they have not stored anything.
    ///
    /// # Errors
    ///
    /// - [`FilterInvalid`](crate::ErrorKind::FilterInvalid) if the program has one of the following faults. The text of
    ///   the error names the instruction and the fault.
    ///   - It has no instructions, or more than 4096.
    ///   - It contains an unknown operation.
    ///   - It jumps backward or beyond its end, or its last instruction is not a return.
    ///   - It divides by the constant 0, or shifts by a constant above 31.
    ///   - It uses a memory cell above 15, or loads a cell that is not stored on every path to the load.
    ///   - It loads from a negative offset, which is an extension of the Linux kernel.
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
    /// // Loads memory to which nothing was stored.
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
        let contents = Contents::plain_program(dlt.into(), program.into());
        Ok(Filter::new(contents))
    }
}
