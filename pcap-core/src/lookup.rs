//! Lookup of the names in filter expressions: hosts, networks, ports, protocols and Ethernet addresses.
//!
//! libpcap's compiler looks up the names in an expression itself. This module calls the same functions, so that a
//! program can show the meaning of a name, or check a name before it compiles an expression.
//!
//! The system determines the source of the names: usually DNS, and files such as `/etc/hosts`, `/etc/networks`,
//! `/etc/services`, `/etc/protocols` and `/etc/ethers`. A few names are built into libpcap.
//!
//! libpcap does not distinguish an unknown name from a failed lookup, for example if a DNS server does not answer. In
//! both cases the functions return `None` or an empty list. They also do so if the name contains a NUL byte, and if
//! libpcap is missing (with the `load-dynamically` feature).
//!
//! # Examples
//!
//! ```
//! use pcap_core::lookup;
//!
//! assert_eq!(lookup::ethertype("arp"), Some(0x0806));
//! if let Some(port) = lookup::port("https") {
//!     println!("https is port {}", port.number);
//! }
//! for address in lookup::addresses("localhost") {
//!     println!("localhost is {address}");
//! }
//! ```

use std::ffi::{CString, c_char, c_int};
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;

use crate::device::MacAddr;
use crate::error::{Error, Result};
use crate::sys::{self, platform, socket_address};

/// A port, as in the filter expression `port https`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Port {
    /// The port number.
    pub number: u16,
    /// The IP protocol of the port: 6 for TCP or 17 for UDP. It is `None` if a port number was looked up, or if the
    /// name has the same port number for TCP and UDP. If the port numbers differ, the TCP port is returned.
    pub protocol: Option<u8>,
}

/// A range of ports, as in the filter expression `portrange 6000-6008`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct PortRange {
    /// The first port of the range.
    pub first: u16,
    /// The last port of the range (inclusive).
    pub last: u16,
    /// The IP protocol of the ports: 6 for TCP or 17 for UDP. It is `None` if the range applies to both.
    pub protocol: Option<u8>,
}

/// Returns the IPv4 and IPv6 addresses of a host, without duplicates and in the resolver's order.
///
/// The list is empty if the host cannot be resolved: it does not exist, or the lookup failed. A numeric address
/// resolves to itself. The scope of a link-local address is discarded. This function blocks until the resolver answers.
///
/// Uses libpcap's `pcap_nametoaddrinfo`.
///
/// # Examples
///
/// ```
/// use pcap_core::lookup;
///
/// assert_eq!(lookup::addresses("::1"), ["::1".parse::<std::net::IpAddr>()?]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[doc(alias = "pcap_nametoaddr")]
#[doc(alias = "pcap_nametoaddrinfo")]
#[must_use]
#[inline]
pub fn addresses(host: &str) -> Vec<IpAddr> {
    let Some(host) = c_name(host) else {
        return Vec::new();
    };
    // SAFETY: the name is a C string that lives through the call, which any thread may make.
    let list = unsafe { sys::pcap_nametoaddrinfo(host.as_ptr()) };
    let mut addresses = Vec::new();
    // SAFETY: null or the first of the resolver's list, which is freed below.
    let mut next = unsafe { list.as_ref() };
    while let Some(info) = next {
        // SAFETY: null or an address of its family's size, which lives as long as the list.
        let address = match unsafe { socket_address::read(info.ai_addr, None) } {
            Some(socket_address::RawAddress::V4(octets)) => Some(IpAddr::from(octets)),
            Some(socket_address::RawAddress::V6 { octets, .. }) => Some(IpAddr::from(octets)),
            _ => None,
        };
        addresses.extend(address.filter(|address| !addresses.contains(address)));
        // SAFETY: null or the next of the same list.
        next = unsafe { info.ai_next.as_ref() };
    }
    // SAFETY: null or the resolver's list, freed once; everything that was read from it has been copied.
    unsafe { platform::free_addrinfo(list) };
    addresses
}

/// Returns the IPv4 network with the given name, as in the filter expression `net loopback`.
///
/// On most systems, the names are in `/etc/networks`. A short number in this file is padded with zeros, so that `127`
/// means 127.0.0.0. This function does not parse numeric networks; in filter expressions, libpcap's compiler does that.
///
/// Returns `None` if the name is unknown. The same applies to the network 0.0.0.0, which libpcap does not distinguish
/// from an unknown name.
///
/// Uses libpcap's `pcap_nametonetaddr`.
#[doc(alias = "pcap_nametonetaddr")]
#[must_use]
#[inline]
pub fn network(name: &str) -> Option<Ipv4Addr> {
    let name = c_name(name)?;
    let _guard = platform::name_tables();
    // SAFETY: the name is a C string that lives through the call; the lock is held where the system
    // needs one.
    let mut network = unsafe { sys::pcap_nametonetaddr(name.as_ptr()) };
    // libpcap's compiler does the same.
    while network != 0 && network >> 24 == 0 {
        network <<= 8;
    }
    (network != 0).then(|| network.into())
}

/// Returns the port with the given name or number, or `None` if there is no such port. On most systems, the names are
/// in `/etc/services`.
///
/// Uses libpcap's `pcap_nametoport`.
///
/// # Examples
///
/// ```
/// use pcap_core::lookup;
///
/// let port = lookup::port("8080").expect("a number");
/// assert_eq!((port.number, port.protocol), (8080, None));
/// assert_eq!(lookup::port("80800"), None);
/// ```
#[doc(alias = "pcap_nametoport")]
#[doc(alias = "PROTO_UNDEF")]
#[must_use]
#[inline]
pub fn port(name: &str) -> Option<Port> {
    // Some resolvers accept a signed number and truncate it to 16 bits.
    let digits = name.trim_start().trim_start_matches(['+', '-']);
    if digits.bytes().all(|byte| byte.is_ascii_digit()) && !is_number(name) {
        return None;
    }
    let name = c_name(name)?;
    let (mut number, mut protocol) = (0, 0);
    // SAFETY: the name is a C string and the numbers are ours; all live through the call, which any
    // thread may make.
    let found = unsafe { sys::pcap_nametoport(name.as_ptr(), &mut number, &mut protocol) };
    if found == 0 {
        return None;
    }
    Some(Port {
        number: u16::try_from(number).ok()?,
        protocol: number_of(protocol),
    })
}

/// Parses a range of ports: two names or numbers joined by a hyphen, such as `6000-6008` or `ftp-ssh`.
///
/// The two ports may be in either order. Returns `None` if the string is not a range or if a name is unknown. Names
/// that contain a hyphen themselves are not found.
///
/// Uses libpcap's `pcap_nametoportrange`.
///
/// # Examples
///
/// ```
/// use pcap_core::lookup;
///
/// let x11 = lookup::port_range("6000-6008").expect("numbers");
/// assert_eq!((x11.first, x11.last), (6000, 6008));
/// assert_eq!(lookup::port_range("6000"), None);
/// ```
#[doc(alias = "pcap_nametoportrange")]
#[must_use]
#[inline]
pub fn port_range(name: &str) -> Option<PortRange> {
    // libpcap accepts a range of numbers with trailing text, and numbers of any size.
    let (first, last) = name.split_once('-')?;
    port(first)?;
    port(last)?;
    let name = c_name(name)?;
    let (mut first, mut last, mut protocol) = (0, 0, 0);
    // SAFETY: the name is a C string and the numbers are ours; all live through the call, which any
    // thread may make.
    let found =
        unsafe { sys::pcap_nametoportrange(name.as_ptr(), &mut first, &mut last, &mut protocol) };
    if found == 0 {
        return None;
    }
    Some(PortRange {
        first: u16::try_from(first.min(last)).ok()?,
        last: u16::try_from(first.max(last)).ok()?,
        protocol: number_of(protocol),
    })
}

/// Returns the number of the IP protocol with the given name, such as 6 for `tcp`, or `None` if the name is unknown. On
/// most systems, the names are in `/etc/protocols`.
///
/// Uses libpcap's `pcap_nametoproto`.
#[doc(alias = "pcap_nametoproto")]
#[doc(alias = "PROTO_UNDEF")]
#[must_use]
#[inline]
pub fn protocol(name: &str) -> Option<u8> {
    let name = c_name(name)?;
    let _guard = platform::name_tables();
    let ask = |name: *const c_char| {
        // SAFETY: the name is a C string that lives through the call; the lock is held where the
        // system needs one.
        unsafe { sys::pcap_nametoproto(name) }
    };
    let number = ask(name.as_ptr());
    // Before libpcap 1.11, every name gives 0 if the table cannot be read. No table has a name with
    // a space.
    if number == 0 && ask(c"no such protocol".as_ptr()) == 0 {
        return None;
    }
    number_of(number)
}

/// Returns the EtherType with the given name, such as 0x0800 for `ip` or 0x0806 for `arp`. Returns `None` if libpcap
/// does not know the name; it knows about a dozen names.
///
/// Uses libpcap's `pcap_nametoeproto`.
#[doc(alias = "pcap_nametoeproto")]
#[must_use]
#[inline]
pub fn ethertype(name: &str) -> Option<u16> {
    let name = c_name(name)?;
    // SAFETY: the name is a C string that lives through the call, which reads a constant table.
    let number = unsafe { sys::pcap_nametoeproto(name.as_ptr()) };
    u16::try_from(number).ok()
}

/// Returns the number of the IEEE 802.2 service access point with the given name, such as 0x42 for `stp`. Returns
/// `None` if libpcap does not know the name; it knows only a few names.
///
/// Uses libpcap's `pcap_nametollc`.
#[doc(alias = "pcap_nametollc")]
#[must_use]
#[inline]
pub fn llc_sap(name: &str) -> Option<u8> {
    let name = c_name(name)?;
    // SAFETY: the name is a C string that lives through the call, which reads a constant table.
    number_of(unsafe { sys::pcap_nametollc(name.as_ptr()) })
}

/// Returns the hardware address of the Ethernet host with the given name, as in the filter expression `ether host
/// NAME`, or `None` if the name is unknown. On most systems, the names are in `/etc/ethers`.
///
/// To parse a numeric address, use the `FromStr` implementation of [`MacAddr`].
///
/// Uses libpcap's `pcap_ether_hostton`.
#[doc(alias = "pcap_ether_hostton")]
#[must_use]
#[inline]
pub fn ether_host(name: &str) -> Option<MacAddr> {
    let name = c_name(name)?;
    let _guard = platform::name_tables();
    // SAFETY: the name is a C string that lives through the call; the lock is held where the system
    // needs one.
    let octets: *mut [u8; 6] = unsafe { sys::pcap_ether_hostton(name.as_ptr()) }.cast();
    // SAFETY: null or six bytes that libpcap allocated.
    let address = unsafe { octets.as_ref() }.copied();
    // SAFETY: null, or allocated by libpcap for the caller to free, with the `malloc` of the same C library; its
    // content has been copied.
    unsafe { platform::free(octets.cast()) };
    address.map(MacAddr::new)
}

/// Reads the Ethernet hosts from a file in the format of `/etc/ethers`: each line has a hardware address and a name.
///
/// Returns the hosts in the order of the file. Lines that libpcap cannot parse are skipped. Names are truncated to 121
/// bytes, and invalid UTF-8 in them is replaced.
///
/// Uses libpcap's `pcap_next_etherent`.
///
/// # Errors
///
/// - [`Io`](crate::ErrorKind::Io) if the file cannot be read. Many systems have no `/etc/ethers`. On Windows, this
///   function always fails with the I/O error kind [`Unsupported`](std::io::ErrorKind::Unsupported), because libpcap
///   cannot use a C stream that another module has opened.
/// - [`LibraryMissing`](crate::ErrorKind::LibraryMissing) if libpcap cannot be loaded (only with the `load-dynamically`
///   feature).
///
/// # Examples
///
/// ```no_run
/// use pcap_core::lookup;
///
/// for (address, host) in lookup::ethers("/etc/ethers")? {
///     println!("{address} {host}");
/// }
/// # Ok::<(), pcap_core::Error>(())
/// ```
#[doc(alias = "pcap_next_etherent")]
#[doc(alias = "pcap_etherent")]
#[doc(alias = "PCAP_ETHERS_FILE")]
pub fn ethers(path: impl AsRef<Path>) -> Result<Vec<(MacAddr, String)>> {
    let path = path.as_ref();
    Error::library("read", path.display().to_string())?;
    let error = |e| Error::io("read", path.display().to_string(), e);
    // Read the whole file first, so that no lock is held during disk I/O. Append a newline, because libpcap skips a
    // last line without one.
    let mut text = std::fs::read(path).map_err(error)?;
    text.push(b'\n');
    let stream = platform::TextStream::from_text(text).map_err(error)?;
    let _guard = platform::name_tables();
    let _static = sys::static_buffers();
    let mut hosts = Vec::new();
    loop {
        // SAFETY: the stream is open and ours alone, and the locks keep others from libpcap's
        // static result.
        let entry = unsafe { sys::pcap_next_etherent(stream.file()) };
        // SAFETY: null or libpcap's static result, unchanged until the next call.
        let Some(entry) = (unsafe { entry.as_ref() }) else {
            return Ok(hosts);
        };
        // SAFETY: libpcap ends the name with a NUL.
        let name = unsafe { sys::lossy(entry.name.as_ptr()) };
        hosts.push((entry.addr.into(), name.unwrap_or_default()));
    }
}

/// Converts a name for libpcap. Returns `None` if it contains a NUL byte, or if there is no libpcap.
#[inline]
fn c_name(name: &str) -> Option<CString> {
    CString::new(name)
        .ok()
        .filter(|_| sys::library::is_available())
}

/// Returns whether a string consists of a valid port number only.
#[inline]
fn is_number(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u16>().is_ok()
}

/// Converts a protocol number; `None` for libpcap's "undefined", which is -1.
#[inline]
fn number_of(number: c_int) -> Option<u8> {
    u8::try_from(number).ok()
}
