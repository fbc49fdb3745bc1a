//! The layouts of savefiles, written byte by byte: without libpcap and the measured crate.
//!
//! May import: nothing of this program.

use std::io::{self, Write};

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
