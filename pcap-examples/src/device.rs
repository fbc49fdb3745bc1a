//! Finds and activates devices by their names on the command line.

use std::ffi::{OsStr, OsString};

use pcap_core::{Capture, Device, Dlt, Inactive};

use crate::exit::{Failure, Outcome};

/// Returns the device name for a name on the command line.
///
/// On Windows, where devices have names such as `\Device\NPF_{…}`, the command line may instead contain the description
/// of a device, if it is unique.
pub fn resolve_name(name: &OsStr) -> OsString {
    if cfg!(windows) {
        if let Some(device) = name_by_description(name, &Device::list().unwrap_or_default()) {
            return device.into();
        }
    }
    name.to_owned()
}

/// Calls `activate` with options that select the default link type for a device.
///
/// For Linux's `any` device, the default is `LINUX_SLL2`, whose packets include their interface. For other devices, and
/// if libpcap does not support `LINUX_SLL2`, it is the first link type of the device.
///
/// # Errors
///
/// Returns the errors of the closure.
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

/// Returns the name of the only device with this description. Returns `None` if the text is itself a device name.
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
