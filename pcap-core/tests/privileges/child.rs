//! A child process, whose rights a test may drop, and the status of its threads.

use std::fs;
use std::io::{self, Read, Write};
use std::mem::MaybeUninit;
use std::os::unix::net::UnixStream;
use std::process;
use std::ptr;

/// The user `nobody` and the group `nogroup` of most systems.
pub(crate) const NOBODY: u32 = 65_534;
/// After this time, the system kills a child that hangs.
const LIMIT_IN_SECONDS: u32 = 60;

/// A process that runs a closure.
pub(crate) struct Child {
    pid: i32,
    stream: UnixStream,
}

/// The child's connection to the test.
pub(crate) struct Parent(UnixStream);

impl Parent {
    /// Lets the test look at this process, until it calls [`Child::resume`].
    pub(crate) fn pause(&mut self) {
        self.0.write_all(b"!").unwrap();
        self.0.read_exact(&mut [0]).unwrap();
    }
}

impl Child {
    /// Starts a process with only one thread. Call this while no other test of this program runs.
    pub(crate) fn start(run: impl FnOnce(&mut Parent)) -> Child {
        let (stream, other) = UnixStream::pair().unwrap();
        // SAFETY: takes no arguments. The child uses no locks that another thread may hold, and it ends here.
        let pid = unsafe { libc::fork() };
        assert!(pid >= 0, "fork: {}", io::Error::last_os_error());
        if pid > 0 {
            return Child { pid, stream };
        }
        drop(stream);
        // SAFETY: takes a number.
        unsafe { libc::alarm(LIMIT_IN_SECONDS) };
        // The test program would keep the text in memory, and a scope would wait for the other threads.
        std::panic::set_hook(Box::new(|panic| {
            let text = format!("child: {panic}\n");
            // SAFETY: the pointer is valid for this length.
            unsafe { libc::write(2, text.as_ptr().cast(), text.len()) };
            exit(1);
        }));
        run(&mut Parent(other));
        exit(0)
    }

    /// Waits until the child calls [`Parent::pause`]. Returns whether it does, instead of ending.
    pub(crate) fn is_paused(&mut self) -> bool {
        self.stream.read_exact(&mut [0]).is_ok()
    }

    pub(crate) fn resume(&mut self) {
        self.stream.write_all(b"!").unwrap();
    }

    pub(crate) fn statuses(&self) -> Vec<String> {
        statuses(self.pid)
    }

    /// Waits for the successful end.
    pub(crate) fn end(self) {
        let mut status = 0;
        // SAFETY: the pointer is valid, and the child has not been waited for.
        let pid = unsafe { libc::waitpid(self.pid, &mut status, 0) };
        assert_eq!((pid, status), (self.pid, 0), "the child's text is above");
    }
}

/// Blocks signals in this thread, and returns the set of them.
pub(crate) fn block(numbers: &[i32]) -> libc::sigset_t {
    let mut signals = MaybeUninit::uninit();
    // SAFETY: the pointer is valid for writing a set.
    unsafe { libc::sigemptyset(signals.as_mut_ptr()) };
    for &number in numbers {
        // SAFETY: the set is initialized. A number that is not a signal is an error.
        unsafe { libc::sigaddset(signals.as_mut_ptr(), number) };
    }
    // SAFETY: the set is initialized.
    let signals = unsafe { signals.assume_init() };
    // SAFETY: the set is initialized, and the old one may be a null pointer.
    unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, &signals, ptr::null_mut()) };
    signals
}

/// Ends this process without running the code that the test program runs at its end.
pub(crate) fn exit(status: i32) -> ! {
    // SAFETY: takes a number.
    unsafe { libc::_exit(status) }
}

/// Runs a closure in a child until its successful end.
pub(crate) fn run(run: impl FnOnce()) {
    Child::start(|_| run()).end();
}

/// Returns the status of each thread of a process.
pub(crate) fn statuses(pid: i32) -> Vec<String> {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    let statuses =
        threads.filter_map(|thread| fs::read_to_string(thread.unwrap().path().join("status")).ok());
    statuses.collect()
}

/// Returns the status of each thread of this process.
pub(crate) fn own_statuses() -> Vec<String> {
    statuses(process::id() as i32)
}

/// Returns a field of a status.
pub(crate) fn field(status: &str, name: &str) -> String {
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let line = line.unwrap_or_else(|| panic!("no {name} in {status}"));
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Returns all rights of a thread, as text.
pub(crate) fn rights(status: &str) -> Vec<String> {
    let names = [
        "Uid:",
        "Gid:",
        "Groups:",
        "CapInh:",
        "CapPrm:",
        "CapEff:",
        "CapAmb:",
        "NoNewPrivs:",
        "CapBnd:",
    ];
    names.map(|name| field(status, name)).to_vec()
}

/// Checks that a thread has no rights but those of a user with one group.
pub(crate) fn check_rights(status: &str, id: u32, group: u32) {
    let four = |id: u32| vec![id.to_string(); 4].join(" ");
    let none = "0000000000000000";
    let group_list = group.to_string();
    let expected = [
        &four(id),
        &four(group),
        &group_list,
        none,
        none,
        none,
        none,
        "1",
        none,
    ];
    assert_eq!(rights(status), expected);
}
