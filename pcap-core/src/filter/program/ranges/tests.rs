//! Facts about programs.

use super::super::insn::{Insn, op};
use super::{ANY, Facts, OFFSETS, OUTGOING, PACKET_TYPE, Range, Shown, facts, ones};

fn of(text: &[(u16, u8, u8, u32)]) -> Facts {
    let program: Vec<_> = text
        .iter()
        .map(|&(code, jt, jf, k)| Insn::new(code, jt, jf, k))
        .collect();
    facts(&program, Shown::All)
}

#[test]
fn reach_counts_headers_of_60_bytes() {
    // ldxb 4*([14]&0xf); ldh [x+16]; ret a
    let facts = of(&[(0xb1, 0, 0, 14), (0x48, 0, 0, 16), (0x16, 0, 0, 0)]);
    assert_eq!((facts.reach, facts.differs), (Some(60 + 18), None));
}

#[test]
fn an_index_from_a_word_has_no_bound() {
    // ld [14]; tax; ldb [x+0]; ret a
    let facts = of(&[
        (0x20, 0, 0, 14),
        (0x07, 0, 0, 0),
        (0x50, 0, 0, 0),
        (0x16, 0, 0, 0),
    ]);
    assert_eq!(facts.reach, None);
    assert!(facts.differs.unwrap().contains("offset"));
}

#[test]
fn a_comparison_bounds_a_shift() {
    // ldb [0]; jge #32, 4, 0; tax; ld #1; lsh x; ret a; ret #0
    let facts = of(&[
        (0x30, 0, 0, 0),
        (0x35, 4, 0, 32),
        (0x07, 0, 0, 0),
        (0x00, 0, 0, 1),
        (0x6c, 0, 0, 0),
        (0x16, 0, 0, 0),
        (0x06, 0, 0, 0),
    ]);
    assert_eq!(facts.differs, None);
    // Without the comparison.
    let facts = of(&[
        (0x30, 0, 0, 0),
        (0x07, 0, 0, 0),
        (0x00, 0, 0, 1),
        (0x6c, 0, 0, 0),
        (0x16, 0, 0, 0),
    ]);
    assert!(facts.differs.unwrap().contains("shifts"));
}

#[test]
fn ranges_hold_what_the_operations_give() {
    let samples = [0, 1, 2, 3, 7, 8, 31, 32, 33, 60, 255, 256, 65_535];
    let samples: Vec<u32> = samples.into_iter().chain([1 << 31, u32::MAX]).collect();
    // All of them, from addition to exclusive or.
    for operation in (0..11).map(|number| number << 4) {
        for (i, low) in samples.iter().enumerate() {
            for high in &samples[i..] {
                for (j, from) in samples.iter().enumerate() {
                    for to in &samples[j..] {
                        let a = Range {
                            low: *low,
                            high: *high,
                        };
                        let by = Range {
                            low: *from,
                            high: *to,
                        };
                        let range = a.alu(operation, by);
                        for (x, y) in [(low, from), (low, to), (high, from), (high, to)] {
                            let Some(value) = apply(operation, *x, *y) else {
                                continue;
                            };
                            assert!(
                                (range.low..=range.high).contains(&value),
                                "{operation:#x}: {x} and {y} give {value}, outside {range:?}"
                            );
                        }
                    }
                }
            }
        }
    }
}

/// Returns the result of an operation; `None` if it ends the program.
fn apply(operation: u16, a: u32, b: u32) -> Option<u32> {
    match operation {
        op::ADD => Some(a.wrapping_add(b)),
        op::SUB => Some(a.wrapping_sub(b)),
        op::MUL => Some(a.wrapping_mul(b)),
        op::DIV => a.checked_div(b),
        op::MOD => a.checked_rem(b),
        op::AND => Some(a & b),
        op::OR => Some(a | b),
        op::XOR => Some(a ^ b),
        op::LSH => Some(a.checked_shl(b).unwrap_or(0)),
        op::RSH => Some(a.checked_shr(b).unwrap_or(0)),
        op::NEG => Some(a.wrapping_neg()),
        _ => panic!("{operation:#x}"),
    }
}

/// Returns the smallest range that holds some values.
fn hull(values: impl IntoIterator<Item = u32>) -> Option<Range> {
    let mut hull: Option<Range> = None;
    for value in values {
        let only = Range::only(value);
        hull = Some(hull.map_or(only, |hull| hull.join(only)));
    }
    hull
}

/// Returns all ranges within some values.
fn ranges(values: std::ops::RangeInclusive<u32>) -> impl Iterator<Item = Range> {
    let end = *values.end();
    values.flat_map(move |low| (low..=end).map(move |high| Range { low, high }))
}

/// A range that is too wide would make a filter run in this process, although the kernel could.
#[test]
fn ranges_are_the_smallest_without_overflow() {
    let operations = [op::ADD, op::MUL, op::DIV, op::LSH, op::RSH];
    for a in ranges(0..=9) {
        for by in ranges(0..=9) {
            for operation in operations {
                let mut values = Vec::new();
                for x in a.low..=a.high {
                    values.extend((by.low..=by.high).filter_map(|y| apply(operation, x, y)));
                }
                if let Some(expected) = hull(values) {
                    assert_eq!(
                        a.alu(operation, by),
                        expected,
                        "{operation:#x} {a:?} {by:?}"
                    );
                }
            }
            let difference = a.alu(op::SUB, by);
            let expected = match a.low >= by.high {
                true => Range {
                    low: a.low - by.high,
                    high: a.high - by.low,
                },
                false => ANY,
            };
            assert_eq!(difference, expected, "{a:?} {by:?}");
        }
    }
}

/// The results of operations on bits are bounded by the greatest operands.
#[test]
fn ranges_of_bits_have_bounds() {
    let range = |low, high| Range { low, high };
    let (some, mask) = (range(5, 9), range(2, 6));
    for (operation, expected) in [
        (op::AND, range(0, 6)),
        (op::OR, range(5, 15)),
        (op::XOR, range(0, 15)),
        (op::MOD, range(0, 5)),
        (op::NEG, ANY),
    ] {
        assert_eq!(some.alu(operation, mask), expected, "{operation:#x}");
    }
    assert_eq!(mask.alu(op::AND, some), range(0, 6));
    assert_eq!(mask.alu(op::OR, some), range(5, 15));
    assert_eq!(range(1, 3).alu(op::MOD, range(7, 8)), range(0, 3));
    assert_eq!(some.alu(op::MOD, Range::only(0)), Range::only(0));
    assert_eq!(some.alu(op::DIV, Range::only(0)), some);
    assert_eq!(
        Range::only(7).alu(op::NEG, ANY),
        Range::only(7_u32.wrapping_neg())
    );
    assert_eq!(some.alu(0xf0, mask), ANY);
    for a in ranges(0..=9) {
        for by in ranges(0..=9) {
            for operation in [op::AND, op::OR, op::XOR, op::MOD, op::NEG, op::SUB] {
                for (x, y) in (a.low..=a.high).flat_map(|x| (by.low..=by.high).map(move |y| (x, y)))
                {
                    let range = a.alu(operation, by);
                    let value = apply(operation, x, y);
                    assert!(value.is_none_or(|it| range.low <= it && it <= range.high));
                }
            }
        }
    }
}

/// A result of more than 32 bits wraps, so it may be any number.
#[test]
fn an_overflow_gives_any_number() {
    const MAX: u32 = u32::MAX;
    let range = |low, high| Range { low, high };
    let one = Range::only(1);
    assert_eq!(range(0, MAX - 1).alu(op::ADD, one), range(1, MAX));
    assert_eq!(range(3, MAX).alu(op::ADD, one), ANY);
    assert_eq!(range(1, MAX).alu(op::SUB, one), range(0, MAX - 1));
    assert_eq!(range(0, MAX).alu(op::SUB, one), ANY);
    assert_eq!(
        range(0, 0x5555_5555).alu(op::MUL, Range::only(3)),
        range(0, MAX)
    );
    assert_eq!(range(0, 0x5555_5556).alu(op::MUL, Range::only(3)), ANY);
    assert_eq!(
        range(1, 0xff).alu(op::LSH, Range::only(24)),
        range(1 << 24, 0xff << 24)
    );
    assert_eq!(range(1, 0x100).alu(op::LSH, Range::only(24)), ANY);
    assert_eq!(one.alu(op::LSH, range(30, 31)), range(1 << 30, 1 << 31));
    assert_eq!(one.alu(op::LSH, range(31, 32)), ANY);
    assert_eq!(one.alu(op::LSH, Range::only(MAX)), ANY);
    assert_eq!(ANY.alu(op::RSH, range(4, 40)), range(0, MAX >> 4));
    assert_eq!(ANY.alu(op::RSH, Range::only(32)), Range::only(0));
}

/// A comparison splits a range into the values for which it holds, and the others.
#[test]
fn comparisons_split_ranges() {
    const MAX: u32 = u32::MAX;
    for base in [0, 100, MAX - 6] {
        for range in ranges(base..=base + 6) {
            for k in (base.saturating_sub(1)..=base.saturating_add(7)).chain([0, MAX]) {
                type Compare = fn(&u32, &u32) -> bool;
                let comparisons: [(u16, Compare); 3] =
                    [(op::JEQ, u32::eq), (op::JGT, u32::gt), (op::JGE, u32::ge)];
                for (comparison, compare) in comparisons {
                    for holds in [true, false] {
                        let values = range.low..=range.high;
                        let expected = hull(values.filter(|value| compare(value, &k) == holds));
                        let part = range.when(comparison, k, holds);
                        assert_eq!(part, expected, "{range:?} {comparison:#x} {k} {holds}");
                    }
                }
                for holds in [true, false] {
                    assert_eq!(range.when(op::JSET, k, holds), Some(range));
                }
            }
        }
    }
}

#[test]
fn ones_fill_the_bits_of_a_number() {
    for (value, expected) in [
        (0, 0),
        (1, 1),
        (2, 3),
        (3, 3),
        (4, 7),
        (255, 255),
        (256, 511),
    ] {
        assert_eq!(ones(value), expected);
    }
    assert_eq!(ones(1 << 31), u32::MAX);
}

/// The end of the bytes that decide: the offset, the size, and the greatest index.
#[test]
fn reach_is_the_end_of_what_is_loaded() {
    let end = |load: u16| of(&[(load, 0, 0, 20), (0x06, 0, 0, 1)]).reach;
    let absolute = [op::B, op::H, op::W].map(|size| end(op::LD | size | op::ABS));
    assert_eq!(absolute, [Some(21), Some(22), Some(24)]);
    assert_eq!(end(op::LDX | op::B | op::MSH), Some(21));
    assert_eq!(end(op::LD | op::IMM), Some(0));
    assert_eq!(end(op::LD | op::LEN), Some(0));
    // Without an index, x is 0.
    assert_eq!(end(op::LD | op::H | op::IND), Some(22));
    // The farthest load counts, wherever it is.
    let (near, far) = ((0x30, 0, 0, 3), (0x28, 0, 0, 50));
    for loads in [[near, far], [far, near]] {
        assert_eq!(of(&[loads[0], loads[1], (0x06, 0, 0, 1)]).reach, Some(52));
    }
    // ldxb 4*([7]&0xf); ldb [x+1]: the header's first byte is before the other.
    let header = [(0xb1, 0, 0, 7), (0x50, 0, 0, 1), (0x06, 0, 0, 1)];
    assert_eq!(of(&header).reach, Some(62));
    let header = [(0xb1, 0, 0, 99), (0x06, 0, 0, 1)];
    assert_eq!(of(&header).reach, Some(100));
    // The kernel's own data is not in the packet.
    assert_eq!(
        of(&[(0x20, 0, 0, PACKET_TYPE), (0x16, 0, 0, 0)]).reach,
        Some(0)
    );
    // What no path reaches is not loaded: ja 1; ld [90]; ret #1.
    assert_eq!(
        of(&[(0x05, 0, 0, 1), (0x20, 0, 0, 90), (0x06, 0, 0, 1)]).reach,
        Some(0)
    );
}

/// The kernel takes an offset of 2³¹ or more for a negative one.
#[test]
fn offsets_that_may_be_negative_differ() {
    let program = |k| {
        of(&[
            (0x80, 0, 0, 0),
            (0x54, 0, 0, 0xff),
            (0x07, 0, 0, 0),
            (0x50, 0, 0, k),
            (0x16, 0, 0, 0),
        ])
    };
    let last = (1 << 31) - 0xff - 1;
    assert_eq!(program(last).differs, None);
    assert_eq!(program(last).reach, Some(1 << 31));
    assert!(program(last + 1).differs.unwrap().contains("offset"));
    assert_eq!(u64::from(last) + 0xff + 1, OFFSETS);
}

/// Each memory cell and each register has its own range.
#[test]
fn ranges_move_with_the_registers() {
    // ld #7; st M[3]; ld #9; st M[4]; ldx M[3]; ldb [x+0]; ret a
    let cells = [
        (0x00, 0, 0, 7),
        (0x02, 0, 0, 3),
        (0x00, 0, 0, 9),
        (0x02, 0, 0, 4),
        (0x61, 0, 0, 3),
        (0x50, 0, 0, 0),
        (0x16, 0, 0, 0),
    ];
    assert_eq!(of(&cells).reach, Some(8));
    // ldx #5; txa; add x; tax; stx M[15]; ld M[15]; tax; ldb [x+0]; ret a
    let registers = [
        (0x01, 0, 0, 5),
        (0x87, 0, 0, 0),
        (0x0c, 0, 0, 0),
        (0x07, 0, 0, 0),
        (0x03, 0, 0, 15),
        (0x60, 0, 0, 15),
        (0x07, 0, 0, 0),
        (0x50, 0, 0, 0),
        (0x16, 0, 0, 0),
    ];
    assert_eq!(of(&registers).reach, Some(11));
    // A cell that was never stored may hold anything.
    let unknown = [(0x61, 0, 0, 2), (0x50, 0, 0, 0), (0x16, 0, 0, 0)];
    assert_eq!(of(&unknown).reach, None);
}

/// Where two paths meet, a register has the values of both: in a, x and memory.
#[test]
fn paths_that_meet_join_their_ranges() {
    for (one, two, end) in [
        // ldx #3 or ldx #9; ldb [x+0]
        ((0x01, 0, 0, 3), (0x01, 0, 0, 9), vec![]),
        // ld #3 or ld #9; tax; ldb [x+0]
        ((0x00, 0, 0, 3), (0x00, 0, 0, 9), vec![(0x07, 0, 0, 0)]),
    ] {
        for (one, two) in [(one, two), (two, one)] {
            // ldb [0]; jeq #1, 0, 2; (one); ja 1; (two)
            let mut program = vec![(0x30, 0, 0, 0), (0x15, 0, 2, 1), one, (0x05, 0, 0, 1), two];
            program.extend(&end);
            program.extend([(0x50, 0, 0, 0), (0x06, 0, 0, 1)]);
            assert_eq!(of(&program).reach, Some(10), "{program:?}");
        }
    }
    // ldb [0]; st M[1]; jeq #1, 0, 1; ldx M[1]; ldb [x+0]: on one path a is 1, on the other any byte.
    let program = [
        (0x30, 0, 0, 0),
        (0x15, 0, 1, 1),
        (0x07, 0, 0, 0),
        (0x50, 0, 0, 0),
        (0x06, 0, 0, 1),
    ];
    assert_eq!(of(&program).reach, Some(2));
}

#[test]
fn a_filter_that_accepts_nothing_is_found() {
    let accepts = |program: &[(u16, u8, u8, u32)]| of(program).accepts;
    assert!(!accepts(&[(0x06, 0, 0, 0)]));
    assert!(accepts(&[(0x06, 0, 0, 1)]));
    assert!(!accepts(&[(0x00, 0, 0, 0), (0x16, 0, 0, 0)]));
    assert!(accepts(&[(0x00, 0, 0, 5), (0x16, 0, 0, 0)]));
    // ldb [0]; jgt #255, 0, 1; ret #1; ret #0: no byte is greater.
    let never = |k| {
        [
            (0x30, 0, 0, 0),
            (0x25, 0, 1, k),
            (0x06, 0, 0, 1),
            (0x06, 0, 0, 0),
        ]
    };
    assert!(!accepts(&never(255)));
    assert!(accepts(&never(254)));
    // A comparison with x bounds nothing: jgt x, 0, 1.
    let by_index = [
        (0x30, 0, 0, 0),
        (0x2d, 0, 1, 255),
        (0x06, 0, 0, 1),
        (0x06, 0, 0, 0),
    ];
    assert!(accepts(&by_index));
    // The first reason remains.
    let two = of(&[
        (0x80, 0, 0, 0),
        (0x07, 0, 0, 0),
        (0x6c, 0, 0, 0),
        (0x50, 0, 0, 0),
        (0x16, 0, 0, 0),
    ]);
    assert!(two.differs.unwrap().contains("shifts"));
    // ja -1.
    let backward = of(&[(0x05, 0, 0, u32::MAX), (0x06, 0, 0, 0)]);
    assert!(backward.accepts && backward.differs.unwrap().contains("backward"));
    assert_eq!(backward.reach, None);
}

/// Shifts by a constant below 32 are the same everywhere.
#[test]
fn shifts_differ_from_32_on() {
    for operation in [op::LSH, op::RSH] {
        for (by, differs) in [(31, false), (32, true)] {
            // ldx #by; lsh x; ret a
            let shift = op::ALU | operation | op::X;
            let facts = of(&[(0x01, 0, 0, by), (shift, 0, 0, 0), (0x16, 0, 0, 0)]);
            assert_eq!(facts.differs.is_some(), differs, "{by}");
        }
    }
    // Other operations may have any operand.
    assert_eq!(
        of(&[(0x01, 0, 0, 99), (0x0c, 0, 0, 0), (0x16, 0, 0, 0)]).differs,
        None
    );
}

/// A program that accepts only sent packets accepts nothing where none is shown.
#[test]
fn sent_packets_may_not_be_shown() {
    let accepts = |program: &[(u16, u8, u8, u32)], shown| {
        let program = program
            .iter()
            .map(|&(code, jt, jf, k)| Insn::new(code, jt, jf, k));
        facts(&program.collect::<Vec<_>>(), shown).accepts
    };
    let sent = |before: &[(u16, u8, u8, u32)], test| {
        let end = [test, (0x06, 0, 0, 1), (0x06, 0, 0, 0)];
        [before, &end].concat()
    };
    let ask = (0x28, 0, 0, PACKET_TYPE);
    let is_sent = (0x15, 0, 1, OUTGOING);
    for (program, incoming) in [
        (sent(&[ask], is_sent), false),
        // Another type; another comparison; with x; not the type.
        (sent(&[ask], (0x15, 0, 1, 3)), true),
        (sent(&[ask], (0x35, 0, 1, OUTGOING)), true),
        (sent(&[ask], (0x1d, 0, 1, OUTGOING)), true),
        (sent(&[(0x28, 0, 0, 12)], is_sent), true),
        (sent(&[(0x28, 0, 0, PACKET_TYPE - 4)], is_sent), true),
        (sent(&[(0x80, 0, 0, 0)], is_sent), true),
        // Changed after the query.
        (sent(&[ask, (0x04, 0, 0, 0)], is_sent), true),
        (
            sent(&[ask, (0x01, 0, 0, OUTGOING), (0x87, 0, 0, 0)], is_sent),
            true,
        ),
        (sent(&[ask, (0x30, 0, 0, 0)], is_sent), true),
        // Kept over an instruction that leaves a alone: tax.
        (sent(&[ask, (0x07, 0, 0, 0)], is_sent), false),
        // jeq #outgoing, 1, 0: what is not sent is accepted.
        (
            vec![
                ask,
                (0x15, 1, 0, OUTGOING),
                (0x06, 0, 0, 1),
                (0x06, 0, 0, 0),
            ],
            true,
        ),
    ] {
        assert_eq!(accepts(&program, Shown::Incoming), incoming, "{program:?}");
    }
    assert!(accepts(&sent(&[ask], is_sent), Shown::All));
    // Where the type and another value meet, neither is known: ldb [0]; jeq #1, 0, 1; ld the type; jeq #outgoing
    let joined = [
        &[(0x30, 0, 0, 0), (0x15, 0, 1, 1), ask][..],
        &sent(&[], is_sent),
    ]
    .concat();
    assert!(accepts(&joined, Shown::Incoming));
}
