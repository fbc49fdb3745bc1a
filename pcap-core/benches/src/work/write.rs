//! Writing savefiles: of packets in memory, to a file in memory, or to `/dev/null`.

use std::fs::File;
use std::io;
#[cfg(target_os = "linux")]
use std::os::fd::FromRawFd;
use std::path::{Path, PathBuf};

use super::{Place, Target, cannot};
use crate::Failure;
use crate::frames::{Frames, Size};
use crate::layout::Layout;
use crate::outcome::{Outcome, measured};
use crate::peers::{Peer, Samples, Source, c, floor, ours, pcap, pcap_file, pcap_file_3};
use crate::tally::Tally;

pub(super) fn write(
    peer: Peer,
    layout: Layout,
    size: Size,
    target: Target,
    place: &Place,
) -> Result<Outcome, Failure> {
    // To memory it is 80 MB, which every machine has.
    let packets = place.many(match (size, target) {
        (Size::Small, Target::Memory) => 1_000_000,
        (Size::Mixed, Target::Memory) => 100_000,
        (Size::Small, Target::Null) => 5_000_000,
        (Size::Mixed, Target::Null) => 1_000_000,
    });
    let scratch = match target {
        Target::Memory => Some(Scratch::new(place)?),
        Target::Null => None,
    };
    let path = scratch.as_ref().map(|scratch| scratch.path.as_path());
    let path = path.unwrap_or(Path::new("/dev/null"));
    let samples = Samples::new(Frames::samples(size));
    let mut outcome = measured(Some(packets), || {
        match (peer, layout) {
            (Peer::Floor, _) => floor::write(path, layout, &samples, packets),
            (Peer::Us, Layout::Pcapng) => ours::write_pcapng(path, &samples, packets),
            (Peer::PcapFile, Layout::Pcapng) => pcap_file::write_pcapng(path, &samples, packets),
            (Peer::PcapFile3, Layout::Pcapng) => pcap_file_3::write_pcapng(path, &samples, packets),
            (_, Layout::Pcapng) => Err(cannot(peer)),
            (Peer::Us, _) => ours::write(path, &samples, packets),
            (Peer::C, _) => c::write(path, &samples, packets),
            (Peer::Pcap, _) => pcap::write(path, &samples, packets),
            (Peer::PcapFile, _) => pcap_file::write(path, &samples, packets),
            (Peer::PcapFile3, _) => pcap_file_3::write(path, &samples, packets),
            (Peer::PcapParser, _) => Err(cannot(peer)),
        }?;
        Ok(Tally::default())
    })?;
    if scratch.is_some() {
        outcome.tally = floor::read(Source::Path(path), layout)?;
        if outcome.tally.packets != packets {
            return Err(format!(
                "{} packets were written, not {packets}",
                outcome.tally.packets
            )
            .into());
        }
    }
    Ok(outcome)
}

/// A file that is deleted on drop.
struct Scratch {
    path: PathBuf,
    /// A file without a name and a disk, if the system has such files.
    memory: Option<File>,
}

impl Scratch {
    #[cfg(target_os = "linux")]
    fn new(_: &Place) -> io::Result<Scratch> {
        // SAFETY: a C string and a number.
        let fd = unsafe { libc::memfd_create(c"bench".as_ptr(), libc::MFD_CLOEXEC) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: just opened, and has no other owner.
        let memory = unsafe { File::from_raw_fd(fd) };
        Ok(Scratch {
            path: PathBuf::from(format!("/dev/fd/{fd}")),
            memory: Some(memory),
        })
    }

    #[cfg(not(target_os = "linux"))]
    fn new(place: &Place) -> io::Result<Scratch> {
        Ok(Scratch {
            path: place.folder.join(format!("written-{}", std::process::id())),
            memory: None,
        })
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if self.memory.is_none() {
            // It may not have been created.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}
