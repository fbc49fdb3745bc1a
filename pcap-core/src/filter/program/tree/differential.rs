//! Compares trees and the interpreter with libpcap's interpreter: for every expression of the tests, and for random
//! instructions of all kinds.

use std::collections::HashSet;
use std::sync::Arc;

use super::Tree;
use super::tests::libpcap_with;
use crate::filter::CompileOptions;
use crate::filter::persuade::persuaded;
use crate::filter::program::insn::Insn;
use crate::filter::program::interpret::interpret;
use crate::filter::program::validate::{self, Origin};
use crate::filter::random::Random;
use crate::linktype::Dlt;

/// Compares the results of the tree and the interpreter for a packet that was this long on the wire. Returns whether it
/// is accepted.
fn compare(tree: &Tree, packet: &[u8], wire_len: u32) -> bool {
    // An allocation of its own, so that valgrind notices a load beyond the end.
    let packet: Box<[u8]> = packet.into();
    let expected = libpcap_with(&tree.program, &packet, wire_len);
    let result = tree.run(&packet, || wire_len);
    let program = &tree.program;
    assert_eq!(result, expected, "{program:?} on {packet:02x?}, {wire_len}");
    let result = interpret(program, &packet, wire_len);
    assert_eq!(result, expected, "{program:?} on {packet:02x?}, {wire_len}");
    result != 0
}

/// Returns the link types and expressions of the tests that this libpcap compiles.
fn expressions() -> impl Iterator<Item = (Dlt, &'static str)> {
    let lines = include_str!("../../../../tests/data/expressions.txt").lines();
    let lines = lines.filter(|line| !line.starts_with(['#', '!']));
    lines.filter_map(|line| {
        let mut columns = line.split('\t');
        let dlt = columns.next()?.split(' ').next_back()?;
        Some((Dlt::from_name(dlt)?, columns.nth(1)?))
    })
}

#[test]
fn every_expression_gives_the_same_result_for_truncated_packets() {
    let mut random = Random::new(0x5eed);
    let (mut compiled, mut accepted, mut rejected) = (0, 0, 0);
    for (dlt, expression) in expressions() {
        for optimize in [true, false] {
            let options = CompileOptions::new().optimize(optimize);
            let Ok(filter) = options.compile(dlt, expression) else {
                continue;
            };
            compiled += 1;
            let loops = filter.jumps_backward();
            assert_eq!(filter.0.tree.is_interpreted(), loops, "{dlt} {expression}");
            for _ in 0..3 {
                let packet = persuaded(&filter.0.plain, &mut random);
                for length in 0..=packet.len() {
                    match compare(&filter.0.tree, &packet[..length], packet.len() as u32) {
                        true => accepted += 1,
                        false => rejected += 1,
                    }
                }
            }
            for _ in 0..50 {
                let packet = persuaded(&filter.0.plain, &mut random);
                let wire_len = random.pick(&[60, 64, 100, 101, 1000, 1514, u32::MAX]);
                compare(&filter.0.tree, &packet, wire_len);
            }
        }
    }
    assert!(compiled > 600, "{compiled}");
    assert!(
        accepted > 50_000 && rejected > 50_000,
        "{accepted}, {rejected}"
    );
}

/// Generates instructions of all kinds.
fn program(random: &mut Random) -> Vec<Insn> {
    const NUMBERS: [u32; 14] = [
        0,
        1,
        2,
        3,
        4,
        7,
        8,
        31,
        0x45,
        0xff,
        0x100,
        0xffff,
        0x7fff_ffff,
        u32::MAX,
    ];
    const ALU: [u16; 10] = [0x00, 0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0x90, 0xa0];
    let length = 2 + random.below(24);
    let mut program = Vec::new();
    for left in (0..length).rev() {
        let number = random.pick(&NUMBERS);
        let offset = match random.below(20) {
            0 => random.pick(&[0x7fff_fff0, 0x7fff_ffff, 40, 1000]),
            _ => random.below(24) as u32,
        };
        let cell = random.below(4) as u32;
        let register = 8 * random.below(2) as u16;
        let mut skip = || random.below(left.clamp(1, 6)) as u8;
        let (jt, jf) = (skip(), skip());
        let (code, k) = match random.below(16) {
            0..=3 => (random.pick(&[0x20, 0x28, 0x30, 0x40, 0x48, 0x50]), offset),
            4 => (random.pick(&[0x00, 0x01]), number),
            // Their operand has no meaning.
            5 => (random.pick(&[0x80, 0x81, 0x07, 0x87, 0x84]), number),
            6 => (0xb1, offset),
            7 => (random.pick(&[0x02, 0x03]), cell),
            8 => (random.pick(&[0x60, 0x61]), cell),
            9..=11 => {
                let operation = random.pick(&ALU);
                let k = match operation {
                    0x60 | 0x70 => random.pick(&[0, 1, 2, 4, 8, 16, 24, 31]),
                    0x30 | 0x90 => number.max(1),
                    _ => number,
                };
                (0x04 | operation | register, k)
            }
            12 => (0x05, u32::from(jt)),
            13 if random.one_in(3) => (random.pick(&[0x06, 0x16]), number),
            _ => (
                0x05 | register | random.pick(&[0x10, 0x20, 0x30, 0x40]),
                number,
            ),
        };
        let jumps = code & 0x07 == 0x05 && code != 0x05;
        let (jt, jf) = if jumps { (jt, jf) } else { (0, 0) };
        program.push(Insn::new(code, jt, jf, k));
    }
    program.extend([0x16, 0x06, 0x16].map(|code| Insn::new(code, 0, 0, 7)));
    // Enough instructions after the last jumps to land on.
    program.extend([0, 3, 0, 9, 0, 1].map(|k| Insn::new(0x06, 0, 0, k)));
    program
}

#[test]
fn all_instructions_give_the_same_result() {
    let mut random = Random::new(0x0dd5);
    let (mut trees, mut accepted, mut runs) = (0, 0, 0);
    let mut kinds = HashSet::new();
    for _ in 0..40_000 {
        let program = program(&mut random);
        // The compiler's programs may load memory that they have not stored.
        validate::check(&program, Origin::Compiler).unwrap();
        let program = validate::with_memory_zeroed(&program).unwrap_or(program);
        let tree = Tree::of(&Arc::from(program));
        trees += u32::from(!tree.is_interpreted());
        kinds.extend(tree.ops.iter().map(|op| op.kind));
        for _ in 0..12 {
            let mut packet = persuaded(&tree.program, &mut random);
            packet.truncate(random.pick(&[0, 1, 3, 7, 8, 9, 12, 20, 27, 40, 220]));
            let wire_len = random.pick(&[0, 1, 60, 1514, u32::MAX, packet.len() as u32]);
            accepted += u32::from(compare(&tree, &packet, wire_len));
            runs += 1;
        }
    }
    assert!(trees > 39_000, "{trees}");
    assert!((runs / 10..runs * 9 / 10).contains(&accepted), "{accepted}");
    // Some offsets are too large for a tree.
    assert_eq!(kinds.len(), super::ops::KINDS, "{kinds:?}");
}

// Several equal numbers within eight bytes are one test, unless a short packet would show it.
#[test]
fn joined_tests_give_the_same_result_for_truncated_packets() {
    let mut random = Random::new(0x701d);
    let (mut joined, mut accepted, mut runs) = (0, 0, 0);
    for _ in 0..5_000 {
        let tests = 2 + random.below(4);
        let begin = random.below(12);
        let mut program = Vec::new();
        for left in (0..tests).rev() {
            let offset = (begin + random.below(7)) as u32;
            program.push(Insn::new(random.pick(&[0x20, 0x28, 0x30]), 0, 0, offset));
            // All of them fail at the same place: a return, or a test of a number that may be beyond the others.
            let fail = 2 * left as u8 + 1;
            program.push(match random.below(4) {
                0 => Insn::new(0x45, fail, 0, random.pick(&[1, 0xff, 0x100])),
                _ => Insn::new(0x15, 0, fail, random.pick(&[0, 0, 0, 1, 0x100])),
            });
        }
        program.push(Insn::new(0x06, 0, 0, random.pick(&[0, 5])));
        if random.one_in(2) {
            program.push(Insn::new(0x30, 0, 0, random.below(20) as u32));
            program.push(Insn::new(0x15, 1, 0, 0));
        }
        program.push(Insn::new(0x06, 0, 0, random.pick(&[0, 7])));
        program.push(Insn::new(0x06, 0, 0, 9));
        validate::check(&program, Origin::Caller).unwrap();
        let tree = Tree::of(&Arc::from(program));
        joined += u32::from(!tree.is_interpreted() && tree.tests.len() < tests);
        for _ in 0..4 {
            let packet: Vec<u8> = (0..24).map(|_| random.pick(&[0, 0, 0, 0, 1])).collect();
            for length in 0..=packet.len() {
                accepted += u32::from(compare(&tree, &packet[..length], 24));
                runs += 1;
            }
        }
    }
    assert!(joined > 500, "{joined}");
    assert!((runs / 10..runs * 9 / 10).contains(&accepted), "{accepted}");
}
