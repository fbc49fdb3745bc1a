//! The addresses of a device.

use std::ffi::c_int;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::mac::{self, MacAddr};
use crate::sys;
use crate::sys::socket_address::{self, RawAddress};

/// An address of a device: an IPv4, IPv6 or hardware address, or an address of another family.
///
/// Later versions may add families, so a `match` needs a `_` arm.
///
/// `Display` uses the usual notation of the family, such as `192.0.2.1`, `fe80::1%2` or `02:00:5e:10:00:ff`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Address {
    /// An IPv4 address.
    V4(Ipv4Addr),
    /// An IPv6 address.
    V6 {
        /// The address.
        addr: Ipv6Addr,
        /// The scope of the address: the index of the interface for a link-local address, and 0 for any other.
        scope_id: u32,
    },
    /// A hardware address of six bytes.
    Mac(MacAddr),
    /// A hardware address that does not have six bytes. It is never empty. On Linux, only the first 8 bytes of a longer
    /// address, such as a 20-byte InfiniBand address, are reported.
    Hardware(Box<[u8]>),
    /// An address of a family that this crate does not support.
    #[non_exhaustive]
    Other {
        /// The number of the address family, one of this system's `AF_` constants.
        family: i32,
    },
}

impl Address {
    /// Returns the address without its scope, if it is an IPv4 or IPv6 address.
    #[must_use]
    #[inline]
    pub fn ip(&self) -> Option<IpAddr> {
        match self {
            Address::V4(addr) => Some((*addr).into()),
            Address::V6 { addr, .. } => Some((*addr).into()),
            _ => None,
        }
    }

    /// Returns the address, if it is a hardware address of six bytes.
    #[must_use]
    #[inline]
    pub fn mac(&self) -> Option<MacAddr> {
        match self {
            Address::Mac(mac) => Some(*mac),
            _ => None,
        }
    }
}

impl From<IpAddr> for Address {
    #[inline]
    fn from(addr: IpAddr) -> Address {
        match addr {
            IpAddr::V4(addr) => addr.into(),
            IpAddr::V6(addr) => addr.into(),
        }
    }
}

impl From<Ipv4Addr> for Address {
    #[inline]
    fn from(addr: Ipv4Addr) -> Address {
        Address::V4(addr)
    }
}

/// Converts the address, with a scope of 0.
impl From<Ipv6Addr> for Address {
    #[inline]
    fn from(addr: Ipv6Addr) -> Address {
        Address::V6 { addr, scope_id: 0 }
    }
}

impl From<MacAddr> for Address {
    #[inline]
    fn from(mac: MacAddr) -> Address {
        Address::Mac(mac)
    }
}

impl From<RawAddress> for Address {
    #[inline]
    fn from(raw: RawAddress) -> Address {
        match raw {
            RawAddress::V4(octets) => Address::V4(octets.into()),
            RawAddress::V6 { octets, scope_id } => Address::V6 {
                addr: octets.into(),
                scope_id,
            },
            RawAddress::Hardware(bytes) => match <[u8; 6]>::try_from(bytes) {
                Ok(octets) => Address::Mac(octets.into()),
                Err(bytes) => Address::Hardware(bytes.into()),
            },
            RawAddress::Other(family) => Address::Other { family },
        }
    }
}

impl fmt::Display for Address {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::V4(addr) => addr.fmt(f),
            Address::V6 { addr, scope_id: 0 } => addr.fmt(f),
            Address::V6 { addr, scope_id } => f.pad(&format!("{addr}%{scope_id}")),
            Address::Mac(mac) => mac.fmt(f),
            Address::Hardware(bytes) => f.pad(&mac::text(bytes)),
            Address::Other { family } => f.pad(&format!("(address of family {family})")),
        }
    }
}

/// One address of a device, with its netmask and related addresses.
///
/// Only the address itself is always present. The other fields are `None` if the system does not report them.
#[doc(alias = "pcap_addr_t")]
#[doc(alias = "pcap_addr")]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct DeviceAddress {
    /// The address.
    pub address: Address,
    /// The netmask, an address of the same family.
    pub netmask: Option<Address>,
    /// The broadcast address.
    pub broadcast: Option<Address>,
    /// The address of the other end of a point-to-point link.
    pub destination: Option<Address>,
}

impl DeviceAddress {
    /// Creates an address whose netmask, broadcast address and destination are `None`. The fields are public and can be
    /// set afterwards.
    ///
    /// # Examples
    ///
    /// ```
    /// use pcap_core::DeviceAddress;
    /// use std::net::Ipv4Addr;
    ///
    /// let mut address = DeviceAddress::new(Ipv4Addr::LOCALHOST);
    /// address.netmask = Some(Ipv4Addr::new(255, 0, 0, 0).into());
    /// assert_eq!(address.to_string(), "127.0.0.1");
    /// assert_eq!(address.ip_netmask(), Some(Ipv4Addr::new(255, 0, 0, 0).into()));
    /// ```
    #[must_use]
    pub fn new(address: impl Into<Address>) -> DeviceAddress {
        DeviceAddress {
            address: address.into(),
            netmask: None,
            broadcast: None,
            destination: None,
        }
    }

    /// Returns the address, if it is an IPv4 or IPv6 address.
    #[must_use]
    #[inline]
    pub fn ip(&self) -> Option<IpAddr> {
        self.address.ip()
    }

    /// Returns the netmask, if it is an IPv4 or IPv6 address.
    #[must_use]
    #[inline]
    pub fn ip_netmask(&self) -> Option<IpAddr> {
        self.netmask.as_ref().and_then(Address::ip)
    }

    /// Returns the broadcast address, if it is an IPv4 or IPv6 address.
    #[must_use]
    #[inline]
    pub fn ip_broadcast(&self) -> Option<IpAddr> {
        self.broadcast.as_ref().and_then(Address::ip)
    }

    /// Converts libpcap's structure. Returns `None` if it contains no address.
    ///
    /// # Safety
    ///
    /// `raw` belongs to a list that libpcap allocated and that is not freed during the call.
    #[inline]
    pub(super) unsafe fn read(raw: &sys::pcap_addr_t) -> Option<DeviceAddress> {
        // SAFETY: null, or a complete socket address that libpcap copied.
        let address = unsafe { socket_address::read(raw.addr, None) }?;
        let family = socket_address::family(&address);
        // SAFETY: as the caller promises.
        let other = |raw: *const libc::sockaddr| unsafe { with(raw, family) };
        Some(DeviceAddress {
            netmask: other(raw.netmask),
            broadcast: other(raw.broadaddr),
            destination: other(raw.dstaddr),
            address: address.into(),
        })
    }
}

/// Converts a netmask, broadcast address or destination. `family` applies if the address does not contain its own
/// family.
///
/// # Safety
///
/// The same as for [`socket_address::read`].
#[inline]
unsafe fn with(raw: *const libc::sockaddr, family: Option<c_int>) -> Option<Address> {
    // SAFETY: the caller's promise.
    let raw = unsafe { socket_address::read(raw, family) }?;
    Some(raw.into())
}

/// Prints the address alone, without its netmask, broadcast address and destination.
impl fmt::Display for DeviceAddress {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.address.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_each_family_as_it_is_written() {
        let v6 = |scope_id| RawAddress::V6 {
            octets: Ipv6Addr::LOCALHOST.octets(),
            scope_id,
        };
        for (raw, text) in [
            (RawAddress::V4([10, 0, 0, 1]), "10.0.0.1"),
            (v6(0), "::1"),
            (v6(3), "::1%3"),
            (
                RawAddress::Hardware(vec![0, 1, 2, 3, 4, 5]),
                "00:01:02:03:04:05",
            ),
            (RawAddress::Hardware(vec![10, 0, 0, 1]), "0a:00:00:01"),
            (RawAddress::Other(99), "(address of family 99)"),
        ] {
            assert_eq!(Address::from(raw).to_string(), text);
        }
    }

    #[test]
    fn a_hardware_address_of_six_bytes_is_a_mac() {
        let address = Address::from(RawAddress::Hardware(vec![2; 6]));
        assert_eq!(address.mac(), Some(MacAddr::new([2; 6])));
        assert_eq!(address.ip(), None);
        assert_eq!(Address::from(RawAddress::Hardware(vec![2; 8])).mac(), None);
    }
}
