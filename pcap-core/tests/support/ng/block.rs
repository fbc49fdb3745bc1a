//! What can be put into a file: the header of a section, an interface, and any other block but packets.

use super::Order;
use super::option::{Opt, Value, code, pad, values};

/// The types of blocks.
pub(crate) mod kind {
    pub(crate) const SHB: u32 = 0x0a0d_0d0a;
    pub(crate) const IDB: u32 = 1;
    pub(crate) const PB: u32 = 2;
    pub(crate) const SPB: u32 = 3;
    pub(crate) const NRB: u32 = 4;
    pub(crate) const ISB: u32 = 5;
    pub(crate) const EPB: u32 = 6;
    pub(crate) const JOURNAL: u32 = 9;
    pub(crate) const DSB: u32 = 10;
    pub(crate) const CUSTOM: u32 = 0x0bad;
    pub(crate) const CUSTOM_NO_COPY: u32 = 0x4000_0bad;
    /// The process blocks of macOS.
    pub(crate) const DARWIN_PROCESS: u32 = 0x8000_0001;
}

/// The magic number of a section.
pub(crate) const MAGIC: u32 = 0x1a2b_3c4d;

/// Deviations of a block from the usual form. All are legal but the lengths.
#[derive(Clone, Debug, Default)]
pub(crate) struct Odd {
    /// The length at the start, if it is not that of the block.
    pub(crate) length: Option<u32>,
    /// The length at the end, if it is not that at the start.
    pub(crate) trailer: Option<u32>,
    /// Whether the options lack the one that ends them.
    pub(crate) without_end: bool,
    /// The end of options, although there are none.
    pub(crate) only_end: bool,
    /// Bytes after the options.
    pub(crate) extra: Vec<u8>,
}

impl Odd {
    /// States a length at both ends of a block.
    pub(crate) fn length(length: u32) -> Odd {
        Odd {
            length: Some(length),
            ..Odd::default()
        }
    }

    /// States another length at the end of a block.
    pub(crate) fn trailer(length: u32) -> Odd {
        Odd {
            trailer: Some(length),
            ..Odd::default()
        }
    }

    /// Leaves out the option that ends the others.
    pub(crate) fn without_end() -> Odd {
        Odd {
            without_end: true,
            ..Odd::default()
        }
    }
}

/// A block with options, before it is written.
#[derive(Clone, Debug)]
pub(crate) struct Block {
    pub(crate) kind: u32,
    pub(crate) body: Vec<u8>,
    pub(crate) options: Vec<Opt>,
    pub(crate) odd: Odd,
}

impl Block {
    /// Returns a block of any type without options.
    pub(crate) fn new(kind: u32, body: impl Into<Vec<u8>>) -> Block {
        Block {
            kind,
            body: body.into(),
            options: Vec::new(),
            odd: Odd::default(),
        }
    }

    pub(crate) fn opt(mut self, option: Opt) -> Block {
        self.options.push(option);
        self
    }

    pub(crate) fn opts(mut self, options: impl IntoIterator<Item = Opt>) -> Block {
        self.options.extend(options);
        self
    }

    pub(crate) fn odd(mut self, odd: Odd) -> Block {
        self.odd = odd;
        self
    }

    /// Returns the bytes of the block.
    pub(crate) fn bytes(&self, order: Order) -> Vec<u8> {
        let mut bytes = order.u32(self.kind).to_vec();
        bytes.extend([0; 4]);
        bytes.extend(&self.body);
        pad(&mut bytes, self.body.len());
        for option in &self.options {
            option.put(order, &mut bytes);
        }
        let end = !self.options.is_empty() && !self.odd.without_end;
        if end || self.odd.only_end {
            bytes.extend([0; 4]);
        }
        bytes.extend(&self.odd.extra);
        let length = self.odd.length.unwrap_or(bytes.len() as u32 + 4);
        bytes[4..8].copy_from_slice(&order.u32(length));
        bytes.extend(order.u32(self.odd.trailer.unwrap_or(length)));
        bytes
    }

    /// Returns the statistics of an interface.
    pub(crate) fn isb(order: Order, interface: u32, ticks: u64) -> Block {
        let numbers = [interface, (ticks >> 32) as u32, ticks as u32];
        Block::new(kind::ISB, numbers.map(|n| order.u32(n)).concat())
    }

    /// Returns the resolution of names: records of a type and a value, and the record that ends them.
    pub(crate) fn nrb(order: Order, records: &[(u16, Vec<u8>)]) -> Block {
        let mut body = Vec::new();
        for (kind, value) in records {
            Opt::bytes(*kind, value).put(order, &mut body);
        }
        body.extend([0; 4]);
        Block::new(kind::NRB, body)
    }

    /// Returns secrets of a type.
    pub(crate) fn dsb(order: Order, secrets: u32, data: &[u8]) -> Block {
        let mut body = order.u32(secrets).to_vec();
        body.extend(order.u32(data.len() as u32));
        body.extend(data);
        Block::new(kind::DSB, body)
    }

    /// Returns an entry of systemd's journal.
    pub(crate) fn journal(text: &str) -> Block {
        Block::new(kind::JOURNAL, text)
    }

    /// Returns a custom block that may be copied, or must not.
    pub(crate) fn custom(order: Order, copy: bool, enterprise: u32, data: &[u8]) -> Block {
        let kind = match copy {
            true => kind::CUSTOM,
            false => kind::CUSTOM_NO_COPY,
        };
        Block::new(kind, [&order.u32(enterprise), data].concat())
    }
}

/// The header of a section.
#[derive(Clone, Debug)]
pub(crate) struct Shb {
    pub(crate) magic: u32,
    pub(crate) version: (u16, u16),
    /// The length of the section; -1 is unknown.
    pub(crate) length: i64,
    pub(crate) options: Vec<Opt>,
    pub(crate) odd: Odd,
}

impl Default for Shb {
    fn default() -> Shb {
        Shb {
            magic: MAGIC,
            version: (1, 0),
            length: -1,
            options: Vec::new(),
            odd: Odd::default(),
        }
    }
}

impl Shb {
    pub(crate) fn odd(mut self, odd: Odd) -> Shb {
        self.odd = odd;
        self
    }

    pub(crate) fn opt(mut self, option: Opt) -> Shb {
        self.options.push(option);
        self
    }

    /// Returns whether readers know this version.
    pub(crate) fn is_known(&self) -> bool {
        matches!(self.version, (1, 0 | 2))
    }

    pub(crate) fn block(&self, order: Order) -> Block {
        let mut body = order.u32(self.magic).to_vec();
        body.extend(order.u16(self.version.0));
        body.extend(order.u16(self.version.1));
        body.extend(order.u64(self.length as u64));
        Block::new(kind::SHB, body)
            .opts(self.options.clone())
            .odd(self.odd.clone())
    }
}

/// The description of an interface.
#[derive(Clone, Debug)]
pub(crate) struct Idb {
    pub(crate) linktype: u16,
    pub(crate) reserved: u16,
    pub(crate) snaplen: u32,
    pub(crate) options: Vec<Opt>,
    pub(crate) odd: Odd,
}

/// Returns a description with this link type, and 262144 as snaplen.
pub(crate) fn idb(linktype: u16) -> Idb {
    Idb {
        linktype,
        reserved: 0,
        snaplen: 262_144,
        options: Vec::new(),
        odd: Odd::default(),
    }
}

impl Idb {
    pub(crate) fn snaplen(mut self, snaplen: u32) -> Idb {
        self.snaplen = snaplen;
        self
    }

    pub(crate) fn opt(mut self, option: Opt) -> Idb {
        self.options.push(option);
        self
    }

    pub(crate) fn opts(mut self, options: impl IntoIterator<Item = Opt>) -> Idb {
        self.options.extend(options);
        self
    }

    pub(crate) fn odd(mut self, odd: Odd) -> Idb {
        self.odd = odd;
        self
    }

    /// Returns the first `if_tsresol` that has the right length, or the default.
    pub(crate) fn tsresol(&self) -> u8 {
        let number = |value: &Value| match value {
            Value::U8(resolution) => Some(*resolution),
            _ => None,
        };
        let mut values = values(&self.options, code::IF_TSRESOL);
        values.find_map(number).unwrap_or(6)
    }

    /// Returns the ticks per second; none if they do not fit in 64 bits.
    pub(crate) fn per_second(&self) -> Option<u64> {
        let resolution = self.tsresol();
        let exponent = u32::from(resolution & 0x7f);
        match resolution & 0x80 {
            0 => 10_u64.checked_pow(exponent),
            _ => 1_u64.checked_shl(exponent),
        }
    }

    /// Returns the first `if_tsoffset` that has the right length, or the default.
    pub(crate) fn tsoffset(&self) -> i64 {
        let number = |value: &Value| match value {
            Value::I64(offset) => Some(*offset),
            _ => None,
        };
        let mut values = values(&self.options, code::IF_TSOFFSET);
        values.find_map(number).unwrap_or(0)
    }

    pub(crate) fn block(&self, order: Order) -> Block {
        let mut body = order.u16(self.linktype).to_vec();
        body.extend(order.u16(self.reserved));
        body.extend(order.u32(self.snaplen));
        Block::new(kind::IDB, body)
            .opts(self.options.clone())
            .odd(self.odd.clone())
    }
}
