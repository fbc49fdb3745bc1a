//! Reads several savefiles, one after the other.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};

use pcap_core::{Dlt, Packet};
use pcap_examples::exit::Outcome;
use pcap_examples::savefile_reader::SavefileReader;
use pcap_examples::{files, signals};

use crate::args::Args;
use crate::open;
use crate::sides::Side;

/// The savefiles of one side.
pub(crate) struct Lane<'a> {
    args: &'a Args,
    pub(crate) side: Side,
    /// The savefile that is read, until the last one ends.
    reader: Option<SavefileReader>,
    waiting: VecDeque<&'a Path>,
    /// Whether the current packet is the first of a savefile.
    pub(crate) begins_file: bool,
    /// The total length of the savefiles, and that of those that were read to their end. `None` for pipes.
    length: Option<u64>,
    read: u64,
    current_length: u64,
}

impl<'a> Lane<'a> {
    /// Opens the first savefile.
    pub(crate) fn open(args: &'a Args, side: Side, paths: &'a [PathBuf]) -> Outcome<Lane<'a>> {
        let lengths = paths.iter().map(|path| files::length(path));
        let mut lane = Lane {
            args,
            side,
            reader: None,
            waiting: paths.iter().map(PathBuf::as_path).collect(),
            begins_file: false,
            length: lengths.sum(),
            read: 0,
            current_length: 0,
        };
        lane.open_next()?;
        Ok(lane)
    }

    /// Opens the next savefile. Returns `false` if there is none.
    fn open_next(&mut self) -> Outcome<bool> {
        self.read += self.current_length;
        let Some(path) = self.waiting.pop_front() else {
            self.reader = None;
            return Ok(false);
        };
        let expected = self
            .reader
            .as_ref()
            .map(|reader| reader.capture().datalink());
        let reader = open::savefile(self.args, path)?;
        if let Some(expected) = expected {
            open::check_file(path, reader.capture().datalink(), expected)?;
        }
        self.current_length = files::length(path).unwrap_or(0);
        self.reader = Some(reader);
        self.begins_file = true;
        Ok(true)
    }

    /// Returns the link type of the packets.
    pub(crate) fn datalink(&self) -> Option<Dlt> {
        Some(self.reader.as_ref()?.capture().datalink())
    }

    /// Advances to the next packet. Returns `false` after the last one.
    pub(crate) fn advance(&mut self) -> Outcome<bool> {
        self.begins_file = false;
        while let Some(reader) = &mut self.reader {
            match reader.advance() {
                Ok(true) => return Ok(true),
                // The end of the program may have ended a pipe in the middle of a packet.
                Err(_) if signals::end_noticed() => return Ok(false),
                Err(failure) => return Err(failure),
                Ok(false) if signals::end_noticed() => return Ok(false),
                Ok(false) => match self.open_next() {
                    Err(_) if signals::end_noticed() => return Ok(false),
                    opened => _ = opened?,
                },
            }
        }
        Ok(false)
    }

    /// Returns the current packet.
    pub(crate) fn packet(&self) -> Option<Packet<'_>> {
        self.reader.as_ref()?.packet()
    }

    /// Returns about which part of the savefiles was read.
    pub(crate) fn fraction(&self) -> Option<f64> {
        let length = self.length.filter(|&length| length > 0)?;
        let position = self.reader.as_ref().map_or(0, SavefileReader::position);
        let read = self.read + position.min(self.current_length);
        Some(read as f64 / length as f64)
    }
}
