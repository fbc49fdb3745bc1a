//! Capture devices with their names, addresses and status.

// rustdoc lists the methods of `Device` in the order of these modules.
mod find;

mod address;
mod build;
mod list;
mod mac;
mod name;

pub use address::{Address, DeviceAddress};
pub use mac::MacAddr;
pub use name::DeviceName;

use std::ffi::{CStr, CString};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr};

use crate::error::Result;
use crate::sys;

pub(crate) use list::net_and_mask;
#[cfg(feature = "remote")]
pub(crate) use list::take;

/// The connection status of a device: whether its cable is plugged in, or whether it is associated with an access
/// point. Returned by [`Device::connection_status`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ConnectionStatus {
    /// The system does not report the status.
    Unknown,
    /// Connected.
    Connected,
    /// Not connected.
    Disconnected,
    /// The status does not apply, because this is a loopback or pseudo-device.
    NotApplicable,
}

/// A capture device, as it was when it was listed.
///
/// Later changes to its addresses or state are not visible; to see them, call [`Device::list`] again.
///
/// Not every device is a network interface. Linux also has `any`, which captures on all interfaces, and pseudo-devices
/// for USB, Bluetooth, D-Bus and netfilter (`nflog`, `nfqueue`).
///
/// # Examples
///
/// ```
/// use pcap_core::Device;
///
/// for device in Device::list()? {
///     println!("{} {}", device.name(), device.description().unwrap_or_default());
///     for a in device.addresses() {
///         println!("    {a}");
///     }
/// }
/// # Ok::<(), pcap_core::Error>(())
/// ```
#[doc(alias = "pcap_if_t")]
#[doc(alias = "pcap_if")]
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Device {
    name: CString,
    text: String,
    description: Option<String>,
    addresses: Vec<DeviceAddress>,
    flags: u32,
}

/// # Properties
impl Device {
    /// Returns the name as text, with invalid UTF-8 replaced. To open the device, pass the `Device` itself, which keeps
    /// the exact bytes of the name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.text
    }

    /// Returns the name exactly as libpcap lists it.
    pub(crate) fn c_name(&self) -> &CStr {
        &self.name
    }

    /// Returns the description of the device, if it has one. On Windows, every device has a description; on Linux, only
    /// pseudo-devices do.
    #[must_use]
    pub fn description(&self) -> Option<&str> {
        self.description.as_deref()
    }

    /// Returns all addresses of the device (IPv4, IPv6 and hardware addresses), in the system's order.
    #[must_use]
    pub fn addresses(&self) -> &[DeviceAddress] {
        &self.addresses
    }

    /// Returns the IPv4 and IPv6 addresses of the device, in the system's order.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use pcap_core::Device;
    /// use std::net::Ipv4Addr;
    ///
    /// let local = |device: &Device| device.ip_addresses().any(|ip| ip == Ipv4Addr::LOCALHOST);
    /// let device = Device::list()?.into_iter().find(local);
    /// # Ok::<(), pcap_core::Error>(())
    /// ```
    pub fn ip_addresses(&self) -> impl Iterator<Item = IpAddr> + '_ {
        self.addresses.iter().filter_map(|a| a.address.ip())
    }

    /// Returns the index of the network interface with the device's name, in the network namespace of the calling
    /// thread and at the time of the call.
    ///
    /// Returns `None` if there is no such interface, as for `any` and other devices that are not network interfaces.
    /// On Windows, always returns `None`.
    ///
    #[doc = manual!(linux 3 "if_nametoindex")]
    #[must_use]
    #[inline]
    pub fn index(&self) -> Option<u32> {
        sys::platform::interface_index(&self.name)
    }

    /// Returns the first hardware address that has six bytes, or `None` if the device has none. On Windows, always
    /// returns `None`, because libpcap reports no hardware addresses there.
    ///
    /// A loopback device may have the all-zero address, [`MacAddr::ZERO`].
    #[must_use]
    #[inline]
    pub fn mac_address(&self) -> Option<MacAddr> {
        self.addresses.iter().find_map(|a| a.address.mac())
    }

    /// Returns libpcap's flags for the device: a combination of the `PCAP_IF_` constants of [`sys`](crate::sys). They
    /// include flags for which this type has no method.
    #[must_use]
    pub fn raw_flags(&self) -> u32 {
        self.flags
    }

    fn has(&self, flag: i32) -> bool {
        self.flags & flag as u32 != 0
    }

    /// Returns whether this is a loopback interface.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        self.has(sys::PCAP_IF_LOOPBACK)
    }

    /// Returns whether the device is up. On most systems, capturing on a device that is down fails with
    /// [`InterfaceNotUp`](crate::ErrorKind::InterfaceNotUp).
    #[must_use]
    pub fn is_up(&self) -> bool {
        self.has(sys::PCAP_IF_UP)
    }

    /// Returns whether the device is running (`IFF_RUNNING`): up, and with a carrier if it needs
    /// one.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.has(sys::PCAP_IF_RUNNING)
    }

    /// Returns whether the device is wireless. This includes Bluetooth devices.
    #[must_use]
    pub fn is_wireless(&self) -> bool {
        self.has(sys::PCAP_IF_WIRELESS)
    }

    /// Returns the connection status of the device.
    #[must_use]
    pub fn connection_status(&self) -> ConnectionStatus {
        match self.flags as i32 & sys::PCAP_IF_CONNECTION_STATUS {
            sys::PCAP_IF_CONNECTION_STATUS_CONNECTED => ConnectionStatus::Connected,
            sys::PCAP_IF_CONNECTION_STATUS_DISCONNECTED => ConnectionStatus::Disconnected,
            sys::PCAP_IF_CONNECTION_STATUS_NOT_APPLICABLE => ConnectionStatus::NotApplicable,
            _ => ConnectionStatus::Unknown,
        }
    }

    /// Returns the IPv4 network number and netmask of the device, such as `(10.0.0.0, 255.255.255.0)`. Returns `None`
    /// if the device has no IPv4 address; this is always the case for `any`.
    ///
    /// This method queries the system for the current values. If the device has several IPv4 addresses, it uses the
    /// first one; [`addresses`](Device::addresses) returns all of them with their netmasks.
    ///
    /// # Errors
    ///
    /// - [`NoSuchDevice`](crate::ErrorKind::NoSuchDevice) if the device does not exist, for example because it has been
    ///   removed since it was listed.
    /// - [`LibraryMissing`](crate::ErrorKind::LibraryMissing) if libpcap cannot be loaded (only with the
    ///   `load-dynamically` feature).
    /// - Usually [`Other`](crate::ErrorKind::Other) if the query fails.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use pcap_core::Device;
    ///
    /// if let Some((net, mask)) = Device::default_device()?.net_and_mask()? {
    ///     println!("{net} {mask}");
    /// }
    /// # Ok::<(), pcap_core::Error>(())
    /// ```
    ///
    #[doc = manual!("pcap_lookupnet")]
    ///
    #[doc(alias = "pcap_lookupnet")]
    pub fn net_and_mask(&self) -> Result<Option<(Ipv4Addr, Ipv4Addr)>> {
        match list::net_and_mask(&self.name) {
            // The system's interface calls fail for pseudo-devices.
            Err(_) if self.addresses.is_empty() && self.is_pseudo() => Ok(None),
            answer => answer,
        }
    }

    /// Returns whether the device is not a single network interface.
    fn is_pseudo(&self) -> bool {
        self.name.as_c_str() == c"any"
            || (!self.is_loopback()
                && self.addresses.is_empty()
                && self.connection_status() == ConnectionStatus::NotApplicable)
    }
}

impl fmt::Debug for Device {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Device")
            .field("name", &self.name)
            .field("description", &self.description)
            .field("addresses", &self.addresses)
            .field("flags", &format_args!("{:#x}", self.flags))
            .finish()
    }
}
