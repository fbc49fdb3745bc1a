//! Filters for long lists of addresses and ports, without compiling each of them.

mod template;
pub(crate) mod term;

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::net::IpAddr;
use std::panic::{RefUnwindSafe, UnwindSafe};

use crate::error::{Error, ErrorKind, Result};
use crate::filter::program::assemble::{self, Assembler, Branch, Place};
use crate::filter::program::insn::{Insn, code, op};
use crate::filter::program::validate::{self, Origin};
use crate::linktype::Dlt;
use template::{Compile, Template};
use term::{Endpoint, FilterTerm, Range};

pub(crate) const OPERATION: &str = "compile a list";

/// The maximum number of terms of a list. The longest programs, for unrelated IPv6 addresses, have about 16
/// instructions per term.
const MAX_TERMS: usize = 262_144;

/// The terms that share a template: addresses of one length, or ports, on one side of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    V4,
    V6,
    Ports,
}

const CLASSES: [Class; 3] = [Class::V4, Class::V6, Class::Ports];
const SIDES: [&str; 2] = ["src", "dst"];

/// A range of numbers, and the index of the place at which the program continues for them.
type Numbers = (u128, u128, usize);

/// Sorted and disjoint ranges.
type Ranges = Vec<Numbers>;

/// What a filter can be compiled from, besides an expression. Only programs that use lists compile the code for them,
/// since the rest of the crate calls it through this trait.
pub(crate) trait List: fmt::Debug + Send + Sync + UnwindSafe + RefUnwindSafe {
    /// Builds the program of a list, with `compile` for single terms.
    fn build(&self, dlt: Dlt, compile: Compile<'_>) -> Result<Vec<Insn>>;
}

/// The terms of a list, grouped by their position in a packet.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lists {
    /// By class and side.
    ranges: [[Ranges; 2]; 3],
    /// Addresses with their ports, by side.
    pairs: [BTreeMap<IpAddr, Ranges>; 2],
}

impl Lists {
    pub(crate) fn of<T: Into<FilterTerm>>(terms: impl IntoIterator<Item = T>) -> Result<Lists> {
        let mut lists = Lists::default();
        for (index, term) in terms.into_iter().enumerate() {
            let term: FilterTerm = term.into();
            if index == MAX_TERMS {
                let text = format!("the list has more terms than the limit of {MAX_TERMS}");
                return Err(Error::cannot(
                    ErrorKind::FilterTooLong,
                    OPERATION,
                    None,
                    text,
                ));
            }
            for (side, there) in [term.source, term.destination].into_iter().enumerate() {
                if there {
                    lists.add(side, term.endpoint).map_err(|why| {
                        Error::cannot(ErrorKind::InvalidArgument, OPERATION, term.to_string(), why)
                    })?;
                }
            }
        }
        Ok(lists)
    }

    #[inline]
    fn add(&mut self, side: usize, endpoint: Endpoint) -> Result<(), String> {
        let (class, first, last) = match endpoint.range()? {
            Range::V4(first, last) => (0, first, last),
            Range::V6(first, last) => (1, first, last),
            Range::Ports(first, last) => (2, first, last),
            Range::Pair(address, port) => {
                let ports = self.pairs[side].entry(address).or_default();
                ports.push((port.into(), port.into(), 0));
                return Ok(());
            }
        };
        self.ranges[class][side].push((first, last, 0));
        Ok(())
    }
}

impl List for Lists {
    #[inline]
    fn build(&self, dlt: Dlt, compile: Compile<'_>) -> Result<Vec<Insn>> {
        let mut writer = Writer {
            dlt,
            compile,
            assembler: Assembler::default(),
        };
        let Lists { ranges, pairs } = self.clone();
        let mut next = writer.assembler.ret(0);
        // Written from the end.
        for (side, pairs) in pairs.into_iter().enumerate().rev() {
            next = writer.pairs(side, pairs, next)?;
        }
        for (class, ranges) in CLASSES.into_iter().zip(ranges).rev() {
            for (side, ranges) in ranges.into_iter().enumerate().rev() {
                next = writer.list(class, side, merged(ranges), next)?;
            }
        }
        let program = writer.assembler.finish(next);
        validate::check(&program, Origin::Assembled)
            .map_err(|fault| Error::cannot(ErrorKind::FilterInvalid, OPERATION, None, fault))?;
        Ok(program)
    }
}

struct Writer<'a> {
    dlt: Dlt,
    compile: Compile<'a>,
    assembler: Assembler,
}

impl Writer<'_> {
    #[inline]
    fn unsupported(&self, class: Class, side: usize, why: &str) -> Error {
        let text = format!(
            "link type {}, {}: {why}",
            self.dlt,
            class.expression(SIDES[side], 0)
        );
        Error::cannot(ErrorKind::Unsupported, OPERATION, None, text)
    }

    /// Returns the template of a class; `None` if no packet of the link type has such an address.
    #[inline]
    fn template(&self, class: Class, side: usize) -> Result<Option<Template>> {
        class
            .template(self.compile, SIDES[side])
            .map_err(|why| self.unsupported(class, side, &why))
    }

    /// Writes the program of one template: it accepts numbers in the ranges, and continues at
    /// `next` for all others.
    #[inline]
    fn list(&mut self, class: Class, side: usize, ranges: Ranges, next: Place) -> Result<Place> {
        if ranges.is_empty() {
            return Ok(next);
        }
        let Some(template) = self.template(class, side)? else {
            return Ok(next);
        };
        // The continuation after an early decision: libpcap's unoptimized code loads the other
        // words nonetheless, and so rejects a packet that ends before them.
        let mut place = self.assembler.ret(template.accept);
        let mut accept = vec![place];
        for loads in template.loads.iter().rev() {
            for insn in loads.iter().rev() {
                place = self.assembler.plain(*insn, place);
            }
            accept.push(place);
        }
        accept.reverse();
        self.look_up(&template, class, &ranges, vec![accept], next)
            .ok_or_else(|| self.unsupported(class, side, HOLE))
    }

    /// Writes the program for addresses with certain ports only.
    ///
    /// The program finds the port first, and keeps it in memory until the address is known. In no
    /// packet do the ports precede the addresses, so a packet that ends in between is rejected in
    /// either order.
    #[inline]
    fn pairs(
        &mut self,
        side: usize,
        pairs: BTreeMap<IpAddr, Ranges>,
        next: Place,
    ) -> Result<Place> {
        if pairs.is_empty() {
            return Ok(next);
        }
        let Some(ports) = self.template(Class::Ports, side)? else {
            return Ok(next);
        };
        let mut addresses = [Ranges::new(), Ranges::new()];
        let mut sets: HashMap<Ranges, usize> = HashMap::new();
        for (address, ports) in pairs {
            let new = sets.len();
            let set = *sets.entry(merged(ports)).or_insert(new);
            let (class, number) = match address {
                IpAddr::V4(address) => (0, u128::from(u32::from(address))),
                IpAddr::V6(address) => (1, u128::from(address)),
            };
            addresses[class].push((number, number, set));
        }

        let mut found = Vec::new();
        for (class, ranges) in CLASSES.into_iter().zip(addresses) {
            if ranges.is_empty() {
                continue;
            }
            if let Some(template) = self.template(class, side)? {
                found.push((class, template, merged(ranges)));
            }
        }
        let taken = |cell: &u32| {
            let mut templates = found.iter().map(|found| &found.1).chain([&ports]);
            templates.any(|template| template.uses_memory(*cell))
        };
        let cell = (0..validate::CELLS)
            .rev()
            .find(|cell| !taken(cell))
            .ok_or_else(|| self.unsupported(Class::Ports, side, "all memory cells are in use"))?;

        let accept = self.assembler.ret(ports.accept);
        let mut sets: Vec<(Ranges, usize)> = sets.into_iter().collect();
        sets.sort_unstable_by_key(|set| set.1);
        let sets: Vec<Place> = sets
            .iter()
            .map(|(ports, _)| {
                let branches = branches(ports, 0);
                let compare =
                    assemble::look_up(&mut self.assembler, &branches, next, &mut |_, _| accept);
                let load = Insn::new(code::RECALL, 0, 0, cell);
                self.assembler.plain(load, compare)
            })
            .collect();
        let mut start = next;
        for (class, template, ranges) in found.iter().rev() {
            let words = template.loads.len() + 1;
            let accept = sets.iter().map(|place| vec![*place; words]).collect();
            start = self
                .look_up(template, *class, ranges, accept, start)
                .ok_or_else(|| self.unsupported(*class, side, HOLE))?;
        }
        let keep = Insn::new(op::ST, 0, 0, cell);
        let keep = self.assembler.plain(keep, start);
        ports
            .write(&mut self.assembler, keep, next)
            .ok_or_else(|| self.unsupported(Class::Ports, side, HOLE))
    }

    /// Writes the code that finds the number of a template in a packet and looks it up.
    #[inline]
    fn look_up(
        &mut self,
        template: &Template,
        class: Class,
        ranges: &[Numbers],
        accept: Vec<Vec<Place>>,
        next: Place,
    ) -> Option<Place> {
        let tree = Tree {
            template,
            accept,
            reject: next,
            words: if class == Class::V6 { 4 } else { 1 },
        };
        let compare = tree.write(&mut self.assembler, 0, ranges);
        template.write(&mut self.assembler, compare, next)
    }
}

const HOLE: &str = "the code is incomplete";

impl Class {
    /// Returns the expression of one of two examples. The numbers have no names, and differ in each
    /// word.
    #[inline]
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

    #[inline]
    fn template(self, compile: Compile<'_>, side: &str) -> Result<Option<Template>, String> {
        let [one, other] = [0, 1].map(|example| self.expression(side, example));
        match self {
            Class::V4 => {
                let words = [[0xc000_0201], [0xc633_6402]];
                Template::new(compile, [(&one, words[0]), (&other, words[1])])
            }
            Class::V6 => {
                let words = [
                    [0x2001_0db8, 0x00a1_00a2, 0x00a3_00a4, 0x00a5_00a6],
                    [0x2001_0db9, 0x00b1_00b2, 0x00b3_00b4, 0x00b5_00b6],
                ];
                Template::new(compile, [(&one, words[0]), (&other, words[1])])
            }
            Class::Ports => Template::new(compile, [(&one, [61_001]), (&other, [62_002])]),
        }
    }
}

/// Sorts ranges, and merges those that overlap or touch and lead to the same place.
#[inline]
fn merged(mut ranges: Ranges) -> Ranges {
    ranges.sort_unstable();
    ranges.dedup_by(|next, before| {
        let joins = next.0 <= before.1.saturating_add(1) && next.2 == before.2;
        if joins {
            before.1 = before.1.max(next.1);
        }
        joins
    });
    ranges
}

/// The continuation after a word of an address.
#[derive(Debug)]
enum Then {
    /// This place, whatever the other words are.
    Accept(usize),
    /// A comparison of the other words with these ranges.
    Rest(Ranges),
}

struct Tree<'a> {
    template: &'a Template,
    /// For each place: the continuations, by the number of words compared before the last.
    accept: Vec<Vec<Place>>,
    reject: Place,
    words: usize,
}

impl Tree<'_> {
    /// Writes the comparison of a word, which is in A, with the ranges of this and all later words.
    #[inline]
    fn write(&self, assembler: &mut Assembler, word: usize, ranges: &[Numbers]) -> Place {
        let bits = 32 * (self.words - 1 - word) as u32;
        let branches = branches(ranges, bits);
        let mut code = |assembler: &mut Assembler, then: &Then| match then {
            Then::Accept(place) => self.accept[*place][word],
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

/// Splits ranges by their first word, which is followed by `bits` bits.
#[inline]
fn branches(ranges: &[Numbers], bits: u32) -> Vec<Branch<Then>> {
    let below = (1_u128 << bits) - 1;
    let mut branches: Vec<Branch<Then>> = Vec::new();
    let mut add = |first: u128, last: u128, rest: Numbers| {
        // 32 bits remain of each.
        let (first, last) = ((first >> bits) as u32, (last >> bits) as u32);
        if (rest.0, rest.1) == (0, below) {
            branches.push(Branch {
                first,
                last,
                to: Then::Accept(rest.2),
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
    for &(first, last, place) in ranges {
        if first >> bits == last >> bits {
            add(first, last, (first & below, last & below, place));
            continue;
        }
        // The first and the last word of the range may be partial; all between are complete.
        let (mut from, mut to) = (first, last);
        if first & below != 0 {
            add(first, first, (first & below, below, place));
            from = (first | below) + 1;
        }
        if last & below != below {
            to = (last & !below) - 1;
        }
        if from <= to {
            add(from, to, (0, below, place));
        }
        if last & below != below {
            add(last, last, (0, last & below, place));
        }
    }
    branches
}

#[cfg(test)]
mod tests;
