//! A block as bytes, and its numbers.

use std::fmt;

use crate::savefile::ByteOrder;
use crate::savefile::pcapng::{Endian, Kind, Options};

/// The length of the first two numbers of a block: its type and its length.
pub(crate) const HEAD: usize = 8;
/// The length of the last number of a block: its length again.
pub(crate) const TRAILER: usize = 4;

/// Numbers in a section's byte order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fields<'a> {
    bytes: &'a [u8],
    order: ByteOrder,
}

impl<'a> Fields<'a> {
    #[inline]
    pub(crate) fn new(bytes: &'a [u8], order: ByteOrder) -> Fields<'a> {
        Fields { bytes, order }
    }

    #[inline]
    pub(crate) fn bytes(self) -> &'a [u8] {
        self.bytes
    }

    #[inline]
    pub(crate) fn order(self) -> ByteOrder {
        self.order
    }

    #[inline]
    fn array<const N: usize>(self, at: usize) -> Option<[u8; N]> {
        self.bytes.get(at..)?.first_chunk().copied()
    }

    /// Returns the number of 16 bits at an offset, if the bytes reach that far.
    #[inline]
    pub(crate) fn u16(self, at: usize) -> Option<u16> {
        let number = u16::from_ne_bytes(self.array(at)?);
        Some(match self.order {
            ByteOrder::Native => number,
            ByteOrder::Swapped => number.swap_bytes(),
        })
    }

    /// Returns the number of 32 bits at an offset.
    #[inline]
    pub(crate) fn u32(self, at: usize) -> Option<u32> {
        let number = u32::from_ne_bytes(self.array(at)?);
        Some(match self.order {
            ByteOrder::Native => number,
            ByteOrder::Swapped => number.swap_bytes(),
        })
    }

    /// Returns the number of 64 bits at an offset.
    #[inline]
    pub(crate) fn u64(self, at: usize) -> Option<u64> {
        let number = u64::from_ne_bytes(self.array(at)?);
        Some(match self.order {
            ByteOrder::Native => number,
            ByteOrder::Swapped => number.swap_bytes(),
        })
    }

    /// Returns the time at an offset: two numbers of 32 bits, the upper one first in either byte order.
    #[inline]
    pub(crate) fn ticks(self, at: usize) -> Option<u64> {
        Some((u64::from(self.u32(at)?) << 32) + u64::from(self.u32(at + 4)?))
    }

    /// Returns the fields from an offset on; none beyond the end.
    #[inline]
    pub(crate) fn from(self, at: usize) -> Fields<'a> {
        Fields::new(self.bytes.get(at..).unwrap_or(&[]), self.order)
    }
}

/// A complete block of a pcapng file, as bytes.
///
/// # Examples
///
/// ```
/// use pcap_core::pcapng::{BlockBuf, RawBlock};
///
/// let block = BlockBuf::new(0x0000_4000, b"four");
/// let raw = RawBlock::from(&block);
/// assert_eq!((raw.block_type(), raw.body()), (0x4000, &b"four"[..]));
/// assert_eq!(raw.bytes().len(), 16);
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct RawBlock<'a> {
    fields: Fields<'a>,
}

impl<'a> RawBlock<'a> {
    /// Creates a block of bytes that were checked: their length is that of a block.
    #[inline]
    pub(crate) fn new(bytes: &'a [u8], order: ByteOrder) -> RawBlock<'a> {
        debug_assert!(bytes.len() >= HEAD + TRAILER && bytes.len() % 4 == 0);
        RawBlock {
            fields: Fields::new(bytes, order),
        }
    }

    /// Returns all bytes of the block.
    #[inline]
    #[must_use]
    pub fn bytes(self) -> &'a [u8] {
        self.fields.bytes
    }

    /// Returns the type of the block, such as 6 for an enhanced packet block.
    #[must_use]
    pub fn block_type(self) -> u32 {
        self.kind().0
    }

    /// Returns the bytes between the length and the trailer.
    #[must_use]
    pub fn body(self) -> &'a [u8] {
        self.content().bytes
    }

    /// Returns the byte order of the block's section.
    #[must_use]
    pub fn endian(self) -> Endian {
        self.order().into()
    }

    #[inline]
    pub(crate) fn order(self) -> ByteOrder {
        self.fields.order
    }

    #[inline]
    pub(crate) fn kind(self) -> Kind {
        Kind(self.fields.u32(0).unwrap_or(0))
    }

    /// Returns the fields of the body.
    #[inline]
    pub(crate) fn content(self) -> Fields<'a> {
        let bytes = self.fields.bytes;
        Fields::new(&bytes[HEAD..bytes.len() - TRAILER], self.fields.order)
    }

    /// Returns the options of a block that has this many bytes before them.
    pub(crate) fn options_after(self, numbers: usize) -> Options<'a> {
        Options::new(self.content().from(numbers))
    }
}

impl fmt::Debug for RawBlock<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawBlock")
            .field("block_type", &format_args!("{:#x}", self.block_type()))
            .field("endian", &self.endian())
            .field("length", &self.fields.bytes.len())
            .finish_non_exhaustive()
    }
}
