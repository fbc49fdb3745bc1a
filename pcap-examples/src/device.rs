//! Devices by the names that people know them by.

use std::ffi::{OsStr, OsString};

use pcap_core::Device;

/// What to open for the name of a device on the command line. On Windows, where a device is called
/// `\Device\NPF_{…}`, the description of one is taken too, if only one has it.
pub fn named(name: &OsStr) -> OsString {
    if cfg!(windows) {
        if let Some(device) = described(name, &Device::list().unwrap_or_default()) {
            return device.into();
        }
    }
    name.to_owned()
}

/// The name of the only device with this description, if none has it as its name.
fn described(text: &OsStr, devices: &[Device]) -> Option<String> {
    let is_name = |device: &Device| OsStr::new(device.name()) == text;
    if devices.iter().any(is_name) {
        return None;
    }
    let mut found = devices
        .iter()
        .filter(|device| device.description().is_some_and(|d| OsStr::new(d) == text));
    match (found.next(), found.next()) {
        (Some(device), None) => Some(device.name().to_owned()),
        _ => None,
    }
}
