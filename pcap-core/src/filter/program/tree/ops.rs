//! The operations that are not tests of a number at a fixed offset.

use super::{ACCEPT, Place, Test, Tree, WINDOW};
use crate::filter::program::insn::{Insn, op};
use crate::filter::program::validate::CELLS;

/// The operation of a tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
    // Ends of the program.
    Answer,
    AnswerA,
    /// A load that only a kernel understands.
    Kernel,
    /// Leaves the program to libpcap.
    Libpcap,
}

impl Kind {
    /// Returns the operation of an instruction that uses or changes registers or the memory.
    pub(super) fn of(insn: Insn) -> Option<Kind> {
        let with_index = insn.code & op::X != 0;
        let either = |constant, index| if with_index { index } else { constant };
        Some(match (insn.code & 0x07, insn.code & 0xf0) {
            (op::LD, _) if insn.code == op::LD | op::MEM => Kind::Recall,
            (op::LDX, _) => match insn.code & 0xe0 {
                op::IMM => Kind::IndexConstant,
                op::LEN => Kind::IndexLength,
                op::MEM => Kind::RecallIndex,
                op::MSH => Kind::Header,
                _ => return None,
            },
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
            (op::JMP, op::JEQ) if with_index => Kind::Equal,
            (op::JMP, op::JGT) if with_index => Kind::Greater,
            (op::JMP, op::JGE) if with_index => Kind::AtLeast,
            (op::JMP, op::JSET) if with_index => Kind::AnyBit,
            (op::RET, _) if insn.code == op::RET | op::A => Kind::AnswerA,
            (op::MISC, op::TAX) => Kind::SetIndex,
            (op::MISC, op::TXA) => Kind::TakeIndex,
            _ => return None,
        })
    }
}

/// An operation and its operands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Op {
    /// The test. For other operations, the places are those after it, or if its condition holds and if not; a load uses
    /// the offset after its number, and the mask.
    pub(super) test: Test,
    /// The constant, the memory cell, the offset of the header, or the number of bytes to load.
    pub(super) k: u32,
    pub(super) kind: Kind,
}

impl Op {
    pub(super) fn plain(kind: Kind, k: u32, next: Place) -> Op {
        Op {
            test: Test {
                mask: 0,
                low: 0,
                more: 0,
                at: 0,
                yes: next,
                no: next,
            },
            k,
            kind,
        }
    }
}

impl Test {
    /// Returns the result of a load. The numbers of a test are instead what is added, and the number of bits to shift to
    /// the right after shifting 32 to the left.
    #[inline]
    fn loaded(&self, number: u64) -> u32 {
        let shifted = (number & self.mask) << 32 >> (self.more & 63);
        (shifted as u32).wrapping_add(self.low as u32)
    }
}

impl Tree {
    /// Continues at an operation.
    #[inline(never)]
    pub(super) fn operate(&self, place: Place, data: &[u8], wire_len: u32) -> u32 {
        // Offsets have 32 bits.
        let data = &data[..data.len().min(u32::MAX as usize)];
        match self.has_memory {
            true => self.execute(place, data, wire_len, &mut [0; CELLS as usize]),
            false => self.execute(place, data, wire_len, &mut []),
        }
    }

    /// Inlined, so that programs without memory do not prepare it.
    #[inline(always)]
    fn execute<const N: usize>(
        &self,
        mut place: Place,
        data: &[u8],
        wire_len: u32,
        memory: &mut [u32; N],
    ) -> u32 {
        let (tests, ops) = (&*self.tests, &*self.ops);
        let (mut a, mut x) = (0_u32, 0_u32);
        loop {
            if let Some(test) = tests.get(usize::from(place)) {
                let Some(bytes) = test.bytes(data) else {
                    return self.beyond(data, wire_len);
                };
                place = test.next(bytes);
                continue;
            }
            let Some(op) = ops.get(usize::from(place) - tests.len()) else {
                return if place == ACCEPT {
                    self.accept.get()
                } else {
                    0
                };
            };
            let Op { test, k, kind } = op;
            let k = *k;
            // The result of a condition.
            let holds = match kind {
                Kind::TestIndexed => match load(data, x, test.at, k) {
                    Some(number) => test.holds(number),
                    None => return 0,
                },
                Kind::TestLength => test.holds(wire_len.into()),
                Kind::TestA => test.holds(a.into()),
                Kind::Equal => a == x,
                Kind::Greater => a > x,
                Kind::AtLeast => a >= x,
                Kind::AnyBit => a & x != 0,
                _ => {
                    place = test.yes;
                    match kind {
                        Kind::Header => match data.get(k as usize) {
                            Some(byte) => x = u32::from(byte & 0x0f) << 2,
                            None => return 0,
                        },
                        Kind::Load => match load(data, 0, test.at, k) {
                            Some(number) => a = test.loaded(number),
                            None => return 0,
                        },
                        Kind::LoadIndexed => match load(data, x, test.at, k) {
                            Some(number) => a = test.loaded(number),
                            None => return 0,
                        },
                        Kind::Length => a = test.loaded(wire_len.into()),
                        Kind::Constant => a = k,
                        Kind::Recall => a = memory.get(k as usize).copied().unwrap_or(0),
                        Kind::Store => set(memory, k, a),
                        Kind::TakeIndex => a = x,
                        Kind::IndexLength => x = wire_len,
                        Kind::IndexConstant => x = k,
                        Kind::RecallIndex => x = memory.get(k as usize).copied().unwrap_or(0),
                        Kind::StoreIndex => set(memory, k, x),
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
                        Kind::Answer => return k,
                        Kind::AnswerA => return a,
                        Kind::Kernel if data.len() <= i32::MAX as usize => return 0,
                        _ => return self.libpcap(data, wire_len),
                    }
                    continue;
                }
            };
            place = test.way(holds);
        }
    }
}

#[inline]
fn set(memory: &mut [u32], cell: u32, value: u32) {
    if let Some(cell) = memory.get_mut(cell as usize) {
        *cell = value;
    }
}

/// Loads the number that ends at `end` after the index. Returns `None` if the packet ends before. More significant bits
/// of the result are those of the bytes before the number.
#[inline]
fn load(data: &[u8], index: u32, end: u32, size: u32) -> Option<u64> {
    // If the offset does not fit into `usize`, no packet reaches it.
    let end = usize::try_from(u64::from(index) + u64::from(end)).ok()?;
    match data.get(end.wrapping_sub(WINDOW)..end) {
        Some(bytes) => Some(u64::from_be_bytes(bytes.try_into().ok()?)),
        None => load_early(data, end, size as usize),
    }
}

/// Loads a number at the beginning of the packet.
#[cold]
#[inline(never)]
fn load_early(data: &[u8], end: usize, size: usize) -> Option<u64> {
    let bytes = data.get(end - size..end)?;
    Some(
        bytes
            .iter()
            .fold(0, |number, byte| number << 8 | u64::from(*byte)),
    )
}
