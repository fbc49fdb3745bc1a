//! Files in the other byte order: converted block by block, they contain the same.

use pcap_core::pcapng::{BlockBuf, Endian, PcapngDumper};

use super::random_files;
use crate::support::contents::{check, open};
use crate::support::ng::{Case, Order, Seen, kind, valid};

fn other(endian: Endian) -> Endian {
    match endian {
        Endian::Little => Endian::Big,
        Endian::Big => Endian::Little,
    }
}

/// Converts each block of a file. Returns `None` if something in it has an unknown meaning.
fn swapped(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut reader = open(bytes);
    let mut dumper = PcapngDumper::for_blocks_named(Vec::new(), "swapped");
    while let Some(block) = reader.next_block().unwrap() {
        let block = BlockBuf::from(block.as_raw());
        let endian = other(block.as_raw().endian());
        let (block, left_out) = block.to_endian(endian).ok()?;
        if !left_out.is_empty() {
            return None;
        }
        dumper.write_block(&block).unwrap();
    }
    Some(dumper.into_writer().unwrap())
}

/// Reverses the bytes of numbers of some lengths at the start of a body.
fn reverse(body: &mut [u8], lengths: &[usize]) {
    let mut rest = body;
    for length in lengths {
        let Some((number, after)) = rest.split_at_mut_checked(*length) else {
            return;
        };
        number.reverse();
        rest = after;
    }
}

/// Converts what the generator recorded of a block.
fn convert(seen: &mut Seen, order: Order) {
    match seen.kind {
        kind::ISB => reverse(&mut seen.body, &[4, 4, 4]),
        kind::DSB => reverse(&mut seen.body, &[4, 4]),
        kind::CUSTOM | kind::CUSTOM_NO_COPY => reverse(&mut seen.body, &[4]),
        kind::NRB => {
            let mut at = 0;
            while at + 4 <= seen.body.len() {
                let length = [seen.body[at + 2], seen.body[at + 3]];
                let length = match order {
                    Order::Little => u16::from_le_bytes(length),
                    Order::Big => u16::from_be_bytes(length),
                };
                reverse(&mut seen.body[at..], &[2, 2]);
                at += 4 + usize::from(length).next_multiple_of(4);
            }
        }
        _ => {}
    }
}

/// Returns a file in the other byte order, with what it contains.
fn swapped_case(case: &Case) -> Option<Case> {
    let mut other = case.clone();
    other.bytes = swapped(&case.bytes)?;
    for seen in &mut other.expected.blocks {
        convert(seen, case.expected.sections[seen.section].order);
    }
    for section in &mut other.expected.sections {
        section.order = match section.order {
            Order::Little => Order::Big,
            Order::Big => Order::Little,
        };
    }
    Some(other)
}

#[test]
fn converted_files_contain_the_same() {
    let mut converted = 0;
    for case in valid().into_iter().chain(random_files()) {
        if case.expected.blocks.iter().any(|block| block.is_skipped) {
            continue;
        }
        let Some(other) = swapped_case(&case) else {
            continue;
        };
        assert_ne!(other.bytes, case.bytes, "{}", case.name);
        let error = check(&other, &mut open(&other.bytes), other.bytes.len() as u64);
        assert!(error.is_none(), "{}: {error:?}", case.name);
        let back = swapped(&other.bytes).unwrap();
        assert!(back == case.bytes, "{}", case.name);
        converted += 1;
    }
    assert!(converted > 300, "{converted}");
}

#[cfg(unix)]
#[test]
fn tshark_reads_converted_files() {
    let is_read = |case: &Case| case.tshark_refuses.is_none();
    let cases = valid().into_iter().filter(is_read).step_by(3);
    let cases: Vec<Case> = cases.filter_map(|case| swapped_case(&case)).collect();
    assert!(cases.len() > 60, "{}", cases.len());
    super::tools::check_in_parts(&cases);
}

#[test]
fn unknown_blocks_are_not_converted() {
    let local = BlockBuf::new(0x8000_0001, &[0; 4]);
    let error = local.to_endian(other(Endian::NATIVE)).unwrap_err();
    assert_eq!(error.kind(), pcap_core::ErrorKind::Unsupported);
    let same = local.to_endian(Endian::NATIVE).unwrap();
    assert_eq!(same, (local, Vec::new()));
}
