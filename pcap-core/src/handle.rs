//! The owner of a `pcap_t`: closes it once, and converts its return values into results.

use std::ffi::c_int;
use std::net::Ipv4Addr;
use std::ptr::NonNull;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::breakloop::{BreakHandle, Breaker};
use crate::error::{Error, ErrorKind, Result};
use crate::filter::{CompileOptions, CompiledFrom, Filter, FilterSource};
use crate::linktype::Dlt;
use crate::packet::PacketHeader;
use crate::sys;
use crate::timestamp::Precision;

/// A mask for unsigned seconds of 32 bits, which cover the years 1970 to 2106.
pub(crate) const SECONDS_OF_32_BITS: i64 = u32::MAX as i64;

/// The conversion of a handle's packet times to seconds and nanoseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    /// The mask of the seconds. In classic savefiles they have 32 unsigned bits; libpcap before 1.11 delivers those
    /// after 2038 as negative numbers.
    pub(crate) seconds: i64,
    /// The number of nanoseconds in one unit of the fraction.
    pub(crate) unit: i64,
    /// The maximum caplen; longer packets are truncated before their header is converted. libpcap checks the caplen for
    /// savefiles and devices, but not sufficiently for the daemon of a remote capture.
    pub(crate) longest: u32,
}

/// Returns the size in bytes of libpcap's seconds.
const fn size_of_seconds() -> usize {
    size_of::<sys::timeval>() / 2
}

impl Clock {
    /// Creates the conversion for a handle that delivers timestamps of this precision.
    pub(crate) const fn of(precision: Precision) -> Clock {
        Clock {
            // If libpcap's own seconds have 32 bits, no packet is from before 1970.
            seconds: match size_of_seconds() {
                4 => SECONDS_OF_32_BITS,
                _ => -1,
            },
            unit: precision.nanos(),
            longest: u32::MAX,
        }
    }

    #[inline]
    #[allow(clippy::useless_conversion)] // these have 32 bits on some platforms
    pub(crate) fn header(self, raw: &sys::pcap_pkthdr) -> PacketHeader {
        PacketHeader::from_raw(
            i64::from(raw.ts.tv_sec) & self.seconds,
            i64::from(raw.ts.tv_usec).wrapping_mul(self.unit),
            raw.caplen,
            raw.len,
        )
    }
}

/// An open `pcap_t`: an activated device, a savefile, or a dead handle.
#[allow(unreachable_pub, missing_debug_implementations)] // mentioned by the sealed traits, which are declared `pub`
pub struct Handle {
    pcap: NonNull<sys::pcap_t>,
    breaker: Arc<Breaker>,
    pub(crate) clock: Clock,
    /// The number of packets that libpcap has delivered.
    pub(crate) handed: u64,
    /// The snaplen of the capture, if libpcap captures more bytes than that.
    pub(crate) snaplen: Option<u32>,
    /// The name in errors: the device or the path.
    pub(crate) name: String,
    /// Whether closing takes an interface out of monitor mode.
    rfmon: bool,
    #[cfg(feature = "remote")]
    abandoned: bool,
    /// Whether libpcap itself waits briefly in each read, and checks for a break only then.
    pub(crate) waits_briefly: bool,
    /// Whether closing waits for a daemon.
    #[cfg(feature = "remote")]
    pub(crate) is_remote: bool,
    /// Whether this crate checks the lengths in a daemon's messages, because libpcap does not. Only for remote captures
    /// of libpcap 1.10.0 to 1.10.6.
    #[cfg(feature = "remote")]
    pub(crate) checks_messages: bool,
    /// The password for the daemon of a remote capture, which errors must not contain.
    #[cfg(feature = "remote")]
    secret: Option<String>,
}

// SAFETY: one thread at a time may use a handle, no matter which (pcap(3PCAP): "handles are not
// thread-safe", so it is not `Sync`).
unsafe impl Send for Handle {}

impl Handle {
    /// Takes ownership of a `pcap_t`.
    ///
    /// # Safety
    ///
    /// `pcap` is open, nothing else closes it or uses it from another thread, and everything that its stream refers to
    /// outlives the handle.
    pub(crate) unsafe fn new(
        pcap: NonNull<sys::pcap_t>,
        wake: Option<sys::platform::Wake>,
        clock: Clock,
        name: String,
        rfmon: bool,
    ) -> Handle {
        Handle {
            pcap,
            breaker: Arc::new(Breaker::new(pcap, wake)),
            clock,
            handed: 0,
            snaplen: None,
            name,
            rfmon,
            #[cfg(feature = "remote")]
            abandoned: false,
            waits_briefly: false,
            #[cfg(feature = "remote")]
            is_remote: false,
            #[cfg(feature = "remote")]
            checks_messages: false,
            #[cfg(feature = "remote")]
            secret: None,
        }
    }

    /// Marks the handle as a remote capture, whose daemon may repeat the password in its errors.
    #[cfg(feature = "remote")]
    pub(crate) fn mark_remote(&mut self, secret: String) {
        self.secret = Some(secret);
    }

    /// Prevents `pcap_close`: libpcap has already closed the file descriptors, and would close them a second time,
    /// although their numbers may be in use again.
    #[cfg(feature = "remote")]
    pub(crate) fn abandon(&mut self) {
        self.abandoned = true;
    }

    pub(crate) fn as_ptr(&self) -> *mut sys::pcap_t {
        self.pcap.as_ptr()
    }

    /// Replaces the `pcap_t` by another one, and closes the old one.
    ///
    /// # Safety
    ///
    /// The same as for [`new`](Self::new).
    pub(crate) unsafe fn exchange(&mut self, pcap: NonNull<sys::pcap_t>) {
        // SAFETY: the caller promises that it is open.
        unsafe { self.breaker.exchange_handle(pcap) };
        let old = std::mem::replace(&mut self.pcap, pcap);
        // SAFETY: it is open and ours, no break can reach it any more, and by `&mut` nothing borrowed
        // from it is left.
        unsafe { sys::pcap_close(old.as_ptr()) };
    }

    pub(crate) fn breaker(&self) -> &Breaker {
        &self.breaker
    }

    pub(crate) fn break_handle(&self) -> BreakHandle {
        BreakHandle::new(Arc::clone(&self.breaker))
    }

    /// Returns the text of libpcap's last error on this handle, without the password.
    pub(crate) fn geterr(&self) -> String {
        // SAFETY: the handle is open, and `&self` on a type that is not `Sync` is this thread's.
        let text = unsafe { sys::geterr(self.as_ptr()) };
        #[cfg(feature = "remote")]
        if let Some(secret) = &self.secret {
            return crate::error::hide(&text, secret);
        }
        text
    }

    /// Creates an error of this handle from a negative status.
    pub(crate) fn error(&self, code: c_int, operation: &'static str) -> Error {
        #[cfg(feature = "remote")]
        if code == sys::PCAP_ERROR && self.secret.is_some() {
            return Error::remote(operation, &self.name, &self.geterr());
        }
        Error::status(code, operation, self.name.clone(), &self.geterr())
    }

    /// Checks a status that is negative only if the operation failed.
    pub(crate) fn check(&self, code: c_int, operation: &'static str) -> Result<c_int> {
        if code < 0 {
            return Err(self.error(code, operation));
        }
        Ok(code)
    }

    pub(crate) fn datalink(&self) -> Dlt {
        // SAFETY: the handle is open.
        Dlt::new(unsafe { sys::pcap_datalink(self.as_ptr()) })
    }

    /// Returns the bits above the link type in a savefile's header: the length of the frame check
    /// sequence.
    pub(crate) fn datalink_ext(&self) -> u32 {
        // SAFETY: the handle is open.
        unsafe { sys::pcap_datalink_ext(self.as_ptr()) as u32 }
    }

    pub(crate) fn snaplen(&self) -> u32 {
        self.snaplen.unwrap_or_else(|| self.captured())
    }

    /// Returns the number of bytes of a packet that libpcap captures.
    pub(crate) fn captured(&self) -> u32 {
        // SAFETY: the handle is open.
        let snaplen = unsafe { sys::pcap_snapshot(self.as_ptr()) };
        u32::try_from(snaplen).unwrap_or(0)
    }

    /// Returns a filter for this handle, compiled if necessary. If its options have no netmask, `netmask` applies.
    pub(crate) fn filter(
        &self,
        source: &FilterSource<'_>,
        live: bool,
        netmask: Option<Ipv4Addr>,
    ) -> Result<Filter> {
        match source {
            FilterSource::Expression(expression, options) => {
                self.compile(expression, live, options.or_netmask(netmask))
            }
            FilterSource::Compiled(filter) => {
                if filter.datalink() != self.datalink() {
                    return Err(Error::cannot(
                        ErrorKind::LinktypeMismatch,
                        "set a filter on",
                        self.name.clone(),
                        format!(
                            "the filter was compiled for link type {}, the capture has {}",
                            filter.datalink(),
                            self.datalink()
                        ),
                    ));
                }
                // The kernel sees a packet without its VLAN tag, and for some link types the bytes in a savefile depend
                // on the system that wrote it. So compile the filter for the place where it will run.
                let differs =
                    live || filter.uses_kernel_extensions() || self.datalink().depends_on_system();
                if !differs {
                    return Ok(filter.as_ref().clone());
                }
                filter.recompiled(|source| match source {
                    CompiledFrom::Expression(expression, options) => {
                        self.compile(expression, live, options)
                    }
                    CompiledFrom::Lists(lists) => {
                        // SAFETY: the handle is open and this thread's.
                        unsafe { Filter::list_on(self.as_ptr(), self.datalink(), lists) }
                    }
                })
            }
        }
    }

    /// Sets a filter; `None` accepts all packets.
    pub(crate) fn set_filter(&self, filter: Option<&Filter>) -> Result<()> {
        let all;
        let filter = match filter {
            Some(filter) => filter,
            None => {
                all = self.compile("", true, CompileOptions::new())?;
                &all
            }
        };
        let code = filter.with_program(|program| {
            // SAFETY: the handle is open; libpcap copies the program.
            unsafe { sys::pcap_setfilter(self.as_ptr(), program) }
        });
        self.check(code, "set a filter on")?;
        Ok(())
    }

    pub(crate) fn compile(
        &self,
        expression: &str,
        live: bool,
        options: CompileOptions,
    ) -> Result<Filter> {
        let (datalink, snaplen) = (self.datalink(), self.snaplen());
        // SAFETY: the handle is open and this thread's.
        unsafe { Filter::compile_on(self.as_ptr(), live, datalink, snaplen, expression, options) }
    }

    /// Releases ownership of the open `pcap_t`.
    #[inline]
    pub(crate) fn into_raw(self) -> NonNull<sys::pcap_t> {
        let pcap = self.pcap;
        self.breaker.forget_handle();
        let mut handle = std::mem::ManuallyDrop::new(self);
        let Handle { breaker, name, .. } = &mut *handle;
        // SAFETY: `handle` is never dropped nor used again, so these are dropped once.
        unsafe { std::ptr::drop_in_place(breaker) };
        // SAFETY: as above.
        unsafe { std::ptr::drop_in_place(name) };
        #[cfg(feature = "remote")]
        // SAFETY: as above.
        unsafe {
            std::ptr::drop_in_place(&mut handle.secret);
        }
        pcap
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.breaker.forget_handle();
        #[cfg(feature = "remote")]
        if self.abandoned {
            keep(self.pcap);
            return;
        }
        let _rfmon = self.rfmon.then(rfmon_list);
        let _netfilter = netfilter_lock(&self.name);
        #[cfg(feature = "remote")]
        let _postponed = self.is_remote.then(sys::platform::signals::Postponed::new);
        // SAFETY: the handle is open and ours, no break can reach it any more, and nothing borrowed
        // from it is left, since we are dropped.
        unsafe { sys::pcap_close(self.as_ptr()) };
    }
}

/// Keeps a handle that must not be closed, so that leak detectors find its memory in use.
#[cfg(feature = "remote")]
fn keep(pcap: NonNull<sys::pcap_t>) {
    static KEPT: Mutex<Vec<usize>> = Mutex::new(Vec::new());
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    kept.push(pcap.as_ptr() as usize);
}

/// Locks libpcap's list of the interfaces that it takes out of monitor mode at exit, which has no lock of its own. Hold
/// this lock to activate or close such a handle.
pub(crate) fn rfmon_list() -> MutexGuard<'static, ()> {
    static LOCK: Mutex<()> = Mutex::new(());
    LOCK.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Locks netfilter, if the device is one of its devices on Linux. Hold this lock to activate or close such a handle.
///
/// libpcap numbers its requests to netfilter with one unlocked counter, and then waits for a reply with the counter's
/// current number: forever, if another thread has sent a request in the meantime. In addition, the kernel reuses the
/// address of a netlink socket before it has cleaned up after the previous owner, and that cleanup also ends the
/// captures of the new socket.
pub(crate) fn netfilter_lock(device: &str) -> Option<MutexGuard<'static, ()>> {
    static LOCK: Mutex<()> = Mutex::new(());
    let name = device.rsplit('/').next().unwrap_or(device);
    let asks = ["nflog", "nfqueue"]
        .iter()
        .any(|kind| name.starts_with(kind));
    asks.then(|| LOCK.lock().unwrap_or_else(PoisonError::into_inner))
}
