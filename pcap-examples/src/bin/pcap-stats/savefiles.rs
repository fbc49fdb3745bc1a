//! Counts the packets of savefiles, several at a time.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use indicatif::ProgressBar;
use pcap_core::pcapng::Block;
use pcap_examples::block_reader::BlockReader;
use pcap_examples::exit::{Failure, Outcome};
use pcap_examples::link_filters::LinkFilters;
use pcap_examples::options::input::Input;
use pcap_examples::options::range::PacketRange;
use pcap_examples::packet_counter::PacketCounter;
use pcap_examples::savefile_input::SavefileInput;
use pcap_examples::savefile_reader::SavefileReader;
use pcap_examples::traffic::Traffic;
use pcap_examples::{counted, files, progress, signals, stderr};

use crate::args::{Args, NAME};
use crate::tables;

/// Counts the packets of all savefiles. If a file is damaged, counts the packets before the damage, and continues with
/// the next file.
pub(crate) fn count(args: &Args, input: &Input) -> (Traffic, Outcome) {
    let counters = Counters::default();
    let report = counters.clone();
    signals::on_report(move || {
        let packets = counted::packets(report.sum());
        stderr::print_line(format_args!("{packets} read"));
    });
    let work = Work {
        args,
        input,
        bar: progress::byte_bar(total_length(input)),
        counters,
        next: AtomicUsize::new(0),
        done: Mutex::new(Done {
            traffic: Traffic::new(tables::limits(args)),
            outcome: Ok(()),
            next: 0,
            waiting: BTreeMap::new(),
        }),
    };
    // Numbers of packets count on in the next file, so that one cannot be read before the other.
    let is_sequential = args.limit.is_some() || !args.range.start().is_all();
    if is_sequential {
        work.count_in_order();
    } else {
        let threads = thread::available_parallelism().map_or(1, NonZero::get);
        thread::scope(|scope| {
            for _ in 1..threads.min(input.files.len()) {
                // If there cannot be another thread, the ones that exist read all files.
                let _ = thread::Builder::new().spawn_scoped(scope, || work.count_until_end());
            }
            work.count_until_end();
        });
    }
    work.bar.finish_and_clear();
    let done = work.done.into_inner();
    let done = done.unwrap_or_else(PoisonError::into_inner);
    (done.traffic, done.outcome)
}

/// Returns the length of all files together, if all are regular files.
fn total_length(input: &Input) -> Option<u64> {
    input.files.iter().map(|path| files::length(path)).sum()
}

/// What the threads share.
struct Work<'a> {
    args: &'a Args,
    input: &'a Input,
    bar: ProgressBar,
    counters: Counters,
    /// The index of the next file to read.
    next: AtomicUsize,
    done: Mutex<Done>,
}

/// The numbers of packets that the threads have read, which SIGUSR1 prints.
#[derive(Clone, Default)]
struct Counters(Arc<Mutex<Vec<Arc<PacketCounter>>>>);

impl Counters {
    /// Adds a counter for one more thread.
    fn add(&self) -> Arc<PacketCounter> {
        let counter = Arc::new(PacketCounter::default());
        self.lock().push(Arc::clone(&counter));
        counter
    }

    fn sum(&self) -> u64 {
        self.lock().iter().map(|counter| counter.get()).sum()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Arc<PacketCounter>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The counts of the files that were read, in the order of the files.
struct Done {
    traffic: Traffic,
    outcome: Outcome,
    /// The index of the next file to add.
    next: usize,
    /// The counts of files after one that is still being read.
    waiting: BTreeMap<usize, (Traffic, Outcome)>,
}

impl Done {
    /// Adds the counts of a file. The order of files does not depend on which was read first.
    fn add(&mut self, index: usize, counted: (Traffic, Outcome)) {
        self.waiting.insert(index, counted);
        while let Some((traffic, outcome)) = self.waiting.remove(&self.next) {
            self.next += 1;
            match self.traffic.totals().packets {
                // Merging would count everything again.
                0 => self.traffic = traffic,
                _ => self.traffic.merge(traffic),
            }
            if let Err(failure) = outcome {
                failure.report(NAME);
                self.outcome = Err(Failure::Reported);
            }
        }
    }
}

impl Work<'_> {
    fn count_until_end(&self) {
        let counter = self.counters.add();
        let mut number = 0;
        loop {
            let index = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(path) = self.input.files.get(index) else {
                return;
            };
            let mut counting = Counting::new(self.args, Arc::clone(&counter));
            counting.number = number;
            let outcome = counting.count(self, path);
            number = counting.number;
            self.add(index, (counting.traffic, outcome));
        }
    }

    /// Counts one file after the other. The numbers of packets count on.
    fn count_in_order(&self) {
        let mut counting = Counting::new(self.args, self.counters.add());
        for (index, path) in self.input.files.iter().enumerate() {
            let outcome = match counting.is_over() {
                true => Ok(()),
                false => counting.count(self, path),
            };
            let traffic = std::mem::replace(
                &mut counting.traffic,
                Traffic::new(tables::limits(self.args)),
            );
            self.add(index, (traffic, outcome));
        }
    }

    fn add(&self, index: usize, counted: (Traffic, Outcome)) {
        let mut done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        self.bar.suspend(|| done.add(index, counted));
    }
}

/// The counts of one thread.
struct Counting {
    traffic: Traffic,
    range: PacketRange,
    /// The number of packets read, with those that are not selected.
    number: u64,
    /// The same number, for SIGUSR1.
    counter: Arc<PacketCounter>,
    /// The number of packets that may still be counted.
    left: u64,
}

impl Counting {
    fn new(args: &Args, counter: Arc<PacketCounter>) -> Counting {
        Counting {
            counter,
            traffic: Traffic::new(tables::limits(args)),
            range: args.range.start(),
            number: 0,
            left: args.limit.unwrap_or(u64::MAX),
        }
    }

    /// Returns whether no further packet can be selected.
    fn is_over(&self) -> bool {
        self.left == 0 || self.range.is_over(self.number)
    }

    fn count(&mut self, work: &Work<'_>, path: &Path) -> Outcome {
        if signals::end_requested().is_some() {
            let text = format!("stopped before `{}`", path.display());
            return Err(Failure::Text(text));
        }
        // Opening a FIFO blocks until its other end is opened.
        let input = signals::while_killable(|| SavefileInput::open_with(path, work.bar.clone()))?;
        signals::break_on_end(input.break_handle());
        let counted = match input {
            SavefileInput::Packets(input) => self.count_packets(work, path, input),
            SavefileInput::Blocks(input) => self.count_blocks(work, path, input),
        };
        match signals::end_requested() {
            // Ignore an error of reading: the signal may have truncated the last packet of a pipe.
            Some(_) => {
                let text = format!("stopped before the end of `{}`", path.display());
                Err(Failure::Text(text))
            }
            None => counted,
        }
    }

    /// Counts the packets of a classic savefile.
    fn count_packets(
        &mut self,
        work: &Work<'_>,
        path: &Path,
        mut input: SavefileReader,
    ) -> Outcome {
        let failure = |why: Failure| filter_failure(path, &why);
        let selection = &work.input.selection;
        let linktype = input.capture().datalink();
        let is_simple = self.range.is_all() && self.left == u64::MAX;
        let mut filter = None;
        if !selection.is_all() {
            filter = Some(selection.compile_for(input.capture()).map_err(failure)?);
        }
        let (_, outcome) = input.for_each_packet(|_, packet| {
            self.number += 1;
            self.counter.set(self.number);
            if !is_simple && !self.range.selects(self.number, Some(packet.timestamp())) {
                return Ok(self.flow());
            }
            if let Some(filter) = &filter
                && !filter.matches_packet(packet)
            {
                return Ok(self.flow());
            }
            self.traffic.count(linktype, packet);
            if is_simple {
                return Ok(ControlFlow::Continue(()));
            }
            self.left -= 1;
            Ok(self.flow())
        });
        outcome
    }

    /// Returns whether to go on reading.
    fn flow(&self) -> ControlFlow<()> {
        match self.is_over() {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    }

    /// Counts the packets of a pcapng savefile.
    fn count_blocks(&mut self, work: &Work<'_>, path: &Path, mut input: BlockReader) -> Outcome {
        let mut filters = LinkFilters::new(NAME, work.input.selection.clone());
        while let Some(block) = input.next_block()? {
            let endian = block.as_raw().endian();
            match block {
                Block::Interface(interface) => {
                    let added = filters.add(interface.linktype(), endian);
                    added.map_err(|error| filter_failure(path, &error))?;
                }
                Block::Packet(block) => {
                    let (linktype, packet, time) =
                        (block.linktype(), block.packet(), block.timestamp());
                    self.number += 1;
                    self.counter.set(self.number);
                    if self.range.selects(self.number, time)
                        && filters.accepts(linktype, endian, packet, &work.bar)
                    {
                        match time {
                            Some(_) => self.traffic.count(linktype.into(), packet),
                            None => self.traffic.count_without_time(linktype.into(), packet),
                        }
                        self.left -= 1;
                    }
                    if self.is_over() {
                        return Ok(());
                    }
                }
                _ => {}
            }
        }
        let compiled = filters.outcome();
        compiled.map_err(|error| filter_failure(path, &error))
    }
}

/// Names the file in an error of compiling the filter.
fn filter_failure(path: &Path, failure: &Failure) -> Failure {
    Failure::Text(format!("cannot filter `{}`: {failure}", path.display()))
}
