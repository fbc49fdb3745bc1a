//! The terms of a list: addresses, networks and ports, each as a packet's source, destination or
//! either.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::ops::RangeInclusive;
use std::str::FromStr;

use crate::error::{Error, ErrorKind, Result};

/// The operation in the errors of parsing a term.
const READ: &str = "parse term";

/// An element of a list for [`Filter::any_of`]: an address, a network, a port, a range of ports, or a port of an
/// address.
///
/// Converts from `IpAddr`, `Ipv4Addr`, `Ipv6Addr`, a pair of an address and a prefix length, `u16`,
/// `RangeInclusive<u16>` and `SocketAddr`. [`str::parse`] accepts `192.0.2.1`, `192.0.2.0/24`,
/// `2001:db8::/32`, `443`, `6000-6063`, `192.0.2.1:443` and `[2001:db8::1]:443`.
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
    /// A network, given by its first address and its prefix length: `net` in an expression.
    Net(IpAddr, u8),
    /// A port of TCP, UDP or SCTP: `port` in an expression.
    Port(u16),
    /// The ports from the first to the last, inclusive: `portrange` in an expression.
    Ports(u16, u16),
    /// A port of TCP, UDP or SCTP at an address. Both belong to the same side of a packet: `src host` and `src port` in
    /// an expression, or `dst host` and `dst port`.
    HostPort(IpAddr, u16),
}

/// A range of addresses or ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Range {
    V4(u128, u128),
    V6(u128, u128),
    Ports(u128, u128),
    Pair(IpAddr, u16),
}

impl Endpoint {
    /// Converts to a range. The error is the reason why that is not possible.
    #[inline]
    pub(crate) fn range(self) -> Result<Range, String> {
        let net = |first: u128, prefix: u8, bits: u8| {
            if prefix > bits {
                return Err(format!(
                    "the prefix length {prefix} exceeds the {bits} bits of the address"
                ));
            }
            // The bits after the prefix, at the low end.
            let host = u128::MAX
                .checked_shr(u32::from(prefix) + 128 - u32::from(bits))
                .unwrap_or(0);
            if first & host != 0 {
                return Err(format!(
                    "the address has bits set after the prefix of {prefix} bits"
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

/// Prints the form that [`FromStr`] parses.
impl fmt::Display for Endpoint {
    #[inline]
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

/// Parses `192.0.2.1`, `192.0.2.0/24`, `2001:db8::1`, `2001:db8::/32`, `443`, `6000-6063`,
/// `192.0.2.1:443` or `[2001:db8::1]:443`, without surrounding spaces. Host and service names are rejected, because
/// parsing does not resolve names.
impl FromStr for Endpoint {
    type Err = Error;

    /// # Errors
    ///
    /// - [`InvalidArgument`](crate::ErrorKind::InvalidArgument) if `text` has none of these forms, the prefix is longer
    ///   than the address, the address has bits set after the prefix, or the last port of a range is below the first.
    #[inline]
    fn from_str(text: &str) -> Result<Endpoint> {
        let number = |text: &str| {
            // `u16` would accept a sign.
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
            // A packet does not contain the scope of an address, so reject a scope in the text.
            let socket = text.parse().ok().filter(|_| !text.contains('%'));
            socket.map(|address: SocketAddr| Endpoint::HostPort(address.ip(), address.port()))
        };
        let why = match endpoint.map(|endpoint| (endpoint, endpoint.range())) {
            Some((endpoint, Ok(_))) => return Ok(endpoint),
            Some((_, Err(why))) => why,
            None => {
                "expected an address, a network, a port, a range of ports or a port of an address"
                    .into()
            }
        };
        let text = crate::filter::compile::limits::cut(text);
        Err(Error::cannot(ErrorKind::InvalidArgument, READ, text, why))
    }
}

/// A term of a list for [`Filter::any_of`]: an [`Endpoint`] as a packet's source, its destination,
/// or either.
///
/// Every type that converts to an [`Endpoint`] also converts to a term, which matches both the source and the
/// destination. [`str::parse`] accepts the forms of an endpoint, optionally preceded by `src` or `dst` and a space.
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
    /// Creates a term that only matches the source of a packet: `src` in an expression.
    #[must_use]
    #[inline]
    pub fn source(endpoint: impl Into<Endpoint>) -> FilterTerm {
        FilterTerm {
            endpoint: endpoint.into(),
            source: true,
            destination: false,
        }
    }

    /// Creates a term that only matches the destination of a packet: `dst` in an expression.
    #[must_use]
    #[inline]
    pub fn destination(endpoint: impl Into<Endpoint>) -> FilterTerm {
        FilterTerm {
            endpoint: endpoint.into(),
            source: false,
            destination: true,
        }
    }

    /// Returns the endpoint, without the direction.
    #[must_use]
    #[inline]
    pub fn endpoint(&self) -> Endpoint {
        self.endpoint
    }
}

impl From<Endpoint> for FilterTerm {
    #[inline]
    fn from(endpoint: Endpoint) -> FilterTerm {
        FilterTerm {
            endpoint,
            source: true,
            destination: true,
        }
    }
}

/// Prints the form that [`FromStr`] parses.
impl fmt::Display for FilterTerm {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.source, self.destination) {
            (true, false) => f.write_str("src ")?,
            (false, true) => f.write_str("dst ")?,
            _ => {}
        }
        self.endpoint.fmt(f)
    }
}

/// Parses an [`Endpoint`], optionally preceded by `src` or `dst` and a space.
impl FromStr for FilterTerm {
    type Err = Error;

    /// # Errors
    ///
    /// The errors of [`Endpoint`]'s `FromStr`.
    #[inline]
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

/// Implements the conversions from a type into an endpoint, and through it into a term.
macro_rules! endpoint_from {
    ($($from:ty: $value:ident => $endpoint:expr;)+) => {$(
        impl From<$from> for Endpoint {
            #[inline]
            fn from($value: $from) -> Endpoint {
                $endpoint
            }
        }

        impl From<$from> for FilterTerm {
            #[inline]
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

/// Converts a borrowed element, so that `any_of(dlt, &list)` compiles.
impl From<&Endpoint> for FilterTerm {
    #[inline]
    fn from(endpoint: &Endpoint) -> FilterTerm {
        (*endpoint).into()
    }
}

/// Converts a borrowed element, so that `any_of(dlt, &list)` compiles.
impl From<&FilterTerm> for FilterTerm {
    #[inline]
    fn from(term: &FilterTerm) -> FilterTerm {
        *term
    }
}

impl From<&IpAddr> for FilterTerm {
    #[inline]
    fn from(address: &IpAddr) -> FilterTerm {
        (*address).into()
    }
}

impl From<&SocketAddr> for FilterTerm {
    #[inline]
    fn from(socket: &SocketAddr) -> FilterTerm {
        (*socket).into()
    }
}
