//! An interface, as far as its packets depend on it.

use crate::linktype::{Dlt, Linktype};
use crate::savefile;
use crate::savefile::pcapng::clock::MICROSECONDS;
use crate::savefile::pcapng::{Clock, Damage, Options, RawBlock, code};

/// The length of the numbers of an interface before its options.
const NUMBERS: usize = 8;
/// The length of an interface's block without options.
const SHORTEST: u32 = 20;

/// What the packets of an interface have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Described {
    /// The link type as the file states it: a `LINKTYPE_` number.
    pub(crate) linktype: u16,
    /// The snaplen as the file states it; 0 is no limit.
    pub(crate) snaplen: u32,
    pub(crate) clock: Clock,
}

impl Described {
    /// Parses an interface description.
    pub(super) fn new(block: RawBlock<'_>) -> Result<Described, Damage> {
        let body = block.body();
        let (Some(linktype), Some(snaplen)) = (body.u16(0), body.u32(4)) else {
            return Err(Damage::Short {
                kind: block.kind().0,
                expected: SHORTEST,
                found: block.bytes().len() as u32,
            });
        };
        let (mut resolution, mut offset) = (None, None);
        for option in Options::new(body.from(NUMBERS)) {
            let option = option?;
            let value = option.value;
            let (expected, known) = match option.code {
                code::RESOLUTION => (1, resolution.is_some()),
                code::OFFSET => (8, offset.is_some()),
                _ => continue,
            };
            let found = value.bytes().len();
            if found != expected {
                return Err(Damage::OptionLength {
                    code: option.code,
                    expected: expected as u16,
                    found: found as u16,
                });
            }
            if known {
                return Err(Damage::OptionTwice(option.code));
            }
            match option.code {
                code::RESOLUTION => resolution = value.bytes().first().copied(),
                _ => offset = value.u64(0).map(|offset| offset as i64),
            }
        }
        let resolution = resolution.unwrap_or(MICROSECONDS);
        let clock = Clock::new(resolution, offset.unwrap_or(0));
        let clock = clock.ok_or(Damage::Resolution(resolution))?;
        Ok(Described {
            linktype,
            snaplen,
            clock,
        })
    }

    /// Returns the snaplen that libpcap takes: the greatest one of the link type if the stated one is none.
    pub(crate) fn longest(self) -> u32 {
        match self.snaplen {
            0 | 0x8000_0000.. => savefile::longest(self.dlt()) as u32,
            stated => stated,
        }
    }

    /// Returns the link type as libpcap numbers it.
    pub(crate) fn dlt(self) -> Dlt {
        Linktype::new(self.linktype.into()).into()
    }
}
