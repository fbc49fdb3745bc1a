//! Filters for lists of addresses and ports.

use std::sync::Arc;

use super::any_of::term::FilterTerm;
use super::any_of::{self, List, Lists};
use super::compile::{self, stack};
use super::options::CompileOptions;
use super::program::insn::Insn;
use super::{Contents, Filter, Lent};
use crate::error::{Error, Result};
use crate::linktype::Dlt;
use crate::sys;

/// # Lists of addresses and ports
impl Filter {
    /// Creates a filter that accepts packets whose source or destination is in a list of addresses, networks and ports,
    /// such as a block list. The list may have up to 262 144 terms.
    ///
    /// To exclude such packets instead, use [`negate`](Self::negate) and [`and`](Self::and).
    ///
    /// Many types convert to a term; see [`FilterTerm`]. Terms may overlap and repeat. The filter for an empty list
    /// rejects all packets. Addresses that do not occur with the link type, such as IPv4 on `Dlt::IPV6`, match nothing.
    ///
    /// # Performance
    ///
    /// The call takes milliseconds: libpcap compiles only a few examples of each kind of term for the link type, and
    /// this crate generates the comparisons as a search tree.
    ///
    /// The Linux kernel accepts filters of up to 4096 instructions. A thousand IPv4 hosts take about 2300 instructions,
    /// or half as many if they match only the source or only the destination. Unrelated IPv6 addresses take up to 15
    /// instructions each (21 on 802.11), and addresses of the same network about 7. A port of an address takes two more
    /// instructions, unless other addresses have the same ports. Longer filters work as well, but run in this process
    /// ([`FilterLocation::UserSpace`](crate::FilterLocation::UserSpace)).
    ///
    /// # Semantics
    ///
    /// The result for each packet is that of libpcap's unoptimized program for the expression `src host A or src host B
    /// … or dst host A or dst host B … or src port C … or dst port C … or (src host D and src port E) … or (dst host D
    /// and dst port E) …`. IPv4 addresses are tested first, then IPv6 addresses, then ports, then ports of addresses.
    ///
    /// Like `host` and `port` in expressions, the filter also matches addresses in ARP and RARP, and matches ports of
    /// TCP, UDP and SCTP except in fragments after the first. It does not look behind VLAN tags. (On Linux, however,
    /// the kernel removes the outer tag before it runs the filter of a live capture.)
    ///
    /// If a packet ends within these headers, the order of the tests matters, because a test that reads a missing byte
    /// rejects the packet. An address is always read completely, whereas libpcap 1.11 does not read the words of an
    /// address that the mask of a network ignores.
    ///
    /// The filter has no [`expression`](Self::expression), so the link type of a capture cannot be changed while the
    /// filter is set. With `Dlt::NULL`, `Dlt::LOOP` and `Dlt::ENC`, the protocol number of IPv6 differs between
    /// systems: [`matches`](Self::matches) uses this system's number, and
    /// [`set_filter`](crate::Capture::set_filter) on a savefile uses that of the system that wrote the savefile.
    ///
    /// # Errors
    ///
    /// - [`InvalidArgument`] if a prefix is longer than the address, an address has bits set after the prefix, or the
    ///   last port of a range is below the first. The [object](crate::Error::object) of the error is the term.
    /// - [`FilterTooLong`] if there are more than 262 144 terms.
    /// - [`Unsupported`] if libpcap does not support addresses or ports for the link type, or generates code for them
    ///   that this crate does not support.
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
    /// [`InvalidArgument`]: crate::ErrorKind::InvalidArgument
    /// [`FilterTooLong`]: crate::ErrorKind::FilterTooLong
    /// [`Unsupported`]: crate::ErrorKind::Unsupported
    ///
    #[doc = manual!(libpcap 7 "pcap-filter")]
    ///
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

    /// Compiles the filter of a list on a handle, for the packets that the handle delivers.
    ///
    /// # Safety
    ///
    /// The same as for [`compile_on`](Self::compile_on).
    #[inline]
    pub(crate) unsafe fn list_on(
        pcap: *mut sys::pcap_t,
        dlt: Dlt,
        lists: &Arc<dyn List>,
    ) -> Result<Filter> {
        let lent = Lent(pcap);
        let compile = move |text: &str, options| {
            // SAFETY: the caller's promise.
            unsafe { compile::on_handle(lent.get(), text, options) }
        };
        Filter::of_lists(dlt, Arc::clone(lists), &compile)
    }

    #[inline]
    fn of_lists(
        dlt: Dlt,
        lists: Arc<dyn List>,
        compile: &(dyn Fn(&str, CompileOptions) -> Result<Vec<Insn>> + Sync),
    ) -> Result<Filter> {
        let mut build = || Ok((lists.build(dlt, compile)?, None));
        let (program, _) = stack::on_large_stack(any_of::OPERATION, None, &mut build)?;
        Ok(Filter::new(Contents {
            lists: dlt.depends_on_system().then_some(lists),
            ..Contents::plain_program(dlt, program.into())
        }))
    }
}
