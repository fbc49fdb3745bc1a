//! Reads the packets, and passes them to a splitter.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use pcap_core::{Capture, CompileOptions, Filter, Offline, Packet};
use pcap_examples::exit::{Failure, Outcome};
use pcap_examples::savefile_reader::SavefileReader;
use pcap_examples::skipped_packets::SkippedPackets;
use pcap_examples::{savefile_writer, signals, stderr};

use crate::args::{Args, NAME};
use crate::file_list::FileList;

/// How often buffered packets are written out.
const FLUSH_INTERVAL: Duration = Duration::from_millis(500);

/// Distributes packets to savefiles.
pub(crate) trait Splitter: Send + 'static {
    /// Writes a packet to its savefile. Adds savefiles that are now complete to the list.
    fn write(
        &mut self,
        capture: &Capture<Offline>,
        packet: Packet<'_>,
        list: &mut FileList,
    ) -> Outcome;

    /// Writes out buffered packets. If this fails, writing the next packet returns the error.
    fn flush(&mut self);

    /// Closes and lists the remaining savefiles, as many as possible. Returns the first error.
    fn close(&mut self, list: &mut FileList) -> Outcome;
}

/// The state of the program. The loop over the packets may block in its input, so it shares the state with the threads
/// that flush and that handle signals.
struct SplitState<P> {
    splitter: P,
    list: FileList,
    /// The number of packets read.
    read: u64,
}

type Shared<P> = Arc<Mutex<SplitState<P>>>;

/// Locks the state.
fn lock<P>(state: &Shared<P>) -> MutexGuard<'_, SplitState<P>> {
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
                "{read} packets read, {packets} of them in {files} complete savefiles"
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
    let failed = |e| Failure::Text(format!("cannot start a thread: {e}"));
    watching.map(drop).map_err(failed)
}

/// Reads all packets, and passes those that the filter accepts to the splitter.
pub(crate) fn split(args: &Args, mut input: SavefileReader, splitter: impl Splitter) -> Outcome {
    let filter = args.filter.as_ref().map(|expression| {
        let options = CompileOptions::new();
        options.compile_for(input.capture(), expression)
    });
    let filter = filter.transpose()?;
    signals::break_on_end(input.capture().break_handle());
    let bar = input.bar().clone();
    let state = Arc::new(Mutex::new(SplitState {
        splitter,
        list: FileList::new(args, &bar),
        read: 0,
    }));
    watch_signals_and_clock(&state)?;
    let mut skipped = SkippedPackets::new(NAME, &bar);
    let end = loop {
        match input.advance() {
            Ok(true) => {}
            Ok(false) => break Ok(()),
            // The signal may have ended a pipe in the middle of a packet.
            Err(_) if signals::end_requested().is_some() => break Ok(()),
            Err(failure) => break Err(failure),
        }
        let Some(packet) = input.packet() else {
            break Ok(());
        };
        let mut state = lock(&state);
        let SplitState {
            splitter,
            list,
            read,
        } = &mut *state;
        *read += 1;
        let passes = |filter: &Filter| filter.matches_packet(packet);
        if !filter.as_ref().is_none_or(passes) {
            continue;
        }
        if let Err(why) = savefile_writer::check_time(packet) {
            skipped.count(*read, format_args!("cannot write the packet: {why}"));
            continue;
        }
        if let Err(failure) = splitter.write(input.capture(), packet, list) {
            break Err(failure);
        }
    };
    let mut state = lock(&state);
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
            "stopped after {read} packets: only these are written"
        ))),
    };
    let outcome = end.and(closed).and(stopped);
    let listed = list.finish(*read, skipped.packets(), outcome.as_ref().err());
    outcome.and(listed).and(skipped.outcome())
}
