//! Successive time spans of the same length.

use std::time::Duration;

use jiff::tz::TimeZone;
use pcap_core::Timestamp;
use pcap_examples::rotation::boundary;

/// The nanoseconds of a second.
const SECOND: i128 = 1_000_000_000;

/// Time spans without gaps. The first begins at the first packet, or where the local time is a multiple of the length.
pub(crate) struct Spans {
    length: Duration,
    /// The local time zone, if the spans are aligned to the clock.
    zone: Option<TimeZone>,
    /// The start and the end of the current span, in nanoseconds since 1970.
    current: Option<(i128, i128)>,
}

impl Spans {
    pub(crate) fn new(length: Duration, is_aligned: bool) -> Spans {
        Spans {
            length,
            zone: is_aligned.then(TimeZone::system),
            current: None,
        }
    }

    /// Returns whether a packet with this time is later than the current span, and then advances to its span. Returns
    /// `false` for the first packet.
    pub(crate) fn is_over(&mut self, time: Timestamp) -> bool {
        let time = i128::from(time.secs()) * SECOND + i128::from(time.subsec_nanos());
        let length = self.length.as_nanos() as i128;
        let is_over = self.current.is_some_and(|(_, end)| time >= end);
        if self.current.is_some() && !is_over {
            return false;
        }
        self.current = Some(match (&self.zone, self.current) {
            (Some(zone), _) => {
                let start = boundary(zone, time, self.length, 0);
                (start, boundary(zone, time, self.length, 1))
            }
            (None, Some((start, _))) => {
                let start = start + (time - start) / length * length;
                (start, start + length)
            }
            (None, None) => (time, time + length),
        });
        is_over
    }

    /// Returns the start of the current span, if there was a packet with a time.
    pub(crate) fn start(&self) -> Option<Timestamp> {
        let (start, _) = self.current?;
        let nanos = start.rem_euclid(SECOND) as i64;
        Some(Timestamp::new(start.div_euclid(SECOND) as i64, nanos))
    }
}
