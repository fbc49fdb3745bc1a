//! The rights of the calling thread: its user, groups and capabilities. The kernel keeps them for each thread.

use std::ffi::{c_int, c_long, c_ulong};
use std::io;

/// The number of capabilities that the kernel's interface can represent.
const MAX_CAPABILITIES: c_ulong = 64;
/// Version 3 of the structures of capset(2), which have 64 bits per set.
const CAPABILITY_VERSION: u32 = 0x2008_0522;
/// User 0 has no capabilities, a change of the user drops them, and ambient ones cannot be raised. None of this can be
/// changed again. See `linux/securebits.h`.
const SECURE_BITS: c_ulong = 0b1110_1011;

// The system calls without this suffix take 16-bit numbers on these processors.
#[cfg(not(any(target_arch = "arm", target_arch = "sparc", target_arch = "x86")))]
use libc::{
    SYS_setgroups as SYS_SETGROUPS, SYS_setresgid as SYS_SETRESGID, SYS_setresuid as SYS_SETRESUID,
};
#[cfg(any(target_arch = "arm", target_arch = "sparc", target_arch = "x86"))]
use libc::{
    SYS_setgroups32 as SYS_SETGROUPS, SYS_setresgid32 as SYS_SETRESGID,
    SYS_setresuid32 as SYS_SETRESUID,
};

/// The numbers of a user.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Ids {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    /// The supplementary groups.
    pub(crate) groups: Vec<u32>,
}

/// The header of capset(2): its version, and 0 for this thread.
#[repr(C)]
struct Header {
    version: u32,
    pid: c_int,
}

/// The effective, permitted and inheritable set of the lower 32 capabilities, and of the higher ones.
type Sets = [[u32; 3]; 2];

/// Drops all rights of this thread but those of a user. Makes only system calls, so a signal handler may call it.
///
/// Attempts each step, also after a failure, and returns the first error. A step can fail although nothing is left to
/// drop: without the capability `CAP_SETGID`, the thread may not even set the groups that it has.
pub(crate) fn drop_rights(ids: &Ids) -> io::Result<()> {
    // Some steps require capabilities that the thread may have, but does not use.
    let _ = use_permitted_capabilities();
    for capability in 0..MAX_CAPABILITIES {
        // Fails for numbers that the kernel does not know, and without CAP_SETPCAP.
        let _ = control(libc::PR_CAPBSET_DROP, capability);
    }
    let _ = control(
        libc::PR_CAP_AMBIENT,
        libc::PR_CAP_AMBIENT_CLEAR_ALL as c_ulong,
    );
    // Requires CAP_SETPCAP. Without it, programs that the thread starts gain nothing because of the next step.
    let _ = control(libc::PR_SET_SECUREBITS, SECURE_BITS);
    let results = [
        control(libc::PR_SET_NO_NEW_PRIVS, 1),
        set_groups(&ids.groups),
        set_three(SYS_SETRESGID, ids.gid),
        set_three(SYS_SETRESUID, ids.uid),
        set_capabilities(&Sets::default()),
    ];
    results.into_iter().collect()
}

/// Returns the number of this thread.
pub(crate) fn thread_id() -> i32 {
    // SAFETY: takes no arguments, and always succeeds. Older C libraries have no function for it.
    unsafe { libc::syscall(libc::SYS_gettid) as i32 }
}

fn set_groups(groups: &[u32]) -> io::Result<()> {
    // SAFETY: the pointer is valid for as many numbers as the first argument says.
    check(unsafe { libc::syscall(SYS_SETGROUPS, groups.len(), groups.as_ptr()) })
}

/// Sets the real, effective and saved number of the user or of the group. The number that the kernel uses for files
/// follows the effective one.
fn set_three(call: c_long, id: u32) -> io::Result<()> {
    // SAFETY: these system calls take three numbers.
    check(unsafe { libc::syscall(call, id, id, id) })
}

fn use_permitted_capabilities() -> io::Result<()> {
    let mut header = Header {
        version: CAPABILITY_VERSION,
        pid: 0,
    };
    let mut sets = Sets::default();
    // SAFETY: both pointers are valid for writing, and the sets have the size of this version.
    check(unsafe { libc::syscall(libc::SYS_capget, &raw mut header, sets.as_mut_ptr()) })?;
    for [effective, permitted, _] in &mut sets {
        *effective = *permitted;
    }
    set_capabilities(&sets)
}

fn set_capabilities(sets: &Sets) -> io::Result<()> {
    let header = Header {
        version: CAPABILITY_VERSION,
        pid: 0,
    };
    // SAFETY: both pointers are valid for reading, and the sets have the size of this version.
    check(unsafe { libc::syscall(libc::SYS_capset, &raw const header, sets.as_ptr()) })
}

fn control(option: c_int, value: c_ulong) -> io::Result<()> {
    let none: c_ulong = 0;
    // SAFETY: these options take numbers, not pointers.
    check(unsafe { libc::prctl(option, value, none, none, none) }.into())
}

fn check(status: c_long) -> io::Result<()> {
    match status {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}
