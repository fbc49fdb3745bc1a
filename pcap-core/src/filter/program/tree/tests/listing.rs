//! Prints trees for tests.
//!
//! Tests are `t0`, `t1` and so on, operations `o0`, `o1` and so on. The line of a test contains the offset of the eight
//! bytes, their mask, the numbers for which the test holds, and the continuations: if it holds, and if it does not.

use std::fmt;

use crate::filter::program::tree::ops::{Kind, Op};
use crate::filter::program::tree::{ACCEPT, NEXT, Place, REJECT, Test, Tree};

impl fmt::Display for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} first, accept {}",
            self.place(self.start),
            self.accept
        )?;
        if self.has_memory {
            write!(f, ", memory")?;
        }
        for (number, test) in self.tests.iter().enumerate() {
            let Test {
                mask,
                low,
                more,
                at,
                yes,
                no,
            } = *test;
            let numbers = numbers(low, more, 64);
            let (yes, no) = (self.place(yes), self.place(no));
            write!(f, "\nt{number} [{at}] & {mask:#x} {numbers}: {yes}, {no}")?;
        }
        for (number, op) in self.ops.iter().enumerate() {
            write!(f, "\no{number} {}", operation(op))?;
        }
        Ok(())
    }
}

impl Tree {
    /// Returns the name of a place after a test.
    fn place(&self, place: Place) -> String {
        match usize::from(place).checked_sub(self.tests.len()) {
            Some(op) if place < NEXT => format!("o{op}"),
            None => format!("t{place}"),
            _ => result(place),
        }
    }
}

fn result(place: Place) -> String {
    match place {
        ACCEPT => "accept".into(),
        REJECT => "reject".into(),
        NEXT => "next".into(),
        other => format!("o{other}"),
    }
}

/// Formats a set of numbers, which may wrap. `size` is the number of their bits.
fn numbers(low: u64, more: u64, size: u32) -> String {
    let all = u64::MAX >> (64 - size);
    let high = low.wrapping_add(more) & all;
    match all - more {
        _ if more == 0 => format!("== {low:#x}"),
        1 => format!("!= {:#x}", high.wrapping_add(1) & all),
        _ => format!("in {low:#x}..={high:#x}"),
    }
}

fn operation(op: &Op) -> String {
    let Op {
        mask,
        low,
        more,
        k,
        yes,
        no,
        kind,
    } = *op;
    match kind {
        Kind::TestIndexed | Kind::TestLength | Kind::TestA => {
            let numbers = numbers(low.into(), more.into(), 32);
            let (yes, no) = (result(yes), result(no));
            format!("{kind:?} {k} & {mask:#x} {numbers}: {yes}, {no}")
        }
        Kind::Equal | Kind::Greater | Kind::AtLeast | Kind::AnyBit => {
            format!("{kind:?}: {}, {}", result(yes), result(no))
        }
        Kind::Load | Kind::LoadIndexed | Kind::Length => loaded(op),
        Kind::IndexLoad | Kind::IndexLoadIndexed | Kind::IndexLength => loaded(op),
        Kind::Jump => format!("Jump o{k}"),
        Kind::Enter => format!("Enter t{k}"),
        _ => format!("{kind:?} {k:#x}"),
    }
}

/// Formats a load, without arithmetic that changes nothing.
fn loaded(op: &Op) -> String {
    let mut text = format!("{:?} {} & {:#x}", op.kind, op.k, op.mask);
    match op.more {
        left @ 0..32 => text += &format!(" << {}", 32 - left),
        32 => {}
        right => text += &format!(" >> {}", right - 32),
    }
    let flip = u32::from(op.no) << 16 | u32::from(op.yes);
    if flip != 0 {
        text += &format!(" ^ {flip:#x}");
    }
    if op.low != 0 {
        text += &format!(" + {:#x}", op.low);
    }
    text
}
