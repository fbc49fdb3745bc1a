//! Who asks a daemon.

use std::ffi::{CString, c_int};
use std::fmt;

use crate::error::{Error, ErrorKind, Result};
use crate::sys;

/// Who asks a daemon, and so what it lets them do.
///
/// With `rpcap://` a password crosses the network as it is; `rpcaps://` encrypts it, but libpcap does not check
/// whose certificate the daemon has.
///
/// Its `Debug` leaves the password out, and so does every error.
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
    /// Nobody in particular, which only a daemon that was started with `-n` accepts.
    #[default]
    Null,
    /// A user of the daemon's system.
    Password {
        /// The user's name.
        user: String,
        /// The user's password.
        password: String,
    },
}

impl Auth {
    /// A user and a password.
    pub fn password(user: impl Into<String>, password: impl Into<String>) -> Auth {
        Auth::Password {
            user: user.into(),
            password: password.into(),
        }
    }

    /// What a daemon is told and no error repeats: the password, or nothing.
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
                let text = format!("of the {what}: {why}");
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

/// The strings that libpcap's structure points to.
pub(super) struct RawAuth(Option<(CString, CString)>);

impl RawAuth {
    /// libpcap's structure, which is good as long as `self` is, and only for reading.
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
