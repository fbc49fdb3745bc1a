//! Counts the packets of devices, with a thread for each.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use pcap_core::{Active, Capture, End, Next, WarningKind};
use pcap_examples::drain::drain_capture;
use pcap_examples::exit::{self, Outcome};
use pcap_examples::interface_counts::InterfaceCounts;
use pcap_examples::options::device::ChosenDevice;
use pcap_examples::traffic::Traffic;
use pcap_examples::{counted, signals, stderr};

use crate::args::{Args, NAME};
use crate::tables;

/// How often the program checks whether it must end while no packets arrive.
const WAIT: Duration = Duration::from_millis(100);
/// The number of packets between two readings of the clock.
const CLOCK_INTERVAL: u32 = 64;
/// How often the counts of libpcap are read.
const UPDATE_INTERVAL: Duration = Duration::from_millis(100);

/// The counts of a capture.
pub(crate) struct Counted {
    pub(crate) traffic: Traffic,
    pub(crate) interfaces: Vec<InterfaceCounts>,
}

/// Counts the packets of devices until a limit or a request to end the program. A device that goes away does not end the
/// others.
pub(crate) fn count(args: &Args, devices: &[ChosenDevice]) -> Outcome<(Counted, Outcome)> {
    let open = |device: &ChosenDevice| device.activate(|options| Ok(options.activate()?));
    let captures: Vec<Capture<Active>> = devices.iter().map(open).collect::<Outcome<_>>()?;
    for capture in &captures {
        signals::break_on_end(capture.break_handle());
    }
    let limits = Limits {
        left: args.limit.map(Mutex::new),
        deadline: args
            .duration
            .and_then(|duration| Instant::now().checked_add(duration)),
        has_ended: AtomicBool::new(false),
    };
    if !args.quiet {
        for (device, capture) in devices.iter().zip(&captures) {
            announce(device, capture);
        }
    }
    let counts: Vec<_> = thread::scope(|scope| {
        let started: Vec<_> = devices
            .iter()
            .zip(captures)
            .map(|(device, capture)| {
                let limits = &limits;
                scope.spawn(move || Counting::new(args, device, capture).run(limits))
            })
            .collect();
        started
            .into_iter()
            .map(thread::ScopedJoinHandle::join)
            .collect()
    });
    let mut all = Counted {
        traffic: Traffic::new(tables::limits(args)),
        interfaces: Vec::new(),
    };
    let mut outcome = Ok(());
    for counted in counts {
        let (counting, result) = counted.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        all.traffic.merge(counting.traffic);
        all.interfaces.push(counting.interface);
        outcome = exit::both(outcome, result);
    }
    Ok((all, outcome))
}

/// Prints the device, its link type and its snaplen, and then the warnings of libpcap.
fn announce(device: &ChosenDevice, capture: &Capture<Active>) {
    let linktype = capture.datalink();
    let what = linktype.description().unwrap_or_default();
    let (name, snaplen) = (device.display_name(), capture.snaplen());
    stderr::print_message(
        NAME,
        format_args!("listening on {name}, {linktype} ({what}), snaplen {snaplen} bytes"),
    );
    // Promiscuous mode is only the default, so a device without that mode, such as `any`, needs no warning.
    let warnings = capture.warnings().iter();
    for warning in warnings.filter(|warning| warning.kind() != WarningKind::PromiscNotSupported) {
        stderr::print_message(NAME, format_args!("warning: {name}: {warning}"));
    }
}

/// Prints how many packets were captured and lost.
pub(crate) fn print_statistics(counted: &Counted) {
    let totals = counted.traffic.totals();
    let (packets, bytes) = (
        counted::packets(totals.packets),
        counted::bytes(totals.bytes),
    );
    stderr::print_line(format_args!("{packets} captured, {bytes}"));
    let interfaces = &counted.interfaces;
    let mut total = InterfaceCounts::default();
    interfaces.iter().for_each(|interface| total.add(interface));
    if total.stats.is_some() {
        stderr::print_line(&total);
    }
    if interfaces.len() > 1 {
        for interface in interfaces.iter().filter(|one| one.stats.is_some()) {
            stderr::print_line(format_args!("{}: {interface}", interface.name));
        }
    }
}

/// Returns sentences about packets that are missing in the counts.
pub(crate) fn warnings(counted: &Counted) -> Vec<String> {
    let interfaces = counted.interfaces.iter();
    let lost = interfaces.filter(|interface| interface.lost() > 0);
    lost.map(|interface| {
        let packets = counted::packets(interface.lost());
        format!(
            "{packets} of {} were dropped before they were counted.",
            interface.name
        )
    })
    .collect()
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
struct Counting {
    capture: Capture<Active>,
    traffic: Traffic,
    interface: InterfaceCounts,
    updated: Instant,
}

/// What a thread has counted, and how it ended.
struct Ended {
    traffic: Traffic,
    interface: InterfaceCounts,
}

impl Counting {
    fn new(args: &Args, device: &ChosenDevice, capture: Capture<Active>) -> Counting {
        Counting {
            capture,
            traffic: Traffic::new(tables::limits(args)),
            interface: InterfaceCounts::new(device.display_name()),
            updated: Instant::now(),
        }
    }

    fn run(mut self, limits: &Limits) -> (Ended, Outcome) {
        let counted = self.count(limits);
        let drained = match &counted {
            Ok(true) if !limits.is_used_up() => self.drain(limits),
            _ => Ok(()),
        };
        let updated = self.interface.update(&self.capture, false);
        let outcome = exit::both(exit::both(counted.map(drop), drained), updated);
        let ended = Ended {
            traffic: self.traffic,
            interface: self.interface,
        };
        (ended, outcome)
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
                    if packets % CLOCK_INTERVAL != 0 && !limits.has_ended.load(Ordering::Relaxed) {
                        continue;
                    }
                }
                Next::Timeout => wait = WAIT,
                Next::End(End::Break) => {}
                Next::End(End::Eof) => return Ok(false),
            }
            let now = Instant::now();
            match limits.wait(now) {
                Some(longest) => wait = wait.min(longest),
                None => return Ok(true),
            }
            if now.duration_since(self.updated) >= UPDATE_INTERVAL {
                self.updated = now;
                // If libpcap has no statistics, that is an error at the end.
                let _ = self.interface.update(&self.capture, false);
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
