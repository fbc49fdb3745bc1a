//! Sorts packets by time, with bounded memory.

mod merge;
mod run;

use pcap_core::Timestamp;

use crate::exit::Outcome;
use crate::sorter::merge::Merge;
use crate::sorter::run::{MemoryRun, Run, RunWriter};

/// The most runs that are merged at once. Each has an open file and a buffer.
const MAX_RUNS: usize = 64;

/// A packet or another block to sort.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Item<'a> {
    /// The time that determines its position. Items with the same time keep their order.
    pub time: Timestamp,
    /// A number for the caller, such as that of the packet in the input.
    pub number: u64,
    /// The length on the wire.
    pub wire_len: u32,
    /// A further number for the caller, such as a link type or the type of a block.
    pub kind: u32,
    /// The bytes.
    pub data: &'a [u8],
}

/// Collects items and returns them in the order of their times.
///
/// If they exceed the memory, the sorter writes them to temporary files as sorted runs, which it merges in the end.
#[derive(Debug)]
pub struct Sorter {
    max_bytes: usize,
    /// The items in memory, as in a run.
    bytes: Vec<u8>,
    /// The times and positions of these items.
    places: Vec<(Timestamp, usize)>,
    /// The runs. Those of a level were merged from as many runs of the level before it.
    levels: Vec<Vec<Run>>,
    max_runs: usize,
}

impl Sorter {
    /// Creates a sorter that uses about this much memory.
    #[must_use]
    pub fn new(max_bytes: u64) -> Sorter {
        Sorter {
            max_bytes: usize::try_from(max_bytes).unwrap_or(usize::MAX),
            bytes: Vec::new(),
            places: Vec::new(),
            levels: Vec::new(),
            max_runs: MAX_RUNS,
        }
    }

    /// Adds an item.
    ///
    /// # Errors
    ///
    /// Returns an error if a temporary file cannot be written.
    #[inline]
    pub fn push(&mut self, item: &Item<'_>) -> Outcome {
        self.places.push((item.time, self.bytes.len()));
        run::push(&mut self.bytes, item);
        let used = self.bytes.len() + self.places.len() * size_of::<(Timestamp, usize)>();
        match used >= self.max_bytes {
            true => self.write_run(),
            false => Ok(()),
        }
    }

    /// Calls a closure with each item, in the order of their times, and removes them all. Stops when the closure fails.
    ///
    /// # Errors
    ///
    /// Returns an error if a temporary file cannot be read or written, and the first error of the closure.
    pub fn drain(&mut self, mut visit: impl FnMut(&Item<'_>) -> Outcome) -> Outcome {
        self.sort();
        if self.levels.is_empty() {
            for &(_, at) in &self.places {
                visit(&run::item(&self.bytes[at..]))?;
            }
        } else {
            // The runs of the highest level are the earliest.
            while self.levels.iter().map(Vec::len).sum::<usize>() > self.max_runs {
                self.merge_lowest()?;
            }
            let runs = self.levels.drain(..).rev().flatten();
            // The items in memory are the last.
            let last = MemoryRun::new(&self.bytes, &self.places);
            let mut merge = Merge::new(runs.collect(), last)?;
            while let Some(item) = merge.next()? {
                visit(&item)?;
            }
        }
        self.bytes.clear();
        self.places.clear();
        Ok(())
    }

    fn sort(&mut self) {
        self.places.sort_by_key(|&(time, _)| time);
    }

    /// Writes the items in memory to a run.
    #[cold]
    fn write_run(&mut self) -> Outcome {
        self.sort();
        let mut writer = RunWriter::create()?;
        for &(_, at) in &self.places {
            writer.write(run::encoded(&self.bytes[at..]))?;
        }
        self.bytes.clear();
        self.places.clear();
        self.add_run(writer.finish()?, 0)
    }

    /// Adds a run to a level. Merges the level if it is full.
    fn add_run(&mut self, run: Run, level: usize) -> Outcome {
        if self.levels.len() == level {
            self.levels.push(Vec::new());
        }
        self.levels[level].push(run);
        match self.levels[level].len() >= self.max_runs {
            true => self.merge_level(level),
            false => Ok(()),
        }
    }

    /// Merges the lowest level that has runs, so that fewer runs are left.
    fn merge_lowest(&mut self) -> Outcome {
        let level = self.levels.iter().position(|level| !level.is_empty());
        level.map_or(Ok(()), |level| self.merge_level(level))
    }

    fn merge_level(&mut self, level: usize) -> Outcome {
        let runs = std::mem::take(&mut self.levels[level]);
        let mut merge = Merge::new(runs, MemoryRun::new(&[], &[]))?;
        let mut writer = RunWriter::create()?;
        while let Some(item) = merge.next()? {
            writer.write_item(&item)?;
        }
        self.add_run(writer.finish()?, level + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sorts items with these times in seconds, and returns the times and numbers. `max_bytes` is the memory.
    fn sorted(times: &[i64], max_bytes: u64, max_runs: usize) -> Vec<(i64, u64)> {
        let mut sorter = Sorter::new(max_bytes);
        sorter.max_runs = max_runs;
        let mut found = Vec::new();
        // A sorter can be used again.
        for _ in 0..2 {
            found.clear();
            for (number, &secs) in times.iter().enumerate() {
                let data = vec![number as u8; number % 7];
                let item = Item {
                    time: Timestamp::new(secs, 1),
                    number: number as u64,
                    wire_len: 60,
                    kind: 5,
                    data: &data,
                };
                sorter.push(&item).unwrap();
            }
            let visit = |item: &Item<'_>| {
                assert_eq!((item.wire_len, item.kind), (60, 5));
                let number = item.number;
                assert_eq!(item.data, vec![number as u8; number as usize % 7]);
                found.push((item.time.secs(), number));
                Ok(())
            };
            sorter.drain(visit).unwrap();
        }
        found
    }

    #[test]
    fn items_are_sorted_and_equal_times_keep_their_order() {
        let times: Vec<i64> = (0..500).map(|n| (n * 7919) % 97 - 40).collect();
        let mut expected: Vec<_> = times.iter().copied().zip(0..).collect();
        expected.sort_by_key(|&(time, _)| time);
        for max_bytes in [1 << 20, 20_000, 1_000, 1] {
            for max_runs in [2, 3, 64] {
                assert_eq!(sorted(&times, max_bytes, max_runs), expected, "{max_bytes}");
            }
        }
        assert!(sorted(&[], 1_000, 2).is_empty());
    }

    #[test]
    fn an_error_of_the_closure_is_returned() {
        let mut sorter = Sorter::new(100);
        let item = Item {
            time: Timestamp::EPOCH,
            number: 1,
            wire_len: 2,
            kind: 3,
            data: &[0; 90],
        };
        (0..5).for_each(|_| sorter.push(&item).unwrap());
        let drained = sorter.drain(|_| Err(crate::exit::Failure::Reported));
        assert!(drained.is_err());
    }
}
