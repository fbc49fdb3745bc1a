//! A network of our own: two interfaces that are connected with each other, and nobody else.

use crate::Failure;

#[path = "../../../../tests/support/mod.rs"]
mod support;

/// What is sent from one comes to the other.
pub(super) const FROM: &str = "left";
pub(super) const TO: &str = "right";

/// The network, as long as it is kept.
pub(super) struct Network(#[allow(dead_code)] support::Netns);

impl Network {
    /// This process is in it from now on, with all that it starts.
    pub(super) fn new() -> Result<Network, Failure> {
        let net = support::Netns::new().ok_or("only root can make a network")?;
        net.veth(FROM, TO);
        Ok(Network(net))
    }
}

/// Whether such a network can be made here.
pub(crate) fn probe() -> Result<(), Failure> {
    Network::new().map(drop)
}
