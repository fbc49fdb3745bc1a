//! Converts blocks to the other byte order.

use crate::error::{Error, ErrorKind, Result};
use crate::savefile::ByteOrder;
use crate::savefile::pcapng::{BlockBuf, Fields, Kind, Options, RawBlock, RawOption, code, layout};

/// What the value of an option consists of.
enum Form {
    /// Bytes, which are the same in both byte orders.
    Bytes,
    U32,
    U64,
    /// Two numbers of 32 bits.
    Pair,
    /// A kind in one byte, and if it is this one a BPF program.
    Filter,
    /// A kind in one byte, and if it is not 0 a number of 64 bits.
    Verdict,
    /// The number of an organization, and its bytes.
    Custom,
}

/// Returns the form of an option, or `None` if its meaning is unknown.
#[inline]
fn form(kind: Kind, code: u16) -> Option<Form> {
    match code {
        code::COMMENT => return Some(Form::Bytes),
        2988 | 2989 | 19372 | 19373 => return Some(Form::Custom),
        _ => {}
    }
    Some(match (kind, code) {
        (Kind::SECTION | Kind::NAMES, 2..=4) => Form::Bytes,
        (
            Kind::INTERFACE,
            code::interface::SPEED
            | code::interface::TX_SPEED
            | code::interface::RX_SPEED
            | code::interface::OFFSET,
        ) => Form::U64,
        (Kind::INTERFACE, code::interface::TIME_ZONE) => Form::U32,
        (Kind::INTERFACE, code::interface::FILTER) => Form::Filter,
        (Kind::INTERFACE, 2..=18) => Form::Bytes,
        (Kind::ENHANCED_PACKET | Kind::PACKET, code::packet::FLAGS | code::packet::QUEUE) => {
            Form::U32
        }
        (Kind::ENHANCED_PACKET | Kind::PACKET, code::packet::HASH) => Form::Bytes,
        (Kind::ENHANCED_PACKET | Kind::PACKET, code::packet::DROPPED | code::packet::PACKET_ID) => {
            Form::U64
        }
        (Kind::ENHANCED_PACKET | Kind::PACKET, code::packet::VERDICT) => Form::Verdict,
        (Kind::ENHANCED_PACKET | Kind::PACKET, code::packet::PROCESS_THREAD) => Form::Pair,
        (Kind::STATISTICS, code::statistics::START | code::statistics::END) => Form::Pair,
        (Kind::STATISTICS, 4..=8) => Form::U64,
        _ => return None,
    })
}

/// Writes numbers in a byte order.
struct Writer {
    bytes: Vec<u8>,
    order: ByteOrder,
}

impl Writer {
    #[inline]
    fn u16(&mut self, number: u16) {
        self.bytes
            .extend_from_slice(&self.order.of_u16(number).to_ne_bytes());
    }

    #[inline]
    fn u32(&mut self, number: u32) {
        self.bytes
            .extend_from_slice(&self.order.of_u32(number).to_ne_bytes());
    }

    #[inline]
    fn u64(&mut self, number: u64) {
        self.bytes
            .extend_from_slice(&self.order.of_u64(number).to_ne_bytes());
    }

    /// Copies numbers of 32 bits at the start of some fields. Returns what follows, or `None` if there are fewer.
    #[inline]
    fn copy_u32s<'a>(&mut self, from: Fields<'a>, count: usize) -> Option<Fields<'a>> {
        for n in 0..count {
            self.u32(from.u32(4 * n)?);
        }
        Some(from.from(4 * count))
    }

    /// Copies two numbers of 16 bits.
    #[inline]
    fn copy_two_u16s<'a>(&mut self, from: Fields<'a>) -> Option<Fields<'a>> {
        self.u16(from.u16(0)?);
        self.u16(from.u16(2)?);
        Some(from.from(4))
    }

    /// Copies bytes and their padding. Returns what follows.
    #[inline]
    fn copy_bytes<'a>(&mut self, from: Fields<'a>, length: usize) -> Option<Fields<'a>> {
        let padded = length.checked_next_multiple_of(4)?;
        self.bytes.extend(from.bytes().get(..padded)?);
        Some(from.from(padded))
    }

    /// Copies the value of an option.
    #[inline]
    fn copy_value(&mut self, form: &Form, option: RawOption<'_>) -> Option<()> {
        let (value, bytes) = (option.value, option.value());
        match form {
            Form::Bytes => self.bytes.extend(bytes),
            Form::U32 => self.u32(option.u32()?),
            Form::U64 => self.u64(option.u64()?),
            Form::Pair if bytes.len() == 8 => self.copy_u32s(value, 2).map(drop)?,
            Form::Filter => match (bytes.first()?, (bytes.len() - 1) % 8) {
                (0, _) => self.bytes.extend(bytes),
                (1, 0) => {
                    self.bytes.push(1);
                    for at in (1..bytes.len()).step_by(8) {
                        self.u16(value.u16(at)?);
                        self.bytes.extend(&bytes[at + 2..at + 4]);
                        self.u32(value.u32(at + 4)?);
                    }
                }
                _ => return None,
            },
            Form::Verdict => match (bytes.first()?, bytes.len()) {
                (0, _) => self.bytes.extend(bytes),
                (1 | 2, 9) => {
                    self.bytes.push(bytes[0]);
                    self.u64(value.u64(1)?);
                }
                _ => return None,
            },
            Form::Custom => {
                self.u32(value.u32(0)?);
                self.bytes.extend(&bytes[4..]);
            }
            Form::Pair => return None,
        }
        Some(())
    }

    /// Copies options. Returns the codes of those that cannot be converted.
    #[inline]
    fn copy_options(&mut self, kind: Kind, mut options: Options<'_>) -> Vec<u16> {
        let mut left_out = Vec::new();
        loop {
            let rest = options.rest();
            let Some(option) = options.take_any() else {
                break;
            };
            let start = self.bytes.len();
            self.u16(option.code);
            self.u16(option.value().len() as u16);
            let copied = match form(kind, option.code) {
                _ if option.code == code::END => self.copy_value(&Form::Bytes, option),
                Some(form) => self.copy_value(&form, option),
                None => None,
            };
            if copied.is_none() {
                self.bytes.truncate(start);
                left_out.push(option.code);
                continue;
            }
            self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
            if option.code == code::END {
                // Readers ignore what follows.
                let end = 4 + option.value().len().next_multiple_of(4);
                self.bytes.extend(rest.get(end..).unwrap_or(&[]));
            }
        }
        if let Some((code, _)) = options.beyond() {
            left_out.push(code);
        }
        left_out
    }

    /// Copies the records of names, up to the end of them.
    #[inline]
    fn copy_names<'a>(&mut self, mut from: Fields<'a>) -> Option<Fields<'a>> {
        while let (Some(kind), Some(length)) = (from.u16(0), from.u16(2)) {
            self.u16(kind);
            self.u16(length);
            from = self.copy_bytes(from.from(4), length.into())?;
            if kind == 0 {
                break;
            }
        }
        Some(from)
    }

    /// Copies the body of a block. Returns the codes of options that are left out, or `None` if the block is damaged
    /// or of an unknown type.
    #[inline]
    fn copy_body(&mut self, block: RawBlock<'_>) -> Option<Vec<u16>> {
        let (kind, body) = (block.kind(), block.content());
        let rest = match kind {
            Kind::SECTION => {
                let rest = self.copy_u32s(body, 1)?;
                let rest = self.copy_two_u16s(rest)?;
                self.u64(rest.u64(0)?);
                rest.from(8)
            }
            Kind::INTERFACE => {
                let rest = self.copy_two_u16s(body)?;
                self.copy_u32s(rest, 1)?
            }
            Kind::ENHANCED_PACKET => {
                let rest = self.copy_u32s(body, 5)?;
                self.copy_bytes(rest, body.u32(12)? as usize)?
            }
            Kind::PACKET => {
                let rest = self.copy_two_u16s(body)?;
                let rest = self.copy_u32s(rest, 4)?;
                self.copy_bytes(rest, body.u32(12)? as usize)?
            }
            Kind::STATISTICS => self.copy_u32s(body, layout::STATISTICS / 4)?,
            Kind::SECRETS => {
                let rest = self.copy_u32s(body, 2)?;
                self.copy_bytes(rest, body.u32(4)? as usize)?
            }
            Kind::NAMES => self.copy_names(body)?,
            Kind::SIMPLE_PACKET | Kind::CUSTOM | Kind::CUSTOM_UNCOPIED => {
                let rest = self.copy_u32s(body, 1)?;
                self.bytes.extend(rest.bytes());
                return Some(Vec::new());
            }
            Kind::JOURNAL => {
                self.bytes.extend(body.bytes());
                return Some(Vec::new());
            }
            _ => return None,
        };
        Some(self.copy_options(kind, Options::new(rest)))
    }
}

impl BlockBuf {
    /// Converts the block to a byte order. Also returns the codes of options that are left out, because their meaning
    /// is unknown, or they are damaged.
    #[inline]
    pub(crate) fn to_order(&self, order: ByteOrder) -> Result<(BlockBuf, Vec<u16>)> {
        if order == self.order() {
            return Ok((self.clone(), Vec::new()));
        }
        let block = self.as_raw();
        let bytes = Vec::with_capacity(block.bytes().len());
        let mut writer = Writer { bytes, order };
        match writer.copy_body(block) {
            Some(left_out) => {
                let converted = BlockBuf::of_kind(block.kind(), &writer.bytes, order);
                Ok((converted, left_out))
            }
            None => {
                let text = "expected a block of a known type without damage";
                let object = format!(
                    "a block of type {:#x} to the other byte order",
                    block.kind().0
                );
                Err(Error::cannot(
                    ErrorKind::Unsupported,
                    "convert",
                    object,
                    text,
                ))
            }
        }
    }

    /// Converts the block to a byte order, unless an option would be left out.
    #[inline]
    pub(crate) fn to_whole_order(&self, order: ByteOrder) -> Result<BlockBuf> {
        let (block, left_out) = self.to_order(order)?;
        match left_out.first() {
            None => Ok(block),
            Some(code) => Err(Error::cannot(
                ErrorKind::InvalidArgument,
                "convert",
                format!("option {code} to the other byte order"),
                "its meaning is unknown",
            )),
        }
    }

    /// Converts the block to another byte order. Blocks whose type this crate does not know cannot be converted.
    /// Options that it does not know are left out; the call also returns their codes.
    ///
    /// The data of packets, secrets and custom blocks stay as they are.
    ///
    /// # Errors
    ///
    /// - [`Unsupported`](ErrorKind::Unsupported) if the block is damaged, or has an unknown type.
    #[inline]
    pub fn to_endian(&self, endian: super::Endian) -> Result<(BlockBuf, Vec<u16>)> {
        self.to_order(endian.into())
    }
}
