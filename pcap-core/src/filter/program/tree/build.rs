//! Numbers the stops of a graph, and makes the tests and operations of a tree.

use std::num::NonZeroU32;
use std::sync::Arc;

use super::fuse::{Piece, pieces};
use super::graph::{Graph, Stop};
use super::layout::{Item, Layout};
use super::number::{Number, Numbers, Source};
use super::ops::{Kind, Op};
use super::state::Content;
use super::{ACCEPT, NEXT, Place, REJECT, Test, Tree};
use crate::filter::program::insn::{Insn, code};

/// Returns the tree of a program; `None` if it is too large.
pub(super) fn build(graph: &Graph<'_>, program: &Arc<[Insn]>) -> Option<Tree> {
    let accept = graph.stops.iter().find_map(|stop| match *stop {
        Stop::Answer(value) => NonZeroU32::new(value),
        _ => None,
    });
    let accept = accept.unwrap_or(NonZeroU32::MIN);
    let result = |id: usize| match graph.stops[id] {
        Stop::Answer(0) => Some(REJECT),
        Stop::Answer(value) if value == accept.get() => Some(ACCEPT),
        _ => None,
    };
    let pieces = pieces(graph);
    let layout = Layout::new(graph, &pieces, |id| result(id).is_some());
    let places = Places {
        result,
        layout: &layout,
        is_test: |id: usize| pieces[id].is_some(),
    };
    let mut tests = Vec::with_capacity(layout.tests.len());
    for (number, &id) in layout.tests.iter().enumerate() {
        let next = layout.tests.get(number + 1).copied();
        tests.push(places.test(pieces[id]?, next));
    }
    let mut ops = Ops {
        accept: accept.get(),
        tests: tests.len(),
        entries: vec![None; layout.tests.len()],
        ops: vec![Op::plain(Kind::Interpret, 0); layout.ops.len()],
    };
    for (number, &item) in layout.ops.iter().enumerate() {
        ops.ops[number] = match item {
            Item::Goto(id) => ops.go(places.of(id)),
            Item::Stop(id) => {
                let ways = graph.ways[id];
                let ways = match ways {
                    [yes, no] if yes == no => [number as Place + 1; 2],
                    [yes, no] => [ops.entry(places.of(yes)), ops.entry(places.of(no))],
                };
                op(graph.stops[id], ways)?
            }
        };
    }
    // Both kinds of places are numbers below the others.
    let fits = tests.len() + ops.ops.len() <= usize::from(NEXT);
    fits.then(|| Tree {
        start: places.of(0),
        accept,
        tests,
        has_memory: ops.ops.iter().any(|op| op.kind.uses_memory()),
        ops: ops.ops,
        program: Arc::clone(program),
    })
}

/// The places of a graph's stops.
struct Places<'a, R, T> {
    result: R,
    layout: &'a Layout,
    is_test: T,
}

impl<R, T> Places<'_, R, T>
where
    R: Fn(usize) -> Option<Place>,
    T: Fn(usize) -> bool,
{
    /// Returns the place of a stop. The caller checks that there are not too many.
    fn of(&self, id: usize) -> Place {
        let number = self.layout.numbers[id].unwrap_or(0);
        (self.result)(id).unwrap_or(match (self.is_test)(id) {
            true => number as Place,
            false => (self.layout.tests.len() + number) as Place,
        })
    }

    /// Makes a test, which is followed by the test of the stop `next`.
    fn test(&self, piece: Piece, next: Option<usize>) -> Test {
        let Piece {
            field,
            inside,
            outside,
        } = piece;
        let (numbers, yes, no) = match next {
            Some(next) if next == outside => (field.numbers, self.of(inside), NEXT),
            Some(next) if next == inside => (field.numbers.others(), self.of(outside), NEXT),
            _ => (field.numbers, self.of(inside), self.of(outside)),
        };
        let Numbers { mask, low, more } = numbers;
        Test {
            mask,
            low,
            more,
            at: field.at(),
            yes,
            no,
        }
    }
}

/// The operations of a tree.
struct Ops {
    accept: u32,
    /// The number of tests.
    tests: usize,
    /// For each test, the operation that continues at it, for conditions.
    entries: Vec<Option<usize>>,
    ops: Vec<Op>,
}

impl Ops {
    /// Returns an operation that continues at a place.
    fn go(&self, place: Place) -> Op {
        match place {
            REJECT => Op::plain(Kind::Answer, 0),
            ACCEPT => Op::plain(Kind::Answer, self.accept),
            test if usize::from(test) < self.tests => Op::plain(Kind::Enter, test.into()),
            other => Op::plain(Kind::Jump, u32::from(other) - self.tests as u32),
        }
    }

    /// Returns the number of the operation that continues at a place, or the result.
    fn entry(&mut self, place: Place) -> Place {
        if place >= ACCEPT {
            return place;
        }
        let go = self.go(place);
        if go.kind == Kind::Jump {
            return go.k as Place;
        }
        let next = self.ops.len();
        let known = &mut self.entries[usize::from(place)];
        let entry = known.unwrap_or(next);
        *known = Some(entry);
        if entry == next {
            self.ops.push(go);
        }
        entry as Place
    }
}

/// Makes the operation of a stop. The numbers are those of the next operations if the stop's condition holds and if
/// not.
fn op(stop: Stop, [yes, no]: [Place; 2]) -> Option<Op> {
    match stop {
        Stop::Answer(value) => Some(Op::plain(Kind::Answer, value)),
        Stop::Test(_, insn, state) => {
            let number = match state.a {
                Content::Number(number) => number,
                _ => Number::REGISTER,
            };
            let kind = match number.source {
                Source::Indexed => Kind::TestIndexed,
                Source::Length => Kind::TestLength,
                Source::Register => Kind::TestA,
                Source::Packet => return None,
            };
            let (Numbers { mask, low, more }, holds) = Numbers::of(insn, number);
            let [yes, no] = if holds { [yes, no] } else { [no, yes] };
            Some(Op {
                mask: mask.try_into().ok()?,
                low: low.try_into().ok()?,
                more: more.try_into().ok()?,
                yes,
                no,
                ..Op::plain(kind, number.end())
            })
        }
        Stop::Load(_, state) => match state.a {
            Content::Constant(k) => Some(Op::plain(Kind::Constant, k)),
            Content::Number(number) => {
                let kind = match number.source {
                    Source::Indexed => Kind::LoadIndexed,
                    Source::Length => Kind::Length,
                    _ => Kind::Load,
                };
                Some(load(kind, number))
            }
            Content::Register => None,
        },
        Stop::LoadIndex(_, state) => match state.x {
            Content::Constant(k) => Some(Op::plain(Kind::IndexConstant, k)),
            Content::Number(number) => {
                let kind = match number.source {
                    Source::Indexed => Kind::IndexLoadIndexed,
                    Source::Length => Kind::IndexLength,
                    _ => Kind::IndexLoad,
                };
                Some(load(kind, number))
            }
            Content::Register => None,
        },
        Stop::Plain(_, insn, _) => {
            let subtracts = insn.code == code::SUBTRACT;
            let k = if subtracts {
                insn.k.wrapping_neg()
            } else {
                insn.k
            };
            let op = Op::plain(Kind::of(insn)?, k);
            Some(Op { yes, no, ..op })
        }
        Stop::Header(..) => None,
    }
}

/// Makes a load of a number.
fn load(kind: Kind, number: Number) -> Op {
    let (mask, more) = number.mask_and_shift();
    Op {
        mask,
        low: number.add,
        more,
        yes: number.flip as Place,
        no: (number.flip >> 16) as Place,
        ..Op::plain(kind, number.end())
    }
}
