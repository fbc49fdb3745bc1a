//! No descriptor is leaked, however opening ends. One test in its own process, because other tests open files
//! meanwhile.

use crate::support::{alone, descriptors, files};

use std::fs::{self, File};
use std::io;
use std::path::Path;

use crate::support::files::{Order, Pcap, Pcapng, pings, pings_in};
use pcap_core::{Capture, Dlt, Dumper, Precision};

/// The number of repetitions.
struct Times(usize);

impl Times {
    /// Repeats an operation, and checks that afterwards no more descriptors are open than before.
    fn each(&self, what: &str, mut open: impl FnMut()) {
        open();
        let before = descriptors();
        for _ in 0..self.0 {
            open();
        }
        assert_eq!(descriptors(), before, "{what}");
    }
}

/// Returns the resident memory of this process in KiB.
fn memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

fn reading(times: &Times, folder: &Path) {
    let header = Pcap::native().bytes();
    let ng = Pcapng::new(Order::NATIVE).interface(1, 0, &[]).bytes();
    let bad: [(&str, Vec<u8>); 10] = [
        ("empty", Vec::new()),
        ("three bytes", header[..3].to_vec()),
        ("unknown", vec![0xab, 0xad, 0x1d, 0xea]),
        ("cut header", header[..23].to_vec()),
        ("old version", Pcap::native().version(1, 2).bytes()),
        ("new version", Pcap::native().version(2, 5).bytes()),
        ("pcapng cut in its first block", ng[..20].to_vec()),
        ("pcapng cut in its second", ng[..ng.len() - 3].to_vec()),
        (
            "pcapng without an interface",
            Pcapng::new(Order::Big).bytes(),
        ),
        (
            "pcapng with a packet first",
            Pcapng::new(Order::Little).packet(0, 1, 1, b"x").bytes(),
        ),
    ];
    for (what, bytes) in &bad {
        let path = files::file(folder, "bad", bytes);
        times.each(what, || assert!(Capture::from_file(&path).is_err()));
        times.each(what, || {
            let file = File::open(&path).unwrap();
            assert!(Capture::from_open_file(file).is_err());
        });
        // As with a pipe: the reader owns the descriptor.
        times.each(what, || {
            let file = File::open(&path).unwrap();
            assert!(Capture::from_reader(file).is_err());
        });
    }
    let missing = folder.join("missing");
    times.each("missing", || assert!(Capture::from_file(&missing).is_err()));
    times.each("a folder", || assert!(Capture::from_file(folder).is_err()));
    let write_only = folder.join("write only");
    times.each("write only", || {
        let file = File::create(&write_only).unwrap();
        assert!(Capture::from_open_file(file).is_err());
    });
    times.each("a panicking reader", || {
        struct Panics(#[allow(dead_code)] File);
        impl io::Read for Panics {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                std::panic::resume_unwind(Box::new("on purpose"))
            }
        }
        let file = File::open("/dev/null").unwrap();
        assert!(std::panic::catch_unwind(|| Capture::from_reader(Panics(file))).is_err());
    });

    // Opened, read in part, to the end, to an error, with a filter; then closed.
    let mut cut = pings(3);
    cut.pop();
    for bytes in [pings(3), pings_in(Order::Big, 3), files::pings_ng(3), cut] {
        let path = files::file(folder, "good", &bytes);
        for packets in [0, 1, 10] {
            times.each("good", || {
                let mut capture = Capture::from_file(&path).unwrap();
                capture.set_filter("icmp").unwrap();
                assert!(capture.packets().take(packets).count() <= 3);
            });
        }
        times.each("copied", || {
            let handle = {
                let capture = Capture::from_file(&path).unwrap();
                capture.break_handle()
            };
            handle.breakloop();
        });
    }
}

fn dumping(times: &Times, folder: &Path) {
    let dead = Capture::dead(Dlt::EN10MB).unwrap();
    let unwritable = Capture::dead(Dlt::new(65_536)).unwrap();
    let path = folder.join("new");
    let nowhere = folder.join("no folder").join("a.pcap");
    times.each("dump", || dead.dump(&path).unwrap().close().unwrap());
    times.each("dump dropped", || drop(dead.dump(&path).unwrap()));
    times.each("append", || {
        dead.dump_append(&path).unwrap().close().unwrap()
    });
    times.each("dump nowhere", || assert!(dead.dump(&nowhere).is_err()));
    times.each("append nowhere", || {
        assert!(dead.dump_append(&nowhere).is_err())
    });
    times.each("dump to a folder", || assert!(dead.dump(folder).is_err()));
    times.each("append to a folder", || {
        assert!(dead.dump_append(folder).is_err())
    });
    times.each("link type", || {
        assert!(unwritable.dump(&path).is_err());
        assert!(unwritable.dump_append(&path).is_err());
        assert!(unwritable.dump_to(io::sink()).is_err());
    });
    let micro = Capture::dead_with(Dlt::EN10MB, 0, Precision::Micro).unwrap();
    times.each("another precision", || {
        assert!(micro.dump_append(&path).is_err())
    });
    let cut = files::file(folder, "cut", &pings(1)[..50]);
    times.each("a cut record", || assert!(micro.dump_append(&cut).is_err()));
    times.each("a full disk", || {
        let mut dumper = dead.dump("/dev/full").unwrap();
        assert!(dumper.flush().is_err());
        assert!(dumper.close().is_err());
    });
    // As standard output: a duplicate descriptor, which is closed again.
    times.each("a writer", || {
        let file = File::create(&path).unwrap();
        dead.dump_to(file).unwrap().close().unwrap();
    });
    times.each("an open file", || {
        let file = File::create(&path).unwrap();
        dead.dump_open_file(file).unwrap().close().unwrap();
        let file = File::create(&path).unwrap();
        drop(dead.dump_open_file(file).unwrap());
    });
    times.each("an object given back", || {
        let file = File::create(&path).unwrap();
        let file: File = unwritable.dump_to(file).unwrap_err().take().unwrap();
        let error = unwritable.dump_open_file(file).unwrap_err();
        let file: File = error.take().unwrap();
        let dumper = dead.dump_to(file).unwrap();
        let error = dumper.into_writer::<Vec<u8>>().unwrap_err();
        let dumper: Dumper = error.take().unwrap();
        let file: File = dumper.into_writer().unwrap();
        let dumper = dead.dump_open_file(file).unwrap();
        let error = dumper.into_writer::<Vec<u8>>().unwrap_err();
        let dumper: Dumper = error.take().unwrap();
        drop(dumper.into_writer::<File>().unwrap());
    });
    times.each("an error that is dropped with its object", || {
        let file = || File::create(&path).unwrap();
        assert!(unwritable.dump_to(file()).is_err());
        assert!(unwritable.dump_open_file(file()).is_err());
        let full = File::options().write(true).open("/dev/full").unwrap();
        let dumper = dead.dump_open_file(full).unwrap();
        assert!(dumper.into_writer::<File>().is_err());
    });
}

/// libpcap owns a `FILE` only once the savefile is open; after a failure the caller still owns it. A failed opening
/// must neither leak a descriptor or `FILE` nor close it twice.
// Shows: libpcap/dumpfopen-leaves-file-open, libpcap/descriptor-file-leaked-failed
// Shows: parity/descriptor-file-leaked-failed
#[test]
#[cfg_attr(emulated, ignore = "measures memory, which is the emulator's too")]
fn no_opening_loses_a_descriptor() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    reading(&Times(1000), folder.path());
    dumping(&Times(1000), folder.path());
    // Nor memory: each opening allocates more than a quarter of a megabyte.
    let before = memory();
    reading(&Times(100), folder.path());
    dumping(&Times(100), folder.path());
    let grown = memory().saturating_sub(before);
    assert!(grown < 15_000, "{grown} KiB");
    // Check that the counter works.
    let before = descriptors();
    let _capture = Capture::from_file(files::file(folder.path(), "a", &pings(1))).unwrap();
    assert!(descriptors() > before);
}
