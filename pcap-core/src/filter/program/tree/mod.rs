//! Runs a filter's program as a tree of tests, without decoding instructions.
//!
//! Nearly all of libpcap's programs repeat three steps: load a number from the packet, compare it, and continue at one
//! of two instructions. A [`Test`] does all of that: it loads eight bytes, masks them, and checks whether the number is
//! in a range. So it takes one branch, which the processor can predict, instead of the two decoded instructions of
//! libpcap's interpreter. One test also does the work of several comparisons for equality with nearby numbers, such as
//! the words of an address.
//!
//! Simple arithmetic becomes part of the test. A header without options has a known length, so that the numbers after
//! it have known offsets; only other headers need the index register.
//!
//! The tests are inlined into the caller. [`ops`] executes everything else: loads relative to the index register, other
//! arithmetic, and the memory.
//!
//! The interpreter runs programs with loops, and long programs, such as lists of thousands of terms: a tree is many
//! times as large, and once each step waits for memory, it is no faster. It also runs on packets that are too short for
//! a test's eight bytes.
//!
//! Native code would gain little: the programs of `tests/data/expressions.txt`, written in C and compiled with
//! optimization, took on average 0.97 of the time of their trees on packets that the branch predictor learns, and 0.85
//! on others.
//!
//! The result is that of the program, which has passed the check in `validate`.

mod build;
#[cfg(test)]
mod differential;
mod fuse;
mod graph;
mod layout;
mod number;
mod ops;
mod state;
#[cfg(test)]
mod tests;

use std::hint;
use std::num::NonZeroU32;
use std::sync::Arc;

use super::insn::Insn;
use super::interpret::interpret;
use super::validate;
use graph::Graph;
use ops::{Kind, Op};

/// The bytes that a test loads.
const WINDOW: usize = 8;

/// The number of memory cells.
const CELLS: usize = validate::CELLS as usize;

/// The number of a test or an operation, or one of two results. The operations are numbered after the tests.
type Place = u16;

/// The end of a program that rejects the packet.
const REJECT: Place = Place::MAX;

/// The end of a program that accepts the packet with the usual result.
const ACCEPT: Place = Place::MAX - 1;

/// The test after this one.
const NEXT: Place = Place::MAX - 2;

/// A program as a tree, whose branches may join again.
#[derive(Debug)]
pub(crate) struct Tree {
    start: Place,
    /// The usual result for accepted packets.
    accept: NonZeroU32,
    tests: Vec<Test>,
    ops: Vec<Op>,
    /// Whether the operations use the memory.
    has_memory: bool,
    /// For the interpreter.
    program: Arc<[Insn]>,
}

/// A test of a number in the packet.
#[derive(Clone, Copy, Debug)]
struct Test {
    /// The mask of the eight bytes, which are a big-endian number.
    mask: u64,
    /// The numbers for which the test continues at `yes`: `low`, and `more` numbers after it.
    low: u64,
    more: u64,
    /// The offset of the eight bytes in the packet.
    at: u32,
    yes: Place,
    no: Place,
}

impl Tree {
    /// Converts a checked program to a tree. The interpreter runs it if that is impossible.
    pub(crate) fn of(program: &Arc<[Insn]>) -> Tree {
        // Only the interpreter limits the rounds of a loop.
        let suits =
            program.len() <= validate::MAX_LEN && !program.iter().any(|insn| insn.jumps_backward());
        let graph = suits.then(|| Graph::of(program)).flatten();
        let tree = graph.and_then(|graph| build::build(&graph, program));
        tree.unwrap_or_else(|| Tree {
            start: 0,
            accept: NonZeroU32::MIN,
            tests: Vec::new(),
            ops: vec![Op::plain(Kind::Interpret, 0)],
            has_memory: false,
            program: Arc::clone(program),
        })
    }

    /// Returns whether the interpreter always runs the program.
    #[cfg(test)]
    fn is_interpreted(&self) -> bool {
        self.tests.is_empty() && matches!(&*self.ops, [op] if op.kind == Kind::Interpret)
    }

    /// Returns the program's result for a packet: 0 also if it reads beyond the end of the packet.
    #[inline]
    pub(crate) fn run(&self, data: &[u8], wire_len: impl Fn() -> u32) -> u32 {
        match self.test(self.start, data) {
            Some(place) if place >= ACCEPT => self.result(place),
            Some(place) => {
                let op = usize::from(place) - self.tests.len();
                match self.has_memory {
                    true => self.execute_with_memory(op, data, wire_len()),
                    false => self.execute(op, data, wire_len(), None),
                }
            }
            None => self.beyond(data, wire_len()),
        }
    }

    /// Returns the result of a program that ends at `ACCEPT` or `REJECT`.
    #[inline]
    fn result(&self, place: Place) -> u32 {
        if place == ACCEPT {
            self.accept.get()
        } else {
            0
        }
    }

    /// Returns the place after the tests that begin here. Returns `None` if the packet ends before the eight bytes of a
    /// test.
    #[inline]
    fn test(&self, start: Place, data: &[u8]) -> Option<Place> {
        let tests = &*self.tests;
        let mut place = start;
        while let Some(test) = tests.get(usize::from(place)) {
            // The processor predicts branches, but would have to wait for the number in branchless code, and for the
            // place. So these must stay branches.
            if test.holds(test.bytes(data)?) {
                hint::black_box(());
                place = test.yes;
            } else if test.no == NEXT {
                hint::black_box(());
                place += 1;
            } else {
                place = test.no;
            }
        }
        Some(place)
    }

    /// Returns the result for a packet that ends before the eight bytes of a test. The tested number is at their end,
    /// except at the beginning of the packet.
    #[cold]
    #[inline(never)]
    fn beyond(&self, data: &[u8], wire_len: u32) -> u32 {
        match data.len() < WINDOW {
            true => self.interpret(data, wire_len),
            false => 0,
        }
    }

    fn interpret(&self, data: &[u8], wire_len: u32) -> u32 {
        interpret(&self.program, data, wire_len)
    }
}

impl Test {
    /// Loads the eight bytes from a packet. Returns `None` if the packet ends before their end.
    #[inline]
    fn bytes(&self, data: &[u8]) -> Option<u64> {
        let at = self.at as usize;
        let bytes = data.get(at..at + WINDOW)?;
        Some(u64::from_be_bytes(bytes.try_into().ok()?))
    }

    /// Returns whether a number is one of those to test for. It may have more bits than the mask.
    #[inline]
    fn holds(&self, number: u64) -> bool {
        (number & self.mask).wrapping_sub(self.low) <= self.more
    }
}
