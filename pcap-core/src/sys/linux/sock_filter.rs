//! Filters for Linux's sockets. On other systems, only libpcap sets the filter of a device.

use std::io;

#[cfg(any(target_os = "linux", target_os = "android"))]
use std::{
    ffi::c_int,
    os::fd::{AsRawFd, BorrowedFd},
};

#[cfg(any(target_os = "linux", target_os = "android"))]
use crate::sys::{self, bpf_insn, bpf_program};

// The kernel receives programs without conversion, so the layouts must agree.
#[cfg(any(target_os = "linux", target_os = "android"))]
const _: () = {
    use std::mem::offset_of;

    assert!(size_of::<bpf_insn>() == size_of::<libc::sock_filter>());
    assert!(align_of::<bpf_insn>() == align_of::<libc::sock_filter>());
    assert!(offset_of!(bpf_insn, code) == offset_of!(libc::sock_filter, code));
    assert!(offset_of!(bpf_insn, jt) == offset_of!(libc::sock_filter, jt));
    assert!(offset_of!(bpf_insn, jf) == offset_of!(libc::sock_filter, jf));
    assert!(offset_of!(bpf_insn, k) == offset_of!(libc::sock_filter, k));
};

/// A program as the kernel expects it. The padding is initialized, because the kernel copies it.
#[cfg(any(target_os = "linux", target_os = "android"))]
#[repr(C)]
pub(crate) struct Fprog {
    len: u16,
    padding: [u8; size_of::<*const bpf_insn>() - size_of::<u16>()],
    filter: *const bpf_insn,
}

#[cfg(any(target_os = "linux", target_os = "android"))]
const _: () = {
    use std::mem::offset_of;

    assert!(size_of::<Fprog>() == size_of::<libc::sock_fprog>());
    assert!(offset_of!(Fprog, len) == offset_of!(libc::sock_fprog, len));
    assert!(offset_of!(Fprog, filter) == offset_of!(libc::sock_fprog, filter));
};

#[cfg(any(target_os = "linux", target_os = "android"))]
impl TryFrom<&bpf_program> for Fprog {
    type Error = io::Error;

    fn try_from(program: &bpf_program) -> io::Result<Fprog> {
        Ok(Fprog {
            len: u16::try_from(program.bf_len).map_err(|_| io::ErrorKind::InvalidInput)?,
            padding: Default::default(),
            filter: program.bf_insns,
        })
    }
}

/// Makes a socket receive only the packets that a program accepts. The kernel checks and copies the
/// program.
///
/// # Safety
///
/// The program has as many instructions as it declares.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) unsafe fn attach(socket: BorrowedFd<'_>, program: &bpf_program) -> io::Result<()> {
    let program = Fprog::try_from(program)?;
    // SAFETY: the option expects this type, and the caller promises that the program is valid.
    unsafe { set(socket, libc::SO_ATTACH_FILTER, &program) }
}

/// Makes a socket receive no packets.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) fn attach_nothing(socket: BorrowedFd<'_>) -> io::Result<()> {
    let mut nothing = sys::bpf_insn {
        code: (sys::BPF_RET | sys::BPF_K) as u16,
        jt: 0,
        jf: 0,
        k: 0,
    };
    let nothing = bpf_program {
        bf_len: 1,
        bf_insns: &raw mut nothing,
    };
    // SAFETY: the program has one instruction.
    unsafe { attach(socket, &nothing) }
}

/// Removes a socket's filter.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) fn detach(socket: BorrowedFd<'_>) -> io::Result<()> {
    // The kernel requires a number, but ignores it.
    set_number(socket, libc::SO_DETACH_FILTER, 0)
}

/// Prevents changes of a socket's filter.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) fn lock(socket: BorrowedFd<'_>) -> io::Result<()> {
    set_number(socket, super::constants::SO_LOCK_FILTER, 1)
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn set_number(socket: BorrowedFd<'_>, option: c_int, value: c_int) -> io::Result<()> {
    // SAFETY: all callers pass options that expect a number.
    unsafe { set(socket, option, &value) }
}

/// # Safety
///
/// `value` has the type that the option expects.
#[cfg(any(target_os = "linux", target_os = "android"))]
unsafe fn set<T>(socket: BorrowedFd<'_>, option: c_int, value: &T) -> io::Result<()> {
    let (fd, size) = (socket.as_raw_fd(), size_of_val(value) as libc::socklen_t);
    let value: *const T = value;
    // SAFETY: the descriptor is open, and the value has this length. For a descriptor that is not a socket, the call
    // returns an error.
    match unsafe { libc::setsockopt(fd, libc::SOL_SOCKET, option, value.cast(), size) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Why the kernel did not attach a program.
#[derive(Debug)]
pub(crate) enum Refused {
    /// The program exceeds the memory limit for socket options in the network namespace (`net.core.optmem_max`).
    Memory,
    /// The kernel rejects the program.
    Program,
    Failed(io::Error),
}

impl From<io::Error> for Refused {
    fn from(error: io::Error) -> Refused {
        match error.kind() {
            io::ErrorKind::OutOfMemory => Refused::Memory,
            io::ErrorKind::InvalidInput => Refused::Program,
            _ => Refused::Failed(error),
        }
    }
}
