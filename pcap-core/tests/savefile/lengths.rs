//! Savefiles that are larger than memory, of unknown length, or whose length changes while they are read: the same
//! packets and the same end as libpcap's.

use crate::support::damage;
use crate::support::files;

use std::ffi::CString;
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use crate::support::differential::agreement::agree;
use crate::support::differential::{CALLS, Plan, Theirs, Way, stream};
use crate::support::files::{MICRO, Order, Pcap, Pcapng, number, ping, pings, pings_in, pings_ng};
use pcap_core::{Capture, End, ErrorKind, Offline, Packet, Result, Stop};

const PLAIN: Plan = Plan::new(Way::File(0), 0);

/// Returns the peak memory of this process in KiB.
fn most_memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let number = line.unwrap().split_whitespace().nth(1);
    number.unwrap().parse().unwrap()
}

/// The number of packets of maximum length in 2 GiB.
const TWO_GIB: u64 = 8192;
const LONGEST: u32 = 262_144;

/// Creates a sparse file with `count` packets of zeros, in a classic byte order or as pcapng, then one with an invalid
/// time, for libpcap, and one without.
fn huge(path: &Path, count: u64, order: Option<Order>) {
    let file = File::create(path).unwrap();
    let (header, before, between) = match order {
        Some(order) => {
            let file = Pcap::new(order, MICRO);
            let long = file.clone().record([7, 8, LONGEST, LONGEST], b"");
            (file.bytes(), long.bytes(), Vec::new())
        }
        None => {
            let file = Pcapng::new(Order::NATIVE).interface(1, 0, &[]);
            let header = file.bytes();
            let whole = file.packet(0, 7_000_008, LONGEST, &vec![0; LONGEST as usize]);
            let whole = whole.bytes();
            let (data, end) = (header.len() + 28, whole.len() - 4);
            (header, whole[..data].to_vec(), whole[end..].to_vec())
        }
    };
    file.write_all_at(&header, 0).unwrap();
    let record = [&before[header.len()..], &between[..]];
    let mut at = header.len() as u64;
    let mut last = Vec::new();
    for _ in 0..count {
        // The end of the previous one and the beginning of this one, with one write.
        last.extend(record[0]);
        file.write_all_at(&last, at).unwrap();
        at += last.len() as u64 + u64::from(LONGEST);
        last = record[1].to_vec();
    }
    let odd = match order {
        Some(order) => Pcap::new(order, MICRO)
            .record([9, u32::MAX, 98, 98], &ping(1))
            .packet(9, 1, &ping(2))
            .bytes(),
        None => Pcapng::new(Order::NATIVE)
            .interface(1, 0, &[])
            .packet(0, 9_000_000, 98, &ping(1))
            .packet(0, 9_000_001, 98, &ping(2))
            .bytes(),
    };
    last.extend(&odd[header.len()..]);
    file.write_all_at(&last, at).unwrap();
}

#[test]
#[cfg_attr(emulated, ignore = "measures memory, which is the emulator's too")]
fn two_gib_are_read_in_a_few_mib_of_memory() {
    if !files::in_child() {
        let output = files::run(&mut files::child(two_gib_are_read_in_a_few_mib_of_memory));
        assert!(output.contains("read in"), "{output}");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("huge");
    let check = |mut capture: Capture<Offline>, count: u64| {
        let mut numbers = Vec::new();
        let mut packets = 0;
        let mut look = |packet: Packet<'_>| {
            packets += 1;
            match packet.caplen() {
                LONGEST => assert_eq!(packet.data()[LONGEST as usize - 1], 0),
                _ => numbers.push(number(packet.data())),
            }
        };
        for _ in 0..count / 2 {
            look(capture.next_packet().unwrap().unwrap());
        }
        capture.for_each(look).unwrap();
        assert_eq!((packets, &numbers[..]), (count + 2, &[1, 2][..]));
    };
    huge(&path, TWO_GIB, Some(Order::NATIVE));
    assert!(fs::metadata(&path).unwrap().len() > 1 << 31);
    check(Capture::from_file(&path).unwrap(), TWO_GIB);
    // For the other ways 256 MiB suffice.
    let count = TWO_GIB / 8;
    for order in [Some(Order::Little), Some(Order::Big), None] {
        huge(&path, count, order);
        check(open(&path, order == Some(Order::NATIVE)).unwrap(), count);
    }
    let memory = most_memory();
    assert!(memory < 16 << 10, "{memory} KiB");
    println!("read in {memory} KiB");
}

/// Opens a file by its path, directly or through a reader.
fn open(path: &Path, by_reader: bool) -> Result<Capture<Offline>> {
    if by_reader {
        Ok(Capture::from_reader(File::open(path).unwrap())?)
    } else {
        Capture::from_file(path)
    }
}

/// So many that the file has not been read completely when the first packet is returned.
const MANY: u16 = 20_000;
const RECORD: usize = 16 + 98;

#[test]
fn a_file_cut_or_grown_while_it_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let half = 24 + RECORD * 10_000;
    // Nothing, between two packets, in a header, in a packet's data; and longer than at first.
    let lengths = [
        half,
        half + RECORD,
        half + 7,
        half + 60,
        24 + RECORD * 19_000 + 99,
    ];
    for bytes in [
        pings(MANY),
        pings_in(Order::Big, MANY),
        pings_in(Order::Little, MANY),
    ] {
        for length in lengths {
            for (turn, first) in [bytes.len(), half, half + 30].into_iter().enumerate() {
                for by_reader in [false, true] {
                    let path = files::file(folder.path(), "a.pcap", &bytes[..first]);
                    let theirs = Theirs::open(stream(&path)).unwrap();
                    let mut ours = open(&path, by_reader).unwrap();
                    assert_eq!(theirs.next().unwrap().unwrap().3, ping(0));
                    assert_eq!(ours.next_packet().unwrap().unwrap().data(), ping(0));
                    let file = File::options().write(true).open(&path).unwrap();
                    if length > first {
                        let more = &bytes[first..length];
                        file.write_all_at(more, first as u64).unwrap();
                    }
                    file.set_len(length as u64).unwrap();

                    let mut packets = 0;
                    let error = loop {
                        match theirs.next() {
                            Ok(Some(_)) => packets += 1,
                            other => break other.err(),
                        }
                    };
                    let read = Plan::new(Way::File(0), turn * 3)
                        .read(Ok::<_, pcap_core::Error>(ours), None);
                    let what = format!("{first} to {length} bytes, by a reader: {by_reader}");
                    assert_eq!(read.packets.len(), packets, "{what}");
                    if error.is_none() && length < first && !by_reader {
                        // Where libpcap reports the end, the file has lost packets.
                        let shorter = read.error.unwrap_or_default();
                        assert!(shorter.contains("shrank"), "{what}: {shorter}");
                    } else {
                        assert_eq!(read.error, error, "{what}");
                    }
                    assert_eq!(error.is_some(), (length - 24) % RECORD != 0, "{what}");
                    assert_eq!(packets, (length - 24) / RECORD - 1, "{what}");
                }
            }
        }
    }
}

#[test]
fn a_file_that_shrinks_invents_no_packet() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = pings(MANY);
    for length in [0_usize, 3, 24, 30, 24 + RECORD, 5000, 200_000] {
        for refilled in [false, true] {
            for by_reader in [false, true] {
                let path = files::file(folder.path(), "a.pcap", &bytes);
                let mut capture = open(&path, by_reader).unwrap();
                assert!(capture.advance().unwrap());
                let file = File::options().write(true).open(&path).unwrap();
                file.set_len(length as u64).unwrap();
                if refilled {
                    // As a hole, which reads as records without bytes, or with the same bytes again.
                    file.write_all_at(&bytes, 0).unwrap();
                }
                let mut next = 1;
                let result = capture.for_each(|packet| {
                    assert_eq!(packet.data(), ping(next));
                    next += 1;
                });
                match result {
                    Ok(done) => assert_eq!(done.stop(), Stop::End(End::Eof)),
                    Err(error) => assert_eq!(error.kind(), ErrorKind::SavefileTruncated),
                }
                assert!(!refilled || next == MANY, "{next}");
            }
        }
    }
}

#[test]
fn an_end_stays_although_the_file_grows() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = pings(10);
    for by_reader in [false, true] {
        let first = 24 + 5 * RECORD;
        let path = files::file(folder.path(), "a.pcap", &bytes[..first]);
        let theirs = Theirs::open(stream(&path)).unwrap();
        let mut ours = open(&path, by_reader).unwrap();
        for _ in 0..5 {
            assert!(theirs.next().unwrap().is_some());
            assert!(ours.next_packet().unwrap().is_some());
        }
        assert_eq!(theirs.next(), Ok(None));
        assert!(ours.next_packet().unwrap().is_none());
        let mut file = File::options().append(true).open(&path).unwrap();
        file.write_all(&bytes[first..]).unwrap();
        assert!(ours.next_packet().unwrap().is_none());
        assert_eq!(theirs.next(), Ok(None));
    }
}

/// Returns valid savefiles, and damaged ones, whose results [`damage`] tests.
fn some() -> Vec<Vec<u8>> {
    let whole = [pings(300), pings_in(Order::Big, 300), pings_ng(300)];
    let mut all = vec![
        b"no savefile at all, but text".to_vec(),
        pings(0),
        Vec::new(),
    ];
    for bytes in whole {
        let length = bytes.len();
        for cut in [0, 1, 50, 110, length - 20] {
            all.push(bytes[..length - cut].to_vec());
        }
    }
    all.extend(damage::seeds());
    all
}

/// Creates a FIFO that another thread writes these bytes to, to be read once. It is a new one each time, because a
/// child process of another test may keep the ends of an old one open for a moment.
fn fifo(path: &Path, bytes: &[u8]) -> thread::JoinHandle<()> {
    let _ = fs::remove_file(path);
    let name = CString::new(path.as_os_str().as_bytes()).unwrap();
    // SAFETY: a C string.
    assert_eq!(unsafe { libc::mkfifo(name.as_ptr(), 0o600) }, 0);
    let (path, bytes) = (path.to_owned(), bytes.to_owned());
    thread::spawn(move || {
        // What is rejected is not read to its end.
        let _ = File::create(path).unwrap().write_all(&bytes);
    })
}

#[test]
fn a_fifo_is_read_as_libpcap_reads_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("fifo");
    for (turn, bytes) in some().into_iter().enumerate() {
        let writer = fifo(&path, &bytes);
        let theirs = PLAIN.libpcap_path(&path);
        writer.join().unwrap();
        let writer = fifo(&path, &bytes);
        let plan = Plan::new(Way::File(0), turn % CALLS);
        let ours = plan.read(Capture::from_file(&path), None);
        writer.join().unwrap();
        assert!(
            agree(&ours, &theirs, &bytes),
            "savefile {turn}: {ours:?}, {theirs:?}"
        );
    }
}

/// A file in /proc with these bytes, as the environment of a process: such files have a length of 0.
struct InProc(libc::pid_t);

impl InProc {
    /// Creates a file with these bytes, of which the last must be zero.
    fn new(bytes: &[u8]) -> InProc {
        let strings: Vec<CString> = bytes
            .strip_suffix(&[0])
            .unwrap()
            .split(|&byte| byte == 0)
            .map(|string| CString::new(string).unwrap())
            .collect();
        let pointers = |strings: &[CString]| -> Vec<*mut libc::c_char> {
            let all = strings.iter().map(|string| string.as_ptr().cast_mut());
            all.chain([std::ptr::null_mut()]).collect()
        };
        let arguments = [c"sleep".to_owned(), c"1000".to_owned()];
        let (arguments, environment) = (pointers(&arguments), pointers(&strings));
        let mut process = 0;
        // SAFETY: C strings, and null-terminated lists of them, that live until it returns.
        let status = unsafe {
            libc::posix_spawnp(
                &mut process,
                c"sleep".as_ptr(),
                std::ptr::null(),
                std::ptr::null(),
                arguments.as_ptr(),
                environment.as_ptr(),
            )
        };
        assert_eq!(status, 0);
        InProc(process)
    }

    fn path(&self) -> PathBuf {
        format!("/proc/{}/environ", self.0).into()
    }
}

impl Drop for InProc {
    fn drop(&mut self) {
        // SAFETY: our child, which has not been waited for yet.
        unsafe { libc::kill(self.0, libc::SIGKILL) };
        // SAFETY: our child; no status is requested.
        unsafe { libc::waitpid(self.0, std::ptr::null_mut(), 0) };
    }
}

#[test]
fn a_file_in_proc_is_read() {
    for (turn, mut bytes) in some().into_iter().enumerate() {
        bytes.push(0);
        let file = InProc::new(&bytes);
        let path = file.path();
        let data = fs::metadata(&path).unwrap();
        assert!(data.is_file() && data.len() == 0);
        // The file appears when the program is loaded, and starting it does not wait for that.
        let begun = Instant::now();
        while fs::read(&path).unwrap() != bytes {
            assert!(begun.elapsed() < Duration::from_secs(20), "savefile {turn}");
            thread::sleep(Duration::from_millis(1));
        }
        let theirs = PLAIN.libpcap_path(&path);
        for call in [turn, turn + 1, turn + 3] {
            let plan = Plan::new(Way::File(0), call % CALLS);
            let ours = plan.read(Capture::from_file(&path), None);
            assert!(
                agree(&ours, &theirs, &bytes),
                "savefile {turn}: {ours:?}, {theirs:?}"
            );
        }
    }
}
