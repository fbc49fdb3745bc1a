//! System calls that the kernel refuses to a thread, as old kernels and security modules do: seccomp(2) gives them an
//! error of choice.

#![allow(dead_code)] // unit tests take it in, too, and do not use all of it

use std::mem::zeroed;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::sync::mpsc;
use std::thread;

use libc::{c_int, c_long};

/// Runs a closure in a thread of its own, because [`refuse`] lasts until the end of the thread.
pub(crate) fn apart<T: Send>(closure: impl FnOnce() -> T + Send) -> T {
    thread::scope(|scope| match scope.spawn(closure).join() {
        Ok(result) => result,
        Err(panic) => std::panic::resume_unwind(panic),
    })
}

/// The system call with which the C library opens files.
#[cfg(not(all(target_env = "musl", target_arch = "x86_64")))]
pub(crate) const OPEN: c_long = libc::SYS_openat;
#[cfg(all(target_env = "musl", target_arch = "x86_64"))]
pub(crate) const OPEN: c_long = libc::SYS_open;

/// The system call with which the C library waits in `poll`.
#[cfg(not(any(
    target_arch = "aarch64",
    target_arch = "loongarch64",
    target_arch = "riscv64"
)))]
pub(crate) const POLL: c_long = libc::SYS_poll;
#[cfg(any(
    target_arch = "aarch64",
    target_arch = "loongarch64",
    target_arch = "riscv64"
))]
pub(crate) const POLL: c_long = libc::SYS_ppoll;

/// Makes a system call of this thread fail from now on. Only calls whose arguments have these values fail: pairs of
/// the number of an argument, counted from 0, and its lower 32 bits.
pub(crate) fn refuse(call: c_long, arguments: &[(u32, u32)], error: c_int) {
    // SAFETY: the call takes numbers.
    let status = unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) };
    assert_eq!(status, 0);
    refuse_with_rights(call, arguments, error);
}

/// Does the same in a thread of root, which can still gain rights.
pub(crate) fn refuse_with_rights(call: c_long, arguments: &[(u32, u32)], error: c_int) {
    let mut program = program(call, arguments, libc::SECCOMP_RET_ERRNO | error as u32);
    let program = libc::sock_fprog {
        len: program.len() as u16,
        filter: program.as_mut_ptr(),
    };
    let mode = libc::c_ulong::from(libc::SECCOMP_MODE_FILTER);
    // SAFETY: the program has this number of instructions, and the kernel copies it.
    let status = unsafe { libc::prctl(libc::PR_SET_SECCOMP, mode, &raw const program, 0, 0) };
    assert_eq!(status, 0, "{}", std::io::Error::last_os_error());
}

/// Returns a program that gives system calls with these arguments an action of the kernel, and permits the others.
fn program(call: c_long, arguments: &[(u32, u32)], action: u32) -> Vec<libc::sock_filter> {
    const LOAD: u16 = (libc::BPF_LD | libc::BPF_W | libc::BPF_ABS) as u16;
    const EQUAL: u16 = (libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K) as u16;
    const RETURN: u16 = (libc::BPF_RET | libc::BPF_K) as u16;
    let instruction = |code, jf, k| libc::sock_filter { code, jt: 0, jf, k };
    // The number of the call is at 0, and the arguments, of 64 bits each, begin at 16.
    let low_half = if cfg!(target_endian = "big") { 4 } else { 0 };
    let mut wanted = vec![(0, call as u32)];
    wanted.extend(
        arguments
            .iter()
            .map(|(number, value)| (16 + 8 * number + low_half, *value)),
    );
    let count = wanted.len();
    let mut program = Vec::new();
    for (index, (offset, value)) in wanted.into_iter().enumerate() {
        let to_end = 2 * (count - index - 1) as u8 + 1;
        program.push(instruction(LOAD, 0, offset));
        program.push(instruction(EQUAL, to_end, value));
    }
    program.push(instruction(RETURN, 0, action));
    program.push(instruction(RETURN, 0, libc::SECCOMP_RET_ALLOW));
    program
}

/// Runs `work` in a thread of its own, and calls `before` whenever that thread is about to make a system call. `before`
/// gets the number of such calls so far. The system call fails with the error that `before` returns; otherwise it
/// takes place. This is how a device or a file changes between two calls.
pub(crate) fn interposed<T: Send>(
    call: c_long,
    arguments: &[(u32, u32)],
    mut before: impl FnMut(usize) -> Option<c_int>,
    work: impl FnOnce() -> T + Send,
) -> T {
    thread::scope(|scope| {
        let (sender, listener) = mpsc::channel();
        let worker = scope.spawn(move || {
            sender.send(listen(call, arguments)).unwrap();
            work()
        });
        let listener: OwnedFd = listener.recv().unwrap();
        let mut count = 0;
        while !worker.is_finished() {
            if let Some(id) = next_call(&listener) {
                answer(&listener, id, before(count));
                count += 1;
            }
        }
        worker
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

/// Makes system calls of this thread wait for an answer from now on.
fn listen(call: c_long, arguments: &[(u32, u32)]) -> OwnedFd {
    const USER_NOTIF: u32 = 0x7fc0_0000;
    let mut program = program(call, arguments, USER_NOTIF);
    let program = libc::sock_fprog {
        len: program.len() as u16,
        filter: program.as_mut_ptr(),
    };
    // SAFETY: the call takes numbers.
    let status = unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) };
    assert_eq!(status, 0);
    let (mode, flags) = (
        libc::SECCOMP_SET_MODE_FILTER,
        libc::SECCOMP_FILTER_FLAG_NEW_LISTENER,
    );
    // SAFETY: the program has this number of instructions, and the kernel copies it.
    let fd = unsafe { libc::syscall(libc::SYS_seccomp, mode, flags, &raw const program) };
    assert!(fd >= 0, "{}", std::io::Error::last_os_error());
    // SAFETY: just opened, and nothing else owns it.
    unsafe { OwnedFd::from_raw_fd(fd as c_int) }
}

/// Waits briefly for a call, and returns its number.
fn next_call(listener: &OwnedFd) -> Option<u64> {
    const RECEIVE: u32 = 0xc050_2100;
    let mut polled = libc::pollfd {
        fd: listener.as_raw_fd(),
        events: libc::POLLIN,
        revents: 0,
    };
    // SAFETY: one structure, which is ours.
    if unsafe { libc::poll(&mut polled, 1, 20) } <= 0 || polled.revents & libc::POLLIN == 0 {
        return None;
    }
    // SAFETY: plain numbers; the kernel expects zeros.
    let mut call: libc::seccomp_notif = unsafe { zeroed() };
    // SAFETY: the kernel fills in the structure, which is ours.
    let status = unsafe { libc::ioctl(listener.as_raw_fd(), RECEIVE as _, &mut call) };
    (status == 0).then_some(call.id)
}

/// Ends the wait of a call. One that a signal has interrupted is made again.
fn answer(listener: &OwnedFd, id: u64, error: Option<c_int>) {
    const SEND: u32 = 0xc018_2101;
    const CONTINUE: u32 = 1;
    let answer = libc::seccomp_notif_resp {
        id,
        val: 0,
        error: error.map_or(0, |error| -error),
        flags: if error.is_none() { CONTINUE } else { 0 },
    };
    // SAFETY: the kernel reads the structure.
    let status = unsafe { libc::ioctl(listener.as_raw_fd(), SEND as _, &raw const answer) };
    assert_eq!(status, 0, "{}", std::io::Error::last_os_error());
}
