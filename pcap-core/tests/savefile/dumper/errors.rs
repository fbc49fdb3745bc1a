//! Dumpers whose packets cannot be written: a full disk, a closed pipe, writers that fail, return a wrong count or
//! panic; and standard output. No packet is lost silently or written twice.
#![cfg_attr(windows, allow(unused))] // some tests are for other systems only

use crate::support::files;

use std::fs;
use std::io::{self, Write};
#[cfg(unix)]
use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::Stdio;
use std::sync::{Arc, Mutex};

#[cfg(target_os = "linux")]
use crate::support::files::with_small_disk;
use crate::support::files::{ping, pings, read_all};
use pcap_core::{Capture, Dead, Dlt, Dumper, ErrorKind, Packet, Precision, Timestamp};

fn dead() -> Capture<Dead> {
    Capture::dead_with(Dlt::EN10MB, 0, Precision::Micro).unwrap()
}

/// Writes a ping as in [`pings`].
fn write(dumper: &mut Dumper, number: u16) -> pcap_core::Result<()> {
    let time = Timestamp::from_micros(1_700_000_000 + i64::from(number), number.into());
    dumper.write(Packet::whole(time, &ping(number)))
}

/// After a failed write, `pcap_dump` drops packets silently, and `pcap_dump_close` reports nothing.
// Shows: libpcap/full-disk-thousand-writes
#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_an_error_until_it_has_room() {
    with_small_disk(|disk| {
        let ballast = disk.join("ballast");
        fs::write(&ballast, vec![0; 512 << 10]).unwrap();
        let path = disk.join("a.pcap");
        let mut dumper = dead().dump(&path).unwrap();
        let full = ErrorKind::Io(io::ErrorKind::StorageFull);
        // Each packet is written again until there is no error.
        let mut refused = 0;
        let mut number = 0;
        while number < 7000 {
            match write(&mut dumper, number) {
                Ok(()) => number += 1,
                Err(error) => {
                    assert_eq!(error.kind(), full, "{error}");
                    assert_eq!(error.object(), path.to_str());
                    assert_eq!(dumper.flush().unwrap_err().kind(), full);
                    // The disk had room for a part of the buffer, so there is room for packets again; the error is
                    // still reported.
                    while write(&mut dumper, number).is_ok() {
                        number += 1;
                    }
                    assert_eq!(dumper.flush().unwrap_err().kind(), full);
                    refused += 1;
                    // The disk contains a savefile, complete or truncated in its last record.
                    let read = Capture::from_file(&path)
                        .unwrap()
                        .packets()
                        .flatten()
                        .count();
                    assert!(read > 1000, "{read}");
                    fs::remove_file(&ballast).unwrap();
                }
            }
        }
        assert_eq!(refused, 1, "the disk did not become full");
        dumper.close().unwrap();
        assert!(fs::read(&path).unwrap() == pings(7000));
    });
}

/// With a thousand packets to a full disk, libpcap reports success for every write, even for `pcap_dump_flush`.
// Shows: libpcap/full-disk-thousand-writes, parity/flush-close-error-closing
// Shows: parity/thousand-packets-full-disk
#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_told_by_flush_and_close() {
    with_small_disk(|disk| {
        let room = 1 << 20;
        fs::write(disk.join("ballast"), vec![0; room - 8192]).unwrap();
        // These fit into the dumper's buffer: no write can notice the full disk yet.
        let path = disk.join("a.pcap");
        let full = ErrorKind::Io(io::ErrorKind::StorageFull);
        let mut dumper = dead().dump(&path).unwrap();
        for number in 0..1000 {
            write(&mut dumper, number).unwrap();
        }
        assert_eq!(dumper.flush().unwrap_err().kind(), full);
        assert_eq!(dumper.flush().unwrap_err().kind(), full);
        assert_eq!(dumper.position(), pings(1000).len() as u64);
        assert_eq!(dumper.close().unwrap_err().kind(), full);
        let there = fs::read(&path).unwrap();
        assert!(!there.is_empty() && pings(1000).starts_with(&there));
        // Appending finds the truncated record.
        let error = dead().dump_append(&path).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::SavefileTruncated);
    });
}

/// A `pcap_dump_flush` that returns 0 may have written nothing.
// Shows: parity/thousand-packets-full-disk
#[test]
#[cfg(target_os = "linux")]
fn an_always_full_device_is_told_each_time() {
    let full = ErrorKind::Io(io::ErrorKind::StorageFull);
    let mut dumper = dead().dump("/dev/full").unwrap();
    assert_eq!(dumper.flush().unwrap_err().kind(), full);
    let mut errors = 0;
    for number in 0..6000 {
        if let Err(error) = write(&mut dumper, number) {
            assert_eq!(error.kind(), full);
            errors += 1;
        }
    }
    // Once the buffer is full, no packet is accepted.
    assert!(errors > 3000, "{errors}");
    assert!(dumper.position() <= 256 * 1024);
    assert_eq!(dumper.flush().unwrap_err().kind(), full);
    assert_eq!(dumper.close().unwrap_err().kind(), full);
}

/// Writes until the other end is closed, which takes a moment: a child process of another test has a copy of it until
/// it runs its program.
fn write_until_broken(dumper: &mut Dumper) {
    for _ in 0..200 {
        write(dumper, 1).unwrap();
        if let Err(error) = dumper.flush() {
            assert_eq!(error.kind(), ErrorKind::Io(io::ErrorKind::BrokenPipe));
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    panic!("the other end is still open");
}

#[test]
#[cfg(unix)]
fn a_closed_pipe_is_an_error_and_no_signal() {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let mut dumper = dead().dump_to(ours).unwrap();
    write(&mut dumper, 0).unwrap();
    dumper.flush().unwrap();
    drop(theirs);
    write_until_broken(&mut dumper);
    let broken = ErrorKind::Io(io::ErrorKind::BrokenPipe);
    assert_eq!(dumper.close().unwrap_err().kind(), broken);

    // A FIFO opened by its path.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("fifo");
    files::run(std::process::Command::new("mkfifo").arg(&path));
    let reading = path.clone();
    let reader = std::thread::spawn(move || fs::File::open(reading).unwrap());
    let mut dumper = dead().dump(&path).unwrap();
    write(&mut dumper, 0).unwrap();
    let reader = reader.join().unwrap();
    dumper.flush().unwrap();
    drop(reader);
    write_until_broken(&mut dumper);
}

/// libpcap closes descriptor 1 with a dumper on `-`, and the next file that is opened gets it.
// Shows: libpcap/closing-dumper-closes-descriptor, parity/open-dump-standard-output
#[test]
fn a_dash_is_standard_output() {
    if files::in_child() {
        for turn in 0..3 {
            let mut dumper = match turn {
                2 => dead().dump_append("-").unwrap(),
                _ => dead().dump("-").unwrap(),
            };
            for number in 0..4 {
                write(&mut dumper, number).unwrap();
            }
            match turn {
                0 => drop(dumper),
                _ => dumper.close().unwrap(),
            }
            // If descriptor 1 were free, this file would get it.
            let file = fs::File::open("/dev/null").unwrap();
            assert!(files::descriptor(&file) > 2);
            let mut stdout = io::stdout().lock();
            stdout.write_all(b"still open").unwrap();
            stdout.flush().unwrap();
        }
        let mut dumper = dead().dump("./-").unwrap();
        write(&mut dumper, 0).unwrap();
        dumper.close().unwrap();
        std::process::exit(0);
    }
    let folder = tempfile::tempdir().unwrap();
    let mut child = files::child(a_dash_is_standard_output);
    let output = child
        .current_dir(folder.path())
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    // The test program's own output comes first.
    let expected = [&pings(4)[..], b"still open"].concat().repeat(3);
    assert!(output.stdout.ends_with(&expected), "{:?}", output.stdout);
    let names: Vec<_> = folder
        .path()
        .read_dir()
        .unwrap()
        .map(|e| e.unwrap().file_name())
        .collect();
    assert_eq!(names, ["-"]);
    assert_eq!(fs::read(folder.path().join("-")).unwrap(), pings(1));
}

/// A writer whose results a test prescribes, and whose bytes it can see.
#[derive(Clone, Default)]
struct Writer(Arc<Mutex<Told>>);

#[derive(Default)]
struct Told {
    bytes: Vec<u8>,
    /// The results of the next writes, the last one first; later writes accept everything.
    answers: Vec<Answer>,
    flushes: u32,
    writes: u32,
}

#[derive(Clone, Copy, Debug)]
enum Answer {
    /// Accepts this many bytes.
    Takes(usize),
    /// Returns this many more bytes than it was given.
    Lies(usize),
    Fails(io::ErrorKind),
    Panics,
}

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut told = self
            .0
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        told.writes += 1;
        let length = match told.answers.pop() {
            None => bytes.len(),
            Some(Answer::Takes(length)) => length.min(bytes.len()),
            Some(Answer::Lies(more)) => return Ok(bytes.len().saturating_add(more)),
            Some(Answer::Fails(kind)) => return Err(kind.into()),
            Some(Answer::Panics) => panic!("the writer's"),
        };
        told.bytes.extend(&bytes[..length]);
        Ok(length)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
            .flushes += 1;
        Ok(())
    }
}

impl Writer {
    fn told(&self) -> std::sync::MutexGuard<'_, Told> {
        self.0
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    fn answers(&self, answers: &[Answer]) {
        self.told().answers = answers.iter().rev().copied().collect();
    }
}

// Shows: parity/open-dump-standard-output
#[test]
fn dump_to_writes_to_anything_and_flushes_it() {
    let writer = Writer::default();
    let mut dumper = dead().dump_to(writer.clone()).unwrap();
    for number in 0..5000 {
        write(&mut dumper, number).unwrap();
    }
    assert_eq!(dumper.position(), pings(5000).len() as u64);
    assert!(writer.told().writes > 0, "the buffer grows without bound");
    // The flush of the header.
    assert_eq!(writer.told().flushes, 1);
    dumper.flush().unwrap();
    assert!(writer.told().bytes == pings(5000));
    assert_eq!(writer.told().flushes, 2);
    let writes = writer.told().writes;
    assert!(writes < 10, "records are collected: {writes}");
    dumper.close().unwrap();
    assert!(writer.told().bytes == pings(5000));
    assert_eq!(
        Arc::strong_count(&writer.0),
        1,
        "the writer was not dropped"
    );
}

#[test]
fn no_answer_of_a_writer_loses_a_byte() {
    use Answer::{Fails, Lies, Panics, Takes};
    let interrupted = Fails(io::ErrorKind::Interrupted);
    let cases: [(&[Answer], Option<io::ErrorKind>); 9] = [
        (&[Takes(1), Takes(2), interrupted, Takes(30)], None),
        (
            &[Fails(io::ErrorKind::WouldBlock)],
            Some(io::ErrorKind::WouldBlock),
        ),
        (
            &[Takes(7), Fails(io::ErrorKind::TimedOut)],
            Some(io::ErrorKind::TimedOut),
        ),
        (
            &[Takes(7), interrupted, Takes(0)],
            Some(io::ErrorKind::WriteZero),
        ),
        (&[Lies(1)], Some(io::ErrorKind::Other)),
        (&[Takes(3), Lies(usize::MAX)], Some(io::ErrorKind::Other)),
        (&[Panics], None),
        (&[Takes(50), Panics], None),
        (&[Takes(50), Takes(50), Panics], None),
    ];
    for (answers, kind) in cases {
        let writer = Writer::default();
        let mut dumper = dead().dump_to(writer.clone()).unwrap();
        for number in 0..3 {
            write(&mut dumper, number).unwrap();
        }
        writer.answers(answers);
        let position = dumper.position();
        let flushed = catch_unwind(AssertUnwindSafe(|| dumper.flush()));
        match flushed {
            Ok(Ok(())) => assert!(kind.is_none()),
            Ok(Err(error)) => assert_eq!(error.kind(), ErrorKind::Io(kind.expect("no error"))),
            Err(panic) => assert_eq!(*panic.downcast_ref::<&str>().unwrap(), "the writer's"),
        }
        assert!(writer.told().answers.is_empty(), "{answers:?}");
        assert_eq!(dumper.position(), position, "{answers:?}");
        write(&mut dumper, 3).unwrap();
        dumper.close().unwrap();
        assert_eq!(writer.told().bytes, pings(4), "{answers:?}");
    }
}

#[test]
fn a_refused_packet_can_be_written_again() {
    let writer = Writer::default();
    let mut dumper = dead().dump_to(writer.clone()).unwrap();
    let mut number = 0;
    let mut errors = 0;
    while number < 10_000 {
        if number % 1000 == 500 && errors <= number / 1000 {
            writer.answers(&[Answer::Takes(99), Answer::Fails(io::ErrorKind::TimedOut)]);
            errors += 1;
        }
        // A packet is repeated only if it was not accepted.
        if write(&mut dumper, number).is_ok() {
            number += 1;
        }
    }
    writer.answers(&[]);
    dumper.close().unwrap();
    assert!(writer.told().bytes == pings(10_000));
}

#[test]
fn a_panicked_writer_is_not_called_again() {
    let writer = Writer::default();
    let mut dumper = dead().dump_to(writer.clone()).unwrap();
    write(&mut dumper, 0).unwrap();
    writer.answers(&[Answer::Takes(30), Answer::Panics, Answer::Panics]);
    let panic = catch_unwind(AssertUnwindSafe(|| {
        // Dropped while unwinding: a second panic would abort the process.
        let mut dumper = dumper;
        dumper.flush()
    }));
    assert!(panic.is_err());
    assert_eq!(writer.told().answers.len(), 1);
    assert_eq!(writer.told().bytes, pings(1)[..24 + 30]);
}

#[test]
fn a_drop_writes_what_it_can() {
    let writer = Writer::default();
    let mut dumper = dead().dump_to(writer.clone()).unwrap();
    write(&mut dumper, 0).unwrap();
    writer.answers(&[Answer::Takes(30), Answer::Fails(io::ErrorKind::TimedOut)]);
    drop(dumper);
    assert_eq!(writer.told().bytes, pings(1)[..24 + 30]);
    // The first was the header.
    assert_eq!(writer.told().writes, 3, "retried too often");
}

#[test]
fn a_writers_own_error_is_in_ours() {
    #[derive(Debug)]
    struct Torn;
    impl std::fmt::Display for Torn {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("the tape is torn")
        }
    }
    impl std::error::Error for Torn {}
    struct Failing;
    impl Write for Failing {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Err(io::Error::new(io::ErrorKind::Unsupported, Torn))
        }
    }
    let mut dumper = dead().dump_to(Failing).unwrap();
    let error = dumper.flush().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io(io::ErrorKind::Unsupported));
    assert_eq!(
        error.to_string(),
        "cannot write `the writer`: the tape is torn"
    );
    let io = error.io_error().unwrap();
    assert!(io.get_ref().unwrap().is::<Torn>());
}

#[test]
#[cfg(unix)]
fn a_connection_gives_back_what_is_written() {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let writer = std::thread::spawn(move || {
        let mut dumper = dead().dump_to(ours).unwrap();
        for number in 0..5000 {
            write(&mut dumper, number).unwrap();
        }
        dumper.close().unwrap();
    });
    let packets = read_all(&mut Capture::from_reader(theirs).unwrap()).unwrap();
    writer.join().unwrap();
    assert_eq!(packets.len(), 5000);
    assert_eq!(packets[4999].data(), ping(4999));
}

/// The error says which limit a packet exceeds.
#[test]
fn a_packet_that_is_too_long_names_the_limit() {
    for (snaplen, why) in [
        (96, "the savefile's snaplen, 96 bytes"),
        (262_144, "the savefile's snaplen, 262144 bytes"),
        (262_145, "the limit of libpcap and Wireshark, 262144 bytes"),
    ] {
        let capture =
            Capture::dead_with(Dlt::EN10MB, snaplen, pcap_core::Precision::Micro).unwrap();
        let mut dumper = capture.dump_to(Vec::new()).unwrap();
        let error = dumper.write_now(&vec![3; 262_145]).unwrap_err();
        assert!(error.text().contains(why), "{error}");
    }
}
