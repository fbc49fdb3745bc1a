//! Listing and finding the devices of this system.

use super::{Device, DeviceName, list};
use crate::error::Result;

/// # Finding devices
impl Device {
    /// Lists the devices that this process may be able to capture on, in libpcap's order: usually, running network
    /// interfaces come first, followed by `any` and loopback devices. Disconnected devices and those that are not
    /// running come last.
    ///
    /// If the process lacks permission to capture, some systems return an empty list; others, such as Linux, return all
    /// devices. A device with an unusual name or address is listed like any other.
    ///
    /// # Errors
    ///
    /// - [`LibraryMissing`](crate::ErrorKind::LibraryMissing) if libpcap cannot be loaded (only with the
    ///   `load-dynamically` feature).
    /// - Usually [`Other`](crate::ErrorKind::Other) if the system cannot list the devices. An empty list is not an
    ///   error.
    ///
    #[doc = manual!("pcap_findalldevs")]
    #[doc(alias = "pcap_findalldevs")]
    #[inline]
    pub fn list() -> Result<Vec<Device>> {
        list::list()
    }

    /// Returns the default capture device.
    ///
    /// This is the first device in [`list`](Device::list) that is up and running, and is neither a loopback device nor
    /// a pseudo-device. If there is none, it is the first device that is up, or else the first device in the list.
    ///
    /// # Errors
    ///
    /// - [`NoSuchDevice`](crate::ErrorKind::NoSuchDevice) if the list is empty, usually because the process lacks
    ///   permission to capture.
    /// - The errors of [`list`](Device::list).
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
    #[inline]
    pub fn default_device() -> Result<Device> {
        list::default_device()
    }

    /// Finds the device with the given name. Names are compared byte by byte.
    ///
    /// A name is enough to open a device. Use this function to get a device's addresses and state.
    ///
    /// # Errors
    ///
    /// - [`NoSuchDevice`](crate::ErrorKind::NoSuchDevice) if no device has this name.
    /// - The errors of [`list`](Device::list).
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
    #[inline]
    pub fn find(name: impl Into<DeviceName>) -> Result<Device> {
        list::find(&name.into())
    }

    /// Finds the device of the network interface with the given index, such as the
    /// [index in a cooked header](crate::CookedHeader::interface_index).
    ///
    /// The index is looked up in the network namespace of the calling thread, at the time of the call.
    ///
    /// # Errors
    ///
    /// - [`NoSuchDevice`](crate::ErrorKind::NoSuchDevice) if no interface has this index, or if libpcap does not list
    ///   the interface.
    /// - [`Unsupported`](crate::ErrorKind::Unsupported) if the system does not support this, as on Windows.
    /// - [`Io`](crate::ErrorKind::Io) if the operating system reports any other error.
    /// - The errors of [`list`](Device::list).
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
    #[inline]
    pub fn from_index(index: u32) -> Result<Device> {
        list::from_index(index)
    }
}
