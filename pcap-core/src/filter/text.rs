//! Parses and prints the listings of filters.

use std::fmt;

use super::Filter;
use super::program::{listing, parse};
use crate::error::Result;
use crate::linktype::Dlt;

/// # Listings
impl Filter {
    /// Creates a filter from a listing: the output of `tcpdump -dd` or `-ddd`, or the single line that
    /// `iptables -m bpf --bytecode` and `tc` accept, such as `4,48 0 0 9,21 0 1 6,6 0 0 1,6 0 0 0`.
    ///
    /// This is the inverse of [`to_c_listing`](Self::to_c_listing), [`to_decimal_listing`](Self::to_decimal_listing)
    /// and [`to_bytecode`](Self::to_bytecode). The format is detected from the text. Both kinds of line endings, spaces
    /// around the parts and a trailing comma are accepted. A listing does not contain its link type, so the caller must
    /// know it.
    ///
    /// # Errors
    ///
    /// - [`FilterInvalid`](crate::ErrorKind::FilterInvalid) if the listing cannot be parsed. The text of the error
    ///   states the number of the line, or of the part between commas, counted from 1.
    /// - The errors of [`from_instructions`](Self::from_instructions).
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
    /// assert_eq!(error.text(), "line 2: expected four numbers, found fewer");
    /// # Ok(()) }
    /// ```
    pub fn from_listing(dlt: impl Into<Dlt>, text: &str) -> Result<Filter> {
        Filter::from_instructions(dlt, &parse::listing(text)?)
    }

    /// Returns the listing as C initializers, as `tcpdump -dd` prints it: lines such as `{ 0x28, 0, 0, 0x0000000c },`,
    /// without a newline at the end.
    #[doc(alias = "bpf_dump")]
    #[must_use]
    #[inline]
    pub fn to_c_listing(&self) -> String {
        listing::c(&self.0.program)
    }

    /// Returns the listing in decimal, as `tcpdump -ddd` prints it: the number of instructions, then lines such as
    /// `40 0 0 12`, without a newline at the end.
    #[doc(alias = "bpf_dump")]
    #[must_use]
    #[inline]
    pub fn to_decimal_listing(&self) -> String {
        listing::numbers(&self.0.program)
    }

    /// Returns the listing in one line, as `iptables -m bpf --bytecode` and `tc` accept it: the number of instructions,
    /// then the four numbers of each instruction, such as `40 0 0 12`, separated by commas.
    ///
    /// # Examples
    ///
    /// For iptables, compile the filter for `Dlt::RAW`, because the packets that iptables filters begin with the IP
    /// header:
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
    #[inline]
    pub fn to_bytecode(&self) -> String {
        listing::bytecode(&self.0.program)
    }
}

/// Prints the readable listing, as `tcpdump -d` does, without a newline at the end.
///
/// Lines are numbered from `(000)`, and jumps name the lines of their targets.
impl fmt::Display for Filter {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        listing::readable(&self.0.program, f)
    }
}
