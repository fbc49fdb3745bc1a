//! The blocks that each part of a section needs before its packets.

use pcap_core::pcapng::{Block, BlockBuf, RawBlock};

/// The section header up to here, and the interfaces, secrets and names of the section, in the order of the savefile.
///
/// A savefile that begins with these blocks can continue with the section's packets: the numbers of the interfaces are
/// the same, and secrets and names precede the packets that need them.
#[derive(Clone, Debug, Default)]
pub struct Preamble {
    blocks: Vec<BlockBuf>,
}

impl Preamble {
    /// Adds a block if it belongs to the preamble. A section header begins a new preamble. Its length becomes unknown,
    /// because a part of the section is shorter.
    pub fn add(&mut self, block: &Block<'_>) {
        match block {
            Block::Section(section) => {
                let section = (*section).clone().without_length();
                self.blocks = vec![section.as_raw().into()];
            }
            Block::Interface(_) | Block::Secrets(_) | Block::Names(_) => {
                self.blocks.push(block.as_raw().into());
            }
            _ => {}
        }
    }

    /// Returns the blocks, the section header first. There are none before the first section.
    pub fn blocks(&self) -> impl Iterator<Item = RawBlock<'_>> {
        self.blocks.iter().map(BlockBuf::as_raw)
    }

    /// Returns the number of bytes of the blocks.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.blocks().map(|block| block.bytes().len() as u64).sum()
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
        assert_eq!(preamble.length(), 28);
    }
}
