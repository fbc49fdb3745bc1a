//! Asynchronous captures of savefiles: read without a runtime, and awaited if they are followed.

use std::io::{self, Cursor, Read, Write};
#[cfg(unix)]
use std::os::{fd::OwnedFd, unix::net::UnixStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

#[cfg(unix)]
use crate::support::cpu::cpu_time;
use futures_lite::{StreamExt, future};
use pcap_core::stream::{AsyncCapture, Runtime};
use pcap_core::{AnyCapture, BreakHandle, Capture, Dlt, End, ErrorKind, Offline, PacketBatch};
use tempfile::TempDir;

const COUNT: u32 = 1000;

fn data(number: u32) -> Vec<u8> {
    number.to_be_bytes().repeat(5)
}

fn savefile() -> (TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.pcap");
    let mut dumper = Capture::dead(Dlt::EN10MB).unwrap().dump(&path).unwrap();
    for number in 0..COUNT {
        dumper.write_now(&data(number)).unwrap();
    }
    dumper.close().unwrap();
    (folder, path)
}

async fn reads_all<S: pcap_core::Awaitable, R: Runtime>(mut capture: AsyncCapture<S, R>) {
    for number in 0..COUNT / 2 {
        let packet = capture.next_packet().await.unwrap().unwrap();
        assert_eq!(packet.data(), data(number));
    }
    capture.break_handle().breakloop();
    assert!(capture.next_packet().await.unwrap().is_none());
    assert_eq!(capture.ended(), Some(End::Break));
    let mut number = COUNT / 2;
    let mut packets = capture.packets();
    while let Some(packet) = packets.next().await {
        assert_eq!(packet.unwrap().data(), data(number));
        number += 1;
    }
    assert_eq!(number, COUNT);
    assert!(packets.next().await.is_none());
    assert_eq!(capture.ended(), Some(End::Eof));
    assert!(capture.packet().is_none());
}

#[test]
fn captures_and_streams_show_their_state() {
    let (_folder, path) = savefile();
    let open = || Capture::from_file(&path).unwrap();
    let mut capture = open().into_tokio().unwrap();
    let text = format!("{capture:?}");
    assert!(
        text.starts_with("AsyncCapture { capture: Capture"),
        "{text}"
    );
    let mut packets = capture.packets();
    assert_eq!(format!("{packets:?}"), "Packets { over: false, .. }");
    future::block_on(async { while packets.next().await.is_some() {} });
    assert_eq!(format!("{packets:?}"), "Packets { over: true, .. }");
    let packets = open().into_async_io().unwrap().into_packets();
    assert_eq!(format!("{packets:?}"), "IntoPackets { over: false, .. }");
}

/// Without a tokio runtime on the thread, because nothing waits.
#[test]
fn a_savefile_is_read_to_its_end() {
    let (_folder, path) = savefile();
    let open = || Capture::from_file(&path).unwrap();
    future::block_on(reads_all(open().into_tokio().unwrap()));
    future::block_on(reads_all(open().into_async_io().unwrap()));
    let any = AnyCapture::from(open());
    future::block_on(reads_all(any.into_async_io().unwrap()));
}

async fn reads_batches<S: pcap_core::Awaitable, R: Runtime>(mut capture: AsyncCapture<S, R>) {
    let mut batch = PacketBatch::with_limits(300, usize::MAX);
    assert!(capture.read_batch(&mut batch).await.unwrap());
    assert_eq!(batch.len(), 300);
    capture.break_handle().breakloop();
    assert!(!capture.read_batch(&mut batch).await.unwrap());
    assert_eq!(capture.ended(), Some(End::Break));
    let mut number = 300;
    while capture.read_batch(&mut batch).await.unwrap() {
        for packet in &batch {
            assert_eq!(packet.data(), data(number));
            number += 1;
        }
    }
    assert_eq!((number, capture.ended()), (COUNT, Some(End::Eof)));
}

#[test]
fn a_savefile_is_read_in_batches() {
    let (_folder, path) = savefile();
    let open = || Capture::from_file(&path).unwrap();
    future::block_on(reads_batches(open().into_tokio().unwrap()));
    future::block_on(reads_batches(open().into_async_io().unwrap()));
    let any = AnyCapture::from(open());
    future::block_on(reads_batches(any.into_async_io().unwrap()));
}

async fn converts<R: Runtime>(mut capture: AsyncCapture<Offline, R>) {
    let mut packets = capture.packets_with(|packet| packet.data().to_vec());
    assert_eq!(packets.next().await.unwrap().unwrap(), data(0));
    assert_eq!(packets.get_ref().ended(), None);
    let mut lengths = capture.into_packets_with(|packet| packet.caplen());
    let mut count = 1;
    while let Some(length) = lengths.next().await {
        assert_eq!(length.unwrap(), 20);
        count += 1;
    }
    assert_eq!(count, COUNT);
    assert_eq!(lengths.get_ref().ended(), Some(End::Eof));
    assert_eq!(lengths.into_inner().ended(), Some(End::Eof));
}

#[test]
fn a_stream_converts_lent_packets() {
    let (_folder, path) = savefile();
    let open = || Capture::from_file(&path).unwrap();
    future::block_on(converts(open().into_tokio().unwrap()));
    future::block_on(converts(open().into_async_io().unwrap()));
}

#[test]
fn a_cut_file_gives_its_packets_then_fails() {
    let (_folder, path) = savefile();
    let length = std::fs::metadata(&path).unwrap().len();
    let file = std::fs::File::options().write(true).open(&path).unwrap();
    file.set_len(length - 3).unwrap();
    let capture = Capture::from_file(&path).unwrap().into_tokio().unwrap();
    let mut packets = capture.into_packets();
    future::block_on(async {
        for number in 0..COUNT - 1 {
            let packet = packets.next().await.unwrap().unwrap();
            assert_eq!(packet.data(), data(number));
        }
        let error = packets.next().await.unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::SavefileTruncated);
        assert!(packets.next().await.is_none());
        let mut capture = packets.into_inner();
        let again = capture.next_packet().await.unwrap_err();
        assert_eq!(again.to_string(), error.to_string());
    });
}

async fn follows<R: Runtime>(
    mut capture: AsyncCapture<Offline, R>,
    mut file: std::fs::File,
    record: Vec<u8>,
) {
    for _ in 0..COUNT {
        assert!(capture.next_packet().await.unwrap().is_some());
    }
    for _ in 0..3 {
        let start = Instant::now();
        let writer = async {
            for _ in 0..3 {
                future::yield_now().await;
            }
            file.write_all(&record).unwrap();
        };
        let (packet, ()) = future::zip(capture.next_packet(), writer).await;
        assert_eq!(packet.unwrap().unwrap().data(), data(0));
        assert!(start.elapsed() < Duration::from_secs(10));
    }
    let handle = capture.break_handle();
    let breaker = async {
        future::yield_now().await;
        handle.breakloop();
    };
    let (ended, ()) = future::zip(capture.next_packet(), breaker).await;
    assert!(ended.unwrap().is_none());
    assert_eq!(capture.ended(), Some(End::Break));
}

#[test]
fn the_end_is_waited_at_when_followed() {
    let (_folder, path) = savefile();
    let file = || std::fs::File::options().append(true).open(&path).unwrap();
    // The first record: a header of 16 bytes and the packet, after that of the file.
    let record = std::fs::read(&path).unwrap()[24..24 + 16 + 20].to_vec();
    let length = std::fs::metadata(&path).unwrap().len();
    let open = || {
        file().set_len(length).unwrap();
        let mut capture = Capture::from_file(&path).unwrap();
        capture.follow(true).unwrap();
        capture
    };
    let failed = open().into_tokio().unwrap_err();
    assert!(failed.to_string().contains("no tokio runtime"), "{failed}");
    let mut builder = tokio::runtime::Builder::new_current_thread();
    // Without timers.
    let runtime = builder.enable_io().build().unwrap();
    runtime.block_on(async {
        follows(open().into_tokio().unwrap(), file(), record.clone()).await;
    });
    future::block_on(follows(open().into_async_io().unwrap(), file(), record));
}

/// Reads a pipe beside another task, which a wait inside the read would block.
#[cfg(unix)]
async fn waits_for_a_pipe<R: Runtime>(mut capture: AsyncCapture<Offline, R>, mut end: UnixStream) {
    let bytes = savefile_bytes();
    let mut batch = PacketBatch::new();
    let mut used = Duration::ZERO;
    for number in 0..20 {
        let record = &bytes[24 + number * 36..][..36];
        for part in [&record[..7], &record[7..30], &record[30..]] {
            let cpu = cpu_time();
            let read = async {
                match number % 2 {
                    0 => capture.next_packet().await.map(|_| true),
                    _ => capture.read_batch(&mut batch).await.map(|_| true),
                }
            };
            let idle = future::or(read, async {
                async_io::Timer::after(Duration::from_millis(10)).await;
                Ok(false)
            });
            assert!(!idle.await.unwrap(), "no packet is complete");
            used += cpu_time() - cpu;
            end.write_all(part).unwrap();
        }
        if number % 3 == 0 {
            assert!(capture.read_batch(&mut batch).await.unwrap());
            assert_eq!(batch.len(), 1);
            assert_eq!(batch.get(0).unwrap().data(), data(number as u32));
            continue;
        }
        let packet = capture.next_packet().await.unwrap().unwrap();
        assert_eq!(packet.data(), data(number as u32));
    }
    // Of 600 milliseconds.
    assert!(used < Duration::from_millis(200), "{used:?}");
    let handle = capture.break_handle();
    let breaker = async {
        future::yield_now().await;
        handle.breakloop();
    };
    let (ended, ()) = future::zip(capture.next_packet(), breaker).await;
    assert!(ended.unwrap().is_none());
    assert_eq!(capture.ended(), Some(End::Break));
    let closer = async {
        future::yield_now().await;
        drop(end);
    };
    let (ended, ()) = future::zip(capture.next_packet(), closer).await;
    assert!(ended.unwrap().is_none());
    assert_eq!(capture.ended(), Some(End::Eof));
}

#[cfg(unix)]
fn savefile_bytes() -> Vec<u8> {
    let (_folder, path) = savefile();
    std::fs::read(path).unwrap()
}

#[cfg(unix)] // nothing tells that there is more in a pipe of Windows
#[test]
fn a_pipe_holds_up_no_other_task() {
    let open = || {
        let (reader, mut end) = UnixStream::pair().unwrap();
        end.write_all(&savefile_bytes()[..24]).unwrap();
        let file = std::fs::File::from(OwnedFd::from(reader));
        (Capture::from_open_file(file).unwrap(), end)
    };
    let (capture, end) = open();
    future::block_on(waits_for_a_pipe(capture.into_async_io().unwrap(), end));
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_io().build().unwrap();
    let (capture, end) = open();
    runtime.block_on(async {
        waits_for_a_pipe(capture.into_tokio().unwrap(), end).await;
    });
}

/// With a writer that is always ahead of the reader, and a filter that rejects everything, no other task ran until the
/// writer paused.
#[cfg(unix)]
#[test]
fn an_endless_pipe_holds_up_no_other_task() {
    let mut bytes = savefile_bytes();
    for _ in 0..6 {
        bytes.extend_from_within(24..);
    }
    let slow: Vec<_> = (0..400).map(|n| format!("len = {}", 1000 + n)).collect();
    let (reader, mut end) = UnixStream::pair().unwrap();
    let writer = std::thread::spawn(move || {
        end.write_all(&bytes[..24]).unwrap();
        let until = Instant::now() + Duration::from_secs(20);
        while Instant::now() < until && end.write_all(&bytes[24..]).is_ok() {}
    });
    let mut capture = Capture::from_open_file(std::fs::File::from(OwnedFd::from(reader))).unwrap();
    capture.set_filter(slow.join(" or ").as_str()).unwrap();
    let start = Instant::now();
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_all().build().unwrap();
    runtime.block_on(async {
        let mut capture = capture.into_tokio().unwrap();
        let packet = capture.next_packet();
        let late = tokio::time::timeout(Duration::from_millis(50), packet);
        assert!(late.await.is_err(), "no packet passes");
    });
    let took = start.elapsed();
    // The writer goes on for 20 s.
    assert!(took < Duration::from_secs(15), "{took:?}");
    writer.join().unwrap();
}

/// A future that is polled again after its end returns no packet, and loses none.
#[test]
fn a_future_that_has_ended_returns_nothing() {
    let (_folder, path) = savefile();
    let mut capture = Capture::from_file(path).unwrap().into_tokio().unwrap();
    for number in 0..100 {
        let mut next = std::pin::pin!(capture.next_packet());
        let packet = future::block_on(next.as_mut()).unwrap().unwrap();
        assert_eq!(packet.data(), data(number));
        let again = future::block_on(next.as_mut()).unwrap();
        assert!(again.is_none());
    }
}

/// A pipe without data has to be waited for.
#[cfg(target_os = "linux")]
#[test]
#[cfg_attr(emulated, ignore = "qemu-user does not filter system calls")]
fn a_wait_that_the_kernel_refuses_is_an_error() {
    use crate::support::refused::{apart, refuse};
    for call in [libc::SYS_epoll_create1, libc::SYS_epoll_ctl] {
        let (reader, mut end) = UnixStream::pair().unwrap();
        end.write_all(&savefile_bytes()[..24]).unwrap();
        let file = std::fs::File::from(OwnedFd::from(reader));
        let capture = Capture::from_open_file(file).unwrap();
        let error = apart(|| {
            refuse(call, &[], libc::EACCES);
            capture.into_async_io().map(drop).unwrap_err()
        });
        let denied = ErrorKind::Io(std::io::ErrorKind::PermissionDenied);
        assert_eq!(error.kind(), denied, "{error}");
        let start = "cannot wait asynchronously on ";
        assert!(error.to_string().starts_with(start), "{error}");
    }
}

/// Also a capture of any kind waits for a pipe.
#[cfg(unix)]
#[test]
fn any_capture_waits_for_a_pipe() {
    let bytes = savefile_bytes();
    let (reader, mut end) = UnixStream::pair().unwrap();
    end.write_all(&bytes[..24]).unwrap();
    let file = std::fs::File::from(OwnedFd::from(reader));
    let capture = AnyCapture::from(Capture::from_open_file(file).unwrap());
    let mut capture = capture.into_async_io().unwrap();
    let writer = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(30));
        end.write_all(&bytes[24..]).unwrap();
    });
    let packet = future::block_on(capture.next_packet()).unwrap().unwrap();
    assert_eq!(packet.data(), data(0));
    drop(capture);
    writer.join().unwrap();
}

/// A reader has nothing to wait for, and a break that comes while it reads ends the read.
#[test]
fn a_break_ends_the_read_of_a_reader() {
    type Handle = Arc<Mutex<Option<BreakHandle>>>;
    struct Breaks(Cursor<Vec<u8>>, Handle);
    impl Read for Breaks {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            if let Some(handle) = self.1.lock().unwrap().take() {
                handle.breakloop();
            }
            let length = buffer.len().min(100);
            self.0.read(&mut buffer[..length])
        }
    }
    let (_folder, path) = savefile();
    let bytes = std::fs::read(path).unwrap();
    let handle = Handle::default();
    let reader = Breaks(Cursor::new(bytes), Arc::clone(&handle));
    let mut capture = Capture::from_reader(reader).unwrap().into_tokio().unwrap();
    future::block_on(async {
        for number in 0..10 {
            *handle.lock().unwrap() = Some(capture.break_handle());
            let mut breaks = 0;
            loop {
                if let Some(packet) = capture.next_packet().await.unwrap() {
                    assert_eq!(packet.data(), data(number));
                    break;
                }
                assert_eq!(capture.ended(), Some(End::Break));
                breaks += 1;
                assert!(breaks < 3);
            }
        }
    });
}
