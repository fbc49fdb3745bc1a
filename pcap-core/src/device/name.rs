//! The name of a device as a capture is opened by.

use std::ffi::{CString, OsStr, OsString};
use std::fmt;

use super::Device;
use crate::error::{Error, ErrorKind, Result};
use crate::sys;

/// The name of a device to open: made by `From` of a string, of an `OsStr` or of a [`Device`].
///
/// The bytes are kept exactly, so that a device whose name is not UTF-8 opens too. A name that no
/// device can have (one with a NUL) is an error when it is opened.
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
pub struct DeviceName(Vec<u8>);

impl DeviceName {
    /// The name for C.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidArgument`] if there is a NUL in it.
    pub(crate) fn to_cstring(&self) -> Result<CString> {
        sys::cstring(self.0.as_slice())
            .map_err(|why| Error::cannot(ErrorKind::InvalidArgument, "open", self.display(), why))
    }

    /// The name for people: what is not UTF-8 in it is replaced.
    pub(crate) fn display(&self) -> String {
        String::from_utf8_lossy(&self.0).into_owned()
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for DeviceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DeviceName({:?})", self.display())
    }
}

impl From<&str> for DeviceName {
    fn from(name: &str) -> DeviceName {
        DeviceName(name.into())
    }
}

impl From<String> for DeviceName {
    fn from(name: String) -> DeviceName {
        DeviceName(name.into())
    }
}

impl From<&String> for DeviceName {
    fn from(name: &String) -> DeviceName {
        name.as_str().into()
    }
}

impl From<&OsStr> for DeviceName {
    fn from(name: &OsStr) -> DeviceName {
        DeviceName(name.as_encoded_bytes().into())
    }
}

impl From<OsString> for DeviceName {
    fn from(name: OsString) -> DeviceName {
        DeviceName(name.into_encoded_bytes())
    }
}

impl From<&OsString> for DeviceName {
    fn from(name: &OsString) -> DeviceName {
        name.as_os_str().into()
    }
}

impl From<&Device> for DeviceName {
    fn from(device: &Device) -> DeviceName {
        DeviceName(device.c_name().to_bytes().into())
    }
}

impl From<Device> for DeviceName {
    fn from(device: Device) -> DeviceName {
        (&device).into()
    }
}

impl From<&DeviceName> for DeviceName {
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
        assert_eq!(name.display(), "eth0");
        assert_eq!(format!("{name:?}"), "DeviceName(\"eth0\")");
    }
}
