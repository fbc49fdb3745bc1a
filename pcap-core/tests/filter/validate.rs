//! Instructions from other sources: libpcap's `bpf_validate` accepts programs that abort the process, loop forever or
//! read uninitialized memory. This check does not, and accepts every sound one.
//!
//! `FILTER_FUZZ_COUNT` sets the number of random programs (default 100 000), `FILTER_FUZZ_SEED` the seed.

use std::hint::black_box;

use pcap_core::{Dlt, ErrorKind, Filter, Insn};

use crate::support::random::Random;

const RET_A: Insn = Insn::new(0x16, 0, 0, 0);
const RET_1: Insn = Insn::new(0x06, 0, 0, 1);
/// `ld [0]`, which loads a value to work on.
const LD_0: Insn = Insn::new(0x20, 0, 0, 0);

/// All operations of the interpreter.
const CODES: [u16; 48] = [
    0x20, 0x28, 0x30, 0x40, 0x48, 0x50, 0xb1, // loads from the packet
    0x80, 0x81, 0x00, 0x01, 0x60, 0x61, 0x02, 0x03, // length, constants, memory
    0x04, 0x14, 0x24, 0x34, 0x44, 0x54, 0x64, 0x74, 0x94, 0xa4, // arithmetic with a constant
    0x0c, 0x1c, 0x2c, 0x3c, 0x4c, 0x5c, 0x6c, 0x7c, 0x9c, 0xac, 0x84, // and with the register
    0x05, 0x15, 0x25, 0x35, 0x45, 0x1d, 0x2d, 0x3d, 0x4d, // jumps
    0x06, 0x16, 0x07, // returns, tax
];
const TXA: u16 = 0x87;

fn make(program: &[Insn]) -> pcap_core::Result<Filter> {
    Filter::from_instructions(Dlt::EN10MB, program)
}

fn accepted_by_libpcap(program: &[Insn]) -> bool {
    let len = i32::try_from(program.len()).unwrap();
    // SAFETY: `len` instructions with libpcap's layout, which are only read.
    unsafe { pcap_sys::bpf_validate(program.as_ptr().cast(), len) != 0 }
}

#[track_caller]
fn refused(program: &[Insn], why: &str) {
    let error = make(program).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::FilterInvalid);
    assert!(error.text().contains(why), "{error}");
}

/// `bpf_validate` accepts programs on which libpcap's interpreter aborts, hangs or reads the stack.
// Shows: libpcap/bpfvalidate-takes-programs, parity/filter-instructions-instructions
#[test]
fn hostile_programs_are_refused() {
    // All of these pass `bpf_validate` of 1.10.3 (later ones reject some), and the first packet aborts the process,
    // hangs it, or is decided by the content of the stack.
    let load_index_halfword = Insn::new(0x49, 0, 0, 0); // abort()
    let alu_neg_x = Insn::new(0x8c, 0, 0, 0); // abort()
    let misc = Insn::new(0x27, 0, 0, 0); // abort()
    let ret_x = Insn::new(0x0e, 0, 0, 0); // abort()
    let backward = Insn::new(0x05, 0, 0, u32::MAX); // to itself, forever
    let uninitialised = Insn::new(0x60, 0, 0, 3);
    let shift_left_32 = Insn::new(0x64, 0, 0, 32); // undefined in C
    let shift_right_max = Insn::new(0x74, 0, 0, u32::MAX);
    for (insn, why) in [
        (
            load_index_halfword,
            "instruction 1 (73 0 0 0): no such operation",
        ),
        (alu_neg_x, "no such operation"),
        (misc, "no such operation"),
        (ret_x, "no such operation"),
        (
            backward,
            "instruction 1 (5 0 0 4294967295): it jumps backward",
        ),
        (uninitialised, "loads M[3], which is not stored"),
        (shift_left_32, "shifts by 32 bits or more"),
        (shift_right_max, "shifts by 32 bits or more"),
    ] {
        refused(&[LD_0, insn, RET_A], why);
    }
    // Under libpcap's own check, where it is known.
    let program = [LD_0, uninitialised, RET_A];
    assert!(accepted_by_libpcap(&program));
}

#[test]
fn the_other_faults_are_named() {
    refused(&[], "no instructions");
    refused(
        &vec![RET_1; 4097],
        "4097 instructions, more than the limit of 4096",
    );
    assert!(make(&vec![RET_1; 4096]).is_ok());
    refused(&[LD_0], "expected a return at the end");
    refused(
        &[RET_1, LD_0],
        "instruction 1 (32 0 0 0): expected a return",
    );
    refused(&[Insn::new(0x05, 0, 0, 1), RET_1], "beyond the end");
    refused(&[Insn::new(0x15, 1, 0, 0), RET_1], "beyond the end");
    refused(&[Insn::new(0x15, 0, 255, 0), RET_1], "beyond the end");
    refused(
        &[Insn::new(0x05, 0, 0, 0x7fff_ffff), RET_1],
        "beyond the end",
    );
    refused(&[Insn::new(0x05, 0, 0, 0x8000_0000), RET_1], "backward");
    refused(
        &[Insn::new(0x34, 0, 0, 0), RET_1],
        "divides by the constant 0",
    );
    refused(
        &[Insn::new(0x94, 0, 0, 0), RET_1],
        "divides by the constant 0",
    );
    for cell in [0x60, 0x61, 0x02, 0x03] {
        refused(&[Insn::new(cell, 0, 0, 16), RET_1], "cells 0 to 15");
        refused(&[Insn::new(cell, 0, 0, u32::MAX), RET_1], "cells 0 to 15");
    }
    for load in [0x20, 0x28, 0x30, 0x40, 0x48, 0x50, 0xb1] {
        let vlan_tag = Insn::new(load, 0, 0, 0xffff_f02c);
        refused(&[vlan_tag, RET_1], "extension of the Linux kernel");
    }
    for code in [0xffff, 0x8000, 0x0106, 0x1006, 0x0100] {
        refused(&[Insn::new(code, 0, 0, 0), RET_1], "no such operation");
    }
}

/// `bpf_validate` does not notice that a program loads what it did not store.
// Shows: libpcap/bpfvalidate-takes-programs
#[test]
fn memory_must_be_stored_on_every_way() {
    let jeq = |jt, jf| Insn::new(0x15, jt, jf, 1);
    let (store, load) = (Insn::new(0x02, 0, 0, 5), Insn::new(0x61, 0, 0, 5));
    // One path bypasses the store.
    refused(&[LD_0, jeq(1, 0), store, load, RET_1], "loads M[5]");
    // Another cell.
    refused(&[Insn::new(0x02, 0, 0, 4), load, RET_1], "loads M[5]");
    // On both paths, before the branch, and where it cannot be reached.
    let ja = Insn::new(0x05, 0, 0, 1);
    assert!(make(&[LD_0, jeq(0, 2), store, ja, store, load, RET_1]).is_ok());
    assert!(make(&[LD_0, store, jeq(0, 1), load, load, RET_1]).is_ok());
    assert!(make(&[RET_1, load, RET_1]).is_ok());
}

#[test]
fn exactly_the_known_operations_are_taken() {
    for code in 0..=u16::MAX {
        let known = CODES.contains(&code) || code == TXA;
        let program = [
            Insn::new(0x02, 0, 0, 1),
            Insn::new(code, 0, 0, 1),
            RET_1,
            RET_1,
        ];
        assert_eq!(make(&program).is_ok(), known, "{code:#x}");
    }
}

/// Runs a program as specified; panics on what a sound program never does.
fn interpret(program: &[Insn], data: &[u8], wire_len: u32) -> u32 {
    let (mut a, mut x, mut memory) = (0_u32, 0_u32, [None; 16]);
    let mut at = 0;
    // Only forward jumps: no program takes more steps than it has instructions.
    for _ in 0..program.len() {
        let Insn { code, jt, jf, k } = program[at];
        at += 1;
        let load = |offset: u64, size: usize| -> Option<u32> {
            let start = usize::try_from(offset).ok()?;
            let bytes = data.get(start..start.checked_add(size)?)?;
            Some(
                bytes
                    .iter()
                    .fold(0, |sum, byte| (sum << 8) | u32::from(*byte)),
            )
        };
        let operand = if code & 8 == 0 { k } else { x };
        match code {
            0x06 => return k,
            0x16 => return a,
            0x20 | 0x28 | 0x30 | 0x40 | 0x48 | 0x50 => {
                let size = [4, 2, 1][usize::from((code >> 3) & 3)];
                let index = if code & 0xe0 == 0x40 { x } else { 0 };
                match load(u64::from(k) + u64::from(index), size) {
                    Some(value) => a = value,
                    None => return 0,
                }
            }
            0xb1 => match load(u64::from(k), 1) {
                Some(value) => x = (value & 15) * 4,
                None => return 0,
            },
            0x80 => a = wire_len,
            0x81 => x = wire_len,
            0x00 => a = k,
            0x01 => x = k,
            0x60 => a = memory[k as usize].expect("stored before"),
            0x61 => x = memory[k as usize].expect("stored before"),
            0x02 => memory[k as usize] = Some(a),
            0x03 => memory[k as usize] = Some(x),
            0x05 => at += k as usize,
            0x07 => x = a,
            0x87 => a = x,
            0x84 => a = a.wrapping_neg(),
            _ if code & 7 == 5 => {
                let holds = match code & 0xf0 {
                    0x10 => a == operand,
                    0x20 => a > operand,
                    0x30 => a >= operand,
                    _ => a & operand != 0,
                };
                at += usize::from(if holds { jt } else { jf });
            }
            _ => {
                a = match code & 0xf0 {
                    0x00 => a.wrapping_add(operand),
                    0x10 => a.wrapping_sub(operand),
                    0x20 => a.wrapping_mul(operand),
                    0x30 | 0x90 if operand == 0 => return 0,
                    0x30 => a / operand,
                    0x90 => a % operand,
                    0x40 => a | operand,
                    0x50 => a & operand,
                    0xa0 => a ^ operand,
                    0x60 => a.checked_shl(operand).unwrap_or(0),
                    _ => a.checked_shr(operand).unwrap_or(0),
                }
            }
        }
    }
    panic!("the program does not end");
}

impl Random {
    fn insn(&mut self, len: usize) -> Insn {
        let code = match self.below(20) {
            0 => (self.next() >> 16) as u16,
            1 => TXA,
            _ => CODES[self.below(CODES.len())],
        };
        let k = match self.below(12) {
            0 => (self.next() >> 16) as u32,
            1 => u32::MAX - self.below(40) as u32,
            2 => 1 << self.below(32),
            _ => self.below(20) as u32,
        };
        let jump = len.min(6);
        Insn::new(code, self.below(jump) as u8, self.below(jump) as u8, k)
    }

    /// Returns random instructions, or a program of libpcap's with some of them changed.
    fn program(&mut self, compiled: &[Filter]) -> Vec<Insn> {
        if self.below(3) == 0 {
            let mut program = compiled[self.below(compiled.len())].instructions().to_vec();
            for _ in 0..=self.below(3) {
                let (at, len) = (self.below(program.len()), program.len());
                program[at] = self.insn(len);
            }
            return program;
        }
        let len = 1 + self.below(24);
        let mut program: Vec<_> = (0..len).map(|_| self.insn(len)).collect();
        // Most begin with stores, because few programs with memory would be sound otherwise.
        for (cell, insn) in program.iter_mut().enumerate().take(self.below(16)) {
            *insn = Insn::new(0x02, 0, 0, cell as u32);
        }
        program.push(if self.below(2) == 0 { RET_A } else { RET_1 });
        program
    }

    fn packet(&mut self) -> Vec<u8> {
        (0..self.below(80))
            .map(|_| (self.next() >> 16) as u8)
            .collect()
    }
}

/// Leaves a pattern on the stack where the interpreter will have its memory.
#[inline(never)]
fn soil_stack(byte: u8) {
    black_box([byte; 2048]);
}

// Shows: libpcap/bpfvalidate-takes-programs
#[test]
fn whatever_passes_runs_by_the_book() {
    let setting = |name: &str, default: u64| {
        let value = std::env::var(name).ok();
        value.map_or(default, |value| value.parse().expect("a number"))
    };
    let count = setting("FILTER_FUZZ_COUNT", 100_000);
    let mut random = Random(setting("FILTER_FUZZ_SEED", 0x9e37_79b9_7f4a_7c15) | 1);
    let compiled = [
        "tcp port 80",
        "vlan 5 and ip",
        "ip[2:2] - ((tcp[12] & 0xf0) >> 2) > len / 3",
    ]
    .map(|e| Filter::compile(Dlt::EN10MB, e).unwrap());

    let (mut accepted, mut wanted) = (0_u64, 0_u64);
    for _ in 0..count {
        let program = random.program(&compiled);
        let Ok(filter) = make(&program) else {
            continue;
        };
        accepted += 1;
        assert!(accepted_by_libpcap(&program), "{filter}");
        for _ in 0..4 {
            let packet = random.packet();
            let wire_len = packet.len() as u32 + random.below(3) as u32 * 1000;
            soil_stack(0x00);
            let first = filter.run(&packet, wire_len);
            soil_stack(0xa5);
            let second = filter.run(&packet, wire_len);
            let expected = interpret(&program, &packet, wire_len);
            assert_eq!(
                (first, second),
                (expected, expected),
                "{filter}\n{packet:02x?}"
            );
            wanted += u64::from(first != 0);
        }
    }
    println!("{accepted} of {count} programs accepted, {wanted} packets wanted");
    assert!(
        accepted > count / 20 && wanted > accepted / 2,
        "the programs are too dull"
    );
}
