//! Counts packets: their lengths, times, order and gaps.

use std::collections::BTreeMap;
use std::time::Duration;

use pcap_core::{Dlt, Packet, Timestamp};

/// The totals of the selected packets of a savefile.
#[derive(Default)]
pub(crate) struct Totals {
    pub(crate) packets: u64,
    pub(crate) bytes: u64,
    pub(crate) captured_bytes: u64,
    pub(crate) truncated: u64,
    /// The least and the greatest length of truncated packets.
    pub(crate) inferred_snaplen: Option<(u32, u32)>,
    /// The times of the packets that have one.
    pub(crate) times: Option<Times>,
    pub(crate) disordered: u64,
    pub(crate) without_time: u64,
    pub(crate) largest_gap: Option<Gap>,
    linktypes: BTreeMap<Dlt, u64>,
    /// The link type of the last packets, and their number, which is not in the map yet.
    last_linktype: Option<(Dlt, u64)>,
}

/// The times of packets.
#[derive(Clone, Copy)]
pub(crate) struct Times {
    /// The time of the first packet.
    pub(crate) first: Timestamp,
    /// The time of the last packet, and its number in the savefile.
    pub(crate) last: Timestamp,
    last_number: u64,
    pub(crate) earliest: Timestamp,
    pub(crate) latest: Timestamp,
}

/// The time between a packet and the next one.
#[derive(Clone, Copy)]
pub(crate) struct Gap {
    /// The number of the packet before the gap.
    pub(crate) after: u64,
    /// The number of the packet behind it.
    pub(crate) before: u64,
    /// When the gap begins.
    pub(crate) start: Timestamp,
    pub(crate) length: Duration,
}

/// The average rates of packets.
pub(crate) struct Rates {
    pub(crate) packets_per_second: f64,
    pub(crate) bytes_per_second: f64,
}

impl Totals {
    /// Adds a link type that packets may have.
    pub(crate) fn add_linktype(&mut self, linktype: Dlt) {
        self.linktypes.entry(linktype).or_default();
    }

    /// Counts a packet with this number in the savefile.
    #[inline]
    pub(crate) fn count(
        &mut self,
        number: u64,
        linktype: Dlt,
        time: Option<Timestamp>,
        packet: Packet<'_>,
    ) {
        let caplen = packet.data().len() as u32;
        self.packets += 1;
        self.bytes += u64::from(packet.wire_len());
        self.captured_bytes += u64::from(caplen);
        if caplen < packet.wire_len() {
            self.truncated += 1;
            let (min, max) = self.inferred_snaplen.get_or_insert((caplen, caplen));
            *min = caplen.min(*min);
            *max = caplen.max(*max);
        }
        match &mut self.last_linktype {
            Some((last, packets)) if *last == linktype => *packets += 1,
            _ => self.begin_linktype(linktype),
        }
        match time {
            Some(time) => self.count_time(number, time),
            None => self.without_time += 1,
        }
    }

    #[inline]
    fn count_time(&mut self, number: u64, time: Timestamp) {
        let Some(times) = &mut self.times else {
            self.times = Some(Times {
                first: time,
                last: time,
                last_number: number,
                earliest: time,
                latest: time,
            });
            return;
        };
        let (last, last_number) = (times.last, times.last_number);
        (times.last, times.last_number) = (time, number);
        times.earliest = time.min(times.earliest);
        times.latest = time.max(times.latest);
        if time < last {
            self.disordered += 1;
            return;
        }
        let length = time.saturating_duration_since(last);
        let largest = self.largest_gap.map_or(Duration::ZERO, |gap| gap.length);
        if length > largest {
            self.largest_gap = Some(Gap {
                after: last_number,
                before: number,
                start: last,
                length,
            });
        }
    }

    #[cold]
    fn begin_linktype(&mut self, linktype: Dlt) {
        if let Some((last, packets)) = self.last_linktype.replace((linktype, 1)) {
            *self.linktypes.entry(last).or_default() += packets;
        }
    }

    /// Returns the link types, with the number of packets of each.
    pub(crate) fn linktypes(&self) -> Vec<(Dlt, u64)> {
        let mut linktypes = self.linktypes.clone();
        if let Some((last, packets)) = self.last_linktype {
            *linktypes.entry(last).or_default() += packets;
        }
        linktypes.into_iter().collect()
    }

    /// Returns the average length of a packet on the wire.
    pub(crate) fn average_len(&self) -> Option<f64> {
        (self.packets > 0).then(|| self.bytes as f64 / self.packets as f64)
    }

    /// Returns the time from the earliest to the latest packet.
    pub(crate) fn duration(&self) -> Option<Duration> {
        let times = self.times?;
        Some(times.latest.saturating_duration_since(times.earliest))
    }

    /// Returns the rates, unless all packets have the same time, or one has none.
    pub(crate) fn rates(&self) -> Option<Rates> {
        let seconds = self.duration()?.as_secs_f64();
        (seconds > 0.0 && self.without_time == 0).then(|| Rates {
            packets_per_second: self.packets as f64 / seconds,
            bytes_per_second: self.bytes as f64 / seconds,
        })
    }

    /// Returns whether no packet is earlier than the one before it, or `None` if that is unknown because packets have
    /// no time.
    pub(crate) fn is_ordered(&self) -> Option<bool> {
        match (self.disordered, self.without_time) {
            (0, 0) => Some(true),
            (0, _) => None,
            _ => Some(false),
        }
    }
}
