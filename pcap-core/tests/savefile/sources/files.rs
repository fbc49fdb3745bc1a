//! Standard input, pipes, sockets, open files and raw handles.

use std::ffi::CString;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
#[cfg(unix)]
use std::os::unix::net::UnixStream;
use std::process::Stdio;
use std::ptr::NonNull;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use pcap_core::{Capture, End, ErrorKind, Offline, SavefileFormat, Stop, Timestamp};

use crate::support::files::{self, MICRO, Order, Pcap, number, ping, pings, read_all};

/// `-` is standard input, which libpcap leaves open and the caller still owns.
// Shows: libpcap/closing-dumper-closes-descriptor, parity/read-savefile-path-open
#[test]
fn a_dash_is_standard_input() {
    if files::in_child() {
        let mut capture = Capture::from_file("-").unwrap();
        let packets = read_all(&mut capture).unwrap();
        assert_eq!(capture.ended(), Some(End::Eof));
        assert_eq!(packets[4].data(), ping(4));
        drop(capture);
        // Descriptor 0 is still open, and the same.
        let again = io::stdin().lock().read(&mut [0; 1]).unwrap();
        assert_eq!(again, 0);
        // A directory of that name is not standard input either.
        assert!(Capture::from_file("-/").is_err());
        let mut capture = Capture::from_file("./-").unwrap();
        assert_eq!(read_all(&mut capture).unwrap().len(), 2);
        println!("child read {} packets", packets.len());
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    files::file(folder.path(), "-", &pings(2));
    let path = files::file(folder.path(), "in.pcap", &pings(5));
    let child = || {
        let mut child = files::child(a_dash_is_standard_input);
        child.current_dir(folder.path());
        child
    };
    // A file.
    let output = files::run(child().stdin(File::open(&path).unwrap()));
    assert!(output.contains("child read 5 packets"), "{output}");
    // A pipe, written byte by byte.
    let mut child = child()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    for byte in pings(5) {
        stdin.write_all(&[byte]).unwrap();
    }
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
    assert!(text.contains("child read 5 packets"), "{text}");
}

/// Writes packet by packet, each only after the previous one was received.
fn delivered_at_once(capture: Capture<pcap_core::Offline>, mut writer: impl Write) {
    let (sender, receiver) = mpsc::channel();
    let reader = thread::spawn(move || {
        let mut capture = capture;
        for turn in 0.. {
            // With single reads, and with a closure.
            let number = if turn % 2 == 0 {
                capture.next_packet().unwrap().map(|p| number(p.data()))
            } else {
                let mut seen = None;
                let one = |packet: pcap_core::Packet<'_>| seen = Some(number(packet.data()));
                capture.for_each_up_to(1, one).unwrap();
                seen
            };
            sender.send(number).unwrap();
            if number.is_none() {
                return;
            }
        }
    });
    let bytes = pings(6);
    for n in 0..6 {
        let start = 24 + usize::from(n) * 114;
        writer.write_all(&bytes[start..start + 114]).unwrap();
        writer.flush().unwrap();
        let received = receiver.recv_timeout(Duration::from_secs(20));
        assert_eq!(
            received,
            Ok(Some(n)),
            "not delivered while the other end is open"
        );
    }
    drop(writer);
    assert_eq!(receiver.recv_timeout(Duration::from_secs(20)), Ok(None));
    reader.join().unwrap();
}

#[test]
#[cfg(unix)]
fn a_fifo_delivers_each_packet_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("fifo");
    files::run(std::process::Command::new("mkfifo").arg(&path));
    let (sender, receiver) = mpsc::channel();
    let other = path.clone();
    let opener = thread::spawn(move || {
        let mut writer = File::create(other).unwrap();
        writer.write_all(&pings(0)).unwrap();
        sender.send(writer).unwrap();
    });
    let capture = Capture::from_file(&path).unwrap();
    opener.join().unwrap();
    delivered_at_once(capture, receiver.recv().unwrap());
}

#[test]
#[cfg(unix)]
fn a_socket_delivers_each_packet_at_once() {
    for as_file in [true, false] {
        let (reader, mut writer) = UnixStream::pair().unwrap();
        writer.write_all(&pings(0)).unwrap();
        let capture = if as_file {
            Capture::from_open_file(File::from(std::os::fd::OwnedFd::from(reader))).unwrap()
        } else {
            Capture::from_reader(reader).unwrap()
        };
        delivered_at_once(capture, writer);
    }
}

// Shows: parity/read-savefile-path-open
#[test]
fn an_open_file_is_read_where_it_stands() {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(b"something else first").unwrap();
    let start = file.stream_position().unwrap();
    file.write_all(&pings(1000)).unwrap();
    for by_reader in [false, true] {
        file.seek(SeekFrom::Start(start)).unwrap();
        let copy = file.try_clone().unwrap();
        let mut capture = if by_reader {
            Capture::from_reader(copy).unwrap()
        } else {
            Capture::from_open_file(copy).unwrap()
        };
        let packets = read_all(&mut capture).unwrap();
        assert_eq!(packets.len(), 1000);
        assert_eq!(packets[999].data(), ping(999));
    }
    file.seek(SeekFrom::Start(3)).unwrap();
    let error = Capture::from_open_file(file.try_clone().unwrap()).unwrap_err();
    assert_eq!(error.text(), "unknown file format");
    file.seek(SeekFrom::End(100)).unwrap();
    let error = Capture::from_open_file(file).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SavefileTruncated);
}

/// A safe conversion from a raw `pcap_t` would be a double free: it takes unsafe code, or this does not compile.
// Shows: libpcap/safe-conversion-raw-t
#[test]
#[deny(unused_unsafe)]
fn a_foreign_raw_handle_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let late = files::Pcap::native().packet(4_026_531_840, 999_999, b"x");
    let ng = files::pings_ng(3);
    for (bytes, format, packets, first) in [
        (
            pings(3),
            SavefileFormat::Pcap,
            3,
            Timestamp::new(1_700_000_000, 0),
        ),
        (
            late.bytes(),
            SavefileFormat::Pcap,
            1,
            Timestamp::new(4_026_531_840, 999_999_000),
        ),
        (
            ng,
            SavefileFormat::Pcapng,
            3,
            Timestamp::new(1_700_000_000, 0),
        ),
    ] {
        let path = files::file(folder.path(), "a.pcap", &bytes);
        let path = CString::new(path.to_str().unwrap()).unwrap();
        for number in [
            pcap_sys::PCAP_TSTAMP_PRECISION_MICRO,
            pcap_sys::PCAP_TSTAMP_PRECISION_NANO,
        ] {
            let mut errbuf = [0; pcap_sys::PCAP_ERRBUF_SIZE as usize];
            // SAFETY: the path is a C string, and the buffer has the required size.
            let pcap = unsafe {
                pcap_sys::pcap_open_offline_with_tstamp_precision(
                    path.as_ptr(),
                    number as _,
                    errbuf.as_mut_ptr(),
                )
            };
            let pcap = NonNull::new(pcap).unwrap();
            // SAFETY: just opened, and given away.
            let mut capture = unsafe { Capture::<Offline>::from_raw(pcap) };
            assert_eq!(capture.savefile_format(), format);
            let read = read_all(&mut capture).unwrap();
            assert_eq!((read.len(), read[0].timestamp()), (packets, first));
            assert_eq!(capture.ended(), Some(End::Eof));
        }
    }
}

#[test]
fn a_file_that_changes_length_is_no_panic() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = pings(20_000);
    // Longer, and truncated within a record that was not read yet.
    for (length, packets) in [(bytes.len(), 20_000), (24 + 114 * 9000 + 50, 9000)] {
        let path = files::file(folder.path(), "a.pcap", &bytes[..24 + 114 * 10_000]);
        let mut capture = Capture::from_file(&path).unwrap();
        assert!(capture.advance().unwrap());
        let mut file = File::options().write(true).open(&path).unwrap();
        file.seek(SeekFrom::End(0)).unwrap();
        if let Some(more) = bytes[..length].get(24 + 114 * 10_000..) {
            file.write_all(more).unwrap();
        }
        file.set_len(length as u64).unwrap();
        let mut number = 1;
        let result = capture.for_each(|packet| {
            assert_eq!(packet.data(), ping(number));
            number += 1;
        });
        assert_eq!(number, packets);
        match result {
            Ok(done) => assert_eq!(done.stop(), Stop::End(End::Eof)),
            Err(error) => assert_eq!(error.kind(), ErrorKind::SavefileTruncated),
        }
    }
}

/// From an odd record on, libpcap reads the rest of a stream, and must not see other packets.
#[test]
fn a_filter_outlasts_an_odd_record() {
    let mut file = Pcap::new(Order::Little, MICRO);
    for n in 0..10u8 {
        // Some versions of libpcap treat the fourth one's microseconds as negative.
        let fraction = if n == 3 { 0x8000_0000 } else { n.into() };
        file = file.record([5, fraction, 60, 60], &[n % 2; 60]);
    }
    for set_after in [0, 2, 5] {
        for call in 0..3 {
            let mut capture = files::try_open(file.clone().bytes()).unwrap();
            let mut seen = Vec::new();
            for _ in 0..set_after {
                seen.push(capture.next_packet().unwrap().unwrap().data()[0]);
            }
            capture.set_filter("ether[0] = 1").unwrap();
            match call {
                0 => drop(capture.for_each(|packet| seen.push(packet.data()[0]))),
                1 => drop(capture.dispatch_up_to(100, |packet| seen.push(packet.data()[0]))),
                _ => {
                    while let Some(packet) = capture.next_packet().unwrap() {
                        seen.push(packet.data()[0]);
                    }
                }
            }
            let (before, after) = seen.split_at(set_after);
            assert!(
                before
                    .iter()
                    .enumerate()
                    .all(|(n, kind)| n % 2 == usize::from(*kind))
            );
            assert_eq!(after, vec![1; 5 - set_after / 2], "{set_after} {call}");
        }
    }
}

#[cfg(unix)]
#[test]
fn what_can_be_waited_for_has_a_descriptor() {
    let (reader, mut writer) = std::os::unix::net::UnixStream::pair().unwrap();
    writer.write_all(&pings(1)).unwrap();
    let file = std::fs::File::from(std::os::fd::OwnedFd::from(reader));
    let mut capture = Capture::from_open_file(file).unwrap();
    assert!(capture.next_packet().unwrap().is_some());
    assert_eq!(capture.try_next_packet().unwrap(), pcap_core::Next::Timeout);
    let readable = |capture: &Capture<Offline>| {
        use std::os::fd::AsRawFd;
        let fd = capture.selectable_fd().unwrap().as_raw_fd();
        let events = libc::POLLIN;
        let mut poll = libc::pollfd {
            fd,
            events,
            revents: 0,
        };
        // SAFETY: passes one local structure.
        unsafe { libc::poll(&mut poll, 1, 0) == 1 }
    };
    assert!(!readable(&capture));
    writer.write_all(&pings(1)[24..]).unwrap();
    assert!(readable(&capture));
    assert!(capture.try_next_packet().unwrap().packet().is_some());

    let mut file = tempfile::tempfile().unwrap();
    file.write_all(&pings(1)).unwrap();
    file.rewind().unwrap();
    let capture = Capture::from_open_file(file).unwrap();
    assert!(capture.selectable_fd().is_none());
    let capture = Capture::from_reader(io::Cursor::new(pings(1))).unwrap();
    assert!(capture.selectable_fd().is_none());
}

/// Reads a savefile from standard input and writes its packets to standard output, like a filter in a shell.
// Shows: parity/standard-stream
#[test]
fn a_dash_is_a_standard_stream() {
    if files::in_child() {
        let mut capture = Capture::from_file("-").unwrap();
        capture.set_filter("icmp[6:2] & 1 = 1").unwrap();
        let mut dumper = capture.dump("-").unwrap();
        while let Some(packet) = capture.next_packet().unwrap() {
            dumper.write(packet).unwrap();
        }
        dumper.close().unwrap();
        drop(capture);
        // Both are unchanged: no more input, and output is still possible.
        assert_eq!(io::stdin().lock().read(&mut [0; 1]).unwrap(), 0);
        print!("and more");
        std::process::exit(0);
    }
    let folder = tempfile::tempdir().unwrap();
    let input = files::file(folder.path(), "in.pcap", &pings(9));
    let output = files::child(a_dash_is_a_standard_stream)
        .stdin(File::open(&input).unwrap())
        .output()
        .unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    let odd = [1, 3, 5, 7].iter().fold(Pcap::native(), |file, &n| {
        file.packet(1_700_000_000 + u32::from(n), n.into(), &ping(n))
    });
    // The test program's own output comes first.
    let expected = [&odd.bytes()[..], b"and more"].concat();
    assert!(output.stdout.ends_with(&expected), "{:?}", output.stdout);
}
