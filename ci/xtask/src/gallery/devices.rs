//! The devices that the exhibits show, in a network namespace of their own.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::Result;
use crate::command;

/// Creates them. Fails outside a new network namespace, so that nothing is sent or captured elsewhere.
///
/// `lan0` and `wan0` are those of a router. `mon0` has no address, like the monitoring port of a switch: it receives what
/// is sent on `tap0`, and nothing answers.
pub(super) fn create() -> Result<()> {
    let devices = command::read(Path::new("/proc/self/net/dev"))?;
    let names = devices.lines().filter_map(|line| line.split_once(':'));
    if names.map(|(name, _)| name.trim()).ne(["lo"]) {
        return Err("expected a new network namespace (ci/gallery creates one)".to_owned());
    }
    for which in ["all", "default"] {
        // A kernel without IPv6 has no such file. The devices would send packets of their own.
        let _ = fs::write(format!("/proc/sys/net/ipv6/conf/{which}/disable_ipv6"), "1");
    }
    for words in [
        "link add lan0 address 02:00:5e:00:00:01 type veth peer name lan1",
        "link add wan0 address 02:00:5e:00:00:09 type veth peer name wan1",
        "link add mon0 address 02:00:5e:00:00:f0 type veth peer name tap0",
        "address add 192.0.2.1/24 broadcast + dev lan0",
        "address add 198.51.100.2/24 broadcast + dev wan0",
        "link set lan0 up",
        "link set lan1 up",
        "link set wan0 up",
        "link set wan1 up",
        // The kernel would answer for the addresses of the other devices.
        "link set mon0 arp off",
        "link set tap0 arp off",
        "link set mon0 up",
        "link set tap0 up",
    ] {
        command::run(Command::new("ip").args(words.split(' ')))?;
    }
    Ok(())
}
