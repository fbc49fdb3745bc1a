//! The progress of a program that copies packets from one savefile to another.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use indicatif::ProgressBar;

use crate::background_writer::Outlet;
use crate::exit;
use crate::savefile_writer::Savefile;
use crate::signals;

/// Counts the packets that were read and those that are written, and answers SIGUSR1 and SIGUSR2.
#[derive(Clone, Debug)]
pub struct Copying {
    read: Arc<AtomicU64>,
    outlet: Outlet,
    bar: ProgressBar,
}

impl Copying {
    /// Starts counting for a savefile. Lines are printed above the bar.
    #[must_use]
    pub fn new(savefile: &Savefile, bar: &ProgressBar) -> Copying {
        let copying = Copying {
            read: Arc::default(),
            outlet: savefile.outlet().clone(),
            bar: bar.clone(),
        };
        let asked = copying.clone();
        signals::on_report(move || asked.bar.suspend(|| asked.tell()));
        let outlet = copying.outlet.clone();
        signals::on_flush(move || outlet.hurry());
        copying
    }

    /// Sets the number of packets that were read.
    pub fn read(&self, packets: u64) {
        self.read.store(packets, Ordering::Relaxed);
    }

    /// Returns the number of packets in the savefile.
    #[must_use]
    pub fn written(&self) -> u64 {
        self.outlet.tally().packets
    }

    /// Returns the length of the savefile before compression, in bytes, without what is not written.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.outlet.length()
    }

    /// Returns the number of packets that should be there and are not.
    #[must_use]
    pub fn unwritten(&self) -> u64 {
        self.outlet.unwritten()
    }

    /// Prints on standard error how many packets were read, and how many of them are in the savefile.
    pub fn tell(&self) {
        let (written, read) = (self.written(), self.read.load(Ordering::Relaxed));
        exit::note(format_args!("{written} of {read} packets"));
        exit::unwritten(self.unwritten());
    }
}
