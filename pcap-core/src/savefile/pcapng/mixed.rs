//! Several link types in a savefile.

use crate::savefile::pcapng::blocks::Framed;
use crate::savefile::pcapng::{Blocks, Found, Rules};

impl Blocks {
    /// Lets interfaces have different link types from now on. After each change of their list, the search for a packet
    /// stops with [`Found::Other`].
    #[inline]
    pub(crate) fn mix(&mut self) {
        self.state.rules = Rules::Mixed;
    }

    /// Returns whether interfaces may have different link types.
    #[inline]
    pub(crate) fn is_mixed(&self) -> bool {
        self.state.rules == Rules::Mixed
    }

    /// Advances to the next packet, as far as the blocks are in the buffer. A block that is lent remains.
    #[inline]
    pub(crate) fn look_ahead(&mut self) {
        while let (None, Framed::Whole(block)) = (self.current, self.framed()) {
            if block.kind().is_packet() || !matches!(self.advance(&mut None), Ok(Found::Other)) {
                break;
            }
            self.current = None;
        }
    }
}
