//! Checks whether a program is safe to run. libpcap's own check (`bpf_validate`) does not suffice: it accepts programs
//! that abort the process, loop forever or read uninitialized memory.
//!
//! The interpreter itself checks offsets into the packet (including `x + k`, without overflow), division by an index
//! register of 0, and shifts by an index register of 32 or more (the result is 0). Only this module detects all other
//! faults.

use super::insn::{Insn, code, op};

/// The maximum number of instructions that any kernel accepts.
pub(crate) const MAX_LEN: usize = 4096;

/// Memory cells: `M[0]` to `M[15]`.
pub(crate) const CELLS: u32 = 16;

/// The origin of a program, which determines what it may contain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A caller's instructions.
    Caller,
    /// This crate's assembler: the same rules as for a caller, but any length.
    Assembled,
    /// Serialized data that claims to come from libpcap's compiler: the same rules as for the compiler, but no backward
    /// jumps.
    #[cfg_attr(not(feature = "serde"), allow(dead_code))]
    Serialized,
    /// libpcap's compiler: any length, backward jumps (the loop of `ip6 protochain`), loads that only a kernel
    /// understands, and loads of memory that [`with_memory_zeroed`] zeroes.
    Compiler,
}

impl Origin {
    /// Returns whether the program may contain loads that only a kernel understands, and loads of memory that
    /// [`with_memory_zeroed`] zeroes.
    fn compiles(self) -> bool {
        matches!(self, Origin::Compiler | Origin::Serialized)
    }
}

/// Checks that the interpreter can run a program to its end for every packet. The error is the fault.
pub(crate) fn check(program: &[Insn], origin: Origin) -> Result<(), String> {
    let Some(last) = program.last() else {
        return Err("the program has no instructions".into());
    };
    if origin == Origin::Caller && program.len() > MAX_LEN {
        return Err(format!(
            "the program has {} instructions, more than the limit of {MAX_LEN}",
            program.len()
        ));
    }
    for (index, insn) in program.iter().enumerate() {
        let at = |fault| format!("instruction {index} ({insn}): {fault}");
        check_one(*insn, origin).map_err(at)?;
        check_jumps(program.len(), index, *insn, origin).map_err(at)?;
    }
    if last.code & 0x07 != op::RET {
        return Err(format!(
            "instruction {} ({last}): expected a return at the end",
            program.len() - 1
        ));
    }
    match unwritten_loads(program).first() {
        Some((index, insn)) if !origin.compiles() => Err(format!(
            "instruction {index} ({insn}): it loads M[{}], which is not stored on every path to it",
            insn.k
        )),
        _ => Ok(()),
    }
}

/// Prepends instructions that zero all memory cells which the program may load without having stored to them. Returns
/// `None` if there are none, which is the usual case.
///
/// In rare cases libpcap's compiler omits a store (1.10.3: `geneve or udp`, and `pppoes` on 802.11 with radiotap
/// headers). Later versions of libpcap zero the memory before they run a program; Linux rejects such a program.
pub(crate) fn with_memory_zeroed(program: &[Insn]) -> Option<Vec<Insn>> {
    let loads = unwritten_loads(program);
    if loads.is_empty() {
        return None;
    }
    // The registers are 0 at the start, and jumps are relative, so the program itself stays the same.
    let mut zeroed = Vec::new();
    for cell in 0..CELLS {
        if loads.iter().any(|(_, load)| load.k == cell) {
            zeroed.push(Insn::new(op::ST, 0, 0, cell));
        }
    }
    zeroed.extend_from_slice(program);
    Some(zeroed)
}

/// Checks a single instruction.
fn check_one(insn: Insn, origin: Origin) -> Result<(), &'static str> {
    let code = insn.code;

    // Exactly the operations that the interpreter knows; it calls abort() for any other.
    let (load, memory) = (code::LOADS.contains(&code), code::MEMORY.contains(&code));
    let is_known = load
        || memory
        || code::PLAIN.contains(&code)
        || code::WITH_OPERAND.contains(&(code & !op::X));
    if !is_known {
        return Err("no such operation");
    }
    if load && !origin.compiles() && insn.is_kernel_extension() {
        return Err(
            "it loads from a negative offset, an extension of the Linux kernel without meaning on plain bytes",
        );
    }
    if memory && insn.k >= CELLS {
        return Err("expected one of the memory cells 0 to 15");
    }
    if matches!(code, code::DIVIDE | code::MODULO) && insn.k == 0 {
        return Err("it divides by the constant 0");
    }
    if matches!(code, code::SHIFT_LEFT | code::SHIFT_RIGHT) && insn.k >= 32 {
        return Err("it shifts by 32 bits or more");
    }
    Ok(())
}

/// Returns the targets of a jump; none for other instructions.
fn targets(index: usize, insn: Insn) -> [Option<i64>; 2] {
    if insn.code & 0x07 != op::JMP {
        return [None; 2];
    }
    let next = index as i64 + 1;
    if insn.code & 0xf0 == op::JA {
        // Signed, as in the interpreter.
        return [Some(next + i64::from(insn.k as i32)), None];
    }
    [
        Some(next + i64::from(insn.jt)),
        Some(next + i64::from(insn.jf)),
    ]
}

fn check_jumps(len: usize, index: usize, insn: Insn, origin: Origin) -> Result<(), &'static str> {
    for target in targets(index, insn) {
        let Some(target) = target else {
            continue;
        };
        if target <= index as i64 && (origin != Origin::Compiler || target < 0) {
            return Err("it jumps backward");
        }
        if target >= len as i64 {
            return Err("it jumps beyond the end");
        }
    }
    Ok(())
}

/// Returns the loads of cells that are not stored on every path to the load. The interpreter's memory is an
/// uninitialized array on its stack. The program's jumps must have been checked.
fn unwritten_loads(program: &[Insn]) -> Vec<(usize, Insn)> {
    let mut loads = Vec::new();
    for (index, (insn, set)) in program.iter().zip(set_before(program)).enumerate() {
        let load = matches!(insn.code, code::RECALL | code::INDEX_RECALL);
        // Unreachable instructions load nothing.
        if load && set.is_some_and(|set| set & (1 << (insn.k % CELLS)) == 0) {
            loads.push((index, *insn));
        }
    }
    loads
}

/// A set of registers and memory cells, as bits: the cells, then A and X.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Taken(u32);

pub(super) const A_BIT: u32 = 1 << CELLS;
pub(super) const X_BIT: u32 = 2 << CELLS;
const REGISTERS: u32 = A_BIT | X_BIT;

impl Taken {
    pub(crate) fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Returns whether the set contains a register.
    pub(crate) fn has_register(self) -> bool {
        self.0 & REGISTERS != 0
    }

    /// Returns the memory cells in the set.
    pub(crate) fn cells(self) -> impl Iterator<Item = u32> {
        (0..CELLS).filter(move |cell| self.0 & (1 << cell) != 0)
    }
}

/// Returns the registers and memory cells that a program may use before it has set them. The
/// program's jumps have been checked.
pub(crate) fn taken_before_set(program: &[Insn]) -> Taken {
    let mut taken = 0;
    for (insn, set) in program.iter().zip(set_before(program)) {
        // Unreachable instructions use nothing.
        taken |= takes_and_sets(*insn).0 & !set.unwrap_or(u32::MAX);
    }
    Taken(taken)
}

/// Returns whether an instruction uses or sets a memory cell.
pub(crate) fn uses_cell(insn: Insn, cell: u32) -> bool {
    let (takes, sets) = takes_and_sets(insn);
    (takes | sets) & (1 << cell) != 0
}

/// Returns the registers and cells that an instruction uses, and those that it sets.
fn takes_and_sets(insn: Insn) -> (u32, u32) {
    let cell = 1 << (insn.k % CELLS);
    let operands = match insn.code & op::X {
        op::X => REGISTERS,
        _ => A_BIT,
    };
    let loads = match insn.code & 0xe0 {
        op::IND => X_BIT,
        op::MEM => cell,
        _ => 0,
    };
    match insn.code & 0x07 {
        op::LD => (loads, A_BIT),
        op::LDX => (loads, X_BIT),
        op::ST => (A_BIT, cell),
        op::STX => (X_BIT, cell),
        op::ALU => (operands, A_BIT),
        op::JMP if insn.is_test() => (operands, 0),
        op::RET if insn.code == code::RETURN_A => (A_BIT, 0),
        op::MISC if insn.code & 0xf8 == op::TXA => (X_BIT, A_BIT),
        op::MISC => (A_BIT, X_BIT),
        _ => (0, 0),
    }
}

/// Returns, for each instruction, the registers and cells that are set on every path to it; `None` if it is
/// unreachable. The program's jumps have been checked.
pub(crate) fn set_before(program: &[Insn]) -> Vec<Option<u32>> {
    let mut set: Vec<Option<u32>> = vec![None; program.len()];
    set[0] = Some(0);
    // Forward jumps need one pass; libpcap's loops a few more. Each further pass clears at least
    // one bit, so this ends.
    let mut changed = true;
    while changed {
        changed = false;
        for (index, insn) in program.iter().enumerate() {
            let Some(before) = set[index] else {
                continue;
            };
            if insn.code & 0x07 == op::RET {
                continue;
            }
            let after = before | takes_and_sets(*insn).1;
            let jumps = targets(index, *insn);
            let next = if jumps == [None; 2] {
                [Some(index as i64 + 1), None]
            } else {
                jumps
            };
            for target in next.into_iter().flatten() {
                // In range: check_jumps came first, and the last instruction is a return.
                let there = &mut set[target as usize];
                let joined = there.map_or(after, |there| there & after);
                if *there != Some(joined) {
                    *there = Some(joined);
                    changed |= target <= index as i64;
                }
            }
        }
    }
    set
}

/// Returns, for each instruction, the registers and cells that are used there or later before they are set. The
/// program's jumps have been checked, and go forward.
pub(super) fn taken_later(program: &[Insn]) -> Vec<u32> {
    let mut taken = vec![0; program.len()];
    for (index, insn) in program.iter().enumerate().rev() {
        let next = match insn.code & 0x07 {
            op::RET => [None; 2],
            op::JMP => targets(index, *insn),
            _ => [Some(index as i64 + 1), None],
        };
        let mut later = 0;
        for target in next.into_iter().flatten() {
            later |= taken.get(target as usize).copied().unwrap_or(0);
        }
        let (takes, sets) = takes_and_sets(*insn);
        taken[index] = takes | later & !sets;
    }
    taken
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filter::program::mnemonics::program;

    /// Only the compiler's programs may jump backward, and only within the program.
    #[test]
    fn backward_jumps_stay_in_the_program() {
        let loops = |distance: i32| {
            let mut program = program("ld #1; jeq #2, 1, 0; ja 0; ret #1");
            program[2].k = distance as u32;
            program
        };
        for (distance, compiler, other) in [
            (0, true, true),
            (-1, true, false),
            (-3, true, false),
            (-4, false, false),
            (i32::MIN, false, false),
            (1, false, false),
        ] {
            let program = loops(distance);
            assert_eq!(check(&program, Origin::Compiler).is_ok(), compiler);
            for origin in [Origin::Caller, Origin::Assembled, Origin::Serialized] {
                assert_eq!(check(&program, origin).is_ok(), other, "{distance}");
            }
        }
    }

    #[test]
    fn cells_are_taken_unless_they_are_set_on_every_path() {
        for (text, cells) in [
            ("ld M[0]; ldx M[15]; ret a", &[0, 15][..]),
            ("st M[3]; ld M[3]; ret a", &[]),
            ("jeq #0, 0, 1; st M[3]; ld M[3]; ldx M[5]; ret a", &[3, 5]),
            ("ret #0; ld M[3]; ret a", &[]),
            // Two jumps back, `ja -4` to the second `ld`, and `ja -2` to that jump.
            (
                "jeq #0, 0, 5; st M[1]; ld #1; ld M[1]; ret a; ja 0xfffffffc; ja 0xfffffffe; ret #0",
                &[1],
            ),
        ] {
            let program = program(text);
            let taken: Vec<u32> = taken_before_set(&program).cells().collect();
            assert_eq!(taken, cells, "{text}");
            let zeroed = with_memory_zeroed(&program);
            let stores: Vec<Insn> = cells.iter().map(|&k| Insn::new(op::ST, 0, 0, k)).collect();
            let expected = (!stores.is_empty()).then(|| [&stores[..], &program].concat());
            assert_eq!(zeroed, expected, "{text}");
        }
    }

    #[test]
    fn what_is_used_later_is_known_at_each_instruction() {
        for (text, later) in [
            ("ldb [x + 1]; tax; ret #0", [X_BIT, A_BIT, 0]),
            ("ret #0; tax; ret #0", [0, A_BIT, 0]),
            ("jset #1, 1, 0; ret a; ret #1", [A_BIT, A_BIT, 0]),
            ("txa; st M[2]; ret a", [X_BIT, A_BIT, A_BIT]),
            ("stx M[2]; ld M[2]; ret a", [X_BIT, 4, A_BIT]),
            ("ldx M[1]; add x; ret a", [A_BIT | 2, REGISTERS, A_BIT]),
            ("jeq x, 0, 1; ret a; ret #1", [REGISTERS, A_BIT, 0]),
            ("ja 1; ret a; ret #0", [0, A_BIT, 0]),
        ] {
            assert_eq!(taken_later(&program(text)), later, "{text}");
        }
    }
}
