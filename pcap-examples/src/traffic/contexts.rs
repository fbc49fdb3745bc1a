//! The layers around conversations, such as the MAC addresses around IP addresses.

use foldhash::fast::RandomState;
use hashbrown::HashTable;
use std::hash::BuildHasher;

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
            limit: limit.min(u32::MAX as usize / 2 - 1),
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

    /// Returns the context of what is inside a layer, and creates it if need be. Returns `None` if there are too many.
    pub(super) fn inside(
        &mut self,
        parent: ContextId,
        key: Key,
        is_reversed: bool,
    ) -> Option<ContextId> {
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
            None if self.list.len() > self.limit => return None,
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
        Some(self.reversed_if(id << 1, is_reversed))
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

    /// Returns the same context as one of other contexts, and the layers that are not in it because there are too many.
    pub(super) fn copy(&mut self, others: &Contexts, id: ContextId) -> (ContextId, Vec<Key>) {
        let mut layers: Vec<_> = others.layers(id).collect();
        let (mut context, mut missing) = (Contexts::ROOT, Vec::new());
        while let Some((key, is_reversed)) = layers.pop() {
            match self.inside(context, key, is_reversed) {
                Some(inside) => context = inside,
                None => missing.push(key),
            }
        }
        (context, missing)
    }

    /// Returns the innermost layer of a context, whether its source and destination are exchanged, and the layers around
    /// it, in the order of its key.
    pub(super) fn innermost(&self, id: ContextId) -> Option<(Key, bool, ContextId)> {
        let context = self.get(id);
        Some((context.key?, id & 1 == 1, context.parent))
    }
}
