//! The blocks of a pcapng savefile, byte by byte.

mod any_block;
mod block;
mod blocks;
mod buf;
mod clock;
mod constructors;
mod damage;
mod described;
mod endian;
mod flags;
mod interface;
mod kind;
pub(crate) mod layout;
mod mixed;
mod options;
mod other_blocks;
mod packet;
mod packet_block;
mod resolution;
mod search;
mod section;
mod state;
mod swap;
#[cfg(test)]
mod tests;
pub(crate) mod text;

pub use any_block::Block;
pub use block::RawBlock;
pub use buf::BlockBuf;
pub use endian::Endian;
pub use flags::{PacketFlags, Reception};
pub use interface::{Interface, InterfaceFilter};
pub use options::{Options, RawOption};
pub use other_blocks::{
    CustomBlock, JournalBlock, NameRecord, NamedAddress, NamesBlock, SecretsBlock, StatisticsBlock,
};
pub use packet_block::{PacketBlock, PacketHash, Verdict};
pub use resolution::Resolution;
pub use section::Section;

pub(crate) use block::{Fields, HEAD, TRAILER};
pub(crate) use blocks::{Blocks, Found, Opening};
pub(crate) use clock::Clock;
pub(crate) use damage::Damage;
pub(crate) use described::Described;
pub(crate) use kind::Kind;
pub(crate) use options::code;
pub(crate) use packet::{PacketFields, Time};
pub(crate) use search::Sought;
pub(crate) use section::{ORDER, header as section_header};
pub(crate) use state::Rules;

/// The most bytes of a block, as in Wireshark: enough for the longest D-Bus message.
pub(crate) const LONGEST_BLOCK: u32 = 134_348_832;
