//! A savefile for each flow.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};

use pcap_core::{Capture, Dumper, Offline, Packet};
use pcap_examples::exit::{Failure, Outcome};
use pcap_examples::files::is_too_many_open;
use pcap_examples::flow::{Flow, Tracker};
use pcap_examples::names::Names;
use pcap_examples::summary::Summary;

use crate::args::Args;
use crate::list::List;
use crate::work::Pieces;

/// The length of a savefile's header.
const HEADER: u64 = 24;

/// A savefile for each flow, of which some are open.
pub(crate) struct Flows {
    names: Names,
    tracker: Tracker,
    numbers: HashMap<Flow, usize>,
    files: Vec<FlowFile>,
    open: Vec<Open>,
    most: usize,
    /// How many packets were taken: the clock by which the one that was used last is known.
    clock: u64,
}

struct FlowFile {
    summary: Summary,
    state: State,
}

#[derive(Clone, Copy)]
enum State {
    /// It was not created so far.
    New,
    /// At this place in those that are open.
    Open(usize),
    /// All its packets are in it.
    Complete,
    /// It could not be completed.
    Incomplete,
}

struct Open {
    dumper: Dumper,
    number: usize,
    /// Bytes that the dumper does not know of, since it began with the savefile as it was.
    before: u64,
    used: u64,
}

impl Flows {
    pub(crate) fn new(args: &Args, names: Names) -> Flows {
        Flows {
            names,
            tracker: Tracker::default(),
            numbers: HashMap::new(),
            files: Vec::new(),
            open: Vec::new(),
            most: args.max_open.unwrap_or(200) as usize,
            clock: 0,
        }
    }

    /// Opens a savefile, for which another is closed if there are enough.
    fn open(&mut self, capture: &Capture<Offline>, number: usize) -> Outcome<usize> {
        let (dumper, before) = loop {
            if self.open.len() >= self.most {
                let oldest = (0..self.open.len()).min_by_key(|&place| self.open[place].used);
                self.close_one(oldest.unwrap_or_default())?;
            }
            let FlowFile { summary, state } = &self.files[number];
            let length = summary.bytes;
            let opened = match state {
                State::New => self.names.create(capture, number),
                _ => self.reopen(capture, number, length),
            };
            match opened {
                // There are fewer descriptors than that, and no more are tried from now on.
                Err(Failure::TooManyOpen(_)) if !self.open.is_empty() => {
                    self.most = self.open.len();
                }
                opened => break (opened?, length.saturating_sub(HEADER)),
            }
        };
        let place = self.open.len();
        self.open.push(Open {
            dumper,
            number,
            before,
            used: 0,
        });
        self.files[number].state = State::Open(place);
        Ok(place)
    }

    /// Opens a savefile that was closed. `dump_append` would walk it, however long it is, to see
    /// whether its last record is whole: it is ours, so its length tells.
    fn reopen(&self, capture: &Capture<Offline>, number: usize, length: u64) -> Outcome<Dumper> {
        let path = self.names.path(number);
        let text = |why: String| format!("cannot append to `{}`: {why}", path.display());
        let fail = |e: io::Error| match is_too_many_open(&e) {
            true => Failure::TooManyOpen(text(e.to_string())),
            false => Failure::Text(text(e.to_string())),
        };
        let file = OpenOptions::new().append(true).open(&path);
        let file = file.map_err(fail)?;
        let there = file.metadata().map_err(fail)?.len();
        if there != length {
            let why = format!("it has {there} bytes, and {length} were written");
            return Err(Failure::Text(text(why)));
        }
        let header = HEADER as usize;
        Ok(capture.dump_to(Records { file, header })?)
    }

    fn close_one(&mut self, place: usize) -> Outcome {
        let open = self.open.swap_remove(place);
        if let Some(moved) = self.open.get(place) {
            self.files[moved.number].state = State::Open(place);
        }
        let file = &mut self.files[open.number];
        file.summary.bytes = open.before + open.dumper.position();
        let closed = open.dumper.close();
        file.state = match closed {
            Ok(()) => State::Complete,
            Err(_) => State::Incomplete,
        };
        closed.map_err(|error| self.names.named(error, open.number))
    }
}

impl Pieces for Flows {
    fn take(&mut self, capture: &Capture<Offline>, packet: Packet<'_>, _: &mut List) -> Outcome {
        let flow = self.tracker.flow(capture.datalink(), packet);
        let next = self.files.len();
        let number = *self.numbers.entry(flow.undirected()).or_insert(next);
        if number == next {
            let summary = Summary {
                flow: Some(flow),
                ..Summary::default()
            };
            self.files.push(FlowFile {
                summary,
                state: State::New,
            });
        }
        let place = match self.files[number].state {
            State::Open(place) => place,
            _ => self.open(capture, number)?,
        };
        self.clock += 1;
        let open = &mut self.open[place];
        open.used = self.clock;
        let written = open.dumper.write(packet);
        written.map_err(|error| self.names.named(error, number))?;
        self.files[number].summary.count(packet);
        Ok(())
    }

    fn flush(&mut self) {
        for open in &mut self.open {
            let _ = open.dumper.flush();
        }
    }

    fn close(&mut self, list: &mut List) -> Outcome {
        let mut outcome = Ok(());
        while !self.open.is_empty() {
            let closed = self.close_one(self.open.len() - 1);
            outcome = outcome.and(closed);
        }
        for (number, file) in self.files.iter().enumerate() {
            match file.state {
                State::Complete => list.file(&file.summary, &self.names, number),
                State::Incomplete => list.incomplete += 1,
                State::New | State::Open(_) => {}
            }
        }
        outcome
    }
}

/// A savefile that has its header already: takes what follows it.
struct Records {
    file: File,
    /// How many bytes of the header are still to come, and are left out.
    header: usize,
}

impl Write for Records {
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
