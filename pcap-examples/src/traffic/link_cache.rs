//! Remembers the contexts of MAC addresses.

use super::contexts::{ContextId, Contexts};
use super::key::{self, Key, Kind};

/// The number of entries.
const LENGTH: usize = 256;

#[derive(Clone, Copy, Debug)]
struct Entry {
    /// The destination and the source address.
    macs: [u8; 12],
    /// The context, and that with source and destination exchanged. `None` if the entry is unused.
    contexts: Option<[ContextId; 2]>,
}

/// The contexts of the latest pairs of MAC addresses, so that few packets need a search.
#[derive(Clone, Debug)]
pub(super) struct LinkCache(Box<[Entry; LENGTH]>);

impl LinkCache {
    pub(super) fn new() -> LinkCache {
        let unused = Entry {
            macs: [0; 12],
            contexts: None,
        };
        LinkCache(Box::new([unused; LENGTH]))
    }

    /// Returns the context inside an Ethernet header, and that with source and destination exchanged.
    #[inline]
    pub(super) fn contexts(&mut self, macs: [u8; 12], contexts: &mut Contexts) -> [ContextId; 2] {
        // The last bytes of both addresses differ most.
        let mixed = u32::from(macs[5] ^ macs[11].rotate_left(4)) ^ u32::from(macs[4] ^ macs[10]);
        let entry = &mut self.0[mixed as usize % LENGTH];
        match entry.contexts {
            Some(found) if entry.macs == macs => found,
            _ => {
                let found = find(macs, contexts);
                *entry = Entry {
                    macs,
                    contexts: Some(found),
                };
                found
            }
        }
    }
}

#[cold]
#[inline(never)]
fn find(macs: [u8; 12], contexts: &mut Contexts) -> [ContextId; 2] {
    let [a, b, c, d, e, f, g, h, i, j, k, l] = macs;
    let to = key::mac([a, b, c, d, e, f]);
    let from = key::mac([g, h, i, j, k, l]);
    let (key, is_reversed) = Key::new(Kind::Ethernet, from, to, [0; 2]);
    let context = contexts.inside(Contexts::ROOT, key, is_reversed);
    [context, contexts.reversed_if(context, true)]
}
