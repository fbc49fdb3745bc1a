//! The state of the program while it splits.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use indicatif::ProgressBar;
use pcap_core::pcapng::RawBlock;
use pcap_examples::commented_packets::CommentedPackets;
use pcap_examples::counted::{self, counted};
use pcap_examples::exit::{Failure, Outcome};
use pcap_examples::skipped_packets::SkippedPackets;
use pcap_examples::{signals, stderr};

use crate::args::Args;
use crate::file_list::FileList;
use crate::part::{Head, Item};

/// How often buffered packets are written out.
const FLUSH_INTERVAL: Duration = Duration::from_millis(500);

/// Distributes packets to savefiles.
pub(crate) trait Splitter: Send + 'static {
    /// Writes a packet to its savefile. Adds savefiles that are now complete to the list.
    fn write(&mut self, head: Head<'_>, item: &Item<'_>, list: &mut FileList) -> Outcome;

    /// Writes a block without a packet to the savefile of the last packet, unless it belongs to the preamble, which is
    /// written when it is needed. The first savefile gets all blocks before its first packet.
    fn write_block(&mut self, head: Head<'_>, block: RawBlock<'_>, is_in_preamble: bool)
    -> Outcome;

    /// Writes the rest of the preamble to the savefile of the last packet, at the end of the input.
    fn end(&mut self, head: Head<'_>) -> Outcome;

    /// Writes out buffered packets. If this fails, writing the next packet returns the error.
    fn flush(&mut self);

    /// Closes and lists the remaining savefiles, as many as possible. Returns the first error.
    fn close(&mut self, list: &mut FileList) -> Outcome;
}

/// The state of the program. The loop over the packets may block in its input, so it shares the state with the threads
/// that flush and that handle signals.
pub(crate) struct SplitState<P> {
    pub(crate) splitter: P,
    pub(crate) list: FileList,
    /// The number of packets read.
    pub(crate) read: u64,
}

pub(crate) type Shared<P> = Arc<Mutex<SplitState<P>>>;

/// Locks the state.
pub(crate) fn lock<P>(state: &Shared<P>) -> MutexGuard<'_, SplitState<P>> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Starts to write out buffered packets regularly and on SIGUSR2, and to print the progress on SIGUSR1.
fn watch_signals_and_clock<P: Splitter>(state: &Shared<P>) -> Outcome {
    let [clock, report, flush] = [(); 3].map(|()| Arc::clone(state));
    signals::on_report(move || {
        let state = lock(&report);
        let SplitState { list, read, .. } = &*state;
        let (packets, files) = (list.packets, list.files);
        list.bar.suspend(|| {
            stderr::print_line(format_args!(
                "{} read, {packets} of them in {}",
                counted::packets(*read),
                counted(files as u64, "complete savefile")
            ));
        });
    });
    signals::on_flush(move || lock(&flush).splitter.flush());
    let watching = thread::Builder::new().spawn(move || {
        loop {
            thread::sleep(FLUSH_INTERVAL);
            lock(&clock).splitter.flush();
        }
    });
    let failed = |e| Failure::no_thread(&e);
    watching.map(drop).map_err(failed)
}

/// Begins to split.
pub(crate) fn begin<P: Splitter>(
    args: &Args,
    bar: &ProgressBar,
    splitter: P,
) -> Outcome<Shared<P>> {
    let state = Arc::new(Mutex::new(SplitState {
        splitter,
        list: FileList::new(args, bar),
        read: 0,
    }));
    watch_signals_and_clock(&state)?;
    Ok(state)
}

/// Closes the savefiles, and prints the totals. `end` is the outcome of reading and writing.
pub(crate) fn finish<P: Splitter>(
    state: &Shared<P>,
    bar: &ProgressBar,
    skipped: &SkippedPackets<'_>,
    comments: &CommentedPackets,
    end: Outcome,
) -> Outcome {
    let mut state = lock(state);
    let SplitState {
        splitter,
        list,
        read,
    } = &mut *state;
    let closed = splitter.close(list);
    bar.finish_and_clear();
    let stopped = match signals::end_requested() {
        None => Ok(()),
        Some(_) => Err(Failure::Text(format!(
            "stopped after {}: nothing else is written",
            counted::packets(*read)
        ))),
    };
    let outcome = end
        .and(closed)
        .and(stopped)
        .and(skipped.outcome())
        .and(comments.check());
    list.finish(*read, skipped.packets(), outcome)
}
