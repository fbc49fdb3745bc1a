//! Walks the blocks of a pcapng savefile, and finds its packets.

use std::fs::File;
use std::io;
use std::ops::ControlFlow;

use crate::packet::{Packet, PacketBatch};
use crate::savefile::ByteOrder;
use crate::savefile::pcapng::block::{HEAD, TRAILER};
use crate::savefile::pcapng::layout::PACKET;
use crate::savefile::pcapng::section::ORDER;
use crate::savefile::pcapng::state::{Parsed, State};
use crate::savefile::pcapng::{
    Block, CustomBlock, Damage, Described, Fields, Interface, JournalBlock, Kind, LONGEST_BLOCK,
    NamesBlock, Options, PacketBlock, RawBlock, Rules, SecretsBlock, Section, StatisticsBlock,
};
use crate::savefile::walk::{Step, Walk};
use crate::savefile::window::Window;
use crate::sys::platform;

/// The shortest block, without a body.
const SHORTEST: u32 = (HEAD + TRAILER) as u32;
/// The offset of the number that shows the byte order of a section.
const ORDER_OFFSET: usize = 8;
/// The number of bytes in blocks without a packet to read before the caller looks for a break.
const PASSED: u64 = 1 << 20;

/// What is at the position in a savefile.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found {
    Packet,
    /// A block without a packet.
    Other,
    /// Nothing yet: there may be more, but it is time to look for a break.
    Nothing,
    /// No complete block at this time: this many bytes of one.
    Absent(usize),
    Damaged(Damage),
}

/// The beginning of a savefile.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Opening {
    /// Its first interface.
    Interface(Described),
    NoInterface,
    /// This many bytes of an incomplete block.
    Truncated(usize),
    Damaged(Damage),
}

/// The block at the start of some bytes.
pub(super) enum Framed<'a> {
    Whole(RawBlock<'a>),
    Partial,
    Damaged(Damage),
}

/// The blocks of a savefile.
#[derive(Debug)]
pub(crate) struct Blocks {
    pub(super) window: Window,
    pub(super) state: State,
    /// The block that is lent: where it starts in the buffer, and its length.
    pub(super) current: Option<(usize, usize)>,
}

impl Blocks {
    /// Creates a reader of the blocks from an offset of a file; without a file, of those that are next in the stream.
    pub(crate) fn new(file: Option<File>, position: u64, rules: Rules) -> Blocks {
        Blocks {
            window: Window::new(file, position),
            state: State::new(rules),
            current: None,
        }
    }

    /// Advances to the next packet, over blocks without one.
    #[cold]
    fn search(&mut self, stream: &mut Option<platform::Stream>) -> io::Result<Step<Found>> {
        let pause = self.window.position().saturating_add(PASSED);
        loop {
            let known = self.interfaces().len();
            match self.advance(stream)? {
                // Filters depend on the interfaces.
                Found::Other if self.is_mixed() && self.interfaces().len() != known => {
                    self.current = None;
                    return Ok(Step::Gap(Found::Other));
                }
                // The caller may wait, so the buffer must not contain a packet.
                Found::Other if self.window.position() < pause || !self.is_walked() => {}
                Found::Other => {
                    self.current = None;
                    return Ok(Step::Gap(Found::Nothing));
                }
                Found::Packet => return Ok(Step::Packet),
                gap => return Ok(Step::Gap(gap)),
            }
        }
    }

    /// Advances to the next block of any type.
    pub(crate) fn advance(&mut self, stream: &mut Option<platform::Stream>) -> io::Result<Found> {
        let mut has_read = false;
        loop {
            let block = match self.framed() {
                Framed::Whole(block) => block,
                Framed::Damaged(damage) => {
                    self.current = None;
                    return Ok(Found::Damaged(damage));
                }
                Framed::Partial => {
                    self.current = None;
                    if has_read {
                        return Ok(Found::Nothing);
                    }
                    self.window.grow();
                    if self.window.refill(stream)? {
                        has_read = true;
                        continue;
                    }
                    return Ok(self.rest());
                }
            };
            let length = block.bytes().len();
            let found = if block.kind().is_packet() && self.state.is_known() {
                let checked = self
                    .state
                    .unusual(block)
                    .and_then(|_| self.state.check(block));
                match checked {
                    Ok(()) => Found::Packet,
                    Err(damage) => Found::Damaged(damage),
                }
            } else {
                // Another borrow of the same block.
                let bytes = &self.window.buffer[self.window.unread.clone()][..length];
                let block = RawBlock::new(bytes, block.order());
                let checked = self.state.check(block);
                match checked.and_then(|()| self.state.apply(block)) {
                    Ok(()) => Found::Other,
                    Err(damage) => Found::Damaged(damage),
                }
            };
            if let Found::Damaged(_) = found {
                self.current = None;
            } else {
                self.lend_block(length);
            }
            return Ok(found);
        }
    }

    /// Returns what remains at the end: a part of a block, or fewer bytes than show that the file is no pcapng file.
    fn rest(&self) -> Found {
        let bytes = self.window.unread();
        if self.state.begun || Kind::SECTION.0.to_ne_bytes().starts_with(bytes) || bytes.len() > 3 {
            return Found::Absent(bytes.len());
        }
        let mut start = [0; 4];
        start[..bytes.len()].copy_from_slice(bytes);
        Found::Damaged(Damage::NoSection(start))
    }

    /// Returns the block at the position.
    pub(super) fn framed(&self) -> Framed<'_> {
        let bytes = self.window.unread();
        let mut order = self.state.order;
        let Some(kind) = Fields::new(bytes, order).u32(0).map(Kind) else {
            return Framed::Partial;
        };
        if kind == Kind::SECTION {
            match Fields::new(bytes, ByteOrder::Native).u32(ORDER_OFFSET) {
                Some(ORDER) => order = ByteOrder::Native,
                Some(magic) if magic.swap_bytes() == ORDER => order = ByteOrder::Swapped,
                Some(magic) => return Framed::Damaged(Damage::Magic(magic)),
                None => return Framed::Partial,
            }
        } else if !self.state.begun {
            let start = bytes.first_chunk().copied().unwrap_or_default();
            return Framed::Damaged(Damage::NoSection(start));
        }
        let fields = Fields::new(bytes, order);
        let Some(length) = fields.u32(4) else {
            return Framed::Partial;
        };
        if length < SHORTEST || length % 4 != 0 {
            return Framed::Damaged(Damage::Length(length));
        }
        if length > LONGEST_BLOCK {
            return Framed::Damaged(Damage::TooLong(length));
        }
        let Some(block) = bytes.get(..length as usize) else {
            return Framed::Partial;
        };
        match fields.u32(length as usize - TRAILER) {
            Some(trailer) if trailer != length && !self.ignores_trailer() => {
                Framed::Damaged(Damage::Trailer {
                    head: length,
                    trailer,
                })
            }
            _ => Framed::Whole(RawBlock::new(block, order)),
        }
    }

    /// Returns whether the trailer may differ: libpcap never checks that of the first section header.
    fn ignores_trailer(&self) -> bool {
        !self.state.begun && self.state.rules != Rules::Lenient
    }

    fn lend_block(&mut self, length: usize) {
        self.current = Some((self.window.unread.start, length));
        self.window.unread.start += length;
    }

    /// Creates a reader of the blocks of a stream, of which these bytes have been read.
    pub(crate) fn of_stream(bytes: &[u8], rules: Rules) -> Blocks {
        let mut blocks = Blocks::new(None, 0, rules);
        blocks.window.prepend(bytes);
        blocks
    }

    /// Reads up to the first interface, and returns it: without one, a savefile has no link type.
    pub(crate) fn open(&mut self) -> io::Result<Opening> {
        loop {
            if let Some(first) = self.state.first() {
                return Ok(Opening::Interface(first));
            }
            match self.advance(&mut None)? {
                Found::Absent(0) if self.state.begun => return Ok(Opening::NoInterface),
                Found::Absent(bytes) => return Ok(Opening::Truncated(bytes)),
                Found::Damaged(damage) => return Ok(Opening::Damaged(damage)),
                Found::Packet | Found::Other | Found::Nothing => self.current = None,
            }
        }
    }

    /// Advances to the next block if it is an ordinary packet that is in the buffer.
    #[inline(always)] // else the packet would be passed in memory
    pub(crate) fn ready_block(&mut self) -> Option<Block<'_>> {
        let (unread, start) = self.window.parts();
        let Parsed {
            packet,
            length,
            has_options,
            ..
        } = self.state.ordinary(unread)?;
        let bytes = unread.get(..length)?;
        if has_options {
            let options = HEAD + PACKET + (packet.caplen() as usize).next_multiple_of(4);
            let options = bytes.get(options..length - TRAILER)?;
            if !Options::new(Fields::new(options, self.state.order)).are_whole() {
                return None;
            }
        }
        let interface = self.state.interfaces().get(packet.interface()? as usize)?;
        self.current = Some((*start, length));
        *start += length;
        let raw = RawBlock::new(bytes, self.state.order);
        Some(Block::Packet(PacketBlock::new(
            raw, packet, interface, true,
        )))
    }

    /// Returns the block that the last step advanced to.
    pub(crate) fn block(&self) -> Option<Block<'_>> {
        let (start, length) = self.current?;
        let bytes = &self.window.buffer[start..start + length];
        self.any_block(RawBlock::new(bytes, self.state.order))
    }

    fn packet<'a>(&'a self, raw: RawBlock<'a>, parsed: &Parsed<'a>) -> Option<Block<'a>> {
        let Parsed {
            packet, has_time, ..
        } = parsed;
        let interface = self.interfaces().get(packet.interface()? as usize)?;
        let packet = PacketBlock::new(raw, *packet, interface, *has_time);
        Some(Block::Packet(packet))
    }

    fn any_block<'a>(&'a self, raw: RawBlock<'a>) -> Option<Block<'a>> {
        Some(match raw.kind() {
            Kind::SECTION => Block::Section(self.state.section()),
            _ if !self.state.is_known() => Block::Other(raw),
            Kind::INTERFACE => Block::Interface(self.interfaces().last()?),
            kind if kind.is_packet() => {
                let parsed = self.state.unusual(raw).ok()?;
                return self.packet(raw, &parsed);
            }
            Kind::STATISTICS => {
                let number = raw.content().u32(0).unwrap_or(u32::MAX);
                let interface = self.interfaces().get(number as usize);
                Block::Statistics(StatisticsBlock::new(raw, interface))
            }
            Kind::NAMES => Block::Names(NamesBlock::new(raw)),
            Kind::SECRETS => Block::Secrets(SecretsBlock::new(raw)),
            Kind::JOURNAL => Block::Journal(JournalBlock::new(raw)),
            Kind::CUSTOM | Kind::CUSTOM_UNCOPIED => Block::Custom(CustomBlock::new(raw)),
            _ => Block::Other(raw),
        })
    }

    /// Returns the header of the section, if the first one has begun.
    pub(crate) fn section(&self) -> Option<&Section> {
        self.state.begun.then(|| self.state.section())
    }

    /// Returns the interfaces of the section up to here.
    pub(crate) fn interfaces(&self) -> &[Interface] {
        self.state.interfaces()
    }

    /// Returns the byte order of the section of the last block.
    pub(crate) fn order(&self) -> ByteOrder {
        self.state.order
    }

    /// Returns the version of the first section.
    pub(crate) fn version(&self) -> (u16, u16) {
        self.state.version
    }

    /// Returns the file from which the blocks are read.
    pub(crate) fn into_file(self) -> Option<File> {
        self.window.into_file()
    }

    /// Returns the offset in the file of the next block.
    pub(crate) fn position(&self) -> u64 {
        self.window.position()
    }
}

impl Walk for Blocks {
    type Gap = Found;

    #[inline(always)] // else the packet would be passed in memory
    fn ready(&mut self) -> Option<Packet<'_>> {
        let (unread, start) = self.window.parts();
        let Parsed { packet, length, .. } = self.state.ordinary(unread)?;
        self.current = Some((*start, length));
        *start += length;
        Some(packet)
    }

    #[inline]
    fn pass_ready(&mut self, mut f: impl FnMut(Packet<'_>) -> ControlFlow<()>) {
        self.current = None;
        let mut unread = self.window.unread();
        while let Some(Parsed { packet, length, .. }) = self.state.ordinary(unread) {
            unread = &unread[length..];
            if f(packet).is_break() {
                break;
            }
        }
        self.window.unread.start = self.window.unread.end - unread.len();
    }

    #[inline]
    fn step(&mut self, stream: &mut Option<platform::Stream>) -> io::Result<Step<Found>> {
        match self.ready() {
            Some(_) => Ok(Step::Packet),
            None => self.search(stream),
        }
    }

    #[inline]
    fn walk(
        &mut self,
        stream: &mut Option<platform::Stream>,
        mut f: impl FnMut(Packet<'_>) -> ControlFlow<()>,
    ) -> io::Result<Step<Found>> {
        self.current = None;
        let mut start = self.window.unread.start;
        loop {
            let unread = &self.window.buffer[start..self.window.unread.end];
            let packet = match self.state.ordinary(unread) {
                Some(Parsed { packet, length, .. }) => {
                    start += length;
                    packet
                }
                None => match self.search(stream)? {
                    Step::Packet => {
                        start = self.window.unread.start;
                        let (at, length) = self.current.take().unwrap_or_default();
                        let bytes = &self.window.buffer[at..at + length];
                        match self.state.unusual(RawBlock::new(bytes, self.state.order)) {
                            Ok(parsed) => parsed.packet,
                            Err(_) => continue,
                        }
                    }
                    gap => return Ok(gap),
                },
            };
            // Before the call, because the closure may panic.
            self.window.unread.start = start;
            if f(packet).is_break() {
                return Ok(Step::Packet);
            }
        }
    }

    #[inline]
    fn current(&self) -> Option<Packet<'_>> {
        // Parsing again is cheaper than storing the packet.
        let (start, length) = self.current?;
        let bytes = &self.window.buffer[start..start + length];
        match self.state.ordinary(bytes) {
            Some(parsed) => Some(parsed.packet),
            None => {
                let block = RawBlock::new(bytes, self.state.order);
                Some(self.state.unusual(block).ok()?.packet)
            }
        }
    }

    fn give(&mut self, address: usize, length: usize, batch: &mut PacketBatch) {
        self.window.give(address, length, batch);
    }

    fn lend_none(&mut self) {
        self.current = None;
    }

    fn end(&self) -> u64 {
        self.window.end()
    }

    fn is_walked(&self) -> bool {
        matches!(self.framed(), Framed::Partial)
    }

    fn file(&self) -> Option<&File> {
        self.window.file()
    }
}
