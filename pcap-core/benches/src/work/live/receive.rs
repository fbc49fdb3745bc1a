//! Capturing while another process sends as fast as it can, and reading what has already arrived.

use super::network::{FROM, TO};
use super::sender::{AT_ONCE, LENGTH, MARK, Sender, packet_socket, send_many};
use super::{Place, cannot};
use crate::Failure;
use crate::outcome::{Metric, Outcome, measured};
use crate::peers::{Peer, Way, c, ours, pcap, tasks};
use crate::tally::Tally;

/// The number of packets to send.
const PACKETS: u64 = 500_000;
/// The number of packets that arrive before the first read. They take more than half of the buffer.
const WAITING: u64 = 300_000;
const BUFFER: usize = 64 << 20;

pub(super) fn receive(
    peer: Peer,
    buffer: Option<usize>,
    way: Way,
    place: &Place,
) -> Result<Outcome, Failure> {
    let buffer = buffer.map(|mib| mib << 20);
    let sent = place.many(PACKETS);
    let mut sender = Sender::new(sent, None)?;
    let mut outcome = read(peer, buffer, way, || sender.start())?;
    let came = outcome.tally.packets;
    if came == 0 || came > sent || outcome.tally.bytes != came * LENGTH as u64 {
        return Err(format!("{came} of {sent} packets came").into());
    }
    let lost = (sent - came) as f64 * 100.0 / sent as f64;
    outcome.figures.insert(Metric::Lost, lost);
    Ok(outcome)
}

pub(super) fn buffered(peer: Peer, way: Way, place: &Place) -> Result<Outcome, Failure> {
    let sent = place.many(WAITING);
    let outcome = read(peer, Some(BUFFER), way, || {
        let socket = packet_socket(FROM)?;
        let mut left = sent;
        while left > 0 {
            left -= send_many(&socket, &[0x5a; LENGTH], left.min(AT_ONCE as u64) as usize)?;
        }
        while send_many(&socket, &[0x5a; MARK], 1)? == 0 {}
        Ok(())
    })?;
    match outcome.tally.packets {
        came if came == sent => Ok(outcome),
        came => Err(format!("{came} of {sent} packets came").into()),
    }
}

/// Opens a capture, lets packets arrive, and measures how a peer reads them until the mark.
fn read(
    peer: Peer,
    buffer: Option<usize>,
    way: Way,
    start: impl FnOnce() -> Result<(), Failure>,
) -> Result<Outcome, Failure> {
    let reading: Box<dyn FnOnce() -> Result<Tally, Failure>> = match peer {
        Peer::Us => {
            let capture = ours::open(TO, buffer)?;
            tasks::start(way);
            Box::new(move || Ok(tasks::receive_all(capture, way, MARK)?.0))
        }
        Peer::C => {
            let capture = c::Live::open(TO, buffer)?;
            Box::new(move || capture.receive(way, MARK))
        }
        Peer::Pcap => {
            let mut capture = pcap::open(TO, buffer)?;
            Box::new(move || pcap::receive(&mut capture, way, MARK))
        }
        _ => return Err(cannot(peer)),
    };
    start()?;
    measured(None, reading)
}
