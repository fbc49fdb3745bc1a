//! A template: libpcap's program for one address or port, used as a pattern for any number of them.
//!
//! The same expression is compiled with two different addresses. The programs differ in the
//! instructions that compare the address. The code before them, which finds the address in a packet
//! of the link type, is kept as libpcap generates it.
//!
//! Symbolic execution verifies that a program has the required form: every path to an accepting
//! return passes a matching comparison, and after a comparison that does not match, there is no
//! other comparison and no accepting return.

use crate::error::Result;
use crate::filter::options::CompileOptions;
use crate::filter::program::assemble::{Assembler, Place};
use crate::filter::program::insn::{Insn, code, op};
use crate::filter::program::validate;

/// The maximum number of steps of the symbolic execution; libpcap's templates take a few hundred.
const MAX_STEPS: usize = 200_000;
/// The maximum number of distinct values, each of which may be compared with all others.
const MAX_VALUES: usize = 1000;

/// Compiles an expression for the packets of a list.
pub(crate) type Compile<'a> = &'a dyn Fn(&str, CompileOptions) -> Result<Vec<Insn>>;

/// A program, the places of its comparisons, and the loads in between.
#[derive(Debug)]
pub(crate) struct Template {
    program: Vec<Insn>,
    /// The comparisons of the first word of an address.
    sites: Vec<usize>,
    /// The instructions that load the second word, the third and so on.
    pub(crate) loads: Vec<Vec<Insn>>,
    /// The return value for an accepted packet.
    pub(crate) accept: u32,
}

impl Template {
    /// Creates a template from two examples: an expression each, with the words that it compares.
    /// Returns `None` if no packet of the link type can match.
    ///
    /// # Errors
    ///
    /// libpcap's error text, or the reason why the program is not a template.
    pub(crate) fn new<const WORDS: usize>(
        compile: Compile<'_>,
        examples: [(&str, [u32; WORDS]); 2],
    ) -> Result<Option<Template>, String> {
        let compile = |optimize| -> Result<[Vec<Insn>; 2]> {
            let options = CompileOptions::new().optimize(optimize);
            let [one, other] = examples.map(|(text, _)| compile(text, options));
            Ok([one?, other?])
        };
        // The optimizer rejects an expression that no packet can match.
        let [program, other] = compile(true)
            .or_else(|_| compile(false))
            .map_err(|error| error.text().to_owned())?;
        let words = [examples[0].1, examples[1].1];
        let form = "`any_of` does not support the code that libpcap generates for this link type";
        let sites = sites(&program, &other, words).ok_or(form)?;
        let template = read(program, sites, WORDS).ok_or(form)?;
        Ok(template)
    }

    /// Writes the code before the comparisons. It continues at `compare` for each of them, and at
    /// `reject` if there is nothing to compare.
    #[inline]
    pub(crate) fn write(
        &self,
        assembler: &mut Assembler,
        compare: Place,
        reject: Place,
    ) -> Option<Place> {
        let mut places: Vec<Option<Place>> = vec![None; self.program.len()];
        let reached = self.reached();
        for (index, insn) in self.program.iter().enumerate().rev() {
            if !reached[index] {
                continue;
            }
            let [yes, no] = match after(index, *insn) {
                // Only comparisons lead to the accepting return, so this is never it.
                After::End => [None, None],
                After::Next(next) => [*places.get(next)?, None],
                After::Either(yes, no) => [*places.get(yes)?, *places.get(no)?],
            };
            places[index] = Some(match (insn.code & 0x07, no) {
                _ if self.sites.contains(&index) => compare,
                (op::RET, _) => reject,
                (op::JMP, None) => yes?,
                (op::JMP, Some(no)) => assembler.test(*insn, yes?, no),
                _ => assembler.plain(*insn, yes?),
            });
        }
        places[0]
    }

    /// Returns whether the program uses a memory cell.
    #[inline]
    pub(crate) fn uses_memory(&self, cell: u32) -> bool {
        self.program
            .iter()
            .any(|insn| validate::uses_cell(*insn, cell))
    }

    /// Returns which instructions can be reached without a comparison.
    #[inline]
    fn reached(&self) -> Vec<bool> {
        let mut reached = vec![false; self.program.len()];
        reached[0] = true;
        // Jumps only go forward.
        for (index, insn) in self.program.iter().enumerate() {
            if !reached[index] || self.sites.contains(&index) {
                continue;
            }
            match after(index, *insn) {
                After::End => {}
                After::Next(next) => reached[next] = true,
                After::Either(yes, no) => {
                    reached[yes] = true;
                    reached[no] = true;
                }
            }
        }
        reached
    }
}

enum After {
    End,
    Next(usize),
    Either(usize, usize),
}

/// Returns the successors of an instruction. The compiler's programs have been checked: jumps stay
/// inside, and only `ja` may jump backward, whose distance then exceeds the program.
#[inline]
fn after(index: usize, insn: Insn) -> After {
    let next = index + 1;
    match insn.code & 0x07 {
        op::RET => After::End,
        op::JMP if insn.code & 0xf0 == op::JA => After::Next(next.saturating_add(insn.k as usize)),
        op::JMP => After::Either(next + usize::from(insn.jt), next + usize::from(insn.jf)),
        _ => After::Next(next),
    }
}

/// Returns the places at which two programs differ, with the index of the word compared there;
/// `None` if they differ in anything else.
fn sites<const WORDS: usize>(
    one: &[Insn],
    other: &[Insn],
    words: [[u32; WORDS]; 2],
) -> Option<Vec<(usize, usize)>> {
    if one.len() != other.len() {
        return None;
    }
    let mut sites = Vec::new();
    for (index, (a, b)) in one.iter().zip(other).enumerate() {
        if a.is_kernel_extension() {
            return None;
        }
        if a == b {
            continue;
        }
        let same = Insn { k: b.k, ..*a } == *b && a.code == code::EQUAL;
        let word = (0..WORDS).find(|word| [a.k, b.k] == [words[0][*word], words[1][*word]]);
        match word {
            Some(word) if same => sites.push((index, word)),
            _ => return None,
        }
    }
    Some(sites)
}

/// Checks the form of a program. Returns `Some(None)` if no comparison can be reached.
#[inline]
fn read(program: Vec<Insn>, sites: Vec<(usize, usize)>, words: usize) -> Option<Option<Template>> {
    // The comparisons of the later words follow that of the first, which the walk checks.
    let mut loads = Vec::new();
    // Without such an address, there may be no comparison at all.
    if words > 1 && !sites.is_empty() {
        if sites.len() != words {
            return None;
        }
        for pair in sites.windows(2) {
            let mut between = Vec::new();
            let mut at = yes(&program, pair[0].0)?;
            while at != pair[1].0 {
                let insn = *program.get(at)?;
                match after(at, insn) {
                    After::Next(next) => at = next,
                    _ => return None,
                }
                if insn.code & 0x07 != op::JMP {
                    between.push(insn);
                }
            }
            loads.push(between);
        }
    }
    let mut accept = None;
    for (site, word) in &sites {
        if word + 1 < words {
            continue;
        }
        let mut at = yes(&program, *site)?;
        while let Insn {
            code: code::JUMP,
            k,
            ..
        } = *program.get(at)?
        {
            at = at.saturating_add(1).saturating_add(k as usize);
        }
        match *program.get(at)? {
            Insn {
                code: code::RETURN,
                k,
                ..
            } if k > 0 && accept.is_none_or(|accept| accept == k) => {
                accept = Some(k);
            }
            _ => return None,
        }
    }
    let first: Vec<usize> = sites.iter().filter(|s| s.1 == 0).map(|s| s.0).collect();
    let mut walk = Walk {
        program: &program,
        sites: &sites,
        values: Vec::new(),
        words,
        steps: 0,
        compared: false,
    };
    walk.from(0, State::default())?;
    if !walk.compared {
        return Some(None);
    }
    Some(Some(Template {
        sites: first,
        loads,
        accept: accept?,
        program,
    }))
}

#[inline]
fn yes(program: &[Insn], site: usize) -> Option<usize> {
    Some(site + 1 + usize::from(program.get(site)?.jt))
}

/// The origin of a value: two values of the same origin are equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Value {
    Constant(u32),
    /// From the packet: the code, the offset, and the index register's value.
    Load(u16, u32, Option<usize>),
    /// The code, both operands.
    Arithmetic(u16, usize, usize),
}

/// The state on one path through the program. Values are given by their numbers.
#[derive(Clone, Debug, Default)]
struct State {
    a: Option<usize>,
    x: Option<usize>,
    memory: [Option<usize>; 16],
    /// The outcomes of earlier tests: the code, the number tested, the operand.
    tests: Vec<((u16, usize, u32), bool)>,
    /// Whether a comparison did not match.
    missed: bool,
    /// The word that must be compared next, after the first.
    word: usize,
}

struct Walk<'a> {
    program: &'a [Insn],
    sites: &'a [(usize, usize)],
    /// The values by their numbers.
    values: Vec<Value>,
    words: usize,
    steps: usize,
    compared: bool,
}

impl Walk<'_> {
    /// Returns the number of a value, known or new; `None` if there are too many.
    #[inline]
    fn number(&mut self, value: Value) -> Option<usize> {
        if let Some(number) = self.values.iter().position(|known| *known == value) {
            return Some(number);
        }
        self.values.push(value);
        (self.values.len() <= MAX_VALUES).then_some(self.values.len() - 1)
    }

    #[inline]
    fn constant(&self, number: usize) -> Option<u32> {
        match self.values.get(number) {
            Some(Value::Constant(constant)) => Some(*constant),
            _ => None,
        }
    }

    /// Walks all paths from an instruction; `None` if one violates the form.
    #[inline]
    fn from(&mut self, start: usize, state: State) -> Option<()> {
        let mut ways = vec![(start, state)];
        while let Some((mut at, mut state)) = ways.pop() {
            loop {
                if self.steps == MAX_STEPS {
                    return None;
                }
                self.steps += 1;
                let insn = *self.program.get(at)?;
                let site = self.sites.iter().find(|site| site.0 == at);
                match (after(at, insn), site) {
                    (After::End, _) => {
                        // An unknown value may accept.
                        let accepts = insn.code != code::RETURN || insn.k != 0;
                        if accepts && (state.missed || state.word != self.words) {
                            return None;
                        }
                        break;
                    }
                    (After::Next(next), _) => {
                        self.plain(insn, &mut state)?;
                        at = next;
                    }
                    (After::Either(yes, no), Some((_, word))) => {
                        if state.word != *word || state.a.is_none() {
                            return None;
                        }
                        self.compared = true;
                        let missed = State {
                            missed: true,
                            ..state.clone()
                        };
                        ways.push((no, missed));
                        state.word += 1;
                        at = yes;
                    }
                    (After::Either(yes, no), None) => {
                        if insn.code & op::X != 0 {
                            return None;
                        }
                        let test = (insn.code, state.a?, insn.k);
                        if let Some(holds) = self.known(&state, test) {
                            at = if holds { yes } else { no };
                            continue;
                        }
                        let mut other = state.clone();
                        other.tests.push((test, false));
                        ways.push((no, other));
                        state.tests.push((test, true));
                        at = yes;
                    }
                }
            }
        }
        Some(())
    }

    /// Returns whether a test holds, if the state determines that.
    #[inline]
    fn known(&self, state: &State, test: (u16, usize, u32)) -> Option<bool> {
        const EQUALS: u16 = code::EQUAL;
        let (code, a, k) = test;
        let equals = state.tests.iter().find_map(|before| match before {
            ((EQUALS, value, k), true) if *value == a => Some(*k),
            _ => None,
        });
        match equals.or_else(|| self.constant(a)) {
            Some(a) => Some(match code & 0xf0 {
                op::JEQ => a == k,
                op::JGT => a > k,
                op::JGE => a >= k,
                _ => a & k != 0,
            }),
            None => {
                let before = state.tests.iter().find(|before| before.0 == test);
                before.map(|before| before.1)
            }
        }
    }

    /// Executes an instruction that is not a test. Returns `None` if it uses a value that was never stored, and which
    /// may therefore be another program's.
    #[inline]
    fn plain(&mut self, insn: Insn, state: &mut State) -> Option<()> {
        let cell = insn.k as usize % 16;
        match insn.code & 0x07 {
            class @ (op::LD | op::LDX) => {
                let value = match insn.code & 0xe0 {
                    op::IMM => self.number(Value::Constant(insn.k))?,
                    op::MEM => state.memory[cell]?,
                    op::IND => self.number(Value::Load(insn.code, insn.k, state.x))?,
                    _ => self.number(Value::Load(insn.code, insn.k, None))?,
                };
                if insn.code & 0xe0 == op::IND {
                    state.x?;
                }
                if class == op::LD {
                    state.a = Some(value);
                } else {
                    state.x = Some(value);
                }
            }
            op::ST => state.memory[cell] = Some(state.a?),
            op::STX => state.memory[cell] = Some(state.x?),
            op::ALU => {
                let operand = if insn.code & op::X == 0 {
                    self.number(Value::Constant(insn.k))?
                } else {
                    state.x?
                };
                state.a = Some(self.number(Value::Arithmetic(insn.code, state.a?, operand))?);
            }
            op::MISC if insn.code & 0xf8 == op::TXA => state.a = Some(state.x?),
            op::MISC => state.x = Some(state.a?),
            // An unconditional jump.
            _ => {}
        }
        Some(())
    }
}

#[cfg(test)]
mod tests;
