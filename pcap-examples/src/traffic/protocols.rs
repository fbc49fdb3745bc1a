//! The tree of protocols.

use std::cmp::Reverse;

use super::Counts;

/// The maximum number of nodes. Packets have a few dozen combinations of headers, but a hostile sender could make up
/// any number of them.
const MAX_NODES: usize = 2000;

/// The packets with a protocol below certain other protocols.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProtocolCount {
    /// The number of protocols around it.
    pub depth: usize,
    /// The name of the protocol, as tshark abbreviates it.
    pub name: &'static str,
    /// The number of packets.
    pub packets: u64,
    /// The sum of their lengths on the wire, in bytes.
    pub bytes: u64,
}

/// The number of a node. 0 is the root, which is no protocol.
type NodeId = u32;

#[derive(Clone, Debug)]
struct Node {
    name: &'static str,
    /// The packets that end at this node.
    own: Counts,
    children: Vec<NodeId>,
}

/// The tree of protocols. Packets are counted at their innermost protocol.
#[derive(Clone, Debug)]
pub(super) struct ProtocolTree {
    nodes: Vec<Node>,
    /// The packets that end at a node because the tree has no place for an inner one.
    pub(super) omitted: Counts,
}

impl ProtocolTree {
    const ROOT: NodeId = 0;

    pub(super) fn new() -> ProtocolTree {
        let root = Node {
            name: "",
            own: Counts::default(),
            children: Vec::new(),
        };
        ProtocolTree {
            nodes: vec![root],
            omitted: Counts::default(),
        }
    }

    /// Returns the child of a node with this name, and creates it if need be. Returns `None` if there are too many nodes.
    fn child(&mut self, parent: NodeId, name: &'static str) -> Option<NodeId> {
        let children = &self.nodes[parent as usize].children;
        let known = children
            .iter()
            .find(|&&child| self.nodes[child as usize].name == name);
        if let Some(&child) = known {
            return Some(child);
        }
        if self.nodes.len() >= MAX_NODES {
            return None;
        }
        let child = self.nodes.len() as NodeId;
        self.nodes.push(Node {
            name,
            own: Counts::default(),
            children: Vec::new(),
        });
        self.nodes[parent as usize].children.push(child);
        Some(child)
    }

    /// Counts packets with these protocols, the outermost first. Returns `false` if there is no place for the innermost.
    pub(super) fn add(
        &mut self,
        protocols: impl Iterator<Item = &'static str>,
        counts: Counts,
    ) -> bool {
        let mut node = ProtocolTree::ROOT;
        let mut is_whole = true;
        for name in protocols {
            match self.child(node, name) {
                Some(child) => node = child,
                None => {
                    is_whole = false;
                    self.omitted += counts;
                    break;
                }
            }
        }
        self.nodes[node as usize].own += counts;
        is_whole
    }

    /// Adds the counts of another tree.
    pub(super) fn merge(&mut self, other: &ProtocolTree) {
        self.omitted += other.omitted;
        let mut pending = vec![(ProtocolTree::ROOT, ProtocolTree::ROOT, true)];
        while let Some((node, place, is_whole)) = pending.pop() {
            let node = &other.nodes[node as usize];
            self.nodes[place as usize].own += node.own;
            if !is_whole {
                self.omitted += node.own;
            }
            for &child in node.children.iter().rev() {
                let name = other.nodes[child as usize].name;
                match self.child(place, name) {
                    Some(found) if is_whole => pending.push((child, found, true)),
                    _ => pending.push((child, place, false)),
                }
            }
        }
    }

    /// Returns all nodes, each before its children. Those with most packets come first.
    pub(super) fn list(&self) -> Vec<ProtocolCount> {
        // A child has a greater number than its parent.
        let mut sums: Vec<Counts> = self.nodes.iter().map(|node| node.own).collect();
        for node in (0..self.nodes.len()).rev() {
            for &child in &self.nodes[node].children {
                let counts = sums[child as usize];
                sums[node] += counts;
            }
        }
        let mut list = Vec::new();
        let mut pending = vec![(ProtocolTree::ROOT, 0)];
        while let Some((id, depth)) = pending.pop() {
            let node = &self.nodes[id as usize];
            let counts = sums[id as usize];
            if id != ProtocolTree::ROOT && counts.packets > 0 {
                list.push(ProtocolCount {
                    depth: depth - 1,
                    name: node.name,
                    packets: counts.packets,
                    bytes: counts.bytes,
                });
            }
            let mut children = node.children.clone();
            // The last of the pending nodes is the next one.
            children.sort_by_key(|&child| {
                let packets = sums[child as usize].packets;
                (packets, Reverse(self.nodes[child as usize].name))
            });
            pending.extend(children.into_iter().map(|child| (child, depth + 1)));
        }
        list
    }
}
