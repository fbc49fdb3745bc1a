//! The search for the next section after damage.

use std::io;

use crate::savefile::pcapng::blocks::{Framed, PASSED};
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
    /// Skips bytes up to the next section header that is undamaged. Returns their number, and whether a header was
    /// found; otherwise more bytes may follow.
    pub(crate) fn skip_to_section(
        &mut self,
        stream: &mut Option<platform::Stream>,
    ) -> io::Result<(u64, Sought)> {
        let start = self.position();
        self.current = None;
        loop {
            match self.seek_section() {
                Sought::Section => return Ok((self.position() - start, Sought::Section)),
                Sought::Nothing => self.window.grow(),
                Sought::Absent => {}
            }
            if !self.window.refill(stream)? {
                return Ok((self.position() - start, Sought::Absent));
            }
            if self.position() - start >= PASSED {
                return Ok((self.position() - start, Sought::Nothing));
            }
        }
    }

    /// Skips bytes in the buffer. Returns `Nothing` if a section header is incomplete.
    fn seek_section(&mut self) -> Sought {
        let magic = Kind::SECTION.0.to_ne_bytes();
        loop {
            let bytes = self.window.unread();
            let starts = bytes.windows(magic.len());
            let at = starts.clone().position(|window| window == magic);
            let Some(at) = at else {
                // The last bytes may be the beginning of one.
                self.window.unread.start += bytes.len().saturating_sub(magic.len() - 1);
                return Sought::Absent;
            };
            self.window.unread.start += at;
            match self.framed() {
                Framed::Whole(_) => return Sought::Section,
                Framed::Partial => return Sought::Nothing,
                Framed::Damaged(_) => self.window.unread.start += 1,
            }
        }
    }

    /// Skips the first byte of a damaged block. Returns the number of bytes.
    pub(crate) fn skip_byte(&mut self) -> u64 {
        self.current = None;
        let length = self.window.unread().len().min(1);
        self.window.unread.start += length;
        length as u64
    }

    /// Skips the rest of the buffer, when nothing follows. Returns the number of bytes.
    pub(crate) fn skip_rest(&mut self) -> u64 {
        let length = self.window.unread().len();
        self.window.unread.start += length;
        length as u64
    }
}
