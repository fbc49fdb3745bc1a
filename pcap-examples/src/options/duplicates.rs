//! The options that remove duplicate packets.

use std::time::Duration;

use clap::Args;

use crate::duplicates::{DuplicateFinder, Window};
use crate::value_parsers;

/// The number of packets that are compared by default, the same as editcap's.
const DEFAULT_PACKETS: u32 = 5;

/// The section of `--help` about duplicates.
pub const HELP: &str = "\
Duplicates:
  A packet is a duplicate if an earlier one has the same link type, length on
  the wire and bytes. Times, interfaces and comments are not compared. Only
  packets that are otherwise selected are compared; removed ones count as well.
  The packets of the window are kept in memory, at most 256 MiB. If --dedup-time
  needs more, older ones are forgotten, with a warning.";

/// Which packets are duplicates.
#[derive(Args, Clone, Debug, Default)]
pub struct DuplicateOptions {
    /// Remove packets that are equal to one of the four before them (see below)
    #[arg(long)]
    dedup: bool,
    /// Remove duplicates among N successive packets, at most 1000000
    #[arg(long, value_name = "N", value_parser = value_parsers::number(2_u32..=1_000_000))]
    dedup_window: Option<u32>,
    /// Remove duplicates whose times differ by at most this, in seconds or with a unit: 0.5, 20ms
    #[arg(long, value_name = "TIME", value_parser = value_parsers::seconds)]
    dedup_time: Option<Duration>,
    /// Ignore the first N bytes of packets when comparing them, unless a packet is shorter
    #[arg(long, value_name = "N", default_value = "0", hide_default_value = true, value_parser = value_parsers::number(0_u32..))]
    ignore_bytes: u32,
}

impl DuplicateOptions {
    /// Returns whether the bytes to ignore were given without an option that removes duplicates.
    #[must_use]
    pub fn is_incomplete(&self) -> bool {
        self.ignore_bytes > 0 && self.window().is_none()
    }

    /// Returns a finder of duplicates, if there is an option that asks for it.
    #[must_use]
    pub fn finder(&self) -> Option<DuplicateFinder> {
        let window = self.window()?;
        Some(DuplicateFinder::new(window, self.ignore_bytes as usize))
    }

    fn window(&self) -> Option<Window> {
        let packets = match (self.dedup_window, self.dedup_time) {
            (Some(packets), _) => Some(packets as usize),
            (None, Some(_)) => None,
            (None, None) if self.dedup => Some(DEFAULT_PACKETS as usize),
            (None, None) => return None,
        };
        Some(Window {
            packets,
            time: self.dedup_time,
        })
    }
}
