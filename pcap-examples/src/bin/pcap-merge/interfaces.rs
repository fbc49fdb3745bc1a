//! The interfaces of all inputs.

use std::collections::HashMap;

use pcap_core::pcapng::{BlockBuf, Endian, RawBlock};
use pcap_core::{Capture, Offline};
use pcap_examples::exit::Outcome;

use crate::changes::Changes;
use crate::left_out::LeftOut;

/// The code of a comment in every block.
const COMMENT: u16 = 1;

/// The descriptions of all interfaces, in the byte order of the output. An index identifies each.
///
/// Classic inputs with equal headers share an interface. Interfaces of pcapng inputs are kept apart by default, because
/// each may have statistics, which count the packets of one capture.
#[derive(Debug)]
pub(crate) struct Interfaces {
    endian: Endian,
    /// Whether equal interfaces of different sections become one.
    joins: bool,
    blocks: Vec<BlockBuf>,
    /// The interfaces that others can join, by their description and its number of equals before it in its section.
    shared: HashMap<(BlockBuf, usize), usize>,
}

/// The interfaces of a section that have come so far: how often each description has.
pub(crate) type Occurrences = HashMap<BlockBuf, usize>;

impl Interfaces {
    pub(crate) fn new(joins: bool) -> Interfaces {
        Interfaces {
            endian: Endian::NATIVE,
            joins,
            blocks: Vec::new(),
            shared: HashMap::new(),
        }
    }

    /// Sets the byte order of the output, before the first interface is added.
    pub(crate) fn set_endian(&mut self, endian: Endian) {
        self.endian = endian;
    }

    /// Returns the byte order of the output.
    pub(crate) fn endian(&self) -> Endian {
        self.endian
    }

    /// Returns the number of interfaces.
    pub(crate) fn count(&self) -> usize {
        self.blocks.len()
    }

    /// Returns the description of an interface.
    pub(crate) fn block(&self, index: usize) -> RawBlock<'_> {
        self.blocks[index].as_raw()
    }

    /// Adds the interface of a classic input, unless there is an equal one. Returns its index.
    pub(crate) fn add_classic(
        &mut self,
        capture: &Capture<Offline>,
        changes: Changes,
    ) -> Outcome<usize> {
        let interface = changes.classic_interface(capture)?;
        let (block, _) = BlockBuf::from(interface.as_raw()).to_endian(self.endian)?;
        Ok(self.share(block, 0))
    }

    /// Adds the description of an interface of a pcapng input, with further comments. Returns its index.
    pub(crate) fn add(
        &mut self,
        mut block: BlockBuf,
        comments: &[Vec<u8>],
        occurrences: &mut Occurrences,
        left_out: &mut LeftOut,
    ) -> Outcome<usize> {
        left_out.remove_options(&mut block);
        let (mut block, unconverted) = block.to_endian(self.endian)?;
        left_out.unconverted_options += unconverted.len() as u64;
        for comment in comments {
            block.add_option(COMMENT, comment)?;
        }
        if !self.joins {
            self.blocks.push(block);
            return Ok(self.blocks.len() - 1);
        }
        let occurrence = occurrences.entry(block.clone()).or_default();
        let before = *occurrence;
        *occurrence += 1;
        Ok(self.share(block, before))
    }

    fn share(&mut self, block: BlockBuf, before: usize) -> usize {
        let blocks = &mut self.blocks;
        let index = self
            .shared
            .entry((block, before))
            .or_insert_with_key(|key| {
                blocks.push(key.0.clone());
                blocks.len() - 1
            });
        *index
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pcap_core::Linktype;
    use pcap_core::pcapng::Interface;

    /// Adds the same three interfaces, two of which are equal, in each of two sections.
    fn indexes(joins: bool) -> Vec<usize> {
        let mut interfaces = Interfaces::new(joins);
        let mut left_out = LeftOut::default();
        let left = Interface::new(Linktype::ETHERNET).with_name("left");
        let right = Interface::new(Linktype::ETHERNET).with_name("right");
        let mut all = Vec::new();
        for _ in 0..2 {
            let mut occurrences = Occurrences::new();
            for interface in [&left, &left, &right] {
                let block = BlockBuf::from(interface.as_raw());
                let added = interfaces.add(block, &[], &mut occurrences, &mut left_out);
                all.push(added.unwrap());
            }
        }
        assert_eq!(left_out.total(), 0);
        all
    }

    #[test]
    fn equal_interfaces_of_different_sections_join_on_request() {
        assert_eq!(indexes(false), [0, 1, 2, 3, 4, 5]);
        assert_eq!(indexes(true), [0, 1, 2, 0, 1, 2]);
    }
}
