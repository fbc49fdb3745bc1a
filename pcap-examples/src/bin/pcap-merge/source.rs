//! An open input, positioned at a packet.

use std::path::PathBuf;

use pcap_core::Timestamp;
use pcap_core::pcapng::{Block, Endian};
use pcap_examples::drop_counts::DropCounts;
use pcap_examples::exit::Outcome;
use pcap_examples::savefile_input::SavefileInput;

use crate::changes::Changes;
use crate::translator::{Position, Translated};

/// The place of a packet in the output: the time of the last packet that had one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place(i128);

impl Place {
    /// That of packets before the first packet with a time.
    const FIRST: Place = Place(i128::MIN);

    /// Returns the place for a time. One number is faster to compare than several.
    #[inline]
    fn at(time: Timestamp) -> Place {
        Place(i128::from(time.secs()) << 32 | i128::from(time.subsec_nanos()))
    }
}

/// An open input.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) path: PathBuf,
    /// How its packets change.
    pub(crate) changes: Changes,
    pub(crate) input: SavefileInput,
    /// The position in the sections of a pcapng input.
    pub(crate) position: Position,
    /// The blocks that were read before the output existed.
    pub(crate) leading: Vec<Translated>,
    /// The result of the last step, if that was not used yet.
    pub(crate) unused: Option<Outcome<Step>>,
    /// The place of the current packet.
    pub(crate) place: Place,
    /// Whether the current packet has a time.
    pub(crate) has_time: bool,
    /// Whether a temporary file says that the next packet had no time before it became an enhanced packet block.
    pub(crate) is_timeless: bool,
    /// The drop counts of packets that the filter removed.
    pub(crate) drops: DropCounts,
    pub(crate) is_temporary: bool,
    /// Whether something of it was skipped.
    pub(crate) is_partial: bool,
}

/// What an input is positioned at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Packet,
    /// A block without a packet.
    Block,
    End,
}

impl Source {
    pub(crate) fn new(
        path: PathBuf,
        input: SavefileInput,
        position: Position,
        changes: Changes,
    ) -> Source {
        Source {
            path,
            changes,
            input,
            position,
            leading: Vec::new(),
            unused: None,
            place: Place::FIRST,
            has_time: false,
            is_timeless: false,
            drops: DropCounts::default(),
            is_temporary: false,
            is_partial: false,
        }
    }

    /// Advances to the next packet or block.
    #[inline]
    pub(crate) fn step(&mut self) -> Outcome<Step> {
        if let Some(step) = self.unused.take() {
            return step;
        }
        let changes = self.changes;
        let place_of = |time| Place::at(changes.time(time));
        let place = match &mut self.input {
            SavefileInput::Packets(reader) => match reader.advance()? {
                true => reader.packet().map(|packet| place_of(packet.timestamp())),
                false => return Ok(Step::End),
            },
            SavefileInput::Blocks(reader) => match reader.advance()? {
                true => match reader.reader().block() {
                    Some(Block::Packet(packet)) => packet.timestamp().map(place_of),
                    _ => return Ok(Step::Block),
                },
                false => return Ok(Step::End),
            },
        };
        self.has_time = !std::mem::take(&mut self.is_timeless) && place.is_some();
        // A packet without a time keeps its place after the one before it.
        if let (Some(place), true) = (place, self.has_time) {
            self.place = place;
        }
        Ok(Step::Packet)
    }

    /// Returns the byte order of the savefile, or of the current section.
    pub(crate) fn file_endian(&self) -> Endian {
        match (&self.input, Endian::NATIVE) {
            (SavefileInput::Packets(reader), Endian::Little) if reader.capture().is_swapped() => {
                Endian::Big
            }
            (SavefileInput::Packets(reader), Endian::Big) if reader.capture().is_swapped() => {
                Endian::Little
            }
            _ => self.endian(),
        }
    }

    /// Returns the byte order of fields in packets that have that of their savefile. libpcap has converted those of
    /// classic savefiles.
    pub(crate) fn endian(&self) -> Endian {
        match &self.input {
            SavefileInput::Packets(_) => Endian::NATIVE,
            SavefileInput::Blocks(reader) => {
                let section = reader.reader().section();
                section.map_or(Endian::NATIVE, |section| section.endian())
            }
        }
    }
}
