//! Reads savefiles, optionally compressed, and shows a progress bar.

use std::mem;
use std::ops::ControlFlow;
use std::path::Path;

use indicatif::ProgressBar;
use pcap_core::{Capture, Offline, Packet};

use crate::exit::{Failure, Outcome};
use crate::files::{length, record_length};
use crate::progress;
use crate::savefile_kind::SavefileKind;
use crate::savefile_source::{Data, SavefileSource};

/// The number of packets between two updates of the bar.
const BAR_INTERVAL: u64 = 4096;

/// Reads a pcap or pcapng savefile.
#[derive(Debug)]
pub struct SavefileReader {
    kind: SavefileKind,
    capture: Capture<Offline>,
    bar: ProgressBar,
    /// Returns the length of a packet's record in the savefile. `None` for a stream, such as a compressed savefile,
    /// which moves the bar as it is read.
    record_length: Option<fn(Packet<'_>) -> u64>,
    packets: u64,
    /// The number of bytes read since the last update of the bar.
    bytes: u64,
}

impl SavefileReader {
    /// Opens a savefile. The path `-` means standard input. Compressed data is decompressed.
    /// With `bar`, shows a progress bar if standard error is a terminal.
    ///
    /// # Errors
    ///
    /// Returns an error if the file cannot be opened or is not a savefile.
    pub fn open(path: &Path, bar: bool) -> Outcome<SavefileReader> {
        let bar = if bar {
            progress::byte_bar(length(path))
        } else {
            ProgressBar::hidden()
        };
        SavefileReader::open_with(path, bar)
    }

    /// Opens a savefile with a progress bar that several readers may share.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`open`](Self::open). Returns [`Failure::TooManyOpen`] at the limit of open files.
    pub fn open_with(path: &Path, bar: ProgressBar) -> Outcome<SavefileReader> {
        let source = SavefileSource::open(path, &bar)?;
        SavefileReader::of_source(source, path, bar)
    }

    /// Reads an open savefile.
    pub(crate) fn of_source(
        source: SavefileSource,
        path: &Path,
        bar: ProgressBar,
    ) -> Outcome<SavefileReader> {
        let kind = source.kind;
        let (capture, is_plain) = capture_of(source, path)?;
        let record_length = is_plain.then(|| record_length(&capture));
        Ok(SavefileReader {
            kind,
            bar,
            record_length,
            capture,
            packets: 0,
            bytes: if is_plain { 24 } else { 0 },
        })
    }

    /// Returns the kind of the savefile.
    #[must_use]
    pub fn kind(&self) -> SavefileKind {
        self.kind
    }

    /// Returns the underlying capture.
    #[must_use]
    pub fn capture(&self) -> &Capture<Offline> {
        &self.capture
    }

    /// Returns the underlying capture, mutably.
    pub fn capture_mut(&mut self) -> &mut Capture<Offline> {
        &mut self.capture
    }

    /// Returns the progress bar.
    #[must_use]
    pub fn bar(&self) -> &ProgressBar {
        &self.bar
    }

    /// Returns whether it reads a file without decompressing it.
    #[must_use]
    pub fn is_plain_file(&self) -> bool {
        self.record_length.is_some()
    }

    /// Returns how many bytes of the file were read, if the bar is not shared. Of a compressed savefile, these are the
    /// compressed bytes.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.bar.position() + self.bytes
    }

    /// Advances to the next packet and updates the bar. Returns `false` at the end of the savefile.
    ///
    /// # Errors
    ///
    /// Returns an error if the next packet cannot be read.
    pub fn advance(&mut self) -> Outcome<bool> {
        let advanced = self.capture.advance();
        let has_packet = advanced?;
        if let (Some(record_length), Some(packet)) = (self.record_length, self.capture.packet()) {
            self.bytes += record_length(packet);
        }
        self.packets += 1;
        if self.packets.is_multiple_of(BAR_INTERVAL) || !has_packet {
            self.bar.inc(mem::take(&mut self.bytes));
        }
        Ok(has_packet)
    }

    /// Returns the current packet, if [`advance`](Self::advance) found one.
    #[must_use]
    pub fn packet(&self) -> Option<Packet<'_>> {
        self.capture.packet()
    }

    /// Calls a closure with the number of each packet, starting at 1, and the packet. Updates the bar. Stops when the
    /// closure fails or returns `Break`.
    ///
    /// Returns the number of packets read and the first error. A request to end the program is not an error.
    pub fn for_each_packet(
        &mut self,
        mut visit: impl FnMut(u64, Packet<'_>) -> Outcome<ControlFlow<()>>,
    ) -> (u64, Outcome) {
        use ControlFlow::{Break, Continue};
        let (bar, record_length) = (&self.bar, self.record_length);
        let (mut packets, mut bytes) = (0, self.bytes);
        let flow = self.capture.try_for_each(|packet| {
            packets += 1;
            if let Some(record_length) = record_length {
                bytes += record_length(packet);
                if packets % BAR_INTERVAL == 0 {
                    bar.inc(mem::take(&mut bytes));
                }
            }
            match visit(packets, packet) {
                Ok(Continue(())) => Continue(()),
                Ok(Break(())) => Break(Ok(())),
                Err(failure) => Break(Err(failure)),
            }
        });
        self.bar.finish_and_clear();
        let outcome = match flow {
            Ok(Break(outcome)) => outcome,
            Ok(Continue(_)) => Ok(()),
            Err(error) => Err(error.into()),
        };
        (packets, outcome)
    }
}

/// Opens a savefile as [`SavefileReader::open`] does, and returns its capture. Shows no progress bar.
///
/// # Errors
///
/// Returns an error if the file cannot be opened or is not a savefile.
pub fn open_capture(path: &Path) -> Outcome<Capture<Offline>> {
    Ok(open(path, &ProgressBar::hidden())?.0)
}

/// Opens a savefile. Also returns whether the capture reads the file by its path, which is fastest.
fn open(path: &Path, bar: &ProgressBar) -> Outcome<(Capture<Offline>, bool)> {
    let source = SavefileSource::open(path, bar)?;
    capture_of(source, path)
}

/// Opens the capture of a savefile. Also returns whether it reads the file by its path.
fn capture_of(source: SavefileSource, path: &Path) -> Outcome<(Capture<Offline>, bool)> {
    match source.data {
        Data::AtPath => {
            let capture = Capture::from_file(path).map_err(Failure::to_open)?;
            Ok((capture, true))
        }
        Data::Stream(stream) => {
            let name = path.display().to_string();
            Ok((Capture::from_reader_named(stream, name)?, false))
        }
    }
}
