//! The corpus: undamaged files of every kind, and damaged ones.

mod blocks;
mod cut;
mod damaged;
mod fields;
mod interfaces;
mod large;
mod lengths;
mod options;
mod packet_options;
mod sections;
mod snaplens;
mod times;
mod tools;

use super::case::{Case, Field};
use super::file::Ng;
use super::{Frame, Order, epb};

pub(crate) use large::large;

/// A second in 2023.
const NOW: u64 = 1_700_000_000;

/// Returns all files of the corpus but the large ones.
pub(crate) fn corpus() -> Vec<Case> {
    [valid(), damaged()].concat()
}

/// Returns the undamaged files.
pub(crate) fn valid() -> Vec<Case> {
    [
        times::cases(),
        lengths::cases(),
        snaplens::cases(),
        interfaces::cases(),
        sections::cases(),
        options::cases(),
        packet_options::cases(),
        blocks::cases(),
        tools::cases(),
    ]
    .concat()
}

/// Returns the damaged files.
pub(crate) fn damaged() -> Vec<Case> {
    [damaged::cases(), fields::cases(), cut::cases()].concat()
}

/// Returns a file for each byte order.
fn both(name: &str, make: impl Fn(Order) -> Ng) -> Vec<Case> {
    let name_in = |order| match order {
        Order::Little => format!("{name}, little"),
        Order::Big => format!("{name}, big"),
    };
    let case = |order| Case::new(name_in(order), make(order));
    Order::BOTH.map(case).to_vec()
}

/// Excludes a field from the comparison with tshark.
fn excluding(cases: Vec<Case>, field: Field, why: &'static str) -> Vec<Case> {
    let exclude = |case: Case| case.exclude(field, why);
    cases.into_iter().map(exclude).collect()
}

/// Declares that tshark cannot read the files.
fn refused_by_tshark(cases: Vec<Case>, why: &'static str) -> Vec<Case> {
    let refuse = |case: Case| case.tshark_refuses(why);
    cases.into_iter().map(refuse).collect()
}

/// Returns the other byte order.
fn other(order: Order) -> Order {
    match order {
        Order::Little => Order::Big,
        Order::Big => Order::Little,
    }
}

/// Returns data of a length, with a first byte to recognize it by.
fn data(length: usize, first: u8) -> Vec<u8> {
    (0..length).map(|n| first.wrapping_add(n as u8)).collect()
}

/// Returns a packet of 20 bytes some microseconds after [`NOW`].
fn plain(number: u8) -> Frame {
    epb(data(20, number)).at(NOW * 1_000_000 + u64::from(number))
}
