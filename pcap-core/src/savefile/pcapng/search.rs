//! The search for the next section after damage.

use std::io;

use crate::savefile::pcapng::blocks::Framed;
use crate::savefile::pcapng::{Blocks, Kind};
use crate::sys::platform;

/// What the search for a section header found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sought {
    /// A section header, which is next.
    Section,
    /// Nothing yet: there may be more, but it is time to look for a break.
    Nothing,
    /// No further bytes at this time.
    Absent,
}

impl Blocks {
    /// Skips bytes up to the next section header that is undamaged, and reads more once if there is none.
    #[inline]
    pub(crate) fn skip_to_section(
        &mut self,
        stream: &mut Option<platform::Stream>,
    ) -> io::Result<Sought> {
        self.current = None;
        if self.seek_section() {
            return Ok(Sought::Section);
        }
        self.window.grow();
        match self.window.refill(stream)? {
            true => Ok(Sought::Nothing),
            false => Ok(Sought::Absent),
        }
    }

    /// Skips bytes in the buffer up to a section header, of which the end may be missing. Returns whether it is
    /// complete.
    #[inline]
    fn seek_section(&mut self) -> bool {
        let magic = Kind::SECTION.0.to_ne_bytes();
        loop {
            let bytes = self.window.unread();
            let at = bytes.windows(magic.len()).position(|w| w == magic);
            let Some(at) = at else {
                // The last bytes may be the beginning of one.
                self.window.unread.start += bytes.len().saturating_sub(magic.len() - 1);
                return false;
            };
            self.window.unread.start += at;
            match self.framed() {
                Framed::Whole(_) => return true,
                Framed::Partial => return false,
                Framed::Damaged(_) => self.window.unread.start += 1,
            }
        }
    }

    /// Skips the first byte of a damaged block, if there is one.
    #[inline]
    pub(crate) fn skip_byte(&mut self) {
        self.current = None;
        self.window.unread.start += self.window.unread().len().min(1);
    }
}
