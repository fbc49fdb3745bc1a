//! Counts the names in DNS messages.

use std::collections::HashMap;

use crate::decode::Dns;

/// The messages about a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DnsCount {
    /// The name in the first question, in lowercase. Control characters are escaped.
    pub name: String,
    /// The number of queries.
    pub queries: u64,
    /// The number of responses, including errors.
    pub responses: u64,
    /// The number of responses with an error, such as that the name does not exist.
    pub errors: u64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Messages {
    queries: u64,
    responses: u64,
    errors: u64,
}

impl Messages {
    fn add(&mut self, other: Messages) {
        self.queries += other.queries;
        self.responses += other.responses;
        self.errors += other.errors;
    }
}

/// Counts the names in DNS messages.
#[derive(Clone, Debug)]
pub(super) struct DnsNames {
    names: HashMap<String, Messages>,
    limit: usize,
    /// The number of messages about names for which there is no place.
    pub(super) omitted: u64,
    /// The name of the current message.
    name: String,
}

impl DnsNames {
    pub(super) fn new(limit: usize) -> DnsNames {
        DnsNames {
            names: HashMap::new(),
            limit,
            omitted: 0,
            name: String::new(),
        }
    }

    /// Counts a message, unless it has no question.
    pub(super) fn add(&mut self, message: &Dns<'_>) {
        use std::fmt::Write as _;
        let Some(question) = message.questions().next() else {
            return;
        };
        let mut name = std::mem::take(&mut self.name);
        name.clear();
        // Writing to a string cannot fail.
        let _ = write!(name, "{}", question.name);
        name.make_ascii_lowercase();
        let is_response = message.is_response();
        let count = Messages {
            queries: u64::from(!is_response),
            responses: u64::from(is_response),
            errors: u64::from(is_response && message.code() != 0),
        };
        self.insert(&name, count);
        self.name = name;
    }

    fn insert(&mut self, name: &str, count: Messages) {
        if let Some(known) = self.names.get_mut(name) {
            known.add(count);
        } else if self.names.len() < self.limit {
            self.names.insert(name.to_owned(), count);
        } else {
            self.omitted += count.queries + count.responses;
        }
    }

    /// Adds the counts of others.
    pub(super) fn merge(&mut self, other: DnsNames) {
        self.omitted += other.omitted;
        for (name, count) in other.names {
            self.insert(&name, count);
        }
    }

    /// Returns all names, the most frequent first.
    pub(super) fn list(&self) -> Vec<DnsCount> {
        let names = self.names.iter().map(|(name, count)| DnsCount {
            name: name.clone(),
            queries: count.queries,
            responses: count.responses,
            errors: count.errors,
        });
        let mut list: Vec<_> = names.collect();
        list.sort_by(|a, b| {
            let total = |count: &DnsCount| count.queries + count.responses;
            total(b).cmp(&total(a)).then_with(|| a.name.cmp(&b.name))
        });
        list
    }
}
