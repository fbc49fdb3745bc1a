//! Continues TCP connections in a counter that begins where another one ends.

use std::collections::HashMap;
use std::mem;

use foldhash::fast::RandomState;

use super::connection::Connection;
use super::key::Key;
use super::records::{Passing, Records};

/// The states of connections, without their counts.
#[derive(Clone, Debug, Default)]
pub(super) struct Continuation(HashMap<Key, Connection, RandomState>);

impl Continuation {
    /// Returns the state of the connection that a packet continues, or a new one. Each state is returned once.
    pub(super) fn take(&mut self, packet: &Passing) -> Connection {
        // Most counters continue no other one.
        let known = match self.0.is_empty() {
            true => None,
            false => self.0.remove(&packet.key),
        };
        let begins_anew = |known: &Connection| {
            let request = packet.segment.filter(|segment| segment.is_request());
            request.is_some_and(|request| known.is_other(packet.is_reversed, request.sequence))
        };
        known
            .filter(|known| !begins_anew(known))
            .unwrap_or_default()
    }
}

impl Records {
    /// Continues the connections of earlier records, which must count no further packets. If there are more than the
    /// limit, forgets those without packets in the earlier records.
    pub(super) fn continue_from(&mut self, earlier: &mut Records) {
        let mut states = mem::take(&mut earlier.continuation).0;
        if states.len() > self.limit {
            states = HashMap::default();
        }
        // The newest connection between two endpoints comes last.
        for (id, record) in earlier.list.iter().enumerate() {
            if let Some(connection) = earlier.connections.get(record.connection as usize)
                && record.primary as usize == id
            {
                states.insert(record.key, connection.without_counts());
            }
        }
        self.continuation = Continuation(states);
    }
}
