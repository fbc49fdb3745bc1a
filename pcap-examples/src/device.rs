//! Finds and activates devices by their names on the command line.

use std::ffi::{OsStr, OsString};

use pcap_core::{Capture, Device, Dlt, Inactive};

use crate::exit::{Failure, Outcome};

/// Returns the device name for a name or a number on the command line. The numbers are those of `pcap-capture -D`.
///
/// On Windows, where devices have names such as `\Device\NPF_{…}`, the command line may instead contain the description
/// of a device, if it is unique.
///
/// # Errors
///
/// Returns an error if there is no device with this number.
pub fn resolve_name(name: &OsStr) -> Outcome<OsString> {
    let number = name
        .to_str()
        .filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    let number = number.and_then(|text| text.parse::<usize>().ok());
    if number.is_none() && !cfg!(windows) {
        return Ok(name.to_owned());
    }
    let devices = Device::list()?;
    if devices
        .iter()
        .any(|device| OsStr::new(device.name()) == name)
    {
        return Ok(name.to_owned());
    }
    if let Some(number) = number {
        return match number.checked_sub(1).and_then(|index| devices.get(index)) {
            Some(device) => Ok(device.name().into()),
            None => Err(Failure::Text(format!(
                "cannot find device {number}: expected a number from 1 to {}, see `pcap-capture -D`",
                devices.len()
            ))),
        };
    }
    Ok(name_by_description(name, &devices).map_or_else(|| name.to_owned(), OsString::from))
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

/// Returns the name of the only device with this description.
fn name_by_description(text: &OsStr, devices: &[Device]) -> Option<String> {
    let mut found = devices
        .iter()
        .filter(|device| device.description().is_some_and(|d| OsStr::new(d) == text));
    match (found.next(), found.next()) {
        (Some(device), None) => Some(device.name().to_owned()),
        _ => None,
    }
}
