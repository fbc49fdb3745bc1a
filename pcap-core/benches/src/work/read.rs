//! Reading savefiles: by name, from a pipe, a socket, or a `Read`.

use std::fs::{self, File};
use std::io::Cursor;
use std::os::fd::OwnedFd;
use std::path::Path;

use super::{cannot, feed};
use crate::Failure;
use crate::input::Input;
use crate::outcome::{Outcome, measured};
use crate::peers::{
    Peer, Source, Way, c, floor, ours, pcap, pcap_file, pcap_file_3, pcap_parser, tasks,
};

pub(super) fn read(peer: Peer, input: Input, way: Way, path: &Path) -> Result<Outcome, Failure> {
    read_from(peer, input, way, Source::Path(path))
}

fn read_from(peer: Peer, input: Input, way: Way, source: Source<'_>) -> Result<Outcome, Failure> {
    let layout = input.layout();
    measured(None, || match peer {
        Peer::Us if matches!(way, Way::Tokio | Way::AsyncIo) => tasks::read(source, way),
        Peer::Us => ours::read(source, way, None),
        Peer::C => c::read(source, way, None),
        Peer::Pcap => pcap::read(source, way, None),
        Peer::PcapFile => pcap_file::read(source, layout, way),
        Peer::PcapFile3 => pcap_file_3::read(source, layout, way),
        Peer::PcapParser => pcap_parser::read(source, layout, way),
        Peer::Floor => floor::read(source, layout),
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
    let source = Source::Path(path);
    let outcome = measured(Some(packets), || match peer {
        Peer::Us => ours::read(source, way, filter),
        Peer::C => c::read(source, way, filter),
        Peer::Pcap => pcap::read(source, way, filter),
        _ => Err(cannot(peer)),
    })?;
    if outcome.tally.packets == 0 || outcome.tally.packets == packets {
        return Err("the filter decides nothing".into());
    }
    Ok(outcome)
}

/// Reads what another process writes into a pipe, whose time does not count.
pub(super) fn pipe(peer: Peer, input: Input, way: Way, path: &Path) -> Result<Outcome, Failure> {
    fed(peer, input, way, path, feed::pipe()?)
}

/// Reads what another process writes into a socket, whose time does not count.
pub(super) fn socket(peer: Peer, input: Input, way: Way, path: &Path) -> Result<Outcome, Failure> {
    fed(peer, input, way, path, feed::socket()?)
}

fn fed(
    peer: Peer,
    input: Input,
    way: Way,
    path: &Path,
    [from, to]: [OwnedFd; 2],
) -> Result<Outcome, Failure> {
    let _feeder = feed::Feeder::new(path, to)?;
    read_from(peer, input, way, Source::Open(File::from(from)))
}

/// Reads bytes in memory, of which the reader knows only `Read`.
pub(super) fn reader(peer: Peer, input: Input, way: Way, path: &Path) -> Result<Outcome, Failure> {
    let bytes = Cursor::new(fs::read(path)?);
    read_from(peer, input, way, Source::Reader(Box::new(bytes)))
}
