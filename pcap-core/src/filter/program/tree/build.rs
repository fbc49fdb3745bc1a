//! Numbers the stops of a graph, and makes the tests and operations of a tree.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::Arc;

use super::fuse::{Piece, pieces};
use super::graph::{Graph, Stop};
use super::number::{Number, Numbers, Source};
use super::ops::{Kind, Op};
use super::state::Content;
use super::{ACCEPT, Place, REJECT, Test, Tree};
use crate::filter::program::insn::{Insn, op};

/// Returns the tree of a program; `None` if it is too large.
pub(super) fn build(graph: &Graph<'_>, program: &Arc<[Insn]>) -> Option<Tree> {
    let pieces = pieces(graph);
    let order = order(graph, &pieces);
    let accept = order.iter().find_map(|&id| match graph.stops[id] {
        Stop::Answer(value) => NonZeroU32::new(value),
        _ => None,
    });
    let accept = accept.unwrap_or(NonZeroU32::MIN);
    let result = |id: usize| match graph.stops[id] {
        Stop::Answer(value) if value == accept.get() => Some(ACCEPT),
        Stop::Answer(0) => Some(REJECT),
        _ => None,
    };
    let (tests, others): (Vec<usize>, Vec<usize>) = order
        .into_iter()
        .filter(|&id| result(id).is_none())
        .partition(|&id| pieces[id].is_some());
    let mut places = vec![REJECT; graph.stops.len()];
    for (place, &id) in tests.iter().chain(&others).enumerate() {
        places[id] = Place::try_from(place).ok()?;
    }
    let place = |id: usize| result(id).unwrap_or(places[id]);
    let test = |id: &usize| {
        let Piece {
            field,
            inside,
            outside,
        } = pieces[*id]?;
        let Numbers { mask, low, more } = field.numbers;
        Some(Test {
            mask,
            low,
            more,
            at: field.at(),
            yes: place(inside),
            no: place(outside),
        })
    };
    let tests: Box<[Test]> = tests.iter().map(test).collect::<Option<_>>()?;
    let mut ops = Ops {
        accept: accept.get(),
        tests: tests.len(),
        entries: HashMap::new(),
        ops: vec![Op::plain(Kind::Libpcap, 0, 0); others.len()],
    };
    for (number, &id) in others.iter().enumerate() {
        let mut ways = [0; 2];
        for (way, id) in ways.iter_mut().zip(graph.ways[id]) {
            *way = ops.entry(place(id));
        }
        ops.ops[number] = op(graph.stops[id], ways)?;
    }
    // Both kinds of places are numbers below the two results.
    if tests.len() + ops.ops.len() > usize::from(ACCEPT) {
        return None;
    }
    Some(Tree {
        start: place(0),
        accept,
        tests,
        has_memory: ops.ops.iter().any(|op| op.kind.uses_memory()),
        ops: ops.ops.into(),
        program: Arc::clone(program),
    })
}

/// The operations of a tree.
struct Ops {
    accept: u32,
    /// The number of tests.
    tests: usize,
    /// The operations that continue at a test or end the program.
    entries: HashMap<Place, Place>,
    ops: Vec<Op>,
}

impl Ops {
    /// Returns the number of the operation that continues at a place.
    fn entry(&mut self, place: Place) -> Place {
        let entry = match place {
            REJECT => Op::plain(Kind::Answer, 0, 0),
            ACCEPT => Op::plain(Kind::Answer, self.accept, 0),
            test if usize::from(test) < self.tests => Op::plain(Kind::Enter, test.into(), 0),
            other => return other - self.tests as Place,
        };
        *self.entries.entry(place).or_insert_with(|| {
            self.ops.push(entry);
            // The caller checks the number of operations.
            (self.ops.len() - 1) as Place
        })
    }
}

/// Returns the stops that can be reached, as many as possible directly after the one before them.
fn order(graph: &Graph<'_>, pieces: &[Option<Piece>]) -> Vec<usize> {
    let mut order = Vec::new();
    let mut seen = vec![false; graph.stops.len()];
    let mut open = vec![0];
    while let Some(id) = open.pop() {
        if std::mem::replace(&mut seen[id], true) {
            continue;
        }
        order.push(id);
        match pieces[id] {
            Some(piece) => open.extend([piece.outside, piece.inside]),
            None => open.extend(graph.ways[id]),
        }
    }
    order
}

/// Makes the operation of a stop. The numbers are those of the next operations, if the stop's condition holds and if
/// not.
fn op(stop: Stop, [yes, no]: [Place; 2]) -> Option<Op> {
    match stop {
        Stop::Answer(value) => Some(Op::plain(Kind::Answer, value, 0)),
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
            let (Numbers { mask, low, more }, holds) = Numbers::of(insn, number)?;
            let [yes, no] = if holds { [yes, no] } else { [no, yes] };
            Some(Op {
                mask: mask.try_into().ok()?,
                low: low.try_into().ok()?,
                more: more.try_into().ok()?,
                no,
                ..Op::plain(kind, number.end(), yes)
            })
        }
        Stop::Load(_, state) => match state.a {
            Content::Constant(k) => Some(Op::plain(Kind::Constant, k, yes)),
            Content::Number(number) => {
                let kind = match number.source {
                    Source::Indexed => Kind::LoadIndexed,
                    Source::Length => Kind::Length,
                    _ => Kind::Load,
                };
                Some(load(kind, number, yes))
            }
            Content::Register => None,
        },
        Stop::LoadIndex(_, state) => match state.x {
            Content::Constant(k) => Some(Op::plain(Kind::IndexConstant, k, yes)),
            Content::Number(number) if number.source == Source::Length => {
                Some(load(Kind::IndexLength, number, yes))
            }
            Content::Number(number) => Some(load(Kind::IndexLoad, number, yes)),
            Content::Register => None,
        },
        Stop::Plain(_, insn, _) => {
            let subtracts = insn.code == op::ALU | op::SUB | op::K;
            let k = if subtracts {
                insn.k.wrapping_neg()
            } else {
                insn.k
            };
            let op = Op::plain(Kind::of(insn)?, k, yes);
            Some(Op { no, ..op })
        }
        Stop::Header(..) => None,
    }
}

/// Makes a load of a number.
fn load(kind: Kind, number: Number, next: Place) -> Op {
    let (mask, more) = number.mask_and_shift();
    Op {
        mask,
        low: number.add,
        more,
        ..Op::plain(kind, number.end(), next)
    }
}
