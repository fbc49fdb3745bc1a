//! The name of a device to open.

use std::ffi::{CString, OsStr, OsString};
use std::fmt;
use std::path::Path;

use super::Device;
use crate::error::{Error, ErrorKind, Result};
use crate::sys;

/// The name of a device, as accepted by the functions that open or find a device. It can be created from a string, an
/// `OsStr` or a [`Device`].
///
/// The exact bytes are kept, so that a device can be opened even if its name is not UTF-8. A name may contain a NUL
/// byte, but opening a device with such a name fails with [`InvalidArgument`](crate::ErrorKind::InvalidArgument).
///
/// # Examples
///
/// ```no_run
/// use pcap_core::{Capture, Device};
///
/// let by_name = Capture::from_device("eth0").activate()?;
/// let by_device = Capture::from_device(&Device::default_device()?).activate()?;
/// # Ok::<(), pcap_core::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DeviceName(OsString);

impl DeviceName {
    /// Returns an object that implements `Display` for the name. Invalid UTF-8 is replaced.
    #[inline]
    pub fn display(&self) -> impl fmt::Display + '_ {
        Path::new(&self.0).display()
    }

    /// Converts the name to a C string.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::InvalidArgument`] if it contains a NUL byte.
    pub(crate) fn to_cstring(&self) -> Result<CString> {
        sys::cstring(self.as_bytes())
            .map_err(|why| Error::cannot(ErrorKind::InvalidArgument, "open", self.to_text(), why))
    }

    /// Returns the name as text for errors, with invalid UTF-8 replaced.
    pub(crate) fn to_text(&self) -> String {
        self.0.to_string_lossy().into_owned()
    }

    #[inline]
    pub(super) fn as_bytes(&self) -> &[u8] {
        self.0.as_encoded_bytes()
    }
}

impl AsRef<OsStr> for DeviceName {
    #[inline]
    fn as_ref(&self) -> &OsStr {
        &self.0
    }
}

impl fmt::Debug for DeviceName {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DeviceName({:?})", self.0)
    }
}

impl From<&str> for DeviceName {
    #[inline]
    fn from(name: &str) -> DeviceName {
        DeviceName(name.into())
    }
}

impl From<String> for DeviceName {
    #[inline]
    fn from(name: String) -> DeviceName {
        DeviceName(name.into())
    }
}

impl From<&String> for DeviceName {
    #[inline]
    fn from(name: &String) -> DeviceName {
        name.as_str().into()
    }
}

impl From<&OsStr> for DeviceName {
    #[inline]
    fn from(name: &OsStr) -> DeviceName {
        DeviceName(name.into())
    }
}

impl From<OsString> for DeviceName {
    #[inline]
    fn from(name: OsString) -> DeviceName {
        DeviceName(name)
    }
}

impl From<&OsString> for DeviceName {
    #[inline]
    fn from(name: &OsString) -> DeviceName {
        name.as_os_str().into()
    }
}

impl From<&Device> for DeviceName {
    #[inline]
    fn from(device: &Device) -> DeviceName {
        DeviceName(sys::platform::os_string(device.c_name().to_bytes()))
    }
}

impl From<Device> for DeviceName {
    #[inline]
    fn from(device: Device) -> DeviceName {
        (&device).into()
    }
}

impl From<DeviceName> for OsString {
    #[inline]
    fn from(name: DeviceName) -> OsString {
        name.0
    }
}

impl From<&DeviceName> for DeviceName {
    #[inline]
    fn from(name: &DeviceName) -> DeviceName {
        name.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nul_is_an_error_that_names_the_device() {
        let error = DeviceName::from("eth\0zero").to_cstring().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        assert_eq!(
            error.to_string(),
            "cannot open `eth\\0zero`: it has a NUL byte at position 3"
        );
    }

    #[test]
    fn every_kind_of_string_is_taken_as_it_is() {
        let name = DeviceName::from("eth0");
        assert_eq!(DeviceName::from(String::from("eth0")), name);
        assert_eq!(DeviceName::from(&String::from("eth0")), name);
        assert_eq!(DeviceName::from(OsStr::new("eth0")), name);
        assert_eq!(DeviceName::from(OsString::from("eth0")), name);
        assert_eq!(DeviceName::from(&OsString::from("eth0")), name);
        assert_eq!(DeviceName::from(&name), name);
        assert_eq!(name.to_cstring().unwrap().as_c_str(), c"eth0");
        assert_eq!(name.display().to_string(), "eth0");
        assert_eq!(AsRef::<OsStr>::as_ref(&name), "eth0");
        assert_eq!(OsString::from(name.clone()), "eth0");
        assert_eq!(format!("{name:?}"), "DeviceName(\"eth0\")");
    }
}
