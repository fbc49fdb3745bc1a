//! Splits by flow: writes a savefile for each flow.

use std::collections::HashMap;
use std::fs::OpenOptions;
use std::io;
use std::path::PathBuf;

use pcap_core::pcapng::{BlockBuf, RawBlock};
use pcap_core::{Dlt, Timestamp};
use pcap_examples::exit::{Failure, Outcome};
use pcap_examples::files::is_too_many_open;
use pcap_examples::flow::{Flow, FlowTracker};
use pcap_examples::numbered_files;
use pcap_examples::safe_files;
use pcap_examples::savefile_summary::SavefileSummary;

use crate::args::Args;
use crate::file_list::FileList;
use crate::names::{Named, Names};
use crate::part::{Begun, Head, Item, Part};
use crate::split::Splitter;

/// Writes a savefile for each flow. Only some savefiles are open at the same time.
pub(crate) struct FlowSplitter {
    names: Names,
    /// The maximum number of savefiles. The last one gets the packets of all further flows.
    max_files: usize,
    tracker: FlowTracker,
    /// The numbers of the savefiles, by flow.
    numbers: HashMap<Flow, usize>,
    /// All savefiles, in the order of their numbers.
    files: Vec<FlowFile>,
    /// The open savefiles, in no particular order.
    open: Vec<OpenFile>,
    max_open: usize,
    /// The savefile of the last packet, to which blocks without a packet go.
    last: Option<usize>,
    /// The blocks before the first savefile.
    waiting: Vec<BlockBuf>,
    /// The number of packets so far. Serves as a clock to find the savefile that was used least recently.
    clock: u64,
}

/// The savefile of a flow.
struct FlowFile {
    path: PathBuf,
    summary: SavefileSummary,
    state: State,
    /// How much of the preamble it had when it was closed.
    begun: Begun,
    /// The length of the file when it was closed, if it is compressed.
    compressed: Option<u64>,
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
    part: Part,
    /// The number of the savefile.
    number: usize,
    /// The length that the savefile had before it was reopened, in bytes, without what is skipped.
    before: u64,
    /// The time of the last use, by `FlowSplitter::clock`.
    used: u64,
}

impl FlowSplitter {
    pub(crate) fn new(args: &Args, names: Names) -> FlowSplitter {
        FlowSplitter {
            names,
            max_files: args.max_files(),
            tracker: FlowTracker::new(args.ignore_vlan),
            numbers: HashMap::new(),
            files: Vec::new(),
            open: Vec::new(),
            max_open: args.max_open.unwrap_or(200) as usize,
            last: None,
            waiting: Vec::new(),
            clock: 0,
        }
    }

    /// Returns the number of the savefile for a flow.
    fn number(&mut self, flow: Flow, time: Option<Timestamp>) -> Outcome<usize> {
        let key = flow.undirected();
        if let Some(&number) = self.numbers.get(&key) {
            return Ok(number);
        }
        let next = self.files.len();
        if next == self.max_files {
            return Ok(next - 1);
        }
        let flow = match next + 1 == self.max_files {
            true => None,
            false => Some(flow),
        };
        let named = Named {
            number: next,
            time,
            flow: flow.as_ref(),
        };
        let path = self.names.choose(named)?;
        if flow.is_some() {
            self.numbers.insert(key, next);
        }
        self.files.push(FlowFile {
            path,
            summary: SavefileSummary {
                flow,
                ..SavefileSummary::default()
            },
            state: State::New,
            begun: Begun::default(),
            compressed: None,
        });
        Ok(next)
    }

    /// Opens a savefile, and returns its index in `open`. Closes another savefile if too many are open.
    fn open(&mut self, head: Head<'_>, number: usize) -> Outcome<usize> {
        let (part, before) = loop {
            if self.open.len() >= self.max_open {
                let oldest = (0..self.open.len()).min_by_key(|&index| self.open[index].used);
                self.close_one(oldest.unwrap_or_default())?;
            }
            let file = &self.files[number];
            let (length, begun) = (file.summary.bytes, file.begun);
            let opened = match file.state {
                State::New => {
                    let compression = self.names.compression();
                    let create = |file, name| Part::create(head, file, name, compression);
                    self.names.create(&file.path, create)
                }
                _ => self.reopen(head, number, file.compressed.unwrap_or(length), begun),
            };
            match opened {
                // The limit of file descriptors is lower. Stay below it from now on.
                Err(Failure::TooManyOpen(_)) if !self.open.is_empty() => {
                    self.max_open = self.open.len();
                }
                opened => {
                    let before = length.saturating_sub(head.written_again(begun));
                    break (opened?, before);
                }
            }
        };
        let index = self.open.len();
        self.open.push(OpenFile {
            part,
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
    fn reopen(&self, head: Head<'_>, number: usize, length: u64, begun: Begun) -> Outcome<Part> {
        let path = &self.files[number].path;
        let text = |why: String| format!("cannot append to `{}`: {why}", path.display());
        let fail = |e: io::Error| match is_too_many_open(&e) {
            true => Failure::TooManyOpen(text(e.to_string())),
            false => Failure::Text(text(e.to_string())),
        };
        let file = safe_files::open(path, OpenOptions::new().append(true));
        let file = file.map_err(fail)?;
        let found = file.metadata().map_err(fail)?.len();
        if found != length {
            let why = format!("expected {length} bytes, found {found}");
            return Err(Failure::Text(text(why)));
        }
        let compression = self.names.compression();
        Part::reopen(head, file, path.display().to_string(), begun, compression)
    }

    /// Returns an open savefile, after opening it if necessary. The first one gets the waiting blocks.
    fn part(&mut self, head: Head<'_>, number: usize) -> Outcome<&mut Part> {
        let index = match self.files[number].state {
            State::Open(index) => index,
            _ => self.open(head, number)?,
        };
        self.clock += 1;
        let open = &mut self.open[index];
        open.used = self.clock;
        open.part.begin(head, &mut self.waiting)?;
        Ok(&mut open.part)
    }

    /// Closes the savefile at an index of `open`.
    fn close_one(&mut self, index: usize) -> Outcome {
        let open = self.open.swap_remove(index);
        if let Some(moved) = self.open.get(index) {
            self.files[moved.number].state = State::Open(index);
        }
        let file = &mut self.files[open.number];
        file.summary.bytes = open.before + open.part.position();
        file.begun = open.part.begun();
        let closed = open.part.close();
        file.state = match closed {
            Ok(_) => State::Complete,
            Err(_) => {
                numbered_files::remove_if_empty(&file.path);
                State::Incomplete
            }
        };
        file.compressed = closed?;
        Ok(())
    }
}

impl Splitter for FlowSplitter {
    fn write(&mut self, head: Head<'_>, item: &Item<'_>, _: &mut FileList) -> Outcome {
        let flow = self.tracker.flow(Dlt::from(item.linktype), item.packet);
        let number = self.number(flow, item.time)?;
        let part = self.part(head, number)?;
        part.write(head, item)?;
        self.files[number].summary.count_at(item.time);
        self.last = Some(number);
        Ok(())
    }

    fn write_block(
        &mut self,
        head: Head<'_>,
        block: RawBlock<'_>,
        is_in_preamble: bool,
    ) -> Outcome {
        match self.last {
            Some(_) if is_in_preamble => Ok(()),
            Some(number) => self.part(head, number)?.write_block(head, block),
            None => {
                self.waiting.push(block.into());
                Ok(())
            }
        }
    }

    fn end(&mut self, head: Head<'_>) -> Outcome {
        match self.last {
            Some(number) => self.part(head, number)?.sync(head),
            None => Ok(()),
        }
    }

    fn flush(&mut self) {
        for open in &mut self.open {
            let _ = open.part.flush();
        }
    }

    fn close(&mut self, list: &mut FileList) -> Outcome {
        let mut outcome = Ok(());
        while !self.open.is_empty() {
            let closed = self.close_one(self.open.len() - 1);
            outcome = outcome.and(closed);
        }
        for file in &self.files {
            match file.state {
                State::Complete => list.add(&file.summary, &file.path),
                State::Incomplete => list.incomplete += 1,
                State::New | State::Open(_) => {}
            }
        }
        outcome
    }
}
