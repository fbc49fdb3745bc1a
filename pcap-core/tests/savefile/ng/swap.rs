//! Files in the other byte order: converted block by block, they contain the same.

use pcap_core::pcapng::{BlockBuf, Endian, PcapngDumper};

use super::random_files;
use crate::support::contents::{check, open};
use crate::support::ng::{
    Block, Case, Odd, Opt, Order, Seen, Shb, Value, Verdict, code, epb, idb, kind, pb, spb, valid,
};

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

/// Returns a block of each type with options, but without any.
fn blocks_with_options(order: Order) -> [Block; 7] {
    [
        Shb::default().block(order),
        idb(1).block(order),
        epb(b"odd").block(order),
        pb(1, b"even").block(order),
        Block::isb(order, 1, 1 << 40),
        Block::nrb(order, &[(1, b"\x7f\0\0\x01name\0".to_vec())]),
        Block::dsb(order, 1, b"secret"),
    ]
}

/// Converts a block, and checks that it then has the bytes of another one.
#[track_caller]
fn check_converted(block: &Block, expected: &Block, order: Order, codes: &[u16]) {
    let (from, to) = match order {
        Order::Little => (Endian::Little, Endian::Big),
        Order::Big => (Endian::Big, Endian::Little),
    };
    let bytes = block.bytes(order);
    let buffer = BlockBuf::with_endian(block.kind, &bytes[8..bytes.len() - 4], from);
    let (converted, left_out) = buffer.to_endian(to).unwrap();
    assert_eq!(left_out, codes, "{block:?}");
    let expected = expected.bytes(match order {
        Order::Little => Order::Big,
        Order::Big => Order::Little,
    });
    assert_eq!(converted.as_raw().bytes(), expected, "{block:?}");
}

/// Returns the values of options in a type of block that have no or a wrong meaning there.
fn without_meaning(kind: u32) -> Vec<(u16, Vec<u8>)> {
    let lengths = |code, lengths: &[usize]| -> Vec<(u16, Vec<u8>)> {
        lengths
            .iter()
            .map(|length| (code, vec![1; *length]))
            .collect()
    };
    let numbers = |codes: &[u16], wrong: &[usize]| -> Vec<(u16, Vec<u8>)> {
        codes
            .iter()
            .flat_map(|code| lengths(*code, wrong))
            .collect()
    };
    let of_kind = match kind {
        kind::SHB | kind::NRB => numbers(&[5, 9], &[0, 4]),
        kind::IDB => [
            numbers(
                &[
                    code::IF_SPEED,
                    code::IF_TSOFFSET,
                    code::IF_TXSPEED,
                    code::IF_RXSPEED,
                ],
                &[0, 4, 7, 9],
            ),
            lengths(code::IF_TZONE, &[0, 3, 8]),
            // A BPF program has instructions of 8 bytes, and 2 is no kind of a filter.
            lengths(code::IF_FILTER, &[0, 8, 10, 16]),
            vec![(code::IF_FILTER, vec![2; 9])],
            numbers(&[19, 99], &[4]),
        ]
        .concat(),
        kind::EPB | kind::PB => [
            numbers(&[code::FLAGS, code::QUEUE], &[0, 3, 5, 8]),
            numbers(&[code::DROPCOUNT, code::PACKETID], &[4, 7, 9]),
            lengths(code::VERDICT, &[0, 1, 8, 10]),
            vec![(code::VERDICT, vec![2; 8]), (code::VERDICT, vec![3; 9])],
            lengths(code::PROCESS, &[0, 4, 7, 9, 12]),
            numbers(&[9, 99], &[4]),
        ]
        .concat(),
        kind::ISB => [
            numbers(&[code::ISB_STARTTIME, code::ISB_ENDTIME], &[4, 7, 12]),
            numbers(&[4, 5, 6, 7, 8], &[0, 4, 9]),
            lengths(9, &[8]),
        ]
        .concat(),
        _ => lengths(2, &[0, 4]),
    };
    // The number of an organization has 4 bytes.
    let custom = code::CUSTOM.map(|code| (code, vec![1; 3]));
    [of_kind, custom.to_vec(), vec![(0x8001, vec![1; 8])]].concat()
}

/// A value in the wrong byte order would be worse than none.
#[test]
fn options_without_a_meaning_are_left_out() {
    let texts = || [Opt::comment("before"), Opt::comment("after!")];
    for order in Order::BOTH {
        let others = blocks_with_options(match order {
            Order::Little => Order::Big,
            Order::Big => Order::Little,
        });
        for (block, other) in blocks_with_options(order).into_iter().zip(others) {
            for (code, value) in without_meaning(block.kind) {
                let [before, after] = texts();
                let with = [before, Opt::bytes(code, &value), after];
                let expected = other.clone().opts(texts());
                check_converted(&block.clone().opts(with), &expected, order, &[code]);
            }
            // All of them, and one that reaches beyond the block.
            let beyond = Opt::bytes(1, b"text").stating(100);
            let with = [Opt::bytes(0x8001, b"local"), Opt::comment("text"), beyond];
            let with = block.opts(with).odd(Odd::without_end());
            let text = other.opt(Opt::comment("text")).odd(Odd::without_end());
            check_converted(&with, &text, order, &[0x8001, 1]);
        }
    }
}

/// Returns options of a type of block whose values are numbers.
fn numbers(kind: u32) -> Vec<Opt> {
    const NUMBER: u64 = 0x0102_0304_0506_0708;
    let long = |code: u16| Opt::u64(code, NUMBER + u64::from(code));
    let short = |code| Opt::new(code, Value::U32(0x0a0b_0c0d));
    match kind {
        kind::IDB => vec![
            long(code::IF_SPEED),
            long(code::IF_TXSPEED),
            long(code::IF_RXSPEED),
            long(code::IF_TSOFFSET),
            short(code::IF_TZONE),
            Opt::new(
                code::IF_FILTER,
                Value::Program(vec![(0x28, 1, 2, 12), (6, 0, 0, 1 << 30)]),
            ),
        ],
        kind::EPB | kind::PB => vec![
            short(code::FLAGS),
            short(code::QUEUE),
            long(code::DROPCOUNT),
            long(code::PACKETID),
            Opt::verdict(Verdict::Tc(NUMBER)),
            Opt::verdict(Verdict::Xdp(NUMBER)),
            Opt::process(5, 1 << 20),
        ],
        kind::ISB => (2..=3)
            .map(|code| Opt::time(code, NUMBER))
            .chain((4..=8).map(long))
            .collect(),
        _ => Vec::new(),
    }
}

#[test]
fn numbers_of_options_are_converted() {
    for order in Order::BOTH {
        let others = blocks_with_options(match order {
            Order::Little => Order::Big,
            Order::Big => Order::Little,
        });
        for (block, other) in blocks_with_options(order).into_iter().zip(others) {
            let custom = code::CUSTOM.map(|code| Opt::custom(code, 0x0102_0304, b"bytes"));
            for option in numbers(block.kind).into_iter().chain(custom) {
                let expected = other.clone().opt(option.clone());
                check_converted(&block.clone().opt(option), &expected, order, &[]);
            }
        }
    }
}

/// Data without a byte order stays as it is.
#[test]
fn blocks_of_bytes_are_kept() {
    for order in Order::BOTH {
        let of = |order| {
            [
                Block::journal("MESSAGE=hello\n"),
                Block::custom(order, true, 0x0102_0304, b"one"),
                Block::custom(order, false, 0x0102_0304, b"three"),
                spb(b"packet").block(order),
            ]
        };
        let other = match order {
            Order::Little => Order::Big,
            Order::Big => Order::Little,
        };
        for (block, expected) in of(order).iter().zip(of(other)) {
            check_converted(block, &expected, order, &[]);
        }
    }
}

/// Values without numbers may have any length. What follows the end of the options is kept, but means nothing.
#[test]
fn bytes_of_options_are_kept() {
    for order in Order::BOTH {
        let others = blocks_with_options(match order {
            Order::Little => Order::Big,
            Order::Big => Order::Little,
        });
        for (block, other) in blocks_with_options(order).into_iter().zip(others) {
            let (codes, first): (&[u16], u8) = match block.kind {
                kind::SHB | kind::NRB => (&[2, 3, 4], 7),
                kind::IDB => (&[2, 3, 4, 5, 6, 7, 9, 12, 13, 15, 18, code::IF_FILTER], 0),
                kind::EPB | kind::PB => (&[code::HASH, code::VERDICT], 0),
                _ => (&[], 7),
            };
            for (code, length) in codes.iter().flat_map(|code| [1, 2, 9].map(|n| (*code, n))) {
                let mut value = vec![5; length];
                value[0] = first;
                let option = Opt::bytes(code, value);
                let expected = other.clone().opt(option.clone());
                check_converted(&block.clone().opt(option), &expected, order, &[]);
            }
            let end = [Opt::comment("text"), Opt::bytes(0, [9; 5])];
            let odd = Odd {
                extra: vec![1, 2, 3, 4, 5, 6, 7, 8],
                ..Odd::without_end()
            };
            let [block, expected] =
                [block, other].map(|block| block.opts(end.clone()).odd(odd.clone()));
            check_converted(&block, &expected, order, &[]);
        }
        // A program without instructions.
        let of = |order| idb(1).opt(Opt::bytes(code::IF_FILTER, [1])).block(order);
        let [little, big] = Order::BOTH.map(of);
        let (block, expected) = match order {
            Order::Little => (little, big),
            Order::Big => (big, little),
        };
        check_converted(&block, &expected, order, &[]);
    }
}

#[test]
fn damaged_blocks_are_not_converted() {
    let numbers = |numbers: &[u32]| numbers.iter().flat_map(|n| n.to_ne_bytes()).collect();
    let bodies: [(u32, Vec<u8>); 9] = [
        (kind::SHB, vec![0; 12]),
        (kind::IDB, vec![0; 4]),
        (kind::EPB, vec![0; 16]),
        (kind::EPB, numbers(&[0, 0, 0, 5, 5, 0])),
        (kind::EPB, numbers(&[0, 0, 0, u32::MAX, 5, 0])),
        (kind::PB, numbers(&[0, 0, 0, 5, 5, 0])),
        (kind::ISB, vec![0; 8]),
        (kind::DSB, numbers(&[1, 5, 0])),
        (
            kind::NRB,
            [[1_u16, 9].map(u16::to_ne_bytes).concat(), vec![0; 8]].concat(),
        ),
    ];
    for (kind, body) in bodies {
        let error = BlockBuf::new(kind, &body).to_endian(other(Endian::NATIVE));
        let error = error.expect_err(&format!("{kind:#x}"));
        assert_eq!(error.kind(), pcap_core::ErrorKind::Unsupported);
    }
}
