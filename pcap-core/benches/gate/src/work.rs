//! The work: the same calls as in the benches, with packets of 64 bytes.
//!
//! Nothing depends on what else the machine does: the input is complete before the work begins, also that of a pipe and
//! of a live capture.

use std::fs::File;
use std::hint::black_box;
use std::io::{self, Write};
use std::os::fd::{AsRawFd, FromRawFd};
use std::path::{Path, PathBuf};

use crate::Failure;
use crate::frames::{Frames, Size};
use crate::layout::Layout;
use crate::live;
use crate::paths;
use crate::peers::{Peer, Samples, Source, Way, c, floor, ours};
use crate::tally::Tally;

/// Filters that accept some packets and reject others.
pub(crate) const FILTERS: [&str; 3] = ["tcp port 80", "host 10.0.0.2", "ip6 or (udp and port 53)"];

/// The size of a pipe that holds all packets; Linux lets everybody make one.
const PIPE: usize = 1 << 20;

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Task {
    /// Read a savefile.
    Read(Layout, Way),
    /// Read a savefile with the filter of that number.
    Filtered(usize),
    /// Read a savefile from a pipe.
    Pipe(Way),
    /// Read a savefile through `Read`.
    Reader(Way),
    /// Run the filter of that number.
    Matches(usize),
    /// Write a savefile.
    Write(Layout),
    /// Capture packets that are in the buffer.
    Live(Way),
}

impl Task {
    pub(crate) fn is_live(self) -> bool {
        matches!(self, Task::Live(_))
    }

    /// Returns two numbers of packets. The difference of their costs contains neither opening nor closing.
    pub(crate) fn sizes(self) -> [u64; 2] {
        match self {
            // Reading begins with small reads.
            Task::Read(..) | Task::Filtered(_) | Task::Reader(_) | Task::Write(_) => {
                [20_000, 60_000]
            }
            // Almost as many as fit.
            Task::Pipe(_) => [2_000, 12_000],
            // The samples, 2 and 12 times.
            Task::Matches(_) => [2048, 12_288],
            Task::Live(_) => [2_000, 12_000],
        }
    }
}

/// Does all work that needs no network, or the rest, between marks: one before and one after each. Each work is done three
/// times: first to warm up, and then in two sizes, of which it prints what it read.
pub(crate) fn run(what: &str) -> Result<(), Failure> {
    // Ends the process if packets never arrive: no work takes as long.
    // SAFETY: takes a number, of seconds.
    unsafe { libc::alarm(600) };
    for (peer, task) in jobs(what == "live") {
        // The first time, memory is new and needs no clearing.
        run_one(peer, task, task.sizes()[0])?;
        for size in task.sizes() {
            let tally =
                run_one(peer, task, size).map_err(|error| format!("{peer:?} {task:?}: {error}"))?;
            let few = tally.packets < if task.is_live() { size / 2 } else { size };
            if few && !matches!(task, Task::Filtered(_) | Task::Matches(_)) {
                return Err(
                    format!("{peer:?} {task:?}: {} packets, not {size}", tally.packets).into(),
                );
            }
            let packets = if task.is_live() { tally.packets } else { size };
            println!("{packets} {} {}", tally.bytes, tally.last);
        }
    }
    Ok(())
}

/// Returns all work, each once.
pub(crate) fn jobs(live: bool) -> Vec<(Peer, Task)> {
    let mut jobs = Vec::new();
    for path in paths::all() {
        for job in path.jobs() {
            if job.1.is_live() == live && !jobs.contains(&job) {
                jobs.push(job);
            }
        }
    }
    jobs
}

/// Valgrind recognizes this function, and prints the number of instructions since its last call.
#[unsafe(no_mangle)]
#[inline(never)]
pub(crate) extern "C" fn gate_mark() {
    black_box(());
}

/// Does work that is counted.
pub(crate) fn between_marks<T>(work: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    gate_mark();
    let result = work();
    gate_mark();
    result
}

fn run_one(peer: Peer, task: Task, size: u64) -> Result<Tally, Failure> {
    match task {
        Task::Read(layout, way) => {
            let file = Memory::new(&savefile(layout, size)?)?;
            read(peer, Source::Path(&file.path), layout, way, None)
        }
        Task::Filtered(number) => {
            let file = Memory::new(&savefile(Layout::Classic, size)?)?;
            let (source, filter) = (Source::Path(&file.path), FILTERS[number]);
            read(peer, source, Layout::Classic, Way::ForEach, Some(filter))
        }
        Task::Pipe(way) => {
            let pipe = filled_pipe(&savefile(Layout::Classic, size)?)?;
            read(peer, Source::Open(pipe), Layout::Classic, way, None)
        }
        Task::Reader(way) => {
            // Not bytes in memory: how many instructions copy them depends on the processor.
            let file = Memory::new(&savefile(Layout::Classic, size)?)?;
            let source = Source::Reader(Box::new(File::open(&file.path)?));
            read(peer, source, Layout::Classic, way, None)
        }
        Task::Matches(number) => matches(peer, FILTERS[number], size),
        Task::Write(layout) => write(peer, layout, size),
        Task::Live(way) => live::receive(peer, way, size),
    }
}

fn read(
    peer: Peer,
    source: Source<'_>,
    layout: Layout,
    way: Way,
    filter: Option<&str>,
) -> Result<Tally, Failure> {
    between_marks(|| match peer {
        Peer::Us => ours::read(source, way, filter),
        Peer::C => c::read(source, way, filter),
        Peer::Floor => floor::read(source, layout),
    })
}

fn matches(peer: Peer, filter: &str, size: u64) -> Result<Tally, Failure> {
    let samples = Samples::new(Frames::samples(Size::Small));
    let rounds = size / samples.frames().len() as u64;
    match peer {
        Peer::Us => {
            let filter = ours::compile(filter)?;
            between_marks(|| Ok(ours::matches(&filter, &samples, rounds)))
        }
        Peer::C => {
            let program = c::Program::new(filter)?;
            between_marks(|| Ok(c::matches(&program, &samples, rounds)))
        }
        Peer::Floor => Err("the floor has no filters".into()),
    }
}

fn write(peer: Peer, layout: Layout, size: u64) -> Result<Tally, Failure> {
    let samples = Samples::new(Frames::samples(Size::Small));
    let path = Path::new("/dev/null");
    between_marks(|| {
        match (peer, layout) {
            (Peer::Us, Layout::Pcapng) => ours::write_pcapng(path, &samples, size),
            (Peer::Us, _) => ours::write(path, &samples, size),
            (Peer::C, _) => c::write(path, &samples, size),
            (Peer::Floor, _) => floor::write(path, layout, &samples, size),
        }?;
        Ok(Tally {
            packets: size,
            ..Tally::default()
        })
    })
}

/// Returns a savefile of so many packets.
fn savefile(layout: Layout, packets: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    layout.header(&mut bytes)?;
    let mut frames = Frames::new(Size::Small);
    for number in 0..packets as u32 {
        layout.record(&mut bytes, number, frames.next())?;
    }
    Ok(bytes)
}

/// A file that no folder contains.
struct Memory {
    path: PathBuf,
    /// Keeps it.
    _file: File,
}

impl Memory {
    fn new(bytes: &[u8]) -> io::Result<Memory> {
        // SAFETY: a C string and a number.
        let fd = unsafe { libc::memfd_create(c"gate".as_ptr(), libc::MFD_CLOEXEC) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: just opened, and has no other owner.
        let mut file = unsafe { File::from_raw_fd(fd) };
        file.write_all(bytes)?;
        let path = PathBuf::from(format!("/proc/self/fd/{fd}"));
        Ok(Memory { path, _file: file })
    }
}

/// Returns the reading end of a pipe that contains all these bytes.
fn filled_pipe(bytes: &[u8]) -> Result<File, Failure> {
    let mut ends = [0; 2];
    // SAFETY: a local variable for the result.
    if unsafe { libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC) } != 0 {
        return Err(io::Error::last_os_error().into());
    }
    // SAFETY: just opened, and has no other owner.
    let [from, mut to] = ends.map(|fd| unsafe { File::from_raw_fd(fd) });
    // SAFETY: an open pipe, and a number.
    let size = unsafe { libc::fcntl(to.as_raw_fd(), libc::F_SETPIPE_SZ, PIPE as libc::c_int) };
    if usize::try_from(size).map_or(true, |size| size < bytes.len()) {
        return Err(format!(
            "cannot make a pipe of {PIPE} bytes: {}",
            io::Error::last_os_error()
        )
        .into());
    }
    to.write_all(bytes)?;
    Ok(from)
}
