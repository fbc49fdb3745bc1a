//! The operations that are not tests of a number at a fixed offset.

use std::hint;

use super::{ACCEPT, CELLS, Place, Tree};
use crate::filter::program::insn::{Insn, code, op};

/// The operation of a tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    // Tests of a number relative to the index register, of the packet's length, and of the accumulator.
    TestIndexed,
    TestLength,
    TestA,
    // Comparisons of the accumulator with the index register.
    Equal,
    Greater,
    AtLeast,
    AnyBit,
    /// Loads the length of an IP header, four times the low half of a byte, into the index register.
    Header,
    // Loads into the accumulator, and from there.
    Load,
    LoadIndexed,
    Length,
    Constant,
    Recall,
    Store,
    TakeIndex,
    // Loads into the index register, and from there.
    IndexLoad,
    IndexLoadIndexed,
    IndexLength,
    IndexConstant,
    RecallIndex,
    StoreIndex,
    SetIndex,
    // Arithmetic with a constant, and with the index register.
    Add,
    Multiply,
    Divide,
    Remainder,
    And,
    Or,
    Xor,
    ShiftLeft,
    ShiftRight,
    Negate,
    AddIndex,
    SubtractIndex,
    MultiplyIndex,
    DivideIndex,
    RemainderIndex,
    AndIndex,
    OrIndex,
    XorIndex,
    ShiftLeftIndex,
    ShiftRightIndex,
    /// Continues at another operation.
    Jump,
    // Ends of the program.
    Answer,
    AnswerA,
    /// Continues with tests.
    Enter,
    /// Leaves the program to the interpreter.
    Interpret,
}

/// The number of operations.
#[cfg(test)]
pub(super) const KINDS: usize = Kind::Interpret as usize + 1;

impl Kind {
    /// Returns the operation of an instruction that uses or changes registers or the memory.
    pub(super) fn of(insn: Insn) -> Option<Kind> {
        let with_index = insn.code & op::X != 0;
        let either = |constant, index| if with_index { index } else { constant };
        Some(match (insn.code & 0x07, insn.code & 0xf0) {
            (op::LD, _) => Kind::Recall,
            (op::LDX, _) if insn.code == code::HEADER => Kind::Header,
            (op::LDX, _) => Kind::RecallIndex,
            (op::ST, _) => Kind::Store,
            (op::STX, _) => Kind::StoreIndex,
            (op::ALU, op::ADD) => either(Kind::Add, Kind::AddIndex),
            (op::ALU, op::SUB) => either(Kind::Add, Kind::SubtractIndex),
            (op::ALU, op::MUL) => either(Kind::Multiply, Kind::MultiplyIndex),
            (op::ALU, op::DIV) => either(Kind::Divide, Kind::DivideIndex),
            (op::ALU, op::MOD) => either(Kind::Remainder, Kind::RemainderIndex),
            (op::ALU, op::AND) => either(Kind::And, Kind::AndIndex),
            (op::ALU, op::OR) => either(Kind::Or, Kind::OrIndex),
            (op::ALU, op::XOR) => either(Kind::Xor, Kind::XorIndex),
            (op::ALU, op::LSH) => either(Kind::ShiftLeft, Kind::ShiftLeftIndex),
            (op::ALU, op::RSH) => either(Kind::ShiftRight, Kind::ShiftRightIndex),
            (op::ALU, op::NEG) => Kind::Negate,
            // With the index register; others are tests.
            (op::JMP, op::JEQ) => Kind::Equal,
            (op::JMP, op::JGT) => Kind::Greater,
            (op::JMP, op::JGE) => Kind::AtLeast,
            (op::JMP, op::JSET) => Kind::AnyBit,
            (op::RET, _) => Kind::AnswerA,
            (op::MISC, op::TAX) => Kind::SetIndex,
            (op::MISC, op::TXA) => Kind::TakeIndex,
            _ => return None,
        })
    }
}

impl Kind {
    pub(super) fn uses_memory(self) -> bool {
        matches!(
            self,
            Kind::Recall | Kind::RecallIndex | Kind::Store | Kind::StoreIndex
        )
    }
}

/// An operation and its operands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Op {
    pub(super) mask: u32,
    /// The numbers for which a test continues at `yes`: `low`, and `more` numbers after it. A load shifts by `more`,
    /// flips the bits in `no` and `yes`, and adds `low`.
    pub(super) low: u32,
    pub(super) more: u32,
    /// The constant, the memory cell, the offset of the header, the offset after the number, or the place of the test.
    pub(super) k: u32,
    /// The numbers of the next operations, or results, if the condition holds and if it does not. Without a condition,
    /// the operation after this one is the next.
    pub(super) yes: Place,
    pub(super) no: Place,
    pub(super) kind: Kind,
}

impl Op {
    pub(super) const fn plain(kind: Kind, k: u32) -> Op {
        Op {
            mask: 0,
            low: 0,
            more: 0,
            k,
            yes: 0,
            no: 0,
            kind,
        }
    }

    /// Returns the continuation of a test.
    #[inline]
    fn next(&self, number: u32) -> Place {
        self.way((number & self.mask).wrapping_sub(self.low) <= self.more)
    }

    #[inline]
    fn way(&self, holds: bool) -> Place {
        if holds {
            // A branch is predicted.
            hint::black_box(());
            self.yes
        } else {
            self.no
        }
    }

    /// Returns the result of a load. The number of bits is that to shift to the right after shifting 32 to the left.
    #[inline]
    fn loaded(&self, number: u32) -> u32 {
        let shifted = u64::from(number & self.mask) << 32 >> (self.more & 63);
        let flip = u32::from(self.no) << 16 | u32::from(self.yes);
        (shifted as u32 ^ flip).wrapping_add(self.low)
    }
}

impl Tree {
    /// Executes operations that use the memory. The array would enlarge the stack frame of each caller.
    #[inline(never)]
    pub(super) fn execute_with_memory(&self, start: usize, data: &[u8], wire_len: u32) -> u32 {
        self.execute(start, data, wire_len, Some(&mut [0; CELLS]))
    }

    /// Executes operations, beginning with the one of this number.
    ///
    /// Without memory, its cells remain 0.
    #[inline(never)]
    pub(super) fn execute(
        &self,
        start: usize,
        data: &[u8],
        wire_len: u32,
        mut memory: Option<&mut [u32; CELLS]>,
    ) -> u32 {
        let ops = &*self.ops;
        let (mut a, mut x) = (0_u32, 0_u32);
        let mut next = start;
        while let Some(op) = ops.get(next) {
            let k = op.k;
            let cell = k as usize % CELLS;
            next += 1;
            match op.kind {
                Kind::TestIndexed => match load(data, x, k) {
                    Some(number) => next = op.next(number).into(),
                    None => return self.interpret(data, wire_len),
                },
                Kind::TestLength => next = op.next(wire_len).into(),
                Kind::TestA => next = op.next(a).into(),
                Kind::Equal => next = op.way(a == x).into(),
                Kind::Greater => next = op.way(a > x).into(),
                Kind::AtLeast => next = op.way(a >= x).into(),
                Kind::AnyBit => next = op.way(a & x != 0).into(),
                Kind::Header => match data.get(k as usize) {
                    Some(byte) => x = u32::from(byte & 0x0f) << 2,
                    None => return 0,
                },
                Kind::Load => match load(data, 0, k) {
                    Some(number) => a = op.loaded(number),
                    None => return self.interpret(data, wire_len),
                },
                Kind::LoadIndexed => match load(data, x, k) {
                    Some(number) => a = op.loaded(number),
                    None => return self.interpret(data, wire_len),
                },
                Kind::IndexLoad => match load(data, 0, k) {
                    Some(number) => x = op.loaded(number),
                    None => return self.interpret(data, wire_len),
                },
                Kind::IndexLoadIndexed => match load(data, x, k) {
                    Some(number) => x = op.loaded(number),
                    None => return self.interpret(data, wire_len),
                },
                Kind::Length => a = op.loaded(wire_len),
                Kind::IndexLength => x = op.loaded(wire_len),
                Kind::Constant => a = k,
                Kind::IndexConstant => x = k,
                Kind::Recall => a = memory.as_ref().map_or(0, |memory| memory[cell]),
                Kind::RecallIndex => x = memory.as_ref().map_or(0, |memory| memory[cell]),
                Kind::Store => {
                    if let Some(memory) = &mut memory {
                        memory[cell] = a;
                    }
                }
                Kind::StoreIndex => {
                    if let Some(memory) = &mut memory {
                        memory[cell] = x;
                    }
                }
                Kind::TakeIndex => a = x,
                Kind::SetIndex => x = a,
                Kind::Add => a = a.wrapping_add(k),
                Kind::Multiply => a = a.wrapping_mul(k),
                // The check ensures that a constant is not 0.
                Kind::Divide => a /= k.max(1),
                Kind::Remainder => a %= k.max(1),
                Kind::And => a &= k,
                Kind::Or => a |= k,
                Kind::Xor => a ^= k,
                // The check ensures that a constant is below 32.
                Kind::ShiftLeft => a <<= k & 31,
                Kind::ShiftRight => a >>= k & 31,
                Kind::Negate => a = a.wrapping_neg(),
                Kind::AddIndex => a = a.wrapping_add(x),
                Kind::SubtractIndex => a = a.wrapping_sub(x),
                Kind::MultiplyIndex => a = a.wrapping_mul(x),
                Kind::DivideIndex => match a.checked_div(x) {
                    Some(quotient) => a = quotient,
                    None => return 0,
                },
                Kind::RemainderIndex => match a.checked_rem(x) {
                    Some(remainder) => a = remainder,
                    None => return 0,
                },
                Kind::AndIndex => a &= x,
                Kind::OrIndex => a |= x,
                Kind::XorIndex => a ^= x,
                Kind::ShiftLeftIndex => a = a.checked_shl(x).unwrap_or(0),
                Kind::ShiftRightIndex => a = a.checked_shr(x).unwrap_or(0),
                Kind::Jump => next = k as usize,
                Kind::Answer => return k,
                Kind::AnswerA => return a,
                // Without the black box, registers would be reserved for the tests.
                Kind::Enter => match hint::black_box(self).test(k as Place, data) {
                    None => return self.beyond(data, wire_len),
                    Some(place) if place >= ACCEPT => return self.result(place),
                    Some(place) => next = usize::from(place) - self.tests.len(),
                },
                Kind::Interpret => return self.interpret(data, wire_len),
            }
        }
        self.result(next as Place)
    }
}

/// Loads the number that ends at `end` after the index; more significant bits are those of the bytes before it. Returns
/// `None` if the packet ends before, or if the number is within the first four bytes. The interpreter then runs the
/// program.
#[inline(always)]
fn load(data: &[u8], index: u32, end: u32) -> Option<u32> {
    // Offsets have 32 bits.
    let end = index.checked_add(end)? as usize;
    let bytes = data.get(end.wrapping_sub(4)..end)?;
    Some(u32::from_be_bytes(bytes.try_into().ok()?))
}
