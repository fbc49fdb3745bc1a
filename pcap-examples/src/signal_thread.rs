//! The thread that waits for signals.
//!
//! All other threads block these signals. So signals interrupt no system calls, and their handler may lock, print and
//! allocate. The `ctrlc` crate would handle SIGHUP even if it was ignored at the start, and does not handle SIGUSR1 and
//! SIGUSR2, which then kill the process.

/// What a signal asks the program to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(windows, allow(dead_code))] // only Ctrl-C exists there
pub(crate) enum Signal {
    /// To end. SIGINT, SIGTERM or SIGHUP, with its number.
    End(i32),
    /// To print statistics. SIGUSR1.
    Report,
    /// To write out buffered packets. SIGUSR2.
    Flush,
    /// To end at once, as without this thread. Only if the program has a full screen, which must be closed before.
    Kill(i32),
    /// To stop until it is continued. SIGTSTP, only if the program has a full screen.
    Stop,
    /// Nothing: the process was stopped and now continues. SIGCONT, only if the program has a full screen.
    Continue,
}

pub(crate) use system::{end_process, interrupt_call, start, stop_process};

#[cfg(unix)]
mod system {
    use std::io;
    use std::mem::MaybeUninit;
    use std::os::unix::thread::JoinHandleExt;
    use std::ptr;
    use std::sync::Once;
    use std::thread::{self, JoinHandle};

    use super::Signal;

    /// Starts a thread that calls `handler` for each signal, with `has_screen` also for SIGTSTP, SIGCONT and the signals
    /// that kill the process. Call this before the program has other threads.
    ///
    /// If SIGHUP was ignored at the start, it stays ignored, because nohup(1) relies on that. SIGINT and SIGTERM are
    /// handled even if they were ignored, as SIGINT is in a shell's background jobs. SIGXFSZ is ignored, so that a
    /// write beyond the file size limit returns an error.
    pub(crate) fn start(handler: fn(Signal), has_screen: bool) {
        set_action(libc::SIGXFSZ, libc::SIG_IGN);
        let mut numbers = vec![libc::SIGINT, libc::SIGTERM, libc::SIGUSR1, libc::SIGUSR2];
        // An ignored signal may never become pending, even if it is blocked.
        numbers.iter().for_each(|&n| set_action(n, libc::SIG_DFL));
        if !is_ignored(libc::SIGHUP) {
            numbers.push(libc::SIGHUP);
        }
        if has_screen {
            numbers.extend(killing().into_iter().filter(|&number| !is_ignored(number)));
            numbers.push(libc::SIGCONT);
            // A shell without job control ignores this signal.
            if !is_ignored(libc::SIGTSTP) {
                numbers.push(libc::SIGTSTP);
            }
        }
        let signals = SignalSet::new(&numbers);
        signals.mask(libc::SIG_BLOCK);
        let thread = thread::Builder::new().name("signals".to_owned());
        let watching = thread.spawn(move || {
            while let Ok(number) = signals.wait() {
                handler(match number {
                    libc::SIGUSR1 => Signal::Report,
                    libc::SIGUSR2 => Signal::Flush,
                    libc::SIGTSTP => Signal::Stop,
                    libc::SIGCONT => Signal::Continue,
                    libc::SIGINT | libc::SIGTERM | libc::SIGHUP => Signal::End(number),
                    number => Signal::Kill(number),
                });
            }
        });
        if watching.is_err() {
            // Without the thread, blocked signals would have no effect.
            SignalSet::new(&numbers).mask(libc::SIG_UNBLOCK);
        }
    }

    /// Returns the other signals whose default action ends the process, except those of faults: the thread that has
    /// caused a fault cannot continue. Rust ignores SIGPIPE.
    fn killing() -> Vec<i32> {
        let mut numbers = vec![
            libc::SIGQUIT,
            libc::SIGTRAP,
            libc::SIGABRT,
            libc::SIGALRM,
            libc::SIGVTALRM,
            libc::SIGPROF,
            libc::SIGXCPU,
            libc::SIGSYS,
        ];
        #[cfg(target_os = "linux")]
        {
            numbers.extend([libc::SIGIO, libc::SIGPWR]);
            #[cfg(any(target_arch = "x86_64", target_arch = "x86", target_arch = "aarch64"))]
            numbers.push(libc::SIGSTKFLT);
            numbers.extend(libc::SIGRTMIN()..=libc::SIGRTMAX());
        }
        numbers
    }

    /// Ends the process with the signal's default action.
    pub(crate) fn end_process(number: i32) -> ! {
        set_action(number, libc::SIG_DFL);
        SignalSet::new(&[number]).mask(libc::SIG_UNBLOCK);
        // SAFETY: the function takes only a number.
        unsafe { libc::raise(number) };
        std::process::exit(128 + number)
    }

    /// Stops the process until it is continued. The kernel does not stop a process that no shell could continue.
    pub(crate) fn stop_process() {
        let signals = SignalSet::new(&[libc::SIGTSTP]);
        signals.mask(libc::SIG_UNBLOCK);
        // SAFETY: the function takes only a number. The signal has its default action.
        unsafe { libc::raise(libc::SIGTSTP) };
        signals.mask(libc::SIG_BLOCK);
    }

    /// Interrupts the system call in which a thread is blocked. Misses a call that is just about to begin.
    pub(crate) fn interrupt_call(thread: &JoinHandle<()>) {
        // The programs do not use this signal for anything else.
        const NUMBER: i32 = libc::SIGURG;
        extern "C" fn nothing(_: i32) {}
        static ONCE: Once = Once::new();
        ONCE.call_once(|| {
            let mut action = MaybeUninit::<libc::sigaction>::zeroed();
            // SAFETY: `sigaction` is plain data, for which zeros are valid.
            let action = unsafe { action.assume_init_mut() };
            // The flag SA_RESTART is not set: it would restart the call.
            action.sa_sigaction = nothing as extern "C" fn(i32) as libc::sighandler_t;
            // SAFETY: the handler does nothing, so it is async-signal-safe.
            unsafe { libc::sigaction(NUMBER, action, ptr::null_mut()) };
        });
        // A number for the standard library, and with musl a pointer for libc.
        #[allow(clippy::unnecessary_cast)]
        let id = thread.as_pthread_t() as libc::pthread_t;
        // SAFETY: the thread is neither joined nor detached while its handle exists.
        unsafe { libc::pthread_kill(id, NUMBER) };
    }

    /// A set of signals.
    struct SignalSet(libc::sigset_t);

    impl SignalSet {
        fn new(numbers: &[i32]) -> SignalSet {
            let mut set = MaybeUninit::uninit();
            // SAFETY: the pointer is valid for writing a set.
            unsafe { libc::sigemptyset(set.as_mut_ptr()) };
            for &number in numbers {
                // SAFETY: `sigemptyset` has initialized the set.
                unsafe { libc::sigaddset(set.as_mut_ptr(), number) };
            }
            // SAFETY: `sigemptyset` has initialized the set.
            SignalSet(unsafe { set.assume_init() })
        }

        /// Blocks or unblocks the signals in this thread and in the threads that it starts.
        fn mask(&self, how: i32) {
            // SAFETY: the set is initialized, and the old mask may be a null pointer.
            unsafe { libc::pthread_sigmask(how, &self.0, ptr::null_mut()) };
        }

        /// Waits for one of the signals, and returns its number.
        fn wait(&self) -> io::Result<i32> {
            let mut number = 0;
            // SAFETY: the set is initialized, and the pointer is valid for writing a number.
            match unsafe { libc::sigwait(&self.0, &mut number) } {
                0 => Ok(number),
                error => Err(io::Error::from_raw_os_error(error)),
            }
        }
    }

    fn set_action(number: i32, action: libc::sighandler_t) {
        // SAFETY: neither SIG_IGN nor SIG_DFL runs code of this program.
        unsafe { libc::signal(number, action) };
    }

    fn is_ignored(number: i32) -> bool {
        let mut action = MaybeUninit::<libc::sigaction>::zeroed();
        // SAFETY: a null pointer changes no action, and the other pointer is valid for writing one.
        unsafe { libc::sigaction(number, ptr::null(), action.as_mut_ptr()) };
        // SAFETY: `sigaction` is plain data, and was zeroed in case the call failed.
        unsafe { action.assume_init() }.sa_sigaction == libc::SIG_IGN
    }
}

#[cfg(windows)]
mod system {
    use super::Signal;

    /// The exit status of a process that Ctrl-C ended (`STATUS_CONTROL_C_EXIT`).
    const CONTROL_C_EXIT: i32 = 0xC000_013A_u32 as i32;

    /// Calls `handler` for each Ctrl-C, in a separate thread.
    pub(crate) fn start(handler: fn(Signal), _: bool) {
        // If this fails, Ctrl-C ends the process.
        let _ = ctrlc::set_handler(move || handler(Signal::End(CONTROL_C_EXIT)));
    }

    /// Does nothing: there is no such signal on Windows.
    pub(crate) fn stop_process() {}

    /// Does nothing: a system call cannot be interrupted this way on Windows.
    pub(crate) fn interrupt_call(_: &std::thread::JoinHandle<()>) {}

    /// Ends the process with the status that Ctrl-C has without a handler.
    pub(crate) fn end_process(number: i32) -> ! {
        std::process::exit(number)
    }
}
