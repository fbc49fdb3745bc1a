//! A private network: two connected interfaces without other traffic.

use crate::Failure;

#[path = "../../../../tests/support/netns.rs"]
mod netns;

/// The sending end; the other one receives.
pub(crate) const FROM: &str = "left";
pub(crate) const TO: &str = "right";

/// The network, until it is dropped.
pub(crate) struct Network(netns::Netns);

impl Network {
    /// Moves this process, and programs that it starts, into a new network.
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

/// Returns an error if no such network can be created.
pub(crate) fn probe() -> Result<(), Failure> {
    Network::new().map(drop)
}
