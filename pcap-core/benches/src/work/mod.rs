//! The measured work: one file for each kind, which calls the peers that support it.
//!
//! May import: `frames`, `input`, `layout`, `tally`, `outcome`, `peers`.

mod feed;
mod filter;
#[cfg_attr(not(target_os = "linux"), path = "no_live.rs")]
pub(crate) mod live;
mod read;
mod write;

use std::path::{Path, PathBuf};

use crate::Failure;
use crate::frames::Size;
use crate::input::Input;
use crate::layout::Layout;
use crate::outcome::Outcome;
use crate::peers::{Peer, Sending, Way};

pub(crate) use feed::feed;
pub(crate) use filter::{FILTERS, Sample};
pub(crate) use live::{probe, send};

/// A task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Task {
    /// Read a savefile.
    Read(Input, Way),
    /// Read a savefile with the filter of that number.
    Filtered(Input, usize),
    /// Read a savefile through a pipe.
    Pipe(Input, Way),
    /// Read a savefile through a socket.
    Socket(Input, Way),
    /// Read a savefile in memory through `Read`.
    Reader(Input, Way),
    /// Run the filter of that number on one packet, or on 1024 different ones.
    Matches(Sample, usize),
    /// Write a savefile.
    Write(Size, Target),
    /// Write a pcapng file.
    WritePcapng(Size, Target),
    /// Capture while another process sends as fast as it can; with the default buffer, or one of this many MiB.
    Live(Option<usize>, Way),
    /// Read packets that have all arrived before the first read: none are lost, and their number is always the same.
    Buffered(Way),
    /// Send one packet repeatedly.
    Inject(Sending),
    /// Break a capture that waits for packets.
    Break,
    /// Wait that many milliseconds for packets that do not arrive.
    Deadline(u64),
}

/// The target of writing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// A file without a disk, whose speed would hide all else.
    Memory,
    /// `/dev/null`: only the cost of the call remains.
    Null,
}

/// Where the files are, and the amount of work.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) folder: PathBuf,
    /// A hundredth of the work.
    pub(crate) quick: bool,
}

impl Place {
    pub(crate) fn new(quick: bool) -> Place {
        Place {
            folder: Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/bench"),
            quick,
        }
    }

    fn many(&self, number: u64) -> u64 {
        number / if self.quick { 100 } else { 1 }
    }

    fn path(&self, input: Input) -> PathBuf {
        input.path(&self.folder, self.quick)
    }
}

impl Task {
    /// Returns the savefile that it reads.
    pub(crate) fn input(self) -> Option<Input> {
        match self {
            Task::Read(input, _)
            | Task::Filtered(input, _)
            | Task::Pipe(input, _)
            | Task::Socket(input, _)
            | Task::Reader(input, _) => Some(input),
            _ => None,
        }
    }

    /// Returns whether it needs a private network.
    pub(crate) fn is_live(self) -> bool {
        matches!(
            self,
            Task::Live(..) | Task::Buffered(_) | Task::Inject(_) | Task::Break | Task::Deadline(_)
        )
    }

    /// Returns a text: all tasks with the same one must tally the same. `None` for those that lose packets.
    pub(crate) fn same(self) -> Option<String> {
        match self {
            Task::Read(input, _)
            | Task::Pipe(input, _)
            | Task::Socket(input, _)
            | Task::Reader(input, _) => Some(format!("{input:?}")),
            Task::Live(..) => None,
            Task::Buffered(_) => Some("Buffered".into()),
            other => Some(format!("{other:?}")),
        }
    }

    pub(crate) fn run(self, peer: Peer, place: &Place) -> Result<Outcome, Failure> {
        match self {
            Task::Read(input, way) => read::read(peer, input, way, &place.path(input)),
            Task::Filtered(input, filter) => {
                let packets = input.packets(place.quick);
                read::filtered(peer, FILTERS[filter], packets.into(), &place.path(input))
            }
            Task::Pipe(input, way) => read::pipe(peer, input, way, &place.path(input)),
            Task::Socket(input, way) => read::socket(peer, input, way, &place.path(input)),
            Task::Reader(input, way) => read::reader(peer, input, way, &place.path(input)),
            Task::Matches(sample, filter) => filter::matches(peer, sample, FILTERS[filter], place),
            Task::Write(size, target) => write::write(peer, Layout::Classic, size, target, place),
            Task::WritePcapng(size, target) => {
                write::write(peer, Layout::Pcapng, size, target, place)
            }
            Task::Live(..)
            | Task::Buffered(_)
            | Task::Inject(_)
            | Task::Break
            | Task::Deadline(_) => live::run(self, peer, place),
        }
    }
}

/// Returns the error of a peer that does not support a task.
fn cannot(peer: Peer) -> Failure {
    format!("{} does not do this", peer.name()).into()
}
