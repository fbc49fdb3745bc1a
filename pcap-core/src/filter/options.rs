//! The options for compiling an expression.

use std::net::Ipv4Addr;

use super::Filter;
use crate::error::Result;
use crate::linktype::Dlt;

/// Options for compiling a filter expression.
///
/// [`Filter::compile`] and [`Capture::compile`](crate::Capture::compile) use the defaults, which are what most programs
/// need. A capture takes an expression with options as a pair: `capture.set_filter(("arp", options))`.
///
/// # Examples
///
/// ```
/// use pcap_core::{CompileOptions, Dlt};
///
/// # fn main() -> pcap_core::Result<()> {
/// let filter = CompileOptions::new().snaplen(96).compile(Dlt::EN10MB, "arp")?;
/// assert_eq!(filter.instructions().last().map(|insn| insn.k), Some(0)); // the reject
/// assert!(filter.instructions().iter().any(|insn| insn.k == 96)); // the accept
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(default)
)]
pub struct CompileOptions {
    pub(crate) snaplen: u32,
    pub(crate) optimize: bool,
    pub(crate) netmask: Option<Ipv4Addr>,
}

impl Default for CompileOptions {
    fn default() -> CompileOptions {
        CompileOptions::new()
    }
}

impl CompileOptions {
    /// Creates the default options: an optimized program that accepts whole packets, with an unknown netmask.
    #[must_use]
    pub const fn new() -> CompileOptions {
        CompileOptions {
            snaplen: 0,
            optimize: true,
            netmask: None,
        }
    }

    /// Sets the number of bytes of an accepted packet, which the program returns. Default 0, which
    /// stands for libpcap's largest snaplen, 262144 bytes; at most 2³¹ − 1.
    ///
    /// A capture ignores it and uses its own snaplen.
    #[must_use]
    pub const fn snaplen(mut self, bytes: u32) -> CompileOptions {
        self.snaplen = bytes;
        self
    }

    /// Sets whether libpcap optimizes the program. Default true. Without the optimizer the program
    /// is larger and slower.
    ///
    /// libpcap's optimizer miscompiles some contrived comparisons: one in ten thousand random ones
    /// with arithmetic of constants and several loads. If it visibly loses a load, this crate keeps
    /// the program unoptimized.
    #[must_use]
    pub const fn optimize(mut self, optimize: bool) -> CompileOptions {
        self.optimize = optimize;
        self
    }

    /// Sets the netmask of the captured IPv4 network, which only `ip broadcast` needs. Default `None`, unknown: then
    /// `ip broadcast` does not compile. libpcap takes 255.255.255.255 for unknown, too.
    #[doc(alias = "PCAP_NETMASK_UNKNOWN")]
    #[must_use]
    pub fn netmask(mut self, netmask: impl Into<Option<Ipv4Addr>>) -> CompileOptions {
        self.netmask = netmask.into();
        self
    }

    /// Compiles an expression for packets of a link type. See [`Filter::compile`].
    ///
    /// # Errors
    ///
    /// The same as those of [`Filter::compile`].
    pub fn compile(self, dlt: impl Into<Dlt>, expression: &str) -> Result<Filter> {
        Filter::compile_with(dlt.into(), expression, self)
    }

    /// Replaces an unknown netmask.
    pub(crate) fn or_netmask(mut self, netmask: Option<Ipv4Addr>) -> CompileOptions {
        self.netmask = self.netmask.or(netmask);
        self
    }
}
