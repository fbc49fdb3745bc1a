//! The `LINKTYPE_` numbers: link types as numbered in savefiles, the same on every system.

use std::fmt;
use std::str::FromStr;

use super::{by_name, table};
use crate::error::{Error, ErrorKind};

/// A link type as numbered in savefiles: a `LINKTYPE_` number, which is the same on every system.
///
/// libpcap's functions use [`Dlt`](crate::Dlt) numbers instead, which differ for some link types. `From` converts in
/// both directions. All 32-bit numbers are supported, even those without a name.
///
/// `Display` writes the name, such as `LINKTYPE_ETHERNET`, or the number if the link type has no name. `FromStr` parses
/// both; the prefix `LINKTYPE_` is optional, and the case of the name is ignored.
///
/// See the [list of link types](https://www.tcpdump.org/linktypes.html).
///
/// # Examples
///
/// ```
/// use pcap_core::{Dlt, Linktype};
///
/// assert_eq!(Linktype::RAW.value(), 101);
/// assert_eq!(Dlt::from(Linktype::RAW), Dlt::RAW);
/// assert_eq!(Linktype::new(276), Linktype::LINUX_SLL2);
/// assert_eq!(Linktype::ETHERNET.to_string(), "LINKTYPE_ETHERNET");
/// assert_eq!("ethernet".parse::<Linktype>()?, Linktype::ETHERNET);
/// # Ok::<(), pcap_core::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Linktype(u32);

impl Linktype {
    /// Creates a link type from any number, even one without a name.
    #[must_use]
    pub const fn new(value: u32) -> Linktype {
        Linktype(value)
    }

    /// Returns the number.
    #[must_use]
    pub const fn value(self) -> u32 {
        self.0
    }

    /// Returns the name, such as `LINKTYPE_ETHERNET`. Returns `None` if the link type has no name.
    #[must_use]
    #[inline]
    pub fn name(self) -> Option<&'static str> {
        self.row().map(|row| row.name)
    }

    /// Returns a short description, such as `Raw IPv4`. Returns `None` if the link type is unknown.
    ///
    /// # Examples
    ///
    /// ```
    /// use pcap_core::Linktype;
    ///
    /// assert_eq!(Linktype::IPV4.description(), Some("Raw IPv4"));
    /// assert_eq!(Linktype::new(9999).description(), None);
    /// ```
    #[must_use]
    #[inline]
    pub fn description(self) -> Option<&'static str> {
        self.row().map(|row| row.text)
    }

    /// Finds a link type by its name, with or without the prefix `LINKTYPE_`, ignoring case. Returns `None` if the name
    /// is unknown.
    ///
    /// # Examples
    ///
    /// ```
    /// use pcap_core::Linktype;
    ///
    /// assert_eq!(Linktype::from_name("LINKTYPE_RAW"), Some(Linktype::RAW));
    /// assert_eq!(Linktype::from_name("ieee802_11_radiotap"), Some(Linktype::IEEE802_11_RADIOTAP));
    /// assert_eq!(Linktype::from_name("carrier pigeon"), None);
    /// ```
    #[must_use]
    #[inline]
    pub fn from_name(name: &str) -> Option<Linktype> {
        by_name(table::FILE, "LINKTYPE_", name)
    }

    #[inline]
    fn row(self) -> Option<&'static table::Row<Linktype>> {
        table::FILE.iter().find(|row| row.value == self)
    }
}

impl From<Linktype> for u32 {
    #[inline]
    fn from(linktype: Linktype) -> u32 {
        linktype.0
    }
}

impl fmt::Display for Linktype {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.pad(name),
            None => f.pad(&self.0.to_string()),
        }
    }
}

impl fmt::Debug for Linktype {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "Linktype({} = {name})", self.0),
            None => write!(f, "Linktype({})", self.0),
        }
    }
}

impl FromStr for Linktype {
    type Err = Error;

    /// # Errors
    ///
    /// - [`InvalidArgument`](crate::ErrorKind::InvalidArgument) if the string is neither a number nor the name of a
    ///   known link type.
    #[inline]
    fn from_str(text: &str) -> Result<Linktype, Error> {
        text.parse()
            .map(Linktype)
            .ok()
            .or_else(|| Linktype::from_name(text))
            .ok_or_else(|| {
                Error::cannot(
                    ErrorKind::InvalidArgument,
                    "parse link type",
                    text.to_owned(),
                    "expected the name or number of a link type, such as ETHERNET or 1",
                )
            })
    }
}
