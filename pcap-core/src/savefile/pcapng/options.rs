//! The options at the end of a block.

use crate::savefile::pcapng::{Damage, Fields};

/// The codes of options that this crate interprets.
pub(crate) mod code {
    pub(crate) const END: u16 = 0;
    /// `if_tsresol`, and others of interfaces.
    pub(crate) const RESOLUTION: u16 = 9;
    pub(crate) const OFFSET: u16 = 14;
}

/// An option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RawOption<'a> {
    pub(crate) code: u16,
    pub(crate) value: Fields<'a>,
}

/// The options of a block, one after the other, up to the end option or the end of the block.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Options<'a> {
    rest: Fields<'a>,
}

impl<'a> Options<'a> {
    #[inline]
    pub(crate) fn new(fields: Fields<'a>) -> Options<'a> {
        Options { rest: fields }
    }

    /// Returns the next option, or what is wrong with it: nothing follows then.
    fn take(&mut self) -> Option<Result<RawOption<'a>, Damage>> {
        let (Some(code), Some(length)) = (self.rest.u16(0), self.rest.u16(2)) else {
            self.rest = self.rest.from(usize::MAX);
            return None;
        };
        let (start, end) = (4, 4 + usize::from(length));
        let Some(value) = self.rest.bytes().get(start..end) else {
            self.rest = self.rest.from(usize::MAX);
            return Some(Err(Damage::OptionBeyond { code, length }));
        };
        let value = Fields::new(value, self.rest.order());
        // Some writers leave out the padding of the last one.
        self.rest = match code {
            code::END => self.rest.from(usize::MAX),
            _ => self.rest.from(end.next_multiple_of(4)),
        };
        Some(Ok(RawOption { code, value }))
    }
}

impl<'a> Iterator for Options<'a> {
    type Item = Result<RawOption<'a>, Damage>;

    /// Returns the next option, without the end option if its length is 0.
    fn next(&mut self) -> Option<Result<RawOption<'a>, Damage>> {
        match self.take()? {
            Ok(option) if option.code == code::END => match option.value.bytes().len() {
                0 => None,
                found => Some(Err(Damage::OptionLength {
                    code: code::END,
                    expected: 0,
                    found: found as u16,
                })),
            },
            other => Some(other),
        }
    }
}
