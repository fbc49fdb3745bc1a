//! How far a program is that copies packets from one savefile to another.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use indicatif::ProgressBar;

use crate::exit;
use crate::outlet::Outlet;
use crate::savefile::Savefile;
use crate::stop;

/// Counts what was read and what is written of it, and answers SIGUSR1 with that and SIGUSR2.
#[derive(Clone, Debug)]
pub struct Copying {
    read: Arc<AtomicU64>,
    outlet: Outlet,
    bar: ProgressBar,
}

impl Copying {
    /// Counts for a savefile that is written, beside a bar that may be shown.
    #[must_use]
    pub fn new(savefile: &Savefile, bar: &ProgressBar) -> Copying {
        let copying = Copying {
            read: Arc::default(),
            outlet: savefile.outlet().clone(),
            bar: bar.clone(),
        };
        let asked = copying.clone();
        stop::on_report(move || asked.bar.suspend(|| asked.tell()));
        let outlet = copying.outlet.clone();
        stop::on_flush(move || outlet.hurry());
        copying
    }

    /// Takes note of how many packets were read.
    pub fn read(&self, packets: u64) {
        self.read.store(packets, Ordering::Relaxed);
    }

    /// How many packets are in the savefile.
    #[must_use]
    pub fn written(&self) -> u64 {
        self.outlet.tally().packets
    }

    /// How many packets were to be there, and are not.
    #[must_use]
    pub fn unwritten(&self) -> u64 {
        self.outlet.unwritten()
    }

    /// Prints how many packets of how many are in the savefile, on standard error.
    pub fn tell(&self) {
        let (written, read) = (self.written(), self.read.load(Ordering::Relaxed));
        exit::note(format_args!("{written} of {read} packets"));
        exit::unwritten(self.unwritten());
    }
}
