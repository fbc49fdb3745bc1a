//! The device on which packets are sent and captured.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result, ensure};

/// One of two connected devices. Captures see the packets that are sent on it.
pub(crate) const DEVICE: &str = "left";

/// Creates two connected devices in this network namespace, which must be a new one.
pub(crate) fn create() -> Result<()> {
    // Nothing but our packets.
    for file in ["all", "default"] {
        fs::write(format!("/proc/sys/net/ipv6/conf/{file}/disable_ipv6"), "1")
            .context("cannot disable IPv6")?;
    }
    for words in [
        "link add left type veth peer name right",
        "link set left arp off",
        "link set right arp off",
        "link set left up",
        "link set right up",
    ] {
        let status = Command::new("ip").args(words.split(' ')).status();
        let status = status.context("cannot run ip")?;
        ensure!(
            status.success(),
            "cannot create devices: ip {words}: {status}"
        );
    }
    Ok(())
}
