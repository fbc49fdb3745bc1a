//! The packets and bytes of each second.

use std::collections::VecDeque;

/// The number of seconds that are kept: a day.
pub(crate) const MAX_SECONDS: usize = 86_400;

/// Seconds farther from 1970 count as this one, so that sums cannot overflow.
const FARTHEST: i64 = 1 << 60;

/// What was counted in a second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Second {
    pub(crate) packets: u64,
    pub(crate) bytes: u64,
}

/// The counts of the last seconds. Its memory is bounded, whatever the times are.
#[derive(Clone, Debug, Default)]
pub(crate) struct Series {
    /// The time of the first element of `seconds`.
    first: i64,
    seconds: VecDeque<Second>,
}

impl Series {
    /// Counts packets in a second. If it is older than those that are kept, they count in none.
    #[inline]
    pub(crate) fn add(&mut self, second: i64, counts: Second) {
        let index = second.checked_sub(self.first);
        if let Some(index) = index.and_then(|index| usize::try_from(index).ok())
            && let Some(kept) = self.seconds.get_mut(index)
        {
            kept.packets += counts.packets;
            kept.bytes += counts.bytes;
            return;
        }
        self.add_new(second, counts);
    }

    #[cold]
    fn add_new(&mut self, second: i64, counts: Second) {
        let second = second.clamp(-FARTHEST, FARTHEST);
        if self.seconds.is_empty() {
            self.first = second;
        }
        if second < self.first {
            // Packets may be out of order, so earlier seconds are added if there is room.
            let missing = self.first.abs_diff(second);
            if missing + self.seconds.len() as u64 > MAX_SECONDS as u64 {
                return;
            }
            for _ in 0..missing {
                self.seconds.push_front(Second::default());
            }
            self.first = second;
        }
        self.extend_to(second);
        if let Some(index) = second.checked_sub(self.first)
            && let Some(kept) = self.seconds.get_mut(index as usize)
        {
            kept.packets += counts.packets;
            kept.bytes += counts.bytes;
        }
    }

    /// Adds empty seconds up to this one, such as the current one.
    pub(crate) fn extend_to(&mut self, second: i64) {
        let second = second.clamp(-FARTHEST, FARTHEST);
        if self.seconds.is_empty() {
            self.first = second;
        }
        let Some(last) = second.checked_sub(self.first).filter(|last| *last >= 0) else {
            return;
        };
        if last as u64 >= self.seconds.len() as u64 + MAX_SECONDS as u64 {
            self.seconds.clear();
            self.first = second;
        }
        while (self.first + self.seconds.len() as i64) <= second {
            if self.seconds.len() == MAX_SECONDS {
                self.seconds.pop_front();
                self.first += 1;
            }
            self.seconds.push_back(Second::default());
        }
    }

    /// Adds the counts of another series.
    pub(crate) fn merge(&mut self, other: &Series) {
        for (second, &counts) in (other.first..).zip(&other.seconds) {
            self.add(second, counts);
        }
    }

    /// Returns the number of seconds from the first to the last.
    pub(crate) fn len(&self) -> usize {
        self.seconds.len()
    }

    /// Returns the second after the last one.
    pub(crate) fn end(&self) -> i64 {
        self.first.saturating_add(self.seconds.len() as i64)
    }

    /// Returns the greatest numbers of packets and of bytes in a second, among the last `span` ones. With `is_live`, the
    /// last second is not over, so it does not count.
    pub(crate) fn greatest(&self, span: usize, is_live: bool) -> (u64, u64) {
        let length = self.seconds.len().saturating_sub(usize::from(is_live));
        let seconds = self.seconds.range(length.saturating_sub(span)..length);
        seconds.fold((0, 0), |(packets, bytes), second| {
            (packets.max(second.packets), bytes.max(second.bytes))
        })
    }

    /// Returns the mean of each of `columns` equal parts of the last `span` seconds, as packets and bytes per second. A
    /// part before the first second is `None`. With `is_live`, the last second is not over, so it does not count.
    pub(crate) fn columns(
        &self,
        span: usize,
        columns: usize,
        is_live: bool,
    ) -> Vec<Option<(f64, f64)>> {
        let length = self.seconds.len().saturating_sub(usize::from(is_live));
        let column = |index: usize| {
            // Counted from the end, because the last column ends now.
            let from_end = |part: usize| (columns - part) * span / columns;
            let (begin, end) = (from_end(index), from_end(index + 1));
            let begin = begin.max(end + 1);
            let seconds = length.checked_sub(end).filter(|end| *end > 0)?;
            let range = length.saturating_sub(begin)..seconds;
            let count = range.len() as f64;
            let (mut packets, mut bytes) = (0, 0);
            for second in self.seconds.range(range) {
                packets += second.packets;
                bytes += second.bytes;
            }
            Some((packets as f64 / count, bytes as f64 / count))
        };
        (0..columns).map(column).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(bytes: u64) -> Second {
        Second { packets: 1, bytes }
    }

    fn bytes(series: &Series, span: usize, columns: usize) -> Vec<Option<f64>> {
        let columns = series.columns(span, columns, false);
        columns.iter().map(|c| c.map(|(_, bytes)| bytes)).collect()
    }

    #[test]
    fn seconds_become_columns() {
        let mut series = Series::default();
        series.add(100, one(10));
        series.add(103, one(40));
        series.add(101, one(20));
        series.add(99, one(6));
        assert_eq!(
            bytes(&series, 6, 6),
            [
                None,
                Some(6.0),
                Some(10.0),
                Some(20.0),
                Some(0.0),
                Some(40.0)
            ]
        );
        assert_eq!(bytes(&series, 6, 3), [Some(6.0), Some(15.0), Some(20.0)]);
        assert_eq!(series.greatest(6, false), (1, 40));
        assert_eq!(series.greatest(6, true), (1, 20));
        assert_eq!(series.greatest(0, false), (0, 0));
        // Each second fills two columns.
        assert_eq!(
            bytes(&series, 2, 4),
            [Some(0.0), Some(0.0), Some(40.0), Some(40.0)]
        );
        assert_eq!(series.columns(1, 1, true), [Some((0.0, 0.0))]);
        series.extend_to(105);
        assert_eq!(bytes(&series, 3, 3), [Some(40.0), Some(0.0), Some(0.0)]);
    }

    #[test]
    fn any_times_need_bounded_memory() {
        let mut series = Series::default();
        for second in [0, i64::MAX, i64::MIN, 5, -1, 1 << 40, i64::MAX - 1, 0] {
            series.add(second, one(1));
            series.extend_to(second);
            assert!(series.len() <= MAX_SECONDS);
        }
        let mut series = Series::default();
        for second in 0..MAX_SECONDS as i64 + 10 {
            series.add(second, one(1));
        }
        assert_eq!(series.len(), MAX_SECONDS);
        let mut sum = Series::default();
        sum.merge(&series);
        assert_eq!(sum.columns(MAX_SECONDS, 1, false), [Some((1.0, 1.0))]);
    }
}
