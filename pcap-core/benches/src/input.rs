//! The input savefiles, which are written once.
//!
//! May import: `frames`, `layout`, `tally`, `outcome`.

use std::fs::{self, File};
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::Failure;
use crate::frames::{Frames, Size};
use crate::layout::Layout;
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
