//! A filter run on a packet's bytes.

use std::ffi::c_uint;

use crate::filter::{Filter, clamp};
use crate::packet::AsPacket;
use crate::sys;

impl Filter {
    /// Whether a packet is wanted, whose bytes are all there: its length on the wire is that of
    /// `data`.
    ///
    /// A packet that ends before a byte that the program asks for is not.
    #[doc(alias = "bpf_filter")]
    #[inline]
    #[must_use]
    pub fn matches(&self, data: &[u8]) -> bool {
        self.run(data, clamp(data.len())) != 0
    }

    /// Whether a packet is wanted: [`matches`](Self::matches) for one that may have been cut, whose
    /// length on the wire (`len`, `greater`, `less`) is in its header.
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
    /// Manual page: [`pcap_offline_filter(3PCAP)`](https://www.tcpdump.org/manpages/pcap_offline_filter.3pcap.html).
    #[doc(alias = "pcap_offline_filter")]
    #[inline]
    #[must_use]
    pub fn matches_packet(&self, packet: impl AsPacket) -> bool {
        let packet = packet.as_packet();
        self.run(packet.data(), packet.wire_len()) != 0
    }

    /// Runs the program on a packet that had `wire_len` bytes and gives what it returns: 0 if the
    /// packet is not wanted, otherwise how many bytes of it are; from libpcap's compiler, the snaplen.
    ///
    /// It never allocates or blocks. Bytes beyond 4 GiB are left out.
    ///
    /// Programs that only load, mask and compare, as most expressions compile to, are run by this crate,
    /// in less than half the time of libpcap's interpreter on mixed packets; the others by `bpf_filter`, and
    /// those of more than 4096 instructions. The answers are the same.
    ///
    /// The bytes are taken as a savefile holds them. A program with kernel extensions, compiled on a
    /// live Linux capture, is not used; the same expression compiled for plain bytes is. Where that
    /// asks for what only the kernel knows (`inbound`, `outbound`, `ifindex`), packets for which the
    /// answer is needed are not wanted; see [`runs_on_bytes`](Self::runs_on_bytes).
    #[doc(alias = "bpf_filter")]
    #[inline]
    #[must_use]
    pub fn run(&self, data: &[u8], wire_len: u32) -> u32 {
        let len: c_uint = clamp(data.len());
        let data = &data[..len as usize];
        if let Some(tree) = &self.tree {
            return tree.run(data);
        }
        let program = self.plain.as_ptr().cast();
        // SAFETY: the program is laid out as libpcap's (asserted in insn.rs) and passed our check, so
        // that it knows its operations, stays inside itself and its memory, and ends. `data` has at
        // least `len` bytes, which the program's loads are checked against. Both are only read.
        unsafe { sys::bpf_filter(program, data.as_ptr(), wire_len, len) }
    }
}
