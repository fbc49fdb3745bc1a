//! Joins tests of numbers that are close together.

use super::graph::{Graph, Stop};
use super::number::{Field, Numbers, Source};
use super::state::Content;

/// The maximum number of tests to join with one, so that a program of equal tests is converted quickly.
const MAX_JOINED: usize = 16;

/// A test of a number in the packet: the continuations for its numbers and for others.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece {
    pub(super) field: Field,
    pub(super) inside: usize,
    pub(super) outside: usize,
}

impl Piece {
    fn of(graph: &Graph<'_>, id: usize) -> Option<Piece> {
        let (field, holds) = match graph.stops[id] {
            Stop::Test(_, insn, state) => match state.a {
                Content::Number(number) if number.source == Source::Packet => {
                    let (numbers, holds) = Numbers::of(insn, number);
                    (Field::new(number, numbers), holds)
                }
                _ => return None,
            },
            Stop::Header(_, at, _) => (Field::short_header(at), true),
            _ => return None,
        };
        let [yes, no] = graph.ways[id];
        let (inside, outside) = if holds { (yes, no) } else { (no, yes) };
        Some(Piece {
            field,
            inside,
            outside,
        })
    }
}

/// Returns the tests of a graph, by number of the stop. A test for several equal numbers also does the work of the
/// tests after it, if all of them continue at the same stop when their number differs.
pub(super) fn pieces(graph: &Graph<'_>) -> Vec<Option<Piece>> {
    let mut pieces = Vec::with_capacity(graph.stops.len());
    for id in 0..graph.stops.len() {
        pieces.push(Piece::of(graph, id));
    }
    let needs = needs(graph, &pieces);
    let joined = |piece: Option<Piece>| {
        let mut piece = piece?;
        let first = piece.field.end;
        for _ in 0..MAX_JOINED {
            let Some(next) = pieces[piece.inside] else {
                break;
            };
            let Some(field) = piece.field.and(next.field) else {
                break;
            };
            // If the packet ends before a number, the program rejects it, unless an earlier number differs. So what
            // follows then must reject it too.
            let rejected = field.end <= first.max(needs[piece.outside]);
            if next.outside != piece.outside || !rejected {
                break;
            }
            piece = Piece {
                field,
                inside: next.inside,
                ..piece
            };
        }
        Some(piece)
    };
    let mut all = Vec::with_capacity(pieces.len());
    for piece in &pieces {
        all.push(joined(*piece));
    }
    all
}

/// Returns, for each stop, a number of bytes that a packet needs to be accepted from there.
fn needs(graph: &Graph<'_>, pieces: &[Option<Piece>]) -> Vec<u32> {
    let mut needs = vec![0; graph.stops.len()];
    // Each pass can only raise the numbers; most stops are followed by later ones.
    for _ in 0..4 {
        for id in (0..needs.len()).rev() {
            let [yes, no] = graph.ways[id];
            let later = needs[yes].min(needs[no]);
            needs[id] = match graph.stops[id] {
                Stop::Answer(0) => 1 << 31,
                Stop::Load(_, state) => match state.a {
                    Content::Number(number) if number.source == Source::Packet => {
                        later.max(number.end())
                    }
                    _ => later,
                },
                _ => pieces[id].map_or(later, |piece| later.max(piece.field.end)),
            };
        }
    }
    needs
}
