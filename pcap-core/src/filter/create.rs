//! Filters compiled from an expression, and from instructions.

use super::program::validate::{self, Origin};
use super::{CompileOptions, Filter, Insn};
use crate::error::{Error, ErrorKind, Result};
use crate::linktype::Dlt;

/// # Creating filters
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
    ///
    #[doc(alias = "pcap_open_dead")]
    #[doc(alias = "pcap_compile")]
    #[doc(alias = "pcap_compile_nopcap")]
    pub fn compile(dlt: impl Into<Dlt>, expression: &str) -> Result<Filter> {
        Filter::compile_with(dlt.into(), expression, CompileOptions::new())
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
}
