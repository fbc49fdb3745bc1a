//! The `DLT_` numbers: link types as numbered in libpcap's API on this operating system.

use std::ffi::{CString, c_char, c_int};
use std::fmt;
use std::str::FromStr;

use super::{by_name, table, without};
use crate::error::{Error, ErrorKind};
use crate::sys;

/// A link type as numbered in libpcap's API: a `DLT_` number.
///
/// Some of these numbers differ between operating systems, and from the numbers in savefiles, which
/// [`Linktype`](crate::Linktype) represents. For example, raw IP is 12 on most systems, 14 on OpenBSD, and 101 in every
/// savefile. `From` converts in both directions. Numbers without a name are supported as well.
///
/// `Display` writes the name without `DLT_`, or the number if the link type has no name. `FromStr` parses both; the
/// name may have the prefix `DLT_`, and its case is ignored.
///
/// # Examples
///
/// ```
/// use pcap_core::{Dlt, Linktype};
///
/// assert_eq!(Dlt::EN10MB.to_string(), "EN10MB");
/// assert_eq!("dlt_en10mb".parse::<Dlt>()?, Dlt::EN10MB);
/// assert_eq!(Linktype::from(Dlt::RAW).value(), 101);
/// # Ok::<(), pcap_core::Error>(())
/// ```
///
#[doc = manual!(libpcap 7 "pcap-linktype")]
///
#[doc(alias = "pcap_datalink_val_to_description_or_dlt")]
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Dlt(i32);

impl Dlt {
    /// Creates a link type from any number, even one without a name.
    #[must_use]
    pub const fn new(value: i32) -> Dlt {
        Dlt(value)
    }

    /// Returns the number.
    #[must_use]
    pub const fn value(self) -> i32 {
        self.0
    }

    /// Returns whether packets begin with a protocol family, whose numbers differ between systems.
    #[inline]
    pub(crate) fn depends_on_system(self) -> bool {
        matches!(self, Dlt::NULL | Dlt::LOOP | Dlt::ENC)
    }

    /// Returns the name without `DLT_`, such as `EN10MB`. Returns `None` if the link type has no name.
    ///
    /// The name comes from libpcap or, if libpcap does not know the link type, from this crate.
    ///
    #[doc = manual!("pcap_datalink_val_to_name")]
    #[doc(alias = "pcap_datalink_val_to_name")]
    #[must_use]
    pub fn name(self) -> Option<String> {
        self.lookup_text(sys::pcap_datalink_val_to_name, |row| row.name)
    }

    /// Returns a short description, such as `Ethernet`. Returns `None` if the link type is unknown.
    ///
    /// The description comes from libpcap or, if libpcap does not know the link type, from this crate.
    ///
    /// # Examples
    ///
    /// ```
    /// use pcap_core::Dlt;
    ///
    /// assert_eq!(Dlt::EN10MB.description().as_deref(), Some("Ethernet"));
    /// assert_eq!(Dlt::new(9999).description(), None);
    /// ```
    ///
    #[doc = manual!("pcap_datalink_val_to_description", "pcap_datalink_val_to_name")]
    ///
    #[doc(alias = "pcap_datalink_val_to_description")]
    #[doc(alias = "pcap_datalink_val_to_description_or_dlt")]
    #[must_use]
    #[inline]
    pub fn description(self) -> Option<String> {
        self.lookup_text(sys::pcap_datalink_val_to_description, |row| row.text)
    }

    /// Finds a link type by its name, with or without the prefix `DLT_`, ignoring case. Returns `None` if the name is
    /// unknown.
    ///
    /// # Examples
    ///
    /// ```
    /// use pcap_core::Dlt;
    ///
    /// assert_eq!(Dlt::from_name("linux_sll2"), Some(Dlt::LINUX_SLL2));
    /// assert_eq!(Dlt::from_name("DLT_RAW"), Some(Dlt::RAW));
    /// assert_eq!(Dlt::from_name("carrier pigeon"), None);
    /// ```
    ///
    #[doc = manual!("pcap_datalink_name_to_val")]
    ///
    #[doc(alias = "pcap_datalink_name_to_val")]
    #[must_use]
    #[inline]
    pub fn from_name(name: &str) -> Option<Dlt> {
        let c_name = CString::new(without("DLT_", name)).ok()?;
        if !sys::library::is_available() {
            return by_name(table::API, "DLT_", name);
        }
        // SAFETY: the name is a C string that lives through the call.
        match unsafe { sys::pcap_datalink_name_to_val(c_name.as_ptr()) } {
            value if value >= 0 => Some(Dlt(value)),
            _ => by_name(table::API, "DLT_", name),
        }
    }

    /// Returns libpcap's string, or otherwise the one in this crate's table.
    fn lookup_text(
        self,
        libpcap: unsafe extern "C" fn(c_int) -> *const c_char,
        of: fn(&table::Row<Dlt>) -> &'static str,
    ) -> Option<String> {
        let asked = sys::library::is_available().then(|| {
            // SAFETY: both callers pass a function that takes any number and returns null or a
            // string of a constant table.
            unsafe { libpcap(self.0) }
        });
        // SAFETY: null or a string that never changes.
        let text = asked.and_then(|text| unsafe { sys::lossy(text) });
        text.or_else(|| {
            let row = table::API.iter().find(|row| row.value == self)?;
            Some(of(row).to_owned())
        })
    }
}

impl From<Dlt> for c_int {
    #[inline]
    fn from(dlt: Dlt) -> c_int {
        dlt.0
    }
}

impl fmt::Display for Dlt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.pad(&name),
            None => f.pad(&self.0.to_string()),
        }
    }
}

impl fmt::Debug for Dlt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "Dlt({} = {name})", self.0),
            None => write!(f, "Dlt({})", self.0),
        }
    }
}

impl FromStr for Dlt {
    type Err = Error;

    /// # Errors
    ///
    /// - [`InvalidArgument`](crate::ErrorKind::InvalidArgument) if the string is neither a number nor the name of a
    ///   known link type.
    #[inline]
    fn from_str(text: &str) -> Result<Dlt, Error> {
        text.parse()
            .map(Dlt)
            .ok()
            .or_else(|| Dlt::from_name(text))
            .ok_or_else(|| {
                Error::cannot(
                    ErrorKind::InvalidArgument,
                    "parse link type",
                    text.to_owned(),
                    "expected the name or number of a link type, such as EN10MB or 1",
                )
            })
    }
}
