//! A block of any type.

use std::borrow::Cow;

use crate::loan::Lent;
use crate::savefile::pcapng::{
    CustomBlock, Interface, JournalBlock, NamesBlock, Options, PacketBlock, RawBlock, SecretsBlock,
    Section, StatisticsBlock,
};

/// A block of a pcapng file, lent by a [`Reader`](crate::pcapng::Reader).
///
/// # Examples
///
/// ```
/// use pcap_core::pcapng::{Block, Interface, PcapngDumper, Reader, Record};
/// use pcap_core::{Linktype, Packet, Timestamp};
///
/// let mut dumper = PcapngDumper::new(Vec::new());
/// let eth = dumper.add_interface(&Interface::new(Linktype::ETHERNET).with_name("left"))?;
/// let packet = Packet::whole(Timestamp::now(), &[0xff; 60]);
/// dumper.write_record(eth, &Record::new(packet).comment("look here"))?;
/// let bytes: Vec<u8> = dumper.into_writer()?;
///
/// let mut reader = Reader::from_reader(std::io::Cursor::new(bytes))?;
/// while let Some(block) = reader.next_block()? {
///     if let Block::Packet(packet) = block {
///         assert_eq!(packet.interface().name().as_deref(), Some("left"));
///         assert_eq!(packet.comments().collect::<Vec<_>>(), ["look here"]);
///     }
/// }
/// # Ok::<(), pcap_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Block<'a> {
    /// The header of a section, which ends the section before it.
    Section(&'a Section),
    /// The description of an interface.
    Interface(&'a Interface),
    /// A packet.
    Packet(PacketBlock<'a>),
    /// Statistics of an interface.
    Statistics(StatisticsBlock<'a>),
    /// Names of addresses.
    Names(NamesBlock<'a>),
    /// Secrets that decrypt packets.
    Secrets(SecretsBlock<'a>),
    /// An entry of a systemd journal.
    Journal(JournalBlock<'a>),
    /// A block of an organization.
    Custom(CustomBlock<'a>),
    /// A block that this crate does not know, or any block of a section whose version it does not know.
    Other(RawBlock<'a>),
}

impl Lent for Block<'static> {
    type For<'a> = Block<'a>;
}

impl<'a> Block<'a> {
    /// Returns the bytes of the block.
    #[must_use]
    #[inline]
    pub fn as_raw(&self) -> RawBlock<'a> {
        match self {
            Block::Section(section) => section.as_raw(),
            Block::Interface(interface) => interface.as_raw(),
            Block::Packet(packet) => packet.as_raw(),
            Block::Statistics(statistics) => statistics.as_raw(),
            Block::Names(names) => names.as_raw(),
            Block::Secrets(secrets) => secrets.as_raw(),
            Block::Journal(journal) => journal.as_raw(),
            Block::Custom(custom) => custom.as_raw(),
            Block::Other(raw) => *raw,
        }
    }

    /// Returns the options. Returns `None` if the block is damaged, or has a type without options or of which this
    /// crate does not know where they are.
    #[must_use]
    #[inline]
    pub fn options(&self) -> Option<Options<'a>> {
        self.as_raw().options()
    }

    /// Returns the comments (`opt_comment`).
    #[inline]
    pub fn comments(&self) -> impl Iterator<Item = Cow<'a, str>> + use<'a> {
        self.as_raw().comments()
    }
}

/// Implements the conversion into the bytes of the block.
macro_rules! into_raw {
    ($($name:ident)*) => {$(
        impl<'a> From<$name<'a>> for RawBlock<'a> {
            fn from(block: $name<'a>) -> RawBlock<'a> {
                block.as_raw()
            }
        }

        impl<'a> From<&$name<'a>> for RawBlock<'a> {
            fn from(block: &$name<'a>) -> RawBlock<'a> {
                block.as_raw()
            }
        }
    )*};
}

into_raw!(Block PacketBlock StatisticsBlock NamesBlock SecretsBlock JournalBlock CustomBlock);
