//! A private network for a test.

#![allow(dead_code)] // benches take it in, too, and none uses all of it

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::marker::PhantomData;
use std::os::fd::AsRawFd;
use std::process::Command;
use std::time::{Duration, Instant};

/// A private network namespace for the thread that makes it, until it is dropped.
///
/// Only this thread, the threads it starts afterwards and the programs it runs are in it. It starts
/// with `lo`, up, and nothing else: no packets but those of the test, because IPv6 is off for every
/// interface made in it (see [`ipv6`](Netns::ipv6)).
///
/// ```ignore
/// let Some(net) = Netns::new() else { return };
/// net.veth("left", "right");
/// net.ip(["addr", "add", "10.0.0.1/24", "dev", "left"]);
/// ```
#[derive(Debug)]
pub(crate) struct Netns {
    /// The previous namespace of the thread.
    before: File,
    /// A namespace belongs to a thread, so this is not `Send`.
    thread: PhantomData<*const ()>,
}

impl Netns {
    /// Moves this thread into a new network namespace. Without root it prints that the test is skipped, and returns
    /// `None`; as root it panics on failure.
    pub(crate) fn new() -> Option<Netns> {
        // SAFETY: takes nothing and always succeeds.
        if unsafe { libc::geteuid() } != 0 {
            let test = std::thread::current().name().unwrap_or("a test").to_owned();
            eprintln!("{test}: skipped, only root can make a network namespace");
            return None;
        }
        let before = File::open("/proc/thread-self/ns/net").expect("the namespace of this thread");
        // SAFETY: takes a number, and changes only this thread's network.
        let status = unsafe { libc::unshare(libc::CLONE_NEWNET) };
        let error = io::Error::last_os_error();
        assert_eq!(status, 0, "cannot make a network namespace: {error}");
        let netns = Netns {
            before,
            thread: PhantomData,
        };
        netns.ip(["link", "set", "lo", "up"]);
        for which in ["all", "default"] {
            netns.sysctl(&format!("net/ipv6/conf/{which}/disable_ipv6"), "1");
        }
        Some(netns)
    }

    /// Creates a veth pair, both ends up and running, without addresses, ARP and IPv6: what is sent into one end comes
    /// out of the other, and nothing else.
    pub(crate) fn veth<N: AsRef<OsStr> + ?Sized, M: AsRef<OsStr> + ?Sized>(&self, a: &N, b: &M) {
        let [a, b] = [a.as_ref(), b.as_ref()];
        let words = |text: &'static str| text.split(' ').map(OsStr::new);
        let add = words("link add").chain([a]);
        self.ip(add.chain(words("type veth peer name")).chain([b]));
        for name in [a, b] {
            let set = words("link set").chain([name]);
            self.ip(set.chain(words("arp off up")));
        }
        // The kernel reports shortly afterwards that they run.
        wait_until("both ends run", || {
            [a, b].into_iter().all(|name| {
                let show = words("-o link show dev").chain([name]);
                self.ip(show).contains(" state UP ")
            })
        });
    }

    /// Runs `ip` with these arguments in the namespace, and returns its output; panics with its error if it fails.
    pub(crate) fn ip<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> String {
        let mut ip = Command::new("ip");
        ip.args(arguments);
        let output = ip
            .output()
            .unwrap_or_else(|e| panic!("cannot run {ip:?}, of the package iproute2: {e}"));
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{ip:?}: {error}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Returns the number of packets that a device has dropped instead of sending, as counted by the kernel.
    pub(crate) fn tx_dropped(device: &str) -> u64 {
        device_counter(device, 11)
    }

    /// Returns the number of packets that were dropped before a device received them, as counted by the kernel.
    ///
    /// What a veth or `lo` sends goes through the CPU's queue of received packets (`net.core.netdev_max_backlog`),
    /// which all namespaces share: a flood in one drops packets of another.
    pub(crate) fn rx_dropped(device: &str) -> u64 {
        device_counter(device, 3)
    }

    /// Sets a value under `/proc/sys`.
    pub(crate) fn sysctl(&self, name: &str, value: &str) {
        let path = format!("/proc/sys/{name}");
        fs::write(&path, value).unwrap_or_else(|e| panic!("cannot write {value} to {path}: {e}"));
    }

    /// Enables IPv6 on one interface: it gets a link-local address at once, and the kernel sends its own packets.
    pub(crate) fn ipv6(&self, interface: &str) {
        let conf = format!("net/ipv6/conf/{interface}");
        // Without duplicate address detection.
        self.sysctl(&format!("{conf}/accept_dad"), "0");
        self.sysctl(&format!("{conf}/disable_ipv6"), "0");
    }
}

/// Returns a number of `/proc/net/dev`: eight for received packets (bytes, packets, errors, drops…), eight for sent
/// ones.
fn device_counter(device: &str, column: usize) -> u64 {
    let table = fs::read_to_string("/proc/thread-self/net/dev").expect("the devices");
    let numbers = table.lines().find_map(|line| {
        let (name, numbers) = line.split_once(':')?;
        (name.trim() == device).then_some(numbers)
    });
    let numbers = numbers.unwrap_or_else(|| panic!("no device {device}"));
    let number = numbers.split_whitespace().nth(column).unwrap();
    number.parse().unwrap()
}

impl Drop for Netns {
    fn drop(&mut self) {
        // SAFETY: the descriptor is an open network namespace; this only affects this thread.
        let status = unsafe { libc::setns(self.before.as_raw_fd(), libc::CLONE_NEWNET) };
        // A panic here would hide the test's own.
        if status != 0 && !std::thread::panicking() {
            panic!("cannot go back: {}", io::Error::last_os_error());
        }
    }
}

/// Waits for a condition, and panics after ten seconds.
pub(crate) fn wait_until(what: &str, mut there: impl FnMut() -> bool) {
    let start = Instant::now();
    while !there() {
        assert!(
            start.elapsed() < Duration::from_secs(10),
            "waited in vain: {what}"
        );
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Gives this thread, and threads that it starts, a private table of descriptors: initially only standard input,
/// output and error.
///
/// No other test opens or closes one of them, and child processes of others hold no copies. ThreadSanitizer cannot
/// follow this, so `ci/races` runs tests that call this in processes of their own.
pub(crate) fn own_descriptors() {
    // SAFETY: takes a number, and only affects this thread's table of descriptors.
    let status = unsafe { libc::unshare(libc::CLONE_FILES) };
    assert_eq!(status, 0, "unshare: {}", io::Error::last_os_error());
    let names = fs::read_dir("/proc/thread-self/fd").expect("the descriptors of this thread");
    let numbers = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    for number in numbers
        .map(|name| name.parse::<i32>().unwrap())
        .collect::<Vec<_>>()
    {
        if number > 2 {
            // SAFETY: closes a copy; this thread uses no other descriptor yet.
            unsafe { libc::close(number) };
        }
    }
}

/// Returns the number of this thread's open descriptors, plus one for the count itself.
pub(crate) fn descriptors() -> usize {
    fs::read_dir("/proc/thread-self/fd")
        .expect("the descriptors of this thread")
        .count()
}

/// Permanently drops all capabilities of this thread.
pub(crate) fn drop_rights() {
    #[repr(C)]
    struct Header {
        version: u32,
        pid: libc::c_int,
    }
    let header = Header {
        version: 0x2008_0522, // _LINUX_CAPABILITY_VERSION_3
        pid: 0,
    };
    let none = [0_u32; 6];
    // SAFETY: the structures are those of capset(2), and the kernel only reads them.
    let status = unsafe { libc::syscall(libc::SYS_capset, &header, none.as_ptr()) };
    assert_eq!(status, 0, "capset: {}", io::Error::last_os_error());
}
