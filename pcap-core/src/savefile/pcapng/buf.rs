//! A block that can be edited.

use std::fmt;
use std::ops::Range;

use crate::error::{Error, ErrorKind, Result};
use crate::savefile::ByteOrder;
use crate::savefile::pcapng::block::{HEAD, TRAILER};
use crate::savefile::pcapng::{
    Endian, Fields, Kind, LONGEST_BLOCK, Options, RawBlock, code, layout,
};

/// A block of a pcapng file that owns its bytes and can be edited.
///
/// Only the edited part changes. Everything else, such as options that this crate does not know, stays as it is.
///
/// # Examples
///
/// ```
/// use pcap_core::pcapng::BlockBuf;
///
/// let mut block = BlockBuf::secrets(0x544c_534b, b"CLIENT_RANDOM 00 00\n"); // a TLS key log
/// block.add_comment("of the second connection")?;
/// assert_eq!(block.comments().collect::<Vec<_>>(), ["of the second connection"]);
/// # Ok::<(), pcap_core::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct BlockBuf {
    bytes: Vec<u8>,
    order: ByteOrder,
}

impl BlockBuf {
    /// Creates a block of any type from its body, to which zeros are added up to a multiple of 4 bytes. The block has
    /// this machine's byte order.
    ///
    /// A block may have at most 134 348 832 bytes. [`write_block`](crate::pcapng::PcapngDumper::write_block) rejects a
    /// longer one.
    #[must_use]
    #[inline]
    pub fn new(block_type: u32, body: &[u8]) -> BlockBuf {
        BlockBuf::with_endian(block_type, body, Endian::NATIVE)
    }

    /// Creates a block of any type, for a section of this byte order. The numbers in the body must have this byte
    /// order, too. See [`new`](Self::new).
    #[must_use]
    #[inline]
    pub fn with_endian(block_type: u32, body: &[u8], endian: Endian) -> BlockBuf {
        let order = ByteOrder::from(endian);
        let padded = body.len().next_multiple_of(4);
        let length = padded + HEAD + TRAILER;
        let mut bytes = Vec::with_capacity(length);
        // Nobody reads a longer block: a dumper rejects it because of its bytes.
        let length = u32::try_from(length).unwrap_or(u32::MAX);
        bytes.extend_from_slice(&order.of_u32(block_type).to_ne_bytes());
        bytes.extend_from_slice(&order.of_u32(length).to_ne_bytes());
        bytes.extend(body);
        bytes.resize(HEAD + padded, 0);
        bytes.extend_from_slice(&order.of_u32(length).to_ne_bytes());
        BlockBuf { bytes, order }
    }

    #[inline]
    pub(crate) fn of_kind(kind: Kind, body: &[u8], order: ByteOrder) -> BlockBuf {
        BlockBuf::with_endian(kind.0, body, order.into())
    }

    /// Borrows the block.
    #[must_use]
    #[inline]
    pub fn as_raw(&self) -> RawBlock<'_> {
        RawBlock::new(&self.bytes, self.order)
    }

    #[inline]
    pub(crate) fn order(&self) -> ByteOrder {
        self.order
    }

    /// Returns the options. Returns `None` if the block is damaged, or has a type without options or of which this
    /// crate does not know where they are.
    #[must_use]
    #[inline]
    pub fn options(&self) -> Option<Options<'_>> {
        self.as_raw().options()
    }

    /// Returns the comments.
    #[inline]
    pub fn comments(&self) -> impl Iterator<Item = std::borrow::Cow<'_, str>> {
        self.as_raw().comments()
    }

    /// Adds an option after the others. A number in the value must have the byte order of the block.
    ///
    /// # Errors
    ///
    /// - [`InvalidArgument`](ErrorKind::InvalidArgument) if the code is 0, which ends the options, if the value has
    ///   more than 65 535 bytes, or if the block would be longer than 134 348 832 bytes.
    /// - [`Unsupported`](ErrorKind::Unsupported) if the block has no [`options`](Self::options).
    /// - [`SavefileBad`](ErrorKind::SavefileBad) if its last option reaches beyond the block.
    #[inline]
    pub fn add_option(&mut self, code: u16, value: &[u8]) -> Result<()> {
        let cannot = |kind, text: String| {
            let object = format!("option {code} of the block");
            Err(Error::cannot(kind, "write", object, text))
        };
        let Ok(length) = u16::try_from(value.len()) else {
            let text = format!("expected at most 65535 bytes, found {}", value.len());
            return cannot(ErrorKind::InvalidArgument, text);
        };
        if code == code::END {
            let text = "expected a code other than 0, which ends the options";
            return cannot(ErrorKind::InvalidArgument, text.to_owned());
        }
        let Some(mut options) = self.options() else {
            let text = format!("blocks of type {:#x} have none", self.as_raw().block_type());
            return cannot(ErrorKind::Unsupported, text);
        };
        let mut rest = options.rest().len();
        let mut has_end = false;
        while let Some(option) = options.take_any() {
            if option.code == code::END {
                has_end = true;
                break;
            }
            rest = options.rest().len();
        }
        if let Some(damage) = options.damage() {
            return cannot(ErrorKind::SavefileBad, damage.to_string());
        }
        let at = self.bytes.len() - TRAILER - rest;
        let mut bytes = Vec::with_capacity(value.len() + 16);
        if self.as_raw().lacks_end_of_names() {
            bytes.extend_from_slice(&[0; 4]);
        }
        bytes.extend_from_slice(&self.order.of_u16(code).to_ne_bytes());
        bytes.extend_from_slice(&self.order.of_u16(length).to_ne_bytes());
        bytes.extend(value);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        if !has_end {
            bytes.extend_from_slice(&[0; 4]);
        }
        self.splice(at..at, &bytes)
            .or_else(|text| cannot(ErrorKind::InvalidArgument, text))
    }

    /// Adds a comment.
    ///
    /// # Errors
    ///
    /// - The errors of [`add_option`](Self::add_option).
    /// - [`InvalidArgument`](ErrorKind::InvalidArgument) if the comment contains a NUL byte, at which readers would
    ///   truncate it.
    #[inline]
    pub fn add_comment(&mut self, text: &str) -> Result<()> {
        if text.as_bytes().contains(&0) {
            let text = "it contains a NUL byte";
            let object = "the comment".to_owned();
            let kind = ErrorKind::InvalidArgument;
            return Err(Error::cannot(kind, "write", object, text));
        }
        self.add_option(code::COMMENT, text.as_bytes())
    }

    /// Removes all options with this code, and returns their number.
    #[inline]
    pub fn remove_options(&mut self, code: u16) -> usize {
        self.remove_after(code, 0)
    }

    /// Removes the options with a code from an offset in the block on.
    #[inline]
    fn remove_after(&mut self, code: u16, start: usize) -> usize {
        let places = self.places(code).filter(|place| place.start >= start);
        let removed: Vec<_> = places.collect();
        let Some(first) = removed.first() else {
            return 0;
        };
        // One pass, because a block may have millions of options.
        let mut kept = first.start;
        let starts = removed[1..].iter().map(|range| range.start);
        for (range, next) in removed.iter().zip(starts.chain([self.bytes.len()])) {
            self.bytes.copy_within(range.end..next, kept);
            kept += next - range.end;
        }
        self.bytes.truncate(kept);
        self.put_lengths();
        removed.len()
    }

    /// Replaces the options with this code by one, or adds one.
    ///
    /// # Errors
    ///
    /// The errors of [`add_option`](Self::add_option).
    #[inline]
    pub fn set_option(&mut self, code: u16, value: &[u8]) -> Result<()> {
        if let Some(range) = self.find(code) {
            let option = &self.bytes[range.clone()];
            if Fields::new(option, self.order).u16(2).map(usize::from) == Some(value.len()) {
                self.remove_after(code, range.end);
                self.bytes[range.start + 4..][..value.len()].copy_from_slice(value);
                return Ok(());
            }
        }
        let before = self.clone();
        self.remove_options(code);
        self.add_option(code, value).inspect_err(|_| *self = before)
    }

    /// Returns where the first option with a code is, with its padding.
    #[inline]
    fn find(&self, code: u16) -> Option<Range<usize>> {
        self.places(code).next()
    }

    /// Returns where the options with a code are.
    #[inline]
    fn places(&self, code: u16) -> impl Iterator<Item = Range<usize>> {
        let mut options = self.options();
        let end = self.bytes.len() - TRAILER;
        std::iter::from_fn(move || {
            let options = options.as_mut()?;
            loop {
                let start = end - options.rest().len();
                let option = options.next()?;
                if option.code == code {
                    return Some(start..end - options.rest().len());
                }
            }
        })
    }

    /// Sets the interface of an enhanced packet block or of interface statistics. For other packets, see
    /// [`to_enhanced`](crate::pcapng::PacketBlock::to_enhanced).
    ///
    /// # Errors
    ///
    /// - [`Unsupported`](ErrorKind::Unsupported) if the block has another type, or is too short for it.
    #[inline]
    pub fn set_interface(&mut self, interface: u32) -> Result<()> {
        self.require(&[Kind::ENHANCED_PACKET, Kind::STATISTICS], "the interface")?;
        self.put_u32(HEAD, interface);
        Ok(())
    }

    /// Sets the time of an enhanced or obsolete packet block or of interface statistics, in ticks of its interface.
    ///
    /// # Errors
    ///
    /// - [`Unsupported`](ErrorKind::Unsupported) if the block has another type, or is too short for it.
    #[inline]
    pub fn set_ticks(&mut self, ticks: u64) -> Result<()> {
        let kinds = [Kind::ENHANCED_PACKET, Kind::PACKET, Kind::STATISTICS];
        self.require(&kinds, "the time")?;
        self.put_u32(HEAD + 4, (ticks >> 32) as u32);
        self.put_u32(HEAD + 8, ticks as u32);
        Ok(())
    }

    /// Replaces the data of a packet block and its length on the wire. The hashes of the packet, and the flags of its
    /// checksums, become wrong: this call removes the former and clears the latter.
    ///
    /// A simple packet block does not state how many bytes were captured, so its data and its length on the wire must
    /// keep their lengths. To change them, see [`to_enhanced`](super::PacketBlock::to_enhanced).
    ///
    /// # Errors
    ///
    /// - [`Unsupported`](ErrorKind::Unsupported) if the block is not a packet, or is too short for its type.
    /// - [`InvalidArgument`](ErrorKind::InvalidArgument) if the block would be longer than 134 348 832 bytes, or if it
    ///   is a simple packet block whose lengths would change.
    #[inline]
    pub fn set_data(&mut self, data: &[u8], wire_len: u32) -> Result<()> {
        if self.as_raw().kind() == Kind::SIMPLE_PACKET {
            return self.set_simple_data(data, wire_len);
        }
        self.require(&[Kind::ENHANCED_PACKET, Kind::PACKET], "the data")?;
        let start = HEAD + layout::PACKET;
        let old = self.u32_at(HEAD + 12) as usize;
        let most = self.bytes.len() - TRAILER;
        let padded = old.checked_next_multiple_of(4).unwrap_or(most);
        let end = start.saturating_add(padded).min(most);
        let mut padded = data.to_vec();
        padded.resize(data.len().next_multiple_of(4), 0);
        self.splice(start..end, &padded).map_err(|text| {
            let object = "the data of the block".to_owned();
            Error::cannot(ErrorKind::InvalidArgument, "write", object, text)
        })?;
        self.put_u32(HEAD + 12, data.len() as u32);
        self.put_u32(HEAD + 16, wire_len);
        self.remove_options(code::packet::HASH);
        if let Some(at) = self.find(code::packet::FLAGS) {
            // Flags of another length are none.
            if Fields::new(&self.bytes, self.order).u16(at.start + 2) == Some(4) {
                let flags = self.u32_at(at.start + 4);
                self.put_u32(at.start + 4, flags & !layout::CHECKSUM_FLAGS);
            }
        }
        Ok(())
    }

    /// Replaces the data of a simple packet block by as many bytes.
    #[inline]
    fn set_simple_data(&mut self, data: &[u8], wire_len: u32) -> Result<()> {
        let room = self.as_raw().body().len().checked_sub(4);
        let is_same = room == Some(data.len().next_multiple_of(4)) && self.u32_at(HEAD) == wire_len;
        if !is_same || data.len() > wire_len as usize {
            let text = "the lengths of a simple packet block cannot change";
            let object = "the data of the block".to_owned();
            let kind = ErrorKind::InvalidArgument;
            return Err(Error::cannot(kind, "set", object, text));
        }
        self.bytes[HEAD + 4..][..data.len()].copy_from_slice(data);
        Ok(())
    }

    /// Sets the snaplen of an interface description.
    #[inline]
    pub(crate) fn set_snaplen(&mut self, snaplen: u32) {
        self.put_u32(HEAD + 4, snaplen);
    }

    /// Sets the length of the section in a section header.
    #[inline]
    pub(crate) fn set_section_length(&mut self, length: u64) {
        let bytes = self.order.of_u64(length).to_ne_bytes();
        self.bytes[HEAD + 8..HEAD + 16].copy_from_slice(&bytes);
    }

    #[inline]
    fn require(&self, kinds: &[Kind], what: &str) -> Result<()> {
        let kind = self.as_raw().kind();
        let numbers = match kind {
            Kind::ENHANCED_PACKET | Kind::PACKET => layout::PACKET,
            _ => layout::STATISTICS,
        };
        let length = self.bytes.len();
        let text = match kinds.contains(&kind) {
            true if length >= HEAD + numbers + TRAILER => return Ok(()),
            true => format!("{length} bytes are too few for its type, {:#x}", kind.0),
            false => format!("it has type {:#x}", kind.0),
        };
        let object = format!("{what} of the block");
        Err(Error::cannot(ErrorKind::Unsupported, "set", object, text))
    }

    #[inline]
    fn u32_at(&self, at: usize) -> u32 {
        Fields::new(&self.bytes, self.order).u32(at).unwrap_or(0)
    }

    #[inline]
    fn put_u32(&mut self, at: usize, number: u32) {
        let bytes = self.order.of_u32(number).to_ne_bytes();
        if let Some(place) = self.bytes.get_mut(at..at + 4) {
            place.copy_from_slice(&bytes);
        }
    }

    /// Replaces a part of the body, and corrects the lengths. Changes nothing and returns the reason if the block would
    /// be too long.
    #[inline]
    fn splice(&mut self, range: Range<usize>, with: &[u8]) -> std::result::Result<(), String> {
        if self.bytes.len() - range.len() + with.len() > LONGEST_BLOCK as usize {
            return Err(format!(
                "the block would have more than {LONGEST_BLOCK} bytes"
            ));
        }
        self.bytes.splice(range, with.iter().copied());
        self.put_lengths();
        Ok(())
    }

    #[inline]
    fn put_lengths(&mut self) {
        let length = self.bytes.len();
        self.put_u32(4, length as u32);
        self.put_u32(length - TRAILER, length as u32);
    }
}

impl From<RawBlock<'_>> for BlockBuf {
    #[inline]
    fn from(block: RawBlock<'_>) -> BlockBuf {
        BlockBuf {
            bytes: block.bytes().to_vec(),
            order: block.order(),
        }
    }
}

impl<'a> From<&'a BlockBuf> for RawBlock<'a> {
    #[inline]
    fn from(block: &'a BlockBuf) -> RawBlock<'a> {
        block.as_raw()
    }
}

impl fmt::Debug for BlockBuf {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let raw = self.as_raw();
        f.debug_struct("BlockBuf")
            .field("block_type", &format_args!("{:#x}", raw.block_type()))
            .field("endian", &raw.endian())
            .field("body", &raw.body())
            .finish()
    }
}
