//! An output of a capture: one savefile, or one after another.

mod length;
mod make_room;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use pcap_core::{Packet, Stats, Timestamp};

use super::clock::Clock;
use super::compression_ratio::CompressionRatio;
use super::finisher::{Finished, Finisher, Steps};
use super::guard::Guard;
use super::ring::Ring;
use super::series::Series;
use super::{Naming, Rotation, existing_folder_of};
use crate::background_writer::{BackgroundWriter, FileCare, WrittenTotals};
use crate::compression::Compression;
use crate::exit::{Failure, Outcome};
use crate::files;
use crate::format_dumper::SavefileHead;
use crate::output_format::OutputFormat;
use crate::savefile_summary::SavefileSummary;
use crate::savefile_writer::{Buffering, SavefileWriter};

/// The number of packets between two readings of the clock, or of the length of a compressed savefile.
const CHECK_INTERVAL: u32 = 16;

/// Writes packets to one savefile, or to one after another.
///
/// A savefile that ends by time ends when the program receives the first packet after that time, or calls
/// [`tick`](Self::tick). The next savefile begins with the next packet, so that none is empty, unless there is no packet
/// at all.
#[derive(Debug)]
pub struct Output {
    path: PathBuf,
    head: SavefileHead,
    compression: Option<Compression>,
    buffering: Buffering,
    rotation: Rotation,
    series: Series,
    clock: Option<Clock>,
    /// The savefile that is being written. `None` between two of them.
    current: Option<Current>,
    /// The output of the savefile before the next one.
    previous: Option<BackgroundWriter>,
    /// The statistics of the interfaces, which may be a moment old.
    statistics: Vec<Option<Stats>>,
    /// The number of packets written of each interface, in all savefiles.
    packets: Vec<u64>,
    written: WrittenTotals,
    ring: Arc<Mutex<Ring>>,
    ratio: CompressionRatio,
    /// The number of bytes that the ring leaves for the current savefile.
    ring_room: u64,
    steps: Steps,
    /// The thread that closes savefiles, if there may be several.
    finisher: Option<Finisher>,
    guard: Option<Guard>,
    /// The number of savefiles that have all their packets.
    finished: u64,
    /// Whether no more packets belong to a savefile.
    is_complete: bool,
    /// Whether writing has failed.
    is_failed: bool,
    /// Whether a savefile could not be removed.
    has_unremoved: bool,
    /// The number of packets since the clock was read.
    unchecked: u32,
}

/// The savefile that is being written.
#[derive(Debug)]
struct Current {
    path: PathBuf,
    savefile: SavefileWriter,
    summary: SavefileSummary,
    created: Instant,
    /// The length that a compressed savefile will have, when it was last estimated.
    expected_length: u64,
    /// The length before compression at that time.
    estimated_at: u64,
}

impl Output {
    /// Creates the first savefile. The path `-` means standard output.
    ///
    /// # Errors
    ///
    /// Returns an error if the savefile cannot be created, or if there is not enough free space.
    pub fn create(
        path: &Path,
        format: OutputFormat,
        head: SavefileHead,
        rotation: Rotation,
    ) -> Outcome<Output> {
        let now = Instant::now();
        let ring = Arc::<Mutex<Ring>>::default();
        let ratio = CompressionRatio::default();
        let steps = Steps {
            program: rotation.program,
            ring: Arc::clone(&ring),
            ratio: ratio.clone(),
            lines: rotation.lines.clone(),
            hooks: rotation.hooks.clone(),
        };
        let written = WrittenTotals::default();
        let guard = rotation.min_free.map(|min| {
            let ring = rotation.is_ring().then(|| Arc::clone(&ring));
            let folder = existing_folder_of(path);
            let (written, ratio) = (written.clone(), ratio.clone());
            Guard::start(rotation.program, min, folder, written, ratio, ring)
        });
        let mut output = Output {
            path: path.to_owned(),
            compression: format.compression,
            buffering: Buffering::Timed,
            series: Series::new(rotation.naming, path)?,
            clock: rotation.time.map(|limit| Clock::new(limit, now)),
            current: None,
            previous: None,
            statistics: vec![None; head.interfaces()],
            packets: vec![0; head.interfaces()],
            head,
            written,
            ring,
            ratio,
            ring_room: u64::MAX,
            finisher: match rotation.changes_files() {
                true => Some(Finisher::start(steps.clone())?),
                false => None,
            },
            steps,
            guard: guard.transpose()?,
            rotation,
            finished: 0,
            is_complete: false,
            is_failed: false,
            has_unremoved: false,
            unchecked: 0,
        };
        output.create_savefile(now)?;
        Ok(output)
    }

    /// Sets how long packets may wait before they are written. Default: [`Buffering::Timed`].
    pub fn set_buffering(&mut self, buffering: Buffering) {
        self.buffering = buffering;
        if let Some(current) = &mut self.current {
            current.savefile.set_buffering(buffering);
        }
    }

    /// Sets the statistics of an interface so far. Call this before the first packet, and a few times per second. They
    /// are written at the end of each pcapng savefile.
    pub fn set_statistics(&mut self, interface: usize, stats: Stats) {
        if let Some(slot) = self.statistics.get_mut(interface) {
            *slot = Some(stats);
        }
    }

    /// Writes a packet of the interface with this number. Returns `false` if the output is complete, and the packet
    /// belongs to no savefile.
    ///
    /// # Errors
    ///
    /// Returns [`Failure::UnwritablePacket`] if the savefile format cannot represent the packet, and another failure if
    /// the output has failed.
    #[inline]
    pub fn write(&mut self, interface: usize, packet: Packet<'_>) -> Outcome<bool> {
        if self.finisher.is_some() && !self.prepare(packet.caplen())? {
            return Ok(false);
        }
        let Some(current) = &mut self.current else {
            return Ok(false);
        };
        let written = current.savefile.write_to(interface, packet);
        if written.is_err() {
            return self.fail(written).map(|()| true);
        }
        current.summary.count(packet);
        if let Some(packets) = self.packets.get_mut(interface) {
            *packets += 1;
        }
        Ok(true)
    }

    /// Ends the savefile if it must not have another packet of this length, and begins the next one.
    fn prepare(&mut self, caplen: u32) -> Outcome<bool> {
        let is_check = self.unchecked.is_multiple_of(CHECK_INTERVAL);
        self.unchecked = self.unchecked.wrapping_add(1);
        if is_check && self.clock.is_some() {
            self.end_period(Instant::now())?;
        }
        let length = self.head.record_length(caplen);
        self.estimate_length(is_check);
        if self.is_full(length) {
            self.end_savefile()?;
        }
        if self.is_complete {
            return Ok(false);
        }
        if self.current.is_none() {
            self.create_savefile(Instant::now())?;
        }
        if self.length() + length + self.statistics_length() > self.ring_room {
            self.make_ring_room(length);
        }
        Ok(true)
    }

    /// Ends what has ended by the current time, and flushes the dumper if packets have waited in it long enough.
    ///
    /// # Errors
    ///
    /// Returns an error if the output has failed.
    pub fn tick(&mut self, now: Instant) -> Outcome {
        self.unchecked = 0;
        let ticked = match &mut self.current {
            Some(current) => current.savefile.tick_at(now),
            None => Ok(()),
        };
        self.fail(ticked)?;
        if self.finisher.is_none() {
            return Ok(());
        }
        self.end_period(now)?;
        if self.is_at_packet_limit() {
            self.end_savefile()?;
        }
        Ok(())
    }

    /// Returns whether the savefile has all its packets. Then [`set_statistics`](Self::set_statistics) and
    /// [`tick`](Self::tick) end it now, with current statistics, and otherwise the next packet ends it.
    #[must_use]
    pub fn is_at_packet_limit(&self) -> bool {
        let packets = self.current.as_ref().map_or(0, |c| c.summary.packets);
        self.rotation.max_packets.is_some_and(|max| packets >= max)
    }

    /// Returns whether the capture must end: because the output has all its savefiles, or because the disk is almost
    /// full. In the latter case, packets that have arrived are still written.
    #[must_use]
    pub fn must_end(&self) -> bool {
        self.is_complete || self.guard.as_ref().is_some_and(Guard::is_low)
    }

    /// Flushes the dumper. Call this when no packet has arrived for a while.
    ///
    /// # Errors
    ///
    /// Returns an error if the output has failed.
    pub fn flush_dumper(&mut self) -> Outcome {
        self.unchecked = 0;
        let flushed = match &mut self.current {
            Some(current) => current.savefile.flush_dumper(),
            None => Ok(()),
        };
        self.fail(flushed)
    }

    /// Requests that all packets are written now, without waiting for it.
    ///
    /// # Errors
    ///
    /// Returns an error if the output has failed.
    pub fn request_flush(&mut self) -> Outcome {
        let flushed = match &mut self.current {
            Some(current) => current.savefile.request_flush(),
            None => Ok(()),
        };
        self.fail(flushed)
    }

    /// Ends the last savefile, and waits until all savefiles are closed and all commands have ended.
    ///
    /// # Errors
    ///
    /// Returns an error if a savefile is not complete, or if another step has failed.
    pub fn close(&mut self) -> Outcome {
        let mut outcome = Ok(());
        if self.current.is_none() && self.finished == 0 && !self.is_failed {
            outcome = self.create_savefile(Instant::now());
        }
        let ended = self.end_savefile();
        outcome = outcome.and(ended);
        if let Some(finisher) = &mut self.finisher {
            outcome = outcome.and(finisher.wait());
        }
        if let Some(guard) = &mut self.guard {
            outcome = outcome.and(guard.stop());
        }
        match &self.rotation.hooks {
            Some(hooks) if !hooks.wait() => outcome = outcome.and(Err(Failure::Reported)),
            _ => {}
        }
        self.complete_ring();
        match self.has_unremoved {
            true => outcome.and(Err(Failure::Reported)),
            false => outcome,
        }
    }

    /// Returns the output of the current savefile, which may be too slow.
    #[must_use]
    pub fn background_writer(&self) -> Option<&BackgroundWriter> {
        let current = self.current.as_ref()?;
        Some(current.savefile.background_writer())
    }

    /// Returns the totals of the packets written.
    #[must_use]
    pub fn written(&self) -> &WrittenTotals {
        &self.written
    }

    /// Returns the path of the current savefile. Between two of them, there is none.
    #[must_use]
    pub fn current_path(&self) -> Option<&Path> {
        self.current.as_ref().map(|current| current.path.as_path())
    }

    /// Remembers that the output has failed.
    fn fail(&mut self, outcome: Outcome) -> Outcome {
        self.is_failed |= matches!(&outcome, Err(failure) if !matches!(failure, Failure::UnwritablePacket { .. }));
        outcome
    }

    /// Ends the savefile if its period is over.
    fn end_period(&mut self, now: Instant) -> Outcome {
        let created = self.current.as_ref().map(|current| current.created);
        let Some(clock) = &mut self.clock else {
            return Ok(());
        };
        if self.is_complete || !clock.is_over(now, created) {
            return Ok(());
        }
        clock.advance(now);
        let period = clock.period();
        self.is_complete = self.rotation.max_periods.is_some_and(|max| period >= max);
        match &mut self.current {
            Some(current) if current.summary.packets > 0 => self.end_savefile(),
            Some(_) if self.series.is_timed() && !self.is_complete => self.discard_savefile(),
            Some(current) => {
                current.created = now;
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// Creates the next savefile. First removes the oldest ones of a full ring.
    fn create_savefile(&mut self, now: Instant) -> Outcome {
        if let Some(guard) = &self.guard {
            guard.check();
        }
        let (path, savefile) = match self.rotation.naming {
            Naming::Single => self.create_single()?,
            _ => self.create_next()?,
        };
        let background_writer = savefile.background_writer().clone();
        self.written.add(background_writer.clone());
        self.previous = Some(background_writer);
        let mut current = Current {
            path,
            savefile,
            summary: SavefileSummary::default(),
            created: now,
            expected_length: 0,
            estimated_at: 0,
        };
        current.savefile.set_buffering(self.buffering);
        self.current = Some(current);
        Ok(())
    }

    fn create_single(&mut self) -> Outcome<(PathBuf, SavefileWriter)> {
        let path = self.path.clone();
        let created = BackgroundWriter::create_with_care(&path, self.compression, self.care(&path));
        let background_writer = created.map_err(|e| files::creation_failure(&path, &e))?;
        let savefile = SavefileWriter::with_head(&path, &self.head, background_writer)?;
        Ok((path, savefile))
    }

    /// Returns what the writer thread of the savefile with this path does besides writing.
    fn care(&self, path: &Path) -> FileCare {
        FileCare {
            sync: self.rotation.sync,
            folder: Some(files::folder_of(path).to_owned()),
            space_check: self.guard.as_ref().map(Guard::space_check),
        }
    }

    fn create_next(&mut self) -> Outcome<(PathBuf, SavefileWriter)> {
        self.make_ring_place();
        let removed = self.ring().take_removed();
        removed.into_iter().for_each(|path| self.series.reuse(path));
        let clock = self.clock.as_ref();
        let time = clock.map_or_else(Timestamp::now, Clock::name_time);
        let (path, file) = self.series.create(time)?;
        self.ring().add(&path, &file);
        self.find_ring_room();
        let previous = self.previous.take();
        let background_writer =
            BackgroundWriter::for_file(file, self.compression, self.care(&path), previous);
        let savefile = SavefileWriter::with_head(&path, &self.head, background_writer)?;
        Ok((path, savefile))
    }

    /// Hands the savefile to the thread that closes it.
    fn end_savefile(&mut self) -> Outcome {
        let Some(mut current) = self.current.take() else {
            return Ok(());
        };
        let mut written = Ok(());
        for (interface, stats) in self.statistics.iter().enumerate() {
            if let (Some(mut stats), Ok(())) = (*stats, &written) {
                // The statistics are a moment old, but the packets of the savefile were received.
                stats.received = stats.received.max(self.packets[interface]);
                written = current.savefile.write_statistics(interface, &stats);
            }
        }
        let flushed = current.savefile.flush_dumper();
        let expected = current.savefile.background_writer();
        let expected = expected.expected_length(0, &self.ratio);
        self.ring().expect(&current.path, expected);
        let written = self.fail(written.and(flushed));
        self.finished += 1;
        self.is_complete |= (self.rotation.max_files).is_some_and(|max| self.finished >= max);
        let finished = Finished {
            path: current.path,
            savefile: current.savefile,
            summary: current.summary,
            is_failed: self.is_failed,
        };
        match &self.finisher {
            Some(finisher) => {
                // Otherwise, this would only happen when the thread gets to it.
                finished.savefile.background_writer().begin_close();
                finisher.finish(finished);
                written
            }
            None => written.and(self.steps.finish(finished)),
        }
    }

    /// Removes a savefile without packets, because the next one has another name.
    fn discard_savefile(&mut self) -> Outcome {
        let Some(mut current) = self.current.take() else {
            return Ok(());
        };
        let closed = current.savefile.close();
        self.fail(closed)?;
        let mut ring = self.ring();
        ring.discard(&current.path);
        Ok(())
    }
}
