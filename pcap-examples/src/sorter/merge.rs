//! Merges sorted runs.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;

use pcap_core::Timestamp;

use crate::exit::Outcome;
use crate::sorter::Item;
use crate::sorter::run::{MemoryRun, Run, RunReader};

/// Merges sorted runs. Among items with the same time, those of the first run come first, and those in memory last.
pub(super) struct Merge<'a> {
    readers: Vec<RunReader>,
    memory: MemoryRun<'a>,
    /// The times of the current items, with the numbers of their runs. The top is the earliest.
    heads: BinaryHeap<Reverse<(Timestamp, usize)>>,
    /// Whether the top is the item that was returned last.
    is_used: bool,
}

impl<'a> Merge<'a> {
    pub(super) fn new(runs: Vec<Run>, memory: MemoryRun<'a>) -> Outcome<Merge<'a>> {
        let mut merge = Merge {
            readers: runs.into_iter().map(RunReader::new).collect(),
            memory,
            heads: BinaryHeap::new(),
            is_used: false,
        };
        for (index, reader) in merge.readers.iter_mut().enumerate() {
            if reader.advance()? {
                merge.heads.push(Reverse((reader.item().time, index)));
            }
        }
        if let Some(item) = merge.memory.item() {
            merge.heads.push(Reverse((item.time, merge.readers.len())));
        }
        Ok(merge)
    }

    /// Returns the next item.
    pub(super) fn next(&mut self) -> Outcome<Option<Item<'_>>> {
        if self.is_used
            && let Some(mut top) = self.heads.peek_mut()
        {
            let Reverse((_, index)) = *top;
            let time = match self.readers.get_mut(index) {
                Some(reader) => reader.advance()?.then(|| reader.item().time),
                None => {
                    self.memory.advance();
                    self.memory.item().map(|item| item.time)
                }
            };
            match time {
                Some(time) => *top = Reverse((time, index)),
                None => drop(PeekMut::pop(top)),
            }
        }
        self.is_used = true;
        let top = self.heads.peek();
        Ok(
            top.and_then(|&Reverse((_, index))| match self.readers.get(index) {
                Some(reader) => Some(reader.item()),
                None => self.memory.item(),
            }),
        )
    }
}
