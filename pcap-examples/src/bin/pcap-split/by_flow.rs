//! Splits by flow: writes a savefile for each flow.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};

use pcap_core::{Capture, Dumper, Offline, Packet};
use pcap_examples::exit::{Failure, Outcome};
use pcap_examples::files::is_too_many_open;
use pcap_examples::flow::{Flow, FlowTracker};
use pcap_examples::numbered_files::NumberedFiles;
use pcap_examples::savefile_summary::SavefileSummary;

use crate::args::Args;
use crate::file_list::FileList;
use crate::split::Splitter;

/// The length of a savefile's header, in bytes.
const HEADER: u64 = 24;

/// Writes a savefile for each flow. Only some savefiles are open at the same time.
pub(crate) struct FlowSplitter {
    numbered_files: NumberedFiles,
    tracker: FlowTracker,
    /// The numbers of the savefiles, by flow.
    numbers: HashMap<Flow, usize>,
    /// All savefiles, in the order of their numbers.
    files: Vec<FlowFile>,
    /// The open savefiles, in no particular order.
    open: Vec<OpenFile>,
    max_open: usize,
    /// The number of packets so far. Serves as a clock to find the savefile that was used least recently.
    clock: u64,
}

/// The savefile of a flow.
struct FlowFile {
    summary: SavefileSummary,
    state: State,
}

/// The state of a savefile.
#[derive(Clone, Copy)]
enum State {
    /// Not created yet.
    New,
    /// Open, at this index of `FlowSplitter::open`.
    Open(usize),
    /// Closed. More packets may be appended later.
    Complete,
    /// Closed after an error.
    Incomplete,
}

/// An open savefile.
struct OpenFile {
    dumper: Dumper,
    /// The number of the savefile.
    number: usize,
    /// The length that the savefile had before this dumper, in bytes, without its header.
    before: u64,
    /// The time of the last use, by `FlowSplitter::clock`.
    used: u64,
}

impl FlowSplitter {
    pub(crate) fn new(args: &Args, numbered_files: NumberedFiles) -> FlowSplitter {
        FlowSplitter {
            numbered_files,
            tracker: FlowTracker::default(),
            numbers: HashMap::new(),
            files: Vec::new(),
            open: Vec::new(),
            max_open: args.max_open.unwrap_or(200) as usize,
            clock: 0,
        }
    }

    /// Opens a savefile, and returns its index in `open`. Closes another savefile if too many are open.
    fn open(&mut self, capture: &Capture<Offline>, number: usize) -> Outcome<usize> {
        let (dumper, before) = loop {
            if self.open.len() >= self.max_open {
                let oldest = (0..self.open.len()).min_by_key(|&index| self.open[index].used);
                self.close_one(oldest.unwrap_or_default())?;
            }
            let FlowFile { summary, state } = &self.files[number];
            let length = summary.bytes;
            let opened = match state {
                State::New => self.numbered_files.create(capture, number),
                _ => self.reopen(capture, number, length),
            };
            match opened {
                // The limit of file descriptors is lower. Stay below it from now on.
                Err(Failure::TooManyOpen(_)) if !self.open.is_empty() => {
                    self.max_open = self.open.len();
                }
                opened => break (opened?, length.saturating_sub(HEADER)),
            }
        };
        let index = self.open.len();
        self.open.push(OpenFile {
            dumper,
            number,
            before,
            used: 0,
        });
        self.files[number].state = State::Open(index);
        Ok(index)
    }

    /// Reopens a savefile to append packets.
    ///
    /// `Capture::dump_append` would read the whole savefile to check its last record. This program wrote the savefile,
    /// so checking its length is enough.
    fn reopen(&self, capture: &Capture<Offline>, number: usize, length: u64) -> Outcome<Dumper> {
        let path = self.numbered_files.path(number);
        let text = |why: String| format!("cannot append to `{}`: {why}", path.display());
        let fail = |e: io::Error| match is_too_many_open(&e) {
            true => Failure::TooManyOpen(text(e.to_string())),
            false => Failure::Text(text(e.to_string())),
        };
        let file = OpenOptions::new().append(true).open(&path);
        let file = file.map_err(fail)?;
        let found = file.metadata().map_err(fail)?.len();
        if found != length {
            let why = format!("expected {length} bytes, found {found}");
            return Err(Failure::Text(text(why)));
        }
        let header = HEADER as usize;
        let records = HeaderSkipper { file, header };
        Ok(capture.dump_to_named(records, path.display().to_string())?)
    }

    /// Closes the savefile at an index of `open`.
    fn close_one(&mut self, index: usize) -> Outcome {
        let open = self.open.swap_remove(index);
        if let Some(moved) = self.open.get(index) {
            self.files[moved.number].state = State::Open(index);
        }
        let file = &mut self.files[open.number];
        file.summary.bytes = open.before + open.dumper.position();
        let closed = open.dumper.close();
        file.state = match closed {
            Ok(()) => State::Complete,
            Err(_) => State::Incomplete,
        };
        Ok(closed?)
    }
}

impl Splitter for FlowSplitter {
    fn write(
        &mut self,
        capture: &Capture<Offline>,
        packet: Packet<'_>,
        _: &mut FileList,
    ) -> Outcome {
        let flow = self.tracker.flow(capture.datalink(), packet);
        let next = self.files.len();
        let number = *self.numbers.entry(flow.undirected()).or_insert(next);
        if number == next {
            let summary = SavefileSummary {
                flow: Some(flow),
                ..SavefileSummary::default()
            };
            self.files.push(FlowFile {
                summary,
                state: State::New,
            });
        }
        let index = match self.files[number].state {
            State::Open(index) => index,
            _ => self.open(capture, number)?,
        };
        self.clock += 1;
        let open = &mut self.open[index];
        open.used = self.clock;
        open.dumper.write(packet)?;
        self.files[number].summary.count(packet);
        Ok(())
    }

    fn flush(&mut self) {
        for open in &mut self.open {
            let _ = open.dumper.flush();
        }
    }

    fn close(&mut self, list: &mut FileList) -> Outcome {
        let mut outcome = Ok(());
        while !self.open.is_empty() {
            let closed = self.close_one(self.open.len() - 1);
            outcome = outcome.and(closed);
        }
        for (number, file) in self.files.iter().enumerate() {
            match file.state {
                State::Complete => list.add(&file.summary, &self.numbered_files, number),
                State::Incomplete => list.incomplete += 1,
                State::New | State::Open(_) => {}
            }
        }
        outcome
    }
}

/// Writes records to a savefile that already has a header: skips the header that a new dumper writes.
struct HeaderSkipper {
    file: File,
    /// The number of header bytes that are still to be skipped.
    header: usize,
}

impl Write for HeaderSkipper {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.header > 0 {
            let skipped = self.header.min(bytes.len());
            self.header -= skipped;
            return Ok(skipped);
        }
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
