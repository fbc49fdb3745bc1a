//! An interface, as far as its packets depend on it.

use crate::linktype::{Dlt, Linktype};
use crate::savefile;
use crate::savefile::pcapng::{Clock, Damage, RawBlock, Resolution, Rules, code, layout};

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
    /// Parses an interface description. Unless the rules are lenient, the options that its packets depend on must be
    /// right, and come once.
    pub(super) fn new(block: RawBlock<'_>, rules: Rules) -> Result<Described, Damage> {
        let body = block.content();
        let (Some(linktype), Some(snaplen)) = (body.u16(0), body.u32(4)) else {
            return Err(Damage::Short {
                kind: block.kind().0,
                expected: SHORTEST,
                found: block.bytes().len() as u32,
            });
        };
        let (mut resolution, mut offset) = (None, None);
        let mut options = block.options_after(layout::INTERFACE);
        let is_lenient = rules == Rules::Lenient;
        while let Some(option) = options.take_any() {
            let value = option.value;
            let (expected, known) = match option.code {
                code::interface::RESOLUTION => (1, resolution.is_some()),
                code::interface::OFFSET => (8, offset.is_some()),
                code::END => (0, false),
                _ => continue,
            };
            let found = value.bytes().len();
            if is_lenient && (found != expected || known) {
                continue;
            }
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
                code::interface::RESOLUTION => resolution = value.bytes().first().copied(),
                code::interface::OFFSET => offset = value.u64(0).map(|offset| offset as i64),
                _ => {}
            }
        }
        if let Some(damage) = options.damage() {
            return Err(damage);
        }
        let resolution = resolution.unwrap_or(Resolution::MICRO.value());
        let clock = match Clock::new(resolution, offset.unwrap_or(0)) {
            Some(clock) => clock,
            None if is_lenient => Clock::UNKNOWN,
            None => return Err(Damage::Resolution(resolution)),
        };
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
