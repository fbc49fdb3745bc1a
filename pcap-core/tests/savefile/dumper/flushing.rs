//! When a dumper writes its packets: the header at once, packets within a bound if there is one.

use crate::support::files;
use crate::support::keep as lose;

use std::fs::{self, File};
#[cfg(unix)]
use std::io::Read;
use std::io::{self, BufWriter, Write};
#[cfg(unix)]
use std::os::{fd::OwnedFd, unix::net::UnixStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread::sleep;
use std::time::Duration;

use crate::support::files::{ping, pings};
use pcap_core::{Capture, Dead, Dlt, Dumper, ErrorKind, Packet, Precision, Timestamp};

const SHORT: Duration = Duration::from_millis(1);
/// Longer than `SHORT` by any clock.
const PAUSE: Duration = Duration::from_millis(60);
const NEVER: Duration = Duration::from_secs(3600);

fn dead() -> Capture<Dead> {
    Capture::dead_with(Dlt::EN10MB, 0, Precision::Micro).unwrap()
}

/// Writes a ping as in [`pings`].
fn write(dumper: &mut Dumper, number: u16) -> pcap_core::Result<()> {
    let time = Timestamp::from_micros(1_700_000_000 + i64::from(number), number.into());
    dumper.write(Packet::whole(time, &ping(number)))
}

/// A writer whose bytes a test can see, and which fails while an error is set.
#[derive(Clone, Default)]
struct Writer(Arc<Mutex<(Vec<u8>, Option<io::ErrorKind>)>>);

impl Writer {
    fn bytes(&self) -> Vec<u8> {
        self.0.lock().unwrap().0.clone()
    }

    fn fails(&self, kind: Option<io::ErrorKind>) {
        self.0.lock().unwrap().1 = kind;
    }
}

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let (taken, failure) = &mut *self.0.lock().unwrap();
        match failure {
            Some(kind) => Err((*kind).into()),
            None => taken.write(bytes),
        }
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn is_empty_savefile(path: &Path) {
    assert!(
        Capture::from_file(path)
            .unwrap()
            .next_packet()
            .unwrap()
            .is_none()
    );
}

// Shows: libpcap/savefile-empty-without-header
#[test]
fn the_header_is_there_from_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.pcap");
    let check = |what: &str| {
        assert_eq!(fs::read(&path).unwrap(), pings(0), "{what}");
        is_empty_savefile(&path);
        fs::remove_file(&path).unwrap();
    };
    lose(dead().dump(&path).unwrap());
    check("a path");
    lose(dead().dump_append(&path).unwrap());
    check("a new file to append to");
    File::create(&path).unwrap();
    lose(dead().dump_append(&path).unwrap());
    check("an empty file to append to");
    lose(dead().dump_open_file(File::create(&path).unwrap()).unwrap());
    check("an open file");
    lose(dead().dump_to(File::create(&path).unwrap()).unwrap());
    check("a writer");
    lose(
        dead()
            .dump_to(BufWriter::new(File::create(&path).unwrap()))
            .unwrap(),
    );
    check("a writer with a buffer");
    let boxed: Box<dyn Write + Send> = Box::new(File::create(&path).unwrap());
    lose(dead().dump_to(boxed).unwrap());
    check("a boxed writer");

    // Nothing is appended to what is there already.
    fs::write(&path, pings(2)).unwrap();
    lose(dead().dump_append(&path).unwrap());
    assert_eq!(fs::read(&path).unwrap(), pings(2));
    // It is written at the file's position.
    let mut file = File::create(&path).unwrap();
    file.write_all(b"before").unwrap();
    lose(dead().dump_open_file(file).unwrap());
    assert_eq!(
        fs::read(&path).unwrap(),
        [&b"before"[..], &pings(0)].concat()
    );
}

#[test]
fn headers_of_pcapng_are_there_from_the_start() {
    use pcap_core::pcapng::{Interface, PcapngDumper, Section};
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.pcapng");
    let file = || File::create(&path).unwrap();
    let section = Section::new().with_application("it");
    let interface = Interface::new(pcap_core::Linktype::ETHERNET);
    let makers: [&dyn Fn() -> PcapngDumper; 4] = [
        &|| section.dump(&path).unwrap(),
        &|| section.dump_open_file(file()).unwrap(),
        &|| section.dump_to(file()).unwrap(),
        &|| section.dump_to(BufWriter::new(file())).unwrap(),
    ];
    for make in makers {
        let mut dumper = make();
        let length = dumper.position();
        assert_eq!(fs::metadata(&path).unwrap().len(), length);
        let id = dumper.add_interface(&interface).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().len(), dumper.position());
        assert!(dumper.position() > length);
        is_empty_savefile(&path);
        // A later flush includes what was written before.
        dumper
            .write(id, Packet::whole(Timestamp::now(), b"abc"))
            .unwrap();
        dumper.add_interface(&interface).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().len(), dumper.position());
        lose(dumper);
        assert_eq!(Capture::from_file(&path).unwrap().packets().count(), 1);
    }
}

#[test]
fn a_refused_header_waits_with_the_packets() {
    for kind in [io::ErrorKind::WouldBlock, io::ErrorKind::TimedOut] {
        let writer = Writer::default();
        writer.fails(Some(kind));
        let mut dumper = dead().dump_to(writer.clone()).unwrap();
        write(&mut dumper, 0).unwrap();
        assert_eq!(dumper.flush().unwrap_err().kind(), ErrorKind::Io(kind));
        assert_eq!(dumper.position(), pings(1).len() as u64);
        writer.fails(None);
        write(&mut dumper, 1).unwrap();
        dumper.close().unwrap();
        assert_eq!(writer.bytes(), pings(2));
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_device_is_an_error_within_the_bound() {
    let full = ErrorKind::Io(io::ErrorKind::StorageFull);
    let mut dumper = dead().dump("/dev/full").unwrap();
    dumper.flush_within(SHORT);
    sleep(PAUSE);
    assert_eq!(dumper.flush_if_due().unwrap_err().kind(), full);
    assert_eq!(write(&mut dumper, 0).unwrap_err().kind(), full);
    assert_eq!(dumper.close().unwrap_err().kind(), full);
}

/// Returns a non-blocking connection without room, and its other end.
#[cfg(unix)]
fn full() -> (UnixStream, File) {
    let (reader, writer) = UnixStream::pair().unwrap();
    writer.set_nonblocking(true).unwrap();
    let mut writer = File::from(OwnedFd::from(writer));
    for length in [4096, 1] {
        while writer.write(&vec![b'x'; length]).is_ok() {}
    }
    (reader, writer)
}

/// Reads the filling, then a complete savefile.
#[cfg(unix)]
fn drain(mut reader: UnixStream, mut dumper: Dumper, packets: u16) {
    let reading = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        reader.read_to_end(&mut bytes).unwrap();
        bytes
    });
    // It does not wait, so it is called again.
    while let Err(error) = dumper.flush() {
        assert_eq!(error.kind(), ErrorKind::Io(io::ErrorKind::WouldBlock));
        sleep(SHORT);
    }
    dumper.close().unwrap();
    let bytes = reading.join().unwrap();
    let start = bytes.iter().position(|byte| *byte != b'x').unwrap();
    assert!(bytes[start..] == pings(packets));
}

#[test]
#[cfg(unix)]
fn a_full_connection_gets_its_header_later() {
    let (reader, writer) = full();
    let mut dumper = dead().dump_open_file(writer).unwrap();
    write(&mut dumper, 0).unwrap();
    drain(reader, dumper, 1);
}

#[test]
#[cfg(unix)]
fn a_full_connection_is_no_error_of_a_bound() {
    let (reader, writer) = full();
    let mut dumper = dead().dump_open_file(writer).unwrap();
    dumper.flush_within(Duration::ZERO);
    let mut number = 0;
    let error = loop {
        dumper.flush_if_due().unwrap();
        match write(&mut dumper, number) {
            Ok(()) => number += 1,
            Err(error) => break error,
        }
    };
    // Only when the dumper's buffer is full as well.
    assert!(dumper.position() > 250_000, "{number}");
    assert_eq!(error.kind(), ErrorKind::Io(io::ErrorKind::WouldBlock));
    drain(reader, dumper, number);
}

// Shows: libpcap/savefile-empty-without-header
#[test]
fn packets_wait_no_longer_than_the_bound() {
    let writer = Writer::default();
    let mut dumper = dead().dump_to(writer.clone()).unwrap();
    // Without a bound they wait indefinitely.
    write(&mut dumper, 0).unwrap();
    sleep(PAUSE);
    dumper.flush_if_due().unwrap();
    write(&mut dumper, 1).unwrap();
    assert_eq!(writer.bytes(), pings(0));

    // A bound that has not passed; it also applies to what is already there.
    dumper.flush_within(NEVER);
    sleep(PAUSE);
    dumper.flush_if_due().unwrap();
    write(&mut dumper, 2).unwrap();
    assert_eq!(writer.bytes(), pings(0));

    // A bound that has passed takes effect with the next packet, before it is accepted,
    dumper.flush_within(SHORT);
    sleep(PAUSE);
    write(&mut dumper, 3).unwrap();
    assert_eq!(writer.bytes(), pings(3));
    // and without a packet.
    sleep(PAUSE);
    assert_eq!(writer.bytes(), pings(3));
    dumper.flush_if_due().unwrap();
    assert_eq!(writer.bytes(), pings(4));

    // After another flush nothing waits.
    dumper.flush_within(NEVER);
    write(&mut dumper, 4).unwrap();
    dumper.flush().unwrap();
    assert_eq!(writer.bytes(), pings(5));
    // Without a bound again.
    dumper.flush_within(SHORT);
    write(&mut dumper, 5).unwrap();
    dumper.flush_within(Duration::MAX);
    sleep(PAUSE);
    dumper.flush_if_due().unwrap();
    assert_eq!(writer.bytes(), pings(5));
    dumper.close().unwrap();
    assert_eq!(writer.bytes(), pings(6));
}

#[test]
fn a_bound_reaches_through_a_buffer() {
    let writer = Writer::default();
    let mut dumper = dead()
        .dump_to(BufWriter::with_capacity(1 << 20, writer.clone()))
        .unwrap();
    dumper.flush_within(NEVER);
    // More than the dumper's buffer holds, so that some packets wait there.
    for number in 0..5000 {
        write(&mut dumper, number).unwrap();
    }
    assert_eq!(writer.bytes(), pings(0));
    dumper.flush_within(SHORT);
    sleep(PAUSE);
    dumper.flush_if_due().unwrap();
    assert!(writer.bytes() == pings(5000));
}

#[test]
fn a_packet_refused_when_due_can_be_retried() {
    let writer = Writer::default();
    let mut dumper = dead().dump_to(writer.clone()).unwrap();
    dumper.flush_within(Duration::ZERO);
    write(&mut dumper, 0).unwrap();
    writer.fails(Some(io::ErrorKind::TimedOut));
    let failed = ErrorKind::Io(io::ErrorKind::TimedOut);
    assert_eq!(dumper.flush_if_due().unwrap_err().kind(), failed);
    assert_eq!(write(&mut dumper, 1).unwrap_err().kind(), failed);
    writer.fails(None);
    write(&mut dumper, 1).unwrap();
    dumper.close().unwrap();
    assert_eq!(writer.bytes(), pings(2));
}

#[test]
fn pcapng_waits_no_longer_than_the_bound() {
    use pcap_core::pcapng::{Interface, PcapngDumper};
    let writer = Writer::default();
    let mut dumper = PcapngDumper::new(writer.clone());
    let interface = Interface::new(pcap_core::Linktype::ETHERNET);
    let interface = dumper.add_interface(&interface).unwrap();
    let there = || writer.bytes().len() as u64;
    let start = there();
    dumper.flush_within(NEVER);
    dumper
        .write(interface, Packet::whole(Timestamp::now(), b"abc"))
        .unwrap();
    dumper.flush_if_due().unwrap();
    assert_eq!(there(), start);
    let one = dumper.position();
    dumper.flush_within(SHORT);
    sleep(PAUSE);
    dumper
        .write(interface, Packet::whole(Timestamp::now(), b"abc"))
        .unwrap();
    assert_eq!(there(), one);
    sleep(PAUSE);
    dumper.flush_if_due().unwrap();
    assert_eq!(there(), dumper.position());
}

/// `exit` runs no destructors.
// Shows: libpcap/savefile-empty-without-header
#[test]
fn exit_loses_what_no_bound_has_flushed() {
    if files::in_child() {
        let mut dumper = dead().dump("a.pcap").unwrap();
        write(&mut dumper, 0).unwrap();
        let mut bounded = dead().dump("bounded.pcap").unwrap();
        bounded.flush_within(SHORT);
        write(&mut bounded, 0).unwrap();
        sleep(PAUSE);
        write(&mut bounded, 1).unwrap();
        let mut stdout = dead().dump("-").unwrap();
        write(&mut stdout, 0).unwrap();
        std::process::exit(0);
    }
    let folder = tempfile::tempdir().unwrap();
    let output = files::child(exit_loses_what_no_bound_has_flushed)
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert!(output.status.success());
    // The test program's own output comes first.
    assert!(output.stdout.ends_with(&pings(0)));
    let read = |name: &str| fs::read(folder.path().join(name)).unwrap();
    assert_eq!(read("a.pcap"), pings(0));
    assert_eq!(read("bounded.pcap"), pings(1));
}

/// The buffer is written when the next packet does not fit, and not before.
#[test]
fn a_full_buffer_is_written_with_the_next_packet() {
    const BUFFER: usize = 256 * 1024;
    for bound in [None, Some(NEVER)] {
        let writer = Writer::default();
        let mut dumper = dead().dump_to(writer.clone()).unwrap();
        if let Some(bound) = bound {
            dumper.flush_within(bound);
        }
        dumper.flush().unwrap();
        assert_eq!(writer.bytes().len(), 24);
        for _ in 0..2 {
            dumper.write_now(&vec![7; BUFFER / 2 - 16]).unwrap();
        }
        assert_eq!(writer.bytes().len(), 24);
        dumper.write_now(b"").unwrap();
        assert_eq!(writer.bytes().len(), 24 + BUFFER);
        dumper.close().unwrap();
        assert_eq!(writer.bytes().len(), 24 + BUFFER + 16);
    }
}
