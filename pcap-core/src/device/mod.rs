//! Devices that can be captured on: their names, addresses and states.

mod address;
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

/// Whether a device is connected to a network: a cable plugged in, or associated with an access
/// point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ConnectionStatus {
    /// The system does not say.
    Unknown,
    /// Connected.
    Connected,
    /// Not connected.
    Disconnected,
    /// It makes no sense for this device: a loopback or pseudo-device.
    NotApplicable,
}

/// A device that can be captured on, as it was when it was listed.
///
/// It is a plain value: copy it, keep it, send it to another thread. Later changes (addresses, up
/// or down) show in a new list only.
///
/// Not all are network interfaces: on Linux there are `any`, which captures on all of them, and
/// pseudo-devices for USB, Bluetooth, D-Bus and the packet filter's log.
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

impl Device {
    /// All devices that this process may be able to capture on, in libpcap's order: those that are
    /// up and connected first, loopback and pseudo-devices last.
    ///
    /// A process without the right to capture may get an empty list on some systems, and the whole
    /// one on others, Linux among them.
    ///
    /// Manual page: [`pcap_findalldevs(3PCAP)`](https://www.tcpdump.org/manpages/pcap_findalldevs.3pcap.html).
    ///
    /// # Errors
    ///
    /// The system refuses to list its devices. An empty list is no error, and neither is a device
    /// with an odd name or address: it is in the list with the others.
    #[doc(alias = "pcap_findalldevs")]
    pub fn list() -> Result<Vec<Device>> {
        list::list()
    }

    /// The device a program takes when it is told none: the first of [`list`](Device::list) that is
    /// up and running and neither a loopback nor a pseudo-device; where there is none such the first
    /// that is up, else the first.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NoSuchDevice`](crate::ErrorKind::NoSuchDevice) if there is no device at all,
    /// mostly for want of rights; and as [`list`](Device::list).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use pcap_core::{Capture, Device};
    ///
    /// let device = Device::default_device()?;
    /// let capture = Capture::from_device(&device).activate()?;
    /// # Ok::<(), pcap_core::Error>(())
    /// ```
    #[doc(alias = "pcap_lookupdev")]
    pub fn default_device() -> Result<Device> {
        list::default_device()
    }

    /// The device of that name, compared byte by byte.
    ///
    /// It is not needed for opening, which takes a name: it tells of addresses and states.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NoSuchDevice`](crate::ErrorKind::NoSuchDevice) if none has that name; and as
    /// [`list`](Device::list).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use pcap_core::Device;
    ///
    /// let mac = Device::find("eth0")?.mac_address();
    /// # Ok::<(), pcap_core::Error>(())
    /// ```
    #[doc(alias = "pcap_findalldevs")]
    pub fn find(name: impl Into<DeviceName>) -> Result<Device> {
        list::find(&name.into())
    }

    /// The name, for people: what is not UTF-8 in it is replaced. To open the device hand over the
    /// device itself, which keeps the exact bytes.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.text
    }

    /// The name as the system has it.
    pub(crate) fn c_name(&self) -> &CStr {
        &self.name
    }

    /// What it is, where the system says: on Windows always, on Linux for pseudo-devices only.
    #[must_use]
    pub fn description(&self) -> Option<&str> {
        self.description.as_deref()
    }

    /// All its addresses, in the system's order: IPv4, IPv6 and hardware addresses.
    #[must_use]
    pub fn addresses(&self) -> &[DeviceAddress] {
        &self.addresses
    }

    /// Returns the IPv4 and IPv6 addresses, in the system's order.
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

    /// Returns the number of the network interface of this name, in the network namespace of the calling thread and at
    /// the time of the call.
    ///
    /// `None` if there is none, as for `any` and devices that are no network interfaces, and on Windows.
    ///
    /// Manual page: [`if_nametoindex(3)`](https://man7.org/linux/man-pages/man3/if_nametoindex.3.html).
    #[must_use]
    pub fn index(&self) -> Option<u32> {
        sys::platform::interface_index(&self.name)
    }

    /// Returns the device of the network interface with a number, such as the one in the cooked headers of `any`, in the
    /// network namespace of the calling thread and at the time of the call.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::NoSuchDevice`](crate::ErrorKind::NoSuchDevice) if there is no interface with that number, or
    ///   libpcap cannot capture on it.
    /// - [`ErrorKind::Unsupported`](crate::ErrorKind::Unsupported) on Windows.
    /// - Those of [`list`](Device::list).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use pcap_core::Device;
    ///
    /// let device = Device::from_index(1)?; // on Linux the loopback device
    /// assert_eq!(device.index(), Some(1));
    /// # Ok::<(), pcap_core::Error>(())
    /// ```
    ///
    /// Manual page: [`if_indextoname(3)`](https://man7.org/linux/man-pages/man3/if_indextoname.3.html).
    pub fn from_index(index: u32) -> Result<Device> {
        list::from_index(index)
    }

    /// The first hardware address of six bytes; none on Windows, where libpcap gives no hardware
    /// addresses.
    ///
    /// A loopback device may have one of zeros.
    #[must_use]
    pub fn mac_address(&self) -> Option<MacAddr> {
        self.addresses.iter().find_map(|a| a.address.mac())
    }

    /// The `PCAP_IF_` bits as libpcap gave them, for those that have no question of their own here.
    #[must_use]
    pub fn raw_flags(&self) -> u32 {
        self.flags
    }

    fn has(&self, flag: i32) -> bool {
        self.flags & flag as u32 != 0
    }

    /// Whether its packets never leave the host.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        self.has(sys::PCAP_IF_LOOPBACK)
    }

    /// Whether it is switched on. Capturing on one that is not fails on most systems.
    #[must_use]
    pub fn is_up(&self) -> bool {
        self.has(sys::PCAP_IF_UP)
    }

    /// Whether it works: it is up and has what it needs, as a carrier.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.has(sys::PCAP_IF_RUNNING)
    }

    /// Whether it is a wireless device, which includes Bluetooth.
    #[must_use]
    pub fn is_wireless(&self) -> bool {
        self.has(sys::PCAP_IF_WIRELESS)
    }

    /// Whether it is connected to a network.
    #[must_use]
    pub fn connection_status(&self) -> ConnectionStatus {
        match self.flags as i32 & sys::PCAP_IF_CONNECTION_STATUS {
            sys::PCAP_IF_CONNECTION_STATUS_CONNECTED => ConnectionStatus::Connected,
            sys::PCAP_IF_CONNECTION_STATUS_DISCONNECTED => ConnectionStatus::Disconnected,
            sys::PCAP_IF_CONNECTION_STATUS_NOT_APPLICABLE => ConnectionStatus::NotApplicable,
            _ => ConnectionStatus::Unknown,
        }
    }

    /// The IPv4 network number and netmask of the device now, as `(10.0.0.0, 255.255.255.0)`:
    /// those of its first IPv4 address. `None` for a device without IPv4, as `any` is.
    ///
    /// All addresses with their netmasks are in [`addresses`](Device::addresses).
    ///
    /// Manual page: [`pcap_lookupnet(3PCAP)`](https://www.tcpdump.org/manpages/pcap_lookupnet.3pcap.html).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NoSuchDevice`](crate::ErrorKind::NoSuchDevice) if it was removed since it was
    /// listed, or another kind if the system does not answer.
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
    #[doc(alias = "pcap_lookupnet")]
    pub fn net_and_mask(&self) -> Result<Option<(Ipv4Addr, Ipv4Addr)>> {
        match list::net_and_mask(&self.name) {
            // A pseudo-device is unknown to the part of the system that has addresses.
            Err(_) if self.addresses.is_empty() && self.is_pseudo() => Ok(None),
            answer => answer,
        }
    }

    /// Whether it is no single network interface.
    fn is_pseudo(&self) -> bool {
        self.name.as_c_str() == c"any"
            || (!self.is_loopback()
                && self.addresses.is_empty()
                && self.connection_status() == ConnectionStatus::NotApplicable)
    }
}

impl fmt::Debug for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Device")
            .field("name", &self.name)
            .field("description", &self.description)
            .field("addresses", &self.addresses)
            .field("flags", &format_args!("{:#x}", self.flags))
            .finish()
    }
}
