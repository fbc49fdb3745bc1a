//! The lists of devices, link types and time-stamp types, in tcpdump's words.

use std::fmt::Write as _;

use pcap_core::{ConnectionStatus, Device, Dlt, TstampType};

/// Returns the line for a device and its number, as `tcpdump -D` prints it:
/// `1.eth0 (description) [Up, Running, Connected]`.
#[must_use]
pub fn numbered_line(number: usize, device: &Device) -> String {
    let mut line = format!("{number}.{}", device.name());
    if let Some(description) = device.description() {
        // Writing to memory cannot fail.
        let _ = write!(line, " ({description})");
    }
    let states = [
        (device.is_up(), "Up"),
        (device.is_running(), "Running"),
        (device.is_loopback(), "Loopback"),
        (device.is_wireless(), "Wireless"),
    ];
    let states = states.iter().filter(|(is, _)| *is).map(|(_, name)| *name);
    let connection = match device.connection_status() {
        ConnectionStatus::Connected => Some("Connected"),
        ConnectionStatus::Disconnected => Some("Disconnected"),
        _ => None,
    };
    let states: Vec<&str> = states.chain(connection).collect();
    let states = match states.is_empty() {
        true => "none".to_owned(),
        false => states.join(", "),
    };
    let _ = write!(line, " [{states}]");
    line
}

/// Returns the lines for the link types of a device, as `tcpdump -L` prints them.
#[must_use]
pub fn link_types(name: &str, linktypes: &[Dlt]) -> String {
    let mut text = format!("Data link types for {name} (use option -y to set):\n");
    for linktype in linktypes {
        let _ = match linktype.description() {
            Some(description) => writeln!(text, "  {linktype} ({description})"),
            None => writeln!(text, "  {linktype}"),
        };
    }
    text
}

/// Returns the lines for the sources of packet times of a device, as `tcpdump -J` prints them.
#[must_use]
pub fn time_stamp_types(name: &str, types: &[TstampType]) -> String {
    if types.is_empty() {
        return format!("Time stamp type cannot be set for {name}\n");
    }
    let mut text = format!("Time stamp types for {name} (use option -j to set):\n");
    for tstamp_type in types {
        let _ = match tstamp_type.description() {
            Some(description) => writeln!(text, "  {tstamp_type} ({description})"),
            None => writeln!(text, "  {tstamp_type}"),
        };
    }
    text
}
