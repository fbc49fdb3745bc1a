//! When the reader takes the short way to the next block.

use std::io::{self, Cursor, Read, Seek, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::Reader;
use crate::breakloop::BreakHandle;
use crate::capture::{End, Next};
use crate::error::ErrorKind;
use crate::linktype::Linktype;
use crate::packet::Packet;
use crate::pcapng::{Block, Interface, PcapngDumper};
use crate::timestamp::Timestamp;

/// Returns a file with an interface and packets of these bytes.
fn file(packets: &[&[u8]]) -> Vec<u8> {
    let mut dumper = PcapngDumper::new(Vec::new());
    let interface = dumper
        .add_interface(&Interface::new(Linktype::ETHERNET))
        .unwrap();
    for data in packets {
        let packet = Packet::whole(Timestamp::EPOCH, data);
        dumper.write(interface, packet).unwrap();
    }
    dumper.into_writer().unwrap()
}

/// Returns a reader behind the interface.
fn reader(bytes: Vec<u8>) -> Reader {
    let mut reader = Reader::from_reader(Cursor::new(bytes)).unwrap();
    assert!(matches!(reader.next_block(), Ok(Some(Block::Section(_)))));
    assert!(matches!(reader.next_block(), Ok(Some(Block::Interface(_)))));
    reader
}

/// Returns the data of the next packet.
fn data(reader: &mut Reader) -> Option<Vec<u8>> {
    match reader.next_block().unwrap() {
        Some(Block::Packet(packet)) => Some(packet.data().to_vec()),
        Some(other) => panic!("{}", other.as_raw().block_type()),
        None => None,
    }
}

#[test]
fn an_ordinary_packet_is_ready() {
    let mut reader = reader(file(&[b"one", b"two"]));
    assert!(reader.ready().is_some());
    assert!(reader.ready().is_some());
    assert!(reader.ready().is_none());
    assert_eq!(data(&mut reader), None);
}

#[test]
fn a_break_comes_before_a_packet() {
    let mut reader = reader(file(&[b"one", b"two"]));
    assert_eq!(data(&mut reader).unwrap(), b"one");
    reader.break_handle().breakloop();
    assert_eq!(data(&mut reader), None);
    assert_eq!(data(&mut reader).unwrap(), b"two");
    assert_eq!(data(&mut reader), None);
}

/// What follows damage belongs to no section.
#[test]
fn no_packet_is_ready_after_damage() {
    let bytes = file(&[b"one", b"two"]);
    let packet = file(&[b"lost"]).split_off(file(&[]).len());
    // The search begins one byte after the damage: there the packet is, the second time.
    for damage in [&[1, 2, 3, 4, 5, 0, 0, 0][..], &[0xff]] {
        let damaged = [&bytes[..], damage, &packet, &file(&[b"three"])].concat();
        let mut reader = reader(damaged);
        reader.resume_at_sections(true);
        let mut seen = Vec::new();
        while let Some(block) = reader.next_block().unwrap() {
            if let Block::Packet(packet) = block {
                seen.push(packet.data().to_vec());
            }
        }
        assert_eq!(seen, [&b"one"[..], b"two", b"three"]);
        assert_eq!(reader.skipped() as usize, damage.len() + packet.len());
    }
}

/// Also if a break interrupts the search.
#[test]
fn no_packet_is_ready_after_a_break_in_a_search() {
    type Slot = Arc<Mutex<Option<BreakHandle>>>;
    /// Breaks at the end, once.
    struct Breaking(Cursor<Vec<u8>>, Slot);
    impl Read for Breaking {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let length = self.0.read(buffer)?;
            if length == 0 {
                if let Some(handle) = self.1.lock().unwrap().take() {
                    handle.breakloop();
                }
            }
            Ok(length)
        }
    }
    let packet = file(&[b"lost"]).split_off(file(&[]).len());
    let bytes = [&file(&[b"one"])[..], &[0xff], &packet].concat();
    let slot = Slot::default();
    let mut reader = Reader::from_reader(Breaking(Cursor::new(bytes), slot.clone())).unwrap();
    reader.resume_at_sections(true);
    *slot.lock().unwrap() = Some(reader.break_handle());
    let mut blocks = 0;
    while reader.advance().unwrap() {
        blocks += 1;
    }
    assert_eq!(blocks, 3);
    assert!(slot.lock().unwrap().is_none());
    assert_eq!(data(&mut reader), None);
}

/// A deadline only applies to what the reader may have to wait for.
#[test]
fn a_search_in_a_whole_file_has_no_deadline() {
    let bytes = [&file(&[b"one"])[..], &[0xff; 9], &file(&[b"two"])].concat();
    let mut reader = Reader::from_reader(Cursor::new(bytes)).unwrap();
    reader.resume_at_sections(true);
    for _ in 0..6 {
        let next = reader.next_block_timeout(Duration::ZERO).unwrap();
        assert!(matches!(next, Next::Packet(_)));
    }
    let next = reader.next_block_timeout(Duration::ZERO).unwrap();
    assert!(matches!(next, Next::End(End::Eof)));
    assert_eq!(reader.skipped(), 9);
}

/// The end remains the end, unless the reader follows the file.
#[test]
fn an_end_is_final() {
    let bytes = file(&[b"one", b"two"]);
    let length = file(&[b"one"]).len();
    for follows in [false, true] {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&bytes[..length]).unwrap();
        file.rewind().unwrap();
        let mut reader = Reader::from_open_file(file.try_clone().unwrap()).unwrap();
        let mut blocks = 0;
        while reader.advance().unwrap() {
            blocks += 1;
        }
        assert_eq!(blocks, 3);
        file.seek(std::io::SeekFrom::End(0)).unwrap();
        file.write_all(&bytes[length..]).unwrap();
        if follows {
            reader.follow(true).unwrap();
        }
        let next = reader.try_next_block().unwrap();
        assert_eq!(matches!(next, Next::Packet(_)), follows);
    }
}

#[test]
fn an_empty_file_is_no_damage_to_resume_after() {
    for resumes in [false, true] {
        let Ok(mut reader) = Reader::from_reader(Cursor::new(Vec::new())) else {
            return;
        };
        if resumes {
            reader.resume_at_sections(true);
        }
        let error = reader.next_block().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::SavefileTruncated);
        assert!(error.text().contains("empty"), "{error}");
    }
}
