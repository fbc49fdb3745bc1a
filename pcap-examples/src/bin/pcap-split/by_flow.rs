//! Splits into a savefile for each flow.

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

/// The length of a savefile's header.
const HEADER: u64 = 24;

/// A savefile for each flow. Some of them are open.
pub(crate) struct FlowSplitter {
    numbered_files: NumberedFiles,
    tracker: FlowTracker,
    numbers: HashMap<Flow, usize>,
    files: Vec<FlowFile>,
    open: Vec<OpenFile>,
    max_open: usize,
    /// The number of packets, as a clock to find the savefile that was used least recently.
    clock: u64,
}

struct FlowFile {
    summary: SavefileSummary,
    state: State,
}

#[derive(Clone, Copy)]
enum State {
    /// It is not created yet.
    New,
    /// It is open, at this index.
    Open(usize),
    /// It has all its packets.
    Complete,
    /// It could not be completed.
    Incomplete,
}

struct OpenFile {
    dumper: Dumper,
    number: usize,
    /// The bytes that were in the savefile before this dumper.
    before: u64,
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

    /// Opens a savefile. Closes another one at the limit.
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
                // The limit of descriptors is lower. Stay below it from now on.
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

    /// Reopens a savefile. `dump_append` would read all of it to check its last record; its length is enough, because
    /// this program wrote it.
    fn reopen(&self, capture: &Capture<Offline>, number: usize, length: u64) -> Outcome<Dumper> {
        let path = self.numbered_files.path(number);
        let text = |why: String| format!("cannot append to `{}`: {why}", path.display());
        let fail = |e: io::Error| match is_too_many_open(&e) {
            true => Failure::TooManyOpen(text(e.to_string())),
            false => Failure::Text(text(e.to_string())),
        };
        let file = OpenOptions::new().append(true).open(&path);
        let file = file.map_err(fail)?;
        let there = file.metadata().map_err(fail)?.len();
        if there != length {
            let why = format!("expected {length} bytes, found {there}");
            return Err(Failure::Text(text(why)));
        }
        let header = HEADER as usize;
        let records = HeaderSkipper { file, header };
        Ok(capture.dump_to_named(records, path.display().to_string())?)
    }

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

/// The writer of a savefile that already has its header.
struct HeaderSkipper {
    file: File,
    /// The number of bytes of the header that are still to be skipped.
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
