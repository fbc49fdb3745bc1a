//! C, with libpcap: the programs in `c/`.

use std::ffi::{CString, c_char, c_int, c_void};
use std::os::fd::IntoRawFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::ptr::{NonNull, null};

// Links the libpcap that C calls.
use pcap_sys as _;

use super::{Samples, Source, Way};
use crate::Failure;
use crate::tally::Tally;

/// The size of stdio's buffer for `Way::Tuned`.
const TUNED_BUFFER: usize = 256 * 1024;

/// A packet in memory, with C's layout.
#[repr(C)]
struct Sample {
    data: *const u8,
    length: u32,
}

unsafe extern "C" {
    fn peer_read(
        path: *const c_char,
        fd: c_int,
        way: c_int,
        filter: *const c_char,
        buffer: usize,
        tally: *mut Tally,
    ) -> c_int;
    fn peer_compile(filter: *const c_char) -> *mut c_void;
    fn peer_freecode(program: *mut c_void);
    fn peer_matches(
        program: *const c_void,
        samples: *const Sample,
        count: usize,
        rounds: u64,
        tally: *mut Tally,
    );
    fn peer_write(path: *const c_char, samples: *const Sample, count: usize, packets: u64)
    -> c_int;
    fn peer_open(device: *const c_char, buffer: c_int) -> *mut c_void;
    fn peer_close(pcap: *mut c_void);
    fn peer_breakloop(pcap: *mut c_void);
    fn peer_receive(pcap: *mut c_void, way: c_int, mark: u32, tally: *mut Tally) -> c_int;
    fn peer_inject(pcap: *mut c_void, data: *const u8, length: usize, times: u64) -> c_int;
}

/// Returns C's number of a way.
fn number(way: Way) -> Result<c_int, Failure> {
    match way {
        Way::ForEach | Way::Tuned => Ok(0),
        Way::Next => Ok(1),
        Way::Owned => Ok(2),
        Way::Batch => Ok(3),
        _ => Err("C has no such way to read".into()),
    }
}

fn check(status: c_int, what: &str) -> Result<(), Failure> {
    match status {
        0 => Ok(()),
        _ => Err(format!("the C program cannot {what}").into()),
    }
}

fn c_path(path: &Path) -> Result<CString, Failure> {
    Ok(CString::new(path.as_os_str().as_bytes())?)
}

fn c_samples(samples: &Samples) -> Vec<Sample> {
    let sample = |frame: &Vec<u8>| Sample {
        data: frame.as_ptr(),
        length: frame.len() as u32,
    };
    samples.frames().iter().map(sample).collect()
}

pub(crate) fn read(source: Source<'_>, way: Way, filter: Option<&str>) -> Result<Tally, Failure> {
    let (path, fd) = match source {
        Source::Path(path) => (Some(c_path(path)?), -1),
        // C closes it.
        Source::Open(file) => (None, file.into_raw_fd()),
        Source::Reader(_) => return Err("C has no such source".into()),
    };
    let path = path.as_ref().map_or(null(), |path| path.as_ptr());
    let filter = filter.map(CString::new).transpose()?;
    let filter = filter.as_ref().map_or(null(), |filter| filter.as_ptr());
    let buffer = if way == Way::Tuned { TUNED_BUFFER } else { 0 };
    let way = number(way)?;
    let mut tally = Tally::default();
    // SAFETY: C strings that live until it returns, or null where that is allowed, a descriptor without another owner if
    // there is no path, and a local tally.
    let status = unsafe { peer_read(path, fd, way, filter, buffer, &mut tally) };
    check(status, "read")?;
    Ok(tally)
}

/// A compiled filter.
pub(crate) struct Program(NonNull<c_void>);

impl Program {
    pub(crate) fn new(filter: &str) -> Result<Program, Failure> {
        let filter = CString::new(filter)?;
        // SAFETY: a C string.
        let program = unsafe { peer_compile(filter.as_ptr()) };
        NonNull::new(program)
            .map(Program)
            .ok_or_else(|| "the C program cannot compile".into())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // SAFETY: from peer_compile, and not used afterwards.
        unsafe { peer_freecode(self.0.as_ptr()) };
    }
}

pub(crate) fn matches(program: &Program, samples: &Samples, rounds: u64) -> Tally {
    let samples = c_samples(samples);
    let program = program.0.as_ptr();
    let mut tally = Tally::default();
    // SAFETY: a compiled program, and samples that point to frames which outlive the call.
    unsafe { peer_matches(program, samples.as_ptr(), samples.len(), rounds, &mut tally) };
    tally
}

pub(crate) fn write(path: &Path, samples: &Samples, packets: u64) -> Result<(), Failure> {
    let path = c_path(path)?;
    let samples = c_samples(samples);
    // SAFETY: a C string, and samples that point to frames which outlive the call.
    let status = unsafe { peer_write(path.as_ptr(), samples.as_ptr(), samples.len(), packets) };
    check(status, "write")
}

/// A live capture.
pub(crate) struct Live(NonNull<c_void>);

// SAFETY: C has no thread-local state for it; only `pcap_breakloop` is called while another thread reads,
// which libpcap allows.
unsafe impl Send for Live {}
// SAFETY: as above.
unsafe impl Sync for Live {}

impl Live {
    pub(crate) fn open(device: &str, buffer: Option<usize>) -> Result<Live, Failure> {
        let name = CString::new(device)?;
        let buffer = c_int::try_from(buffer.unwrap_or(0))?;
        // SAFETY: a C string.
        let pcap = unsafe { peer_open(name.as_ptr(), buffer) };
        NonNull::new(pcap)
            .map(Live)
            .ok_or_else(|| format!("the C program cannot open {device}").into())
    }

    /// Reads until a packet of `mark` bytes arrives, or a break. By one thread at a time.
    pub(crate) fn receive(&self, way: Way, mark: usize) -> Result<Tally, Failure> {
        let way = number(way)?;
        let mut tally = Tally::default();
        // SAFETY: the handle is open, and the tally a local variable.
        let status = unsafe { peer_receive(self.0.as_ptr(), way, mark as u32, &mut tally) };
        check(status, "receive")?;
        Ok(tally)
    }

    pub(crate) fn breakloop(&self) {
        // SAFETY: the handle is open; any thread may do this.
        unsafe { peer_breakloop(self.0.as_ptr()) };
    }

    pub(crate) fn inject(&self, frame: &[u8], times: u64) -> Result<(), Failure> {
        let pcap = self.0.as_ptr();
        // SAFETY: the handle is open, and the frame has this length.
        let status = unsafe { peer_inject(pcap, frame.as_ptr(), frame.len(), times) };
        check(status, "inject")
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        // SAFETY: from peer_open, and not used afterwards.
        unsafe { peer_close(self.0.as_ptr()) };
    }
}
