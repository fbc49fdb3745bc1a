//! System calls that the kernel refuses to a thread, as old kernels and security modules do: seccomp(2) gives them an
//! error of choice.

use std::thread;

use libc::{c_int, c_long};

/// Runs a closure in a thread of its own, because [`refuse`] lasts until the end of the thread.
pub(crate) fn apart<T: Send>(closure: impl FnOnce() -> T + Send) -> T {
    thread::scope(|scope| match scope.spawn(closure).join() {
        Ok(result) => result,
        Err(panic) => std::panic::resume_unwind(panic),
    })
}

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
    program.push(instruction(
        RETURN,
        0,
        libc::SECCOMP_RET_ERRNO | error as u32,
    ));
    program.push(instruction(RETURN, 0, libc::SECCOMP_RET_ALLOW));
    let program = libc::sock_fprog {
        len: program.len() as u16,
        filter: program.as_mut_ptr(),
    };
    let mode = libc::c_ulong::from(libc::SECCOMP_MODE_FILTER);
    // SAFETY: the program has this number of instructions, and the kernel copies it.
    let status = unsafe { libc::prctl(libc::PR_SET_SECCOMP, mode, &raw const program, 0, 0) };
    assert_eq!(status, 0, "{}", std::io::Error::last_os_error());
}
