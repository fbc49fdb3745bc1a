//! An error together with what it was about.
//!
//! May import: `error`.

use std::fmt;

use super::{Error, ErrorKind};

/// Why something could not be done, and the object that was handed over for it, to use again.
///
/// With `?` it becomes an [`Error`], and the object is dropped.
///
/// # Examples
///
/// ```
/// use pcap_core::Capture;
///
/// let failed = Capture::from_device("no-such-device").promisc(true).activate().unwrap_err();
/// println!("{failed}"); // cannot activate `no-such-device`: …
/// let capture = failed.into_inner().promisc(false); // and try again
/// # drop(capture);
/// ```
pub struct ErrorWith<T> {
    error: Error,
    object: T,
}

impl<T> ErrorWith<T> {
    pub(crate) fn new(error: Error, object: T) -> ErrorWith<T> {
        ErrorWith { error, object }
    }

    /// Why.
    #[must_use]
    pub fn error(&self) -> &Error {
        &self.error
    }

    /// What kind of failure it is: that of [`error`](Self::error).
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.error.kind()
    }

    /// The object that was handed over.
    #[must_use]
    pub fn into_inner(self) -> T {
        self.object
    }

    /// Both.
    #[must_use]
    pub fn into_parts(self) -> (Error, T) {
        (self.error, self.object)
    }
}

impl<T> fmt::Display for ErrorWith<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.error, f)
    }
}

impl<T> fmt::Debug for ErrorWith<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ErrorWith").field(&self.error).finish()
    }
}

impl<T> std::error::Error for ErrorWith<T> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.error.source()
    }
}

impl<T> From<ErrorWith<T>> for Error {
    fn from(failed: ErrorWith<T>) -> Error {
        failed.error
    }
}
