//! The error type of this crate, with the operation, its object, libpcap's text and the kind of failure.

#[cfg(feature = "remote")]
mod remote;
mod unsent;

use std::any::Any;
use std::borrow::Cow;
use std::ffi::c_int;
use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use crate::printable::Printable;
use crate::sys;
use crate::text::contains;
#[cfg(feature = "remote")]
pub(crate) use remote::hide;
pub use unsent::Unsent;

/// A `Result` whose error type defaults to this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The kind of an [`Error`]: a category of failures that programs can match on.
///
/// Later versions may add kinds, so a `match` needs a `_` arm.
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
    /// The device does not exist.
    NoSuchDevice,
    /// The process lacks permission to capture on the device, or to put it into promiscuous or monitor mode.
    /// [`Error::help`] explains how to obtain it.
    PermissionDenied,
    /// The daemon of a remote capture rejected the user name and password, or requires them.
    AuthenticationFailed,
    /// libpcap could not be loaded at run time. This only occurs with the `load-dynamically` feature; without it, a
    /// dynamically linked program does not start if libpcap is missing. [`Error::help`] says what to install.
    LibraryMissing,
    /// The device exists, but is not up.
    InterfaceNotUp,
    /// The device does not support monitor mode.
    RfmonNotSupported,
    /// The device was removed during the capture, or moved to another network namespace. For a remote capture, the
    /// daemon closed the connection.
    Disappeared,
    /// The value of an option is invalid, or the device does not support it.
    InvalidOption,
    /// An argument is invalid, such as a name with a NUL byte, an empty packet to send, or a packet longer than the
    /// snaplen of the savefile it is written to.
    InvalidArgument,
    /// libpcap, the platform or the kind of capture does not support the operation. The text says which of them.
    Unsupported,
    /// libpcap rejected a filter expression.
    FilterSyntax,
    /// A filter expression, list or combined filter exceeds a limit of this crate. These limits bound the time and
    /// memory that a filter can take.
    FilterTooLong,
    /// The instructions or the listing of a filter are not a valid program.
    FilterInvalid,
    /// Two link types differ: those of a filter and a capture, of two filters to combine, or of a packet and the
    /// interface of a pcapng file.
    LinktypeMismatch,
    /// A savefile ends in the middle of its header, a record or a block.
    SavefileTruncated,
    /// A file is not a savefile, or is damaged.
    SavefileBad,
    /// A [`BreakHandle`](crate::BreakHandle) interrupted the call before it had anything to return.
    Break,
    /// An I/O error of this kind, usually reported by the operating system, or by a reader or writer that the program
    /// supplied. [`Error::io_error`] returns the original error if it is available.
    Io(io::ErrorKind),
    /// Any other failure; the text describes it.
    Other,
}

/// The error type of this crate: the operation that failed, its object, and the reason.
///
/// `Display` prints one line, in lower case and without a full stop: ``cannot activate `eth0`: …``. It contains
/// libpcap's own text and, for some kinds, [advice](Error::help). `Debug` prints the same line, so that a `main` that
/// returns the error shows it to the user; `{:#?}` lists the parts. To handle errors in code, match on
/// [`kind`](Error::kind).
///
/// An error is cheap to clone, and is `Send`, `Sync` and `'static`. Therefore, `?` works in functions that return
/// `Box<dyn Error + Send + Sync>` or the errors of crates such as anyhow and eyre, and
/// `downcast_ref::<pcap_core::Error>()` recovers the original error.
///
/// # Examples
///
/// ```
/// use pcap_core::{Dlt, ErrorKind, Filter};
///
/// let error = Filter::compile(Dlt::EN10MB, "tcp prot 80").unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::FilterSyntax);
/// assert!(error.to_string().contains("syntax error"));
/// ```
///
/// Getting the kind and the advice from a boxed error:
///
/// ```
/// use pcap_core::{Capture, Error, ErrorKind};
///
/// fn capture() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
///     let mut capture = Capture::from_device("no-such-device").activate()?;
///     capture.for_each(|packet| println!("{packet:?}"))?;
///     Ok(())
/// }
///
/// let boxed = capture().unwrap_err();
/// let error = boxed.downcast_ref::<Error>().expect("it is one of this crate");
/// if error.kind() == ErrorKind::PermissionDenied {
///     println!("{:?}", error.help());
/// }
/// ```
#[derive(Clone)]
pub struct Error(Arc<Repr>);

struct Repr {
    kind: ErrorKind,
    /// The operation, worded to follow "cannot": "activate", "read", "compile".
    operation: Option<&'static str>,
    /// The object of the operation: a device, a path, an expression.
    object: Option<String>,
    /// The reason: libpcap's text or this crate's, escaped.
    text: String,
    io: Option<Arc<io::Error>>,
    unsent: Option<Unsent>,
    /// The argument of the failed call, for the caller to take back.
    back: Mutex<Option<Box<dyn Any + Send>>>,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let error = &*self.0;
        if let Some(operation) = error.operation {
            write!(f, "cannot {operation}")?;
            if let Some(object) = &error.object {
                write!(f, " `{}`", Printable(object))?;
            }
            f.write_str(": ")?;
        }
        f.write_str(&error.text)?;
        match help_for(error.kind) {
            Some(help) => write!(f, "; {help}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Error {
    /// Returns the source of [`io_error`](Error::io_error), not `io_error` itself, because this error's text already
    /// contains the text of the latter.
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.io_error().and_then(std::error::Error::source)
    }
}

/// Returns the advice that applies to every failure of a kind.
fn help_for(kind: ErrorKind) -> Option<&'static str> {
    match kind {
        ErrorKind::PermissionDenied => Some(sys::platform::PERMISSION_HELP),
        ErrorKind::LibraryMissing => Some(sys::library::HELP),
        _ => None,
    }
}

impl Error {
    /// Creates an error from a kind and a text, without an operation or an object. `Display` prints the text, followed
    /// by the [advice](Self::help) for the kind, if there is any.
    ///
    /// This is useful for packet sources that do not use libpcap, and for testing error handling.
    ///
    /// # Examples
    ///
    /// ```
    /// use pcap_core::{Error, ErrorKind};
    ///
    /// let error = Error::new(ErrorKind::Disappeared, "the interface disappeared");
    /// assert_eq!(error.kind(), ErrorKind::Disappeared);
    /// assert_eq!(error.to_string(), "the interface disappeared");
    /// assert_eq!(error.operation(), None);
    /// ```
    #[must_use]
    pub fn new(kind: ErrorKind, text: impl Into<String>) -> Error {
        Error::from_parts(kind, None, None, &text.into(), None)
    }

    /// Creates the error of an operation on an object. It prints as ``cannot OPERATION `OBJECT`: TEXT``.
    pub(crate) fn cannot(
        kind: ErrorKind,
        operation: &'static str,
        object: impl Into<Option<String>>,
        text: impl Into<String>,
    ) -> Error {
        Error::from_parts(kind, Some(operation), object.into(), &text.into(), None)
    }

    fn from_parts(
        kind: ErrorKind,
        operation: Option<&'static str>,
        object: Option<String>,
        text: &str,
        io: Option<io::Error>,
    ) -> Error {
        Error(Arc::new(Repr {
            kind,
            operation,
            object,
            text: Printable(text.trim_end()).to_string(),
            io: io.map(Arc::new),
            unsent: None,
            back: Mutex::new(None),
        }))
    }

    /// Loads libpcap if necessary, and fails if there is none. Must be called before any function of libpcap.
    pub(crate) fn library(
        operation: &'static str,
        object: impl Into<Option<String>>,
    ) -> Result<()> {
        sys::library::library()
            .map_err(|text| Error::cannot(ErrorKind::LibraryMissing, operation, object, text))
    }

    /// Creates an error from an [`io::Error`].
    pub(crate) fn io(
        operation: &'static str,
        object: impl Into<Option<String>>,
        source: io::Error,
    ) -> Error {
        let (kind, text) = (ErrorKind::Io(source.kind()), source.to_string());
        Error::from_parts(kind, Some(operation), object.into(), &text, Some(source))
    }

    /// Creates an error from a negative `PCAP_ERROR_…` status and the detail that libpcap left in the handle.
    pub(crate) fn status(
        code: c_int,
        operation: &'static str,
        object: impl Into<Option<String>>,
        detail: &str,
    ) -> Error {
        let (kind, text) = match code {
            sys::PCAP_ERROR_NO_SUCH_DEVICE => {
                (ErrorKind::NoSuchDevice, "there is no such device".into())
            }
            sys::PCAP_ERROR_PERM_DENIED => (
                ErrorKind::PermissionDenied,
                "no permission to capture on that device".into(),
            ),
            sys::PCAP_ERROR_PROMISC_PERM_DENIED => (
                ErrorKind::PermissionDenied,
                "no permission for promiscuous mode on that device".into(),
            ),
            sys::PCAP_ERROR_IFACE_NOT_UP => {
                (ErrorKind::InterfaceNotUp, "the device is not up".into())
            }
            sys::PCAP_ERROR_RFMON_NOTSUP => (
                ErrorKind::RfmonNotSupported,
                "the device does not support monitor mode".into(),
            ),
            sys::PCAP_ERROR_CANTSET_TSTAMP_TYPE => (
                ErrorKind::InvalidOption,
                "the device does not support that timestamp type".into(),
            ),
            sys::PCAP_ERROR_TSTAMP_PRECISION_NOTSUP => (
                ErrorKind::InvalidOption,
                "the device does not support that timestamp precision".into(),
            ),
            sys::PCAP_ERROR => (classify_text(detail), Cow::Borrowed("")),
            // Newer libpcaps have more codes; they supply the text.
            code => (ErrorKind::Other, sys::statustostr(code).into()),
        };
        let text = match (text.is_empty(), detail.is_empty()) {
            (true, true) => "libpcap gave no reason".to_owned(),
            (true, false) => detail.to_owned(),
            (false, true) => text.into_owned(),
            (false, false) => format!("{text} ({detail})"),
        };
        Error::cannot(kind, operation, object, text)
    }

    /// Adds the argument of the failed call, for the caller to [`take`](Self::take).
    pub(crate) fn handing_back(self, object: impl Any + Send) -> Error {
        self.handing_back_boxed(Box::new(object))
    }

    /// Adds a boxed argument of the failed call, for the caller to [`take`](Self::take) unboxed.
    pub(crate) fn handing_back_boxed(self, object: Box<dyn Any + Send>) -> Error {
        let mut error = self.into_parts();
        error.back = Mutex::new(Some(object));
        Error(Arc::new(error))
    }

    /// Returns the parts of this error, for a change that its clones do not see.
    fn into_parts(self) -> Repr {
        Arc::try_unwrap(self.0).unwrap_or_else(|shared| Repr {
            kind: shared.kind,
            operation: shared.operation,
            object: shared.object.clone(),
            text: shared.text.clone(),
            io: shared.io.clone(),
            unsent: shared.unsent.clone(),
            back: Mutex::new(None),
        })
    }

    /// Creates an error from libpcap's text about a savefile. `os` is the operating system's last error.
    pub(crate) fn savefile(
        operation: &'static str,
        path: &str,
        text: &str,
        os: io::Error,
    ) -> Error {
        let kind = if contains(text, "truncated") {
            ErrorKind::SavefileTruncated
        } else if text.starts_with("error reading dump file") {
            ErrorKind::Io(os.kind())
        } else {
            ErrorKind::SavefileBad
        };
        Error::cannot(kind, operation, path.to_owned(), text)
    }

    /// Returns the kind of the failure.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Returns the operation that failed, such as `"activate"`, `"read"`, `"write"`, `"compile"` or `"inject on"`.
    /// Returns `None` for an error created by [`new`](Error::new).
    #[must_use]
    pub fn operation(&self) -> Option<&str> {
        self.0.operation
    }

    /// Returns the object of the operation, such as the name of a device, a path, or a filter expression.
    ///
    /// The object is not escaped: it is exactly what the caller passed, except that a long expression is truncated.
    #[must_use]
    pub fn object(&self) -> Option<&str> {
        self.0.object.as_deref()
    }

    /// Returns the reason for the failure, usually in libpcap's own words. Control characters are escaped, as in the
    /// output of `Display`.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0.text
    }

    /// Returns advice for the user, if there is any for this kind of failure: how to obtain permission to capture on
    /// this platform, or what to install.
    #[must_use]
    pub fn help(&self) -> Option<&str> {
        help_for(self.0.kind)
    }

    /// Returns the underlying error of the operating system, or of a reader or writer that the program supplied.
    ///
    /// It gives access to the error number, or to the error type of that reader or writer. Returns `None` if this is
    /// not an I/O error, or if libpcap reported it only as text.
    ///
    /// # Examples
    ///
    /// ```
    /// use pcap_core::Capture;
    ///
    /// let error = Capture::from_file("/no/such/file.pcap").unwrap_err();
    /// let error = error.io_error().expect("it cannot be opened");
    /// assert_eq!(error.kind(), std::io::ErrorKind::NotFound);
    /// assert!(error.raw_os_error().is_some());
    /// ```
    #[must_use]
    pub fn io_error(&self) -> Option<&io::Error> {
        self.0.io.as_deref()
    }

    /// Returns which packet of a [`SendQueue`](crate::SendQueue) was not sent, and how many were sent before it.
    /// Returns `None` if this is not an error of [`inject_queue`](crate::Capture::inject_queue) or a similar call.
    #[must_use]
    pub fn unsent(&self) -> Option<&Unsent> {
        self.0.unsent.as_ref()
    }

    /// Takes the argument of the failed call out of the error, so that it can be used again.
    ///
    /// Some calls take ownership of an object and hand it back if they fail: a file or reader that is not a savefile, a
    /// writer, a dumper whose buffer could not be written, or a capture that cannot be used asynchronously. The
    /// documentation of each of these calls states the type of the object.
    ///
    /// Returns `None` if there is no such object, if it is not a `T`, or if it has already been taken. Clones of an
    /// error share the object, so only one of them returns it. An object that is not taken is dropped with the last
    /// clone.
    ///
    /// # Examples
    ///
    /// ```
    /// use pcap_core::Capture;
    /// use std::io::Cursor;
    ///
    /// let error = Capture::from_reader(Cursor::new("no savefile")).unwrap_err();
    /// println!("{error}"); // cannot open `the reader`: unknown file format
    /// let reader: Cursor<&str> = error.take().expect("the reader");
    /// assert_eq!(reader.into_inner(), "no savefile");
    /// ```
    #[must_use]
    pub fn take<T: 'static>(&self) -> Option<T> {
        let mut back = self.0.back.lock().unwrap_or_else(PoisonError::into_inner);
        match back.take()?.downcast() {
            Ok(object) => Some(*object),
            Err(other) => {
                *back = Some(other);
                None
            }
        }
    }
}

/// Prints the same line as `Display`. With `{:#?}`, lists the parts instead.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !f.alternate() {
            return fmt::Display::fmt(self, f);
        }
        let error = &*self.0;
        f.debug_struct("Error")
            .field("kind", &error.kind)
            .field("operation", &error.operation)
            .field("object", &error.object)
            .field("text", &error.text)
            .field("io", &error.io)
            .field("unsent", &error.unsent)
            .finish_non_exhaustive()
    }
}

/// Determines the kind of a failure from libpcap's text, because libpcap returns the same status for most failures of a
/// live capture. An unknown text is [`ErrorKind::Other`]: this function never guesses.
fn classify_text(text: &str) -> ErrorKind {
    if contains(text, "disappeared") {
        ErrorKind::Disappeared
    } else if contains(text, "No such device exists") {
        ErrorKind::NoSuchDevice
    } else if contains(text, "Message too long") || contains(text, "Message too large") {
        // The packet exceeds the device's MTU. The second text is that of musl.
        ErrorKind::InvalidArgument
    } else if text.starts_with("Failed to get s") && contains(text, " bus: ") {
        // The D-Bus devices are always listed, even without a bus.
        ErrorKind::InterfaceNotUp
    } else if contains(text, "isn't supported") || contains(text, "not supported") {
        ErrorKind::Unsupported
    } else {
        ErrorKind::Other
    }
}

#[cfg(test)]
mod tests;
