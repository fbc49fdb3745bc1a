//! Runs a closure in which `eventfd(2)` fails.
//!
//! libpcap before 1.10.5 opens an eventfd in `pcap_create` for each network interface of Linux, and closes it only if
//! the handle was activated (the-tcpdump-group/libpcap#1233). The eventfd wakes blocking reads, which this crate never
//! uses on network interfaces. A handle also works without it, and then leaks nothing if it is closed before
//! activation.

use std::thread::Builder;

use crate::sys::thread;

/// Runs a closure on a thread whose calls to `eventfd(2)` fail, and returns its result. If the thread cannot be
/// created, or the system does not support this, the closure runs normally.
pub(crate) fn without_eventfd<T: Send>(mut closure: impl FnMut() -> T + Send) -> T {
    let mut result = None;
    let ran = thread::run(Builder::new(), &mut || {
        system::refuse_eventfd();
        result = Some(closure());
    });
    match (ran, result) {
        (Ok(()), Some(result)) => result,
        _ => closure(),
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
mod system {
    use crate::sys;

    /// Makes `eventfd(2)` fail on this thread from now on, as if no descriptors were left.
    pub(super) fn refuse_eventfd() {
        const NUMBER: u16 = (sys::BPF_LD | sys::BPF_W | sys::BPF_ABS) as u16;
        const IS: u16 = (sys::BPF_JMP | sys::BPF_JEQ | sys::BPF_K) as u16;
        const RETURN: u16 = (sys::BPF_RET | sys::BPF_K) as u16;
        let insn = |code, jt, k| libc::sock_filter { code, jt, jf: 0, k };
        let mut program = [
            // The number of the call is the first field of `struct seccomp_data`.
            insn(NUMBER, 0, 0),
            insn(IS, 1, libc::SYS_eventfd2 as u32),
            insn(RETURN, 0, libc::SECCOMP_RET_ALLOW),
            insn(RETURN, 0, libc::SECCOMP_RET_ERRNO | libc::EMFILE as u32),
        ];
        let program = libc::sock_fprog {
            len: program.len() as u16,
            filter: program.as_mut_ptr(),
        };
        // Without this, only privileged threads may filter their system calls.
        // SAFETY: takes numbers, and only changes this thread and those that it starts.
        let status = unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) };
        if status == 0 {
            let mode = libc::SECCOMP_MODE_FILTER;
            // If this fails, for example in a kernel without seccomp, libpcap may leak a descriptor.
            // SAFETY: the program is valid during the call, which only changes this thread.
            unsafe { libc::prctl(libc::PR_SET_SECCOMP, mode, &raw const program) };
        }
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod system {
    pub(super) fn refuse_eventfd() {}
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    fn eventfd() -> bool {
        // SAFETY: takes numbers.
        let fd = unsafe { libc::eventfd(0, libc::EFD_CLOEXEC) };
        // SAFETY: closes the descriptor that was just opened, if any.
        unsafe { libc::close(fd) };
        fd >= 0
    }

    #[test]
    #[cfg_attr(emulated, ignore = "qemu-user does not filter system calls")]
    fn eventfd_fails_on_that_thread_only() {
        let inside = || (eventfd(), std::fs::File::open("/dev/null").is_ok());
        assert_eq!(without_eventfd(inside), (false, true));
        assert!(eventfd());
        let panic = std::panic::catch_unwind(|| without_eventfd(|| panic!("inside")));
        assert_eq!(*panic.unwrap_err().downcast::<&str>().unwrap(), "inside");
    }
}
