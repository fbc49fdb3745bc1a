//! Files with large blocks, which are not built before they are needed.

use super::super::{Block, Case, Ng, Opt, Order, Shb, epb, idb};
use super::{data, plain};

const MIB: usize = 1 << 20;

/// Returns functions that build the large files: undamaged ones.
pub(crate) fn large() -> [fn() -> Case; 6] {
    [
        || block("a block of 16 MiB", 16 * MIB),
        || block("a block over 16 MiB", 16 * MIB + 4),
        // libpcap accepts it after an interface of this type.
        || packet("a D-Bus message of 17 MiB", 231, 17 * MIB),
        || packet("a USBPcap packet of 1 MiB", 249, MIB),
        || packet("an EBHSCR packet of 8 MiB", 279, 8 * MIB),
        section,
    ]
}

/// Returns a file with an unknown block of this length, with its framing.
fn block(name: &str, length: usize) -> Case {
    let block = Block::new(0x8000_4321, data(length - 12, 1));
    let file = Ng::new(Order::Big).idb(idb(1)).packet(plain(1));
    Case::new(name, file.block(block).packet(plain(2)))
}

/// Returns a file with a packet of this length.
fn packet(name: &str, linktype: u16, length: usize) -> Case {
    let file = Ng::new(Order::Little).idb(idb(linktype).snaplen(0));
    let file = file.packet(epb(data(length, 1)).opt(Opt::comment("long")));
    Case::new(name, file.packet(plain(2)))
}

/// Returns a file whose first block is longer than libpcap accepts there.
fn section() -> Case {
    let comment = || Opt::comment("a".repeat(65_000));
    let header = (0..17).fold(Shb::default(), |header, _| header.opt(comment()));
    let file = Ng::empty(Order::Little).shb(header).idb(idb(1));
    Case::new("a section of 1 MiB", file.packet(plain(1)))
}
