//! Savefiles written to all kinds of writers and read back: this crate and tcpdump read exactly what a dumper wrote,
//! and the writer is returned, whatever happens.
#![cfg_attr(windows, allow(unused))] // some tests are for other systems only

use crate::support::files;
use crate::support::random::Random;

use std::fs::{self, File};
use std::io::{self, Cursor, Read, Seek, SeekFrom, Write};
use std::net::{TcpListener, TcpStream};
#[cfg(unix)]
use std::os::{fd::OwnedFd, unix::net::UnixStream};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use crate::support::files::{pings, read_all};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use pcap_core::{
    Capture, Dead, Dlt, Dumper, ErrorKind, Packet, PacketOwned, Precision, Result, Timestamp,
};

const BOTH: [Precision; 2] = [Precision::Micro, Precision::Nano];

fn dead(precision: Precision) -> Capture<Dead> {
    Capture::dead_with(Dlt::EN10MB, 65_536, precision).unwrap()
}

/// Returns empty, truncated, long and random packets at all times that savefiles can represent.
fn packets(precision: Precision) -> Vec<PacketOwned> {
    let mut random = Random::new(0x5eed);
    let edges = [(0, 0), (u32::MAX, 999_999_999), (1 << 31, 1)];
    let lengths = [0, 1, 60, 1514, 65_536];
    let edges = edges.into_iter().zip(lengths);
    let more: Vec<_> = (0..1500)
        .map(|_| {
            let nanos = random.below(1_000_000_000) as u32;
            ((random.next() as u32, nanos), random.below(1600))
        })
        .collect();
    edges
        .chain(more)
        .map(|((secs, nanos), length)| {
            let nanos = match precision {
                Precision::Micro => nanos / 1000 * 1000,
                Precision::Nano => nanos,
            };
            let time = Timestamp::new(secs.into(), nanos.into());
            let data = random.bytes(length);
            let wire_len = length as u32 + random.below(2000) as u32;
            Packet::new(time, wire_len, &data).into_owned()
        })
        .collect()
}

fn write(dumper: &mut Dumper, packets: &[PacketOwned]) {
    for packet in packets {
        dumper.write(packet).unwrap();
    }
}

/// Returns the command for tcpdump to copy a savefile.
#[cfg(unix)]
fn tcpdump(precision: Precision) -> Command {
    let mut command = Command::new("tcpdump");
    let precision = match precision {
        Precision::Micro => "--time-stamp-precision=micro",
        Precision::Nano => "--time-stamp-precision=nano",
    };
    command.args(["-r", "-", "-w", "-", precision]);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    command
}

/// Checks that this crate reads these packets from the bytes, and that tcpdump's copy has the same bytes.
fn check(bytes: &[u8], precision: Precision) {
    let packets = packets(precision);
    for mut capture in files::both(bytes) {
        assert_eq!(capture.precision(), precision);
        assert!(read_all(&mut capture).unwrap() == packets);
    }
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    file.rewind().unwrap();
    #[cfg(unix)]
    {
        let copy = tcpdump(precision).stdin(file).output().unwrap();
        assert!(copy.status.success());
        let copy = files::by_tool(copy.stdout);
        assert!(copy == bytes, "tcpdump's copy differs");
    }
}

#[test]
#[cfg(unix)]
fn a_compressor_is_finished_afterwards() {
    for precision in BOTH {
        let packets = packets(precision);
        let gzip = GzEncoder::new(Vec::new(), Compression::fast());
        let mut dumper = dead(precision).dump_to(gzip).unwrap();
        write(&mut dumper, &packets);
        let position = dumper.position();
        let gzip: GzEncoder<Vec<u8>> = dumper.into_writer().unwrap();
        let compressed = gzip.finish().unwrap();

        let decoder = GzDecoder::new(Cursor::new(compressed.clone()));
        let mut capture = Capture::from_reader(decoder).unwrap();
        assert!(read_all(&mut capture).unwrap() == packets);

        // What gzip itself finds in it.
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&compressed).unwrap();
        file.rewind().unwrap();
        let plain = Command::new("gzip")
            .arg("-dc")
            .stdin(file)
            .output()
            .unwrap();
        assert!(plain.status.success());
        assert_eq!(plain.stdout.len() as u64, position);
        check(&plain.stdout, precision);
    }
}

/// A compressor writes its last bytes only when it is finished, and a drop cannot report an error.
#[test]
fn a_compressor_that_fails_says_so() {
    /// A writer that accepts this many bytes.
    #[derive(Debug)]
    struct Full(usize);
    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let length = bytes.len().min(self.0);
            if length == 0 && !bytes.is_empty() {
                return Err(io::ErrorKind::StorageFull.into());
            }
            self.0 -= length;
            Ok(length)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let gzip = |room| {
        let gzip = GzEncoder::new(Full(room), Compression::fast());
        let mut dumper = dead(Precision::Nano).dump_to(gzip).unwrap();
        write(&mut dumper, &packets(Precision::Nano)[..3]);
        dumper.into_writer::<GzEncoder<Full>>()
    };
    // The number of compressed bytes before the end.
    let taken = 1 << 20;
    let taken = taken - gzip(taken).unwrap().get_ref().0;
    // Room for all but the checksum at the end.
    let error = gzip(taken).unwrap().finish().unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    // Room for less: the dumper gets the error, and is returned.
    let failed = gzip(taken / 2).unwrap_err();
    assert_eq!(failed.kind(), ErrorKind::Io(io::ErrorKind::StorageFull));
    assert!(failed.take::<Dumper>().unwrap().flush().is_err());
}

#[test]
#[cfg(unix)]
fn through_a_pipe_to_tcpdump_and_back() {
    for precision in BOTH {
        let packets = packets(precision);
        let mut child = tcpdump(precision).spawn().unwrap();
        let stdin = child.stdin.take().unwrap();
        let stdout = child.stdout.take().unwrap();
        let writer = std::thread::spawn({
            let packets = packets.clone();
            move || {
                let fd = files::descriptor(&stdin);
                let mut dumper = dead(precision).dump_to(stdin).unwrap();
                write(&mut dumper, &packets);
                let stdin: std::process::ChildStdin = dumper.into_writer().unwrap();
                assert_eq!(files::descriptor(&stdin), fd);
            }
        });
        let mut capture = Capture::from_reader(stdout).unwrap();
        assert!(read_all(&mut capture).unwrap() == packets);
        writer.join().unwrap();
        assert!(child.wait().unwrap().success());
    }
}

#[test]
#[cfg(unix)]
fn an_owned_descriptor_of_a_pipe_is_a_file() {
    let packets = packets(Precision::Nano);
    let mut child = tcpdump(Precision::Nano).spawn().unwrap();
    let descriptor = OwnedFd::from(child.stdin.take().unwrap());
    let stdout = child.stdout.take().unwrap();
    let writer = std::thread::spawn({
        let packets = packets.clone();
        move || {
            let capture = dead(Precision::Nano);
            let mut dumper = capture.dump_open_file(File::from(descriptor)).unwrap();
            write(&mut dumper, &packets);
            dumper.close().unwrap();
        }
    });
    let mut capture = Capture::from_reader(stdout).unwrap();
    assert!(read_all(&mut capture).unwrap() == packets);
    writer.join().unwrap();
    assert!(child.wait().unwrap().success());
}

#[test]
#[cfg(unix)]
fn through_sockets_that_shut_down() {
    fn through<W: Write + Send + 'static>(
        writer: W,
        mut reader: impl Read + Send + 'static,
        end: impl FnOnce(W) + Send + 'static,
    ) {
        let thread = std::thread::spawn(move || {
            let mut dumper = dead(Precision::Nano).dump_to(writer).unwrap();
            write(&mut dumper, &packets(Precision::Nano));
            end(dumper.into_writer().unwrap());
        });
        let mut bytes = Vec::new();
        reader.read_to_end(&mut bytes).unwrap();
        thread.join().unwrap();
        check(&bytes, Precision::Nano);
    }
    // The other end sees the end of the savefile, and can still answer over the connection.
    let (ours, theirs) = UnixStream::pair().unwrap();
    let answer = theirs.try_clone().unwrap();
    through(ours, theirs, move |mut socket: UnixStream| {
        socket.shutdown(std::net::Shutdown::Write).unwrap();
        (&answer).write_all(b"thanks").unwrap();
        let mut thanks = [0; 6];
        socket.read_exact(&mut thanks).unwrap();
        assert_eq!(&thanks, b"thanks");
    });
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let ours = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (theirs, _) = listener.accept().unwrap();
    through(ours, theirs, |socket: TcpStream| {
        socket.shutdown(std::net::Shutdown::Both).unwrap();
    });
}

/// A buffer that the test shares with the dumper.
#[derive(Clone, Debug, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn memory_owned_shared_and_behind_a_box() {
    for precision in BOTH {
        let packets = packets(precision);
        let mut dumper = dead(precision).dump_to(Vec::new()).unwrap();
        write(&mut dumper, &packets);
        check(&dumper.into_writer::<Vec<u8>>().unwrap(), precision);

        let shared = Shared::default();
        let mut dumper = dead(precision).dump_to(shared.clone()).unwrap();
        write(&mut dumper, &packets);
        dumper.close().unwrap();
        check(&shared.0.lock().unwrap(), precision);

        // A box was passed, so a box is returned.
        let shared = Shared::default();
        let boxed: Box<dyn Write + Send> = Box::new(shared.clone());
        let mut dumper = dead(precision).dump_to(boxed).unwrap();
        write(&mut dumper, &packets);
        let failed = dumper.into_writer::<Shared>().unwrap_err();
        let dumper: Dumper = failed.take().unwrap();
        let boxed: Box<dyn Write + Send> = dumper.into_writer().unwrap();
        check(&shared.0.lock().unwrap(), precision);
        drop(boxed);
        assert_eq!(Arc::strong_count(&shared.0), 1);
    }
}

#[test]
fn an_open_file_is_written_where_it_stands() {
    for precision in BOTH {
        let mut file = tempfile::tempfile().unwrap();
        let fd = files::descriptor(&file);
        file.write_all(b"a header of our own").unwrap();
        let start = file.stream_position().unwrap();
        let mut dumper = dead(precision).dump_open_file(file).unwrap();
        assert_eq!(dumper.position(), 24);
        write(&mut dumper, &packets(precision));
        let length = dumper.position();
        let mut file: File = dumper.into_writer().unwrap();
        assert_eq!(files::descriptor(&file), fd);
        file.sync_all().unwrap();
        assert_eq!(file.stream_position().unwrap(), start + length);

        file.seek(SeekFrom::Start(start)).unwrap();
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).unwrap();
        check(&bytes, precision);
        file.seek(SeekFrom::Start(start)).unwrap();
        let mut capture = Capture::from_open_file(file).unwrap();
        assert!(read_all(&mut capture).unwrap() == packets(precision));
    }
}

#[test]
fn the_file_of_a_path_can_be_had_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.pcap");
    let capture = dead(Precision::Micro);
    let packets = packets(Precision::Micro);
    let (first, second) = packets.split_at(700);
    let mut dumper = capture.dump(&path).unwrap();
    write(&mut dumper, first);
    let file: File = dumper.into_writer().unwrap();
    assert_eq!(
        file.metadata().unwrap().len(),
        fs::metadata(&path).unwrap().len()
    );
    let mut dumper = capture.dump_append(&path).unwrap();
    write(&mut dumper, second);
    dumper.into_writer::<File>().unwrap().sync_all().unwrap();
    check(&fs::read(&path).unwrap(), Precision::Micro);
}

#[test]
fn an_impossible_link_type_returns_the_file() {
    let unsupported = ErrorKind::Unsupported;
    let capture = Capture::dead(Dlt::new(65_536)).unwrap();
    let shared = Shared::default();
    let failed = capture.dump_to(shared.clone()).unwrap_err();
    assert_eq!(failed.kind(), unsupported);
    let back: Shared = failed.take().unwrap();
    assert!(Arc::ptr_eq(&back.0, &shared.0) && back.0.lock().unwrap().is_empty());
    dead(Precision::Nano)
        .dump_to(back)
        .unwrap()
        .close()
        .unwrap();
    assert_eq!(shared.0.lock().unwrap().len(), 24);

    let mut file = tempfile::tempfile().unwrap();
    file.write_all(&pings(3)).unwrap();
    let fd = files::descriptor(&file);
    let error = capture.dump_open_file(file).unwrap_err();
    let mut file: File = error.take().unwrap();
    assert_eq!(error.kind(), unsupported);
    assert_eq!(error.object(), Some("the savefile"));
    assert_eq!(files::descriptor(&file), fd);
    assert_eq!(file.stream_position().unwrap(), pings(3).len() as u64);
    assert_eq!(file.metadata().unwrap().len(), pings(3).len() as u64);
}

#[test]
fn a_wrong_type_returns_the_dumper() {
    let mut dumper = dead(Precision::Nano).dump_to(Vec::new()).unwrap();
    let packets = packets(Precision::Nano);
    write(&mut dumper, &packets[..700]);
    let failed = dumper.into_writer::<File>().unwrap_err();
    assert_eq!(failed.kind(), ErrorKind::InvalidArgument);
    let text = failed.to_string();
    assert!(
        text.starts_with("cannot return `the writer`") && text.contains("std::fs::File"),
        "{text}"
    );
    let mut dumper: Dumper = failed.take().unwrap();
    write(&mut dumper, &packets[700..]);
    check(&dumper.into_writer::<Vec<u8>>().unwrap(), Precision::Nano);

    let file = tempfile::tempfile().unwrap();
    let dumper = dead(Precision::Nano).dump_open_file(file).unwrap();
    let error = dumper.into_writer::<Vec<u8>>().unwrap_err();
    let dumper: Dumper = error.take().unwrap();
    assert!(error.text().contains("found a `std::fs::File`"), "{error}");
    dumper.close().unwrap();
}

#[test]
fn a_failing_writer_returns_the_dumper() {
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
    let writer = Moody(Vec::new(), 0);
    let mut dumper = dead(Precision::Nano).dump_to(writer).unwrap();
    for packet in &packets(Precision::Nano) {
        while dumper.write(packet).is_err() {}
    }
    let mut failures = 0;
    let writer = loop {
        match dumper.into_writer::<Moody>() {
            Ok(writer) => break writer,
            Err(failed) => {
                assert_eq!(failed.kind(), ErrorKind::Io(io::ErrorKind::TimedOut));
                dumper = failed.take().unwrap();
                failures += 1;
            }
        }
    };
    assert!(failures > 0);
    check(&writer.0, Precision::Nano);
}

#[test]
fn a_read_only_file_is_given_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = files::file(folder.path(), "a.pcap", &pings(3));
    let capture = dead(Precision::Micro);
    let dumper = capture.dump_open_file(File::open(&path).unwrap()).unwrap();
    let failed = dumper.into_writer::<File>().unwrap_err();
    assert!(matches!(failed.kind(), ErrorKind::Io(_)), "{failed}");
    drop(failed);
    assert_eq!(fs::read(&path).unwrap(), pings(3));
}

/// `?` converts each of them to the crate's error.
#[test]
fn the_question_mark_makes_an_error_of_each() {
    fn write() -> Result<Vec<u8>> {
        let mut dumper = Capture::dead(Dlt::EN10MB)?.dump_to(Vec::new())?;
        dumper.write_now(b"x")?;
        dumper.into_writer()
    }
    assert_eq!(write().unwrap().len(), 24 + 16 + 1);
}
