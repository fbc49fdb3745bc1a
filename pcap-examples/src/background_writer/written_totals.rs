//! The totals of outputs that follow each other.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{BackgroundWriter, Totals};
use crate::rotation::CompressionRatio;

/// The totals of the packets that several background writers have written. Clones share the totals.
#[derive(Clone, Debug, Default)]
pub struct WrittenTotals(Arc<Mutex<Sum>>);

#[derive(Debug, Default)]
struct Sum {
    /// The totals of the outputs that were closed.
    closed: Totals,
    /// The other outputs.
    others: Vec<BackgroundWriter>,
}

impl WrittenTotals {
    /// Adds an output.
    pub fn add(&self, background_writer: BackgroundWriter) {
        let mut sum = self.lock();
        let others = std::mem::take(&mut sum.others);
        for other in others {
            if other.is_closed() {
                sum.closed += other.written_totals();
            } else {
                sum.others.push(other);
            }
        }
        sum.others.push(background_writer);
    }

    /// Returns the totals of the packets that were written completely.
    #[must_use]
    pub fn totals(&self) -> Totals {
        let sum = self.lock();
        let mut totals = sum.closed;
        for other in &sum.others {
            totals += other.written_totals();
        }
        totals
    }

    /// Estimates the number of bytes that the data in the queues will need.
    pub(crate) fn expected_bytes(&self, ratio: &CompressionRatio) -> u64 {
        let sum = self.lock();
        let others = sum.others.iter();
        let expected = others.map(|other| {
            let expected = other.expected_length(0, ratio);
            expected.saturating_sub(other.output_bytes())
        });
        expected.sum()
    }

    fn lock(&self) -> MutexGuard<'_, Sum> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl From<BackgroundWriter> for WrittenTotals {
    fn from(background_writer: BackgroundWriter) -> WrittenTotals {
        let totals = WrittenTotals::default();
        totals.add(background_writer);
        totals
    }
}
