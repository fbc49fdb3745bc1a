//! Capturing while another process sends as fast as it can.

use super::network::TO;
use super::sender::{LENGTH, MARK, Sender};
use super::{Place, cannot};
use crate::Failure;
use crate::outcome::{Metric, Outcome, measured};
use crate::peers::{Peer, Way, c, ours, pcap, tasks};

/// The number of packets to send.
const PACKETS: u64 = 500_000;

pub(super) fn receive(
    peer: Peer,
    buffer: Option<usize>,
    way: Way,
    place: &Place,
) -> Result<Outcome, Failure> {
    let buffer = buffer.map(|mib| mib << 20);
    let sent = place.many(PACKETS);
    let mut sender = Sender::new(sent, None)?;
    let mut outcome = match peer {
        Peer::Us => {
            let capture = ours::open(TO, buffer)?;
            sender.start()?;
            measured(None, || Ok(tasks::receive_all(capture, way, MARK)?.0))
        }
        Peer::C => {
            let capture = c::Live::open(TO, buffer)?;
            sender.start()?;
            measured(None, || capture.receive(way, MARK))
        }
        Peer::Pcap => {
            let mut capture = pcap::open(TO, buffer)?;
            sender.start()?;
            measured(None, || pcap::receive(&mut capture, way, MARK))
        }
        _ => Err(cannot(peer)),
    }?;
    let came = outcome.tally.packets;
    if came == 0 || came > sent || outcome.tally.bytes != came * LENGTH as u64 {
        return Err(format!("{came} of {sent} packets came").into());
    }
    let lost = (sent - came) as f64 * 100.0 / sent as f64;
    outcome.figures.insert(Metric::Lost, lost);
    Ok(outcome)
}
