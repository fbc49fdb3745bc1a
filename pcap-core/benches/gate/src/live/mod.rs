//! Live captures in a private network, which needs root.

#[path = "../../../src/work/live/network.rs"]
#[allow(dead_code)] // the benches use all of it
mod network;
#[path = "../../../src/work/live/sender.rs"]
#[allow(dead_code)]
mod sender;

use std::os::fd::OwnedFd;
use std::thread::sleep;
use std::time::Duration;

use crate::Failure;
use crate::peers::{Peer, Way, c, ours};
use crate::tally::Tally;
use crate::work::between_marks;

pub(crate) use network::Network;
use network::{FROM, TO};
use sender::{AT_ONCE, LENGTH, MARK, packet_socket, send_many};

/// The size of the capture's buffer, which holds all packets.
const BUFFER: usize = 32 << 20;

/// Longer than the packet-buffer timeout of both peers: then the kernel has passed on a block that is not full.
const PASSED_ON: Duration = Duration::from_millis(200);

/// Reads packets that are all in the buffer before the work begins.
pub(crate) fn receive(peer: Peer, way: Way, packets: u64) -> Result<Tally, Failure> {
    let socket = packet_socket(FROM)?;
    match peer {
        Peer::Us => {
            let mut capture = ours::open(TO, Some(BUFFER))?;
            fill(&socket, packets)?;
            between_marks(|| ours::receive(&mut capture, way, MARK))
        }
        Peer::C => {
            let capture = c::Live::open(TO, Some(BUFFER))?;
            fill(&socket, packets)?;
            between_marks(|| capture.receive(way, MARK))
        }
        Peer::Floor => Err("there is no floor".into()),
    }
}

/// Sends packets, and then the mark. While others flood the machine, the kernel may drop some; that of the mark, too,
/// which is therefore sent several times.
fn fill(socket: &OwnedFd, packets: u64) -> Result<(), Failure> {
    let mut left = packets;
    while left > 0 {
        left -= send_many(socket, &[0x5a; LENGTH], left.min(AT_ONCE as u64) as usize)?;
    }
    for _ in 0..8 {
        sleep(PASSED_ON / 8);
        send_many(socket, &[0x5a; MARK], 1)?;
    }
    sleep(PASSED_ON);
    Ok(())
}
