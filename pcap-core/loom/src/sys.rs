//! Models of libpcap and of the operating system, in place of `pcap_core::sys`.

pub(crate) mod sync;

use loom::cell::UnsafeCell;
use loom::sync::atomic::{AtomicBool, Ordering};

#[allow(dead_code)] // the models wait only for breaks
pub(crate) enum Until {
    Readable,
    Writable,
}

#[allow(dead_code)]
pub(crate) struct Ready {
    pub(crate) wake: bool,
    pub(crate) descriptor: bool,
}

/// The break flag of a `pcap_t`, and whether it is open. Loom reports a use that is not ordered before the closing.
#[allow(non_camel_case_types)]
pub(crate) struct pcap_t {
    break_loop: AtomicBool,
    open: UnsafeCell<bool>,
}

impl pcap_t {
    pub(crate) fn new() -> pcap_t {
        pcap_t {
            break_loop: AtomicBool::new(false),
            open: UnsafeCell::new(true),
        }
    }

    pub(crate) fn is_broken(&self) -> bool {
        self.break_loop.load(Ordering::Relaxed)
    }

    /// Ends a call inside libpcap if it was broken, and returns whether it was.
    pub(crate) fn end_call(&self) -> bool {
        // As libpcap does: no exchange.
        let is_broken = self.break_loop.load(Ordering::Relaxed);
        if is_broken {
            self.break_loop.store(false, Ordering::Relaxed);
        }
        is_broken
    }

    pub(crate) fn close(&self) {
        // SAFETY: loom reports accesses of other threads.
        self.open.with_mut(|open| unsafe { *open = false });
    }
}

/// # Safety
///
/// The memory of the `pcap_t` is valid.
pub(crate) unsafe fn pcap_breakloop(pcap: *mut pcap_t) {
    // SAFETY: the caller promises it.
    let pcap = unsafe { &*pcap };
    // SAFETY: loom reports accesses of other threads.
    let open = pcap.open.with(|open| unsafe { *open });
    assert!(open, "pcap_breakloop after pcap_close");
    pcap.break_loop.store(true, Ordering::Relaxed);
}

pub(crate) mod platform {
    use std::io;
    use std::sync::Arc as Shared;
    use std::time::Duration;

    use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
    use loom::sync::{Condvar, Mutex};

    use super::{Ready, Until};

    pub(crate) type RawFd = i32;

    pub(crate) fn keep_errno(f: impl FnOnce()) {
        f();
    }

    /// A pair of sockets: readable after a byte was written, until it is read.
    pub(crate) struct Wake {
        readable: Mutex<bool>,
        changed: Condvar,
    }

    impl Wake {
        pub(crate) fn new() -> io::Result<Wake> {
            Ok(Wake {
                readable: Mutex::new(false),
                changed: Condvar::new(),
            })
        }

        pub(crate) fn wake(&self) {
            *self.readable.lock().unwrap() = true;
            self.changed.notify_all();
        }

        pub(crate) fn drain(&self) {
            *self.readable.lock().unwrap() = false;
        }
    }

    /// Waits without a limit. If nothing wakes the thread, loom reports a deadlock.
    pub(crate) fn wait(
        wake: Option<&Wake>,
        _descriptor: Option<(RawFd, Until)>,
        _timeout: Option<Duration>,
    ) -> io::Result<Ready> {
        let wake = wake.expect("something to wait for");
        let mut readable = wake.readable.lock().unwrap();
        while !*readable {
            readable = wake.changed.wait(readable).unwrap();
        }
        Ok(Ready {
            wake: true,
            descriptor: false,
        })
    }

    /// An open socket, which several descriptors may refer to.
    pub(crate) struct Socket {
        descriptors: AtomicUsize,
        muted: AtomicBool,
    }

    impl Socket {
        pub(crate) fn is_open(&self) -> bool {
            self.descriptors.load(Ordering::SeqCst) > 0
        }

        pub(crate) fn is_muted(&self) -> bool {
            self.muted.load(Ordering::SeqCst)
        }
    }

    /// A descriptor, which is closed when it is dropped.
    pub(crate) struct OwnedFd(Shared<Socket>);

    impl OwnedFd {
        pub(crate) fn open() -> (OwnedFd, Shared<Socket>) {
            let socket = Shared::new(Socket {
                descriptors: AtomicUsize::new(1),
                muted: AtomicBool::new(false),
            });
            (OwnedFd(Shared::clone(&socket)), socket)
        }
    }

    impl std::fmt::Debug for OwnedFd {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.debug_struct("OwnedFd").finish_non_exhaustive()
        }
    }

    impl Drop for OwnedFd {
        fn drop(&mut self) {
            self.0.descriptors.fetch_sub(1, Ordering::SeqCst);
        }
    }

    pub(crate) struct BorrowedFd<'a>(&'a OwnedFd);

    impl BorrowedFd<'_> {
        pub(crate) fn try_clone_to_owned(&self) -> io::Result<OwnedFd> {
            self.0.0.descriptors.fetch_add(1, Ordering::SeqCst);
            Ok(OwnedFd(Shared::clone(&self.0.0)))
        }

        pub(super) fn mute(&self) {
            self.0.0.muted.store(true, Ordering::SeqCst);
        }
    }

    pub(crate) fn borrow_owned(fd: &OwnedFd) -> BorrowedFd<'_> {
        BorrowedFd(fd)
    }
}

pub(crate) mod linux {
    pub(crate) mod packet_socket {
        use crate::sys::platform::BorrowedFd;

        /// Makes a socket receive no packets.
        pub(crate) fn mute(socket: BorrowedFd<'_>) {
            socket.mute();
        }
    }
}
