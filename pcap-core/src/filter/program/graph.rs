//! The graph of a program's decisions and the paths between them, from which a tree is built.

use std::collections::HashMap;

use super::insn::{Insn, op};
use super::interpreter::{Kind, Loaded, Node, Tree};

/// `ldxb 4*([k]&0xf)`.
const HEADER_LENGTH: u16 = op::LDX | op::MSH | op::B;

/// The maximum number of instructions between two tests of a tree.
const MAX_STEPS: usize = 32;

/// A point at which a program makes a decision (a test, the load of a header's length, or a return), and the state
/// there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Stop {
    index: usize,
    /// `None` if the accumulator does not contain packet data, or if its content does not matter.
    loaded: Option<Loaded>,
}

impl Stop {
    /// Returns the first stop at or after an instruction. Returns `None` if the program does something before it that a
    /// tree cannot express.
    fn after(program: &[Insn], mut index: usize, mut loaded: Option<Loaded>) -> Option<Stop> {
        // A tree would have to execute a load without a test as well, because the packet may end before it.
        let mut untried = false;
        for _ in 0..MAX_STEPS {
            let insn = *program.get(index)?;
            match insn.code & 0x07 {
                op::RET if insn.code == op::RET | op::K && !untried => {
                    return Some(Stop {
                        index,
                        loaded: None,
                    });
                }
                op::LDX
                    if insn.code == HEADER_LENGTH && !insn.is_kernel_extension() && !untried =>
                {
                    return Some(Stop { index, loaded });
                }
                op::JMP if insn.is_test() && insn.code & op::X == 0 && loaded.is_some() => {
                    return Some(Stop { index, loaded });
                }
                op::JMP if insn.code == op::JMP | op::JA && !insn.jumps_backward() => {
                    index += insn.k as usize;
                }
                op::LD if !untried => {
                    loaded = Some(Loaded::of(insn)?);
                    untried = true;
                }
                op::ALU if insn.code == op::ALU | op::AND | op::K => {
                    loaded.as_mut()?.mask &= insn.k;
                }
                _ => return None,
            }
            index += 1;
        }
        None
    }
}

/// The stops of a program and the paths between them.
pub(super) struct Graph<'a> {
    program: &'a [Insn],
    stops: Vec<Stop>,
    ids: HashMap<Stop, usize>,
    /// For each stop, the next one if its condition holds, and the next one if it does not.
    ways: Vec<[usize; 2]>,
}

impl<'a> Graph<'a> {
    pub(super) fn of(program: &'a [Insn]) -> Option<Graph<'a>> {
        let mut graph = Graph {
            program,
            stops: Vec::new(),
            ids: HashMap::new(),
            ways: Vec::new(),
        };
        graph.add(Stop::after(program, 0, None)?)?;
        while let Some(&Stop { index, loaded }) = graph.stops.get(graph.ways.len()) {
            let insn = program[index];
            let next = index + 1;
            let way = if insn.is_test() {
                [
                    graph.add(Stop::after(program, next + usize::from(insn.jt), loaded)?)?,
                    graph.add(Stop::after(program, next + usize::from(insn.jf), loaded)?)?,
                ]
            } else if insn.code == HEADER_LENGTH {
                // With another index register, an indexed load would give another number.
                let loaded = loaded.filter(|loaded| !loaded.indexed);
                [graph.add(Stop::after(program, next, loaded)?)?; 2]
            } else {
                [graph.ways.len(); 2]
            };
            graph.ways.push(way);
        }
        Some(graph)
    }

    /// Returns the number of a stop, known or new; `None` if there are too many.
    fn add(&mut self, stop: Stop) -> Option<usize> {
        let new = self.stops.len();
        let id = *self.ids.entry(stop).or_insert(new);
        if id == new {
            self.stops.push(stop);
        }
        // A test occurs once for each number that it may examine.
        (new <= 4 * self.program.len()).then_some(id)
    }

    /// Orders the stops so that as many as possible continue at the next.
    pub(super) fn into_tree(self) -> Option<Tree> {
        let mut nodes: Vec<Node> = Vec::with_capacity(self.stops.len());
        let mut places: Vec<Option<u32>> = vec![None; self.stops.len()];
        let mut open = vec![0];
        while let Some(mut id) = open.pop() {
            if places[id].is_some() {
                continue;
            }
            loop {
                let Stop { index, loaded } = self.stops[id];
                let insn = self.program[index];
                let answer = insn.code == op::RET | op::K;
                if let (Some(_), false) = (places[id], answer) {
                    nodes.push(Node::plain(Kind::Jump, u32::try_from(id).ok()?));
                    break;
                }
                places[id] = Some(u32::try_from(nodes.len()).ok()?);
                if answer {
                    nodes.push(Node::plain(Kind::Answer, insn.k));
                    break;
                }
                let [yes, no] = self.ways[id];
                if insn.code == HEADER_LENGTH {
                    nodes.push(Node::header(insn.k));
                    id = no;
                    continue;
                }
                // The nearer one follows, as in the program.
                let near = self.stops[yes].index < self.stops[no].index;
                let (next, far) = if near { (yes, no) } else { (no, yes) };
                nodes.push(Node::test(loaded?, insn, !near, u32::try_from(far).ok()?)?);
                open.push(far);
                id = next;
            }
        }
        // Now all places are known.
        for node in &mut nodes {
            if matches!(node.kind, Kind::Test | Kind::Jump) {
                node.to = places[node.to as usize]?;
            }
        }
        Some(Tree {
            nodes: nodes.into(),
        })
    }
}
