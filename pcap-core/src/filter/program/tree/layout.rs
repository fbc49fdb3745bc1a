//! The order of tests and operations: as many as possible continue at the one after them, which the processor need not
//! look up.

use super::fuse::Piece;
use super::graph::Graph;

/// An operation, or the continuation at a stop that does not follow.
#[derive(Clone, Copy, Debug)]
pub(super) enum Item {
    Stop(usize),
    Goto(usize),
}

/// The stops in order.
pub(super) struct Layout {
    pub(super) tests: Vec<usize>,
    pub(super) ops: Vec<Item>,
    /// For each stop, its number among the tests or operations.
    pub(super) numbers: Vec<Option<usize>>,
}

impl Layout {
    /// Orders the stops that can be reached. The results, which `is_result` finds, have no place.
    pub(super) fn new(
        graph: &Graph<'_>,
        pieces: &[Option<Piece>],
        is_result: impl Fn(usize) -> bool,
    ) -> Layout {
        let mut layout = Layout {
            tests: Vec::new(),
            ops: Vec::new(),
            numbers: vec![None; graph.stops.len()],
        };
        let mut open = vec![0];
        while let Some(start) = open.pop() {
            let mut next = Some(start);
            while let Some(id) = next.filter(|&id| layout.numbers[id].is_none() && !is_result(id)) {
                next = match pieces[id] {
                    Some(piece) => layout.test(graph, id, piece, &mut open, |id| {
                        pieces[id].is_some() && !is_result(id)
                    }),
                    None => layout.op(graph, id, &mut open, |id| {
                        pieces[id].is_none() && !is_result(id)
                    }),
                };
            }
        }
        layout
    }

    /// Adds a test, and returns the test that follows.
    fn test(
        &mut self,
        graph: &Graph<'_>,
        id: usize,
        piece: Piece,
        open: &mut Vec<usize>,
        is_test: impl Fn(usize) -> bool,
    ) -> Option<usize> {
        self.numbers[id] = Some(self.tests.len());
        self.tests.push(id);
        let ways = [piece.inside, piece.outside];
        open.extend_from_slice(&ways);
        // The nearer one follows, as in the program.
        let follow = ways
            .into_iter()
            .filter(|&id| is_test(id) && self.numbers[id].is_none());
        follow.min_by_key(|&id| graph.stops[id].key().1)
    }

    /// Adds an operation, and returns the operation that follows.
    fn op(
        &mut self,
        graph: &Graph<'_>,
        id: usize,
        open: &mut Vec<usize>,
        is_op: impl Fn(usize) -> bool,
    ) -> Option<usize> {
        self.numbers[id] = Some(self.ops.len());
        self.ops.push(Item::Stop(id));
        let [yes, no] = graph.ways[id];
        open.extend_from_slice(&[yes, no]);
        if yes != no || yes == id {
            return None;
        }
        if is_op(yes) && self.numbers[yes].is_none() {
            return Some(yes);
        }
        self.ops.push(Item::Goto(yes));
        None
    }
}
