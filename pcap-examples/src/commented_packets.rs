//! Adds comments to packets that are copied.

use std::collections::HashSet;

use pcap_core::Packet;
use pcap_core::pcapng::{BlockBuf, PacketBlock, Record};

use crate::comment_args::CommentArgs;
use crate::exit::{Failure, Outcome};
use crate::savefile_writer::SavefileWriter;

/// The code of a comment in every block.
const COMMENT: u16 = 1;

/// The comments for packets, and which of them were added.
#[derive(Clone, Debug)]
pub struct CommentedPackets {
    args: CommentArgs,
    added: HashSet<u64>,
    /// The first packet that cannot have its comment.
    refused: Option<u64>,
}

impl CommentedPackets {
    /// Creates the comments of the command line.
    #[must_use]
    pub fn new(args: &CommentArgs) -> CommentedPackets {
        CommentedPackets {
            args: args.clone(),
            added: HashSet::new(),
            refused: None,
        }
    }

    /// Returns whether there are comments for a packet of a classic savefile.
    #[inline]
    #[must_use]
    pub fn has(&self, number: u64) -> bool {
        self.args.has_packets() && self.args.of_packet(number).next().is_some()
    }

    /// Returns whether there are comments to add to a packet. A simple packet block can have none:
    /// [`check`](Self::check) returns the error then.
    #[inline]
    #[must_use]
    pub fn concern(&mut self, number: u64, packet: &PacketBlock<'_>) -> bool {
        if !self.has(number) {
            return false;
        }
        let can_have = packet.ticks().is_some();
        if !can_have {
            self.refused.get_or_insert(number);
        }
        can_have
    }

    /// Adds the comments for a packet to its block, which must be that of [`PacketBlock::to_enhanced`].
    ///
    /// # Errors
    ///
    /// Returns an error if the block is too long.
    pub fn add(&mut self, number: u64, block: &mut BlockBuf) -> Outcome {
        for comment in self.args.of_packet(number) {
            block.add_comment(comment)?;
        }
        self.added.insert(number);
        Ok(())
    }

    /// Returns the comments for a packet as options of its block, and notes that they were added.
    pub fn take_options(&mut self, number: u64) -> Vec<(u16, &[u8])> {
        self.added.insert(number);
        let comments = self.args.of_packet(number);
        comments.map(|text| (COMMENT, text.as_bytes())).collect()
    }

    /// Writes a packet of a classic savefile with its comments, if it has any.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`SavefileWriter::write`].
    #[inline]
    pub fn write(
        &mut self,
        number: u64,
        packet: Packet<'_>,
        savefile: &mut SavefileWriter,
    ) -> Outcome {
        if !self.has(number) {
            return savefile.write(packet);
        }
        let comments = self.args.of_packet(number);
        let options: Vec<_> = comments.map(|text| (COMMENT, text.as_bytes())).collect();
        let record = Record::new(packet).options(&options);
        savefile.write_record(&record, packet)?;
        self.added.insert(number);
        Ok(())
    }

    /// Checks that all comments were added.
    ///
    /// # Errors
    ///
    /// Returns an error that names the first packet whose comment was not.
    pub fn check(&self) -> Outcome {
        if let Some(number) = self.refused {
            return Err(Failure::Text(format!(
                "cannot add the comment to packet {number}: it is in a simple packet block, which has no comments"
            )));
        }
        self.args.check_written(&self.added)
    }
}
