//! Filters for long lists of addresses and ports, made without compiling each.
//!
//! May import: `assemble`, `template`, `insn`, `terms`, `validate`, `error`, `linktype`.

use super::assemble::{self, Assembler, Branch, Place};
use super::insn::Insn;
use super::template::Template;
use super::terms::{FilterTerm, Range};
use super::validate::{self, Origin};
use crate::error::{Error, ErrorKind, Result};
use crate::linktype::Dlt;

const OPERATION: &str = "make a filter of a list";

/// Terms of a list. The longest lists, of addresses of IPv6 that have nothing in common, come to about
/// 16 instructions a term.
const MAX_TERMS: usize = 262_144;

/// What has the same template: addresses of one length, or ports, on one side of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    V4,
    V6,
    Ports,
}

/// Sorted and disjoint ranges, from the first to the last.
type Ranges = Vec<(u128, u128)>;

pub(super) fn build<T: Into<FilterTerm>>(
    linktype: Dlt,
    terms: impl IntoIterator<Item = T>,
) -> Result<Vec<Insn>> {
    let mut lists = [
        (Class::V4, "src", Ranges::new()),
        (Class::V4, "dst", Ranges::new()),
        (Class::V6, "src", Ranges::new()),
        (Class::V6, "dst", Ranges::new()),
        (Class::Ports, "src", Ranges::new()),
        (Class::Ports, "dst", Ranges::new()),
    ];
    for (index, term) in terms.into_iter().enumerate() {
        let term: FilterTerm = term.into();
        if index == MAX_TERMS {
            return Err(Error::cannot(
                ErrorKind::FilterTooLong,
                OPERATION,
                None,
                format!("the list has more terms than the limit of {MAX_TERMS}"),
            ));
        }
        let range = term.endpoint.range().map_err(|why| {
            Error::cannot(ErrorKind::InvalidArgument, OPERATION, term.to_string(), why)
        })?;
        let (class, range) = match range {
            Range::V4(first, last) => (0, (first, last)),
            Range::V6(first, last) => (2, (first, last)),
            Range::Ports(first, last) => (4, (first, last)),
        };
        if term.source {
            lists[class].2.push(range);
        }
        if term.destination {
            lists[class + 1].2.push(range);
        }
    }

    let mut assembler = Assembler::default();
    let reject = assembler.ret(0);
    let mut next = reject;
    // Written from the end.
    for (class, side, ranges) in lists.into_iter().rev() {
        if ranges.is_empty() {
            continue;
        }
        let unsupported = |why: String| {
            let text = format!("link type {linktype}, {}: {why}", class.expression(side, 0));
            Error::cannot(
                ErrorKind::Unsupported { since: None },
                OPERATION,
                None,
                text,
            )
        };
        let template = match class.template(linktype, side).map_err(unsupported)? {
            // No packet of the link type has such an address.
            None => continue,
            Some(template) => template,
        };
        next = write(&mut assembler, &template, class, merged(ranges), next)
            .ok_or_else(|| unsupported("the program has a hole".into()))?;
    }
    let program = assembler.finish(next);
    validate::check(&program, Origin::Assembled)
        .map_err(|fault| Error::cannot(ErrorKind::FilterInvalid, OPERATION, None, fault))?;
    Ok(program)
}

impl Class {
    /// The expression of one of two examples. The numbers are in no table of names, and differ in each
    /// word.
    fn expression(self, side: &str, example: usize) -> String {
        let what = match self {
            Class::V4 => ["host 192.0.2.1", "host 198.51.100.2"],
            Class::V6 => [
                "host 2001:db8:a1:a2:a3:a4:a5:a6",
                "host 2001:db9:b1:b2:b3:b4:b5:b6",
            ],
            Class::Ports => ["port 61001", "port 62002"],
        };
        format!("{side} {}", what[example])
    }

    fn template(self, linktype: Dlt, side: &str) -> Result<Option<Template>, String> {
        let [one, other] = [0, 1].map(|example| self.expression(side, example));
        match self {
            Class::V4 => {
                let words = [[0xc000_0201], [0xc633_6402]];
                Template::new(linktype, [(&one, words[0]), (&other, words[1])])
            }
            Class::V6 => {
                let words = [
                    [0x2001_0db8, 0x00a1_00a2, 0x00a3_00a4, 0x00a5_00a6],
                    [0x2001_0db9, 0x00b1_00b2, 0x00b3_00b4, 0x00b5_00b6],
                ];
                Template::new(linktype, [(&one, words[0]), (&other, words[1])])
            }
            Class::Ports => Template::new(linktype, [(&one, [61_001]), (&other, [62_002])]),
        }
    }
}

/// Sorted, and without overlaps and neighbours.
fn merged(mut ranges: Ranges) -> Ranges {
    ranges.sort_unstable();
    ranges.dedup_by(|next, before| {
        let joins = next.0 <= before.1.saturating_add(1);
        if joins {
            before.1 = before.1.max(next.1);
        }
        joins
    });
    ranges
}

/// Writes the program of one template: what is in the ranges is accepted, everything else goes on at
/// `next`.
fn write(
    assembler: &mut Assembler,
    template: &Template,
    class: Class,
    ranges: Ranges,
    next: Place,
) -> Option<Place> {
    let words = if class == Class::V6 { 4 } else { 1 };
    // What is accepted after so many words: libpcap's compiler, unless it optimizes, loads the others
    // nonetheless, and a packet that ends before them is not wanted.
    let mut accept = vec![assembler.ret(template.accept)];
    for loads in template.loads.iter().rev() {
        let mut place = *accept.last()?;
        for insn in loads.iter().rev() {
            place = assembler.plain(*insn, place);
        }
        accept.push(place);
    }
    accept.reverse();
    let tree = Tree {
        template,
        accept,
        reject: next,
        words,
    };
    let compare = tree.write(assembler, 0, &ranges);
    template.write(assembler, compare, next)
}

/// What a word of an address leads to.
#[derive(Debug)]
enum Then {
    /// Whatever the other words are.
    Accept,
    /// The ranges of the other words.
    Rest(Ranges),
}

struct Tree<'a> {
    template: &'a Template,
    /// By the words that have been compared, without one.
    accept: Vec<Place>,
    reject: Place,
    words: usize,
}

impl Tree<'_> {
    /// The comparison from a word on, which is in A, with ranges of this and all words behind it.
    fn write(&self, assembler: &mut Assembler, word: usize, ranges: &[(u128, u128)]) -> Place {
        let bits = 32 * (self.words - 1 - word) as u32;
        let branches = branches(ranges, bits);
        let mut code = |assembler: &mut Assembler, then: &Then| match then {
            Then::Accept => self.accept[word],
            Then::Rest(rest) => {
                let mut place = self.write(assembler, word + 1, rest);
                for insn in self.template.loads[word].iter().rev() {
                    place = assembler.plain(*insn, place);
                }
                place
            }
        };
        assemble::look_up(assembler, &branches, self.reject, &mut code)
    }
}

/// Splits ranges by their first word, behind which there are so many bits.
fn branches(ranges: &[(u128, u128)], bits: u32) -> Vec<Branch<Then>> {
    let below = (1_u128 << bits) - 1;
    let mut branches: Vec<Branch<Then>> = Vec::new();
    let mut add = |first: u128, last: u128, rest: (u128, u128)| {
        // 32 bits are left of each.
        let (first, last) = ((first >> bits) as u32, (last >> bits) as u32);
        if rest == (0, below) {
            branches.push(Branch {
                first,
                last,
                to: Then::Accept,
            });
            return;
        }
        if let Some(Branch {
            first: before,
            to: Then::Rest(ranges),
            ..
        }) = branches.last_mut()
        {
            if *before == first {
                ranges.push(rest);
                return;
            }
        }
        branches.push(Branch {
            first,
            last,
            to: Then::Rest(vec![rest]),
        });
    };
    for &(first, last) in ranges {
        if first >> bits == last >> bits {
            add(first, last, (first & below, last & below));
            continue;
        }
        // The first word of the range may be there in part, the last one too, all between are whole.
        let (mut from, mut to) = (first, last);
        if first & below != 0 {
            add(first, first, (first & below, below));
            from = (first | below) + 1;
        }
        if last & below != below {
            to = (last & !below) - 1;
        }
        if from < to {
            add(from, to, (0, below));
        }
        if last & below != below {
            add(last, last, (0, last & below));
        }
    }
    branches
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether a number is in branches, by its words.
    fn contains(ranges: &[(u128, u128)], number: u128, bits: u32) -> bool {
        let word = (number >> bits) as u32;
        let branches = branches(ranges, bits);
        assert!(branches.windows(2).all(|pair| pair[0].last < pair[1].first));
        let mut found = branches
            .iter()
            .filter(|b| b.first <= word && word <= b.last);
        found.next().is_some_and(|branch| match &branch.to {
            Then::Accept => true,
            Then::Rest(rest) => {
                assert_eq!(branch.first, branch.last);
                contains(rest, number & ((1 << bits) - 1), bits - 32)
            }
        })
    }

    #[test]
    fn a_range_over_many_words_is_split_at_its_ends_only() {
        // The numbers at which something begins or ends.
        let mut edges = vec![0, 1, 2, u128::MAX - 1, u128::MAX];
        for bits in [32, 64, 96] {
            for times in [1, 2, 5, u128::from(u32::MAX)] {
                edges.extend([0, 1, 2].map(|more| (times << bits) + more - 1));
            }
        }
        edges.sort_unstable();
        edges.dedup();
        let inside = |ranges: &[(u128, u128)], number| {
            ranges
                .iter()
                .any(|range| range.0 <= number && number <= range.1)
        };
        for (index, first) in edges.iter().enumerate() {
            for last in &edges[index..] {
                // Alone, and with neighbours on both sides, two numbers away.
                let mut ranges = vec![(*first, *last)];
                for _ in 0..2 {
                    for edge in &edges {
                        assert_eq!(contains(&ranges, *edge, 96), inside(&ranges, *edge));
                    }
                    if *first > 2 {
                        ranges.insert(0, (0, first - 2));
                    }
                    if *last < u128::MAX - 2 {
                        ranges.push((last + 2, u128::MAX));
                    }
                }
            }
        }
    }

    #[test]
    fn overlaps_and_neighbours_become_one() {
        let ranges = vec![
            (9, 9),
            (3, 5),
            (6, 7),
            (4, 4),
            (11, u128::MAX),
            (u128::MAX, u128::MAX),
        ];
        assert_eq!(merged(ranges), [(3, 7), (9, 9), (11, u128::MAX)]);
    }
}
