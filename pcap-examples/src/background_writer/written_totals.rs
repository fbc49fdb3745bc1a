//! The totals of outputs that follow each other.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{BackgroundWriter, Totals};

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

    /// Returns the number of bytes that the writer threads have not taken yet, before compression.
    pub(crate) fn queued_bytes(&self) -> u64 {
        let sum = self.lock();
        sum.others.iter().map(BackgroundWriter::queued_bytes).sum()
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
