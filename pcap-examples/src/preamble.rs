//! The blocks that each part of a section needs before its packets.

use pcap_core::pcapng::{Block, BlockBuf, Interface, RawBlock};

/// The types of section headers and interface descriptions.
const SECTION: u32 = 0x0a0d_0d0a;
const INTERFACE: u32 = 1;

/// A process, as Apple's tcpdump writes it. Packets refer to it by its position among such blocks.
const PROCESS: u32 = 0x8000_0001;

/// The header of a section, and its interfaces, secrets and names up to here, in the order of the savefile.
///
/// A savefile that begins with these blocks can continue with the section's packets: the numbers of the interfaces are
/// the same, and secrets and names precede the packets that need them.
#[derive(Clone, Debug, Default)]
pub struct Preamble {
    sections: u64,
    blocks: Vec<BlockBuf>,
}

impl Preamble {
    /// Adds a block if it belongs to the preamble. A section header begins a new preamble. Its length becomes unknown,
    /// because a part of the section is shorter.
    pub fn add(&mut self, block: &Block<'_>) {
        match block {
            Block::Section(section) => self.begin((*section).clone().without_length().as_raw()),
            block if Preamble::has(block) => self.blocks.push(block.as_raw().into()),
            _ => {}
        }
    }

    /// Begins a new preamble with this section header.
    pub fn begin<'a>(&mut self, header: impl Into<RawBlock<'a>>) {
        self.blocks = vec![header.into().into()];
        self.sections += 1;
    }

    /// Adds the description of an interface.
    pub fn add_interface(&mut self, interface: &Interface) {
        self.blocks.push(interface.as_raw().into());
    }

    /// Returns whether a block belongs to the preamble.
    #[must_use]
    pub fn has(block: &Block<'_>) -> bool {
        match block {
            Block::Section(_) | Block::Interface(_) | Block::Secrets(_) | Block::Names(_) => true,
            Block::Other(raw) => raw.block_type() == PROCESS,
            _ => false,
        }
    }

    /// Returns the number of sections so far.
    #[must_use]
    pub fn sections(&self) -> u64 {
        self.sections
    }

    /// Returns the blocks, the section header first. There are none before the first section.
    pub fn blocks(&self) -> impl ExactSizeIterator<Item = RawBlock<'_>> + DoubleEndedIterator {
        self.blocks.iter().map(BlockBuf::as_raw)
    }

    /// Returns the number of bytes of the secrets and names.
    #[must_use]
    pub fn secrets_length(&self) -> u64 {
        let blocks = self.blocks();
        let secrets = blocks.filter(|block| ![SECTION, INTERFACE].contains(&block.block_type()));
        secrets.map(|block| block.bytes().len() as u64).sum()
    }

    /// Returns the number of bytes of all blocks but the first `count`.
    #[must_use]
    pub fn length_after(&self, count: usize) -> u64 {
        let lengths = self.blocks().skip(count);
        lengths.map(|block| block.bytes().len() as u64).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pcap_core::pcapng::{Interface, PcapngDumper, Reader};
    use pcap_core::{Linktype, Packet, Timestamp};

    #[test]
    fn a_section_begins_a_new_preamble() {
        let mut dumper = PcapngDumper::new(Vec::new());
        let mut kinds: Vec<Vec<u32>> = Vec::new();
        for _ in 0..2 {
            let eth = dumper
                .add_interface(&Interface::new(Linktype::ETHERNET))
                .unwrap();
            dumper
                .write(eth, Packet::whole(Timestamp::EPOCH, b"abc"))
                .unwrap();
            dumper
                .write_block(&BlockBuf::secrets(0x544c_534b, b"secret"))
                .unwrap();
            dumper.begin_section(&Default::default()).unwrap();
        }
        let bytes: Vec<u8> = dumper.into_writer().unwrap();
        let mut reader = Reader::from_reader(std::io::Cursor::new(bytes)).unwrap();
        let mut preamble = Preamble::default();
        while let Some(block) = reader.next_block().unwrap() {
            preamble.add(&block);
            kinds.push(preamble.blocks().map(RawBlock::block_type).collect());
        }
        let header = 0x0a0d_0d0a;
        let one: [Vec<u32>; 4] = [
            vec![header],
            vec![header, 1],
            vec![header, 1],
            vec![header, 1, 10],
        ];
        assert_eq!(kinds[..8], [one.clone(), one].concat());
        assert_eq!(kinds[8], [header]);
        assert_eq!((preamble.sections(), preamble.length_after(0)), (3, 28));
    }
}
