//! Edits of any block: nothing panics, and everything but the edited part stays.

use std::io::Cursor;

use pcap_core::pcapng::{Block, BlockBuf, Endian, Options, Reader};

/// The options of a block: codes and values.
type Pairs = Vec<(u16, Vec<u8>)>;

fn pairs(options: Option<Options<'_>>) -> Option<Pairs> {
    let pairs = options?.map(|option| (option.code(), option.value().to_vec()));
    Some(pairs.collect())
}

fn other(endian: Endian) -> Endian {
    match endian {
        Endian::Little => Endian::Big,
        Endian::Big => Endian::Little,
    }
}

/// Edits each block that is read, and one of any type whose body is the bytes.
pub(crate) fn check_edits(bytes: &[u8], plan: usize) {
    let endian = [Endian::Little, Endian::Big][plan % 2];
    for kind in [0x0a0d_0d0a, 1, 2, 3, 4, 5, 6, 9, 10, 0xbad, 0x4000_0bad, 77] {
        let body = &bytes[..bytes.len().min(200)];
        edit(&BlockBuf::with_endian(kind, body, endian));
    }
    let mut reader = Reader::from_reader(Cursor::new(bytes.to_vec())).expect("a reader");
    // The first ones, because long files repeat themselves.
    for _ in 0..20 {
        let Ok(Some(block)) = reader.next_block() else {
            break;
        };
        edit(&block.as_raw().into());
        if let Block::Packet(packet) = block {
            let enhanced = packet.to_enhanced();
            assert_eq!(enhanced.as_raw().block_type(), 6);
            let comments: Vec<_> = packet.comments().collect();
            assert_eq!(enhanced.comments().collect::<Vec<_>>(), comments);
            edit(&enhanced);
        }
    }
}

/// Returns whether the lengths at both ends of a block are right.
fn is_framed(block: &BlockBuf) -> bool {
    let bytes = block.as_raw().bytes();
    let length = bytes.len() as u32;
    let length = match block.as_raw().endian() {
        Endian::Little => length.to_le_bytes(),
        Endian::Big => length.to_be_bytes(),
    };
    bytes[4..8] == length && bytes[bytes.len() - 4..] == length && bytes.len() % 4 == 0
}

fn edit(block: &BlockBuf) {
    assert!(is_framed(block));
    let before = pairs(block.options());
    let is_whole = block.options().is_some_and(|mut options| {
        options.by_ref().for_each(drop);
        options.error().is_none()
    });
    let mut edited = block.clone();
    match edited.add_comment("five!") {
        Ok(()) => {
            let mut expected = before.clone().expect("options");
            expected.push((1, b"five!".to_vec()));
            assert_eq!(pairs(edited.options()), Some(expected));
        }
        Err(_) => assert!(!is_whole && edited == *block),
    }
    assert!(is_framed(&edited));
    for code in [1, 2, 9, 0x8001] {
        let mut edited = block.clone();
        let count = edited.remove_options(code);
        let mut expected = before.clone();
        if let Some(pairs) = &mut expected {
            pairs.retain(|pair| pair.0 != code);
        }
        assert_eq!(pairs(edited.options()), expected);
        let lost = before.iter().flatten().filter(|pair| pair.0 == code);
        assert_eq!(count, lost.count());
        let mut edited = block.clone();
        if edited.set_option(code, &[7; 4]).is_ok() {
            let mut found = pairs(edited.options()).expect("options");
            let set: Vec<_> = found.extract(code);
            assert_eq!(set, [(code, vec![7; 4])]);
            assert_eq!(Some(found), expected);
        } else {
            assert!(!is_whole && edited == *block);
        }
        assert!(is_framed(&edited));
    }
    let _ = edited.set_interface(3);
    let _ = edited.set_ticks(5 << 32 | 6);
    assert_eq!(pairs(edited.options()).map(|p| p.len()), {
        let count = before.as_ref().map(Vec::len);
        count.map(|count| count + usize::from(is_whole))
    });
    if edited.set_data(b"seven b", 9).is_ok() && is_whole {
        let mut kept = before.clone().expect("options");
        kept.retain(|pair| pair.0 != 3 && pair.0 != 2);
        let mut found = pairs(edited.options()).expect("options");
        found.retain(|pair| pair.0 != 3 && pair.0 != 2);
        assert_eq!(found.pop(), Some((1, b"five!".to_vec())));
        assert_eq!(found, kept);
    }
    assert!(is_framed(&edited));
    swap(block, is_whole);
}

/// Converts a block to the other byte order and back.
fn swap(block: &BlockBuf, is_whole: bool) {
    let endian = block.as_raw().endian();
    let same = block.to_endian(endian).expect("the same byte order");
    assert_eq!(same, (block.clone(), Vec::new()));
    let Ok((swapped, left_out)) = block.to_endian(other(endian)) else {
        return;
    };
    assert!(is_framed(&swapped) && swapped.as_raw().endian() == other(endian));
    let (back, nothing) = swapped.to_endian(endian).expect("converted before");
    assert!(nothing.is_empty(), "{nothing:?}");
    if !is_whole {
        return;
    }
    // All but options that are left out.
    let mut expected = pairs(block.options()).expect("options");
    let mut kept = pairs(back.options()).expect("options");
    let count = expected.len() - kept.len();
    assert!(
        count == left_out.len() || left_out.contains(&0),
        "{left_out:?}"
    );
    expected.retain(|pair| !left_out.contains(&pair.0));
    kept.retain(|pair| !left_out.contains(&pair.0));
    assert_eq!(kept, expected);
}

/// Removes the options with a code from others.
trait Extract {
    fn extract(&mut self, code: u16) -> Pairs;
}

impl Extract for Pairs {
    fn extract(&mut self, code: u16) -> Pairs {
        let (of, others) = self.drain(..).partition(|pair| pair.0 == code);
        *self = others;
        of
    }
}
