//! Counts packets over time, in a bounded number of intervals.

use std::collections::VecDeque;
use std::time::Duration;

use pcap_core::Timestamp;

use super::Counts;
use super::nanos;

const MILLISECOND: i64 = 1_000_000;
const SECOND: i64 = 1000 * MILLISECOND;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// The intervals that people use, in nanoseconds. Each is a multiple of the one before.
const INTERVALS: [i64; 18] = [
    MILLISECOND,
    5 * MILLISECOND,
    10 * MILLISECOND,
    50 * MILLISECOND,
    100 * MILLISECOND,
    500 * MILLISECOND,
    SECOND,
    5 * SECOND,
    10 * SECOND,
    30 * SECOND,
    MINUTE,
    5 * MINUTE,
    10 * MINUTE,
    30 * MINUTE,
    HOUR,
    6 * HOUR,
    12 * HOUR,
    DAY,
];

/// Returns how many times as long the next longer interval is.
fn step(interval: i64) -> i64 {
    let known = INTERVALS.iter().position(|&known| known == interval);
    match known.and_then(|index| INTERVALS.get(index + 1)) {
        Some(next) => next / interval,
        None => 2,
    }
}

/// The packets over time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rates {
    /// The time at which the first interval begins.
    pub start: Timestamp,
    /// The length of each interval.
    pub interval: Duration,
    /// The packets of each interval. Empty if no packet has a time.
    pub buckets: Vec<Counts>,
}

impl Rates {
    /// Returns the same packets in at most this number of intervals, which may be longer.
    #[must_use]
    pub fn with_at_most(&self, buckets: usize) -> Rates {
        let mut grid = Grid {
            interval: i64::try_from(self.interval.as_nanos()).unwrap_or(i64::MAX),
            first: 0,
            buckets: self.buckets.clone().into(),
            limit: buckets.max(2),
        };
        grid.first = nanos::of(self.start).div_euclid(grid.interval);
        while grid.buckets.len() > grid.limit {
            grid.lengthen();
        }
        grid.rates()
    }
}

/// What a [`Grid`] has in each interval.
pub(super) trait Bucket: Clone + Default {
    /// Adds the content of another bucket.
    fn merge(&mut self, other: Self);
}

impl Bucket for Counts {
    fn merge(&mut self, other: Counts) {
        *self += other;
    }
}

/// Buckets for intervals of the same length, which begin at multiples of it. There are never more than the limit:
/// the intervals become longer instead.
#[derive(Clone, Debug)]
pub(super) struct Grid<B> {
    /// The length of the intervals, in nanoseconds.
    interval: i64,
    /// The number of the first interval, counted from the epoch.
    first: i64,
    /// Packets may arrive in any order, so that buckets are added at both ends.
    buckets: VecDeque<B>,
    limit: usize,
}

impl<B: Bucket> Grid<B> {
    /// Creates a grid without buckets, for intervals of at least this length.
    pub(super) fn new(limit: usize, interval: Duration) -> Grid<B> {
        let interval = i64::try_from(interval.as_nanos()).unwrap_or(i64::MAX);
        Grid {
            interval: interval.max(1),
            first: 0,
            buckets: VecDeque::new(),
            limit: limit.max(2),
        }
    }

    /// Returns the bucket for a time.
    pub(super) fn at(&mut self, time: i64) -> &mut B {
        let mut number = time.div_euclid(self.interval);
        if self.buckets.is_empty() {
            self.first = number;
            self.buckets.push_back(B::default());
        }
        loop {
            let first = self.first.min(number);
            let last = (self.first + (self.buckets.len() as i64 - 1)).max(number);
            // The difference of two times need not fit in 64 bits.
            if i128::from(last) - i128::from(first) < self.limit as i128 {
                break;
            }
            self.lengthen();
            number = time.div_euclid(self.interval);
        }
        for _ in number..self.first {
            self.buckets.push_front(B::default());
        }
        self.first = self.first.min(number);
        let index = (number - self.first) as usize;
        if index >= self.buckets.len() {
            self.buckets.resize(index + 1, B::default());
        }
        &mut self.buckets[index]
    }

    /// Makes the intervals longer.
    fn lengthen(&mut self) {
        let step = step(self.interval);
        let first = self.first.div_euclid(step);
        let mut merged: Vec<B> = Vec::with_capacity(self.buckets.len() / step as usize + 2);
        for (offset, bucket) in std::mem::take(&mut self.buckets).into_iter().enumerate() {
            let number = self.first + offset as i64;
            let index = (number.div_euclid(step) - first) as usize;
            match merged.get_mut(index) {
                Some(earlier) => earlier.merge(bucket),
                None => merged.push(bucket),
            }
        }
        self.first = first;
        self.buckets = merged.into();
        self.interval = self.interval.saturating_mul(step);
    }

    /// Returns the time at which an interval begins, in nanoseconds.
    fn start_of(&self, index: usize) -> i64 {
        (self.first + index as i64).saturating_mul(self.interval)
    }

    /// Returns the time at which the first interval begins and the length of an interval, in nanoseconds, and the buckets.
    pub(super) fn parts(&self) -> (i64, i64, &VecDeque<B>) {
        (self.start_of(0), self.interval, &self.buckets)
    }

    /// Returns the times at which the interval of a time begins and ends.
    pub(super) fn range(&self, time: i64) -> (i64, i64) {
        let start = time.div_euclid(self.interval).saturating_mul(self.interval);
        (start, start.saturating_add(self.interval - 1))
    }

    /// Returns all buckets.
    pub(super) fn buckets_mut(&mut self) -> &mut VecDeque<B> {
        &mut self.buckets
    }

    /// Returns a grid with what the closure returns for each bucket.
    pub(super) fn map(&self, convert: impl Fn(&B) -> B) -> Grid<B> {
        Grid {
            buckets: self.buckets.iter().map(convert).collect(),
            ..*self
        }
    }

    /// Adds the buckets of another grid.
    pub(super) fn merge(&mut self, other: Grid<B>) {
        while self.interval < other.interval {
            self.lengthen();
        }
        for (index, bucket) in other.buckets.iter().enumerate() {
            self.at(other.start_of(index)).merge(bucket.clone());
        }
    }
}

impl Grid<Counts> {
    /// Returns the packets over time.
    pub(super) fn rates(&self) -> Rates {
        Rates {
            start: nanos::to_time(self.start_of(0)),
            interval: Duration::from_nanos(self.interval as u64),
            buckets: self.buckets.iter().copied().collect(),
        }
    }
}
