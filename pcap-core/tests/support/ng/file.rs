//! A file under construction.

use super::Order;
use super::block::{Block, Idb, MAGIC, Shb, kind};
use super::expected::{Damage, Expected, Kind, Section, Seen};
use super::libpcap::Libpcap;
use super::packet::{Form, Frame};

/// A file under construction, and what a reader must find in it.
#[derive(Clone, Debug)]
pub(crate) struct Ng {
    order: Order,
    bytes: Vec<u8>,
    expected: Expected,
    libpcap: Libpcap,
    /// The damage of the next block: its kind, and whether it is local.
    next: Option<(Kind, bool)>,
    /// Whether a reader has lost its place.
    is_lost: bool,
    /// Whether the section has an unknown version.
    is_skipped: bool,
}

impl Ng {
    /// Returns a file that begins with a plain section.
    pub(crate) fn new(order: Order) -> Ng {
        Ng::empty(order).shb(Shb::default())
    }

    /// Returns a file without a section.
    pub(crate) fn empty(order: Order) -> Ng {
        Ng {
            order,
            bytes: Vec::new(),
            expected: Expected::default(),
            libpcap: Libpcap::default(),
            next: None,
            is_lost: false,
            is_skipped: false,
        }
    }

    pub(crate) fn order(&self) -> Order {
        self.order
    }

    /// Returns the length so far.
    pub(crate) fn length(&self) -> usize {
        self.bytes.len()
    }

    /// Sets the byte order of the next section.
    pub(crate) fn with_order(mut self, order: Order) -> Ng {
        self.order = order;
        self
    }

    /// Begins a plain section in a byte order.
    pub(crate) fn section(self, order: Order) -> Ng {
        self.with_order(order).shb(Shb::default())
    }

    /// Begins a section in the byte order of the last one.
    pub(crate) fn shb(mut self, header: Shb) -> Ng {
        let block = header.block(self.order);
        let offset = self.bytes.len();
        let length = self.push(&block);
        self.libpcap.section(self.order, length, &header);
        let damage = self.take_damage(offset);
        if damage == Some(false) || header.magic != MAGIC {
            return self;
        }
        if self.is_lost {
            self.is_lost = false;
            let lost = self.expected.damage.iter_mut().rfind(|d| !d.is_local);
            lost.expect("damage").resumes = Some(offset as u64);
        }
        self.is_skipped = !header.is_known();
        self.expected.sections.push(Section {
            offset: offset as u64,
            order: self.order,
            header,
            interfaces: Vec::new(),
        });
        self.seen(&block, offset);
        self
    }

    /// Adds an interface.
    pub(crate) fn idb(mut self, interface: Idb) -> Ng {
        let block = interface.block(self.order);
        let offset = self.bytes.len();
        let length = self.push(&block);
        self.libpcap.interface(self.order, length, &interface);
        if self.is_readable(&block, offset) {
            let section = self.expected.sections.last_mut();
            section.expect("a section").interfaces.push(interface);
        }
        self
    }

    /// Adds a packet. That of an unknown interface is damage.
    pub(crate) fn packet(mut self, frame: Frame) -> Ng {
        let block = frame.block(self.order);
        let offset = self.bytes.len();
        let section = self.expected.sections.last();
        let known = section.map_or(0, |section| section.interfaces.len());
        let interface = match frame.form {
            Form::Simple => 0,
            _ => frame.interface as usize,
        };
        if interface >= known && self.next.is_none() && !self.is_skipped {
            self.next = Some(match known {
                0 => (Kind::NoInterface, false),
                _ => (Kind::UnknownInterface, false),
            });
        }
        let length = self.push(&block);
        self.libpcap.packet(self.order, length, &frame);
        if self.is_readable(&block, offset) {
            let number = self.expected.sections.len() - 1;
            let packet = self.expected.sections[number].packet(number, offset as u64, &frame);
            match self.expected.fatal() {
                None => self.expected.packets.push(packet),
                Some(_) => self.expected.resumed.push(packet),
            }
        }
        self
    }

    /// Adds packets.
    pub(crate) fn packets(self, frames: impl IntoIterator<Item = Frame>) -> Ng {
        frames.into_iter().fold(self, Ng::packet)
    }

    /// Adds any other block.
    pub(crate) fn block(mut self, block: Block) -> Ng {
        let offset = self.bytes.len();
        let length = self.push(&block);
        self.libpcap.other(self.order, length);
        self.is_readable(&block, offset);
        self
    }

    /// Adds bytes that are no block.
    pub(crate) fn raw(mut self, bytes: &[u8]) -> Ng {
        let offset = self.bytes.len();
        self.take_damage(offset);
        self.bytes.extend(bytes);
        self
    }

    /// Removes bytes from the end.
    pub(crate) fn shorten(mut self, by: usize) -> Ng {
        self.bytes.truncate(self.bytes.len() - by);
        self
    }

    /// Declares the next block damaged, so that a reader loses its place. libpcap refuses it with an error that begins
    /// so; if that is empty, what libpcap does follows from the blocks.
    pub(crate) fn damage(mut self, kind: Kind, libpcap: &str) -> Ng {
        self.next = Some((kind, false));
        self.refuse(libpcap)
    }

    /// Declares something within the next block damaged; a reader finds the blocks after it.
    pub(crate) fn flaw(mut self, kind: Kind, libpcap: &str) -> Ng {
        self.next = Some((kind, true));
        self.refuse(libpcap)
    }

    /// Declares that libpcap refuses the next block with an error that begins so.
    pub(crate) fn refuse(mut self, libpcap: &str) -> Ng {
        if !libpcap.is_empty() {
            self.libpcap.refuse(libpcap);
        }
        self
    }

    /// Returns the bytes, and what readers find in them.
    pub(crate) fn finish(mut self) -> (Vec<u8>, Expected, Libpcap) {
        self.libpcap.end();
        (self.bytes, self.expected, self.libpcap)
    }

    /// Writes a block, and returns the length that it states.
    fn push(&mut self, block: &Block) -> u32 {
        let bytes = block.bytes(self.order);
        self.bytes.extend(&bytes);
        block.odd.length.unwrap_or(bytes.len() as u32)
    }

    /// Takes the damage of the block at an offset. Returns whether that is local, if there is one.
    fn take_damage(&mut self, offset: usize) -> Option<bool> {
        let (kind, is_local) = self.next.take()?;
        if self.is_lost {
            // Nobody gets to it.
            return Some(is_local);
        }
        self.is_lost = !is_local;
        self.expected.damage.push(Damage {
            kind,
            offset: offset as u64,
            is_local,
            resumes: None,
        });
        Some(is_local)
    }

    /// Records a block at an offset. Returns whether a reader gets to its content.
    fn is_readable(&mut self, block: &Block, offset: usize) -> bool {
        if self.take_damage(offset) == Some(false) || self.is_lost {
            return false;
        }
        self.seen(block, offset);
        !self.is_skipped
    }

    fn seen(&mut self, block: &Block, offset: usize) {
        if self.expected.fatal().is_some() {
            return;
        }
        let length = self.bytes.len() - offset;
        let section = self.expected.sections.len() - 1;
        let mut seen = Seen::new(offset as u64, section, block, length);
        seen.is_skipped = self.is_skipped && block.kind != kind::SHB;
        self.expected.blocks.push(seen);
    }
}
