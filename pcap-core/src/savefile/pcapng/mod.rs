//! The blocks of a pcapng savefile, byte by byte.

mod block;
mod blocks;
mod clock;
mod damage;
mod described;
mod kind;
mod options;
mod packet;
mod section;

pub(crate) use block::{Fields, RawBlock};
pub(crate) use blocks::{Blocks, Found, Opening};
pub(crate) use clock::Clock;
pub(crate) use damage::Damage;
pub(crate) use described::Described;
pub(crate) use kind::Kind;
pub(crate) use options::{Options, code};
pub(crate) use packet::{PacketFields, Time};

/// The most bytes of a block, as in Wireshark: enough for the longest D-Bus message.
pub(crate) const LONGEST_BLOCK: u32 = 134_348_832;
