//! Reading savefiles.

use std::fs::File;
use std::os::fd::AsRawFd;
use std::path::Path;
use std::process::{Command, Stdio};

use super::cannot;
use crate::Failure;
use crate::input::Input;
use crate::outcome::{Outcome, measured};
use crate::peers::{Peer, Way, c, floor, ours, pcap, pcap_file, pcap_file_3, pcap_parser, tasks};

pub(super) fn read(peer: Peer, input: Input, way: Way, path: &Path) -> Result<Outcome, Failure> {
    let layout = input.layout();
    measured(None, || match peer {
        Peer::Us if matches!(way, Way::Tokio | Way::AsyncIo) => tasks::read(path, way),
        Peer::Us => ours::read(path, way, None),
        Peer::C => c::read(path, way, None),
        Peer::Pcap => pcap::read(path, way, None),
        Peer::PcapFile => pcap_file::read(path, layout, way),
        Peer::PcapFile3 => pcap_file_3::read(path, layout, way),
        Peer::PcapParser => pcap_parser::read(path, layout, way),
        Peer::Floor => floor::read(path, layout),
    })
}

/// Reads with a filter. The cost is per packet in the file, including rejected ones.
pub(super) fn filtered(
    peer: Peer,
    filter: &str,
    packets: u64,
    path: &Path,
) -> Result<Outcome, Failure> {
    let way = Way::ForEach;
    let filter = Some(filter);
    let outcome = measured(Some(packets), || match peer {
        Peer::Us => ours::read(path, way, filter),
        Peer::C => c::read(path, way, filter),
        Peer::Pcap => pcap::read(path, way, filter),
        _ => Err(cannot(peer)),
    })?;
    if outcome.tally.packets == 0 || outcome.tally.packets == packets {
        return Err("the filter decides nothing".into());
    }
    Ok(outcome)
}

/// Reads what another process writes into a pipe, whose time does not count.
pub(super) fn pipe(peer: Peer, input: Input, way: Way, path: &Path) -> Result<Outcome, Failure> {
    let mut cat = Command::new("cat")
        .stdin(File::open(path)?)
        .stdout(Stdio::piped())
        .spawn()?;
    let pipe = cat.stdout.take().ok_or("no pipe")?;
    let path = format!("/dev/fd/{}", pipe.as_raw_fd());
    let outcome = read(peer, input, way, Path::new(&path));
    drop(pipe);
    cat.wait()?;
    outcome
}
