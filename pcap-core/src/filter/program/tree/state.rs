//! What is known about the registers and the memory at a point of a program.

use super::number::{Number, Source};
use crate::filter::program::insn::{Insn, op};
use crate::filter::program::validate::{self, CELLS};

/// The content of a register.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Content {
    /// A number that is loaded only where it is needed. In the index register, a number relative to that register is
    /// loaded at once.
    Number(Number),
    Constant(u32),
    /// The register contains it.
    Register,
}

impl Content {
    pub(super) fn is_register(self) -> bool {
        matches!(self, Content::Register)
    }
}

/// The contents of the accumulator, the index register and the memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct State {
    pub(super) a: Content,
    /// Whether the accumulator contains a number that has not been loaded before, so that the packet may end before it.
    pub(super) untried: bool,
    pub(super) x: Content,
    /// The memory cells to which the program may have stored something, as bits. The others contain 0.
    pub(super) stored: u32,
}

impl State {
    /// The state at the start of a program.
    pub(super) const START: State = State {
        a: Content::Constant(0),
        untried: false,
        x: Content::Constant(0),
        stored: 0,
    };

    /// Forgets what an instruction and all later ones do not use.
    pub(super) fn forget(&mut self, live: u32) {
        if live & validate::A_BIT == 0 && !self.untried {
            self.a = Content::Constant(0);
        }
        if live & validate::X_BIT == 0 {
            self.x = Content::Constant(0);
        }
        self.stored &= live;
    }

    /// Returns the state after the register has been loaded.
    pub(super) fn with_register(self) -> State {
        State {
            a: Content::Register,
            untried: false,
            ..self
        }
    }

    /// Returns the content of a memory cell, if it is known.
    pub(super) fn recall(self, cell: u32) -> Option<Content> {
        (self.stored & bit(cell) == 0).then_some(Content::Constant(0))
    }

    /// Returns whether only operations know the content of the accumulator or of the memory.
    pub(super) fn needs_operations(self) -> bool {
        self.a.is_register() || self.stored != 0
    }

    /// Returns whether the accumulator contains a number relative to the index register.
    pub(super) fn is_indexed(self) -> bool {
        matches!(self.a, Content::Number(number) if number.source == Source::Indexed)
    }

    /// Rewrites an instruction that uses the index register, if its content is a constant. Returns `None` for a load
    /// from an offset that only very large packets have.
    pub(super) fn with_constant_index(self, insn: Insn) -> Option<Insn> {
        let Content::Constant(x) = self.x else {
            return Some(insn);
        };
        let is_alu = insn.code & 0x07 == op::ALU;
        let (code, k) = match insn.code & 0x07 {
            op::LD if insn.code & 0xe0 == op::IND => {
                let k = insn.k.checked_add(x).filter(|k| *k <= i32::MAX as u32)?;
                (insn.code & !0xe0 | op::ABS, k)
            }
            op::ALU | op::JMP if insn.code & op::X != 0 => match insn.code & 0xf0 {
                // As constants, these are not allowed.
                op::DIV | op::MOD if is_alu && x == 0 => return Some(insn),
                op::LSH | op::RSH if x >= 32 => return Some(insn),
                _ => (insn.code & !op::X, x),
            },
            _ => return Some(insn),
        };
        Some(Insn { code, k, ..insn })
    }
}

/// Returns the bit of a memory cell.
pub(super) fn bit(cell: u32) -> u32 {
    1 << (cell % CELLS)
}
