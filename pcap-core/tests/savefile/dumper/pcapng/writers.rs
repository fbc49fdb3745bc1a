//! Files, devices and writers, and their errors.

use std::fs::{self, File};
use std::io::{self, Write};
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use pcap_core::pcapng::{Interface, InterfaceId, PcapngDumper, Record};
use pcap_core::{Capture, ErrorKind, Packet, Timestamp};

use super::ethernet;
use crate::support::files;
use crate::support::files::read_all;

fn numbered(dumper: &mut PcapngDumper, eth: InterfaceId, number: u16) -> pcap_core::Result<()> {
    let time = Timestamp::new(i64::from(number), 0);
    dumper.write(eth, Packet::whole(time, &files::ping(number)))
}

fn check_numbered(bytes: &[u8], count: u16) {
    let read = read_all(&mut files::open(bytes)).unwrap();
    let numbers = read.iter().map(|packet| files::number(packet.data()));
    assert!(numbers.eq(0..count));
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_an_error_until_it_has_room() {
    files::with_small_disk(|disk| {
        let ballast = disk.join("ballast");
        fs::write(&ballast, vec![0; 512 << 10]).unwrap();
        let path = disk.join("a.pcapng");
        let full = ErrorKind::Io(io::ErrorKind::StorageFull);
        let mut dumper = PcapngDumper::create(&path).unwrap();
        let eth = dumper.add_interface(&ethernet()).unwrap();
        let (mut refused, mut number) = (0, 0);
        while number < 6000 {
            match numbered(&mut dumper, eth, number) {
                Ok(()) => number += 1,
                Err(error) => {
                    assert_eq!(error.kind(), full, "{error}");
                    // An interface that cannot be written is not added either.
                    let huge = ethernet().with_comment("x".repeat(60_000));
                    let taken = (0..20).filter(|_| dumper.add_interface(&huge).is_ok());
                    assert!(taken.count() < 20);
                    assert_eq!(dumper.flush().unwrap_err().kind(), full);
                    fs::remove_file(&ballast).unwrap();
                    refused += 1;
                }
            }
        }
        assert_eq!(refused, 1, "the disk did not become full");
        dumper.close().unwrap();
        check_numbered(&fs::read(&path).unwrap(), 6000);
    });
}

#[test]
#[cfg(target_os = "linux")]
fn an_always_full_device_is_told() {
    let full = ErrorKind::Io(io::ErrorKind::StorageFull);
    let mut dumper = PcapngDumper::create("/dev/full").unwrap();
    let eth = dumper.add_interface(&ethernet()).unwrap();
    let written = (0..6000).filter(|n| numbered(&mut dumper, eth, *n).is_ok());
    assert!(written.count() < 3000);
    assert!(dumper.position() <= 256 * 1024);
    assert_eq!(dumper.flush().unwrap_err().kind(), full);
    let failed = dumper.into_writer::<File>().unwrap_err();
    assert_eq!(failed.kind(), full);
    let dumper: PcapngDumper = failed.take().unwrap();
    assert_eq!(dumper.close().unwrap_err().kind(), full);
}

#[test]
fn a_failing_writer_gives_the_dumper_back() {
    /// A writer that fails every other time, and otherwise accepts a few bytes.
    struct Moody(Vec<u8>, u32);
    impl Write for Moody {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.1 += 1;
            if self.1 % 2 == 0 {
                return Err(io::ErrorKind::TimedOut.into());
            }
            let length = bytes.len().min(99_999);
            self.0.extend(&bytes[..length]);
            Ok(length)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut dumper = PcapngDumper::new(Moody(Vec::new(), 0));
    let eth = dumper.add_interface(&ethernet()).unwrap();
    for number in 0..6000 {
        while numbered(&mut dumper, eth, number).is_err() {}
    }
    let mut failures = 0;
    let writer = loop {
        match dumper.into_writer::<Moody>() {
            Ok(writer) => break writer,
            Err(failed) => {
                failures += 1;
                dumper = failed.take().unwrap();
            }
        }
    };
    assert!(failures > 0);
    check_numbered(&writer.0, 6000);
}

#[test]
fn a_dropped_dumper_writes_what_it_has() {
    #[derive(Clone, Default)]
    struct Shared(Arc<Mutex<Vec<u8>>>);
    impl Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let shared = Shared::default();
    let mut dumper = PcapngDumper::new(shared.clone());
    let eth = dumper.add_interface(&ethernet()).unwrap();
    (0..10).for_each(|n| numbered(&mut dumper, eth, n).unwrap());
    drop(dumper);
    check_numbered(&shared.0.lock().unwrap(), 10);
}

#[test]
fn a_compressor_is_given_back_to_finish() {
    let gzip = GzEncoder::new(Vec::new(), Compression::fast());
    let mut dumper = PcapngDumper::new(gzip);
    let eth = dumper.add_interface(&ethernet()).unwrap();
    (0..5000).for_each(|n| numbered(&mut dumper, eth, n).unwrap());
    // For another type the dumper is returned.
    let failed = dumper.into_writer::<Vec<u8>>().unwrap_err();
    assert_eq!(failed.kind(), ErrorKind::InvalidArgument);
    let mut dumper: PcapngDumper = failed.take().unwrap();
    numbered(&mut dumper, eth, 5000).unwrap();
    let gzip: GzEncoder<Vec<u8>> = dumper.into_writer().unwrap();
    let decoder = GzDecoder::new(io::Cursor::new(gzip.finish().unwrap()));
    let read = read_all(&mut Capture::from_reader(decoder).unwrap()).unwrap();
    assert!(read.iter().map(|p| files::number(p.data())).eq(0..5001));
}

#[test]
fn an_open_file_is_written_from_where_it_stands() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    let mut file = File::create(&path).unwrap();
    file.write_all(b"before").unwrap();
    let mut dumper = PcapngDumper::from_open_file(file);
    let eth = dumper.add_interface(&ethernet()).unwrap();
    (0..10).for_each(|n| numbered(&mut dumper, eth, n).unwrap());
    dumper.into_writer::<File>().unwrap().sync_all().unwrap();
    let bytes = fs::read(&path).unwrap();
    check_numbered(bytes.strip_prefix(b"before").unwrap(), 10);
}

#[test]
fn a_dash_is_standard_output_which_stays_open() {
    if files::in_child() {
        let mut dumper = match std::env::var("TEST_OPENS").as_deref() {
            Ok("append") => PcapngDumper::append("-").unwrap(),
            Ok("section") => pcap_core::pcapng::Section::new().dump_append("-").unwrap(),
            _ => PcapngDumper::create("-").unwrap(),
        };
        let eth = dumper.add_interface(&ethernet()).unwrap();
        (0..10).for_each(|n| numbered(&mut dumper, eth, n).unwrap());
        dumper.close().unwrap();
        io::stdout().write_all(b"still open").unwrap();
        io::stdout().flush().unwrap();
        std::process::exit(0);
    }
    for opens in ["create", "append", "section"] {
        let mut child = files::child(a_dash_is_standard_output_which_stays_open);
        child.env("TEST_OPENS", opens).stderr(Stdio::piped());
        let output = child.output().unwrap();
        assert!(output.status.success(), "{opens}");
        let bytes = output.stdout.strip_suffix(b"still open").unwrap();
        // The test program's own output comes first.
        let start = bytes.windows(4).position(|b| b == b"\n\r\r\n").unwrap();
        check_numbered(&bytes[start..], 10);
    }
}

#[test]
fn all_of_it_can_move_to_another_thread() {
    fn send<T: Send>() {}
    send::<PcapngDumper>();
    send::<Interface>();
    send::<Record<'_>>();
}

#[test]
fn dumpers_have_the_name_of_their_errors() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.pcapng");
    let file = || fs::File::create(&path).unwrap();
    for (dumper, name) in [
        (PcapngDumper::create(&path).unwrap(), path.to_str().unwrap()),
        (PcapngDumper::from_open_file(file()), "the savefile"),
        (PcapngDumper::from_open_file_named(file(), "mine"), "mine"),
        (PcapngDumper::new(Vec::new()), "the writer"),
        (PcapngDumper::new_named(Vec::new(), "memory"), "memory"),
    ] {
        assert_eq!(dumper.name(), name);
    }
}
