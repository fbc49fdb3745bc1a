//! Numbers the stops of a graph, and makes the tests and operations of a tree.

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
    let is_result = |id: usize| match graph.stops[id] {
        Stop::Answer(value) if value == accept.get() => Some(ACCEPT),
        Stop::Answer(0) => Some(REJECT),
        _ => None,
    };
    let (tests, others): (Vec<usize>, Vec<usize>) = order
        .into_iter()
        .filter(|&id| is_result(id).is_none())
        .partition(|&id| pieces[id].is_some());
    if tests.len() + others.len() > usize::from(ACCEPT) {
        return None;
    }
    let mut places = vec![REJECT; graph.stops.len()];
    for (place, &id) in tests.iter().chain(&others).enumerate() {
        places[id] = place as Place;
    }
    let place = |id: usize| is_result(id).unwrap_or(places[id]);
    let test = |id: &usize| {
        let Piece {
            field,
            inside,
            outside,
        } = pieces[*id]?;
        let at = field.at();
        Some(Test::new(
            field.numbers,
            at,
            [place(inside), place(outside)],
        ))
    };
    let make = |id: &usize| op(graph, *id, graph.ways[*id].map(place));
    Some(Tree {
        start: place(0),
        accept,
        tests: tests.iter().map(test).collect::<Option<_>>()?,
        ops: others.iter().map(make).collect::<Option<_>>()?,
        has_memory: others.iter().any(|&id| uses_memory(graph, id)),
        program: Arc::clone(program),
    })
}

impl Test {
    fn new(Numbers { mask, low, more }: Numbers, at: u32, [yes, no]: [Place; 2]) -> Test {
        Test {
            mask,
            low,
            more,
            at,
            yes,
            no,
        }
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

fn uses_memory(graph: &Graph<'_>, id: usize) -> bool {
    let Stop::Plain(_, insn, _) = graph.stops[id] else {
        return false;
    };
    match insn.code & 0x07 {
        op::LD | op::LDX => insn.code & 0xe0 == op::MEM,
        class => class == op::ST || class == op::STX,
    }
}

/// Makes the operation of a stop. The places are those if the stop's condition holds and if not.
fn op(graph: &Graph<'_>, id: usize, [yes, no]: [Place; 2]) -> Option<Op> {
    match graph.stops[id] {
        Stop::Answer(value) => Some(Op::plain(Kind::Answer, value, REJECT)),
        Stop::Kernel => Some(Op::plain(Kind::Kernel, 0, REJECT)),
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
            let (numbers, holds) = Numbers::of(insn, number)?;
            let places = if holds { [yes, no] } else { [no, yes] };
            let mut op = Op::plain(kind, number.size.into(), yes);
            op.test = Test::new(numbers, number.end(), places);
            Some(op)
        }
        Stop::Load(_, state) => match state.a {
            Content::Constant(k) => Some(Op::plain(Kind::Constant, k, yes)),
            Content::Number(number) => Some(load(number, yes)),
            Content::Register => None,
        },
        Stop::LoadIndex(_, state) => Some(Op::plain(Kind::IndexConstant, state.x?, yes)),
        Stop::Plain(_, insn, _) => {
            let subtracts = insn.code == op::ALU | op::SUB | op::K;
            let k = if subtracts {
                insn.k.wrapping_neg()
            } else {
                insn.k
            };
            let mut op = Op::plain(Kind::of(insn)?, k, yes);
            op.test.no = no;
            Some(op)
        }
        Stop::Header(..) => None,
    }
}

/// Makes a load of a number into the accumulator.
fn load(number: Number, next: Place) -> Op {
    let kind = match number.source {
        Source::Indexed => Kind::LoadIndexed,
        Source::Length => Kind::Length,
        _ => Kind::Load,
    };
    let mut op = Op::plain(kind, number.size.into(), next);
    let (mask, more) = number.mask_and_shift();
    op.test = Test {
        mask,
        more,
        low: number.add.into(),
        at: number.end(),
        ..op.test
    };
    op
}
