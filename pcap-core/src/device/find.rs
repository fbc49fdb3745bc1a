//! The devices of this system.

use super::{Device, DeviceName, list};
use crate::error::Result;

/// # Finding devices
impl Device {
    /// Lists the devices that this process may be able to capture on, in libpcap's order: connected
    /// devices first, loopback and pseudo-devices last.
    ///
    /// Without the permission to capture, some systems return an empty list; others, such as Linux,
    /// return all devices.
    ///
    /// # Errors
    ///
    /// Those of the system, if it cannot list the devices. An empty list is not an error. A device
    /// with an unusual name or address is listed like the others.
    ///
    #[doc = manual!("pcap_findalldevs")]
    #[doc(alias = "pcap_findalldevs")]
    pub fn list() -> Result<Vec<Device>> {
        list::list()
    }

    /// Returns the default capture device: the first of [`list`](Device::list) that is up and
    /// running and neither a loopback nor a pseudo-device; without one, the first that is up;
    /// otherwise the first.
    ///
    /// # Errors
    ///
    /// - [`NoSuchDevice`](crate::ErrorKind::NoSuchDevice) if there is no device at all, usually
    ///   because of missing permissions.
    /// - Those of [`list`](Device::list).
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

    /// Finds the device with a name, compared byte by byte.
    ///
    /// Opening a device only needs its name. This call also returns its addresses and state.
    ///
    /// # Errors
    ///
    /// - [`NoSuchDevice`](crate::ErrorKind::NoSuchDevice) if no device has the name.
    /// - Those of [`list`](Device::list).
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

    /// Returns the device of the network interface with an index, such as the one in the cooked
    /// headers of `any`, in the network namespace of the calling thread and at the time of the
    /// call.
    ///
    /// # Errors
    ///
    /// - [`NoSuchDevice`](crate::ErrorKind::NoSuchDevice) if no interface has the index, or libpcap
    ///   cannot capture on it.
    /// - [`Unsupported`](crate::ErrorKind::Unsupported) on Windows.
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
    #[doc = manual!(linux 3 "if_indextoname")]
    ///
    pub fn from_index(index: u32) -> Result<Device> {
        list::from_index(index)
    }
}
