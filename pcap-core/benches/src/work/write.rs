//! Writing savefiles: of packets in memory, to a file that stays in memory, or to nowhere.

use std::fs;
use std::path::Path;

use super::{Place, Target, cannot};
use crate::Failure;
use crate::frames::{Frames, Size};
use crate::input::Layout;
use crate::peers::{Peer, Samples, c, floor, ours, pcap, pcap_file};
use crate::tally::{Outcome, Tally, measured};

pub(super) fn write(
    peer: Peer,
    size: Size,
    target: Target,
    place: &Place,
) -> Result<Outcome, Failure> {
    // 80 MB to a file: small enough that the system does not make the writer wait for the disk.
    let packets = place.many(match (size, target) {
        (Size::Small, Target::File) => 1_000_000,
        (Size::Mixed, Target::File) => 100_000,
        (Size::Small, Target::Null) => 5_000_000,
        (Size::Mixed, Target::Null) => 1_000_000,
    });
    let file = place
        .folder
        .join(format!("written-{}.pcap", std::process::id()));
    let path = match target {
        Target::File => file.as_path(),
        Target::Null => Path::new("/dev/null"),
    };
    let samples = Samples::new(Frames::samples(size));
    let mut outcome = measured(Some(packets), || {
        match peer {
            Peer::Us => ours::write(path, &samples, packets),
            Peer::C => c::write(path, &samples, packets),
            Peer::Pcap => pcap::write(path, &samples, packets),
            Peer::PcapFile => pcap_file::write(path, &samples, packets),
            Peer::Floor => floor::write(path, &samples, packets),
            Peer::PcapParser => Err(cannot(peer)),
        }?;
        Ok(Tally::default())
    })?;
    if target == Target::File {
        let tally = floor::read(&file, Layout::Classic);
        fs::remove_file(&file)?;
        outcome.tally = tally?;
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
