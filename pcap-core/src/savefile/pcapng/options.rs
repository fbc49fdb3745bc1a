//! The options at the end of a block.

use std::borrow::Cow;

use crate::savefile::pcapng::{Damage, Fields};

/// The codes of options that this crate interprets.
pub(crate) mod code {
    pub(crate) const END: u16 = 0;
    pub(crate) const COMMENT: u16 = 1;

    /// The codes in section headers.
    pub(crate) mod section {
        pub(crate) const HARDWARE: u16 = 2;
        pub(crate) const OS: u16 = 3;
        pub(crate) const APPLICATION: u16 = 4;
    }

    /// The codes in interface descriptions.
    pub(crate) mod interface {
        pub(crate) const NAME: u16 = 2;
        pub(crate) const DESCRIPTION: u16 = 3;
        pub(crate) const IPV4: u16 = 4;
        pub(crate) const IPV6: u16 = 5;
        pub(crate) const MAC: u16 = 6;
        pub(crate) const EUI: u16 = 7;
        pub(crate) const SPEED: u16 = 8;
        pub(crate) const RESOLUTION: u16 = 9;
        pub(crate) const TIME_ZONE: u16 = 10;
        pub(crate) const FILTER: u16 = 11;
        pub(crate) const OS: u16 = 12;
        pub(crate) const FCS_LEN: u16 = 13;
        pub(crate) const OFFSET: u16 = 14;
        pub(crate) const HARDWARE: u16 = 15;
        pub(crate) const TX_SPEED: u16 = 16;
        pub(crate) const RX_SPEED: u16 = 17;
        pub(crate) const IANA_TIME_ZONE: u16 = 18;
    }

    /// The codes in packet blocks.
    pub(crate) mod packet {
        pub(crate) const FLAGS: u16 = 2;
        pub(crate) const HASH: u16 = 3;
        pub(crate) const DROPPED: u16 = 4;
        pub(crate) const PACKET_ID: u16 = 5;
        pub(crate) const QUEUE: u16 = 6;
        pub(crate) const VERDICT: u16 = 7;
        pub(crate) const PROCESS_THREAD: u16 = 8;
    }

    /// The codes in name resolution blocks.
    pub(crate) mod names {
        pub(crate) const DNS_NAME: u16 = 2;
        pub(crate) const DNS_IPV4: u16 = 3;
        pub(crate) const DNS_IPV6: u16 = 4;
    }

    /// The codes in interface statistics.
    pub(crate) mod statistics {
        pub(crate) const START: u16 = 2;
        pub(crate) const END: u16 = 3;
        pub(crate) const RECEIVED: u16 = 4;
        pub(crate) const IF_DROPPED: u16 = 5;
        pub(crate) const ACCEPTED: u16 = 6;
        pub(crate) const OS_DROPPED: u16 = 7;
        pub(crate) const DELIVERED: u16 = 8;
    }
}

/// An option of a block: a code whose meaning depends on the type of the block, and a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RawOption<'a> {
    pub(crate) code: u16,
    pub(crate) value: Fields<'a>,
}

impl<'a> RawOption<'a> {
    /// Returns the code. 1 is a comment in every block.
    #[must_use]
    #[inline]
    pub fn code(self) -> u16 {
        self.code
    }

    /// Returns the bytes of the value, without padding. Numbers in it have the byte order of the section.
    #[must_use]
    #[inline]
    pub fn value(self) -> &'a [u8] {
        self.value.bytes()
    }

    /// Returns the value as text. A NUL byte ends it, and invalid UTF-8 is replaced.
    #[must_use]
    #[inline]
    pub fn text(self) -> Cow<'a, str> {
        let bytes = self.value.bytes();
        let end = bytes.iter().position(|&byte| byte == 0);
        String::from_utf8_lossy(&bytes[..end.unwrap_or(bytes.len())])
    }

    /// Returns the value as a number of 8 bits, if it has that length.
    #[must_use]
    #[inline]
    pub fn u8(self) -> Option<u8> {
        match self.value.bytes() {
            [number] => Some(*number),
            _ => None,
        }
    }

    /// Returns the value as a number of 32 bits, if it has that length.
    #[must_use]
    #[inline]
    pub fn u32(self) -> Option<u32> {
        self.value.u32(0).filter(|_| self.value.bytes().len() == 4)
    }

    /// Returns the value as a number of 64 bits, if it has that length.
    #[must_use]
    #[inline]
    pub fn u64(self) -> Option<u64> {
        self.value.u64(0).filter(|_| self.value.bytes().len() == 8)
    }
}

/// The options of a block, one after the other, up to the end option or the end of the block.
///
/// An option that reaches beyond its block is left out, and ends the options. [`error`](Self::error) then returns the
/// reason.
#[derive(Clone, Copy, Debug)]
pub struct Options<'a> {
    rest: Fields<'a>,
    damage: Option<(u16, u16)>,
}

impl<'a> Options<'a> {
    #[inline]
    pub(crate) fn new(fields: Fields<'a>) -> Options<'a> {
        Options {
            rest: fields,
            damage: None,
        }
    }

    /// Returns the remaining bytes.
    #[inline]
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.rest.bytes()
    }

    /// Returns the next option, with the end option.
    #[inline]
    pub(crate) fn take_any(&mut self) -> Option<RawOption<'a>> {
        let (Some(code), Some(length)) = (self.rest.u16(0), self.rest.u16(2)) else {
            self.rest = self.rest.from(usize::MAX);
            return None;
        };
        let (start, end) = (4, 4 + usize::from(length));
        let Some(value) = self.rest.bytes().get(start..end) else {
            self.rest = self.rest.from(usize::MAX);
            self.damage = Some((code, length));
            return None;
        };
        let value = Fields::new(value, self.rest.order());
        // Some writers leave out the padding of the last one.
        self.rest = match code {
            code::END => self.rest.from(usize::MAX),
            _ => self.rest.from(end.next_multiple_of(4)),
        };
        Some(RawOption { code, value })
    }

    /// Returns whether no option reaches beyond the block.
    #[inline]
    pub(crate) fn are_whole(self) -> bool {
        let mut rest = self.rest;
        while let (Some(code), Some(length)) = (rest.u16(0), rest.u16(2)) {
            let end = 4 + usize::from(length);
            if end > rest.bytes().len() {
                return false;
            }
            if code == code::END {
                break;
            }
            rest = rest.from(end.next_multiple_of(4));
        }
        true
    }

    /// Returns the code and the length of an option that reaches beyond the block.
    #[inline]
    pub(crate) fn beyond(&self) -> Option<(u16, u16)> {
        self.damage
    }

    /// Returns the damage that ended the options.
    #[inline]
    pub(crate) fn damage(&self) -> Option<Damage> {
        let (code, length) = self.damage?;
        Some(Damage::OptionBeyond { code, length })
    }

    /// Returns the first option with a code.
    #[inline]
    pub(crate) fn first(mut self, code: u16) -> Option<RawOption<'a>> {
        self.find(|option| option.code == code)
    }

    /// Returns the text of the first option with a code.
    #[inline]
    pub(crate) fn text(self, code: u16) -> Option<Cow<'a, str>> {
        self.first(code).map(RawOption::text)
    }

    /// Returns the texts of all options with a code.
    #[inline]
    pub(crate) fn texts(self, code: u16) -> impl Iterator<Item = Cow<'a, str>> {
        self.filter(move |option| option.code == code)
            .map(RawOption::text)
    }

    /// Returns the reason why the options ended before the end of the block, if the last one reaches beyond it. Call
    /// it after the iteration.
    ///
    /// # Examples
    ///
    /// ```
    /// use pcap_core::pcapng::BlockBuf;
    ///
    /// // A packet of 4 bytes, and an option of 100 bytes of which 4 are there.
    /// let mut body = [0, 0, 0, 4, 4].map(u32::to_ne_bytes).concat();
    /// body.extend(b"data");
    /// body.extend([1_u16, 100].map(u16::to_ne_bytes).concat());
    /// body.extend(b"text");
    /// let block = BlockBuf::new(6, &body);
    /// let mut options = block.options().expect("a packet has options");
    /// assert!(options.next().is_none());
    /// assert_eq!(options.error().unwrap(), "option 1 of 100 bytes reaches beyond the block");
    /// ```
    #[must_use]
    #[inline]
    pub fn error(&self) -> Option<String> {
        self.damage().map(|damage| damage.to_string())
    }
}

impl<'a> Iterator for Options<'a> {
    type Item = RawOption<'a>;

    #[inline]
    fn next(&mut self) -> Option<RawOption<'a>> {
        self.take_any().filter(|option| option.code != code::END)
    }
}
