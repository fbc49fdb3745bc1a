//! What was put into a file, and so what a reader must find in it.

use super::Order;
use super::block::{Block, Idb, Shb, kind};
use super::option::{Opt, Value, Verdict, code};
use super::packet::{Form, Frame};

/// What a file contains.
#[derive(Clone, Debug, Default)]
pub(crate) struct Expected {
    /// The sections, also those of unknown versions, whose content is skipped.
    pub(crate) sections: Vec<Section>,
    /// The packets before the first damage after which a reader cannot continue.
    pub(crate) packets: Vec<Packet>,
    /// All blocks before it, in the order of the file.
    pub(crate) blocks: Vec<Seen>,
    /// The damage, in the order of the file.
    pub(crate) damage: Vec<Damage>,
    /// The packets after such damage: those of the sections that begin after it.
    pub(crate) resumed: Vec<Packet>,
}

/// A section.
#[derive(Clone, Debug)]
pub(crate) struct Section {
    pub(crate) offset: u64,
    pub(crate) order: Order,
    pub(crate) header: Shb,
    /// The interfaces, in the order of their numbers.
    pub(crate) interfaces: Vec<Idb>,
}

/// A block of a file.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) offset: u64,
    /// The length with its framing.
    pub(crate) length: u64,
    pub(crate) kind: u32,
    /// The number of the section, from 0.
    pub(crate) section: usize,
    /// What is between the framing and the options, without padding; nothing of packets.
    pub(crate) body: Vec<u8>,
    pub(crate) options: Vec<Opt>,
    /// Whether it is in a section of an unknown version.
    pub(crate) is_skipped: bool,
}

/// A packet.
#[derive(Clone, Debug)]
pub(crate) struct Packet {
    /// The offset of its block in the file.
    pub(crate) offset: u64,
    pub(crate) form: Form,
    /// The number of the section, from 0.
    pub(crate) section: usize,
    pub(crate) interface: u32,
    pub(crate) linktype: u16,
    /// The time in the units of the interface. A simple packet has none.
    pub(crate) ticks: Option<u64>,
    /// The time in nanoseconds since 1970, rounded down. None also if the resolution is unknown.
    pub(crate) nanos: Option<i128>,
    pub(crate) caplen: u32,
    pub(crate) len: u32,
    pub(crate) data: Vec<u8>,
    /// All options in the order of the file.
    pub(crate) options: Vec<Opt>,
    /// The comments up to their ends in the file, even if they contain a NUL.
    pub(crate) comments: Vec<Vec<u8>>,
    pub(crate) flags: Option<u32>,
    /// Algorithms and their results.
    pub(crate) hashes: Vec<(u8, Vec<u8>)>,
    /// The packets dropped before this one, also of an obsolete block.
    pub(crate) drops: Option<u64>,
    pub(crate) packetid: Option<u64>,
    pub(crate) queue: Option<u32>,
    pub(crate) verdicts: Vec<Verdict>,
    /// A process and a thread.
    pub(crate) process: Option<(u32, u32)>,
    /// Custom options: code, enterprise, data.
    pub(crate) custom: Vec<(u16, u32, Vec<u8>)>,
}

/// Damage to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Damage {
    pub(crate) kind: Kind,
    /// The offset of the block in the file.
    pub(crate) offset: u64,
    /// Whether only something within this block is damaged, so that a reader finds the next one.
    pub(crate) is_local: bool,
    /// The offset of the next section, where reading can resume.
    pub(crate) resumes: Option<u64>,
}

/// The kinds of damage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A byte order magic that is none.
    Magic,
    /// The length of a block is impossible, or larger than a reader accepts.
    Length,
    /// The lengths at the start and the end of a block differ.
    Trailer,
    /// The file ends within a block.
    Truncated,
    /// A packet before any interface of its section.
    NoInterface,
    /// A packet of an interface that its section does not describe.
    UnknownInterface,
    /// The fixed fields are longer than the block.
    Fields,
    /// The captured length is larger than the block.
    Caplen,
    /// An option is longer than the rest of the block.
    OptionBeyond,
    /// The length of an option is not the one of its code.
    OptionLength,
    /// An option is there twice, but may be only once.
    OptionTwice,
    /// A resolution of more than 64 bits.
    Resolution,
    /// The content of a block other than a packet contradicts itself.
    Content,
}

impl Expected {
    /// Returns the number of blocks of a type in sections of known versions.
    pub(crate) fn count(&self, kind: u32) -> usize {
        let blocks = self.blocks.iter();
        blocks
            .filter(|block| block.kind == kind && !block.is_skipped)
            .count()
    }

    /// Returns the packets that are whole if the file ends after so many bytes.
    pub(crate) fn packets_within(&self, length: u64) -> &[Packet] {
        let mut blocks = self.blocks.iter();
        let cut = blocks.find(|block| block.offset + block.length > length);
        let end = cut.map_or(length, |block| block.offset);
        let whole = self.packets.partition_point(|packet| packet.offset < end);
        &self.packets[..whole]
    }

    /// Returns the damage after which a reader cannot continue.
    pub(crate) fn fatal(&self) -> Option<&Damage> {
        self.damage.iter().find(|damage| !damage.is_local)
    }

    pub(crate) fn is_damaged(&self) -> bool {
        !self.damage.is_empty()
    }
}

impl Section {
    /// Returns the captured length of a packet in this section: a simple one has the snaplen of interface 0.
    fn caplen(&self, frame: &Frame) -> u32 {
        let snaplen = self.interfaces.first().map_or(0, |first| first.snaplen);
        match (frame.form, snaplen) {
            (Form::Simple, 0) => frame.stated_len(),
            (Form::Simple, snaplen) => frame.stated_len().min(snaplen),
            _ => frame.stated_caplen(),
        }
    }

    /// Returns the packet that a block is in this section.
    pub(crate) fn packet(&self, number: usize, offset: u64, frame: &Frame) -> Packet {
        let interface = match frame.form {
            Form::Simple => 0,
            _ => frame.interface,
        };
        let description = &self.interfaces[interface as usize];
        let caplen = self.caplen(frame);
        let ticks = (frame.form != Form::Simple).then_some(frame.ticks);
        let mut packet = Packet {
            offset,
            form: frame.form,
            section: number,
            interface,
            linktype: description.linktype,
            ticks,
            nanos: ticks.and_then(|ticks| nanos(ticks, description)),
            caplen,
            len: frame.stated_len(),
            data: frame.data[..frame.data.len().min(caplen as usize)].to_vec(),
            options: frame.options.clone(),
            comments: Vec::new(),
            flags: None,
            hashes: Vec::new(),
            drops: None,
            packetid: None,
            queue: None,
            verdicts: Vec::new(),
            process: None,
            custom: Vec::new(),
        };
        if let Form::Obsolete(drops) = frame.form {
            packet.drops = (drops != u16::MAX).then_some(drops.into());
        }
        let ends = |option: &&Opt| option.code == code::END;
        for option in frame.options.iter().take_while(|option| !ends(option)) {
            packet.add(option);
        }
        packet
    }
}

impl Packet {
    /// Adds an option. Of those that may be there only once, the first of the right length counts.
    fn add(&mut self, option: &Opt) {
        let enhanced = self.form == Form::Enhanced;
        if option.stated.is_some() {
            return;
        }
        match (option.code, &option.value) {
            (code::COMMENT, Value::Bytes(text)) => self.comments.push(text.clone()),
            (code::FLAGS, Value::U32(flags)) => self.flags = self.flags.or(Some(*flags)),
            (code::HASH, Value::Bytes(hash)) if !hash.is_empty() => {
                self.hashes.push((hash[0], hash[1..].to_vec()));
            }
            (code, Value::Custom(enterprise, data)) => {
                self.custom.push((code, *enterprise, data.clone()));
            }
            _ if !enhanced => {}
            (code::DROPCOUNT, Value::U64(drops)) => self.drops = self.drops.or(Some(*drops)),
            (code::PACKETID, Value::U64(id)) => self.packetid = self.packetid.or(Some(*id)),
            (code::QUEUE, Value::U32(queue)) => self.queue = self.queue.or(Some(*queue)),
            (code::VERDICT, Value::Verdict(verdict)) => self.verdicts.push(verdict.clone()),
            (code::PROCESS, Value::Pair(process, thread)) => {
                self.process = self.process.or(Some((*process, *thread)));
            }
            _ => {}
        }
    }
}

/// Returns a time in nanoseconds since 1970, rounded down, if the resolution of the interface is known.
pub(crate) fn nanos(ticks: u64, interface: &Idb) -> Option<i128> {
    let per_second = u128::from(interface.per_second()?);
    let ticks = u128::from(ticks);
    let seconds = (ticks / per_second) as i128 + i128::from(interface.tsoffset());
    let fraction = ticks % per_second * 1_000_000_000 / per_second;
    Some(seconds * 1_000_000_000 + fraction as i128)
}

impl Seen {
    pub(crate) fn new(offset: u64, section: usize, block: &Block, length: usize) -> Seen {
        Seen {
            offset,
            length: length as u64,
            kind: block.kind,
            section,
            body: match block.kind {
                kind::EPB | kind::SPB | kind::PB => Vec::new(),
                _ => block.body.clone(),
            },
            options: block.options.clone(),
            is_skipped: false,
        }
    }
}
