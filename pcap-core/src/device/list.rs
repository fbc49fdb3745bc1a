//! Queries libpcap for devices and their networks.

use std::ffi::CStr;
use std::io;
use std::net::Ipv4Addr;
use std::ptr;

use super::{Device, DeviceAddress, DeviceName};
use crate::error::{Error, ErrorKind, Result};
use crate::sys;
use crate::text::contains;

/// A list of devices that libpcap allocated, freed on drop.
struct List(*mut sys::pcap_if_t);

impl List {
    #[inline]
    fn new() -> Result<List> {
        Error::library("list the devices", None)?;
        let mut first = ptr::null_mut();
        let mut errbuf = sys::ErrBuf::new();
        // SAFETY: both are ours and live through the call; the buffer has the size that libpcap
        // requires.
        let status = unsafe { sys::pcap_findalldevs(&mut first, errbuf.as_mut_ptr()) };
        if status != 0 {
            return Err(Error::status(
                status,
                "list the devices",
                None,
                &errbuf.text(),
            ));
        }
        Ok(List(first))
    }

    /// Copies the devices and frees the list.
    #[inline]
    fn devices(self) -> Vec<Device> {
        let mut devices = Vec::new();
        // SAFETY: null or the first of libpcap's list, which lives as long as `self`.
        let mut next = unsafe { self.0.as_ref() };
        while let Some(raw) = next {
            // SAFETY: the list is libpcap's own and not freed yet.
            devices.extend(unsafe { device(raw) });
            // SAFETY: null or the next of the same list.
            next = unsafe { raw.next.as_ref() };
        }
        devices
    }
}

impl Drop for List {
    fn drop(&mut self) {
        // SAFETY: null or a list that libpcap allocated, and freed once; nothing refers to it any more, because
        // everything that was read from it was copied.
        unsafe { sys::pcap_freealldevs(self.0) };
    }
}

/// Copies one device out of libpcap's list. Returns `None` if it has no name.
///
/// # Safety
///
/// `raw` belongs to a list that libpcap allocated and that is not freed during the call.
#[inline]
unsafe fn device(raw: &sys::pcap_if_t) -> Option<Device> {
    if raw.name.is_null() {
        return None;
    }
    // SAFETY: not null, and documented as a C string.
    let name = unsafe { CStr::from_ptr(raw.name) }.to_owned();
    // SAFETY: null or documented as a C string.
    let description = unsafe { sys::lossy(raw.description) };
    let mut addresses = Vec::new();
    // SAFETY: null or the first of libpcap's list, which lives as long as `raw`.
    let mut next = unsafe { raw.addresses.as_ref() };
    while let Some(address) = next {
        // SAFETY: part of the same list.
        addresses.extend(unsafe { DeviceAddress::read(address) });
        // SAFETY: null or the next of the same list.
        next = unsafe { address.next.as_ref() };
    }
    Some(Device {
        text: name.to_string_lossy().into_owned(),
        name,
        description,
        addresses,
        flags: raw.flags,
    })
}

/// Copies the devices of a list that libpcap allocated, and frees the list.
///
/// # Safety
///
/// `first` is null or the first element of such a list, which nothing else frees.
#[cfg(feature = "remote")]
pub(crate) unsafe fn take(first: *mut sys::pcap_if_t) -> Vec<Device> {
    List(first).devices()
}

#[inline]
pub(super) fn list() -> Result<Vec<Device>> {
    Ok(List::new()?.devices())
}

#[inline]
pub(super) fn find(name: &DeviceName) -> Result<Device> {
    list()?
        .into_iter()
        .find(|device| device.c_name().to_bytes() == name.as_bytes())
        .ok_or_else(|| {
            Error::cannot(
                ErrorKind::NoSuchDevice,
                "find the device",
                name.to_text(),
                "there is no such device",
            )
        })
}

#[inline]
pub(super) fn from_index(index: u32) -> Result<Device> {
    const OPERATION: &str = "find the device with the index";
    let refuse = |kind, why: &str| Error::cannot(kind, OPERATION, index.to_string(), why);
    let name = sys::platform::interface_name(index).map_err(|error| match error.kind() {
        io::ErrorKind::Unsupported => refuse(ErrorKind::Unsupported, &error.to_string()),
        _ => Error::io(OPERATION, index.to_string(), error),
    })?;
    let none = || refuse(ErrorKind::NoSuchDevice, "there is no such device");
    find(&name.ok_or_else(none)?.into())
}

#[inline]
pub(super) fn default_device() -> Result<Device> {
    choose(list()?)
}

/// Chooses the default device.
fn choose(mut devices: Vec<Device>) -> Result<Device> {
    if devices.is_empty() {
        return Err(Error::cannot(
            ErrorKind::NoSuchDevice,
            "choose a device",
            None,
            format!(
                "libpcap lists no device, probably because this process may not capture; {}",
                sys::platform::PERMISSION_HELP
            ),
        ));
    }
    let works = |d: &Device| d.is_up() && d.is_running() && !d.is_loopback() && !d.is_pseudo();
    let best = devices
        .iter()
        .position(works)
        .or_else(|| devices.iter().position(Device::is_up))
        .unwrap_or(0);
    Ok(devices.swap_remove(best))
}

/// Returns the IPv4 network number and netmask of a device; `None` if it has no IPv4 address.
pub(crate) fn net_and_mask(device: &CStr) -> Result<Option<(Ipv4Addr, Ipv4Addr)>> {
    let name = device.to_string_lossy().into_owned();
    Error::library("look up the network of", name)?;
    let mut net = 0;
    let mut mask = 0;
    let mut errbuf = sys::ErrBuf::new();
    // SAFETY: the name is a C string, the numbers are ours, and the buffer has the size that
    // libpcap requires; all live through the call.
    let status =
        unsafe { sys::pcap_lookupnet(device.as_ptr(), &mut net, &mut mask, errbuf.as_mut_ptr()) };
    if status == 0 {
        // In network byte order, so the bytes need no conversion. Both are zero if there is no IPv4 address.
        let net = Ipv4Addr::from(net.to_ne_bytes());
        let mask = Ipv4Addr::from(mask.to_ne_bytes());
        let none = net.is_unspecified() && mask.is_unspecified();
        return Ok((!none).then_some((net, mask)));
    }
    let text = errbuf.text();
    if contains(&text, "no IPv4 address assigned") {
        return Ok(None);
    }
    let name = device.to_string_lossy().into_owned();
    // The system's texts on Linux and on the BSDs.
    let gone = ["No such device", "Device not configured"];
    if gone.iter().any(|gone| contains(&text, gone)) {
        return Err(Error::cannot(
            ErrorKind::NoSuchDevice,
            "look up the network of",
            name,
            text,
        ));
    }
    Err(Error::status(status, "look up the network of", name, &text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::{Address, ConnectionStatus, MacAddr};

    fn device(name: &str, flags: i32, with_address: bool) -> Device {
        let address = DeviceAddress {
            address: Address::Mac(MacAddr::ZERO),
            netmask: None,
            broadcast: None,
            destination: None,
        };
        Device {
            name: std::ffi::CString::new(name).unwrap(),
            text: name.into(),
            description: None,
            addresses: with_address.then_some(address).into_iter().collect(),
            flags: flags as u32,
        }
    }

    #[test]
    fn each_flag_is_asked_for_by_one_call() {
        type Question = fn(&Device) -> bool;
        let questions: [(i32, Question); 4] = [
            (sys::PCAP_IF_LOOPBACK, Device::is_loopback),
            (sys::PCAP_IF_UP, Device::is_up),
            (sys::PCAP_IF_RUNNING, Device::is_running),
            (sys::PCAP_IF_WIRELESS, Device::is_wireless),
        ];
        for (flag, _) in questions {
            let device = device("a", flag, false);
            assert_eq!(device.raw_flags(), flag as u32);
            for (other, is) in questions {
                assert_eq!(is(&device), other == flag, "{flag}, {other}");
            }
        }
        for (flags, status) in [
            (0, ConnectionStatus::Unknown),
            (
                sys::PCAP_IF_CONNECTION_STATUS_CONNECTED,
                ConnectionStatus::Connected,
            ),
            (
                sys::PCAP_IF_CONNECTION_STATUS_DISCONNECTED,
                ConnectionStatus::Disconnected,
            ),
            (
                sys::PCAP_IF_CONNECTION_STATUS_NOT_APPLICABLE,
                ConnectionStatus::NotApplicable,
            ),
        ] {
            assert_eq!(device("a", flags, false).connection_status(), status);
        }
    }

    #[test]
    fn the_default_is_the_first_that_works() {
        let up = sys::PCAP_IF_UP | sys::PCAP_IF_RUNNING;
        let none = sys::PCAP_IF_CONNECTION_STATUS_NOT_APPLICABLE;
        let any = device("any", up | none, false);
        let lo = device("lo", up | none | sys::PCAP_IF_LOOPBACK, true);
        let nflog = device("nflog", none, false);
        let down = device("eth0", 0, true);
        let bare = device("eth1", up, false);
        let idle = device("eth2", sys::PCAP_IF_UP, true);
        for (devices, expected) in [
            (vec![&any, &lo, &down, &bare, &idle], Ok("eth1")),
            (vec![&nflog, &down, &idle, &lo], Ok("eth2")),
            (vec![&nflog, &down, &lo, &any], Ok("lo")),
            (vec![&any, &nflog], Ok("any")),
            (vec![&nflog, &down], Ok("nflog")),
            (vec![], Err(ErrorKind::NoSuchDevice)),
        ] {
            let chosen = choose(devices.into_iter().cloned().collect());
            let chosen = chosen.as_ref().map(Device::name).map_err(Error::kind);
            assert_eq!(chosen, expected);
        }
    }

    #[test]
    fn libpcaps_answers_about_networks_are_told_apart() {
        let any = net_and_mask(c"any");
        let none = ErrorKind::Unsupported;
        if any.as_ref().is_err_and(|error| error.kind() == none) {
            // libpcap may have been built without devices.
            return;
        }
        assert_eq!(any.unwrap(), None);
        let error = net_and_mask(c"no such one").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NoSuchDevice, "{error}");
        assert_eq!(error.object(), Some("no such one"));
    }
}
