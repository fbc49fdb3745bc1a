//! Authentication to a daemon.

use std::ffi::{CString, c_int};
use std::fmt;

use crate::error::{Error, ErrorKind, Result};
use crate::sys;

/// The credentials for a daemon. The daemon decides which kinds of authentication it accepts.
///
/// With `rpcap://`, the password crosses the network unencrypted. `rpcaps://` encrypts it, but libpcap does not check
/// the daemon's certificate.
///
/// `Debug` and errors do not contain the password.
///
/// # Examples
///
/// ```
/// use pcap_core::remote::Auth;
///
/// let auth = Auth::password("me", "secret");
/// assert!(!format!("{auth:?}").contains("secret"));
/// ```
#[doc(alias = "pcap_rmtauth")]
#[derive(Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Auth {
    /// No authentication. Only a daemon that was started with `-n` accepts this.
    #[default]
    Null,
    /// The name and password of a user on the daemon's host.
    Password {
        /// The user's name.
        user: String,
        /// The user's password.
        password: String,
    },
}

impl Auth {
    /// Creates credentials from the name and password of a user.
    pub fn password(user: impl Into<String>, password: impl Into<String>) -> Auth {
        Auth::Password {
            user: user.into(),
            password: password.into(),
        }
    }

    /// Returns the secret that no error may contain: the password, or an empty string.
    pub(super) fn secret(&self) -> &str {
        match self {
            Auth::Password { password, .. } => password,
            Auth::Null => "",
        }
    }

    pub(super) fn to_raw(&self, operation: &'static str) -> Result<RawAuth> {
        let (user, password) = match self {
            Auth::Null => return Ok(RawAuth(None)),
            Auth::Password { user, password } => (user, password),
        };
        let text = |what: &str, text: &str| {
            sys::cstring(text).map_err(|why| {
                let text = format!("the {what}: {why}");
                Error::cannot(ErrorKind::InvalidArgument, operation, None, text)
            })
        };
        Ok(RawAuth(Some((
            text("user", user)?,
            text("password", password)?,
        ))))
    }
}

impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Auth::Null => f.write_str("Null"),
            Auth::Password { user, .. } => f
                .debug_struct("Password")
                .field("user", user)
                .finish_non_exhaustive(),
        }
    }
}

/// The strings to which libpcap's structure points.
pub(super) struct RawAuth(Option<(CString, CString)>);

impl RawAuth {
    /// Returns libpcap's structure. It is valid as long as `self`, and read-only.
    pub(super) fn get(&self) -> sys::pcap_rmtauth {
        let pointer = |text: &CString| text.as_ptr().cast_mut();
        match &self.0 {
            None => sys::pcap_rmtauth {
                type_: sys::RPCAP_RMTAUTH_NULL as c_int,
                username: std::ptr::null_mut(),
                password: std::ptr::null_mut(),
            },
            Some((user, password)) => sys::pcap_rmtauth {
                type_: sys::RPCAP_RMTAUTH_PWD as c_int,
                username: pointer(user),
                password: pointer(password),
            },
        }
    }
}
