//! Files that grow or shrink while they are read block by block, and breaks.

use std::fs::File;
use std::io::{self, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use pcap_core::pcapng::Reader;
use pcap_core::{End, ErrorKind, Next};

use crate::support::ng::{Block, Case, Ng, Order, epb, idb, random, valid};

/// Much longer than anything here takes.
const LONG: Duration = Duration::from_secs(60);

/// Returns the number of blocks that can be read now.
fn ready(reader: &mut Reader, read: &mut Vec<u8>) -> usize {
    let mut count = 0;
    while let Next::Packet(block) = reader.try_next_block().unwrap() {
        read.extend(block.as_raw().bytes());
        count += 1;
    }
    count
}

#[test]
fn a_followed_file_may_grow_byte_by_byte() {
    let all = valid();
    let all = all
        .iter()
        .find(|case| case.name == "all blocks together, big");
    for case in [all.unwrap().clone(), random(3), random(8)] {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let mut reader = Reader::open(file.path()).unwrap();
        reader.follow(true).unwrap();
        let mut read = Vec::new();
        let mut ends = case
            .expected
            .blocks
            .iter()
            .map(|block| block.offset + block.length);
        let mut end = ends.next();
        for (at, byte) in (1..).zip(&case.bytes[..case.bytes.len().min(5000)]) {
            file.write_all(&[*byte]).unwrap();
            let expected = usize::from(end == Some(at));
            assert_eq!(
                ready(&mut reader, &mut read),
                expected,
                "{} at {at}",
                case.name
            );
            if expected == 1 {
                assert!(read == case.bytes[..at as usize]);
                end = ends.next();
            }
        }
        // What is incomplete is waited for, and is an error without following.
        let timeout = reader.next_block_timeout(Duration::from_millis(1));
        assert!(matches!(timeout, Ok(Next::Timeout)));
        reader.follow(false).unwrap();
        let is_whole = read.len() == case.bytes.len().min(5000);
        assert_eq!(reader.next_block().is_ok(), is_whole);
    }
}

#[cfg(unix)]
#[test]
fn a_pipe_may_deliver_byte_by_byte() {
    for case in [random(5), random(12)] {
        let (reader, mut writer) = crate::support::blocks::pipe();
        let mut reader = Reader::from_open_file(reader).unwrap();
        let mut read = Vec::new();
        let mut count = 0;
        for byte in &case.bytes {
            writer.write_all(&[*byte]).unwrap();
            count += ready(&mut reader, &mut read);
            let timeout = reader.next_block_timeout(Duration::ZERO);
            assert!(matches!(timeout, Ok(Next::Timeout)), "{}", case.name);
        }
        assert_eq!(count, case.expected.blocks.len());
        assert!(read == case.bytes);
        drop(writer);
        assert!(matches!(reader.next_block(), Ok(None)));
    }
}

#[test]
fn only_regular_files_can_be_followed() {
    let mut reader = Reader::from_reader(io::empty()).unwrap();
    assert_eq!(
        reader.follow(true).unwrap_err().kind(),
        ErrorKind::Unsupported
    );
}

/// Returns a section, an interface and a packet.
fn short() -> Vec<u8> {
    Case::new("", Ng::new(Order::Big).idb(idb(1)).packet(epb(b"data"))).bytes
}

#[test]
fn a_file_that_shrinks_is_an_error() {
    for follow in [false, true] {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(&short()).unwrap();
        let mut reader = Reader::open(file.path()).unwrap();
        reader.follow(follow).unwrap();
        for _ in 0..3 {
            assert!(matches!(reader.try_next_block(), Ok(Next::Packet(_))));
        }
        file.as_file().set_len(30).unwrap();
        let error = reader.try_next_block().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::SavefileTruncated);
        let text = error.to_string();
        assert!(
            text.ends_with("expected at least 84 bytes, found 30"),
            "{text}"
        );
        assert_eq!(reader.next_block().unwrap_err().to_string(), text);
    }
}

/// Breaks a reader while another thread is in a call of it, again and again until the call ends.
fn is_broken(mut reader: Reader, call: fn(&mut Reader) -> bool) -> Reader {
    let handle = reader.break_handle();
    let done = Arc::new(AtomicBool::new(false));
    let ended = Arc::clone(&done);
    let reading = thread::spawn(move || {
        assert!(call(&mut reader), "no break");
        ended.store(true, Ordering::Release);
        reader
    });
    let start = Instant::now();
    thread::sleep(Duration::from_millis(20));
    handle.breakloop();
    while !done.load(Ordering::Acquire) {
        assert!(start.elapsed() < LONG);
        thread::sleep(Duration::from_millis(1));
    }
    reading.join().unwrap()
}

const CALLS: [fn(&mut Reader) -> bool; 2] = [
    |reader| reader.next_block().unwrap().is_none(),
    |reader| {
        let next = reader.next_block_timeout(LONG).unwrap();
        matches!(next, Next::End(End::Break))
    },
];

#[test]
fn breaks_end_waits_for_files() {
    for call in CALLS {
        let bytes = short();
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(&bytes[..60]).unwrap();
        let mut reader = Reader::open(file.path()).unwrap();
        reader.follow(true).unwrap();
        let mut read = Vec::new();
        assert_eq!(ready(&mut reader, &mut read), 2);
        let mut reader = is_broken(reader, call);
        file.write_all(&bytes[60..]).unwrap();
        assert_eq!(ready(&mut reader, &mut read), 1);
        assert_eq!(read, bytes);
    }
}

#[cfg(unix)]
#[test]
fn breaks_end_waits_for_pipes() {
    for call in CALLS {
        let bytes = short();
        let (reader, mut writer) = crate::support::blocks::pipe();
        writer.write_all(&bytes[..60]).unwrap();
        let mut reader = Reader::from_open_file(reader).unwrap();
        let mut read = Vec::new();
        assert_eq!(ready(&mut reader, &mut read), 2);
        let timeout = reader.next_block_timeout(Duration::from_millis(1));
        assert!(matches!(timeout, Ok(Next::Timeout)));
        let mut reader = is_broken(reader, call);
        writer.write_all(&bytes[60..]).unwrap();
        drop(writer);
        assert_eq!(ready(&mut reader, &mut read), 1);
        assert_eq!(read, bytes);
        assert!(matches!(reader.next_block(), Ok(None)));
    }
}

/// Returns a beginning, and then the same bytes without end.
struct Endless(Vec<u8>, Vec<u8>);

impl Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.0.is_empty() {
            self.0 = self.1.clone();
        }
        let length = self.0.len().min(buffer.len());
        buffer[..length].copy_from_slice(&self.0[..length]);
        self.0.drain(..length);
        Ok(length)
    }
}

/// The calls end although there are more blocks than can be read.
#[test]
fn breaks_end_loops_over_blocks() {
    let block = Block::new(0x7777, vec![0; 40]).bytes(Order::Big);
    let reader = Reader::from_reader(Endless(short(), block)).unwrap();
    is_broken(reader, |reader| {
        while reader.next_block().unwrap().is_some() {}
        true
    });
}

/// The search for a section ends, too, and does not count what was not skipped.
#[test]
fn breaks_end_the_search_for_a_section() {
    for noise in [&b"noise"[..], b"\n\r\r\n\x1a\x2b\x3c\x4d"] {
        let endless = Endless(short(), noise.repeat(10));
        let mut reader = Reader::from_reader(endless).unwrap();
        reader.resume_at_sections(true);
        for _ in 0..3 {
            assert!(reader.next_block().unwrap().is_some());
        }
        // On a busy machine, a break may come before the search has begun.
        for _ in 0..20 {
            reader = is_broken(reader, CALLS[0]);
            if reader.skipped() > 0 {
                break;
            }
        }
        assert!(reader.skipped() > 0);
        assert_eq!(reader.skipped() + 84, reader.position());
    }
}

#[test]
fn a_break_before_a_read_ends_that_read() {
    let mut reader = crate::support::contents::open(&short());
    assert!(reader.next_block().unwrap().is_some());
    reader.break_handle().breakloop();
    assert!(reader.next_block().unwrap().is_none());
    reader.break_handle().breakloop();
    assert!(matches!(reader.try_next_block(), Ok(Next::End(End::Break))));
    assert!(reader.next_block().unwrap().is_some());
    assert!(reader.next_block().unwrap().is_some());
    assert!(reader.next_block().unwrap().is_none());
}

/// A directory, and what is no pcapng file.
#[test]
fn what_is_no_file_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let missing = Reader::open(folder.path().join("none")).unwrap_err();
    assert_eq!(missing.kind(), ErrorKind::Io(io::ErrorKind::NotFound));
    let path = folder.path().join("a.pcap");
    std::fs::write(&path, crate::support::files::pings(2)).unwrap();
    let mut reader = Reader::from_open_file(File::open(&path).unwrap()).unwrap();
    let error = reader.next_block().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SavefileBad);
    let text = "cannot read `the savefile`: the block at byte 0: expected a section header; \
                it is a classic savefile, not pcapng";
    assert_eq!(error.to_string(), text);
    for (bytes, by) in [(&[0x1f, 0x8b, 8, 0][..], "gzip"), (b"BZh9", "bzip2")] {
        let error = crate::support::contents::open(bytes)
            .next_block()
            .unwrap_err();
        let text = format!("; it is compressed by {by}: read it through a decompressor");
        assert!(error.to_string().ends_with(&text), "{error}");
    }
}
