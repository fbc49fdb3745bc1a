//! A handle that is not activated yet: where options are applied.
//!
//! May import: `options`, and everything below the captures.

use std::ffi::c_int;
use std::fmt;
use std::ptr::NonNull;
use std::time::Duration;

use crate::capture::options::{LARGEST_SNAPLEN, Options};
use crate::device::DeviceName;
use crate::error::{Error, ErrorKind, Result};
use crate::ffi::{self, os};
use crate::handle::rfmon_list;
use crate::timestamp::Precision;
use crate::tstamp_type::TstampType;
use crate::warning::Warning;

/// The buffer in immediate mode, where each packet takes a slot as large as the largest packet.
const IMMEDIATE_BUFFER: usize = 32 << 20;

/// A `pcap_t` between `pcap_create` and `pcap_activate`. Never activated twice: libpcap 1.10 may
/// crash then.
pub(crate) struct Created {
    pcap: NonNull<ffi::pcap_t>,
    name: String,
}

impl Drop for Created {
    fn drop(&mut self) {
        // SAFETY: the handle is open and ours.
        unsafe { ffi::pcap_close(self.pcap.as_ptr()) };
    }
}

impl Created {
    pub(crate) fn new(device: &DeviceName) -> Result<Created> {
        let name = device.display();
        let device = device.to_cstring()?;
        let mut errbuf = ffi::ErrBuf::new();
        // SAFETY: the name is a C string, and the buffer has the size that libpcap asks for.
        let pcap = unsafe { ffi::pcap_create(device.as_ptr(), errbuf.as_mut_ptr()) };
        match NonNull::new(pcap) {
            Some(pcap) => Ok(Created { pcap, name }),
            None => Err(Error::status(ffi::PCAP_ERROR, "open", name, &errbuf.text())),
        }
    }

    fn as_ptr(&self) -> *mut ffi::pcap_t {
        self.pcap.as_ptr()
    }

    fn geterr(&self) -> String {
        // SAFETY: the handle is open and ours.
        unsafe { ffi::geterr(self.as_ptr()) }
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
        // SAFETY: the handle is open, and the pointer is ours to be set.
        let count = unsafe { ffi::pcap_list_tstamp_types(self.as_ptr(), &mut list) };
        let count = self.check(count, "list the timestamp types of")?;
        if list.is_null() {
            return Ok(Vec::new());
        }
        // SAFETY: libpcap allocated that many numbers.
        let types = unsafe { std::slice::from_raw_parts(list, count as usize) };
        let types = types.iter().map(|&t| TstampType::new(t)).collect();
        // SAFETY: allocated by pcap_list_tstamp_types, and not used any more.
        unsafe { ffi::pcap_free_tstamp_types(list) };
        Ok(types)
    }

    pub(crate) fn can_set_rfmon(&self) -> Result<bool> {
        // SAFETY: the handle is open and not activated.
        let answer = unsafe { ffi::pcap_can_set_rfmon(self.as_ptr()) };
        Ok(self.check(answer, "ask for monitor mode of")? == 1)
    }

    /// An option whose value the handle or we refuse.
    fn bad_option(&self, option: &str, value: impl fmt::Display, why: &str) -> Error {
        Error::new(
            ErrorKind::InvalidOption,
            "activate",
            self.name.clone(),
            format!("{option} {value}: {why}"),
        )
    }

    /// Applies the options that come before activation. Returns the precision that is in force.
    pub(super) fn apply(&self, options: &Options) -> Result<Precision> {
        let pcap = self.as_ptr();
        let set = |code: c_int, option: &str, value: &dyn fmt::Display| match code {
            0 => Ok(()),
            code => Err(self.bad_option(option, value, &ffi::statustostr(code))),
        };
        let snaplen = match options.snaplen {
            0 => LARGEST_SNAPLEN,
            n if n > LARGEST_SNAPLEN => {
                let why = "more than the largest, 262144 bytes (0 asks for that)";
                return Err(self.bad_option("snaplen", n, why));
            }
            n => n,
        };
        // SAFETY: the handle is open and not activated.
        let code = unsafe { ffi::pcap_set_snaplen(pcap, snaplen as c_int) };
        set(code, "snaplen", &snaplen)?;
        // SAFETY: as above.
        let code = unsafe { ffi::pcap_set_promisc(pcap, options.promisc.into()) };
        set(code, "promisc", &options.promisc)?;
        if options.rfmon {
            if !self.can_set_rfmon()? {
                return Err(Error::status(
                    ffi::PCAP_ERROR_RFMON_NOTSUP,
                    "activate",
                    self.name.clone(),
                    "",
                ));
            }
            // SAFETY: as above.
            let code = unsafe { ffi::pcap_set_rfmon(pcap, 1) };
            set(code, "rfmon", &true)?;
        }
        let millis = timeout_millis(options.timeout).ok_or_else(|| {
            let why = "more than libpcap can count, 2147483647 ms";
            self.bad_option("timeout", format_args!("{:?}", options.timeout), why)
        })?;
        // SAFETY: as above.
        let code = unsafe { ffi::pcap_set_timeout(pcap, millis) };
        set(code, "timeout", &millis)?;
        // SAFETY: as above.
        let code = unsafe { ffi::pcap_set_immediate_mode(pcap, options.immediate_mode.into()) };
        set(code, "immediate_mode", &options.immediate_mode)?;
        let size = options
            .buffer_size
            .or(options.immediate_mode.then_some(IMMEDIATE_BUFFER));
        if let Some(size) = size {
            let bytes = c_int::try_from(size).ok().filter(|bytes| *bytes > 0);
            let Some(bytes) = bytes else {
                return Err(self.bad_option("buffer_size", size, "not 1 to 2147483647 bytes"));
            };
            // SAFETY: as above.
            let code = unsafe { ffi::pcap_set_buffer_size(pcap, bytes) };
            set(code, "buffer_size", &size)?;
        }
        if let Some(tstamp_type) = options.tstamp_type {
            let types = self.tstamp_types()?;
            let host = types.is_empty() && tstamp_type == TstampType::HOST;
            if !host {
                if !types.contains(&tstamp_type) {
                    let why = "the device does not have that timestamp type";
                    return Err(self.bad_option("tstamp_type", tstamp_type, why));
                }
                // SAFETY: as above.
                let code = unsafe { ffi::pcap_set_tstamp_type(pcap, tstamp_type.value()) };
                set(code, "tstamp_type", &tstamp_type)?;
            }
        }
        if let Some(protocol) = options.protocol {
            let code = os::set_protocol(pcap, protocol).unwrap_or(ffi::PCAP_ERROR);
            set(code, "protocol", &protocol)?;
        }
        if options.precision == Precision::Nano {
            let nano = ffi::PCAP_TSTAMP_PRECISION_NANO as c_int;
            // SAFETY: as above.
            match unsafe { ffi::pcap_set_tstamp_precision(pcap, nano) } {
                0 => return Ok(Precision::Nano),
                // The device has microseconds only: `precision()` says so.
                ffi::PCAP_ERROR_TSTAMP_PRECISION_NOTSUP => {}
                code => set(code, "precision", &"nanoseconds")?,
            }
        }
        Ok(Precision::Micro)
    }

    /// Activates the handle, which then is the caller's, and gives libpcap's warning.
    pub(super) fn activate(
        self,
        options: &Options,
    ) -> Result<(NonNull<ffi::pcap_t>, Option<Warning>)> {
        let list = options.rfmon.then(rfmon_list);
        // SAFETY: the handle is open, and activated for the first and only time, since `self` ends
        // here.
        let code = unsafe { ffi::pcap_activate(self.as_ptr()) };
        drop(list);
        self.check(code, "activate")?;
        let warning = Warning::from_status(code, self.geterr());
        let created = std::mem::ManuallyDrop::new(self);
        Ok((created.pcap, warning))
    }
}

/// Whole milliseconds, rounded up, at least one: with 0 a lone packet may not be delivered for minutes.
fn timeout_millis(timeout: Duration) -> Option<c_int> {
    c_int::try_from(timeout.as_nanos().div_ceil(1_000_000).max(1)).ok()
}
