//! The input savefiles: written once, byte by byte, without libpcap and the measured crate.
//!
//! May import: `frames`, `tally`.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::Failure;
use crate::frames::{Frames, Size};
use crate::tally::Tally;

/// A savefile to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Input {
    /// 5 million packets of 64 bytes.
    Small,
    /// 1 million packets of 60 to 1514 bytes, 800 on average.
    Mixed,
    /// 1 million packets of 60 to 1514 bytes in pcapng.
    MixedPcapng,
    /// 5 million packets of 64 bytes in pcapng.
    SmallPcapng,
    /// 1 million packets of 60 to 1514 bytes in pcapng, each with a comment of 32 bytes.
    CommentedPcapng,
    /// The same packets as `Small`, in the byte order that is not native.
    SmallSwapped,
}

/// The layout of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    Classic,
    Swapped,
    Pcapng,
    /// With a comment on each packet.
    Commented,
}

/// Comment on each packet of `CommentedPcapng`.
const COMMENT: &[u8; 32] = b"a comment of thirty-two bytes...";

impl Input {
    pub(crate) fn layout(self) -> Layout {
        match self {
            Input::Small | Input::Mixed => Layout::Classic,
            Input::SmallPcapng | Input::MixedPcapng => Layout::Pcapng,
            Input::CommentedPcapng => Layout::Commented,
            Input::SmallSwapped => Layout::Swapped,
        }
    }

    fn size(self) -> Size {
        match self {
            Input::Small | Input::SmallSwapped | Input::SmallPcapng => Size::Small,
            Input::Mixed | Input::MixedPcapng | Input::CommentedPcapng => Size::Mixed,
        }
    }

    /// Returns the number of packets in the file.
    pub(crate) fn packets(self, quick: bool) -> u32 {
        let packets = match self.size() {
            Size::Small => 5_000_000,
            Size::Mixed => 1_000_000,
        };
        packets / if quick { 100 } else { 1 }
    }

    fn name(self) -> &'static str {
        match self {
            Input::Small => "small",
            Input::Mixed => "mixed",
            Input::SmallPcapng => "small-pcapng",
            Input::MixedPcapng => "mixed-pcapng",
            Input::CommentedPcapng => "commented-pcapng",
            Input::SmallSwapped => "small-swapped",
        }
    }

    pub(crate) fn path(self, folder: &Path, quick: bool) -> PathBuf {
        self.beside(folder, quick, "pcap")
    }

    fn beside(self, folder: &Path, quick: bool, what: &str) -> PathBuf {
        folder.join(format!("{}-{}.{what}", self.packets(quick), self.name()))
    }

    /// Creates the file if it is missing or incomplete, and returns its tally.
    pub(crate) fn make(self, folder: &Path, quick: bool) -> Result<Tally, Failure> {
        let path = self.path(folder, quick);
        let told = self.beside(folder, quick, "tally");
        if path.exists()
            && let Ok(text) = fs::read_to_string(&told)
        {
            let tally = serde_json::from_str(&text).ok();
            let tally = tally.and_then(|value: Value| Tally::from_json(&value));
            return tally.ok_or_else(|| format!("remove {}", told.display()).into());
        }
        let partial = self.beside(folder, quick, "partial");
        let mut out = BufWriter::with_capacity(1 << 20, File::create(&partial)?);
        self.layout().header(&mut out)?;
        let mut frames = Frames::new(self.size());
        let mut tally = Tally::default();
        for number in 0..self.packets(quick) {
            let frame = frames.next();
            tally.add(frame);
            self.layout().record(&mut out, number, frame)?;
        }
        out.into_inner()?.sync_all()?;
        fs::rename(&partial, &path)?;
        fs::write(&told, tally.to_json().to_string())?;
        Ok(tally)
    }
}

impl Layout {
    /// Returns a number in the file's byte order.
    pub(crate) fn u32(self, number: u32) -> u32 {
        match self {
            Layout::Swapped => number.swap_bytes(),
            Layout::Classic | Layout::Pcapng | Layout::Commented => number,
        }
    }

    fn numbers(self, out: &mut impl Write, numbers: &[u32]) -> io::Result<()> {
        numbers
            .iter()
            .try_for_each(|&number| out.write_all(&self.u32(number).to_ne_bytes()))
    }

    pub(crate) fn header(self, out: &mut impl Write) -> io::Result<()> {
        match self {
            Layout::Classic | Layout::Swapped => {
                let version = [2_u16, 4].map(|n| match self {
                    Layout::Swapped => n.swap_bytes(),
                    _ => n,
                });
                self.numbers(out, &[0xa1b2_c3d4])?;
                for number in version {
                    out.write_all(&number.to_ne_bytes())?;
                }
                self.numbers(out, &[0, 0, 262_144, 1])
            }
            Layout::Pcapng | Layout::Commented => {
                // A section of unknown length, version 1.0.
                self.numbers(out, &[0x0a0d_0d0a, 28, 0x1a2b_3c4d])?;
                out.write_all(&1_u16.to_ne_bytes())?;
                out.write_all(&0_u16.to_ne_bytes())?;
                self.numbers(out, &[u32::MAX, u32::MAX, 28])?;
                // An interface: Ethernet, microseconds.
                self.numbers(out, &[1, 20])?;
                out.write_all(&1_u16.to_ne_bytes())?;
                out.write_all(&0_u16.to_ne_bytes())?;
                self.numbers(out, &[262_144, 20])
            }
        }
    }

    pub(crate) fn record(self, out: &mut impl Write, number: u32, frame: &[u8]) -> io::Result<()> {
        let length = frame.len() as u32;
        let time = 1_700_000_000_000_000 + u64::from(number);
        match self {
            Layout::Classic | Layout::Swapped => {
                let [secs, micros] = [time / 1_000_000, time % 1_000_000].map(|n| n as u32);
                self.numbers(out, &[secs, micros, length, length])?;
                out.write_all(frame)
            }
            Layout::Pcapng | Layout::Commented => {
                let padded = length.next_multiple_of(4);
                let options = match self {
                    Layout::Commented => 8 + COMMENT.len() as u32,
                    _ => 0,
                };
                let whole = padded + 32 + options;
                let time = [(time >> 32) as u32, time as u32];
                self.numbers(out, &[6, whole, 0, time[0], time[1], length, length])?;
                out.write_all(frame)?;
                out.write_all(&[0; 3][..(padded - length) as usize])?;
                if options > 0 {
                    for number in [1, COMMENT.len() as u16] {
                        out.write_all(&number.to_ne_bytes())?;
                    }
                    out.write_all(COMMENT)?;
                    self.numbers(out, &[0])?;
                }
                self.numbers(out, &[whole])
            }
        }
    }
}
