//! Reads the packets of a savefile, in a thread of its own.

use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use indicatif::ProgressBar;
use pcap_core::pcapng::Block;
use pcap_core::{CompileOptions, Dlt, Filter};
use pcap_examples::block_reader::BlockReader;
use pcap_examples::exit::{Failure, Outcome};
use pcap_examples::link_filters::LinkFilters;
use pcap_examples::options::filter::Selection;
use pcap_examples::savefile_input::SavefileInput;
use pcap_examples::savefile_reader::SavefileReader;
use pcap_examples::{files, signals};

use crate::args::NAME;
use crate::filter_edit::reason;
use crate::source::{Source, State, current_second};

/// How often the thread looks for requests after the end of the savefile.
const INTERVAL: Duration = Duration::from_millis(20);

/// A savefile to read.
#[derive(Debug)]
pub(crate) struct Savefile {
    pub(crate) path: PathBuf,
    /// Whether to wait for more packets at its end.
    pub(crate) follow: bool,
    pub(crate) selection: Selection,
    /// Whether it is read again to find the packets of a conversation, which were counted already.
    pub(crate) is_searching: bool,
}

/// A request to the thread after the end of the savefile.
enum Request {
    /// Another filter.
    Filter(String),
    /// The packets of a conversation.
    Find,
}

/// Why reading has stopped.
enum Stopped {
    /// The program ends.
    End,
    /// The whole savefile was read.
    Eof,
    /// Another filter is requested, for which the savefile is read again.
    Again(String),
}

impl Savefile {
    /// Opens the savefile. Opening a FIFO waits for its writer.
    pub(crate) fn open(&self) -> Outcome<SavefileInput> {
        let bar = ProgressBar::hidden();
        signals::while_killable(|| SavefileInput::open_with(&self.path, bar))
    }

    /// Returns whether it is a regular file, and no pipe.
    pub(crate) fn is_regular(&self) -> bool {
        match self.path.as_os_str() == "-" {
            true => files::stdin().is_some_and(|file| files::is_regular(&file)),
            false => std::fs::metadata(&self.path).is_ok_and(|metadata| metadata.is_file()),
        }
    }

    /// Counts the packets of the open savefile until the source must end. With another filter, a regular file is read
    /// again from its start.
    pub(crate) fn read(mut self, source: &Source, input: SavefileInput) -> Outcome {
        // Standard input cannot be opened again at its start.
        let is_repeatable = self.is_regular() && self.path.as_os_str() != "-" && !self.follow;
        source.update(|status| status.is_repeatable = is_repeatable);
        let mut input = Some(input);
        let mut outcome = Ok(());
        loop {
            let stopped = match input.take() {
                Some(input) => self.read_once(source, input, is_repeatable),
                None => Ok(Stopped::Eof),
            };
            self.is_searching = false;
            let stopped = stopped.unwrap_or_else(|failure| {
                source.update(|status| status.state = State::Failed(failure.to_string()));
                outcome = Err(failure);
                Stopped::Eof
            });
            let expression = match stopped {
                Stopped::End => return outcome,
                Stopped::Again(expression) => Some(expression),
                Stopped::Eof => {
                    source.update(|status| {
                        if status.state == State::Running {
                            status.state = State::AtEnd;
                        }
                    });
                    match wait_for_request(source) {
                        Some(Request::Find) => {
                            self.is_searching = true;
                            // If it cannot be opened, nothing is found.
                            input = self.open().ok();
                            continue;
                        }
                        Some(Request::Filter(expression)) => Some(expression),
                        None => None,
                    }
                }
            };
            let Some(expression) = expression else {
                return outcome;
            };
            if !is_repeatable {
                source.answer(&expression, Err(self.refusal()));
                continue;
            }
            if let Err(error) = check(source, &expression) {
                source.answer(&expression, Err(error));
                continue;
            }
            match self.open() {
                Ok(opened) => input = Some(opened),
                Err(failure) => {
                    source.answer(&expression, Err(failure.to_string()));
                    continue;
                }
            }
            self.selection.expression.clone_from(&expression);
            outcome = Ok(());
            source.counter.lock().reset();
            source.update(|status| {
                status.state = State::Running;
                status.received = Default::default();
            });
            source.answer(&expression, Ok(()));
        }
    }

    /// Returns why the savefile cannot be read again with another filter.
    fn refusal(&self) -> String {
        let what = match self.path.as_os_str() == "-" {
            true => "standard input".to_owned(),
            false => format!("`{}`", self.path.display()),
        };
        format!("cannot set the filter: {what} cannot be read again")
    }

    fn read_once(&self, source: &Source, input: SavefileInput, again: bool) -> Outcome<Stopped> {
        let handle = input.break_handle();
        signals::break_on_end(handle.clone());
        source.set_handle(handle);
        match input {
            SavefileInput::Packets(input) => self.read_packets(source, input, again),
            SavefileInput::Blocks(input) => self.read_blocks(source, input, again),
        }
    }

    /// Reads a classic savefile.
    fn read_packets(
        &self,
        source: &Source,
        mut input: SavefileReader,
        again: bool,
    ) -> Outcome<Stopped> {
        if self.follow {
            input.capture_mut().follow(true)?;
        }
        let linktype = input.capture().datalink();
        source.update(|status| status.linktypes = vec![linktype]);
        if !self.selection.is_all() {
            let selection = self.selection.source();
            input.capture_mut().set_filter(selection)?;
        }
        loop {
            let has_packet = input.advance()?;
            if source.must_end() || signals::end_noticed() {
                return Ok(Stopped::End);
            }
            if let (true, Some(packet)) = (has_packet, input.packet()) {
                self.count(source, linktype, packet, true);
            }
            match source.is_edited().then(|| source.take_request()).flatten() {
                Some(expression) if again => return Ok(Stopped::Again(expression)),
                Some(expression) => {
                    let filter = (expression.as_str(), self.selection.options);
                    let set = input.capture_mut().set_filter(filter);
                    source.answer(&expression, set.map_err(reason));
                }
                None if !has_packet && !self.follow => return Ok(Stopped::Eof),
                None => {}
            }
        }
    }

    /// Reads a pcapng savefile.
    fn read_blocks(
        &self,
        source: &Source,
        mut input: BlockReader,
        again: bool,
    ) -> Outcome<Stopped> {
        if self.follow {
            input.reader_mut().follow(true)?;
        }
        source.update(|status| status.linktypes.clear());
        let mut filters = LinkFilters::new(NAME, self.selection.clone());
        let bar = ProgressBar::hidden();
        loop {
            let block = input.next_block()?;
            if source.must_end() || signals::end_noticed() {
                return Ok(Stopped::End);
            }
            let is_over = block.is_none();
            match block {
                Some(Block::Interface(interface)) => {
                    filters.add(interface.linktype(), interface.as_raw().endian())?;
                    let linktype = Dlt::from(interface.linktype());
                    source.update(|status| {
                        if !status.linktypes.contains(&linktype) {
                            status.linktypes.push(linktype);
                        }
                    });
                }
                Some(Block::Packet(block)) => {
                    let (linktype, packet) = (block.linktype(), block.packet());
                    if filters.accepts(linktype, block.as_raw().endian(), packet, &bar) {
                        let has_time = block.timestamp().is_some();
                        self.count(source, linktype.into(), packet, has_time);
                    }
                }
                _ => {}
            }
            match source.is_edited().then(|| source.take_request()).flatten() {
                Some(expression) if again => return Ok(Stopped::Again(expression)),
                Some(expression) => {
                    let checked = check(source, &expression);
                    if checked.is_ok() {
                        let selection = Selection {
                            expression: expression.clone(),
                            options: self.selection.options,
                        };
                        filters = LinkFilters::new(NAME, selection);
                    }
                    source.answer(&expression, checked);
                }
                None if is_over && !self.follow => return Ok(Stopped::Eof),
                None => {}
            }
        }
    }

    fn count(&self, source: &Source, linktype: Dlt, packet: pcap_core::Packet<'_>, has_time: bool) {
        let second = match has_time {
            true => packet.timestamp().secs(),
            false => current_second(),
        };
        let mut counting = source.counter.lock();
        if self.is_searching {
            counting.find(linktype, packet, has_time);
            return;
        }
        source.update(|status| status.received.add(packet.wire_len()));
        counting.count(linktype, packet, second, has_time);
        source.counter.hand_over(&mut counting);
    }
}

/// Waits for a request after the end of the savefile. Returns `None` if the source must end.
fn wait_for_request(source: &Source) -> Option<Request> {
    loop {
        if source.must_end() || signals::end().is_some() {
            return None;
        }
        if let Some(expression) = source.take_request() {
            return Some(Request::Filter(expression));
        }
        if source.take_find() {
            return Some(Request::Find);
        }
        thread::sleep(INTERVAL);
    }
}

/// Compiles an expression for the link types of the savefile, of which one must suit it.
fn check(source: &Source, expression: &str) -> Result<(), String> {
    let linktypes = source.status().linktypes;
    let compile = |dlt: &Dlt| compile(source.compile_options, *dlt, expression);
    let mut failed = None;
    for dlt in &linktypes {
        match compile(dlt) {
            Ok(_) => return Ok(()),
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    match failed {
        Some(error) => Err(reason(error)),
        None => compile(&Dlt::EN10MB).map(drop).map_err(reason),
    }
}

fn compile(options: CompileOptions, dlt: Dlt, expression: &str) -> Outcome<Filter> {
    options.compile(dlt, expression).map_err(Failure::from)
}
