//! Signals that would interrupt libpcap.

use std::ffi::c_int;
use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::ptr;

/// The signals of faults in this thread. They interrupt nothing, and a thread that blocks them cannot handle a fault.
const FAULTS: [c_int; 6] = [
    libc::SIGSEGV,
    libc::SIGBUS,
    libc::SIGFPE,
    libc::SIGILL,
    libc::SIGTRAP,
    libc::SIGSYS,
];

/// Until it is dropped, the calling thread does not receive signals that would interrupt its system calls.
///
/// While libpcap waits for the answer of a daemon, it mistakes an interrupted `recv` for one that received -3 bytes: it
/// uses an answer that it does not have, or waits for ever. Only handlers that were installed without `SA_RESTART`
/// interrupt `recv`. The other signals stay as they are, so Ctrl-C still ends a program that does not handle it.
pub(crate) struct Postponed {
    before: libc::sigset_t,
    _of_this_thread: PhantomData<*mut ()>,
}

impl Postponed {
    /// Begins to postpone signals.
    pub(crate) fn new() -> Postponed {
        let mut signals = MaybeUninit::uninit();
        let mut before = MaybeUninit::uninit();
        // SAFETY: the call writes a set of its own type.
        unsafe { libc::sigemptyset(signals.as_mut_ptr()) };
        // SAFETY: the call has written it, and cannot fail.
        let mut signals = unsafe { signals.assume_init() };
        for number in (1..=last_signal()).filter(|number| interrupts(*number)) {
            // SAFETY: the set is valid.
            unsafe { libc::sigaddset(&mut signals, number) };
        }
        // SAFETY: both sets have the right type.
        unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, &signals, before.as_mut_ptr()) };
        Postponed {
            // SAFETY: the call has written it. It can only fail for an unknown operation.
            before: unsafe { before.assume_init() },
            _of_this_thread: PhantomData,
        }
    }
}

impl Drop for Postponed {
    fn drop(&mut self) {
        // SAFETY: the set is the one that `pthread_sigmask` returned for this thread.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &self.before, ptr::null_mut()) };
    }
}

/// Returns whether a signal has a handler that interrupts `recv`.
fn interrupts(number: c_int) -> bool {
    let mut action = MaybeUninit::<libc::sigaction>::uninit();
    if FAULTS.contains(&number) {
        return false;
    }
    // SAFETY: with a null pointer, the call only writes the current action.
    if unsafe { libc::sigaction(number, ptr::null(), action.as_mut_ptr()) } != 0 {
        return false;
    }
    // SAFETY: the call has written it.
    let action = unsafe { action.assume_init() };
    let has_handler = ![libc::SIG_DFL, libc::SIG_IGN].contains(&action.sa_sigaction);
    has_handler && action.sa_flags & libc::SA_RESTART == 0
}

/// Returns the largest number of a signal.
fn last_signal() -> c_int {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    return libc::SIGRTMAX();
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    libc::SIGUSR2
}

#[cfg(test)]
mod tests {
    use super::*;

    extern "C" fn handle(_: c_int) {}

    fn is_blocked(number: c_int) -> bool {
        let mut set = MaybeUninit::uninit();
        // SAFETY: with a null pointer, the call only writes the set.
        unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, ptr::null(), set.as_mut_ptr()) };
        // SAFETY: the call has written it.
        let set = unsafe { set.assume_init() };
        // SAFETY: the set is valid.
        unsafe { libc::sigismember(&set, number) == 1 }
    }

    fn install(number: c_int, flags: c_int) {
        // SAFETY: `sigaction` is plain data, for which zeros are valid.
        let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
        action.sa_sigaction = handle as extern "C" fn(c_int) as libc::sighandler_t;
        action.sa_flags = flags;
        // SAFETY: the handler does nothing.
        let status = unsafe { libc::sigaction(number, &action, ptr::null_mut()) };
        assert_eq!(status, 0);
    }

    #[test]
    fn only_handlers_without_restart_are_postponed() {
        install(libc::SIGUSR1, 0);
        install(libc::SIGUSR2, libc::SA_RESTART);
        assert!(!is_blocked(libc::SIGUSR1));
        let postponed = Postponed::new();
        assert!(is_blocked(libc::SIGUSR1));
        // The standard library handles SIGSEGV and SIGBUS.
        for other in [
            libc::SIGUSR2,
            libc::SIGINT,
            libc::SIGTERM,
            libc::SIGSEGV,
            libc::SIGBUS,
        ] {
            assert!(!is_blocked(other), "{other}");
        }
        drop(postponed);
        assert!(!is_blocked(libc::SIGUSR1));
    }
}
