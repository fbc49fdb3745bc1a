//! Sockets, terminals, non-blocking and damaged pipes, other readers.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use pcap_core::{Capture, End, Error, ErrorKind, Next, Offline, PacketOwned, Stop};

use super::{files_start, kinds, pipe, rest};
use crate::support::files::{Pcap, number, pings};
use crate::support::random::Random;

#[test]
fn sockets_and_terminals_wait_like_pipes() {
    for (kind, bytes) in kinds() {
        let (reader, mut writer) = UnixStream::pair().unwrap();
        writer.write_all(&bytes[..bytes.len() - 1]).unwrap();
        let mut capture = Capture::from_open_file(OwnedFd::from(reader).into()).unwrap();
        let handle = capture.break_handle();
        let mut seen = 0;
        while let Next::Packet(_) = capture.try_next_packet().unwrap() {
            seen += 1;
        }
        assert!(seen >= 2, "{kind}");
        let asked = thread::spawn(move || {
            thread::sleep(Duration::from_millis(10));
            handle.breakloop();
        });
        assert_eq!(
            capture.for_each(|_| ()).unwrap().stop(),
            Stop::End(End::Break),
            "{kind}"
        );
        asked.join().unwrap();
        writer.write_all(&bytes[bytes.len() - 1..]).unwrap();
        drop(writer);
        rest(&mut capture, seen, 3);
    }

    let (mut terminal, bytes) = (terminal(), pings(2));
    let (controller, device) = (&mut terminal.0, terminal.1.try_clone().unwrap());
    controller.write_all(&bytes[..bytes.len() - 5]).unwrap();
    let mut capture = Capture::from_open_file(device).unwrap();
    assert!(capture.next_packet().unwrap().is_some());
    let next = capture.next_packet_timeout(Duration::from_millis(20));
    assert_eq!(next.unwrap(), Next::Timeout);
    capture.break_handle().breakloop();
    assert!(capture.next_packet().unwrap().is_none());
    controller.write_all(&bytes[bytes.len() - 5..]).unwrap();
    assert_eq!(number(capture.next_packet().unwrap().unwrap().data()), 1);
}

/// A read that was too short once discarded the rest of a message.
#[test]
#[cfg(target_os = "linux")]
fn messages_of_a_socket_are_read_as_a_whole() {
    for (kind, bytes) in kinds() {
        let (reader, mut writer) = messages();
        let (first, second) = bytes.split_at(files_start(&bytes) + 7);
        writer.write_all(first).unwrap();
        writer.write_all(second).unwrap();
        let mut capture = Capture::from_open_file(reader).expect(kind);
        drop(writer);
        rest(&mut capture, 0, 3);
    }
}

/// The rest of a message that exceeds the buffer would be lost.
#[test]
#[cfg(target_os = "linux")]
fn a_message_that_is_too_long_is_an_error() {
    // SAFETY: takes nothing and always succeeds.
    if unsafe { libc::geteuid() } != 0 {
        eprintln!("skipped, only root can send such a message");
        return;
    }
    let (reader, mut writer) = messages();
    let size: libc::c_int = 1 << 20;
    let (pointer, length) = (
        (&raw const size).cast(),
        size_of_val(&size) as libc::socklen_t,
    );
    let (fd, level) = (writer.as_raw_fd(), libc::SOL_SOCKET);
    // SAFETY: the socket is open, and the option is a number.
    let status = unsafe { libc::setsockopt(fd, level, libc::SO_SNDBUFFORCE, pointer, length) };
    assert_eq!(status, 0, "{}", io::Error::last_os_error());
    let file = Pcap::native().packet(0, 0, &vec![0; 200_000]);
    let bytes = file.packet(1, 0, &vec![1; 200_000]).bytes();
    // While other programs use much memory, the kernel may have no room for such a message.
    let is_out_of_room = |error: &io::Error| error.raw_os_error() == Some(libc::ENOBUFS);
    let began = std::time::Instant::now();
    let written = loop {
        match writer.write(&bytes) {
            Err(error) if is_out_of_room(&error) && began.elapsed() < Duration::from_secs(60) => {
                thread::sleep(Duration::from_millis(50));
            }
            written => break written,
        }
    };
    assert_eq!(written.unwrap(), bytes.len());
    let error = Capture::from_open_file(reader).unwrap_err();
    assert!(error.to_string().contains("256 KiB"), "{error}");
}

/// Returns the ends of a socket that preserves messages.
#[cfg(target_os = "linux")]
fn messages() -> (File, File) {
    let (socket, mut ends) = (libc::SOCK_SEQPACKET | libc::SOCK_CLOEXEC, [0; 2]);
    // SAFETY: the array has room for the two numbers.
    let status = unsafe { libc::socketpair(libc::AF_UNIX, socket, 0, ends.as_mut_ptr()) };
    assert_eq!(status, 0, "{}", io::Error::last_os_error());
    // SAFETY: both were just opened, and have no other owner.
    ends.map(|fd| unsafe { std::os::fd::FromRawFd::from_raw_fd(fd) })
        .into()
}

/// Returns a terminal in raw mode.
fn terminal() -> (File, File) {
    let (mut controller, mut device) = (0, 0);
    let (name, settings, size) = (
        std::ptr::null_mut(),
        std::ptr::null_mut(),
        std::ptr::null_mut(),
    );
    // SAFETY: the numbers are local variables for the result; the other pointers may be null.
    let status = unsafe { libc::openpty(&mut controller, &mut device, name, settings, size) };
    assert_eq!(status, 0, "{}", io::Error::last_os_error());
    // SAFETY: a structure of plain numbers.
    let mut raw: libc::termios = unsafe { std::mem::zeroed() };
    // SAFETY: the descriptor is open, and the structure a local variable.
    unsafe { libc::tcgetattr(device, &mut raw) };
    // SAFETY: as above.
    unsafe { libc::cfmakeraw(&mut raw) };
    // SAFETY: as above.
    unsafe { libc::tcsetattr(device, libc::TCSANOW, &raw) };
    // SAFETY: both were just opened, and have no other owner.
    [controller, device]
        .map(|fd| unsafe { std::os::fd::FromRawFd::from_raw_fd(fd) })
        .into()
}

/// A pipe that the other end set to non-blocking mode once caused an error, also when it was opened.
#[test]
fn a_pipe_in_non_blocking_mode_is_waited_for() {
    for (kind, bytes) in kinds() {
        let start = files_start(&bytes);
        for first in [0, 2, 10, start - 1, start + 3] {
            let (reader, mut writer) = pipe();
            writer.write_all(&bytes[..first]).unwrap();
            // SAFETY: takes numbers; the pipe is open.
            let status =
                unsafe { libc::fcntl(reader.as_raw_fd(), libc::F_SETFL, libc::O_NONBLOCK) };
            assert_eq!(status, 0);
            let (head, late) = bytes[first..].split_at((start + 3).saturating_sub(first));
            let (head, late) = (head.to_vec(), late.to_vec());
            let (go_on, wait) = std::sync::mpsc::channel();
            let writer = thread::spawn(move || {
                thread::sleep(Duration::from_millis(10));
                writer.write_all(&head).unwrap();
                wait.recv().unwrap();
                thread::sleep(Duration::from_millis(10));
                writer.write_all(&late).unwrap();
            });
            let mut capture = Capture::from_open_file(reader).unwrap();
            let next = capture.next_packet_timeout(Duration::from_millis(5));
            assert_eq!(next.unwrap(), Next::Timeout, "{kind}");
            go_on.send(()).unwrap();
            rest(&mut capture, 0, 3);
            writer.join().unwrap();
        }
    }
}

/// Whatever a savefile contains, and in whatever pieces it arrives: packets, errors and their texts are those of the
/// same bytes in a file.
#[test]
fn damaged_pipes_are_read_as_files() {
    fn all(capture: Result<Capture<Offline>, Error>) -> (Vec<PacketOwned>, String) {
        let mut capture = match capture {
            Ok(capture) => capture,
            Err(error) => return (Vec::new(), error.to_string()),
        };
        let mut packets = Vec::new();
        loop {
            match capture.next_packet() {
                Ok(Some(packet)) => packets.push(packet.into_owned()),
                Ok(None) => return (packets, format!("{:?}", capture.ended())),
                Err(error) => return (packets, error.to_string()),
            }
        }
    }
    let mut random = Random::new(20);
    let mut failed = 0;
    let seeds: Vec<_> = kinds().into_iter().map(|(_, bytes)| bytes).collect();
    for turn in 0..600 {
        let mut bytes = seeds[turn % seeds.len()].clone();
        for _ in 0..random.below(4) {
            let at = random.below(bytes.len());
            bytes[at] = match random.below(4) {
                0 => 0,
                1 => 0xff,
                _ => random.below(256) as u8,
            };
        }
        if random.below(3) == 0 {
            bytes.truncate(random.below(bytes.len()));
        }
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&bytes).unwrap();
        io::Seek::rewind(&mut file).unwrap();
        let by_file = all(Capture::from_open_file(file));
        failed += u32::from(by_file.1.starts_with("cannot"));

        let (reader, mut writer) = pipe();
        let parts = random.below(4);
        let writer = thread::spawn({
            let (mut random, bytes) = (Random::new(turn as u64), bytes.clone());
            move || {
                let mut rest = &bytes[..];
                while !rest.is_empty() {
                    let most = [rest.len(), 200, 40, 9][parts];
                    let length = (1 + random.below(most)).min(rest.len());
                    // The capture may have ended already.
                    if writer.write_all(&rest[..length]).is_err() {
                        break;
                    }
                    rest = &rest[length..];
                    // Rarely: on a busy machine each takes long.
                    if random.below(20) == 0 {
                        thread::yield_now();
                    }
                }
            }
        });
        let by_pipe = all(Capture::from_open_file(reader));
        assert_eq!(by_pipe, by_file, "turn {turn}: {bytes:x?}");
        writer.join().unwrap();
    }
    assert!(failed > 100, "{failed}");
}

/// A reader that cannot be polled is unchanged: the break is noticed after its read returns.
#[test]
fn a_foreign_reader_sees_a_break_after_it() {
    type Slot = Arc<Mutex<Option<pcap_core::BreakHandle>>>;
    struct Slow(io::Cursor<Vec<u8>>, Slot);
    impl Read for Slow {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            if let Some(handle) = self.1.lock().unwrap().as_ref() {
                handle.breakloop();
            }
            let most = buffer.len().min(120);
            self.0.read(&mut buffer[..most])
        }
    }
    let slot = Slot::default();
    let reader = Slow(io::Cursor::new(pings(3)), slot.clone());
    let mut capture = Capture::from_reader(reader).unwrap();
    *slot.lock().unwrap() = Some(capture.break_handle());
    let (mut seen, mut broken) = (0, 0);
    loop {
        match capture.try_next_packet().unwrap() {
            Next::Packet(_) => seen += 1,
            Next::End(End::Break) => broken += 1,
            Next::End(End::Eof) => break,
            Next::Timeout => panic!("expected a wait"),
        }
    }
    assert_eq!(seen, 3);
    assert!(broken > 0);
}

/// The other end is closed with unread data: the connection is reset after what it wrote.
#[test]
fn a_connection_that_is_reset_is_an_error() {
    for (kind, bytes) in kinds() {
        let start = files_start(&bytes);
        for (length, packets) in [(start, 0), (start + 7, 0), (bytes.len(), 3)] {
            let (ours, mut theirs) = UnixStream::pair().unwrap();
            theirs.write_all(&bytes[..length]).unwrap();
            (&ours).write_all(b"not read").unwrap();
            let mut capture = Capture::from_open_file(File::from(OwnedFd::from(ours))).unwrap();
            drop(theirs);
            let mut seen = 0;
            let error = capture.for_each(|_| seen += 1).unwrap_err();
            assert_eq!(seen, packets, "{kind}, {length}");
            let reset = ErrorKind::Io(io::ErrorKind::ConnectionReset);
            assert_eq!(error.kind(), reset, "{kind}, {length}: {error}");
            for _ in 0..3 {
                let again = capture.next_packet().unwrap_err();
                assert_eq!(again.to_string(), error.to_string(), "{kind}, {length}");
            }
        }
    }
}
