//! Runs a filter on a packet's bytes.

use crate::filter::{Filter, clamp};
use crate::packet::AsPacket;

/// # Running
impl Filter {
    /// Returns whether the filter accepts an untruncated packet, whose length on the wire is that of `data`.
    ///
    /// A packet that ends before a byte that the program reads is rejected.
    #[doc(alias = "bpf_filter")]
    #[inline]
    #[must_use]
    pub fn matches(&self, data: &[u8]) -> bool {
        // The length is computed only for programs that test it.
        self.0.tree.run(data, || clamp(data.len())) != 0
    }

    /// Returns whether the filter accepts a packet. Unlike [`matches`](Self::matches), this supports truncated packets:
    /// `len`, `greater` and `less` test the length on the wire from the packet's header.
    ///
    /// # Examples
    ///
    /// ```
    /// use pcap_core::{Dlt, Filter, Packet, Timestamp};
    ///
    /// # fn main() -> pcap_core::Result<()> {
    /// let long = Filter::compile(Dlt::EN10MB, "greater 1000")?;
    /// let packet = Packet::new(Timestamp::EPOCH, 1514, &[0; 96]);
    /// assert!(long.matches_packet(packet));
    /// assert!(!long.matches(packet.data()));
    /// # Ok(()) }
    /// ```
    ///
    #[doc = manual!("pcap_offline_filter")]
    ///
    #[doc(alias = "pcap_offline_filter")]
    #[inline(always)] // so that a packet is not copied to be passed
    #[must_use]
    pub fn matches_packet(&self, packet: impl AsPacket) -> bool {
        let packet = packet.as_packet();
        self.run(packet.data(), packet.wire_len()) != 0
    }

    /// Runs the program on a packet that had `wire_len` bytes on the wire, and returns the program's result: 0 if it
    /// rejects the packet, and otherwise the number of bytes to keep. In programs that libpcap compiles, that number is
    /// the snaplen.
    ///
    /// The call never allocates or blocks. It ignores data beyond 4 GiB.
    ///
    /// `data` must be the bytes of a packet as a savefile contains them. If the program has kernel extensions, because
    /// it was compiled on a live Linux capture, the call instead runs the same expression compiled for plain bytes. If
    /// the result depends on data that only the kernel has (`inbound`, `outbound`, `ifindex`), the packet is rejected;
    /// see [`runs_on_bytes`](Self::runs_on_bytes).
    ///
    /// This crate runs the program itself, on average in about half the time that libpcap's interpreter takes.
    /// The results are those of libpcap 1.10.7 and newer, with every libpcap: `ip6 protochain` rejects a packet with
    /// more than 64 extension headers.
    #[doc(alias = "bpf_filter")]
    #[inline]
    #[must_use]
    pub fn run(&self, data: &[u8], wire_len: u32) -> u32 {
        self.0.tree.run(data, || wire_len)
    }
}
