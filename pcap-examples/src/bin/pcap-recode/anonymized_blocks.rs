//! Removes from blocks of pcapng savefiles what may identify people and systems.

use pcap_core::pcapng::{Block, BlockBuf, Options, RawBlock, Section};
use pcap_examples::exit::Outcome;

/// The options that stay. Of packets: flags, drop count, number and queue.
const OF_PACKETS: [u16; 4] = [2, 4, 5, 6];
/// Of interfaces: speeds, the resolution and the offset of times, and the length of the frame check sequence.
const OF_INTERFACES: [u16; 6] = [8, 9, 13, 14, 16, 17];
/// Of statistics: times and counts.
const OF_STATISTICS: [u16; 7] = [2, 3, 4, 5, 6, 7, 8];

/// The lengths of the fixed parts of blocks.
const PACKET: usize = 20;
const INTERFACE: usize = 8;
const STATISTICS: usize = 12;

/// Returns whether a block stays.
pub(crate) fn keeps(block: &Block<'_>) -> bool {
    matches!(
        block,
        Block::Section(_) | Block::Interface(_) | Block::Packet(_) | Block::Statistics(_)
    )
}

/// Returns the header of a section: without options, and for one of an unknown version, whose blocks are removed.
pub(crate) fn section(section: &Section) -> Section {
    Section::new().with_endian(section.endian())
}

/// Returns the description of an interface.
pub(crate) fn interface(raw: RawBlock<'_>) -> Outcome<BlockBuf> {
    with_options(raw, INTERFACE, raw.options(), &OF_INTERFACES)
}

/// Returns statistics.
pub(crate) fn statistics(raw: RawBlock<'_>) -> Outcome<BlockBuf> {
    with_options(raw, STATISTICS, raw.options(), &OF_STATISTICS)
}

/// Returns the block of a packet, whose block must be an enhanced one.
pub(crate) fn packet(block: &BlockBuf, data: &[u8]) -> Outcome<BlockBuf> {
    let fixed = PACKET + data.len().next_multiple_of(4);
    with_options(block.as_raw(), fixed, block.options(), &OF_PACKETS)
}

/// Returns the fixed part of a block, with some of its options.
fn with_options(
    raw: RawBlock<'_>,
    fixed: usize,
    options: Option<Options<'_>>,
    kept: &[u16],
) -> Outcome<BlockBuf> {
    let body = raw.body();
    let body = body.get(..fixed).unwrap_or(body);
    let mut block = BlockBuf::with_endian(raw.block_type(), body, raw.endian());
    let options = options.into_iter().flatten();
    for option in options.filter(|option| kept.contains(&option.code())) {
        block.add_option(option.code(), option.value())?;
    }
    Ok(block)
}
