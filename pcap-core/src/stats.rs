//! Statistics of a live capture, in 64 bits.

use crate::sys;

/// Counters of a live capture since its activation.
///
/// libpcap's counters have 32 bits and wrap around. These counters have 64 bits and do not, because the reading calls
/// sample libpcap's counters often enough to notice every wraparound.
///
#[doc = manual!("pcap_stats")]
#[doc(alias = "pcap_stat")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(default)
)]
#[non_exhaustive]
pub struct Stats {
    /// Packets received. On Linux, these are the packets that passed the filter in the kernel, if any, including
    /// [`dropped`](Self::dropped) packets. Other platforms, such as macOS and the BSDs, also count packets that the
    /// filter rejected.
    pub received: u64,
    /// Packets dropped because the buffer was full, that is, because the program did not read fast enough.
    pub dropped: u64,
    /// Packets dropped by the interface or its driver. On Linux, they are only counted in promiscuous mode. Always 0 on
    /// platforms that do not report them.
    pub if_dropped: u64,
    /// Packets that were in the buffer when the filter was replaced, and were discarded because the new filter could
    /// not be applied to them: either only the kernel can evaluate it (`inbound`, `ifindex`, VLAN tags), or it reads
    /// bytes that had been truncated by the snaplen. Linux only; always 0 elsewhere.
    pub discarded: u64,
}

impl Stats {
    /// Adds the counters of another capture on the same interface. `if_dropped` becomes the larger value, because both
    /// captures count the same interface drops.
    #[allow(dead_code)] // only used on Linux
    pub(crate) fn merge(&mut self, other: Stats) {
        self.received = self.received.saturating_add(other.received);
        self.dropped = self.dropped.saturating_add(other.dropped);
        self.if_dropped = self.if_dropped.max(other.if_dropped);
        self.discarded = self.discarded.saturating_add(other.discarded);
    }
}

/// The 64-bit counters, and libpcap's 32-bit counters at the last sample.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counters {
    total: Stats,
    seen: [u32; 3],
}

impl Counters {
    /// Adds the increments of the 32-bit counters since the last sample, which may have wrapped.
    ///
    /// libpcap computes the drops of the interface from counters of the system. Those begin again at 0 if the driver
    /// resets them, and read as 0 once the device is gone or renamed. Then libpcap's counter goes back, which is no
    /// increment.
    pub(crate) fn sample(&mut self, now: &sys::pcap_stat) -> Stats {
        let now = [now.ps_recv, now.ps_drop, now.ps_ifdrop];
        let Stats {
            received,
            dropped,
            if_dropped,
            ..
        } = &mut self.total;
        let [received_before, dropped_before, if_dropped_before] = self.seen;
        let since = |now: u32, before: u32| u64::from(now.wrapping_sub(before));
        *received += since(now[0], received_before);
        *dropped += since(now[1], dropped_before);
        let if_dropped_since = now[2].wrapping_sub(if_dropped_before) as i32;
        *if_dropped += u64::try_from(if_dropped_since).unwrap_or(0);
        self.seen = now;
        self.total
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// libpcap's statistics are 32 bits wide, and wrap.
    // Shows: libpcap/statistics-32-bits-wide, parity/statistics-received-dropped
    // Shows: parity/statistics-wrap-32-bits
    #[test]
    fn lost_meaning_statistics_do_not_wrap_at_32_bits() {
        let mut counters = Counters::default();
        let stat = |ps_recv, ps_drop| sys::pcap_stat {
            ps_recv,
            ps_drop,
            ..sys::empty_stat()
        };
        counters.sample(&stat(u32::MAX - 1, 7));
        let total = counters.sample(&stat(3, 7));
        assert_eq!(total.received, u64::from(u32::MAX) + 4);
        assert_eq!((total.dropped, total.if_dropped), (7, 0));
    }

    #[test]
    fn each_counter_goes_on_by_itself() {
        let mut counters = Counters::default();
        let stat = |recv, drop, ifdrop| {
            let mut stat = sys::empty_stat();
            (stat.ps_recv, stat.ps_drop, stat.ps_ifdrop) = (recv, drop, ifdrop);
            stat
        };
        let max = u64::from(u32::MAX);
        counters.sample(&stat(1, u32::MAX, u32::MAX / 2));
        let total = counters.sample(&stat(2, 1, u32::MAX - 1));
        assert_eq!((total.received, total.dropped), (2, max + 2));
        assert_eq!(total.if_dropped, max - 1);
        let total = counters.sample(&stat(2, 1, 4));
        assert_eq!(total.if_dropped, max + 5);
    }

    /// The system's counter was 100 before the capture, and the device is gone.
    #[test]
    fn drops_of_the_interface_never_decrease_or_jump() {
        let mut counters = Counters::default();
        let mut if_dropped = |ps_ifdrop| {
            let stat = sys::pcap_stat {
                ps_ifdrop,
                ..sys::empty_stat()
            };
            counters.sample(&stat).if_dropped
        };
        assert_eq!(if_dropped(7), 7);
        assert_eq!(if_dropped(7_u32.wrapping_sub(107)), 7);
        assert_eq!(if_dropped(7_u32.wrapping_sub(107)), 7);
        assert_eq!(if_dropped(7_u32.wrapping_sub(104)), 10);
    }
}
