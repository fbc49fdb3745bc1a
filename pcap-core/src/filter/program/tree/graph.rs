//! The graph of a program's decisions and operations, from which a tree is built.
//!
//! The accumulator and the index register are known at most points of a program: constants, or numbers in the packet.
//! Then instructions that only change them disappear from the graph.

use super::number::Number;
use super::state::{Content, State, bit};
use crate::filter::program::insn::{Insn, code, op};
use crate::filter::program::validate::{A_BIT, taken_later};

/// The maximum number of instructions between two stops.
const MAX_STEPS: usize = 64;

/// The length of an IP header without options.
const SHORT_HEADER: u32 = 20;

/// A point at which a program does something, and the state there.
#[derive(Clone, Copy)]
pub(super) enum Stop {
    /// The end of the program, with its result.
    Answer(u32),
    /// A conditional jump that compares the accumulator with a constant.
    Test(usize, Insn, State),
    /// Tests whether the header at this offset has no options. If so, its length is a constant.
    Header(usize, u32, State),
    /// A load of the accumulator's content into the register, for the instruction at that index.
    Load(usize, State),
    /// A load of the index register's content into the register.
    LoadIndex(usize, State),
    /// An instruction that uses or changes registers or the memory.
    Plain(usize, Insn, State),
}

/// What a program does at an instruction.
enum Act {
    /// The kinds of stops. The index register is loaded for the instruction at that index.
    Answer(u32),
    Test,
    Header,
    Load,
    LoadIndex(usize),
    Plain,
    /// The instruction has only changed the state.
    Next,
    Jump(usize),
}

impl State {
    /// Returns what to do at an instruction, and changes the state if nothing else happens there. `live` are the
    /// registers and memory cells that later instructions use.
    fn act(&mut self, index: usize, insn: Insn, live: u32) -> Option<Act> {
        let state = self;
        let State { a, x, untried, .. } = *state;
        let mode = insn.code & 0xe0;
        let uses_index = insn.code & op::X != 0;
        match (insn.code & 0x07, a) {
            (op::JMP, _) if insn.code == code::JUMP => {
                let to = (index + 1).checked_add_signed(insn.k as i32 as isize)?;
                return Some(Act::Jump(to));
            }
            (op::JMP, Content::Constant(a)) if !uses_index => {
                let skip = if holds(insn, a) { insn.jt } else { insn.jf };
                return Some(Act::Jump(index + 1 + usize::from(skip)));
            }
            (op::JMP, Content::Number(number)) if !uses_index => {
                return match number.can_be_compared(insn) {
                    true => Some(Act::Test),
                    false => Some(Act::Load),
                };
            }
            (op::JMP, Content::Register) if !uses_index => {
                return Some(Act::Test);
            }
            (op::ALU, Content::Number(number)) if !uses_index => match number.apply(insn) {
                Some(number) => state.a = Content::Number(number),
                None => return Some(Act::Load),
            },
            (op::ALU, Content::Constant(a)) if !uses_index => {
                state.a = Content::Constant(calculate(insn, a)?);
            }
            (op::MISC, Content::Number(_))
                if is_move(insn) && (!state.is_indexed() || live & A_BIT == 0) =>
            {
                let is_indexed = state.is_indexed();
                state.x = a;
                state.untried = false;
                if is_indexed {
                    state.a = Content::Constant(0);
                }
                if untried || is_indexed {
                    return Some(Act::LoadIndex(index + 1));
                }
            }
            (op::ALU, Content::Register) if is_nothing(insn) => {}
            // With another index register, an indexed load would give another number.
            (op::LDX, _) if state.is_indexed() => return Some(Act::Load),
            // Where operations are needed anyway, a test would only be one more.
            (op::LDX, _) if mode == op::MSH && state.needs_operations() => return Some(Act::Plain),
            (op::LDX, _) if mode == op::MSH => {
                return Some(Act::Header);
            }
            (op::LDX, _) if mode == op::IMM => state.x = Content::Constant(insn.k),
            (op::LDX, _) if mode == op::LEN => state.x = Content::Number(Number::LENGTH),
            // The other instructions do not try the number.
            _ if untried => return Some(Act::Load),
            (op::RET, _) if insn.code == code::RETURN => {
                return Some(Act::Answer(insn.k));
            }
            (op::RET, Content::Constant(a)) => return Some(Act::Answer(a)),
            (op::LD, _) if mode == op::IMM => state.a = Content::Constant(insn.k),
            (op::LD, _) if mode == op::MEM => match state.recall(insn.k) {
                Some(a) => state.a = a,
                None => return Some(Act::Plain),
            },
            (op::LD, _) if mode == op::IND && !x.is_register() => {
                return Some(Act::LoadIndex(index));
            }
            (op::LD, _) => {
                let number = Number::of(insn);
                state.a = Content::Number(number);
                state.untried = number.may_fail();
            }
            (op::MISC, _) if !is_move(insn) => match x {
                Content::Register => return Some(Act::Plain),
                x => state.a = x,
            },
            (op::MISC, Content::Constant(_)) => state.x = a,
            (op::LDX, _) => match state.recall(insn.k) {
                Some(x) => state.x = x,
                None => return Some(Act::Plain),
            },
            (op::STX, _) if !x.is_register() => return Some(Act::LoadIndex(index)),
            (op::STX, _) => return Some(Act::Plain),
            (op::ALU, Content::Constant(a)) if insn.code == code::ADD_INDEX => match x {
                Content::Number(number) => state.a = Content::Number(number.plus(a)),
                _ => return Some(Act::Load),
            },
            // The remaining instructions use the accumulator, and some the index register.
            _ if !a.is_register() => return Some(Act::Load),
            (op::ALU | op::JMP, _) if uses_index && !x.is_register() => {
                return Some(Act::LoadIndex(index));
            }
            _ => return Some(Act::Plain),
        }
        Some(Act::Next)
    }
}

impl Stop {
    /// Returns a value that orders stops, and is the same only for equal ones. The instruction follows from its index
    /// and the state.
    pub(super) fn key(&self) -> (u8, usize, u32, State) {
        match *self {
            Stop::Answer(value) => (0, 0, value, State::START),
            Stop::Test(index, _, state) => (1, index, 0, state),
            Stop::Header(index, _, state) => (2, index, 0, state),
            Stop::Load(index, state) => (3, index, 0, state),
            Stop::LoadIndex(index, state) => (4, index, 0, state),
            Stop::Plain(index, _, state) => (5, index, 0, state),
        }
    }

    /// Returns the first stop at or after an instruction; `None` if it is too far.
    fn after(program: &[Insn], live: &[u32], mut index: usize, mut state: State) -> Option<Stop> {
        for _ in 0..MAX_STEPS {
            let insn = *program.get(index)?;
            state.forget(*live.get(index)?);
            let later = live.get(index + 1).copied().unwrap_or(0);
            if insn.is_kernel_extension() {
                return Some(Stop::Answer(0));
            }
            let insn = state.with_constant_index(insn)?;
            return Some(match state.act(index, insn, later)? {
                Act::Answer(value) => Stop::Answer(value),
                Act::Test => Stop::Test(index, insn, state),
                Act::Header => Stop::Header(index, insn.k, state),
                Act::Load => Stop::Load(index, state),
                Act::LoadIndex(index) => Stop::LoadIndex(index, state),
                Act::Plain => Stop::Plain(index, insn, state),
                Act::Next => {
                    index += 1;
                    continue;
                }
                Act::Jump(to) => {
                    index = to;
                    continue;
                }
            });
        }
        None
    }
}

/// Returns whether arithmetic changes no number.
fn is_nothing(insn: Insn) -> bool {
    let operation = insn.code & !op::ALU;
    let is_nothing = matches!(
        operation,
        op::ADD | op::SUB | op::OR | op::XOR | op::LSH | op::RSH
    );
    is_nothing && insn.k == 0
}

/// Returns whether an instruction of class `MISC` changes the index register.
fn is_move(insn: Insn) -> bool {
    insn.code & 0xf8 != op::TXA
}

/// Returns whether the condition of a jump holds.
fn holds(insn: Insn, a: u32) -> bool {
    match insn.code & 0xf0 {
        op::JEQ => a == insn.k,
        op::JGT => a > insn.k,
        op::JGE => a >= insn.k,
        _ => a & insn.k != 0,
    }
}

/// Returns the result of arithmetic with a constant.
fn calculate(insn: Insn, a: u32) -> Option<u32> {
    let k = insn.k;
    match insn.code & 0xf0 {
        op::ADD => Some(a.wrapping_add(k)),
        op::SUB => Some(a.wrapping_sub(k)),
        op::MUL => Some(a.wrapping_mul(k)),
        op::DIV => a.checked_div(k),
        op::MOD => a.checked_rem(k),
        op::AND => Some(a & k),
        op::OR => Some(a | k),
        op::XOR => Some(a ^ k),
        op::LSH => a.checked_shl(k),
        op::RSH => a.checked_shr(k),
        // `NEG`: the check excludes any other.
        _ => Some(a.wrapping_neg()),
    }
}

/// The stops of a program and the paths between them. The first stop is the start.
pub(super) struct Graph<'a> {
    program: &'a [Insn],
    /// The registers and memory cells that each instruction and later ones use before they change them.
    live: Vec<u32>,
    pub(super) stops: Vec<Stop>,
    /// The numbers of the stops, in the order of the stops.
    sorted: Vec<usize>,
    /// For each stop, the next one if its condition holds, and the next one if it does not. They are the same if it has
    /// no condition.
    pub(super) ways: Vec<[usize; 2]>,
}

impl<'a> Graph<'a> {
    pub(super) fn of(program: &'a [Insn]) -> Option<Graph<'a>> {
        let mut graph = Graph {
            program,
            live: taken_later(program),
            stops: Vec::new(),
            sorted: Vec::new(),
            ways: Vec::new(),
        };
        // The memory is 0 at the start.
        let mut start = 0;
        while program.get(start).is_some_and(|insn| insn.code == op::ST) {
            start += 1;
        }
        graph.add(start, State::START)?;
        while let Some(&stop) = graph.stops.get(graph.ways.len()) {
            let way = match stop {
                Stop::Answer(_) => [graph.ways.len(); 2],
                Stop::Test(index, insn, state) => graph.jump(index, insn, state)?,
                Stop::Header(index, k, state) => {
                    let x = Content::Constant(SHORT_HEADER);
                    let short = State { x, ..state };
                    let insn = Insn::new(code::HEADER, 0, 0, k);
                    let other = Stop::Plain(index, insn, state);
                    [graph.add(index + 1, short)?, graph.add_stop(other)?]
                }
                Stop::Load(index, state) => [graph.add(index, state.with_register())?; 2],
                Stop::LoadIndex(index, state) => {
                    let x = Content::Register;
                    [graph.add(index, State { x, ..state })?; 2]
                }
                Stop::Plain(index, insn, state) => graph.plain(index, insn, state)?,
            };
            graph.ways.push(way);
        }
        Some(graph)
    }

    /// Returns the two continuations of a conditional jump.
    fn jump(&mut self, index: usize, insn: Insn, state: State) -> Option<[usize; 2]> {
        let untried = false;
        let state = State { untried, ..state };
        Some([
            self.add(index + 1 + usize::from(insn.jt), state)?,
            self.add(index + 1 + usize::from(insn.jf), state)?,
        ])
    }

    fn plain(&mut self, index: usize, insn: Insn, state: State) -> Option<[usize; 2]> {
        let x = Content::Register;
        let next = match insn.code & 0x07 {
            op::JMP => return self.jump(index, insn, state),
            op::RET => return Some([self.ways.len(); 2]),
            op::LDX => State { x, ..state },
            op::ST | op::STX => State {
                stored: state.stored | bit(insn.k),
                ..state
            },
            op::MISC if is_move(insn) => State { x, ..state },
            _ => state.with_register(),
        };
        Some([self.add(index + 1, next)?; 2])
    }

    /// Returns the number of the stop at or after an instruction; `None` if there are too many.
    fn add(&mut self, index: usize, state: State) -> Option<usize> {
        self.add_stop(Stop::after(self.program, &self.live, index, state)?)
    }

    fn add_stop(&mut self, stop: Stop) -> Option<usize> {
        let new = self.stops.len();
        let key = stop.key();
        let place = self
            .sorted
            .binary_search_by(|id| self.stops[*id].key().cmp(&key));
        let id = match place {
            Ok(at) => self.sorted[at],
            Err(at) => {
                self.sorted.insert(at, new);
                self.stops.push(stop);
                new
            }
        };
        // A test occurs once for each number that it may examine.
        (new <= 8 * self.program.len() + 16).then_some(id)
    }
}
