//! The signals that a program answers.
//!
//! One thread waits for them, and all other threads block them. So they interrupt no call, and the answer may lock,
//! print and allocate. The crate `ctrlc` takes over an ignored SIGHUP, and lets SIGUSR1 and SIGUSR2 kill the process.

/// The request of a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(windows, allow(dead_code))] // only Ctrl-C exists there
pub(crate) enum Signal {
    /// To end: SIGINT, SIGTERM or SIGHUP, by number.
    End(i32),
    /// To print statistics: SIGUSR1.
    Report,
    /// To write out buffered packets: SIGUSR2.
    Flush,
}

pub(crate) use system::{end_process, interrupt_call, start};

#[cfg(unix)]
mod system {
    use std::io;
    use std::mem::MaybeUninit;
    use std::os::unix::thread::JoinHandleExt;
    use std::ptr;
    use std::sync::Once;
    use std::thread::{self, JoinHandle};

    use super::Signal;

    /// Hands each signal to a function, in a separate thread. Call it before there are other threads.
    ///
    /// An ignored SIGHUP stays ignored: that is all that nohup(1) sets. SIGINT and SIGTERM are answered even if they
    /// are ignored, as SIGINT is in the background jobs of a shell. SIGXFSZ is ignored, so that a write beyond the
    /// limit of file sizes returns an error.
    pub(crate) fn start(answer: fn(Signal)) {
        set_action(libc::SIGXFSZ, libc::SIG_IGN);
        let mut numbers = vec![libc::SIGINT, libc::SIGTERM, libc::SIGUSR1, libc::SIGUSR2];
        // A blocked signal that is ignored may never arrive.
        numbers.iter().for_each(|&n| set_action(n, libc::SIG_DFL));
        if !is_ignored(libc::SIGHUP) {
            numbers.push(libc::SIGHUP);
        }
        let signals = SignalSet::new(&numbers);
        signals.mask(libc::SIG_BLOCK);
        let thread = thread::Builder::new().name("signals".to_owned());
        let watching = thread.spawn(move || {
            while let Ok(number) = signals.wait() {
                answer(match number {
                    libc::SIGUSR1 => Signal::Report,
                    libc::SIGUSR2 => Signal::Flush,
                    number => Signal::End(number),
                });
            }
        });
        if watching.is_err() {
            // Otherwise they would stay blocked.
            SignalSet::new(&numbers).mask(libc::SIG_UNBLOCK);
        }
    }

    /// Ends the process by the signal's default action.
    pub(crate) fn end_process(number: i32) -> ! {
        set_action(number, libc::SIG_DFL);
        SignalSet::new(&[number]).mask(libc::SIG_UNBLOCK);
        // SAFETY: takes a number.
        unsafe { libc::raise(number) };
        std::process::exit(128 + number)
    }

    /// Interrupts the system call in which a thread waits. A call that begins at this moment is not interrupted.
    pub(crate) fn interrupt_call(thread: &JoinHandle<()>) {
        // A signal that the programs do not use otherwise.
        const NUMBER: i32 = libc::SIGURG;
        extern "C" fn nothing(_: i32) {}
        static ONCE: Once = Once::new();
        ONCE.call_once(|| {
            let mut action = MaybeUninit::<libc::sigaction>::zeroed();
            // SAFETY: it is plain data, for which zeros are valid.
            let action = unsafe { action.assume_init_mut() };
            // Without SA_RESTART, which would restart the call.
            action.sa_sigaction = nothing as extern "C" fn(i32) as libc::sighandler_t;
            // SAFETY: the handler does nothing, which a handler may do.
            unsafe { libc::sigaction(NUMBER, action, ptr::null_mut()) };
        });
        // SAFETY: the thread is neither joined nor detached while its handle is there.
        unsafe { libc::pthread_kill(thread.as_pthread_t(), NUMBER) };
    }

    /// A set of signals.
    struct SignalSet(libc::sigset_t);

    impl SignalSet {
        fn new(numbers: &[i32]) -> SignalSet {
            let mut set = MaybeUninit::uninit();
            // SAFETY: there is room for a set.
            unsafe { libc::sigemptyset(set.as_mut_ptr()) };
            for &number in numbers {
                // SAFETY: it is a set since it was emptied.
                unsafe { libc::sigaddset(set.as_mut_ptr(), number) };
            }
            // SAFETY: as above.
            SignalSet(unsafe { set.assume_init() })
        }

        /// Blocks or unblocks them in this thread and in those that it starts.
        fn mask(&self, how: i32) {
            // SAFETY: the set is initialized, and a null pointer stands for no old mask.
            unsafe { libc::pthread_sigmask(how, &self.0, ptr::null_mut()) };
        }

        /// Waits for one of them.
        fn wait(&self) -> io::Result<i32> {
            let mut number = 0;
            // SAFETY: the set is initialized, and there is room for a number.
            match unsafe { libc::sigwait(&self.0, &mut number) } {
                0 => Ok(number),
                error => Err(io::Error::from_raw_os_error(error)),
            }
        }
    }

    fn set_action(number: i32, action: libc::sighandler_t) {
        // SAFETY: neither ignoring a signal nor its default runs code of ours.
        unsafe { libc::signal(number, action) };
    }

    fn is_ignored(number: i32) -> bool {
        let mut action = MaybeUninit::<libc::sigaction>::zeroed();
        // SAFETY: changes nothing, and there is room for what is found.
        unsafe { libc::sigaction(number, ptr::null(), action.as_mut_ptr()) };
        // SAFETY: it is plain data, of zeros if the call failed.
        unsafe { action.assume_init() }.sa_sigaction == libc::SIG_IGN
    }
}

#[cfg(windows)]
mod system {
    use super::Signal;

    /// The status of a process that Ctrl-C has ended.
    const CONTROL_C_EXIT: i32 = 0xC000_013A_u32 as i32;

    /// Hands each Ctrl-C to a function, in a separate thread.
    pub(crate) fn start(answer: fn(Signal)) {
        // Without a handler Ctrl-C ends the process.
        let _ = ctrlc::set_handler(move || answer(Signal::End(CONTROL_C_EXIT)));
    }

    /// Does nothing: Windows cannot interrupt a call.
    pub(crate) fn interrupt_call(_: &std::thread::JoinHandle<()>) {}

    /// Ends the process as Ctrl-C does without a handler.
    pub(crate) fn end_process(number: i32) -> ! {
        std::process::exit(number)
    }
}
