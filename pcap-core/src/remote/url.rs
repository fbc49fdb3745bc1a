//! Source strings, which name a savefile, a device, or a device of another host. They originate from WinPcap.
//!
//! This crate creates and parses them itself, so this module works with every libpcap.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, ErrorKind, Result};
use crate::sys;

/// The size of libpcap's buffers for a source string, including the terminating NUL.
const BUFFER: usize = sys::PCAP_BUF_SIZE as usize;

/// A parsed source string, which names a savefile, a device of this host, or another host and one of its devices.
///
/// | string | source |
/// |---|---|
/// | `rpcap://host/eth0`, `rpcap://host:2002/eth0`, `rpcap://[fe80::1]/eth0` | a device of another host |
/// | `rpcaps://host/eth0` | the same, over TLS |
/// | `rpcap://host/` | the host, to list its devices |
/// | `eth0`, `rpcap://eth0` | a device of this host |
/// | `file:///tmp/a.pcap` | a savefile |
///
/// As in libpcap, schemes must be in lower case, and a string that does not begin with one of them is the name of a
/// device. Unlike libpcap, this crate rejects a remote source that has no host, whose port is neither a number nor a
/// service name, or that has a user name before the host. Pass the user name in [`Auth`](super::Auth) instead, because
/// source strings appear in errors and other output.
///
/// # Examples
///
/// ```
/// use pcap_core::remote::Source;
///
/// # fn main() -> pcap_core::Result<()> {
/// let source: Source = "rpcap://[::1]:2002/eth0".parse()?;
/// assert_eq!((source.host(), source.port()), (Some("::1"), Some("2002")));
/// assert_eq!(source.device(), Some("eth0"));
/// assert_eq!(source, Source::remote("::1", 2002, "eth0")?);
/// assert_eq!(source.to_string(), "rpcap://[::1]:2002/eth0");
/// # Ok(()) }
/// ```
///
#[doc = manual!(libpcap 8 "rpcapd")]
///
#[doc(alias = "pcap_createsrcstr")]
#[doc(alias = "pcap_parsesrcstr")]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Source(Kind);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Kind {
    File(String),
    Local(String),
    Remote {
        tls: bool,
        host: String,
        port: Option<String>,
        device: String,
    },
}

const OPERATION: &str = "parse source";

fn refuse<T>(source: &str, why: impl Into<String>) -> Result<T> {
    let object = source.to_owned();
    Err(Error::cannot(
        ErrorKind::InvalidArgument,
        OPERATION,
        object,
        why,
    ))
}

/// Creates the error of a source that is too long. The error does not repeat the source, which may contain a password.
fn too_long<T>(length: usize) -> Result<T> {
    let limit = BUFFER - 1;
    let why = format!("expected at most {limit} bytes, libpcap's limit, found {length}");
    Err(Error::cannot(
        ErrorKind::InvalidArgument,
        OPERATION,
        None,
        why,
    ))
}

impl Source {
    /// Creates the source of a savefile.
    ///
    /// # Errors
    ///
    /// - [`InvalidArgument`](ErrorKind::InvalidArgument) if the path is empty or contains a NUL byte, or if the source,
    ///   including its scheme, exceeds libpcap's limit of 1023 bytes.
    pub fn file(path: impl Into<String>) -> Result<Source> {
        Source(Kind::File(path.into())).checked()
    }

    /// Creates the source of a device of this host.
    ///
    /// # Errors
    ///
    /// - [`InvalidArgument`](ErrorKind::InvalidArgument) if the name is empty, contains a NUL byte, has more than 1023
    ///   bytes, or would be parsed as another kind of source.
    pub fn local(device: impl Into<String>) -> Result<Source> {
        let source = Source(Kind::Local(device.into()));
        if source.device() == Some("") {
            return refuse("", "it is empty");
        }
        source.checked()
    }

    /// Creates the source of a device of another host.
    ///
    /// The host is a name or an address. If the port is `None`, the daemon's default port, 2002, is used. If the device
    /// is empty, the source names only the host, which is enough to [list its devices](super::devices).
    ///
    /// # Errors
    ///
    /// - [`InvalidArgument`](ErrorKind::InvalidArgument) if the host is empty or contains `/`, `@`, `[` or `]`, if an
    ///   argument contains a NUL byte, or if the source would exceed 1023 bytes with the scheme `rpcaps`.
    ///
    /// # Examples
    ///
    /// ```
    /// use pcap_core::remote::Source;
    ///
    /// let source = Source::remote("192.0.2.7", None, "eth0")?.tls(true);
    /// assert_eq!(source.to_string(), "rpcaps://192.0.2.7/eth0");
    /// # Ok::<(), pcap_core::Error>(())
    /// ```
    #[doc(alias = "pcap_createsrcstr")]
    pub fn remote(
        host: impl Into<String>,
        port: impl Into<Option<u16>>,
        device: impl Into<String>,
    ) -> Result<Source> {
        let port = port.into().map(|port| port.to_string());
        Source(Kind::Remote {
            tls: false,
            host: host.into(),
            port,
            device: device.into(),
        })
        .checked()
    }

    /// Sets whether to use TLS for a device of another host. Default: `false`. For other sources, this has no effect.
    #[must_use]
    pub fn tls(mut self, on: bool) -> Source {
        if let Kind::Remote { tls, .. } = &mut self.0 {
            *tls = on;
        }
        self
    }

    /// Returns a source for another device on the same host.
    ///
    /// # Errors
    ///
    /// - The errors of [`remote`](Self::remote) and [`local`](Self::local).
    /// - [`InvalidArgument`](ErrorKind::InvalidArgument) if the source is a savefile.
    pub fn with_device(&self, name: impl Into<String>) -> Result<Source> {
        match self.0.clone() {
            Kind::File(_) => refuse(&self.to_string(), "a savefile has no devices"),
            Kind::Local(_) => Source::local(name),
            Kind::Remote {
                tls, host, port, ..
            } => Source(Kind::Remote {
                tls,
                host,
                port,
                device: name.into(),
            })
            .checked(),
        }
    }

    /// Returns whether the source is on another host.
    #[must_use]
    pub fn is_remote(&self) -> bool {
        matches!(self.0, Kind::Remote { .. })
    }

    /// Returns whether the source is on another host and uses TLS.
    #[must_use]
    pub fn is_tls(&self) -> bool {
        matches!(self.0, Kind::Remote { tls: true, .. })
    }

    /// Returns the name or address of the other host, without brackets. Returns `None` if the source is on this host.
    #[must_use]
    pub fn host(&self) -> Option<&str> {
        match &self.0 {
            Kind::Remote { host, .. } => Some(host),
            _ => None,
        }
    }

    /// Returns the port of the daemon, which is a number or the name of a service. Returns `None` if the source does
    /// not specify it.
    #[must_use]
    pub fn port(&self) -> Option<&str> {
        match &self.0 {
            Kind::Remote { port, .. } => port.as_deref(),
            _ => None,
        }
    }

    /// Returns the name of the device, on this host or on the other host. It is empty if the source names only a host.
    /// Returns `None` for a savefile.
    #[must_use]
    pub fn device(&self) -> Option<&str> {
        match &self.0 {
            Kind::Local(device) | Kind::Remote { device, .. } => Some(device),
            Kind::File(_) => None,
        }
    }

    /// Returns the path of the savefile. Returns `None` for a device or host.
    #[must_use]
    pub fn path(&self) -> Option<&str> {
        match &self.0 {
            Kind::File(path) => Some(path),
            _ => None,
        }
    }

    /// Checks that the string of the source parses back into the same source.
    fn checked(self) -> Result<Source> {
        let text = self.to_string();
        match text.parse::<Source>() {
            Ok(parsed) if parsed == self => Ok(self),
            Ok(_) => refuse(&text, "libpcap would parse it as another source"),
            Err(error) => Err(error),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::File(path) => write!(f, "file://{path}"),
            Kind::Local(device) if device.is_empty() => f.write_str("rpcap://"),
            Kind::Local(device) => f.write_str(device),
            Kind::Remote {
                tls,
                host,
                port,
                device,
            } => {
                f.write_str(if *tls { "rpcaps://" } else { "rpcap://" })?;
                match host.contains(':') {
                    true => write!(f, "[{host}]")?,
                    false => f.write_str(host)?,
                }
                if let Some(port) = port {
                    write!(f, ":{port}")?;
                }
                write!(f, "/{device}")
            }
        }
    }
}

impl FromStr for Source {
    type Err = Error;

    /// # Errors
    ///
    /// - [`InvalidArgument`](crate::ErrorKind::InvalidArgument) if the source is invalid, contains a NUL byte or
    ///   exceeds libpcap's limit of 1023 bytes.
    fn from_str(text: &str) -> Result<Source> {
        if text.len() >= BUFFER {
            return too_long(text.len());
        }
        let local = |device: &str| Ok(Source(Kind::Local(device.to_owned())));
        let parts = text.split_once(':');
        let parts = parts.and_then(|(scheme, rest)| Some((scheme, rest.strip_prefix("//")?)));
        let is_rpcap = |scheme: &str| {
            ["rpcap", "rpcaps"]
                .iter()
                .any(|s| scheme.eq_ignore_ascii_case(s))
        };
        let (tls, rest) = match parts {
            // The part before an `@` may be a password, so the string is not repeated.
            Some((scheme, rest)) if is_rpcap(scheme) && authority(rest).contains('@') => {
                let why = "expected no user before the host; pass it as `Auth`";
                return Err(Error::cannot(
                    ErrorKind::InvalidArgument,
                    OPERATION,
                    None,
                    why,
                ));
            }
            _ if text.contains('\0') => return refuse(text, "it has a NUL byte"),
            Some(("file", "")) => return refuse(text, "it has no path"),
            Some(("file", path)) => return Ok(Source(Kind::File(path.to_owned()))),
            Some((scheme, rest)) if is_rpcap(scheme) && !rest.contains('/') => return local(rest),
            // Reserve one byte, so that TLS can be enabled afterwards.
            Some(("rpcap", _)) if text.len() + 1 >= BUFFER => {
                return too_long(text.len() + 1);
            }
            Some(("rpcap", rest)) => (false, rest),
            Some(("rpcaps", rest)) => (true, rest),
            _ if text.is_empty() => return refuse(text, "it is empty"),
            _ => return local(text),
        };
        let authority = authority(rest);
        let device = &rest[rest.len().min(authority.len() + 1)..];
        let (host, port) = match authority.strip_prefix('[') {
            Some(inside) => match inside.split_once(']') {
                Some((host, "")) => (host, None),
                Some((host, after)) if after.starts_with(':') => (host, Some(&after[1..])),
                Some(_) => {
                    return refuse(text, "expected `:PORT` or `/DEVICE` after the `]`");
                }
                None => return refuse(text, "expected a `]` after the host"),
            },
            None => match authority.split_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (authority, None),
            },
        };
        if port.is_some_and(|port| !port.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')) {
            return refuse(
                text,
                "expected a number or service name as the port; an IPv6 address needs brackets",
            );
        }
        if host.is_empty() || host.contains(['[', ']']) {
            return refuse(text, "it has no host");
        }
        Ok(Source(Kind::Remote {
            tls,
            host: host.to_owned(),
            port: port.filter(|port| !port.is_empty()).map(str::to_owned),
            device: device.to_owned(),
        }))
    }
}

/// Returns the host and port of a source without its scheme.
fn authority(rest: &str) -> &str {
    rest.split('/').next().unwrap_or_default()
}
