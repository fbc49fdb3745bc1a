//! A handle before its activation, to which options are applied.

use std::ffi::c_int;
use std::fmt;
use std::ptr::NonNull;

use crate::capture::options::{LARGEST_SNAPLEN, Lengths, Options};
use crate::device::DeviceName;
use crate::error::{Error, ErrorKind, Result};
use crate::handle::{netfilter_lock, rfmon_list};
use crate::sys::linux::packet_socket;
use crate::sys::{self, platform};
use crate::timestamp::Precision;
use crate::tstamp_type::TstampType;
use crate::version::version;
use crate::warning::Warning;

/// The default buffer size in immediate mode, where each packet occupies a slot as large as the largest packet.
const IMMEDIATE_BUFFER: usize = 32 << 20;

/// A `pcap_t` between `pcap_create` and `pcap_activate`. It is never activated twice, which may crash libpcap 1.10.
pub(crate) struct Created {
    pcap: NonNull<sys::pcap_t>,
    name: String,
}

impl Drop for Created {
    fn drop(&mut self) {
        // SAFETY: the handle is open and ours.
        unsafe { sys::pcap_close(self.as_ptr()) };
    }
}

/// The handle that `pcap_create` returned.
struct Unactivated(*mut sys::pcap_t);

// SAFETY: the handle is not tied to a thread, and the thread that called `pcap_create` has ended when another one uses
// it.
unsafe impl Send for Unactivated {}

/// Returns whether libpcap leaks an eventfd for each handle that is closed without activation.
fn leaks_eventfds() -> bool {
    let version = version();
    let numbers = (version.major(), version.minor(), version.patch());
    platform::IS_LINUX && numbers < (1, 10, 5)
}

impl Created {
    pub(crate) fn new(device: &DeviceName) -> Result<Created> {
        let name = device.to_text();
        Error::library("open", name.clone())?;
        let device = device.to_cstring()?;
        let mut errbuf = sys::ErrBuf::new();
        let mut create = || {
            // SAFETY: the name is a C string, and the buffer has the size that libpcap requires.
            Unactivated(unsafe { sys::pcap_create(device.as_ptr(), errbuf.as_mut_ptr()) })
        };
        let Unactivated(pcap) = if leaks_eventfds() {
            sys::without_eventfd(create)
        } else {
            create()
        };
        match NonNull::new(pcap) {
            Some(pcap) => Ok(Created { pcap, name }),
            None => Err(Error::status(sys::PCAP_ERROR, "open", name, &errbuf.text())),
        }
    }

    fn as_ptr(&self) -> *mut sys::pcap_t {
        self.pcap.as_ptr()
    }

    fn geterr(&self) -> String {
        // SAFETY: the handle is open and ours.
        unsafe { sys::geterr(self.as_ptr()) }
    }

    fn check(&self, code: c_int, operation: &'static str) -> Result<c_int> {
        if code < 0 {
            return Err(Error::status(
                code,
                operation,
                self.name.clone(),
                &self.geterr(),
            ));
        }
        Ok(code)
    }

    pub(crate) fn tstamp_types(&self) -> Result<Vec<TstampType>> {
        let mut list = std::ptr::null_mut();
        // SAFETY: the handle is open, and libpcap sets our pointer.
        let count = unsafe { sys::pcap_list_tstamp_types(self.as_ptr(), &mut list) };
        let count = self.check(count, "list the timestamp types of")?;
        // SAFETY: libpcap allocated `count` numbers, or none.
        let types = unsafe { sys::slice_or_empty(list, count) };
        let mut copies = Vec::with_capacity(types.len());
        for value in types {
            copies.push(TstampType::new(*value));
        }
        // SAFETY: allocated by pcap_list_tstamp_types, and not used any more.
        unsafe { sys::pcap_free_tstamp_types(list) };
        Ok(copies)
    }

    pub(crate) fn can_set_rfmon(&self) -> Result<bool> {
        // SAFETY: the handle is open and not activated.
        let answer = unsafe { sys::pcap_can_set_rfmon(self.as_ptr()) };
        Ok(self.check(answer, "query monitor mode of")? == 1)
    }

    /// Applies the options that are set before activation. Returns the precision in effect.
    pub(super) fn apply(&self, options: &Options, checked: &Checked) -> Result<Precision> {
        let pcap = self.as_ptr();
        let why = sys::statustostr;
        let name = &self.name;
        let set = |code: c_int, option: &str, value: &dyn fmt::Display| match code {
            0 => Ok(()),
            code => Err(bad_option(name, option, value, &why(code))),
        };
        // SAFETY: the handle is open and not activated.
        let code = unsafe { sys::pcap_set_snaplen(pcap, checked.snaplen) };
        set(code, "snaplen", &checked.snaplen)?;
        // SAFETY: as above.
        let code = unsafe { sys::pcap_set_promisc(pcap, options.promisc.into()) };
        set(code, "promisc", &options.promisc)?;
        if options.rfmon && !self.can_set_rfmon()? {
            return Err(Error::status(
                sys::PCAP_ERROR_RFMON_NOTSUP,
                "activate",
                self.name.clone(),
                "",
            ));
        }
        if options.rfmon {
            // SAFETY: as above.
            let code = unsafe { sys::pcap_set_rfmon(pcap, 1) };
            set(code, "rfmon", &true)?;
        }
        // SAFETY: as above.
        let code = unsafe { sys::pcap_set_timeout(pcap, checked.millis) };
        set(code, "timeout", &checked.millis)?;
        if options.immediate_mode {
            if !platform::is_complete() {
                let why = "this libpcap does not support it";
                return Err(bad_option(&self.name, "immediate_mode", &true, why));
            }
            // SAFETY: as above.
            let code = unsafe { sys::pcap_set_immediate_mode(pcap, 1) };
            set(code, "immediate_mode", &true)?;
        }
        if let Some(bytes) = checked.buffer_size {
            // SAFETY: as above.
            let code = unsafe { sys::pcap_set_buffer_size(pcap, bytes) };
            set(code, "buffer_size", &bytes)?;
        }
        if let Some(tstamp_type) = options.tstamp_type {
            let types = self.tstamp_types()?;
            // An empty list means that the device only supports the host's.
            let is_only = types.is_empty() && tstamp_type == TstampType::HOST;
            if !is_only && !types.contains(&tstamp_type) {
                let why = "the device does not support that timestamp type";
                return Err(bad_option(&self.name, "tstamp_type", &tstamp_type, why));
            }
            // SAFETY: as above.
            let code = unsafe { sys::pcap_set_tstamp_type(pcap, tstamp_type.value()) };
            set(code, "tstamp_type", &tstamp_type)?;
        }
        if platform::IS_LINUX {
            // Receive no packets before the filter is set.
            let code = platform::set_protocol(pcap, packet_socket::NONE).unwrap_or(sys::PCAP_ERROR);
            set(code, "protocol", &packet_socket::NONE)?;
        }
        if options.pktap {
            let Some(code) = platform::set_want_pktap(pcap) else {
                let text = "this libpcap has no PKTAP (pcap_set_want_pktap)";
                let (kind, name) = (ErrorKind::Unsupported, self.name.clone());
                return Err(Error::cannot(kind, "activate", name, text));
            };
            set(code, "want_pktap", &true)?;
        }
        if options.precision == Precision::Nano {
            let nano = sys::PCAP_TSTAMP_PRECISION_NANO as c_int;
            // SAFETY: as above.
            match unsafe { sys::pcap_set_tstamp_precision(pcap, nano) } {
                0 => return Ok(Precision::Nano),
                // The device only supports microseconds, which `precision()` then returns.
                sys::PCAP_ERROR_TSTAMP_PRECISION_NOTSUP => {}
                code => set(code, "precision", &"nanoseconds")?,
            }
        }
        Ok(Precision::Micro)
    }

    /// Activates the handle, which the caller then owns, and returns libpcap's warning.
    pub(super) fn activate(
        self,
        options: &Options,
    ) -> Result<(NonNull<sys::pcap_t>, Option<Warning>)> {
        let list = options.rfmon.then(rfmon_list);
        let netfilter = netfilter_lock(&self.name);
        // SAFETY: the handle is open. It is activated only once, because this call consumes `self`.
        let code = unsafe { sys::pcap_activate(self.as_ptr()) };
        drop((list, netfilter));
        self.check(code, "activate")?;
        let warning = Warning::from_status(code, self.geterr());
        let mut created = std::mem::ManuallyDrop::new(self);
        // The caller owns the handle from now on, but the name has to be dropped.
        drop(std::mem::take(&mut created.name));
        Ok((created.pcap, warning))
    }
}

/// Creates the error of a rejected option.
fn bad_option(name: &str, option: &str, value: &dyn fmt::Display, why: &str) -> Error {
    let text = format!("invalid {option} {value}: {why}");
    Error::cannot(ErrorKind::InvalidOption, "activate", name.to_owned(), text)
}

/// The options whose values are limited on every device, checked and converted for libpcap.
pub(super) struct Checked {
    snaplen: c_int,
    millis: c_int,
    buffer_size: Option<c_int>,
}

impl Checked {
    pub(super) fn new(options: &Options, lengths: Lengths, name: &str) -> Result<Checked> {
        if options.snaplen > LARGEST_SNAPLEN {
            let why = "expected at most 262144 bytes";
            return Err(bad_option(name, "snaplen", &options.snaplen, why));
        }
        // Whole milliseconds, rounded up, at least one: with 0, the kernel may hold a single packet back for minutes.
        let millis = options.timeout.as_nanos().div_ceil(1_000_000).max(1);
        let Ok(millis) = c_int::try_from(millis) else {
            let why = "expected at most 2147483647 ms";
            let timeout = format!("{} ms", options.timeout.as_millis());
            return Err(bad_option(name, "timeout", &timeout, why));
        };
        let wanted = options
            .buffer_size
            .or(options.immediate_mode.then_some(IMMEDIATE_BUFFER));
        let buffer_size = match wanted {
            Some(size) => match c_int::try_from(size) {
                Ok(bytes) if bytes > 0 => Some(bytes),
                _ => {
                    let why = "expected 1 to 2147483647 bytes";
                    return Err(bad_option(name, "buffer_size", &size, why));
                }
            },
            None => None,
        };
        Ok(Checked {
            snaplen: lengths.captured as c_int,
            millis,
            buffer_size,
        })
    }
}

#[cfg(all(test, not(any(target_vendor = "apple", windows))))]
mod tests;
