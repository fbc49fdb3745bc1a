//! The one error type: what was tried, on what, what libpcap said, and what kind of failure it is.
//!
//! May import: `ffi`.

mod inject;
#[cfg(feature = "remote")]
mod remote;
mod with;

use std::borrow::Cow;
use std::ffi::c_int;
use std::fmt;
use std::io;
use std::sync::Arc;

use crate::ffi;

pub use inject::InjectError;
#[cfg(feature = "remote")]
pub(crate) use remote::hide;
pub use with::ErrorWith;

/// Shorthand for a result with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What kind of failure an [`Error`] is: the part of it to match on.
///
/// More kinds may come, so a `match` needs a `_` arm.
///
/// # Examples
///
/// ```
/// use pcap_core::{Capture, ErrorKind};
///
/// let error = Capture::from_file("/no/such/file.pcap").unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::Io(std::io::ErrorKind::NotFound));
/// ```
#[doc(alias = "PCAP_ERROR")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// There is no device of that name.
    NoSuchDevice,
    /// The process may not capture on the device, or may not put it into promiscuous or monitor
    /// mode. [`Error::help`] says how to get the right.
    PermissionDenied,
    /// The daemon of a remote capture did not accept the user and password, or wants some.
    AuthenticationFailed,
    /// There is no libpcap on this system, or none that can be used. Only with the feature
    /// `load-dynamically`: otherwise such a program does not start. [`Error::help`] says what to install.
    LibraryMissing,
    /// The device is there but not up.
    InterfaceNotUp,
    /// The device has no monitor mode.
    RfmonNotSupported,
    /// The device was removed while it was being captured on, or renamed while it was down; or the
    /// daemon of a remote capture ended the connection.
    Disappeared,
    /// An option has a value that libpcap or the device does not take.
    InvalidOption,
    /// An argument cannot be right: a NUL in a name, empty data to send, a packet longer than the
    /// snaplen of the savefile it is written to.
    InvalidArgument,
    /// libpcap, this platform or this kind of capture cannot do it. The text says which.
    Unsupported {
        /// The first libpcap that can, major and minor, if the one that is linked is too old;
        /// `None` if its age is not the reason.
        since: Option<(u32, u32)>,
    },
    /// A filter expression that libpcap does not understand.
    FilterSyntax,
    /// A filter expression longer than can be compiled in bounded time and stack.
    FilterTooLong,
    /// Filter instructions that are not a valid program.
    FilterInvalid,
    /// A filter compiled for one link type met a capture of another.
    LinktypeMismatch,
    /// A savefile ends in the middle of its header or of a record.
    SavefileTruncated,
    /// A savefile is not one, or is damaged.
    SavefileBad,
    /// A [`BreakHandle`](crate::BreakHandle) ended a wait that had nothing to return.
    Break,
    /// The operating system refused: the kind is its own.
    Io(io::ErrorKind),
    /// Anything else; the text says what.
    Other,
}

/// An error of this crate: an operation, the thing it was done to, and why it failed.
///
/// It prints as one line, lower case, without a full stop: ``cannot activate `eth0`: …``, with
/// libpcap's own text and, where there is one, the way out. Match on [`kind`](Error::kind).
/// It is cheap to clone.
///
/// # Examples
///
/// ```
/// use pcap_core::{CompileOptions, Dlt, ErrorKind, Filter};
///
/// let error = Filter::compile(Dlt::EN10MB, "tcp prot 80", CompileOptions::default()).unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::FilterSyntax);
/// assert!(error.to_string().contains("syntax error"));
/// ```
#[derive(Clone)]
pub struct Error(Arc<Repr>);

struct Repr {
    kind: ErrorKind,
    /// What was tried, as it follows "cannot": "activate", "read", "compile".
    operation: &'static str,
    /// What it was tried on: a device, a path, an expression.
    object: Option<String>,
    /// Why it failed: libpcap's text or our own.
    text: String,
    source: Option<io::Error>,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let error = &*self.0;
        write!(f, "cannot {}", error.operation)?;
        if let Some(object) = &error.object {
            write!(f, " `{}`", object.escape_debug())?;
        }
        write!(f, ": {}", error.text)?;
        match help_for(error.kind) {
            Some(help) => write!(f, "; {help}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_ref().map(|source| source as _)
    }
}

/// The way out of a kind of failure, where there is one that always holds.
fn help_for(kind: ErrorKind) -> Option<&'static str> {
    match kind {
        ErrorKind::PermissionDenied => Some(ffi::os::RIGHTS_HELP),
        ErrorKind::LibraryMissing => Some(ffi::library::HELP),
        _ => None,
    }
}

impl Error {
    pub(crate) fn new(
        kind: ErrorKind,
        operation: &'static str,
        object: impl Into<Option<String>>,
        text: impl Into<String>,
    ) -> Error {
        Error(Arc::new(Repr {
            kind,
            operation,
            object: object.into(),
            text: text.into(),
            source: None,
        }))
    }

    /// Makes sure that there is a libpcap, before the first call of it.
    pub(crate) fn library(
        operation: &'static str,
        object: impl Into<Option<String>>,
    ) -> Result<()> {
        ffi::library::library()
            .map_err(|text| Error::new(ErrorKind::LibraryMissing, operation, object, text))
    }

    /// An error of the operating system.
    pub(crate) fn io(
        operation: &'static str,
        object: impl Into<Option<String>>,
        source: io::Error,
    ) -> Error {
        Error(Arc::new(Repr {
            kind: ErrorKind::Io(source.kind()),
            operation,
            object: object.into(),
            text: source.to_string(),
            source: Some(source),
        }))
    }

    /// A negative `PCAP_ERROR_…` status, with the detail that libpcap left in the handle.
    pub(crate) fn status(
        code: c_int,
        operation: &'static str,
        object: impl Into<Option<String>>,
        detail: &str,
    ) -> Error {
        let (kind, text) = match code {
            ffi::PCAP_ERROR_NO_SUCH_DEVICE => {
                (ErrorKind::NoSuchDevice, "there is no such device".into())
            }
            ffi::PCAP_ERROR_PERM_DENIED => (
                ErrorKind::PermissionDenied,
                "no permission to capture on that device".into(),
            ),
            ffi::PCAP_ERROR_PROMISC_PERM_DENIED => (
                ErrorKind::PermissionDenied,
                "no permission for promiscuous mode on that device".into(),
            ),
            ffi::PCAP_ERROR_IFACE_NOT_UP => {
                (ErrorKind::InterfaceNotUp, "the device is not up".into())
            }
            ffi::PCAP_ERROR_RFMON_NOTSUP => (
                ErrorKind::RfmonNotSupported,
                "the device has no monitor mode".into(),
            ),
            ffi::PCAP_ERROR_CANTSET_TSTAMP_TYPE => (
                ErrorKind::InvalidOption,
                "the device does not take that timestamp type".into(),
            ),
            ffi::PCAP_ERROR_TSTAMP_PRECISION_NOTSUP => (
                ErrorKind::InvalidOption,
                "the device does not take that timestamp precision".into(),
            ),
            ffi::PCAP_ERROR => (classify_text(detail), Cow::Borrowed("")),
            // Newer libpcaps have more codes: the text is theirs.
            code => (ErrorKind::Other, ffi::statustostr(code).into()),
        };
        let text = match (text.is_empty(), detail.is_empty()) {
            (true, true) => "libpcap gave no reason".to_owned(),
            (true, false) => detail.to_owned(),
            (false, true) => text.into_owned(),
            (false, false) => format!("{text} ({detail})"),
        };
        Error::new(kind, operation, object, text)
    }

    /// The same error with more behind its text.
    fn and(self, more: &str) -> Error {
        Error(Arc::new(match Arc::try_unwrap(self.0) {
            Ok(mut repr) => {
                repr.text.push_str(more);
                repr
            }
            Err(shared) => Repr {
                kind: shared.kind,
                operation: shared.operation,
                object: shared.object.clone(),
                text: format!("{}{more}", shared.text),
                source: shared
                    .source
                    .is_some()
                    .then(|| io::Error::other(Error(shared))),
            },
        }))
    }

    /// What libpcap said of a savefile; `os` is what the operating system said last.
    pub(crate) fn savefile(
        operation: &'static str,
        path: &str,
        text: &str,
        os: io::Error,
    ) -> Error {
        let kind = if text.contains("truncated") {
            ErrorKind::SavefileTruncated
        } else if text.starts_with("error reading dump file") {
            ErrorKind::Io(os.kind())
        } else {
            ErrorKind::SavefileBad
        };
        Error::new(kind, operation, path.to_owned(), text)
    }

    /// What kind of failure this is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// What was tried: `"activate"`, `"read"`, `"write"`, `"compile"`, `"inject"` …
    #[must_use]
    pub fn operation(&self) -> &str {
        self.0.operation
    }

    /// What it was tried on: the name of a device, a path, a filter expression.
    #[must_use]
    pub fn object(&self) -> Option<&str> {
        self.0.object.as_deref()
    }

    /// Why it failed, mostly in libpcap's own words.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0.text
    }

    /// The way out, where there is one that always holds: how to get the right to capture on this
    /// platform, or what to install.
    #[must_use]
    pub fn help(&self) -> Option<&str> {
        help_for(self.0.kind)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Error({:?}: {self})", self.0.kind)
    }
}

/// A live capture has one status for most failures and tells them apart by text alone. Texts that
/// are not known are [`ErrorKind::Other`], never guessed at.
fn classify_text(text: &str) -> ErrorKind {
    if text.contains("disappeared") {
        ErrorKind::Disappeared
    } else if text.contains("No such device exists") {
        ErrorKind::NoSuchDevice
    } else if text.contains("Message too long") {
        // More than the device takes at once.
        ErrorKind::InvalidArgument
    } else if text.starts_with("Failed to get s") && text.contains(" bus: ") {
        // D-Bus is a device that is always listed.
        ErrorKind::InterfaceNotUp
    } else if text.contains("isn't supported") || text.contains("not supported") {
        ErrorKind::Unsupported { since: None }
    } else {
        ErrorKind::Other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_operation_object_text_and_the_way_out() {
        let error = Error::status(
            ffi::PCAP_ERROR_PERM_DENIED,
            "activate",
            "eth0".to_owned(),
            "socket: Operation not permitted",
        );
        let text = error.to_string();
        assert!(text.starts_with("cannot activate `eth0`: no permission"));
        assert!(text.contains("socket: Operation not permitted"));
        assert!(text.ends_with(error.help().unwrap()));
    }

    /// libpcap's codes are told apart by their sign, and its text for an unknown one is in a static buffer.
    #[test]
    fn a_code_from_the_future_is_an_error_with_a_text() {
        let error = Error::status(-99, "activate", None, "");
        assert_eq!(error.kind(), ErrorKind::Other);
        assert!(error.to_string().contains("-99"), "{error}");
    }

    #[test]
    fn an_object_cannot_break_the_line() {
        let error = Error::new(ErrorKind::Other, "open", "a\nb".to_owned(), "no");
        assert_eq!(error.to_string(), "cannot open `a\\nb`: no");
    }
}
