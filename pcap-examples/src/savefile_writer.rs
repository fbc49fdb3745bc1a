//! The savefile that is written: pcap or pcapng, optionally compressed with gzip.
//!
//! Packets wait in the dumper and then in the outlet to be written together, in each for a fraction of a second.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use pcap_core::pcapng::{Interface, InterfaceId, PcapngDumper};
use pcap_core::{Activated, Capture, Dumper, Error, ErrorKind, Packet, SavefileFormat};

use crate::background_writer::{Mark, Outlet};
use crate::exit::{Failure, Outcome};
use crate::files;

/// A packet waits at most this long in the dumper.
const HOLD: Duration = Duration::from_millis(200);
/// The clock is read once in this many packets.
const TICKS: u32 = 256;
/// The ends of this many packets are handed to the outlet together.
const MARKS: usize = 512;

/// A savefile that packets are written to.
#[derive(Debug)]
pub struct Savefile {
    path: PathBuf,
    /// `None` when it is closed.
    dumper: Option<Either>,
    outlet: Outlet,
    /// The ends of packets that the outlet does not know yet.
    marks: Vec<Mark>,
    buffering: Buffering,
    ticks: u32,
    flushed: Instant,
}

/// Says how long a packet may wait to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Buffering {
    /// In the dumper until it is full, or until [`Savefile::tick`] finds that it is time; then in the outlet.
    Time,
    /// Only in the outlet, because the program may block in its input and call no `tick`.
    Outlet,
    /// Not at all.
    None,
}

/// The dumper of a format.
#[derive(Debug)]
enum Either {
    Pcap(Dumper),
    Pcapng(PcapngDumper, InterfaceId),
}

impl Either {
    fn position(&self) -> u64 {
        match self {
            Either::Pcap(dumper) => dumper.position(),
            Either::Pcapng(dumper, _) => dumper.position(),
        }
    }

    fn flush(&mut self) -> Result<(), Error> {
        match self {
            Either::Pcap(dumper) => dumper.flush(),
            Either::Pcapng(dumper, _) => dumper.flush(),
        }
    }
}

impl Savefile {
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
    ) -> Outcome<Savefile> {
        if format != SavefileFormat::Pcapng {
            // Before there is a file: this fails for such a link type.
            capture.dump_to_named(io::sink(), path.display().to_string())?;
        }
        let outlet = Outlet::create(path, gzip).map_err(|e| {
            let why = files::not_created(path, &e);
            Failure::Text(format!("cannot create `{}`: {why}", path.display()))
        })?;
        let (feed, name) = (Feed(outlet.clone()), path.display().to_string());
        let dumper = match format {
            SavefileFormat::Pcapng => {
                let mut dumper = PcapngDumper::new_named(feed, name);
                let interface = dumper.add_interface(&Interface::for_capture(capture))?;
                Either::Pcapng(dumper, interface)
            }
            _ => Either::Pcap(capture.dump_to_named(feed, name)?),
        };
        let mut savefile = Savefile {
            path: path.to_owned(),
            dumper: Some(dumper),
            outlet,
            marks: Vec::with_capacity(MARKS),
            buffering: Buffering::Time,
            ticks: 0,
            flushed: Instant::now(),
        };
        // The header is there from the beginning. If this fails, so does the first packet.
        let _ = savefile.hand_over();
        Ok(savefile)
    }

    /// Sets how long packets may wait [default: [`Buffering::Time`]].
    pub fn set_buffering(&mut self, buffering: Buffering) {
        self.buffering = buffering;
    }

    /// Sets [`Buffering::Outlet`] if an input may block, as a pipe does.
    pub fn is_fed_by(&mut self, input: &Path) {
        if files::length(input).is_none() {
            self.buffering = Buffering::Outlet;
        }
    }

    /// Writes a packet.
    ///
    /// # Errors
    ///
    /// [`Failure::Unfit`] if the savefile cannot hold it; anything else if the output has failed.
    #[inline]
    pub fn write(&mut self, packet: Packet<'_>) -> Outcome {
        let Some(either) = &mut self.dumper else {
            return Ok(());
        };
        let written = match either {
            Either::Pcap(dumper) => dumper.write(packet),
            Either::Pcapng(dumper, interface) => dumper.write(*interface, packet),
        };
        if let Err(error) = written {
            let failure = self.convert(error);
            if !matches!(failure, Failure::Unfit { .. }) {
                // It is missing like those that wait.
                self.outlet.take();
            }
            return Err(failure);
        }
        self.outlet.take();
        self.marks.push(Mark {
            end: either.position(),
            length: packet.wire_len(),
        });
        match self.buffering {
            Buffering::Time if self.marks.len() >= MARKS => self.outlet.mark(&mut self.marks),
            Buffering::Time => {}
            Buffering::Outlet => self.hand_over()?,
            Buffering::None => self.flush()?,
        }
        Ok(())
    }

    /// Hands packets to the outlet that have waited long enough. Call it after each packet that is read, whether it was
    /// written or not: if it fails, that packet is counted.
    ///
    /// # Errors
    ///
    /// If the output has failed.
    #[inline]
    pub fn tick(&mut self) -> Outcome {
        self.ticks = self.ticks.wrapping_add(1);
        match self.ticks % TICKS {
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
        if now.duration_since(self.flushed) >= HOLD {
            self.flushed = now;
            self.hand_over()?;
        }
        self.outlet.check().map_err(|e| self.failed(&e))
    }

    /// Requests that all packets are written now, without waiting for that.
    ///
    /// # Errors
    ///
    /// If the output has failed.
    pub fn flush(&mut self) -> Outcome {
        self.hand_over()?;
        self.outlet.hurry();
        Ok(())
    }

    /// Hands all packets to the outlet, which writes them soon.
    ///
    /// # Errors
    ///
    /// If the output has failed.
    pub fn hand_over(&mut self) -> Outcome {
        let flushed = self.dumper.as_mut().map_or(Ok(()), Either::flush);
        self.outlet.mark(&mut self.marks);
        flushed.map_err(|e| self.convert(e))
    }

    /// Completes the savefile.
    ///
    /// # Errors
    ///
    /// If it is not complete.
    pub fn close(&mut self) -> Outcome {
        let handed = self.hand_over();
        // If the outlet has failed, what the dumper still holds is lost, and counted.
        self.dumper = None;
        handed?;
        self.outlet.close().map_err(|e| self.failed(&e))
    }

    /// Returns the outlet, which counts the packets.
    #[must_use]
    pub fn outlet(&self) -> &Outlet {
        &self.outlet
    }

    /// Returns its length before compression, in bytes, with what is not written yet.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.dumper.as_ref().map_or(0, Either::position)
    }

    fn convert(&self, error: Error) -> Failure {
        convert(&self.path, self.outlet.step(), error)
    }

    fn failed(&self, error: &io::Error) -> Failure {
        failed(&self.path, self.outlet.step(), error)
    }
}

impl Drop for Savefile {
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
pub fn holds(packet: Packet<'_>) -> Result<(), String> {
    let time = packet.timestamp();
    let raw = packet.header().raw_secs();
    match u32::try_from(time.secs()).or(u32::try_from(raw)) {
        Ok(_) => Ok(()),
        Err(_) => Err(format!("expected a time from 1970 to 2106, found {time}")),
    }
}

/// The writer of the dumpers.
struct Feed(Outlet);

impl Write for Feed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.give(bytes, None)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Converts an error of a dumper.
fn convert(path: &Path, step: &str, error: Error) -> Failure {
    if let Some(error) = error.io_error() {
        return failed(path, step, error);
    }
    let (path, why) = (path.display().to_string(), error.text().to_owned());
    match error.kind() {
        ErrorKind::InvalidArgument => Failure::Unfit { path, why },
        _ => Failure::Text(format!("cannot {step} `{path}`: {why}")),
    }
}

fn failed(path: &Path, step: &str, error: &io::Error) -> Failure {
    Failure::Text(format!("cannot {step} `{}`: {error}", path.display()))
}
