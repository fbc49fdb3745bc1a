//! Decides when to send each packet of a replay: at the pace of the savefile, at a rate, or as fast as possible.

use std::hint;
use std::thread;
use std::time::{Duration, Instant};

use pcap_core::Timestamp;

/// How fast to send packets.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pace {
    /// At this multiple of the pace in the savefile.
    Speed(f64),
    /// At this number of packets per second.
    PacketsPerSecond(f64),
    /// At this number of millions of bits per second.
    MegabitsPerSecond(f64),
    /// As fast as possible.
    Unlimited,
}

/// If the time of a packet is earlier than the previous one by less than this, the packets were reordered. Otherwise
/// the clock was set back.
const REORDERED: Duration = Duration::from_secs(1);

/// The length of the busy wait at the end of each wait. A sleep may end this late.
const BUSY_WAIT: Duration = Duration::from_micros(200);

/// The longest sleep before the program checks again for a request to end.
const MAX_SLEEP: Duration = Duration::from_millis(20);

/// Computes the time at which to send each packet, relative to the first packet. So delays do not accumulate.
#[derive(Debug)]
pub struct SendSchedule {
    pace: Pace,
    packets: u64,
    bytes: u64,
    /// The sum of the gaps between packet times so far. Backward steps do not count.
    passed: Duration,
    latest: Option<Timestamp>,
    /// The maximum gap between two packets.
    max_gap: Duration,
    /// The pause between two loops, and the sum of these pauses so far.
    loop_delay: Duration,
    paused: Duration,
}

impl SendSchedule {
    /// Creates a schedule before its first packet.
    #[must_use]
    pub fn new(pace: Pace) -> SendSchedule {
        SendSchedule {
            pace,
            packets: 0,
            bytes: 0,
            passed: Duration::ZERO,
            latest: None,
            max_gap: Duration::MAX,
            loop_delay: Duration::ZERO,
            paused: Duration::ZERO,
        }
    }

    /// Sets the maximum gap between two packets in the savefile. Default: none.
    #[must_use]
    pub fn max_gap(self, max_gap: Duration) -> SendSchedule {
        SendSchedule { max_gap, ..self }
    }

    /// Sets the pause between two loops. Default: none.
    #[must_use]
    pub fn loop_delay(self, loop_delay: Duration) -> SendSchedule {
        SendSchedule { loop_delay, ..self }
    }

    /// Begins another file. The next packet is due immediately after the previous one.
    pub fn begin_file(&mut self) {
        self.latest = None;
    }

    /// Begins a loop over the savefiles. The next packet is due immediately after the previous one, or after the pause
    /// between loops.
    pub fn begin_loop(&mut self) {
        self.begin_file();
        if self.packets > 0 {
            self.paused = self.paused.saturating_add(self.loop_delay);
        }
    }

    /// Returns how long after the first packet to send the next packet, given its time and length. `None` means
    /// immediately.
    pub fn next_offset(&mut self, time: Timestamp, length: u32) -> Option<Duration> {
        let offset = match self.pace {
            Pace::Unlimited => return None,
            Pace::Speed(speed) => {
                self.add_gap(time);
                // Avoid rounding at the original speed.
                if speed == 1.0 {
                    self.passed
                } else {
                    seconds(self.passed.as_secs_f64() / speed)
                }
            }
            Pace::PacketsPerSecond(rate) => seconds(self.packets as f64 / rate),
            Pace::MegabitsPerSecond(rate) => seconds(self.bytes as f64 * 8.0 / (rate * 1e6)),
        };
        self.packets += 1;
        self.bytes += u64::from(length);
        Some(offset.saturating_add(self.paused))
    }

    /// Adds the gap between the previous packet and this one.
    fn add_gap(&mut self, time: Timestamp) {
        let Some(latest) = self.latest else {
            self.latest = Some(time);
            return;
        };
        match time.checked_duration_since(latest) {
            Some(gap) => self.passed = self.passed.saturating_add(gap.min(self.max_gap)),
            None => match latest.checked_duration_since(time) {
                Some(back) if back < REORDERED => return,
                _ => {}
            },
        }
        self.latest = Some(time);
    }
}

/// Converts a number of seconds to a duration, saturating at the maximum.
fn seconds(number: f64) -> Duration {
    Duration::try_from_secs_f64(number).unwrap_or(Duration::MAX)
}

/// Waits until `offset` after `start`, as precisely as possible.
///
/// Returns how late the wait ended, or `None` if `is_stopped` returned `true`.
pub fn wait_until(
    start: Instant,
    offset: Duration,
    is_stopped: impl Fn() -> bool,
) -> Option<Duration> {
    loop {
        if is_stopped() {
            return None;
        }
        let left = match offset.checked_sub(start.elapsed()) {
            None | Some(Duration::ZERO) => return Some(start.elapsed().saturating_sub(offset)),
            Some(left) => left,
        };
        if left > BUSY_WAIT {
            thread::sleep((left - BUSY_WAIT).min(MAX_SLEEP));
        } else {
            hint::spin_loop();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offsets(pace: Pace, times: &[(i64, i64)]) -> Vec<Option<Duration>> {
        let mut schedule = SendSchedule::new(pace);
        let next = |&(secs, nanos)| schedule.next_offset(Timestamp::new(secs, nanos), 1250);
        times.iter().map(next).collect()
    }

    fn millis(list: &[u64]) -> Vec<Option<Duration>> {
        list.iter()
            .map(|&n| Some(Duration::from_millis(n)))
            .collect()
    }

    #[test]
    fn speed_scales_the_gaps_between_packets() {
        let times = [(5, 0), (5, 10_000_000), (6, 0)];
        assert_eq!(offsets(Pace::Speed(1.0), &times), millis(&[0, 10, 1000]));
        assert_eq!(offsets(Pace::Speed(2.0), &times), millis(&[0, 5, 500]));
        assert_eq!(offsets(Pace::Speed(0.5), &times), millis(&[0, 20, 2000]));
        assert_eq!(offsets(Pace::Unlimited, &times), [None; 3]);
    }

    #[test]
    fn backward_times_cause_no_wait() {
        // Reordered packets do not delay the packets after them.
        let reordered = [(5, 0), (5, 20_000_000), (5, 10_000_000), (5, 30_000_000)];
        assert_eq!(
            offsets(Pace::Speed(1.0), &reordered),
            millis(&[0, 20, 20, 30])
        );
        // The clock was set back.
        let set = [(5, 0), (6, 0), (1, 0), (2, 0)];
        assert_eq!(
            offsets(Pace::Speed(1.0), &set),
            millis(&[0, 1000, 1000, 2000])
        );
        let far = [(i64::MIN, 0), (i64::MAX, 0), (i64::MIN, 0)];
        assert_eq!(offsets(Pace::Speed(1.0), &far).len(), 3);
    }

    #[test]
    fn rates_are_relative_to_the_first_packet() {
        let times = [(0, 0); 4];
        assert_eq!(
            offsets(Pace::PacketsPerSecond(100.0), &times),
            millis(&[0, 10, 20, 30])
        );
        // Each packet has 10 000 bits.
        assert_eq!(
            offsets(Pace::MegabitsPerSecond(1.0), &times),
            millis(&[0, 10, 20, 30])
        );
        let never = offsets(Pace::PacketsPerSecond(1e-300), &times)[1];
        assert_eq!(never, Some(Duration::MAX));
    }

    #[test]
    fn a_loop_begins_right_after_the_previous_one() {
        let mut schedule = SendSchedule::new(Pace::Speed(1.0));
        for round in 0..3 {
            schedule.begin_loop();
            for second in 0..2 {
                let offset = schedule.next_offset(Timestamp::new(100 + second, 0), 60);
                assert_eq!(offset, Some(Duration::from_secs(round + second as u64)));
            }
        }
    }

    #[test]
    fn gaps_are_limited_and_loops_pause() {
        let second = Duration::from_secs(1);
        let mut schedule = SendSchedule::new(Pace::Speed(2.0))
            .max_gap(4 * second)
            .loop_delay(10 * second);
        let mut offsets = Vec::new();
        for _ in 0..2 {
            schedule.begin_loop();
            for time in [0, 2, 100] {
                let offset = schedule.next_offset(Timestamp::new(time, 0), 60);
                offsets.extend(offset.map(|offset| offset.as_secs()));
            }
        }
        assert_eq!(offsets, [0, 1, 3, 13, 14, 16]);
    }

    #[test]
    fn a_wait_is_long_enough_and_can_be_stopped() {
        let start = Instant::now();
        let offset = Duration::from_millis(30);
        let late = wait_until(start, offset, || false).unwrap();
        assert!(start.elapsed() >= offset + late);
        let ten = || start.elapsed() > Duration::from_millis(40);
        assert_eq!(wait_until(start, Duration::MAX, ten), None);
        assert!(start.elapsed() < Duration::from_secs(10));
    }
}
