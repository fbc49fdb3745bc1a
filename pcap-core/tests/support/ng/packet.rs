//! Packets to put into a file.

use super::Order;
use super::block::{Block, Odd, kind};
use super::option::Opt;

/// The block that a packet is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// An enhanced packet block.
    Enhanced,
    /// A simple packet block: no time, no options, of interface 0.
    Simple,
    /// An obsolete packet block, with the number of drops.
    Obsolete(u16),
}

/// A packet to put into a file.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    pub(crate) form: Form,
    pub(crate) interface: u32,
    pub(crate) ticks: u64,
    /// The captured length, if it is not that of the data. A simple packet has none.
    pub(crate) caplen: Option<u32>,
    /// The length on the network, if it is not that of the data.
    pub(crate) len: Option<u32>,
    pub(crate) data: Vec<u8>,
    pub(crate) options: Vec<Opt>,
    pub(crate) odd: Odd,
}

/// Returns an enhanced packet of interface 0, at tick 0.
pub(crate) fn epb(data: impl AsRef<[u8]>) -> Frame {
    Frame {
        form: Form::Enhanced,
        interface: 0,
        ticks: 0,
        caplen: None,
        len: None,
        data: data.as_ref().to_vec(),
        options: Vec::new(),
        odd: Odd::default(),
    }
}

/// Returns a simple packet.
pub(crate) fn spb(data: impl AsRef<[u8]>) -> Frame {
    Frame {
        form: Form::Simple,
        ..epb(data)
    }
}

/// Returns an obsolete packet with a number of drops; 0xffff is unknown.
pub(crate) fn pb(drops: u16, data: impl AsRef<[u8]>) -> Frame {
    Frame {
        form: Form::Obsolete(drops),
        ..epb(data)
    }
}

impl Frame {
    pub(crate) fn on(mut self, interface: u32) -> Frame {
        self.interface = interface;
        self
    }

    pub(crate) fn at(mut self, ticks: u64) -> Frame {
        self.ticks = ticks;
        self
    }

    pub(crate) fn caplen(mut self, caplen: u32) -> Frame {
        self.caplen = Some(caplen);
        self
    }

    pub(crate) fn len(mut self, len: u32) -> Frame {
        self.len = Some(len);
        self
    }

    pub(crate) fn opt(mut self, option: Opt) -> Frame {
        self.options.push(option);
        self
    }

    pub(crate) fn opts(mut self, options: impl IntoIterator<Item = Opt>) -> Frame {
        self.options.extend(options);
        self
    }

    pub(crate) fn odd(mut self, odd: Odd) -> Frame {
        self.odd = odd;
        self
    }

    /// Returns the captured length in the file, which a simple packet does not state.
    pub(crate) fn stated_caplen(&self) -> u32 {
        self.caplen.unwrap_or(self.data.len() as u32)
    }

    /// Returns the length on the network in the file.
    pub(crate) fn stated_len(&self) -> u32 {
        self.len.unwrap_or(self.stated_caplen())
    }

    pub(crate) fn block(&self, order: Order) -> Block {
        let (caplen, len) = (self.stated_caplen(), self.stated_len());
        let (high, low) = ((self.ticks >> 32) as u32, self.ticks as u32);
        let mut body = Vec::with_capacity(self.data.len() + 24);
        let mut numbers = |numbers: &[u32]| body.extend(numbers.iter().flat_map(|n| order.u32(*n)));
        let kind = match self.form {
            Form::Enhanced => {
                numbers(&[self.interface, high, low, caplen, len]);
                kind::EPB
            }
            Form::Simple => {
                numbers(&[len]);
                kind::SPB
            }
            Form::Obsolete(drops) => {
                numbers(&[0, high, low, caplen, len]);
                body[..2].copy_from_slice(&order.u16(self.interface as u16));
                body[2..4].copy_from_slice(&order.u16(drops));
                kind::PB
            }
        };
        body.extend(&self.data);
        Block::new(kind, body)
            .opts(self.options.clone())
            .odd(self.odd.clone())
    }
}
