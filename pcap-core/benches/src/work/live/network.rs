//! A network of our own: two interfaces that are connected with each other, and nobody else.

use crate::Failure;

#[path = "../../../../tests/support/netns.rs"]
mod netns;

/// What is sent from one comes to the other.
pub(crate) const FROM: &str = "left";
pub(crate) const TO: &str = "right";

/// The network, as long as it is kept.
pub(crate) struct Network(netns::Netns);

impl Network {
    /// This process is in it from now on, with all that it starts.
    pub(crate) fn new() -> Result<Network, Failure> {
        let net = netns::Netns::new().ok_or("only root can make a network")?;
        net.veth(FROM, TO);
        Ok(Network(net))
    }

    /// Sets an interface down.
    pub(crate) fn set_down(&self, name: &str) {
        self.0.ip(["link", "set", name, "down"]);
    }
}

/// Whether such a network can be made here.
pub(crate) fn probe() -> Result<(), Failure> {
    Network::new().map(drop)
}
