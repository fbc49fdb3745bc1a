//! Counts packets over time, in a bounded number of intervals.

use std::time::Duration;

use pcap_core::Timestamp;

use super::Counts;
use super::nanos;

/// The shortest interval, in nanoseconds.
const SHORTEST: i64 = 1_000_000;

/// The packets over time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rates {
    /// The time at which the first interval begins.
    pub start: Timestamp,
    /// The length of each interval: a power of two, in milliseconds.
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
            buckets: self.buckets.clone(),
            limit: buckets.max(2),
        };
        grid.first = nanos::of(self.start).div_euclid(grid.interval);
        while grid.buckets.len() > grid.limit {
            grid.double();
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
/// the interval becomes twice as long instead.
#[derive(Clone, Debug)]
pub(super) struct Grid<B> {
    /// The length of the intervals, in nanoseconds.
    interval: i64,
    /// The number of the first interval, counted from the epoch.
    first: i64,
    buckets: Vec<B>,
    limit: usize,
}

impl<B: Bucket> Grid<B> {
    pub(super) fn new(limit: usize) -> Grid<B> {
        Grid {
            interval: SHORTEST,
            first: 0,
            buckets: Vec::new(),
            limit: limit.max(2),
        }
    }

    /// Returns the bucket for a time.
    pub(super) fn at(&mut self, time: i64) -> &mut B {
        let mut number = time.div_euclid(self.interval);
        if self.buckets.is_empty() {
            self.first = number;
            self.buckets.push(B::default());
        }
        loop {
            let first = self.first.min(number);
            let last = (self.first + self.buckets.len() as i64 - 1).max(number);
            // The difference of two times need not fit in 64 bits.
            if i128::from(last) - i128::from(first) < self.limit as i128 {
                break;
            }
            self.double();
            number = time.div_euclid(self.interval);
        }
        if number < self.first {
            let missing = (self.first - number) as usize;
            self.buckets
                .splice(0..0, std::iter::repeat_n(B::default(), missing));
            self.first = number;
        }
        let index = (number - self.first) as usize;
        if index >= self.buckets.len() {
            self.buckets.resize(index + 1, B::default());
        }
        &mut self.buckets[index]
    }

    /// Makes each interval twice as long.
    fn double(&mut self) {
        let first = self.first.div_euclid(2);
        let mut merged: Vec<B> = Vec::with_capacity(self.buckets.len() / 2 + 1);
        for (number, bucket) in (self.first..).zip(std::mem::take(&mut self.buckets)) {
            let index = (number.div_euclid(2) - first) as usize;
            match merged.get_mut(index) {
                Some(earlier) => earlier.merge(bucket),
                None => merged.push(bucket),
            }
        }
        self.first = first;
        self.buckets = merged;
        self.interval = self.interval.saturating_mul(2);
    }

    /// Returns the time at which an interval begins, in nanoseconds.
    fn start_of(&self, index: usize) -> i64 {
        (self.first + index as i64).saturating_mul(self.interval)
    }

    /// Returns the time at which the first interval begins and the length of an interval, in nanoseconds, and the buckets.
    pub(super) fn parts(&self) -> (i64, i64, &[B]) {
        (self.start_of(0), self.interval, &self.buckets)
    }

    /// Adds the buckets of another grid.
    pub(super) fn merge(&mut self, other: Grid<B>) {
        while self.interval < other.interval {
            self.double();
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
            buckets: self.buckets.clone(),
        }
    }
}
