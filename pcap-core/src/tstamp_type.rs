//! Timestamp types: the clocks that can timestamp the packets of a live capture.

use std::ffi::{CString, c_int};
use std::fmt;
use std::str::FromStr;

use crate::error::{Error, ErrorKind};
use crate::sys;

/// A timestamp type: the clock that timestamps the packets of a live capture.
///
/// Most devices support only [`HOST`](TstampType::HOST). [`Capture::tstamp_types`](crate::Capture::tstamp_types) lists
/// the types that a device supports. Numbers without a name can also be used, because a newer libpcap may know them.
///
/// `Display` writes libpcap's name, or the number if the type has no name. `FromStr` parses both.
///
/// # Examples
///
/// ```
/// use pcap_core::TstampType;
///
/// assert_eq!(TstampType::ADAPTER_UNSYNCED.to_string(), "adapter_unsynced");
/// assert_eq!("Host_HiPrec".parse::<TstampType>()?, TstampType::HOST_HIPREC);
/// # Ok::<(), pcap_core::Error>(())
/// ```
///
#[doc = manual!(libpcap 7 "pcap-tstamp")]
///
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TstampType(i32);

impl TstampType {
    /// The host's clock, with unknown precision.
    pub const HOST: TstampType = TstampType(0);
    /// The host's clock, with low precision. Reading it is cheap.
    pub const HOST_LOWPREC: TstampType = TstampType(1);
    /// The host's clock, with high precision.
    pub const HOST_HIPREC: TstampType = TstampType(2);
    /// The device's own clock, with high precision, synchronized with the host's clock.
    pub const ADAPTER: TstampType = TstampType(3);
    /// The device's own clock, with high precision, not synchronized with the host's clock.
    pub const ADAPTER_UNSYNCED: TstampType = TstampType(4);
    /// The host's clock, with high precision, not synchronized with the system time. Requires libpcap 1.10 or later.
    pub const HOST_HIPREC_UNSYNCED: TstampType = TstampType(5);

    /// Creates a timestamp type from any number, even one without a name.
    #[must_use]
    pub const fn new(value: i32) -> TstampType {
        TstampType(value)
    }

    /// Returns the number.
    #[must_use]
    pub const fn value(self) -> i32 {
        self.0
    }

    /// Returns libpcap's name, such as `host`. Returns `None` if libpcap does not know the number.
    ///
    #[doc = manual!("pcap_tstamp_type_val_to_name")]
    #[doc(alias = "pcap_tstamp_type_val_to_name")]
    #[must_use]
    #[inline]
    pub fn name(self) -> Option<String> {
        if !sys::library::is_available() {
            return None;
        }
        // SAFETY: takes any number, and returns null or a string of a constant table.
        let name = unsafe { sys::pcap_tstamp_type_val_to_name(self.0) };
        // SAFETY: null or a C string that never changes.
        unsafe { sys::lossy(name) }
    }

    /// Returns libpcap's short description, such as `Host`. Returns `None` if libpcap does not know the number.
    ///
    /// # Examples
    ///
    /// ```
    /// use pcap_core::TstampType;
    ///
    /// assert_eq!(TstampType::ADAPTER.description().as_deref(), Some("Adapter"));
    /// assert_eq!(TstampType::new(99).description(), None);
    /// ```
    ///
    #[doc = manual!("pcap_tstamp_type_val_to_description", "pcap_tstamp_type_val_to_name")]
    ///
    #[doc(alias = "pcap_tstamp_type_val_to_description")]
    #[must_use]
    #[inline]
    pub fn description(self) -> Option<String> {
        if !sys::library::is_available() {
            return None;
        }
        // SAFETY: takes any number, and returns null or a string of a constant table.
        let text = unsafe { sys::pcap_tstamp_type_val_to_description(self.0) };
        // SAFETY: null or a C string that never changes.
        unsafe { sys::lossy(text) }
    }

    /// Finds a timestamp type by its name, ignoring case. Returns `None` if libpcap does not know the name.
    ///
    /// # Examples
    ///
    /// ```
    /// use pcap_core::TstampType;
    ///
    /// assert_eq!(TstampType::from_name("ADAPTER"), Some(TstampType::ADAPTER));
    /// assert_eq!(TstampType::from_name("sundial"), None);
    /// ```
    ///
    #[doc = manual!("pcap_tstamp_type_name_to_val")]
    ///
    #[doc(alias = "pcap_tstamp_type_name_to_val")]
    #[must_use]
    #[inline]
    pub fn from_name(name: &str) -> Option<TstampType> {
        let name = CString::new(name)
            .ok()
            .filter(|_| sys::library::is_available())?;
        // SAFETY: the name is a C string that lives through the call.
        let value = unsafe { sys::pcap_tstamp_type_name_to_val(name.as_ptr()) };
        (value >= 0).then_some(TstampType(value))
    }
}

impl From<TstampType> for c_int {
    #[inline]
    fn from(tstamp_type: TstampType) -> c_int {
        tstamp_type.0
    }
}

impl fmt::Display for TstampType {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.pad(&name),
            None => f.pad(&self.0.to_string()),
        }
    }
}

impl fmt::Debug for TstampType {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "TstampType({} = {name})", self.0),
            None => write!(f, "TstampType({})", self.0),
        }
    }
}

impl FromStr for TstampType {
    type Err = Error;

    /// # Errors
    ///
    /// - [`InvalidArgument`](crate::ErrorKind::InvalidArgument) if the string is neither a number nor a name that
    ///   libpcap knows.
    #[inline]
    fn from_str(text: &str) -> Result<TstampType, Error> {
        text.parse()
            .map(TstampType)
            .ok()
            .or_else(|| TstampType::from_name(text))
            .ok_or_else(|| {
                Error::cannot(
                    ErrorKind::InvalidArgument,
                    "parse timestamp type",
                    text.to_owned(),
                    "expected a number or one of libpcap's names, such as host or adapter",
                )
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Shows: parity/ask-monitor-mode-timestamp
    #[test]
    fn the_constants_are_those_of_the_header() {
        for (ours, theirs, name) in [
            (TstampType::HOST, sys::PCAP_TSTAMP_HOST, "host"),
            (
                TstampType::HOST_LOWPREC,
                sys::PCAP_TSTAMP_HOST_LOWPREC,
                "host_lowprec",
            ),
            (
                TstampType::HOST_HIPREC,
                sys::PCAP_TSTAMP_HOST_HIPREC,
                "host_hiprec",
            ),
            (TstampType::ADAPTER, sys::PCAP_TSTAMP_ADAPTER, "adapter"),
            (
                TstampType::ADAPTER_UNSYNCED,
                sys::PCAP_TSTAMP_ADAPTER_UNSYNCED,
                "adapter_unsynced",
            ),
            (
                TstampType::HOST_HIPREC_UNSYNCED,
                sys::PCAP_TSTAMP_HOST_HIPREC_UNSYNCED,
                "host_hiprec_unsynced",
            ),
        ] {
            assert_eq!(ours.value(), theirs);
            assert_eq!(ours.name().as_deref(), Some(name));
            assert_eq!(ours.to_string(), name);
            assert!(ours.description().is_some());
            assert_eq!(TstampType::from_name(&name.to_uppercase()), Some(ours));
            assert_eq!(name.parse::<TstampType>().unwrap(), ours);
            assert_eq!(
                ours.value().to_string().parse::<TstampType>().unwrap(),
                ours
            );
        }
    }

    #[test]
    fn an_unknown_number_is_kept_and_an_unknown_name_is_an_error() {
        let unknown = TstampType::new(77);
        assert_eq!((unknown.value(), unknown.name()), (77, None));
        assert_eq!(unknown.to_string(), "77");
        assert_eq!(TstampType::from_name("ho\0st"), None);
        let error = "sundial".parse::<TstampType>().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        assert!(error.to_string().contains("sundial"));
    }
}
