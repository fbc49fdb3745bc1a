//! Where a window reads to, and what it keeps.

use std::io::Write;

use super::{ALIGNMENT, SIZE, Window};
use crate::packet::PacketBatch;

/// Returns bytes that tell where they are.
fn numbered(length: usize) -> Vec<u8> {
    let part: Vec<u8> = (0..7 * 256).map(|at| (at / 7) as u8).collect();
    let mut bytes = part.repeat(length.div_ceil(part.len()));
    bytes.truncate(length);
    bytes
}

/// Returns a window at an offset of a file, and what the file contains.
fn window(length: usize, position: u64) -> (Window, Vec<u8>) {
    let bytes = numbered(length);
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(&bytes).unwrap();
    (Window::new(Some(file), position), bytes)
}

/// Checks that the window has the bytes of the file, at addresses that equal their offsets modulo the alignment.
#[track_caller]
fn check(window: &Window, bytes: &[u8]) {
    let position = window.position() as usize;
    let end = window.end() as usize;
    assert!(window.unread() == &bytes[position..end]);
    let address = window.buffer.as_ptr().addr() + window.unread.start;
    assert_eq!(address % ALIGNMENT, position % ALIGNMENT);
}

#[test]
fn reads_are_aligned() {
    for position in [0, 1, 24, 63, 64, 100, 1000] {
        let (mut window, bytes) = window(6 * SIZE, position);
        for walked in [SIZE, SIZE - 10, SIZE - 100, 70, SIZE] {
            assert!(window.refill(&mut None).unwrap());
            check(&window, &bytes);
            window.unread.start += walked.min(window.unread.len());
        }
    }
}

/// Few bytes that were walked are not worth a move of all others.
#[test]
fn bytes_move_only_if_more_were_walked() {
    let (mut window, bytes) = window(1000, 0);
    assert!(window.refill(&mut None).unwrap());
    let end = window.unread.end;
    let fewer = (end - 1) / 2;
    window.unread.start = fewer;
    assert!(!window.refill(&mut None).unwrap());
    assert_eq!(window.unread.start, fewer);
    check(&window, &bytes);
    window.unread.start = end.div_ceil(2);
    assert!(!window.refill(&mut None).unwrap());
    assert!(window.unread.start < ALIGNMENT);
    check(&window, &bytes);
}

#[test]
fn a_full_buffer_moves_or_grows() {
    let (mut window, bytes) = window(3 * SIZE, 0);
    assert!(window.refill(&mut None).unwrap());
    window.unread.start += 100;
    // There is room again after a move.
    assert!(window.refill(&mut None).unwrap());
    check(&window, &bytes);
    for (room, grows) in [(ALIGNMENT, false), (ALIGNMENT - 1, true)] {
        let before = window.buffer.len();
        window.unread = 0..before - room;
        window.grow();
        assert_eq!(window.buffer.len(), if grows { 2 * before } else { before });
    }
}

#[test]
fn a_position_in_the_buffer_needs_no_read() {
    let (mut window, bytes) = window(1000, 10);
    assert!(window.refill(&mut None).unwrap());
    for (position, left) in [(10, 990), (100, 900), (1000, 0), (500, 0), (2000, 0)] {
        window.go_to(position);
        assert_eq!((window.position(), window.unread().len()), (position, left));
    }
    window.go_to(20);
    assert!(window.refill(&mut None).unwrap());
    assert!(window.unread() == &bytes[20..]);
}

/// The buffer is handed over if its content is most of it, little is left, and the other one is not larger.
#[test]
fn a_batch_gets_the_buffer_or_a_copy() {
    let (quarter, sixteenth) = (SIZE / 4, SIZE / 16);
    for (length, left, is_exchanged) in [
        (quarter, sixteenth, true),
        (quarter, 0, true),
        (SIZE - 100, 0, true),
        (quarter - 1, 0, false),
        (quarter, sixteenth + 1, false),
    ] {
        let (mut window, bytes) = window(3 * SIZE, 0);
        assert!(window.refill(&mut None).unwrap());
        let start = window.unread.start;
        window.unread = start..start + length + left;
        window.end = (length + left) as u64;
        window.unread.start += length;
        let address = window.buffer.as_ptr().addr();
        let mut batch = PacketBatch::new();
        window.give(address + start, length, &mut batch);
        assert_eq!(
            window.buffer.as_ptr().addr() != address,
            is_exchanged,
            "{length} {left}"
        );
        assert_eq!(batch.room() == SIZE, is_exchanged, "{length} {left}");
        assert_eq!(window.buffer.len(), SIZE);
        check(&window, &bytes);

        // A batch that had a buffer of this size returns it.
        if is_exchanged {
            batch.clear();
            let address = window.buffer.as_ptr().addr();
            let start = window.unread.start;
            window.unread = start..start;
            window.give(address + start, quarter, &mut batch);
            batch.clear();
            let again = window.buffer.as_ptr().addr();
            assert_ne!(again, address);
            window.give(again, quarter, &mut batch);
            assert_eq!(window.buffer.as_ptr().addr(), address);
        }
    }
    // A larger buffer is not exchanged for a smaller one.
    let (mut window, _) = window(3 * SIZE, 0);
    let mut batch = PacketBatch::new();
    batch.add(&vec![0; SIZE + 1]);
    batch.clear();
    assert!(batch.room() > SIZE);
    assert!(window.refill(&mut None).unwrap());
    let address = window.buffer.as_ptr().addr();
    window.unread = SIZE - 10..SIZE;
    window.give(address, SIZE - 10, &mut batch);
    assert_eq!(window.buffer.as_ptr().addr(), address);
}
