//! The savefile that is written: pcap or pcapng, optionally compressed with gzip.
//!
//! Packets wait in the dumper and then in the background writer to be written together, in each for a fraction of a second.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use pcap_core::pcapng::{Interface, InterfaceId, PcapngDumper};
use pcap_core::{Activated, Capture, Dumper, Error, ErrorKind, Packet, SavefileFormat};

use crate::background_writer::{BackgroundWriter, PacketEnd};
use crate::exit::{Failure, Outcome};
use crate::files;

/// A packet waits at most this long in the dumper.
const MAX_DELAY: Duration = Duration::from_millis(200);
/// The clock is read once in this many packets.
const CLOCK_INTERVAL: u32 = 256;
/// The ends of this many packets are handed to the background writer together.
const PACKET_ENDS: usize = 512;

/// A savefile that packets are written to.
#[derive(Debug)]
pub struct SavefileWriter {
    path: PathBuf,
    /// `None` when it is closed.
    dumper: Option<FormatDumper>,
    background_writer: BackgroundWriter,
    /// The ends of packets that the background writer does not know yet.
    packet_ends: Vec<PacketEnd>,
    buffering: Buffering,
    ticks: u32,
    flushed: Instant,
}

/// Says how long a packet may wait to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Buffering {
    /// In the dumper until it is full, or until [`SavefileWriter::tick`] finds that it is time; then in the background writer.
    Timed,
    /// Only in the background writer, because the program may block in its input and call no `tick`.
    WriterOnly,
    /// Not at all.
    None,
}

/// The dumper of a format.
#[derive(Debug)]
enum FormatDumper {
    Pcap(Dumper),
    Pcapng(PcapngDumper, InterfaceId),
}

impl FormatDumper {
    fn position(&self) -> u64 {
        match self {
            FormatDumper::Pcap(dumper) => dumper.position(),
            FormatDumper::Pcapng(dumper, _) => dumper.position(),
        }
    }

    fn flush(&mut self) -> Result<(), Error> {
        match self {
            FormatDumper::Pcap(dumper) => dumper.flush(),
            FormatDumper::Pcapng(dumper, _) => dumper.flush(),
        }
    }
}

impl SavefileWriter {
    /// Creates a savefile with the link type, snaplen and precision of a capture, optionally compressed with gzip; `-`
    /// is standard output.
    ///
    /// # Errors
    ///
    /// If it cannot be created, or if classic savefiles cannot have the link type: then an existing file stays.
    pub fn create<S: Activated>(
        path: &Path,
        capture: &Capture<S>,
        format: SavefileFormat,
        gzip: bool,
    ) -> Outcome<SavefileWriter> {
        if format != SavefileFormat::Pcapng {
            // Before there is a file: this fails for such a link type.
            capture.dump_to_named(io::sink(), path.display().to_string())?;
        }
        let background_writer = BackgroundWriter::create(path, gzip).map_err(|e| {
            let why = files::creation_error(path, &e);
            Failure::Text(format!("cannot create `{}`: {why}", path.display()))
        })?;
        let (output, name) = (
            DumperOutput(background_writer.clone()),
            path.display().to_string(),
        );
        let dumper = match format {
            SavefileFormat::Pcapng => {
                let mut dumper = PcapngDumper::new_named(output, name);
                let interface = dumper.add_interface(&Interface::for_capture(capture))?;
                FormatDumper::Pcapng(dumper, interface)
            }
            _ => FormatDumper::Pcap(capture.dump_to_named(output, name)?),
        };
        let mut savefile = SavefileWriter {
            path: path.to_owned(),
            dumper: Some(dumper),
            background_writer,
            packet_ends: Vec::with_capacity(PACKET_ENDS),
            buffering: Buffering::Timed,
            ticks: 0,
            flushed: Instant::now(),
        };
        // The header is there from the beginning. If this fails, so does the first packet.
        let _ = savefile.flush_dumper();
        Ok(savefile)
    }

    /// Sets how long packets may wait [default: [`Buffering::Timed`]].
    pub fn set_buffering(&mut self, buffering: Buffering) {
        self.buffering = buffering;
    }

    /// Sets [`Buffering::WriterOnly`] if an input may block, as a pipe does.
    pub fn set_buffering_for_input(&mut self, input: &Path) {
        if files::length(input).is_none() {
            self.buffering = Buffering::WriterOnly;
        }
    }

    /// Writes a packet.
    ///
    /// # Errors
    ///
    /// [`Failure::UnwritablePacket`] if the savefile cannot hold it; anything else if the output has failed.
    #[inline]
    pub fn write(&mut self, packet: Packet<'_>) -> Outcome {
        let Some(dumper) = &mut self.dumper else {
            return Ok(());
        };
        let written = match dumper {
            FormatDumper::Pcap(dumper) => dumper.write(packet),
            FormatDumper::Pcapng(dumper, interface) => dumper.write(*interface, packet),
        };
        if let Err(error) = written {
            let failure = self.dumper_failure(error);
            if !matches!(failure, Failure::UnwritablePacket { .. }) {
                // It is missing like those that wait.
                self.background_writer.count_packet();
            }
            return Err(failure);
        }
        self.background_writer.count_packet();
        self.packet_ends.push(PacketEnd {
            end: dumper.position(),
            length: packet.wire_len(),
        });
        match self.buffering {
            Buffering::Timed if self.packet_ends.len() >= PACKET_ENDS => self
                .background_writer
                .add_packet_ends(&mut self.packet_ends),
            Buffering::Timed => {}
            Buffering::WriterOnly => self.flush_dumper()?,
            Buffering::None => self.request_flush()?,
        }
        Ok(())
    }

    /// Hands packets to the background writer that have waited long enough. Call it after each packet that is read, whether it was
    /// written or not: if it fails, that packet is counted.
    ///
    /// # Errors
    ///
    /// If the output has failed.
    #[inline]
    pub fn tick(&mut self) -> Outcome {
        self.ticks = self.ticks.wrapping_add(1);
        match self.ticks % CLOCK_INTERVAL {
            0 => self.tick_at(Instant::now()),
            _ => Ok(()),
        }
    }

    /// Does the same as [`tick`](Self::tick) without reading the clock.
    ///
    /// # Errors
    ///
    /// If the output has failed.
    pub fn tick_at(&mut self, now: Instant) -> Outcome {
        if now.duration_since(self.flushed) >= MAX_DELAY {
            self.flushed = now;
            self.flush_dumper()?;
        }
        self.background_writer
            .check()
            .map_err(|e| self.output_failure(&e))
    }

    /// Requests that all packets are written now, without waiting for that.
    ///
    /// # Errors
    ///
    /// If the output has failed.
    pub fn request_flush(&mut self) -> Outcome {
        self.flush_dumper()?;
        self.background_writer.request_flush();
        Ok(())
    }

    /// Hands all packets to the background writer, which writes them soon.
    ///
    /// # Errors
    ///
    /// If the output has failed.
    pub fn flush_dumper(&mut self) -> Outcome {
        let flushed = self.dumper.as_mut().map_or(Ok(()), FormatDumper::flush);
        self.background_writer
            .add_packet_ends(&mut self.packet_ends);
        flushed.map_err(|e| self.dumper_failure(e))
    }

    /// Completes the savefile.
    ///
    /// # Errors
    ///
    /// If it is not complete.
    pub fn close(&mut self) -> Outcome {
        let handed = self.flush_dumper();
        // If the background writer has failed, what the dumper still holds is lost, and counted.
        self.dumper = None;
        handed?;
        self.background_writer
            .close()
            .map_err(|e| self.output_failure(&e))
    }

    /// Returns the background writer, which counts the packets.
    #[must_use]
    pub fn background_writer(&self) -> &BackgroundWriter {
        &self.background_writer
    }

    /// Returns its length before compression, in bytes, with what is not written yet.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.dumper.as_ref().map_or(0, FormatDumper::position)
    }

    fn dumper_failure(&self, error: Error) -> Failure {
        dumper_failure(&self.path, self.background_writer.operation(), error)
    }

    fn output_failure(&self, error: &io::Error) -> Failure {
        output_failure(&self.path, self.background_writer.operation(), error)
    }
}

impl Drop for SavefileWriter {
    /// Completes the savefile after an error elsewhere.
    fn drop(&mut self) {
        // The program reports that error.
        let _ = self.close();
    }
}

/// Checks whether a classic savefile can hold the time of a packet, before there is a dumper.
///
/// # Errors
///
/// The reason, if it cannot.
pub fn check_time(packet: Packet<'_>) -> Result<(), String> {
    let time = packet.timestamp();
    let raw = packet.header().raw_secs();
    match u32::try_from(time.secs()).or(u32::try_from(raw)) {
        Ok(_) => Ok(()),
        Err(_) => Err(format!("expected a time from 1970 to 2106, found {time}")),
    }
}

/// The writer of the dumpers.
struct DumperOutput(BackgroundWriter);

impl Write for DumperOutput {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.append(bytes, None)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Converts an error of a dumper.
fn dumper_failure(path: &Path, step: &str, error: Error) -> Failure {
    if let Some(error) = error.io_error() {
        return output_failure(path, step, error);
    }
    let (path, why) = (path.display().to_string(), error.text().to_owned());
    match error.kind() {
        ErrorKind::InvalidArgument => Failure::UnwritablePacket { path, why },
        _ => Failure::Text(format!("cannot {step} `{path}`: {why}")),
    }
}

fn output_failure(path: &Path, step: &str, error: &io::Error) -> Failure {
    Failure::Text(format!("cannot {step} `{}`: {error}", path.display()))
}
