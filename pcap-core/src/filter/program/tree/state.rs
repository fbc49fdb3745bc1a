//! What is known about the registers at a point of a program.

use super::number::Number;
use crate::filter::program::insn::{Insn, op};

/// The content of the accumulator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Content {
    /// A number that is loaded only where it is needed.
    Number(Number),
    Constant(u32),
    /// The register contains it.
    Register,
}

/// The contents of both registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct State {
    pub(super) a: Content,
    /// The index register's content if it is a constant. Then the register may contain something else.
    pub(super) x: Option<u32>,
}

impl State {
    /// The state at the start of a program.
    pub(super) const START: State = State {
        a: Content::Constant(0),
        x: Some(0),
    };

    /// Rewrites an instruction that uses the index register, if its content is a constant. Returns `None` if the
    /// instruction loads from an offset that no packet of less than 2 GiB has.
    pub(super) fn with_constant_index(self, insn: Insn) -> Option<Insn> {
        if insn.is_kernel_extension() {
            return None;
        }
        let Some(x) = self.x else {
            return Some(insn);
        };
        let constant = Insn {
            code: insn.code & !op::X,
            k: x,
            ..insn
        };
        Some(match insn.code & 0x07 {
            op::LD if insn.code & 0xe0 == op::IND => {
                let k = insn.k.checked_add(x).filter(|k| *k <= i32::MAX as u32)?;
                let code = insn.code & !0xe0 | op::ABS;
                Insn { code, k, ..insn }
            }
            op::ALU | op::JMP if insn.code & op::X != 0 => match insn.code & 0xf0 {
                // With other constants, these have a meaning of their own.
                op::DIV | op::MOD if insn.code & 0x07 == op::ALU && x == 0 => insn,
                op::LSH | op::RSH if insn.code & 0x07 == op::ALU && x >= 32 => insn,
                _ => constant,
            },
            _ => insn,
        })
    }
}

/// Returns, for each instruction, whether the index register is used there or later before it is changed.
pub(super) fn live_index(program: &[Insn]) -> Vec<bool> {
    let mut live = vec![false; program.len()];
    let mut changed = true;
    // Forward jumps need one pass; loops a few more.
    while changed {
        changed = false;
        for (index, insn) in program.iter().enumerate().rev() {
            let after = |skip: usize| live.get(index + 1 + skip).copied().unwrap_or(false);
            let later = match insn.code & 0x07 {
                op::RET => false,
                op::JMP if insn.code == op::JMP | op::JA => {
                    let to = (index + 1).checked_add_signed(insn.k as i32 as isize);
                    to.and_then(|to| live.get(to).copied()).unwrap_or(false)
                }
                op::JMP => after(insn.jt.into()) || after(insn.jf.into()),
                _ => after(0),
            };
            let is = uses_index(*insn) || later && !sets_index(*insn);
            changed |= is != live[index];
            live[index] = is;
        }
    }
    live
}

fn uses_index(insn: Insn) -> bool {
    match insn.code & 0x07 {
        op::LD => insn.code & 0xe0 == op::IND,
        op::STX => true,
        op::ALU | op::JMP => insn.code & op::X != 0,
        op::MISC => insn.code & 0xf8 == op::TXA,
        _ => false,
    }
}

fn sets_index(insn: Insn) -> bool {
    match insn.code & 0x07 {
        op::LDX => true,
        op::MISC => insn.code & 0xf8 != op::TXA,
        _ => false,
    }
}
