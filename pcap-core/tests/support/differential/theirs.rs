//! Savefiles read with libpcap, called as in C.

use std::ffi::{CStr, CString, c_char, c_int};
use std::mem::MaybeUninit;
use std::path::Path;
use std::ptr::null_mut;

use super::Raw;

/// A `pcap_t` of the C library.
pub(crate) struct Theirs {
    pcap: *mut pcap_sys::pcap_t,
    /// What must outlive that.
    _stream: Stream,
    /// The mask for the seconds.
    seconds: i64,
}

impl Theirs {
    pub(crate) fn open(stream: Stream) -> Result<Theirs, String> {
        let mut errbuf = [0 as c_char; pcap_sys::PCAP_ERRBUF_SIZE as usize];
        let pcap = system::open(&stream, errbuf.as_mut_ptr());
        if pcap.is_null() {
            // SAFETY: libpcap wrote a C string into it.
            let text = unsafe { CStr::from_ptr(errbuf.as_ptr()) };
            return Err(text.to_str().unwrap().to_owned());
        }
        // SAFETY: the handle is open.
        let major = unsafe { pcap_sys::pcap_major_version(pcap) };
        // The one difference: seconds of classic files, which have version 2, are always unsigned here. So are those
        // of others if libpcap's own have 32 bits.
        let wide = size_of::<pcap_sys::timeval>() == 16;
        let seconds = if major == 1 && wide {
            -1
        } else {
            u32::MAX.into()
        };
        Ok(Theirs {
            pcap,
            _stream: stream,
            seconds,
        })
    }

    fn text(&self) -> String {
        // SAFETY: the handle is open.
        let text = unsafe { pcap_sys::pcap_geterr(self.pcap) };
        // SAFETY: a C string in the handle.
        unsafe { CStr::from_ptr(text) }.to_str().unwrap().to_owned()
    }

    /// Sets a filter; returns false if it does not compile.
    pub(super) fn set_filter(&self, filter: &str) -> bool {
        let filter = CString::new(filter).unwrap();
        let mut program = MaybeUninit::uninit();
        let unknown = pcap_sys::PCAP_NETMASK_UNKNOWN as _;
        let to = program.as_mut_ptr();
        // SAFETY: the handle is open, the program a local variable, the text a C string.
        let status = unsafe { pcap_sys::pcap_compile(self.pcap, to, filter.as_ptr(), 1, unknown) };
        if status != 0 {
            return false;
        }
        // SAFETY: the program was compiled for this handle, which copies it.
        let status = unsafe { pcap_sys::pcap_setfilter(self.pcap, to) };
        assert_eq!(status, 0);
        // SAFETY: it was compiled, and is freed once.
        unsafe { pcap_sys::pcap_freecode(to) };
        true
    }

    pub(crate) fn next(&self) -> Result<Option<Raw>, String> {
        let mut header = null_mut();
        let mut data = std::ptr::null();
        // SAFETY: the handle is open; both pointers are local variables.
        let status: c_int = unsafe { pcap_sys::pcap_next_ex(self.pcap, &mut header, &mut data) };
        match status {
            1 => {}
            pcap_sys::PCAP_ERROR_BREAK => return Ok(None),
            _ => return Err(self.text()),
        }
        // SAFETY: set by the successful call.
        let header = unsafe { *header };
        // SAFETY: that many bytes are valid until the next call.
        let data = unsafe { std::slice::from_raw_parts(data, header.caplen as usize) };
        #[allow(clippy::useless_conversion)] // these have 32 bits on some platforms
        let time = (
            i64::from(header.ts.tv_sec) & self.seconds,
            i64::from(header.ts.tv_usec),
        );
        Ok(Some((time, header.caplen, header.len, data.to_vec())))
    }
}

impl Drop for Theirs {
    fn drop(&mut self) {
        // SAFETY: the handle is open and owned by this value; this closes the stream.
        unsafe { pcap_sys::pcap_close(self.pcap) };
    }
}

/// Opens a file as C does, with close-on-exec.
pub(crate) fn stream(path: &Path) -> Stream {
    system::file(path)
}

pub(crate) use system::{Stream, memory, write_at};

/// libpcap's source: a stream.
#[cfg(unix)]
mod system {
    use std::ffi::{CString, c_char};
    use std::fs::File;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::FileExt;
    use std::path::Path;

    pub(crate) type Stream = *mut libc::FILE;

    pub(crate) fn memory(bytes: &mut [u8]) -> Stream {
        let length = bytes.len();
        // SAFETY: the bytes outlive the stream; the mode is a C string.
        let stream = unsafe { libc::fmemopen(bytes.as_mut_ptr().cast(), length, c"rb".as_ptr()) };
        assert!(!stream.is_null());
        stream
    }

    pub(super) fn file(path: &Path) -> Stream {
        let path = CString::new(path.as_os_str().as_bytes()).unwrap();
        // SAFETY: both are C strings.
        let stream = unsafe { libc::fopen(path.as_ptr(), c"rbe".as_ptr()) };
        assert!(!stream.is_null());
        stream
    }

    /// Opens the stream with libpcap, or closes it.
    pub(super) fn open(stream: &Stream, errors: *mut c_char) -> *mut pcap_sys::pcap_t {
        let nano = pcap_sys::PCAP_TSTAMP_PRECISION_NANO as _;
        // SAFETY: the stream is open, and the buffer has the required size.
        let pcap = unsafe {
            pcap_sys::pcap_fopen_offline_with_tstamp_precision(stream.cast(), nano, errors)
        };
        if pcap.is_null() {
            // SAFETY: after a failure this function still owns the stream.
            unsafe { libc::fclose(*stream) };
        }
        pcap
    }

    pub(crate) fn write_at(file: &File, bytes: &[u8], at: u64) {
        file.write_all_at(bytes, at).unwrap();
    }
}

/// libpcap's source: a path, because it accepts no stream of another C library.
#[cfg(windows)]
mod system {
    use std::ffi::{CString, c_char};
    use std::fs::File;
    use std::io::Write;
    use std::os::windows::fs::FileExt;
    use std::path::Path;

    pub(crate) type Stream = (CString, Option<tempfile::TempPath>);

    pub(crate) fn memory(bytes: &mut [u8]) -> Stream {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(bytes).unwrap();
        let path = file.into_temp_path();
        (self::file(&path).0, Some(path))
    }

    pub(super) fn file(path: &Path) -> Stream {
        (CString::new(path.to_str().unwrap()).unwrap(), None)
    }

    pub(super) fn open((path, _): &Stream, errors: *mut c_char) -> *mut pcap_sys::pcap_t {
        let nano = pcap_sys::PCAP_TSTAMP_PRECISION_NANO as _;
        let path = path.as_ptr();
        // SAFETY: the path is a C string, and the buffer has the required size.
        unsafe { pcap_sys::pcap_open_offline_with_tstamp_precision(path, nano, errors) }
    }

    pub(crate) fn write_at(file: &File, bytes: &[u8], at: u64) {
        assert_eq!(file.seek_write(bytes, at).unwrap(), bytes.len());
    }
}
