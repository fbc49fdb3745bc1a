//! Deliberate races, which show that `ci/races` finds them, and where; and correct code, which it must not report.
//!
//! The races are undefined behavior, so only `ci/races` builds them, and runs them one by one.

use std::ffi::CStr;
use std::fs::File;
use std::io::Write;
use std::os::fd::{AsRawFd, FromRawFd};
use std::sync::{Barrier, Condvar, Mutex, OnceLock, mpsc};
use std::thread;
use std::time::Duration;

/// Shares a value with other threads without synchronization.
struct Shared<T>(*mut T);

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Shared<T> {}

// SAFETY: unsound on purpose, for these tests.
unsafe impl<T> Send for Shared<T> {}
// SAFETY: as above.
unsafe impl<T> Sync for Shared<T> {}

impl<T> Shared<T> {
    fn pointer(self) -> *mut T {
        self.0
    }
}

/// Runs both closures on threads, one a while after the other, without synchronization that the sanitizer sees. Both
/// threads exist all the time: otherwise the second could reuse the first one's state.
fn without_order(first: impl FnOnce() + Send, second: impl FnOnce() + Send) {
    const WHILE: Duration = Duration::from_millis(200);
    thread::scope(|scope| {
        scope.spawn(|| {
            first();
            thread::sleep(2 * WHILE);
        });
        scope.spawn(|| {
            thread::sleep(WHILE);
            second();
        });
    });
}

#[test]
#[ignore = "for ci/races alone, which wants it reported"]
fn a_race_in_rust() {
    let mut number = 0_u64;
    let shared = Shared(&raw mut number);
    let add = move || {
        // SAFETY: valid, but not synchronized with the other thread.
        unsafe { *shared.pointer() += 1 };
    };
    without_order(add, add);
    assert_eq!(number, 2);
}

/// A race only in the standard library's code: it searches for the zero.
#[test]
#[ignore = "for ci/races alone, which wants it reported"]
fn a_race_inside_the_standard_library() {
    let mut text =
        *b"a text that ends far behind its beginning, so that it takes words at a time\0";
    let shared = Shared(&raw mut text);
    let write = move || {
        // SAFETY: valid, but not synchronized with the other thread.
        unsafe { (*shared.pointer())[40] = b'-' };
    };
    let read = move || {
        // SAFETY: as above.
        let bytes = unsafe { &*shared.pointer() };
        assert!(CStr::from_bytes_until_nul(bytes).is_ok());
    };
    without_order(write, read);
}

fn created() -> *mut pcap_sys::pcap_t {
    let mut errbuf = [0; pcap_sys::PCAP_ERRBUF_SIZE as usize];
    // SAFETY: both pointers are valid.
    let pcap = unsafe { pcap_sys::pcap_create(c"lo".as_ptr(), errbuf.as_mut_ptr()) };
    assert!(!pcap.is_null());
    pcap
}

#[test]
#[ignore = "for ci/races alone, which wants it reported"]
fn a_race_inside_libpcap() {
    let pcap = created();
    let shared = Shared(pcap);
    let set = move || {
        // SAFETY: open, but not synchronized with the other thread.
        let status = unsafe { pcap_sys::pcap_set_snaplen(shared.pointer(), 1000) };
        assert_eq!(status, 0);
    };
    without_order(set, set);
    // SAFETY: not used afterwards.
    unsafe { pcap_sys::pcap_close(pcap) };
}

/// What a break handle must never do.
#[test]
#[ignore = "for ci/races alone, which wants it reported"]
fn a_close_beside_a_use() {
    let shared = Shared(created());
    // SAFETY: open, but not synchronized with the other thread.
    let stop = move || unsafe { pcap_sys::pcap_breakloop(shared.pointer()) };
    // SAFETY: as above.
    let close = move || unsafe { pcap_sys::pcap_close(shared.pointer()) };
    without_order(stop, close);
}

#[test]
#[ignore = "for ci/races alone, which wants it reported"]
fn a_descriptor_closed_beside_a_write() {
    let mut file = tempfile::tempfile().unwrap();
    let number = file.as_raw_fd();
    without_order(
        move || {
            file.write_all(b"text").unwrap();
            std::mem::forget(file);
        },
        // SAFETY: open and closed by nobody else, but it may be in use.
        move || drop(unsafe { File::from_raw_fd(number) }),
    );
}

/// The standard library's synchronization is recognized: if its code is not instrumented, some of these are reported
/// as races.
#[test]
#[ignore = "for ci/races alone"]
fn what_is_right() {
    let mut number = 0_u64;
    let shared = Shared(&raw mut number);
    // SAFETY: each caller below is synchronized.
    let add = move || unsafe { *shared.pointer() += 1 };

    let lock = Mutex::new(());
    without_order(
        || drop(lock.lock().map(|_| add())),
        || drop(lock.lock().map(|_| add())),
    );

    let (sender, receiver) = mpsc::channel();
    thread::scope(|scope| {
        scope.spawn(move || {
            add();
            sender.send(()).unwrap();
        });
        receiver.recv().unwrap();
        add();
    });

    let both = Barrier::new(2);
    thread::scope(|scope| {
        scope.spawn(|| {
            add();
            both.wait();
        });
        both.wait();
        add();
    });

    let (turn, turned) = (Mutex::new(false), Condvar::new());
    thread::scope(|scope| {
        scope.spawn(|| {
            add();
            *turn.lock().unwrap() = true;
            turned.notify_all();
        });
        let mut mine = turn.lock().unwrap();
        while !*mine {
            mine = turned.wait(mine).unwrap();
        }
        add();
    });

    let once = OnceLock::new();
    let init = || {
        once.get_or_init(add);
    };
    without_order(init, init);

    assert_eq!(number, 9);
}
