//! The two ends of a packet, and rules that concern one or both of them.

/// Where in a packet an address or port is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// It is that of the sender.
    Source,
    /// It is that of the receiver.
    Destination,
    /// It is in another field, such as the target of a redirect.
    Other,
}

/// Rules for the addresses or ports of a packet. The first rule that applies counts.
#[derive(Clone, Debug)]
pub struct SideRules<R> {
    /// The rules for the source.
    pub source: Vec<R>,
    /// The rules for the destination.
    pub destination: Vec<R>,
    /// The rules for all fields, which are tried last.
    pub both: Vec<R>,
}

impl<R> Default for SideRules<R> {
    fn default() -> SideRules<R> {
        SideRules {
            source: Vec::new(),
            destination: Vec::new(),
            both: Vec::new(),
        }
    }
}

impl<R> SideRules<R> {
    /// Returns whether there is no rule.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.source.is_empty() && self.destination.is_empty() && self.both.is_empty()
    }

    /// Returns the first result that a rule for a side gives.
    pub(super) fn find<T>(&self, side: Side, apply: impl Fn(&R) -> Option<T>) -> Option<T> {
        let own = match side {
            Side::Source => &self.source[..],
            Side::Destination => &self.destination,
            Side::Other => &[],
        };
        own.iter().chain(&self.both).find_map(apply)
    }
}
