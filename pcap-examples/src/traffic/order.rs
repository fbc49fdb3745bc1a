//! The order of conversations and endpoints.

use std::cmp::{Ordering, Reverse};

use clap::ValueEnum;

use super::Counts;
use super::records::Sums;

/// The order of conversations and endpoints. The order of equal ones does not depend on chance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Order {
    /// Most bytes first
    Bytes,
    /// Most packets first
    Packets,
    /// Earliest first packet first
    Start,
    /// Longest first
    Duration,
}

impl Order {
    /// Compares two conversations.
    pub(super) fn compare(self, one: &Sums, other: &Sums) -> Ordering {
        match self {
            Order::Bytes | Order::Packets => self.compare_counts(one.both(), other.both()),
            Order::Start => one.first.cmp(&other.first),
            // The duration of one without times is less than 0.
            Order::Duration => {
                let duration = |sums: &Sums| i128::from(sums.last) - i128::from(sums.first);
                Reverse(duration(one)).cmp(&Reverse(duration(other)))
            }
        }
    }

    /// Compares two endpoints, which have no times: unless the order is that of packets, by bytes.
    pub(super) fn compare_counts(self, one: Counts, other: Counts) -> Ordering {
        let rank = |Counts { packets, bytes }| match self {
            Order::Packets => Reverse((packets, bytes)),
            _ => Reverse((bytes, packets)),
        };
        rank(one).cmp(&rank(other))
    }
}

/// Returns the first items in an order.
pub(super) fn first<T>(
    mut list: Vec<T>,
    number: usize,
    compare: impl Fn(&T, &T) -> Ordering,
) -> Vec<T> {
    if number < list.len() {
        list.select_nth_unstable_by(number, &compare);
        list.truncate(number);
    }
    list.sort_unstable_by(compare);
    list
}
