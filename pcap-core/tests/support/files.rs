//! Savefiles for tests, built byte by byte without libpcap and without this crate, so that neither is checked against
//! itself.

#![allow(dead_code)] // `pcap-core/fuzz` takes it in, too, and does not use all of it

use std::fs;
use std::io::{self, Seek, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use pcap_core::{Capture, Offline, PacketOwned, Readable, Result};

/// The magic number of microseconds.
pub(crate) const MICRO: u32 = 0xa1b2_c3d4;
/// The magic number of nanoseconds.
pub(crate) const NANO: u32 = 0xa1b2_3c4d;
/// The magic number of an old variant, with eight more bytes in each record's header.
pub(crate) const PATCHED: u32 = 0xa1b2_cd34;
/// The link type of most of the files here: Ethernet.
pub(crate) const ETHERNET: u32 = 1;

/// A byte order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    Little,
    Big,
}

impl Order {
    pub(crate) const BOTH: [Order; 2] = [Order::Little, Order::Big];

    /// The native byte order.
    pub(crate) const NATIVE: Order = if cfg!(target_endian = "big") {
        Order::Big
    } else {
        Order::Little
    };

    pub(crate) fn u16(self, number: u16) -> [u8; 2] {
        match self {
            Order::Little => number.to_le_bytes(),
            Order::Big => number.to_be_bytes(),
        }
    }

    pub(crate) fn u32(self, number: u32) -> [u8; 4] {
        match self {
            Order::Little => number.to_le_bytes(),
            Order::Big => number.to_be_bytes(),
        }
    }

    pub(crate) fn u64(self, number: u64) -> [u8; 8] {
        match self {
            Order::Little => number.to_le_bytes(),
            Order::Big => number.to_be_bytes(),
        }
    }

    /// Returns whether this is not the native byte order.
    pub(crate) fn is_swapped(self) -> bool {
        self != Order::NATIVE
    }
}

/// A classic savefile under construction.
#[derive(Clone, Debug)]
pub(crate) struct Pcap {
    pub(crate) order: Order,
    pub(crate) magic: u32,
    pub(crate) version: (u16, u16),
    pub(crate) snaplen: u32,
    pub(crate) linktype: u32,
    records: Vec<u8>,
}

impl Pcap {
    /// Returns a file of version 2.4, Ethernet, snaplen 262144.
    pub(crate) fn new(order: Order, magic: u32) -> Pcap {
        Pcap {
            order,
            magic,
            version: (2, 4),
            snaplen: 262_144,
            linktype: ETHERNET,
            records: Vec::new(),
        }
    }

    /// Returns a file in native byte order, with microseconds.
    pub(crate) fn native() -> Pcap {
        Pcap::new(Order::NATIVE, MICRO)
    }

    pub(crate) fn snaplen(mut self, snaplen: u32) -> Pcap {
        self.snaplen = snaplen;
        self
    }

    pub(crate) fn version(mut self, major: u16, minor: u16) -> Pcap {
        self.version = (major, minor);
        self
    }

    pub(crate) fn linktype(mut self, linktype: u32) -> Pcap {
        self.linktype = linktype;
        self
    }

    /// Adds a complete packet.
    pub(crate) fn packet(self, secs: u32, fraction: u32, data: &[u8]) -> Pcap {
        let length = data.len() as u32;
        self.record([secs, fraction, length, length], data)
    }

    /// Adds a record with these four numbers in its header, right or wrong, and these bytes after it.
    pub(crate) fn record(mut self, header: [u32; 4], data: &[u8]) -> Pcap {
        for number in header {
            self.records.extend(self.order.u32(number));
        }
        self.raw(data)
    }

    /// Adds raw bytes.
    pub(crate) fn raw(mut self, bytes: &[u8]) -> Pcap {
        self.records.extend(bytes);
        self
    }

    pub(crate) fn header(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        bytes.extend(self.order.u32(self.magic));
        bytes.extend(self.order.u16(self.version.0));
        bytes.extend(self.order.u16(self.version.1));
        for number in [0, 0, self.snaplen, self.linktype] {
            bytes.extend(self.order.u32(number));
        }
        bytes
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut bytes = self.header();
        bytes.extend(&self.records);
        bytes
    }
}

/// `if_tsresol`: the resolution of times, as a negative power of ten.
pub(crate) const IF_TSRESOL: u16 = 9;
/// `if_tsoffset`: seconds to add to each time.
pub(crate) const IF_TSOFFSET: u16 = 14;

/// A pcapng savefile under construction.
#[derive(Clone, Debug)]
pub(crate) struct Pcapng {
    pub(crate) order: Order,
    bytes: Vec<u8>,
}

impl Pcapng {
    /// Returns a section without an interface.
    pub(crate) fn new(order: Order) -> Pcapng {
        let bytes = Vec::new();
        Pcapng { order, bytes }.section()
    }

    pub(crate) fn section(self) -> Pcapng {
        let mut body = self.order.u32(0x1a2b_3c4d).to_vec();
        body.extend(self.order.u16(1));
        body.extend(self.order.u16(0));
        body.extend(self.order.u64(u64::MAX));
        self.block(0x0a0d_0d0a, &body)
    }

    pub(crate) fn block(mut self, kind: u32, body: &[u8]) -> Pcapng {
        let padded = body.len().next_multiple_of(4);
        let length = self.order.u32(padded as u32 + 12);
        self.bytes.extend(self.order.u32(kind));
        self.bytes.extend(length);
        self.bytes.extend(body);
        self.bytes.resize(self.bytes.len() + padded - body.len(), 0);
        self.bytes.extend(length);
        self
    }

    pub(crate) fn interface(
        self,
        linktype: u16,
        snaplen: u32,
        options: &[(u16, Vec<u8>)],
    ) -> Pcapng {
        let mut body = self.order.u16(linktype).to_vec();
        body.extend([0; 2]);
        body.extend(self.order.u32(snaplen));
        for (code, value) in options {
            body.extend(self.order.u16(*code));
            body.extend(self.order.u16(value.len() as u16));
            body.extend(value);
            body.resize(body.len().next_multiple_of(4), 0);
        }
        self.block(1, &body)
    }

    /// Adds an enhanced packet block.
    pub(crate) fn packet(self, interface: u32, ticks: u64, len: u32, data: &[u8]) -> Pcapng {
        let mut body = Vec::new();
        let numbers = [
            interface,
            (ticks >> 32) as u32,
            ticks as u32,
            data.len() as u32,
            len,
        ];
        for number in numbers {
            body.extend(self.order.u32(number));
        }
        body.extend(data);
        self.block(6, &body)
    }

    pub(crate) fn raw(mut self, bytes: &[u8]) -> Pcapng {
        self.bytes.extend(bytes);
        self
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.bytes.clone()
    }
}

/// Returns an Ethernet frame with an IPv4 packet.
pub(crate) fn ipv4(protocol: u8, from: [u8; 4], to: [u8; 4], payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0, 0x45, 0];
    frame.extend((20 + payload.len() as u16).to_be_bytes());
    frame.extend([0, 1, 0, 0, 64, protocol, 0, 0]);
    frame.extend(from);
    frame.extend(to);
    frame.extend(payload);
    frame
}

/// Returns an echo request of 98 bytes, as `ping` sends them.
pub(crate) fn ping(number: u16) -> Vec<u8> {
    let mut icmp = vec![8, 0, 0, 0, 0, 7];
    icmp.extend(number.to_be_bytes());
    icmp.extend(0..56);
    ipv4(1, [192, 0, 2, 1], [192, 0, 2, 2], &icmp)
}

/// Returns a TCP segment with these flags.
pub(crate) fn tcp(flags: u8) -> Vec<u8> {
    let mut segment = vec![0x30, 0x39, 0, 80];
    segment.extend([0, 0, 0, 1, 0, 0, 0, 2, 0x50, flags, 0x10, 0, 0, 0, 0, 0]);
    ipv4(6, [192, 0, 2, 1], [192, 0, 2, 2], &segment)
}

/// Returns a UDP datagram to port 53.
pub(crate) fn udp() -> Vec<u8> {
    let datagram = [0x30, 0x39, 0, 53, 0, 12, 0, 0, 1, 2, 3, 4];
    ipv4(17, [192, 0, 2, 1], [192, 0, 2, 2], &datagram)
}

/// Returns a savefile of this many pings, numbered from 0.
pub(crate) fn pings(count: u16) -> Vec<u8> {
    pings_in(Order::NATIVE, count)
}

pub(crate) fn pings_in(order: Order, count: u16) -> Vec<u8> {
    let file = Pcap::new(order, MICRO);
    let packet = |file: Pcap, n: u16| file.packet(1_700_000_000 + u32::from(n), n.into(), &ping(n));
    (0..count).fold(file, packet).bytes()
}

/// Returns the same as pcapng.
pub(crate) fn pings_ng(count: u16) -> Vec<u8> {
    let file = Pcapng::new(Order::NATIVE).interface(1, 0, &[]);
    let time = |n: u16| (1_700_000_000 + u64::from(n)) * 1_000_000 + u64::from(n);
    let packet = |file: Pcapng, n: u16| file.packet(0, time(n), 98, &ping(n));
    (0..count).fold(file, packet).bytes()
}

/// Opens the same pings in each way in which savefiles are read: a classic file of native byte order, one of the
/// other, a pcapng file, and through a reader. They must not differ.
pub(crate) fn ways(count: u16) -> [Capture<Offline>; 4] {
    let other = match Order::NATIVE {
        Order::Little => Order::Big,
        Order::Big => Order::Little,
    };
    [
        open_file(&pings(count)),
        open_file(&pings_in(other, count)),
        open_file(&pings_ng(count)),
        open(pings(count)),
    ]
}

/// Returns the number of a ping.
pub(crate) fn number(data: &[u8]) -> u16 {
    u16::from_be_bytes([data[40], data[41]])
}

/// Opens bytes as a savefile through a reader.
pub(crate) fn open(bytes: impl Into<Vec<u8>>) -> Capture<Offline> {
    try_open(bytes).unwrap()
}

pub(crate) fn try_open(bytes: impl Into<Vec<u8>>) -> Result<Capture<Offline>> {
    Capture::from_reader(io::Cursor::new(bytes.into()))
}

/// Opens bytes as a savefile from a file.
pub(crate) fn open_file(bytes: &[u8]) -> Capture<Offline> {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    file.rewind().unwrap();
    Capture::from_open_file(file).unwrap()
}

/// Opens the same bytes through a reader and from a file, which must not differ.
pub(crate) fn both(bytes: impl AsRef<[u8]>) -> [Capture<Offline>; 2] {
    [open(bytes.as_ref()), open_file(bytes.as_ref())]
}

/// Reads all packets until the end or the first error.
pub(crate) fn read_all<S: Readable>(capture: &mut Capture<S>) -> Result<Vec<PacketOwned>> {
    capture.packets().collect()
}

/// Returns the packets before an error, and the error.
pub(crate) fn until_error<S: Readable>(
    capture: &mut Capture<S>,
) -> (Vec<PacketOwned>, pcap_core::Error) {
    let mut packets = Vec::new();
    loop {
        match capture.next_packet() {
            Ok(Some(packet)) => packets.push(packet.into_owned()),
            Ok(None) => panic!("no error after {} packets", packets.len()),
            Err(error) => return (packets, error),
        }
    }
}

/// Creates a file with these bytes in a directory.
pub(crate) fn file(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, bytes).unwrap();
    path
}

/// Runs a program and returns its output; panics with its error if it fails.
pub(crate) fn run(command: &mut Command) -> String {
    let output = command
        .output()
        .unwrap_or_else(|e| panic!("cannot run {command:?}: {e}"));
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {error}");
    String::from_utf8(output.stdout).unwrap()
}

/// Returns the classic savefile that a tool wrote. In an emulator, tools are those of the host, whose byte order may
/// differ: then the bytes are converted to what the tool writes on a machine like the emulated one.
pub(crate) fn by_tool(mut bytes: Vec<u8>) -> Vec<u8> {
    let magic = u32::from_ne_bytes(bytes[..4].try_into().unwrap());
    if ![MICRO, NANO].contains(&magic.swap_bytes()) {
        return bytes;
    }
    for (at, length) in [(0, 4), (4, 2), (6, 2), (8, 4), (12, 4), (16, 4), (20, 4)] {
        bytes[at..at + length].reverse();
    }
    let mut at = 24;
    while at < bytes.len() {
        bytes[at..at + 16].chunks_mut(4).for_each(<[u8]>::reverse);
        let caplen = u32::from_ne_bytes(bytes[at + 8..at + 12].try_into().unwrap());
        at += 16 + caplen as usize;
    }
    bytes
}

/// Runs a test again in its own process, in which [`in_child`] is true. `PCAP_TEST_RUNNER` is the emulator with its
/// arguments, if programs need one.
pub(crate) fn child<F: FnOnce()>(test: F) -> Command {
    let program = std::env::current_exe().unwrap();
    let runner = std::env::var("PCAP_TEST_RUNNER").unwrap_or_default();
    let mut words = runner.split_whitespace();
    let mut command = match words.next() {
        Some(runner) => Command::new(runner),
        None => Command::new(&program),
    };
    if !runner.is_empty() {
        command.args(words).arg(&program);
    }
    command.args([
        test_name(&test),
        "--exact",
        "--nocapture",
        "--test-threads=1",
    ]);
    command.env("PCAP_CORE_TEST_CHILD", "1");
    command
}

/// Returns the name of a test in its test program: the path of the function without the program.
pub(crate) fn test_name<F: FnOnce()>(_test: &F) -> &'static str {
    let path = std::any::type_name::<F>();
    let (_, name) = path.split_once("::").expect("a path");
    name
}

/// Runs a test in its own process, because it changes or measures something of the whole process: returns true there,
/// and false in the parent, after it passed.
pub(crate) fn is_by_itself<F: FnOnce()>(test: F) -> bool {
    if in_child() {
        return true;
    }
    let output = child(test).output().expect("cannot run this program again");
    let [said, printed] =
        [&output.stderr, &output.stdout].map(|text| String::from_utf8_lossy(text));
    // Print what the child skipped.
    eprint!("{said}");
    assert!(
        output.status.success() && printed.contains("1 passed"),
        "{printed}"
    );
    false
}

pub(crate) fn in_child() -> bool {
    std::env::var_os("PCAP_CORE_TEST_CHILD").is_some()
}

/// Returns the file descriptor of an open file.
#[cfg(unix)]
pub(crate) fn descriptor(file: &impl std::os::fd::AsRawFd) -> usize {
    file.as_raw_fd() as usize
}

/// Returns the handle of an open file.
#[cfg(windows)]
pub(crate) fn descriptor(file: &impl std::os::windows::io::AsRawHandle) -> usize {
    file.as_raw_handle().addr()
}

/// Returns whether this is root. Prints what is skipped if it is not.
#[cfg(unix)]
pub(crate) fn root(why: &str) -> bool {
    // SAFETY: takes nothing and always succeeds.
    let root = unsafe { libc::geteuid() } == 0;
    if !root {
        let thread = std::thread::current();
        eprintln!("{}: skipped, {why}", thread.name().unwrap_or("a test"));
    }
    root
}

/// Calls a closure with other files in the place of these, which only its thread can see.
#[cfg(target_os = "linux")]
pub(crate) fn with_tables<const COUNT: usize>(
    tables: [(&'static str, String); COUNT],
    closure: impl FnOnce() + Send + 'static,
) {
    with_small_disk(move |disk| {
        for (number, (path, text)) in tables.iter().enumerate() {
            let other = file(disk, &number.to_string(), text.as_bytes());
            run(Command::new("mount").arg("--bind").arg(other).arg(path));
        }
        closure();
        for (path, _) in tables {
            run(Command::new("umount").arg("-l").arg(path));
        }
    });
}

/// Calls a closure with a file system of 1 MiB, which only its thread can see.
#[cfg(target_os = "linux")]
pub(crate) fn with_small_disk(closure: impl FnOnce(&Path) + Send + 'static) {
    fn check(what: &str, status: i32) {
        assert_eq!(status, 0, "{what}: {}", io::Error::last_os_error());
    }
    if !root("only root can mount a file system") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_owned();
    std::thread::spawn(move || {
        // SAFETY: takes a number, and only affects this thread's view of the file systems.
        check("unshare", unsafe { libc::unshare(libc::CLONE_NEWNS) });
        // So that the mount does not propagate; in a chroot it cannot.
        let _ = Command::new("mount")
            .args(["--make-rprivate", "/"])
            .output();
        let mut mount = Command::new("mount");
        run(mount
            .args(["-t", "tmpfs", "-o", "size=1m", "none"])
            .arg(&path));
        closure(&path);
        // A program that another thread is starting may still have a file open.
        run(Command::new("umount").arg("-l").arg(&path));
    })
    .join()
    .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
}
