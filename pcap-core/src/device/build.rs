//! Creating a `Device` without libpcap.

use super::{Device, DeviceAddress, DeviceName};
use crate::error::Result;

/// # Creating devices
impl Device {
    /// Creates a device that has only a name. The device need not exist.
    ///
    /// This is meant for tests of programs that select a device. To capture, a name is enough:
    /// [`Capture::from_device`](crate::Capture::from_device) accepts one.
    ///
    /// # Errors
    ///
    /// - [`InvalidArgument`](crate::ErrorKind::InvalidArgument) if the name contains a NUL byte.
    ///
    /// # Examples
    ///
    /// ```
    /// use pcap_core::{Device, DeviceAddress, sys};
    /// use std::net::Ipv4Addr;
    ///
    /// let device = Device::new("eth0")?
    ///     .with_addresses([DeviceAddress::new(Ipv4Addr::new(192, 0, 2, 1))])
    ///     .with_raw_flags((sys::PCAP_IF_UP | sys::PCAP_IF_RUNNING) as u32);
    /// assert!(device.is_up() && device.ip_addresses().count() == 1);
    /// # Ok::<(), pcap_core::Error>(())
    /// ```
    pub fn new(name: impl Into<DeviceName>) -> Result<Device> {
        let name = name.into();
        Ok(Device {
            text: name.to_text(),
            name: name.to_cstring()?,
            description: None,
            addresses: Vec::new(),
            flags: 0,
        })
    }

    /// Sets the [description](Self::description).
    #[must_use]
    pub fn with_description(mut self, text: impl Into<String>) -> Device {
        self.description = Some(text.into());
        self
    }

    /// Sets the [addresses](Self::addresses).
    #[must_use]
    pub fn with_addresses(mut self, addresses: impl IntoIterator<Item = DeviceAddress>) -> Device {
        self.addresses = addresses.into_iter().collect();
        self
    }

    /// Sets libpcap's [flags](Self::raw_flags): a combination of the `PCAP_IF_` constants of [`sys`](crate::sys).
    #[must_use]
    pub fn with_raw_flags(mut self, flags: u32) -> Device {
        self.flags = flags;
        self
    }
}
