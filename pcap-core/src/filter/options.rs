//! The options for compiling an expression.

use std::net::Ipv4Addr;

use super::Filter;
use crate::error::Result;
use crate::linktype::Dlt;

/// Options for compiling a filter expression.
///
/// The defaults suit most programs; [`Filter::compile`] and [`Capture::compile`](crate::Capture::compile) use them. To
/// set a filter with options on a capture, pass a pair: `capture.set_filter(("arp", options))`.
///
/// # Examples
///
/// ```
/// use pcap_core::{CompileOptions, Dlt};
///
/// # fn main() -> pcap_core::Result<()> {
/// let filter = CompileOptions::new().snaplen(96).compile(Dlt::EN10MB, "arp")?;
/// assert_eq!(filter.instructions().last().map(|insn| insn.k), Some(0)); // returned to reject a packet
/// assert!(filter.instructions().iter().any(|insn| insn.k == 96)); // returned to accept a packet
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
    /// Creates the default options: an optimized program that keeps whole packets, and an unknown netmask.
    #[must_use]
    pub const fn new() -> CompileOptions {
        CompileOptions {
            snaplen: 0,
            optimize: true,
            netmask: None,
        }
    }

    /// Sets the number of bytes that the program returns for an accepted packet. Default: 0, which means libpcap's
    /// largest snaplen, 262 144 bytes. Maximum: 2³¹ − 1, which [`compile`](Self::compile) checks.
    ///
    /// A capture ignores this option and uses its own snaplen.
    #[must_use]
    pub const fn snaplen(mut self, bytes: u32) -> CompileOptions {
        self.snaplen = bytes;
        self
    }

    /// Sets whether libpcap optimizes the program. Default: `true`. An unoptimized program is larger and slower.
    ///
    /// libpcap's optimizer miscompiles some contrived comparisons: in tests, one in ten thousand random comparisons
    /// with arithmetic on constants and several loads. If this crate detects that the optimizer has lost a load, it
    /// uses the unoptimized program.
    #[must_use]
    pub const fn optimize(mut self, optimize: bool) -> CompileOptions {
        self.optimize = optimize;
        self
    }

    /// Sets the netmask of the captured IPv4 network, which only `ip broadcast` needs.
    ///
    /// Default: `None`, which means that the netmask is unknown. A live capture then uses the netmask of its device, if
    /// it has one; otherwise `ip broadcast` does not compile. libpcap treats 255.255.255.255 as unknown, too.
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
    /// The errors of [`Filter::compile`].
    pub fn compile(self, dlt: impl Into<Dlt>, expression: &str) -> Result<Filter> {
        Filter::compile_with(dlt.into(), expression, self)
    }

    /// Sets the netmask, unless it is known.
    pub(crate) fn or_netmask(mut self, netmask: Option<Ipv4Addr>) -> CompileOptions {
        self.netmask = self.netmask.or(netmask);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_netmask_is_kept() {
        let [one, other] = [16, 24].map(|bits| Ipv4Addr::from(u32::MAX << (32 - bits)));
        let options = CompileOptions::new().snaplen(5).optimize(false);
        let with = options.or_netmask(Some(one));
        assert_eq!(with, options.netmask(one));
        assert_eq!(with.or_netmask(Some(other)), with);
        assert_eq!(options.or_netmask(None), options);
    }
}
