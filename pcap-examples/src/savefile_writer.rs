//! Writes savefiles: pcap or pcapng, optionally compressed.
//!
//! Packets are buffered in the dumper, then in the background writer, for a fraction of a second in each, so that many
//! of them are written together.

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use pcap_core::pcapng::{Interface, PacketBlock, PcapngDumper, RawBlock, Record, Section};
use pcap_core::{Activated, Capture, Error, ErrorKind, Packet, SavefileFormat, Stats};

use crate::background_writer::{BackgroundWriter, PacketEnd};
use crate::compression::Compression;
use crate::exit::{Failure, Outcome};
use crate::files;
use crate::format_dumper::{DumperOutput, FormatDumper, SavefileHead};

/// A packet waits at most this long in the dumper.
const MAX_DELAY: Duration = Duration::from_millis(200);
/// The number of packets between two readings of the clock.
const CLOCK_INTERVAL: u32 = 256;
/// The number of packet ends that are collected before the background writer gets them.
const PACKET_ENDS: usize = 512;

/// Writes packets to a savefile.
#[derive(Debug)]
pub struct SavefileWriter {
    path: PathBuf,
    /// `None` after the savefile is closed.
    dumper: Option<FormatDumper>,
    background_writer: BackgroundWriter,
    /// The ends of packets that the background writer did not get yet.
    packet_ends: Vec<PacketEnd>,
    buffering: Buffering,
    ticks: u32,
    flushed: Instant,
}

/// How long a packet may wait before it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Buffering {
    /// In the dumper until that is full or [`SavefileWriter::tick`] flushes it, then in the background writer.
    Timed,
    /// Only in the background writer. For a program that cannot call `tick` while it blocks in its input.
    WriterOnly,
    /// Each packet is written immediately.
    None,
}

impl SavefileWriter {
    /// Creates a savefile with the link type, snaplen and precision of a capture, optionally compressed. The
    /// path `-` means standard output.
    ///
    /// # Errors
    ///
    /// Returns an error if the file cannot be created. Also returns one if a classic savefile cannot have the link
    /// type; an existing file is then left unchanged.
    pub fn create<S: Activated>(
        path: &Path,
        capture: &Capture<S>,
        format: SavefileFormat,
        compression: Option<Compression>,
    ) -> Outcome<SavefileWriter> {
        SavefileWriter::create_with_section(path, capture, format, compression, &Section::new())
    }

    /// Creates a savefile, in pcapng with this section header. See [`create`](Self::create).
    ///
    /// # Errors
    ///
    /// Returns the errors of `create`.
    pub fn create_with_section<S: Activated>(
        path: &Path,
        capture: &Capture<S>,
        format: SavefileFormat,
        compression: Option<Compression>,
        section: &Section,
    ) -> Outcome<SavefileWriter> {
        let head = match format {
            SavefileFormat::Pcapng => {
                let interfaces = vec![Interface::for_capture(capture)];
                SavefileHead::pcapng(section.clone(), interfaces)
            }
            _ => SavefileHead::pcap(capture)?,
        };
        let background_writer = create_background_writer(path, compression)?;
        SavefileWriter::with_head(path, &head, background_writer)
    }

    /// Begins a savefile on an output that was created.
    ///
    /// # Errors
    ///
    /// Returns an error if the output has failed.
    pub fn with_head(
        path: &Path,
        head: &SavefileHead,
        background_writer: BackgroundWriter,
    ) -> Outcome<SavefileWriter> {
        let output = DumperOutput(background_writer.clone());
        let dumper = head.dumper(output, path.display().to_string())?;
        let mut savefile = SavefileWriter::of_dumper(path, dumper, background_writer);
        // Write the header now. If this fails, writing the first packet fails, too.
        let _ = savefile.flush_dumper();
        Ok(savefile)
    }

    /// Creates a pcapng savefile for whole blocks, optionally compressed. The path `-` means standard output.
    /// The first block must be a section header.
    ///
    /// # Errors
    ///
    /// Returns an error if the file cannot be created.
    pub fn create_for_blocks(
        path: &Path,
        compression: Option<Compression>,
    ) -> Outcome<SavefileWriter> {
        let background_writer = create_background_writer(path, compression)?;
        let output = DumperOutput(background_writer.clone());
        let dumper = PcapngDumper::for_blocks_named(output, path.display().to_string());
        let dumper = FormatDumper::Blocks(dumper);
        Ok(SavefileWriter::of_dumper(path, dumper, background_writer))
    }

    fn of_dumper(
        path: &Path,
        dumper: FormatDumper,
        background_writer: BackgroundWriter,
    ) -> SavefileWriter {
        SavefileWriter {
            path: path.to_owned(),
            dumper: Some(dumper),
            background_writer,
            packet_ends: Vec::with_capacity(PACKET_ENDS),
            buffering: Buffering::Timed,
            ticks: 0,
            flushed: Instant::now(),
        }
    }

    /// Sets how long packets may wait before they are written. Default: [`Buffering::Timed`].
    pub fn set_buffering(&mut self, buffering: Buffering) {
        self.buffering = buffering;
    }

    /// Sets [`Buffering::WriterOnly`] if reading this input may block, as with a pipe.
    pub fn set_buffering_for_input(&mut self, input: &Path) {
        if files::length(input).is_none() {
            self.buffering = Buffering::WriterOnly;
        }
    }

    /// Writes a packet.
    ///
    /// # Errors
    ///
    /// Returns [`Failure::UnwritablePacket`] if the savefile format cannot represent the packet, and another failure if
    /// the output has failed.
    #[inline]
    pub fn write(&mut self, packet: Packet<'_>) -> Outcome {
        let Some(dumper) = &mut self.dumper else {
            return Ok(());
        };
        let written = match dumper {
            FormatDumper::Pcap(dumper) => dumper.write(packet),
            FormatDumper::Pcapng(dumper, interfaces, _) => match interfaces.first() {
                Some(&interface) => dumper.write(interface, packet),
                None => return Err(self.no_interface()),
            },
            FormatDumper::Blocks(dumper) => match dumper.interface(packet.interface().unwrap_or(0))
            {
                Some(interface) => dumper.write(interface, packet),
                None => return Err(self.no_interface()),
            },
        };
        self.end_packet(written, packet.wire_len())
    }

    /// Writes a packet of the interface with this number. A classic savefile has no interfaces.
    ///
    /// # Errors
    ///
    /// The errors of [`write`](Self::write).
    #[inline]
    pub fn write_to(&mut self, interface: usize, packet: Packet<'_>) -> Outcome {
        let Some(FormatDumper::Pcapng(dumper, interfaces, _)) = &mut self.dumper else {
            return self.write(packet);
        };
        let Some(&interface) = interfaces.get(interface) else {
            return Err(self.no_interface());
        };
        let written = dumper.write(interface, packet);
        self.end_packet(written, packet.wire_len())
    }

    /// Writes the statistics of the interface with this number, if the format has them.
    ///
    /// # Errors
    ///
    /// Returns an error if the output has failed.
    pub fn write_statistics(&mut self, interface: usize, stats: &Stats) -> Outcome {
        let Some(dumper) = &mut self.dumper else {
            return Ok(());
        };
        let written = dumper.write_statistics(interface, stats);
        written.map_err(|e| self.dumper_failure(e))
    }

    /// Writes a packet with comments and other additional data to a pcapng savefile, and without them to a classic one.
    ///
    /// # Errors
    ///
    /// The errors of [`write`](Self::write).
    pub fn write_record(&mut self, record: &Record<'_>, packet: Packet<'_>) -> Outcome {
        let Some(FormatDumper::Pcapng(dumper, interfaces, _)) = &mut self.dumper else {
            return self.write(packet);
        };
        let Some(&interface) = interfaces.first() else {
            return Err(self.no_interface());
        };
        let written = dumper.write_record(interface, record);
        self.end_packet(written, packet.wire_len())
    }

    /// Writes a block that holds a packet of this length on the wire. Only for a savefile
    /// [for blocks](Self::create_for_blocks).
    ///
    /// # Errors
    ///
    /// The errors of [`write`](Self::write).
    #[inline]
    pub fn write_packet_block<'a>(
        &mut self,
        block: impl Into<RawBlock<'a>>,
        wire_len: u32,
    ) -> Outcome {
        let Some(FormatDumper::Blocks(dumper)) = &mut self.dumper else {
            return Ok(());
        };
        let written = dumper.write_block(block);
        self.end_packet(written, wire_len)
    }

    /// Writes a packet of another pcapng savefile to the interface with this number. Only for a savefile
    /// [for blocks](Self::create_for_blocks).
    ///
    /// # Errors
    ///
    /// The errors of [`write`](Self::write).
    #[inline]
    pub fn copy_packet(&mut self, interface: u32, packet: &PacketBlock<'_>) -> Outcome {
        let Some(FormatDumper::Blocks(dumper)) = &mut self.dumper else {
            return Ok(());
        };
        let Some(interface) = dumper.interface(interface) else {
            return Err(self.no_interface());
        };
        let written = dumper.copy_packet(interface, packet);
        self.end_packet(written, packet.wire_len())
    }

    /// Writes a packet with additional data to the interface with this number. Only for a savefile
    /// [for blocks](Self::create_for_blocks).
    ///
    /// # Errors
    ///
    /// The errors of [`write`](Self::write).
    pub fn write_record_to(
        &mut self,
        interface: u32,
        record: &Record<'_>,
        packet: Packet<'_>,
    ) -> Outcome {
        let Some(FormatDumper::Blocks(dumper)) = &mut self.dumper else {
            return Ok(());
        };
        let Some(interface) = dumper.interface(interface) else {
            return Err(self.no_interface());
        };
        let written = dumper.write_record(interface, record);
        self.end_packet(written, packet.wire_len())
    }

    /// Writes a block without a packet. Only for a savefile [for blocks](Self::create_for_blocks).
    ///
    /// # Errors
    ///
    /// Returns an error if the block cannot be written, or if the output has failed.
    pub fn write_block<'a>(&mut self, block: impl Into<RawBlock<'a>>) -> Outcome {
        let Some(FormatDumper::Blocks(dumper)) = &mut self.dumper else {
            return Ok(());
        };
        if let Err(error) = dumper.write_block(block) {
            return Err(match self.dumper_failure(error) {
                Failure::UnwritablePacket { path, why } => {
                    Failure::Text(format!("cannot write `{path}`: {why}"))
                }
                failure => failure,
            });
        }
        match self.buffering {
            Buffering::Timed => Ok(()),
            Buffering::WriterOnly => self.flush_dumper(),
            Buffering::None => self.request_flush(),
        }
    }

    /// Counts a packet after an attempt to write it.
    #[inline]
    fn end_packet(&mut self, written: Result<(), Error>, wire_len: u32) -> Outcome {
        if let Err(error) = written {
            let failure = self.dumper_failure(error);
            if !matches!(failure, Failure::UnwritablePacket { .. }) {
                // The packet is lost, like the packets that are still buffered.
                self.background_writer.count_packet();
            }
            return Err(failure);
        }
        self.background_writer.count_packet();
        self.packet_ends.push(PacketEnd {
            end: self.position(),
            length: wire_len,
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

    /// Flushes the dumper if packets have waited in it long enough. Call this after each packet that the program reads,
    /// even if it did not write the packet.
    ///
    /// # Errors
    ///
    /// Returns the error of the output if it has failed.
    #[inline]
    pub fn tick(&mut self) -> Outcome {
        self.ticks = self.ticks.wrapping_add(1);
        match self.ticks % CLOCK_INTERVAL {
            0 => self.tick_at(Instant::now()),
            _ => Ok(()),
        }
    }

    /// Does the same as [`tick`](Self::tick), given the current time.
    ///
    /// # Errors
    ///
    /// Returns the error of the output if it has failed.
    pub fn tick_at(&mut self, now: Instant) -> Outcome {
        if now.duration_since(self.flushed) >= MAX_DELAY {
            self.flushed = now;
            self.flush_dumper()?;
        }
        self.background_writer
            .check()
            .map_err(|e| self.output_failure(&e))
    }

    /// Flushes the dumper and asks the background writer to write all packets now, without waiting for it.
    ///
    /// # Errors
    ///
    /// Returns the error of the output if it has failed.
    pub fn request_flush(&mut self) -> Outcome {
        self.flush_dumper()?;
        self.background_writer.request_flush();
        Ok(())
    }

    /// Moves all packets from the dumper to the background writer, which writes them within a fraction of a second.
    ///
    /// # Errors
    ///
    /// Returns the error of the output if it has failed.
    pub fn flush_dumper(&mut self) -> Outcome {
        let flushed = self.dumper.as_mut().map_or(Ok(()), FormatDumper::flush);
        self.background_writer
            .add_packet_ends(&mut self.packet_ends);
        flushed.map_err(|e| self.dumper_failure(e))
    }

    /// Writes all packets and closes the savefile.
    ///
    /// # Errors
    ///
    /// Returns an error if the savefile is not complete.
    pub fn close(&mut self) -> Outcome {
        let flushed = self.flush_dumper();
        // If the background writer has failed, the packets in the dumper are lost. They count as not written.
        self.dumper = None;
        flushed?;
        self.background_writer
            .close()
            .map_err(|e| self.output_failure(&e))
    }

    /// Returns the background writer, which counts the packets written.
    #[must_use]
    pub fn background_writer(&self) -> &BackgroundWriter {
        &self.background_writer
    }

    /// Returns the length of the savefile before compression, in bytes, including buffered data.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.dumper.as_ref().map_or(0, FormatDumper::position)
    }

    fn no_interface(&self) -> Failure {
        Failure::UnwritablePacket {
            path: self.path.display().to_string(),
            why: "the packet's interface is not in it".to_owned(),
        }
    }

    fn dumper_failure(&self, error: Error) -> Failure {
        match self.background_writer.follows_failure() {
            true => Failure::Reported,
            false => dumper_failure(&self.path, self.background_writer.operation(), error),
        }
    }

    fn output_failure(&self, error: &io::Error) -> Failure {
        match self.background_writer.follows_failure() {
            true => Failure::Reported,
            false => output_failure(&self.path, self.background_writer.operation(), error),
        }
    }
}

impl Drop for SavefileWriter {
    /// Closes the savefile if the program ends because of another error.
    fn drop(&mut self) {
        // The program reports the other error.
        let _ = self.close();
    }
}

fn create_background_writer(
    path: &Path,
    compression: Option<Compression>,
) -> Outcome<BackgroundWriter> {
    BackgroundWriter::create(path, compression).map_err(|e| files::creation_failure(path, &e))
}

/// Checks whether a classic savefile can represent the time of a packet. Needs no dumper.
///
/// # Errors
///
/// Returns the reason if it cannot.
pub fn check_time(packet: Packet<'_>) -> Result<(), String> {
    let time = packet.timestamp();
    let raw = packet.header().raw_secs();
    match u32::try_from(time.secs()).or(u32::try_from(raw)) {
        Ok(_) => Ok(()),
        // The words of the dumper.
        Err(_) => Err(format!(
            "the time {time} is out of range for a savefile, 1970 to 2106"
        )),
    }
}

/// Converts an error of a dumper to a failure. `step` is the operation that failed.
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

/// Converts an error of the output to a failure. `step` is the operation that failed.
fn output_failure(path: &Path, step: &str, error: &io::Error) -> Failure {
    Failure::Text(format!("cannot {step} `{}`: {error}", path.display()))
}
