//! One capture for the whole time, which writes one savefile after another.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use pcap_core::{Active, Capture, Dumper, End, Stats};

use super::{Shared, capture};
use crate::tally::Tally;

/// The number of packets of a savefile.
const FILE: u64 = 100_000;

/// A capture that is never closed.
pub(crate) struct Steady {
    capture: Capture<Active>,
    tally: Tally,
    stats: Stats,
    folder: PathBuf,
    file: Option<File>,
    /// The number of savefiles that were read again.
    pub(crate) files: u64,
}

/// A savefile that is being written.
struct File {
    dumper: Dumper,
    path: PathBuf,
    tally: Tally,
}

impl Steady {
    pub(crate) fn start(folder: PathBuf) -> Result<Steady> {
        let capture = capture().activate()?;
        fs::create_dir_all(&folder).context("cannot create the folder")?;
        Ok(Steady {
            capture,
            tally: Tally::default(),
            stats: Stats::default(),
            folder,
            file: None,
            files: 0,
        })
    }

    /// Reads the packets of a round. Returns how many there were, and the statistics of the round.
    pub(crate) fn read(&mut self, shared: &Shared) -> Result<(u64, Stats)> {
        let (before, packets) = (self.stats, self.tally.packets);
        let mut since = None;
        loop {
            let is_over = shared.is_over();
            self.dispatch()?;
            self.stats = self.capture.stats()?;
            if is_over {
                let since = since.get_or_insert_with(Instant::now);
                let outcome = self.tally.check(self.stats);
                if outcome.is_ok() || since.elapsed() > Duration::from_secs(5) {
                    outcome?;
                    break;
                }
            }
        }
        let mut stats = Stats::default();
        stats.received = self.stats.received - before.received;
        stats.dropped = self.stats.dropped - before.dropped;
        Ok((self.tally.packets - packets, stats))
    }

    /// Writes the packets that have arrived, and begins another savefile after a number of packets.
    fn dispatch(&mut self) -> Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            None => {
                let path = self.folder.join(format!("{}.pcap", self.files));
                let dumper = self.capture.dump(&path)?;
                self.file.insert(File {
                    dumper,
                    path,
                    tally: Tally::default(),
                })
            }
        };
        let tally = &mut self.tally;
        self.capture.try_dispatch(|packet| {
            tally.add(packet);
            file.tally.add(packet);
            file.dumper.write(packet)
        })?;
        if file.tally.packets >= FILE {
            self.end_file()?;
        }
        Ok(())
    }

    /// Closes the savefile, and reads it.
    fn end_file(&mut self) -> Result<()> {
        let Some(file) = self.file.take() else {
            return Ok(());
        };
        file.dumper.close()?;
        let mut read = Tally::default();
        let mut savefile = Capture::from_file(&file.path)?;
        let done = savefile.for_each(|packet| _ = read.add(packet))?;
        ensure!(done.stop() == End::Eof.into(), "a savefile ends early");
        ensure!(read == file.tally, "wrote {:?}, read {read:?}", file.tally);
        fs::remove_file(&file.path).context("cannot remove a savefile")?;
        self.files += 1;
        Ok(())
    }

    /// Returns the number of savefiles.
    pub(crate) fn finish(mut self) -> Result<u64> {
        self.end_file()?;
        self.tally.check(self.capture.close()?)?;
        Ok(self.files)
    }
}
