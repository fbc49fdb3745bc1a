//! Replaces `live` on systems where a program cannot create a private network.

use crate::Failure;
use crate::peers::{Peer, Way};
use crate::tally::Tally;

/// The network.
pub(crate) struct Network;

impl Network {
    pub(crate) fn new() -> Result<Network, Failure> {
        Err("only Linux has networks that a program can make for itself".into())
    }
}

pub(crate) fn receive(_: Peer, _: Way, _: u64) -> Result<Tally, Failure> {
    Network::new().map(|_| Tally::default())
}
