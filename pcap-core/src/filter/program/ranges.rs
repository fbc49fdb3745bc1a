//! Analyzes a program: the values that its registers may have, how far into a packet it reads, and whether it can
//! accept a packet at all.

use super::insn::{Insn, op};

/// The end of the offsets that the kernel and libpcap treat alike. Beyond it, the kernel loads data that is not in the
/// packet.
const OFFSETS: u64 = 1 << 31;

/// Linux's packet type of sent packets.
const OUTGOING: u32 = 4;

/// The offset at which a program asks the kernel for the type of a packet: received, sent and
/// others.
pub(crate) const PACKET_TYPE: u32 = 0xffff_f004;

/// Facts about a program, found without running it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Facts {
    /// The number of leading bytes of a packet that decide the result. `None` if there is no such
    /// bound.
    pub(crate) reach: Option<u32>,
    /// The reason why the kernel's result may differ from libpcap's, if there is one.
    pub(crate) differs: Option<&'static str>,
    /// Whether the program can accept any packet.
    pub(crate) accepts: bool,
}

/// The packets that a program will see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shown {
    All,
    /// All packets except sent ones.
    Incoming,
}

/// The values that a register may have: from `low` to `high`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Range {
    low: u32,
    high: u32,
}

const ANY: Range = Range {
    low: 0,
    high: u32::MAX,
};

/// The longest IP header, which is the most that `ldxb 4*([k]&0xf)` loads.
const LONGEST_HEADER: Range = Range { low: 0, high: 60 };

impl Range {
    const fn only(value: u32) -> Range {
        Range {
            low: value,
            high: value,
        }
    }

    fn value(self) -> Option<u32> {
        (self.low == self.high).then_some(self.low)
    }

    fn join(self, other: Range) -> Range {
        Range {
            low: self.low.min(other.low),
            high: self.high.max(other.high),
        }
    }

    /// Returns the range between two results, or any number if one of them exceeds 32 bits.
    fn between(low: u64, high: u64) -> Range {
        match (u32::try_from(low), u32::try_from(high)) {
            (Ok(low), Ok(high)) => Range { low, high },
            _ => ANY,
        }
    }

    /// Returns the range of the results of an arithmetic operation.
    fn alu(self, operation: u16, by: Range) -> Range {
        let (low, high) = (u64::from(self.low), u64::from(self.high));
        let (by_low, by_high) = (u64::from(by.low), u64::from(by.high));
        match operation {
            op::ADD => Range::between(low + by_low, high + by_high),
            op::SUB => Range::between(low.wrapping_sub(by_high), high.wrapping_sub(by_low)),
            op::MUL => Range::between(low * by_low, high * by_high),
            // A division by zero ends the program, so the rest of it sees a divisor of at least
            // one.
            op::DIV => Range {
                low: self.low / by.high.max(1),
                high: self.high / by.low.max(1),
            },
            op::MOD => Range {
                low: 0,
                high: self.high.min(by.high.max(1) - 1),
            },
            op::AND => Range {
                low: 0,
                high: self.high.min(by.high),
            },
            op::OR => Range {
                low: self.low.max(by.low),
                high: ones(self.high | by.high),
            },
            op::XOR => Range {
                low: 0,
                high: ones(self.high | by.high),
            },
            op::LSH => Range::between(low << by_low.min(32), high << by_high.min(32)),
            op::RSH => Range {
                low: self.low.checked_shr(by.high).unwrap_or(0),
                high: self.high.checked_shr(by.low).unwrap_or(0),
            },
            // `NEG`: the check excludes any other.
            _ => self
                .value()
                .map_or(ANY, |value| Range::only(value.wrapping_neg())),
        }
    }

    /// Returns the part of the range for which a comparison with a constant holds, or for which it does not hold;
    /// `None` if that part is empty.
    fn when(self, comparison: u16, k: u32, holds: bool) -> Option<Range> {
        let Range { low, high } = self;
        let part = match (comparison, holds) {
            (op::JEQ, true) => Range {
                low: low.max(k),
                high: high.min(k),
            },
            (op::JEQ, false) => Range {
                low: if low == k { low.checked_add(1)? } else { low },
                high: if high == k {
                    high.checked_sub(1)?
                } else {
                    high
                },
            },
            (op::JGT, true) => Range {
                low: low.max(k.checked_add(1)?),
                high,
            },
            (op::JGT, false) => Range {
                low,
                high: high.min(k),
            },
            (op::JGE, true) => Range {
                low: low.max(k),
                high,
            },
            (op::JGE, false) => Range {
                low,
                high: high.min(k.checked_sub(1)?),
            },
            _ => self,
        };
        (part.low <= part.high).then_some(part)
    }
}

/// Returns the smallest number of the form 2ⁿ − 1 that is not smaller than `value`.
fn ones(value: u32) -> u32 {
    u32::MAX.checked_shr(value.leading_zeros()).unwrap_or(0)
}

/// The possible state of the machine before an instruction.
#[derive(Clone, Debug)]
struct State {
    a: Range,
    x: Range,
    memory: [Range; 16],
    /// Whether the accumulator is the packet's type.
    is_type: bool,
}

impl State {
    fn join(&mut self, other: &State) {
        self.a = self.a.join(other.a);
        self.x = self.x.join(other.x);
        for (cell, other) in self.memory.iter_mut().zip(other.memory) {
            *cell = cell.join(other);
        }
        self.is_type &= other.is_type;
    }

    fn cell(&mut self, k: u32) -> &mut Range {
        // The check ensures that there are 16.
        &mut self.memory[k as usize % 16]
    }
}

/// A walk through a program, with the state before each instruction.
struct Walk {
    shown: Shown,
    /// The states of the instructions that are still to be visited.
    states: Vec<Option<Box<State>>>,
    facts: Facts,
    /// The reach so far.
    reach: u64,
}

/// Returns the facts about a checked program.
pub(crate) fn facts(program: &[Insn], shown: Shown) -> Facts {
    let mut walk = Walk {
        shown,
        states: Vec::new(),
        facts: Facts {
            reach: None,
            differs: None,
            accepts: false,
        },
        reach: 0,
    };
    walk.states.resize_with(program.len(), || None);
    if program.iter().any(|insn| insn.jumps_backward()) {
        return Facts {
            reach: None,
            differs: Some("it jumps backward"),
            accepts: true,
        };
    }
    let zero = Range::only(0);
    walk.go(
        0,
        State {
            a: zero,
            x: zero,
            memory: [ANY; 16],
            is_type: false,
        },
    );
    for (index, insn) in program.iter().enumerate() {
        if let Some(state) = walk.states[index].take() {
            walk.visit(index, *insn, *state);
        }
    }
    walk.facts.reach = u32::try_from(walk.reach).ok();
    walk.facts
}

impl Walk {
    fn go(&mut self, to: usize, state: State) {
        let known = self.states.get_mut(to);
        // The check ensures that the program does not run beyond its end.
        let Some(known) = known else { return };
        match known {
            Some(there) => there.join(&state),
            empty => *empty = Some(Box::new(state)),
        }
    }

    fn visit(&mut self, index: usize, insn: Insn, mut state: State) {
        let class = insn.code & 0x07;
        match class {
            op::LD => {
                state.is_type = insn.k == PACKET_TYPE && insn.is_kernel_extension();
                state.a = self.load(insn, &mut state);
            }
            op::LDX => state.x = self.load(insn, &mut state),
            op::ST => *state.cell(insn.k) = state.a,
            op::STX => *state.cell(insn.k) = state.x,
            op::ALU => {
                let operation = insn.code & 0xf0;
                let by = match insn.code & 0x08 {
                    op::X => state.x,
                    _ => Range::only(insn.k),
                };
                if matches!(operation, op::LSH | op::RSH) && by.high >= 32 {
                    self.differs("it shifts by a number that may be 32 or more");
                }
                state.a = state.a.alu(operation, by);
                state.is_type = false;
            }
            op::MISC if insn.code & 0xf8 == op::TXA => {
                state.a = state.x;
                state.is_type = false;
            }
            op::MISC => state.x = state.a,
            op::RET => {
                let most = match insn.code & 0x18 {
                    op::A => state.a.high,
                    _ => insn.k,
                };
                self.facts.accepts |= most > 0;
                return;
            }
            // op::JMP
            _ => return self.jump(index, insn, state),
        }
        self.go(index + 1, state);
    }

    /// Returns the values that a load may yield.
    fn load(&mut self, insn: Insn, state: &mut State) -> Range {
        let (size, most) = match insn.code & 0x18 {
            op::B => (1, 0xff),
            op::H => (2, 0xffff),
            _ => (4, u32::MAX),
        };
        let loaded = Range { low: 0, high: most };
        let k = u64::from(insn.k);
        match insn.code & 0xe0 {
            op::IMM => Range::only(insn.k),
            op::MEM => *state.cell(insn.k),
            op::ABS | op::MSH if insn.is_kernel_extension() => ANY,
            op::ABS => {
                self.reach = self.reach.max(k + size);
                loaded
            }
            op::MSH => {
                self.reach = self.reach.max(k + 1);
                LONGEST_HEADER
            }
            op::IND => {
                let end = u64::from(state.x.high) + k + size;
                self.reach = self.reach.max(end);
                if end > OFFSETS {
                    self.differs("it loads from an offset that may be 2147483648 or more");
                }
                loaded
            }
            // op::LEN
            _ => ANY,
        }
    }

    fn jump(&mut self, index: usize, insn: Insn, state: State) {
        let next = index + 1;
        let comparison = insn.code & 0xf0;
        if comparison == op::JA {
            return self.go(next + insn.k as usize, state);
        }
        let by_constant = insn.code & 0x08 == op::K;
        for (holds, skip) in [(true, insn.jt), (false, insn.jf)] {
            let never = holds
                && by_constant
                && comparison == op::JEQ
                && insn.k == OUTGOING
                && state.is_type
                && self.shown == Shown::Incoming;
            let a = match by_constant {
                true => state.a.when(comparison, insn.k, holds),
                false => Some(state.a),
            };
            if let (Some(a), false) = (a, never) {
                let state = State { a, ..state.clone() };
                self.go(next + usize::from(skip), state);
            }
        }
    }

    fn differs(&mut self, why: &'static str) {
        self.facts.differs = self.facts.differs.or(Some(why));
    }
}

#[cfg(test)]
mod tests;
