//! Devices by the names that people know them by.

use std::ffi::{OsStr, OsString};

use pcap_core::{Capture, Device, Dlt, Inactive};

use crate::exit::{Failure, Outcome};

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

/// Activates captures on a device with the link type that the programs choose where the command line
/// names none. On Linux's `any` that is `LINUX_SLL2`, whose packets say which interface they are of;
/// elsewhere, and where libpcap does not have it, it is the device's first.
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
