//! Merges sorted runs.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;

use pcap_core::Timestamp;

use crate::exit::Outcome;
use crate::sorter::Item;
use crate::sorter::run::{Run, RunReader};

/// Merges sorted runs. Among items with the same time, those of the first run come first.
pub(super) struct Merge {
    readers: Vec<RunReader>,
    /// The times of the current items. The top is the earliest.
    heads: BinaryHeap<Reverse<(Timestamp, usize)>>,
    /// Whether the top is the item that was returned last.
    is_used: bool,
}

impl Merge {
    pub(super) fn new(runs: Vec<Run>) -> Outcome<Merge> {
        let mut merge = Merge {
            readers: runs.into_iter().map(RunReader::new).collect(),
            heads: BinaryHeap::new(),
            is_used: false,
        };
        for (index, reader) in merge.readers.iter_mut().enumerate() {
            if reader.advance()? {
                merge.heads.push(Reverse((reader.item().time, index)));
            }
        }
        Ok(merge)
    }

    /// Returns the next item.
    pub(super) fn next(&mut self) -> Outcome<Option<Item<'_>>> {
        if self.is_used {
            if let Some(mut top) = self.heads.peek_mut() {
                let Reverse((_, index)) = *top;
                let reader = &mut self.readers[index];
                match reader.advance()? {
                    true => *top = Reverse((reader.item().time, index)),
                    false => drop(PeekMut::pop(top)),
                }
            }
        }
        self.is_used = true;
        let top = self.heads.peek();
        Ok(top.map(|&Reverse((_, index))| self.readers[index].item()))
    }
}
