//! Counts the packets of devices, with a thread for each.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread::{self, ScopedJoinHandle};
use std::time::{Duration, Instant};

use pcap_core::{Active, Capture, End, Next};
use pcap_examples::drain::drain_capture;
use pcap_examples::exit::{self, Failure, Outcome};
use pcap_examples::interface_counts::InterfaceCounts;
use pcap_examples::options::device::ChosenDevice;
use pcap_examples::progress::StatusLine;
use pcap_examples::traffic::Traffic;
use pcap_examples::{signals, stderr};

use crate::args::{Args, NAME};
use crate::live_report::LiveReport;
use crate::{outputs, tables};

/// How often the program checks whether it must end while no packets arrive.
const WAIT: Duration = Duration::from_millis(100);
/// The number of packets between two readings of the clock.
const CLOCK_INTERVAL: u32 = 64;
/// How often the counts of libpcap are read.
const UPDATE_INTERVAL: Duration = Duration::from_millis(100);

/// Counts the packets of devices until a limit or a request to end the program. A device that goes away does not end the
/// others.
pub(crate) fn count(
    args: &Args,
    devices: &[ChosenDevice],
) -> Outcome<(Traffic, LiveReport, Outcome)> {
    let open = |device: &ChosenDevice| device.activate(|options| Ok(options.activate()?));
    let captures: Vec<Capture<Active>> = devices.iter().map(open).collect::<Outcome<_>>()?;
    let handles: Vec<_> = captures.iter().map(Capture::break_handle).collect();
    handles.iter().cloned().for_each(signals::break_on_end);
    args.user.drop_privileges()?;
    outputs::check(args, &[])?;
    let report = LiveReport::new(devices.len());
    report.answer_signals(handles, args.source.timeout());
    let limits = Limits {
        left: args.limit.map(Mutex::new),
        deadline: args
            .duration
            .and_then(|duration| Instant::now().checked_add(duration)),
        has_ended: AtomicBool::new(false),
    };
    if !args.quiet {
        for (device, capture) in devices.iter().zip(&captures) {
            for line in device.announcement(capture) {
                stderr::print_message(NAME, line);
            }
        }
    }
    let mut line = StatusLine::new(!args.quiet);
    let mut outcome = Ok(());
    let counts: Vec<_> = thread::scope(|scope| {
        let mut threads = Vec::new();
        for (number, (device, capture)) in devices.iter().zip(captures).enumerate() {
            let counting = Counting::new(args, device, capture, number, &report);
            let limits = &limits;
            match thread::Builder::new().spawn_scoped(scope, move || counting.run(limits)) {
                Ok(thread) => threads.push(thread),
                Err(error) => {
                    outcome = Err(Failure::no_thread(&error));
                    limits.has_ended.store(true, Ordering::Relaxed);
                    break;
                }
            }
        }
        report.show_until_end(&mut line, &threads);
        threads.into_iter().map(ScopedJoinHandle::join).collect()
    });
    let mut traffic = Traffic::new(tables::limits(args));
    for counted in counts {
        let (counts, result) = counted.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        traffic.merge(counts);
        outcome = exit::both(outcome, result);
    }
    Ok((traffic, report, outcome))
}

/// When the capture ends.
struct Limits {
    /// The number of packets that may still be counted, on all devices together.
    left: Option<Mutex<u64>>,
    deadline: Option<Instant>,
    has_ended: AtomicBool,
}

impl Limits {
    /// Counts a packet, and returns whether it is within the limit.
    fn claim(&self) -> bool {
        let Some(left) = &self.left else {
            return true;
        };
        let mut left = left.lock().unwrap_or_else(PoisonError::into_inner);
        let is_within_limit = *left > 0;
        *left = left.saturating_sub(1);
        if *left == 0 {
            self.has_ended.store(true, Ordering::Relaxed);
        }
        is_within_limit
    }

    fn is_used_up(&self) -> bool {
        let left = self.left.as_ref();
        left.is_some_and(|left| *left.lock().unwrap_or_else(PoisonError::into_inner) == 0)
    }

    /// Returns how long to wait for packets, or `None` at the end.
    fn wait(&self, now: Instant) -> Option<Duration> {
        let left = self.deadline.map_or(Duration::MAX, |deadline| {
            deadline.saturating_duration_since(now)
        });
        let is_over = left.is_zero()
            || self.has_ended.load(Ordering::Relaxed)
            || signals::end_requested().is_some();
        (!is_over).then(|| left.min(WAIT))
    }
}

/// The counts of one device.
struct Counting<'a> {
    capture: Capture<Active>,
    traffic: Traffic,
    interface: InterfaceCounts,
    updated: Instant,
    /// The number of the device in the report.
    number: usize,
    report: &'a LiveReport,
}

impl<'a> Counting<'a> {
    fn new(
        args: &Args,
        device: &ChosenDevice,
        capture: Capture<Active>,
        number: usize,
        report: &'a LiveReport,
    ) -> Counting<'a> {
        Counting {
            capture,
            traffic: Traffic::new(tables::limits(args)),
            interface: InterfaceCounts::new(device.display_name()),
            updated: Instant::now(),
            number,
            report,
        }
    }

    fn run(mut self, limits: &Limits) -> (Traffic, Outcome) {
        let counted = self.count(limits);
        let drained = match &counted {
            Ok(true) if !limits.is_used_up() => self.drain(limits),
            _ => Ok(()),
        };
        let updated = self.update();
        let outcome = exit::both(exit::both(counted.map(drop), drained), updated);
        // Other devices may go on for long.
        let outcome = outcome.map_err(|failure| {
            failure.report(NAME);
            Failure::Reported
        });
        (self.traffic, outcome)
    }

    /// Reads the counts of libpcap, and reports all counts.
    fn update(&mut self) -> Outcome {
        self.updated = Instant::now();
        let updated = self.interface.update(&self.capture, false);
        self.report
            .set(self.number, self.traffic.totals(), &self.interface);
        updated
    }

    /// Counts packets until the end. Returns `false` if the capture has ended by itself.
    fn count(&mut self, limits: &Limits) -> Outcome<bool> {
        let linktype = self.capture.datalink();
        let mut packets = 0_u32;
        let mut wait = Duration::ZERO;
        loop {
            match self.capture.next_packet_timeout(wait)? {
                Next::Packet(packet) => {
                    if !limits.claim() {
                        return Ok(true);
                    }
                    self.traffic.count(linktype, packet);
                    packets = packets.wrapping_add(1);
                    wait = Duration::ZERO;
                    // Reading the clock for each packet would be too slow.
                    if !packets.is_multiple_of(CLOCK_INTERVAL)
                        && !limits.has_ended.load(Ordering::Relaxed)
                    {
                        continue;
                    }
                }
                Next::Timeout => wait = WAIT,
                Next::End(End::Break) => {
                    // The report of SIGUSR1 waits for these counts.
                    let _ = self.update();
                }
                Next::End(End::Eof) => return Ok(false),
            }
            let now = Instant::now();
            match limits.wait(now) {
                Some(longest) => wait = wait.min(longest),
                None => return Ok(true),
            }
            if now.duration_since(self.updated) >= UPDATE_INTERVAL {
                // If libpcap has no statistics, that is an error at the end.
                let _ = self.update();
            }
        }
    }

    /// Counts the packets that have already arrived.
    fn drain(&mut self, limits: &Limits) -> Outcome {
        let linktype = self.capture.datalink();
        let traffic = &mut self.traffic;
        drain_capture(&mut self.capture, |packet| {
            let is_wanted = limits.claim();
            if is_wanted {
                traffic.count(linktype, packet);
            }
            Ok(is_wanted)
        })
    }
}
