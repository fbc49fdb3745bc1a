//! How an expression is compiled.

use std::net::Ipv4Addr;

/// How an expression is compiled. The defaults are what nearly everybody wants.
///
/// # Examples
///
/// ```
/// use pcap_core::CompileOptions;
///
/// let options = CompileOptions::default().optimize(false).snaplen(96);
/// assert_eq!((options.optimize, options.snaplen, options.netmask), (false, 96, None));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(default)
)]
#[non_exhaustive]
pub struct CompileOptions {
    /// What the program returns for a packet that is wanted: how many bytes of it. Default 0, which
    /// stands for libpcap's largest, 262144 bytes; at most 2³¹ − 1. Only for
    /// [`Filter::compile`](crate::Filter::compile): a capture compiles for its own snaplen.
    pub snaplen: u32,
    /// Whether libpcap optimizes the program. Default true. Without, the program is larger and slower.
    ///
    /// libpcap's optimizer gets some contrived comparisons wrong: one in ten thousand random ones with arithmetic of
    /// constants and several loads. Where it loses a load, which shows, the program stays as it is.
    pub optimize: bool,
    /// The netmask of the IPv4 network that is captured on, which only `ip broadcast` asks for.
    /// Default `None`, unknown: then `ip broadcast` does not compile, instead of missing packets.
    pub netmask: Option<Ipv4Addr>,
}

impl Default for CompileOptions {
    fn default() -> CompileOptions {
        CompileOptions {
            snaplen: 0,
            optimize: true,
            netmask: None,
        }
    }
}

impl CompileOptions {
    /// Sets [`snaplen`](Self::snaplen), in bytes.
    #[must_use]
    pub const fn snaplen(mut self, bytes: u32) -> CompileOptions {
        self.snaplen = bytes;
        self
    }

    /// Sets [`optimize`](Self::optimize).
    #[must_use]
    pub const fn optimize(mut self, optimize: bool) -> CompileOptions {
        self.optimize = optimize;
        self
    }

    /// Sets [`netmask`](Self::netmask); `None` is unknown.
    #[doc(alias = "PCAP_NETMASK_UNKNOWN")]
    #[must_use]
    pub fn netmask(mut self, netmask: impl Into<Option<Ipv4Addr>>) -> CompileOptions {
        self.netmask = netmask.into();
        self
    }

    /// With this netmask, unless there is one already.
    pub(crate) fn or_netmask(mut self, netmask: Option<Ipv4Addr>) -> CompileOptions {
        self.netmask = self.netmask.or(netmask);
        self
    }
}
