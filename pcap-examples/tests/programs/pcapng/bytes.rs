//! Builds pcapng savefiles byte by byte.

/// The byte order of a section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    Little,
    Big,
}

/// An option of a block: its code and its value.
pub(crate) type Opt<'a> = (u16, &'a [u8]);

/// A savefile that is being built.
#[derive(Clone)]
pub(crate) struct Ng {
    pub(crate) bytes: Vec<u8>,
    order: Order,
}

impl Ng {
    pub(crate) fn new(order: Order) -> Ng {
        let bytes = Vec::new();
        Ng { bytes, order }
    }

    pub(crate) fn u16(&self, number: u16) -> [u8; 2] {
        match self.order {
            Order::Little => number.to_le_bytes(),
            Order::Big => number.to_be_bytes(),
        }
    }

    pub(crate) fn u32(&self, number: u32) -> [u8; 4] {
        match self.order {
            Order::Little => number.to_le_bytes(),
            Order::Big => number.to_be_bytes(),
        }
    }

    pub(crate) fn u64(&self, number: u64) -> [u8; 8] {
        match self.order {
            Order::Little => number.to_le_bytes(),
            Order::Big => number.to_be_bytes(),
        }
    }

    /// Returns a time: the upper half first, in both byte orders.
    pub(crate) fn ticks(&self, ticks: u64) -> Vec<u8> {
        [
            self.u32((ticks >> 32) as u32),
            self.u32((ticks & 0xffff_ffff) as u32),
        ]
        .concat()
    }

    fn options(&self, options: &[Opt<'_>]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (code, value) in options {
            bytes.extend(self.u16(*code));
            bytes.extend(self.u16(value.len() as u16));
            bytes.extend(padded(value));
        }
        if !options.is_empty() {
            bytes.extend([0; 4]);
        }
        bytes
    }

    /// Adds a block of any type.
    pub(crate) fn block(&mut self, kind: u32, body: &[u8]) {
        let body = padded(body);
        let length = self.u32(body.len() as u32 + 12);
        self.bytes.extend(self.u32(kind));
        self.bytes.extend(length);
        self.bytes.extend(body);
        self.bytes.extend(length);
    }

    pub(crate) fn section(&mut self, length: i64, options: &[Opt<'_>]) {
        let mut body = self.u32(0x1a2b_3c4d).to_vec();
        body.extend([self.u16(1), self.u16(0)].concat());
        body.extend(self.u64(length as u64));
        body.extend(self.options(options));
        self.block(0x0a0d_0d0a, &body);
    }

    pub(crate) fn interface(&mut self, linktype: u16, snaplen: u32, options: &[Opt<'_>]) {
        let mut body = [self.u16(linktype), [0; 2]].concat();
        body.extend(self.u32(snaplen));
        body.extend(self.options(options));
        self.block(1, &body);
    }

    /// Adds an enhanced packet block.
    pub(crate) fn packet(&mut self, interface: u32, ticks: u64, data: &[u8], options: &[Opt<'_>]) {
        let mut body = self.u32(interface).to_vec();
        body.extend(self.ticks(ticks));
        body.extend([self.u32(data.len() as u32); 2].concat());
        body.extend(padded(data));
        body.extend(self.options(options));
        self.block(6, &body);
    }

    /// Adds a simple packet block.
    pub(crate) fn simple_packet(&mut self, wire_len: u32, data: &[u8]) {
        let body = [&self.u32(wire_len)[..], data].concat();
        self.block(3, &body);
    }

    /// Adds an obsolete packet block, which states a number of dropped packets.
    pub(crate) fn obsolete_packet(&mut self, interface: u16, drops: u16, ticks: u64, data: &[u8]) {
        let mut body = [self.u16(interface), self.u16(drops)].concat();
        body.extend(self.ticks(ticks));
        body.extend([self.u32(data.len() as u32); 2].concat());
        body.extend(data);
        self.block(2, &body);
    }

    pub(crate) fn statistics(&mut self, interface: u32, ticks: u64, options: &[Opt<'_>]) {
        let mut body = self.u32(interface).to_vec();
        body.extend(self.ticks(ticks));
        body.extend(self.options(options));
        self.block(5, &body);
    }

    /// Adds a name of an IPv4 address.
    pub(crate) fn names(&mut self, address: &[u8; 4], name: &str) {
        let record = [&address[..], name.as_bytes(), b"\0"].concat();
        let mut body = [self.u16(1), self.u16(record.len() as u16)].concat();
        body.extend(padded(&record));
        body.extend([0; 4]);
        self.block(4, &body);
    }

    /// Adds a TLS key log.
    pub(crate) fn secrets(&mut self, log: &[u8]) {
        let mut body = self.u32(0x544c_534b).to_vec();
        body.extend(self.u32(log.len() as u32));
        body.extend(log);
        self.block(10, &body);
    }

    pub(crate) fn custom(&mut self, is_copyable: bool, data: &[u8]) {
        let kind = if is_copyable { 0xbad } else { 0x4000_0bad };
        let body = [&self.u32(32_473)[..], data].concat();
        self.block(kind, &body);
    }
}

/// Returns bytes with zeros up to a multiple of 4.
fn padded(bytes: &[u8]) -> Vec<u8> {
    let mut padded = bytes.to_vec();
    padded.resize(bytes.len().next_multiple_of(4), 0);
    padded
}

/// A block of a savefile: its type and its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) kind: u32,
    pub(crate) bytes: Vec<u8>,
}

/// Returns the blocks of a savefile.
pub(crate) fn blocks(bytes: &[u8]) -> Vec<Found> {
    let (mut rest, mut is_big) = (bytes, false);
    let mut blocks = Vec::new();
    while !rest.is_empty() {
        if rest[..4] == [0x0a, 0x0d, 0x0d, 0x0a] {
            is_big = rest[8] == 0x1a;
        }
        let number = |at: usize| {
            let bytes = rest[at..at + 4].try_into().unwrap();
            match is_big {
                true => u32::from_be_bytes(bytes),
                false => u32::from_le_bytes(bytes),
            }
        };
        let length = number(4) as usize;
        assert_eq!(number(length - 4) as usize, length);
        blocks.push(Found {
            kind: number(0),
            bytes: rest[..length].to_vec(),
        });
        rest = &rest[length..];
    }
    blocks
}
