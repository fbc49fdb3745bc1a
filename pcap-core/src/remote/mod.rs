//! Captures on devices of other hosts, through the `rpcapd` daemon running on them. Requires the `remote` feature.
//!
//! ```no_run
//! use pcap_core::remote::{self, Auth, Options, Source};
//!
//! # fn main() -> pcap_core::Result<()> {
//! let host = Source::remote("192.0.2.7", None, "")?;
//! let auth = Auth::password("me", "secret");
//! for device in remote::devices(&host, &auth)? {
//!     println!("{}", device.name()); // rpcap://192.0.2.7/eth0
//! }
//! let mut capture = Options::new(host.with_device("eth0")?)
//!     .auth(auth)
//!     .filter("tcp port 80")
//!     .open()?;
//! while let Some(packet) = capture.next_packet()? {
//!     println!("{} {} bytes", packet.timestamp(), packet.wire_len());
//! }
//! # Ok(()) }
//! ```
//!
//! # Requirements
//!
//! libpcap must have been built with remote capture (`--enable-remote`); that of most distributions was not.
//! With another libpcap, all calls of this module except those of [`Source`] and [`Auth`] return
//! [`Unsupported`](crate::ErrorKind::Unsupported) with the reason. `rpcaps://` also requires a libpcap with OpenSSL.
//!
//! # Security
//!
//! libpcap trusts the daemon. This crate checks that no packet exceeds libpcap's buffer. Nevertheless, up to 20 bytes
//! of a packet from a hostile daemon may be old memory of this process. If the daemon sends a message that is shorter
//! than a packet header, the packet's time and lengths may be old memory, too. With each filter, libpcap sends two
//! bytes of old memory to the daemon. Use only daemons that you trust.
//!
//! On a shared network, use `rpcaps://`: TLS prevents others from reading or changing the packets. libpcap does not
//! check the daemon's certificate, so an attacker who can redirect the connection can impersonate the daemon.
//!
//! # Differences from local devices
//!
//! - The daemon starts to capture at the first read. That read opens a second connection, to a port that the daemon
//!   chooses, and waits until it is established. From then on, packets wait in the connection until they are read. If
//!   the start fails, the capture cannot be used any more.
//! - [`next_packet_timeout`](crate::Capture::next_packet_timeout),
//!   [`try_next_packet`](crate::Capture::try_next_packet), breaks and [`selectable_fd`](crate::Capture::selectable_fd)
//!   (after the first read) are exact on Linux. Timeouts and breaks may be late by up to half of the packet-buffer
//!   timeout, and `selectable_fd` returns `None`, in three cases: with TLS, on other operating systems, and if another
//!   thread opened a socket during the start.
//! - If the daemon stops sending in the middle of a packet, the read blocks until the daemon continues or its host
//!   closes the connection.
//! - With TLS 1.3, the wait for the first packet has no limit, and neither a timeout nor a break ends it. The reason
//!   is that the daemon's OpenSSL first sends session tickets, which libpcap mistakes for the beginning of a packet.
//!   After the first packet, timeouts and breaks work.
//! - Opening a capture, listing devices, [`stats`](crate::Capture::stats) and setting a filter wait for the daemon
//!   without a limit, and a break does not end the wait. On Unix, the calling thread receives signals whose handlers
//!   were installed without `SA_RESTART` only afterwards, because libpcap mistakes an interrupted request for an
//!   answer.
//! - Statistics are those of the daemon, and 0 before the first read. The daemon's counters have 32 bits; a counter
//!   that wraps more than once between two calls of `stats` is wrong.
//! - [`Capture<Remote>`](crate::Remote) has no calls to send packets or to set the direction or link type, and cannot
//!   be converted for asynchronous tasks. Timestamps have microsecond precision.
//! - After [`stop`](crate::Capture::stop), the daemon continues to send packets until the capture is closed.
//! - A filter runs both in the daemon and in this process, so the filter accepts every packet that is delivered. A
//!   filter with more than 4096 instructions runs only in this process.
//! - If the daemon exits, the reading calls first deliver the packets that have arrived. Then every call returns
//!   [`Disappeared`](crate::ErrorKind::Disappeared).
//! - libpcap cannot wait on file descriptors above 1023. In a process that has that many open files, the start fails.
//!
//! # Not supported
//!
//! - *Active mode*, in which the daemon connects to the program (`pcap_remoteact_accept` and related functions).
//!   libpcap keeps the hosts in a list without a lock. Every remote capture reads the list when it is opened, started
//!   and closed, and accepting a connection waits without a limit. Closing a host closes the file descriptors of open
//!   captures. The clean-up function frees the TLS state of the capture that was opened last. If a daemon responds to
//!   the end of a capture with an error, the program crashes. A lock in this crate could not make these functions
//!   sound.
//! - *Sampling* (`pcap_setsampling`). On little-endian machines libpcap always sends the value 0. Daemons on Windows
//!   divide by it, and daemons on Unix ignore it.
//! - The `PCAP_OPENFLAG_MAX_RESPONSIVENESS` and `PCAP_OPENFLAG_NOCAPTURE_LOCAL` flags, which libpcap ignores for other
//!   hosts.

mod auth;
mod url;

use std::ffi::{CString, c_int};
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

pub use auth::Auth;
pub use url::Source;

use crate::capture::{Capture, Connection, DEFAULT_TIMEOUT, LARGEST_SNAPLEN, Remote};
use crate::device::{self, Device};
use crate::error::{self, Error, ErrorKind, Result};
use crate::filter::{Filter, FilterSource};
use crate::sys::{self, compat, platform};
use crate::version::version;

/// Lists the devices of the host that a source names. If the source also names a device, the device is ignored.
///
/// The names of the returned devices are complete source strings, which [`Source`] parses. If the source is on this
/// host, this function does the same as [`Device::list`]. Otherwise, it blocks until DNS and the daemon have answered.
///
/// # Errors
///
/// - [`Unsupported`](ErrorKind::Unsupported) if libpcap was built without remote capture, or without TLS for
///   `rpcaps://`.
/// - [`AuthenticationFailed`](ErrorKind::AuthenticationFailed) if the daemon rejects the credentials.
/// - [`Io`](ErrorKind::Io) if the host cannot be found, or if the connection fails.
/// - [`InvalidArgument`](ErrorKind::InvalidArgument) if the source is a savefile, or if the user name or password
///   contains a NUL byte.
///
/// # Examples
///
/// ```no_run
/// use pcap_core::remote::{self, Auth, Options, Source};
///
/// # fn main() -> pcap_core::Result<()> {
/// let host: Source = "rpcap://192.0.2.7/".parse()?;
/// for device in remote::devices(&host, &Auth::Null)? {
///     if device.is_up() {
///         let source: Source = device.name().parse()?;
///         let capture = Options::new(source).open()?;
///         println!("{}: {}", capture.name(), capture.linktype());
///     }
/// }
/// # Ok(()) }
/// ```
///
#[doc = manual!(libpcap 8 "rpcapd")]
///
#[doc(alias = "pcap_findalldevs_ex")]
pub fn devices(source: &Source, auth: &Auth) -> Result<Vec<Device>> {
    const OPERATION: &str = "list the devices of";
    if source.path().is_some() {
        return refuse(OPERATION, source, "a savefile has no devices");
    }
    if !source.is_remote() {
        return Device::list();
    }
    Error::library(OPERATION, source.to_string())?;
    let Some(findalldevs_ex) = compat::pcap_findalldevs_ex() else {
        return Err(missing(OPERATION, source));
    };
    let text = c_text(source)?;
    let raw = auth.to_raw(OPERATION)?;
    let mut raw_auth = raw.get();
    let mut first = ptr::null_mut();
    let mut errbuf = sys::ErrBuf::new();
    let tls = FirstTls::new(source);
    let _postponed = platform::signals::Postponed::new();
    // SAFETY: the source is a C string, the structure and its strings are only read, the list and the buffer are ours
    // and are written; all live through the call.
    let status = unsafe {
        findalldevs_ex(
            text.as_ptr(),
            &mut raw_auth,
            &mut first,
            errbuf.as_mut_ptr(),
        )
    };
    if status != 0 {
        // libpcap has freed its partial list.
        return Err(failure(OPERATION, source, auth, &errbuf));
    }
    tls.done();
    // SAFETY: a list that libpcap allocated, and that nothing else frees.
    Ok(unsafe { device::take(first) })
}

/// Options for opening a capture on a device of another host.
///
/// The defaults are the largest snaplen (262 144 bytes), no promiscuous mode, a packet-buffer timeout of 100 ms, packet
/// transfer over TCP, no packets of the capture's own connection, no filter, and no authentication.
#[derive(Clone, Debug)]
pub struct Options {
    source: Source,
    auth: Auth,
    snaplen: u32,
    promisc: bool,
    timeout: Duration,
    udp: bool,
    own_packets: bool,
    filter: Option<FilterSource<'static>>,
}

impl Options {
    /// Creates the default options for a device of another host. To open the capture, call [`open`](Self::open).
    #[must_use]
    pub fn new(source: Source) -> Options {
        Options {
            source,
            auth: Auth::Null,
            snaplen: 0,
            promisc: false,
            timeout: DEFAULT_TIMEOUT,
            udp: false,
            own_packets: false,
            filter: None,
        }
    }

    /// Sets the credentials for the daemon. Default: [`Auth::Null`].
    #[must_use]
    pub fn auth(mut self, auth: Auth) -> Options {
        self.auth = auth;
        self
    }

    /// Sets the snapshot length: the maximum number of bytes captured per packet. Default: 0, which means the maximum,
    /// 262 144. [`open`](Self::open) rejects larger values.
    #[must_use]
    pub fn snaplen(mut self, bytes: u32) -> Options {
        self.snaplen = bytes;
        self
    }

    /// Sets whether to capture in promiscuous mode, in which packets that are not addressed to the other host are
    /// captured as well. Default: `false`.
    #[must_use]
    pub fn promisc(mut self, on: bool) -> Options {
        self.promisc = on;
        self
    }

    /// Sets the packet-buffer timeout. Default: 100 ms. It is rounded up to whole milliseconds, and is at least 2 ms.
    ///
    /// The daemon collects packets for half of this time before it sends them. The other half limits how long libpcap
    /// itself waits for packets in this process.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Options {
        self.timeout = timeout;
        self
    }

    /// Sets whether packets are transferred over UDP instead of TCP. Default: `false`.
    ///
    /// UDP may lose packets, and anyone on the network can inject forged ones. UDP cannot be combined with TLS:
    /// [`open`](Self::open) then fails with [`InvalidOption`](ErrorKind::InvalidOption).
    #[must_use]
    pub fn udp(mut self, on: bool) -> Options {
        self.udp = on;
        self
    }

    /// Sets whether to capture the packets of the capture's own connection to the daemon. Default: `false`, because
    /// each captured packet would cause another packet on this connection.
    ///
    /// Even with `false`, a few of these packets may be captured at the start. For link types that do not carry IP
    /// packets, the option has no effect. With `false`, a filter that was set before the first read cannot be changed
    /// afterwards, because libpcap excludes these packets by extending the filter.
    #[must_use]
    pub fn own_packets(mut self, on: bool) -> Options {
        self.own_packets = on;
        self
    }

    /// Sets the filter: an expression or a compiled [`Filter`]. Default: none, which accepts all packets.
    #[must_use]
    pub fn filter<'f>(mut self, filter: impl Into<FilterSource<'f>>) -> Options {
        self.filter = Some(filter.into().into_owned());
        self
    }

    /// Connects to the daemon and opens the device. The daemon starts capturing at the first read.
    ///
    /// # Errors
    ///
    /// - The errors of [`devices`].
    /// - [`InvalidOption`](ErrorKind::InvalidOption) if an option is invalid. The error text names the option.
    /// - [`InvalidArgument`](ErrorKind::InvalidArgument) if the source is on this host or does not name a device.
    /// - The errors of [`set_filter`](Capture::set_filter), if a filter is set.
    /// - The kind that corresponds to the daemon's error message, such as [`NoSuchDevice`](ErrorKind::NoSuchDevice).
    ///
    #[doc = manual!(libpcap 8 "rpcapd")]
    #[doc(alias = "pcap_open")]
    pub fn open(&self) -> Result<Capture<Remote>> {
        let options = self.checked()?;
        let mut capture = self.open_with(options, !self.own_packets)?;
        let own = "not host 127.0.0.1";
        if !self.own_packets && Filter::compile(capture.datalink(), own).is_err() {
            // For link types such as USB and Bluetooth, libpcap cannot exclude its own packets, and would fail to
            // start.
            drop(capture);
            capture = self.open_with(options, false)?;
        }
        if let Some(filter) = &self.filter {
            capture.set_filter(filter.clone())?;
        }
        Ok(capture)
    }

    fn checked(&self) -> Result<Numbers> {
        let invalid = |text: &str| {
            let source = self.source.to_string();
            Err(Error::cannot(ErrorKind::InvalidOption, OPEN, source, text))
        };
        match self.source.device() {
            Some(device) if self.source.is_remote() && !device.is_empty() => {}
            Some(_) if self.source.is_remote() => {
                return refuse(OPEN, &self.source, "it has no device");
            }
            _ => {
                let text = "it is on this host; use Capture::from_device or Capture::from_file";
                return refuse(OPEN, &self.source, text);
            }
        }
        if self.snaplen > LARGEST_SNAPLEN {
            return invalid("expected a snaplen of at most 262144 bytes");
        }
        if self.udp && self.source.is_tls() {
            return invalid("udp: UDP cannot be combined with TLS");
        }
        let timeout = self.timeout.max(Duration::from_millis(2));
        let Ok(timeout) = c_int::try_from(timeout.as_nanos().div_ceil(1_000_000)) else {
            return invalid("expected a timeout of at most 2147483647 ms");
        };
        Ok(Numbers {
            snaplen: self.snaplen as c_int,
            timeout,
        })
    }

    fn open_with(&self, numbers: Numbers, excludes_own: bool) -> Result<Capture<Remote>> {
        let source = &self.source;
        Error::library(OPEN, source.to_string())?;
        let Some(open) = compat::pcap_open() else {
            return Err(missing(OPEN, source));
        };
        let name = source.to_string();
        let text = c_text(source)?;
        let raw = self.auth.to_raw(OPEN)?;
        let mut raw_auth = raw.get();
        let wake = platform::Wake::new().map_err(|e| Error::io(OPEN, name.clone(), e))?;
        let flags = [
            (self.promisc, sys::PCAP_OPENFLAG_PROMISCUOUS),
            (self.udp, sys::PCAP_OPENFLAG_DATATX_UDP),
            (excludes_own, sys::PCAP_OPENFLAG_NOCAPTURE_RPCAP),
        ];
        let flags = flags
            .into_iter()
            .filter_map(|(on, flag)| on.then_some(flag));
        let flags = flags.fold(0, |all, flag| all | flag as c_int);
        let Numbers { snaplen, timeout } = numbers;
        let mut errbuf = sys::ErrBuf::new();
        let tls = FirstTls::new(source);
        let before = platform::sockets::Sockets::snapshot();
        let postponed = platform::signals::Postponed::new();
        // SAFETY: the source is a C string, the structure and its strings are only read, the buffer has the size that
        // libpcap requires; all live through the call.
        let pcap = unsafe {
            open(
                text.as_ptr(),
                snaplen,
                flags,
                timeout,
                &mut raw_auth,
                errbuf.as_mut_ptr(),
            )
        };
        drop(postponed);
        let Some(pcap) = NonNull::new(pcap) else {
            return Err(failure(OPEN, source, &self.auth, &errbuf));
        };
        tls.done();
        if let Some(control) =
            platform::sockets::only(&platform::sockets::Sockets::snapshot().since(&before))
        {
            platform::close_on_exec(control);
        }
        let timeout = Duration::from_millis(timeout.unsigned_abs().into());
        let connection = Connection::new(source.is_tls(), excludes_own);
        let requested = (timeout, self.promisc);
        let secret = self.auth.secret().to_owned();
        // SAFETY: just opened for a remote source, not read from yet, and not used by anything else.
        Ok(unsafe { Capture::opened(pcap, wake, name, requested, connection, secret) })
    }
}

const OPEN: &str = "open";

/// The numeric options, converted for libpcap.
#[derive(Clone, Copy)]
struct Numbers {
    snaplen: c_int,
    timeout: c_int,
}

fn c_text(source: &Source) -> Result<CString> {
    sys::cstring(source.to_string())
        .map_err(|why| Error::cannot(ErrorKind::InvalidArgument, OPEN, source.to_string(), why))
}

fn refuse<T>(operation: &'static str, source: &Source, text: &str) -> Result<T> {
    let kind = ErrorKind::InvalidArgument;
    Err(Error::cannot(kind, operation, source.to_string(), text))
}

/// Returns the reason why the linked libpcap lacks the function.
fn without() -> String {
    let version = version();
    format!(
        "the linked libpcap {}.{}.{} was built without remote capture (--enable-remote)",
        version.major(),
        version.minor(),
        version.patch()
    )
}

fn missing(operation: &'static str, source: &Source) -> Error {
    let kind = ErrorKind::Unsupported;
    Error::cannot(kind, operation, source.to_string(), without())
}

/// Creates the error of libpcap or the daemon, which may repeat the password.
fn failure(operation: &'static str, source: &Source, auth: &Auth, errbuf: &sys::ErrBuf) -> Error {
    let text = error::hide(&errbuf.text(), auth.secret());
    if compat::has_remote() {
        return Error::remote(operation, &source.to_string(), &text);
    }
    let kind = ErrorKind::Unsupported;
    let text = format!("{}: {text}", without());
    Error::cannot(kind, operation, source.to_string(), text)
}

/// A guard that is held while TLS may be used for the first time: libpcap then initializes OpenSSL, once per process
/// and without a lock.
struct FirstTls(Option<MutexGuard<'static, ()>>);

static TLS_READY: AtomicBool = AtomicBool::new(false);

impl FirstTls {
    fn new(source: &Source) -> FirstTls {
        static LOCK: Mutex<()> = Mutex::new(());
        let first = source.is_tls() && !TLS_READY.load(Ordering::Acquire);
        FirstTls(first.then(|| LOCK.lock().unwrap_or_else(PoisonError::into_inner)))
    }

    /// Records that TLS is initialized, if it was used, so that later calls do not wait.
    fn done(self) {
        if self.0.is_some() {
            TLS_READY.store(true, Ordering::Release);
        }
    }
}
