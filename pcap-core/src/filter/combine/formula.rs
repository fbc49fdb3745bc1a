//! Joins programs by `and`, `or` and `not` into one.
//!
//! An accepting return of a part continues with the rest of the formula. A part that runs out of
//! packet bytes ends the whole program, as in libpcap's programs for `a or b` and `not a`.

use crate::filter::program::assemble::{Assembler, Place};
use crate::filter::program::insn::{Insn, code, op};
use crate::filter::program::validate;

/// A step of a formula in reverse Polish notation: `a or not b` is `a`, `b`, `Not`, `Or`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step<P> {
    Part(P),
    Not,
    And,
    Or,
}

impl<P> Step<P> {
    /// Replaces the part of the step.
    pub(crate) fn map<'a, Q>(&'a self, part: impl FnOnce(&'a P) -> Q) -> Step<Q> {
        match self {
            Step::Part(p) => Step::Part(part(p)),
            Step::Not => Step::Not,
            Step::And => Step::And,
            Step::Or => Step::Or,
        }
    }
}

/// Joins the programs of a well-formed formula. The programs have been checked. The result returns
/// `accept` for each packet that it accepts.
pub(crate) fn join(steps: &[Step<&[Insn]>], accept: u32) -> Vec<Insn> {
    let mut assembler = Assembler::default();
    let reject = assembler.ret(0);
    let mut start = assembler.ret(accept);
    // The continuations of the open subformulas: the one if the subformula holds, and the one if not. `None` is the
    // place that was written last.
    let mut open = vec![(Some(start), Some(reject))];
    // Programs are written from their end, so the formula is read from its end.
    for step in steps.iter().rev() {
        let Some((yes, no)) = open.pop() else { break };
        let (yes, no) = (yes.unwrap_or(start), no.unwrap_or(start));
        match step {
            Step::Part(program) => start = write(&mut assembler, program, yes, no),
            Step::Not => open.push((Some(no), Some(yes))),
            Step::And => open.extend_from_slice(&[(None, Some(no)), (Some(yes), Some(no))]),
            Step::Or => open.extend_from_slice(&[(Some(yes), None), (Some(yes), Some(no))]),
        }
    }
    assembler.finish(start)
}

/// Writes a program that continues at `yes` and `no` instead of returning.
fn write(assembler: &mut Assembler, program: &[Insn], yes: Place, no: Place) -> Place {
    let start = if program.iter().any(|insn| insn.jumps_backward()) {
        write_as_it_is(assembler, program, yes, no)
    } else {
        write_anew(assembler, program, yes, no)
    };
    clear(assembler, program, start)
}

/// Copies each instruction to exactly one instruction, so that all jumps stay correct.
fn write_as_it_is(assembler: &mut Assembler, program: &[Insn], yes: Place, no: Place) -> Place {
    let mut place = no;
    for insn in program.iter().rev() {
        place = match *insn {
            Insn {
                code: code::RETURN,
                k: 0,
                ..
            } => assembler.jump(no),
            Insn {
                code: code::RETURN, ..
            } => assembler.jump(yes),
            insn => assembler.copy(insn),
        };
    }
    place
}

/// Writes a program without its returns and its unreachable instructions.
fn write_anew(assembler: &mut Assembler, program: &[Insn], yes: Place, no: Place) -> Place {
    const IS_ZERO: Insn = Insn::new(code::EQUAL, 0, 0, 0);
    let set = validate::set_before(program);
    let mut places = vec![no; program.len()];
    for (index, insn) in program.iter().enumerate().rev() {
        if set[index].is_none() {
            continue;
        }
        // The programs were checked: all jumps go forward and stay inside.
        let place = |skip: usize| places.get(index + 1 + skip).copied().unwrap_or(no);
        let here = match (insn.code & 0x07, insn.code) {
            (op::RET, code::RETURN) if insn.k == 0 => no,
            (op::RET, code::RETURN) => yes,
            // Returns A.
            (op::RET, _) => assembler.test(IS_ZERO, no, yes),
            (op::JMP, code::JUMP) => place(insn.k as usize),
            (op::JMP, _) => assembler.test(*insn, place(insn.jt.into()), place(insn.jf.into())),
            _ => assembler.plain(*insn, place(0)),
        };
        places[index] = here;
    }
    places[0]
}

/// Prepends instructions that zero the registers and memory cells which the program uses before it sets them, because
/// another part may have set them.
fn clear(assembler: &mut Assembler, program: &[Insn], mut place: Place) -> Place {
    let taken = validate::taken_before_set(program);
    if taken.is_empty() {
        return place;
    }
    for cell in taken.cells() {
        place = assembler.plain(Insn::new(op::ST, 0, 0, cell), place);
    }
    place = assembler.plain(Insn::new(code::TO_INDEX, 0, 0, 0), place);
    assembler.plain(Insn::new(code::CONSTANT, 0, 0, 0), place)
}
