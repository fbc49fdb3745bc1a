//! The layers around conversations, such as the MAC addresses around IP addresses.

use foldhash::fast::RandomState;
use hashbrown::HashTable;
use std::hash::BuildHasher;

use super::Layer;
use super::eviction::greatest;
use super::key::Key;

/// The number of a context, and in its lowest bit whether source and destination are exchanged.
pub(super) type ContextId = u32;

/// The layers around a conversation.
#[derive(Clone, Debug)]
struct Context {
    /// The layers around these.
    parent: ContextId,
    /// The innermost of these layers. The root has none.
    key: Option<Key>,
    /// Whether both directions are the same, because source and destination are.
    is_symmetric: bool,
}

/// Where a context is after others were evicted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Move {
    to: ContextId,
    /// Whether the innermost layer of the context is no longer there.
    is_evicted: bool,
}

/// All contexts.
#[derive(Clone, Debug)]
pub(super) struct Contexts {
    list: Vec<Context>,
    index: HashTable<u32>,
    hasher: RandomState,
    limit: usize,
}

impl Contexts {
    /// The context of the outermost layers.
    pub(super) const ROOT: ContextId = 0;

    pub(super) fn new(limit: usize) -> Contexts {
        let root = Context {
            parent: Contexts::ROOT,
            key: None,
            is_symmetric: true,
        };
        Contexts {
            list: vec![root],
            index: HashTable::new(),
            hasher: RandomState::default(),
            // Merging doubles the number, and each has two identifiers.
            limit: limit.min(u32::MAX as usize / 8),
        }
    }

    fn get(&self, id: ContextId) -> &Context {
        &self.list[(id >> 1) as usize]
    }

    /// Returns the context with source and destination exchanged, if the condition is true.
    #[inline]
    pub(super) fn reversed_if(&self, id: ContextId, condition: bool) -> ContextId {
        match condition && !self.get(id).is_symmetric {
            true => id ^ 1,
            false => id,
        }
    }

    /// Returns the context of what is inside a layer, and creates it if need be.
    pub(super) fn inside(&mut self, parent: ContextId, key: Key, is_reversed: bool) -> ContextId {
        let parent = self.reversed_if(parent, is_reversed);
        let hash = self.hasher.hash_one((parent, key));
        let list = &self.list;
        let is_same = |&id: &u32| {
            let known = &list[id as usize];
            known.parent == parent && known.key == Some(key)
        };
        let found = self.index.find(hash, is_same).copied();
        let id = match found {
            Some(id) => id,
            None => {
                let id = self.list.len() as u32;
                self.list.push(Context {
                    parent,
                    key: Some(key),
                    is_symmetric: key.is_symmetric() && self.get(parent).is_symmetric,
                });
                let (list, hasher) = (&self.list, &self.hasher);
                self.index.insert_unique(hash, id, |&id| {
                    let context = &list[id as usize];
                    match context.key {
                        Some(key) => hasher.hash_one((context.parent, key)),
                        None => 0,
                    }
                });
                id
            }
        };
        self.reversed_if(id << 1, is_reversed)
    }

    /// Returns whether there are conversations inside this layer.
    pub(super) fn has(&self, layer: Layer) -> bool {
        let mut keys = self.list.iter().filter_map(|context| context.key);
        keys.any(|key| key.layers().any(|found| found == layer))
    }

    /// Returns the layers of a context, the innermost first, and whether their source and destination are exchanged.
    pub(super) fn layers(&self, id: ContextId) -> impl Iterator<Item = (Key, bool)> {
        let mut next = id;
        std::iter::from_fn(move || {
            let context = self.get(next);
            let is_reversed = next & 1 == 1;
            let key = context.key?;
            next = self.reversed_if(context.parent, is_reversed);
            Some((key, is_reversed))
        })
    }

    /// Returns the same context as one of other contexts.
    pub(super) fn copy(&mut self, others: &Contexts, id: ContextId) -> ContextId {
        let mut layers: Vec<_> = others.layers(id).collect();
        let mut context = Contexts::ROOT;
        while let Some((key, is_reversed)) = layers.pop() {
            context = self.inside(context, key, is_reversed);
        }
        context
    }

    /// Returns whether there are more contexts than the limit.
    #[inline]
    pub(super) fn is_full(&self) -> bool {
        self.list.len() - 1 > self.limit
    }

    /// Returns the contexts without those that have the fewest bytes, given the bytes in each context. Also returns where
    /// each one is among them.
    pub(super) fn with_the_greatest(
        &self,
        bytes: impl Iterator<Item = (ContextId, u64)>,
    ) -> (Contexts, Vec<Move>) {
        let mut ranks: Vec<_> = (0..self.list.len()).map(|index| (0, index)).collect();
        for (id, bytes) in bytes {
            ranks[(id >> 1) as usize].0 += bytes;
        }
        // A context is after those around it.
        for index in (1..self.list.len()).rev() {
            let bytes = ranks[index].0;
            ranks[(self.list[index].parent >> 1) as usize].0 += bytes;
        }
        let is_left = greatest(ranks[1..].to_vec(), self.limit);
        let mut left = Contexts::new(self.limit);
        let mut moves = vec![Move {
            to: Contexts::ROOT,
            is_evicted: false,
        }];
        for (context, rank) in self.list.iter().zip(&ranks).skip(1) {
            let parent = left.moved(context.parent, &moves);
            moves.push(match context.key.filter(|_| is_left(rank)) {
                Some(key) => Move {
                    to: left.inside(parent, key, false),
                    is_evicted: false,
                },
                None => Move {
                    to: parent,
                    is_evicted: true,
                },
            });
        }
        (left, moves)
    }

    /// Returns the context that takes the place of one of other contexts.
    pub(super) fn moved(&self, id: ContextId, moves: &[Move]) -> ContextId {
        self.reversed_if(moves[(id >> 1) as usize].to, id & 1 == 1)
    }

    /// Returns the layers of a context that are evicted.
    pub(super) fn evicted(&self, id: ContextId, moves: &[Move]) -> impl Iterator<Item = Key> {
        let mut next = id;
        let layers = std::iter::from_fn(move || {
            let (context, index) = (self.get(next), (next >> 1) as usize);
            next = context.parent;
            Some((context.key?, moves[index].is_evicted))
        });
        layers.filter_map(|(key, is_evicted)| is_evicted.then_some(key))
    }

    /// Returns the innermost layer of a context, whether its source and destination are exchanged, and the layers around
    /// it, in the order of its key.
    pub(super) fn innermost(&self, id: ContextId) -> Option<(Key, bool, ContextId)> {
        let context = self.get(id);
        Some((context.key?, id & 1 == 1, context.parent))
    }
}
