//! Devices by name, as they are named on the command line.

use std::ffi::{OsStr, OsString};

use pcap_core::{Capture, Device, Dlt, Inactive};

use crate::exit::{Failure, Outcome};

/// Returns the device for a name on the command line. On Windows, where devices are called `\Device\NPF_{…}`, the name
/// may be a description that only one device has.
pub fn resolve_name(name: &OsStr) -> OsString {
    if cfg!(windows) {
        if let Some(device) = name_by_description(name, &Device::list().unwrap_or_default()) {
            return device.into();
        }
    }
    name.to_owned()
}

/// Activates captures on a device with the default link type. For Linux's `any` that is `LINUX_SLL2`, whose packets
/// include their interface; for other devices, and if libpcap does not support it, it is the device's first.
///
/// # Errors
///
/// Those of the closure.
pub fn activate<T>(
    name: &OsStr,
    options: Capture<Inactive>,
    activate: impl Fn(Capture<Inactive>) -> Outcome<T>,
) -> Outcome<T> {
    if !cfg!(target_os = "linux") || name != "any" {
        return activate(options);
    }
    match activate(options.clone().datalink(Dlt::LINUX_SLL2)) {
        Err(Failure::Pcap(error)) if error.operation() == Some("set the link type of") => {
            activate(options)
        }
        activated => activated,
    }
}

/// Returns the name of the only device with this description, unless a device has it as its name.
fn name_by_description(text: &OsStr, devices: &[Device]) -> Option<String> {
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
