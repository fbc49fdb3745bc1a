//! A signal with which one thread makes the others drop their rights.

use std::ffi::c_int;
use std::io;
use std::mem::MaybeUninit;
use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

use super::rights::{Ids, drop_rights};
use super::thread_status::ThreadStatus;
use crate::sys::platform::keep_errno;

/// The user that threads become. Never freed, because a thread may still use it.
static USER: AtomicPtr<Ids> = AtomicPtr::new(ptr::null_mut());
/// The number of handlers that have returned.
static HANDLED: AtomicUsize = AtomicUsize::new(0);

/// A signal whose handler drops the rights of the thread that receives it.
pub(crate) struct DropSignal {
    number: c_int,
    /// The action before.
    before: libc::sigaction,
    /// [`HANDLED`], before the first signal was sent.
    handled_before: usize,
    sent: usize,
}

extern "C" fn handle(_: c_int) {
    keep_errno(|| {
        // SAFETY: null, or a user that is never freed or changed.
        if let Some(user) = unsafe { USER.load(Ordering::Acquire).as_ref() } {
            // The thread that sent the signal checks what is left.
            let _ = drop_rights(user);
        }
    });
    HANDLED.fetch_add(1, Ordering::Release);
}

impl DropSignal {
    /// Returns the number of a real-time signal, or else of SIGURG, that the process neither handles nor ignores, and
    /// that none of these threads blocks.
    ///
    /// If this thread blocks a signal, another one may wait for it with sigwait(3), and would receive it without
    /// running the handler. The status of the other thread does not show that.
    pub(crate) fn choose(own: &ThreadStatus, others: &[ThreadStatus]) -> Option<c_int> {
        let used = own.ignored_signals | own.handled_signals | own.blocked_signals;
        let used = others
            .iter()
            .fold(used, |used, thread| used | thread.blocked_signals);
        (libc::SIGRTMIN()..=libc::SIGRTMAX().min(64))
            .rev()
            // Does nothing by default, so few programs block it.
            .chain([libc::SIGURG])
            .find(|number| used & (1 << (number - 1)) == 0)
    }

    /// Installs the handler.
    pub(crate) fn install(number: c_int, user: &Ids) -> io::Result<DropSignal> {
        USER.store(Box::into_raw(Box::new(user.clone())), Ordering::Release);
        let mut action = MaybeUninit::<libc::sigaction>::zeroed();
        let mut before = MaybeUninit::<libc::sigaction>::zeroed();
        // SAFETY: `sigaction` is plain data, for which zeros are valid.
        let action = unsafe { action.assume_init_mut() };
        action.sa_sigaction = handle as extern "C" fn(c_int) as libc::sighandler_t;
        action.sa_flags = libc::SA_RESTART | libc::SA_ONSTACK;
        // SAFETY: the pointer is valid for writing a set.
        unsafe { libc::sigfillset(&mut action.sa_mask) };
        // SAFETY: the handler only makes system calls and changes atomic numbers. Both pointers are valid.
        match unsafe { libc::sigaction(number, action, before.as_mut_ptr()) } {
            0 => Ok(DropSignal {
                number,
                // SAFETY: `sigaction` has written it.
                before: unsafe { before.assume_init() },
                handled_before: HANDLED.load(Ordering::Acquire),
                sent: 0,
            }),
            _ => Err(io::Error::last_os_error()),
        }
    }

    /// Sends the signal to a thread. Does nothing if the thread has ended.
    pub(crate) fn send(&mut self, thread: i32) -> io::Result<()> {
        let process = std::process::id();
        // SAFETY: the system call takes numbers. The process handles the signal.
        match unsafe { libc::syscall(libc::SYS_tgkill, process, thread, self.number) } {
            0 => {
                self.sent += 1;
                Ok(())
            }
            _ => match io::Error::last_os_error() {
                error if error.raw_os_error() == Some(libc::ESRCH) => Ok(()),
                error => Err(error),
            },
        }
    }

    /// Returns whether all threads have handled the signal.
    pub(crate) fn is_handled(&self) -> bool {
        let handled = HANDLED.load(Ordering::Acquire);
        handled.wrapping_sub(self.handled_before) >= self.sent
    }

    /// Restores the action before. No signal may be pending, because its default action ends the process.
    pub(crate) fn restore(self) {
        // SAFETY: the action was returned by the same function.
        unsafe { libc::sigaction(self.number, &self.before, ptr::null_mut()) };
    }
}
