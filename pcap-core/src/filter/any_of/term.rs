//! The terms of a list: addresses, networks, ports, and on which side of a packet they are looked for.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::ops::RangeInclusive;
use std::str::FromStr;

use crate::error::{Error, ErrorKind, Result};

/// What errors call the reading of a term.
const READ: &str = "read the term";

/// An address, a network, a port, a range of ports, or a port of an address: what a list for [`Filter::any_of`] is made
/// of.
///
/// Made from `IpAddr`, `Ipv4Addr`, `Ipv6Addr`, a pair of an address and the length of its prefix, `u16`,
/// `RangeInclusive<u16>` and `SocketAddr`, and by [`str::parse`] from `192.0.2.1`, `192.0.2.0/24`, `2001:db8::/32`,
/// `443`, `6000-6063`, `192.0.2.1:443` and `[2001:db8::1]:443`.
///
/// [`Filter::any_of`]: crate::Filter::any_of
///
/// # Examples
///
/// ```
/// use pcap_core::Endpoint;
/// use std::net::Ipv4Addr;
///
/// # fn main() -> pcap_core::Result<()> {
/// assert_eq!(Endpoint::from(443), "443".parse()?);
/// assert_eq!(Endpoint::from(6000..=6063), "6000-6063".parse()?);
/// let net: Endpoint = (Ipv4Addr::new(192, 0, 2, 0), 24).into();
/// assert_eq!(net.to_string(), "192.0.2.0/24");
/// let https = Endpoint::HostPort(Ipv4Addr::new(192, 0, 2, 1).into(), 443);
/// assert_eq!(https, "192.0.2.1:443".parse()?);
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Endpoint {
    /// An address: `host` in an expression.
    Host(IpAddr),
    /// The first address of a network and the length of its prefix in bits: `net` in an expression.
    Net(IpAddr, u8),
    /// A port of TCP, UDP or SCTP: `port` in an expression.
    Port(u16),
    /// The ports from the first to the last, both included: `portrange` in an expression.
    Ports(u16, u16),
    /// A port of TCP, UDP or SCTP of an address, both on the same side of a packet: `src host` and `src port` in an
    /// expression, or `dst host` and `dst port`.
    HostPort(IpAddr, u16),
}

/// Addresses or ports from a first to a last one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Range {
    V4(u128, u128),
    V6(u128, u128),
    Ports(u128, u128),
    Pair(IpAddr, u16),
}

impl Endpoint {
    /// What it stands for; says what is wrong with it otherwise.
    pub(crate) fn range(self) -> Result<Range, String> {
        let net = |first: u128, prefix: u8, bits: u8| {
            if prefix > bits {
                return Err(format!(
                    "the prefix has {prefix} bits, and the address {bits}"
                ));
            }
            // The bits behind the prefix, at the low end.
            let host = u128::MAX
                .checked_shr(u32::from(prefix) + 128 - u32::from(bits))
                .unwrap_or(0);
            if first & host != 0 {
                return Err(format!(
                    "the address has bits behind the prefix of {prefix}"
                ));
            }
            Ok((first, first | host))
        };
        let prefix = match self {
            Endpoint::Net(_, prefix) => prefix,
            Endpoint::Host(IpAddr::V4(_)) => 32,
            _ => 128,
        };
        match self {
            Endpoint::Host(IpAddr::V4(address)) | Endpoint::Net(IpAddr::V4(address), _) => {
                let (first, last) = net(u128::from(u32::from(address)), prefix, 32)?;
                Ok(Range::V4(first, last))
            }
            Endpoint::Host(IpAddr::V6(address)) | Endpoint::Net(IpAddr::V6(address), _) => {
                let (first, last) = net(u128::from(address), prefix, 128)?;
                Ok(Range::V6(first, last))
            }
            Endpoint::Port(port) => Ok(Range::Ports(port.into(), port.into())),
            Endpoint::Ports(first, last) if first > last => {
                Err("the last port is below the first".into())
            }
            Endpoint::Ports(first, last) => Ok(Range::Ports(first.into(), last.into())),
            Endpoint::HostPort(address, port) => Ok(Range::Pair(address, port)),
        }
    }
}

/// As [`FromStr`] reads it.
impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Endpoint::Host(address) => address.fmt(f),
            Endpoint::Net(address, prefix) => write!(f, "{address}/{prefix}"),
            Endpoint::Port(port) => port.fmt(f),
            Endpoint::Ports(first, last) => write!(f, "{first}-{last}"),
            Endpoint::HostPort(address, port) => SocketAddr::new(address, port).fmt(f),
        }
    }
}

/// `192.0.2.1`, `192.0.2.0/24`, `2001:db8::1`, `2001:db8::/32`, `443`, `6000-6063`, `192.0.2.1:443` or
/// `[2001:db8::1]:443`, without anything around it. Nothing is looked up, so that names of hosts and services are errors.
impl FromStr for Endpoint {
    type Err = Error;

    /// # Errors
    ///
    /// [`InvalidArgument`](crate::ErrorKind::InvalidArgument), with the text: it is none of these, the
    /// prefix is too long, the address has bits behind it, or a range ends before it begins.
    fn from_str(text: &str) -> Result<Endpoint> {
        let number = |text: &str| {
            // Without a sign, which `u16` would read.
            let digits = text.bytes().all(|byte| byte.is_ascii_digit());
            digits.then(|| text.parse::<u16>().ok()).flatten()
        };
        let endpoint = if let Some((address, prefix)) = text.split_once('/') {
            match (address.parse(), number(prefix).map(u8::try_from)) {
                (Ok(address), Some(Ok(prefix))) => Some(Endpoint::Net(address, prefix)),
                _ => None,
            }
        } else if let Some((first, last)) = text.split_once('-') {
            number(first)
                .zip(number(last))
                .map(|(first, last)| Endpoint::Ports(first, last))
        } else if let Some(port) = number(text) {
            Some(Endpoint::Port(port))
        } else if let Ok(address) = text.parse() {
            Some(Endpoint::Host(address))
        } else {
            // No packet has a scope, which the text may have.
            let socket = text.parse().ok().filter(|_| !text.contains('%'));
            socket.map(|address: SocketAddr| Endpoint::HostPort(address.ip(), address.port()))
        };
        let why = match endpoint.map(|endpoint| (endpoint, endpoint.range())) {
            Some((endpoint, Ok(_))) => return Ok(endpoint),
            Some((_, Err(why))) => why,
            None => "it is no address, network, port, range of ports or port of an address".into(),
        };
        let text = crate::filter::compile::limits::cut(text);
        Err(Error::cannot(ErrorKind::InvalidArgument, READ, text, why))
    }
}

/// A term of a list for [`Filter::any_of`]: an [`Endpoint`], and whether it has to be a packet's source,
/// its destination, or either.
///
/// Either is meant by everything that an [`Endpoint`] is made from. By [`str::parse`] it is made from what
/// makes an endpoint, with `src` or `dst` and a space before it or not.
///
/// [`Filter::any_of`]: crate::Filter::any_of
///
/// # Examples
///
/// ```
/// use pcap_core::FilterTerm;
///
/// # fn main() -> pcap_core::Result<()> {
/// assert_eq!(FilterTerm::destination(53), "dst 53".parse()?);
/// assert_eq!(FilterTerm::from(53), "53".parse()?);
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FilterTerm {
    pub(crate) endpoint: Endpoint,
    pub(crate) source: bool,
    pub(crate) destination: bool,
}

impl FilterTerm {
    /// The endpoint as a packet's source only: `src` in an expression.
    #[must_use]
    pub fn source(endpoint: impl Into<Endpoint>) -> FilterTerm {
        FilterTerm {
            endpoint: endpoint.into(),
            source: true,
            destination: false,
        }
    }

    /// The endpoint as a packet's destination only: `dst` in an expression.
    #[must_use]
    pub fn destination(endpoint: impl Into<Endpoint>) -> FilterTerm {
        FilterTerm {
            endpoint: endpoint.into(),
            source: false,
            destination: true,
        }
    }

    /// The address, network or port.
    #[must_use]
    pub fn endpoint(&self) -> Endpoint {
        self.endpoint
    }
}

impl From<Endpoint> for FilterTerm {
    fn from(endpoint: Endpoint) -> FilterTerm {
        FilterTerm {
            endpoint,
            source: true,
            destination: true,
        }
    }
}

/// As [`FromStr`] reads it.
impl fmt::Display for FilterTerm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.source, self.destination) {
            (true, false) => f.write_str("src ")?,
            (false, true) => f.write_str("dst ")?,
            _ => {}
        }
        self.endpoint.fmt(f)
    }
}

/// An [`Endpoint`], with `src` or `dst` and a space before it or not.
impl FromStr for FilterTerm {
    type Err = Error;

    /// # Errors
    ///
    /// As for an [`Endpoint`].
    fn from_str(text: &str) -> Result<FilterTerm> {
        if let Some(endpoint) = text.strip_prefix("src ") {
            return Ok(FilterTerm::source(Endpoint::from_str(endpoint)?));
        }
        if let Some(endpoint) = text.strip_prefix("dst ") {
            return Ok(FilterTerm::destination(Endpoint::from_str(endpoint)?));
        }
        Ok(Endpoint::from_str(text)?.into())
    }
}

/// The same conversions into an endpoint, and through it into a term.
macro_rules! endpoint_from {
    ($($from:ty: $value:ident => $endpoint:expr;)+) => {$(
        impl From<$from> for Endpoint {
            fn from($value: $from) -> Endpoint {
                $endpoint
            }
        }

        impl From<$from> for FilterTerm {
            fn from(value: $from) -> FilterTerm {
                Endpoint::from(value).into()
            }
        }
    )+};
}

endpoint_from! {
    IpAddr: address => Endpoint::Host(address);
    Ipv4Addr: address => Endpoint::Host(address.into());
    Ipv6Addr: address => Endpoint::Host(address.into());
    (IpAddr, u8): net => Endpoint::Net(net.0, net.1);
    (Ipv4Addr, u8): net => Endpoint::Net(net.0.into(), net.1);
    (Ipv6Addr, u8): net => Endpoint::Net(net.0.into(), net.1);
    u16: port => Endpoint::Port(port);
    RangeInclusive<u16>: ports => Endpoint::Ports(*ports.start(), *ports.end());
    SocketAddr: socket => Endpoint::HostPort(socket.ip(), socket.port());
    SocketAddrV4: socket => Endpoint::HostPort((*socket.ip()).into(), socket.port());
    SocketAddrV6: socket => Endpoint::HostPort((*socket.ip()).into(), socket.port());
}

/// For lists that are lent: `any_of(linktype, &list)`.
impl From<&Endpoint> for FilterTerm {
    fn from(endpoint: &Endpoint) -> FilterTerm {
        (*endpoint).into()
    }
}

/// For lists that are lent: `any_of(linktype, &list)`.
impl From<&FilterTerm> for FilterTerm {
    fn from(term: &FilterTerm) -> FilterTerm {
        *term
    }
}

impl From<&IpAddr> for FilterTerm {
    fn from(address: &IpAddr) -> FilterTerm {
        (*address).into()
    }
}

impl From<&SocketAddr> for FilterTerm {
    fn from(socket: &SocketAddr) -> FilterTerm {
        (*socket).into()
    }
}
