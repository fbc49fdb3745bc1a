//! Work on devices, in a private network: needs Linux, and root.

mod inject;
mod latency;
pub(crate) mod network;
mod receive;
pub(crate) mod sender;

use super::{Place, Task, cannot};
use crate::Failure;
use crate::outcome::Outcome;
use crate::peers::Peer;

pub(crate) use network::probe;
pub(crate) use sender::send;

pub(super) fn run(task: Task, peer: Peer, place: &Place) -> Result<Outcome, Failure> {
    let _network = network::Network::new()?;
    match task {
        Task::Live(buffer, way) => receive::receive(peer, buffer, way, place),
        Task::Buffered(way) => receive::buffered(peer, way, place),
        Task::Inject(sending) => inject::inject(peer, sending, place),
        Task::Break => latency::breaks(peer, place),
        Task::Deadline(millis) => latency::deadlines(peer, millis, place),
        _ => Err(cannot(peer)),
    }
}
