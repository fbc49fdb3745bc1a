//! Assembles programs: instructions with jumps to places, and search trees for numbers.
//!
//! A program is written from its end to its beginning. All jumps go forward, so the target of a
//! jump already exists, and its distance is known. A conditional jump reaches 255 instructions; for
//! a target out of reach it gets a trampoline in between: `ja`, or a copy of a return.

use super::insn::{Insn, code, op};

/// An instruction that has been written: the number of instructions after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place(usize);

/// The reach of a conditional jump.
const REACH: usize = u8::MAX as usize;

#[derive(Debug, Default)]
pub(crate) struct Assembler {
    /// The last instruction first.
    reversed: Vec<Insn>,
    /// For each place, the last trampoline to it, or the place itself.
    steps: Vec<Place>,
}

impl Assembler {
    /// Writes a return.
    pub(crate) fn ret(&mut self, value: u32) -> Place {
        self.push(Insn::new(code::RETURN, 0, 0, value))
    }

    /// Writes an instruction that continues at `next`.
    pub(crate) fn plain(&mut self, insn: Insn, next: Place) -> Place {
        self.go(next);
        self.push(insn)
    }

    /// Writes a conditional jump, with the operation and the constant of `insn`.
    pub(crate) fn test(&mut self, insn: Insn, yes: Place, no: Place) -> Place {
        if yes == no {
            return yes;
        }
        let (mut yes, mut no) = (yes, no);
        loop {
            // A trampoline for one of them may move the other out of reach.
            let before = self.reversed.len();
            yes = self.within_reach(yes);
            no = self.within_reach(no);
            if self.reversed.len() == before {
                break;
            }
        }
        let (jt, jf) = (self.distance(yes) as u8, self.distance(no) as u8);
        self.push(Insn::new(insn.code, jt, jf, insn.k))
    }

    /// Writes one instruction that continues at `next`, however far away that is.
    pub(crate) fn jump(&mut self, next: Place) -> Place {
        self.step(next)
    }

    /// Writes an instruction of a program that is copied with all its jumps.
    pub(crate) fn copy(&mut self, insn: Insn) -> Place {
        self.push(insn)
    }

    /// Returns the program that begins at `start`, without the instructions that were written after it.
    pub(crate) fn finish(mut self, start: Place) -> Vec<Insn> {
        self.reversed.truncate(start.0 + 1);
        self.reversed.reverse();
        self.reversed
    }

    /// Makes the next instruction continue at `next`.
    fn go(&mut self, next: Place) {
        if self.distance(next) > 0 {
            self.step(next);
        }
    }

    fn within_reach(&mut self, place: Place) -> Place {
        if self.distance(place) <= REACH {
            return place;
        }
        let mut step = self.steps[place.0];
        if self.distance(step) > REACH {
            step = self.step(place);
            self.steps[place.0] = step;
        }
        step
    }

    /// Writes one instruction that has the same effect as continuing at `place`.
    fn step(&mut self, place: Place) -> Place {
        let there = self.reversed[place.0];
        if there.code & 0x07 == op::RET {
            return self.push(there);
        }
        // No program has 2³² instructions: the number of terms is bounded.
        let distance = self.distance(place) as u32;
        self.push(Insn::new(code::JUMP, 0, 0, distance))
    }

    /// Returns the number of instructions that a jump written now must skip to reach a place.
    fn distance(&self, place: Place) -> usize {
        self.reversed.len() - 1 - place.0
    }

    fn push(&mut self, insn: Insn) -> Place {
        let place = Place(self.reversed.len());
        self.reversed.push(insn);
        self.steps.push(place);
        place
    }
}

/// A range of numbers, and their continuation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Branch<T> {
    pub(crate) first: u32,
    pub(crate) last: u32,
    pub(crate) to: T,
}

/// The maximum number of branches to try one after the other. A complete binary search would take a third more
/// instructions without being faster.
const LEAF: usize = 8;

/// Looks up the number in A in branches that are sorted and disjoint. `code` writes the
/// continuation of a branch; a number in none of them continues at `no`.
pub(crate) fn look_up<T>(
    assembler: &mut Assembler,
    branches: &[Branch<T>],
    no: Place,
    code: &mut impl FnMut(&mut Assembler, &T) -> Place,
) -> Place {
    search(assembler, branches, (0, u32::MAX), no, code)
}

/// Looks up a number that is known to be in `within`.
fn search<T>(
    assembler: &mut Assembler,
    branches: &[Branch<T>],
    within: (u32, u32),
    no: Place,
    code: &mut impl FnMut(&mut Assembler, &T) -> Place,
) -> Place {
    if branches.len() <= LEAF {
        return leaf(assembler, branches, within, no, code);
    }
    let (left, right) = branches.split_at(branches.len() / 2);
    let pivot = right[0].first;
    let right = search(assembler, right, (pivot, within.1), no, code);
    // The branches are sorted and disjoint, so there is a number below the pivot.
    let left = search(assembler, left, (within.0, pivot - 1), no, code);
    assembler.test(jump(code::AT_LEAST, pivot), right, left)
}

fn leaf<T>(
    assembler: &mut Assembler,
    branches: &[Branch<T>],
    (low, high): (u32, u32),
    no: Place,
    code: &mut impl FnMut(&mut Assembler, &T) -> Place,
) -> Place {
    // The continuations follow the tests, to be within reach.
    let mut places: Vec<Place> = branches
        .iter()
        .rev()
        .map(|branch| code(assembler, &branch.to))
        .collect();
    places.reverse();
    let mut next = no;
    for (branch, to) in branches.iter().zip(places).rev() {
        let Branch { first, last, .. } = *branch;
        if first == last {
            next = assembler.test(jump(code::EQUAL, first), to, next);
            continue;
        }
        // The number is at or below `last`, and not in the branches before this one.
        let mut inside = to;
        if first > low {
            inside = assembler.test(jump(code::AT_LEAST, first), to, no);
        }
        next = if last < high {
            assembler.test(jump(code::GREATER, last), next, inside)
        } else {
            inside
        };
    }
    next
}

fn jump(code: u16, k: u32) -> Insn {
    Insn::new(code, 0, 0, k)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filter::program::mnemonics::program;

    /// Runs a program of tests, jumps and returns with a number in A.
    fn run(program: &[Insn], a: u32) -> u32 {
        let mut at = 0;
        loop {
            let Insn { code, jt, jf, k } = program[at];
            at += 1;
            let yes = match code {
                0x06 => return k,
                0x05 => {
                    at += k as usize;
                    continue;
                }
                0x15 => a == k,
                0x25 => a > k,
                0x35 => a >= k,
                _ => panic!("{code:#x}"),
            };
            at += usize::from(if yes { jt } else { jf });
        }
    }

    #[test]
    fn every_number_is_found_and_no_other() {
        for (count, start) in [0_u32, 1, 2, 7, 8, 9, 100, 5000]
            .map(|n| [(n, 0), (n, 1)])
            .concat()
        {
            // One to nine numbers each, also with a single number between two, beginning with 0 or
            // 1 and ending with the largest or just before it.
            let mut branches: Vec<Branch<u32>> = (0..count)
                .map(|n| Branch {
                    first: n * 10 + start,
                    last: n * 10 + start + [8, 0, 1, 8][n as usize % 4],
                    to: 1 + n % 2,
                })
                .collect();
            branches.push(Branch {
                first: u32::MAX - 2,
                last: u32::MAX - count % 2,
                to: 2,
            });
            let mut assembler = Assembler::default();
            let no = assembler.ret(0);
            let yes = [assembler.ret(1), assembler.ret(2)];
            let start = look_up(&mut assembler, &branches, no, &mut |_, to| {
                yes[*to as usize - 1]
            });
            let program = assembler.finish(start);
            for a in (0..count * 10 + 10).chain(u32::MAX - 5..=u32::MAX) {
                let branch = branches.iter().find(|b| b.first <= a && a <= b.last);
                assert_eq!(run(&program, a), branch.map_or(0, |b| b.to), "{a}");
            }
        }
    }

    /// Returns the program that looks up branches, to returns of their numbers from 1; others return 0.
    fn looked_up(branches: &[(u32, u32)]) -> Vec<Insn> {
        let numbered = branches.iter().zip(1..);
        let branches: Vec<_> = numbered
            .map(|(&(first, last), to)| Branch { first, last, to })
            .collect();
        let mut assembler = Assembler::default();
        let no = assembler.ret(0);
        let start = look_up(&mut assembler, &branches, no, &mut |assembler, to| {
            assembler.ret(*to)
        });
        assembler.finish(start)
    }

    /// A bound that all numbers are within, or that an earlier test implies, is not tested.
    #[test]
    fn only_what_may_differ_is_tested() {
        let largest = u32::MAX;
        for (branches, expected) in [
            (&[(5, 5)][..], "jeq #5, 0, 1; ret #1; ret #0"),
            (&[(0, 5)], "jgt #5, 1, 0; ret #1; ret #0"),
            (&[(0, largest)], "ret #1; ret #0"),
            (&[(5, 9)], "jgt #9, 2, 0; jge #5, 0, 1; ret #1; ret #0"),
            (&[(5, largest)], "jge #5, 0, 1; ret #1; ret #0"),
            (
                &[(0, 4), (6, 7)],
                "jgt #4, 0, 2; jgt #7, 3, 0; jge #6, 1, 2; ret #1; ret #2; ret #0",
            ),
        ] {
            assert_eq!(looked_up(branches), program(expected), "{expected}");
        }
    }

    /// With more than eight branches, the first test selects one half of them.
    #[test]
    fn many_branches_are_a_search_tree() {
        let eight: Vec<_> = (0..8).map(|n| (n * 10, n * 10)).collect();
        assert_eq!(looked_up(&eight)[0], Insn::new(0x15, 7, 0, 0));
        // The fourth ends below the fifth, so that neither of these bounds is tested again.
        let singles = (0..3).map(|n| (n * 10, n * 10));
        let nine: Vec<_> = singles
            .chain((2..8).map(|n| (n * 10 + 1, n * 10 + 10)))
            .collect();
        let expected = "jge #31, 8, 0
            jeq #0, 3, 0; jeq #10, 3, 0; jeq #20, 3, 0; jge #21, 3, 18
            ret #1; ret #2; ret #3; ret #4
            jgt #40, 0, 8; jgt #50, 1, 0; jge #41, 7, 11; jgt #60, 1, 0; jge #51, 6, 9
            jgt #70, 1, 0; jge #61, 5, 7; jgt #80, 6, 0; jge #71, 4, 5
            ret #5; ret #6; ret #7; ret #8; ret #9; ret #0";
        assert_eq!(looked_up(&nine), program(expected));
    }

    /// A jump reaches 255 instructions, and a trampoline is used as long as it is in reach.
    #[test]
    fn jumps_in_reach_share_a_trampoline() {
        let nothing = Insn::new(op::LD | op::IMM, 0, 0, 5);
        let tests = |between: usize, apart: usize| {
            let mut assembler = Assembler::default();
            let no = assembler.ret(0);
            let mut next = assembler.ret(1);
            for _ in 0..between {
                next = assembler.plain(nothing, next);
            }
            next = assembler.test(jump(code::EQUAL, 7), next, no);
            for _ in 0..apart {
                next = assembler.plain(nothing, next);
            }
            next = assembler.test(jump(code::EQUAL, 8), next, no);
            let returns = |program: Vec<Insn>| {
                program
                    .iter()
                    .filter(|insn| insn.code == code::RETURN)
                    .count()
            };
            returns(assembler.finish(next))
        };
        assert_eq!([tests(253, 0), tests(254, 0)], [2, 3]);
        assert_eq!(
            [tests(255, 253), tests(255, 254), tests(255, 255)],
            [3, 3, 4]
        );
    }

    #[test]
    fn a_jump_that_is_too_far_takes_a_step() {
        let mut assembler = Assembler::default();
        let no = assembler.ret(0);
        let nothing = Insn::new(op::LD | op::IMM, 0, 0, 5);
        let mut far = assembler.plain(nothing, no);
        for _ in 0..300 {
            far = assembler.plain(nothing, far);
        }
        let end = far;
        for _ in 0..300 {
            far = assembler.plain(nothing, far);
        }
        let start = assembler.test(jump(code::EQUAL, 7), end, no);
        let program = assembler.finish(start);
        // The test, a copy of the return, and a jump over 300 instructions.
        assert_eq!(program.len(), 605);
        assert!(program.contains(&Insn::new(0x05, 0, 0, 300)));
        assert_eq!(program.iter().filter(|insn| insn.code == 0x06).count(), 2);
    }
}
