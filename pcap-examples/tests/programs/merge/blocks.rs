//! Builds and parses pcapng files byte by byte, in either byte order.

/// The types of blocks.
pub(super) mod kind {
    pub(crate) const SECTION: u32 = 0x0a0d_0d0a;
    pub(crate) const INTERFACE: u32 = 1;
    pub(crate) const OBSOLETE: u32 = 2;
    pub(crate) const SIMPLE: u32 = 3;
    pub(crate) const NAMES: u32 = 4;
    pub(crate) const STATISTICS: u32 = 5;
    pub(crate) const ENHANCED: u32 = 6;
    pub(crate) const JOURNAL: u32 = 9;
    pub(crate) const SECRETS: u32 = 10;
    pub(crate) const CUSTOM: u32 = 0xbad;
    pub(crate) const UNCOPIED: u32 = 0x4000_0bad;
}

/// An option: its code and its value.
pub(super) type Opt = (u16, Vec<u8>);

/// A file under construction.
#[derive(Clone, Debug)]
pub(super) struct Builder {
    is_big: bool,
    pub(super) bytes: Vec<u8>,
}

impl Builder {
    /// Returns a file that begins with a section header with these options.
    pub(super) fn new(is_big: bool, options: &[Opt]) -> Builder {
        let bytes = Vec::new();
        Builder { is_big, bytes }.section(options)
    }

    pub(super) fn u16(&self, number: u16) -> Vec<u8> {
        match self.is_big {
            true => number.to_be_bytes().to_vec(),
            false => number.to_le_bytes().to_vec(),
        }
    }

    pub(super) fn u32(&self, number: u32) -> Vec<u8> {
        match self.is_big {
            true => number.to_be_bytes().to_vec(),
            false => number.to_le_bytes().to_vec(),
        }
    }

    pub(super) fn u64(&self, number: u64) -> Vec<u8> {
        match self.is_big {
            true => number.to_be_bytes().to_vec(),
            false => number.to_le_bytes().to_vec(),
        }
    }

    fn u32s(&self, numbers: &[u32]) -> Vec<u8> {
        let numbers = numbers.iter().map(|&number| self.u32(number));
        numbers.collect::<Vec<_>>().concat()
    }

    fn options(&self, options: &[Opt]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (code, value) in options {
            bytes.extend([self.u16(*code), self.u16(value.len() as u16)].concat());
            bytes.extend(padded(value));
        }
        if !options.is_empty() {
            bytes.extend([0; 4]);
        }
        bytes
    }

    pub(super) fn block(mut self, kind: u32, body: &[u8]) -> Builder {
        let body = padded(body);
        let length = self.u32(body.len() as u32 + 12);
        let kind = self.u32(kind);
        self.bytes
            .extend([kind, length.clone(), body, length].concat());
        self
    }

    pub(super) fn section(self, options: &[Opt]) -> Builder {
        let head = [self.u32(0x1a2b_3c4d), self.u16(1), self.u16(0)].concat();
        let body = [head, vec![0xff; 8], self.options(options)].concat();
        self.block(kind::SECTION, &body)
    }

    pub(super) fn interface(self, linktype: u16, snaplen: u32, options: &[Opt]) -> Builder {
        let head = [self.u16(linktype), self.u16(0), self.u32(snaplen)].concat();
        let body = [head, self.options(options)].concat();
        self.block(kind::INTERFACE, &body)
    }

    pub(super) fn packet(self, id: u32, ticks: u64, data: &[u8], options: &[Opt]) -> Builder {
        let length = data.len() as u32;
        let head = self.u32s(&[id, (ticks >> 32) as u32, ticks as u32, length, length]);
        let body = [head, padded(data), self.options(options)].concat();
        self.block(kind::ENHANCED, &body)
    }

    pub(super) fn obsolete(self, id: u16, drops: u16, ticks: u64, data: &[u8]) -> Builder {
        let length = data.len() as u32;
        let head = [self.u16(id), self.u16(drops)].concat();
        let rest = self.u32s(&[(ticks >> 32) as u32, ticks as u32, length, length]);
        self.block(kind::OBSOLETE, &[head, rest, padded(data)].concat())
    }

    pub(super) fn simple(self, data: &[u8]) -> Builder {
        let body = [self.u32(data.len() as u32), data.to_vec()].concat();
        self.block(kind::SIMPLE, &body)
    }

    pub(super) fn statistics(self, id: u32, ticks: u64, options: &[Opt]) -> Builder {
        let head = self.u32s(&[id, (ticks >> 32) as u32, ticks as u32]);
        let body = [head, self.options(options)].concat();
        self.block(kind::STATISTICS, &body)
    }

    pub(super) fn secrets(self, text: &[u8]) -> Builder {
        let head = self.u32s(&[0x544c_534b, text.len() as u32]);
        self.block(kind::SECRETS, &[&head, text].concat())
    }

    pub(super) fn name(self, address: [u8; 4], name: &str) -> Builder {
        let value = [&address[..], name.as_bytes(), &[0]].concat();
        let head = [self.u16(1), self.u16(value.len() as u16)].concat();
        let body = [head, padded(&value), vec![0; 4]].concat();
        self.block(kind::NAMES, &body)
    }

    pub(super) fn custom(self, is_copyable: bool, data: &[u8]) -> Builder {
        let kind = match is_copyable {
            true => kind::CUSTOM,
            false => kind::UNCOPIED,
        };
        let body = [self.u32(32_473), data.to_vec()].concat();
        self.block(kind, &body)
    }
}

fn padded(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

/// A block of a file. Its numbers are those of the format, whatever the byte order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Parsed {
    pub(super) kind: u32,
    pub(super) is_big: bool,
    /// The bytes between the lengths.
    pub(super) body: Vec<u8>,
    /// The number of the interface, for packets and statistics that have one.
    pub(super) interface: Option<u32>,
    /// The time of packets and statistics.
    pub(super) ticks: Option<u64>,
    /// The data of a packet.
    pub(super) data: Vec<u8>,
    pub(super) options: Vec<Opt>,
}

impl Parsed {
    /// Returns the values of the options with a code.
    pub(super) fn values(&self, code: u16) -> Vec<&[u8]> {
        let options = self.options.iter().filter(|option| option.0 == code);
        options.map(|option| &option.1[..]).collect()
    }

    /// Returns the text of the first option with a code.
    pub(super) fn text(&self, code: u16) -> &str {
        let value = self.values(code).first().copied().unwrap_or_default();
        std::str::from_utf8(value).unwrap()
    }

    pub(super) fn u32(&self, at: usize) -> u32 {
        number(self.is_big, &self.body[at..at + 4]) as u32
    }
}

fn number(is_big: bool, bytes: &[u8]) -> u64 {
    let order: Vec<u8> = match is_big {
        true => bytes.to_vec(),
        false => bytes.iter().rev().copied().collect(),
    };
    order
        .iter()
        .fold(0, |sum, &byte| sum << 8 | u64::from(byte))
}

/// Parses the blocks of a file.
pub(super) fn parse(bytes: &[u8]) -> Vec<Parsed> {
    let mut blocks = Vec::new();
    let (mut rest, mut is_big) = (bytes, false);
    while !rest.is_empty() {
        if rest[..4] == kind::SECTION.to_le_bytes() {
            is_big = rest[8..12] == 0x1a2b_3c4d_u32.to_be_bytes();
        }
        let number = |bytes: &[u8]| number(is_big, bytes);
        let kind = number(&rest[..4]) as u32;
        let length = number(&rest[4..8]) as usize;
        assert_eq!(number(&rest[length - 4..length]), length as u64);
        let body = &rest[8..length - 4];
        let ticks = |at: usize| number(&body[at..at + 4]) << 32 | number(&body[at + 4..at + 8]);
        let data = |at: usize| &body[at..at + number(&body[12..16]) as usize];
        let (interface, time, data, end) = match kind {
            kind::SECTION => (None, None, &[][..], Some(16)),
            kind::INTERFACE => (None, None, &[][..], Some(8)),
            kind::OBSOLETE => {
                let end = 20 + data(20).len().next_multiple_of(4);
                (
                    Some(number(&body[..2])),
                    Some(ticks(4)),
                    data(20),
                    Some(end),
                )
            }
            kind::ENHANCED => {
                let end = 20 + data(20).len().next_multiple_of(4);
                (
                    Some(number(&body[..4])),
                    Some(ticks(4)),
                    data(20),
                    Some(end),
                )
            }
            kind::SIMPLE => {
                let length = number(&body[..4]) as usize;
                (None, None, &body[4..4 + length.min(body.len() - 4)], None)
            }
            kind::STATISTICS => (Some(number(&body[..4])), Some(ticks(4)), &[][..], Some(12)),
            kind::SECRETS => {
                let length = number(&body[4..8]) as usize;
                (None, None, &body[8..8 + length], None)
            }
            _ => (None, None, &[][..], None),
        };
        let mut options = Vec::new();
        let mut tail = end.map_or(&[][..], |end| &body[end..]);
        while tail.len() >= 4 && tail[..2] != [0, 0] {
            let (code, length) = (number(&tail[..2]), number(&tail[2..4]) as usize);
            options.push((code as u16, tail[4..4 + length].to_vec()));
            tail = &tail[4 + length.next_multiple_of(4)..];
        }
        blocks.push(Parsed {
            kind,
            is_big,
            body: body.to_vec(),
            interface: interface.map(|number| number as u32),
            ticks: time,
            data: data.to_vec(),
            options,
        });
        rest = &rest[length..];
    }
    blocks
}
