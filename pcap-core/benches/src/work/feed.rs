//! The process that writes a savefile into a pipe or a socket.
//!
//! How full a pipe is when the reader looks decides how much a read returns and how often the reader sleeps, and so its
//! processor time. Therefore the writer always fills it: it only passes on the pages of the cached file, which takes
//! less time than any reader needs, and it has a processor to itself. The pipe is as large as any user may make it.

use std::env;
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
#[cfg(target_os = "linux")]
use std::ptr::null_mut;

use crate::Failure;

/// The size of the pipe, and of the socket's buffer: what Linux allows all users by default.
static SIZE: libc::c_int = 1 << 20;

/// Returns both ends of a large pipe: first the one to read from.
pub(super) fn pipe() -> Result<[OwnedFd; 2], Failure> {
    let (from, to) = io::pipe()?;
    #[cfg(target_os = "linux")]
    // SAFETY: an open pipe, and a number. If the system refuses, the pipe keeps its size.
    unsafe {
        libc::fcntl(to.as_raw_fd(), libc::F_SETPIPE_SZ, SIZE)
    };
    Ok([from.into(), to.into()])
}

/// Returns both ends of a stream socket with a large buffer: first the one to read from.
pub(super) fn socket() -> Result<[OwnedFd; 2], Failure> {
    let (from, to) = UnixStream::pair()?;
    // SAFETY: an open socket, and an int. The system limits the number, and the default would do.
    unsafe {
        libc::setsockopt(
            to.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_SNDBUF,
            (&raw const SIZE).cast(),
            size_of_val(&SIZE) as libc::socklen_t,
        )
    };
    Ok([from.into(), to.into()])
}

/// The writing process, which is killed on drop.
pub(super) struct Feeder(Child);

impl Feeder {
    /// Starts writing the file, and gives this process a processor to itself.
    pub(super) fn new(path: &Path, to: OwnedFd) -> Result<Feeder, Failure> {
        let child = Command::new(env::current_exe()?)
            .arg("--feed")
            .arg(path)
            .stdin(Stdio::null())
            .stdout(to)
            .spawn()?;
        keep_to(Processor::First);
        Ok(Feeder(child))
    }
}

impl Drop for Feeder {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Writes a file to standard output.
pub(crate) fn feed(path: &Path) -> Result<(), Failure> {
    keep_to(Processor::Last);
    let mut file = File::open(path)?;
    #[cfg(target_os = "linux")]
    loop {
        let out = libc::STDOUT_FILENO;
        // SAFETY: open descriptors, and no offset: that of the file advances.
        let sent = unsafe { libc::sendfile(out, file.as_raw_fd(), null_mut(), SIZE as usize) };
        match sent {
            0 => return Ok(()),
            1.. => {}
            _ => break,
        }
    }
    // Pages cannot be passed on here.
    io::copy(&mut file, &mut io::stdout().lock())?;
    Ok(())
}

/// A processor that this process may use.
enum Processor {
    First,
    Last,
}

/// Keeps this process to one processor.
#[cfg(target_os = "linux")]
fn keep_to(which: Processor) {
    // SAFETY: a set of bits, for which zero is valid.
    let mut set: libc::cpu_set_t = unsafe { std::mem::zeroed() };
    // SAFETY: a local variable for the result, and its size.
    let status = unsafe { libc::sched_getaffinity(0, size_of_val(&set), &mut set) };
    // SAFETY: only reads the set, within its size.
    let mut usable =
        (0..libc::CPU_SETSIZE as usize).filter(|&n| unsafe { libc::CPU_ISSET(n, &set) });
    let found = match which {
        Processor::First => usable.next(),
        Processor::Last => usable.next_back(),
    };
    let (0, Some(number)) = (status, found) else {
        return;
    };
    // SAFETY: as above.
    let mut one: libc::cpu_set_t = unsafe { std::mem::zeroed() };
    // SAFETY: the number is one of the set.
    unsafe { libc::CPU_SET(number, &mut one) };
    // SAFETY: a set with one processor that this process may use, and its size.
    unsafe { libc::sched_setaffinity(0, size_of_val(&one), &one) };
}

#[cfg(not(target_os = "linux"))]
fn keep_to(_: Processor) {}
